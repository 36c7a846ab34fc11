/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What fits into the memory that a stage has, and whose interrupts end, on the model machine. */
#include <common/settle.h>
#include <machine/check.h>
#include <machine/dead.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quietus/stage_header.h>

/* Of the stage's memory, what its image and its bss take at most. */
#define IMAGE_SIZE QT_KIB(160)
#define ARENA_SIZE (QT_STAGE_MEMORY_SIZE - IMAGE_SIZE)

#define DEVICES     256
#define CRASH_START QT_MIB(1280)
#define CRASH_SIZE  QT_MIB(256)
#define BESIDE      QT_MIB(1100) /* an IOVA in the crash region's gigabyte */

#define CLASS_NIC 0x020000

struct run {
	struct model *m;
	struct settle *settle;
	struct log log;
	struct qt_range ram[MODEL_RANGES_MAX];
	struct qt_range usable[1];
};

static struct model *machine_with(const struct model_unit_config *unit, uint64_t crash_size)
{
	static const struct qt_range ram[] = {{0, QT_GIB(3)}, {QT_GIB(4), QT_GIB(8)}};
	const struct qt_range crash[] = {{CRASH_START, CRASH_START + crash_size}};
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.arena = {CRASH_START + IMAGE_SIZE, CRASH_START + QT_STAGE_MEMORY_SIZE},
		.units = unit,
		.unit_count = 1});

	model_start_unit(m, 0);
	return m;
}

/* Everything the architecture's part of a stage sets. */
static void open_run(struct run *run, struct model *m)
{
	struct settle *s = run->settle = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(m->arena.size, ARENA_SIZE);
	run->m = m;
	memset(&run->log, 0, sizeof(run->log));
	model_crash(m);
	s->host = &m->host;
	s->log = &run->log;
	s->arena = m->arena;
	s->usable = (struct qt_ranges){run->usable, 1, 1};
	run->usable[0] = m->crash[0];
	s->ram = (struct qt_ranges){run->ram, 0, MODEL_RANGES_MAX};
	for (size_t i = 0; i < m->ram_count; i++)
		assert_int_equal(qt_ranges_add(&s->ram, m->ram[i].start, m->ram[i].end), 0);
	assert_int_equal(qt_ranges_remove(&s->ram, m->crash[0].start, m->crash[0].end), 0);
	s->ecams = QT_ARRAY_SIZE(s->ecam);
	s->stage = (struct qt_range){CRASH_START, CRASH_START + QT_STAGE_MEMORY_SIZE};
	s->command_line_limit = 2047;
	assert_int_equal(settle_reserve(s), 0);
	assert_int_equal(qt_acpi_open(&s->acpi, &m->host, m->rsdp), 0);
	assert_int_equal(qt_acpi_mcfg(&s->acpi, &s->arena, s->ecam, &s->ecams), 0);
}

static void run_stage(struct run *run, struct model *m)
{
	open_run(run, m);
	settle(run->settle);
}

/* Nothing that was live is different, and GUARD, LEDGER and, for a few, REACH hold. */
static void expect_committed(struct run *run, const char *what)
{
	struct settle *s = run->settle;
	struct model *m = run->m;

	if (s->outcome != QT_OUTCOME_COMMITTED)
		fail_msg("%s: %s (%s)", what, qt_reason_text(s->reason), qt_error_name(s->error));
	print_message("%-44s %4zu of %zu KiB, %zu stores\n", what, s->arena.used >> 10,
		s->arena.size >> 10, s->journal.stores);
	model_keep(m);
	model_guard(m);
	model_ledger(m, &s->journal);
	for (size_t i = 0; i < s->machine.requester_count; i += 85)
		model_reach(m, s->machine.requesters[i].rid, MODEL_WALK);
	assert_string_equal(m->complaint, "");
}

static void expect_untouched(struct run *run, enum qt_reason reason)
{
	if (run->settle->outcome != QT_OUTCOME_STOCK || run->settle->reason != reason)
		fail_msg("outcome %u: %s", run->settle->outcome,
			qt_reason_text(run->settle->reason));
	assert_int_equal(run->m->store_count, 0);
	model_restored(run->m);
	model_keep(run->m);
	assert_string_equal(run->m->complaint, "");
}

/* The report must have room for whatever there was room to do. */
static void finish(struct run *run)
{
	struct qt_report_header header = {0};
	size_t size = 0;
	const uint8_t *report = settle_report(run->settle, &header, &size);

	assert_non_null(report);
	assert_int_equal(qt_report_check(report, size), 0);
	model_free(run->m);
	free(run->settle);
}

/* Device `i`: 256 of them on eight buses. */
static qt_rid device(unsigned i)
{
	return QT_RID(0, i / 32, i % 32 << 3);
}

static struct model_domain *add_device(struct model *m, unsigned i, unsigned levels)
{
	struct model_domain *domain = model_domain_new(m, 0, levels, (uint16_t)(i + 1));

	model_add_function(m, device(i), 0x8086, 0x10d3, CLASS_NIC);
	model_map(m, domain, QT_GIB(4) - QT_KIB(64), QT_MIB(100) + i * QT_KIB(64), QT_KIB(16),
		QT_RW, 0);
	model_attach(m, domain, device(i), 0);
	return domain;
}

