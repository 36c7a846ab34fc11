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

bool vtd_pointer_fits(const struct qt_unit *unit, uint64_t word)
{
	return (word & VTD_POINTER) >> unit->output_bits == 0;
}

void vtd_set_damaged(struct qt_unit_entry *entry)
{
	entry->state = QT_REQ_DAMAGED;
	entry->reason = QT_WHY_ENTRY_DAMAGED;
}

int vtd_visit_damaged(qt_rid rid, bool refused, vtd_visit_fn visit, void *context)
{
	struct qt_unit_entry entry = {.rid = rid};

	vtd_set_damaged(&entry);
	if (!refused)
		entry.reason = QT_WHY_GUARD_UNKNOWN;
	return visit(context, &entry);
}

int vtd_put(const struct vtd_admit *admit, qt_phys at, uint64_t before, uint64_t after)
{
	const struct qt_host *host = admit->machine->host;
	uint64_t *own = qt_arena_pointer(admit->machine->arena, at, sizeof(*own));

	if (before == after)
		return QT_OK;
	if (!own)
		return admit->add(admit->context,
			&(struct qt_store){.at = at, .before = before, .after = after});
	*own = after;
	if (!admit->unit->coherent)
		host->write_back(host->context, at, sizeof(*own));
	return QT_OK;
}

int vtd_put_entry(const struct vtd_admit *admit, qt_phys at, const uint64_t *before,
	const uint64_t *after, unsigned count)
{
	int error = QT_OK;

	for (unsigned i = count; i-- > 0 && error == QT_OK;)
		error = vtd_put(admit, at + i * sizeof(*after), before[i], after[i]);
	return error;
}

int vtd_new_page(const struct vtd_admit *admit, qt_phys *page)
{
	struct qt_machine *machine = admit->machine;
	void *own = qt_alloc(machine->arena, VTD_TABLE_SIZE, VTD_TABLE_SIZE);

	if (!own)
		return QT_E_NOMEM;
	*page = qt_arena_phys(machine->arena, own);
	if (!admit->unit->coherent)
		machine->host->write_back(machine->host->context, *page, VTD_TABLE_SIZE);
	return QT_OK;
}

int vtd_words(const struct vtd_admit *admit, qt_phys at, uint64_t *words, unsigned count)
{
	struct qt_reader reader = qt_machine_reader(admit->machine, 1);
	int error;

	reader.arena = admit->machine->arena;
	error = qt_reader_words(&reader, at, words, count);
	for (unsigned i = 0; i < count && error == QT_OK && admit->pending; i++)
		admit->pending(admit->context, at + i * sizeof(*words), &words[i]);
	return error;
}

int vtd_child_table(const struct vtd_admit *admit, qt_phys at, qt_phys *table)
{
	uint64_t word;
	int error = vtd_words(admit, at, &word, 1);

	if (error)
		return error;
	if (word & VTD_PRESENT) {
		*table = word & VTD_POINTER;
		return QT_OK;
	}
	error = vtd_new_page(admit, table);
	return error ? error : vtd_put(admit, at, word, *table | VTD_PRESENT);
}
