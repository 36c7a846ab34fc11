/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What patching headers takes beyond the loads of quietus/bytes.h: little-endian
 * stores, and a little arithmetic. Bounds are the caller's business.
 */
#ifndef QUIETUS_TOOL_BYTES_H
#define QUIETUS_TOOL_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#include "quietus/bytes.h"

static inline void put_le32(uint8_t *p, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

/*
 * Adds delta to the 32-bit field at p. Returns false and changes nothing when
 * the sum does not fit.
 */
static inline bool add_le32(uint8_t *p, uint32_t delta)
{
	uint32_t value = qt_le32(p);

	if (value > UINT32_MAX - delta)
		return false;
	put_le32(p, value + delta);
	return true;
}

static inline uint64_t round_up(uint64_t value, uint64_t power_of_two)
{
	return (value + power_of_two - 1) & ~(power_of_two - 1);
}

static inline bool is_power_of_two(uint64_t value)
{
	return value && !(value & (value - 1));
}

#endif
