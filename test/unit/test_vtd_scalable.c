/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VT-d in scalable mode: takeovers with first-stage and second-stage domains,
 * admission by PASID entries, and what must be left alone. What holds for every kind
 * of unit is in test_takeover.c.
 */
#include "takeover.h"

#define UPPER QT_RID(0, 0, 0x80) /* device 16: the upper half of its bus */

static struct model_unit_config second_stage_unit(void)
{
	return model_unit_scalable(0xfed90000);
}

static struct model_unit_config first_stage_unit(void)
{
	struct model_unit_config unit = model_unit_scalable(0xfed90000);

	unit.first_stage = unit.first_1g = true;
	unit.second_stage = false;
	return unit;
}

/* Both kinds of domain, where a test is about neither. */
static struct model_unit_config unit_of(bool first_stage)
{
	return first_stage ? first_stage_unit() : second_stage_unit();
}

static struct model *either_machine(bool first_stage)
{
	struct model_unit_config unit = unit_of(first_stage);

	return machine_with(&unit);
}

static struct model *second_stage_machine(void)
{
	return either_machine(false);
}

static struct model *first_stage_machine(void)
{
	return either_machine(true);
}

/* A bus whose root entry has its upper half only: devices 16 to 31, not 0 to 15. */
static void test_bus_with_its_upper_half_only(void **state)
{
	(void)state;
	for (int first_stage = 0; first_stage < 2; first_stage++) {
		struct model *m = either_machine(first_stage);
		struct scenario s;

		add_device(m, UPPER, CLASS_NVME, 4, 1);
		add_function(m, NIC, CLASS_NIC); /* in the lower half, which is not there */
		assert_false(model_peek(m, model_root_entry(m, 0, 0)) & 1);
		run_sound(&s, m);
		expect_decision(&s, UPPER, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
		finish(&s);
	}
}

static void test_bus_with_its_lower_half_only(void **state)
{
	struct model *m = second_stage_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, UPPER, CLASS_NIC);
	run_sound(&s, m);
	expect_decision(&s, UPPER, QT_ADMIT, QT_WHY_NO_ENTRY);
	finish(&s);
}

/* Both halves, with the same place in each: they must not be taken for one another. */
static void test_both_halves(void **state)
{
	struct model *m = second_stage_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_device(m, NVME + 0x80, CLASS_NIC, 3, 2);
	run_sound(&s, m);
	assert_int_equal(scenario_requester(&s, NVME)->domain_id, 1);
	assert_int_equal(scenario_requester(&s, NVME + 0x80)->domain_id, 2);
	finish(&s);
}

/* Domains of every shape, and admission beside each. */
static void test_every_level_count(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 8; levels++) {
		bool first_stage = levels > 5; /* 6: too few levels for one; 7, 8: 4 and 5 */
		struct model_unit_config unit = unit_of(first_stage);
		struct scenario s;
		struct model *m;

		if (levels == 6)
			continue;
		unit.levels = 1 << 3 | 1 << 4 | 1 << 5;
		unit.guest_bits = 57;
		unit.first_5 = true;
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, first_stage ? levels - 3 : levels, 1);
		add_function(m, NIC, CLASS_NIC);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
		finish(&s);
	}
}

static void test_rid_pasid_other_than_zero(void **state)
{
	static const uint32_t pasids[] = {1, 63, 64, 8191, 8192, 32767};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(pasids); i++) {
		struct model_unit_config unit = second_stage_unit();
		struct model_domain *other;
		struct scenario s;
		struct model *m;

		unit.rid_pasid = pasids[i];
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, 4, 1);
		/* PASID 0 is somebody else's then, and its IOVAs are not our business. */
		other = model_domain_new(m, 0, 4, 9);
		model_map(m, other, QT_MIB(514), QT_MIB(300), 0x4000, QT_RW, 0);
		model_attach_pasid(m, other, NVME, 0);
		add_device(m, NIC, CLASS_NIC, 4, 2);
		model_detach(m, 0, NIC);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_BLOCKED);
		finish(&s);
	}
}

