/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AMD-Vi: takeovers with its tables and entries, domains that grow, its command
 * buffer, and interrupts that must reach a kernel without its driver. Guest tables
 * are in test_amdvi_guest.c, IVRS in test_amdvi_ivrs.c, what holds for every kind of
 * unit in test_takeover.c.
 */
#include "amdvi.h"

static void expect_interrupts(struct model *m, qt_rid rid, bool pass)
{
	struct model_unit *unit = model_unit_of(m, rid);

	for (enum model_path path = MODEL_WALK; path <= MODEL_CACHED; path++)
		if (model_amdvi_interrupt_passes(m, unit, rid, path) != pass)
			fail_msg(
				"an interrupt of %x %s", rid, pass ? "is stopped" : "gets through");
}

static void test_common_case(void **state)
{
	struct model *m = default_machine();
	struct model_unit *unit = &m->units[0];
	uint64_t base = unit->amdvi.command_base, control = unit->amdvi.control;
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	add_device(m, NIC, CLASS_NIC, 4, 2);
	expect_interrupts(m, NVME, false);
	expect_interrupts(m, IOAPIC, false);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	/* One for each domain; IO-APIC, HPET and two functions may interrupt. */
	assert_int_equal(m->store_count, 2 + 4);
	expect_interrupts(m, NVME, true);
	expect_interrupts(m, NIC, true);
	expect_interrupts(m, IOAPIC, true);
	expect_interrupts(m, HPET, true);
	/* The dead kernel's command buffer is where it was, empty, and on. */
	assert_int_equal(unit->amdvi.command_base, base);
	assert_int_equal(unit->amdvi.control, control);
	assert_int_equal(unit->amdvi.command_head, unit->amdvi.command_tail);
	assert_true(unit->amdvi.running);
	finish(&s);
}

static void test_undo_gives_interrupts_back(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	run_sound(&s, m);
	scenario_undo(&s);
	expect_interrupts(m, NVME, false);
	expect_interrupts(m, IOAPIC, false);
	finish_untouched(&s);
}

static void test_every_mode(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 6; levels++) {
		struct model *m = default_machine();
		struct model_domain *d = add_device(m, NVME, CLASS_NVME, levels, 1);
		struct scenario s;

		model_map(m, d, QT_MIB(528), QT_MIB(200), 0x3000, QT_RW, 0);
		add_function(m, NIC, CLASS_NIC); /* blocked */
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_BLOCKED);
		finish(&s);
	}
}

/* Modes 1 and 2 span 2 MiB and 1 GiB. */
static void test_narrow_modes_grow(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = model_domain_new(m, 0, 1, 1);
	struct scenario s;

	(void)state;
	add_function(m, NVME, CLASS_NVME);
	model_attach(m, d, NVME, 0);
	model_map(m, d, 0x10000, QT_MIB(100), 0x8000, QT_RW, 0);
	d = model_domain_new(m, 0, 2, 2);
	add_function(m, NIC, CLASS_NIC);
	model_attach(m, d, NIC, 0);
	model_map(m, d, 0x10000, QT_MIB(100), 0x8000, QT_RW, 0);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_GROWN);
	expect_decision(&s, NIC, QT_ADOPT, QT_WHY_FREE);
	assert_int_equal(entry_word(m, NVME, 0) >> 9 & 7, 2);
	finish(&s);
}

/* One store for each entry that shares the domain, and none to its tables. */
static void test_domain_grows_by_a_level(void **state)
{
	struct model *m = high_machine(6, QT_GIB(600));
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 3, 1);
	struct scenario s;
	qt_phys root = d->root;

	(void)state;
	add_function(m, NIC, CLASS_NIC);
	model_attach(m, d, NIC, 0);
	model_map(m, d, QT_GIB(511), QT_MIB(200), QT_MIB(4), QT_RW, 1);
	for (qt_iova at = 0xffd00000; at < 0xffe00000; at += 0x1000)
		model_touch(m, NVME, at);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_GROWN);
	expect_decision(&s, NIC, QT_ADOPT, QT_WHY_GROWN);
	assert_int_equal(entry_word(m, NVME, 0) >> 9 & 7, 4);
	assert_int_equal(entry_word(m, NIC, 0), entry_word(m, NVME, 0));
	/* The low part of the crash region in the old table, two entries, two interrupts. */
	assert_int_equal(m->store_count, 1 + 2 + 2);
	assert_int_equal(
		model_peek(m, entry_word(m, NVME, 0) & 0xffffffffff000) & 0xffffffffff000, root);
	finish(&s);
}

