/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading tables: look one address up, or scan a window for all that translates.
 */
#include <quietus/memory.h>

#include "walk.h"

/* Memory of our own, NULL where it is somebody else's. */
static const void *own_memory(const struct qt_reader *reader, qt_phys at, size_t len)
{
	const void *own = NULL;

	if (reader->arena)
		own = qt_arena_pointer(reader->arena, at, len);
	if (!own && reader->pages)
		own = reader->pages->pointer(reader->pages->context, at, len);
	return own;
}

int qt_reader_words(struct qt_reader *reader, qt_phys at, uint64_t *words, unsigned n)
{
	size_t len = n * sizeof(*words);
	const void *own;

	if (reader->reads_left == 0 ||
		(reader->deadline_us &&
			reader->host->now_us(reader->host->context) > reader->deadline_us))
		return QT_E_LIMIT;
	reader->reads_left--;
	if (at & 7 || at + len < at)
		return QT_E_OUTSIDE;
	own = own_memory(reader, at, len);
	if (own) {
		memcpy(words, own, len);
		return QT_OK;
	}
	if (!qt_ranges_contain(reader->ram, at, at + len))
		return QT_E_OUTSIDE;
	return reader->host->read(reader->host->context, at, words, len);
}

/* Last address that a table at `level` spans, counted from its first. */
static uint64_t level_last(const struct qt_geometry *geometry, unsigned level)
{
	unsigned lg2 = qt_level_lg2(geometry, level + 1);

	if (level + 1u == geometry->levels)
		lg2 += geometry->root_lg2;
	return lg2 >= 64 ? UINT64_MAX : (1ull << lg2) - 1;
}

uint64_t qt_table_span(const struct qt_table *table)
{
	uint64_t last = level_last(&table->geometry, table->geometry.levels - 1u);
	unsigned bits = table->geometry.input_bits;

	if (bits && bits < 64 && last >> bits)
		last = (1ull << bits) - 1;

	return last == UINT64_MAX ? UINT64_MAX : last + 1;
}

uint64_t qt_table_reach(const struct qt_table *table)
{
	uint64_t span = qt_table_span(table);

	if (!table->geometry.sign_extended)
		return span;
	return span == UINT64_MAX ? 1ull << 63 : span / 2;
}

static int report_fault(struct qt_table_fault *fault, int error, unsigned level, qt_iova iova,
	qt_phys entry, uint64_t raw)
{
	if (fault)
		*fault = (struct qt_table_fault){
			.iova = iova, .entry = entry, .raw = raw, .level = (uint8_t)level};
	return error;
}

int qt_find_leaf(struct qt_reader *reader, const struct qt_table *table, qt_iova iova,
	struct qt_leaf *leaf, struct qt_table_fault *fault)
{
	const struct qt_geometry *g = &table->geometry;
	unsigned level = g->levels - 1u;
	unsigned perms = QT_RW & ~g->denied;
	qt_phys page = table->root;

	/* Where hardware takes fewer bits, the root may end there. */
	if (iova > qt_table_span(table) - 1 || perms == 0)
		return QT_E_NOTFOUND;
	for (;;) {
		struct qt_entry entry;
		uint64_t raw = 0;
		qt_phys at = page + qt_index(g, level, iova) * sizeof(raw);
		int error = qt_reader_words(reader, at, &raw, 1);

		if (error != QT_OK)
			return report_fault(fault, error, level, iova, at, raw);
		g->format->decode(g, level, &raw, 1, &entry);
		perms &= entry.perms;
		if (entry.kind == QT_ENTRY_EMPTY || perms == 0)
			return QT_E_NOTFOUND;
		if (entry.kind == QT_ENTRY_BAD)
			return report_fault(fault, QT_E_BAD, level, iova, at, raw);
		if (entry.kind == QT_ENTRY_LEAF) {
			uint64_t mask = (1ull << entry.size_lg2) - 1;

			*leaf = (struct qt_leaf){
				.mapping = {.iova = iova & ~mask,
					.phys = entry.output & ~mask,
					.size = mask + 1,
					.perms = (uint8_t)perms},
				.at = at,
				.raw = raw,
				.level = (uint8_t)level,
			};
			return QT_OK;
		}
		/* Levels may be skipped: what the lower table does not span translates to nothing.
		 */
		if ((iova & level_last(g, level - 1u)) > level_last(g, entry.next_level))
			return QT_E_NOTFOUND;
		level = entry.next_level;
		page = entry.output;
	}
}