/* Processes' address spaces behind other PASIDs: neither written nor read, whatever is in them. */
static void test_other_pasids_are_left_alone(void **state)
{
	(void)state;
	for (int first_stage = 0; first_stage < 2; first_stage++) {
		struct model *m = either_machine(first_stage);
		struct model_domain *process;
		struct scenario s;
		qt_phys entry, root;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		process = model_domain_new(m, 0, 4, 77);
		model_map(m, process, QT_MIB(512), QT_MIB(300), QT_MIB(16), QT_RW, 0);
		model_map(m, process, QT_GIB(1), QT_MIB(513), 0x2000, QT_RW, 0);
		for (uint32_t pasid = 5; pasid < 200; pasid += 64)
			model_attach_pasid(m, process, NVME, pasid);
		add_function(m, NIC, CLASS_NIC); /* admitted, under an ID that is not 77 */
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		entry = model_pasid_entry(m, 0, NVME, 5);
		root = process->root;
		for (size_t i = 0; i < m->store_count; i++) {
			assert_false(m->stores[i].at >= entry && m->stores[i].at < entry + 64);
			assert_false(m->stores[i].at >= root && m->stores[i].at < root + 4096);
		}
		finish(&s);
	}
}

/* IDs that only other PASIDs' entries have are in use as well. */
static void test_domain_ids_of_other_pasids(void **state)
{
	struct model_unit_config unit = second_stage_unit();
	struct scenario s;
	struct model *m;

	(void)state;
	unit.domain_id_bits = 4;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	for (uint16_t id = 2; id < 16; id++)
		if (id != 6)
			model_attach_pasid(m, model_domain_new(m, 0, 4, id), NVME, 100u + id * 37u);
	add_function(m, NIC, CLASS_NIC);
	run_sound(&s, m);
	assert_int_equal(scenario_requester(&s, NIC)->domain_id, 6);
	finish(&s);
}

/*
 * A guest's own first-stage table on top of a hypervisor's: left alone, but where the
 * hypervisor's leads is known.
 */
static void test_nested_is_left_alone(void **state)
{
	static const struct {
		uint32_t class_code;
		bool into_crash_region;
		enum qt_reason refused;
	} cases[] = {
		{CLASS_DISPLAY, false, QT_WHY_NONE},
		{CLASS_NVME, false, QT_WHY_FUNCTION_UNREACHED},
		{CLASS_DISPLAY, true, QT_WHY_NONE},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model_unit_config unit = second_stage_unit();
		struct model_domain *d;
		struct scenario s;
		struct model *m;

		unit.first_stage = true;
		unit.more_extended_capability = 1ull << 26;
		m = machine_with(&unit);
		d = add_device(m, NVME, cases[i].class_code, 4, 1);
		if (cases[i].into_crash_region)
			model_map(m, d, 0x10000, crash_512m[0].start, 0x1000, QT_RW, 0);
		add_device(m, NIC, CLASS_NIC, 4, 2);
		poke_bits(m, model_pasid_entry(m, 0, NVME, 0), 7 << 6, 3 << 6);
		scenario_run(&s, m);
		/* But for what leads into the crash region. */
		if (cases[i].into_crash_region)
			expect_decision(&s, NVME, QT_FENCE, QT_WHY_GUARD_BROKEN);
		else
			expect_decision(&s, NVME, QT_LEAVE, QT_WHY_NESTED);
		if (cases[i].refused) {
			finish_stock(&s, cases[i].refused);
		} else {
			expect_sound(&s);
			assert_int_equal(m->store_count, cases[i].into_crash_region ? 2 : 1);
			finish(&s);
		}
	}
}

/* Requests that count as a supervisor's follow other rules: not taken over. */
static void test_rid_priv_is_left_alone(void **state)
{
	struct model_unit_config unit = second_stage_unit();
	struct model *m;

	(void)state;
	unit.more_extended_capability = 1ull << 53;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	poke_bits(m, model_context_entry(m, 0, NVME) + 8, 0, 1 << 20);
	expect_refusal(m, QT_LEAVE, QT_WHY_ENTRY_UNSUPPORTED);
}

/* Everything that a unit can be with respect to memory and what it snoops. */
static void test_coherence(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		struct model_unit_config unit = unit_of(bits & 1);
		struct model_domain *d;
		struct model *m;

		unit.coherent = bits & 2;
		unit.walk_snoop = bits & 4;
		unit.flags = bits & 8 && !(bits & 1);
		unit.large_1g = unit.first_1g = bits & 16;
		m = machine_with(&unit);
		d = model_domain_new(m, 0, 4, 1);
		d->flags = unit.flags;
		add_function(m, NVME, CLASS_NVME);
		model_attach(m, d, NVME, 0);
		use_window(m, d, NVME);
		add_function(m, NIC, CLASS_NIC);
		expect_takeover(m);
	}
}

