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

int qt_edit_begin(
	struct qt_edit *edit, struct qt_live *live, qt_iova iova, uint64_t size, uint64_t reach)
{
	const struct qt_geometry *g = &live->table.geometry;
	uint64_t granule = 1ull << g->granule_lg2;

	if (size == 0 || (iova | size) & (granule - 1) || iova + (size - 1) < iova ||
		iova + (size - 1) >= reach)
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

/* Whether a table is the domain's alone. */
static bool is_own(const struct qt_edit *edit, qt_phys table)
{
	const struct qt_pages *pages = edit->live->pages;

	return pages->pointer(pages->context, table, table_size(edit)) != NULL;
}

void qt_edit_retire(struct qt_edit *edit, qt_phys table)
{
	const struct qt_pages *pages = edit->live->pages;

	if (is_own(edit, table))
		pages->retire(pages->context, table, edit->live);
}

uint64_t qt_edit_leaf(const struct qt_geometry *g, unsigned level, qt_phys output, unsigned perms)
{
	uint64_t leaf = g->format->make_leaf(g, level, output);

	if (perms == QT_RW)
		return leaf;
	return g->format->with_perms ? g->format->with_perms(g, level, leaf, perms) : 0;
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
	unsigned entries = qt_table_entries(g, level);
	uint64_t last = base + (((uint64_t)entries << lg2) - 1);
	unsigned index = base > edit->first ? 0 : qt_index(g, level, edit->first);
	unsigned end = last < edit->last ? entries : qt_index(g, level, edit->last) + 1u;

	/* Where levels are skipped, a table may end before its slot does. */
	if (edit->first > last)
		return QT_OK;
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
	return !is_own(edit, table) &&
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

/* Has all requesters use a table that translates the same as theirs. */
static int move_root(struct qt_edit *edit, const struct qt_table *table)
{
	struct qt_live *live = edit->live;
	int error;

	/* Even one that failed may have been made for some of them. */
	qt_edit_stale(edit, QT_STALE_TABLES | QT_STALE_ENTRIES, 0, qt_table_span(table) - 1);
	error = live->set_root(live, table);
	if (error == QT_OK)
		live->table = *table;
	return error;
}

int qt_edit_unshare_root(struct qt_edit *edit)
{
	struct qt_table table = edit->live->table;
	int error;

	if (!qt_edit_is_shared(edit, table.root))
		return QT_OK;
	if (!edit->live->set_root)
		return QT_E_UNSUPPORTED;
	error = copy_table(edit, edit->live->table.root, &table.root);
	return error ? error : move_root(edit, &table);
}

int qt_edit_grow(struct qt_edit *edit)
{
	struct qt_table table = edit->live->table;
	qt_phys added[QT_LEVELS_MAX];
	unsigned n = 0;

	while (edit->last >= qt_table_reach(&table) && n < QT_LEVELS_MAX) {
		uint64_t *page = qt_edit_new_table(edit, &added[n]);

		if (!page) {
			while (n > 0)
				qt_edit_retire(edit, added[--n]);
			return QT_E_NOMEM;
		}
		qt_table_add_level(edit->live->host, &table, page, added[n++]);
	}
	return n ? move_root(edit, &table) : QT_OK;
}

int qt_edit_widen(struct qt_edit *edit, struct qt_slot *slot)
{
	const struct qt_geometry *g = edit->geometry;
	uint64_t span = 1ull << qt_level_lg2(g, slot->entry.next_level + 1u);
	uint64_t wanted = edit->last < slot->last ? edit->last : slot->last;
	qt_phys table;
	uint64_t *words;
	int error;

	if (wanted - slot->base < span)
		return QT_OK;
	words = qt_edit_new_table(edit, &table);
	if (!words)
		return QT_E_NOMEM;
	/* Entries that can skip levels say themselves which one they lead to. */
	words[0] = slot->raw;
	qt_edit_table_done(edit, table);
	qt_edit_stale(edit, QT_STALE_TABLES, slot->base, slot->last);
	error = qt_edit_put(edit, slot->at, g->format->make_table(g, slot->level, table));
	return error ? error : read_slot(edit, slot);
}

/*
 * A leaf that takes up several slots becomes one leaf for each. A slot that holds
 * something else, where the leaf is said to be, keeps it.
 */
static int split_in_place(struct qt_edit *edit, struct qt_slot *slot)
{
	const struct qt_geometry *g = edit->geometry;
	unsigned lg2 = qt_level_lg2(g, slot->level);
	uint64_t size = 1ull << slot->entry.size_lg2;
	uint64_t base = slot->base & ~(size - 1);
	qt_phys first = slot->at - ((slot->base - base) >> lg2) * sizeof(slot->raw);

	qt_edit_stale(edit, QT_STALE_CHANGED, base, base + (size - 1));
	for (uint64_t offset = 0; offset < size; offset += 1ull << lg2) {
		struct qt_slot part = {.at = first + (offset >> lg2) * sizeof(slot->raw),
			.base = base + offset,
			.level = slot->level};
		int error = read_slot(edit, &part);

		if (error == QT_OK && part.entry.kind == QT_ENTRY_LEAF &&
			part.entry.size_lg2 == slot->entry.size_lg2 &&
			part.entry.output == slot->entry.output)
			error = qt_edit_put(edit, part.at,
				g->format->make_piece(g, part.level, part.raw, part.level, offset));
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
	if (edit->geometry->break_before_make)
		return QT_E_UNSUPPORTED;
	if (slot->entry.size_lg2 > qt_level_lg2(edit->geometry, slot->level))
		return split_in_place(edit, slot);
	return slot->level == 0 ? QT_E_INVAL : split_below(edit, slot);
}

/* The leaf that stands for what the table of a slot translates, 0 if there is none. */
static uint64_t leaf_for(const struct qt_edit *edit, const struct qt_slot *slot)
{
	const struct qt_geometry *g = edit->geometry;
	const struct qt_pages *pages = edit->live->pages;
	const uint64_t *words =
		pages->pointer(pages->context, slot->entry.output, table_size(edit));
	uint64_t hardware = g->accessed_dirty ? g->format->hardware_bits : 0;
	unsigned below = slot->entry.next_level;
	struct qt_entry first;
	uint64_t leaf;

	if (!words || g->break_before_make || slot->level > g->leaf_level ||
		below + 1u != slot->level || slot->entry.perms != QT_RW)
		return 0;
	g->format->decode(g, below, words, 1, &first);
	if (first.kind != QT_ENTRY_LEAF || first.perms == 0 ||
		first.output & (slot->last - slot->base))
		return 0;
	leaf = qt_edit_leaf(g, slot->level, first.output, first.perms);
	for (unsigned i = 0; leaf && i < table_entries(edit); i++) {
		uint64_t piece = g->format->make_piece(
			g, slot->level, leaf, below, (uint64_t)i << qt_level_lg2(g, below));

		if ((words[i] ^ piece) & ~hardware)
			return 0;
	}
	return leaf;
}

/* Tables below first: what they become may complete a run here. */
static int fold_slot(struct qt_edit *edit, struct qt_slot *slot)
{
	qt_phys table = slot->entry.output;
	uint64_t leaf;
	int error = QT_OK;

	if (slot->entry.kind != QT_ENTRY_TABLE)
		return QT_OK;
	if (slot->entry.next_level > 0)
		error = qt_edit_slots(edit, slot->entry.next_level, table, slot->base, fold_slot);
	leaf = error ? 0 : leaf_for(edit, slot);
	if (leaf == 0)
		return error;
	qt_edit_stale(edit, QT_STALE_CHANGED | QT_STALE_TABLES, slot->base, slot->last);
	error = qt_edit_put(edit, slot->at, leaf);
	if (error == QT_OK)
		qt_edit_retire(edit, table);
	return error;
}

int qt_edit_fold(struct qt_edit *edit)
{
	return qt_edit_slots(
		edit, edit->geometry->levels - 1u, edit->live->table.root, 0, fold_slot);
}
