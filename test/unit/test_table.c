/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Table formats and the walker: look up, scan, install, on tables that are sound
 * and on tables that are not.
 */
#include <machine/dead.h>
#include <quietus/table.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECES_MAX 64
#define STORES_MAX 4096

static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}};
static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};

/* A domain of the model machine, and what the walker needs to look at it. */
struct fixture {
	struct model *m;
	struct model_domain *domain;
	struct qt_range ram_list[4];
	struct qt_ranges ram;
	struct qt_range wanted_list[4];
	struct qt_ranges wanted;
	struct qt_reader reader;
	struct qt_table table;
	struct qt_capture capture;
	struct qt_table_fault fault;
	const struct qt_ranges *outputs; /* that scans are asked for */
	struct qt_mapping pieces[PIECES_MAX];
	size_t piece_count;
	int stop_with; /* what a visit gives back */
	bool partial;  /* of install */
	struct qt_store stores[STORES_MAX];
	size_t store_count;
};

static struct fixture *new_fixture(unsigned levels, unsigned leaf_level)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct model_unit_config unit = model_unit_default(0xfed90000);

	assert_non_null(f);
	unit.large_2m = leaf_level >= 1;
	unit.large_1g = leaf_level >= 2;
	unit.levels = 7 << 3;
	unit.guest_bits = 57;
	f->m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1});
	f->domain = model_domain_new(f->m, 0, levels, 1);
	f->ram = (struct qt_ranges){.list = f->ram_list, .capacity = 4};
	for (size_t i = 0; i < QT_ARRAY_SIZE(ram); i++)
		qt_ranges_add(&f->ram, ram[i].start, ram[i].end);
	qt_ranges_remove(&f->ram, crash[0].start, crash[0].end);
	f->wanted = (struct qt_ranges){.list = f->wanted_list, .capacity = 4};
	f->reader = (struct qt_reader){
		.host = &f->m->host, .ram = &f->ram, .arena = &f->m->arena, .reads_left = 1000000};
	f->table = (struct qt_table){.geometry = {.format = &qt_format_vtd_second_stage,
					     .levels = (uint8_t)levels,
					     .granule_lg2 = 12,
					     .index_lg2 = 9,
					     .leaf_level = (uint8_t)leaf_level,
					     .output_bits = 39,
					     .coherent = true},
		.root = f->domain->root};
	f->capture = (struct qt_capture){.arena = &f->m->arena,
		.host = &f->m->host,
		.ranges = &f->wanted,
		.geometry = f->table.geometry};
	return f;
}

static void free_fixture(struct fixture *f)
{
	assert_int_equal(f->m->outside_reads, 0);
	assert_int_equal(f->m->crash_reads, 0);
	assert_int_equal(f->m->complaints, 0);
	model_free(f->m);
	free(f);
}

static void map(struct fixture *f, qt_iova iova, qt_phys phys, uint64_t size, unsigned perms,
	unsigned leaf_level)
{
	model_map(f->m, f->domain, iova, phys, size, perms, leaf_level);
}

/* The entry on the way to `iova` at `level`, given a new value. */
static void damage(struct fixture *f, qt_iova iova, unsigned level, uint64_t raw)
{
	qt_phys at = model_table_entry(f->m, f->domain, iova, level);

	assert_int_not_equal(at, 0);
	model_poke(f->m, at, raw);
}

static int look_up(struct fixture *f, qt_iova iova, struct qt_mapping *mapping)
{
	return qt_lookup(&f->reader, &f->table, iova, mapping, &f->fault);
}

static int collect(void *context, const struct qt_mapping *mapping)
{
	struct fixture *f = context;

	assert_true(f->piece_count < PIECES_MAX);
	f->pieces[f->piece_count++] = *mapping;
	return f->stop_with;
}

static int scan(struct fixture *f, uint64_t start, uint64_t end)
{
	f->piece_count = 0;
	return qt_scan(&f->reader, &f->table, (struct qt_range){start, end}, f->outputs, collect, f,
		&f->fault);
}

static int scan_all(struct fixture *f)
{
	return scan(f, 0, qt_table_span(&f->table));
}

static void expect_piece(const struct fixture *f, size_t index, qt_iova iova, qt_phys phys,
	uint64_t size, unsigned perms)
{
	const struct qt_mapping *piece = &f->pieces[index];

	assert_true(index < f->piece_count);
	if (piece->iova != iova || piece->phys != phys || piece->size != size ||
		piece->perms != perms)
		fail_msg("piece %zu is %llx -> %llx, %llx bytes, perms %u", index,
			(unsigned long long)piece->iova, (unsigned long long)piece->phys,
			(unsigned long long)piece->size, piece->perms);
}

/* The format. */

static struct qt_entry decode(const struct fixture *f, unsigned level, uint64_t raw)
{
	struct qt_entry entry;

	qt_format_vtd_second_stage.decode(&f->table.geometry, level, &raw, 1, &entry);
	return entry;
}

static void test_format_kinds(void **state)
{
	static const struct {
		uint64_t raw;
		unsigned level, kind;
	} cases[] = {
		{0, 0, QT_ENTRY_EMPTY},
		{0x123456000 | MODEL_SS_LARGE, 1, QT_ENTRY_EMPTY}, /* neither R nor W */
		{~(uint64_t)3, 2, QT_ENTRY_EMPTY}, {0x123456001, 0, QT_ENTRY_LEAF},
		{0x123456002, 0, QT_ENTRY_LEAF},
		{0x123456083, 0, QT_ENTRY_LEAF}, /* bit 7 means nothing in the lowest level */
		{0x123456003, 1, QT_ENTRY_TABLE}, {0x123456001, 3, QT_ENTRY_TABLE},
		{0x120000083, 1, QT_ENTRY_LEAF}, {0x140000083, 2, QT_ENTRY_LEAF},
		{0x120001083, 1, QT_ENTRY_BAD}, /* a 2 MiB leaf not aligned to 2 MiB */
		{0x120000083, 2, QT_ENTRY_BAD},
		{0x8000000083, 3, QT_ENTRY_BAD}, /* no 512 GiB leaves */
		{0x8000000003, 0, QT_ENTRY_BAD}, /* above 39 bits */
		{0x8000000003, 1, QT_ENTRY_BAD}, {0x0008000000001003, 0, QT_ENTRY_BAD},
		{0xfff0000000001003, 0, QT_ENTRY_LEAF}, /* ignored and TM */
	};
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct qt_entry entry = decode(f, cases[i].level, cases[i].raw);

		if (entry.kind != cases[i].kind)
			fail_msg("%llx at level %u is kind %u", (unsigned long long)cases[i].raw,
				cases[i].level, entry.kind);
	}
	free_fixture(f);
}

static void test_format_without_superpages(void **state)
{
	struct fixture *f = new_fixture(4, 0);

	(void)state;
	assert_int_equal(decode(f, 1, 0x120000083).kind, QT_ENTRY_BAD);
	assert_int_equal(decode(f, 2, 0x140000083).kind, QT_ENTRY_BAD);
	free_fixture(f);
}

static void test_format_makes_what_it_decodes(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	const struct qt_format *format = f->table.geometry.format;

	(void)state;
	for (unsigned level = 0; level < 3; level++) {
		uint64_t raw = format->make_leaf(&f->table.geometry, level, QT_GIB(3));
		struct qt_entry entry = decode(f, level, raw);

		assert_int_equal(entry.kind, QT_ENTRY_LEAF);
		assert_int_equal(entry.output, QT_GIB(3));
		assert_int_equal(entry.perms, QT_RW);
		assert_int_equal(entry.size_lg2, 12 + 9 * level);
	}
	for (unsigned level = 1; level < 5; level++) {
		uint64_t raw = format->make_table(&f->table.geometry, level, 0x7777000);
		struct qt_entry entry = decode(f, level, raw);

		assert_int_equal(entry.kind, QT_ENTRY_TABLE);
		assert_int_equal(entry.output, 0x7777000);
		assert_int_equal(entry.perms, QT_RW);
		assert_int_equal(entry.next_level, level - 1);
	}
	free_fixture(f);
}

