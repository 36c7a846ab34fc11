/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A report, printed to standard output. */
#ifndef QUIETUS_TOOL_REPORT_OUTPUT_H
#define QUIETUS_TOOL_REPORT_OUTPUT_H

#include "fields.h"
#include "read.h"
#include "units_now.h"

/*
 * For people. Returns 0, or a negative errno of libsmartcols. `now` has the units
 * as they are, NULL where nobody looked.
 */
int report_print_text(const struct report *report, const struct unit_now *now, bool journal);

/* For programs: doc/man/quietus.1 says what it consists of. */
void report_print_json(const struct report *report, const struct unit_now *now);

/* The list that holds the records of this type. */
static inline const struct qt_report_list *report_list(
	const struct report *report, const struct record_type *type)
{
	return (const void *)((const uint8_t *)&report->header + type->list);
}

#endif
