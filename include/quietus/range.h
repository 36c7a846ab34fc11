/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets of addresses as sorted lists of ranges that neither touch nor overlap.
 */
#ifndef QUIETUS_RANGE_H
#define QUIETUS_RANGE_H

#include <quietus/types.h>

struct qt_ranges {
	struct qt_range *list; /* the caller's memory */
	size_t count;
	size_t capacity; /* entries in list */
};

/* Adds [start, end), merging. QT_E_INVAL if start >= end, QT_E_NOMEM if the list is full. */
int qt_ranges_add(struct qt_ranges *set, uint64_t start, uint64_t end);

/* Takes [start, end) out, splitting where needed. QT_E_NOMEM if a split finds no room. */
int qt_ranges_remove(struct qt_ranges *set, uint64_t start, uint64_t end);

/* Whether all of [start, end) is in the set; true for an empty range. */
bool qt_ranges_contain(const struct qt_ranges *set, uint64_t start, uint64_t end);

/* Whether any byte of [start, end) is in the set. */
bool qt_ranges_overlap(const struct qt_ranges *set, uint64_t start, uint64_t end);

#endif
