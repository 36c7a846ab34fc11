/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What harnesses of discovery share: the firmware table that a unit's folder looks into,
 * and where it takes what it finds. LENGTHS are those the table may have, `machine` is the
 * one that all is found for: both are the harness's.
 */
#ifndef PROVE_DISCOVER_H
#define PROVE_DISCOVER_H

#include <quietus/machine.h>

#include "prove.h"

static struct qt_machine machine;

static inline int any_result(void)
{
	return nondet_bool() ? QT_OK : nondet_bool() ? QT_E_LIMIT : QT_E_BAD;
}

int qt_acpi_table(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	unsigned instance, const uint8_t **table, size_t *len)
{
	const size_t lengths[] = {LENGTHS};

	(void)acpi;
	(void)signature;
	(void)instance;
	return any_table(lengths, QT_ARRAY_SIZE(lengths), arena, table, len);
}

int qt_discover_scope(struct qt_machine *to, const struct qt_scope *scope)
{
	CHECK(to == &machine && scope->rid <= scope->last, "a scope");
	return any_result();
}

int qt_discover_reserved(struct qt_machine *to, const struct qt_reserved *reserved)
{
	CHECK(to == &machine && reserved->range.start < reserved->range.end &&
			((reserved->range.start | reserved->range.end) & 4095) == 0,
		"reserved memory");
	return any_result();
}

#endif
