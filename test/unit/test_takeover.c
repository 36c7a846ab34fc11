/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whole takeovers: machines of every kind the stage is to meet, with KEEP checked
 * after every single store and all invariants at the end.
 */
#include <machine/scenario.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expect.h"

#define NVME    QT_RID(0, 0, 0x08)
#define NIC     QT_RID(0, 0, 0x10)
#define USB     QT_RID(0, 0, 0x18)
#define DISPLAY QT_RID(0, 0, 0x20)

#define CLASS_NVME    0x010802
#define CLASS_NIC     0x020000
#define CLASS_USB     0x0c0330
#define CLASS_DISPLAY 0x030000

static const struct qt_range small_ram[] = {
	{0, 0xa0000}, {QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}};
static const struct qt_range crash_512m[] = {{QT_MIB(512), QT_MIB(528)}};

/* Machine with the given unit, RAM to 6 GiB, crash region [512 MiB, 528 MiB), unit switched on. */
static struct model *machine_with(const struct model_unit_config *unit)
{
	struct model *m = model_new(&(struct model_config){.ram = small_ram,
		.ram_count = QT_ARRAY_SIZE(small_ram),
		.crash = crash_512m,
		.crash_count = 1,
		.units = unit,
		.unit_count = 1});

	model_start_unit(m, 0);
	return m;
}

static struct model *default_machine(void)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);

	return machine_with(&unit);
}

/* A function with a domain of its own that has one MiB mapped near 4 GiB, as drivers do. */
static struct model_domain *add_device(
	struct model *m, qt_rid rid, uint32_t class_code, unsigned levels, uint16_t id)
{
	struct model_domain *domain = model_domain_new(m, 0, levels, id);

	if (!model_function(m, rid))
		model_add_function(m, rid, 0x8086, 0x10d3, class_code);
	model_map(m, domain, 0xffe00000 - id * QT_MIB(1), QT_MIB(100 + id), QT_MIB(1), QT_RW, 2);
	model_attach(m, domain, rid, 0);
	return domain;
}

static void test_common_case_takes_one_store_per_domain(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	add_device(m, NIC, CLASS_NIC, 4, 2);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	assert_int_equal(m->store_count, 2);
	assert_true(m->snapshot->keep_checks >= 2);
	assert_true(scenario_requester(&s, NIC)->verified);
	finish(&s);
}

static void test_every_level_count(void **state)
{
	(void)state;
	for (unsigned levels = 3; levels <= 5; levels++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct scenario s;
		struct model *m;

		unit.levels = 1 << 3 | 1 << 4 | 1 << 5;
		unit.guest_bits = 57;
		m = machine_with(&unit);
		add_device(m, NVME, CLASS_NVME, levels, 1);
		model_add_function(m, NIC, 0x8086, 1, CLASS_NIC); /* admitted */
		run_sound(&s, m);
		finish(&s);
	}
}

/* A live leaf in the same 1 GiB and in the same 2 MiB as the crash region's ends. */
static void test_neighbours_in_the_same_tables(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_MIB(510), QT_MIB(200), QT_MIB(2), QT_RW, 0);
	model_map(m, d, QT_MIB(528), QT_MIB(202), QT_MIB(2), QT_READ, 1);
	model_map(m, d, QT_MIB(640), QT_MIB(300), 0x1000, QT_WRITE, 0);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 8); /* 2 MiB leaves in a table that is in use */
	finish(&s);
}

static void test_crash_region_not_aligned_to_superpages(void **state)
{
	const struct qt_range crash[] = {{QT_MIB(700) + 0x3000, QT_MIB(709) - 0x5000}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = model_new(&(struct model_config){.ram = small_ram,
		.ram_count = QT_ARRAY_SIZE(small_ram),
		.crash = crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1});
	struct model_domain *d;
	struct scenario s;

	(void)state;
	model_start_unit(m, 0);
	d = add_device(m, NVME, CLASS_NVME, 4, 1);
	model_map(m, d, QT_MIB(700) + 0x2000, QT_MIB(200), 0x1000, QT_RW, 0);
	model_map(m, d, QT_MIB(709) - 0x5000, QT_MIB(201), 0x1000, QT_RW, 0);
	add_device(m, NIC, CLASS_NIC, 3, 2);
	run_sound(&s, m);
	finish(&s);
}

/* Linux unmaps lazily and keeps emptied tables: the window was used, and is cached still. */
static void churn(struct model *m, struct model_domain *d, qt_rid rid, qt_iova iova, uint64_t size,
	unsigned leaf_level)
{
	model_map(m, d, iova, QT_MIB(900), size, QT_RW, leaf_level);
	for (uint64_t at = 0; at < size; at += 0x1000)
		model_touch(m, rid, iova + at);
	model_unmap(m, d, iova, size);
}

static void test_emptied_tables_and_stale_caches(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	churn(m, d, NVME, QT_MIB(512), QT_MIB(4), 0);
	churn(m, d, NVME, QT_MIB(520), QT_MIB(4), 1);
	model_map(m, d, QT_MIB(600), QT_MIB(200), 0x3000, QT_RW, 0);
	run_sound(&s, m);
	finish(&s);
}

/* All of the gigabyte was used and none of it is: one store replaces the lot. */
static void test_wholly_emptied_subtree_is_replaced_at_its_top(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	churn(m, d, NVME, QT_MIB(500), QT_MIB(40), 0);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 1);
	finish(&s);
}