/* Attributes that leaves can have, beside what says where they lead and for whom. */
struct attributes {
	const struct qt_format *format;
	uint64_t same;               /* the same in leaves of every level */
	uint64_t large, in_smallest; /* the same thing, in larger leaves and in the smallest */
	bool no_write_only;
};

static const struct attributes formats[] = {
	{&qt_format_vtd_second_stage, 0xfff0000000000f78, 0, 0, false},
	/* Cache disable and the like, accessed and dirty, global, execute-disable; PAT. */
	{&qt_format_x86_64_first_stage, 0xfff0000000000f78, 1 << 12, 1 << 7, true},
	{&qt_format_amd_v1, 3ull << 59 | 3 << 5, 0, 0, false},
	/* What memory it is, shareability, flags, not global, guarded page; execute-never. */
	{&qt_format_vmsav8_64, 7ull << 53 | 0xf3c, 0, 0, true},
	{&qt_format_vmsav8_64_stage2, 7ull << 53 | 0x7fc, 0, 0, false},
};

/* All pieces of one leaf translate what it does, as it does. */
static void check_pieces(
	const struct qt_geometry *g, const struct attributes *a, unsigned level, uint64_t raw)
{
	uint64_t size = 1ull << qt_level_lg2(g, level - 1);
	uint64_t kept = level == 1 ? a->in_smallest : a->large;
	struct qt_entry whole, piece;

	g->format->decode(g, level, &raw, 1, &whole);
	assert_int_equal(whole.kind, QT_ENTRY_LEAF);
	for (uint64_t i = 0; i < 512; i++) {
		uint64_t part = g->format->make_piece(g, level, raw, level - 1, i * size);

		g->format->decode(g, level - 1, &part, 1, &piece);
		assert_int_equal(piece.kind, QT_ENTRY_LEAF);
		assert_int_equal(piece.size_lg2, qt_level_lg2(g, level - 1));
		assert_int_equal(piece.output, whole.output + i * size);
		assert_int_equal(piece.perms, whole.perms);
		assert_int_equal(part & a->same, raw & a->same);
		assert_int_equal(part & kept, raw & a->large ? kept : 0);
	}
}

static void test_every_format_in_pieces(void **state)
{
	static const uint64_t some[] = {0, UINT64_MAX, 0x5555555555555555, 0xaaaaaaaaaaaaaaaa};
	struct qt_geometry g = {
		.levels = 4, .granule_lg2 = 12, .index_lg2 = 9, .leaf_level = 2, .output_bits = 46};

	(void)state;
	for (size_t f = 0; f < QT_ARRAY_SIZE(formats); f++)
		for (unsigned level = 1; level <= 2; level++)
			for (size_t n = 0; n < QT_ARRAY_SIZE(some); n++) {
				const struct attributes *a = &formats[f];

				g.format = a->format;
				check_pieces(&g, a, level,
					g.format->make_leaf(&g, level, QT_GIB(3)) |
						(some[n] & (a->same | a->large)));
			}
}

static void test_every_format_with_permissions(void **state)
{
	struct qt_geometry g = {
		.levels = 4, .granule_lg2 = 12, .index_lg2 = 9, .leaf_level = 2, .output_bits = 46};

	(void)state;
	for (size_t f = 0; f < QT_ARRAY_SIZE(formats); f++)
		for (unsigned perms = QT_READ; perms <= QT_RW; perms++) {
			struct qt_entry entry;
			uint64_t leaf;

			g.format = formats[f].format;
			leaf = g.format->with_perms(
				&g, 1, g.format->make_leaf(&g, 1, QT_GIB(3)), perms);
			if (perms == QT_WRITE && formats[f].no_write_only) {
				assert_int_equal(leaf, 0);
				continue;
			}
			g.format->decode(&g, 1, &leaf, 1, &entry);
			assert_int_equal(entry.kind, QT_ENTRY_LEAF);
			assert_int_equal(entry.perms, perms);
			assert_int_equal(entry.output, QT_GIB(3));
		}
}

/* VMSAv8-64: both stages, with every granule. */

static const uint8_t granules[] = {12, 14, 16};

static struct qt_geometry arm_geometry(const struct qt_format *format, unsigned granule_lg2)
{
	return (struct qt_geometry){.format = format,
		.levels = 3,
		.granule_lg2 = (uint8_t)granule_lg2,
		.index_lg2 = (uint8_t)(granule_lg2 - 3),
		.leaf_level = 1,
		.output_bits = granule_lg2 == 16 ? 52 : 48,
		.memory = 1,
		.device_memory = 2};
}

static void check_arm_leaf(const struct qt_geometry *g, unsigned level, uint64_t raw)
{
	qt_phys output = 1ull << (g->output_bits - 1);
	struct qt_entry entry;

	g->format->decode(g, level, &raw, 1, &entry);
	assert_int_equal(entry.kind, QT_ENTRY_LEAF);
	assert_int_equal(entry.output, output);
	assert_int_equal(entry.perms, QT_RW);
	assert_int_equal(entry.size_lg2, qt_level_lg2(g, level));
	assert_int_equal(raw >> 52 & 1, 0); /* no contiguous hint */
}

static void test_arm_makes_what_it_decodes(void **state)
{
	static const struct qt_format *const both[] = {
		&qt_format_vmsav8_64, &qt_format_vmsav8_64_stage2};

	(void)state;
	for (size_t n = 0; n < QT_ARRAY_SIZE(both) * QT_ARRAY_SIZE(granules); n++) {
		const struct qt_format *format = both[n / QT_ARRAY_SIZE(granules)];
		struct qt_geometry g = arm_geometry(format, granules[n % QT_ARRAY_SIZE(granules)]);
		qt_phys output = 1ull << (g.output_bits - 1);
		uint64_t table = format->make_table(&g, 1, output);
		struct qt_entry entry;

		for (unsigned level = 0; level < 2; level++) {
			uint64_t memory = format->make_leaf(&g, level, output);
			uint64_t device = format->make_device_leaf(&g, level, output);

			check_arm_leaf(&g, level, memory);
			check_arm_leaf(&g, level, device);
			assert_int_equal(memory >> 2 & 7, 1);
			assert_int_equal(device >> 2 & 7, 2);
		}
		format->decode(&g, 1, &table, 1, &entry);
		assert_int_equal(entry.kind, QT_ENTRY_TABLE);
		assert_int_equal(entry.output, output);
		assert_int_equal(entry.perms, QT_RW);
		assert_int_equal(entry.next_level, 0);
	}
}

/* Pages of a contiguous run are one leaf, as long as the run. */
static void test_arm_contiguous_runs(void **state)
{
	static const uint8_t run_lg2[][2] = {{16, 25}, {21, 30}, {21, 34}};

	(void)state;
	for (size_t n = 0; n < QT_ARRAY_SIZE(granules); n++)
		for (unsigned level = 0; level < 2; level++) {
			struct qt_geometry g = arm_geometry(&qt_format_vmsav8_64, granules[n]);
			qt_phys run = 1ull << 40;
			uint64_t slot = 1ull << qt_level_lg2(&g, level);
			uint64_t raw = g.format->make_leaf(&g, level, run + 3 * slot) | 1ull << 52;
			struct qt_entry entry;

			g.format->decode(&g, level, &raw, 1, &entry);
			assert_int_equal(entry.kind, QT_ENTRY_LEAF);
			assert_int_equal(entry.size_lg2, run_lg2[n][level]);
			assert_int_equal(entry.output, run);
		}
}