static void test_a_domain_for_each_of_256_devices(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = machine_with(&unit, CRASH_SIZE);
	struct run run;

	(void)state;
	for (unsigned i = 0; i < DEVICES; i++)
		add_device(m, i, 4);
	run_stage(&run, m);
	expect_committed(&run, "256 domains");
	assert_int_equal(m->store_count, DEVICES);
	finish(&run);
}

static void test_live_translations_in_the_same_gigabyte(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = machine_with(&unit, CRASH_SIZE);
	struct run run;

	(void)state;
	for (unsigned i = 0; i < DEVICES; i++)
		model_map(m, add_device(m, i, 3 + i % 2), BESIDE, QT_MIB(200), 0x1000, QT_RW, 0);
	run_stage(&run, m);
	expect_committed(&run, "256 domains, neighbours");
	assert_int_equal(m->store_count, DEVICES * (CRASH_SIZE >> 21));
	finish(&run);
}

/* A table that was used and is not any more, for each 2 MiB of the crash region. */
static void leave_empty_tables(struct model *m, struct model_domain *domain)
{
	for (qt_iova at = CRASH_START; at < CRASH_START + CRASH_SIZE; at += QT_MIB(2)) {
		model_map(m, domain, at, QT_MIB(200), 0x1000, QT_RW, 0);
		model_unmap(m, domain, at, 0x1000);
	}
}

static void test_emptied_tables_beside_live_translations(void **state)
{
	(void)state;
	for (int superpages = 1; superpages >= 0; superpages--) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct model *m;
		struct run run;

		unit.large_2m = unit.large_1g = superpages;
		m = machine_with(&unit, CRASH_SIZE);
		for (unsigned i = 0; i < DEVICES; i++) {
			struct model_domain *domain = add_device(m, i, 4);

			model_map(m, domain, BESIDE, QT_MIB(200), 0x1000, QT_RW, 0);
			leave_empty_tables(m, domain);
		}
		run_stage(&run, m);
		expect_committed(&run, superpages ? "256 domains, neighbours, emptied tables"
						  : "the same without superpages");
		assert_int_equal(m->store_count, DEVICES * (CRASH_SIZE >> 21));
		finish(&run);
	}
}

static void test_no_superpages(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m;
	struct run run;

	(void)state;
	unit.large_2m = unit.large_1g = false;
	m = machine_with(&unit, CRASH_SIZE);
	for (unsigned i = 0; i < DEVICES; i++)
		add_device(m, i, 4);
	run_stage(&run, m);
	expect_committed(&run, "256 domains without superpages");
	finish(&run);
}

/* Each bus needs a context table of our own. */
static void test_256_buses_without_entries(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = machine_with(&unit, CRASH_SIZE);
	struct run run;

	(void)state;
	for (unsigned bus = 0; bus < 256; bus++)
		model_add_function(m, QT_RID(0, bus, 8), 0x8086, 0x10d3, CLASS_NIC);
	run_stage(&run, m);
	expect_committed(&run, "256 buses without entries");
	finish(&run);
}

/* More than 2 MiB of tables of our own: no accident, but no takeover either. */
static void test_what_cannot_fit(void **state)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m;
	struct run run;

	(void)state;
	unit.large_2m = unit.large_1g = false;
	m = machine_with(&unit, QT_GIB(1) + QT_MIB(512));
	for (unsigned i = 0; i < 16; i++)
		add_device(m, i, 4);
	run_stage(&run, m);
	expect_untouched(&run, QT_WHY_NO_MEMORY);
	finish(&run);
}

/* Interrupts end whatever is decided, unless nothing may be changed. */
static void test_interrupts_end_in_every_mode_but_observe(void **state)
{
	static const struct {
		enum stage_mode mode;
		bool acpi;
		uint8_t hands_off;
		enum qt_outcome outcome;
		bool quiet;
	} cases[] = {
		{STAGE_AUTO, true, 0, QT_OUTCOME_COMMITTED, true},
		{STAGE_AUTO, false, 0, QT_OUTCOME_STOCK, true},
		{STAGE_AUTO, true, QT_WHY_VENDOR_UNSUPPORTED, QT_OUTCOME_STOCK, false},
		{STAGE_OBSERVE, true, 0, QT_OUTCOME_OBSERVED, false},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model_unit_config unit = model_unit_default(0xfed90000);
		struct model *m = machine_with(&unit, QT_MIB(16));
		struct model_function *function;
		struct run run;

		add_device(m, 1, 4);
		function = model_function(m, device(1));
		model_add_intx(function);
		model_add_msix(function, 0x50, true);
		open_run(&run, m);
		run.settle->mode = cases[i].mode;
		run.settle->hands_off = cases[i].hands_off;
		if (!cases[i].acpi)
			run.settle->acpi.host = NULL;
		settle(run.settle);
		assert_int_equal(run.settle->outcome, cases[i].outcome);
		assert_int_equal(m->pci_writes, cases[i].quiet ? 2 : 0);
		assert_int_equal(function->config[0x53] >> 7, !cases[i].quiet);
		assert_string_equal(m->complaint, "");
		finish(&run);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_domain_for_each_of_256_devices),
		cmocka_unit_test(test_live_translations_in_the_same_gigabyte),
		cmocka_unit_test(test_emptied_tables_beside_live_translations),
		cmocka_unit_test(test_no_superpages),
		cmocka_unit_test(test_256_buses_without_entries),
		cmocka_unit_test(test_what_cannot_fit),
		cmocka_unit_test(test_interrupts_end_in_every_mode_but_observe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