static void test_no_superpages(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	unit.large_2m = unit.large_1g = false;
	m = machine_with(&unit);
	d = add_device(m, NVME, CLASS_NVME, 4, 1);
	model_map(m, d, QT_MIB(528), QT_MIB(202), 0x2000, QT_RW, 0);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	run_sound(&s, m);
	finish(&s);
}

static void test_2m_pages_only(void **state)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(4) - QT_MIB(64)}, {QT_GIB(4), QT_GIB(8)}};
	const struct qt_range crash[] = {{QT_MIB(256), QT_MIB(260)}, {QT_GIB(5), QT_GIB(6)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);

	(void)state;
	for (int large_1g = 0; large_1g < 2; large_1g++) {
		struct scenario s;
		struct model *m;

		unit.large_1g = large_1g;
		m = model_new(&(struct model_config){.ram = ram,
			.ram_count = 2,
			.crash = crash,
			.crash_count = 2,
			.units = &unit,
			.unit_count = 1});
		model_start_unit(m, 0);
		add_device(m, NVME, CLASS_NVME, 4, 1);
		run_sound(&s, m);
		finish(&s);
	}
}

/* CAP.CM: what is not present is cached, requesters without an entry under domain 0. */
static void test_caching_mode(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.caching_mode = true;
	m = machine_with(&unit);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	for (qt_iova at = QT_MIB(512); at < QT_MIB(528); at += 0x1000) {
		assert_int_not_equal(model_touch(m, NVME, at), 0);
		assert_int_not_equal(model_touch(m, NIC, at), 0);
	}
	run_sound(&s, m);
	finish(&s);
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
		struct model_domain *d;
		struct scenario s;
		struct model *m;

		unit.coherent = bits & 1;
		unit.write_buffer = bits & 2;
		unit.queued = bits & 4;
		unit.caching_mode = bits & 8;
		unit.large_1g = bits & 16;
		m = machine_with(&unit);
		d = add_device(m, NVME, CLASS_NVME, 4, 1);
		churn(m, d, NVME, QT_MIB(513), QT_MIB(1), 0);
		model_map(m, d, QT_MIB(528), QT_MIB(202), 0x2000, QT_RW, 0);
		model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
		model_touch(m, NIC, QT_MIB(514));
		scenario_run(&s, m);
		expect_sound(&s);
		finish(&s);
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

static void test_domain_shared_by_devices(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	model_attach(m, d, NIC, 0);
	model_attach(m, d, QT_RID(0, 7, 0), 0); /* a requester that no function stands for */
	run_sound(&s, m);
	assert_int_equal(m->store_count, 1);
	expect_decision(&s, QT_RID(0, 7, 0), QT_ADOPT, QT_WHY_FREE);
	assert_int_equal(scenario_requester(&s, QT_RID(0, 7, 0))->function, -1);
	finish(&s);
}

static struct model *two_unit_machine(
	const struct model_unit_config *first, const struct model_unit_config *second)
{
	struct model_unit_config units[] = {*first, *second};

	units[0].include_all = false;
	return model_new(&(struct model_config){.ram = small_ram,
		.ram_count = QT_ARRAY_SIZE(small_ram),
		.crash = crash_512m,
		.crash_count = 1,
		.units = units,
		.unit_count = 2});
}

/* One claims a root port's hierarchy, without superpages and not coherent; the other the rest. */
static void test_two_units(void **state)
{
	struct model_unit_config first = model_unit_default(0xfed90000);
	struct model_unit_config second = model_unit_default(0xfed91000);
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	first.large_2m = first.large_1g = false;
	first.coherent = false;
	m = two_unit_machine(&first, &second);
	model_start_unit(m, 0);
	model_start_unit(m, 1);
	model_make_bridge(
		model_add_function(m, QT_RID(0, 0, 0x28), 0x8086, 2, 0), 1, 1, QT_PCIE_ROOT_PORT);
	model_claim(m, 0, QT_RID(0, 0, 0x28), true);
	model_add_pcie(
		model_add_function(m, QT_RID(0, 1, 0), 0x144d, 3, CLASS_NVME), QT_PCIE_ENDPOINT);
	model_add_pcie(
		model_add_function(m, QT_RID(0, 1, 1), 0x144d, 3, CLASS_NVME), QT_PCIE_ENDPOINT);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	model_add_function(m, USB, 0x8086, 1, CLASS_USB);
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
	struct model_unit_config first = model_unit_default(0xfed90000);
	struct model_unit_config second = model_unit_default(0xfed91000);
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	second.coherent = false;
	second.large_2m = second.large_1g = false;
	m = two_unit_machine(&first, &second);
	model_start_unit(m, 0);
	model_start_unit(m, 1);
	model_claim(m, 0, NVME, false);
	d = add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	d->unit = 1;
	model_attach(m, d, NIC, 0);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 1);
	finish(&s);
}

