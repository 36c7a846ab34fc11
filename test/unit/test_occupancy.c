/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Occupancy: rebuilt from live tables, and an allocator compared with a plain map
 * of pages in random sequences.
 */
#include <machine/dead.h>
#include <quietus/occupancy.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PAGES 256u

/* An allocator over the first PAGES pages, and one byte a page that says the same. */
struct pair {
	struct qt_occupancy occupancy;
	struct qt_range list[PAGES + 2];
	bool used[PAGES];
};

static void start(struct pair *pair, size_t capacity)
{
	memset(pair, 0, sizeof(*pair));
	pair->occupancy = (struct qt_occupancy){
		.used = {.list = pair->list, .capacity = capacity}, .granule_lg2 = 12};
}

static bool free_from(const struct pair *pair, uint64_t first, uint64_t pages)
{
	for (uint64_t i = first; i < first + pages; i++)
		if (i >= PAGES || pair->used[i])
			return false;
	return true;
}

/* The plain way: try every page from the top. */
static bool plain_search(const struct pair *pair, uint64_t pages, uint64_t align, uint64_t floor,
	uint64_t limit, uint64_t *found)
{
	for (uint64_t at = PAGES; at-- > 0;) {
		uint64_t iova = at << 12;

		if (iova % align || iova < floor || iova + (pages << 12) > limit)
			continue;
		if (!free_from(pair, at, pages))
			continue;
		*found = iova;
		return true;
	}
	return false;
}

static void mark(struct pair *pair, uint64_t iova, uint64_t pages, bool used)
{
	for (uint64_t i = iova >> 12; pages--; i++)
		pair->used[i] = used;
}

static const char *allocate(struct pair *pair, struct model_random *random)
{
	uint64_t size = 1 + model_random_below(random, 9 << 12);
	uint64_t pages = (size + 0xfff) >> 12;
	uint64_t align = 1ull << model_random_below(random, 18);
	uint64_t floor = model_random_below(random, PAGES << 12);
	uint64_t limit = model_random_below(random, (PAGES << 12) + 1);
	uint64_t expected, iova;
	bool found =
		plain_search(pair, pages, align < 0x1000 ? 0x1000 : align, floor, limit, &expected);
	int error = qt_occupancy_allocate(&pair->occupancy, size, align, floor, limit, &iova);

	if (error != (found ? 0 : QT_E_NOTFOUND))
		return "allocate's error";
	if (!found)
		return NULL;
	if (iova != expected)
		return "not the highest place";
	mark(pair, iova, pages, true);
	return NULL;
}

static const char *give_back(struct pair *pair, struct model_random *random)
{
	uint64_t first = model_random_below(random, PAGES);
	uint64_t pages = 1 + model_random_below(random, 6);
	bool in_use = first + pages <= PAGES;
	int error = qt_occupancy_free(
		&pair->occupancy, first << 12, (pages << 12) - model_random_below(random, 0x1000));

	for (uint64_t i = first; in_use && i < first + pages; i++)
		in_use = pair->used[i];
	if (error != (in_use ? 0 : QT_E_INVAL))
		return "free's error";
	if (in_use)
		mark(pair, first << 12, pages, false);
	return NULL;
}

static const char *compare(const struct pair *pair)
{
	const struct qt_ranges *used = &pair->occupancy.used;
	uint64_t end = 0;

	for (uint64_t i = 0; i < PAGES; i++)
		if (qt_ranges_contain(used, i << 12, (i + 1) << 12) != pair->used[i] ||
			qt_ranges_overlap(used, i << 12, (i + 1) << 12) != pair->used[i])
			return "a page is not as it should be";
	for (size_t i = 0; i < used->count; i++) {
		if (used->list[i].start >= used->list[i].end || (i && used->list[i].start <= end))
			return "the list is not sorted, or pieces touch";
		end = used->list[i].end;
	}
	return NULL;
}

static void run_seed(uint64_t seed)
{
	struct model_random random = {.state = seed};
	const char *wrong = NULL;
	struct pair pair;

	start(&pair, PAGES);
	for (unsigned i = 0; i < 120 && !wrong; i++) {
		wrong = model_random_chance(&random, 55) ? allocate(&pair, &random)
							 : give_back(&pair, &random);
		if (!wrong)
			wrong = compare(&pair);
	}
	if (wrong)
		fail_msg("QT_SEED=%llu: %s", (unsigned long long)seed, wrong);
}

