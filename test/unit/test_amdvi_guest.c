/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AMD-Vi where the dead kernel used guest ("v2") tables: for all DMA without a PASID,
 * for processes, or for guests.
 */
#include "amdvi.h"

#define GIOV       (1ull << 54)
#define GV         (1ull << 55)
#define RW         (3ull << 61)
#define SOUND      QT_RID(0, 0, 0x28)
#define CLASS_NONE 0x0b4000 /* a processor: nothing is lost with it */

static const struct qt_range one_page = {QT_MIB(513), QT_MIB(513) + 0x1000};

static struct model_domain *guest_domain(
	struct model *m, unsigned levels, uint16_t id, unsigned gcr3_levels)
{
	struct model_domain *domain = model_domain_new(m, 0, levels, id);

	domain->first_stage = true;
	domain->gcr3_levels = (uint8_t)gcr3_levels;
	return domain;
}

static struct model_domain *add_guest(
	struct model *m, qt_rid rid, uint32_t class_code, unsigned levels, uint16_t id)
{
	add_function(m, rid, class_code);
	return give(m, rid, guest_domain(m, levels, id, 1));
}

/* Every depth of the guest CR3 table, both kinds of tables; processes' are not touched. */
static void test_every_depth(void **state)
{
	static const uint32_t pasids[] = {1, 511, 512, 0x3ffff, 0x40000, 0xfffff};

	(void)state;
	for (unsigned bits = 0; bits < 6; bits++) {
		struct model *m = default_machine();
		unsigned gcr3_levels = 1 + bits / 2;
		struct model_domain *d = guest_domain(m, 4 + bits % 2, 1, gcr3_levels);
		struct model_domain *process = guest_domain(m, 4 + bits % 2, 2, gcr3_levels);
		struct scenario s;

		add_function(m, NVME, CLASS_NVME);
		model_map(m, d, 0xfff00000, QT_MIB(100), QT_MIB(1), QT_RW, 0);
		model_map(m, d, QT_GIB(2), QT_GIB(1), QT_GIB(1), QT_RW, 2);
		model_attach(m, d, NVME, 0);
		model_map(m, process, one_page.start, QT_MIB(101), 0x1000, QT_RW, 0);
		for (unsigned i = 0; i < 2 * gcr3_levels; i++)
			model_attach_pasid(m, process, NVME, pasids[i]);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		assert_int_equal(scenario_requester(&s, NVME)->domain_id, 1);
		/* An entry of the domain; IO-APIC, HPET and function may interrupt. */
		assert_int_equal(m->store_count, 1 + 3);
		finish(&s);
	}
}

/* Emptied tables are replaced and caches forget, one command for all or one each. */
static void test_used_windows(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		struct model_unit_config unit = model_amdvi_default(0xfed80000);
		struct model_domain *d;
		struct scenario s;
		struct model *m;

		unit.amdvi.entries = 256;
		unit.amdvi.no_invalidate_all = bits & 1;
		unit.amdvi.np_cache = bits & 2;
		unit.coherent = bits & 4;
		m = amdvi_machine(&unit);
		d = guest_domain(m, 4, 1, 2);
		d->no_preset = bits & 8;
		add_function(m, NVME, CLASS_NVME);
		model_map(m, d, QT_MIB(528), QT_MIB(200), 0x3000, QT_RW, 0);
		model_attach(m, d, NVME, 0);
		churn(m, d, NVME, QT_MIB(513), QT_MIB(2), 0);
		model_touch(m, NVME, QT_MIB(520));
		model_touch(m, NVME, QT_MIB(528));
		add_device(m, NIC, CLASS_NIC, 4, 2);
		churn(m, m->dead->domains[1], NIC, QT_MIB(512), QT_MIB(1), 0);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		finish(&s);
	}
}

