/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What mapping, unmapping and looking up take per call in a domain that stays in use,
 * without what hardware takes to forget: for every format of tables.
 */
#include <stdio.h>

#include <quietus/domain.h>

#include "tables.h"

#define REPETITIONS 50
#define RANGES      4096
#define POOL_PAGES  256
#define ARENA       (QT_MIB(1) + QT_KIB(64)) /* those pages, and what they are counted with */
#define FOREIGN     65536                    /* pages that the dead kernel left mapped */
#define CALLS_MAX   1024

static const struct kind {
	const struct qt_format *format;
	const char *name;
} kinds[] = {
	{&qt_format_vtd_second_stage, "VT-d second stage"},
	{&qt_format_x86_64_first_stage, "VT-d first stage, AMD v2"},
	{&qt_format_amd_v1, "AMD v1"},
	{&qt_format_vmsav8_64, "SMMUv3 stage 1"},
	{&qt_format_vmsav8_64_stage2, "SMMUv3 stage 2"},
};

static const struct size {
	const char *name;
	uint64_t bytes;
	uint64_t skew; /* of the physical address */
	unsigned calls;
} sizes[] = {
	{"4 KiB", QT_KIB(4), 0, CALLS_MAX},
	{"256 x 4 KiB", QT_MIB(1), QT_KIB(4), 64},
	{"2 MiB", QT_MIB(2), 0, 64},
};

struct setup {
	struct bench_memory memory;
	struct qt_arena arena;
	struct qt_page_pool pool;
	struct qt_pages pages;
	struct qt_live live;
	struct qt_range list[RANGES];
};

/* Seconds that a round of calls took. */
struct times {
	double map, lookup, unmap;
};

static void set_up(struct setup *s, const struct qt_format *format)
{
	const struct qt_geometry geometry = bench_geometry(format);
	size_t foreign = bench_tables_size(FOREIGN);

	bench_memory_init(&s->memory, QT_GIB(4), foreign + ARENA);
	s->arena = (struct qt_arena){
		.base = s->memory.base + foreign, .phys = s->memory.phys + foreign, .size = ARENA};
	if (qt_page_pool_init(&s->pool, &s->arena, 4096, POOL_PAGES))
		bench_fail("out of memory");
	s->pages = qt_page_pool_pages(&s->pool);
	s->live = (struct qt_live){.host = &s->memory.host,
		.pages = &s->pages,
		.ram = &s->memory.ram,
		.reads = UINT64_MAX,
		.table = bench_table(&s->memory, &geometry),
		.occupancy = {.used = {.list = s->list, .capacity = RANGES}}};
	bench_map(&s->memory, &s->live.table, QT_GIB(8), FOREIGN, BENCH_SCATTERED);
	if (qt_live_open(&s->live))
		bench_fail("the tables are not sound");
}

/* IOVAs one after the other, as drivers get them; physical addresses that do not continue. */
static struct times one_round(struct setup *s, const struct size *size)
{
	qt_iova iova = QT_GIB(4);
	struct qt_mapping found;
	int failed = 0;
	double t[4];

	t[0] = bench_now();
	for (uint64_t i = 0; i < size->calls; i++)
		failed |= qt_live_map(&s->live, iova + i * size->bytes,
			BENCH_OUTPUTS + 2 * i * size->bytes + size->skew, size->bytes, QT_RW);
	t[1] = bench_now();
	for (uint64_t i = 0; i < size->calls; i++)
		failed |= qt_live_lookup(&s->live, iova + i * size->bytes, &found);
	t[2] = bench_now();
	for (uint64_t i = 0; i < size->calls; i++)
		failed |= qt_live_unmap(&s->live, iova + i * size->bytes, size->bytes, NULL);
	t[3] = bench_now();
	if (failed)
		bench_fail("a call failed");
	qt_live_flushed(&s->live);
	return (struct times){t[1] - t[0], t[2] - t[1], t[3] - t[2]};
}

static struct times measure(const struct kind *kind, const struct size *size)
{
	static struct setup s;
	struct times best;

	set_up(&s, kind->format);
	best = one_round(&s, size);
	for (int i = 1; i < REPETITIONS; i++) {
		struct times t = one_round(&s, size);

		best = (struct times){bench_least(best.map, t.map),
			bench_least(best.lookup, t.lookup), bench_least(best.unmap, t.unmap)};
	}
	bench_memory_free(&s.memory);
	return best;
}

int main(void)
{
	printf("\na domain in use, ns per call\n");
	printf("%-25s %-12s map      unmap    look up\n", "tables", "size");
	for (size_t i = 0; i < QT_ARRAY_SIZE(kinds); i++) {
		for (size_t j = 0; j < QT_ARRAY_SIZE(sizes); j++) {
			struct times t = measure(&kinds[i], &sizes[j]);
			double each = 1e9 / sizes[j].calls;

			printf("%-25s %-12s %-8.0f %-8.0f %.0f\n", kinds[i].name, sizes[j].name,
				t.map * each, t.unmap * each, t.lookup * each);
		}
	}
	return 0;
}
