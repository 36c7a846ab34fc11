/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VT-d in legacy mode: takeovers with its root and context entries, its queues and
 * registers, several units. Scalable mode is in test_vtd_scalable.c, the unit by
 * itself in test_vtd.c, what holds for every kind of unit in test_takeover.c.
 */
#include "takeover.h"

static struct model *default_machine(void)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);

	return machine_with(&unit);
}

static void test_every_level_count(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct model *m;

		unit.levels = 1 << 3 | 1 << 4 | 1 << 5;
		unit.guest_bits = 57;
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, levels, 1);
		add_function(m, NIC, CLASS_NIC); /* admitted */
		expect_takeover(m);
	}
}

static void test_2m_pages_only(void **state)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(4) - QT_MIB(64)}, {QT_GIB(4), QT_GIB(8)}};
	const struct qt_range crash[] = {{QT_MIB(256), QT_MIB(260)}, {QT_GIB(5), QT_GIB(6)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);

	(void)state;
	for (int large_1g = 0; large_1g < 2; large_1g++) {
		struct model *m;

		unit.large_1g = large_1g;
		m = machine_new((struct model_config){.ram = ram,
			.ram_count = 2,
			.crash = crash,
			.crash_count = 2,
			.units = &unit,
			.unit_count = 1});
		add_device(m, NVME, CLASS_NVME, 4, 1);
		expect_takeover(m);
	}
}

/* There, 0 is the domain of what is not present: an entry with it is refused. */
static void test_domain_id_0(void **state)
{
	(void)state;
	for (unsigned caching_mode = 0; caching_mode < 2; caching_mode++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct scenario s;
		struct model *m;

		unit.caching_mode = caching_mode;
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, 4, 0);
		scenario_run(&s, m);
		if (caching_mode) {
			expect_decision(&s, NVME, QT_LEAVE, QT_WHY_ENTRY_DAMAGED);
			expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
		} else {
			expect_sound(&s);
		}
		scenario_free(&s);
	}
}

/* Everything that a unit can be with respect to memory and invalidation. */
static void test_write_buffers_caches_and_queues(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct model *m;

		unit.coherent = bits & 1;
		unit.write_buffer = bits & 2;
		unit.queued = bits & 4;
		unit.caching_mode = bits & 8;
		unit.large_1g = bits & 16;
		m = machine_with(&unit);
		use_window(m, add_device(m, NVME, CLASS_NVME, 4, 1), NVME);
		add_function(m, NIC, CLASS_NIC);
		model_touch(m, NIC, QT_MIB(514));
		expect_takeover(m);
	}
}

static void test_queue_is_left_as_found(void **state)
{
	struct model *m = default_machine();
	struct model_unit *unit = &m->units[0];
	uint64_t address = unit->queue_address;
	uint32_t status = unit->status;
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	unit->fault_status = MODEL_FSTS_IQE | MODEL_FSTS_ICE | MODEL_FSTS_ITE | MODEL_FSTS_PFO;
	run_sound(&s, m);
	assert_int_equal(unit->queue_address, address);
	assert_int_equal(unit->status, status);
	assert_int_equal(unit->queue_head, unit->queue_tail);
	assert_int_equal(unit->waits, 1);
	assert_true(unit->iotlb_invalidations >= 1 && unit->context_invalidations >= 1);
	finish(&s);
}

/* Architecture version 6 has no register-based invalidation, and its queue may be off. */
static void test_version_6_without_a_running_queue(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.version_major = 6;
	m = machine_with(&unit);
	m->units[0].status &= ~MODEL_GCMD_QIE;
	m->units[0].queue_head = m->units[0].queue_tail = 0;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	run_sound(&s, m);
	assert_false(m->units[0].status & MODEL_GCMD_QIE);
	finish(&s);
}

/* Two units, the second of which has what the first does not claim. */
static void two_units(struct model_unit_config units[2])
{
	units[0] = model_unit_default(0xfed90000);
	units[1] = model_unit_default(0xfed91000);
	units[0].include_all = false;
}

