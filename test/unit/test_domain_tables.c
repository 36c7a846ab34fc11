/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Live domains without a machine: a few pages of memory, and a format that has
 * what VT-d's lacks: leaves that take up several slots, tables that skip levels,
 * entries that are not for devices.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quietus/domain.h>

#define PAGE    0x1000u
#define MEMORY  (64 * PAGE)
#define RANGES  16
#define FOREIGN (40 * PAGE) /* up to here the dead kernel's, from here on our pool's */

static uint8_t memory[MEMORY] __attribute__((aligned(4096)));
static struct qt_range ram_list[] = {{0, FOREIGN}};
static const struct qt_ranges ram = {ram_list, 1, 1};
static struct qt_range iova_list[RANGES];
static struct qt_arena arena;
static struct qt_page_pool pool;
static struct qt_pages pages;
static struct qt_live live;
static unsigned stores, fail_store;

/* The format: bit 0 present, 1 and 2 read and write, 3 table, 7:4 lg2 of a leaf's slots, 11:8 the
 * level that a table is at. */
#define PRESENT    1u
#define PERMS(raw) ((unsigned)(raw) >> 1 & 3)
#define TABLE      8u
#define SLOTS(raw) ((unsigned)(raw) >> 4 & 15)
#define LEVEL(raw) ((unsigned)(raw) >> 8 & 15)
#define ADDRESS    0x000ffffffffff000ull
#define ATTRIBUTE  (1ull << 60) /* of leaves: to be kept */
#define READ_WRITE (PRESENT | QT_RW << 1)

static void decode(const struct qt_geometry *g, unsigned level, const uint64_t *raw, unsigned n,
	struct qt_entry *entries)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned lg2 = qt_level_lg2(g, level) + SLOTS(raw[i]);

		entries[i] = (struct qt_entry){
			.perms = (uint8_t)PERMS(raw[i]), .output = raw[i] & ADDRESS};
		if (!(raw[i] & PRESENT)) {
			entries[i].kind = QT_ENTRY_EMPTY;
		} else if (raw[i] & TABLE) {
			entries[i].kind = QT_ENTRY_TABLE;
			entries[i].next_level = (uint8_t)LEVEL(raw[i]);
		} else {
			entries[i].kind = raw[i] >> 63 ? QT_ENTRY_BAD : QT_ENTRY_LEAF;
			entries[i].size_lg2 = (uint8_t)lg2;
			entries[i].output &= ~((1ull << lg2) - 1);
		}
	}
}

static uint64_t make_table(const struct qt_geometry *g, unsigned level, qt_phys next)
{
	(void)g;
	return next | READ_WRITE | TABLE | (uint64_t)(level - 1) << 8;
}

static uint64_t make_leaf(const struct qt_geometry *g, unsigned level, qt_phys output)
{
	(void)g;
	(void)level;
	return output | READ_WRITE;
}

static uint64_t make_piece(const struct qt_geometry *g, unsigned level, uint64_t raw,
	unsigned piece_level, uint64_t offset)
{
	uint64_t mask = (1ull << (qt_level_lg2(g, level) + SLOTS(raw))) - 1;

	(void)piece_level;
	return ((raw & ~(mask & ADDRESS)) + offset) & ~0xf0ull;
}

static struct qt_format format = {
	.name = "toy",
	.decode = decode,
	.make_table = make_table,
	.make_leaf = make_leaf,
	.make_piece = make_piece,
};

static int host_read(void *context, qt_phys at, void *buffer, size_t len)
{
	(void)context;
	assert_true(at + len <= MEMORY);
	memcpy(buffer, memory + at, len);
	return 0;
}

static int host_store64(void *context, qt_phys at, uint64_t value)
{
	(void)context;
	assert_true(at + 8 <= MEMORY && at % 8 == 0);
	if (++stores == fail_store)
		return QT_E_IO;
	memcpy(memory + at, &value, 8);
	return 0;
}

