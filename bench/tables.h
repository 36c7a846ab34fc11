/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables as large as a benchmark wants them, of any format, in plain memory that
 * stands for physical memory.
 */
#ifndef BENCH_TABLES_H
#define BENCH_TABLES_H

#include <quietus/table.h>

struct bench_memory {
	uint8_t *base;
	qt_phys phys; /* of base */
	size_t size;  /* bytes */
	size_t used;
	struct qt_host host; /* reads and stores here; its clock stands still */
	struct qt_range range;
	struct qt_ranges ram; /* all of it */
};

/* What the entries of tables are. */
enum bench_filling {
	BENCH_IN_A_ROW,  /* leaves, each leading to behind where the one before leads */
	BENCH_SCATTERED, /* leaves that lead anywhere */
	BENCH_HALF,      /* the same, every other 16 of them missing */
	BENCH_RUNS,      /* the same, 1 to 31 there and 1 to 31 missing, at random */
	BENCH_EMPTY,     /* the tables are there, and empty */
};

/* Leaves lead to here and up. */
#define BENCH_OUTPUTS QT_GIB(8)

void bench_memory_init(struct bench_memory *memory, qt_phys phys, size_t size);
void bench_memory_free(struct bench_memory *memory);

/* Bytes that the tables for so many pages in a row may take. */
size_t bench_tables_size(uint64_t pages);

/* Tables of 4 levels, as large units have them. */
struct qt_geometry bench_geometry(const struct qt_format *format);

/* A table that translates nothing. */
struct qt_table bench_table(struct bench_memory *memory, const struct qt_geometry *geometry);

/* Gives `pages` pages of 4 KiB from `iova` on tables of the lowest level, filled so. */
void bench_map(struct bench_memory *memory, const struct qt_table *table, qt_iova iova,
	uint64_t pages, enum bench_filling filling);

/* CPU time of this thread in seconds. */
double bench_now(void);

/* Of two times, the one that less was added to. */
double bench_least(double a, double b);

void bench_fail(const char *what);

#endif
