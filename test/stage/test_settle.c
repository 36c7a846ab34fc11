// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The stage's whole pipeline on the model machine. What exceptions in it lead to is in
 * test_cut_off.c.
 */
#include <machine/check.h>
#include <machine/dead.h>
#include <machine/model.h>
#include <machine/reset.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <common/settle.h>

#define CRASH_START QT_MIB(512)
#define CRASH_END   QT_MIB(528)
#define ARENA_START QT_MIB(524)
#define ARENA_END   QT_MIB(526)

#define NVME QT_RID(0, 0, 0x08)
#define NIC  QT_RID(0, 0, 0x10)
#define LOST QT_RID(0, 0, 0x18)

static const struct qt_range ram[] = {{0, 0xa0000}, {QT_MIB(1), QT_GIB(2)}};
static const struct qt_range crash[] = {{CRASH_START, CRASH_END}};

struct bench {
	struct model *m;
	struct log log;
	struct settle s;
	struct qt_range usable[8], ram[8];
	jmp_buf exception;
	unsigned changes_left; /* until one of them ends in an exception */
	uint64_t changes_seen;
};

static struct bench bench;

static void add_device(struct model *m, qt_rid rid, uint32_t class_code, uint16_t id)
{
	struct model_domain *domain = model_domain_new(m, 0, 4, id);

	model_add_function(m, rid, 0x8086, 0x10d3, class_code);
	model_map(m, domain, 0xffe00000, QT_MIB(100 + id), QT_MIB(1), QT_RW, 0);
	model_attach(m, domain, rid, 0);
}

static int setup_with(void **state, struct model_unit_config unit)
{
	struct bench *b = &bench;

	memset(b, 0, sizeof(*b));
	b->m = model_new(&(struct model_config){
		.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.arena = {ARENA_START, ARENA_END},
		.units = &unit,
		.unit_count = 1,
	});
	model_start_unit(b->m, 0);
	add_device(b->m, NVME, 0x010802, 1);
	add_device(b->m, NIC, 0x020000, 2);
	*state = b;
	return 0;
}

static int setup(void **state)
{
	return setup_with(state, model_unit_default(0xfed90000));
}

static int setup_smmu(void **state)
{
	return setup_with(state, model_smmu_default(0xfed90000));
}

static int teardown(void **state)
{
	struct bench *b = *state;

	model_free(b->m);
	return 0;
}

/* The machine crashes; from there on everything is watched. */
static void crash_it(struct bench *b, const char *command_line)
{
	struct settle *s = &b->s;

	model_crash(b->m);
	model_watch_keep(b->m);
	s->host = &b->m->host;
	s->log = &b->log;
	s->arena = b->m->arena;
	s->stage = (struct qt_range){ARENA_START, ARENA_END};
	/* Edges inside pages, which do not count. */
	b->usable[0] = (struct qt_range){0x800, 0x9fc00};
	b->usable[1] = (struct qt_range){CRASH_START - 0x7ff, CRASH_END + 1};
	s->usable = (struct qt_ranges){b->usable, 2, QT_ARRAY_SIZE(b->usable)};
	memcpy(b->ram, ram, sizeof(ram));
	s->ram = (struct qt_ranges){b->ram, QT_ARRAY_SIZE(ram), QT_ARRAY_SIZE(b->ram)};
	assert_int_equal(qt_acpi_open(&s->acpi, s->host, b->m->rsdp), 0);
	strcpy(s->command_line, command_line);
	s->command_line_limit = 2047;
	if (settle_reserve(s))
		s->hands_off = QT_WHY_NO_MEMORY;
}

static void assert_outcome(struct bench *b, enum qt_outcome outcome, enum qt_reason reason)
{
	if (b->s.outcome != outcome || b->s.reason != reason)
		fail_msg("outcome %u: %s", b->s.outcome, qt_reason_text(b->s.reason));
	if (b->m->complaints)
		fail_msg("%s", b->m->complaint);
}

static void assert_untouched(struct bench *b)
{
	b->m->on_change = NULL;
	assert_true(model_restored(b->m));
	assert_true(model_keep(b->m));
	assert_false(settle_command_line(&b->s));
}

