/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What units of all kinds share: how they are found, and small things said of them. */
#ifndef QUIETUS_CORE_UNIT_H
#define QUIETUS_CORE_UNIT_H

#include <quietus/unit.h>

/*
 * discover.c: puts what firmware describes into the machine's lists. QT_E_LIMIT: full.
 * A unit's index is filled in; QT_E_BAD: its registers are nowhere, or another's.
 */
int qt_discover_unit(struct qt_machine *machine, const struct qt_unit *unit);
int qt_discover_scope(struct qt_machine *machine, const struct qt_scope *scope);
int qt_discover_reserved(struct qt_machine *machine, const struct qt_reserved *reserved);

static inline void qt_unit_set_state(
	struct qt_unit *unit, enum qt_unit_state state, enum qt_reason reason)
{
	unit->state = (uint8_t)state;
	unit->reason = (uint8_t)reason;
}

/* Makes an entry one that is not taken over, and says why. */
static inline void qt_entry_refuse(
	struct qt_unit_entry *entry, enum qt_entry_state state, enum qt_reason reason)
{
	entry->state = (uint8_t)state;
	entry->reason = (uint8_t)reason;
}

/* A unit's registers, by offset. */
static inline uint32_t qt_unit_read32(
	const struct qt_machine *machine, const struct qt_unit *unit, uint64_t at)
{
	return machine->host->mmio_read32(machine->host->context, unit->registers + at);
}

static inline uint64_t qt_unit_read64(
	const struct qt_machine *machine, const struct qt_unit *unit, uint64_t at)
{
	return machine->host->mmio_read64(machine->host->context, unit->registers + at);
}

static inline void qt_unit_write32(
	const struct qt_machine *machine, const struct qt_unit *unit, uint64_t at, uint32_t value)
{
	machine->host->mmio_write32(machine->host->context, unit->registers + at, value);
}

static inline void qt_unit_write64(
	const struct qt_machine *machine, const struct qt_unit *unit, uint64_t at, uint64_t value)
{
	machine->host->mmio_write64(machine->host->context, unit->registers + at, value);
}

#endif
