/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAGE    4096u
#define ENTRIES 512u

void bench_fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

double bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double bench_least(double a, double b)
{
	return a < b ? a : b;
}

static void *place(const struct bench_memory *memory, qt_phys at, size_t len)
{
	uint64_t offset = at - memory->phys;

	return offset < memory->size && len <= memory->size - offset ? memory->base + offset : NULL;
}

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	const void *from = place(context, at, len);

	if (!from)
		return QT_E_OUTSIDE;
	memcpy(buffer, from, len);
	return QT_OK;
}

static int store_memory(void *context, qt_phys at, uint64_t value)
{
	volatile uint64_t *to = place(context, at, sizeof(value));

	if (!to)
		return QT_E_IO;
	*to = value;
	return QT_OK;
}

static void write_back(void *context, qt_phys at, size_t len)
{
	(void)context;
	(void)at;
	(void)len;
}

static uint64_t no_time(void *context)
{
	(void)context;
	return 0;
}

void bench_memory_init(struct bench_memory *memory, qt_phys phys, size_t size)
{
	*memory = (struct bench_memory){
		.base = aligned_alloc(PAGE, size),
		.phys = phys,
		.size = size,
		.host = {.context = memory,
			.read = read_memory,
			.store64 = store_memory,
			.write_back = write_back,
			.now_us = no_time},
		.range = {phys, phys + size},
		.ram = {.list = &memory->range, .count = 1, .capacity = 1},
	};
	if (!memory->base)
		bench_fail("out of memory");
	memset(memory->base, 0, size);
}

void bench_memory_free(struct bench_memory *memory)
{
	free(memory->base);
}

size_t bench_tables_size(uint64_t pages)
{
	uint64_t tables = QT_LEVELS_MAX;

	/* One more of each level, where the first IOVA is not the first one of a table. */
	for (; pages > 1; tables += pages + 1)
		pages = (pages + ENTRIES - 1) / ENTRIES;
	return tables * PAGE;
}

static qt_phys new_page(struct bench_memory *memory)
{
	qt_phys at = memory->phys + memory->used;

	memory->used += PAGE;
	if (memory->used > memory->size)
		bench_fail("more tables than there is room for");
	return at;
}

struct qt_geometry bench_geometry(const struct qt_format *format)
{
	return (struct qt_geometry){.format = format,
		.levels = 4,
		.granule_lg2 = 12,
		.index_lg2 = 9,
		.leaf_level = 2,
		.output_bits = 46,
		.coherent = true};
}

struct qt_table bench_table(struct bench_memory *memory, const struct qt_geometry *geometry)
{
	return (struct qt_table){.geometry = *geometry, .root = new_page(memory)};
}

/* The table of the lowest level for an IOVA, with those above it. */
static uint64_t *lowest_table(
	struct bench_memory *memory, const struct qt_table *table, qt_iova iova)
{
	const struct qt_geometry *g = &table->geometry;
	qt_phys page = table->root;

	for (unsigned level = g->levels - 1u; level > 0; level--) {
		uint64_t *slot = (uint64_t *)place(memory, page, PAGE) +
				 (iova >> qt_level_lg2(g, level)) % ENTRIES;
		struct qt_entry entry;

		if (*slot == 0)
			*slot = g->format->make_table(g, level, new_page(memory));
		g->format->decode(g, level, slot, 1, &entry);
		page = entry.output;
	}
	return place(memory, page, PAGE);
}

static uint64_t random_number(void)
{
	static uint64_t state = 88172645463325252u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* Whether the next page is one of a run that is there. */
static bool next_in_runs(void)
{
	static unsigned left;
	static bool there;

	if (left == 0) {
		left = 1 + random_number() % 31;
		there = !there;
	}
	left--;
	return there;
}

static uint64_t entry_for(const struct qt_geometry *g, uint64_t index, enum bench_filling filling)
{
	uint64_t page = filling == BENCH_IN_A_ROW ? index : random_number() % (1u << 24);

	if (filling == BENCH_EMPTY || (filling == BENCH_HALF && index & 16) ||
		(filling == BENCH_RUNS && !next_in_runs()))
		return 0;
	return g->format->make_leaf(g, 0, BENCH_OUTPUTS + page * PAGE);
}

void bench_map(struct bench_memory *memory, const struct qt_table *table, qt_iova iova,
	uint64_t pages, enum bench_filling filling)
{
	uint64_t *lowest = NULL;

	for (uint64_t i = 0; i < pages; i++, iova += PAGE) {
		unsigned index = iova / PAGE % ENTRIES;

		if (!lowest || index == 0)
			lowest = lowest_table(memory, table, iova);
		lowest[index] = entry_for(&table->geometry, i, filling);
	}
}
