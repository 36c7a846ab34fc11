/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changing a live table an entry at a time, so that at every instant all that is
 * not asked for translates as before: what an entry is to lead to is complete and
 * written back before the entry is stored.
 */
#include <quietus/memory.h>

#include "../table/walk.h"
#include "edit.h"

static size_t table_size(const struct qt_edit *edit)
{
	return sizeof(uint64_t) << edit->geometry->index_lg2;
}

static unsigned table_entries(const struct qt_edit *edit)
{
	return 1u << edit->geometry->index_lg2;
}

int qt_edit_begin(struct qt_edit *edit, struct qt_live *live, qt_iova iova, uint64_t size)
{
	const struct qt_geometry *g = &live->table.geometry;
	uint64_t granule = 1ull << g->granule_lg2;

	if (size == 0 || (iova | size) & (granule - 1) || iova + (size - 1) < iova ||
		iova + (size - 1) >= qt_table_reach(&live->table))
		return QT_E_INVAL;
	*edit = (struct qt_edit){
		.live = live,
		.geometry = g,
		.reader = {.host = live->host,
			.ram = live->ram,
			.arena = live->arena,
			.pages = live->pages,
			.reads_left = live->reads},
		.first = iova,
		.last = iova + (size - 1),
	};
	live->fault = (struct qt_table_fault){0};
	return QT_OK;
}

int qt_edit_put(struct qt_edit *edit, qt_phys at, uint64_t value)
{
	const struct qt_host *host = edit->live->host;
	int error = host->store64(host->context, at, value);

	if (error == QT_OK && !edit->geometry->coherent)
		host->write_back(host->context, at, sizeof(value));
	return error;
}

void qt_edit_stale(struct qt_edit *edit, unsigned what, uint64_t first, uint64_t last)
{
	struct qt_stale *stale = &edit->live->stale;
	uint64_t end = last == UINT64_MAX ? last : last + 1;

	if (stale->what == 0)
		stale->iovas = (struct qt_range){first, end};
	if (first < stale->iovas.start)
		stale->iovas.start = first;
	if (end > stale->iovas.end)
		stale->iovas.end = end;
	stale->what |= what;
}

uint64_t *qt_edit_new_table(struct qt_edit *edit, qt_phys *at)
{
	const struct qt_pages *pages = edit->live->pages;

	return pages->alloc(pages->context, table_size(edit), at, edit->live);
}

void qt_edit_table_done(struct qt_edit *edit, qt_phys at)
{
	const struct qt_host *host = edit->live->host;

	if (!edit->geometry->coherent)
		host->write_back(host->context, at, table_size(edit));
}

bool qt_edit_is_own(const struct qt_edit *edit, qt_phys table)
{
	const struct qt_pages *pages = edit->live->pages;

	return pages->pointer(pages->context, table, table_size(edit)) != NULL;
}

void qt_edit_retire(struct qt_edit *edit, qt_phys table)
{
	const struct qt_pages *pages = edit->live->pages;

	if (qt_edit_is_own(edit, table))
		pages->retire(pages->context, table, edit->live);
}

bool qt_edit_covers(const struct qt_edit *edit, const struct qt_slot *slot)
{
	return slot->base >= edit->first && slot->last <= edit->last;
}

/* Reads and decodes the slot's entry. */
static int read_slot(struct qt_edit *edit, struct qt_slot *slot)
{
	int error = qt_reader_words(&edit->reader, slot->at, &slot->raw, 1);

	if (error) {
		edit->live->fault = (struct qt_table_fault){
			.iova = slot->base, .entry = slot->at, .level = (uint8_t)slot->level};
		return error;
	}
	edit->geometry->format->decode(edit->geometry, slot->level, &slot->raw, 1, &slot->entry);
	return QT_OK;
}

int qt_edit_slots(struct qt_edit *edit, unsigned level, qt_phys table, uint64_t base,
	int (*each)(struct qt_edit *edit, struct qt_slot *slot))
{
	const struct qt_geometry *g = edit->geometry;
	unsigned lg2 = qt_level_lg2(g, level);
	uint64_t last = base + (((uint64_t)table_entries(edit) << lg2) - 1);
	unsigned index = base > edit->first ? 0 : qt_index(g, level, edit->first);
	unsigned end =
		last < edit->last ? table_entries(edit) : qt_index(g, level, edit->last) + 1u;

	for (; index < end; index++) {
		struct qt_slot slot = {
			.at = table + index * sizeof(uint64_t),
			.base = base + ((uint64_t)index << lg2),
			.last = base + ((uint64_t)index << lg2) + ((1ull << lg2) - 1),
			.level = level,
		};
		int error = read_slot(edit, &slot);

		if (error == QT_OK)
			error = each(edit, &slot);
		if (error)
			return error;
	}
	return QT_OK;
}

