/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Table pages from one piece of memory. */
#include <quietus/memory.h>
#include <quietus/pages.h>

static void *pool_alloc(void *context, size_t size, qt_phys *at, const void *owner)
{
	struct qt_page_pool *pool = context;

	if (size != pool->page_size)
		return NULL;
	for (size_t i = 0; i < pool->count; i++) {
		if (pool->slots[i].state != QT_POOL_FREE)
			continue;
		pool->slots[i] = (struct qt_pool_slot){.owner = owner, .state = QT_POOL_USED};
		pool->used++;
		*at = pool->phys + i * size;
		return memset(pool->base + i * size, 0, size);
	}
	return NULL;
}

static struct qt_pool_slot *slot_of(const struct qt_page_pool *pool, qt_phys at, size_t len)
{
	uint64_t offset = at - pool->phys;

	if (at < pool->phys || offset / pool->page_size >= pool->count ||
		len > pool->page_size - offset % pool->page_size)
		return NULL;
	return &pool->slots[offset / pool->page_size];
}

static void pool_retire(void *context, qt_phys at, const void *owner)
{
	struct qt_pool_slot *slot = slot_of(context, at, 1);

	if (slot && slot->state == QT_POOL_USED && slot->owner == owner)
		slot->state = QT_POOL_RETIRED;
}

static void pool_reclaim(void *context, const void *owner, bool all)
{
	struct qt_page_pool *pool = context;

	for (size_t i = 0; i < pool->count; i++) {
		struct qt_pool_slot *slot = &pool->slots[i];

		if (slot->owner != owner || slot->state == QT_POOL_FREE ||
			(slot->state == QT_POOL_USED && !all))
			continue;
		*slot = (struct qt_pool_slot){.state = QT_POOL_FREE};
		pool->used--;
	}
}

static void *pool_pointer(void *context, qt_phys at, size_t len)
{
	const struct qt_page_pool *pool = context;
	const struct qt_pool_slot *slot = slot_of(pool, at, len);

	return slot && slot->state != QT_POOL_FREE ? pool->base + (at - pool->phys) : NULL;
}

int qt_page_pool_init(
	struct qt_page_pool *pool, struct qt_arena *arena, size_t page_size, size_t count)
{
	*pool = (struct qt_page_pool){.page_size = page_size, .count = count};
	if (count == 0 || count > SIZE_MAX / page_size)
		return QT_E_INVAL;
	pool->slots = qt_alloc(arena, count * sizeof(*pool->slots), sizeof(uint64_t));
	pool->base = qt_alloc(arena, count * page_size, page_size);
	if (!pool->slots || !pool->base)
		return QT_E_NOMEM;
	pool->phys = qt_arena_phys(arena, pool->base);
	return QT_OK;
}

struct qt_pages qt_page_pool_pages(struct qt_page_pool *pool)
{
	return (struct qt_pages){
		.context = pool,
		.alloc = pool_alloc,
		.retire = pool_retire,
		.reclaim = pool_reclaim,
		.pointer = pool_pointer,
	};
}
