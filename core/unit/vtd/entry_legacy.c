/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Requester tables in legacy mode: a root entry for each bus, a context entry for
 * each function, which leads to a second-stage table.
 *
 * Source: Intel VT-d specification, revision 4.1, sections 3.4 (mapping of
 * requesters to domains), 9.1 (root entry), 9.3 (context entry).
 */
#include "vtd.h"

/* What hardware refuses for its reserved bits is no translation: DMA is blocked there. */
static bool root_sound(const struct qt_unit *unit, const uint64_t words[2])
{
	return !(words[0] & VTD_ROOT_LO_RESERVED) && words[1] == 0 &&
	       vtd_pointer_fits(unit, words[0]);
}

static bool context_sound(const struct qt_unit *unit, uint64_t lo, uint64_t hi)
{
	return !(lo & VTD_CONTEXT_LO_RESERVED) && !(hi & VTD_CONTEXT_HI_RESERVED) &&
	       vtd_pointer_fits(unit, lo) && vtd_domain_id_fits(unit, VTD_CONTEXT_DID(hi)) &&
	       vtd_levels_supported(unit, VTD_CONTEXT_AW(hi) + 2);
}

/* What a present context entry means. */
static void decode_context(
	const struct qt_unit *unit, uint64_t lo, uint64_t hi, struct qt_unit_entry *entry)
{
	unsigned type = VTD_CONTEXT_TT(lo);
	unsigned levels = VTD_CONTEXT_AW(hi) + 2;

	entry->domain_id = VTD_CONTEXT_DID(hi);
	vtd_set_damaged(entry);
	if (!context_sound(unit, lo, hi))
		return;
	if (type == VTD_TT_PASS) {
		if (unit->extended_capability & VTD_ECAP_PT)
			entry->state = QT_REQ_PASSTHROUGH;
	} else if (type == VTD_TT_UNTRANSLATED ||
		   (type == VTD_TT_ATS && unit->extended_capability & VTD_ECAP_DT)) {
		entry->state = QT_REQ_TRANSLATED;
		entry->ats = type == VTD_TT_ATS;
		entry->table.geometry = vtd_second_stage(unit, levels);
		entry->table.root = lo & VTD_POINTER;
	}
	if (entry->state != QT_REQ_DAMAGED)
		entry->reason = QT_WHY_NONE;
}

/* Reads one 16-byte entry of a root or context table. */
static int read_entry(struct qt_reader *reader, qt_phys table, unsigned index, uint64_t words[2])
{
	return qt_reader_words(reader, table + (uint64_t)index * VTD_ENTRY_SIZE, words, 2);
}

int vtd_legacy_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry)
{
	uint64_t words[2];
	int error;

	*entry = (struct qt_unit_entry){.rid = rid, .state = QT_REQ_ABSENT};
	error = read_entry(reader, unit->root, QT_RID_BUS(rid), words);
	if (error || !(words[0] & VTD_PRESENT))
		return error;
	if (!root_sound(unit, words)) {
		vtd_set_damaged(entry);
		return QT_OK;
	}
	error = read_entry(reader, words[0] & VTD_POINTER, QT_RID_DEVFN(rid), words);
	if (error || !(words[0] & VTD_PRESENT))
		return error;
	decode_context(unit, words[0], words[1], entry);
	return QT_OK;
}

static int scan_bus(const struct qt_unit *unit, struct qt_reader *reader, unsigned bus,
	qt_phys table, vtd_visit_fn visit, void *context)
{
	for (unsigned devfn = 0; devfn < VTD_ENTRIES; devfn++) {
		struct qt_unit_entry found = {.rid = QT_RID(unit->segment, bus, devfn)};
		uint64_t words[2];
		int error = read_entry(reader, table, devfn, words);

		if (error)
			return error;
		if (!(words[0] & VTD_PRESENT))
			continue;
		decode_context(unit, words[0], words[1], &found);
		error = visit(context, &found);
		if (error)
			return error;
	}
	return QT_OK;
}

/*
 * A bus whose context table cannot be read does not hide the others: it is
 * visited as one damaged entry, for its first function.
 */
int vtd_legacy_scan(
	const struct qt_unit *unit, struct qt_reader *reader, vtd_visit_fn visit, void *context)
{
	for (unsigned bus = 0; bus < VTD_BUSES; bus++) {
		uint64_t words[2];
		int error = read_entry(reader, unit->root, bus, words);

		if (error == QT_OK && words[0] & VTD_PRESENT) {
			error = root_sound(unit, words)
					? scan_bus(unit, reader, bus, words[0] & VTD_POINTER, visit,
						  context)
					: QT_E_OUTSIDE;
			if (error == QT_E_OUTSIDE || error == QT_E_IO)
				error = vtd_visit_damaged(QT_RID(unit->segment, bus, 0),
					!root_sound(unit, words), visit, context);
		}
		if (error)
			return error;
	}
	return QT_OK;
}

int vtd_legacy_admit(const struct qt_unit_change *change)
{
	const struct qt_table *table = &change->domain->table;
	qt_phys root = change->unit->root + QT_RID_BUS(change->rid) * VTD_ENTRY_SIZE;
	uint64_t entry[2] = {table->root | VTD_PRESENT,
		VTD_CONTEXT_HI(table->geometry.levels - 2u, change->domain->id)};
	uint64_t words[2];
	qt_phys contexts, at;
	int error = qt_change_words(change, root, words, 2);

	if (error)
		return error;
	/* The upper half is reserved; what a dead kernel left beside an absent entry must go. */
	if (!(words[0] & VTD_PRESENT))
		error = qt_change_put(change, root + 8, words[1], 0);
	if (error == QT_OK)
		error = vtd_child_table(change, root, &contexts);
	if (error)
		return error;
	at = contexts + QT_RID_DEVFN(change->rid) * VTD_ENTRY_SIZE;
	error = qt_change_words(change, at, words, 2);
	if (error)
		return error;
	return words[0] & VTD_PRESENT ? QT_E_BUSY
				      : qt_change_put_entry(change, at, words, entry, 2);
}

/* Finds the context entry of a requester that has one, whatever it says. */
static int present_entry(const struct qt_unit_change *change, qt_phys *at, uint64_t words[2])
{
	const struct qt_unit *unit = change->unit;
	int error = qt_change_words(
		change, unit->root + QT_RID_BUS(change->rid) * VTD_ENTRY_SIZE, words, 2);

	if (error == QT_OK && (!(words[0] & VTD_PRESENT) || !root_sound(unit, words)))
		error = QT_E_NOTFOUND;
	if (error)
		return error;
	*at = (words[0] & VTD_POINTER) + QT_RID_DEVFN(change->rid) * VTD_ENTRY_SIZE;
	error = qt_change_words(change, *at, words, 2);
	return error == QT_OK && !(words[0] & VTD_PRESENT) ? QT_E_NOTFOUND : error;
}

int vtd_legacy_set_root(const struct qt_unit_change *change)
{
	uint64_t words[2];
	qt_phys at;
	int error = present_entry(change, &at, words);

	if (error)
		return error;
	/* The number of levels stands in the other half. */
	if (VTD_CONTEXT_AW(words[1]) + 2 != change->table->geometry.levels)
		return QT_E_UNSUPPORTED;
	return qt_change_put(change, at, words[0], (words[0] & ~VTD_POINTER) | change->table->root);
}

int vtd_legacy_block(const struct qt_unit_change *change)
{
	uint64_t words[2];
	qt_phys at;
	int error = present_entry(change, &at, words);

	return error ? error : qt_change_put(change, at, words[0], 0);
}
