/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The only memory the core has: one piece, given by the caller, handed out from
 * the bottom up and never given back one by one. Devices can read it: page
 * tables are made in it.
 */
#ifndef QUIETUS_ARENA_H
#define QUIETUS_ARENA_H

#include <quietus/types.h>

struct qt_arena {
	uint8_t *base; /* as the CPU addresses it; zeroed by the caller or not, see qt_alloc */
	qt_phys phys;  /* physical address of base, 4 KiB aligned */
	size_t size;   /* bytes */
	size_t used;   /* bytes handed out, from the bottom */
};

/*
 * Returns `size` zeroed bytes aligned to `align` (a power of two, by physical
 * address), or NULL when the arena is used up.
 */
void *qt_alloc(struct qt_arena *arena, size_t size, size_t align);

/* Physical address of a pointer that qt_alloc gave, or into what it points to. */
qt_phys qt_arena_phys(const struct qt_arena *arena, const void *pointer);

/* The other way round; NULL if [at, at + len) is not inside the arena. */
void *qt_arena_pointer(const struct qt_arena *arena, qt_phys at, size_t len);

#endif
