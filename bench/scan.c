/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How fast tables are scanned, for the IOVAs in use (occupancy) and for what leads into
 * the crash region (GUARD), next to a plain loop that reads the same memory once.
 */
#include <math.h>
#include <stdio.h>

#include <quietus/occupancy.h>
#include <quietus/unit.h>

#include "tables.h"

#define PAGES       (1u << 24)
#define REPETITIONS 15
#define RANGES      (PAGES / 16) /* more than there are runs of leaves */

static const struct qt_format *const formats[] = {&qt_format_vtd_second_stage,
	&qt_format_x86_64_first_stage, &qt_format_amd_v1, &qt_format_vmsav8_64,
	&qt_format_vmsav8_64_stage2};

static const char *const fillings[] = {
	"in a row", "scattered", "every other 16", "runs of 1 to 31", "empty tables"};

/* Seconds that each took. */
struct times {
	double plain, occupancy, guard;
};

static double loop(const struct bench_memory *memory)
{
	const uint64_t *words = (const uint64_t *)memory->base;
	double since = bench_now();
	uint64_t sum = 0;

	for (size_t i = 0; i < memory->used / sizeof(*words); i++)
		sum += words[i];
	__asm__ volatile("" : : "r"(sum));
	return bench_now() - since;
}

static double occupancy(const struct bench_memory *memory, const struct qt_table *table)
{
	static struct qt_range list[RANGES];
	struct qt_occupancy found = {.used = {.list = list, .capacity = RANGES}};
	struct qt_reader reader = {
		.host = &memory->host, .ram = &memory->ram, .reads_left = UINT64_MAX};
	double since = bench_now();

	if (qt_occupancy_rebuild(&found, &reader, table, NULL))
		bench_fail("the tables are not sound");
	return bench_now() - since;
}

static double guard(const struct bench_memory *memory, const struct qt_table *table)
{
	struct qt_range crash = {QT_GIB(2), QT_GIB(2) + QT_MIB(256)};
	struct qt_ranges crashes = {.list = &crash, .count = 1, .capacity = 1};
	struct qt_machine machine = {
		.host = &memory->host, .ram = memory->ram, .crash = crashes, .mapped = crashes};
	struct qt_domain domain = {.table = *table};
	double since = bench_now();

	qt_domain_survey(&machine, &domain);
	if (domain.scan_error || domain.guard_broken)
		bench_fail("the tables are not sound");
	return bench_now() - since;
}

static struct times measure(const struct qt_format *format, enum bench_filling filling)
{
	const struct qt_geometry geometry = bench_geometry(format);
	struct bench_memory memory;
	struct times best = {INFINITY, INFINITY, INFINITY};
	struct qt_table table;

	bench_memory_init(&memory, QT_GIB(4), bench_tables_size(PAGES));
	table = bench_table(&memory, &geometry);
	bench_map(&memory, &table, QT_GIB(4), PAGES, filling);
	/* In turns: what disturbs, disturbs all, and only adds. */
	for (int i = 0; i < REPETITIONS; i++) {
		best.plain = bench_least(best.plain, loop(&memory));
		best.occupancy = bench_least(best.occupancy, occupancy(&memory, &table));
		best.guard = bench_least(best.guard, guard(&memory, &table));
	}
	bench_memory_free(&memory);
	return best;
}

int main(void)
{
	printf("\nscanning %u entries of 4 KiB, ns per entry, and speed to that of a plain loop\n",
		PAGES);
	printf("%-20s %-15s plain loop   occupancy     GUARD\n", "format", "entries");
	for (size_t i = 0; i < QT_ARRAY_SIZE(formats); i++) {
		for (size_t j = 0; j < QT_ARRAY_SIZE(fillings); j++) {
			struct times t = measure(formats[i], (enum bench_filling)j);
			double each = 1e9 / PAGES;

			printf("%-20s %-15s %-12.2f %.2f %3.0f %%    %.2f %3.0f %%\n",
				formats[i]->name, fillings[j], t.plain * each, t.occupancy * each,
				100 * t.plain / t.occupancy, t.guard * each,
				100 * t.plain / t.guard);
			fflush(stdout);
		}
	}
	return 0;
}