static const struct qt_host host = {.read = host_read, .store64 = host_store64};

static uint64_t *entry_at(qt_phys table, unsigned index)
{
	return (uint64_t *)(memory + table) + index;
}

/* Three levels of 512 entries; the root is page 1, and page 2 hangs in its first slot. */
static int set_up(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	format.make_piece = make_piece;
	stores = fail_store = 0;
	arena = (struct qt_arena){memory + FOREIGN, FOREIGN, MEMORY - FOREIGN, 0};
	assert_int_equal(qt_page_pool_init(&pool, &arena, PAGE, 16), 0);
	pages = qt_page_pool_pages(&pool);
	live = (struct qt_live){
		.host = &host,
		.pages = &pages,
		.ram = &ram,
		.reads = 100000,
		.table = {.root = PAGE,
			.geometry = {.format = &format,
				.levels = 3,
				.granule_lg2 = 12,
				.index_lg2 = 9,
				.leaf_level = 2,
				.output_bits = 40,
				.coherent = true}},
		.occupancy = {.used = {iova_list, 0, RANGES}, .granule_lg2 = 12},
	};
	*entry_at(PAGE, 0) = make_table(&live.table.geometry, 2, 2 * PAGE);
	return 0;
}

/* Everything unmapped, everything flushed: no page of ours is left. */
static int tear_down(void **state)
{
	(void)state;
	qt_live_flushed(&live);
	pages.reclaim(pages.context, &live, true);
	assert_int_equal(pool.used, 0);
	return 0;
}

static void expect(qt_iova iova, qt_phys phys)
{
	struct qt_mapping m;

	assert_int_equal(qt_live_lookup(&live, iova, &m), 0);
	assert_int_equal(m.phys + (iova - m.iova), phys);
}

static void expect_nothing(qt_iova iova)
{
	struct qt_mapping m;

	assert_int_equal(qt_live_lookup(&live, iova, &m), QT_E_NOTFOUND);
}

/* A leaf of eight pages in slots 8 to 15 of a lowest table: 32 KiB at IOVA 32 KiB. */
static void put_wide_leaf(void)
{
	*entry_at(2 * PAGE, 0) = make_table(&live.table.geometry, 1, 3 * PAGE);
	for (unsigned i = 0; i < 8; i++)
		*entry_at(3 * PAGE, 8 + i) = 0x80000 | READ_WRITE | 3 << 4 | ATTRIBUTE;
	assert_int_equal(qt_live_open(&live), 0);
	assert_int_equal(live.occupancy.used.count, 1);
}

static void test_leaf_of_several_slots_is_split_in_place(void **state)
{
	uint64_t unmapped;

	(void)state;
	put_wide_leaf();
	assert_int_equal(qt_live_unmap(&live, 0xa000, 0x2000, &unmapped), 0);
	assert_int_equal(unmapped, 0x2000);
	for (unsigned i = 0; i < 8; i++)
		if (i == 2 || i == 3)
			expect_nothing(0x8000 + i * PAGE);
		else
			expect(0x8000 + i * PAGE, 0x80000 + i * PAGE);
	assert_int_equal(*entry_at(3 * PAGE, 9), 0x81000 | READ_WRITE | ATTRIBUTE);
	assert_int_equal(stores, 10);
	/* All of the old leaf may be cached. */
	assert_int_equal(live.stale.what, QT_STALE_CHANGED);
	assert_int_equal(live.stale.iovas.start, 0x8000);
	assert_int_equal(live.stale.iovas.end, 0x10000);
	assert_int_equal(live.occupancy.used.count, 2);
	assert_int_equal(pool.used, 0);
}

/* At each instant of a split, all translates as before. */
static void test_every_store_of_a_split_in_place(void **state)
{
	(void)state;
	for (unsigned n = 1; n <= 8; n++) {
		set_up(state);
		put_wide_leaf();
		fail_store = n;
		assert_int_equal(qt_live_unmap(&live, 0xa000, 0x2000, NULL), QT_E_IO);
		for (unsigned i = 0; i < 8; i++)
			expect(0x8000 + i * PAGE, 0x80000 + i * PAGE);
		assert_int_equal(live.occupancy.used.count, 1);
	}
}

