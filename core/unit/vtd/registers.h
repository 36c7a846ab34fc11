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
	VTD_PMEN = 0x64,
	VTD_PLMBASE = 0x68,
	VTD_PLMLIMIT = 0x6c,
	VTD_PHMBASE = 0x70,
	VTD_PHMLIMIT = 0x78,
	VTD_IQH = 0x80,
	VTD_IQT = 0x88,
	VTD_IQA = 0x90,
	VTD_IECTL = 0xa0,
	VTD_PECTL = 0xe0,
};

#define VTD_VER_MAJOR(ver) ((ver) >> 4 & 0xf) /* 11.4.1 */

/* Fault recording registers (11.4.14): two words each. */
#define VTD_CAP_FRO(cap)           ((unsigned)((cap) >> 24) & 0x3ff)      /* where, in 16 bytes */
#define VTD_CAP_NFR(cap)           (((unsigned)((cap) >> 40) & 0xff) + 1) /* how many */
#define VTD_FAULT_SIZE             16u
#define VTD_FAULT_F                (1ull << 63) /* of the second word: it holds a fault */
#define VTD_FAULT_F_AT             0xcu         /* the 32 bits that hold it, */
#define VTD_FAULT_F_BIT            (1u << 31)   /* its bit in them: written 1 to clear */
#define VTD_FAULT_READ             (1ull << 62) /* T1 */
#define VTD_FAULT_FR(high)         ((uint8_t)((high) >> 32))
#define VTD_FAULT_IS_INTERRUPT(fr) (((fr)&0xf0) == 0x20) /* 20h to 2Fh: no DMA */
#define VTD_FAULT_SID(high)        ((unsigned)(high)&0xffff)
#define VTD_FAULT_ADDRESS          0xfffffffffffff000ull

/* Capability register (11.4.2). */
#define VTD_CAP_ND(cap)    ((unsigned)(cap)&7)             /* 2^(4 + 2 ND) domain IDs */
#define VTD_CAP_RWBF       (1ull << 4)                     /* writes need a write-buffer flush */
#define VTD_CAP_PLMR       (1ull << 5)                     /* protected low memory region */
#define VTD_CAP_PHMR       (1ull << 6)                     /* protected high memory region */
#define VTD_CAP_CM         (1ull << 7)                     /* non-present entries are cached */
#define VTD_CAP_SAGAW(cap) ((unsigned)((cap) >> 8) & 0x1f) /* bit n: n + 2 levels */
#define VTD_CAP_SSLPS(cap) ((unsigned)((cap) >> 34) & 3)   /* 2 MiB, 1 GiB leaves */
#define VTD_CAP_MGAW(cap)  ((unsigned)((cap) >> 16 & 0x3f) + 1)
#define VTD_CAP_FS1GP      (1ull << 56) /* first-stage 1 GiB leaves */
#define VTD_CAP_FS5LP      (1ull << 60) /* first-stage tables of 5 levels */

/* Extended capability register (11.4.3). */
#define VTD_ECAP_C         (1ull << 0)                       /* table walks snoop caches */
#define VTD_ECAP_QI        (1ull << 1)                       /* queued invalidation */
#define VTD_ECAP_DT        (1ull << 2)                       /* device TLBs */
#define VTD_ECAP_PT        (1ull << 6)                       /* pass-through entries */
#define VTD_ECAP_SC        (1ull << 7)                       /* snoop control */
#define VTD_ECAP_IRO(ecap) ((unsigned)((ecap) >> 8) & 0x3ff) /* IOTLB registers, in 16 bytes */
/* What bits of scalable-mode entries mean anything; the others are reserved. */
#define VTD_ECAP_MTS    (1ull << 25) /* memory types */
#define VTD_ECAP_NEST   (1ull << 26) /* nested translation */
#define VTD_ECAP_PRS    (1ull << 29) /* page requests */
#define VTD_ECAP_SRS    (1ull << 31) /* supervisor requests */
#define VTD_ECAP_EAFS   (1ull << 34) /* extended accessed flag */
#define VTD_ECAP_PASID  (1ull << 40) /* requests with PASID */
#define VTD_ECAP_DIT    (1ull << 41) /* device TLB invalidations name the physical function */
#define VTD_ECAP_SMTS   (1ull << 43) /* scalable mode */
#define VTD_ECAP_SSADS  (1ull << 45) /* second-stage accessed and dirty flags */
#define VTD_ECAP_SSTS   (1ull << 46) /* second-stage translation */
#define VTD_ECAP_FSTS   (1ull << 47) /* first-stage translation */
#define VTD_ECAP_SMPWC  (1ull << 48) /* walks below a PASID entry snoop where it says so */
#define VTD_ECAP_RPS    (1ull << 49) /* RID_PASID can be other than 0 */
#define VTD_ECAP_RPRIVS (1ull << 53) /* RID_PRIV */
#define VTD_ECAP_HPTS   (1ull << 55) /* host permission tables */
#define VTD_ECAP_PTRS   (1ull << 56) /* PASID in translated requests */