/* Where the unit could snoop but this entry says no. */
static void test_entry_that_does_not_snoop(void **state)
{
	(void)state;
	for (int first_stage = 0; first_stage < 2; first_stage++) {
		struct model_unit_config unit = unit_of(first_stage);
		struct model *m;

		unit.walk_snoop = false; /* keeps memory apart from the CPU's caches */
		m = machine_with(&unit);
		m->units[0].extended_capability |= 1ull << 48;
		add_device(m, NVME, CLASS_NVME, 4, 1);
		add_device(m, NIC, CLASS_NIC, 4, 2);
		poke_bits(m, model_pasid_entry(m, 0, NIC, 0) + 8, 0, 1 << 23);
		add_function(m, USB, CLASS_USB);
		expect_takeover(m);
	}
}

/* Hardware sets accessed flags whenever it likes: between the plan and the store too. */
static void test_accessed_flags_set_meanwhile(void **state)
{
	for (int first_stage = 0; first_stage < 2; first_stage++) {
		struct model_unit_config unit = unit_of(first_stage);
		struct model_domain *d;
		struct model *m;

		(void)state;
		unit.flags = !first_stage;
		m = machine_with(&unit);
		d = model_domain_new(m, 0, 4, 1);
		d->flags = unit.flags;
		d->no_preset = true;
		add_function(m, NVME, CLASS_NVME);
		model_attach(m, d, NVME, 0);
		expect_flags_may_change(m, d);
	}
}

/* …but any other change is somebody else's. */
static void test_other_bits_changed_meanwhile(void **state)
{
	static const uint64_t changes[] = {1ull << 52, 0x1, 0x1000, 0x20 | 0x8};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(changes); i++) {
		struct model *m = first_stage_machine();
		struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
		struct qt_journal_cursor cursor;
		struct qt_store store;
		struct scenario s;

		churn(m, d, NVME, QT_MIB(512), QT_MIB(1), 0);
		scenario_plan(&s, m);
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		qt_journal_seek(&s.journal, 0, &cursor);
		assert_true(qt_journal_next(&s.journal, &cursor, &store));
		model_poke(m, store.at, store.before ^ changes[i]);
		assert_int_equal(qt_takeover_commit(&s.takeover), QT_E_BAD);
		assert_int_equal(m->store_count, 0);
		scenario_free(&s);
	}
}

/* A CPU's own pages in a first-stage table: no way through for devices, and not ours to replace. */
static void test_supervisor_pages(void **state)
{
	/* Which entry loses U/S: that of the page, of its table, of the table above. */
	for (unsigned level = 0; level < 4; level++) {
		struct model *m = first_stage_machine();
		struct model_domain *d;
		struct scenario s;
		uint64_t before;
		qt_phys at;

		(void)state;
		add_device(m, NIC, CLASS_NIC, 4, 2);
		d = model_domain_new(m, 0, 4, 1);
		add_function(m, NVME, CLASS_DISPLAY);
		model_attach(m, d, NVME, 0);
		model_map(m, d, QT_MIB(514), QT_MIB(300), 0x1000, QT_RW, 0);
		at = model_table_entry(m, d, QT_MIB(514), level);
		poke_bits(m, at, MODEL_FS_USER, 0);
		before = model_peek(m, at);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
		assert_int_equal(model_peek(m, at), before);
		finish(&s);
	}
}

/* Not even where it leads to the same place: devices do not get there through it. */
static void test_supervisor_page_that_is_one_to_one(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);

	(void)state;
	model_map(m, d, QT_MIB(512), QT_MIB(512), QT_MIB(16), QT_RW, 1);
	poke_bits(m, model_table_entry(m, d, QT_MIB(520), 1), MODEL_FS_USER, 0);
	expect_refusal(m, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
}

/* One that leads into the crash region from elsewhere is no way for a device's leftover DMA. */
static void test_supervisor_page_is_no_breach(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_GIB(1), QT_MIB(514), 0x1000, QT_RW, 0);
	poke_bits(m, model_table_entry(m, d, QT_GIB(1), 0), MODEL_FS_USER, 0);
	scenario_plan(&s, m);
	assert_int_equal(s.machine.domains[scenario_requester(&s, NVME)->domain].mapped, QT_MIB(1));
	scenario_take_over(&s);
	expect_sound(&s);
	finish(&s);
}

static int no_store(void *context, const struct qt_store *store)
{
	(void)context;
	(void)store;
	return QT_OK;
}

