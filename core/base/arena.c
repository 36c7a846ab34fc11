// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/arena.h>
#include <quietus/memory.h>

void *qt_alloc(struct qt_arena *arena, size_t size, size_t align)
{
	if (align == 0 || (align & (align - 1)) != 0 || arena->used > arena->size)
		return NULL;

	/* By physical address: that is what hardware's alignment rules are about. */
	size_t padding = (size_t)(-(arena->phys + arena->used) & (align - 1));
	size_t left = arena->size - arena->used;
	if (padding > left || size > left - padding)
		return NULL;

	uint8_t *pointer = arena->base + arena->used + padding;
	arena->used += padding + size;
	memset(pointer, 0, size);
	return pointer;
}

qt_phys qt_arena_phys(const struct qt_arena *arena, const void *pointer)
{
	return arena->phys + (qt_phys)((const uint8_t *)pointer - arena->base);
}

void *qt_arena_pointer(const struct qt_arena *arena, qt_phys at, size_t len)
{
	if (at < arena->phys || at - arena->phys > arena->size)
		return NULL;

	size_t offset = (size_t)(at - arena->phys);
	return len <= arena->size - offset ? arena->base + offset : NULL;
}
