// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Arm Architecture Reference Manual for A-profile (DDI 0487), D23.2: the
 * registers by name. With HCR_EL2.E2H those of EL2 are reached by EL1's names, and
 * have their layout (D8.1, "EL2&0 translation regime").
 */
#include "regime.h"
#include "../common/paging.h"
#include "cpu.h"

#include <stdbool.h>

#define CURRENT_EL     (3u << 2)
#define CURRENT_EL_EL2 (2u << 2)
#define HCR_E2H        (UINT64_C(1) << 34)

/* SCTLR_ELx */
#define SCTLR_M   (UINT64_C(1) << 0)
#define SCTLR_A   (UINT64_C(1) << 1)
#define SCTLR_C   (UINT64_C(1) << 2)
#define SCTLR_I   (UINT64_C(1) << 12)
#define SCTLR_WXN (UINT64_C(1) << 19)

#define T0SZ UINT64_C(16) /* 64 less 48 bits of address */

/* TCR_ELx: 48-bit addresses, tables read write-back write-allocate and inner shareable, 4 KiB. */
#define TCR_COMMON   (T0SZ | UINT64_C(1) << 8 | UINT64_C(1) << 10 | UINT64_C(3) << 12)
#define TCR_EPD1     (UINT64_C(1) << 23) /* no addresses of the upper half */
#define TCR_T1SZ     (T0SZ << 16)
#define TCR_IPS      32
#define TCR_EL2_RES1 (UINT64_C(1) << 31 | UINT64_C(1) << 23)
#define TCR_EL2_PS   16

static bool named_as_el1(void)
{
	return entry_state.regime != REGIME_EL2;
}

void regime_save(void)
{
	struct entry_state *e = &entry_state;

	if ((read_register(CurrentEL) & CURRENT_EL) != CURRENT_EL_EL2)
		e->regime = REGIME_EL1;
	else
		e->regime = read_register(hcr_el2) & HCR_E2H ? REGIME_EL2_VHE : REGIME_EL2;
	if (named_as_el1()) {
		e->sctlr = read_register(sctlr_el1);
		e->tcr = read_register(tcr_el1);
		e->ttbr0 = read_register(ttbr0_el1);
		e->mair = read_register(mair_el1);
		e->vbar = read_register(vbar_el1);
	} else {
		e->sctlr = read_register(sctlr_el2);
		e->tcr = read_register(tcr_el2);
		e->ttbr0 = read_register(ttbr0_el2);
		e->mair = read_register(mair_el2);
		e->vbar = read_register(vbar_el2);
	}
}

void regime_take_exceptions(void)
{
	uint64_t vectors = (uint64_t)(uintptr_t)exception_vectors;

	if (named_as_el1())
		write_register(vbar_el1, vectors);
	else
		write_register(vbar_el2, vectors);
	instruction_barrier();
	__asm__ volatile("msr daifclr, #4" : : : "memory");
}

void regime_translate(uint64_t root, uint64_t mair, unsigned size)
{
	uint64_t sctlr = (entry_state.sctlr & ~(SCTLR_A | SCTLR_WXN)) | SCTLR_M | SCTLR_C | SCTLR_I;

	memory_fence();
	if (named_as_el1()) {
		write_register(mair_el1, mair);
		write_register(
			tcr_el1, TCR_COMMON | TCR_EPD1 | TCR_T1SZ | (uint64_t)size << TCR_IPS);
		write_register(ttbr0_el1, root);
	} else {
		write_register(mair_el2, mair);
		write_register(tcr_el2, TCR_COMMON | TCR_EL2_RES1 | (uint64_t)size << TCR_EL2_PS);
		write_register(ttbr0_el2, root);
	}
	instruction_barrier();
	paging_forget_all();
	/* What caches fetched meanwhile, with code or for other CPUs, may be older than stores. */
	stage_clean_memory();
	if (named_as_el1())
		write_register(sctlr_el1, sctlr);
	else
		write_register(sctlr_el2, sctlr);
	instruction_barrier();
}

void paging_forget_page(const volatile void *at)
{
	uint64_t page = (uint64_t)(uintptr_t)at >> 12 & ((UINT64_C(1) << 44) - 1);

	if (entry_state.regime == REGIME_EL1)
		__asm__ volatile("dsb nshst; tlbi vaae1, %0; dsb nsh; isb"
				 :
				 : "r"(page)
				 : "memory");
	else
		__asm__ volatile("dsb nshst; tlbi vae2, %0; dsb nsh; isb" : : "r"(page) : "memory");
}

void paging_forget_all(void)
{
	if (entry_state.regime == REGIME_EL1)
		__asm__ volatile("dsb nshst; tlbi vmalle1; dsb nsh; isb" : : : "memory");
	else
		__asm__ volatile("dsb nshst; tlbi alle2; dsb nsh; isb" : : : "memory");
}

uint64_t regime_syndrome(void)
{
	return named_as_el1() ? read_register(esr_el1) : read_register(esr_el2);
}

uint64_t regime_exception_address(void)
{
	return named_as_el1() ? read_register(elr_el1) : read_register(elr_el2);
}