/* Look up. */

static void test_lookup_every_size_and_level_count(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++) {
		struct fixture *f = new_fixture(levels, 2);
		uint64_t top = qt_table_span(&f->table);
		struct qt_mapping at;

		assert_int_equal(top, 1ull << (12 + 9 * levels));
		map(f, 0x5000, 0x1234000, 0x1000, QT_READ, 0);
		map(f, QT_MIB(2), QT_MIB(8), QT_MIB(2), QT_RW, 2);
		map(f, QT_GIB(1), QT_GIB(5), QT_GIB(1), QT_WRITE, 2);
		map(f, top - 0x1000, 0x4321000, 0x1000, QT_RW, 0);
		assert_int_equal(look_up(f, 0x5fff, &at), 0);
		assert_int_equal(at.iova, 0x5000);
		assert_int_equal(at.phys, 0x1234000);
		assert_int_equal(at.size, 0x1000);
		assert_int_equal(at.perms, QT_READ);
		assert_int_equal(look_up(f, QT_MIB(3) + 5, &at), 0);
		assert_int_equal(at.iova, QT_MIB(2));
		assert_int_equal(at.phys, QT_MIB(8));
		assert_int_equal(at.size, QT_MIB(2));
		assert_int_equal(look_up(f, QT_GIB(2) - 1, &at), 0);
		assert_int_equal(at.phys, QT_GIB(5));
		assert_int_equal(at.size, QT_GIB(1));
		assert_int_equal(at.perms, QT_WRITE);
		assert_int_equal(look_up(f, top - 1, &at), 0);
		assert_int_equal(at.phys, 0x4321000);
		assert_int_equal(look_up(f, 0x4fff, &at), QT_E_NOTFOUND);
		assert_int_equal(look_up(f, 0x6000, &at), QT_E_NOTFOUND);
		assert_int_equal(look_up(f, top, &at), QT_E_NOTFOUND);
		assert_int_equal(look_up(f, UINT64_MAX, &at), QT_E_NOTFOUND);
		free_fixture(f);
	}
}

/* Every level's permissions count, and none at all is nothing. */
static void test_lookup_combines_permissions(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;
	uint64_t raw;

	(void)state;
	map(f, 0x5000, 0x1234000, 0x1000, QT_RW, 0);
	raw = model_peek(f->m, model_table_entry(f->m, f->domain, 0x5000, 2));
	damage(f, 0x5000, 2, raw & ~(uint64_t)QT_WRITE);
	assert_int_equal(look_up(f, 0x5000, &at), 0);
	assert_int_equal(at.perms, QT_READ);
	damage(f, 0x5000, 0, 0x1234000 | QT_WRITE);
	assert_int_equal(look_up(f, 0x5000, &at), QT_E_NOTFOUND);
	free_fixture(f);
}

static void test_lookup_of_damage(void **state)
{
	static const struct {
		unsigned level;
		uint64_t raw;
		int error;
	} cases[] = {
		{0, 1ull << 45 | QT_RW, QT_E_BAD}, {1, QT_GIB(3) | QT_RW, QT_E_OUTSIDE},
		{2, QT_MIB(513) | QT_RW, QT_E_OUTSIDE}, /* into the crash region */
		{3, 1ull << 45 | QT_RW, QT_E_BAD},
		{3, QT_GIB(1) | MODEL_SS_LARGE | QT_RW, QT_E_BAD},
		{2, 0x1000 | MODEL_SS_LARGE | QT_RW, QT_E_BAD},
		{1, 0xffffff000 | QT_RW, QT_E_OUTSIDE},
		{1, (QT_GIB(2) - 0x800) | QT_RW, 0}, /* low bits do not count: the last page */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture(4, 2);
		struct qt_mapping at;
		int error;

		map(f, QT_MIB(40), 0x1234000, 0x1000, QT_RW, 0);
		damage(f, QT_MIB(40), cases[i].level, cases[i].raw);
		error = look_up(f, QT_MIB(40) + 0x10, &at);
		if (cases[i].error) {
			assert_int_equal(error, cases[i].error);
			assert_int_equal(f->fault.iova & ~0xfffull, QT_MIB(40));
		}
		free_fixture(f);
	}
}

static void test_lookup_where_reading_fails(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;

	(void)state;
	map(f, 0x5000, 0x1234000, 0x1000, QT_RW, 0);
	f->m->trouble.fail_read = f->m->reads + 2;
	assert_int_equal(look_up(f, 0x5000, &at), QT_E_IO);
	assert_int_equal(f->fault.level, 2);
	free_fixture(f);
}

/* A table that is not there at all. */
static void test_root_outside_ram(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;

	(void)state;
	f->table.root = QT_GIB(3);
	assert_int_equal(look_up(f, 0, &at), QT_E_OUTSIDE);
	assert_int_equal(scan_all(f), QT_E_OUTSIDE);
	f->table.root = ~0xfffull;
	assert_int_equal(look_up(f, 0, &at), QT_E_OUTSIDE);
	assert_int_equal(scan_all(f), QT_E_OUTSIDE);
	free_fixture(f);
}

/* Scan. */

static void test_scan_empty(void **state)
{
	struct fixture *f = new_fixture(5, 2);

	(void)state;
	assert_int_equal(scan_all(f), 0);
	assert_int_equal(f->piece_count, 0);
	map(f, 0x5000, 0x1234000, 0x1000, QT_RW, 0);
	model_unmap(f->m, f->domain, 0x5000, 0x1000);
	assert_int_equal(scan_all(f), 0);
	assert_int_equal(f->piece_count, 0);
	assert_int_equal(scan(f, 0x5000, 0x5000), 0);
	free_fixture(f);
}

/* What continues in address and permission is one piece, across tables and leaf sizes. */
static void test_scan_joins(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(2) - 0x2000, QT_MIB(102) - 0x2000, 0x2000, QT_RW, 0);
	map(f, QT_MIB(2), QT_MIB(102), QT_MIB(2), QT_RW, 1);
	map(f, QT_MIB(4), QT_MIB(104), 0x1000, QT_RW, 0);
	map(f, QT_MIB(4) + 0x1000, QT_MIB(104) + 0x1000, 0x1000, QT_READ, 0); /* other perms */
	map(f, QT_MIB(4) + 0x2000, QT_MIB(204), 0x1000, QT_READ, 0);          /* other place */
	map(f, QT_MIB(4) + 0x4000, QT_MIB(204) + 0x2000, 0x1000, QT_READ, 0); /* a gap */
	map(f, QT_GIB(512) - 0x1000, QT_MIB(300), 0x2000, QT_RW, 0); /* across the root's entries */
	assert_int_equal(scan_all(f), 0);
	assert_int_equal(f->piece_count, 5);
	expect_piece(f, 0, QT_MIB(2) - 0x2000, QT_MIB(102) - 0x2000, QT_MIB(2) + 0x3000, QT_RW);
	expect_piece(f, 1, QT_MIB(4) + 0x1000, QT_MIB(104) + 0x1000, 0x1000, QT_READ);
	expect_piece(f, 2, QT_MIB(4) + 0x2000, QT_MIB(204), 0x1000, QT_READ);
	expect_piece(f, 3, QT_MIB(4) + 0x4000, QT_MIB(204) + 0x2000, 0x1000, QT_READ);
	expect_piece(f, 4, QT_GIB(512) - 0x1000, QT_MIB(300), 0x2000, QT_RW);
	free_fixture(f);
}

