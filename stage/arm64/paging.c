// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Arm Architecture Reference Manual for A-profile (DDI 0487): D8.2 (tables),
 * D8.3.1 (descriptors), D8.4 (permissions), D8.16.1 (break before make).
 */
#include <quietus/stage_header.h>

#include "cpu.h"
#include "paging.h"
#include "regime.h"

/* With 4 KiB pages and 48-bit addresses each of four levels has nine bits of index. */
#define LEVELS    4
#define ENTRIES   512
#define INDEX_LG2 9
#define WIDTH_MAX 48

/* Descriptors. What is not set: RW at this exception level, AttrIndx 0, global. */
#define DESCRIPTOR_TABLE  UINT64_C(3)
#define DESCRIPTOR_PAGE   UINT64_C(3)
#define ATTRIBUTES_MEMORY (UINT64_C(1) << 2) /* AttrIndx 1 */
#define AP_RES1           (UINT64_C(1) << 6) /* where there is no EL0 */
#define AP_READ_ONLY      (UINT64_C(1) << 7)
#define INNER_SHAREABLE   (UINT64_C(3) << 8)
#define ACCESSED          (UINT64_C(1) << 10)
#define PRIVILEGED_XN     (UINT64_C(1) << 53) /* RES0 where there is no EL0 */
#define EXECUTE_NEVER     (UINT64_C(1) << 54)

/* MAIR_ELx: attributes 0 are Device-nGnRnE, attributes 1 normal write-back memory. */
#define MAIR UINT64_C(0xff00)

/* ID_AA64MMFR0_EL1: PARange, and TGran4, where 15 is "none" (D23.2.76). */
#define PARANGE(value) ((unsigned)(value)&0xf)
#define TGRAN4(value)  ((unsigned)((value) >> 28) & 0xf)
#define TGRAN4_NONE    15u
#define PARANGE_48     5u

#define WINDOW_SIZE (WINDOW_SLOTS * PAGE_SIZE)

/* One page each; the hardware reads them. */
static struct {
	uint64_t upper[LEVELS - 1][ENTRIES]; /* from level 2 up to level 0 */
	uint64_t stage[ENTRIES];
	uint64_t window[WINDOW_SLOTS];
} tables __attribute__((aligned(4096)));

static uint64_t address_of(const volatile void *at)
{
	return (uint64_t)(uintptr_t)at;
}

/* PARange as far as 4 KiB pages without LPA2 reach. */
static unsigned physical_range(void)
{
	unsigned range = PARANGE(read_register(id_aa64mmfr0_el1));

	return range > PARANGE_48 ? PARANGE_48 : range;
}

void paging_init(struct paging *paging)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, WIDTH_MAX};

	paging->limit = UINT64_C(1) << bits[physical_range()];
	paging->line_size = 4u << (read_register(ctr_el0) >> 16 & 0xf); /* DminLine */
}

static bool is_memory(const void *context, qt_phys page)
{
	const struct paging *paging = context;

	return qt_ranges_contain(paging->known, page, page + PAGE_SIZE) ||
	       (paging->ram && qt_ranges_contain(paging->ram, page, page + PAGE_SIZE));
}

/* Bits of every page that is not code. */
static uint64_t data_bits(void)
{
	uint64_t bits = DESCRIPTOR_PAGE | ACCESSED | EXECUTE_NEVER;

	return bits | (entry_state.regime == REGIME_EL2 ? AP_RES1 : PRIVILEGED_XN);
}

static uint64_t code_bits(void)
{
	uint64_t bits =
		DESCRIPTOR_PAGE | ACCESSED | AP_READ_ONLY | INNER_SHAREABLE | ATTRIBUTES_MEMORY;

	return bits | (entry_state.regime == REGIME_EL2 ? AP_RES1 : EXECUTE_NEVER);
}

/* The stage one to one: code that cannot be written, data that cannot run, a guard page. */
static void map_stage(uint64_t start, uint64_t data)
{
	for (uint64_t i = 0; i < ENTRIES; i++) {
		uint64_t page = start + i * PAGE_SIZE;
		uint64_t entry = page | data;

		if (page < address_of(text_end))
			entry = page | code_bits();
		else if (page == address_of(stack_guard))
			entry = 0;
		tables.stage[i] = entry;
	}
}

/* Puts the two page tables below the upper levels, and returns the root. */
static uint64_t connect(uint64_t start)
{
	size_t index = start >> (PAGE_LG2 + INDEX_LG2) & (ENTRIES - 1);

	/* Both lie in the same 1 GiB: the window's address differs in one bit only. */
	tables.upper[0][index] = address_of(tables.stage) | DESCRIPTOR_TABLE;
	tables.upper[0][index ^ 1] = address_of(tables.window) | DESCRIPTOR_TABLE;
	for (unsigned i = 1; i < LEVELS - 1; i++) {
		index = start >> (PAGE_LG2 + (i + 1) * INDEX_LG2) & (ENTRIES - 1);
		tables.upper[i][index] = address_of(tables.upper[i - 1]) | DESCRIPTOR_TABLE;
	}
	return address_of(tables.upper[LEVELS - 2]);
}

int paging_switch(struct paging *paging)
{
	uint64_t start = address_of(image_start);

	_Static_assert(QT_STAGE_MEMORY_SIZE == WINDOW_SIZE, "one page table maps the stage");
	if (start & (WINDOW_SIZE - 1) || start >= paging->limit ||
		TGRAN4(read_register(id_aa64mmfr0_el1)) == TGRAN4_NONE)
		return QT_E_UNSUPPORTED;

	paging->window.slots = tables.window;
	paging->window.device = data_bits();
	paging->window.memory = data_bits() | ATTRIBUTES_MEMORY | INNER_SHAREABLE;
	paging->window.is_memory = is_memory;
	paging->window.context = paging;
	map_stage(start, paging->window.memory);
	paging->base = (uint8_t *)(uintptr_t)(start ^ WINDOW_SIZE);
	regime_translate(connect(start), MAIR, physical_range());
	paging->on = true;
	return 0;
}

void paging_forget(struct paging *paging)
{
	if (!paging->on)
		return;
	window_clear(&paging->window);
	regime_forget_all();
}

/* A descriptor that was valid has to be invalid in between. */
static void point(struct paging *paging, qt_phys at, const uint8_t *page)
{
	uint64_t *slot = &paging->window.slots[window_slot(at)];

	if (*slot & PTE_PRESENT) {
		*slot = 0;
		regime_forget_page(page);
	}
	window_point(&paging->window, at);
	memory_fence();
	instruction_barrier();
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
