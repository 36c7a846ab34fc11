/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SMMUv3: what its registers, entries and descriptors mean, how IORT is read, and
 * takeovers behind it. What holds for every kind of unit is in test_takeover, test_block,
 * test_stop and test_random_machines.
 */

#include <quietus/domain.h>

#include "takeover.h"

#define UNIT   0xfd000000u
#define IOVA   (QT_GIB(4) - QT_MIB(2))
#define INSIDE QT_MIB(513) /* of the crash region */

/* The NVMe has a domain, ID 5, with something mapped; the NIC has none. */
static struct model *put_in_use(struct model *m)
{
	unsigned levels = m->units[0].config.smmu.granule_lg2 > 12 ? 3 : 4;
	struct model_domain *domain = model_domain_new(m, 0, levels, 5);

	add_function(m, NVME, CLASS_NVME);
	add_function(m, NIC, CLASS_NIC);
	model_map(m, domain, IOVA, QT_MIB(100), QT_MIB(1), QT_RW, 0);
	model_attach(m, domain, NVME, 0);
	for (qt_iova at = IOVA; at < IOVA + QT_MIB(1); at += 0x1000)
		model_touch(m, NVME, at);
	return m;
}

static struct model *machine_in_use(const struct model_unit_config *unit)
{
	return put_in_use(machine_with(unit));
}

static struct model *default_machine(void)
{
	struct model_unit_config unit = model_smmu_default(UNIT);

	return machine_in_use(&unit);
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
	finish_untouched(&s);
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
		{QT_MIB(16), 33 | 8 << 6 | 1 << 16},  /* or than there can be */
		{QT_MIB(16), 16 | 7 << 6 | 1 << 16},  /* no such split */
		{QT_MIB(16), 16 | 8 << 6 | 2 << 16},  /* no such format */
		{0x1000, 16},                         /* linear, 4 MiB, and its end */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();

		m->units[0].smmu.tables = cases[i].base;
		m->units[0].smmu.tables_config = cases[i].config;
		expect_unit(m, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED);
	}
}

/* Bits of the base below the table's size, or its first level's, are ignored (IHI 0070, 6.3.24). */
static void test_stream_table_is_aligned_to_its_size(void **state)
{
	(void)state;
	for (unsigned linear = 0; linear < 2; linear++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct scenario s;
		struct model *m;

		unit.smmu.linear = linear;
		m = machine_in_use(&unit);
		m->units[0].smmu.tables += linear ? QT_MIB(1) : 0x40;
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
		finish(&s);
	}
}

/* Two that come in by the same new table, where the table is of all streams that can be. */
static void test_admissions_with_all_streams(void **state)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.smmu.streams_lg2 = 32;
	unit.smmu.split = 10;
	m = machine_with(&unit);
	add_function(m, NVME, CLASS_NVME);
	add_function(m, NIC, CLASS_NIC);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADMIT, QT_WHY_NO_ENTRY);
	expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
	finish(&s);
}

/* Entries. */

static const struct qt_requester *find_requester(const struct qt_machine *machine, qt_rid rid)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].rid == rid)
			return &machine->requesters[i];
	return NULL;
}

static void expect_nvme(struct model *m, enum qt_entry_state state, enum qt_reason reason)
{
	struct qt_machine machine;
	const struct qt_requester *nvme;

	model_crash(m);
	assert_int_equal(model_open(m, &machine), 0);
	qt_machine_find(&machine);
	nvme = find_requester(&machine, NVME);
	assert_non_null(nvme);
	if (nvme->state != state || nvme->reason != reason)
		fail_msg("state %u, reason %u", nvme->state, nvme->reason);
	assert_int_equal(m->outside_reads, 0);
	model_free(m);
}

/* Level 1 descriptors (IHI 0070, 5.1): the NVMe's stream is the 9th of its table. */
static void test_level_1_descriptors(void **state)
{
	static const struct {
		uint64_t clear, set;
		enum qt_entry_state state;
	} cases[] = {
		{0, 0x1000, QT_REQ_TRANSLATED}, /* an address below the table's size is ignored */
		{0x1f, 5, QT_REQ_TRANSLATED},   /* 16 streams */
		{0x1f, 4, QT_REQ_ABSENT},       /* 8 */
		{0x1f, 0, QT_REQ_ABSENT},       /* none */
		{0x1f, 10, QT_REQ_ABSENT},      /* more than the split has */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();

		poke_bits(m, m->units[0].smmu.tables & 0x000fffffffffffc0ull, cases[i].clear,
			cases[i].set);
		expect_nvme(m, cases[i].state, QT_WHY_NONE);
	}
}

/* A table that has entries, but none for the NIC, makes no room for another one. */
static void test_admission_behind_a_short_table(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	poke_bits(m, m->units[0].smmu.tables & 0x000fffffffffffc0ull, 0x1f, 5);
	scenario_plan(&s, m);
	assert_true(s.plan.commit);
	assert_int_equal(qt_takeover_prepare(&s.takeover), QT_E_UNSUPPORTED);
	scenario_free(&s);
}

/* What stands behind the last stream (LOG2SIZE) in its table is nobody's. */
static void test_entries_behind_the_last_stream(void **state)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct qt_machine machine;
	struct model *m;

	(void)state;
	unit.smmu.streams_lg2 = 4;
	m = machine_in_use(&unit);
	for (unsigned i = 0; i < 4; i++) {
		uint64_t word = model_peek(m, ste_of(m, NVME) + i * 8);

		model_poke(m, ste_of(m, NVME) + (NIC - NVME) * 64 + i * 8, word);
		model_poke(m, ste_of(m, NVME) + (USB - NVME) * 64 + i * 8, word);
	}
	model_crash(m);
	assert_int_equal(model_open(m, &machine), 0);
	qt_machine_find(&machine);
	assert_int_equal(find_requester(&machine, NVME)->state, QT_REQ_TRANSLATED);
	assert_int_equal(find_requester(&machine, NIC)->state, QT_REQ_ABSENT);
	assert_null(find_requester(&machine, USB)); /* it has no function either */
	model_free(m);
}

/* A word of the drive's entry (0 to 3) or of its context descriptor (8 to 11) is changed. */
struct changed_word {
	unsigned word;
	uint64_t clear, set;
	enum qt_entry_state state;
	enum qt_reason reason;
};

static void expect_changed(struct model *m, const struct changed_word *changed)
{
	qt_phys at = changed->word < 8 ? ste_of(m, NVME) + changed->word * 8
				       : cd_of(m, NVME) + (changed->word - 8) * 8;

	poke_bits(m, at, changed->clear, changed->set);
	expect_nvme(m, changed->state, changed->reason);
}

