/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time since entry, by the time stamp counter. */
#ifndef QUIETUS_STAGE_CLOCK_H
#define QUIETUS_STAGE_CLOCK_H

#include <quietus/firmware.h>

struct clock {
	uint64_t start;   /* counter at entry */
	uint64_t hz;      /* of the counter */
	uint32_t source;  /* enum qt_clock_source: how hz is known */
	uint64_t last_us; /* latest time given out */
};

/* Starts it, with the frequency that CPUID gives, or a guess until it is measured. */
void clock_start(struct clock *clock);

/*
 * Measures the frequency, where CPUID did not give it: against the PM timer if
 * there is one (may be NULL), else against the 8254. Takes some milliseconds; if
 * neither moves, the guess stays.
 */
void clock_measure(
	struct clock *clock, const struct qt_host *host, const struct qt_pm_timer *timer);

/* Microseconds since clock_start; never runs backwards. */
uint64_t clock_now_us(struct clock *clock);

#endif
