/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The plan as the pure function it is: the decision table row by row, then the
 * commit rule. The machine has no host, so that anything but deciding would show.
 */
#include <quietus/takeover.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NVME    0x010802
#define NIC     0x020000
#define USB     0x0c0330
#define DISPLAY 0x030000
#define NONE    (-1) /* no function visible */

/* A machine of one unit, one requester and one domain, and room for more. */
struct fixture {
	struct qt_machine machine;
	struct qt_plan plan;
	struct qt_unit units[2];
	struct qt_requester requesters[4];
	struct qt_domain domains[2];
	struct qt_pci_function functions[4];
	struct qt_reset resets[4];
	struct qt_range ram[1];
	struct qt_range crash[2];
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	f->machine.units = f->units;
	f->machine.unit_count = 1;
	f->units[0].state = QT_UNIT_TRANSLATING;
	f->units[0].ops = f->units[1].ops = &qt_unit_vtd;
	f->machine.requesters = f->requesters;
	f->machine.domains = f->domains;
	f->machine.domain_count = 2;
	f->machine.pci.functions = f->functions;
	f->ram[0] = (struct qt_range){QT_MIB(1), QT_GIB(2)};
	f->machine.ram = (struct qt_ranges){f->ram, 1, 1};
	f->crash[0] = (struct qt_range){QT_MIB(512), QT_MIB(768)};
	f->machine.crash = (struct qt_ranges){f->crash, 1, 2};
}

static struct qt_requester *add(struct fixture *f, int32_t class_code, enum qt_entry_state state)
{
	struct qt_requester *requester = &f->requesters[f->machine.requester_count++];
	bool translated = state == QT_REQ_TRANSLATED;

	*requester = (struct qt_requester){
		.state = (uint8_t)state, .function = -1, .domain = translated ? 0 : -1};
	if (class_code != NONE) {
		struct qt_pci_function *function = &f->functions[f->machine.pci.count];

		requester->function = (int16_t)f->machine.pci.count++;
		requester->rid = QT_RID(0, 1, requester->function << 3);
		function->rid = function->alias = requester->rid;
		function->class_code = (uint32_t)class_code;
	}
	return requester;
}

/* What is found for a requester, and what is to be decided. */
struct row {
	const char *what;
	enum qt_entry_state state;
	struct qt_domain domain;
	uint8_t found_reason; /* why the entry is damaged or unsupported */
	bool no_unit;
	enum qt_decision decision;
	enum qt_reason reason;
	bool blocks;           /* as a disk */
	bool stop;             /* all that is needed is that its function can be stopped */
	enum qt_reason unsafe; /* why it blocks whatever it is, QT_WHY_NONE if it does not */
};