/* Hardware that does not snoop finds the new table on top all the same. */
static void test_domain_grows_behind_a_unit_that_does_not_snoop(void **state)
{
	struct model_unit_config unit = model_amdvi_default(0xfed90000);
	struct model *m;

	(void)state;
	unit.coherent = false;
	m = machine_high(&unit, 1ull << 48); /* two tables on top */
	add_device(m, NVME, CLASS_NVME, 3, 1);
	expect_takeover(m);
}

static void test_domain_grows_by_several_levels(void **state)
{
	static const uint64_t places[] = {QT_GIB(600), 1ull << 48, 3ull << 50};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(places); i++) {
		struct model *m = high_machine(6, places[i]);
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 3, 1);
		add_function(m, NIC, CLASS_NIC);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_GROWN);
		finish(&s);
	}
}

static void test_domain_that_cannot_grow_so_far(void **state)
{
	struct model *m = high_machine(4, 1ull << 48);

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	expect_refusal(m, QT_LEAVE, QT_WHY_TOO_NARROW);
}

/* Part of the crash region is in the old table's span, and taken there. */
static void test_domain_that_could_grow_but_is_taken(void **state)
{
	struct model *m = high_machine(6, QT_GIB(600));
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 3, 1);

	(void)state;
	model_map(m, d, QT_MIB(65), QT_MIB(200), 0x1000, QT_RW, 0);
	expect_refusal(m, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
}

static void test_encoded_page_sizes(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 3, 1);
	struct model_translation t;
	struct scenario s;

	(void)state;
	model_map(m, d, QT_MIB(528), QT_MIB(200), 0x1000, QT_RW, 0); /* makes the tables */
	model_amdvi_map_sized(m, d, QT_MIB(528) + 0x8000, QT_MIB(210), 0, 15);
	model_amdvi_map_sized(m, d, QT_MIB(528) + 0x80000, QT_MIB(211), 0, 19);
	model_amdvi_map_sized(m, d, QT_MIB(536), QT_MIB(216), 1, 23);
	model_amdvi_map_sized(m, d, QT_MIB(544), QT_MIB(224), 1, 21);
	assert_int_equal(model_translate(m, NVME, QT_MIB(528) + 0xd123, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, QT_MIB(210) + 0x5123);
	assert_int_equal(model_translate(m, NVME, QT_MIB(543), MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, QT_MIB(223));
	run_sound(&s, m);
	assert_int_equal(s.machine.domains[0].mapped,
		QT_MIB(1) + 0x1000 + QT_KIB(32) + QT_KIB(512) + QT_MIB(8) + QT_MIB(2) + QT_MIB(16));
	finish(&s);
}

static void test_skipped_levels(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct model_domain *low = add_device(m, NIC, CLASS_NIC, 3, 2);
	struct model_translation t;
	qt_phys table = model_page(m);

	(void)state;
	/* 512 GiB and up: straight to the lowest table. */
	model_poke(m, table + 8 * 5, QT_MIB(300) | 3ull << 61 | 1);
	model_amdvi_skip(m, d, QT_GIB(512), 3, 1, table);
	/* The crash region's own GiB is left alone, what is beside it skips. */
	model_amdvi_skip(m, low, QT_GIB(3), 2, 1, table);
	assert_int_equal(model_translate(m, NVME, QT_GIB(512) + 0x5678, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, QT_MIB(300) + 0x678);
	assert_int_not_equal(model_translate(m, NVME, QT_GIB(513) + 0x5678, MODEL_WALK, &t), 0);
	expect_takeover(m);
}

/* The crash region lies in what a skipping entry's table spans: it goes in there. */
static void test_crash_region_behind_a_skipped_level(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;
	qt_phys table = model_page(m);

	(void)state;
	model_unmap(m, d, 0, QT_GIB(4));
	model_poke(m, table + 8 * 300, QT_MIB(300) | 3ull << 61 | 1ull << 60 | 1); /* 600 MiB */
	model_amdvi_skip(m, d, 0, 3, 2, table);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 8 + 3);
	finish(&s);
}

/* ... or beyond it, and then there is no place for it. */
static void test_crash_region_beyond_a_skipped_level(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	qt_phys table = model_page(m);

	(void)state;
	model_poke(m, table + 8 * 5, 0x5000 | 3ull << 61 | 1); /* would be in nobody's way */
	model_amdvi_skip(m, d, 0, 3, 1, table);
	expect_refusal(m, QT_LEAVE, QT_WHY_NO_PERMISSION);
}

/* ... unless nothing translates behind it: then the whole entry is replaced. */
static void test_empty_skipped_level_is_replaced(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);

	(void)state;
	model_amdvi_skip(m, d, 0, 3, 1, model_page(m));
	expect_takeover(m);
}