/* One claims a root port's hierarchy, without superpages and not coherent; the other the rest. */
static void test_two_units(void **state)
{
	struct model_unit_config units[2];
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	two_units(units);
	units[0].large_2m = units[0].large_1g = false;
	units[0].coherent = false;
	m = machine_of(units, 2);
	add_bridge(m, PORT, 1, QT_PCIE_ROOT_PORT);
	model_claim(m, 0, PORT, true);
	add_endpoint(m, QT_RID(0, 1, 0), CLASS_NVME);
	add_endpoint(m, QT_RID(0, 1, 1), CLASS_NVME);
	add_function(m, NIC, CLASS_NIC);
	add_function(m, USB, CLASS_USB);
	d = model_domain_new(m, 0, 3, 5);
	model_map(m, d, QT_MIB(540), QT_MIB(50), 0x4000, QT_RW, 0);
	model_attach(m, d, QT_RID(0, 1, 0), 0);
	d = model_domain_new(m, 1, 4, 5);
	model_map(m, d, QT_MIB(540), QT_MIB(60), QT_MIB(2), QT_RW, 1);
	model_attach(m, d, NIC, 0);
	run_sound(&s, m);
	expect_decision(&s, QT_RID(0, 1, 0), QT_ADOPT, QT_WHY_FREE);
	expect_decision(&s, QT_RID(0, 1, 1), QT_ADMIT, QT_WHY_NO_ENTRY);
	assert_int_equal(scenario_requester(&s, QT_RID(0, 1, 1))->unit, 0);
	assert_int_equal(scenario_requester(&s, USB)->unit, 1);
	finish(&s);
}

/* The same table behind two units, one of which snoops and one of which does not. */
static void test_domain_shared_by_units(void **state)
{
	struct model_unit_config units[2];
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	two_units(units);
	units[1].coherent = false;
	units[1].large_2m = units[1].large_1g = false;
	m = machine_of(units, 2);
	model_claim(m, 0, NVME, false);
	d = add_device(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, NIC, CLASS_NIC);
	d->unit = 1;
	model_attach(m, d, NIC, 0);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 1);
	finish(&s);
}

static void test_one_unit_off(void **state)
{
	struct model_unit_config units[2];
	struct scenario s;
	struct model *m;

	(void)state;
	two_units(units);
	m = machine_of(units, 2);
	m->units[1].status = 0;
	model_claim(m, 0, NVME, false);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, NIC, CLASS_NIC);
	run_sound(&s, m);
	expect_decision(&s, NIC, QT_DIRECT, QT_WHY_UNIT_OFF);
	assert_int_equal(m->units[1].register_writes, 0);
	finish(&s);
}

/* Admission: on a bus with other entries, on a bus without any, several on one bus. */
static void test_admission(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 65535); /* the highest domain ID is taken */
	add_function(m, NIC, CLASS_NIC);
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t bus = (uint8_t)(1 + i);

		add_bridge(m, QT_RID(0, 0, 0x28 + i), bus, QT_PCIE_ROOT_PORT);
		add_endpoint(m, QT_RID(0, bus, 0), CLASS_NVME);
		add_endpoint(m, QT_RID(0, bus, 1), CLASS_NVME);
	}
	run_sound(&s, m);
	expect_decision(&s, QT_RID(0, 2, 1), QT_ADMIT, QT_WHY_NO_ENTRY);
	/* The domain adopted, two words for the NIC, and a root entry for each new bus. */
	assert_int_equal(m->store_count, 1 + 2 + 3);
	finish(&s);
}

/* Both halves of a context entry matter: what is left in an absent one must not shine through. */
static void test_admission_over_remains_of_an_entry(void **state)
{
	struct model *m = default_machine();

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, NIC, CLASS_NIC);
	model_attach(m, m->dead->domains[0], NIC, 0);
	model_poke(m, model_context_entry(m, 0, NIC), QT_MIB(77) | 0xffe);
	model_poke(m, model_context_entry(m, 0, NIC) + 8, UINT64_MAX);
	model_poke(m, model_root_entry(m, 0, 9), QT_MIB(78) | 0xffe);
	model_poke(m, model_root_entry(m, 0, 9) + 8, UINT64_MAX);
	add_bridge(m, PORT, 9, QT_PCIE_ROOT_PORT);
	add_endpoint(m, QT_RID(0, 9, 0), CLASS_NVME);
	expect_takeover(m);
}