/* Devices of one domain, each with a guest CR3 table and a domain ID of its own. */
static void test_shared_domain(void **state)
{
	struct model_unit_config unit = model_amdvi_default(0xfed80000);
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	unit.amdvi.entries = 256;
	unit.amdvi.no_invalidate_all = true;
	m = machine_with(&unit);
	d = add_guest(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, NIC, CLASS_NIC);
	d->id = 2;
	model_attach(m, d, NIC, 0);
	churn(m, d, NIC, QT_MIB(513), 0x8000, 0);
	run_sound(&s, m);
	assert_int_equal(s.machine.domain_count, 1);
	assert_int_equal(m->store_count, 1 + 2);
	finish(&s);
}

/* Between planning and committing, hardware marks an emptied table on the way as used. */
static void test_flags_set_meanwhile(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = guest_domain(m, 4, 1, 1);

	(void)state;
	d->no_preset = true;
	add_function(m, NVME, CLASS_NVME);
	model_attach(m, d, NVME, 0);
	expect_flags_may_change(m, d);
}

/* What a device's entry and its guest CR3 table can say. Each change starts from what is sound. */
static void change_entry(struct model *m, unsigned word, uint64_t clear, uint64_t set)
{
	poke_bits(m, model_context_entry(m, 0, NVME) + word * 8, clear, set);
}

static qt_phys cr3_place(struct model *m, unsigned level)
{
	return model_gcr3_entry(m, 0, NVME, 0, level);
}

static void without_giov(struct model *m)
{
	change_entry(m, 0, GIOV, 0);
}

static void without_write(struct model *m)
{
	change_entry(m, 0, 1ull << 62, 0);
}

static void without_permissions(struct model *m)
{
	change_entry(m, 0, RW, 0);
}

static void without_translation(struct model *m)
{
	change_entry(m, 0, 2, 0);
}

static void without_cr3(struct model *m)
{
	model_poke(m, cr3_place(m, 0), 0);
}

static void without_cr3_table(struct model *m)
{
	model_poke(m, cr3_place(m, 1), 0);
}

static void cr3_reserved_low(struct model *m)
{
	poke_bits(m, cr3_place(m, 0), 0, 1 << 4);
}

static void cr3_reserved_high(struct model *m)
{
	poke_bits(m, cr3_place(m, 1), 0, 1ull << 52);
}

static void cr3_outside(struct model *m)
{
	model_poke(m, cr3_place(m, 0), QT_GIB(3) | 1);
}

static void cr3_in_crash_region(struct model *m)
{
	model_poke(m, cr3_place(m, 0), QT_MIB(512) | 1);
}

static void cr3_table_outside(struct model *m)
{
	model_poke(m, cr3_place(m, 1), QT_GIB(3) | 1);
}

static void cr3_root_outside(struct model *m)
{
	change_entry(m, 1, 0xffffull << 16 | ~0ull << 43,
		(QT_GIB(3) >> 15 & 0xffff) << 16 | QT_GIB(3) >> 31 << 43);
}

/* The table of CR3s leads to itself, and so is taken for a page table: of supervisor entries. */
static void cr3_table_loops(struct model *m)
{
	model_poke(m, cr3_place(m, 1), (cr3_place(m, 1) & ~0xfffull) | 1);
}

static void too_deep(struct model *m)
{
	change_entry(m, 0, 0, 3ull << 56);
}

static void unknown_paging_mode(struct model *m)
{
	change_entry(m, 2, 0, 2ull << 54);
}

static void reserved_paging_mode(struct model *m)
{
	change_entry(m, 2, 0, 3ull << 54);
}

static void nested(struct model *m)
{
	struct model_domain *host = model_domain_new(m, 0, 3, 9);

	model_map(m, host, 0x10000, QT_MIB(300), 0x4000, QT_RW, 0);
	change_entry(m, 0, 0, host->root | 3 << 9);
}

/* The same without GIoV: DMA without a PASID goes through the host's tables alone. */
static void beside_host_tables(struct model *m)
{
	nested(m);
	without_giov(m);
}

static void nested_into_crash_region(struct model *m)
{
	struct model_domain *host = model_domain_new(m, 0, 3, 9);

	model_map(m, host, 0x10000, QT_MIB(514), 0x4000, QT_RW, 0);
	change_entry(m, 0, 0, host->root | 3 << 9);
}

