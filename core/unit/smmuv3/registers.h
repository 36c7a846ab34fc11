/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers and in-memory structures of an Arm SMMUv3, as far as they are used.
 * Source: Arm System Memory Management Unit Architecture Specification, version 3,
 * IHI 0070; section numbers beside the definitions.
 */
#ifndef QUIETUS_CORE_SMMUV3_REGISTERS_H
#define QUIETUS_CORE_SMMUV3_REGISTERS_H

#include <quietus/unit.h>

/* Registers, by offset (6.3). Those from SMMUV3_PAGE1 on are in page 1. */
enum smmuv3_register {
	SMMUV3_IDR0 = 0x00,
	SMMUV3_IDR1 = 0x04,
	SMMUV3_IDR3 = 0x0c,
	SMMUV3_IDR5 = 0x14,
	SMMUV3_AIDR = 0x1c,
	SMMUV3_CR0 = 0x20,
	SMMUV3_CR0ACK = 0x24,
	SMMUV3_CR1 = 0x28,
	SMMUV3_CR2 = 0x2c,
	SMMUV3_GBPA = 0x44,
	SMMUV3_IRQ_CTRL = 0x50,
	SMMUV3_GERROR = 0x60,
	SMMUV3_GERRORN = 0x64,
	SMMUV3_STRTAB_BASE = 0x80, /* 64 bits, as are the other bases */
	SMMUV3_STRTAB_BASE_CFG = 0x88,
	SMMUV3_CMDQ_BASE = 0x90,
	SMMUV3_CMDQ_PROD = 0x98,
	SMMUV3_CMDQ_CONS = 0x9c,
	SMMUV3_EVENTQ_BASE = 0xa0,
	SMMUV3_PAGE1 = 0x10000,
	SMMUV3_EVENTQ_PROD = SMMUV3_PAGE1 + 0xa8,
	SMMUV3_EVENTQ_CONS = SMMUV3_PAGE1 + 0xac,
};

/* IDR0 (6.3.1). */
#define SMMUV3_IDR0_S2P         (1u << 0)
#define SMMUV3_IDR0_S1P         (1u << 1)
#define SMMUV3_IDR0_AARCH64     (1u << 3) /* TTF[1] */
#define SMMUV3_IDR0_COHACC      (1u << 4)
#define SMMUV3_IDR0_HYP         (1u << 9)
#define SMMUV3_IDR0_ASID16      (1u << 12)
#define SMMUV3_IDR0_VMID16      (1u << 18)
#define SMMUV3_IDR0_ENDIAN(idr) ((idr) >> 21 & 3)
#define SMMUV3_IDR0_STALL(idr)  ((idr) >> 24 & 3)
#define SMMUV3_ENDIAN_BIG       3u
#define SMMUV3_STALL_OPTIONAL   0u
#define SMMUV3_STALL_FORCED     2u
/* IDR1 (6.3.2). */
#define SMMUV3_IDR1_STREAM_BITS(idr)    ((idr)&0x3f)
#define SMMUV3_IDR1_SUBSTREAM_BITS(idr) ((idr) >> 6 & 0x1f)
#define SMMUV3_IDR1_COMMANDS_LG2(idr)   ((idr) >> 21 & 0x1f)
#define SMMUV3_IDR1_QUEUES_PRESET       (1u << 29)
/* IDR3 (6.3.4). */
#define SMMUV3_IDR3_HAD (1u << 2)
#define SMMUV3_IDR3_STT (1u << 9) /* small tables */
/* Level 2: a leaf may become a table, and a table a leaf, without anything in between. */
#define SMMUV3_IDR3_BBML(idr3) ((idr3) >> 11 & 0x3)
/* IDR5 (6.3.6). */
#define SMMUV3_IDR5_OAS(idr)      ((idr)&7)
#define SMMUV3_IDR5_4K            (1u << 4)
#define SMMUV3_IDR5_16K           (1u << 5)
#define SMMUV3_IDR5_64K           (1u << 6)
#define SMMUV3_IDR5_52BIT_VA(idr) (((idr) >> 10 & 3) == 1)

/* CR0 (6.3.9), CR1 (6.3.11), CR2 (6.3.12). */
#define SMMUV3_CR0_ENABLE            (1u << 0)
#define SMMUV3_CR0_EVENTS            (1u << 2)
#define SMMUV3_CR0_COMMANDS          (1u << 3)
#define SMMUV3_CR1_TABLE_CACHED(cr1) (((cr1) >> 6 & 3) && ((cr1) >> 8 & 3)) /* inner, outer */
#define SMMUV3_CR2_E2H               (1u << 0)
/* GBPA (6.3.15), while the unit is off. */
#define SMMUV3_GBPA_ABORT (1u << 20)
/* GERROR and GERRORN (6.3.19): an error is active where the two differ. */
#define SMMUV3_GERROR_COMMANDS (1u << 0)
#define SMMUV3_GERROR_FAILURE  (1u << 8) /* service failure mode */