static void test_admission_with_few_domain_ids(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.domain_id_bits = 4;
	m = machine_with(&unit);
	for (unsigned i = 1; i < 16; i++)
		if (i != 7)
			add_device(m, QT_RID(0, 0, i * 8), CLASS_NIC, 4, (uint16_t)i);
	add_function(m, QT_RID(0, 0, 0xf0), CLASS_NVME);
	run_sound(&s, m);
	assert_int_equal(scenario_requester(&s, QT_RID(0, 0, 0xf0))->domain_id, 7);
	finish(&s);
}

static void test_no_domain_id_left(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.domain_id_bits = 4;
	m = machine_with(&unit);
	for (unsigned i = 1; i < 16; i++)
		add_device(m, QT_RID(0, 0, i * 8), CLASS_NIC, 4, (uint16_t)i);
	add_function(m, QT_RID(0, 0, 0xf0), CLASS_NVME);
	scenario_run(&s, m);
	assert_true(s.prepared < 0 || !s.plan.commit);
	assert_int_equal(m->store_count, 0);
	finish_untouched(&s);
}

/* A virtual function's vendor ID reads all ones, as if it were not there. */
static void test_device_tlb_of_a_virtual_function(void **state)
{
	(void)state;
	for (unsigned throttling = 0; throttling < 2; throttling++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct model_domain *d;
		struct scenario s;
		struct model *m;

		unit.more_extended_capability = (uint64_t)throttling << 41; /* DIT */
		m = machine_with(&unit);
		add_device_tlb(m, add_device(m, NVME, CLASS_NVME, 4, 1), NVME);
		model_add_ats(model_add_virtual(m, model_function(m, NVME), QT_RID(0, 0, 0x83)));
		d = model_domain_new(m, 0, 4, 2);
		model_map(m, d, QT_MIB(700), QT_MIB(110), QT_MIB(1), QT_RW, 0);
		model_attach(m, d, QT_RID(0, 0, 0x83), 1);
		churn(m, d, QT_RID(0, 0, 0x83), QT_MIB(512), QT_MIB(1), 0);
		run_sound(&s, m);
		expect_decision(&s, QT_RID(0, 0, 0x83), QT_LEAVE, QT_WHY_VIRTUAL_FUNCTION);
		assert_int_equal(m->units[0].device_invalidations, 2);
		finish(&s);
	}
}

/* Worse: the unit waits for it, and its queue with it. Many of them do not add up. */
static void test_device_tlbs_that_hang_the_unit(void **state)
{
	struct model *m = default_machine();
	uint64_t began;
	struct scenario s;

	(void)state;
	add_device(m, USB, CLASS_USB, 4, 3);
	for (uint16_t i = 0; i < 20; i++) {
		qt_rid rid = QT_RID(0, 0, 0x40 + 8 * i);

		add_device_tlb(m, add_device(m, rid, CLASS_NVME, 4, (uint16_t)(10 + i)), rid);
		model_function(m, rid)->ats_silent = true;
	}
	began = m->clock_ns;
	scenario_run(&s, m);
	assert_int_equal(s.committed, QT_E_TIMEOUT);
	assert_true(m->clock_ns - began < 5000000000ull);
	finish_untouched(&s);
}

static void test_crash_region_above_4g_with_a_low_part(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m = machine_high(&unit, QT_GIB(600));

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_function(m, NIC, CLASS_NIC);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 2 + 2);
	finish(&s);
}

/* The same, with a domain of 3 levels: it spans 512 GiB and cannot grow. */
static void test_too_narrow(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = machine_high(&unit, QT_GIB(600));

	(void)state;
	add_device(m, NVME, CLASS_NVME, 3, 1);
	expect_refusal(m, QT_LEAVE, QT_WHY_TOO_NARROW);
}

/* A unit whose guest address width ends below the crash region refuses it, whatever the tables say.
 */
static void test_crash_region_beyond_the_units_address_width(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m;

	(void)state;
	unit.guest_bits = 39;
	m = machine_high(&unit, QT_GIB(600));
	add_device(m, NVME, CLASS_NVME, 4, 1);
	expect_refusal(m, QT_LEAVE, QT_WHY_TOO_NARROW);
}

/* An upper level that does not let writes through, with something live below it. */
static void test_no_permission_on_the_way_down(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);

	(void)state;
	model_map(m, d, QT_MIB(600), QT_MIB(200), 0x1000, QT_READ, 0);
	poke_bits(m, model_table_entry(m, d, QT_MIB(600), 2), QT_WRITE, 0);
	expect_refusal(m, QT_LEAVE, QT_WHY_NO_PERMISSION);
}