static const struct row rows[] = {
	{.what = "unit off",
		.state = QT_REQ_DIRECT,
		.decision = QT_DIRECT,
		.reason = QT_WHY_UNIT_OFF},
	{.what = "no unit",
		.state = QT_REQ_DIRECT,
		.no_unit = true,
		.decision = QT_DIRECT,
		.reason = QT_WHY_NO_UNIT},
	{.what = "pass-through",
		.state = QT_REQ_PASSTHROUGH,
		.decision = QT_DIRECT,
		.reason = QT_WHY_PASSTHROUGH},
	{.what = "crash region one to one already",
		.state = QT_REQ_TRANSLATED,
		.domain = {.identity = true},
		.decision = QT_DIRECT,
		.reason = QT_WHY_ALREADY_MAPPED},
	{.what = "sound, wide enough, free",
		.state = QT_REQ_TRANSLATED,
		.decision = QT_ADOPT,
		.reason = QT_WHY_FREE},
	{.what = "no entry",
		.state = QT_REQ_ABSENT,
		.decision = QT_ADMIT,
		.reason = QT_WHY_NO_ENTRY},
	{.what = "blocked",
		.state = QT_REQ_BLOCKED,
		.decision = QT_ADMIT,
		.reason = QT_WHY_BLOCKED},
	/* What stopping helps. */
	{.what = "IOVAs in use",
		.state = QT_REQ_TRANSLATED,
		.domain = {.taken = true},
		.decision = QT_LEAVE,
		.reason = QT_WHY_IOVAS_TAKEN,
		.blocks = true,
		.stop = true},
	{.what = "too narrow",
		.state = QT_REQ_TRANSLATED,
		.domain = {.too_narrow = true},
		.decision = QT_LEAVE,
		.reason = QT_WHY_TOO_NARROW,
		.blocks = true,
		.stop = true},
	{.what = "damaged",
		.state = QT_REQ_TRANSLATED,
		.domain = {.scan_error = QT_E_BAD},
		.decision = QT_LEAVE,
		.reason = QT_WHY_TABLE_DAMAGED,
		.blocks = true,
		.stop = true},
	{.what = "leads out of RAM",
		.state = QT_REQ_TRANSLATED,
		.domain = {.scan_error = QT_E_OUTSIDE},
		.decision = QT_LEAVE,
		.reason = QT_WHY_TABLE_DAMAGED,
		.blocks = true,
		.unsafe = QT_WHY_GUARD_UNKNOWN,
		.stop = true},
	{.what = "not read to its end",
		.state = QT_REQ_TRANSLATED,
		.domain = {.scan_error = QT_E_LIMIT},
		.decision = QT_LEAVE,
		.reason = QT_WHY_NO_TIME,
		.blocks = true,
		.unsafe = QT_WHY_GUARD_UNKNOWN,
		.stop = true},
	{.what = "damaged, though what was read is one to one",
		.state = QT_REQ_TRANSLATED,
		.domain = {.scan_error = QT_E_BAD, .identity = true},
		.decision = QT_LEAVE,
		.reason = QT_WHY_TABLE_DAMAGED,
		.blocks = true,
		.stop = true},
	{.what = "the way down is read-only",
		.state = QT_REQ_TRANSLATED,
		.domain = {.install_error = QT_E_BUSY},
		.decision = QT_LEAVE,
		.reason = QT_WHY_NO_PERMISSION,
		.blocks = true,
		.stop = true},
	{.what = "its pages are larger than the crash region's",
		.state = QT_REQ_TRANSLATED,
		.domain = {.install_error = QT_E_INVAL},
		.decision = QT_LEAVE,
		.reason = QT_WHY_PARTS_OF_PAGES,
		.blocks = true,
		.stop = true},
	{.what = "GUARD broken",
		.state = QT_REQ_TRANSLATED,
		.domain = {.guard_broken = true},
		.decision = QT_FENCE,
		.reason = QT_WHY_GUARD_BROKEN,
		.blocks = true,
		.stop = true},
	{.what = "GUARD broken, crash region one to one",
		.state = QT_REQ_TRANSLATED,
		.domain = {.guard_broken = true, .identity = true},
		.decision = QT_FENCE,
		.reason = QT_WHY_GUARD_BROKEN,
		.blocks = true,
		.stop = true},
	{.what = "GUARD broken, damaged, taken",
		.state = QT_REQ_TRANSLATED,
		.domain = {.guard_broken = true, .scan_error = QT_E_BAD, .taken = true},
		.decision = QT_FENCE,
		.reason = QT_WHY_GUARD_BROKEN,
		.blocks = true,
		.stop = true},
	{.what = "GUARD broken, and not read to its end",
		.state = QT_REQ_TRANSLATED,
		.domain = {.guard_broken = true, .scan_error = QT_E_OUTSIDE},
		.decision = QT_FENCE,
		.reason = QT_WHY_GUARD_BROKEN,
		.blocks = true,
		.unsafe = QT_WHY_GUARD_UNKNOWN,
		.stop = true},
	{.what = "a bus whose entries cannot be read",
		.state = QT_REQ_DAMAGED,
		.found_reason = QT_WHY_GUARD_UNKNOWN,
		.decision = QT_LEAVE,
		.reason = QT_WHY_GUARD_UNKNOWN,
		.blocks = true,
		.unsafe = QT_WHY_GUARD_UNKNOWN},
	{.what = "entry damaged",
		.state = QT_REQ_DAMAGED,
		.found_reason = QT_WHY_ENTRY_DAMAGED,
		.decision = QT_LEAVE,
		.reason = QT_WHY_ENTRY_DAMAGED,
		.blocks = true,
		.stop = true},
	{.what = "a protected region in the way",
		.state = QT_REQ_UNSUPPORTED,
		.found_reason = QT_WHY_PROTECTED_MEMORY,
		.decision = QT_LEAVE,
		.reason = QT_WHY_PROTECTED_MEMORY,
		.blocks = true},
	{.what = "unit dead",
		.state = QT_REQ_UNSUPPORTED,
		.found_reason = QT_WHY_UNIT_DEAD,
		.decision = QT_LEAVE,
		.reason = QT_WHY_UNIT_DEAD,
		.blocks = true},
};