/* What an entry of the device table can say, and what follows. */
static void test_device_table_entries(void **state)
{
	static const struct {
		uint64_t lo;
		enum qt_decision decision;
		enum qt_reason reason;
	} cases[] = {
		{0, QT_DIRECT, QT_WHY_PASSTHROUGH},
		{2, QT_DIRECT, QT_WHY_PASSTHROUGH},
		{1, QT_ADMIT, QT_WHY_BLOCKED},
		{3, QT_ADMIT, QT_WHY_BLOCKED},
		{1 | 3ull << 61, QT_ADMIT, QT_WHY_BLOCKED},
		{3 | 3ull << 61, QT_DIRECT, QT_WHY_PASSTHROUGH},
		{3 | 1ull << 55 | 3ull << 61, QT_DIRECT, QT_WHY_PASSTHROUGH},
		{3 | 1ull << 61, QT_LEAVE, QT_WHY_NO_PERMISSION},
		{3 | 1ull << 62, QT_LEAVE, QT_WHY_NO_PERMISSION},
		{3 | 3 << 9, QT_ADMIT, QT_WHY_BLOCKED},
		{3 | 7 << 9 | 3ull << 61, QT_LEAVE, QT_WHY_ENTRY_DAMAGED},
		{3 | 4 | 3ull << 61, QT_LEAVE, QT_WHY_ENTRY_DAMAGED},
		{3 | 1ull << 63 | 3ull << 61, QT_LEAVE, QT_WHY_ENTRY_DAMAGED},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 3, 1);
		add_function(m, NIC, CLASS_NIC);
		set_entry_word(m, NIC, 0, cases[i].lo);
		set_entry_word(m, NIC, 1, 0xff00ffff0000 << 1);
		scenario_run(&s, m);
		expect_decision(&s, NIC, cases[i].decision, cases[i].reason);
		if (cases[i].decision == QT_LEAVE)
			expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
		else
			expect_sound(&s);
		scenario_free(&s);
	}
}

/* An entry that takes a permission from all its leaves: leftover DMA counts, no way in. */
static void test_entry_without_write(void **state)
{
	struct model *m = default_machine();

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	set_entry_word(m, NVME, 0, entry_word(m, NVME, 0) & ~(1ull << 62));
	expect_refusal(m, QT_LEAVE, QT_WHY_NO_PERMISSION);
}

/* The same table, once with write and once without: two domains. */
static void test_table_shared_with_fewer_permissions(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 3, 1);
	struct scenario s;

	(void)state;
	model_add_function(m, USB, 0x1022, 1, 0x040300);
	model_attach(m, d, USB, 0);
	set_entry_word(m, USB, 0, entry_word(m, USB, 0) & ~(1ull << 62));
	set_entry_word(m, USB, 1, 9); /* what is cached goes by domain ID */
	run_sound(&s, m);
	expect_decision(&s, USB, QT_LEAVE, QT_WHY_NO_PERMISSION);
	finish(&s);
}

static void test_every_kind_of_unit(void **state)
{
	static const uint8_t types[] = {0x10, 0x11, 0x40};

	(void)state;
	for (unsigned bits = 0; bits < 48; bits++) {
		struct model_unit_config unit = model_amdvi_default(0xfed80000);
		struct scenario s;
		struct model *m;

		unit.coherent = bits & 1;
		unit.amdvi.np_cache = bits & 2;
		unit.amdvi.no_invalidate_all = bits & 4;
		unit.amdvi.all = bits & 8;
		unit.amdvi.block_type = types[bits >> 4];
		unit.amdvi.segments_lg2 = (uint8_t)(bits % 4);
		unit.amdvi.levels_max = (uint8_t)(4 + bits % 3);
		unit.amdvi.entries = 256; /* that many are flushed one by one */
		m = amdvi_machine(&unit);
		use_window(m, add_device(m, NVME, CLASS_NVME, 3, 1), NVME);
		add_function(m, NIC, CLASS_NIC);
		model_touch(m, NIC, QT_MIB(514));
		model_touch(m, NVME, QT_MIB(520));
		expect_interrupts(m, NVME, false);
		expect_interrupts(m, IOAPIC, false);
		scenario_run(&s, m);
		/* With caches as they are: expect_sound empties them. */
		expect_interrupts(m, NVME, true);
		expect_interrupts(m, IOAPIC, true);
		expect_sound(&s);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_BLOCKED);
		finish(&s);
	}
}