static void test_one_unit_off(void **state)
{
	struct model_unit_config first = model_unit_default(0xfed90000);
	struct model_unit_config second = model_unit_default(0xfed91000);
	struct scenario s;
	struct model *m = two_unit_machine(&first, &second);

	(void)state;
	model_start_unit(m, 0);
	model_claim(m, 0, NVME, false);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	run_sound(&s, m);
	expect_decision(&s, NIC, QT_DIRECT, QT_WHY_UNIT_OFF);
	assert_int_equal(m->units[1].register_writes, 0);
	finish(&s);
}

static void test_pass_through(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	model_add_function(m, NVME, 0x8086, 1, CLASS_NVME);
	model_attach_pass(m, 0, NVME);
	add_device(m, NIC, CLASS_NIC, 4, 2);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_PASSTHROUGH);
	assert_int_equal(m->store_count, 1);
	finish(&s);
}

/* An identity domain that maps all of RAM, as Linux makes where there is no ECAP.PT. */
static void test_identity_domain(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	(void)state;
	unit.pass_through = false;
	m = machine_with(&unit);
	model_add_function(m, NVME, 0x8086, 1, CLASS_NVME);
	d = model_domain_new(m, 0, 4, 1);
	for (size_t i = 0; i < QT_ARRAY_SIZE(small_ram); i++)
		model_map(m, d, small_ram[i].start, small_ram[i].start,
			small_ram[i].end - small_ram[i].start, QT_RW, 2);
	model_attach(m, d, NVME, 0);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_ALREADY_MAPPED);
	assert_int_equal(m->store_count, 0);
	finish(&s);
}

/* crashkernel=…,cma: part of the crash region is mapped one to one already. */
static void test_part_of_the_crash_region_is_one_to_one(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_MIB(514), QT_MIB(514), 0x5000, QT_RW, 0);
	model_map(m, d, QT_MIB(520), QT_MIB(520), QT_MIB(2), QT_RW, 1);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	finish(&s);
}

/* …but read-only: what translates is never changed. */
static void test_part_of_the_crash_region_is_read_only(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_MIB(514), QT_MIB(514), 0x5000, QT_READ, 0);
	scenario_run(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	scenario_free(&s);
}

/* Admission: on a bus with other entries, on a bus without any, several on one bus. */
static void test_admission(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 65535); /* the highest domain ID is taken */
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	for (uint8_t i = 0; i < 3; i++) {
		uint8_t bus = (uint8_t)(1 + i);

		model_make_bridge(model_add_function(m, QT_RID(0, 0, 0x28 + i), 0x8086, 2, 0), bus,
			bus, QT_PCIE_ROOT_PORT);
		model_add_pcie(model_add_function(m, QT_RID(0, bus, 0), 0x144d, 3, CLASS_NVME),
			QT_PCIE_ENDPOINT);
		model_add_pcie(model_add_function(m, QT_RID(0, bus, 1), 0x144d, 3, CLASS_NVME),
			QT_PCIE_ENDPOINT);
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
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	model_attach(m, m->dead->domains[0], NIC, 0);
	model_poke(m, model_context_entry(m, 0, NIC), QT_MIB(77) | 0xffe);
	model_poke(m, model_context_entry(m, 0, NIC) + 8, UINT64_MAX);
	model_poke(m, model_root_entry(m, 0, 9), QT_MIB(78) | 0xffe);
	model_poke(m, model_root_entry(m, 0, 9) + 8, UINT64_MAX);
	model_make_bridge(
		model_add_function(m, QT_RID(0, 0, 0x28), 0x8086, 2, 0), 9, 9, QT_PCIE_ROOT_PORT);
	model_add_pcie(
		model_add_function(m, QT_RID(0, 9, 0), 0x144d, 3, CLASS_NVME), QT_PCIE_ENDPOINT);
	run_sound(&s, m);
	finish(&s);
}

/* A domain ID that no entry uses can still be cached: from a domain that is gone. */
static void test_admission_under_a_domain_id_that_is_still_cached(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d;
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	d = add_device(m, USB, CLASS_USB, 4, 65535);
	churn(m, d, USB, QT_MIB(512), QT_MIB(1), 0);
	model_detach(m, 0, USB);
	run_sound(&s, m);
	finish(&s);
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
	model_add_function(m, QT_RID(0, 0, 0xf0), 0x8086, 1, CLASS_NVME);
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
	model_add_function(m, QT_RID(0, 0, 0xf0), 0x8086, 1, CLASS_NVME);
	scenario_run(&s, m);
	assert_true(s.prepared < 0 || !s.plan.commit);
	assert_int_equal(m->store_count, 0);
	expect_untouched(&s);
	scenario_free(&s);
}

