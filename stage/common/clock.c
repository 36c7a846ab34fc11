// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "clock.h"
#include "cpu.h"

uint64_t clock_now_us(struct clock *clock)
{
	uint64_t ticks = read_counter() - clock->start;
	uint64_t now = ticks / clock->hz * 1000000 + ticks % clock->hz * 1000000 / clock->hz;

	if (now > clock->last_us)
		clock->last_us = now;
	return clock->last_us;
}