/* All of a device table that is flushed entry by entry, in as many batches as it takes. */
static void test_whole_table_without_invalidate_all(void **state)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);
	struct model *m;
	struct scenario s;

	(void)state;
	unit.amdvi.no_invalidate_all = true;
	m = amdvi_machine(&unit);
	add_device(m, NVME, CLASS_NVME, 3, 1);
	scenario_plan(&s, m);
	m->on_change = NULL; /* 65536 entries: KEEP at the end will do */
	scenario_take_over(&s);
	expect_sound(&s);
	assert_true(m->units[0].context_invalidations >= 0x10000);
	scenario_free(&s);
}

static void test_table_that_ends_before_a_device(void **state)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);
	struct model *m;
	struct scenario s;

	(void)state;
	unit.amdvi.entries = 128; /* bus 0, up to device 15 */
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 3, 1);
	model_add_function(m, QT_RID(0, 0, 0xf0), 0x1022, 1, 0x040300);
	run_sound(&s, m);
	expect_decision(&s, QT_RID(0, 0, 0xf0), QT_LEAVE, QT_WHY_ENTRY_UNSUPPORTED);
	finish(&s);
}

/* The upper bits of a device ID pick the segment of the device table. */
static void test_segments_of_the_device_table(void **state)
{
	(void)state;
	for (unsigned lg2 = 1; lg2 <= 3; lg2++) {
		struct model_unit_config unit = model_amdvi_default(0xfed80000);
		struct scenario s;
		struct model *m;

		unit.amdvi.segments_lg2 = (uint8_t)lg2;
		unit.amdvi.entries = 256; /* in each */
		m = machine_with(&unit);
		for (unsigned i = 0; i < 1u << lg2; i++) {
			qt_rid rid = QT_RID(0, 0, (i << (16 - lg2)) + 0x18);
			struct model_domain *d = model_domain_new(m, 0, 3, (uint16_t)(1 + i));

			model_map(m, d, 0xfff00000, QT_MIB(100 + i), 0x1000, QT_RW, 0);
			model_attach(m, d, rid, 0);
		}
		run_sound(&s, m);
		for (unsigned i = 0; i < 1u << lg2; i++)
			expect_decision(
				&s, QT_RID(0, 0, (i << (16 - lg2)) + 0x18), QT_ADOPT, QT_WHY_FREE);
		finish(&s);
	}
}

/* Two units, one device table, as Linux has it: each looks after what it claims. */
static void test_units_that_share_a_device_table(void **state)
{
	struct model_unit_config units[] = {
		model_amdvi_default(0xfed80000), model_amdvi_default(0xfd000000)};
	struct model *m;
	struct scenario s;

	(void)state;
	units[1].amdvi.function = 0x4002;
	m = machine_of(units, 2);
	m->units[1].amdvi.tables[0] = m->units[0].amdvi.tables[0];
	add_bridge(m, PORT, 1, QT_PCIE_ROOT_PORT);
	model_claim(m, 0, NVME, false);
	model_claim(m, 0, NIC, false);
	model_claim(m, 1, PORT, true);
	add_device(m, NVME, CLASS_NVME, 3, 1);
	add_device(m, QT_RID(0, 1, 0), CLASS_NVME, 3, 2);
	model_add_pcie(model_function(m, QT_RID(0, 1, 0)), QT_PCIE_ENDPOINT);
	add_function(m, NIC, CLASS_NIC);
	add_endpoint(m, QT_RID(0, 1, 1), CLASS_NIC);
	run_sound(&s, m);
	expect_decision(&s, QT_RID(0, 1, 0), QT_ADOPT, QT_WHY_FREE);
	expect_decision(&s, QT_RID(0, 1, 1), QT_ADMIT, QT_WHY_BLOCKED);
	assert_int_equal(scenario_requester(&s, NVME)->unit, 0);
	assert_int_equal(scenario_requester(&s, QT_RID(0, 1, 0))->unit, 1);
	assert_int_equal(scenario_requester(&s, QT_RID(0, 1, 1))->unit, 1);
	finish(&s);
}

