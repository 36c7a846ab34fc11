/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Machines with AMD-Vi, for the tests of takeovers behind it.
 */
#ifndef TEST_AMDVI_H
#define TEST_AMDVI_H

#include "expect.h"

#define NVME   QT_RID(0, 0, 0x08)
#define NIC    QT_RID(0, 0, 0x10)
#define USB    QT_RID(0, 0, 0x18)
#define IOAPIC QT_RID(0, 0, 0xa0)
#define HPET   QT_RID(0, 0, 0xa2)

#define CLASS_NVME 0x010802
#define CLASS_NIC  0x020000
#define CLASS_USB  0x0c0330

static const struct qt_range small_ram[] = {
	{0, 0xa0000}, {QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}};
static const struct qt_range crash_512m[] = {{QT_MIB(512), QT_MIB(528)}};

static inline struct model *machine_of(const struct model_unit_config *units, size_t count)
{
	struct model *m = model_new(&(struct model_config){.ram = small_ram,
		.ram_count = QT_ARRAY_SIZE(small_ram),
		.crash = crash_512m,
		.crash_count = 1,
		.units = units,
		.unit_count = count});

	for (unsigned i = 0; i < count; i++)
		model_start_unit(m, i);
	return m;
}

static inline struct model *machine_with(const struct model_unit_config *unit)
{
	struct model *m = machine_of(unit, 1);

	model_add_source(m, 0, IOAPIC, 1);
	model_add_source(m, 0, HPET, 2);
	return m;
}

/* A small device table: checks look at all of it after every store. */
static inline struct model *default_machine(void)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);

	unit.amdvi.entries = 1024;
	return machine_with(&unit);
}

/* A crash region above 512 GiB, which 3 levels do not span. */
static inline struct model *high_machine(unsigned levels_max, uint64_t at)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(3)}, {QT_GIB(4), at + QT_GIB(100)}};
	const struct qt_range crash[] = {
		{QT_MIB(64), QT_MIB(72)}, {at + QT_MIB(16), at + QT_MIB(48)}};
	struct model_unit_config unit = model_amdvi_default(0xfed80000);
	struct model *m;

	unit.amdvi.levels_max = (uint8_t)levels_max;
	unit.amdvi.entries = 1024;
	m = model_new(&(struct model_config){.ram = ram,
		.ram_count = 2,
		.crash = crash,
		.crash_count = 2,
		.address_bits = 52,
		.units = &unit,
		.unit_count = 1});
	model_start_unit(m, 0);
	return m;
}

static inline struct model_domain *add_device(
	struct model *m, qt_rid rid, uint32_t class_code, unsigned levels, uint16_t id)
{
	struct model_domain *domain = model_domain_new(m, 0, levels, id);

	if (!model_function(m, rid))
		model_add_function(m, rid, 0x1022, 0x10d3, class_code);
	if (levels >= 3)
		model_map(m, domain, 0xffe00000 - id * QT_MIB(1), QT_MIB(100 + id), QT_MIB(1),
			QT_RW, 2);
	model_attach(m, domain, rid, 0);
	return domain;
}

static inline uint64_t entry_word(struct model *m, qt_rid rid, unsigned word)
{
	return model_peek(m, model_context_entry(m, 0, rid) + word * 8);
}

static inline void set_entry_word(struct model *m, qt_rid rid, unsigned word, uint64_t value)
{
	model_poke(m, model_context_entry(m, 0, rid) + word * 8, value);
}

/* Unmapped lazily, with caches that do not know. */
static inline void churn(
	struct model *m, struct model_domain *d, qt_rid rid, qt_iova iova, uint64_t size)
{
	model_map(m, d, iova, QT_MIB(900), size, QT_RW, 0);
	for (uint64_t at = 0; at < size; at += 0x1000)
		model_touch(m, rid, iova + at);
	model_unmap(m, d, iova, size);
}

#endif