/* What the report says was stored, against what was. */
static void assert_report(struct bench *b)
{
	struct qt_report_header header = {.exception = 0xff};
	size_t done = b->s.journal.done;
	size_t size = 0;
	const uint8_t *report = settle_report(&b->s, &header, &size);
	struct qt_report_header written;

	assert_non_null(report);
	assert_int_equal((uintptr_t)(report + size) % 4096, (uintptr_t)b->m->arena.base % 4096);
	assert_int_equal(qt_report_check(report, size), 0);
	memcpy(&written, report, sizeof(written));
	assert_int_equal(written.outcome, b->s.outcome);
	assert_int_equal(written.words_changed, b->s.begun ? done : 0);
	assert_int_equal(written.text.count, b->log.used);
	if (b->s.machine_ready) {
		assert_int_equal(written.crash_start, CRASH_START);
		assert_int_equal(written.crash_end, CRASH_END);
	}
}

static void common_case_is_committed(void **state)
{
	struct bench *b = *state;

	crash_it(b, "a=b -- c");
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_COMMITTED, QT_WHY_NONE);
	assert_string_equal(b->s.final_command_line, "a=b initcall_blacklist=pci_iommu_init -- c");
	assert_true(settle_command_line(&b->s));
	b->m->on_change = NULL;
	assert_true(model_reach(b->m, NVME, MODEL_CACHED));
	assert_true(model_reach(b->m, NIC, MODEL_CACHED));
	assert_true(model_guard(b->m));
	assert_true(model_ledger(b->m, &b->s.journal));
	assert_int_equal(b->s.machine.low.count, 1);
	assert_int_equal(b->s.machine.low.list[0].start, 0x1000);
	assert_int_equal(b->s.machine.low.list[0].end, 0x9f000);
	settle_conclude(&b->s, 3999);
	assert_string_equal(b->log.text,
		"quietus " QT_VERSION ": 1 unit, 2 requesters: 2 adopt; 2 words changed; "
		"3 ms; committed\n");
	assert_report(b);
	/* An exception after that undoes nothing. */
	settle_abandon(&b->s);
	assert_int_equal(b->s.outcome, QT_OUTCOME_COMMITTED);
}

/* Its tables are other ones, whole before anything was committed: no room is needed later. */
static void units_are_taken_out_of_the_tables(void **state)
{
	struct bench *b = *state;
	struct qt_machine machine;
	struct qt_acpi acpi;
	const uint8_t *table;
	char expected[128];
	size_t len;

	crash_it(b, "a=b");
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_COMMITTED, QT_WHY_NONE);
	b->s.arena.used = b->s.arena.size;
	assert_true(settle_command_line(&b->s));
	snprintf(expected, sizeof(expected),
		"a=b initcall_blacklist=arm_smmu_driver_init acpi_rsdp=0x%llx",
		(unsigned long long)b->s.rsdp);
	assert_string_equal(b->s.final_command_line, expected);
	assert_int_equal(qt_acpi_open(&acpi, b->s.host, b->s.rsdp), 0);
	assert_int_equal(acpi.entries, b->s.acpi.entries);
	b->m->arena.used = 0; /* all is in the stage's by now */
	assert_int_equal(qt_acpi_table(&acpi, &b->m->arena, "IORT", 0, &table, &len), 0);
	machine = (struct qt_machine){.host = b->s.host, .arena = &b->m->arena, .acpi = acpi};
	assert_int_equal(qt_machine_init(&machine), 0);
	qt_machine_discover(&machine);
	assert_int_equal(machine.unit_count, 0);
}

/* It would find the unit, and its devices would wait for it. */
static void locked_kernels_find_what_was_there(void **state)
{
	struct bench *b = *state;

	crash_it(b, "a=b");
	b->s.capture_kernel.firmware_tables_only = true;
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_STOCK, QT_WHY_LOCKED_DOWN);
	assert_untouched(b);
}