static void test_scan_cuts_to_the_window(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_GIB(1), QT_GIB(5), QT_GIB(1), QT_RW, 2);
	assert_int_equal(scan(f, QT_GIB(1) + 0x123, QT_GIB(1) + 0x456), 0);
	assert_int_equal(f->piece_count, 1);
	expect_piece(f, 0, QT_GIB(1) + 0x123, QT_GIB(5) + 0x123, 0x333, QT_RW);
	assert_int_equal(scan(f, QT_GIB(2) - 1, UINT64_MAX), 0);
	assert_int_equal(f->piece_count, 1);
	expect_piece(f, 0, QT_GIB(2) - 1, QT_GIB(6) - 1, 1, QT_RW);
	assert_int_equal(scan(f, QT_GIB(2), UINT64_MAX), 0);
	assert_int_equal(f->piece_count, 0);
	assert_int_equal(scan(f, 0, QT_GIB(1)), 0);
	assert_int_equal(f->piece_count, 0);
	assert_int_equal(scan(f, qt_table_span(&f->table), UINT64_MAX), 0);
	assert_int_equal(f->piece_count, 0);
	free_fixture(f);
}

static void test_scan_reads_only_what_the_window_needs(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	uint64_t reads;

	(void)state;
	for (unsigned i = 0; i < 20; i++)
		map(f, QT_GIB(i), QT_MIB(100), 0x1000, QT_RW, 0);
	reads = f->m->reads;
	assert_int_equal(scan(f, QT_GIB(7), QT_GIB(7) + 0x1000), 0);
	assert_int_equal(f->piece_count, 1);
	assert_true(f->m->reads - reads <= 4);
	free_fixture(f);
}

static void test_scan_is_ended_by_its_visitor(void **state)
{
	static const int ends[] = {1, 77, QT_E_BUSY, QT_E_NOMEM};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(ends); i++) {
		struct fixture *f = new_fixture(4, 2);

		map(f, QT_MIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
		map(f, QT_MIB(2), QT_MIB(100), 0x1000, QT_RW, 0);
		map(f, QT_MIB(3), QT_MIB(100), 0x1000, QT_RW, 0);
		f->stop_with = ends[i];
		assert_int_equal(scan_all(f), ends[i]);
		assert_int_equal(f->piece_count, 1);
		free_fixture(f);
	}
}

static void test_scan_combines_permissions(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	uint64_t raw;

	(void)state;
	map(f, 0x5000, 0x1234000, 0x2000, QT_RW, 0);
	raw = model_peek(f->m, model_table_entry(f->m, f->domain, 0x5000, 2));
	damage(f, 0x5000, 2, raw & ~(uint64_t)QT_WRITE);
	damage(f, 0x6000, 0, 0x1235000 | QT_WRITE);
	assert_int_equal(scan_all(f), 0);
	assert_int_equal(f->piece_count, 1);
	expect_piece(f, 0, 0x5000, 0x1234000, 0x1000, QT_READ);
	free_fixture(f);
}

/* What hardware refuses is passed over; the first such entry is named. */
static void test_scan_of_damage(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
	map(f, QT_GIB(3) + QT_MIB(2), QT_MIB(100), 0x3000, QT_RW, 0);
	map(f, QT_GIB(4), QT_MIB(100), 0x1000, QT_RW, 0);
	damage(f, QT_GIB(3) + QT_MIB(2), 0, 1ull << 50 | QT_RW);
	damage(f, QT_GIB(3) + QT_MIB(2) + 0x2000, 0, 1ull << 49 | QT_RW);
	assert_int_equal(scan_all(f), QT_E_BAD);
	assert_int_equal(f->piece_count, 3);
	expect_piece(f, 1, QT_GIB(3) + QT_MIB(2) + 0x1000, QT_MIB(100) + 0x1000, 0x1000, QT_RW);
	assert_int_equal(f->fault.iova, QT_GIB(3) + QT_MIB(2));
	assert_int_equal(f->fault.level, 0);
	assert_int_equal(f->fault.raw, 1ull << 50 | QT_RW);
	assert_int_equal(
		f->fault.entry, model_table_entry(f->m, f->domain, QT_GIB(3) + QT_MIB(2), 0));
	free_fixture(f);
}

/* Where a table cannot be read the scan ends, and what it found so far has been handed out. */
static void test_scan_that_ends_early(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
	map(f, QT_GIB(3) + QT_MIB(2), QT_MIB(100), 0x1000, QT_RW, 0);
	map(f, QT_GIB(4), QT_MIB(100), 0x1000, QT_RW, 0);
	damage(f, QT_GIB(3) + QT_MIB(2), 1, QT_GIB(3) | QT_RW);
	assert_int_equal(scan_all(f), QT_E_OUTSIDE);
	assert_int_equal(f->piece_count, 1);
	assert_int_equal(f->fault.iova, QT_GIB(3) + QT_MIB(2));
	damage(f, QT_MIB(1), 0, 1ull << 50 | QT_RW); /* not knowing is worse than refusal */
	assert_int_equal(scan_all(f), QT_E_OUTSIDE);
	free_fixture(f);
}

