/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the requester tables of both modes have in common.
 */
#include "vtd.h"

static unsigned bits_set(unsigned value)
{
	unsigned n = 0;

	for (; value; value &= value - 1)
		n++;
	return n;
}

bool vtd_levels_supported(const struct qt_unit *unit, unsigned levels)
{
	return levels >= 3 && levels <= 5 && VTD_CAP_SAGAW(unit->capability) & 1u << (levels - 2);
}

struct qt_geometry vtd_second_stage(const struct qt_unit *unit, unsigned levels)
{
	return (struct qt_geometry){
		.format = &qt_format_vtd_second_stage,
		.levels = (uint8_t)levels,
		.granule_lg2 = 12,
		.index_lg2 = 9,
		/* A unit with 1 GiB leaves has 2 MiB leaves too: count from the small end. */
		.leaf_level = (uint8_t)(VTD_CAP_SSLPS(unit->capability) == 2
						? 0
						: bits_set(VTD_CAP_SSLPS(unit->capability))),
		.input_bits = (uint8_t)VTD_CAP_MGAW(unit->capability),
		.output_bits = unit->output_bits,
		.coherent = unit->coherent,
	};
}

/* Under CM, 0 is what the hardware caches non-present entries with (6.1). */
bool vtd_domain_id_fits(const struct qt_unit *unit, uint32_t id)
{
	return id < unit->domain_ids && (id != 0 || !(unit->capability & VTD_CAP_CM));
}

bool vtd_pointer_fits(const struct qt_unit *unit, uint64_t word)
{
	return (word & VTD_POINTER) >> unit->output_bits == 0;
}

void vtd_set_damaged(struct qt_unit_entry *entry)
{
	qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
}

int vtd_visit_damaged(qt_rid rid, bool refused, vtd_visit_fn visit, void *context)
{
	struct qt_unit_entry entry = {.rid = rid};

	vtd_set_damaged(&entry);
	if (!refused)
		entry.reason = QT_WHY_GUARD_UNKNOWN;
	return visit(context, &entry);
}

int vtd_child_table(const struct qt_unit_change *change, qt_phys at, qt_phys *table)
{
	uint64_t word;
	int error = qt_change_words(change, at, &word, 1);

	if (error)
		return error;
	if (word & VTD_PRESENT) {
		*table = word & VTD_POINTER;
		return QT_OK;
	}
	error = qt_change_new(change, VTD_TABLE_SIZE, table);
	return error ? error : qt_change_put(change, at, word, *table | VTD_PRESENT);
}