static void test_against_a_plain_map(void **state)
{
	const char *one = getenv("QT_SEED");
	uint64_t seed = one ? strtoull(one, NULL, 0) : 1;

	(void)state;
	for (uint64_t end = seed + (one ? 1 : 300); seed < end; seed++)
		run_seed(seed);
}

static void test_what_is_asked_wrongly(void **state)
{
	struct pair pair;
	uint64_t iova;

	(void)state;
	start(&pair, PAGES);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 0, 1, 0, 0x10000, &iova), QT_E_INVAL);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 1, 0, 0, 0x10000, &iova), QT_E_INVAL);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 1, 3, 0, 0x10000, &iova), QT_E_INVAL);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, UINT64_MAX, 1, 0, UINT64_MAX, &iova),
		QT_E_INVAL);
	assert_int_equal(qt_occupancy_free(&pair.occupancy, 0, 0), QT_E_INVAL);
	assert_int_equal(qt_occupancy_free(&pair.occupancy, 0x800, 0x1000), QT_E_INVAL);
	assert_int_equal(qt_occupancy_free(&pair.occupancy, 0, 0x1000), QT_E_INVAL);
	assert_int_equal(qt_occupancy_free(&pair.occupancy, ~0xfffull, 0x2000), QT_E_INVAL);
}

static void test_ends_of_the_address_space(void **state)
{
	struct pair pair;
	uint64_t iova;

	(void)state;
	start(&pair, PAGES);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0, UINT64_MAX, &iova), 0);
	assert_int_equal(iova, UINT64_MAX - 0x1fff);
	assert_int_equal(qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0, 0x1000, &iova), 0);
	assert_int_equal(iova, 0);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0, 0x1000, &iova), QT_E_NOTFOUND);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 0x1000, 1ull << 63, 1, UINT64_MAX, &iova),
		0);
	assert_int_equal(iova, 1ull << 63);
	assert_int_equal(qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0x5000, 0x5000, &iova),
		QT_E_NOTFOUND);
	assert_int_equal(qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0x6000, 0x5000, &iova),
		QT_E_NOTFOUND);
}

static void test_full_list(void **state)
{
	struct pair pair;
	uint64_t iova;

	(void)state;
	start(&pair, 1);
	assert_int_equal(qt_occupancy_allocate(&pair.occupancy, 0x3000, 1, 0, 0x10000, &iova), 0);
	assert_int_equal(
		qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0, 0x8000, &iova), QT_E_NOMEM);
	assert_int_equal(qt_occupancy_allocate(&pair.occupancy, 0x1000, 1, 0, 0xd000, &iova), 0);
	assert_int_equal(iova, 0xc000);
	assert_int_equal(qt_occupancy_free(&pair.occupancy, 0xe000, 0x1000), QT_E_NOMEM);
	assert_int_equal(pair.occupancy.used.count, 1);
	assert_int_equal(qt_occupancy_free(&pair.occupancy, 0xc000, 0x4000), 0);
	assert_int_equal(pair.occupancy.used.count, 0);
}

/* Rebuilt from tables. */

static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(2)}};
static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};

struct live {
	struct model *m;
	struct model_domain *domain;
	struct qt_ranges ram;
	struct qt_range ram_list[4];
	struct qt_reader reader;
	struct qt_table table;
};

static void make_live(struct live *live)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);

	memset(live, 0, sizeof(*live));
	live->m = model_new(&(struct model_config){.ram = ram,
		.ram_count = 1,
		.crash = crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1});
	live->domain = model_domain_new(live->m, 0, 4, 1);
	live->ram = (struct qt_ranges){.list = live->ram_list, .capacity = 4};
	qt_ranges_add(&live->ram, ram[0].start, ram[0].end);
	qt_ranges_remove(&live->ram, crash[0].start, crash[0].end);
	live->reader =
		(struct qt_reader){.host = &live->m->host, .ram = &live->ram, .reads_left = 100000};
	live->table = (struct qt_table){.geometry = {.format = &qt_format_vtd_second_stage,
						.levels = 4,
						.granule_lg2 = 12,
						.index_lg2 = 9,
						.leaf_level = 2,
						.output_bits = 39},
		.root = live->domain->root};
}