/* Loops end: by the levels, by the budget or because they are seen. */
static void test_scan_of_loops(void **state)
{
	(void)state;
	for (unsigned level = 1; level < 5; level++) {
		struct fixture *f = new_fixture(5, 2);
		uint64_t reads;

		map(f, QT_MIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
		damage(f, QT_MIB(1), level, f->domain->root | QT_RW);
		reads = f->m->reads;
		assert_int_equal(scan_all(f), QT_E_LIMIT);
		assert_true(f->m->reads - reads < 20000);
		free_fixture(f);
	}
}

/* Tables that fan out: 512 entries each that all lead to the same next table. */
static void test_scan_of_a_fan(void **state)
{
	struct fixture *f = new_fixture(5, 2);
	qt_phys tables[5];

	(void)state;
	tables[4] = f->domain->root;
	for (unsigned i = 0; i < 4; i++)
		tables[i] = model_page(f->m);
	for (unsigned i = 4; i > 0; i--)
		for (unsigned slot = 0; slot < 512; slot++)
			model_poke(f->m, tables[i] + slot * 8, tables[i - 1] | QT_RW);
	f->reader.reads_left = 5000;
	assert_int_equal(scan_all(f), QT_E_LIMIT);
	assert_int_equal(f->reader.reads_left, 0);
	f->reader.reads_left = 1ull << 40;
	f->reader.deadline_us = f->m->clock_ns / 1000 + 2000;
	assert_int_equal(scan_all(f), QT_E_LIMIT);
	free_fixture(f);
}

static void test_lookup_without_budget_or_time(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;

	(void)state;
	map(f, 0x5000, 0x1234000, 0x1000, QT_RW, 0);
	f->reader.reads_left = 4;
	assert_int_equal(look_up(f, 0x5000, &at), 0);
	f->reader.reads_left = 3;
	assert_int_equal(look_up(f, 0x5000, &at), QT_E_LIMIT);
	f->reader.reads_left = 100;
	f->reader.deadline_us = 1;
	f->m->clock_ns = 5000;
	assert_int_equal(look_up(f, 0x5000, &at), QT_E_LIMIT);
	free_fixture(f);
}

/* A scan agrees with the model's own walk, page by page. Returns the bytes that it found. */
static uint64_t scan_as_walked(struct fixture *f, qt_rid rid)
{
	qt_iova next = 0;
	uint64_t bytes = 0;

	assert_int_equal(scan_all(f), 0);
	for (size_t i = 0; i < f->piece_count; i++) {
		const struct qt_mapping *piece = &f->pieces[i];

		assert_true(piece->iova >= next && piece->size > 0);
		next = piece->iova + piece->size;
		bytes += piece->size;
		for (uint64_t at = 0; at < piece->size; at += 0x1000) {
			struct model_translation t;

			assert_int_equal(
				model_translate(f->m, rid, piece->iova + at, MODEL_WALK, &t), 0);
			assert_int_equal(t.perms, piece->perms);
			if (piece->elsewhere)
				assert_false(
					qt_ranges_overlap(f->outputs, t.phys, t.phys + 0x1000));
			else
				assert_int_equal(t.phys, piece->phys + at);
		}
	}
	return bytes;
}

/* Random tables: scan and look up agree with the model's own walk. */
static void compare_with_model(struct fixture *f, struct model_random *random)
{
	struct qt_range list[3];
	struct qt_ranges outputs = {.list = list, .capacity = QT_ARRAY_SIZE(list)};
	qt_rid rid = 0x10;
	uint64_t bytes;

	for (size_t i = 0; i < QT_ARRAY_SIZE(list); i++) {
		qt_phys start = QT_MIB(600) + (model_random_below(random, 0x4000) << 12);

		qt_ranges_add(&outputs, start,
			start + (model_random_below(random, 0x100) << 12) + 0x1000);
	}
	model_start_unit(f->m, 0);
	model_attach(f->m, f->domain, rid, 0);
	bytes = scan_as_walked(f, rid);
	f->outputs = &outputs;
	assert_int_equal(scan_as_walked(f, rid), bytes);
	f->outputs = &qt_nowhere;
	assert_int_equal(scan_as_walked(f, rid), bytes);
	for (size_t i = 0; i < f->piece_count; i++)
		assert_true(f->pieces[i].elsewhere);
	for (unsigned i = 0; i < 200; i++) {
		qt_iova iova = model_random_below(random, QT_MIB(64));
		struct model_translation t;
		struct qt_mapping at;
		int fault = model_translate(f->m, rid, iova, MODEL_WALK, &t);

		assert_int_equal(look_up(f, iova, &at), fault ? QT_E_NOTFOUND : 0);
		if (!fault)
			assert_int_equal(t.phys, at.phys + (iova - at.iova));
	}
}

static void test_random_tables(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct model_random random = {.state = seed};
		struct fixture *f = new_fixture(3 + (unsigned)(seed % 3), (unsigned)(seed % 4) % 3);

		for (unsigned i = 0; i < 20; i++) {
			uint64_t size = 0x1000 << model_random_below(&random, 11);
			qt_iova iova = model_random_below(&random, QT_MIB(64)) & ~(size - 1);
			qt_phys phys = QT_MIB(600) +
				       (model_random_below(&random, QT_MIB(64)) & ~(size - 1));

			if (i % 5 == 4)
				model_unmap(f->m, f->domain, iova, size);
			else
				map(f, iova, phys, size,
					1 + (unsigned)model_random_below(&random, 3),
					(unsigned)model_random_below(&random, 3));
		}
		compare_with_model(f, &random);
		free_fixture(f);
	}
}

/* Where it leads matters for what leads to an output: all else is joined by its IOVAs. */
static void test_outputs_that_matter(void **state)
{
	struct fixture *f = new_fixture(4, 0);
	struct qt_range list = {QT_MIB(512), QT_MIB(512) + 0x2000};
	struct qt_ranges outputs = {.list = &list, .count = 1, .capacity = 1};

	(void)state;
	for (unsigned i = 0; i < 600; i++)
		map(f, i * 0x1000, QT_MIB(700) - i * 0x1000, 0x1000, QT_RW, 0);
	map(f, 70 * 0x1000, list.start, 0x1000, QT_RW, 0);
	map(f, 71 * 0x1000, list.start + 0x1000, 0x1000, QT_RW, 0);
	map(f, 72 * 0x1000, list.end, 0x1000, QT_RW, 0);
	map(f, 80 * 0x1000, list.start - 0x1000, 0x1000, QT_READ, 0);
	f->outputs = &outputs;
	assert_int_equal(scan_all(f), 0);
	assert_int_equal(f->piece_count, 5);
	expect_piece(f, 1, 70 * 0x1000, list.start, 0x2000, QT_RW);
	assert_false(f->pieces[1].elsewhere);
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(f->pieces[i].elsewhere, i != 1);
	assert_int_equal(f->pieces[0].size, 70 * 0x1000);
	assert_int_equal(f->pieces[2].size, 8 * 0x1000);
	assert_int_equal(f->pieces[3].perms, QT_READ);
	assert_int_equal(f->pieces[4].size, (600 - 81) * 0x1000);
	free_fixture(f);
}

#define ROW_MAX  512
#define ROW_BASE QT_GIB(4)

/* One table of the lowest level, at the end of RAM: what comes behind it must not be read. */
struct row {
	unsigned n;
	uint8_t perms[ROW_MAX];
};

/* In groups of 16 that are scattered, so that they may be contiguous runs. */
static qt_phys row_output(unsigned index)
{
	return ROW_BASE + QT_KIB(4) * (16 * (5 * (index / 16) % 32) + index % 16);
}

/* `length` leaves from `first` on, a few behind them that can only be read, and the last one. */
static void fill_row(struct fixture *f, struct row *row, unsigned first, unsigned length)
{
	const struct qt_geometry *g = &f->table.geometry;
	bool arm = g->format->make_device_leaf;
	uint64_t raw[ROW_MAX] = {0};

	for (unsigned i = 0; i < row->n; i++) {
		bool leaf = (i >= first && i < first + length) || i == row->n - 1;
		bool read_only = i >= first + length && i < first + length + 3;

		row->perms[i] = leaf ? QT_RW : read_only ? QT_READ : 0;
		if (row->perms[i])
			raw[i] = g->format->with_perms(
				g, 0, g->format->make_leaf(g, 0, row_output(i)), row->perms[i]);
		if (arm && i / 16 == 1 && leaf)
			raw[i] |= 1ull << 52;
	}
	model_write(f->m, f->table.root, raw, row->n * sizeof(raw[0]));
}

/* What is found in it is what was put there, where only the output of entry `hit` matters. */
static void check_row(struct fixture *f, const struct row *row, unsigned hit)
{
	struct qt_range range = {row_output(hit), row_output(hit) + QT_KIB(4)};
	struct qt_ranges outputs = {.list = &range, .count = 1, .capacity = 1};
	size_t pieces = 0;

	f->outputs = &outputs;
	assert_int_equal(scan_all(f), 0);
	for (unsigned i = 0, end; i < row->n; i = end) {
		for (end = i + 1; end < row->n && i != hit && end != hit; end++)
			if (row->perms[end] != row->perms[i])
				break;
		if (!row->perms[i])
			continue;
		assert_true(pieces < f->piece_count);
		assert_int_equal(f->pieces[pieces].iova, QT_KIB(4) * i);
		assert_int_equal(f->pieces[pieces].size, QT_KIB(4) * (end - i));
		assert_int_equal(f->pieces[pieces].perms, row->perms[i]);
		assert_int_equal(f->pieces[pieces].elsewhere, i != hit);
		if (i == hit)
			assert_int_equal(f->pieces[pieces].phys, range.start);
		pieces++;
	}
	assert_int_equal(f->piece_count, pieces);
}