static void off_in_the_unit(struct model *m)
{
	m->units[0].amdvi.control &= ~MODEL_AMDVI_GUEST;
}

static void no_guest_tables(struct model *m)
{
	m->units[0].amdvi.features &= ~(1ull << 4);
	m->units[0].config.amdvi.guest_levels = 0;
}

static void no_guest_io(struct model *m)
{
	m->units[0].amdvi.features &= ~(1ull << 48);
	m->units[0].config.amdvi.no_guest_io = true;
}

static void one_level_of_cr3s(struct model *m)
{
	m->units[0].amdvi.features &= ~(3ull << 14);
	m->units[0].config.amdvi.gcr3_levels = 1;
}

static void five_levels_in_a_unit_of_four(struct model *m)
{
	m->units[0].amdvi.features &= ~(3ull << 12);
	m->units[0].config.amdvi.guest_levels = 4;
	change_entry(m, 2, 0, 1ull << 54);
}

static const struct {
	const char *name;
	void (*change)(struct model *m);
	enum qt_decision decision;
	enum qt_reason reason;
	enum qt_reason refused; /* though nobody needs it; QT_WHY_NONE: it is left out */
} changes[] = {
	{"no GIoV", without_giov, QT_DIRECT, QT_WHY_PASSTHROUGH, 0},
	{"beside host tables", beside_host_tables, QT_ADOPT, QT_WHY_FREE, 0},
	{"TV clear", without_translation, QT_ADMIT, QT_WHY_BLOCKED, 0},
	{"nested", nested, QT_LEAVE, QT_WHY_NESTED, 0},
	{"nested, GUARD", nested_into_crash_region, QT_FENCE, QT_WHY_GUARD_BROKEN, 0},
	{"no write", without_write, QT_LEAVE, QT_WHY_NO_PERMISSION, 0},
	{"no permission", without_permissions, QT_LEAVE, QT_WHY_ENTRY_UNSUPPORTED, 0},
	{"no CR3", without_cr3, QT_LEAVE, QT_WHY_ENTRY_UNSUPPORTED, 0},
	{"no CR3 table", without_cr3_table, QT_LEAVE, QT_WHY_ENTRY_UNSUPPORTED, 0},
	{"CR3 reserved, low", cr3_reserved_low, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"CR3 reserved, high", cr3_reserved_high, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"CR3 outside", cr3_outside, QT_LEAVE, QT_WHY_TABLE_DAMAGED, QT_WHY_GUARD_UNKNOWN},
	{"CR3 in crash", cr3_in_crash_region, QT_LEAVE, QT_WHY_TABLE_DAMAGED, QT_WHY_GUARD_UNKNOWN},
	{"CR3s outside", cr3_table_outside, QT_LEAVE, QT_WHY_GUARD_UNKNOWN, QT_WHY_GUARD_UNKNOWN},
	{"root outside", cr3_root_outside, QT_LEAVE, QT_WHY_GUARD_UNKNOWN, QT_WHY_GUARD_UNKNOWN},
	{"CR3s loop", cr3_table_loops, QT_LEAVE, QT_WHY_IOVAS_TAKEN, 0},
	{"GLX 3", too_deep, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"paging mode 2", unknown_paging_mode, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"paging mode 3", reserved_paging_mode, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"GTEn clear", off_in_the_unit, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"no GTSup", no_guest_tables, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"no GIoSup", no_guest_io, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"GLXSup 0", one_level_of_cr3s, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
	{"GATS 0", five_levels_in_a_unit_of_four, QT_LEAVE, QT_WHY_ENTRY_DAMAGED, 0},
};

static void run_change(size_t i, bool needed)
{
	bool left = changes[i].decision == QT_LEAVE || changes[i].decision == QT_FENCE;
	enum qt_reason refused = changes[i].refused ? changes[i].refused
				 : needed && left   ? QT_WHY_FUNCTION_UNREACHED
						    : QT_WHY_NONE;
	struct model *m = default_machine();
	struct model_domain *d = guest_domain(m, 4, 1, 2);
	struct scenario s;

	print_message("%s%s\n", changes[i].name, needed ? ", needed" : "");
	model_add_function(m, NVME, 0x1022, 1, needed ? CLASS_NVME : CLASS_NONE);
	model_map(m, d, 0xfff00000, QT_MIB(100), 0x2000, QT_RW, 0);
	model_attach(m, d, NVME, 0);
	add_device(m, SOUND, CLASS_NIC, 3, 3);
	changes[i].change(m);
	scenario_run(&s, m);
	expect_decision(&s, NVME, changes[i].decision, changes[i].reason);
	if (refused)
		expect_stock(&s, refused);
	else
		expect_sound(&s);
	scenario_free(&s);
}

static void test_what_entries_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(changes); i++) {
		run_change(i, false);
		run_change(i, true);
	}
}

