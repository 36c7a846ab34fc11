/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers and in-memory structures of an Intel VT-d unit, as far as they are
 * used. Source: Intel Virtualization Technology for Directed I/O, revision 4.1;
 * section numbers beside the definitions.
 */
#ifndef QUIETUS_CORE_VTD_REGISTERS_H
#define QUIETUS_CORE_VTD_REGISTERS_H

#include <quietus/unit.h>

/* Registers, by offset (11.4). */
enum vtd_register {
	VTD_VER = 0x00,
	VTD_CAP = 0x08,
	VTD_ECAP = 0x10,
	VTD_GCMD = 0x18,
	VTD_GSTS = 0x1c,
	VTD_RTADDR = 0x20,
	VTD_CCMD = 0x28,
	VTD_FSTS = 0x34,
	VTD_FECTL = 0x38,
	VTD_IQH = 0x80,
	VTD_IQT = 0x88,
	VTD_IQA = 0x90,
	VTD_IECTL = 0xa0,
	VTD_PECTL = 0xe0,
};

#define VTD_VER_MAJOR(ver) ((ver) >> 4 & 0xf) /* 11.4.1 */

/* Capability register (11.4.2). */
#define VTD_CAP_ND(cap)    ((unsigned)(cap)&7)             /* 2^(4 + 2 ND) domain IDs */
#define VTD_CAP_RWBF       (1ull << 4)                     /* writes need a write-buffer flush */
#define VTD_CAP_CM         (1ull << 7)                     /* non-present entries are cached */
#define VTD_CAP_SAGAW(cap) ((unsigned)((cap) >> 8) & 0x1f) /* bit n: n + 2 levels */
#define VTD_CAP_SSLPS(cap) ((unsigned)((cap) >> 34) & 3)   /* 2 MiB, 1 GiB leaves */
#define VTD_CAP_MGAW(cap)  ((unsigned)((cap) >> 16 & 0x3f) + 1)

/* Extended capability register (11.4.3). */
#define VTD_ECAP_C         (1ull << 0)                       /* table walks snoop caches */
#define VTD_ECAP_QI        (1ull << 1)                       /* queued invalidation */
#define VTD_ECAP_DT        (1ull << 2)                       /* device TLBs */
#define VTD_ECAP_PT        (1ull << 6)                       /* pass-through entries */
#define VTD_ECAP_IRO(ecap) ((unsigned)((ecap) >> 8) & 0x3ff) /* IOTLB registers, in 16 bytes */

/*
 * Global command and status (11.4.4). GCMD is written as a whole: the bits of
 * GSTS that hold their state are carried over, the one-shot ones are not.
 */
#define VTD_GSTS_CARRIED 0x96ffffffu
#define VTD_GCMD_TE      (1u << 31)
#define VTD_GCMD_WBF     (1u << 27)
#define VTD_GCMD_QIE     (1u << 26)

/* Root table address (11.4.5): translation table mode in bits 11:10. */
#define VTD_RTADDR_MODE(rtaddr) ((unsigned)((rtaddr) >> 10) & 3)
#define VTD_RTADDR_ROOT(rtaddr) ((rtaddr) & ~0xfffull)
enum vtd_mode { VTD_MODE_LEGACY = 0, VTD_MODE_SCALABLE = 1, VTD_MODE_ABORT = 3 };

/* Context command (11.4.6), IOTLB invalidate at IRO + 8 (11.4.8.1). */
#define VTD_CCMD_GO      (1ull << 63)
#define VTD_CCMD_GLOBAL  (1ull << 61)
#define VTD_IOTLB_GO     (1ull << 63)
#define VTD_IOTLB_GLOBAL (1ull << 60)
#define VTD_IOTLB_DRAIN  (3ull << 48) /* reads and writes */

/* Granularity at which the last one was carried out, 0 if it was not. */
#define VTD_CCMD_ACTUAL(ccmd) ((unsigned)((ccmd) >> 59) & 3)
#define VTD_IOTLB_ACTUAL(reg) ((unsigned)((reg) >> 57) & 3)

/* Fault status (11.4.9): invalidation queue, completion and time-out errors; written 1 to clear. */
#define VTD_FSTS_IQE    (1u << 4)
#define VTD_FSTS_ICE    (1u << 5)
#define VTD_FSTS_ITE    (1u << 6)
#define VTD_FSTS_ERRORS (VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE)

/* Interrupt mask, in FECTL, IECTL and PECTL (11.4.10, 11.4.14, 11.4.22). */
#define VTD_ECTL_MASKED (1u << 31)

/* Invalidation descriptors, low quadword (6.5.2). */
#define VTD_QI_CONTEXT_GLOBAL (0x1ull | 1ull << 4)
#define VTD_QI_IOTLB_GLOBAL   (0x2ull | 1ull << 4 | 1ull << 6 | 1ull << 7) /* drain both */
#define VTD_QI_DEVICE(sid)    (0x3ull | (uint64_t)(sid) << 32)
#define VTD_QI_DEVICE_ALL     0x7ffffffffffff001ull /* high quadword: S = 1, every address */
#define VTD_QI_WAIT(data)     (0x5ull | 1ull << 5 | (uint64_t)(data) << 32) /* write a status */

/* Root and context entries, legacy mode (9.1, 9.3): 16 bytes each, 256 to a table. */
#define VTD_ENTRY_SIZE          16u
#define VTD_ENTRIES             256u
#define VTD_TABLE_SIZE          4096u
#define VTD_PRESENT             1ull
#define VTD_POINTER             (~0xfffull)
#define VTD_CONTEXT_TT(lo)      ((unsigned)((lo) >> 2) & 3)
#define VTD_CONTEXT_AW(hi)      ((unsigned)(hi)&7) /* levels - 2 */
#define VTD_CONTEXT_DID(hi)     ((uint32_t)((hi) >> 8) & 0xffff)
#define VTD_CONTEXT_HI(aw, did) ((uint64_t)(aw) | (uint64_t)(did) << 8)
#define VTD_ROOT_LO_RESERVED    0xffeull
#define VTD_CONTEXT_LO_RESERVED 0xff0ull
#define VTD_CONTEXT_HI_RESERVED 0xffffffffff000080ull
enum vtd_translation_type { VTD_TT_UNTRANSLATED = 0, VTD_TT_ATS = 1, VTD_TT_PASS = 2 };

int vtd_discover(struct qt_machine *machine);
int vtd_flush(struct qt_machine *machine, const struct qt_unit *unit);

#endif