int qt_lookup(struct qt_reader *reader, const struct qt_table *table, qt_iova iova,
	struct qt_mapping *mapping, struct qt_table_fault *fault)
{
	struct qt_leaf leaf;
	int error = qt_find_leaf(reader, table, iova, &leaf, fault);

	if (error == QT_OK)
		*mapping = leaf.mapping;
	return error;
}

#define NO_TABLE UINT64_MAX

/*
 * Entries that a scan reads at a time: a table of 4 KiB, so that asking for it costs little
 * beside reading it. Levels take stack for one such run each.
 */
#define SCAN_RUN 512

/* So many of them are looked at together, without a branch for each. */
#define BLOCK 16

const struct qt_ranges qt_nowhere = {0};

struct scan {
	struct qt_reader *reader;
	const struct qt_geometry *geometry;
	uint64_t first, last;            /* window, inclusive */
	const struct qt_ranges *outputs; /* that matter; NULL: all */
	int (*visit)(void *context, const struct qt_mapping *mapping);
	int (*table)(void *context, unsigned level, qt_phys page, qt_iova base); /* or NULL */
	void *context;
	struct qt_table_fault *fault;
	struct qt_mapping joined;    /* not yet handed out; size 0: none */
	bool met_bad;                /* an entry that hardware refuses was passed over */
	qt_phys path[QT_LEVELS_MAX]; /* tables on the way down, by level */
};

static int scan_flush(struct scan *scan)
{
	int error = scan->joined.size ? scan->visit(scan->context, &scan->joined) : 0;

	scan->joined.size = 0;
	return error;
}

/* Hands out what came before, unless it goes on with this. */
static int scan_join(struct scan *scan, const struct qt_mapping *m)
{
	struct qt_mapping *joined = &scan->joined;
	int error;

	if (!scan->visit)
		return QT_E_BUSY;
	if (joined->size && joined->iova + joined->size == m->iova && joined->perms == m->perms &&
		joined->elsewhere == m->elsewhere &&
		(m->elsewhere || joined->phys + joined->size == m->phys)) {
		joined->size += m->size;
		return 0;
	}
	error = scan_flush(scan);
	*joined = *m;
	return error;
}

static int scan_leaf(struct scan *scan, const struct qt_entry *entry, unsigned perms,
	uint64_t first, uint64_t last)
{
	uint64_t mask = (1ull << entry->size_lg2) - 1;
	struct qt_mapping m = {
		.iova = first,
		.phys = (entry->output & ~mask) + (first & mask),
		.size = last - first + 1,
		.perms = (uint8_t)perms,
	};

	m.elsewhere = scan->outputs && !qt_ranges_overlap(scan->outputs, m.phys, m.phys + m.size);
	return scan_join(scan, &m);
}

/* What no output matters of: leaves that lead elsewhere, entries that let no device through. */
static int scan_elsewhere(struct scan *scan, unsigned perms, uint64_t first, uint64_t last)
{
	struct qt_mapping m = {.iova = first,
		.size = last - first + 1,
		.perms = (uint8_t)perms,
		.elsewhere = true};

	return scan_join(scan, &m);
}

static int scan_table(
	struct scan *scan, unsigned level, qt_phys page, uint64_t base, unsigned perms);

static uint64_t in_window_from(const struct scan *scan, uint64_t first)
{
	return first > scan->first ? first : scan->first;
}

static uint64_t in_window_to(const struct scan *scan, uint64_t last)
{
	return last < scan->last ? last : scan->last;
}