static void plan_row(struct fixture *f, const struct row *row, int32_t class_code, unsigned flags)
{
	struct qt_requester *requester;

	start(f);
	requester = add(f, class_code, row->state);
	requester->reason = row->found_reason;
	requester->unit = row->no_unit ? UINT8_MAX : 0;
	f->domains[0] = row->domain;
	if (class_code != NONE)
		f->functions[0].flags = (uint16_t)flags;
	qt_plan(&f->machine, &f->plan);
}

static void expect(const struct fixture *f, const char *what, enum qt_decision decision,
	enum qt_reason reason, enum qt_reason plan_reason)
{
	const struct qt_requester *requester = &f->requesters[0];

	if (requester->decision != decision || requester->reason != reason)
		fail_msg("%s: %s because %s", what, qt_decision_name(requester->decision),
			qt_reason_text(requester->reason));
	if (f->plan.reason != plan_reason || f->plan.commit != !plan_reason ||
		f->plan.blocker != (plan_reason ? 0 : -1))
		fail_msg("%s: plan says %s", what, qt_reason_text(f->plan.reason));
	assert_int_equal(f->plan.counts[decision], 1);
}

static enum qt_reason guard_or(const struct row *row, enum qt_reason other)
{
	return row->unsafe ? row->unsafe : other;
}

static void test_rows_of_what_is_needed(void **state)
{
	static const int32_t classes[] = {0x010000, 0x010601, NVME, 0x018000, NIC, 0x028000, USB,
		0x0c0300, 0x0c0310, 0x0c03fe, 0x080501};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(rows); i++)
		for (size_t c = 0; c < QT_ARRAY_SIZE(classes); c++) {
			const struct row *row = &rows[i];
			struct fixture f;

			plan_row(&f, row, classes[c], 0);
			expect(&f, row->what, row->decision, row->reason,
				row->blocks ? guard_or(row, QT_WHY_FUNCTION_UNREACHED)
					    : QT_WHY_NONE);
		}
}

static void test_rows_of_what_is_not(void **state)
{
	static const int32_t classes[] = {NONE, 0, DISPLAY, 0x040300, 0x0b4000, 0x0c0000, 0x0c0500,
		0x060400, 0x120000, 0xff0000};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(rows); i++)
		for (size_t c = 0; c < QT_ARRAY_SIZE(classes); c++) {
			const struct row *row = &rows[i];
			struct fixture f;

			plan_row(&f, row, classes[c], 0);
			expect(&f, row->what, row->decision, row->reason,
				guard_or(row, QT_WHY_NONE));
		}
}

/* Virtual functions are left, whatever they have: but not with GUARD broken. */
static void test_rows_of_virtual_functions(void **state)
{
	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		bool entry = row->state == QT_REQ_ABSENT || row->state == QT_REQ_BLOCKED ||
			     row->state == QT_REQ_TRANSLATED;
		struct fixture f;

		plan_row(&f, row, NIC, QT_PCI_VF);
		if (entry && row->reason != QT_WHY_GUARD_BROKEN)
			expect(&f, row->what, QT_LEAVE, QT_WHY_VIRTUAL_FUNCTION,
				guard_or(row, QT_WHY_NONE));
		else
			expect(&f, row->what, row->decision, row->reason,
				guard_or(row, QT_WHY_NONE));
	}
}

