/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SMMUv3: what its registers, entries and descriptors mean, how IORT is read, and
 * takeovers behind it. What holds for every kind of unit is in test_block, test_stop
 * and test_random_machines.
 */
#include <machine/kind.h>
#include <machine/scenario.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "expect.h"

#define NVME QT_RID(0, 0, 0x08)
#define NIC  QT_RID(0, 0, 0x10)

#define CLASS_NVME 0x010802
#define CLASS_NIC  0x020000

#define UNIT   0xfd000000u
#define IOVA   (QT_GIB(4) - QT_MIB(2))
#define INSIDE QT_MIB(513) /* of the crash region */

static const struct qt_range ram[] = {{0, 0xa0000}, {QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}};
static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};

static struct model *machine_with(const struct model_unit_config *unit)
{
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.units = unit,
		.unit_count = 1});

	model_start_unit(m, 0);
	model_add_function(m, NVME, 0x8086, 1, CLASS_NVME);
	model_add_function(m, NIC, 0x8086, 2, CLASS_NIC);
	return m;
}

/* The NVMe has a domain, ID 5, with something mapped; the NIC has none. */
static struct model *machine_of(const struct model_unit_config *unit)
{
	struct model *m = machine_with(unit);
	struct model_domain *domain = model_domain_new(m, 0, 4, 5);

	model_map(m, domain, IOVA, QT_MIB(100), QT_MIB(1), QT_RW, 0);
	model_attach(m, domain, NVME, 0);
	for (qt_iova at = IOVA; at < IOVA + QT_MIB(1); at += 0x1000)
		model_touch(m, NVME, at);
	return m;
}

static struct model *default_machine(void)
{
	struct model_unit_config unit = model_smmu_default(UNIT);

	return machine_of(&unit);
}

static qt_phys ste_of(struct model *m, qt_rid rid)
{
	return model_context_entry(m, 0, rid);
}

static qt_phys cd_of(struct model *m, qt_rid rid)
{
	return model_peek(m, ste_of(m, rid)) & 0x000fffffffffffc0ull;
}

/* Registers. */

static void expect_unit(struct model *m, enum qt_unit_state state, enum qt_reason reason)
{
	struct scenario s;

	scenario_plan(&s, m);
	assert_int_equal(s.opened, 0);
	assert_int_equal(s.machine.unit_count, 1);
	assert_int_equal(s.machine.units[0].state, state);
	assert_int_equal(s.machine.units[0].reason, reason);
	assert_int_equal(s.plan.commit, state == QT_UNIT_OFF || state == QT_UNIT_TRANSLATING);
	expect_untouched(&s);
	scenario_free(&s);
}

