/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "cache.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256u

static bool same_place(const struct model_cached *entry, uint8_t kind, uint64_t space,
	uint8_t size_lg2, uint64_t number)
{
	return entry->kind == kind && entry->space == space && entry->size_lg2 == size_lg2 &&
	       entry->number == number;
}

static size_t slot_of(const struct model_cache *cache, uint8_t kind, uint64_t space,
	uint8_t size_lg2, uint64_t number)
{
	uint64_t hash = number * 0x9e3779b97f4a7c15u;

	hash ^= ((uint64_t)space << 16 | (uint64_t)size_lg2 << 8 | kind) * 0xbf58476d1ce4e5b9u;
	hash ^= hash >> 29;
	return hash & (cache->capacity - 1);
}

const struct model_cached *model_cache_find(const struct model_cache *cache, uint8_t kind,
	uint64_t space, uint8_t size_lg2, uint64_t number)
{
	size_t slot;

	if (!cache->capacity)
		return NULL;
	slot = slot_of(cache, kind, space, size_lg2, number);
	while (cache->slots[slot].kind) {
		if (same_place(&cache->slots[slot], kind, space, size_lg2, number))
			return &cache->slots[slot];
		slot = (slot + 1) & (cache->capacity - 1);
	}
	return NULL;
}

static void insert(struct model_cache *cache, const struct model_cached *entry)
{
	size_t slot = slot_of(cache, entry->kind, entry->space, entry->size_lg2, entry->number);

	while (cache->slots[slot].kind && !same_place(&cache->slots[slot], entry->kind,
						  entry->space, entry->size_lg2, entry->number))
		slot = (slot + 1) & (cache->capacity - 1);
	cache->used += !cache->slots[slot].kind;
	cache->slots[slot] = *entry;
}

/* Moves the entries for which `match` says no into a fresh table. */
static void rebuild(struct model_cache *cache, size_t capacity,
	bool (*match)(const struct model_cached *entry, const void *context), const void *context)
{
	struct model_cache old = *cache;

	cache->slots = calloc(capacity, sizeof(*cache->slots));
	if (!cache->slots)
		abort();
	cache->capacity = capacity;
	cache->used = 0;
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].kind && !(match && match(&old.slots[i], context)))
			insert(cache, &old.slots[i]);
	free(old.slots);
}

void model_cache_put(struct model_cache *cache, const struct model_cached *entry)
{
	if (!cache->capacity)
		rebuild(cache, FIRST_CAPACITY, NULL, NULL);
	else if (cache->used * 2 >= cache->capacity)
		rebuild(cache, cache->capacity * 2, NULL, NULL);
	insert(cache, entry);
}

void model_cache_drop(struct model_cache *cache,
	bool (*match)(const struct model_cached *entry, const void *context), const void *context)
{
	if (cache->used)
		rebuild(cache, cache->capacity, match, context);
}

void model_cache_clear(struct model_cache *cache)
{
	model_cache_free(cache);
}

void model_cache_free(struct model_cache *cache)
{
	free(cache->slots);
	memset(cache, 0, sizeof(*cache));
}