/* The function of the one requester can be stopped; or has been, or could not be. */
static void plan_stoppable(
	struct fixture *f, const struct row *row, unsigned flags, enum qt_stop_result result)
{
	plan_row(f, row, NVME, flags);
	f->resets[0] = (struct qt_reset){
		.methods = 1 << QT_RESET_FLR, .bridge = -1, .result = (uint8_t)result};
	f->machine.resets = f->resets;
	qt_plan(&f->machine, &f->plan);
}

static void test_rows_of_what_can_be_stopped(void **state)
{
	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];
		enum qt_reason otherwise =
			row->blocks ? guard_or(row, QT_WHY_FUNCTION_UNREACHED) : QT_WHY_NONE;
		struct fixture f;

		for (unsigned result = QT_STOP_NOT_TRIED; result <= QT_STOP_NO_TIME; result++) {
			bool stop = row->stop && result <= QT_STOP_QUIET;

			plan_stoppable(&f, row, 0, (enum qt_stop_result)result);
			expect(&f, row->what, stop ? QT_STOP : row->decision, row->reason,
				stop ? QT_WHY_NONE : otherwise);
			assert_int_equal(qt_plan_stops(&f.machine, &f.plan, false), stop);
			assert_int_equal(f.resets[0].wanted, stop);
		}
	}
}

/* Virtual functions are not worth it, except for GUARD. */
static void test_stopping_virtual_functions(void **state)
{
	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(rows); i++) {
		struct fixture f;

		if (rows[i].state != QT_REQ_TRANSLATED)
			continue;
		plan_stoppable(&f, &rows[i], QT_PCI_VF, QT_STOP_NOT_TRIED);
		assert_int_equal(f.requesters[0].decision,
			rows[i].reason == QT_WHY_GUARD_BROKEN ? QT_STOP : QT_LEAVE);
	}
}

/* All that sends under one requester ID has to be stopped; bridges do not send. */
static void test_stopping_what_is_behind_a_bridge(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NONE, QT_REQ_TRANSLATED)->rid = QT_RID(0, 4, 0);
	f.domains[0].taken = true;
	f.machine.resets = f.resets;
	f.machine.pci.count = 3;
	for (unsigned i = 0; i < 3; i++) {
		f.functions[i].rid = QT_RID(0, 4, 8 * i);
		f.functions[i].alias = QT_RID(0, 4, 0);
		f.functions[i].class_code = NIC;
	}
	f.functions[0].flags = QT_PCI_BRIDGE;
	f.resets[1].methods = f.resets[2].methods = 1 << QT_RESET_BUS;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.requesters[0].decision, QT_STOP);
	assert_int_equal(qt_plan_stops(&f.machine, &f.plan, false), 2);
	f.resets[1].wanted = f.resets[2].wanted = false;
	f.resets[2].methods = 0;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.requesters[0].decision, QT_LEAVE);
	f.machine.pci.count = 1;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.requesters[0].decision, QT_LEAVE);
}

