/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stage's own page tables: its 2 MiB of memory one to one, and the window.
 * Formats differ in their bits only: with 4 KiB pages each level has nine bits of
 * index (SDM 3, 4.5.4; Arm Architecture Reference Manual, D8.2).
 */
#ifndef QUIETUS_STAGE_PAGING_H
#define QUIETUS_STAGE_PAGING_H

#include <quietus/range.h>

#include "window.h"

struct paging {
	bool on;            /* else what the loader mapped is what can be reached */
	qt_phys limit;      /* first address past the CPU's physical width */
	uint8_t *base;      /* of the window */
	unsigned line_size; /* bytes of a cache line */
	struct window window;
	/* Sets of what is memory rather than device registers. */
	const struct qt_ranges *known; /* by what the loader handed over */
	const struct qt_ranges *ram;   /* by the ELF core header; may be NULL */
};

/* An entry of each kind, but for its frame. */
struct paging_bits {
	uint64_t table;
	uint64_t code; /* can be run and not written */
	uint64_t memory, device;
};

/* Below: the architecture's own. */

/* Reads what the CPU can do. */
void paging_init(struct paging *paging);

/*
 * Switches to the stage's own tables, caches on. QT_E_UNSUPPORTED where that
 * cannot be: see paging_build, and what the CPU must have.
 */
int paging_switch(struct paging *paging);

/* Makes the CPU forget what it knows of the page at `at`, or of all. */
void paging_forget_page(const volatile void *at);
void paging_forget_all(void);

/* Below: what they have in common. */

/*
 * Builds the tables, `levels` (4 or 5) of them, and sets the window up; *root is
 * then for the CPU's register. QT_E_UNSUPPORTED where the stage is not where it
 * could be mapped. What is mapped is used only once `on` is set.
 */
int paging_build(
	struct paging *paging, unsigned levels, const struct paging_bits *bits, uint64_t *root);

/* To be called when `known` or `ram` has grown. */
void paging_forget(struct paging *paging);

/*
 * Where the CPU sees the byte at `at`, up to the end of its page and until the
 * next call. NULL past the physical width.
 */
void *paging_at(struct paging *paging, qt_phys at);

#endif
