/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changing requester tables: words of the dead kernel's by stores to be made later,
 * tables of our own, which nothing leads to yet, in place.
 */
#ifndef QUIETUS_CORE_CHANGE_H
#define QUIETUS_CORE_CHANGE_H

#include <quietus/unit.h>

/* For what one entry's tables take; of our own, too. */
struct qt_reader qt_change_reader(const struct qt_unit_change *change);

/*
 * The words at `at`, in tables made just now too, as they will be once all stores
 * are made. Errors as qt_lookup's.
 */
int qt_change_words(
	const struct qt_unit_change *change, qt_phys at, uint64_t *words, unsigned count);

/* Changes one word from `before`, if that is a change. Errors as add's. */
int qt_change_put(const struct qt_unit_change *change, qt_phys at, uint64_t before, uint64_t after);

/*
 * Writes an entry of `count` words, the bit that makes it present or valid being in
 * the first: that goes last, so the entry becomes so whole.
 */
int qt_change_put_entry(const struct qt_unit_change *change, qt_phys at, const uint64_t *before,
	const uint64_t *after, unsigned count);

/* `size` bytes of our own, a power of two and aligned to it, zeroed and seen so by hardware. */
int qt_change_new(const struct qt_unit_change *change, size_t size, qt_phys *at);

#endif
