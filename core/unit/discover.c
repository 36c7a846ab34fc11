/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "unit.h"

int qt_discover_unit(struct qt_machine *machine, const struct qt_unit *unit)
{
	struct qt_unit *added = &machine->units[machine->unit_count];

	if (unit->registers == 0)
		return QT_E_BAD;
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].registers == unit->registers)
			return QT_E_BAD;
	if (machine->unit_count == QT_UNITS_MAX)
		return QT_E_LIMIT;
	*added = *unit;
	added->index = (uint8_t)machine->unit_count++;
	return QT_OK;
}

int qt_discover_scope(struct qt_machine *machine, const struct qt_scope *scope)
{
	if (machine->scope_count == QT_SCOPES_MAX)
		return QT_E_LIMIT;
	machine->scopes[machine->scope_count++] = *scope;
	return QT_OK;
}

int qt_discover_reserved(struct qt_machine *machine, const struct qt_reserved *reserved)
{
	if (machine->reserved_count == QT_RESERVED_MAX)
		return QT_E_LIMIT;
	machine->reserved[machine->reserved_count++] = *reserved;
	return QT_OK;
}
