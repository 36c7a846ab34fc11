/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sets of ranges: any set, any operation on it, and any address asked about.
 *
 * Bounds: sets of up to RANGES ranges, in lists of exactly that many. What is left out:
 * longer lists, in which the search takes more steps and more is moved. Addresses are the
 * 16 lowest and the 16 highest there are: the code only compares them and adds one, so of
 * the at most ten different ones that there are at a time no more than their order matters,
 * and how near they are to one another and to the last one.
 */
#include "../prove.h"

#define RANGES 3u

static struct qt_range list[RANGES];

void *memmove(void *to, const void *from, size_t len)
{
	return move_ranges(to, from, len, RANGES);
}

static bool is_set(const struct qt_ranges *set)
{
	bool sound = set->count <= RANGES;

	for (size_t i = 0; i < RANGES; i++)
		if (i < set->count)
			sound = sound && list[i].start < list[i].end &&
				(i == 0 || list[i - 1].end < list[i].start);
	return sound;
}

static bool holds(const struct qt_ranges *set, uint64_t at)
{
	bool found = false;

	for (size_t i = 0; i < RANGES; i++)
		found = found || (i < set->count && list[i].start <= at && at < list[i].end);
	return found;
}

static struct qt_ranges any_set(void)
{
	struct qt_ranges set = {list, nondet_size(), RANGES};

	for (size_t i = 0; i < RANGES; i++)
		list[i] = (struct qt_range){extreme_address(), extreme_address()};
	ASSUME(is_set(&set));
	return set;
}

static void adding(void)
{
	struct qt_ranges set = any_set();
	uint64_t start = extreme_address(), end = extreme_address(), probe = extreme_address();
	bool held = holds(&set, probe);
	size_t count = set.count;
	int error = qt_ranges_add(&set, start, end);

	CHECK(is_set(&set), "still a set");
	CHECK(error != QT_E_INVAL || start >= end, "refused for its ends");
	CHECK(error != QT_E_NOMEM || count == RANGES, "refused for the room it takes");
	CHECK(holds(&set, probe) == (held || (!error && start <= probe && probe < end)),
		"what was added is in it, the rest as before");
}

static void removing(void)
{
	struct qt_ranges set = any_set();
	uint64_t start = extreme_address(), end = extreme_address(), probe = extreme_address();
	bool held = holds(&set, probe);
	size_t count = set.count;
	int error = qt_ranges_remove(&set, start, end);

	CHECK(is_set(&set), "still a set");
	CHECK(error != QT_E_INVAL || start > end, "refused for its ends");
	CHECK(error != QT_E_NOMEM || count == RANGES, "refused for the room it takes");
	CHECK(holds(&set, probe) == (held && (error || probe < start || probe >= end)),
		"what was removed is gone, the rest as before");
}

static bool held_somewhere(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	bool found = false;

	for (size_t i = 0; i < RANGES; i++)
		found = found || (i < set->count && list[i].start < end && start < list[i].end);
	return found;
}

/* Ranges that touch are one, so it must be one that holds it. */
static bool held_all(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	bool found = false;

	for (size_t i = 0; i < RANGES; i++)
		found = found || (i < set->count && list[i].start <= start && end <= list[i].end);
	return found;
}

static void asking(void)
{
	struct qt_ranges set = any_set();
	uint64_t start = extreme_address(), end = extreme_address();
	bool nothing = start >= end;

	CHECK(qt_ranges_contain(&set, start, end) == (nothing || held_all(&set, start, end)),
		"all of it is in the set");
	CHECK(qt_ranges_overlap(&set, start, end) == (!nothing && held_somewhere(&set, start, end)),
		"something of it is in the set");
}

int main(void)
{
	VARIANT();
	return 0;
}