static void test_states_of_a_unit(void **state)
{
	struct model *m = default_machine();

	(void)state;
	expect_unit(m, QT_UNIT_TRANSLATING, QT_WHY_NONE);
	m = default_machine();
	m->units[0].smmu.control = m->units[0].smmu.acknowledged = MODEL_SMMU_COMMANDS;
	expect_unit(m, QT_UNIT_OFF, QT_WHY_UNIT_OFF);
	m = default_machine();
	m->units[0].smmu.control = m->units[0].smmu.acknowledged = 0;
	m->units[0].smmu.gbpa = 1 << 20;
	expect_unit(m, QT_UNIT_UNSUPPORTED, QT_WHY_ABORT_MODE);
	m = default_machine();
	m->units[0].smmu.error = 1 << 8;
	expect_unit(m, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
	m = default_machine();
	m->units[0].all_ones = true;
	expect_unit(m, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
}

static void test_stream_tables_that_cannot_be(void **state)
{
	static const struct {
		uint64_t base;
		uint32_t config;
	} cases[] = {
		{QT_GIB(3), 16 | 8 << 6 | 1 << 16},   /* outside RAM */
		{QT_MIB(512), 16 | 8 << 6 | 1 << 16}, /* in the crash region */
		{QT_MIB(16), 17 | 8 << 6 | 1 << 16},  /* more streams than there are */
		{QT_MIB(16), 16 | 7 << 6 | 1 << 16},  /* no such split */
		{QT_MIB(16), 16 | 8 << 6 | 2 << 16},  /* no such format */
		{QT_MIB(512) - 0x1000, 16},           /* linear, 4 MiB, and its end */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();

		m->units[0].smmu.tables = cases[i].base;
		m->units[0].smmu.tables_config = cases[i].config;
		expect_unit(m, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED);
	}
}

/* Entries. */

static void expect_nvme(struct model *m, enum qt_entry_state state, enum qt_reason reason)
{
	struct qt_machine machine;
	const struct qt_requester *nvme = NULL;

	model_crash(m);
	assert_int_equal(model_open(m, &machine), 0);
	qt_machine_find(&machine);
	for (size_t i = 0; i < machine.requester_count; i++)
		if (machine.requesters[i].rid == NVME)
			nvme = &machine.requesters[i];
	assert_non_null(nvme);
	if (nvme->state != state || nvme->reason != reason)
		fail_msg("state %u, reason %u", nvme->state, nvme->reason);
	assert_int_equal(m->outside_reads, 0);
	model_free(m);
}

/* One word of the entry (0 to 3) or of the context descriptor (8 to 11) changed. */
static void test_entries_and_descriptors(void **state)
{
	static const struct {
		unsigned word;
		uint64_t clear, set;
		enum qt_entry_state state;
		enum qt_reason reason;
	} cases[] = {
		{0, 0, 0, QT_REQ_TRANSLATED, QT_WHY_NONE},
		{0, 1, 0, QT_REQ_ABSENT, QT_WHY_NONE},
		{0, 7 << 1, 0, QT_REQ_BLOCKED, QT_WHY_NONE},
		{0, 7 << 1, 3 << 1, QT_REQ_BLOCKED, QT_WHY_NONE},
		{0, 7 << 1, 4 << 1, QT_REQ_PASSTHROUGH, QT_WHY_NONE},
		/* Substreams that there are not. */
		{0, 0, 1ull << 59, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		/* A descriptor outside RAM. */
		{0, 0x000fffffffffffc0, QT_GIB(3), QT_REQ_DAMAGED, QT_WHY_GUARD_UNKNOWN},
		/* StreamWorld EL2; privileged whatever the device says. */
		{1, 3ull << 30, 2ull << 30, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{1, 0, 3ull << 48, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{8, 1u << 31, 0, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		/* Widths: 24 and 56 bits; a granule that the unit does not have. */
		{8, 0x3f, 40, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		{8, 0x3f, 8, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		{8, 3 << 6, 1 << 6, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		/* Lower half off; upper half on; big-endian; 32-bit format. */
		{8, 0, 1 << 14, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{8, 1 << 30, 0, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{8, 0, 1 << 15, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{8, 1ull << 41, 0, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		/* Nothing for unprivileged accesses; LPA2; a root above the output's width. */
		{9, 0, 1 << 2, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{10, 0, 1ull << 58, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{9, 0, 1ull << 50, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		/* No attribute for memory. */
		{11, UINT64_MAX, 0, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();
		qt_phys at = cases[i].word < 8 ? ste_of(m, NVME) + cases[i].word * 8
					       : cd_of(m, NVME) + (cases[i].word - 8) * 8;

		model_poke(m, at, (model_peek(m, at) & ~cases[i].clear) | cases[i].set);
		expect_nvme(m, cases[i].state, cases[i].reason);
	}
}

static void test_stage2_entries(void **state)
{
	static const struct {
		unsigned word;
		uint64_t clear, set;
		enum qt_entry_state state;
		enum qt_reason reason;
	} cases[] = {
		{0, 0, 0, QT_REQ_TRANSLATED, QT_WHY_NONE},
		{0, 0, 7 << 1, QT_REQ_UNSUPPORTED, QT_WHY_NESTED},
		{2, 1ull << 51, 0, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{2, 0, 1ull << 52, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{3, 0, 1 << 3, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		/* A level that there is not, one too few and one too many for the width. */
		{2, 3ull << 38, 3ull << 38, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		{2, 3ull << 38, 1ull << 38, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		{2, 0x3full << 32, 26ull << 32, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
		{2, 3ull << 46, 3ull << 46, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct model *m;
		qt_phys at;

		unit.smmu.stage2 = true;
		m = machine_of(&unit);
		at = ste_of(m, NVME) + cases[i].word * 8;
		model_poke(m, at, (model_peek(m, at) & ~cases[i].clear) | cases[i].set);
		expect_nvme(m, cases[i].state, cases[i].reason);
	}
}

/* What DMA without a substream does where there are substreams (S1DSS). */
static void test_dma_without_substream(void **state)
{
	static const enum qt_entry_state states[] = {
		QT_REQ_UNSUPPORTED, QT_REQ_PASSTHROUGH, QT_REQ_TRANSLATED};

	(void)state;
	for (unsigned dss = 0; dss < QT_ARRAY_SIZE(states); dss++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct model *m;
		qt_phys at;

		unit.smmu.substreams = 6;
		m = machine_of(&unit);
		at = ste_of(m, NVME) + 8;
		model_poke(m, at, (model_peek(m, at) & ~3ull) | dss);
		expect_nvme(m, states[dss], dss ? QT_WHY_NONE : QT_WHY_ENTRY_UNSUPPORTED);
	}
}

/* Takeovers. */

static uint64_t leaf_at(struct model *m, const struct qt_machine *machine, qt_rid rid, qt_iova iova)
{
	struct model_domain domain = {.levels = 4};

	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].rid == rid)
			domain.root = machine->domains[machine->requesters[i].domain].table.root;
	for (unsigned level = 3; level > 0; level--) {
		qt_phys at = model_table_entry(m, &domain, iova, level);
		uint64_t raw = model_peek(m, at);

		if ((raw & 3) == 1)
			return raw;
	}
	return model_peek(m, model_table_entry(m, &domain, iova, 0));
}

/* Crash region as memory, doorbells as registers, by what the descriptor has for each. */
static void test_attributes(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
	for (qt_rid rid = NVME; rid <= NIC; rid += NIC - NVME) {
		assert_int_equal(leaf_at(m, &s.machine, rid, INSIDE) >> 2 & 7, 1);
		assert_int_equal(leaf_at(m, &s.machine, rid, MODEL_DOORBELL) >> 2 & 7, 2);
	}
	finish(&s);
}

/* The dead kernel's queue is found where it was, empty, and as it was otherwise. */
static void test_queue_is_put_back(void **state)
{
	struct model *m = default_machine();
	struct model_smmu before = m->units[0].smmu;
	const struct model_smmu *after = &m->units[0].smmu;
	struct scenario s;

	(void)state;
	m->units[0].smmu.error = m->units[0].smmu.error_acknowledged ^ 1; /* a command failed */
	run_sound(&s, m);
	assert_int_equal(after->commands, before.commands);
	assert_int_equal(after->producer, before.producer);
	assert_int_equal(after->consumer, before.producer);
	assert_int_equal(after->control, before.control);
	assert_int_equal(after->acknowledged, before.control);
	assert_int_equal((after->error ^ after->error_acknowledged) & 1, 0);
	finish(&s);
}

/* A device with ATS: its TLB is flushed; one that does not answer is passed over. */
static void test_device_tlbs(void **state)
{
	(void)state;
	for (unsigned deaf = 0; deaf < 2; deaf++) {
		struct model *m = default_machine();
		qt_phys at = ste_of(m, NVME) + 8;
		struct scenario s;

		model_add_pcie(model_function(m, NVME), QT_PCIE_ENDPOINT);
		model_add_ats(model_function(m, NVME));
		model_function(m, NVME)->ats_deaf = deaf;
		model_poke(m, at, model_peek(m, at) | 1 << 28);
		run_sound(&s, m);
		assert_true(m->units[0].device_invalidations > 0);
		assert_int_equal(strstr(m->log, "did not flush") != NULL, deaf);
		finish(&s);
	}
}

/* An ASID that only a process's substream has is not given to a new domain. */
static void test_ids_of_substreams(void **state)
{
	(void)state;
	for (unsigned two = 0; two < 2; two++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct model *m;
		struct scenario s;
		qt_phys cds;

		unit.smmu.substreams = 6;
		unit.smmu.cd_two_levels = two;
		m = machine_of(&unit);
		cds = cd_of(m, NVME);
		if (two)
			cds = model_peek(m, cds) & ~0xfffull;
		model_poke(m, cds + 7 * 64, 0xffffull << 48 | 1ull << 31);
		run_sound(&s, m);
		assert_int_equal(scenario_requester(&s, NIC)->domain_id, 0xfffe);
		finish(&s);
	}
}

/* A stream that no function stands for is a requester all the same. */
static void test_streams_without_function(void **state)
{
	struct model *m = default_machine();
	struct scenario s;
	const struct qt_requester *found;

	(void)state;
	/* The root complex has none of them: all are other devices'. */
	model_claim(m, 0, NIC, false);
	run_sound(&s, m);
	assert_int_equal(s.machine.scope_count, 1);
	found = scenario_requester(&s, QT_RID(0xff00, 0, 0x08));
	assert_non_null(found);
	assert_int_equal(found->decision, QT_ADOPT);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_NO_UNIT);
	assert_true(s.plan.commit);
	scenario_free(&s);
}

/* Shapes of new tables. */
static void test_geometry(void **state)
{
	static const struct {
		uint32_t idr0, idr5;
		uint64_t limit;
		int error;
		uint8_t granule, levels, input;
	} cases[] = {
		{2, 5 | 7 << 4, QT_GIB(4), 0, 12, 4, 48},
		{2, 5 | 1 << 5, QT_GIB(4), 0, 14, 4, 48},
		{2, 5 | 1 << 6, QT_GIB(4), 0, 16, 3, 48},
		{2, 2 | 1 << 4, QT_GIB(1024), 0, 12, 4, 48},
		{2, 2 | 1 << 4, QT_GIB(1025), QT_E_UNSUPPORTED, 0, 0, 0},
		{2, 6 | 1 << 6 | 1 << 10, QT_GIB(1) << 22, 0, 16, 3, 52},
		{1, 5 | 7 << 4, QT_GIB(4), 0, 12, 4, 48},
		{1, 4 | 7 << 4, QT_GIB(4), 0, 12, 4, 44},
		/* Too few bits for four levels: three span 512 GiB. */
		{1, 2 | 1 << 4, QT_GIB(512), 0, 12, 3, 39},
		{1, 2 | 1 << 4, QT_GIB(513), QT_E_UNSUPPORTED, 0, 0, 0},
		{1, 0 | 1 << 4, QT_GIB(4), 0, 12, 3, 32},
		{1, 2 | 1 << 5, QT_GIB(64), 0, 14, 2, 36},
		{1, 5 | 1 << 6, QT_GIB(64), 0, 16, 3, 48},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct qt_unit unit = {
			.capability = cases[i].idr0, .extended_capability = cases[i].idr5};
		static const uint8_t bits[] = {32, 36, 40, 42, 44, 48, 52};
		struct qt_geometry g;

		unit.output_bits = bits[cases[i].idr5 & 7];
		assert_int_equal(
			qt_unit_smmuv3.geometry(&unit, cases[i].limit, &g), cases[i].error);
		if (cases[i].error)
			continue;
		assert_int_equal(g.granule_lg2, cases[i].granule);
		assert_int_equal(g.levels, cases[i].levels);
		assert_int_equal(g.input_bits, cases[i].input);
		assert_int_equal(g.index_lg2, cases[i].granule - 3);
	}
}

/* Firmware. */

static void fix_sum(struct model *m, qt_phys at)
{
	uint32_t len = (uint32_t)(model_peek(m, at) >> 32);
	uint8_t bytes[4096], sum = 0;

	m->host.read(m->host.context, at, bytes, len);
	bytes[9] = 0;
	for (uint32_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[9] = (uint8_t)-sum;
	model_write(m, at, bytes, len);
}

/* Nodes of the model's IORT: ITS at 48, the unit at 72, the root complex at 160. */
static void test_damaged_iort(void **state)
{
	static const struct {
		unsigned at, width;
		uint32_t value;
		enum qt_reason problem;
	} cases[] = {
		{36, 4, 3, QT_WHY_NONE},
		{36, 4, 4, QT_WHY_FIRMWARE_BAD},          /* a node behind the last */
		{40, 4, 0xfffffff0, QT_WHY_FIRMWARE_BAD}, /* nodes begin outside */
		{49, 2, 0, QT_WHY_FIRMWARE_BAD},          /* a node without end */
		{73, 2, 0x1000, QT_WHY_FIRMWARE_BAD},     /* one beyond the table's */
		{72, 1, 3, QT_WHY_VENDOR_UNSUPPORTED},    /* an SMMUv2 */
		{88, 4, 0xfd000001, QT_WHY_FIRMWARE_BAD}, /* registers not aligned */
		{160 + 8, 4, 2, QT_WHY_FIRMWARE_BAD},     /* a mapping behind the node */
		{160 + 8, 4, 0xffffffff, QT_WHY_FIRMWARE_BAD},
		{160 + 12, 4, 0xfffffff0, QT_WHY_FIRMWARE_BAD},
		{160 + 28, 4, 0x10000, QT_WHY_FIRMWARE_BAD},    /* no such segment */
		{160 + 40, 4, 0x10000, QT_WHY_FIRMWARE_BAD},    /* nor such functions */
		{160 + 44, 4, 0xffffffff, QT_WHY_NONE},         /* "all" */
		{160 + 48, 4, 0xffffffff, QT_WHY_FIRMWARE_BAD}, /* streams that wrap */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();
		uint32_t value = cases[i].value;
		struct qt_machine machine;

		model_build_acpi(m);
		model_write(m, m->iort + cases[i].at, &value, cases[i].width);
		fix_sum(m, m->iort);
		model_crash(m);
		assert_int_equal(model_open(m, &machine), 0);
		qt_machine_find(&machine);
		if (machine.problem != cases[i].problem)
			fail_msg("case %zu: %s", i, qt_reason_text(machine.problem));
		assert_int_equal(m->outside_reads, 0);
		model_free(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_of_a_unit),
		cmocka_unit_test(test_stream_tables_that_cannot_be),
		cmocka_unit_test(test_entries_and_descriptors),
		cmocka_unit_test(test_stage2_entries),
		cmocka_unit_test(test_dma_without_substream),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_queue_is_put_back),
		cmocka_unit_test(test_device_tlbs),
		cmocka_unit_test(test_ids_of_substreams),
		cmocka_unit_test(test_streams_without_function),
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_damaged_iort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
