// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Source: Arm Architecture Reference Manual for A-profile (DDI 0487), D12.1.1 and D23.8.1. */
#include <quietus/report.h>

#include "cpu.h"
#include "../common/clock.h"

/* Where firmware left the frequency register empty: that of Armv8.6 on, faster than all before. */
#define GUESS_HZ UINT64_C(1000000000)

/* Plausible frequencies; anything else is a register gone wrong. */
#define HZ_MIN UINT64_C(1000000)
#define HZ_MAX UINT64_C(1000000000)

void clock_start(struct clock *clock)
{
	uint64_t hz = read_register(cntfrq_el0) & UINT32_MAX;
	bool plausible = hz >= HZ_MIN && hz <= HZ_MAX;

	clock->start = read_counter();
	clock->hz = plausible ? hz : GUESS_HZ;
	clock->source = plausible ? QT_CLOCK_CNTFRQ : QT_CLOCK_CNTVCT_GUESS;
}
