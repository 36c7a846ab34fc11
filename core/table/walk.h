/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the walker's files share among themselves.
 */
#ifndef QUIETUS_CORE_WALK_H
#define QUIETUS_CORE_WALK_H

#include <quietus/table.h>

/* Entries read and decoded at a time, where all are decoded: bounds the stack a level takes. */
#define QT_RUN 64

/* Index of the entry for `iova` in its table at `level`. */
static inline unsigned qt_index(const struct qt_geometry *g, unsigned level, uint64_t iova)
{
	return (unsigned)(iova >> qt_level_lg2(g, level)) & (qt_table_entries(g, level) - 1);
}

/* A leaf, and where it stands: the slot that the address looked up selects. */
struct qt_leaf {
	struct qt_mapping mapping; /* the whole leaf */
	qt_phys at;
	uint64_t raw;
	uint8_t level;
};

/* qt_lookup, with the place of the entry. */
int qt_find_leaf(struct qt_reader *reader, const struct qt_table *table, qt_iova iova,
	struct qt_leaf *leaf, struct qt_table_fault *fault);

/*
 * Whether nothing at all translates below an entry for `base` that leads to a table: 0,
 * QT_E_BUSY, or as qt_scan's errors why it cannot be told. *fault may be NULL.
 */
int qt_subtree_empty(struct qt_reader *reader, const struct qt_geometry *geometry,
	const struct qt_entry *entry, uint64_t base, struct qt_table_fault *fault);

/*
 * Calls visit for every table that DMA may go through, with the first IOVA it is for:
 * again for each way that leads there. Those of the lowest level are not read. A visit
 * that returns non-zero ends it with that value. Errors as qt_scan's.
 */
int qt_each_table(struct qt_reader *reader, const struct qt_table *table,
	int (*visit)(void *context, unsigned level, qt_phys page, qt_iova base), void *context);

#endif