static void observing_stores_nothing(void **state)
{
	struct bench *b = *state;

	crash_it(b, "");
	b->s.mode = STAGE_OBSERVE;
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_OBSERVED, QT_WHY_ASKED_OBSERVE);
	assert_true(b->s.plan.commit);
	assert_untouched(b);
	assert_report(b);
}

static void full_command_line_prevents_the_commit(void **state)
{
	struct bench *b = *state;

	crash_it(b, "a=b");
	b->s.command_line_limit = sizeof("a=b initcall_blacklist=pci_iommu_init") - 2;
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_STOCK, QT_WHY_COMMAND_LINE_FULL);
	assert_int_equal(b->m->store_count, 0);
	assert_untouched(b);
	settle_conclude(&b->s, 0);
	assert_non_null(strstr(b->log.text, "continuing as stock kdump\n"));
	assert_report(b);
}

/* A new machine, crashed. */
static void crash_another(void **state, const char *command_line)
{
	teardown(state);
	setup(state);
	crash_it(*state, command_line);
}

static void words_for_every_command_line_are_added(void **state)
{
	static const char always[] = "memmap=2048K$0x20c00000";
	struct bench *b = *state;

	crash_it(b, "a");
	b->s.always = always;
	b->s.mode = STAGE_OBSERVE;
	settle(&b->s);
	assert_true(settle_command_line(&b->s));
	assert_string_equal(b->s.final_command_line, "a memmap=2048K$0x20c00000");

	/* No room: as it was. */
	crash_another(state, "a");
	b->s.always = always;
	b->s.mode = STAGE_OBSERVE;
	b->s.command_line_limit = 10;
	settle(&b->s);
	assert_false(settle_command_line(&b->s));

	crash_another(state, "a");
	b->s.always = always;
	settle(&b->s);
	assert_string_equal(b->s.final_command_line,
		"a memmap=2048K$0x20c00000 initcall_blacklist=pci_iommu_init");
}

/* With a disk whose IOVAs of the crash region are taken. */
static struct bench *crash_with_a_disk_lost(void **state, const char *command_line)
{
	struct bench *b = *state;
	struct model_domain *domain;

	teardown(state);
	setup(state);
	domain = model_domain_new(b->m, 0, 4, 3);
	model_add_function(b->m, LOST, 0x8086, 0x10d3, 0x010802);
	model_map(b->m, domain, CRASH_START, QT_MIB(64), QT_MIB(1), QT_RW, 0);
	model_attach(b->m, domain, LOST, 0);
	crash_it(b, command_line);
	settle(&b->s);
	return b;
}

static void only_what_is_on_the_dump_path_must_be_reached(void **state)
{
	static const char *const useless[] = {"", "quietus.path=0000:00:01.0,0000:00:03.0",
		"quietus.path=0000:00:01.0,0000:07:00.0", "quietus.path=", "quietus.path",
		"quietus.path=0000:00:01.0,nonsense", "quietus.path=0000:00:01.0 quietus.path=x"};
	struct bench *b = crash_with_a_disk_lost(state, "quietus.path=0000:00:01.0,0000:00:02.0");

	assert_outcome(b, QT_OUTCOME_COMMITTED, QT_WHY_NONE);
	assert_non_null(strstr(b->log.text, "only the dump path must be reached"));
	for (size_t i = 0; i < QT_ARRAY_SIZE(useless); i++) {
		b = crash_with_a_disk_lost(state, useless[i]);
		assert_outcome(b, QT_OUTCOME_STOCK, QT_WHY_FUNCTION_UNREACHED);
	}
	assert_non_null(strstr(b->log.text, "quietus.path="));
}

/* More than there is room for is no path. */
static void too_long_a_dump_path_is_ignored(void **state)
{
	char line[sizeof("quietus.path=") + (QT_PATH_MAX + 1) * 13];
	struct bench *b;

	strcpy(line, "quietus.path=0000:00:01.0");
	for (size_t i = 1; i < QT_PATH_MAX; i++)
		strcat(line, ",0000:00:01.0");
	b = crash_with_a_disk_lost(state, line);
	assert_outcome(b, QT_OUTCOME_COMMITTED, QT_WHY_NONE);
	strcat(line, ",0000:00:01.0");
	b = crash_with_a_disk_lost(state, line);
	assert_outcome(b, QT_OUTCOME_STOCK, QT_WHY_FUNCTION_UNREACHED);
}