/* A supervisor's table with nothing below it is no empty one, whoever installs. */
static void test_supervisor_table_is_not_replaced(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;
	qt_iova iova = 0;

	(void)state;
	churn(m, d, NVME, QT_MIB(512), 0x1000, 0);
	poke_bits(m, model_table_entry(m, d, QT_MIB(512), 2), MODEL_FS_USER, 0);
	scenario_plan(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	assert_int_equal(
		qt_domain_install(&s.machine, &s.machine.domains[0].table, no_store, NULL, &iova),
		QT_E_BUSY);
	scenario_free(&s);
}

/* A supervisor's page beside the crash region: its table stays, and the rest is filled in. */
static void test_supervisor_neighbour_is_kept(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = model_domain_new(m, 0, 4, 1);
	struct scenario s;
	uint64_t before;
	qt_phys at;

	(void)state;
	add_function(m, NVME, CLASS_NVME);
	model_attach(m, d, NVME, 0);
	model_map(m, d, QT_MIB(600), QT_MIB(300), 0x1000, QT_RW, 0);
	at = model_table_entry(m, d, QT_MIB(600), 0);
	poke_bits(m, at, MODEL_FS_USER, 0);
	before = model_peek(m, at);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 8);
	assert_int_equal(model_peek(m, model_table_entry(m, d, QT_MIB(600), 0)), before);
	finish(&s);
}

/* The way down must let devices read and write. */
static void test_way_down_without_permission(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);

	(void)state;
	model_map(m, d, QT_MIB(600), QT_MIB(300), 0x1000, QT_RW, 0);
	poke_bits(m, model_table_entry(m, d, QT_MIB(600), 2), MODEL_FS_WRITE, 0);
	expect_refusal(m, QT_LEAVE, QT_WHY_NO_PERMISSION);
}

/* Execute-disable and everything hardware ignores is no hindrance. */
static void test_ignored_bits(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = model_domain_new(m, 0, 4, 1);
	struct scenario s;
	qt_phys at;

	(void)state;
	d->no_execute = true;
	add_function(m, NVME, CLASS_NVME);
	model_attach(m, d, NVME, 0);
	model_map(m, d, QT_MIB(600), QT_MIB(200), 0x3000, QT_RW, 0);
	model_map(m, d, QT_MIB(604), QT_MIB(204), QT_MIB(2), QT_RW, 1);
	model_map(m, d, QT_GIB(2), QT_GIB(1), QT_GIB(1), QT_RW, 2);
	/* PWT, PCD, G, PAT, protection key. */
	at = model_table_entry(m, d, QT_MIB(600), 0);
	poke_bits(m, at, 0, 0x18 | 0x80 | 0x100 | 0x3ull << 59);
	poke_bits(m, model_table_entry(m, d, QT_MIB(604), 1), 0, 0x18 | 0x1000 | 0x100);
	poke_bits(m, model_table_entry(m, d, QT_GIB(2), 2), 0, 0x1000);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	finish(&s);
}

/* Sign-extended addresses: the upper half of a first-stage table counts for GUARD. */
static void test_guard_in_the_upper_half(void **state)
{
	struct model *m = first_stage_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);

	(void)state;
	model_map(m, d, 0xffff800000000000ull, QT_MIB(513), 0x1000, QT_RW, 0);
	expect_refusal(m, QT_FENCE, QT_WHY_GUARD_BROKEN);
}

/* …and a crash region there is out of reach: 4 levels reach 128 TiB one to one. */
static void test_crash_region_beyond_the_lower_half(void **state)
{
	(void)state;
	for (unsigned levels = 4; levels <= 5; levels++) {
		struct model_unit_config unit = first_stage_unit();
		struct model *m;

		unit.first_5 = true;
		m = machine_high(&unit, 1ull << 47);
		add_device(m, NVME, CLASS_NVME, levels, 1);
		add_function(m, NIC, CLASS_NIC); /* admitted with 5 levels */
		if (levels == 5)
			expect_takeover(m);
		else
			expect_refusal(m, QT_LEAVE, QT_WHY_TOO_NARROW);
	}
}

