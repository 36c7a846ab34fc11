/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#include "random.h"

#define BUCKETS 4096u

static void *allocate(size_t size)
{
	void *pointer = calloc(1, size);

	if (!pointer)
		abort();
	return pointer;
}

void model_memory_init(struct model_memory *memory, uint64_t seed, bool cached, bool buffered)
{
	memset(memory, 0, sizeof(*memory));
	memory->buckets = allocate(BUCKETS * sizeof(*memory->buckets));
	memory->seed = seed;
	memory->cached = cached;
	memory->buffered = buffered;
}

void model_memory_free(struct model_memory *memory)
{
	struct model_page *next;

	free(memory->flagged);
	for (struct model_page *page = memory->all; page; page = next) {
		next = page->next_all;
		if (!page->own)
			page->view[MODEL_CPU] = NULL;
		for (int view = 0; view < MODEL_VIEWS; view++)
			free(page->view[view]);
		free(page->before);
		free(page);
	}
	free(memory->buckets);
}

static unsigned bucket_of(uint64_t number)
{
	return (number ^ number >> 12) % BUCKETS;
}

static struct model_page *page_add(struct model_memory *memory, uint64_t number)
{
	struct model_page *page = allocate(sizeof(*page));
	struct model_page **bucket = &memory->buckets[bucket_of(number)];

	page->number = number;
	page->next = *bucket;
	*bucket = page;
	page->next_all = memory->all;
	memory->all = page;
	return page;
}

static void fill_with_garbage(const struct model_memory *memory, struct model_page *page)
{
	struct model_random random = {.state = memory->seed ^ page->number * 0x9e3779b97f4a7c15u};

	for (unsigned i = 0; i < MODEL_PAGE; i += 8) {
		uint64_t word = model_random_next(&random);

		memcpy(page->view[MODEL_CPU] + i, &word, 8);
	}
}

static struct model_page *page_of(struct model_memory *memory, qt_phys at)
{
	uint64_t number = at / MODEL_PAGE;
	struct model_page *page = memory->last;

	if (page && page->number == number)
		return page;
	for (page = memory->buckets[bucket_of(number)]; page; page = page->next)
		if (page->number == number)
			break;
	if (!page) {
		page = page_add(memory, number);
		page->own = true;
		page->view[MODEL_CPU] = allocate(MODEL_PAGE);
		fill_with_garbage(memory, page);
	}
	memory->last = page;
	return page;
}

static uint8_t *copy_of(const uint8_t *bytes)
{
	return memcpy(allocate(MODEL_PAGE), bytes, MODEL_PAGE);
}

/* Where a view's contents come from. */
static const enum model_view behind[] = {
	[MODEL_MEMORY] = MODEL_CPU,
	[MODEL_BUFFERED_CPU] = MODEL_CPU,
	[MODEL_BUFFERED_MEMORY] = MODEL_MEMORY,
};

/* What a unit would see: an absent view is the same as the one behind it. */
static uint8_t *view_of(struct model_page *page, enum model_view view)
{
	while (!page->view[view])
		view = behind[view];
	return page->view[view];
}

/* Makes the views that are kept apart pages of their own, before they come to differ. */
static void separate(const struct model_memory *memory, struct model_page *page)
{
	for (enum model_view view = MODEL_VIEWS - 1; view > MODEL_CPU; view--)
		if (!page->view[view] && (view == MODEL_MEMORY ? memory->cached : memory->buffered))
			page->view[view] = copy_of(view_of(page, view));
}

void model_memory_overlay(struct model_memory *memory, qt_phys at, uint8_t *buffer, size_t size)
{
	for (size_t done = 0; done < size; done += MODEL_PAGE) {
		struct model_page *page = page_add(memory, (at + done) / MODEL_PAGE);

		page->view[MODEL_CPU] = buffer + done;
		separate(memory, page); /* its owner changes it unseen */
	}
	memory->last = NULL;
}

const uint8_t *model_memory_page(struct model_memory *memory, qt_phys at, enum model_view view)
{
	return view_of(page_of(memory, at), view);
}

uint64_t model_memory_load(struct model_memory *memory, qt_phys at, enum model_view view)
{
	uint64_t word;

	memcpy(&word, model_memory_page(memory, at, view) + at % MODEL_PAGE, 8);
	return word;
}

