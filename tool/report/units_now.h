/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The units as they are now, read from their registers: whether the capture
 * kernel left them as the stage did, and which DMA they have refused.
 */
#ifndef QUIETUS_TOOL_UNITS_NOW_H
#define QUIETUS_TOOL_UNITS_NOW_H

#include <quietus/unit.h>

#include "read.h"

/* Faults kept for one unit; a unit has no more than this many recorded, or few. */
#define FAULTS_MAX 64

enum unit_now_state {
	UNIT_LEFT_ALONE,
	UNIT_CHANGED,
	UNIT_NOT_KNOWN,
};

struct unit_now {
	uint8_t state;     /* enum unit_now_state */
	struct reason why; /* what has changed, or why it is not known */
	bool faults_known;
	size_t fault_count; /* recorded in all; the first FAULTS_MAX are kept */
	struct qt_unit_fault faults[FAULTS_MAX];
};

/*
 * Looks at every unit of the report. The registers are read through `memory`,
 * MEMORY_DEVICE or a file with the same layout, a unit's log of events through
 * `dump` where it has one in the dead kernel's memory; NULL: not at all. Returns
 * as many as the report has units, to be freed by the caller; NULL with a reason
 * where there is no memory for them.
 */
struct unit_now *units_now(
	const struct report *report, const char *memory, const char *dump, struct reason *why);

#endif
