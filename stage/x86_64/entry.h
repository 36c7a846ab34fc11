/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between the assembly and C: what was found at entry, and has to be as it was
 * when the capture kernel is entered. Used by both, so offsets are spelled out.
 */
#ifndef QUIETUS_STAGE_ENTRY_H
#define QUIETUS_STAGE_ENTRY_H

#define ENTRY_REGISTERS 0x00 /* rax rbx rcx rdx rsi rdi rbp rsp r8 ... r15 */
#define ENTRY_RSI       0x20
#define ENTRY_CR0       0x80
#define ENTRY_CR3       0x88
#define ENTRY_CR4       0x90
#define ENTRY_GDTR      0x98
#define ENTRY_IDTR      0xa8
#define ENTRY_CS        0xb8
#define ENTRY_DS        0xba
#define ENTRY_ES        0xbc
#define ENTRY_SS        0xbe
#define ENTRY_PAYLOAD   0xc0
#define ENTRY_SIZE      0xc8

/* Segment selectors of the stage; the boot protocol has the same two. */
#define SELECTOR_CODE 0x10
#define SELECTOR_DATA 0x18
#define SELECTOR_TASK 0x20

/* Bytes of the stack that everything but exceptions runs on. */
#define STACK_SIZE 0x10000

/* Exception stubs are this far apart, one for each vector from 0 to 31, then the one for the rest.
 */
#define STUB_SIZE  16
#define EXCEPTIONS 32

/* Non-maskable interrupt: the only vector that is returned from. */
#define VECTOR_NMI 2

/* Offsets from the start of a bzImage's protected-mode part. */
#define ENTRY_64 0x200

#define RELOCATION_RELATIVE 8 /* R_X86_64_RELATIVE */

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

#include "../common/image.h"

struct table_register {
	uint16_t limit;
	uint64_t base;
} __attribute__((packed));

struct entry_state {
	uint64_t registers[16]; /* the capture kernel needs rsi, its boot_params; it gets all */
	uint64_t cr0, cr3, cr4;
	struct table_register gdtr;
	uint8_t pad0[6];
	struct table_register idtr;
	uint8_t pad1[6];
	uint16_t cs, ds, es, ss;
	uint64_t payload; /* set by C: where to jump */
};

_Static_assert(offsetof(struct entry_state, cr0) == ENTRY_CR0, "entry layout");
_Static_assert(offsetof(struct entry_state, gdtr) == ENTRY_GDTR, "entry layout");
_Static_assert(offsetof(struct entry_state, idtr) == ENTRY_IDTR, "entry layout");
_Static_assert(offsetof(struct entry_state, cs) == ENTRY_CS, "entry layout");
_Static_assert(offsetof(struct entry_state, payload) == ENTRY_PAYLOAD, "entry layout");
_Static_assert(sizeof(struct entry_state) == ENTRY_SIZE, "entry layout");

/* entry.S and stage.ld */
extern struct entry_state entry_state;
extern uint8_t exception_stubs[];
extern volatile uint32_t nmi_count;

#endif
#endif