static void test_entries_and_descriptors(void **state)
{
	static const struct changed_word cases[] = {
		{0, 0, 0, QT_REQ_TRANSLATED, QT_WHY_NONE},
		{0, 1, 0, QT_REQ_ABSENT, QT_WHY_NONE},
		{0, 7 << 1, 0, QT_REQ_BLOCKED, QT_WHY_NONE},
		{0, 7 << 1, 3 << 1, QT_REQ_BLOCKED, QT_WHY_NONE},
		{0, 7 << 1, 4 << 1, QT_REQ_PASSTHROUGH, QT_WHY_NONE},
		/* A unit without substreams does not look at how many, nor in what tables. */
		{0, 0, 1ull << 59, QT_REQ_TRANSLATED, QT_WHY_NONE},
		{0, 0, 1ull << 59 | 1 << 4, QT_REQ_TRANSLATED, QT_WHY_NONE},
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
		/* Attributes of tables not looked at; nothing but memory that is not cached. */
		{9, 0, 1 << 1, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
		{11, UINT64_MAX, 0x44, QT_REQ_TRANSLATED, QT_WHY_NONE},
		/* No attribute for memory. */
		{11, UINT64_MAX, 0, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++)
		expect_changed(default_machine(), &cases[i]);
}

static void test_stage2_entries(void **state)
{
	static const struct changed_word cases[] = {
		{0, 0, 0, QT_REQ_TRANSLATED, QT_WHY_NONE},
		{0, 0, 7 << 1, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED},
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

		unit.smmu.stage2 = true;
		expect_changed(machine_in_use(&unit), &cases[i]);
	}
}

/* A unit that has both stages can have both in one entry. */
static void test_nested_entry(void **state)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct model *m;

	(void)state;
	unit.smmu.stage2 = true;
	m = machine_in_use(&unit);
	m->units[0].config.smmu.stage2 = false;
	poke_bits(m, ste_of(m, NVME), 0, 7 << 1);
	expect_nvme(m, QT_REQ_UNSUPPORTED, QT_WHY_NESTED);
}

/* Refused, also where it lets DMA without a substream pass. */
static void test_entry_for_a_stage_that_is_not_there(void **state)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct model *m;

	(void)state;
	unit.smmu.stage2 = true;
	unit.smmu.substreams = 6;
	m = machine_in_use(&unit);
	model_poke(m, ste_of(m, NVME), 6ull << 59 | 5 << 1 | 1);
	poke_bits(m, ste_of(m, NVME) + 8, 3, 1);
	expect_nvme(m, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
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
		m = machine_in_use(&unit);
		at = ste_of(m, NVME) + 8;
		poke_bits(m, at, 3, dss);
		expect_nvme(m, states[dss], dss ? QT_WHY_NONE : QT_WHY_ENTRY_UNSUPPORTED);
	}
}

/* S1CDMax and S1Fmt where there are substreams (IHI 0070, 5.2). */
static void test_tables_of_descriptors(void **state)
{
	static const struct {
		uint64_t set;
		enum qt_entry_state state;
		enum qt_reason reason;
	} cases[] = {
		{1ull << 59, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED}, /* 7 bits of them, of 6 */
		{3 << 4, QT_REQ_TRANSLATED, QT_WHY_NONE},           /* reserved: one level */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct model *m;

		unit.smmu.substreams = 6;
		m = machine_in_use(&unit);
		poke_bits(m, ste_of(m, NVME), 0, cases[i].set);
		expect_nvme(m, cases[i].state, cases[i].reason);
	}
}

/* A leaf may become a table in one store only where the unit says so, whoever made the tables. */
static void test_break_before_make(void **state)
{
	(void)state;
	for (uint8_t level = 0; level <= 2; level++) {
		struct model_unit_config config = model_smmu_default(UNIT);
		struct scenario s;
		struct qt_geometry made;
		const struct qt_unit *unit;

		config.smmu.bbm = level;
		scenario_plan(&s, machine_in_use(&config));
		unit = &s.machine.units[0];
		assert_int_equal(unit->ops->geometry(unit, QT_GIB(4), &made), 0);
		assert_int_equal(made.break_before_make, level < 2);
		for (size_t i = 0; i < s.machine.domain_count; i++)
			assert_int_equal(
				s.machine.domains[i].table.geometry.break_before_make, level < 2);
		assert_int_equal(s.machine.domain_count, 1);
		finish_untouched(&s);
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

static int count_fault(void *context, const struct qt_unit_fault *fault)
{
	size_t *count = context;

	assert_int_equal(fault->rid, NIC);
	++*count;
	return QT_OK;
}

static void test_faults_of_a_unit_with_one_page(void **state)
{
	(void)state;
	for (unsigned one_page = 0; one_page < 2; one_page++) {
		struct model_unit_config config = model_smmu_default(UNIT);
		struct qt_machine machine;
		struct qt_unit *unit;
		struct model *m;
		size_t count = 0;

		config.smmu.one_page = one_page;
		m = machine_in_use(&config);
		model_build_acpi(m);
		model_record_fault(m, &m->units[0], NIC);
		model_crash(m);
		assert_int_equal(model_open(m, &machine), 0);
		qt_machine_find(&machine);
		unit = &machine.units[0];
		assert_int_equal(unit->ops->faults(&machine, unit, count_fault, &count), 0);
		assert_int_equal(count, 1);
		unit->ops->forget_faults(&machine, unit);
		assert_int_equal(m->units[0].smmu.event_consumer, m->units[0].smmu.event_producer);
		assert_int_equal(m->complaints, 0);
		model_free(m);
	}
}

/* A unit that does not snoop, and says in IDR0 that it does: firmware knows how it is wired. */
static void test_coherence_is_what_firmware_says(void **state)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct scenario s;

	(void)state;
	unit.coherent = false;
	unit.smmu.says_coherent = true;
	run_sound(&s, machine_in_use(&unit));
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
	finish(&s);
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
		/* Inner shareable; tagged with the ASID. */
		assert_int_equal(leaf_at(m, &s.machine, rid, INSIDE) >> 8 & 3, 3);
		assert_true(leaf_at(m, &s.machine, rid, INSIDE) >> 11 & 1);
		assert_int_equal(leaf_at(m, &s.machine, rid, MODEL_DOORBELL) >> 2 & 7, 2);
	}
	finish(&s);
}

/* The NVMe's entry after a change of one word, as for a unit whose CR2 is this. */
static struct qt_unit_entry entry_after(
	struct model *m, qt_phys at, uint64_t clear, uint64_t set, uint32_t cr2)
{
	struct qt_unit_entry entry;
	struct qt_reader reader;
	struct scenario s;
	struct qt_unit unit;