static void assert_stock(struct bench *b, enum qt_reason reason)
{
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_STOCK, reason);
	assert_untouched(b);
	assert_report(b);
}

static void what_is_missing_is_a_reason(void **state)
{
	struct bench *b = *state;

	crash_it(b, "");
	b->s.hands_off = QT_WHY_VENDOR_UNSUPPORTED;
	assert_stock(b, QT_WHY_VENDOR_UNSUPPORTED);

	crash_another(state, "");
	b->s.ram.count = 0;
	assert_stock(b, QT_WHY_NO_RAM_MAP);

	crash_another(state, "");
	b->s.usable.count = 1; /* below 1 MiB alone */
	assert_stock(b, QT_WHY_NO_CRASH_REGION);

	crash_another(state, "");
	b->s.acpi.host = NULL;
	assert_stock(b, QT_WHY_FIRMWARE_BAD);
}

static void unit_that_does_not_flush_is_undone(void **state)
{
	struct bench *b = *state;

	b->m->units[0].deaf = true;
	crash_it(b, "");
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_UNDONE, QT_WHY_FLUSH_FAILED);
	assert_untouched(b);
	assert_report(b);
}

/* Ends the work in the middle, as an exception does on the bare metal. */
static void count_down(struct model *m, void *context)
{
	struct bench *b = context;
	uint64_t changes = m->store_count + m->write_backs;

	if (changes == b->changes_seen)
		return; /* a unit's doing: it cannot be left in the middle of that */
	b->changes_seen = changes;
	if (b->changes_left && --b->changes_left == 0) {
		m->in_hook = false;
		longjmp(b->exception, 1);
	}
}

/* Every function takes FLR. */
static void make_stoppable(struct bench *b)
{
	for (size_t i = 0; i < b->m->function_count; i++) {
		model_add_pcie(b->m->functions[i], QT_PCIE_ENDPOINT);
		model_add_reset(b->m->functions[i], MODEL_FLR);
	}
	model_power_on(b->m);
}

static void assert_all_stopped(struct bench *b)
{
	assert_true(b->s.machine.pci.count > 0);
	for (size_t i = 0; i < b->s.machine.pci.count; i++)
		assert_int_equal(b->s.machine.resets[i].result, QT_STOP_QUIET);
}

static void reset_stops_everything(void **state)
{
	struct bench *b = *state;

	make_stoppable(b);
	crash_it(b, "");
	b->s.mode = STAGE_RESET;
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_COMMITTED, QT_WHY_NONE);
	assert_all_stopped(b);
	settle_conclude(&b->s, 1000);
	assert_non_null(strstr(b->log.text, "2 functions stopped, 0 could not be"));
	assert_report(b);
}

/* Without an IOMMU, and without anything known of the machine but its functions. */
static void reset_needs_no_iommu(void **state)
{
	for (int firmware = 0; firmware < 2; firmware++) {
		struct bench *b = *state;

		teardown(state);
		setup(state);
		make_stoppable(b);
		crash_it(b, "");
		b->s.mode = STAGE_RESET;
		b->m->units[0].status = 0; /* GSTS: not translating */
		if (!firmware)
			b->s.acpi.host = NULL;
		settle(&b->s);
		if (!firmware)
			assert_outcome(b, QT_OUTCOME_STOCK, QT_WHY_FIRMWARE_BAD);
		assert_all_stopped(b);
		assert_report(b);
	}
}

/* In the other modes nothing is stopped that need not be. */
static void nothing_is_stopped_without_need(void **state)
{
	static const enum stage_mode modes[] = {STAGE_AUTO, STAGE_OBSERVE};

	for (size_t i = 0; i < QT_ARRAY_SIZE(modes); i++) {
		struct bench *b = *state;

		teardown(state);
		setup(state);
		make_stoppable(b);
		crash_it(b, "");
		b->s.mode = modes[i];
		settle(&b->s);
		for (size_t j = 0; j < b->s.machine.pci.count; j++)
			assert_int_equal(b->s.machine.resets[j].result, QT_STOP_NOT_TRIED);
	}
}