/* How a dead kernel's table can be wrong. */
enum damage {
	LOOP_TO_ROOT,
	LOOP_TO_ITSELF,
	OUTSIDE_RAM,
	INTO_THE_CRASH_REGION,
	INTO_THE_ARENA,
	RESERVED_ADDRESS_BITS,
	RESERVED_SUPERPAGE_BITS,
	SUPERPAGE_TOO_HIGH,
	GARBAGE_PAGE,
	DAMAGES,
};

static uint64_t damaged_entry(struct model *m, struct model_domain *d, enum damage damage)
{
	switch (damage) {
	case LOOP_TO_ROOT:
		return d->root | QT_RW;
	case LOOP_TO_ITSELF:
		return (model_table_entry(m, d, QT_GIB(3), 1) & ~0xfffull) | QT_RW;
	case OUTSIDE_RAM:
		return QT_GIB(3) | QT_RW;
	case INTO_THE_CRASH_REGION:
		return QT_MIB(513) | QT_RW;
	case INTO_THE_ARENA:
		return (m->arena.phys + m->arena.size - MODEL_PAGE) | QT_RW;
	case RESERVED_ADDRESS_BITS:
		return 1ull << 45 | QT_MIB(200) | QT_RW;
	case RESERVED_SUPERPAGE_BITS:
		return QT_MIB(200) | 0x1000 | MODEL_SS_LARGE | QT_RW;
	case SUPERPAGE_TOO_HIGH:
		return QT_GIB(1) | MODEL_SS_LARGE | QT_RW;
	default:
		return QT_MIB(1234) | QT_RW;
	}
}

/* At level 1, or at level 2 for the superpage that this unit does not have. */
static qt_phys damaged_place(struct model *m, struct model_domain *d, enum damage damage)
{
	return model_table_entry(m, d, QT_GIB(3), damage == SUPERPAGE_TOO_HIGH ? 2 : 1);
}

static struct model *damaged_machine(enum damage damage, uint32_t class_code)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model_domain *d;
	struct model *m;

	unit.large_1g = false;
	m = machine_with(&unit);
	add_device(m, NIC, CLASS_NIC, 4, 2);
	d = add_device(m, NVME, class_code, 4, 1);
	model_map(m, d, QT_GIB(3) + QT_MIB(4), QT_MIB(300), 0x1000, QT_RW, 0);
	model_poke(m, damaged_place(m, d, damage), damaged_entry(m, d, damage));
	return m;
}

static void test_damaged_tables_of_what_is_needed(void **state)
{
	(void)state;
	for (enum damage damage = 0; damage < DAMAGES; damage++) {
		struct scenario s;

		scenario_run(&s, damaged_machine(damage, CLASS_NVME));
		assert_false(s.plan.commit);
		assert_int_equal(scenario_requester(&s, NVME)->decision, QT_LEAVE);
		assert_int_equal(s.m->store_count, 0);
		finish_untouched(&s);
	}
}

/* Entries that hardware refuses lead nowhere; where it reads on and we cannot, anything may follow.
 */
static bool leads_on(enum damage damage)
{
	return damage < RESERVED_ADDRESS_BITS;
}

static void test_damaged_tables_of_what_is_not(void **state)
{
	(void)state;
	for (enum damage damage = 0; damage < DAMAGES; damage++) {
		struct scenario s;

		/* Garbage may well lead into the crash region, which is another test's. */
		if (damage == GARBAGE_PAGE)
			continue;
		scenario_run(&s, damaged_machine(damage, CLASS_DISPLAY));
		if (leads_on(damage)) {
			expect_stock(&s, QT_WHY_GUARD_UNKNOWN);
		} else {
			expect_decision(&s, NVME, QT_LEAVE, QT_WHY_TABLE_DAMAGED);
			expect_sound(&s);
			assert_int_equal(s.m->store_count, 1);
		}
		scenario_free(&s);
	}
}

