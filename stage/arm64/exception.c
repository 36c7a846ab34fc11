// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "regime.h"
#include "stage.h"

/* After this many, even handing over has failed: then only the jump on is left. */
#define EXCEPTIONS_MAX 4

/* Vectors come in fours: synchronous, IRQ, FIQ, system error (DDI 0487, D1.3.1). */
#define VECTOR_KIND        3u
#define VECTOR_SYNCHRONOUS 0u

/* ESR_ELx.EC: what kind of synchronous exception (D23.2.45). */
#define SYNDROME_CLASS(esr) ((uint8_t)((esr) >> 26 & 0x3f))

/* In the report: classes of synchronous exceptions end at 0x3f. */
#define REPORT_OTHER 0x40

void stage_exception(uint64_t vector)
{
	struct stage *s = &stage;
	unsigned kind = vector & VECTOR_KIND;

	if (s->exceptions++ >= EXCEPTIONS_MAX)
		stage_leave();
	if (s->exceptions > 1)
		return;
	s->exception = kind == VECTOR_SYNCHRONOUS ? SYNDROME_CLASS(regime_syndrome())
						  : (uint8_t)(REPORT_OTHER + kind);
	s->exception_ip = regime_exception_address() - (uint64_t)(uintptr_t)image_start;
}