/* What stands in a slot where a wide leaf is said to be stays there. */
static void test_leaf_of_several_slots_in_pieces(void **state)
{
	(void)state;
	put_wide_leaf();
	*entry_at(3 * PAGE, 12) = 0x70000 | READ_WRITE;
	*entry_at(3 * PAGE, 13) = 0;
	*entry_at(3 * PAGE, 14) |= 1ull << 59;
	assert_int_equal(qt_live_open(&live), 0);
	assert_int_equal(qt_live_unmap(&live, 0x8000, PAGE, NULL), 0);
	expect_nothing(0x8000);
	expect(0x9000, 0x81000);
	expect(0xc000, 0x70000);
	expect_nothing(0xd000);
	assert_int_equal(*entry_at(3 * PAGE, 14), 0x86000 | READ_WRITE | ATTRIBUTE | 1ull << 59);
}

static void test_whole_leaf_of_several_slots(void **state)
{
	(void)state;
	put_wide_leaf();
	assert_int_equal(qt_live_unmap(&live, 0x8000, 0x8000, NULL), 0);
	for (unsigned i = 0; i < 8; i++)
		expect_nothing(0x8000 + i * PAGE);
	assert_int_equal(stores, 8);
	assert_int_equal(live.occupancy.used.count, 0);
}

static void test_hardware_that_cannot(void **state)
{
	(void)state;
	put_wide_leaf();
	live.table.geometry.break_before_make = true;
	assert_int_equal(qt_live_unmap(&live, 0xa000, 0x2000, NULL), QT_E_UNSUPPORTED);
	assert_int_equal(qt_live_map(&live, QT_MIB(4), 0x90000, PAGE, QT_READ), QT_E_UNSUPPORTED);
	assert_int_equal(stores, 0);
	expect(0xa000, 0x82000);
	assert_int_equal(live.occupancy.used.count, 1);
}

/*
 * What skips a level spans less than its slot: what is wanted in there goes there,
 * and beyond it a table is put in between.
 */
static void test_tables_that_skip_a_level(void **state)
{
	(void)state;
	*entry_at(PAGE, 1) = 4 * PAGE | READ_WRITE | TABLE | 0 << 8;
	*entry_at(4 * PAGE, 3) = 0x90000 | READ_WRITE;
	assert_int_equal(qt_live_open(&live), 0);
	expect(QT_GIB(1) + 3 * PAGE, 0x90000);
	assert_int_equal(qt_live_map(&live, QT_GIB(1) + 5 * PAGE, 0x91000, PAGE, QT_RW), 0);
	assert_int_equal(pool.used, 0);
	expect(QT_GIB(1) + 5 * PAGE, 0x91000);
	assert_int_equal(
		qt_live_map(&live, QT_GIB(1) + QT_MIB(2) - PAGE, 0x92000, 2 * PAGE, QT_RW), 0);
	assert_int_equal(pool.used, 2);
	assert_true(live.stale.what & QT_STALE_TABLES);
	expect(QT_GIB(1) + 3 * PAGE, 0x90000);
	expect(QT_GIB(1) + QT_MIB(2) - PAGE, 0x92000);
	expect(QT_GIB(1) + QT_MIB(2), 0x93000);
	expect_nothing(QT_GIB(1) + QT_MIB(2) + PAGE);
	assert_int_equal(qt_live_unmap(&live, QT_GIB(1), QT_MIB(4), NULL), 0);
	expect_nothing(QT_GIB(1) + 3 * PAGE);
	expect_nothing(QT_GIB(1) + QT_MIB(2));
}

