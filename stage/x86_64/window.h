/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The window: one page table through which the stage sees all physical memory,
 * as a direct-mapped cache. A page has one slot, and one memory type at a time,
 * so it is never mapped twice in different ways.
 *
 * Source of the entry format and of memory types: SDM 3, 4.5 and 4.9.2. The page
 * attribute table has write-back at index 0 and uncached at index 3; paging.c
 * checks that before anything is mapped.
 */
#ifndef QUIETUS_STAGE_WINDOW_H
#define QUIETUS_STAGE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include <quietus/types.h>

#define PAGE_LG2     12
#define PAGE_SIZE    UINT64_C(4096)
#define WINDOW_SLOTS 512

#define PTE_PRESENT  (UINT64_C(1) << 0)
#define PTE_WRITE    (UINT64_C(1) << 1)
#define PTE_UNCACHED (UINT64_C(3) << 3) /* PCD and PWT: index 3 of the PAT */
#define PTE_ACCESSED (UINT64_C(1) << 5)
#define PTE_DIRTY    (UINT64_C(1) << 6)
#define PTE_NX       (UINT64_C(1) << 63)
#define PTE_FRAME    UINT64_C(0x000ffffffffff000)
#define PTE_DATA     (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

struct window {
	uint64_t *slots; /* WINDOW_SLOTS page table entries */
	uint64_t nx;     /* PTE_NX where the CPU has it switched on, else 0 */
	bool (*is_memory)(const void *context, qt_phys page);
	const void *context;
};

/* The slot that belongs to the page that holds `at`. */
static inline size_t window_slot(qt_phys at)
{
	return at >> PAGE_LG2 & (WINDOW_SLOTS - 1);
}

/*
 * Makes the slot lead to the page that holds `at`. True if it led elsewhere
 * before: then the CPU must be told to forget that.
 */
bool window_point(struct window *window, qt_phys at);

/* Forgets everything, because what is memory has changed. */
void window_clear(struct window *window);

#endif