/* With no translation there is no GUARD. */
static void test_shared_memory(void **state)
{
	static const enum qt_entry_state states[] = {
		QT_REQ_DIRECT, QT_REQ_PASSTHROUGH, QT_REQ_TRANSLATED};
	struct qt_range shared = {QT_MIB(900), QT_MIB(901)};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(states); i++) {
		start(&f);
		add(&f, NIC, states[i]);
		f.domains[0].identity = true;
		f.functions[0].flags = QT_PCI_BUS_MASTER;
		f.machine.resets = f.resets;
		f.resets[0].methods = 1 << QT_RESET_FLR;
		qt_plan(&f.machine, &f.plan);
		assert_int_equal(f.requesters[0].decision, QT_DIRECT);
		f.machine.shared = (struct qt_ranges){&shared, 1, 1};
		qt_plan(&f.machine, &f.plan);
		assert_int_equal(f.requesters[0].decision, QT_STOP);
		assert_int_equal(f.requesters[0].reason, QT_WHY_SHARED_MEMORY);
		f.resets[0].methods = 0;
		qt_plan(&f.machine, &f.plan);
		assert_int_equal(f.requesters[0].decision, QT_DIRECT);
		assert_int_equal(f.requesters[0].reason, QT_WHY_SHARED_MEMORY);
		assert_true(f.plan.commit);
		f.functions[0].flags = 0;
		qt_plan(&f.machine, &f.plan);
		assert_int_not_equal(f.requesters[0].reason, QT_WHY_SHARED_MEMORY);
	}
}

/* Without a commit only what endangers the capture kernel itself is stopped; or all, when asked. */
static void test_stops_without_a_commit(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NIC, QT_REQ_TRANSLATED);
	add(&f, DISPLAY, QT_REQ_TRANSLATED)->domain = 1;
	add(&f, NVME, QT_REQ_PASSTHROUGH);
	f.domains[0].guard_broken = true;
	f.domains[1].taken = true;
	f.machine.resets = f.resets;
	f.resets[0].methods = f.resets[1].methods = f.resets[2].methods = 1 << QT_RESET_FLR;
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
	assert_int_equal(qt_plan_stops(&f.machine, &f.plan, false), 2);
	assert_int_equal(qt_plan_stops(&f.machine, &f.plan, true), 3);
	/* Nothing was tried after all. */
	f.resets[0].wanted = f.resets[1].wanted = f.resets[2].wanted = false;
	f.machine.problem = QT_WHY_FIRMWARE_BAD;
	qt_plan(&f.machine, &f.plan);
	assert_false(f.plan.commit);
	assert_int_equal(qt_plan_stops(&f.machine, &f.plan, false), 1);
	assert_true(f.resets[0].wanted);
	assert_int_equal(qt_plan_stops(&f.machine, &f.plan, true), 3);
	f.resets[2].methods = 0;
	assert_int_equal(qt_plan_stops(&f.machine, &f.plan, true), 2);
}

static void expect_refused(struct fixture *f, enum qt_reason reason)
{
	qt_plan(&f->machine, &f->plan);
	assert_false(f->plan.commit);
	assert_int_equal(f->plan.reason, reason);
	assert_int_equal(f->plan.blocker, -1);
}

/* A requester ID that a bridge takes for those below it is needed when one of them is. */
static void test_alias_of_what_is_needed(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NONE, QT_REQ_TRANSLATED)->rid = QT_RID(0, 4, 0);
	f.domains[0].taken = true;
	add(&f, DISPLAY, QT_REQ_DIRECT)->rid = QT_RID(0, 4, 8);
	f.functions[0].rid = QT_RID(0, 4, 8);
	f.functions[0].alias = QT_RID(0, 4, 0);
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
	f.functions[0].class_code = NVME;
	qt_plan(&f.machine, &f.plan);
	assert_false(f.plan.commit);
	assert_int_equal(f.plan.blocker, 0);
	f.functions[0].flags = QT_PCI_VF;
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
}

/* What the dump needs is known: an unreachable disk elsewhere is no reason, whatever is on the path
 * is. */
