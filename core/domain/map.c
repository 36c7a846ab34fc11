/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Adding translations where nothing translates. */
#include "edit.h"

/* Whether a leaf can stand for the whole slot; `output` is then what it leads to. */
static bool leaf_fits(
	const struct qt_edit *edit, unsigned level, uint64_t base, uint64_t last, qt_phys *output)
{
	*output = edit->phys + (base - edit->first);
	return level <= edit->geometry->leaf_level && base >= edit->first && last <= edit->last &&
	       (*output & (last - base)) == 0;
}

static int build_table(struct qt_edit *edit, unsigned level, uint64_t base, qt_phys *table);

/* An entry of a table that nothing leads to yet. */
static int build_entry(
	struct qt_edit *edit, unsigned level, uint64_t base, uint64_t last, uint64_t *entry)
{
	qt_phys output;
	int error;

	if (leaf_fits(edit, level, base, last, &output)) {
		*entry = qt_edit_leaf(edit->geometry, level, output, edit->perms);
		return *entry ? QT_OK : QT_E_UNSUPPORTED;
	}
	if (level == 0)
		return QT_E_INVAL;
	error = build_table(edit, level - 1, base, &output);
	if (error == QT_OK)
		*entry = edit->geometry->format->make_table(edit->geometry, level, output);
	return error;
}

/* Gives back the tables below one that will not be used. */
static void drop_table(struct qt_edit *edit, unsigned level, const uint64_t *words, qt_phys table)
{
	const struct qt_geometry *g = edit->geometry;

	for (unsigned i = 0; i < 1u << g->index_lg2; i++) {
		struct qt_entry entry;
		const uint64_t *below;

		g->format->decode(g, level, &words[i], 1, &entry);
		if (entry.kind != QT_ENTRY_TABLE)
			continue;
		below = edit->live->pages->pointer(
			edit->live->pages->context, entry.output, sizeof(uint64_t) << g->index_lg2);
		if (below)
			drop_table(edit, entry.next_level, below, entry.output);
	}
	qt_edit_retire(edit, table);
}

/* A complete table, with all tables below it, for its part of the range. */
static int build_table(struct qt_edit *edit, unsigned level, uint64_t base, qt_phys *table)
{
	const struct qt_geometry *g = edit->geometry;
	uint64_t *words = qt_edit_new_table(edit, table);
	uint64_t span = 1ull << qt_level_lg2(g, level);
	int error = QT_OK;

	if (!words)
		return QT_E_NOMEM;
	for (unsigned i = 0; i < 1u << g->index_lg2 && error == QT_OK; i++) {
		uint64_t first = base + i * span;
		uint64_t last = first + (span - 1);

		if (last >= edit->first && first <= edit->last)
			error = build_entry(edit, level, first, last, &words[i]);
	}
	if (error)
		drop_table(edit, level, words, *table);
	else
		qt_edit_table_done(edit, *table);
	return error;
}

static int map_slot(struct qt_edit *edit, struct qt_slot *slot);

static int map_below(struct qt_edit *edit, struct qt_slot *slot)
{
	int error = qt_edit_widen(edit, slot);

	if (error)
		return error;
	if ((slot->entry.perms & edit->perms) != edit->perms)
		return QT_E_BUSY;
	error = qt_edit_unshare(edit, slot);
	if (error)
		return error;
	return qt_edit_slots(
		edit, slot->entry.next_level, slot->entry.output, slot->base, map_slot);
}

/*
 * Nothing in the range translates, so a table that the range covers is an empty
 * one, and a leaf may take its place. None of those is ours: those that become
 * empty are taken out at once.
 */
static int map_slot(struct qt_edit *edit, struct qt_slot *slot)
{
	bool is_table = slot->entry.kind == QT_ENTRY_TABLE;
	qt_phys output;
	uint64_t value;
	int error;

	if (slot->entry.kind == QT_ENTRY_BAD)
		return QT_E_BAD;
	if (slot->entry.kind == QT_ENTRY_LEAF)
		return QT_E_BUSY;
	if (is_table && !leaf_fits(edit, slot->level, slot->base, slot->last, &output))
		return map_below(edit, slot);
	error = build_entry(edit, slot->level, slot->base, slot->last, &value);
	if (error)
		return error;
	qt_edit_stale(edit, is_table ? QT_STALE_ADDED | QT_STALE_TABLES : QT_STALE_ADDED,
		slot->base, slot->last);
	return qt_edit_put(edit, slot->at, value);
}

int qt_edit_map(struct qt_edit *edit)
{
	int error = qt_scan(&edit->reader, &edit->live->table,
		(struct qt_range){edit->first, edit->last + 1}, &qt_nowhere, NULL, NULL,
		&edit->live->fault);

	if (error == QT_OK)
		error = qt_edit_grow(edit);
	if (error == QT_OK)
		error = qt_edit_unshare_root(edit);
	if (error)
		return error;
	edit->begun = true;
	return qt_edit_slots(
		edit, edit->geometry->levels - 1u, edit->live->table.root, 0, map_slot);
}