static int scan_entry(struct scan *scan, unsigned level, const struct qt_entry *entry,
	uint64_t base, unsigned perms)
{
	uint64_t last = base + ((1ull << qt_level_lg2(scan->geometry, level)) - 1);
	uint64_t from = in_window_from(scan, base);
	uint64_t to = in_window_to(scan, last);

	if (entry->kind == QT_ENTRY_EMPTY)
		return 0;
	if (entry->perms == 0)
		return scan_elsewhere(scan, 0, from, to);
	perms &= entry->perms;
	if (perms == 0)
		return 0;
	if (entry->kind == QT_ENTRY_TABLE) {
		/* Levels that are skipped have no table on this way down. */
		for (unsigned l = entry->next_level + 1u; l < level; l++)
			scan->path[l] = NO_TABLE;
		return scan_table(scan, entry->next_level, entry->output, base, perms);
	}
	return scan_leaf(scan, entry, perms, from, to);
}

/* A part of a table, as it was read: aligned, for that is copied faster. */
struct run {
	_Alignas(64) uint64_t raw[SCAN_RUN + BLOCK]; /* with what a last block is filled up with */
	unsigned n;
	unsigned level;
	qt_phys at;
	qt_iova base;   /* what the first entry is for */
	unsigned perms; /* of the way down */
};

/*
 * Almost all that is in tables are leaves as large as their slots that differ only in
 * where they lead: the one that was decoded last, which stands for those like it.
 */
struct leaves {
	bool any;
	uint64_t raw;
	uint64_t bits; /* those in which they do not differ */
	uint64_t rest; /* such an entry without where it leads, as a number */
	struct qt_entry entry;
};

/* All bits in which entries of a block differ from this one. */
static uint64_t differences(const uint64_t *block, uint64_t raw)
{
	uint64_t differ = 0;

#pragma GCC unroll 16
	for (unsigned i = 0; i < BLOCK; i++)
		differ |= block[i] ^ raw;
	return differ;
}

/*
 * The first entry of a block that differs from this one in these bits; there is one.
 * Inlined, it would have the compiler keep each block's entries for it.
 */
static __attribute__((noinline)) unsigned first_other(
	const uint64_t *block, uint64_t raw, uint64_t bits)
{
	unsigned others = 0;

#pragma GCC unroll 16
	for (unsigned i = BLOCK; i-- > 0;)
		others = 2 * others + (((block[i] ^ raw) & bits) != 0);
	return (unsigned)__builtin_ctz(others);
}

/* Of n entries, those from the first on that differ from it in none of these bits. */
static unsigned count_alike(const uint64_t *raw, unsigned n, uint64_t bits)
{
	unsigned i = 0;

	for (; i < n && ((raw[i] ^ raw[0]) & bits) == 0; i += BLOCK) {
		if (differences(&raw[i], raw[0]) & bits) {
			i += first_other(&raw[i], raw[0], bits);
			break;
		}
	}
	return i < n ? i : n;
}

/* How many entries of a block are in [start, start + size) as numbers. */
static unsigned count_inside(const uint64_t *block, uint64_t start, uint64_t size)
{
	unsigned inside = 0;

#pragma GCC unroll 16
	for (unsigned i = 0; i < BLOCK; i++)
		inside += block[i] - start < size;
	return inside;
}

/* Whether none of n such leaves, nor what fills up their last block, leads where it matters. */
static bool lead_elsewhere(
	const struct scan *scan, const struct leaves *leaves, const uint64_t *raw, unsigned n)
{
	for (size_t i = 0; i < scan->outputs->count; i++) {
		uint64_t mask = (1ull << leaves->entry.size_lg2) - 1;
		uint64_t start = scan->outputs->list[i].start & ~mask;
		uint64_t size = scan->outputs->list[i].end - start;

		for (unsigned j = 0; j < n; j += BLOCK)
			if (count_inside(&raw[j], start + leaves->rest, size))
				return false;
	}
	return true;
}