/* Admission where nothing is there, or only part of the way. */
static void test_admission(void **state)
{
	(void)state;
	for (int first_stage = 0; first_stage < 2; first_stage++) {
		struct model *m = either_machine(first_stage);
		struct scenario s;
		qt_phys slot;

		add_device(m, NVME, CLASS_NVME, 4, 65535);
		add_function(m, NIC, CLASS_NIC); /* bus there, no context entry */
		/* Context entry there, PASID entry not. */
		add_device(m, USB, CLASS_USB, 4, 2);
		model_detach(m, 0, USB);
		/* Directory entry not there either. */
		add_device(m, QT_RID(0, 0, 0x20), CLASS_USB, 4, 3);
		slot = model_peek(m, model_context_entry(m, 0, QT_RID(0, 0, 0x20))) & ~0xfffull;
		model_poke(m, slot, 0);
		/* Bus, both halves of it, not there. */
		add_bridge(m, PORT, 7, QT_PCIE_ROOT_PORT);
		for (unsigned devfn = 0; devfn < 2; devfn++) {
			add_function(m, QT_RID(0, 7, devfn), CLASS_NVME);
			model_add_pcie(model_function(m, QT_RID(0, 7, devfn)), QT_PCIE_ENDPOINT);
		}
		run_sound(&s, m);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
		expect_decision(&s, USB, QT_ADMIT, QT_WHY_BLOCKED);
		expect_decision(&s, QT_RID(0, 0, 0x20), QT_ADMIT, QT_WHY_BLOCKED);
		expect_decision(&s, QT_RID(0, 7, 1), QT_ADMIT, QT_WHY_NO_ENTRY);
		/* AW: 4 levels and 3, as in entries that Linux makes. */
		assert_int_equal(model_peek(m, model_pasid_entry(m, 0, NIC, 0)) >> 2 & 7,
			first_stage ? 2 : 1);
		finish(&s);
	}
}

/* An entry of so many words that is absent, all else of it set. */
static void leave_remains(struct model *m, qt_phys at, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		model_poke(m, at + 8 * i, i ? UINT64_MAX : UINT64_MAX & ~1ull);
}

/* What is left in absent entries must not shine through, at any of the four levels. */
static void test_admission_over_remains(void **state)
{
	struct model *m = second_stage_machine();

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_device(m, NIC, CLASS_NIC, 4, 2);
	leave_remains(m, model_pasid_entry(m, 0, NIC, 0), 8);
	add_device(m, USB, CLASS_USB, 4, 3);
	leave_remains(m, model_context_entry(m, 0, USB), 4);
	add_function(m, UPPER, CLASS_NIC);
	model_poke(m, model_root_entry(m, 0, 0) + 8, UINT64_MAX & ~1ull);
	expect_takeover(m);
}

/* Hundreds of requesters come in through one PASID directory. */
static void test_admission_of_many(void **state)
{
	struct model *m = second_stage_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	for (unsigned devfn = 0x10; devfn < 0x100; devfn++)
		add_function(m, QT_RID(0, 0, devfn), CLASS_NIC);
	scenario_plan(&s, m);
	m->on_change = NULL;
	scenario_take_over(&s);
	expect_sound(&s);
	assert_true(s.plan.counts[QT_ADMIT] == 0xf0);
	assert_true(m->arena.size - m->arena.used > QT_MIB(1) / 4);
	finish(&s);
}

/* With caching mode, 0 is the domain of what is not present: an entry with it is refused. */
static void test_domain_id_0(void **state)
{
	struct model_unit_config unit = second_stage_unit();
	struct model *m;

	(void)state;
	unit.caching_mode = true;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 0);
	expect_refusal(m, QT_LEAVE, QT_WHY_ENTRY_DAMAGED);
}

/* The dead kernel's queue is put back as it was, descriptor width included. */
static void test_queue_is_left_as_found(void **state)
{
	struct model *m = second_stage_machine();
	uint64_t address = m->units[0].queue_address;
	struct scenario s;

	(void)state;
	assert_true(address & 0x800);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	run_sound(&s, m);
	assert_int_equal(m->units[0].queue_address, address);
	assert_int_equal(m->units[0].queue_head, m->units[0].queue_tail);
	finish(&s);
}

/* Scalable mode has no register-based invalidation: our queue even where none was on. */
static void test_queue_that_was_off(void **state)
{
	struct model *m = second_stage_machine();
	struct scenario s;

	(void)state;
	m->units[0].status &= ~MODEL_GCMD_QIE;
	m->units[0].queue_head = m->units[0].queue_tail = 0;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	run_sound(&s, m);
	assert_false(m->units[0].status & MODEL_GCMD_QIE);
	finish(&s);
}

