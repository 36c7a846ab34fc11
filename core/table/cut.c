// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Taking out the leaves that lead where no leftover DMA may go. */
#include "walk.h"

struct cut {
	struct qt_reader *reader;
	const struct qt_table *table;
	const struct qt_ranges *outputs;
	int (*add)(void *context, const struct qt_store *store);
	void *context;
	struct qt_table_fault *fault;
};

static bool leads_there(const struct cut *cut, const struct qt_entry *entry)
{
	uint64_t mask = (1ull << entry->size_lg2) - 1;
	qt_phys start = entry->output & ~mask;

	return entry->kind == QT_ENTRY_LEAF && entry->perms &&
	       qt_ranges_overlap(cut->outputs, start, start + mask + 1);
}

/* All slots of a leaf: there are several where its size is between two levels'. */
static int cut_leaf(const struct cut *cut, const struct qt_leaf *leaf, qt_iova iova)
{
	const struct qt_geometry *g = &cut->table->geometry;
	unsigned lg2 = qt_level_lg2(g, leaf->level);
	uint64_t slots = leaf->mapping.size >> lg2;
	qt_phys first = leaf->at - ((iova - leaf->mapping.iova) >> lg2) * sizeof(uint64_t);
	int error = QT_OK;

	for (uint64_t i = 0; i < slots && error == QT_OK; i++) {
		struct qt_store store = {
			.at = first + i * sizeof(uint64_t),
			.hardware_bits = g->accessed_dirty ? g->format->hardware_bits : 0,
		};
		struct qt_entry entry;

		error = qt_reader_words(cut->reader, store.at, &store.before, 1);
		if (error)
			break;
		g->format->decode(g, leaf->level, &store.before, 1, &entry);
		if (leads_there(cut, &entry))
			error = cut->add(cut->context, &store);
	}
	return error;
}

/* Every leaf that translates a part of [iova, last]. */
static int cut_iovas(const struct cut *cut, qt_iova iova, qt_iova last)
{
	for (;;) {
		struct qt_leaf leaf;
		int error = qt_find_leaf(cut->reader, cut->table, iova, &leaf, cut->fault);

		if (error == QT_OK)
			error = cut_leaf(cut, &leaf, iova);
		if (error || last - leaf.mapping.iova < leaf.mapping.size)
			return error;
		iova = leaf.mapping.iova + leaf.mapping.size;
	}
}

static int cut_mapping(void *context, const struct qt_mapping *m)
{
	const struct cut *cut = context;
	int error = QT_OK;

	if (m->elsewhere || m->iova == m->phys)
		return QT_OK;
	for (size_t i = 0; i < cut->outputs->count && error == QT_OK; i++) {
		const struct qt_range *out = &cut->outputs->list[i];
		uint64_t start = out->start > m->phys ? out->start : m->phys;
		uint64_t end = out->end < m->phys + m->size ? out->end : m->phys + m->size;

		if (start < end)
			error = cut_iovas(
				cut, m->iova + (start - m->phys), m->iova + (end - 1 - m->phys));
	}
	return error;
}

int qt_cut(struct qt_reader *reader, const struct qt_table *table, const struct qt_ranges *outputs,
	int (*add)(void *context, const struct qt_store *store), void *context,
	struct qt_table_fault *fault)
{
	struct cut cut = {reader, table, outputs, add, context, fault};
	struct qt_range all = {0, qt_table_span(table)};
	int error = qt_scan(reader, table, all, outputs, cut_mapping, &cut, fault);

	/* Entries that hardware refuses lead nowhere. */
	return error == QT_E_BAD ? QT_OK : error;
}
