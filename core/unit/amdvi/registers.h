/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers and in-memory structures of an AMD-Vi unit, as far as they are used.
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08; section numbers beside the definitions.
 */
#ifndef QUIETUS_CORE_AMDVI_REGISTERS_H
#define QUIETUS_CORE_AMDVI_REGISTERS_H

#include <quietus/unit.h>

/* Registers, by offset (3.4). All are 64 bits wide. */
enum amdvi_register {
	AMDVI_DEVICE_TABLE = 0x0000,
	AMDVI_COMMAND_BASE = 0x0008,
	AMDVI_EVENT_BASE = 0x0010,
	AMDVI_CONTROL = 0x0018,
	AMDVI_FEATURES = 0x0030,
	AMDVI_DEVICE_TABLE_1 = 0x0100, /* of segment 1; the others follow */
	AMDVI_COMMAND_HEAD = 0x2000,
	AMDVI_COMMAND_TAIL = 0x2008,
	AMDVI_EVENT_HEAD = 0x2010,
	AMDVI_EVENT_TAIL = 0x2018,
	AMDVI_STATUS = 0x2020,
};

/* Device table base, of each segment (3.4.1, 3.4.15): size in 4 KiB, less 1. */
#define AMDVI_TABLE_BASE(reg) ((reg)&0x000ffffffffff000ull)
#define AMDVI_TABLE_SIZE(reg) ((((reg)&0x1ff) + 1) * 4096u)
#define AMDVI_SEGMENTS_MAX    8u

/* Command buffer base (3.4.2): power of two of its entries in bits 59:56. */
#define AMDVI_COMMAND_LENGTH(lg2) ((uint64_t)(lg2) << 56)

/* Event log base, head and tail (3.4.3, 3.4.14): sizes and offsets in bytes. */
#define AMDVI_EVENT_LOG(reg)      ((reg)&0x000ffffffffff000ull)
#define AMDVI_EVENT_LOG_SIZE(reg) (16u << ((reg) >> 56 & 0xf))
#define AMDVI_EVENT_OFFSET(reg)   ((uint32_t)(reg)&0x7fff0)

/* Events (2.5): two words; code in bits 63:60 of the first. */
#define AMDVI_EVENT_SIZE         16u
#define AMDVI_EVENT_CODE(word)   ((uint8_t)((word) >> 60))
#define AMDVI_EVENT_DEVICE(word) ((unsigned)(word)&0xffff)
#define AMDVI_EVENT_WRITE        (1ull << 53) /* RW, of a page fault */
#define AMDVI_EVENT_INTERRUPT    (1ull << 51) /* I: no DMA, but an interrupt */
#define AMDVI_EVENT_BAD_ENTRY    1u           /* ILLEGAL_DEV_TABLE_ENTRY */
#define AMDVI_EVENT_PAGE_FAULT   2u           /* IO_PAGE_FAULT */

/* Control (3.4.4). */
#define AMDVI_CONTROL_ENABLE          (1ull << 0)
#define AMDVI_CONTROL_EVENTS          (1ull << 2) /* EventLogEn */
#define AMDVI_CONTROL_EVENT_INT       (1ull << 3)
#define AMDVI_CONTROL_WAIT_INT        (1ull << 4)
#define AMDVI_CONTROL_COHERENT        (1ull << 10) /* device table reads snoop caches */
#define AMDVI_CONTROL_COMMANDS        (1ull << 12) /* CmdBufEn */
#define AMDVI_CONTROL_PPR_INT         (1ull << 14)
#define AMDVI_CONTROL_GUEST           (1ull << 16) /* GTEn */
#define AMDVI_CONTROL_GA_INT          (1ull << 29)
#define AMDVI_CONTROL_SEGMENTS(value) ((unsigned)((value) >> 34) & 7) /* as a power of two */

/* Extended feature register (3.4.7). */
#define AMDVI_FEATURE_GUEST             (1ull << 4)                   /* GTSup */
#define AMDVI_FEATURE_INVALIDATE_ALL    (1ull << 6)                   /* IASup */
#define AMDVI_FEATURE_HATS(efr)         ((unsigned)((efr) >> 10) & 3) /* host levels - 4 */
#define AMDVI_FEATURE_GUEST_LEVELS(efr) ((unsigned)((efr) >> 12) & 3) /* GATS: guest levels - 4 */
#define AMDVI_FEATURE_GCR3_LEVELS(efr)  ((unsigned)((efr) >> 14) & 3) /* GLXSup: of GCR3, - 1 */
#define AMDVI_FEATURE_GUEST_IO          (1ull << 48)                  /* GIoSup */
#define AMDVI_HATS_NONE                 3u

