// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "../common/stage.h"
#include "regime.h"

/* Vectors come in fours: synchronous, IRQ, FIQ, system error (DDI 0487, D1.3.1). */
#define VECTOR_KIND        3u
#define VECTOR_SYNCHRONOUS 0u

/* ESR_ELx.EC: what kind of synchronous exception (D23.2.45). */
#define SYNDROME_CLASS(esr) ((uint8_t)((esr) >> 26 & 0x3f))

/* In the report: classes of synchronous exceptions end at 0x3f. */
#define REPORT_OTHER 0x40

void exceptions_take_over(void)
{
	regime_save();
	regime_take_exceptions();
}

void stage_exception(uint64_t vector)
{
	unsigned group = vector & VECTOR_KIND;
	uint8_t kind = group == VECTOR_SYNCHRONOUS ? SYNDROME_CLASS(regime_syndrome())
						   : (uint8_t)(REPORT_OTHER + group);

	/* Even handing over has failed: only the jump on is left. */
	if (!exception_note(&stage, kind, regime_exception_address()))
		stage_leave();
}