/* Context entries that hardware refuses: they are not translations. */
static void test_damaged_context_entries(void **state)
{
	static const struct {
		unsigned half;
		uint64_t bits;
	} damages[] = {
		{0, 0x010},      /* reserved bits 11:4 */
		{0, 0xc},        /* TT = 11b */
		{0, 1ull << 45}, /* above the address width */
		{1, 0x7},        /* AW = 7 */
		{1, 1ull << 24}, /* reserved */
		{1, 1ull << 63},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(damages); i++) {
		struct model *m = default_machine();
		struct scenario s;
		qt_phys at;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		at = model_context_entry(m, 0, NVME) + 8 * damages[i].half;
		poke_bits(m, at, 0, damages[i].bits);
		scenario_run(&s, m);
		if (scenario_requester(&s, NVME)->decision != QT_LEAVE)
			fail_msg("damage %zu: %s", i,
				qt_decision_name(scenario_requester(&s, NVME)->decision));
		finish_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	}
}

/* A root entry that leads nowhere: whatever is behind it cannot be helped, nor may it be hurt. */
static void test_damaged_root_entries(void **state)
{
	/* The last two have reserved bits: hardware does not look any further. */
	static const uint64_t pointers[] = {
		QT_GIB(3) | 1, QT_MIB(513) | 1, 1ull << 45 | 1, QT_MIB(300) | 0x801};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(pointers); i++) {
		struct model *m = default_machine();
		bool refused = i >= 2;
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		add_bridge(m, PORT, 9, QT_PCIE_ROOT_PORT);
		for (uint8_t fn = 0; fn < 2; fn++)
			add_endpoint(m, QT_RID(0, 9, fn), CLASS_NVME);
		model_poke(m, model_root_entry(m, 0, 9), pointers[i]);
		scenario_run(&s, m);
		expect_decision(&s, QT_RID(0, 9, 0), QT_LEAVE,
			refused ? QT_WHY_ENTRY_DAMAGED : QT_WHY_GUARD_UNKNOWN);
		/* It would be stopped, but for the other; and where it was, it has no entry to
		 * lose. */
		expect_decision(
			&s, QT_RID(0, 9, 1), refused ? QT_LEAVE : QT_STOP, QT_WHY_ENTRY_DAMAGED);
		finish_stock(&s, refused ? QT_WHY_FUNCTION_UNREACHED : QT_WHY_GUARD_UNKNOWN);
	}
}

/* Modes and states of a unit that are not taken over. */
static void expect_unit_refused(void (*change)(struct model *m), enum qt_unit_state state)
{
	struct model *m = default_machine();
	struct scenario s;

	add_device(m, NVME, CLASS_NVME, 4, 1);
	change(m);
	scenario_run(&s, m);
	assert_int_equal(s.machine.units[0].state, state);
	assert_false(s.plan.commit);
	assert_int_equal(m->store_count, 0);
	assert_int_equal(m->units[0].register_writes, 0);
	finish_untouched(&s);
}

static void make_scalable(struct model *m)
{
	m->units[0].root |= MODEL_RTADDR_SCALABLE;
	m->units[0].root_register |= MODEL_RTADDR_SCALABLE;
}

static void make_abort(struct model *m)
{
	m->units[0].root |= MODEL_RTADDR_ABORT;
	m->units[0].root_register |= MODEL_RTADDR_ABORT;
}

static void make_root_outside(struct model *m)
{
	model_unit_set_root(&m->units[0], QT_GIB(3));
}

static void make_dead(struct model *m)
{
	m->units[0].all_ones = true;
}

static void test_units_that_are_not_taken_over(void **state)
{
	(void)state;
	expect_unit_refused(make_scalable, QT_UNIT_UNSUPPORTED);
	expect_unit_refused(make_abort, QT_UNIT_UNSUPPORTED);
	expect_unit_refused(make_root_outside, QT_UNIT_UNSUPPORTED);
	expect_unit_refused(make_dead, QT_UNIT_DEAD);
}

/* A unit that never answers: bounded, and everything put back. */
static void test_unit_that_never_answers(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 8; bits++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct scenario s;
		struct model *m;
		uint64_t began;

		unit.queued = bits & 1;
		unit.write_buffer = bits & 2;
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, 4, 1);
		m->units[0].deaf = !(bits & 4);
		m->units[0].command_deaf = bits & 4;
		began = m->clock_ns;
		scenario_run(&s, m);
		assert_true(s.plan.commit);
		assert_true(m->clock_ns - began < 10000000000ull);
		if (bits == 4) { /* no queue, no write buffer: it has no use for GSTS */
			expect_sound(&s);
			scenario_free(&s);
			continue;
		}
		assert_int_equal(s.committed, QT_E_TIMEOUT);
		finish_untouched(&s);
	}
}