static void test_dump_path(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NVME, QT_REQ_TRANSLATED);
	add(&f, NVME, QT_REQ_TRANSLATED)->domain = 1;
	f.domains[1].taken = true;
	f.machine.path[0] = f.requesters[0].rid;
	f.machine.path_count = 1;
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
	assert_true(f.plan.by_path);
	assert_int_equal(f.requesters[1].decision, QT_LEAVE);

	f.machine.path[1] = f.requesters[1].rid;
	f.machine.path_count = 2;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.plan.reason, QT_WHY_FUNCTION_UNREACHED);
	assert_int_equal(f.plan.blocker, 1);
	/* Of any class, and a virtual function too. */
	f.functions[1].class_code = 0x120000;
	f.functions[1].flags = QT_PCI_VF;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.plan.blocker, 1);
	/* So does one that is fenced: on the path alone. */
	f.functions[1].flags = 0;
	f.domains[1].guard_broken = true;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.requesters[1].decision, QT_FENCE);
	assert_int_equal(f.plan.blocker, 1);
	f.machine.path_count = 1;
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
	/* Where leftover DMA leads is everybody's business. */
	f.domains[1].scan_error = QT_E_LIMIT;
	qt_plan(&f.machine, &f.plan);
	assert_int_equal(f.plan.reason, QT_WHY_GUARD_UNKNOWN);
}

/* A path that names what is not there is another machine's: as if there were none. */
static void test_dump_path_of_another_machine(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NVME, QT_REQ_TRANSLATED);
	add(&f, NIC, QT_REQ_TRANSLATED)->domain = 1;
	f.domains[1].taken = true;
	f.machine.path[0] = f.requesters[0].rid;
	f.machine.path[1] = QT_RID(0, 9, 0);
	f.machine.path_count = 2;
	qt_plan(&f.machine, &f.plan);
	assert_false(f.plan.by_path);
	assert_int_equal(f.plan.blocker, 1);
}

/* The ID that a bridge takes for a function on the path must be reached as well. */
static void test_alias_of_what_is_on_the_path(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NONE, QT_REQ_TRANSLATED)->rid = QT_RID(0, 4, 0);
	f.domains[0].taken = true;
	add(&f, NIC, QT_REQ_DIRECT);
	f.functions[0].alias = QT_RID(0, 4, 0);
	f.machine.path[0] = f.functions[0].rid;
	f.machine.path_count = 1;
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.by_path);
	assert_int_equal(f.plan.blocker, 0);
}

/* What translates in a way that is not understood may lead anywhere. */
static void test_unsupported_unit_without_requesters(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.units[1].state = QT_UNIT_UNSUPPORTED;
	f.units[1].reason = QT_WHY_UNIT_UNSUPPORTED;
	f.machine.unit_count = 2;
	expect_refused(&f, QT_WHY_UNIT_UNSUPPORTED);
}

/* All or nothing: one that would be lost is enough, and it is named. */
static void test_blocker_is_the_first(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	add(&f, NVME, QT_REQ_TRANSLATED);
	add(&f, DISPLAY, QT_REQ_TRANSLATED)->domain = 1;
	add(&f, NIC, QT_REQ_TRANSLATED)->domain = 1;
	add(&f, USB, QT_REQ_TRANSLATED)->domain = 1;
	f.domains[1].taken = true;
	qt_plan(&f.machine, &f.plan);
	assert_false(f.plan.commit);
	assert_int_equal(f.plan.blocker, 2);
	assert_int_equal(f.plan.counts[QT_ADOPT], 1);
	assert_int_equal(f.plan.counts[QT_LEAVE], 3);
	assert_int_equal(f.requesters[0].decision, QT_ADOPT);
}

static void test_machines_to_keep_hands_off(void **state)
{
	struct fixture f;

	(void)state;
	start(&f);
	f.machine.ram.count = 0;
	expect_refused(&f, QT_WHY_NO_RAM_MAP);
	start(&f);
	f.machine.crash.count = 0;
	expect_refused(&f, QT_WHY_NO_CRASH_REGION);
	start(&f);
	f.machine.unit_count = 0;
	expect_refused(&f, QT_WHY_NO_UNITS);
	start(&f);
	f.machine.problem = QT_WHY_FIRMWARE_BAD;
	expect_refused(&f, QT_WHY_FIRMWARE_BAD);
	start(&f);
	f.machine.capture_kernel.version = QT_LINUX_VERSION(3, 15);
	expect_refused(&f, QT_WHY_KERNEL_TOO_OLD);
	f.machine.capture_kernel.version = QT_LINUX_VERSION(3, 16);
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
	f.machine.problem = QT_WHY_VENDOR_UNSUPPORTED;
	expect_refused(&f, QT_WHY_VENDOR_UNSUPPORTED);
}