/* Whatever the dead kernel had a use for as well, as its own memory map tells. */
static void shared_memory_is_told_from_reservations(void **state)
{
	static const struct {
		struct qt_range usable[4];
		struct qt_range ram[4]; /* the dead kernel's */
		qt_phys stage;
		struct qt_range shared[2];
	} cases[] = {
		/* One reservation, in two pieces with something of the loader's between them. */
		{{{QT_MIB(512), QT_MIB(600)}, {QT_MIB(601), QT_MIB(768)}},
			{{QT_MIB(1), QT_MIB(512)}, {QT_MIB(768), QT_GIB(2)}}, QT_MIB(700), {{0}}},
		/* A part for 32-bit devices beside a high one. */
		{{{QT_MIB(512), QT_MIB(768)}, {QT_GIB(6), QT_GIB(7)}},
			{{QT_MIB(1), QT_MIB(512)}, {QT_MIB(768), QT_GIB(2)},
				{QT_GIB(4), QT_GIB(6)}},
			QT_GIB(6), {{0}}},
		/* A second low part is not one of the reservation's. */
		{{{QT_MIB(256), QT_MIB(300)}, {QT_MIB(512), QT_MIB(768)}, {QT_GIB(6), QT_GIB(7)}},
			{{QT_MIB(1), QT_MIB(256)}, {QT_MIB(300), QT_MIB(512)},
				{QT_MIB(768), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}},
			QT_GIB(6), {{QT_MIB(512), QT_MIB(768)}}},
		/* crashkernel=256M crashkernel=...,cma */
		{{{QT_MIB(512), QT_MIB(768)}, {QT_GIB(1), QT_GIB(1) + QT_MIB(64)},
			 {QT_GIB(5), QT_GIB(6)}},
			{{QT_MIB(1), QT_MIB(512)}, {QT_MIB(768), QT_GIB(1)},
				{QT_GIB(1) + QT_MIB(64), QT_GIB(2)}, {QT_GIB(4), QT_GIB(5)}},
			QT_MIB(600), {{QT_GIB(1), QT_GIB(1) + QT_MIB(64)}, {QT_GIB(5), QT_GIB(6)}}},
	};

	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct bench *b = *state;
		size_t shared = 0;

		teardown(state);
		setup(state);
		crash_it(b, "");
		b->s.usable.count = b->s.ram.count = 0;
		for (size_t j = 0; j < 4; j++) {
			if (cases[i].usable[j].end)
				b->usable[b->s.usable.count++] = cases[i].usable[j];
			if (cases[i].ram[j].end)
				b->ram[b->s.ram.count++] = cases[i].ram[j];
		}
		b->s.stage = (struct qt_range){cases[i].stage, cases[i].stage + QT_MIB(2)};
		b->s.mode = STAGE_OBSERVE;
		settle(&b->s);
		while (shared < 2 && cases[i].shared[shared].end)
			shared++;
		assert_int_equal(b->s.machine.shared.count, shared);
		if (shared)
			assert_memory_equal(b->s.machine.shared.list, cases[i].shared,
				shared * sizeof(struct qt_range));
	}
}

/* Then what was changed stays, but the capture kernel is told nothing of it. */
static void exception_while_undoing_leaves_the_stock_command_line(void **state)
{
	struct bench *b = *state;

	crash_it(b, "a");
	b->m->on_change = count_down;
	b->m->on_change_context = b;
	b->changes_left = 2; /* the second store, so there is one to put back */
	if (!setjmp(b->exception)) {
		settle(&b->s);
		fail_msg("no exception");
	}
	b->changes_left = 1;
	if (!setjmp(b->exception)) {
		settle_abandon(&b->s);
		fail_msg("nothing was put back");
	}
	assert_int_equal(b->s.outcome, QT_OUTCOME_UNDONE);
	assert_int_equal(b->s.reason, QT_WHY_EXCEPTION);
	assert_false(settle_command_line(&b->s));
	b->m->on_change = NULL;
	assert_true(model_keep(b->m));
	assert_report(b);
}