/* One that dies after it was found: every register reads all ones from then on. */
static void test_unit_that_dies_meanwhile(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct scenario s;
		struct model *m;
		uint64_t began;

		unit.queued = bits & 1;
		unit.write_buffer = bits & 2;
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, 4, 1);
		scenario_plan(&s, m);
		assert_true(s.plan.commit);
		m->units[0].all_ones = true;
		began = m->clock_ns;
		scenario_take_over(&s);
		assert_true(m->clock_ns - began < 5000000000ull);
		assert_int_not_equal(s.committed, 0);
		finish_untouched(&s);
	}
}

static void test_register_invalidation_that_is_not_carried_out(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.queued = false;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	m->units[0].register_invalidation_broken = true;
	scenario_run(&s, m);
	assert_int_equal(s.committed, QT_E_IO);
	finish_untouched(&s);
}

/* 250 domains, each with neighbours that make it take many stores: the journal holds them. */
static void test_many_domains(void **state)
{
	struct model *m = default_machine();
	struct scenario s;
	unsigned n = 0;

	(void)state;
	for (unsigned devfn = 8; devfn < 256; devfn += 2) {
		struct model_domain *d =
			add_device(m, QT_RID(0, 0, devfn), CLASS_NIC, 4, (uint16_t)++n);

		model_map(m, d, QT_MIB(560), QT_MIB(202), 0x1000, QT_RW, 0);
	}
	m->on_change = NULL;
	scenario_plan(&s, m);
	m->on_change = NULL; /* KEEP at the end will do here */
	s.journal.size = 32768;
	scenario_take_over(&s);
	expect_sound(&s);
	assert_int_equal(m->store_count, 8 * n);
	assert_int_equal(qt_takeover_undo(&s.takeover), 0);
	finish_untouched(&s);
}

static void test_interrupts_are_masked(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	run_sound(&s, m);
	s.machine.units[0].ops->mask_interrupts(&s.machine, &s.machine.units[0]);
	assert_true(m->units[0].fault_control & MODEL_CONTROL_MASK);
	assert_true(m->units[0].queue_control & MODEL_CONTROL_MASK);
	assert_true(m->units[0].page_request_control & MODEL_CONTROL_MASK);
	finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_level_count),
		cmocka_unit_test(test_2m_pages_only),
		cmocka_unit_test(test_domain_id_0),
		cmocka_unit_test(test_write_buffers_caches_and_queues),
		cmocka_unit_test(test_queue_is_left_as_found),
		cmocka_unit_test(test_version_6_without_a_running_queue),
		cmocka_unit_test(test_two_units),
		cmocka_unit_test(test_domain_shared_by_units),
		cmocka_unit_test(test_one_unit_off),
		cmocka_unit_test(test_admission),
		cmocka_unit_test(test_admission_over_remains_of_an_entry),
		cmocka_unit_test(test_admission_with_few_domain_ids),
		cmocka_unit_test(test_no_domain_id_left),
		cmocka_unit_test(test_device_tlb_of_a_virtual_function),
		cmocka_unit_test(test_device_tlbs_that_hang_the_unit),
		cmocka_unit_test(test_crash_region_above_4g_with_a_low_part),
		cmocka_unit_test(test_too_narrow),
		cmocka_unit_test(test_crash_region_beyond_the_units_address_width),
		cmocka_unit_test(test_no_permission_on_the_way_down),
		cmocka_unit_test(test_damaged_tables_of_what_is_needed),
		cmocka_unit_test(test_damaged_tables_of_what_is_not),
		cmocka_unit_test(test_damaged_context_entries),
		cmocka_unit_test(test_damaged_root_entries),
		cmocka_unit_test(test_units_that_are_not_taken_over),
		cmocka_unit_test(test_unit_that_never_answers),
		cmocka_unit_test(test_unit_that_dies_meanwhile),
		cmocka_unit_test(test_register_invalidation_that_is_not_carried_out),
		cmocka_unit_test(test_many_domains),
		cmocka_unit_test(test_interrupts_are_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