bool qt_edit_is_shared(const struct qt_edit *edit, qt_phys table)
{
	return !qt_edit_is_own(edit, table) &&
	       qt_ranges_overlap(&edit->live->shared, table, table + table_size(edit));
}

/* A page of our own with the same entries. */
static int copy_table(struct qt_edit *edit, qt_phys table, qt_phys *copy)
{
	uint64_t *words = qt_edit_new_table(edit, copy);
	int error = words ? QT_OK : QT_E_NOMEM;

	for (unsigned i = 0; error == QT_OK && i < table_entries(edit); i += QT_RUN)
		error = qt_reader_words(
			&edit->reader, table + i * sizeof(*words), words + i, QT_RUN);
	if (error && words)
		qt_edit_retire(edit, *copy);
	if (error == QT_OK)
		qt_edit_table_done(edit, *copy);
	return error;
}

int qt_edit_unshare(struct qt_edit *edit, struct qt_slot *slot)
{
	qt_phys copy;
	int error;

	if (!qt_edit_is_shared(edit, slot->entry.output))
		return QT_OK;
	/* Shared tables are made here, one level below another and open to all. */
	if (slot->entry.next_level + 1u != slot->level || slot->entry.perms != QT_RW)
		return QT_E_UNSUPPORTED;
	error = copy_table(edit, slot->entry.output, &copy);
	if (error)
		return error;
	error = qt_edit_put(edit, slot->at,
		edit->geometry->format->make_table(edit->geometry, slot->level, copy));
	if (error)
		return error;
	qt_edit_stale(edit, QT_STALE_TABLES, slot->base, slot->last);
	return read_slot(edit, slot);
}

int qt_edit_unshare_root(struct qt_edit *edit)
{
	struct qt_live *live = edit->live;
	struct qt_table table = live->table;
	int error;

	if (!qt_edit_is_shared(edit, table.root))
		return QT_OK;
	if (!live->set_root)
		return QT_E_UNSUPPORTED;
	error = copy_table(edit, live->table.root, &table.root);
	if (error)
		return error;
	error = live->set_root(live, &table);
	if (error)
		return error;
	live->table.root = table.root;
	qt_edit_stale(edit, QT_STALE_TABLES | QT_STALE_ENTRIES, 0, qt_table_span(&table) - 1);
	return QT_OK;
}

/* A leaf that takes up several slots becomes one leaf for each. */
static int split_in_place(struct qt_edit *edit, struct qt_slot *slot)
{
	const struct qt_geometry *g = edit->geometry;
	unsigned lg2 = qt_level_lg2(g, slot->level);
	uint64_t base = slot->base & ~((1ull << slot->entry.size_lg2) - 1);
	unsigned slots = 1u << (slot->entry.size_lg2 - lg2);
	qt_phys at = slot->at - ((slot->base - base) >> lg2) * sizeof(uint64_t);

	qt_edit_stale(edit, QT_STALE_CHANGED, base, base + ((1ull << slot->entry.size_lg2) - 1));
	for (unsigned i = 0; i < slots; i++) {
		uint64_t piece = g->format->make_piece(
			g, slot->level, slot->raw, slot->level, (uint64_t)i << lg2);
		int error = qt_edit_put(edit, at + i * sizeof(uint64_t), piece);

		if (error)
			return error;
	}
	return read_slot(edit, slot);
}

static int split_below(struct qt_edit *edit, struct qt_slot *slot)
{
	const struct qt_geometry *g = edit->geometry;
	qt_phys table;
	uint64_t *words = qt_edit_new_table(edit, &table);
	int error;

	if (!words)
		return QT_E_NOMEM;
	for (unsigned i = 0; i < table_entries(edit); i++)
		words[i] = g->format->make_piece(g, slot->level, slot->raw, slot->level - 1,
			(uint64_t)i << qt_level_lg2(g, slot->level - 1));
	qt_edit_table_done(edit, table);
	/* Caches may go on using the large leaf, also for the part that goes next. */
	qt_edit_stale(edit, QT_STALE_CHANGED, slot->base, slot->last);
	error = qt_edit_put(edit, slot->at, g->format->make_table(g, slot->level, table));
	return error ? error : read_slot(edit, slot);
}

int qt_edit_split(struct qt_edit *edit, struct qt_slot *slot)
{
	if (!edit->geometry->format->make_piece)
		return QT_E_UNSUPPORTED;
	if (slot->entry.size_lg2 > qt_level_lg2(edit->geometry, slot->level))
		return split_in_place(edit, slot);
	return slot->level == 0 ? QT_E_INVAL : split_below(edit, slot);
}
