// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/memory.h>
#include <quietus/range.h>

/* Index of the first range that ends at or after `at`; set->count if there is none. */
static size_t first_reaching(const struct qt_ranges *set, uint64_t at)
{
	size_t low = 0;
	size_t high = set->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (set->list[middle].end < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The same for ranges that end after `at`. `at` is below UINT64_MAX: some range's start. */
static size_t first_after(const struct qt_ranges *set, uint64_t at)
{
	return first_reaching(set, at + 1);
}

/* Makes room for `room` ranges in place of the `old` ones from `index` on. */
static int replace(struct qt_ranges *set, size_t index, size_t old, size_t room)
{
	if (set->count - old + room > set->capacity)
		return QT_E_NOMEM;

	size_t tail = set->count - index - old;
	if (old != room)
		memmove(&set->list[index + room], &set->list[index + old],
			tail * sizeof(set->list[0]));
	set->count = set->count - old + room;
	return QT_OK;
}

int qt_ranges_add(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	if (start >= end)
		return QT_E_INVAL;
	/* What comes in ascending order needs no search. */
	if (set->count && set->count < set->capacity && set->list[set->count - 1].end < start) {
		set->list[set->count++] = (struct qt_range){start, end};
		return QT_OK;
	}

	/* Ranges [first, last) touch or overlap the new one and become part of it. */
	size_t first = first_reaching(set, start);
	size_t last = first;
	while (last < set->count && set->list[last].start <= end)
		last++;

	struct qt_range merged = {start, end};
	if (first < last) {
		if (set->list[first].start < start)
			merged.start = set->list[first].start;
		if (set->list[last - 1].end > end)
			merged.end = set->list[last - 1].end;
	}

	int error = replace(set, first, last - first, 1);
	if (!error)
		set->list[first] = merged;
	return error;
}

int qt_ranges_remove(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	if (start > end)
		return QT_E_INVAL;
	if (start == end)
		return QT_OK;

	/* Ranges [first, last) lose something; a piece may stay on either side. */
	size_t first = first_after(set, start);
	size_t last = first;
	while (last < set->count && set->list[last].start < end)
		last++;
	if (first == last)
		return QT_OK;

	struct qt_range before = {set->list[first].start, start};
	struct qt_range after = {end, set->list[last - 1].end};
	bool keep_before = before.start < before.end;
	bool keep_after = after.start < after.end;

	int error = replace(set, first, last - first, (size_t)keep_before + keep_after);
	if (error)
		return error;
	if (keep_before)
		set->list[first] = before;
	if (keep_after)
		set->list[first + keep_before] = after;
	return QT_OK;
}

bool qt_ranges_contain(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	if (start >= end)
		return true;

	size_t index = first_after(set, start);
	return index < set->count && set->list[index].start <= start && end <= set->list[index].end;
}

bool qt_ranges_overlap(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	if (start >= end)
		return false;

	size_t index = first_after(set, start);
	return index < set->count && set->list[index].start < end;
}