/* A unit that could be in scalable mode and is not. */
static void test_legacy_mode_in_a_scalable_unit(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.more_extended_capability = 1ull << 43 | 1ull << 46 | 1ull << 48;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, NIC, CLASS_NIC);
	run_sound(&s, m);
	assert_int_equal(m->units[0].pasid_invalidations, 0);
	finish(&s);
}

/* Modes that no unit of today is in, or this one cannot be in. */
static void test_other_modes(void **state)
{
	static const struct {
		uint64_t bits, clear;
		enum qt_reason reason;
	} modes[] = {
		{0x800, 0xc00, QT_WHY_UNIT_UNSUPPORTED}, /* extended */
		{0xc00, 0xc00, QT_WHY_ABORT_MODE}, {0x80, 0, QT_WHY_UNIT_UNSUPPORTED}, /* SSIRWE */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(modes) + 1; i++) {
		struct model *m = second_stage_machine();
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		if (i < QT_ARRAY_SIZE(modes)) {
			m->units[0].root_register &= ~modes[i].clear;
			m->units[0].root_register |= modes[i].bits;
		} else {
			m->units[0].extended_capability &= ~(1ull << 43);
		}
		scenario_plan(&s, m);
		assert_int_equal(s.machine.units[0].state, QT_UNIT_UNSUPPORTED);
		assert_int_equal(s.machine.units[0].reason,
			i < QT_ARRAY_SIZE(modes) ? modes[i].reason : QT_WHY_UNIT_UNSUPPORTED);
		assert_false(s.plan.commit);
		scenario_free(&s);
	}
}

/* Entries that hardware refuses: they are neither translations nor a place to put one. */
static void test_damaged_entries(void **state)
{
	enum place { ROOT, CONTEXT, DIRECTORY, PASID };
	static const struct {
		enum place place;
		unsigned word;
		uint64_t clear, set;
	} damages[] = {
		{ROOT, 0, 0, 0x2},
		{ROOT, 0, 0, 1ull << 45},
		{CONTEXT, 0, 0, 0x80},
		{CONTEXT, 0, 0, 0x20},       /* HPTE without host permission tables */
		{CONTEXT, 0, 0, 0x10},       /* PRE without page requests */
		{CONTEXT, 0, 0, 1ull << 45}, /* above the address width */
		{CONTEXT, 1, 0, 1ull << 21}, /* reserved */
		{CONTEXT, 1, 0, 1},          /* RID_PASID without support */
		{CONTEXT, 1, 0, 1ull << 20}, /* RID_PRIV without support */
		{CONTEXT, 2, 0, 1},
		{CONTEXT, 3, 0, 1ull << 63},
		{DIRECTORY, 0, 0, 0x4},
		{DIRECTORY, 0, 0, 1ull << 45},
		{DIRECTORY, 0, 0xfffffffff000, QT_GIB(3)}, /* not RAM */
		{PASID, 0, 0, 0x20},
		{PASID, 0, 0, 0x400},
		{PASID, 0, 0, 0x200},     /* SSADE without support */
		{PASID, 0, 0x1c0, 0},     /* PGTT 0 */
		{PASID, 0, 0x1c0, 0x40},  /* first-stage without support */
		{PASID, 0, 0x1c0, 0xc0},  /* nested without support */
		{PASID, 0, 0x1c0, 0x140}, /* PGTT 5 */
		{PASID, 0, 0x1c, 0},      /* AW 0 */
		{PASID, 0, 0x1c, 0xc},    /* AW 3: 5 levels, which the unit has not */
		{PASID, 0, 0, 1ull << 45},
		{PASID, 1, 0, 1 << 16},
		{PASID, 1, 0, 1ull << 31},
		{PASID, 1, 0, 1ull << 40}, /* PAT without memory types */
		{PASID, 2, 0, 0x1},        /* SRE without support */
		{PASID, 2, 0, 0x2},
		{PASID, 2, 0, 0x80},   /* EAFE without support */
		{PASID, 2, 0, 0x1000}, /* first-stage pointer without support */
		{PASID, 3, 0, 1},
		{PASID, 4, 0, 1}, /* host permission table without support */
		{PASID, 7, 0, 1ull << 63},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(damages); i++) {
		struct model *m = second_stage_machine();
		struct model_translation t;
		struct scenario s;
		qt_phys at;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		at = damages[i].place == ROOT      ? model_root_entry(m, 0, 0)
		     : damages[i].place == CONTEXT ? model_context_entry(m, 0, NVME)
		     : damages[i].place == DIRECTORY
			     ? model_peek(m, model_context_entry(m, 0, NVME)) & ~0xfffull
			     : model_pasid_entry(m, 0, NVME, 0);
		poke_bits(m, at + 8 * damages[i].word, damages[i].clear, damages[i].set);
		/* Else the model disagrees with this list. */
		if (!model_translate(m, NVME, 0xffd00000, MODEL_WALK, &t))
			fail_msg("damage %zu: translates", i);
		scenario_run(&s, m);
		if (scenario_requester(&s, NVME)->decision != QT_LEAVE)
			fail_msg("damage %zu: %s", i,
				qt_decision_name(scenario_requester(&s, NVME)->decision));
		finish_stock(&s, damages[i].place == DIRECTORY && damages[i].clear
					 ? QT_WHY_GUARD_UNKNOWN
					 : QT_WHY_FUNCTION_UNREACHED);
	}
}