/* Firmware's reserved memory comes along into a new domain, and only into its own. */
static void test_admission_with_reserved_memory(void **state)
{
	struct model *m = default_machine();
	struct model_translation t;
	struct scenario s;

	(void)state;
	add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, USB, 0x8086, 1, CLASS_USB);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	model_reserve(m, USB, 0x7d000000, 0x7d800000);
	model_reserve(m, USB, QT_GIB(5) + 0x1000, QT_GIB(5) + 0x3000);
	run_sound(&s, m);
	assert_int_equal(model_translate(m, USB, 0x7d7ff000, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, 0x7d7ff000);
	assert_int_equal(t.perms, QT_RW);
	assert_int_equal(model_translate(m, USB, QT_GIB(5) + 0x2000, MODEL_WALK, &t), 0);
	assert_int_not_equal(model_translate(m, USB, QT_GIB(5) + 0x3000, MODEL_WALK, &t), 0);
	assert_int_not_equal(model_translate(m, NIC, 0x7d7ff000, MODEL_WALK, &t), 0);
	finish(&s);
}

/* Requesters behind a PCIe-to-PCI bridge are seen as the bridge's secondary bus, function 0. */
static void test_alias_behind_a_bridge(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	model_make_bridge(
		model_add_function(m, QT_RID(0, 0, 0x28), 0x8086, 2, 0), 4, 4, QT_PCIE_TO_PCI);
	model_add_function(m, QT_RID(0, 4, 0x10), 0x8086, 3, CLASS_NIC);
	add_device(m, QT_RID(0, 4, 0), 0, 4, 3);
	run_sound(&s, m);
	assert_int_equal(qt_pci_find(&s.machine.pci, QT_RID(0, 4, 0x10))->alias, QT_RID(0, 4, 0));
	expect_decision(&s, QT_RID(0, 4, 0), QT_ADOPT, QT_WHY_FREE);
	finish(&s);
}

/* The same without any entry: what the bridge says it is has to be admitted, too. */
static void test_admission_of_an_alias(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	model_make_bridge(
		model_add_function(m, QT_RID(0, 0, 0x28), 0x8086, 2, 0), 4, 4, QT_PCIE_TO_PCI);
	model_add_function(m, QT_RID(0, 4, 0x10), 0x8086, 3, CLASS_NIC);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	run_sound(&s, m);
	expect_decision(&s, QT_RID(0, 4, 0), QT_ADMIT, QT_WHY_NO_ENTRY);
	expect_decision(&s, QT_RID(0, 4, 0x10), QT_ADMIT, QT_WHY_NO_ENTRY);
	finish(&s);
}

static void add_ats_device(struct model *m, qt_rid rid, uint16_t id)
{
	struct model_domain *d = add_device(m, rid, CLASS_NVME, 4, id);
	struct model_function *function = model_function(m, rid);

	model_add_pcie(function, QT_PCIE_ENDPOINT);
	model_add_ats(function);
	model_attach(m, d, rid, 1);
	churn(m, d, rid, QT_MIB(512), QT_MIB(1), 0);
}

/* Devices that cache translations themselves: theirs have to go as well. */
static void test_device_tlbs(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	add_ats_device(m, NVME, 1);
	add_ats_device(m, NIC, 2);
	add_device(m, USB, CLASS_USB, 4, 3);
	run_sound(&s, m);
	assert_int_equal(m->units[0].device_invalidations, 2);
	finish(&s);
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
		add_ats_device(m, NVME, 1);
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

/* One that never answers must not hold up the others. */
static void test_device_tlb_that_does_not_answer(void **state)
{
	struct model *m = default_machine();
	uint64_t began;
	struct scenario s;

	(void)state;
	add_ats_device(m, NIC, 1);
	add_ats_device(m, NVME, 2);
	add_device(m, USB, CLASS_USB, 4, 3);
	model_function(m, NVME)->ats_deaf = true;
	began = m->clock_ns;
	scenario_run(&s, m);
	assert_true(m->clock_ns - began < 5000000000ull);
	assert_int_equal(s.committed, 0);
	assert_int_equal(s.verified, 0);
	assert_true(m->units[0].device_invalidations >= 1);
	assert_true(model_reach(m, NIC, MODEL_CACHED));
	assert_true(model_reach(m, USB, MODEL_CACHED));
	assert_int_equal(m->complaints, 0);
	scenario_free(&s);
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

		add_ats_device(m, rid, (uint16_t)(10 + i));
		model_function(m, rid)->ats_silent = true;
	}
	began = m->clock_ns;
	scenario_run(&s, m);
	assert_int_equal(s.committed, QT_E_TIMEOUT);
	assert_true(m->clock_ns - began < 5000000000ull);
	expect_untouched(&s);
	scenario_free(&s);
}

static void test_crash_region_above_4g_with_a_low_part(void **state)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(3)}, {QT_GIB(4), QT_GIB(1100)}};
	const struct qt_range crash[] = {
		{QT_MIB(64), QT_MIB(72)}, {QT_GIB(600) + QT_MIB(16), QT_GIB(600) + QT_MIB(48)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = 2,
		.crash = crash,
		.crash_count = 2,
		.address_bits = 46,
		.units = &unit,
		.unit_count = 1});

	(void)state;
	model_start_unit(m, 0);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	model_add_function(m, NIC, 0x8086, 1, CLASS_NIC);
	run_sound(&s, m);
	assert_int_equal(m->store_count, 2 + 2);
	finish(&s);
}

