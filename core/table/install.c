/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Giving live tables the capture mapping without touching what translates.
 */
#include "walk.h"

struct install {
	struct qt_reader *reader;
	const struct qt_geometry *geometry;
	struct qt_capture *capture;
	uint64_t first, last; /* inclusive */
	bool partial;         /* leave out what is taken */
	int (*add)(void *context, const struct qt_store *store);
	void *context;
	struct qt_table_fault *fault;
};

static int fail(
	struct install *in, int error, unsigned level, uint64_t iova, qt_phys at, uint64_t raw)
{
	if (in->fault)
		*in->fault = (struct qt_table_fault){
			.iova = iova, .entry = at, .raw = raw, .level = (uint8_t)level};
	return error;
}

/* Something is in the way. */
static int taken(struct install *in, unsigned level, uint64_t iova, qt_phys at, uint64_t raw)
{
	return in->partial ? QT_OK : fail(in, QT_E_BUSY, level, iova, at, raw);
}

static int replace(struct install *in, unsigned level, uint64_t base, qt_phys at, uint64_t raw)
{
	const struct qt_geometry *g = in->geometry;
	struct qt_store store = {
		.at = at,
		.before = raw,
		.hardware_bits = g->accessed_dirty ? g->format->hardware_bits : 0,
	};
	int error = qt_capture_entry(in->capture, level, base, &store.after);

	return error ? error : in->add(in->context, &store);
}

/* A leaf is in the way unless it already is what the capture mapping would be. */
static bool leaf_agrees(const struct qt_entry *entry, uint64_t base)
{
	uint64_t mask = (1ull << entry->size_lg2) - 1;

	return (entry->perms & QT_RW) == QT_RW && (entry->output & ~mask) == (base & ~mask);
}

static int install_table(struct install *in, unsigned level, qt_phys page, uint64_t base);

/*
 * Whether a table at `next` spans all of what is wanted in the slot at `base` of
 * a table at `level`: where levels are skipped, it spans only the slot's start.
 */
static bool reaches(const struct install *in, unsigned level, unsigned next, uint64_t base)
{
	uint64_t slot_last = base + ((1ull << qt_level_lg2(in->geometry, level)) - 1);
	uint64_t last = base + ((1ull << qt_level_lg2(in->geometry, next + 1)) - 1);

	return (in->last < slot_last ? in->last : slot_last) <= last;
}

static int install_entry(struct install *in, unsigned level, const struct qt_entry *entry,
	uint64_t base, qt_phys at, uint64_t raw)
{
	const struct qt_geometry *g = in->geometry;
	int error;

	switch (entry->kind) {
	case QT_ENTRY_EMPTY:
		return replace(in, level, base, at, raw);
	case QT_ENTRY_TABLE:
		/* Somebody's who is no device: not ours to look into, nor to replace. */
		if (entry->perms == 0)
			return fail(in, QT_E_BUSY, level, base, at, raw);
		error = qt_subtree_empty(in->reader, g, entry, base, in->fault);
		if (error == QT_OK)
			return replace(in, level, base, at, raw);
		if (error != QT_E_BUSY)
			return error;
		/* The way down must let everything through, and reach as far as is wanted. */
		if ((entry->perms & QT_RW) != QT_RW || !reaches(in, level, entry->next_level, base))
			return taken(in, level, base, at, raw);
		return install_table(in, entry->next_level, entry->output, base);
	case QT_ENTRY_LEAF:
		return leaf_agrees(entry, base) ? QT_OK : taken(in, level, base, at, raw);
	default:
		return fail(in, QT_E_BAD, level, base, at, raw);
	}
}

static int install_table(struct install *in, unsigned level, qt_phys page, uint64_t base)
{
	const struct qt_geometry *g = in->geometry;
	unsigned lg2 = qt_level_lg2(g, level);
	uint64_t last = base + (((uint64_t)qt_table_entries(g, level) << lg2) - 1);
	unsigned index = base > in->first ? 0 : qt_index(g, level, in->first);
	unsigned end =
		last < in->last ? qt_table_entries(g, level) : qt_index(g, level, in->last) + 1u;
	int error = QT_OK;

	while (error == QT_OK && index < end) {
		uint64_t raw[QT_RUN];
		struct qt_entry entries[QT_RUN];
		unsigned n = end - index < QT_RUN ? end - index : QT_RUN;
		qt_phys at = page + index * sizeof(raw[0]);

		error = qt_reader_words(in->reader, at, raw, n);
		if (error)
			return fail(in, error, level, base, at, 0);
		g->format->decode(g, level, raw, n, entries);
		for (unsigned i = 0; i < n && error == QT_OK; i++)
			error = install_entry(in, level, &entries[i],
				base + ((uint64_t)(index + i) << lg2), at + i * sizeof(raw[0]),
				raw[i]);
		index += n;
	}
	return error;
}

/* Leaves parts of granules out of a range. Whether anything is left. */
static bool trim(const struct qt_geometry *g, struct qt_range *range)
{
	uint64_t mask = (1ull << g->granule_lg2) - 1;

	range->end &= ~mask;
	if (range->start >= range->end)
		return false;
	range->start = (range->start + mask) & ~mask;
	return range->start < range->end;
}

int qt_install(struct qt_reader *reader, const struct qt_table *table, struct qt_capture *capture,
	struct qt_range range, bool partial,
	int (*add)(void *context, const struct qt_store *store), void *context,
	struct qt_table_fault *fault)
{
	struct install in = {
		.reader = reader,
		.geometry = &table->geometry,
		.capture = capture,
		.partial = partial,
		.add = add,
		.context = context,
		.fault = fault,
	};

	if (range.start >= range.end)
		return QT_E_INVAL;
	if (partial && !trim(&table->geometry, &range))
		return QT_OK;
	in.first = range.start;
	in.last = range.end - 1;
	if (range.end > qt_table_reach(table) || table->geometry.denied)
		return fail(
			&in, QT_E_BUSY, table->geometry.levels - 1u, range.start, table->root, 0);
	return install_table(&in, table->geometry.levels - 1u, table->root, 0);
}
