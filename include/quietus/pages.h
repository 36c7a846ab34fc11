/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pages for tables that are made, and come to be of no use, while a domain is in
 * use (domain.h).
 */
#ifndef QUIETUS_PAGES_H
#define QUIETUS_PAGES_H

#include <quietus/arena.h>

/*
 * Where table pages come from. Pages carry the name of their `owner`, an address
 * that means nothing else. Not called concurrently by the core.
 */
struct qt_pages {
	/* Handed back to every function below, untouched by the core. */
	void *context;

	/*
	 * A zeroed page of `size` bytes (a power of two, that of a table), aligned to
	 * its size. Sets *at to its physical address; NULL if there is none.
	 */
	void *(*alloc)(void *context, size_t size, qt_phys *at, const void *owner);

	/*
	 * The page is out of the tables, but hardware may still read it: its contents
	 * must stay until the owner's pages are reclaimed.
	 */
	void (*retire)(void *context, qt_phys at, const void *owner);

	/*
	 * Hardware has forgotten the owner's retired pages: they are free. With `all`
	 * set no hardware leads to any page of the owner any more: all of them are.
	 */
	void (*reclaim)(void *context, const void *owner, bool all);

	/*
	 * [at, at + len) as the CPU addresses it, if it lies in one page that alloc gave
	 * and that is not free again; NULL for any other memory.
	 */
	void *(*pointer)(void *context, qt_phys at, size_t len);
};

/* An implementation: a fixed number of pages in one piece. */
enum qt_pool_state { QT_POOL_FREE, QT_POOL_USED, QT_POOL_RETIRED };

struct qt_pool_slot {
	const void *owner;
	uint8_t state; /* enum qt_pool_state */
};

struct qt_page_pool {
	uint8_t *base;
	qt_phys phys;
	size_t page_size; /* bytes */
	size_t count;     /* pages */
	size_t used;      /* pages that are not free */
	struct qt_pool_slot *slots;
};

/* Takes the pool's memory out of an arena. QT_E_NOMEM. */
int qt_page_pool_init(
	struct qt_page_pool *pool, struct qt_arena *arena, size_t page_size, size_t count);

/* The pool as a struct qt_pages; valid as long as the pool stays where it is. */
struct qt_pages qt_page_pool_pages(struct qt_page_pool *pool);

#endif
