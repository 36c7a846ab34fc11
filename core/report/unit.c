/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A unit out of a report: what its code needs to read its tables once more.
 */
#include <quietus/memory.h>
#include <quietus/report.h>

static bool is_kind(const char kind[16], const char *name)
{
	for (size_t i = 0; i < 16; i++) {
		if (kind[i] != name[i])
			return false;
		if (!name[i])
			return true;
	}
	return false;
}

static const struct qt_unit_ops *ops_of(const char kind[16])
{
	for (size_t i = 0; qt_unit_registry[i]; i++)
		if (is_kind(kind, qt_unit_registry[i]->name))
			return qt_unit_registry[i];
	return NULL;
}

int qt_report_unit(const void *report, size_t index, struct qt_unit *unit)
{
	struct qt_report_header header;
	struct qt_report_unit record;

	memcpy(&header, report, sizeof(header));
	if (index >= header.units.count)
		return QT_E_NOTFOUND;
	memcpy(&record, (const uint8_t *)report + header.units.offset + index * sizeof(record),
		sizeof(record));
	*unit = (struct qt_unit){
		.ops = ops_of(record.kind),
		.registers = record.registers,
		.segment = record.segment,
		.index = (uint8_t)index,
		.state = record.state,
		.reason = record.reason,
		.capability = record.capability,
		.extended_capability = record.extended_capability,
		.root = record.root,
		.mode = record.mode,
		.coherent = record.flags & QT_UNIT_COHERENT,
		.domain_ids = record.domain_ids,
		.output_bits = record.output_bits,
		.version = record.version,
	};
	memcpy(unit->tables, record.tables, sizeof(unit->tables));
	if (!unit->ops)
		return QT_E_UNSUPPORTED;
	return unit->output_bits < 64 ? QT_OK : QT_E_BAD;
}