/* STRTAB_BASE and its configuration (6.3.24, 6.3.25). */
#define SMMUV3_ADDRESS           0x000fffffffffffc0ull
#define SMMUV3_CFG_LOG2SIZE(cfg) ((unsigned)(cfg)&0x3f)
#define SMMUV3_CFG_SPLIT(cfg)    ((unsigned)(cfg) >> 6 & 0x1f)
#define SMMUV3_CFG_FORMAT(cfg)   ((unsigned)(cfg) >> 16 & 3)
enum { SMMUV3_LINEAR = 0, SMMUV3_TWO_LEVELS = 1 };

/* Queues (3.5.1, 6.3.26): log2 of the entries in the base's low bits; one more bit wraps. */
#define SMMUV3_QUEUE_ADDRESS   0x000fffffffffffe0ull
#define SMMUV3_QUEUE_LG2(base) ((unsigned)(base)&0x1f)
#define SMMUV3_QUEUE_LG2_MAX   19u
#define SMMUV3_COMMAND_SIZE    16u
#define SMMUV3_EVENT_SIZE      32u

/* Commands (4.1). */
#define SMMUV3_CMD_CFGI_ALL        0x04ull
#define SMMUV3_CMD_CFGI_ALL_HI     31ull
#define SMMUV3_CMD_TLBI_EL2_ALL    0x20ull
#define SMMUV3_CMD_TLBI_NSNH_ALL   0x30ull
#define SMMUV3_CMD_ATC_INV(stream) (0x40ull | (uint64_t)(stream) << 32)
#define SMMUV3_CMD_ATC_INV_ALL     52ull /* second word: log2 of the pages */
#define SMMUV3_CMD_SYNC            0x46ull

/* Events (7.3). */
#define SMMUV3_EVENT_TYPE(word)   ((unsigned)(word)&0xff)
#define SMMUV3_EVENT1_READ        (1ull << 35) /* RnW */
#define SMMUV3_EVENT_STREAM(word) ((uint32_t)((word) >> 32))

/* Stream table: level 1 descriptor (5.1). */
#define SMMUV3_L1_SPAN(word) ((unsigned)(word)&0x1f)

/* Stream table entry (5.2): eight words. */
#define SMMUV3_STE_SIZE  64u
#define SMMUV3_STE_WORDS 8u
/* Word 0. */
#define SMMUV3_VALID             (1ull << 0)
#define SMMUV3_STE0_CONFIG(word) ((unsigned)((word) >> 1) & 7)
#define SMMUV3_STE0_CONFIG_IS(c) ((uint64_t)(c) << 1)
#define SMMUV3_STE0_FORMAT(word) ((unsigned)((word) >> 4) & 3)
#define SMMUV3_STE0_CDMAX(word)  ((unsigned)((word) >> 59))
enum { SMMUV3_BYPASS = 4, SMMUV3_STAGE1 = 5, SMMUV3_STAGE2 = 6, SMMUV3_NESTED = 7 };
/* Word 1. */
#define SMMUV3_STE1_DSS(word)        ((unsigned)(word)&3)
#define SMMUV3_STE1_CD_CACHED        (1ull << 2 | 1ull << 4 | 3ull << 6) /* S1CIR, S1COR, S1CSH */
#define SMMUV3_STE1_S2FWB            (1ull << 25)
#define SMMUV3_STE1_NO_STALLS        (1ull << 27)
#define SMMUV3_STE1_EATS(word)       ((unsigned)((word) >> 28) & 3)
#define SMMUV3_STE1_STRW(word)       ((unsigned)((word) >> 30) & 3)
#define SMMUV3_STE1_SHARED_AS_SENT   (1ull << 44)              /* SHCFG: use incoming */
#define SMMUV3_STE1_PRIVILEGED(word) (((word) >> 48 & 3) == 3) /* PRIVCFG */
enum { SMMUV3_DSS_TERMINATE = 0, SMMUV3_DSS_BYPASS = 1, SMMUV3_DSS_SUBSTREAM0 = 2 };
enum { SMMUV3_STRW_EL1 = 0, SMMUV3_STRW_EL2 = 2 };
/* Word 2. */
#define SMMUV3_STE2_VMID(word)   ((uint32_t)(word)&0xffff)
#define SMMUV3_STE2_T0SZ(word)   ((unsigned)((word) >> 32) & 0x3f)
#define SMMUV3_STE2_SL0(word)    ((unsigned)((word) >> 38) & 3)
#define SMMUV3_STE2_CACHED(word) (((word) >> 40 & 3) && ((word) >> 42 & 3)) /* S2IR0, S2OR0 */
#define SMMUV3_STE2_TG(word)     ((unsigned)((word) >> 46) & 3)
#define SMMUV3_STE2_PS(word)     ((unsigned)((word) >> 48) & 7)
#define SMMUV3_STE2_AA64         (1ull << 51)
#define SMMUV3_STE2_ENDI         (1ull << 52)
#define SMMUV3_STE2_FLAGS        (1ull << 53 | 1ull << 56) /* S2AFFD, S2HA */
#define SMMUV3_STE2_RECORD       (1ull << 58)              /* S2R */
/* Word 3. */
#define SMMUV3_STE3_DS (1ull << 3)
#define SMMUV3_TTB     0x000ffffffffffff0ull

