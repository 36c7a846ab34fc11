/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stage's own page tables: its 2 MiB of memory one to one, and the window.
 */
#ifndef QUIETUS_STAGE_PAGING_H
#define QUIETUS_STAGE_PAGING_H

#include <quietus/range.h>

#include "../common/window.h"

struct paging {
	bool on;            /* else all is reached at its own address, uncached */
	qt_phys limit;      /* first address past the CPU's physical width */
	uint8_t *base;      /* of the window */
	unsigned line_size; /* bytes of a cache line */
	struct window window;
	/* Sets of what is memory rather than device registers. */
	const struct qt_ranges *known; /* by the device tree */
	const struct qt_ranges *ram;   /* by the ELF core header; may be NULL */
};

/* Reads what the CPU can do. */
void paging_init(struct paging *paging);

/*
 * Turns translation and caches on. QT_E_UNSUPPORTED where the CPU has no 4 KiB
 * pages, or the stage is not where it could map itself.
 */
int paging_switch(struct paging *paging);

/* To be called when `known` or `ram` has grown. */
void paging_forget(struct paging *paging);

/*
 * Where the CPU sees the byte at `at`, up to the end of its page and until the
 * next call. NULL past the physical width.
 */
void *paging_at(struct paging *paging, qt_phys at);

#endif