static size_t chunk_of(qt_phys at, size_t len)
{
	size_t room = MODEL_PAGE - at % MODEL_PAGE;

	return len < room ? len : room;
}

void model_memory_read(struct model_memory *memory, qt_phys at, void *buffer, size_t len)
{
	uint8_t *to = buffer;

	while (len) {
		size_t n = chunk_of(at, len);

		memcpy(to, model_memory_page(memory, at, MODEL_CPU) + at % MODEL_PAGE, n);
		at += n;
		to += n;
		len -= n;
	}
}

static void remember(const struct model_memory *memory, struct model_page *page)
{
	if (memory->watched && page->own && !page->before)
		page->before = copy_of(page->view[MODEL_CPU]);
}

void model_memory_store(struct model_memory *memory, qt_phys at, uint64_t value)
{
	struct model_page *page = page_of(memory, at);

	remember(memory, page);
	separate(memory, page);
	memcpy(page->view[MODEL_CPU] + at % MODEL_PAGE, &value, 8);
}

void model_memory_write(struct model_memory *memory, qt_phys at, const void *bytes, size_t len)
{
	const uint8_t *from = bytes;

	while (len) {
		struct model_page *page = page_of(memory, at);
		size_t n = chunk_of(at, len);

		remember(memory, page);
		for (int view = 0; view < MODEL_VIEWS; view++)
			if (page->view[view])
				memcpy(page->view[view] + at % MODEL_PAGE, from, n);
		at += n;
		from += n;
		len -= n;
	}
}

void model_memory_hardware(struct model_memory *memory, qt_phys at, const void *bytes, size_t len)
{
	struct model_page *page = page_of(memory, at);

	model_memory_write(memory, at, bytes, len);
	if (page->before)
		memcpy(page->before + at % MODEL_PAGE, bytes, len);
}

void model_memory_flag(struct model_memory *memory, qt_phys at, uint64_t bits)
{
	uint64_t word = model_memory_load(memory, at, MODEL_CPU) | bits;

	model_memory_write(memory, at, &word, sizeof(word));
	if (!memory->watched)
		return;
	memory->flagged =
		realloc(memory->flagged, (memory->flagged_count + 1) * sizeof(*memory->flagged));
	if (!memory->flagged)
		abort();
	memory->flagged[memory->flagged_count++] = (struct model_flagged){at, bits};
}

uint64_t model_memory_flagged(const struct model_memory *memory, qt_phys at)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < memory->flagged_count; i++)
		if (memory->flagged[i].at == at)
			bits |= memory->flagged[i].bits;
	return bits;
}

bool model_memory_write_back(struct model_memory *memory, qt_phys at, uint64_t len)
{
	qt_phys line = at & ~(qt_phys)(MODEL_LINE - 1);
	bool changed = false;

	if (!memory->cached || !len)
		return false;
	for (; line < at + len; line += MODEL_LINE) {
		struct model_page *page = page_of(memory, line);
		unsigned offset = line % MODEL_PAGE;

		if (!page->view[MODEL_MEMORY])
			continue;
		if (memcmp(page->view[MODEL_MEMORY] + offset, page->view[MODEL_CPU] + offset,
			    MODEL_LINE) == 0)
			continue;
		memcpy(page->view[MODEL_MEMORY] + offset, page->view[MODEL_CPU] + offset,
			MODEL_LINE);
		changed = true;
	}
	return changed;
}

void model_memory_drain(struct model_memory *memory)
{
	for (struct model_page *page = memory->all; page; page = page->next_all)
		for (enum model_view view = MODEL_BUFFERED_CPU; view < MODEL_VIEWS; view++)
			if (page->view[view])
				memcpy(page->view[view], view_of(page, behind[view]), MODEL_PAGE);
}

void model_memory_settle(struct model_memory *memory)
{
	for (struct model_page *page = memory->all; page; page = page->next_all)
		for (int view = MODEL_MEMORY; view < MODEL_VIEWS; view++)
			if (page->view[view])
				memcpy(page->view[view], page->view[MODEL_CPU], MODEL_PAGE);
}
