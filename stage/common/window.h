/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The window: one page table through which the stage sees all physical memory,
 * as a direct-mapped cache. A page has one slot, and one memory type at a time,
 * so it is never mapped twice in different ways.
 *
 * Entries of 4 KiB pages have the same frame and the same bit for "valid" in all
 * formats that stages use (SDM 3, 4.5.4; Arm Architecture Reference Manual, D8.3.1).
 */
#ifndef QUIETUS_STAGE_WINDOW_H
#define QUIETUS_STAGE_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

#include <quietus/types.h>

#define PAGE_LG2     12
#define PAGE_SIZE    UINT64_C(4096)
#define WINDOW_SLOTS 512

#define PTE_PRESENT (UINT64_C(1) << 0)
#define PTE_FRAME   UINT64_C(0x000ffffffffff000)

struct window {
	uint64_t *slots; /* WINDOW_SLOTS page table entries */
	uint64_t memory; /* an entry for memory, but for the frame */
	uint64_t device; /* an entry for anything else */
	bool (*is_memory)(const void *context, qt_phys page);
	const void *context;
};

/* The slot that belongs to the page that holds `at`. */
static inline size_t window_slot(qt_phys at)
{
	return at >> PAGE_LG2 & (WINDOW_SLOTS - 1);
}

/* Whether the slot leads to the page that holds `at`. */
bool window_leads(const struct window *window, qt_phys at);

/*
 * Makes the slot lead there. If it led elsewhere before, then the CPU must be told
 * to forget that.
 */
void window_point(struct window *window, qt_phys at);

/* Forgets everything, because what is memory has changed. */
void window_clear(struct window *window);

#endif
