// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Arm Architecture Reference Manual for A-profile (DDI 0487): D8.2 (tables),
 * D8.3.1 (descriptors), D8.4 (permissions).
 */
#include "../common/paging.h"
#include "cpu.h"
#include "regime.h"

/* With 48-bit addresses. */
#define LEVELS    4
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

/* The CPU must have 4 KiB pages. */
int paging_switch(struct paging *paging)
{
	bool single = entry_state.regime == REGIME_EL2; /* one exception level: no EL0 */
	uint64_t page = DESCRIPTOR_PAGE | ACCESSED;
	uint64_t data = page | EXECUTE_NEVER | (single ? AP_RES1 : PRIVILEGED_XN);
	uint64_t memory = ATTRIBUTES_MEMORY | INNER_SHAREABLE;
	const struct paging_bits bits = {
		.table = DESCRIPTOR_TABLE,
		.code = page | AP_READ_ONLY | memory | (single ? AP_RES1 : EXECUTE_NEVER),
		.memory = data | memory,
		.device = data,
	};
	uint64_t root;
	int error;

	if (TGRAN4(read_register(id_aa64mmfr0_el1)) == TGRAN4_NONE)
		return QT_E_UNSUPPORTED;
	error = paging_build(paging, LEVELS, &bits, &root);
	if (error)
		return error;
	regime_translate(root, MAIR, physical_range());
	paging->on = true;
	return QT_OK;
}
