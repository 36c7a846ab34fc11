/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between the assembly and C: what was found at entry, and has to be as it was
 * when the capture kernel is entered. Used by both, so offsets are spelled out.
 */
#ifndef QUIETUS_STAGE_ENTRY_H
#define QUIETUS_STAGE_ENTRY_H

#define ENTRY_REGISTERS 0x00 /* x0 (the device tree) to x3 */
#define ENTRY_PAYLOAD   0x20 /* set by C: where to jump */
#define ENTRY_REGIME    0x28 /* set by C: enum regime */
#define ENTRY_SCTLR     0x30
#define ENTRY_TCR       0x38
#define ENTRY_TTBR0     0x40
#define ENTRY_MAIR      0x48
#define ENTRY_VBAR      0x50
#define ENTRY_SIZE      0x58

/* Whose translation the stage runs under, and which registers that has. */
#define REGIME_EL1     0
#define REGIME_EL2     1
#define REGIME_EL2_VHE 2 /* HCR_EL2.E2H: named as at EL1 */

/* Bytes of the stack. */
#define STACK_SIZE 0x10000

#define STAGE_MEMORY_SIZE 0x200000 /* QT_STAGE_MEMORY_SIZE */

#define RELOCATION_RELATIVE 1027 /* R_AARCH64_RELATIVE */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include <quietus/stage_header.h>

#include "../common/image.h"

struct entry_state {
	uint64_t registers[4];
	uint64_t payload;
	uint64_t regime;
	uint64_t sctlr, tcr, ttbr0, mair, vbar;
};

_Static_assert(offsetof(struct entry_state, payload) == ENTRY_PAYLOAD, "entry layout");
_Static_assert(offsetof(struct entry_state, regime) == ENTRY_REGIME, "entry layout");
_Static_assert(offsetof(struct entry_state, sctlr) == ENTRY_SCTLR, "entry layout");
_Static_assert(offsetof(struct entry_state, vbar) == ENTRY_VBAR, "entry layout");
_Static_assert(sizeof(struct entry_state) == ENTRY_SIZE, "entry layout");
_Static_assert(STAGE_MEMORY_SIZE == QT_STAGE_MEMORY_SIZE, "what is cleaned is all that is used");

/* entry.S and stage.ld */
extern struct entry_state entry_state;
extern uint8_t exception_vectors[];

/* Cleans and invalidates all of the stage's memory, without a store of its own. */
void stage_clean_memory(void);

/* Called by the exception vectors: what kind, by the vector; returns to stage_recover. */
void stage_exception(uint64_t vector);

#endif
#endif
