/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Time since entry, by the counter that the CPU has. */
#ifndef QUIETUS_STAGE_CLOCK_H
#define QUIETUS_STAGE_CLOCK_H

#include <stdint.h>

struct clock {
	uint64_t start;   /* counter at entry */
	uint64_t hz;      /* of the counter */
	uint32_t source;  /* enum qt_clock_source: how hz is known */
	uint64_t last_us; /* latest time given out */
};

/* The architecture's: starts it, at the best frequency that can be had without waiting. */
void clock_start(struct clock *clock);

/* Microseconds since clock.start; never runs backwards. */
uint64_t clock_now_us(struct clock *clock);

#endif
