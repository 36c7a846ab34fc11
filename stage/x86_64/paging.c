// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/stage_header.h>

#include "cpu.h"
#include "entry.h"
#include "paging.h"

/* SDM 3, 4.5.4: each level's index has nine bits. */
#define LEVELS_MAX 5
#define ENTRIES    512
#define INDEX_LG2  9

/* CPUID 80000008h, EAX bits 7:0; SDM 2A. 36 bits is what every CPU with PAE has. */
#define WIDTH_LEAF    0x80000008
#define WIDTH_DEFAULT 36
#define WIDTH_MAX     52

/* CPUID 1, EBX bits 15:8: line size of clflush in 8-byte units. */
#define CLFLUSH_UNIT 8

/* PAT entries, a byte each (SDM 3, 12.12.2). */
#define PAT_UNCACHED   0x00
#define PAT_WRITE_BACK 0x06

/* Entries (SDM 3, 4.5.4), and memory types by them (12.12.4). */
#define PTE_WRITE    (UINT64_C(1) << 1)
#define PTE_UNCACHED (UINT64_C(3) << 3) /* PCD and PWT: index 3 of the PAT */
#define PTE_ACCESSED (UINT64_C(1) << 5)
#define PTE_DIRTY    (UINT64_C(1) << 6)
#define PTE_NX       (UINT64_C(1) << 63)
#define PTE_DATA     (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)

#define WINDOW_SIZE (WINDOW_SLOTS * PAGE_SIZE)

/* One page each; the hardware reads them. */
static struct {
	uint64_t upper[LEVELS_MAX - 1][ENTRIES]; /* from the page directory up */
	uint64_t stage[ENTRIES];
	uint64_t window[WINDOW_SLOTS];
} tables __attribute__((aligned(4096)));

static uint64_t address_of(const volatile void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static qt_phys physical_limit(void)
{
	unsigned width = WIDTH_DEFAULT;

	if (cpuid(0x80000000, 0).eax >= WIDTH_LEAF)
		width = cpuid(WIDTH_LEAF, 0).eax & 0xff;
	return UINT64_C(1) << (width > WIDTH_MAX ? WIDTH_MAX : width);
}

void paging_init(struct paging *paging)
{
	paging->limit = physical_limit();
	paging->line_size = (cpuid(1, 0).ebx >> 8 & 0xff) * CLFLUSH_UNIT;
	if (!paging->line_size)
		paging->line_size = CLFLUSH_UNIT * 8;
}

static bool is_memory(const void *context, qt_phys page)
{
	const struct paging *paging = context;

	return qt_ranges_contain(paging->known, page, page + PAGE_SIZE) ||
	       (paging->ram && qt_ranges_contain(paging->ram, page, page + PAGE_SIZE));
}

/* The stage one to one: code that cannot be written, data that cannot run, a guard page. */
static void map_stage(uint64_t start, uint64_t nx)
{
	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t page = start + i * PAGE_SIZE;
		uint64_t entry = page | PTE_DATA | nx;

		if (page < address_of(text_end))
			entry = page | PTE_PRESENT | PTE_ACCESSED;
		else if (page == address_of(stack_guard))
			entry = 0;
		tables.stage[i] = entry;
	}
}

/* Puts the two page tables below the upper levels, and returns the root. */
static uint64_t connect(uint64_t start, unsigned levels)
{
	unsigned level = levels - 2; /* of tables.upper */
	size_t index = start >> (PAGE_LG2 + INDEX_LG2) & (ENTRIES - 1);

	/* Both lie in the same 1 GiB: the window's address differs in one bit only. */
	tables.upper[0][index] = address_of(tables.stage) | PTE_DATA;
	tables.upper[0][index ^ 1] = address_of(tables.window) | PTE_DATA;
	for (unsigned i = 1; i <= level; i++) {
		index = start >> (PAGE_LG2 + (i + 1) * INDEX_LG2) & (ENTRIES - 1);
		tables.upper[i][index] = address_of(tables.upper[i - 1]) | PTE_DATA;
	}
	return address_of(tables.upper[level]);
}

static bool attributes_as_expected(void)
{
	uint64_t pat = read_msr(MSR_PAT);

	return (pat & 0xff) == PAT_WRITE_BACK && (pat >> 24 & 0xff) == PAT_UNCACHED;
}

int paging_switch(struct paging *paging)
{
	uint64_t start = address_of(image_start);
	uint64_t nx = read_msr(MSR_EFER) & EFER_NXE ? PTE_NX : 0;
	unsigned levels = read_cr4() & CR4_LA57 ? 5 : 4;

	_Static_assert(QT_STAGE_MEMORY_SIZE == WINDOW_SIZE, "one page table maps the stage");
	if (start & (WINDOW_SIZE - 1) || !attributes_as_expected())
		return QT_E_UNSUPPORTED;

	map_stage(start, nx);
	paging->base = (uint8_t *)(uintptr_t)(start ^ WINDOW_SIZE);
	paging->window.slots = tables.window;
	paging->window.memory = PTE_DATA | nx;
	paging->window.device = PTE_DATA | nx | PTE_UNCACHED;
	paging->window.is_memory = is_memory;
	paging->window.context = paging;
	write_cr3(connect(start, levels));
	write_cr0(read_cr0() | CR0_WP);
	paging->on = true;
	return 0;
}

void paging_forget(struct paging *paging)
{
	if (!paging->on)
		return;
	window_clear(&paging->window);
	write_cr3(read_cr3()); /* no entry is global */
}

void *paging_at(struct paging *paging, qt_phys at)
{
	uint8_t *page;

	if (at >= paging->limit)
		return NULL;
	if (!paging->on)
		return (void *)(uintptr_t)at;
	page = paging->base + window_slot(at) * PAGE_SIZE;
	if (!window_leads(&paging->window, at)) {
		window_point(&paging->window, at);
		invalidate_page(page);
	}
	return page + (at & (PAGE_SIZE - 1));
}
