/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sparse physical memory of 4 KiB pages, behind a CPU cache and a write buffer.
 *
 * A page that was never touched holds repeatable garbage. Each page has up to
 * four views, kept apart only where they differ:
 *
 *   CPU              what the CPU stored, and what a unit sees that snoops its caches
 *   MEMORY           what reached memory: stores followed by a write_back of their line
 *   BUFFERED_CPU     what of either passed the chipset's write buffer (CAP.RWBF):
 *   BUFFERED_MEMORY  what was there at the last GCMD.WBF
 */
#ifndef MODEL_MEMORY_H
#define MODEL_MEMORY_H

#include <quietus/types.h>

#define MODEL_PAGE 4096u
#define MODEL_LINE 64u

enum model_view {
	MODEL_CPU,
	MODEL_MEMORY,
	MODEL_BUFFERED_CPU,
	MODEL_BUFFERED_MEMORY,
	MODEL_VIEWS,
};

struct model_page {
	uint64_t number;             /* address / MODEL_PAGE */
	uint8_t *view[MODEL_VIEWS];  /* NULL: same as the one behind it */
	uint8_t *before;             /* contents at model_crash, if changed since */
	bool own;                    /* view[MODEL_CPU] is ours to free */
	struct model_page *next;     /* in the hash bucket */
	struct model_page *next_all; /* in the list of all pages */
};

/* A word in which hardware has set bits. */
struct model_flagged {
	qt_phys at;
	uint64_t bits;
};

struct model_memory {
	struct model_page **buckets;
	struct model_page *all;
	struct model_page *last; /* looked up last */
	uint64_t seed;           /* of the garbage */
	bool cached;             /* keep MEMORY apart */
	bool buffered;           /* keep the BUFFERED ones apart */
	bool watched;            /* keep what was there before */
	struct model_flagged *flagged;
	size_t flagged_count;
};

void model_memory_init(struct model_memory *memory, uint64_t seed, bool cached, bool buffered);
void model_memory_free(struct model_memory *memory);

/* Lays the pages from `at` on over `buffer`, whose CPU view it then is. */
void model_memory_overlay(struct model_memory *memory, qt_phys at, uint8_t *buffer, size_t size);

/* Contents of the page that holds `at` in a view. */
const uint8_t *model_memory_page(struct model_memory *memory, qt_phys at, enum model_view view);

/* 8 bytes at an 8-byte aligned address. */
uint64_t model_memory_load(struct model_memory *memory, qt_phys at, enum model_view view);

/* Bytes of the CPU view. */
void model_memory_read(struct model_memory *memory, qt_phys at, void *buffer, size_t len);

/* Into the CPU view only. */
void model_memory_store(struct model_memory *memory, qt_phys at, uint64_t value);

/* Into all views at once, as DMA and the past do. */
void model_memory_write(struct model_memory *memory, qt_phys at, const void *bytes, size_t len);

/* What hardware writes by itself, within a page: no business of LEDGER's. */
void model_memory_hardware(struct model_memory *memory, qt_phys at, const void *bytes, size_t len);

/*
 * Bits that hardware sets by itself, in all views: accessed and dirty flags. They
 * are kept in mind: such changes are nobody's.
 */
void model_memory_flag(struct model_memory *memory, qt_phys at, uint64_t bits);

/* Bits that hardware has set in a word since the crash. */
uint64_t model_memory_flagged(const struct model_memory *memory, qt_phys at);

/* Lines of [at, at + len) go from the CPU view to MEMORY. True if that changed anything. */
bool model_memory_write_back(struct model_memory *memory, qt_phys at, uint64_t len);

/* Everything passes the write buffer. */
void model_memory_drain(struct model_memory *memory);

/* Makes every view equal to the CPU's, as a long time would. */
void model_memory_settle(struct model_memory *memory);

#endif
