/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The allocator of IOVAs, on any set of IOVAs in use.
 *
 * Bounds: up to RANGES ranges in use, of which it looks at one gap after the other. What is
 * in use lies in the lowest PLACES granules, which have 4 KiB; so do floor, limit and size,
 * at a granule's end or near it, or they are as high as can be. Alignments are any power of two,
 * and small numbers that are none. What is left out: more ranges, and distances between. Sets
 * of ranges themselves are proved in `ranges`.
 */
#include <quietus/occupancy.h>

#include "../prove.h"

#define RANGES 2u
#define PLACES 16u

static struct qt_range list[RANGES];
static struct qt_occupancy occupancy;

static uint64_t any_granule(void)
{
	return (uint64_t)(nondet_u8() & (PLACES - 1)) << 12;
}

static uint64_t any_place(void)
{
	uint64_t at = any_granule();

	return nondet_bool() ? at : nondet_bool() ? at + 1 : at - 1;
}

static uint64_t granule_mask(void)
{
	return (1ull << occupancy.granule_lg2) - 1;
}

static bool in_use(uint64_t start, uint64_t end)
{
	bool found = false;

	for (size_t i = 0; i < RANGES; i++)
		found = found ||
			(i < occupancy.used.count && list[i].start < end && start < list[i].end);
	return found;
}

/* What the allocator takes, once at the most. */
static struct qt_range taken;

int qt_ranges_add(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	CHECK(set == &occupancy.used && taken.end == 0, "one range is taken");
	CHECK(!in_use(start, end), "what is taken was free");
	taken = (struct qt_range){start, end};
	return any_ranges_add(set, start, end);
}

int qt_ranges_remove(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	CHECK(set == &occupancy.used && start < end && ((start | end) & granule_mask()) == 0,
		"whole granules are freed");
	return nondet_bool() ? QT_OK : QT_E_NOMEM;
}

bool qt_ranges_contain(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	CHECK(set == &occupancy.used && start <= end, "a range that is asked for");
	return nondet_bool();
}

static void allocating(void)
{
	uint64_t mask = granule_mask(), size = any_place();
	uint64_t align = nondet_bool() ? nondet_u8() & 7 : 1ull << (nondet_u8() & 63);
	qt_iova floor = any_place(), limit = any_place(), iova, other = any_place();
	uint64_t whole = (size + mask) & ~mask;
	/* Another place that is as good. */
	bool other_fits = other >= floor && other <= limit && whole <= limit - other &&
			  (other & (align - 1)) == 0 && (other & mask) == 0 &&
			  !in_use(other, other + whole);
	int error = qt_occupancy_allocate(&occupancy, size, align, floor, limit, &iova);

	if (error == QT_E_INVAL)
		CHECK(size == 0 || align == 0 || align & (align - 1) ||
				size > UINT64_MAX - mask - 1,
			"refused for a reason");
	CHECK(error != QT_E_NOTFOUND || !other_fits, "found where there is a place");
	if (error)
		return;
	CHECK(taken.start == iova && taken.end == iova + whole, "all that was asked for is taken");
	CHECK(iova >= floor && iova <= limit && whole <= limit - iova, "within what was asked for");
	CHECK((iova & (align - 1)) == 0 && (iova & mask) == 0, "aligned");
	CHECK(!other_fits || other <= iova, "the highest place");
}

static void freeing(void)
{
	uint64_t iova = any_place(), size = any_place();

	qt_occupancy_free(&occupancy, iova, size);
}

int main(void)
{
	occupancy = (struct qt_occupancy){.used = {list, nondet_size(), RANGES}, .granule_lg2 = 12};
	ASSUME(occupancy.used.count <= RANGES);
	for (size_t i = 0; i < RANGES; i++) {
		list[i] = (struct qt_range){any_granule(), any_granule()};
		ASSUME(list[i].start < list[i].end);
		ASSUME(i == 0 || list[i - 1].end < list[i].start);
	}
	VARIANT();
	return 0;
}
