// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "../common/stage.h"
#include "cpu.h"
#include "descriptors.h"
#include "entry.h"

#define VECTOR_MACHINE_CHECK 18

/* Of these, none interrupts going on; bit 1 is always set (SDM 1, 3.4.3). */
#define FLAGS_CLEAR 0x2

struct exception_frame {
	uint64_t vector;
	uint64_t error;
	uint64_t ip, cs, flags, sp, ss;
};

void stage_exception(struct exception_frame *frame);
void exception_exit(void);

/* No interrupt table, then an exception: the CPU shuts down, and the machine resets. */
static void reset(void)
{
	struct table_register nothing = {0, 0};

	__asm__ volatile("lidt %0; ud2" : : "m"(nothing));
}

void exceptions_take_over(void)
{
	descriptors_load();
}

/*
 * Every exception but an NMI ends here, whatever it interrupted: it is recorded,
 * and the frame changed so that the return from it is a fresh start on an empty
 * stack.
 */
void stage_exception(struct exception_frame *frame)
{
	/* Even the jump on has failed: nothing is left but to end. */
	if (!exception_note(&stage, (uint8_t)frame->vector, frame->ip))
		reset();
	if (frame->vector == VECTOR_MACHINE_CHECK)
		write_msr(MSR_MCG_STATUS, read_msr(MSR_MCG_STATUS) & ~MCG_STATUS_MCIP);
	frame->ip = (uint64_t)(uintptr_t)exception_exit;
	frame->cs = SELECTOR_CODE;
	frame->flags = FLAGS_CLEAR;
	frame->sp = (uint64_t)(uintptr_t)stack_top;
	frame->ss = SELECTOR_DATA;
}