/*
 * Global command and status (11.4.4). GCMD is written as a whole: the bits of
 * GSTS that hold their state are carried over, the one-shot ones are not.
 */
#define VTD_GSTS_CARRIED 0x96ffffffu
#define VTD_GCMD_TE      (1u << 31)
#define VTD_GCMD_WBF     (1u << 27)
#define VTD_GCMD_QIE     (1u << 26)

/*
 * Root table address (11.4.5): translation table mode in bits 11:10, 10b being the
 * obsolete extended mode. Bits 9:0 are reserved, or (bit 7) give second-stage
 * entries another meaning.
 */
#define VTD_RTADDR_MODE(rtaddr)  ((unsigned)((rtaddr) >> 10) & 3)
#define VTD_RTADDR_OTHER(rtaddr) ((rtaddr)&0x3ffull)
#define VTD_RTADDR_ROOT(rtaddr)  ((rtaddr) & ~0xfffull)
enum vtd_mode { VTD_MODE_LEGACY = 0, VTD_MODE_SCALABLE = 1, VTD_MODE_ABORT = 3 };

/* Context command (11.4.6.1), IOTLB invalidate at IRO + 8 (11.4.6.3). */
#define VTD_CCMD_GO      (1ull << 63)
#define VTD_CCMD_GLOBAL  (1ull << 61)
#define VTD_IOTLB_GO     (1ull << 63)
#define VTD_IOTLB_GLOBAL (1ull << 60)
#define VTD_IOTLB_DRAIN  (3ull << 48) /* reads and writes */

/* Granularity at which the last one was carried out, 0 if it was not. */
#define VTD_CCMD_ACTUAL(ccmd) ((unsigned)((ccmd) >> 59) & 3)
#define VTD_IOTLB_ACTUAL(reg) ((unsigned)((reg) >> 57) & 3)

/* Fault status (11.4.7.1): invalidation queue, completion and time-out errors; written 1 to clear.
 */
#define VTD_FSTS_PFO       (1u << 0) /* a fault found no free recording register */
#define VTD_FSTS_IQE       (1u << 4)
#define VTD_FSTS_ICE       (1u << 5)
#define VTD_FSTS_ITE       (1u << 6)
#define VTD_FSTS_FRI(fsts) ((fsts) >> 8 & 0xff) /* number of the oldest fault recorded */
#define VTD_FSTS_ERRORS    (VTD_FSTS_IQE | VTD_FSTS_ICE | VTD_FSTS_ITE)

/* Interrupt mask, in FECTL, IECTL and PECTL (11.4.7.2, 11.4.9.5, 11.4.11.5). */
#define VTD_ECTL_MASKED (1u << 31)

/*
 * Protected memory (11.4.8). Limits are inclusive. How many low bits of base and
 * limit are not implemented cannot be told without writing to them; 2 MiB is
 * what is in use.
 */
#define VTD_PMEN_EPM          (1u << 31) /* enabled */
#define VTD_PMEN_PRS          (1u << 0)  /* in force */
#define VTD_PROTECTED_GRANULE 0x200000ull

/* Invalidation queue address (11.4.9.3): descriptors of 32 bytes, not 16. */
#define VTD_IQA_WIDE (1ull << 11)

/* Invalidation descriptors, low quadword (6.5.2). */
#define VTD_QI_CONTEXT_GLOBAL      (0x1ull | 1ull << 4)
#define VTD_QI_IOTLB_GLOBAL        (0x2ull | 1ull << 4 | 1ull << 6 | 1ull << 7) /* drain both */
#define VTD_QI_PASID_GLOBAL        (0x7ull | 3ull << 4)
#define VTD_QI_DEVICE(sid)         (0x3ull | (uint64_t)(sid) << 32)
#define VTD_QI_DEVICE_PHYSICAL(id) (((uint64_t)(id)&0xf) << 12 | ((uint64_t)(id) >> 4) << 52)
#define VTD_QI_DEVICE_ALL          0x7ffffffffffff001ull /* high quadword: S = 1, every address */
#define VTD_QI_WAIT(data)          (0x5ull | 1ull << 5 | (uint64_t)(data) << 32) /* write a status */

/* What all tables that lead to a domain have in common (chapter 9). */
#define VTD_BUSES      256u
#define VTD_TABLE_SIZE 4096u
#define VTD_PRESENT    1ull
#define VTD_POINTER    (~0xfffull)