/* n such leaves, from the one with this index on. */
static int scan_leaves(struct scan *scan, const struct leaves *leaves, const struct run *run,
	unsigned index, unsigned n)
{
	unsigned lg2 = leaves->entry.size_lg2;
	uint64_t first = run->base + ((uint64_t)index << lg2);
	struct qt_entry entry = leaves->entry;
	int error = 0;

	if (lead_elsewhere(scan, leaves, &run->raw[index], n))
		return scan_elsewhere(scan, run->perms & entry.perms, in_window_from(scan, first),
			in_window_to(scan, first + (((uint64_t)n << lg2) - 1)));
	for (unsigned i = 0; i < n && error == 0; i++) {
		entry.output = run->raw[index + i] - leaves->rest;
		error = scan_entry(
			scan, run->level, &entry, first + ((uint64_t)i << lg2), run->perms);
	}
	return error;
}

/* A table that is its own ancestor would be walked until the limit: say so at once. */
static bool is_ancestor(const struct scan *scan, unsigned level, qt_phys page)
{
	for (unsigned l = level + 1u; l < scan->geometry->levels; l++)
		if (scan->path[l] == page)
			return true;
	return false;
}

/* Hardware refuses such an entry: nothing translates there, and the scan goes on behind it. */
static void pass_over(struct scan *scan, unsigned level, qt_iova iova, qt_phys entry, uint64_t raw)
{
	if (!scan->met_bad)
		report_fault(scan->fault, QT_E_BAD, level, iova, entry, raw);
	scan->met_bad = true;
}

/* All bits of leaves as large as their slots but those that say where they lead. */
static uint64_t attribute_bits(const struct qt_geometry *g, unsigned level)
{
	uint64_t address_bits = g->format->address_bits & ~((1ull << qt_level_lg2(g, level)) - 1);

	if (g->output_bits < 64)
		address_bits &= (1ull << g->output_bits) - 1;
	return ~address_bits;
}

static void decode(
	const struct scan *scan, const struct run *run, uint64_t raw, struct leaves *leaves)
{
	const struct qt_geometry *g = scan->geometry;
	struct qt_entry *entry = &leaves->entry;

	g->format->decode(g, run->level, &raw, 1, entry);
	leaves->any = scan->outputs && entry->kind == QT_ENTRY_LEAF && entry->perms & run->perms &&
		      entry->size_lg2 == qt_level_lg2(g, run->level);
	leaves->raw = raw;
	leaves->rest = raw - entry->output;
}

static int scan_run(struct scan *scan, const struct run *run)
{
	unsigned lg2 = qt_level_lg2(scan->geometry, run->level);
	struct leaves leaves;
	unsigned alike;
	int error = 0;

	leaves.any = false;
	leaves.bits = attribute_bits(scan->geometry, run->level);
	for (unsigned i = 0; i < run->n && error == 0; i += alike) {
		const uint64_t *raw = &run->raw[i];
		uint64_t slot = run->base + ((uint64_t)i << lg2);

		alike = 1;
		if (*raw == 0) {
			alike = count_alike(raw, run->n - i, ~0ull);
			continue;
		}
		if (!leaves.any || (*raw ^ leaves.raw) & leaves.bits)
			decode(scan, run, *raw, &leaves);
		if (leaves.any) {
			alike = count_alike(raw, run->n - i, leaves.bits);
			error = scan_leaves(scan, &leaves, run, i, alike);
		} else if (leaves.entry.kind == QT_ENTRY_BAD) {
			pass_over(scan, run->level, slot, run->at + i * sizeof(*raw), *raw);
		} else {
			error = scan_entry(scan, run->level, &leaves.entry, slot, run->perms);
		}
	}
	return error;
}

static int scan_table(
	struct scan *scan, unsigned level, qt_phys page, uint64_t base, unsigned perms)
{
	const struct qt_geometry *g = scan->geometry;
	uint64_t last = base + level_last(g, level);
	struct run run;
	unsigned index, end;
	int error;