/* Runs of leaves of any length, in tables of any length, that begin and end anywhere. */
static void test_scan_of_runs(void **state)
{
	static const unsigned sizes[] = {1, 2, 8, 16, 32, 64, ROW_MAX};
	static const unsigned some[] = {1, 2, 15, 16, 17, 18, 31, 32, 33, 47, 48, 63, 64, 65, 480};

	(void)state;
	for (size_t c = 0; c < QT_ARRAY_SIZE(formats) * QT_ARRAY_SIZE(sizes); c++) {
		struct fixture *f = new_fixture(3, 0);
		struct row row = {.n = sizes[c / QT_ARRAY_SIZE(formats)]};

		f->table.geometry = arm_geometry(formats[c % QT_ARRAY_SIZE(formats)].format, 12);
		f->table.geometry.levels = 1;
		f->table.geometry.input_bits = (uint8_t)(12 + __builtin_ctz(row.n));
		f->table.root = QT_GIB(2) - row.n * sizeof(uint64_t);
		for (size_t i = 0; i < QT_ARRAY_SIZE(some) && some[i] <= row.n; i++) {
			for (size_t j = 0; j < QT_ARRAY_SIZE(some) && some[j] <= row.n; j++) {
				unsigned first = some[i] - 1;
				unsigned behind = first + some[j];

				fill_row(f, &row, first, some[j]);
				check_row(f, &row, first);
				check_row(f, &row, behind - 1 < row.n ? behind - 1 : row.n - 1);
				check_row(f, &row, behind < row.n ? behind : row.n - 1);
			}
		}
		free_fixture(f);
	}
}

/* Whether there is anything is told at the first that there is. */
static void test_scan_for_anything(void **state)
{
	struct fixture *f = new_fixture(3, 0);
	struct qt_range all = {0, qt_table_span(&f->table)};
	uint64_t reads;

	(void)state;
	assert_int_equal(qt_scan(&f->reader, &f->table, all, NULL, NULL, NULL, NULL), 0);
	map(f, 0, QT_MIB(600), QT_MIB(64), QT_RW, 0);
	reads = f->m->reads;
	assert_int_equal(qt_scan(&f->reader, &f->table, all, NULL, NULL, NULL, NULL), QT_E_BUSY);
	assert_int_equal(f->m->reads - reads, 3);
	free_fixture(f);
}

/* Install. */

static int add_store(void *context, const struct qt_store *store)
{
	struct fixture *f = context;

	assert_true(f->store_count < STORES_MAX);
	assert_int_equal(store->at % 8, 0);
	assert_int_equal(model_peek(f->m, store->at), store->before);
	assert_int_not_equal(store->before, store->after);
	f->stores[f->store_count++] = *store;
	return f->stop_with;
}

static int install(struct fixture *f, uint64_t start, uint64_t end)
{
	f->store_count = 0;
	if (!f->wanted.count)
		qt_ranges_add(&f->wanted, start, end);
	return qt_install(&f->reader, &f->table, &f->capture, (struct qt_range){start, end},
		f->partial, add_store, f, &f->fault);
}

static void apply(struct fixture *f)
{
	for (size_t i = 0; i < f->store_count; i++)
		model_poke(f->m, f->stores[i].at, f->stores[i].after);
}

/* All of [start, end) is one to one, read and write, and nothing else changed. */
static void expect_installed(struct fixture *f, uint64_t start, uint64_t end)
{
	struct model_translation t;

	apply(f);
	if (!(f->m->units[0].status & MODEL_GCMD_TE))
		model_start_unit(f->m, 0);
	model_attach(f->m, f->domain, 0x10, 0);
	for (qt_iova at = start; at < end; at += 0x1000) {
		assert_int_equal(model_translate(f->m, 0x10, at, MODEL_WALK, &t), 0);
		assert_int_equal(t.phys, at);
		assert_int_equal(t.perms, QT_RW);
	}
}

/* A capture subtree with registers in it: they are made for no memory, and alone. */
static void test_capture_of_registers(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_range list[] = {{QT_MIB(4), QT_MIB(4) + QT_KIB(64)}};
	struct qt_ranges devices = {list, 1, 1};
	struct qt_mapping at;

	(void)state;
	f->capture.geometry = arm_geometry(&qt_format_vmsav8_64, 12);
	f->capture.devices = &devices;
	qt_ranges_add(&f->wanted, QT_MIB(2), QT_MIB(8));
	f->table.geometry = f->capture.geometry;
	assert_int_equal(qt_capture_table(&f->capture, 2, 0, &f->table.root), 0);
	for (qt_iova iova = QT_MIB(2); iova < QT_MIB(8); iova += QT_KIB(4)) {
		bool device = iova >= list[0].start && iova < list[0].end;
		uint64_t raw;

		assert_int_equal(look_up(f, iova, &at), 0);
		assert_int_equal(at.phys, at.iova);
		assert_int_equal(qt_capture_entry(&f->capture, 0, iova, &raw), 0);
		assert_int_equal(raw >> 2 & 7, device ? 2 : 1);
	}
	assert_int_equal(look_up(f, QT_MIB(8), &at), QT_E_NOTFOUND);
	assert_int_equal(look_up(f, QT_MIB(2), &at), 0);
	assert_int_equal(at.size, QT_MIB(2));
	assert_int_equal(look_up(f, QT_MIB(4) + QT_KIB(64), &at), 0);
	assert_int_equal(at.size, QT_KIB(4));
	free_fixture(f);
}

/* A root of several tables in a row, and one of which only the start is there. */
static void test_roots_of_other_sizes(void **state)
{
	static const struct {
		uint8_t root_lg2, input_bits;
	} cases[] = {{4, 34}, {1, 31}, {0, 30}, {0, 25}, {3, 32}};
	static const uint8_t zeros[QT_KIB(64)];

	(void)state;
	for (size_t n = 0; n < QT_ARRAY_SIZE(cases); n++) {
		struct fixture *f = new_fixture(4, 2);
		uint64_t end = 1ull << cases[n].input_bits;
		struct qt_store *store = f->stores;
		struct qt_mapping at;
		size_t root_size = (end >> 21) * 8;

		f->table.geometry = arm_geometry(&qt_format_vmsav8_64_stage2, 12);
		f->table.geometry.levels = 2;
		f->table.geometry.root_lg2 = cases[n].root_lg2;
		f->table.geometry.input_bits = cases[n].input_bits;
		f->capture.geometry = f->table.geometry;
		/* The root is the last of RAM: what comes behind it must not be read. */
		f->table.root = QT_GIB(2) - root_size;
		model_write(f->m, f->table.root, zeros, root_size);
		model_poke(f->m, QT_GIB(2) - 8,
			f->table.geometry.format->make_leaf(&f->table.geometry, 1, QT_MIB(64)));
		assert_int_equal(qt_table_span(&f->table), end);
		assert_int_equal(look_up(f, end - 1, &at), 0);
		assert_int_equal(at.phys, QT_MIB(64));
		assert_int_equal(look_up(f, end, &at), QT_E_NOTFOUND);
		assert_int_equal(scan_all(f), 0);
		assert_int_equal(f->piece_count, 1);
		expect_piece(f, 0, end - QT_MIB(2), QT_MIB(64), QT_MIB(2), QT_RW);
		assert_int_equal(scan(f, 0, UINT64_MAX), 0);
		qt_ranges_add(&f->wanted, end - QT_MIB(4), end - QT_MIB(2));
		assert_int_equal(install(f, end - QT_MIB(4), end - QT_MIB(2)), 0);
		assert_int_equal(f->store_count, 1);
		assert_int_equal(store->at, QT_GIB(2) - 16);
		free_fixture(f);
	}
}

static void test_install_into_an_empty_table_is_one_store(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++)
		for (unsigned leaf_level = 0; leaf_level < 3; leaf_level++) {
			struct fixture *f = new_fixture(levels, leaf_level);

			assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
			assert_int_equal(f->store_count, 1);
			assert_int_equal(f->stores[0].at, f->table.root);
			expect_installed(f, crash[0].start, crash[0].end);
			free_fixture(f);
		}
}