/* The same, with a domain of 3 levels: it spans 512 GiB and cannot grow. */
static void test_too_narrow(void **state)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(3)}, {QT_GIB(4), QT_GIB(1100)}};
	const struct qt_range crash[] = {
		{QT_MIB(64), QT_MIB(72)}, {QT_GIB(600) + QT_MIB(16), QT_GIB(600) + QT_MIB(48)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = 2,
		.crash = crash,
		.crash_count = 2,
		.address_bits = 46,
		.units = &unit,
		.unit_count = 1});

	(void)state;
	model_start_unit(m, 0);
	add_device(m, NVME, CLASS_NVME, 3, 1);
	scenario_run(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_TOO_NARROW);
	expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	scenario_free(&s);
}

static void test_no_low_memory(void **state)
{
	const struct qt_range crash[] = {{QT_GIB(4) + QT_MIB(16), QT_GIB(4) + QT_MIB(48)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m = model_new(&(struct model_config){.ram = small_ram,
		.ram_count = QT_ARRAY_SIZE(small_ram),
		.crash = crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1});

	(void)state;
	model_start_unit(m, 0);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	scenario_run(&s, m);
	expect_stock(&s, QT_WHY_NO_LOW_MEMORY);
	scenario_free(&s);
}

/* A unit whose guest address width ends below the crash region refuses it, whatever the tables say.
 */
static void test_crash_region_beyond_the_units_address_width(void **state)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(3)}, {QT_GIB(4), QT_GIB(1100)}};
	const struct qt_range crash[] = {
		{QT_MIB(64), QT_MIB(72)}, {QT_GIB(600) + QT_MIB(16), QT_GIB(600) + QT_MIB(48)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.guest_bits = 39;
	m = model_new(&(struct model_config){.ram = ram,
		.ram_count = 2,
		.crash = crash,
		.crash_count = 2,
		.address_bits = 46,
		.units = &unit,
		.unit_count = 1});
	model_start_unit(m, 0);
	add_device(m, NVME, CLASS_NVME, 4, 1);
	scenario_run(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_TOO_NARROW);
	expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	scenario_free(&s);
}

/* Below 1 MiB: mapped where free, and never a reason to refuse (guests map from 0). */
static void test_low_memory_in_use(void **state)
{
	const struct qt_range crash[] = {{0x1000, 0x9f000}, {QT_MIB(512), QT_MIB(528)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = model_new(&(struct model_config){.ram = small_ram,
		.ram_count = QT_ARRAY_SIZE(small_ram),
		.crash = crash,
		.crash_count = 2,
		.units = &unit,
		.unit_count = 1});
	struct model_domain *d;
	struct model_translation t;
	struct scenario s;

	(void)state;
	model_start_unit(m, 0);
	d = add_device(m, NVME, CLASS_NVME, 4, 1);
	model_map(m, d, 0, QT_MIB(300), 0x40000, QT_RW, 0);
	add_device(m, NIC, CLASS_NIC, 4, 2);
	run_sound(&s, m);
	assert_int_equal(model_translate(m, NVME, 0x50000, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, 0x50000);
	assert_int_equal(model_translate(m, NIC, 0x1000, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, 0x1000);
	finish(&s);
}

/* An upper level that does not let writes through, with something live below it. */
static void test_no_permission_on_the_way_down(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;
	qt_phys at;

	(void)state;
	model_map(m, d, QT_MIB(600), QT_MIB(200), 0x1000, QT_READ, 0);
	at = model_table_entry(m, d, QT_MIB(600), 2);
	model_poke(m, at, model_peek(m, at) & ~(uint64_t)QT_WRITE);
	scenario_run(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_NO_PERMISSION);
	expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	scenario_free(&s);
}

static void test_iovas_taken(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, NVME, CLASS_NVME, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_MIB(515), QT_MIB(200), 0x1000, QT_RW, 0);
	scenario_run(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	assert_int_equal(s.machine.requesters[s.plan.blocker].rid, NVME);
	assert_int_equal(
		s.machine.domains[scenario_requester(&s, NVME)->domain].taken_iova, QT_MIB(515));
	expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
	scenario_free(&s);
}

/* The capture kernel can do without a display: the rest is taken over, it is left alone. */
static void test_iovas_taken_by_what_nobody_needs(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, DISPLAY, CLASS_DISPLAY, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_MIB(515), QT_MIB(200), QT_MIB(1), QT_RW, 0);
	add_device(m, NVME, CLASS_NVME, 4, 2);
	run_sound(&s, m);
	expect_decision(&s, DISPLAY, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	assert_int_equal(m->store_count, 1);
	finish(&s);
}

/* What it is known to lead to could be cut, but there may be more behind the damage. */
static void test_guard_broken_by_a_damaged_table(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, DISPLAY, CLASS_DISPLAY, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_GIB(2), QT_MIB(527), QT_MIB(2), QT_WRITE, 0);
	model_poke(m, model_table_entry(m, d, QT_GIB(3), 2), QT_GIB(3) | QT_RW);
	add_device(m, NVME, CLASS_NVME, 4, 2);
	scenario_run(&s, m);
	expect_decision(&s, DISPLAY, QT_FENCE, QT_WHY_GUARD_BROKEN);
	expect_stock(&s, QT_WHY_GUARD_UNKNOWN);
	scenario_free(&s);
}

static void test_guard_broken(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = add_device(m, DISPLAY, CLASS_DISPLAY, 4, 1);
	struct scenario s;

	(void)state;
	model_map(m, d, QT_GIB(3), QT_MIB(527), QT_MIB(2), QT_WRITE, 0);
	add_device(m, NVME, CLASS_NVME, 4, 2);
	scenario_plan(&s, m);
	assert_int_equal(
		s.machine.domains[scenario_requester(&s, DISPLAY)->domain].guard_iova, QT_GIB(3));
	scenario_take_over(&s);
	expect_sound(&s);
	expect_decision(&s, DISPLAY, QT_FENCE, QT_WHY_GUARD_BROKEN);
	assert_int_equal(m->store_count, 1 + 256);
	finish(&s);
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
		expect_untouched(&s);
		scenario_free(&s);
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
		model_poke(m, at, model_peek(m, at) | damages[i].bits);
		scenario_run(&s, m);
		if (scenario_requester(&s, NVME)->decision != QT_LEAVE)
			fail_msg("damage %zu: %s", i,
				qt_decision_name(scenario_requester(&s, NVME)->decision));
		expect_stock(&s, QT_WHY_FUNCTION_UNREACHED);
		scenario_free(&s);
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
		model_make_bridge(model_add_function(m, QT_RID(0, 0, 0x28), 0x8086, 2, 0), 9, 9,
			QT_PCIE_ROOT_PORT);
		for (uint8_t fn = 0; fn < 2; fn++)
			model_add_pcie(
				model_add_function(m, QT_RID(0, 9, fn), 0x144d, 3, CLASS_NVME),
				QT_PCIE_ENDPOINT);
		model_poke(m, model_root_entry(m, 0, 9), pointers[i]);
		scenario_run(&s, m);
		expect_decision(&s, QT_RID(0, 9, 0), QT_LEAVE,
			refused ? QT_WHY_ENTRY_DAMAGED : QT_WHY_GUARD_UNKNOWN);
		/* It would be stopped, but for the other; and where it was, it has no entry to
		 * lose. */
		expect_decision(
			&s, QT_RID(0, 9, 1), refused ? QT_LEAVE : QT_STOP, QT_WHY_ENTRY_DAMAGED);
		expect_stock(&s, refused ? QT_WHY_FUNCTION_UNREACHED : QT_WHY_GUARD_UNKNOWN);
		scenario_free(&s);
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
	expect_untouched(&s);
	scenario_free(&s);
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
		expect_untouched(&s);
		scenario_free(&s);
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
		expect_untouched(&s);
		scenario_free(&s);
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
	expect_untouched(&s);
	scenario_free(&s);
}

/* A machine with something of everything, for accidents at every step. */
static struct model *busy_machine(void)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model_domain *d;
	struct model *m;

	unit.coherent = false;
	m = machine_with(&unit);
	d = add_device(m, NVME, CLASS_NVME, 4, 1);
	model_map(m, d, QT_MIB(528), QT_MIB(202), 0x2000, QT_RW, 0);
	churn(m, d, NVME, QT_MIB(513), QT_MIB(1), 0);
	add_device(m, NIC, CLASS_NIC, 3, 2);
	model_add_function(m, USB, 0x8086, 1, CLASS_USB);
	model_make_bridge(
		model_add_function(m, QT_RID(0, 0, 0x28), 0x8086, 2, 0), 9, 9, QT_PCIE_ROOT_PORT);
	model_add_pcie(
		model_add_function(m, QT_RID(0, 9, 0), 0x144d, 3, CLASS_NVME), QT_PCIE_ENDPOINT);
	return m;
}

static size_t busy_stores(void)
{
	struct scenario s;
	size_t stores;

	scenario_run(&s, busy_machine());
	expect_sound(&s);
	stores = s.m->store_count;
	scenario_free(&s);
	return stores;
}

static void test_store_that_fails_is_undone(void **state)
{
	size_t stores = busy_stores();

	(void)state;
	assert_true(stores > 8);
	for (size_t n = 1; n <= stores; n++) {
		struct model *m = busy_machine();
		struct scenario s;

		m->trouble.fail_store = n;
		scenario_run(&s, m);
		assert_int_equal(s.committed, QT_E_IO);
		assert_int_equal(s.undone, 0);
		assert_int_equal(s.journal.done, 0);
		expect_untouched(&s);
		scenario_free(&s);
	}
}

/* A CPU exception after a store, before the core hears of it: as the stage's handler, jump out. */
struct accident {
	jmp_buf out;
	size_t store; /* number of the store, from 1 */
};

static void have_accident(struct model *m, void *context)
{
	struct accident *accident = context;

	if (m->store_count != accident->store)
		return;
	m->on_change = NULL;
	m->in_hook = false;
	longjmp(accident->out, 1);
}

/* Commits, with an accident or without one: true if there was one. */
static bool commit_until_accident(struct scenario *s, struct accident *accident)
{
	s->m->on_change = have_accident;
	s->m->on_change_context = accident;
	if (setjmp(accident->out))
		return true;
	assert_int_equal(qt_takeover_commit(&s->takeover), 0);
	return false;
}

static void test_exception_after_each_store(void **state)
{
	size_t stores = busy_stores();

	(void)state;
	for (size_t n = 1; n <= stores; n++) {
		struct accident accident = {.store = n};
		struct scenario s;

		scenario_plan(&s, busy_machine());
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		assert_true(commit_until_accident(&s, &accident));
		model_watch_keep(s.m);
		scenario_undo(&s);
		assert_int_equal(s.undone, 0);
		expect_untouched(&s);
		scenario_free(&s);
	}
}

/* Somebody changes a word between planning and storing. */
static void test_word_that_changed_meanwhile(void **state)
{
	size_t stores = busy_stores();

	(void)state;
	for (size_t n = 0; n < stores; n++) {
		struct model *m = busy_machine();
		struct qt_journal_cursor cursor;
		struct qt_store store;
		struct scenario s;

		scenario_plan(&s, m);
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		qt_journal_seek(&s.journal, n, &cursor);
		assert_true(qt_journal_next(&s.journal, &cursor, &store));
		model_poke(m, store.at, store.before ^ 0x100);
		assert_int_equal(qt_takeover_commit(&s.takeover), QT_E_BAD);
		scenario_undo(&s);
		assert_int_equal(s.undone, 0);
		assert_int_equal(model_peek(m, store.at), store.before ^ 0x100);
		model_poke(m, store.at, store.before);
		expect_untouched(&s);
		scenario_free(&s);
	}
}

/* A unit that is given up on takes its requesters along: it is not flushed. */
static void expect_given_up(const struct scenario *s)
{
	for (size_t i = 0; i < s->machine.requester_count; i++) {
		const struct qt_requester *requester = &s->machine.requesters[i];

		if (requester->unit < s->machine.unit_count &&
			s->machine.units[requester->unit].state == QT_UNIT_UNSUPPORTED)
			assert_int_equal(requester->decision, QT_LEAVE);
	}
}

/* Reads that fail, one by one: whatever comes of it, it is sound or nothing is touched. */
static void test_read_that_fails(void **state)
{
	uint64_t reads;
	struct scenario s;

	(void)state;
	scenario_run(&s, busy_machine());
	reads = s.m->reads;
	scenario_free(&s);
	for (uint64_t n = 1; n <= reads; n += 1 + reads / 300) {
		struct model *m = busy_machine();

		m->trouble.fail_read = n;
		scenario_run(&s, m);
		expect_given_up(&s);
		if (s.opened == 0 && s.prepared == 0 && s.committed == 0 && s.verified == 0)
			expect_sound(&s);
		else
			expect_untouched(&s);
		scenario_free(&s);
	}
}

/* Verify must notice what commit's caller cannot see: an entry that came undone. */
static void test_verify_notices(void **state)
{
	(void)state;
	for (int what = 0; what < 3; what++) {
		struct model *m = busy_machine();
		struct scenario s;
		size_t failed = 99;

		scenario_plan(&s, m);
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		assert_int_equal(qt_takeover_commit(&s.takeover), 0);
		assert_int_equal(qt_takeover_verify(&s.takeover, &failed), 0);
		m->on_change = NULL;
		if (what == 0)
			model_unmap(m, m->dead->domains[0], QT_MIB(514), 0x1000);
		else if (what == 1)
			model_poke(m, model_context_entry(m, 0, NVME), 0);
		else
			model_map(m, m->dead->domains[0], QT_GIB(3), QT_MIB(515), 0x1000, QT_RW, 0);
		assert_int_equal(qt_takeover_verify(&s.takeover, &failed), QT_E_BAD);
		assert_int_equal(s.machine.requesters[failed].rid, NVME);
		scenario_free(&s);
	}
}

/* The clock runs out in the middle of finding. */
static void test_no_time(void **state)
{
	static const uint64_t jumps[] = {1, 2, 10, 100, 300, 600};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(jumps); i++) {
		struct model *m = busy_machine();
		struct scenario s;

		m->trouble.jump_at = m->clock_calls + jumps[i];
		m->trouble.jump_us = 3600000000u;
		scenario_run(&s, m);
		if (s.prepared == 0 && s.committed == 0 && s.verified == 0)
			expect_sound(&s);
		else
			expect_untouched(&s);
		scenario_free(&s);
	}
}

/* Less and less of our own memory: an outcome, not an accident. */
static void test_arena_used_up(void **state)
{
	bool refused = false, accepted = false;

	(void)state;
	for (size_t left = 0; left < 40 * MODEL_PAGE; left += MODEL_PAGE) {
		struct model *m = busy_machine();
		struct scenario s;

		memset(&s, 0, sizeof(s));
		scenario_plan_with(&s, m, left);
		if (s.plan.commit)
			scenario_take_over(&s);
		if (s.prepared == 0 && s.committed == 0 && s.verified == 0) {
			accepted = true;
			expect_sound(&s);
		} else {
			refused = true;
			expect_untouched(&s);
		}
		scenario_free(&s);
	}
	assert_true(refused && accepted);
}

static void test_journal_used_up(void **state)
{
	(void)state;
	for (size_t size = 0; size <= 256; size += 8) {
		struct model *m = busy_machine();
		struct scenario s;

		scenario_plan(&s, m);
		s.journal.size = size;
		scenario_take_over(&s);
		if (s.prepared) {
			assert_int_equal(s.prepared, QT_E_NOMEM);
			expect_untouched(&s);
		} else {
			expect_sound(&s);
		}
		scenario_free(&s);
	}
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
	expect_untouched(&s);
	scenario_free(&s);
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
		cmocka_unit_test(test_common_case_takes_one_store_per_domain),
		cmocka_unit_test(test_every_level_count),
		cmocka_unit_test(test_neighbours_in_the_same_tables),
		cmocka_unit_test(test_crash_region_not_aligned_to_superpages),
		cmocka_unit_test(test_emptied_tables_and_stale_caches),
		cmocka_unit_test(test_wholly_emptied_subtree_is_replaced_at_its_top),
		cmocka_unit_test(test_no_superpages),
		cmocka_unit_test(test_2m_pages_only),
		cmocka_unit_test(test_caching_mode),
		cmocka_unit_test(test_domain_id_0),
		cmocka_unit_test(test_write_buffers_caches_and_queues),
		cmocka_unit_test(test_queue_is_left_as_found),
		cmocka_unit_test(test_version_6_without_a_running_queue),
		cmocka_unit_test(test_domain_shared_by_devices),
		cmocka_unit_test(test_two_units),
		cmocka_unit_test(test_domain_shared_by_units),
		cmocka_unit_test(test_one_unit_off),
		cmocka_unit_test(test_pass_through),
		cmocka_unit_test(test_identity_domain),
		cmocka_unit_test(test_part_of_the_crash_region_is_one_to_one),
		cmocka_unit_test(test_part_of_the_crash_region_is_read_only),
		cmocka_unit_test(test_admission),
		cmocka_unit_test(test_admission_over_remains_of_an_entry),
		cmocka_unit_test(test_admission_under_a_domain_id_that_is_still_cached),
		cmocka_unit_test(test_admission_with_few_domain_ids),
		cmocka_unit_test(test_no_domain_id_left),
		cmocka_unit_test(test_admission_with_reserved_memory),
		cmocka_unit_test(test_alias_behind_a_bridge),
		cmocka_unit_test(test_admission_of_an_alias),
		cmocka_unit_test(test_device_tlbs),
		cmocka_unit_test(test_device_tlb_of_a_virtual_function),
		cmocka_unit_test(test_device_tlb_that_does_not_answer),
		cmocka_unit_test(test_device_tlbs_that_hang_the_unit),
		cmocka_unit_test(test_crash_region_above_4g_with_a_low_part),
		cmocka_unit_test(test_too_narrow),
		cmocka_unit_test(test_no_low_memory),
		cmocka_unit_test(test_crash_region_beyond_the_units_address_width),
		cmocka_unit_test(test_low_memory_in_use),
		cmocka_unit_test(test_no_permission_on_the_way_down),
		cmocka_unit_test(test_iovas_taken),
		cmocka_unit_test(test_iovas_taken_by_what_nobody_needs),
		cmocka_unit_test(test_guard_broken),
		cmocka_unit_test(test_guard_broken_by_a_damaged_table),
		cmocka_unit_test(test_damaged_tables_of_what_is_needed),
		cmocka_unit_test(test_damaged_tables_of_what_is_not),
		cmocka_unit_test(test_damaged_context_entries),
		cmocka_unit_test(test_damaged_root_entries),
		cmocka_unit_test(test_units_that_are_not_taken_over),
		cmocka_unit_test(test_unit_that_never_answers),
		cmocka_unit_test(test_unit_that_dies_meanwhile),
		cmocka_unit_test(test_register_invalidation_that_is_not_carried_out),
		cmocka_unit_test(test_store_that_fails_is_undone),
		cmocka_unit_test(test_exception_after_each_store),
		cmocka_unit_test(test_word_that_changed_meanwhile),
		cmocka_unit_test(test_read_that_fails),
		cmocka_unit_test(test_verify_notices),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_arena_used_up),
		cmocka_unit_test(test_journal_used_up),
		cmocka_unit_test(test_many_domains),
		cmocka_unit_test(test_interrupts_are_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