/* PASID tables that hardware refuses do not hide the other requesters. */
static void test_damaged_pasid_directory_of_what_nobody_needs(void **state)
{
	struct model *m = second_stage_machine();
	struct scenario s;

	(void)state;
	add_device(m, USB, CLASS_DISPLAY, 4, 1);
	poke_bits(m, model_context_entry(m, 0, USB), 0, 1ull << 45);
	add_device(m, NVME, CLASS_NVME, 4, 2);
	add_function(m, NIC, CLASS_NIC);
	run_sound(&s, m);
	expect_decision(&s, USB, QT_LEAVE, QT_WHY_ENTRY_DAMAGED);
	finish(&s);
}

/* …but where one only cannot be read, hardware may, and find a way into the crash region. */
static void test_unreadable_pasid_directory(void **state)
{
	struct model *m = second_stage_machine();
	struct scenario s;

	(void)state;
	add_device(m, USB, CLASS_DISPLAY, 4, 1);
	model_poke(m, model_context_entry(m, 0, USB), QT_GIB(3) | 1);
	add_device(m, NVME, CLASS_NVME, 4, 2);
	scenario_run(&s, m);
	expect_decision(&s, USB, QT_LEAVE, QT_WHY_GUARD_UNKNOWN);
	finish_stock(&s, QT_WHY_GUARD_UNKNOWN);
}

/* A RID_PASID that its directory does not reach: hardware refuses that too. */
static void test_rid_pasid_beyond_its_directory(void **state)
{
	struct model_unit_config unit = second_stage_unit();
	struct model *m;

	(void)state;
	unit.rid_pasid = 8192;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	poke_bits(m, model_context_entry(m, 0, NVME), 7 << 9, 0); /* 128 entries, not 512 */
	expect_refusal(m, QT_LEAVE, QT_WHY_ENTRY_DAMAGED);
}

/* A table under two entries, one of which has hardware keep flags that it cannot set. */
static void test_table_shared_with_and_without_flags(void **state)
{
	struct model_unit_config unit = second_stage_unit();
	struct model_domain *d;
	struct model *m;

	(void)state;
	unit.flags = true;
	unit.walk_snoop = false;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 2); /* makes the capture subtree without flags first */
	d = add_device(m, USB, CLASS_USB, 4, 1);
	d->flags = true;
	model_unmap(m, d, 0xffd00000, QT_MIB(1));
	model_attach(m, d, NIC, 0);
	add_function(m, NIC, CLASS_NIC);
	expect_takeover(m);
}

/* While its entry is being written, an admitted requester is refused or gets there, no third. */
static void check_no_halves(struct model *m, void *context)
{
	const qt_rid *rids = context;

	for (; *rids; rids++) {
		struct model_translation t;
		int fault = model_translate(m, *rids, QT_MIB(512), MODEL_WALK, &t);

		if (fault ? fault != MODEL_FAULT_ROOT_ABSENT && fault != MODEL_FAULT_CONTEXT_ABSENT
			  : t.phys != QT_MIB(512) || t.perms != QT_RW)
			model_complain(m, "%x sees half an entry: fault %d after %zu stores", *rids,
				fault, m->store_count);
	}
}

static void test_admission_shows_no_halves(void **state)
{
	static const qt_rid rids[] = {NIC, USB, UPPER, 0};

	(void)state;
	for (int first_stage = 0; first_stage < 2; first_stage++) {
		struct model *m = either_machine(first_stage);
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		add_device(m, USB, CLASS_USB, 4, 3);
		leave_remains(m, model_pasid_entry(m, 0, USB, 0), 8);
		add_device(m, NIC, CLASS_NIC, 4, 4);
		leave_remains(m, model_context_entry(m, 0, NIC), 4);
		add_function(m, UPPER, CLASS_NIC);
		scenario_plan(&s, m);
		m->on_change = check_no_halves;
		m->on_change_context = (void *)(uintptr_t)rids;
		scenario_take_over(&s);
		expect_sound(&s);
		finish(&s);
	}
}