/* The largest leaves that fit are used: counted by the tables that are made. */
static void test_install_makes_as_few_tables_as_it_can(void **state)
{
	static const struct {
		unsigned leaf_level;
		uint64_t start, end;
		unsigned pages;
	} cases[] = {
		{2, QT_GIB(1), QT_GIB(2), 1}, /* root entry, one table with a 1 GiB leaf */
		{1, QT_GIB(1), QT_GIB(2), 2}, /* + 512 leaves of 2 MiB */
		{1, QT_MIB(512), QT_MIB(528), 2},
		{2, QT_MIB(512), QT_MIB(528), 2},
		{0, QT_MIB(512), QT_MIB(514), 3},
		{0, QT_MIB(512), QT_MIB(528), 2 + 8},
		{1, QT_MIB(511), QT_MIB(513), 2 + 2},      /* two halves of 2 MiB in 4 KiB leaves */
		{2, QT_GIB(1) - 0x1000, QT_GIB(2), 1 + 2}, /* one page, and a 1 GiB leaf */
		{2, 0, QT_GIB(512), 1},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture(4, cases[i].leaf_level);
		size_t before = f->m->arena.used, pages;

		assert_int_equal(install(f, cases[i].start, cases[i].end), 0);
		pages = (f->m->arena.used - before) / 4096 - 1; /* one for notes */
		if (pages != cases[i].pages)
			fail_msg("case %zu: %zu pages", i, pages);
		free_fixture(f);
	}
}

/* The second domain takes the tables of the first; another shape of root as well. */
static void test_install_shares_the_subtree(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct model_domain *first = f->domain;
	size_t used;

	(void)state;
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	expect_installed(f, crash[0].start, crash[0].end);
	used = f->m->arena.used;
	f->domain = model_domain_new(f->m, 0, 4, 2);
	f->table.root = f->domain->root;
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->m->arena.used, used);
	assert_int_equal(model_peek(f->m, first->root), f->stores[0].after);
	expect_installed(f, crash[0].start, crash[0].end);
	f->domain = model_domain_new(f->m, 0, 3, 3);
	f->table.root = f->domain->root;
	f->table.geometry.levels = 3;
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->m->arena.used, used);
	expect_installed(f, crash[0].start, crash[0].end);
	free_fixture(f);
}

/* Neighbours in the same table, on both sides, at each level. */
static void test_install_beside_what_is_live(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;

	(void)state;
	map(f, QT_MIB(512) - 0x1000, QT_MIB(100), 0x1000, QT_READ, 0);
	map(f, QT_MIB(528), QT_MIB(101), 0x1000, QT_WRITE, 0);
	map(f, QT_GIB(600), QT_MIB(102), 0x1000, QT_RW, 0);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->store_count, 8);
	expect_installed(f, crash[0].start, crash[0].end);
	assert_int_equal(look_up(f, QT_MIB(512) - 1, &at), 0);
	assert_int_equal(at.phys, QT_MIB(100));
	assert_int_equal(look_up(f, QT_MIB(528), &at), 0);
	assert_int_equal(at.perms, QT_WRITE);
	free_fixture(f);
}

/* An unaligned range beside a live page in the same 2 MiB. */
static void test_install_in_the_lowest_table(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(512), QT_MIB(100), 0x3000, QT_RW, 0);
	assert_int_equal(install(f, QT_MIB(512) + 0x3000, QT_MIB(514)), 0);
	assert_int_equal(f->store_count, 512 - 3);
	expect_installed(f, QT_MIB(512) + 0x3000, QT_MIB(514));
	free_fixture(f);
}

/* Present but empty, at each level, is replaced as a whole. */
static void test_install_replaces_emptied_tables(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(512), QT_MIB(100), QT_MIB(16), QT_RW, 0);
	model_unmap(f->m, f->domain, QT_MIB(512), QT_MIB(16));
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->store_count, 1);
	assert_int_equal(f->stores[0].at, f->table.root);
	map(f, QT_MIB(600), QT_MIB(100), 0x1000, QT_RW, 0);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->store_count, 8);
	for (size_t i = 0; i < 8; i++)
		assert_true(f->stores[i].before & QT_RW); /* each led to an emptied table */
	expect_installed(f, crash[0].start, crash[0].end);
	free_fixture(f);
}

/* One live page deep in an otherwise emptied subtree is enough to keep it. */
static void test_install_keeps_a_table_with_one_live_page(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;

	(void)state;
	map(f, QT_MIB(500), QT_MIB(100), QT_MIB(40), QT_RW, 0);
	model_unmap(f->m, f->domain, QT_MIB(500), QT_MIB(40));
	map(f, QT_GIB(1) - 0x1000, QT_MIB(100), 0x1000, QT_READ, 0);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	expect_installed(f, crash[0].start, crash[0].end);
	assert_int_equal(look_up(f, QT_GIB(1) - 1, &at), 0);
	free_fixture(f);
}

static void test_install_where_something_translates(void **state)
{
	static const struct {
		qt_iova iova;
		uint64_t size;
		unsigned level;
	} cases[] = {
		{QT_MIB(512), 0x1000, 0},
		{QT_MIB(528) - 0x1000, 0x1000, 0},
		{QT_MIB(520), QT_MIB(2), 1},
		{0, QT_GIB(1), 2},
		{QT_MIB(510), QT_MIB(4), 0},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture(4, 2);

		map(f, cases[i].iova, QT_GIB(5), cases[i].size, QT_RW, cases[i].level);
		assert_int_equal(install(f, crash[0].start, crash[0].end), QT_E_BUSY);
		for (size_t j = 0; j < f->store_count; j++)
			assert_false(f->stores[j].before & QT_RW &&
				     f->stores[j].before & MODEL_SS_LARGE);
		free_fixture(f);
	}
}

/* Partial: what is in the way is left out, the rest installed. */
static void test_install_around_what_is_taken(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	struct qt_mapping at;

	(void)state;
	f->partial = true;
	map(f, QT_MIB(514) + 0x3000, QT_MIB(100), 0x2000, QT_RW, 0);
	map(f, QT_MIB(520), QT_MIB(102), QT_MIB(2), QT_RW, 1);
	map(f, QT_MIB(528) - 0x1000, QT_MIB(104), 0x2000, QT_READ, 0);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->store_count, 5 + 510 + 511);
	expect_installed(f, QT_MIB(512), QT_MIB(514) + 0x3000);
	expect_installed(f, QT_MIB(514) + 0x5000, QT_MIB(520));
	expect_installed(f, QT_MIB(522), QT_MIB(528) - 0x1000);
	assert_int_equal(look_up(f, QT_MIB(514) + 0x4000, &at), 0);
	assert_int_equal(at.phys, QT_MIB(100) + 0x1000);
	assert_int_equal(look_up(f, QT_MIB(521), &at), 0);
	assert_int_equal(at.phys, QT_MIB(102));
	free_fixture(f);
}

/* One to one already, in part: those entries stay as they are. */
static void test_install_over_what_is_one_to_one(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(514), QT_MIB(514), QT_MIB(2), QT_RW, 1);
	map(f, QT_MIB(520), QT_MIB(520), 0x3000, QT_RW, 0);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	for (size_t i = 0; i < f->store_count; i++)
		assert_int_equal(f->stores[i].before & QT_RW, 0);
	expect_installed(f, crash[0].start, crash[0].end);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->store_count, 0);
	free_fixture(f);
}

static void test_install_over_one_to_one_without_permission(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(514), QT_MIB(514), 0x1000, QT_READ, 0);
	assert_int_equal(install(f, crash[0].start, crash[0].end), QT_E_BUSY);
	assert_int_equal(f->fault.iova, QT_MIB(514));
	free_fixture(f);
}