static void test_a_way_down_that_does_not_let_through(void **state)
{
	(void)state;
	*entry_at(PAGE, 0) &= ~((uint64_t)QT_WRITE << 1);
	assert_int_equal(qt_live_open(&live), 0);
	assert_int_equal(qt_live_map(&live, QT_MIB(4), 0x90000, PAGE, QT_RW), QT_E_BUSY);
	assert_int_equal(stores, 0);
	assert_int_equal(live.occupancy.used.count, 0);
}

static void test_damaged_tables(void **state)
{
	(void)state;
	*entry_at(2 * PAGE, 5) = 1ull << 63 | READ_WRITE;
	assert_int_equal(qt_live_open(&live), QT_E_BAD);
	assert_int_equal(live.fault.entry, 2 * PAGE + 40);
	assert_int_equal(qt_live_map(&live, QT_MIB(10), 0x90000, PAGE, QT_RW), QT_E_BAD);
	assert_int_equal(qt_live_unmap(&live, QT_MIB(10), PAGE, NULL), QT_E_BAD);
	*entry_at(2 * PAGE, 5) = make_table(&live.table.geometry, 1, MEMORY);
	assert_int_equal(qt_live_map(&live, QT_MIB(10), 0x90000, PAGE, QT_RW), QT_E_OUTSIDE);
	live.reads = 2;
	assert_int_equal(qt_live_map(&live, QT_MIB(20), 0x90000, PAGE, QT_RW), QT_E_LIMIT);
	assert_int_equal(stores, 0);
}

static void test_what_is_asked_wrongly(void **state)
{
	static const struct {
		qt_iova iova;
		qt_phys phys;
		uint64_t size;
		unsigned perms;
	} wrong[] = {
		{0x1000, 0x1000, 0, QT_RW},
		{0x1001, 0x1000, PAGE, QT_RW},
		{0x1000, 0x1001, PAGE, QT_RW},
		{0x1000, 0x1000, PAGE + 1, QT_RW},
		{0x1000, 0x1000, PAGE, 0},
		{0x1000, 0x1000, PAGE, 4},
		{QT_GIB(512) - PAGE, 0x1000, 2 * PAGE, QT_RW},
		{QT_GIB(512), 0x1000, PAGE, QT_RW},
		{UINT64_MAX - PAGE + 1, 0x1000, 2 * PAGE, QT_RW},
		{0x1000, (1ull << 40) - PAGE, 2 * PAGE, QT_RW},
		{0x1000, UINT64_MAX - PAGE + 1, 2 * PAGE, QT_RW},
	};

	(void)state;
	assert_int_equal(qt_live_open(&live), 0);
	for (size_t i = 0; i < QT_ARRAY_SIZE(wrong); i++)
		assert_int_equal(qt_live_map(&live, wrong[i].iova, wrong[i].phys, wrong[i].size,
					 wrong[i].perms),
			QT_E_INVAL);
	assert_int_equal(qt_live_unmap(&live, 0x1001, PAGE, NULL), QT_E_INVAL);
	assert_int_equal(qt_live_unmap(&live, QT_GIB(512), PAGE, NULL), QT_E_INVAL);
	assert_int_equal(stores, 0);
	/* The last page there is can be had. */
	assert_int_equal(
		qt_live_map(&live, QT_GIB(512) - PAGE, (1ull << 40) - PAGE, PAGE, QT_RW), 0);
	expect(QT_GIB(512) - PAGE, (1ull << 40) - PAGE);
	assert_int_equal(pool.used, 2);
	assert_int_equal(qt_live_unmap(&live, QT_GIB(512) - PAGE, PAGE, NULL), 0);
	assert_int_equal(live.stale.what, QT_STALE_ADDED | QT_STALE_CHANGED | QT_STALE_TABLES);
	assert_int_equal(pool.used, 2); /* hardware may still read them */
	qt_live_flushed(&live);
	assert_int_equal(pool.used, 0);
}