/* Protected memory that covers the crash region: no DMA gets there, whatever the tables say. */
static void test_protected_memory(void **state)
{
	static const struct {
		uint64_t low[2], high[2];
		bool enabled, in_the_way;
	} regions[] = {
		{{QT_MIB(512), QT_MIB(513)}, {1, 0}, true, true},
		{{QT_MIB(512), QT_MIB(513)}, {1, 0}, false, false},
		{{0, QT_MIB(510)}, {1, 0}, true, false}, /* to 512 MiB - 1 */
		{{0, QT_MIB(512)}, {1, 0}, true, true},
		{{QT_MIB(528), QT_GIB(1)}, {1, 0}, true, false},
		{{QT_GIB(1), 0}, {QT_MIB(520), QT_MIB(520)}, true, true},
		{{QT_GIB(1), 0}, {QT_GIB(4), UINT64_MAX}, true, false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * QT_ARRAY_SIZE(regions); i++) {
		struct model *m = second_stage_machine();
		struct model_unit *unit = &m->units[0];
		size_t r = i / 2;
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		if (i & 1)
			unit->status &= ~MODEL_GCMD_TE; /* untranslated DMA is refused as well */
		unit->protected_enable = regions[r].enabled;
		memcpy(unit->protected_base, (uint64_t[]){regions[r].low[0], regions[r].high[0]},
			16);
		memcpy(unit->protected_limit, (uint64_t[]){regions[r].low[1], regions[r].high[1]},
			16);
		scenario_plan(&s, m);
		if ((s.machine.units[0].reason == QT_WHY_PROTECTED_MEMORY) != regions[r].in_the_way)
			fail_msg("region %zu: %s", r, qt_reason_text(s.machine.units[0].reason));
		assert_int_equal(s.plan.commit, !regions[r].in_the_way);
		scenario_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bus_with_its_upper_half_only),
		cmocka_unit_test(test_bus_with_its_lower_half_only),
		cmocka_unit_test(test_both_halves),
		cmocka_unit_test(test_every_level_count),
		cmocka_unit_test(test_rid_pasid_other_than_zero),
		cmocka_unit_test(test_other_pasids_are_left_alone),
		cmocka_unit_test(test_domain_ids_of_other_pasids),
		cmocka_unit_test(test_nested_is_left_alone),
		cmocka_unit_test(test_rid_priv_is_left_alone),
		cmocka_unit_test(test_coherence),
		cmocka_unit_test(test_entry_that_does_not_snoop),
		cmocka_unit_test(test_accessed_flags_set_meanwhile),
		cmocka_unit_test(test_other_bits_changed_meanwhile),
		cmocka_unit_test(test_supervisor_pages),
		cmocka_unit_test(test_supervisor_page_that_is_one_to_one),
		cmocka_unit_test(test_supervisor_page_is_no_breach),
		cmocka_unit_test(test_supervisor_table_is_not_replaced),
		cmocka_unit_test(test_supervisor_neighbour_is_kept),
		cmocka_unit_test(test_way_down_without_permission),
		cmocka_unit_test(test_ignored_bits),
		cmocka_unit_test(test_guard_in_the_upper_half),
		cmocka_unit_test(test_crash_region_beyond_the_lower_half),
		cmocka_unit_test(test_admission),
		cmocka_unit_test(test_admission_over_remains),
		cmocka_unit_test(test_admission_of_many),
		cmocka_unit_test(test_domain_id_0),
		cmocka_unit_test(test_queue_is_left_as_found),
		cmocka_unit_test(test_queue_that_was_off),
		cmocka_unit_test(test_legacy_mode_in_a_scalable_unit),
		cmocka_unit_test(test_other_modes),
		cmocka_unit_test(test_damaged_entries),
		cmocka_unit_test(test_damaged_pasid_directory_of_what_nobody_needs),
		cmocka_unit_test(test_unreadable_pasid_directory),
		cmocka_unit_test(test_rid_pasid_beyond_its_directory),
		cmocka_unit_test(test_table_shared_with_and_without_flags),
		cmocka_unit_test(test_admission_shows_no_halves),
		cmocka_unit_test(test_protected_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