/* All but the table's address stays as it was where a domain beside guest tables grows. */
static void test_growth_beside_guest_tables(void **state)
{
	const uint64_t kept = GV | 1ull << 52 | 3ull << 7 | RW | 3;
	struct model *m = high_machine(6, QT_GIB(600));
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	model_attach_pasid(m, guest_domain(m, 4, 2, 1), NVME, 5);
	set_entry_word(m, NVME, 0, entry_word(m, NVME, 0) | kept);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_GROWN);
	assert_int_equal(entry_word(m, NVME, 0) & 0xfff0000000000fff & ~(7ull << 9),
		(kept | (model_gcr3_entry(m, 0, NVME, 0, 0) >> 12 & 7) << 58));
	finish(&s);
}

/* Half of what 4 levels span is 128 TiB, and guest tables cannot be led to a fifth. */
static void test_span(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct model *m = high_machine(6, 1ull << 47);
		struct scenario s;

		add_guest(m, NVME, CLASS_NVME, levels, 1);
		scenario_run(&s, m);
		if (levels == 4) {
			expect_decision(&s, NVME, QT_LEAVE, QT_WHY_TOO_NARROW);
			expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
		} else {
			expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
			expect_sound(&s);
		}
		scenario_free(&s);
	}
}

/* IOVAs of the crash region in use, or led into. */
static void test_what_is_in_the_way(void **state)
{
	static const struct {
		qt_iova iova;
		qt_phys phys;
		enum qt_decision decision;
		enum qt_reason reason;
	} cases[] = {
		{QT_MIB(513), QT_MIB(200), QT_LEAVE, QT_WHY_IOVAS_TAKEN},
		{QT_MIB(300), QT_MIB(513), QT_FENCE, QT_WHY_GUARD_BROKEN},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();
		struct model_domain *d = add_guest(m, NVME, CLASS_NVME, 4, 1);
		struct scenario s;

		model_map(m, d, cases[i].iova, cases[i].phys, 0x1000, QT_RW, 0);
		scenario_run(&s, m);
		expect_decision(&s, NVME, cases[i].decision, cases[i].reason);
		finish_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	}
}

static struct model *busy_machine(const void *context)
{
	struct model *m = default_machine();
	struct model_domain *d = guest_domain(m, 4, 1, 3);

	(void)context;
	add_function(m, NVME, CLASS_NVME);
	model_map(m, d, QT_MIB(528), QT_MIB(200), 0x3000, QT_RW, 0);
	model_map(m, d, QT_MIB(511), QT_MIB(201), 0x3000, QT_RW, 0);
	model_attach(m, d, NVME, 0);
	churn(m, d, NVME, QT_MIB(513), 0x10000, 0);
	add_device(m, NIC, CLASS_NIC, 3, 2);
	add_function(m, USB, CLASS_USB);
	return m;
}

static void test_failures(void **state)
{
	(void)state;
	expect_stores_may_fail(busy_machine, NULL);
	expect_reads_may_fail(busy_machine, NULL, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_depth),
		cmocka_unit_test(test_used_windows),
		cmocka_unit_test(test_shared_domain),
		cmocka_unit_test(test_flags_set_meanwhile),
		cmocka_unit_test(test_what_entries_say),
		cmocka_unit_test(test_growth_beside_guest_tables),
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_what_is_in_the_way),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