static void test_full_lists(void **state)
{
	(void)state;
	assert_int_equal(qt_live_open(&live), 0);
	live.occupancy.used.capacity = 1;
	assert_int_equal(qt_live_map(&live, 0x10000, 0x90000, 2 * PAGE, QT_RW), 0);
	stores = 0;
	assert_int_equal(qt_live_map(&live, 0x20000, 0x90000, PAGE, QT_RW), QT_E_NOMEM);
	assert_int_equal(qt_live_unmap(&live, 0x10000, PAGE, NULL), QT_E_NOMEM);
	assert_int_equal(stores, 0);
	expect(0x10000, 0x90000);
}

/* A shared root cannot be changed where nobody can put another in its place. */
static void test_shared_root(void **state)
{
	struct qt_range shared = {PAGE, 2 * PAGE};

	(void)state;
	live.shared = (struct qt_ranges){&shared, 1, 1};
	assert_int_equal(qt_live_open(&live), 0);
	assert_int_equal(qt_live_map(&live, 0x10000, 0x90000, PAGE, QT_RW), QT_E_UNSUPPORTED);
	assert_int_equal(stores, 0);
	assert_int_equal(pool.used, 0);
}

/* Two requesters' entries, as far as this test goes: the second store may fail. */
static struct qt_table roots[2];
static bool fail_root;

static int set_roots(struct qt_live *of, const struct qt_table *table)
{
	(void)of;
	roots[0] = *table;
	if (fail_root)
		return QT_E_IO;
	roots[1] = *table;
	return 0;
}

static void set_up_growth(unsigned levels_max)
{
	live.table.geometry.levels_max = (uint8_t)levels_max;
	live.set_root = set_roots;
	roots[0] = roots[1] = live.table;
	fail_root = false;
	*entry_at(2 * PAGE, 3) = 0x200000 | READ_WRITE;
	assert_int_equal(qt_live_open(&live), 0);
}

static void test_growth(void **state)
{
	const qt_iova high = QT_GIB(512) * 512 + QT_GIB(512) + PAGE;
	uint64_t unmapped;

	(void)state;
	set_up_growth(5);
	assert_int_equal(qt_live_map(&live, high, 0x90000, PAGE, QT_RW), 0);
	assert_int_equal(live.table.geometry.levels, 5);
	assert_int_equal(roots[0].root, live.table.root);
	assert_int_equal(roots[1].geometry.levels, 5);
	assert_int_equal(live.stale.what & (QT_STALE_ENTRIES | QT_STALE_TABLES),
		QT_STALE_ENTRIES | QT_STALE_TABLES);
	assert_int_equal(live.stale.iovas.start, 0);
	expect(high, 0x90000);
	expect(QT_MIB(6), 0x200000);
	assert_int_equal(qt_live_unmap(&live, 0, high + PAGE, &unmapped), 0);
	assert_int_equal(unmapped, QT_MIB(2) + PAGE);
	assert_int_equal(live.table.geometry.levels, 5);
}

static void test_growth_has_its_limits(void **state)
{
	(void)state;
	set_up_growth(4);
	assert_int_equal(qt_live_map(&live, QT_GIB(512) * 512, 0x90000, PAGE, QT_RW), QT_E_INVAL);
	assert_int_equal(qt_live_unmap(&live, QT_GIB(512), PAGE, NULL), QT_E_INVAL);
	live.set_root = NULL;
	assert_int_equal(qt_live_map(&live, QT_GIB(512), 0x90000, PAGE, QT_RW), QT_E_INVAL);
	assert_int_equal(stores, 0);
	assert_int_equal(pool.used, 0);
}

