/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Services on domains that stay in use, for kernels and hypervisors that inherit
 * a live IOMMU: which IOVAs are taken, free ones on request, one range mapped or
 * unmapped with every other translation untouched at every instant (KEEP), and
 * an end to all that a device had, whatever it was.
 *
 *   qt_machine_find(&machine);                  what there is
 *   qt_live_adopt(&live, &machine, domain, ...) a domain with all it translates
 *   qt_live_allocate(&live, ...)                a free range of IOVAs
 *   qt_live_map(&live, ...)                     ... that now leads somewhere
 *   qt_live_flush(&live)                        ... for sure
 *   qt_live_release(&machine, requester, &live) all that a device had is gone
 *
 * The first half needs no machine: a caller that knows its tables fills a struct
 * qt_live in by itself, flushes by its own means and says so.
 */
#ifndef QUIETUS_DOMAIN_H
#define QUIETUS_DOMAIN_H

#include <quietus/occupancy.h>
#include <quietus/unit.h>

/* What hardware may not know yet. */
enum qt_stale_what {
	/*
	 * Something translates that did not. Matters only to hardware that caches
	 * what translates nothing, or buffers writes.
	 */
	QT_STALE_ADDED = 1,
	QT_STALE_CHANGED = 2, /* something does not translate any more, or in smaller pieces */
	QT_STALE_TABLES = 4,  /* tables hang elsewhere: caches of upper levels too */
	QT_STALE_ENTRIES = 8, /* requesters' entries were changed */
};

struct qt_stale {
	unsigned what;         /* enum qt_stale_what, 0: nothing */
	struct qt_range iovas; /* what has to be flushed, at least */
};

/* A domain in use. */
struct qt_live {
	/* Set by the caller, or by qt_live_adopt or qt_live_new. */
	const struct qt_host *host;
	const struct qt_pages *pages;
	const struct qt_ranges *ram;   /* memory that tables may be in, besides arena and pages */
	const struct qt_arena *arena;  /* may be NULL */
	struct qt_ranges shared;       /* tables in here belong to several domains: they are
					  never changed, but copied first */
	uint64_t reads;                /* limit per operation, calls of qt_reader_words */
	struct qt_table table;         /* its root changes when it is a shared one, or too narrow */
	struct qt_occupancy occupancy; /* used.list and used.capacity are the caller's */
	/*
	 * Makes every requester of this domain use `table`, which translates the same
	 * as the one it has and may have more levels, up to geometry.levels_max. NULL:
	 * a domain with a shared root cannot be changed, and none can grow.
	 */
	int (*set_root)(struct qt_live *live, const struct qt_table *table);
	struct qt_machine *machine; /* NULL where the caller does not have one */
	int16_t domain;             /* index into machine->domains */
	/* Set by the core. */
	struct qt_stale stale;
	struct qt_table_fault fault; /* where an operation met something damaged */
};

/*
 * Rebuilds `occupancy` from the tables. Errors as qt_occupancy_rebuild's, with
 * live->fault set.
 */
int qt_live_open(struct qt_live *live);

/*
 * Finds and takes free IOVAs: qt_occupancy_allocate within what the table spans, and
 * if there are none, within what it can grow to.
 */
int qt_live_allocate(struct qt_live *live, uint64_t size, uint64_t align, qt_iova floor,
	qt_iova limit, qt_iova *iova);

/*
 * Maps [iova, iova + size) to phys with perms (enum qt_perm), in the largest
 * leaves that fit, and takes the IOVAs. All of it or, with an error, nothing that
 * translates. A table of our own that a leaf can stand for now is exchanged for that
 * leaf, and a table that is too narrow gets levels on top where its unit can be led
 * to that (AMD-Vi).
 *
 * QT_E_INVAL: not in whole granules, no permission, or beyond what the table can
 * be made to span, or what its physical addresses do. QT_E_BUSY: something there
 * translates or is not for devices, or the way down does not let `perms` through.
 * QT_E_NOMEM: no table page, or the list of IOVAs is full. QT_E_UNSUPPORTED: the
 * format has no such leaf (first-stage tables: none that is write-only), or the root
 * is shared and cannot be replaced. QT_E_IO, and those of the walk.
 */
int qt_live_map(struct qt_live *live, qt_iova iova, qt_phys phys, uint64_t size, unsigned perms);

/*
 * Ends every translation in [iova, iova + size), whoever made it, and gives the
 * IOVAs back. Larger leaves that reach over an end are split first. Tables of our
 * own that become empty are retired; others stay. *unmapped (may be NULL) is set
 * to the bytes that translated.
 *
 * Errors as qt_live_map's; what was unmapped before one stays unmapped, and the
 * IOVAs stay taken: it can be tried again.
 */
int qt_live_unmap(struct qt_live *live, qt_iova iova, uint64_t size, uint64_t *unmapped);

/* What one address leads to: as qt_lookup. */
int qt_live_lookup(struct qt_live *live, qt_iova iova, struct qt_mapping *mapping);

/*
 * The caller has made hardware forget live->stale.iovas, in all that live->stale.what
 * says: pages that were retired are free now.
 */
void qt_live_flushed(struct qt_live *live);

/* With a machine, whose deadline_us is 0 or still to come. */

/*
 * Prepares `live` for the machine's domain number `domain`, as find left it or a
 * takeover changed it, and opens it. `list` has room for `capacity` ranges of
 * IOVAs. Tables in the stage's memory that did not come from `pages` count as
 * shared. Errors as qt_live_open's.
 */
int qt_live_adopt(struct qt_live *live, struct qt_machine *machine, size_t domain,
	const struct qt_pages *pages, struct qt_range *list, size_t capacity);

/*
 * Makes a new domain behind machine->units[unit] that spans at least up to `limit`
 * and translates nothing. QT_E_NOMEM, QT_E_LIMIT (no domain ID left),
 * QT_E_UNSUPPORTED.
 */
int qt_live_new(struct qt_live *live, struct qt_machine *machine, unsigned unit, uint64_t limit,
	const struct qt_pages *pages, struct qt_range *list, size_t capacity);

/*
 * Gives a requester that has no entry, or was released, this domain, and flushes.
 * What its entry is in and cannot be shared with others is taken from the machine's
 * arena, once for each bus and each domain that is open at the same time. QT_E_BUSY:
 * it has an entry. Others as the unit's admit and flush.
 */
int qt_live_attach(struct qt_live *live, size_t requester);

/*
 * Ends all that a requester had, a domain or passing through: its entry is taken from it, and its
 * unit flushed. In scalable mode that is the context entry, and what it had under other PASIDs ends
 * with it. Other requesters of its domain keep theirs. `live` is that domain if the caller has it
 * open, else NULL: when its last requester is gone, pages that were allocated for it are free, and
 * the domain closed (its root is 0). Tables of the dead kernel are left as they are. The device
 * must be quiet, or refusing its DMA be what is wanted. QT_E_UNSUPPORTED: its unit cannot, or is
 * not translating. QT_E_INVAL: it has another domain than `live`. QT_E_NOTFOUND: it has no entry.
 * On any error (others: the unit's) nothing is freed.
 */
int qt_live_release(struct qt_machine *machine, size_t requester, struct qt_live *live);

/*
 * Makes every unit with requesters of this domain forget what it has cached, and
 * frees what was retired. Errors: the unit's flush.
 */
int qt_live_flush(struct qt_live *live);

#endif
