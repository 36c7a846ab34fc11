/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The time stamp counter, and how its frequency is found. */
#ifndef QUIETUS_STAGE_CLOCK_SOURCE_H
#define QUIETUS_STAGE_CLOCK_SOURCE_H

#include <quietus/firmware.h>

#include "../common/clock.h"

/*
 * Measures the frequency, where CPUID did not give it: against the PM timer if
 * there is one (may be NULL), else against the 8254. Takes some milliseconds; if
 * neither moves, the guess stays.
 */
void clock_measure(
	struct clock *clock, const struct qt_host *host, const struct qt_pm_timer *timer);

#endif