/* With every number of pages: nothing is lost on the way, and all translates as before. */
static void test_growth_runs_out_of_pages(void **state)
{
	(void)state;
	for (size_t left = 0; left < 6; left++) {
		set_up(state);
		set_up_growth(5);
		pool.count = left;
		assert_int_equal(
			qt_live_map(&live, QT_GIB(512) * 512, 0x90000, PAGE, QT_RW), QT_E_NOMEM);
		qt_live_flushed(&live);
		/* Grown or not, but not in between. */
		assert_int_equal(pool.used, left < 2 ? 0 : 2);
		assert_int_equal(live.table.geometry.levels, left < 2 ? 3 : 5);
		expect(QT_MIB(6), 0x200000);
		pages.reclaim(pages.context, &live, true);
	}
}

/* Half of the requesters have the new root, the others the old one: both go on being good. */
static void test_growth_fails_half_way(void **state)
{
	(void)state;
	set_up_growth(4);
	fail_root = true;
	assert_int_equal(qt_live_map(&live, QT_GIB(512), 0x90000, PAGE, QT_RW), QT_E_IO);
	assert_int_not_equal(roots[0].root, roots[1].root);
	assert_int_equal(live.table.geometry.levels, 3);
	assert_true(live.stale.what & QT_STALE_ENTRIES);
	assert_int_equal(qt_live_map(&live, QT_MIB(8), 0x90000, PAGE, QT_RW), 0);
	expect(QT_MIB(8), 0x90000);
	live.table = roots[0];
	expect(QT_MIB(8), 0x90000);
}

/* Free IOVAs are looked for where the table reaches first. */
static void test_allocation_beyond_what_the_table_spans(void **state)
{
	qt_iova iova;

	(void)state;
	set_up_growth(4);
	assert_int_equal(qt_live_allocate(&live, QT_GIB(256), PAGE, PAGE, UINT64_MAX, &iova), 0);
	assert_int_equal(iova, QT_GIB(256));
	assert_int_equal(qt_live_allocate(&live, QT_GIB(256), PAGE, PAGE, UINT64_MAX, &iova), 0);
	assert_int_equal(iova, QT_GIB(512) * 512 - QT_GIB(256));
	assert_int_equal(qt_live_allocate(&live, QT_GIB(256), PAGE, PAGE, QT_GIB(512), &iova),
		QT_E_NOTFOUND);
}

/* Maps all pages of 2 MiB but one, one by one. */
static void map_pages(qt_iova at, qt_phys phys, unsigned without)
{
	for (unsigned i = 0; i < 512; i++)
		if (i != without)
			assert_int_equal(
				qt_live_map(&live, at + i * PAGE, phys + i * PAGE, PAGE, QT_RW), 0);
}

static void test_folding(void **state)
{
	(void)state;
	assert_int_equal(qt_live_open(&live), 0);
	map_pages(QT_MIB(2), QT_MIB(2), 77);
	assert_int_equal(pool.used, 1);
	qt_live_flushed(&live);
	stores = 0;
	assert_int_equal(
		qt_live_map(&live, QT_MIB(2) + 77 * PAGE, QT_MIB(2) + 77 * PAGE, PAGE, QT_RW), 0);
	/* The page, and the leaf for all: one store each. */
	assert_int_equal(stores, 2);
	assert_int_equal(*entry_at(2 * PAGE, 1), QT_MIB(2) | READ_WRITE);
	assert_int_equal(live.stale.what, QT_STALE_ADDED | QT_STALE_CHANGED | QT_STALE_TABLES);
	assert_int_equal(live.stale.iovas.start, QT_MIB(2));
	assert_int_equal(live.stale.iovas.end, QT_MIB(4));
	/* Hardware may go on walking the table: it stays as it is. */
	assert_int_equal(pool.used, 1);
	qt_live_flushed(&live);
	assert_int_equal(pool.used, 0);
	/* And it can be taken apart again. */
	assert_int_equal(qt_live_unmap(&live, QT_MIB(2) + PAGE, PAGE, NULL), 0);
	expect(QT_MIB(2) + 2 * PAGE, QT_MIB(2) + 2 * PAGE);
	expect_nothing(QT_MIB(2) + PAGE);
}

