/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "fuzz.h"

#include <sanitizer/asan_interface.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Bytes between what an arena hands out. */
#define GUARD 16u

void fuzz_fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

uint64_t fuzz_take(struct fuzz_input *input, unsigned width)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < width && input->left; i++, input->left--)
		value |= (uint64_t)*input->at++ << 8 * i;
	return value;
}

void fuzz_patch(struct fuzz_input *input, unsigned width, uint8_t *memory, size_t size)
{
	while (input->left > width + 1) {
		size_t offset = fuzz_take(input, width) % size;
		size_t len = fuzz_take(input, 1) + 1;

		if (len > input->left)
			len = input->left;
		memcpy(memory + offset, input->at, len < size - offset ? len : size - offset);
		input->at += len;
		input->left -= len;
	}
}

static uint8_t *find(const struct fuzz_memory *memory, qt_phys at, size_t len)
{
	if (at < memory->start || at - memory->start > memory->size ||
		len > memory->size - (at - memory->start))
		return NULL;
	return memory->bytes + (at - memory->start);
}

int fuzz_read(void *context, qt_phys at, void *buffer, size_t len)
{
	const uint8_t *from = find(context, at, len);

	if (from)
		memcpy(buffer, from, len);
	return from ? 0 : QT_E_OUTSIDE;
}

int fuzz_write(void *context, qt_phys at, const void *buffer, size_t len)
{
	uint8_t *to = find(context, at, len);

	if (to)
		memcpy(to, buffer, len);
	return to ? 0 : QT_E_OUTSIDE;
}

static uint64_t now_us(void *context)
{
	struct fuzz_memory *memory = context;

	return memory->clock_us++;
}

static void no_log(void *context, const char *line)
{
	(void)context;
	(void)line;
}

struct qt_host fuzz_host(struct fuzz_memory *memory)
{
	return (struct qt_host){
		.context = memory, .read = fuzz_read, .now_us = now_us, .log = no_log};
}

/* The arena that fuzz_arena() made last. */
static const uint8_t *guarded_base;

struct qt_arena fuzz_arena(uint8_t *base, qt_phys phys, size_t size)
{
	guarded_base = base;
	__asan_poison_memory_region(base, size);
	return (struct qt_arena){.base = base, .phys = phys, .size = size};
}

void *__real_qt_alloc(struct qt_arena *arena, size_t size, size_t align);
void *__wrap_qt_alloc(struct qt_arena *arena, size_t size, size_t align);

void *__wrap_qt_alloc(struct qt_arena *arena, size_t size, size_t align)
{
	uint8_t *free_from = arena->base + arena->used;
	bool guarded = arena->base == guarded_base;
	void *at;

	/* It zeroes what it gives. */
	if (guarded)
		__asan_unpoison_memory_region(free_from, arena->size - arena->used);
	at = __real_qt_alloc(arena, size, align);
	if (!guarded)
		return at;
	free_from = arena->base + arena->used;
	__asan_poison_memory_region(free_from, arena->size - arena->used);
	/* Something to run into, but not between pages: those would take up twice the room. */
	if (align < 4096 && arena->size - arena->used > GUARD)
		arena->used += GUARD;
	return at;
}

const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[32];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, size, 0) != (ssize_t)size)
		abort();
	return path;
}