static void test_rebuild(void **state)
{
	struct qt_range list[16];
	struct qt_occupancy occupancy = {.used = {.list = list, .capacity = 16}};
	struct qt_table_fault fault;
	struct live live;
	uint64_t iova;

	(void)state;
	make_live(&live);
	model_map(live.m, live.domain, 0, QT_MIB(100), 0x2000, QT_READ, 0);
	model_map(live.m, live.domain, 0x2000, QT_MIB(50), 0x1000, QT_WRITE, 0);
	model_map(live.m, live.domain, QT_GIB(1) - 0x1000, QT_MIB(101), 0x1000, QT_RW, 0);
	model_map(live.m, live.domain, QT_GIB(1), QT_GIB(1), QT_GIB(1), QT_RW, 2);
	model_map(live.m, live.domain, (1ull << 48) - 0x1000, QT_MIB(103), 0x1000, QT_RW, 0);
	model_map(live.m, live.domain, QT_GIB(8), QT_MIB(103), 0x5000, QT_RW, 0);
	model_unmap(live.m, live.domain, QT_GIB(8), 0x5000);
	list[0] = (struct qt_range){1, 2}; /* emptied first */
	occupancy.used.count = 1;
	assert_int_equal(qt_occupancy_rebuild(&occupancy, &live.reader, &live.table, &fault), 0);
	assert_int_equal(occupancy.granule_lg2, 12);
	assert_int_equal(occupancy.used.count, 3);
	assert_int_equal(list[0].start, 0);
	assert_int_equal(list[0].end, 0x3000);
	assert_int_equal(list[1].start, QT_GIB(1) - 0x1000);
	assert_int_equal(list[1].end, QT_GIB(2));
	assert_int_equal(list[2].start, (1ull << 48) - 0x1000);
	assert_int_equal(list[2].end, 1ull << 48);
	/* What is allocated then translates nothing. */
	assert_int_equal(
		qt_occupancy_allocate(&occupancy, QT_MIB(2), QT_MIB(2), 0, QT_GIB(2), &iova), 0);
	assert_int_equal(iova, QT_GIB(1) - QT_MIB(4));
	model_free(live.m);
}

static void test_rebuild_without_room(void **state)
{
	struct qt_range list[1];
	struct qt_occupancy occupancy = {.used = {.list = list, .capacity = 1}};
	struct live live;

	(void)state;
	make_live(&live);
	model_map(live.m, live.domain, 0, QT_MIB(100), 0x1000, QT_RW, 0);
	model_map(live.m, live.domain, QT_MIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
	assert_int_equal(
		qt_occupancy_rebuild(&occupancy, &live.reader, &live.table, NULL), QT_E_NOMEM);
	model_free(live.m);
}

static void test_rebuild_of_a_damaged_table(void **state)
{
	struct qt_range list[16];
	struct qt_occupancy occupancy = {.used = {.list = list, .capacity = 16}};
	struct qt_table_fault fault;
	struct live live;
	qt_phys at;

	(void)state;
	make_live(&live);
	model_map(live.m, live.domain, 0, QT_MIB(100), 0x1000, QT_RW, 0);
	model_map(live.m, live.domain, QT_GIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
	at = model_table_entry(live.m, live.domain, QT_GIB(1), 1);
	model_poke(live.m, at, QT_GIB(3) | QT_RW);
	assert_int_equal(
		qt_occupancy_rebuild(&occupancy, &live.reader, &live.table, &fault), QT_E_OUTSIDE);
	assert_int_equal(fault.iova, QT_GIB(1));
	assert_int_equal(occupancy.used.count, 1); /* what was found before */
	model_free(live.m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_a_plain_map),
		cmocka_unit_test(test_what_is_asked_wrongly),
		cmocka_unit_test(test_ends_of_the_address_space),
		cmocka_unit_test(test_full_list),
		cmocka_unit_test(test_rebuild),
		cmocka_unit_test(test_rebuild_without_room),
		cmocka_unit_test(test_rebuild_of_a_damaged_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