	if (base > scan->last || last < scan->first)
		return 0;
	if (is_ancestor(scan, level, page))
		return report_fault(scan->fault, QT_E_LIMIT, level, base, page, page);
	scan->path[level] = page;
	if (scan->table) {
		error = scan->table(scan->context, level, page, base);
		if (error || level == 0)
			return error;
	}

	index = base > scan->first ? 0 : qt_index(g, level, scan->first);
	end = last < scan->last ? qt_table_entries(g, level) : qt_index(g, level, scan->last) + 1u;
	while (index < end) {
		unsigned n = end - index < SCAN_RUN ? end - index : SCAN_RUN;
		qt_phys at = page + index * sizeof(run.raw[0]);

		error = qt_reader_words(scan->reader, at, run.raw, n);
		if (error)
			return report_fault(scan->fault, error, level, base, at, 0);
		memset(&run.raw[n], 0, BLOCK * sizeof(run.raw[0]));
		run.n = n;
		run.at = at;
		run.level = level;
		run.perms = perms;
		run.base = base + ((uint64_t)index << qt_level_lg2(g, level));
		error = scan_run(scan, &run);
		if (error)
			return error;
		index += n;
	}
	return 0;
}

/* All of a scan, from a table at `level` whose first address is `base`. */
static int run_scan(struct scan *scan, unsigned level, qt_phys page, uint64_t base)
{
	int error = scan_table(scan, level, page, base, QT_RW & ~(unsigned)scan->geometry->denied);

	if (error == 0)
		error = scan_flush(scan);
	else if (error == QT_E_OUTSIDE || error == QT_E_LIMIT || error == QT_E_IO)
		scan_flush(scan); /* what was found before was found all the same */
	return error == 0 && scan->met_bad ? QT_E_BAD : error;
}

/* From a table in the middle of a tree. */
static int scan_from(struct qt_reader *reader, const struct qt_geometry *geometry, unsigned level,
	qt_phys page, uint64_t base, struct qt_range window, const struct qt_ranges *outputs,
	int (*visit)(void *context, const struct qt_mapping *mapping), void *context,
	struct qt_table_fault *fault)
{
	struct scan scan = {
		.reader = reader,
		.geometry = geometry,
		.first = window.start,
		.last = window.end - 1,
		.outputs = outputs,
		.visit = visit,
		.context = context,
		.fault = fault,
	};

	return window.start < window.end ? run_scan(&scan, level, page, base) : 0;
}

int qt_scan(struct qt_reader *reader, const struct qt_table *table, struct qt_range window,
	const struct qt_ranges *outputs,
	int (*visit)(void *context, const struct qt_mapping *mapping), void *context,
	struct qt_table_fault *fault)
{
	/* Where hardware takes fewer bits, the root may end there. */
	if (window.end > qt_table_span(table))
		window.end = qt_table_span(table);
	return scan_from(reader, &table->geometry, table->geometry.levels - 1u, table->root, 0,
		window, outputs, visit, context, fault);
}

int qt_subtree_empty(struct qt_reader *reader, const struct qt_geometry *geometry,
	const struct qt_entry *entry, uint64_t base, struct qt_table_fault *fault)
{
	uint64_t end = base + (1ull << qt_level_lg2(geometry, entry->next_level + 1u));

	return scan_from(reader, geometry, entry->next_level, entry->output, base,
		(struct qt_range){base, end}, &qt_nowhere, NULL, NULL, fault);
}

static int pass_leaf(void *context, const struct qt_mapping *mapping)
{
	(void)context;
	(void)mapping;
	return 0;
}

int qt_each_table(struct qt_reader *reader, const struct qt_table *table,
	int (*visit)(void *context, unsigned level, qt_phys page, qt_iova base), void *context)
{
	struct scan scan = {
		.reader = reader,
		.geometry = &table->geometry,
		.last = qt_table_span(table) - 1,
		.visit = pass_leaf,
		.table = visit,
		.context = context,
	};

	return run_scan(&scan, table->geometry.levels - 1u, table->root, 0);
}
