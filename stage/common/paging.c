// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/stage_header.h>

#include "cpu.h"
#include "image.h"
#include "paging.h"

#define LEVELS_MAX 5
#define ENTRIES    512
#define INDEX_LG2  9

#define WINDOW_SIZE (WINDOW_SLOTS * PAGE_SIZE)

/* One page each; the hardware reads them. */
static struct {
	uint64_t upper[LEVELS_MAX - 1]
		      [ENTRIES]; /* from what points to page tables up to the root */
	uint64_t stage[ENTRIES];
	uint64_t window[WINDOW_SLOTS];
} tables __attribute__((aligned(4096)));

static uint64_t address_of(const volatile void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static bool is_memory(const void *context, qt_phys page)
{
	const struct paging *paging = context;

	return qt_ranges_contain(paging->known, page, page + PAGE_SIZE) ||
	       (paging->ram && qt_ranges_contain(paging->ram, page, page + PAGE_SIZE));
}

/* The stage one to one: code that cannot be written, data that cannot run, a guard page. */
static void map_stage(uint64_t start, const struct paging_bits *bits)
{
	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t page = start + i * PAGE_SIZE;
		uint64_t entry = page | bits->memory;

		if (page < address_of(text_end))
			entry = page | bits->code;
		else if (page == address_of(stack_guard))
			entry = 0;
		tables.stage[i] = entry;
	}
}

/* Puts the two page tables below the upper levels, and returns the root. */
static uint64_t connect(uint64_t start, unsigned levels, uint64_t table)
{
	unsigned top = levels - 2; /* of tables.upper */
	size_t index = start >> (PAGE_LG2 + INDEX_LG2) & (ENTRIES - 1);

	/* Both lie in the same 1 GiB: the window's address differs in one bit only. */
	tables.upper[0][index] = address_of(tables.stage) | table;
	tables.upper[0][index ^ 1] = address_of(tables.window) | table;
	for (unsigned i = 1; i <= top; i++) {
		index = start >> (PAGE_LG2 + (i + 1) * INDEX_LG2) & (ENTRIES - 1);
		tables.upper[i][index] = address_of(tables.upper[i - 1]) | table;
	}
	return address_of(tables.upper[top]);
}

int paging_build(
	struct paging *paging, unsigned levels, const struct paging_bits *bits, uint64_t *root)
{
	uint64_t start = address_of(image_start);

	_Static_assert(QT_STAGE_MEMORY_SIZE == WINDOW_SIZE, "one page table maps the stage");
	if (start & (WINDOW_SIZE - 1) || start >= paging->limit)
		return QT_E_UNSUPPORTED;
	paging->window = (struct window){
		.slots = tables.window,
		.memory = bits->memory,
		.device = bits->device,
		.is_memory = is_memory,
		.context = paging,
	};
	paging->base = (uint8_t *)(uintptr_t)(start ^ WINDOW_SIZE);
	map_stage(start, bits);
	*root = connect(start, levels, bits->table);
	return QT_OK;
}

void paging_forget(struct paging *paging)
{
	if (!paging->on)
		return;
	window_clear(&paging->window);
	paging_forget_all();
}

/* An entry that was valid is invalid in between: Arm wants it so (DDI 0487, D8.16.1). */
static void point(struct paging *paging, qt_phys at, const uint8_t *page)
{
	uint64_t *slot = &paging->window.slots[window_slot(at)];

	if (*slot & PTE_PRESENT) {
		*slot = 0;
		paging_forget_page(page);
	}
	window_point(&paging->window, at);
	translation_ready();
}

void *paging_at(struct paging *paging, qt_phys at)
{
	uint8_t *page;

	if (at >= paging->limit)
		return NULL;
	if (!paging->on)
		return (void *)(uintptr_t)at;
	page = paging->base + window_slot(at) * PAGE_SIZE;
	if (!window_leads(&paging->window, at))
		point(paging, at, page);
	return page + (at & (PAGE_SIZE - 1));
}