static void test_unit_that_is_off(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_function(m, NVME, CLASS_NVME);
	m->units[0].amdvi.control &= ~MODEL_AMDVI_ENABLE;
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_UNIT_OFF);
	assert_int_equal(m->units[0].register_writes, 0);
	finish(&s);
}

/* iommu=pt: nothing is translated, but interrupts are remapped. */
static void test_pass_through_with_interrupts_remapped(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_function(m, NVME, CLASS_NVME);
	model_attach_pass(m, 0, NVME);
	expect_interrupts(m, NVME, false);
	expect_interrupts(m, IOAPIC, false);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_PASSTHROUGH);
	expect_interrupts(m, NVME, true);
	expect_interrupts(m, IOAPIC, true);
	finish(&s);
}

static void make_table_outside(struct model *m)
{
	m->units[0].amdvi.tables[0] = QT_GIB(3) | 0x1ff;
}

static void make_table_in_crash_region(struct model *m)
{
	m->units[0].amdvi.tables[0] = QT_MIB(512) | 0x1ff;
}

static void make_segments_reserved(struct model *m)
{
	m->units[0].amdvi.control |= 7ull << 34;
}

static void make_no_host_translation(struct model *m)
{
	m->units[0].amdvi.features |= 3 << 10;
}

static void make_no_host_translation_by_firmware(struct model *m)
{
	m->units[0].config.amdvi.no_host = true;
}

static void make_dead(struct model *m)
{
	m->units[0].all_ones = true;
}

static void test_units_that_are_not_taken_over(void **state)
{
	static void (*const changes[])(struct model * m) = {make_table_outside,
		make_table_in_crash_region, make_segments_reserved, make_no_host_translation,
		make_no_host_translation_by_firmware, make_dead};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(changes); i++) {
		struct model *m = default_machine();
		struct scenario s;

		/* Not needed for a dump, but the machine's interrupts are. */
		add_device(m, USB, 0x040300, 3, 1);
		changes[i](m);
		scenario_run(&s, m);
		assert_false(s.plan.commit);
		assert_int_equal(m->store_count, 0);
		assert_int_equal(m->units[0].register_writes, 0);
		scenario_free(&s);
	}
}

static void test_unit_that_never_answers(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct model_unit_config unit = model_amdvi_default(0xfed80000);
		struct scenario s;
		struct model *m;
		uint64_t began;

		unit.amdvi.no_invalidate_all = bits & 1;
		unit.amdvi.entries = 256;
		m = amdvi_machine(&unit);
		add_device(m, NVME, CLASS_NVME, 3, 1);
		m->units[0].deaf = !(bits & 2);
		m->units[0].command_deaf = bits & 2;
		began = m->clock_ns;
		scenario_run(&s, m);
		assert_true(s.plan.commit);
		assert_int_equal(s.committed, QT_E_TIMEOUT);
		assert_true(m->clock_ns - began < 10000000000ull);
		m->complaints = 0; /* commands given up on pile up, which cannot be helped */
		finish_untouched(&s);
	}
}

/* A unit that answers, but so late that its whole device table would take minutes. */
static void test_unit_that_is_slow(void **state)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);
	struct scenario s;
	struct model *m;
	uint64_t began;

	(void)state;
	unit.amdvi.no_invalidate_all = true;
	unit.latency_us = 50000;
	m = amdvi_machine(&unit);
	add_device(m, NVME, CLASS_NVME, 3, 1);
	scenario_plan(&s, m);
	assert_true(s.plan.commit);
	began = m->clock_ns;
	assert_int_equal(
		s.machine.units[0].ops->flush(&s.machine, &s.machine.units[0]), QT_E_TIMEOUT);
	assert_true(m->clock_ns - began < QT_UNIT_FLUSH_LIMIT_US * 1000ull);
	assert_true(m->units[0].amdvi.running);
	finish_untouched(&s);
}

