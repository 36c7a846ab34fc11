/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a unit remembers: one hash for its context cache, IOTLB, paging-structure
 * caches and the device TLBs behind it. Nothing is ever evicted; a test that
 * wants a cold cache empties it.
 */
#ifndef MODEL_CACHE_H
#define MODEL_CACHE_H

#include <quietus/types.h>

enum model_cache_kind {
	MODEL_CACHE_CONTEXT = 1, /* number: requester ID */
	MODEL_CACHE_PASID,       /* number: requester ID; space: PASID */
	MODEL_CACHE_LEAF,        /* space: model_space; number: IOVA >> size_lg2 */
	MODEL_CACHE_TABLE,       /* space: model_space; number: IOVA >> size_lg2; value: a table */
	MODEL_CACHE_INTERRUPT, /* number: requester ID; value: what its entry says of interrupts */
	MODEL_CACHE_DEVICE,    /* space: requester ID; number: IOVA >> size_lg2 */
};

struct model_cached {
	uint8_t kind; /* 0: unused */
	uint8_t size_lg2;
	uint8_t perms;
	uint8_t fault;       /* a negative entry (CAP.CM = 1) */
	uint8_t type;        /* contexts: TT */
	uint8_t levels;      /* contexts; AMD-Vi tables: level of the table */
	uint8_t first_stage; /* PASID entries and what is below them, from here to no_snoop */
	uint8_t supervisor;  /* requests without PASID count as a supervisor's */
	uint8_t flags;       /* accessed and dirty flags are kept */
	uint8_t no_snoop;    /* walks below it do not snoop */
	uint16_t domain;     /* the tags that invalidation goes by */
	uint32_t pasid;
	uint64_t space;
	uint64_t number;
	uint64_t value; /* table or first byte translated to */
};

/* Second-stage translations are tagged with their domain, first-stage ones with the PASID too. */
static inline uint64_t model_space(bool first_stage, uint16_t domain, uint32_t pasid)
{
	return first_stage ? 1ull << 63 | (uint64_t)pasid << 16 | domain : domain;
}

struct model_cache {
	struct model_cached *slots;
	size_t capacity; /* a power of two */
	size_t used;
};

/* The entry, or NULL. */
const struct model_cached *model_cache_find(const struct model_cache *cache, uint8_t kind,
	uint64_t space, uint8_t size_lg2, uint64_t number);

/* Adds an entry, or replaces the one for the same place. */
void model_cache_put(struct model_cache *cache, const struct model_cached *entry);

/* Drops every entry that `match` says yes to. */
void model_cache_drop(struct model_cache *cache,
	bool (*match)(const struct model_cached *entry, const void *context), const void *context);

void model_cache_clear(struct model_cache *cache);
void model_cache_free(struct model_cache *cache);

#endif