/* The IOMMU is all that gets a 32-bit device to memory above 4 GiB. */
static void test_low_memory(void **state)
{
	static const struct {
		struct qt_range crash;
		enum qt_unit_state unit;
		bool commit;
	} cases[] = {
		{{QT_GIB(5), QT_GIB(6)}, QT_UNIT_TRANSLATING, false},
		{{QT_GIB(5), QT_GIB(6)}, QT_UNIT_OFF, false},
		{{QT_GIB(3), QT_GIB(4)}, QT_UNIT_OFF, true},
		{{QT_GIB(4), QT_GIB(6)}, QT_UNIT_TRANSLATING, false},
		{{QT_GIB(4) - 0x1000, QT_GIB(6)}, QT_UNIT_TRANSLATING, true},
	};
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		start(&f);
		f.crash[0] = cases[i].crash;
		f.units[0].state = (uint8_t)cases[i].unit;
		qt_plan(&f.machine, &f.plan);
		assert_int_equal(f.plan.commit, cases[i].commit);
		if (!cases[i].commit)
			assert_int_equal(f.plan.reason, QT_WHY_NO_LOW_MEMORY);
	}
	start(&f);
	f.crash[0] = (struct qt_range){QT_MIB(16), QT_MIB(32)};
	f.crash[1] = (struct qt_range){QT_GIB(5), QT_GIB(6)};
	f.machine.crash.count = 2;
	qt_plan(&f.machine, &f.plan);
	assert_true(f.plan.commit);
}

/* Planning twice gives the same: what was decided before does not count. */
static void test_planning_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(rows); i++) {
		struct qt_plan first;
		struct fixture f;

		plan_row(&f, &rows[i], NVME, 0);
		first = f.plan;
		qt_plan(&f.machine, &f.plan);
		assert_memory_equal(&first, &f.plan, sizeof(first));
		assert_int_equal(f.requesters[0].reason, rows[i].reason);
	}
}

/* Every number has its words. */
static void test_names(void **state)
{
	(void)state;
	for (unsigned i = QT_WHY_NONE + 1; i <= QT_WHY_PARTS_OF_PAGES; i++)
		assert_true(strlen(qt_reason_text(i)) > 4);
	for (unsigned i = 0; i < 256; i++) {
		const char *text = qt_reason_text(i);

		assert_non_null(text);
		assert_non_null(qt_decision_name(i));
		assert_true(*text == '\0' || text[strlen(text) - 1] != '.');
	}
	for (unsigned i = QT_DIRECT; i <= QT_FENCE; i++)
		for (unsigned j = QT_DIRECT; j < i; j++)
			assert_string_not_equal(qt_decision_name(i), qt_decision_name(j));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_of_what_is_needed),
		cmocka_unit_test(test_rows_of_what_is_not),
		cmocka_unit_test(test_rows_of_virtual_functions),
		cmocka_unit_test(test_rows_of_what_can_be_stopped),
		cmocka_unit_test(test_stopping_virtual_functions),
		cmocka_unit_test(test_stopping_what_is_behind_a_bridge),
		cmocka_unit_test(test_shared_memory),
		cmocka_unit_test(test_stops_without_a_commit),
		cmocka_unit_test(test_alias_of_what_is_needed),
		cmocka_unit_test(test_dump_path),
		cmocka_unit_test(test_dump_path_of_another_machine),
		cmocka_unit_test(test_alias_of_what_is_on_the_path),
		cmocka_unit_test(test_unsupported_unit_without_requesters),
		cmocka_unit_test(test_blocker_is_the_first),
		cmocka_unit_test(test_machines_to_keep_hands_off),
		cmocka_unit_test(test_low_memory),
		cmocka_unit_test(test_planning_again),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