static void test_what_is_not_folded(void **state)
{
	static const struct {
		qt_phys phys;
		unsigned leaf_level;
		bool break_before_make;
		uint64_t attribute; /* of one entry */
	} kinds[] = {
		{QT_MIB(2) + PAGE, 2, false, 0}, /* not aligned */
		{QT_MIB(2), 0, false, 0},        /* no such leaf */
		{QT_MIB(2), 2, true, 0},         /* not in one store */
		{QT_MIB(2), 2, false, ATTRIBUTE},
	};
	uint64_t table;

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(kinds); i++) {
		set_up(state);
		live.table.geometry.leaf_level = (uint8_t)kinds[i].leaf_level;
		live.table.geometry.break_before_make = kinds[i].break_before_make;
		assert_int_equal(qt_live_open(&live), 0);
		map_pages(QT_MIB(2), kinds[i].phys, 300);
		table = *entry_at(2 * PAGE, 1);
		*entry_at(table & ADDRESS, 5) |= kinds[i].attribute;
		assert_int_equal(qt_live_map(&live, QT_MIB(2) + 300 * PAGE,
					 kinds[i].phys + 300 * PAGE, PAGE, QT_RW),
			0);
		assert_int_equal(*entry_at(2 * PAGE, 1), table);
		tear_down(state);
	}
}

/* The dead kernel's tables are not taken out for being full. */
static void test_foreign_tables_are_not_folded(void **state)
{
	(void)state;
	*entry_at(2 * PAGE, 1) = make_table(&live.table.geometry, 1, 5 * PAGE);
	assert_int_equal(qt_live_open(&live), 0);
	map_pages(QT_MIB(2), QT_MIB(2), 512);
	assert_int_equal(*entry_at(2 * PAGE, 1), make_table(&live.table.geometry, 1, 5 * PAGE));
	assert_int_equal(pool.used, 0);
}

/* Pages run out in the middle: nothing of it stays, and nothing is lost. */
static void test_pages_run_out(void **state)
{
	/* Into a table that is there, and with tables of several levels to be made. */
	static const qt_iova starts[] = {PAGE, QT_GIB(1) + PAGE};

	(void)state;
	live.table.geometry.leaf_level = 0;
	assert_int_equal(qt_live_open(&live), 0);
	for (size_t i = 0; i < QT_ARRAY_SIZE(starts); i++) {
		assert_int_equal(
			qt_live_map(&live, starts[i], 0x90000, QT_MIB(40), QT_RW), QT_E_NOMEM);
		assert_int_equal(live.occupancy.used.count, 0);
		for (qt_iova at = 0; at < QT_MIB(40); at += QT_MIB(1))
			expect_nothing(starts[i] + at);
		qt_live_flushed(&live);
		assert_int_equal(pool.used, 0);
	}
	assert_int_equal(qt_live_map(&live, PAGE, 0x91000, QT_MIB(20), QT_RW), 0);
	expect(PAGE, 0x91000);
	expect(QT_MIB(20), 0x91000 + QT_MIB(20) - PAGE);
	expect_nothing(QT_MIB(20) + PAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_leaf_of_several_slots_is_split_in_place),
		TEST(test_every_store_of_a_split_in_place),
		TEST(test_leaf_of_several_slots_in_pieces),
		TEST(test_whole_leaf_of_several_slots),
		TEST(test_hardware_that_cannot),
		TEST(test_tables_that_skip_a_level),
		TEST(test_a_way_down_that_does_not_let_through),
		TEST(test_damaged_tables),
		TEST(test_what_is_asked_wrongly),
		TEST(test_full_lists),
		TEST(test_shared_root),
		TEST(test_growth),
		TEST(test_growth_has_its_limits),
		TEST(test_growth_runs_out_of_pages),
		TEST(test_growth_fails_half_way),
		TEST(test_allocation_beyond_what_the_table_spans),
		TEST(test_folding),
		TEST(test_what_is_not_folded),
		TEST(test_foreign_tables_are_not_folded),
		TEST(test_pages_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