	poke_bits(m, at, clear, set);
	scenario_plan(&s, m);
	unit = s.machine.units[0];
	unit.tables[1] = cr2;
	reader = qt_machine_reader(&s.machine, 16);
	assert_int_equal(unit.ops->entry(&unit, &reader, NVME, &entry), 0);
	scenario_free(&s);
	return entry;
}

/* What entries say of how their tables are read, and of the flags in leaves. */
static void test_how_tables_are_read(void **state)
{
	struct model_unit_config second = model_smmu_default(UNIT);
	struct qt_unit_entry entry;
	struct model *m = default_machine();

	(void)state;
	entry = entry_after(m, cd_of(m, NVME), 0, 0, 0);
	assert_true(entry.table.geometry.coherent);
	assert_false(entry.table.geometry.accessed_dirty);
	m = default_machine();
	entry = entry_after(m, cd_of(m, NVME), 3 << 8, 0, 0); /* IR0: not cached */
	assert_false(entry.table.geometry.coherent);
	m = default_machine();
	entry = entry_after(m, cd_of(m, NVME), 0, 1ull << 35, 0); /* AFFD */
	assert_true(entry.table.geometry.accessed_dirty);
	/* StreamWorld EL2 has ASIDs and two halves with E2H only. */
	m = default_machine();
	entry = entry_after(m, ste_of(m, NVME) + 8, 3ull << 30, 2ull << 30, 1);
	assert_int_equal(entry.state, QT_REQ_TRANSLATED);
	/* Stage 2, 40 bits from level 1: two tables in a row. */
	second.smmu.stage2 = true;
	m = machine_in_use(&second);
	entry = entry_after(m, ste_of(m, NVME) + 16, 0xffull << 32, 24ull << 32 | 1ull << 38, 0);
	assert_int_equal(entry.state, QT_REQ_TRANSLATED);
	assert_int_equal(entry.table.geometry.levels, 3);
	assert_int_equal(entry.table.geometry.root_lg2, 1);
}

/* Leaf tables of descriptors of 64 KiB: an ASID that only the 101st of 256 has. */
static void test_ids_in_large_tables_of_descriptors(void **state)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	const qt_phys cds = QT_MIB(300);
	struct scenario s;
	struct model *m;

	(void)state;
	unit.smmu.substreams = 8;
	unit.smmu.cd_two_levels = true;
	m = machine_in_use(&unit);
	for (unsigned i = 0; i < 8; i++)
		model_poke(m, cds + i * 8,
			model_peek(m, (model_peek(m, cd_of(m, NVME)) & ~0xfffull) + i * 8));
	model_poke(m, cds + 100 * 64, 0xffffull << 48 | 1ull << 31);
	model_poke(m, cd_of(m, NVME), cds | 1);
	poke_bits(m, ste_of(m, NVME), 3 << 4, 2 << 4);
	model_cold(m);
	run_sound(&s, m);
	assert_int_equal(scenario_requester(&s, NIC)->domain_id, 0xfffe);
	finish(&s);
}

/* Bits of a root's address below its size are ignored, and addresses end where entries say. */
static void test_roots_and_widths(void **state)
{
	(void)state;
	for (unsigned stage2 = 0; stage2 < 2; stage2++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct qt_machine machine;
		struct scenario s;
		struct model *m;

		unit.smmu.stage2 = stage2;
		m = machine_in_use(&unit);
		poke_bits(m, stage2 ? ste_of(m, NVME) + 24 : cd_of(m, NVME) + 8, 0, 0x800);
		model_cold(m);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		finish(&s);

		m = machine_in_use(&unit);
		poke_bits(m, stage2 ? ste_of(m, NVME) + 16 : cd_of(m, NVME),
			stage2 ? 7ull << 48 : 7ull << 32, stage2 ? 1ull << 48 : 1ull << 32);
		model_crash(m);
		assert_int_equal(model_open(m, &machine), 0);
		qt_machine_find(&machine);
		assert_int_equal(machine.domain_count, 1);
		assert_int_equal(machine.domains[0].table.geometry.output_bits, 36);
		model_free(m);
	}
}

/* A VMID that only tags what a first stage translates is in use, too. */
static void test_ids_of_first_stages(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	model_poke(m, ste_of(m, NVME) + 16, 0xffff);
	run_sound(&s, m);
	assert_int_equal(scenario_requester(&s, NIC)->domain_id, 0xfffe);
	finish(&s);
}

/* Stalls: as entries say, never, always (IDR0.STALL_MODEL). */
static void test_stalls(void **state)
{
	(void)state;
	for (uint8_t stalls = 0; stalls <= 2; stalls++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct scenario s;
		struct model *m;

		unit.smmu.stalls = stalls;
		m = machine_in_use(&unit);
		run_sound(&s, m);
		expect_decision(&s, NIC, QT_ADMIT, QT_WHY_NO_ENTRY);
		assert_int_equal(model_peek(m, ste_of(m, NIC) + 8) >> 27 & 1, stalls == 0);
		finish(&s);
	}
}

/*
 * What no translation tells: what is refused is recorded, CPUs do not invalidate it, and
 * tables are read through the caches only where the unit snoops.
 */
static void test_new_entries(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct scenario s;
		struct model *m;
		uint64_t cached, walks;

		unit.coherent = bits & 1;
		unit.smmu.stage2 = bits & 2;
		m = machine_in_use(&unit);
		run_sound(&s, m);
		cached = model_peek(m, ste_of(m, NIC) + 8) >> 2 & 0x3f; /* S1CIR, S1COR, S1CSH */
		if (unit.smmu.stage2) {
			walks = model_peek(m, ste_of(m, NIC) + 16) >> 40 & 0x3f;
			assert_true(model_peek(m, ste_of(m, NIC) + 16) >> 58 & 1); /* S2R */
		} else {
			walks = model_peek(m, cd_of(m, NIC)) >> 8 & 0x3f;
			assert_int_equal(cached, unit.coherent ? 0x35 : 0);
			/* R, A, ASET */
			assert_int_equal(model_peek(m, cd_of(m, NIC)) >> 45 & 7, 7);
		}
		assert_int_equal(walks, unit.coherent ? 0x35 : 0x20); /* IR, OR, SH */
		finish(&s);
	}
}

static int keep_store(void *context, const struct qt_store *store)
{
	struct qt_store *kept = context;

	*kept = *store;
	return QT_OK;
}

/* Not "abort", which would refuse DMA without an event: it could not be seen going on. */
static void test_blocked_entries_are_not_valid(void **state)
{
	struct qt_store kept = {.after = 1};
	struct qt_unit_change change = {.rid = NVME, .add = keep_store, .context = &kept};
	struct scenario s;

	(void)state;
	scenario_plan(&s, default_machine());
	change.machine = &s.machine;
	change.unit = &s.machine.units[0];
	assert_int_equal(change.unit->ops->block(&change), 0);
	assert_int_equal(kept.at, ste_of(s.m, NVME));
	assert_int_equal(kept.after, 0);
	scenario_free(&s);
}

