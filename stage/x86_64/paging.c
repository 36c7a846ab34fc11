// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "../common/paging.h"
#include "cpu.h"

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

static bool attributes_as_expected(void)
{
	uint64_t pat = read_msr(MSR_PAT);

	return (pat & 0xff) == PAT_WRITE_BACK && (pat >> 24 & 0xff) == PAT_UNCACHED;
}

/* The page attribute table must be as every kernel sets it up. */
int paging_switch(struct paging *paging)
{
	uint64_t nx = read_msr(MSR_EFER) & EFER_NXE ? PTE_NX : 0;
	const struct paging_bits bits = {
		.table = PTE_DATA,
		.code = PTE_PRESENT | PTE_ACCESSED,
		.memory = PTE_DATA | nx,
		.device = PTE_DATA | nx | PTE_UNCACHED,
	};
	uint64_t root;
	int error;

	if (!attributes_as_expected())
		return QT_E_UNSUPPORTED;
	error = paging_build(paging, read_cr4() & CR4_LA57 ? 5 : 4, &bits, &root);
	if (error)
		return error;
	write_cr3(root);
	write_cr0(read_cr0() | CR0_WP);
	paging->on = true;
	return QT_OK;
}

void paging_forget_page(const volatile void *at)
{
	invalidate_page(at);
}

void paging_forget_all(void)
{
	write_cr3(read_cr3()); /* no entry is global */
}