/* Root and context entries, legacy mode (9.1, 9.3): 16 bytes each, 256 to a table. */
#define VTD_ENTRY_SIZE          16u
#define VTD_ENTRIES             256u
#define VTD_CONTEXT_TT(lo)      ((unsigned)((lo) >> 2) & 3)
#define VTD_CONTEXT_AW(hi)      ((unsigned)(hi)&7) /* levels - 2 */
#define VTD_CONTEXT_DID(hi)     ((uint32_t)((hi) >> 8) & 0xffff)
#define VTD_CONTEXT_HI(aw, did) ((uint64_t)(aw) | (uint64_t)(did) << 8)
#define VTD_ROOT_LO_RESERVED    0xffeull
#define VTD_CONTEXT_LO_RESERVED 0xff0ull
#define VTD_CONTEXT_HI_RESERVED 0xffffffffff000080ull
enum vtd_translation_type { VTD_TT_UNTRANSLATED = 0, VTD_TT_ATS = 1, VTD_TT_PASS = 2 };

/*
 * Scalable mode. A root entry (9.2) has two halves of 8 bytes: devices 0 to 15,
 * and 16 to 31. Each leads to 128 context entries (9.4) of 4 words.
 */
#define VTD_SM_ROOT_RESERVED  0xffeull
#define VTD_SM_HALVES         2u
#define VTD_SM_CONTEXTS       128u
#define VTD_SM_CONTEXT_SIZE   32u
#define VTD_SM_CONTEXT_WORDS  4u
#define VTD_SM_DTE            (1ull << 2) /* word 0: device TLB */
#define VTD_SM_PASIDE         (1ull << 3)
#define VTD_SM_PRE            (1ull << 4)
#define VTD_SM_HPTE           (1ull << 5)
#define VTD_SM_EPTR           (1ull << 6)
#define VTD_SM_LO_RESERVED    0x180ull
#define VTD_SM_PDTS(lo)       ((unsigned)((lo) >> 9) & 7) /* 2^(7 + PDTS) directory entries */
#define VTD_SM_RID_PASID(hi)  ((uint32_t)(hi)&0xfffff)    /* word 1: PASID of requests without */
#define VTD_SM_RID_PASID_MASK 0xfffffull
#define VTD_SM_RID_PRIV       (1ull << 20) /* they count as a supervisor's */
#define VTD_SM_HI_RESERVED    0xffffffffffe00000ull

/* PASID directory entry (9.5), 8 bytes: leads to a table of 64 PASID entries. */
#define VTD_DIRECTORY_ENTRIES(lo)  (1u << (7 + VTD_SM_PDTS(lo)))
#define VTD_DIRECTORY_RESERVED     0xffcull
#define VTD_DIRECTORY_INDEX(pasid) ((pasid) >> 6)
#define VTD_PASID_INDEX(pasid)     ((pasid)&63)
#define VTD_PASID_ENTRIES          64u

/* PASID entry (9.6): 8 words, named by word and bit. */
#define VTD_PASID_SIZE         64u
#define VTD_PASID_WORDS        8u
#define VTD_PASID0_AW(word)    ((unsigned)((word) >> 2) & 7) /* second stage: levels - 2 */
#define VTD_PASID0_TYPE(word)  ((unsigned)((word) >> 6) & 7)
#define VTD_PASID0_SSADE       (1ull << 9)
#define VTD_PASID0_RESERVED    0xc20ull
#define VTD_PASID0(aw, type)   ((uint64_t)(aw) << 2 | (uint64_t)(type) << 6)
#define VTD_PASID1_DID(word)   ((uint32_t)(word)&0xffff)
#define VTD_PASID1_PWSNP       (1ull << 23) /* table walks snoop */
#define VTD_PASID1_PGSNP       (1ull << 24)
#define VTD_PASID1_MEMORY_TYPE 0xffffffff06000000ull /* CD, EMTE, PAT */
#define VTD_PASID1_RESERVED    0xf87f0000ull
#define VTD_PASID2_SRE         (1ull << 0)
#define VTD_PASID2_FSPM(word)  ((unsigned)((word) >> 2) & 3) /* first stage: levels - 4 */
#define VTD_PASID2_FSPM_MASK   (3ull << 2)
#define VTD_PASID2_WPE         (1ull << 4)
#define VTD_PASID2_EAFE        (1ull << 7)
#define VTD_PASID2_RESERVED    0xf02ull
enum vtd_pasid_type {
	VTD_PGTT_FIRST = 1,
	VTD_PGTT_SECOND = 2,
	VTD_PGTT_NESTED = 3,
	VTD_PGTT_PASS = 4,
};

#endif