/* A function that the unit sees as another one. */
static void test_alias(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_function(m, NVME, CLASS_NVME);
	model_alias(m, 0, NVME, QT_RID(0, 0, 0x0a));
	model_attach(m, model_domain_new(m, 0, 3, 7), QT_RID(0, 0, 0x0a), 0);
	run_sound(&s, m);
	assert_int_equal(qt_pci_find(&s.machine.pci, NVME)->alias, QT_RID(0, 0, 0x0a));
	expect_decision(&s, QT_RID(0, 0, 0x0a), QT_ADOPT, QT_WHY_FREE);
	assert_true(scenario_requester(&s, QT_RID(0, 0, 0x0a))->function >= 0);
	expect_interrupts(m, QT_RID(0, 0, 0x0a), true);
	finish(&s);
}

static void test_what_keeps_the_capture_kernel_away(void **state)
{
	static const struct {
		struct qt_capture_kernel kernel;
		const char *command_line;
		const char *hide_table;
		unsigned why;
	} cases[] = {
		{{.version = QT_LINUX_VERSION(6, 1), .x2apic = false, .apic_id = 0},
			"amd_iommu=off", NULL, 0},
		{{.version = QT_LINUX_VERSION(5, 12), .x2apic = true, .apic_id = 254},
			"amd_iommu=off", NULL, 0},
		{{.version = QT_LINUX_VERSION(5, 11), .x2apic = false, .apic_id = 0}, NULL, "IVRS",
			0},
		{{.version = QT_LINUX_VERSION(4, 18), .x2apic = false, .apic_id = 0}, NULL, "IVRS",
			0},
		{{.version = 0, .x2apic = false, .apic_id = 0}, NULL, "IVRS", 0},
		{{.version = QT_LINUX_VERSION(6, 1), .x2apic = true, .apic_id = 255},
			"amd_iommu=off", NULL, QT_WHY_X2APIC_ID},
		{{.version = QT_LINUX_VERSION(6, 1), .x2apic = false, .apic_id = 300},
			"amd_iommu=off", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct qt_keep_away how = {0};

		assert_int_equal(qt_unit_amdvi.keep_away(&cases[i].kernel, &how), cases[i].why);
		if (cases[i].command_line)
			assert_string_equal(how.command_line, cases[i].command_line);
		else
			assert_null(how.command_line);
		if (cases[i].hide_table)
			assert_string_equal(how.hide_table, cases[i].hide_table);
		else
			assert_null(how.hide_table);
	}
}

static void test_crash_cpu_that_needs_remapping(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	scenario_plan(&s, m);
	assert_true(s.plan.commit);
	s.machine.capture_kernel = (struct qt_capture_kernel){
		.version = QT_LINUX_VERSION(6, 1), .x2apic = true, .apic_id = 256};
	qt_plan(&s.machine, &s.plan);
	finish_stock(&s, QT_WHY_X2APIC_ID);
}

static void test_interrupts_are_masked(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	run_sound(&s, m);
	s.machine.units[0].ops->mask_interrupts(&s.machine, &s.machine.units[0]);
	assert_int_equal(
		m->units[0].amdvi.control & (MODEL_AMDVI_EVENT_INT | MODEL_AMDVI_WAIT_INT |
						    MODEL_AMDVI_PPR_INT | MODEL_AMDVI_GA_INT),
		0);
	assert_true(m->units[0].amdvi.control & MODEL_AMDVI_ENABLE);
	finish(&s);
}

/* Something of everything, for accidents at every step. */
static struct model *busy_machine(const void *context)
{
	struct model *m = high_machine(5, QT_GIB(600));
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);

	(void)context;
	model_add_source(m, 0, IOAPIC, 1);
	model_map(m, d, QT_GIB(600) + QT_MIB(50), QT_MIB(202), 0x2000, QT_RW, 0);
	churn(m, d, NVME, QT_MIB(65), QT_MIB(1), 0);
	add_device(m, NIC, CLASS_NIC, 3, 2);
	add_function(m, USB, CLASS_USB);
	model_attach(m, m->dead->domains[1], QT_RID(0, 3, 0), 0);
	add_function(m, QT_RID(0, 0, 0x30), CLASS_NIC);
	return m;
}

static void test_busy_machine(void **state)
{
	struct scenario s;

	(void)state;
	run_sound(&s, busy_machine(NULL));
	expect_decision(&s, NIC, QT_ADOPT, QT_WHY_GROWN);
	expect_decision(&s, QT_RID(0, 3, 0), QT_ADOPT, QT_WHY_GROWN);
	assert_true(s.m->store_count > 12);
	finish(&s);
	expect_stores_may_fail(busy_machine, NULL);
	expect_reads_may_fail(busy_machine, NULL, 100);
}