/* qt_unit.mode: firmware says that there are no host tables. */
#define AMDVI_MODE_NO_HOST 1u

/* Status (3.4.16). */
#define AMDVI_STATUS_EVENTS_LOST  (1ull << 0) /* EventOverflow; written 1 to clear */
#define AMDVI_STATUS_COMMANDS_RUN (1ull << 4)

/* Commands (2.4): opcode in bits 63:60 of the first word. */
#define AMDVI_COMMAND(opcode)       ((uint64_t)(opcode) << 60)
#define AMDVI_COMMAND_WAIT(store)   (AMDVI_COMMAND(1) | (store) | 1) /* store a value there */
#define AMDVI_COMMAND_ENTRY(device) (AMDVI_COMMAND(2) | (device))
#define AMDVI_COMMAND_PAGES(domain) (AMDVI_COMMAND(3) | (uint64_t)(domain) << 32)
#define AMDVI_COMMAND_DEVICE(device)                                                               \
	(AMDVI_COMMAND(4) | (uint64_t)(device) << 32 | 1u << 24 | (device)) /* one pending */
#define AMDVI_COMMAND_INTERRUPTS(device) (AMDVI_COMMAND(5) | (device))
#define AMDVI_COMMAND_ALL                AMDVI_COMMAND(8)

/* Second word of a PAGES or DEVICE command: every address (2.4.3, 2.4.4), and table entries too. */
#define AMDVI_EVERY_PAGE       0x7ffffffffffff001ull
#define AMDVI_EVERY_PAGE_TABLE (AMDVI_EVERY_PAGE | 2)
#define AMDVI_OF_GUEST         4ull /* GN: guest translations, of the PASID in the first word */

/* Device table entry (2.2.2.1, table 7): four words. */
#define AMDVI_ENTRY_SIZE  32u
#define AMDVI_ENTRY_WORDS 4u

/* First word. */
#define AMDVI_VALID             (1ull << 0)
#define AMDVI_TRANSLATION_VALID (1ull << 1)
#define AMDVI_ACCESSED_DIRTY    (3ull << 7) /* HAD: hardware sets these in tables */
#define AMDVI_MODE(word)        ((unsigned)((word) >> 9) & 7)
#define AMDVI_MODE_IS(levels)   ((uint64_t)(levels) << 9)
#define AMDVI_MODE_MASK         AMDVI_MODE_IS(7)
#define AMDVI_ROOT              0x000ffffffffff000ull
#define AMDVI_GUEST_IO          (1ull << 54) /* GIoV: requests without PASID use guest tables */
#define AMDVI_GUEST_VALID       (1ull << 55) /* GV */
#define AMDVI_GCR3_LEVELS(word) ((unsigned)((word) >> 56) & 3) /* GLX: levels - 1 */
#define AMDVI_READ              (1ull << 61)
#define AMDVI_WRITE             (1ull << 62)
#define AMDVI_RESERVED          0x800000000000007cull

/* Second word. */
#define AMDVI_DOMAIN(word) ((uint32_t)(word)&0xffff)
#define AMDVI_IOTLB        (1ull << 32) /* I: device may send translated requests */
#define AMDVI_NO_SNOOP     (1ull << 38) /* SD: table walks do not snoop caches */
/* What says nothing about translation and stays: I/O port control, exclusion, system management. */
#define AMDVI_KEPT (3ull << 35 | 1ull << 39 | 3ull << 40)

/* Third word. */
#define AMDVI_INTERRUPTS_VALID   (1ull << 0) /* IV: without it interrupts pass as they are */
#define AMDVI_GUEST_LEVELS(word) ((unsigned)((word) >> 54) & 3) /* GuestPagingMode: levels - 4 */

#define AMDVI_GCR3_LEVELS_RESERVED  3u
#define AMDVI_GUEST_LEVELS_RESERVED 2u

/* Root of the guest CR3 table: bits 14:12 in the first word, 30:15 and 51:31 in the second. */
#define AMDVI_GCR3_TABLE(words)                                                                    \
	(((words)[0] >> 58 & 7) << 12 | ((words)[1] >> 16 & 0xffff) << 15 | (words)[1] >> 43 << 31)

#endif