/*
 * A crash region with a part below 1 MiB, which begins and ends in the middle of large pages,
 * and one that ends `over` a page. The NVMe's domain has a page below 1 MiB, so all there are
 * entries of one table.
 */
static struct model *machine_with_parts(uint8_t granule_lg2, bool stage2, uint64_t over)
{
	const uint64_t page = 1ull << granule_lg2;
	const struct qt_range crash[] = {
		{MODEL_PAGE, 0xa0000 - MODEL_PAGE}, {QT_MIB(512), QT_MIB(513) + over}};
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct model *m;

	unit.smmu.stage2 = stage2;
	unit.smmu.granule_lg2 = granule_lg2;
	m = put_in_use(machine_new((struct model_config){
		.crash = crash, .crash_count = 2, .units = &unit, .unit_count = 1}));
	model_map(m, m->dead->domains[0], 2 * page, QT_MIB(300), page, QT_RW, 0);
	return m;
}

static uint64_t reached_at(struct model *m, qt_rid rid, qt_iova iova)
{
	struct model_translation t;

	return model_translate(m, rid, iova, MODEL_WALK, &t) ? 0 : t.phys;
}

/* Below 1 MiB what is no whole page is left out; above, nothing can be taken over. */
static void test_crash_region_with_parts_of_pages(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		const uint8_t granule_lg2 = n & 1 ? 14 : 16;
		const uint64_t page = 1ull << granule_lg2, last_page = 0xa0000 - 2 * page;
		struct model *m = machine_with_parts(granule_lg2, n & 2, 0);
		struct scenario s;

		run_sound(&s, m);
		for (qt_rid rid = NVME; rid <= NIC; rid += NIC - NVME) {
			assert_int_equal(reached_at(m, rid, page), page);
			assert_int_equal(reached_at(m, rid, last_page), last_page);
			assert_int_equal(reached_at(m, rid, page - 8), 0);
			assert_int_equal(reached_at(m, rid, last_page + page), 0);
		}
		finish(&s);
		expect_refusal(machine_with_parts(granule_lg2, n & 2, MODEL_PAGE), QT_LEAVE,
			QT_WHY_PARTS_OF_PAGES);
	}
}

/* Runs of pages with the contiguous hint (DDI 0487, D8.7.1), by granule. */
static const struct {
	uint8_t granule_lg2, levels;
	unsigned pages;
} runs[] = {{12, 4, 16}, {14, 3, 128}, {16, 3, 32}};

#define RUN_MAX 128

/* A machine with NVMe and display, and a run in each one's domain, at IOVAs given. */
static struct model *machine_with_runs(
	unsigned n, bool stage2, qt_iova nvme, qt_iova display, qt_phys phys)
{
	const uint64_t page = 1ull << runs[n].granule_lg2;
	const struct qt_range crash = {QT_MIB(512), QT_MIB(520) + 4 * page};
	struct model_unit_config unit = model_smmu_default(UNIT);
	const qt_iova at[] = {nvme, display};
	const qt_rid rids[] = {NVME, DISPLAY};
	struct model *m;

	unit.smmu.stage2 = stage2;
	unit.smmu.granule_lg2 = runs[n].granule_lg2;
	m = machine_new((struct model_config){
		.crash = &crash, .crash_count = 1, .units = &unit, .unit_count = 1});
	for (unsigned i = 0; i < 2; i++) {
		struct model_domain *domain =
			model_domain_new(m, 0, runs[n].levels, (uint16_t)(5 + i));

		add_function(m, rids[i], i ? CLASS_DISPLAY : CLASS_NVME);
		model_map(m, domain, at[i], i ? phys : QT_MIB(200), runs[n].pages * page, QT_RW, 0);
		for (unsigned slot = 0; slot < runs[n].pages; slot++)
			poke_bits(m, model_table_entry(m, domain, at[i] + slot * page, 0), 0,
				1ull << 52);
		model_attach(m, domain, rids[i], 0);
		model_touch(m, rids[i], at[i]);
	}
	return m;
}

static void read_run(struct model *m, unsigned n, unsigned domain, qt_iova at, uint64_t *words)
{
	for (unsigned i = 0; i < runs[n].pages; i++)
		words[i] = model_peek(m, model_table_entry(m, m->dead->domains[domain],
						 at + ((qt_iova)i << runs[n].granule_lg2), 0));
}

/* Beside the capture mapping, in the same table: left as it is, hints and all. */
static void test_contiguous_runs_stay(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 2 * QT_ARRAY_SIZE(runs); n++) {
		struct model *m =
			machine_with_runs(n / 2, n & 1, QT_MIB(524), QT_GIB(3), QT_MIB(300));
		uint64_t before[RUN_MAX], after[RUN_MAX];
		struct scenario s;

		read_run(m, n / 2, 0, QT_MIB(524), before);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		read_run(m, n / 2, 0, QT_MIB(524), after);
		assert_memory_equal(before, after, runs[n / 2].pages * sizeof(uint64_t));
		finish(&s);
	}
}

/* A run of which four pages lead into the crash region goes as a whole: it is one leaf. */
static void test_contiguous_runs_are_cut_whole(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 2 * QT_ARRAY_SIZE(runs); n++) {
		struct model *m =
			machine_with_runs(n / 2, n & 1, QT_GIB(3), QT_GIB(3), QT_MIB(520));
		uint64_t words[RUN_MAX];
		struct scenario s;

		run_sound(&s, m);
		expect_decision(&s, DISPLAY, QT_FENCE, QT_WHY_GUARD_BROKEN);
		read_run(m, n / 2, 1, QT_GIB(3), words);
		for (unsigned i = 0; i < runs[n / 2].pages; i++)
			assert_int_equal(words[i] & 1, 0);
		read_run(m, n / 2, 0, QT_GIB(3), words);
		for (unsigned i = 0; i < runs[n / 2].pages; i++)
			assert_int_equal(words[i] >> 52 & 1, 1);
		finish(&s);
	}
}

/* Whether the last flush had this command among its own. */
static bool was_told(const struct scenario *s, uint8_t command)
{
	const uint64_t *queue = s->machine.flush_page;

	for (size_t i = 0; i < QT_FLUSH_PAGE_SIZE / 16; i++)
		if ((queue[2 * i] & 0xff) == command)
			return true;
	return false;
}