/* Level 1 context descriptor (5.3). */
#define SMMUV3_L1CD_TABLE 0x000ffffffffff000ull

/* Context descriptor (5.4): eight words. */
#define SMMUV3_CD_SIZE  64u
#define SMMUV3_CD_WORDS 8u
/* Word 0. */
#define SMMUV3_CD0_T0SZ(word)   ((unsigned)(word)&0x3f)
#define SMMUV3_CD0_TG(word)     ((unsigned)((word) >> 6) & 3)
#define SMMUV3_CD0_CACHED(word) (((word) >> 8 & 3) && ((word) >> 10 & 3)) /* IR0, OR0 */
#define SMMUV3_CD0_EPD0         (1ull << 14)
#define SMMUV3_CD0_ENDI         (1ull << 15)
#define SMMUV3_CD0_EPD1         (1ull << 30)
#define SMMUV3_CD0_VALID        (1ull << 31)
#define SMMUV3_CD0_IPS(word)    ((unsigned)((word) >> 32) & 7)
#define SMMUV3_CD0_FLAGS        (1ull << 35 | 1ull << 43) /* AFFD, HA */
#define SMMUV3_CD0_AA64         (1ull << 41)
#define SMMUV3_CD0_STALL        (1ull << 44)
#define SMMUV3_CD0_RECORD       (3ull << 45) /* R, and A: abort what is refused */
#define SMMUV3_CD0_ASET         (1ull << 47) /* its ASID is not a CPU's */
#define SMMUV3_CD0_ASID(word)   ((uint32_t)((word) >> 48))
/* Word 1, with the table's address. */
#define SMMUV3_CD1_HAD0  (1ull << 1)
#define SMMUV3_CD1_E0PD0 (1ull << 2)
/* Word 2. */
#define SMMUV3_CD2_DS (1ull << 58)

/* Table attributes of both stages: IR and OR write-back, SH inner shareable; or none. */
#define SMMUV3_WALK_CACHED   (1ull << 0 | 1ull << 2 | 3ull << 4)
#define SMMUV3_WALK_UNCACHED (2ull << 4)

/*
 * What leaves made here say of memory. Stage 1: index into MAIR, which is then
 * this one: normal write-back, Device-nGnRE. Stage 2 (DDI 0487, D8.6.5): the
 * attributes themselves, with and without S2FWB.
 */
#define SMMUV3_MAIR             0x04ff44ull
#define SMMUV3_MAIR_WRITE_BACK  0xffu
#define SMMUV3_MAIR_NO_CACHE    0x44u
#define SMMUV3_MEMORY           1u
#define SMMUV3_DEVICE           2u
#define SMMUV3_S2_MEMORY        0xfu
#define SMMUV3_S2_MEMORY_FORCED 0x6u
#define SMMUV3_S2_DEVICE        0x1u

/* What inspect keeps of the registers, see struct qt_unit. */
#define SMMUV3_UNIT_IDR0(unit) ((uint32_t)(unit)->capability)
#define SMMUV3_UNIT_IDR1(unit) ((uint32_t)((unit)->capability >> 32))
#define SMMUV3_UNIT_IDR3(unit) ((uint32_t)((unit)->extended_capability >> 32))
#define SMMUV3_UNIT_IDR5(unit) ((uint32_t)(unit)->extended_capability)
#define SMMUV3_UNIT_CFG(unit)  ((uint32_t)(unit)->tables[0])
#define SMMUV3_UNIT_CR2(unit)  ((uint32_t)(unit)->tables[1])

#endif
