/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the walker's files share among themselves.
 */
#ifndef QUIETUS_CORE_WALK_H
#define QUIETUS_CORE_WALK_H

#include <quietus/table.h>

/* Entries read and decoded at a time: bounds the stack a level takes. */
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

/* qt_scan from a table in the middle of a tree: at `level`, whose first address is `base`. */
int qt_scan_from(struct qt_reader *reader, const struct qt_geometry *geometry, unsigned level,
	qt_phys page, uint64_t base, struct qt_range window,
	int (*visit)(void *context, const struct qt_mapping *mapping), void *context,
	struct qt_table_fault *fault);

#endif