static void test_verify_notices_a_root_that_did_not_move(void **state)
{
	struct model *m = busy_machine(NULL);
	struct scenario s;
	uint64_t before;
	size_t failed = 99;

	(void)state;
	scenario_plan(&s, m);
	before = entry_word(m, NIC, 0);
	assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
	assert_int_equal(qt_takeover_commit(&s.takeover), 0);
	m->on_change = NULL;
	set_entry_word(m, NIC, 0, before);
	assert_int_equal(qt_takeover_verify(&s.takeover, &failed), QT_E_BAD);
	assert_int_equal(s.machine.requesters[failed].rid, NIC);
	scenario_free(&s);
}

/* Tables that lie in every way that an entry can. */
static void test_damaged_tables(void **state)
{
	static const uint64_t entries[] = {
		QT_MIB(300) | 3 << 9 | 3ull << 61 | 1,              /* leads up */
		QT_MIB(300) | 2 << 9 | 3ull << 61 | 1,              /* to its own level */
		QT_GIB(3) | 1 << 9 | 3ull << 61 | 1,                /* outside RAM */
		QT_MIB(512) | 1 << 9 | 3ull << 61 | 1,              /* into the crash region */
		QT_MIB(300) | 1ull << 52 | 1 << 9 | 3ull << 61 | 1, /* reserved */
		QT_MIB(300) | 1ull << 60 | 1 << 9 | 3ull << 61 | 1, /* FC where there is none */
		0x1000 | 3ull << 61 | 1,                            /* a leaf not aligned */
		QT_MIB(300) | 7 << 9 | 3ull << 61 | 1,              /* a size below its slot's */
		0xffffffffff000 | 7 << 9 | 3ull << 61 | 1,          /* a size without end */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(entries); i++) {
		struct model *m = default_machine();
		struct model_domain *d = add_device(m, NVME, CLASS_NVME, 3, 1);
		struct scenario s;

		model_poke(m, model_table_entry(m, d, 0xffe00000, 1), entries[i]);
		scenario_run(&s, m);
		if (scenario_requester(&s, NVME)->decision != QT_LEAVE)
			fail_msg("entry %zu was taken for sound", i);
		finish_stock(&s, (enum qt_reason)s.plan.reason);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_case),
		cmocka_unit_test(test_undo_gives_interrupts_back),
		cmocka_unit_test(test_every_mode),
		cmocka_unit_test(test_narrow_modes_grow),
		cmocka_unit_test(test_domain_grows_by_a_level),
		cmocka_unit_test(test_domain_grows_behind_a_unit_that_does_not_snoop),
		cmocka_unit_test(test_domain_grows_by_several_levels),
		cmocka_unit_test(test_domain_that_cannot_grow_so_far),
		cmocka_unit_test(test_domain_that_could_grow_but_is_taken),
		cmocka_unit_test(test_encoded_page_sizes),
		cmocka_unit_test(test_skipped_levels),
		cmocka_unit_test(test_crash_region_behind_a_skipped_level),
		cmocka_unit_test(test_crash_region_beyond_a_skipped_level),
		cmocka_unit_test(test_empty_skipped_level_is_replaced),
		cmocka_unit_test(test_device_table_entries),
		cmocka_unit_test(test_entry_without_write),
		cmocka_unit_test(test_table_shared_with_fewer_permissions),
		cmocka_unit_test(test_every_kind_of_unit),
		cmocka_unit_test(test_whole_table_without_invalidate_all),
		cmocka_unit_test(test_table_that_ends_before_a_device),
		cmocka_unit_test(test_segments_of_the_device_table),
		cmocka_unit_test(test_units_that_share_a_device_table),
		cmocka_unit_test(test_unit_that_is_off),
		cmocka_unit_test(test_pass_through_with_interrupts_remapped),
		cmocka_unit_test(test_units_that_are_not_taken_over),
		cmocka_unit_test(test_unit_that_never_answers),
		cmocka_unit_test(test_unit_that_is_slow),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_what_keeps_the_capture_kernel_away),
		cmocka_unit_test(test_crash_cpu_that_needs_remapping),
		cmocka_unit_test(test_interrupts_are_masked),
		cmocka_unit_test(test_busy_machine),
		cmocka_unit_test(test_verify_notices_a_root_that_did_not_move),
		cmocka_unit_test(test_damaged_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