/* What a hypervisor's tables left is tagged apart; a unit that has none refuses the command. */
static void test_translations_of_a_hypervisor_are_flushed(void **state)
{
	(void)state;
	for (int hyp = 0; hyp < 2; hyp++) {
		struct model_unit_config unit = model_smmu_default(0xfed90000);
		struct model *m;
		struct scenario s;

		unit.smmu.hyp = hyp;
		m = machine_in_use(&unit);
		run_sound(&s, m);
		assert_true(was_told(&s, 0x30));           /* CMD_TLBI_NSNH_ALL (IHI 0070, 4.4) */
		assert_int_equal(was_told(&s, 0x20), hyp); /* CMD_TLBI_EL2_ALL */
		finish(&s);
	}
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

/* What the dead kernel had queued is run before its queue is stopped. */
static void test_commands_left_in_the_queue(void **state)
{
	uint64_t flushes[2];

	(void)state;
	for (unsigned left = 0; left < 2; left++) {
		struct model *m = default_machine();
		struct model_smmu *unit = &m->units[0].smmu;
		struct scenario s;

		unit->producer = unit->consumer = 0;
		model_poke(m, unit->commands & 0x000fffffffffffe0ull, 0x30);
		scenario_plan(&s, m);
		if (left) {
			unit->producer = 1;
			unit->fetch_ns = m->clock_ns + 50000000; /* under way */
		}
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		assert_int_equal(qt_takeover_commit(&s.takeover), 0);
		flushes[left] = m->units[0].iotlb_invalidations;
		assert_string_equal(m->complaint, "");
		scenario_free(&s);
	}
	assert_int_equal(flushes[1], flushes[0] + 1);
}

/* What else CR0 has on, here the page request queue and checks of ATS, stays on. */
static void test_other_controls_stay(void **state)
{
	struct model *m = default_machine();
	struct model_smmu *unit = &m->units[0].smmu;
	uint32_t control = unit->control | 1 << 1 | 1 << 4;
	struct scenario s;

	(void)state;
	unit->control = unit->acknowledged = control;
	run_sound(&s, m);
	assert_int_equal(unit->acknowledged, control);
	finish(&s);
}

/* Its own queue is no larger than the unit takes; where no run would fit nothing is changed. */
static void test_small_command_queues(void **state)
{
	(void)state;
	for (uint8_t lg2 = 2; lg2 <= 4; lg2++) {
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct scenario s;
		struct model *m;

		unit.smmu.commands_lg2 = lg2;
		m = machine_in_use(&unit);
		scenario_run(&s, m);
		assert_string_equal(m->complaint, "");
		assert_int_equal(s.committed, lg2 < 3 ? QT_E_UNSUPPORTED : 0);
		if (lg2 < 3) {
			finish_untouched(&s);
			continue;
		}
		expect_sound(&s);
		finish(&s);
	}
}

/* The unit waits for a device, and its queue with it: that is left alone from then on. */
static void test_device_tlb_that_hangs_the_queue(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	model_add_pcie(model_function(m, NVME), QT_PCIE_ENDPOINT);
	model_add_ats(model_function(m, NVME));
	model_function(m, NVME)->ats_silent = true;
	poke_bits(m, ste_of(m, NVME) + 8, 0, 1 << 28);
	scenario_run(&s, m);
	assert_int_equal(s.committed, QT_E_TIMEOUT);
	finish_untouched(&s);
}

/* A device with ATS: its TLB is flushed; one that does not answer is passed over. */
static void test_device_tlbs(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct model *m = default_machine();
		qt_phys at = ste_of(m, NVME) + 8;
		bool deaf = bits & 1,
		     split = bits & 2; /* EATS: of both stages, or the first only */
		struct scenario s;

		model_add_pcie(model_function(m, NVME), QT_PCIE_ENDPOINT);
		model_add_ats(model_function(m, NVME));
		model_function(m, NVME)->ats_deaf = deaf;
		poke_bits(m, at, 0, split ? 2 << 28 : 1 << 28);
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
		m = machine_in_use(&unit);
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

/* Any word that leads to a translation, given any value. */
static void test_damage_anywhere(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 150; seed++) {
		struct model_random random = {.state = seed};
		struct model_unit_config unit = model_smmu_default(UNIT);
		struct scenario s;
		struct model *m;
		qt_phys at;

		unit.smmu.stage2 = seed & 1;
		unit.smmu.linear = seed & 2;
		unit.smmu.substreams = seed & 4 ? 6 : 0;
		unit.smmu.granule_lg2 = runs[seed % QT_ARRAY_SIZE(runs)].granule_lg2;
		m = machine_in_use(&unit);
		at = model_random_chance(&random, 50) || unit.smmu.stage2 ? ste_of(m, NVME)
									  : cd_of(m, NVME);
		if (!unit.smmu.linear && model_random_chance(&random, 20))
			at = m->units[0].smmu.tables & 0x000fffffffffffc0ull;
		at += 8 * model_random_below(&random, 4);
		model_poke(m, at,
			model_random_chance(&random, 50)
				? model_random_next(&random)
				: model_peek(m, at) ^ 1ull << model_random_below(&random, 64));
		model_cold(m);
		scenario_run(&s, m);
		scenario_undo(&s);
		finish_untouched(&s);
	}
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

/* What is found with so many bytes of the IORT changed, or what is wrong with it. */
static void find_with_iort(struct model *m, struct qt_machine *machine, qt_phys at, uint64_t value,
	unsigned width, enum qt_reason problem)
{
	model_write(m, at, &value, width);
	fix_sum(m, m->iort);
	model_crash(m);
	assert_int_equal(model_open(m, machine), 0);
	qt_machine_find(machine);
	if (machine->problem != problem)
		fail_msg("%llx in byte %llu: %s", (unsigned long long)value,
			(unsigned long long)(at - m->iort), qt_reason_text(machine->problem));
	assert_int_equal(m->outside_reads, 0);
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
		struct qt_machine machine;

		model_build_acpi(m);
		find_with_iort(m, &machine, m->iort + cases[i].at, cases[i].value, cases[i].width,
			cases[i].problem);
		model_free(m);
	}
}

/* A mapping of a single ID has no count. */
static void test_single_mapping(void **state)
{
	static const uint32_t count = 7, flags = 1;
	struct model *m = default_machine();
	struct qt_machine machine;

	(void)state;
	model_build_acpi(m);
	model_write(m, m->iort + 160 + 44, &count, sizeof(count));
	model_write(m, m->iort + 160 + 56, &flags, sizeof(flags));
	fix_sum(m, m->iort);
	model_crash(m);
	assert_int_equal(model_open(m, &machine), 0);
	qt_machine_find(&machine);
	assert_int_equal(machine.scopes[0].last, machine.scopes[0].rid);
	model_free(m);
}

/* Address of the model's node for reserved memory, which is the last. */
static qt_phys reserved_node(struct model *m)
{
	uint32_t len = (uint32_t)(model_peek(m, m->iort) >> 32);

	return m->iort + len - 68;
}

/* RMR: what it says, for streams that no function stands for (a named component's), too. */
static void test_reserved_memory_of_iort(void **state)
{
	static const struct {
		unsigned at, width; /* in the node: 28 is a range, 48 its mapping */
		uint64_t value;
		enum qt_reason problem;
		qt_rid rid;
		struct qt_range range;
	} cases[] = {
		{28, 8, 0x7d000000, QT_WHY_NONE, NIC, {0x7d000000, 0x7d800000}},
		/* To suit every granule. */
		{28, 8, 0x7d001000, QT_WHY_NONE, NIC, {0x7d000000, 0x7d810000}},
		{36, 8, 1, QT_WHY_NONE, NIC, {0x7d000000, 0x7d010000}},
		{48 + 8, 4, 0x18, QT_WHY_NONE, QT_RID(0xff00, 0, 0x18), {0x7d000000, 0x7d800000}},
		{48 + 8, 4, 0x1000000, QT_WHY_VENDOR_UNSUPPORTED, 0, {0, 0}},
		{20, 4, 3, QT_WHY_FIRMWARE_BAD, 0, {0, 0}}, /* ranges behind the node */
		{20, 4, 0xffffffff, QT_WHY_FIRMWARE_BAD, 0, {0, 0}},
		{24, 4, 0xfffffff0, QT_WHY_FIRMWARE_BAD, 0, {0, 0}},
		{28, 8, UINT64_MAX - 0xfff, QT_WHY_FIRMWARE_BAD, 0, {0, 0}},
		{36, 8, 0, QT_WHY_FIRMWARE_BAD, 0, {0, 0}},
		{36, 8, UINT64_MAX, QT_WHY_FIRMWARE_BAD, 0, {0, 0}},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model *m = default_machine();
		struct qt_machine machine;

		/* Streams of NVMe and NIC alone have functions. */
		model_claim(m, 0, NVME, false);
		model_claim(m, 0, NIC, false);
		model_reserve(m, NIC, 0x7d000000, 0x7d800000);
		model_build_acpi(m);
		find_with_iort(m, &machine, reserved_node(m) + cases[i].at, cases[i].value,
			cases[i].width, cases[i].problem);
		if (!machine.problem) {
			assert_int_equal(machine.reserved_count, 1);
			assert_int_equal(machine.reserved[0].rid, cases[i].rid);
			assert_int_equal(machine.reserved[0].last, cases[i].rid);
			assert_int_equal(machine.reserved[0].range.start, cases[i].range.start);
			assert_int_equal(machine.reserved[0].range.end, cases[i].range.end);
		}
		model_free(m);
	}
}

/* A device tree being written: structure and strings. */
struct blob {
	uint8_t structure[4096], strings[512], all[8192];
	uint32_t len, strings_len;
};

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void word(struct blob *b, uint32_t value)
{
	put32(b->structure + b->len, value);
	b->len += 4;
}

static void bytes(struct blob *b, const void *data, size_t len)
{
	memcpy(b->structure + b->len, data, len);
	b->len += (uint32_t)(len + 3) & ~3u;
}

static void node(struct blob *b, const char *name)
{
	word(b, QT_DT_BEGIN_NODE);
	bytes(b, name, strlen(name) + 1);
}

static void end(struct blob *b)
{
	word(b, QT_DT_END_NODE);
}

static void property(struct blob *b, const char *name, const void *data, size_t len)
{
	word(b, QT_DT_PROPERTY);
	word(b, (uint32_t)len);
	word(b, b->strings_len);
	bytes(b, data, len);
	memcpy(b->strings + b->strings_len, name, strlen(name) + 1);
	b->strings_len += (uint32_t)strlen(name) + 1;
}

static void cells(struct blob *b, const char *name, const uint32_t *values, size_t count)
{
	uint8_t data[64];

	for (size_t i = 0; i < count; i++)
		put32(data + 4 * i, values[i]);
	property(b, name, data, 4 * count);
}

#define CELLS(b, name, ...)                                                                        \
	cells(b, name, (const uint32_t[]){__VA_ARGS__},                                            \
		sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static void compatible(struct blob *b, const char *what)
{
	property(b, "compatible", what, strlen(what) + 1);
}

/* What differs in device trees; NULL: it is not there. */
struct words {
	const char *bus, *unit; /* what each says of coherence */
	const char *status;     /* the unit's */
	const char *registers;  /* what it says of them */
	const char *other;      /* what another node is compatible with */
	const char *messages;   /* the bridge's property, if any, that says where they go */
	uint32_t controller;    /* by its phandle */
};

/* Phandles. */
enum { UNIT_NODE = 7, ITS_NODE = 8, OTHER_NODE = 9 };

static void empty_property(struct blob *b, const char *name)
{
	if (name)
		property(b, name, "", 0);
}

static void say_where_messages_go(struct blob *b, struct words words)
{
	if (!words.messages)
		return;
	if (!strcmp(words.messages, "msi-parent"))
		CELLS(b, "msi-parent", words.controller, 0);
	else
		CELLS(b, words.messages, 0, ITS_NODE, 0, 0x10, 0x10, words.controller, 0x10,
			0xfff0);
}

/* The unit, a host bridge whose buses 1 to 255 go through it, an ITS; as QEMU has them. */
static void write_nodes(struct blob *b, uint32_t count, uint32_t mask, struct words words)
{
	node(b, "");
	empty_property(b, words.bus);
	CELLS(b, "#address-cells", 2);
	CELLS(b, "#size-cells", 2);
	node(b, "pcie@10000000");
	CELLS(b, "iommu-map", 0, UNIT_NODE, 0, 8, 0x10, UNIT_NODE, 0x10, count);
	CELLS(b, "iommu-map-mask", mask);
	say_where_messages_go(b, words);
	end(b);
	node(b, "smmuv3@fd000000");
	compatible(b, "arm,smmu-v3");
	CELLS(b, "reg", 0, UNIT, 0, 0x20000);
	CELLS(b, "phandle", UNIT_NODE);
	empty_property(b, words.unit);
	empty_property(b, words.registers);
	if (words.status)
		property(b, "status", words.status, strlen(words.status) + 1);
	end(b);
	if (words.other) {
		node(b, "other@fd800000");
		compatible(b, words.other);
		CELLS(b, "reg", 0, 0xfd800000, 0, 0x1000);
		CELLS(b, "phandle", OTHER_NODE);
		end(b);
	}
	node(b, "its@fe800000");
	compatible(b, "arm,gic-v3-its");
	CELLS(b, "reg", 0, MODEL_ITS, 0, 0x20000);
	CELLS(b, "phandle", ITS_NODE);
	end(b);
	end(b);
	word(b, QT_DT_END);
}

static void finish_blob(struct blob *b, struct qt_dt *dt)
{
	uint32_t strings = 56 + b->len;
	const uint32_t header[] = {0xd00dfeed, strings + b->strings_len, 56, strings, 40, 17, 16, 0,
		b->strings_len, b->len};

	memset(b->all, 0, 56);
	for (size_t i = 0; i < QT_ARRAY_SIZE(header); i++)
		put32(b->all + 4 * i, header[i]);
	memcpy(b->all + 56, b->structure, b->len);
	memcpy(b->all + strings, b->strings, b->strings_len);
	assert_int_equal(qt_dt_open(dt, b->all, strings + b->strings_len), 0);
}

/* Without its doorbells, messages would go nowhere once it was taken over. */
static void test_madt_that_cannot_be_read(void **state)
{
	struct model *m = default_machine();
	struct qt_machine machine;

	(void)state;
	model_build_acpi(m);
	model_write(m, m->madt, "XXXX", 4);
	model_crash(m);
	assert_int_equal(model_open(m, &machine), 0);
	qt_machine_find(&machine);
	assert_int_equal(machine.problem, QT_WHY_FIRMWARE_BAD);
	model_free(m);
}

/* Finds what a device tree has, where ACPI has no unit. */
static void find_by_tree(struct qt_machine *machine, struct model **made, uint32_t count,
	uint32_t mask, struct words words, uint32_t damage)
{
	static struct blob b;
	static struct qt_dt dt;
	struct model *m = *made = default_machine();

	b = (struct blob){.len = 0};
	write_nodes(&b, count, mask, words);
	if (damage)
		put32(b.structure + damage, 0xffffffff);
	finish_blob(&b, &dt);
	model_add_function(m, USB, 0x1b4b, 0x9120, 0x010601); /* sends as function 1 */
	model_build_acpi(m);
	model_write(m, m->iort, "XXXX", 4); /* another table, for all that ACPI says */
	model_crash(m);
	assert_int_equal(model_open(m, machine), 0);
	machine->device_tree = &dt;
	qt_machine_find(machine);
}

static const struct words coherent = {.unit = "dma-coherent"};

/* The nearest word counts, and without one a unit does not snoop. */
static void test_coherence_in_a_device_tree(void **state)
{
	static const struct {
		struct words words;
		bool coherent;
	} cases[] = {
		{{.unit = "dma-coherent"}, true},
		{{.bus = "dma-coherent"}, true},
		{{.bus = "dma-coherent", .unit = "dma-noncoherent"}, false},
		{{.bus = "dma-noncoherent", .unit = "dma-coherent"}, true},
		{{.bus = NULL}, false},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct qt_machine machine;
		struct model *m;

		find_by_tree(&machine, &m, 0xfff0, 0xffff, cases[i].words, 0);
		assert_int_equal(machine.unit_count, 1);
		assert_int_equal(machine.units[0].coherent, cases[i].coherent);
		model_free(m);
	}
}

/* Units that are switched off, units of another kind, and frames of a GICv2. */
static void test_other_nodes_of_a_device_tree(void **state)
{
	static const struct {
		struct words words;
		enum qt_reason problem;
		size_t units, doorbells;
	} cases[] = {
		{{.status = "okay", .other = "vendor,other"}, QT_WHY_NONE, 1, 1},
		{{.status = "disabled"}, QT_WHY_NONE, 0, 0},
		{{.other = "arm,mmu-500"}, QT_WHY_VENDOR_UNSUPPORTED, 1, 0},
		{{.other = "arm,smmu-v2"}, QT_WHY_VENDOR_UNSUPPORTED, 1, 0},
		{{.other = "arm,gic-v2m-frame"}, QT_WHY_NONE, 1, 2},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct qt_machine machine;
		struct model *m;

		find_by_tree(&machine, &m, 0xfff0, 0xffff, cases[i].words, 0);
		assert_int_equal(machine.problem, cases[i].problem);
		assert_int_equal(machine.unit_count, cases[i].units);
		assert_int_equal(machine.doorbells.count, cases[i].doorbells);
		if (cases[i].doorbells == 2) /* in whole pages of any granule */
			assert_int_equal(machine.doorbells.list[0].start, 0xfd800000);
		model_free(m);
	}
}

static void test_registers_in_a_device_tree(void **state)
{
	static const char *const registers[] = {NULL, "cavium,cn9900-broken-page1-regspace"};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(registers); i++) {
		struct words words = coherent;
		struct qt_machine machine;
		struct model *m;

		words.registers = registers[i];
		find_by_tree(&machine, &m, 0xfff0, 0xffff, words, 0);
		assert_int_equal(machine.units[0].one_page, i == 1);
		model_free(m);
	}
}

/* Messages that go where nothing is mapped for them would be lost. */
static void test_where_messages_go(void **state)
{
	static const struct {
		const char *messages, *other;
		uint32_t controller;
		enum qt_reason problem;
	} cases[] = {
		{"msi-parent", NULL, ITS_NODE, QT_WHY_NONE},
		{"msi-map", NULL, ITS_NODE, QT_WHY_NONE},
		{"msi-parent", "arm,gic-v2m-frame", OTHER_NODE, QT_WHY_NONE},
		{"msi-map", "arm,gic-v2m-frame", OTHER_NODE, QT_WHY_NONE},
		{"msi-parent", "arm,gic-v3", OTHER_NODE, QT_WHY_DOORBELL_UNSUPPORTED},
		{"msi-map", "arm,gic-v3", OTHER_NODE, QT_WHY_DOORBELL_UNSUPPORTED},
		{"msi-parent", NULL, 0, QT_WHY_DOORBELL_UNSUPPORTED},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct words words = coherent;
		struct qt_machine machine;
		struct model *m;

		words.other = cases[i].other;
		words.messages = cases[i].messages;
		words.controller = cases[i].controller;
		find_by_tree(&machine, &m, 0xfff0, 0xffff, words, 0);
		assert_int_equal(machine.problem, cases[i].problem);
		model_free(m);
	}
}

static void test_device_tree(void **state)
{
	struct qt_machine machine;
	struct model *m;

	(void)state;
	find_by_tree(&machine, &m, 0xfff0, 0xffff, coherent, 0);
	assert_int_equal(machine.problem, 0);
	assert_int_equal(machine.unit_count, 1);
	assert_int_equal(machine.units[0].registers, UNIT);
	assert_int_equal(machine.scope_count, 2);
	assert_int_equal(machine.scopes[1].rid, 0x10);
	assert_int_equal(machine.scopes[1].last, 0xffff);
	assert_int_equal(machine.doorbells.count, 1);
	assert_int_equal(machine.doorbells.list[0].start, MODEL_DOORBELL);
	assert_int_equal(machine.doorbells.list[0].end, MODEL_DOORBELL_END);
	/* The NVMe, 8, is outside both maps: its stream has no function. */
	for (size_t i = 0; i < machine.requester_count; i++)
		if (machine.requesters[i].state == QT_REQ_TRANSLATED)
			assert_int_equal(machine.requesters[i].rid, QT_RID(0xff00, 0, 8));
	model_free(m);
	/* More than there are, and functions that share a stream. */
	find_by_tree(&machine, &m, 0xffffffff, 0xfff8, coherent, 0);
	assert_int_equal(machine.scopes[1].last, 0xffff);
	for (size_t i = 0; i < machine.pci.count; i++)
		assert_int_equal(machine.pci.functions[i].alias & 7, 0);
	model_free(m);
}

/* Any word of the tree damaged: an error or none, but nothing out of bounds. */
static void test_damaged_device_tree(void **state)
{
	struct qt_machine machine;
	struct model *m;

	(void)state;
	for (uint32_t at = 4; at < 300; at += 4) {
		find_by_tree(&machine, &m, 0xfff0, 0xffff, coherent, at);
		assert_true(machine.unit_count <= 1);
		assert_int_equal(m->outside_reads, 0);
		model_free(m);
	}
}

static void test_interrupts_are_masked(void **state)
{
	struct model *m = default_machine();
	struct scenario s;

	(void)state;
	run_sound(&s, m);
	assert_int_not_equal(m->units[0].smmu.interrupts, 0);
	s.machine.units[0].ops->mask_interrupts(&s.machine, &s.machine.units[0]);
	assert_int_equal(m->units[0].smmu.interrupts, 0);
	finish(&s);
}

/* Domains in use. */

static void expect_at(struct model *m, qt_rid rid, qt_iova iova, qt_phys phys)
{
	struct model_translation t;

	assert_int_equal(model_translate(m, rid, iova, MODEL_CACHED, &t), 0);
	assert_int_equal(t.phys, phys);
	assert_int_equal(t.perms, QT_RW);
}

/* The root of a domain of ours is shared: what maps more gets one of its own. */
static void map_in_admitted_domain(bool stage2)
{
	struct model_unit_config unit = model_smmu_default(UNIT);
	struct qt_page_pool pool;
	struct qt_pages pages;
	struct qt_range list[16];
	struct qt_live live;
	struct scenario s;
	struct model *m;
	qt_phys root;

	unit.smmu.stage2 = stage2;
	m = machine_in_use(&unit);
	run_sound(&s, m);
	s.machine.deadline_us = 0;
	assert_int_equal(qt_page_pool_init(&pool, &m->arena, MODEL_PAGE, 8), 0);
	pages = qt_page_pool_pages(&pool);
	assert_int_equal(
		qt_live_adopt(&live, &s.machine, (size_t)scenario_requester(&s, NIC)->domain,
			&pages, list, QT_ARRAY_SIZE(list)),
		0);
	root = live.table.root;
	expect_at(m, NIC, INSIDE, INSIDE);
	assert_int_equal(qt_live_map(&live, IOVA, QT_MIB(200), MODEL_PAGE, QT_RW), 0);
	assert_int_not_equal(live.table.root, root);
	assert_int_equal(qt_live_flush(&live), 0);
	expect_at(m, NIC, IOVA, QT_MIB(200));
	expect_at(m, NIC, INSIDE, INSIDE);
	expect_at(m, NVME, IOVA, QT_MIB(100));
	assert_string_equal(m->complaint, "");
	scenario_free(&s);
}

static void test_root_of_an_admitted_domain_is_copied(void **state)
{
	(void)state;
	map_in_admitted_domain(false);
	map_in_admitted_domain(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_of_a_unit),
		cmocka_unit_test(test_stream_tables_that_cannot_be),
		cmocka_unit_test(test_stream_table_is_aligned_to_its_size),
		cmocka_unit_test(test_admissions_with_all_streams),
		cmocka_unit_test(test_level_1_descriptors),
		cmocka_unit_test(test_admission_behind_a_short_table),
		cmocka_unit_test(test_entries_behind_the_last_stream),
		cmocka_unit_test(test_entries_and_descriptors),
		cmocka_unit_test(test_stage2_entries),
		cmocka_unit_test(test_nested_entry),
		cmocka_unit_test(test_entry_for_a_stage_that_is_not_there),
		cmocka_unit_test(test_dma_without_substream),
		cmocka_unit_test(test_coherence_is_what_firmware_says),
		cmocka_unit_test(test_faults_of_a_unit_with_one_page),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_how_tables_are_read),
		cmocka_unit_test(test_ids_in_large_tables_of_descriptors),
		cmocka_unit_test(test_roots_and_widths),
		cmocka_unit_test(test_ids_of_first_stages),
		cmocka_unit_test(test_stalls),
		cmocka_unit_test(test_new_entries),
		cmocka_unit_test(test_blocked_entries_are_not_valid),
		cmocka_unit_test(test_crash_region_with_parts_of_pages),
		cmocka_unit_test(test_contiguous_runs_stay),
		cmocka_unit_test(test_contiguous_runs_are_cut_whole),
		cmocka_unit_test(test_queue_is_put_back),
		cmocka_unit_test(test_commands_left_in_the_queue),
		cmocka_unit_test(test_other_controls_stay),
		cmocka_unit_test(test_small_command_queues),
		cmocka_unit_test(test_device_tlb_that_hangs_the_queue),
		cmocka_unit_test(test_device_tlbs),
		cmocka_unit_test(test_ids_of_substreams),
		cmocka_unit_test(test_streams_without_function),
		cmocka_unit_test(test_damage_anywhere),
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_tables_of_descriptors),
		cmocka_unit_test(test_break_before_make),
		cmocka_unit_test(test_damaged_iort),
		cmocka_unit_test(test_single_mapping),
		cmocka_unit_test(test_reserved_memory_of_iort),
		cmocka_unit_test(test_madt_that_cannot_be_read),
		cmocka_unit_test(test_device_tree),
		cmocka_unit_test(test_coherence_in_a_device_tree),
		cmocka_unit_test(test_other_nodes_of_a_device_tree),
		cmocka_unit_test(test_registers_in_a_device_tree),
		cmocka_unit_test(test_where_messages_go),
		cmocka_unit_test(test_damaged_device_tree),
		cmocka_unit_test(test_translations_of_a_hypervisor_are_flushed),
		cmocka_unit_test(test_interrupts_are_masked),
		cmocka_unit_test(test_root_of_an_admitted_domain_is_copied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