/* After the last store somebody else writes to what was stored. */
static void spoil_what_was_stored(struct model *m, void *context)
{
	struct bench *b = context;

	if (m->store_count == 2 && !b->changes_seen++)
		model_poke(m, m->stores[0].at, 0);
}

static void what_verify_finds_is_undone(void **state)
{
	struct bench *b = *state;

	crash_it(b, "");
	b->m->on_change = spoil_what_was_stored;
	b->m->on_change_context = b;
	settle(&b->s);
	assert_outcome(b, QT_OUTCOME_UNDONE, QT_WHY_VERIFY_FAILED);
	assert_untouched(b);
	assert_report(b);
}

static bool has_msix_on(struct bench *b)
{
	return model_function(b->m, NVME)->config[0x93] & 0x80;
}

/* Those of devices in any case; those of units once nobody is left to handle them. */
static void interrupts_are_turned_off(void **state)
{
	struct bench *b = *state;

	for (int observe = 0; observe < 2; observe++) {
		teardown(state);
		setup(state);
		model_add_msix(model_function(b->m, NVME), 0x90, true);
		b->m->units[0].fault_control = 0;
		crash_it(b, "");
		b->s.mode = observe ? STAGE_OBSERVE : STAGE_AUTO;
		settle(&b->s);
		assert_int_equal(has_msix_on(b), observe);
		assert_int_equal(b->m->units[0].fault_control >> 31, !observe);
	}
}

static void reading_has_a_limit(void **state)
{
	struct bench *b = *state;

	crash_it(b, "");
	b->m->clock_read_ns = QT_READING_LIMIT_US * 1000ull / 4;
	settle(&b->s);
	assert_int_equal(b->s.outcome, QT_OUTCOME_STOCK);
	assert_untouched(b);
}

static void any_amount_of_memory_is_enough_to_go_on(void **state)
{
	struct bench *b = *state;
	bool committed = false;

	for (size_t size = 0; size <= ARENA_END - ARENA_START; size += QT_KIB(16)) {
		model_free(b->m);
		setup(state);
		b->m->arena.size = size;
		crash_it(b, "");
		settle(&b->s);
		if (b->s.outcome == QT_OUTCOME_STOCK) {
			assert_int_equal(b->s.reason, QT_WHY_NO_MEMORY);
			assert_untouched(b);
			assert_false(committed);
		} else {
			assert_outcome(b, QT_OUTCOME_COMMITTED, QT_WHY_NONE);
			committed = true;
		}
	}
	assert_true(committed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(common_case_is_committed, setup, teardown),
		cmocka_unit_test_setup_teardown(
			units_are_taken_out_of_the_tables, setup_smmu, teardown),
		cmocka_unit_test_setup_teardown(
			locked_kernels_find_what_was_there, setup_smmu, teardown),
		cmocka_unit_test_setup_teardown(observing_stores_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			full_command_line_prevents_the_commit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			words_for_every_command_line_are_added, setup, teardown),
		cmocka_unit_test_setup_teardown(
			only_what_is_on_the_dump_path_must_be_reached, setup, teardown),
		cmocka_unit_test_setup_teardown(too_long_a_dump_path_is_ignored, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_stops_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_needs_no_iommu, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_is_stopped_without_need, setup, teardown),
		cmocka_unit_test_setup_teardown(
			shared_memory_is_told_from_reservations, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_missing_is_a_reason, setup, teardown),
		cmocka_unit_test_setup_teardown(
			unit_that_does_not_flush_is_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(
			exception_while_undoing_leaves_the_stock_command_line, setup, teardown),
		cmocka_unit_test_setup_teardown(what_verify_finds_is_undone, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts_are_turned_off, setup, teardown),
		cmocka_unit_test_setup_teardown(reading_has_a_limit, setup, teardown),
		cmocka_unit_test_setup_teardown(
			any_amount_of_memory_is_enough_to_go_on, setup, teardown),
	};

	return cmocka_run_group_tests_name("stage: settle", tests, NULL, NULL);
}
