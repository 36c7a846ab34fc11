/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which IOVAs of a domain are in use: rebuilt from its live tables, and an
 * allocator on top.
 */
#ifndef QUIETUS_OCCUPANCY_H
#define QUIETUS_OCCUPANCY_H

#include <quietus/table.h>

struct qt_occupancy {
	struct qt_ranges used; /* the list is the caller's memory */
	uint8_t granule_lg2;
};

/*
 * Fills `occupancy` (emptied first) with every IOVA that translates in `table`.
 * QT_E_NOMEM when used.capacity is too small; other errors as qt_scan's.
 */
int qt_occupancy_rebuild(struct qt_occupancy *occupancy, struct qt_reader *reader,
	const struct qt_table *table, struct qt_table_fault *fault);

/*
 * Finds and takes the highest free range of `size` bytes that starts at a
 * multiple of `align` (a power of two), not below `floor` and ending at or
 * before `limit`. Size is rounded up to granules. QT_E_NOTFOUND if there is
 * none, QT_E_INVAL for a size of 0 or an align that is no power of two,
 * QT_E_NOMEM when the list is full.
 */
int qt_occupancy_allocate(struct qt_occupancy *occupancy, uint64_t size, uint64_t align,
	qt_iova floor, qt_iova limit, qt_iova *iova);

/* Gives a range back. QT_E_INVAL if it was not wholly in use. */
int qt_occupancy_free(struct qt_occupancy *occupancy, qt_iova iova, uint64_t size);

#endif