/* The way down has to allow everything, unless it can be replaced. */
static void test_install_below_a_read_only_table(void **state)
{
	struct fixture *f = new_fixture(4, 2);
	uint64_t raw;

	(void)state;
	map(f, QT_MIB(600), QT_MIB(100), 0x1000, QT_RW, 0);
	raw = model_peek(f->m, model_table_entry(f->m, f->domain, QT_MIB(600), 2));
	damage(f, QT_MIB(600), 2, raw & ~(uint64_t)QT_WRITE);
	assert_int_equal(install(f, crash[0].start, crash[0].end), QT_E_BUSY);
	model_unmap(f->m, f->domain, QT_MIB(600), 0x1000);
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_int_equal(f->store_count, 1);
	expect_installed(f, crash[0].start, crash[0].end);
	free_fixture(f);
}

static void test_install_beyond_the_span(void **state)
{
	struct fixture *f = new_fixture(3, 2);

	(void)state;
	assert_int_equal(install(f, QT_GIB(512) - 0x1000, QT_GIB(512) + 0x1000), QT_E_BUSY);
	assert_int_equal(f->store_count, 0);
	assert_int_equal(install(f, 0x5000, 0x5000), QT_E_INVAL);
	free_fixture(f);
}

static void test_install_beyond_the_input_width(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	f->table.geometry.input_bits = 39;
	assert_int_equal(qt_table_span(&f->table), QT_GIB(512));
	assert_int_equal(install(f, QT_GIB(600), QT_GIB(601)), QT_E_BUSY);
	free_fixture(f);
}

static void test_install_into_damage(void **state)
{
	static const struct {
		unsigned level;
		uint64_t raw;
		int error;
	} cases[] = {
		{1, QT_GIB(3) | QT_RW, QT_E_OUTSIDE},
		{1, QT_MIB(520) | QT_RW, QT_E_OUTSIDE},
		{1, 1ull << 45 | QT_RW, QT_E_BAD},
		{0, 1ull << 45 | QT_RW, QT_E_BAD},
		{2, QT_GIB(3) | QT_RW, QT_E_OUTSIDE},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture(4, 2);

		map(f, QT_MIB(514), QT_MIB(100), 0x1000, QT_RW, 0);
		model_unmap(f->m, f->domain, QT_MIB(514), 0x1000);
		damage(f, QT_MIB(514), cases[i].level, cases[i].raw);
		assert_int_equal(install(f, crash[0].start, crash[0].end), cases[i].error);
		free_fixture(f);
	}
}

static void test_install_without_memory(void **state)
{
	bool enough = false;

	(void)state;
	for (size_t pages = 0; !enough; pages++) {
		struct fixture *f = new_fixture(4, 0);
		int error;

		f->m->arena.used = f->m->arena.size - pages * 4096;
		error = install(f, crash[0].start, crash[0].end);
		enough = error == 0;
		assert_true(enough || error == QT_E_NOMEM);
		assert_true(pages < 20);
		free_fixture(f);
	}
}

/* The reader's budget, and what `add` says, end it too. */
static void test_install_ends_early(void **state)
{
	struct fixture *f = new_fixture(4, 2);

	(void)state;
	map(f, QT_MIB(600), QT_MIB(100), 0x1000, QT_RW, 0);
	f->stop_with = QT_E_NOMEM;
	assert_int_equal(install(f, crash[0].start, crash[0].end), QT_E_NOMEM);
	assert_int_equal(f->store_count, 1);
	f->stop_with = 0;
	f->reader.reads_left = 2;
	assert_int_equal(install(f, crash[0].start, crash[0].end), QT_E_LIMIT);
	free_fixture(f);
}

/* What a unit that does not snoop will walk is written back before anything leads to it. */
static void test_install_writes_its_tables_back(void **state)
{
	struct fixture *f = new_fixture(4, 0);

	(void)state;
	f->capture.geometry.coherent = f->table.geometry.coherent = false;
	assert_int_equal(install(f, crash[0].start, crash[0].end), 0);
	assert_true(f->m->write_backs >= 10);
	free_fixture(f);
}

/* The capture mapping alone: the root of a domain for what had none. */
static void test_capture_table(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++) {
		struct fixture *f = new_fixture(levels, 1);
		size_t used;
		qt_phys root, again;

		qt_ranges_add(&f->wanted, 0x1000, 0x9f000);
		qt_ranges_add(&f->wanted, crash[0].start, crash[0].end);
		assert_int_equal(qt_capture_table(&f->capture, levels - 1, 0, &root), 0);
		used = f->m->arena.used;
		assert_int_equal(qt_capture_table(&f->capture, levels - 1, 0, &again), 0);
		assert_int_equal(root, again);
		assert_int_equal(used, f->m->arena.used);
		f->table.root = root;
		assert_int_equal(scan_all(f), 0);
		assert_int_equal(f->piece_count, 2);
		expect_piece(f, 0, 0x1000, 0x1000, 0x9e000, QT_RW);
		expect_piece(f, 1, crash[0].start, crash[0].start, QT_MIB(16), QT_RW);
		free_fixture(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format_kinds),
		cmocka_unit_test(test_format_without_superpages),
		cmocka_unit_test(test_format_makes_what_it_decodes),
		cmocka_unit_test(test_every_format_in_pieces),
		cmocka_unit_test(test_every_format_with_permissions),
		cmocka_unit_test(test_arm_makes_what_it_decodes),
		cmocka_unit_test(test_arm_contiguous_runs),
		cmocka_unit_test(test_capture_of_registers),
		cmocka_unit_test(test_roots_of_other_sizes),
		cmocka_unit_test(test_lookup_every_size_and_level_count),
		cmocka_unit_test(test_lookup_combines_permissions),
		cmocka_unit_test(test_lookup_of_damage),
		cmocka_unit_test(test_lookup_where_reading_fails),
		cmocka_unit_test(test_root_outside_ram),
		cmocka_unit_test(test_scan_empty),
		cmocka_unit_test(test_scan_joins),
		cmocka_unit_test(test_scan_cuts_to_the_window),
		cmocka_unit_test(test_scan_reads_only_what_the_window_needs),
		cmocka_unit_test(test_scan_is_ended_by_its_visitor),
		cmocka_unit_test(test_scan_combines_permissions),
		cmocka_unit_test(test_scan_of_damage),
		cmocka_unit_test(test_scan_that_ends_early),
		cmocka_unit_test(test_scan_of_loops),
		cmocka_unit_test(test_scan_of_a_fan),
		cmocka_unit_test(test_lookup_without_budget_or_time),
		cmocka_unit_test(test_random_tables),
		cmocka_unit_test(test_outputs_that_matter),
		cmocka_unit_test(test_scan_of_runs),
		cmocka_unit_test(test_scan_for_anything),
		cmocka_unit_test(test_install_into_an_empty_table_is_one_store),
		cmocka_unit_test(test_install_makes_as_few_tables_as_it_can),
		cmocka_unit_test(test_install_shares_the_subtree),
		cmocka_unit_test(test_install_beside_what_is_live),
		cmocka_unit_test(test_install_in_the_lowest_table),
		cmocka_unit_test(test_install_replaces_emptied_tables),
		cmocka_unit_test(test_install_keeps_a_table_with_one_live_page),
		cmocka_unit_test(test_install_where_something_translates),
		cmocka_unit_test(test_install_around_what_is_taken),
		cmocka_unit_test(test_install_over_what_is_one_to_one),
		cmocka_unit_test(test_install_over_one_to_one_without_permission),
		cmocka_unit_test(test_install_below_a_read_only_table),
		cmocka_unit_test(test_install_beyond_the_span),
		cmocka_unit_test(test_install_beyond_the_input_width),
		cmocka_unit_test(test_install_into_damage),
		cmocka_unit_test(test_install_without_memory),
		cmocka_unit_test(test_install_ends_early),
		cmocka_unit_test(test_install_writes_its_tables_back),
		cmocka_unit_test(test_capture_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
