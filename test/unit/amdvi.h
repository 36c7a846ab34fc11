/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Machines with AMD-Vi, for the tests of takeovers behind it.
 */
#ifndef TEST_AMDVI_H
#define TEST_AMDVI_H

#include "takeover.h"

#define IOAPIC QT_RID(0, 0, 0xa0)
#define HPET   QT_RID(0, 0, 0xa2)

static inline struct model *amdvi_machine(const struct model_unit_config *unit)
{
	struct model *m = machine_with(unit);

	model_add_source(m, 0, IOAPIC, 1);
	model_add_source(m, 0, HPET, 2);
	return m;
}

/* A small device table: checks look at all of it after every store. */
static inline struct model *default_machine(void)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);

	unit.amdvi.entries = 1024;
	return amdvi_machine(&unit);
}

/* A crash region above 512 GiB, which 3 levels do not span. */
static inline struct model *high_machine(unsigned levels_max, uint64_t at)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);

	unit.amdvi.levels_max = (uint8_t)levels_max;
	unit.amdvi.entries = 1024;
	return machine_high(&unit, at);
}

static inline uint64_t entry_word(struct model *m, qt_rid rid, unsigned word)
{
	return model_peek(m, model_context_entry(m, 0, rid) + word * 8);
}

static inline void set_entry_word(struct model *m, qt_rid rid, unsigned word, uint64_t value)
{
	model_poke(m, model_context_entry(m, 0, rid) + word * 8, value);
}

#endif
