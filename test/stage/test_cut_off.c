// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * An exception right before and right after each thing the stage does to the machine:
 * each store, write-back, register and configuration write of settle(). Whatever was
 * under way, the capture kernel gets what stock kdump would have given it, or, if all
 * was done, the whole takeover. On every kind of unit, with devices adopted, admitted
 * and stopped, by a reset of their own and by their port's.
 *
 * QT_EVERY=n looks at every n-th place only: 5 if that is not given, 1 in `make campaign`.
 */
#include <machine/reset.h>
#include <unit/kinds.h>

#include <common/settle.h>

#define GUEST QT_RID(0, 0, 0x30)
#define BELOW QT_RID(0, 1, 0x00) /* PORT */

/* As in stage_recover: how many exceptions are followed by an attempt to put back. */
#define UNDO_ATTEMPTS 2

/* Of the places for a first exception, those that a second one follows at any place. */
#define SECOND_EVERY 13

struct bench {
	struct model *m;
	struct log log;
	struct settle s;
	struct qt_range usable[8], ram[8];
	struct qt_host real; /* what m->host does */
	jmp_buf exception;
	unsigned left;   /* things to do until the exception; 0: none comes */
	bool before;     /* that thing is not done any more */
	unsigned second; /* the same for what follows the exception */
	bool second_came;
};

static struct bench bench;

static bool has_exception(bool before)
{
	return bench.left && bench.before == before && --bench.left == 0;
}

static void raise_exception(void)
{
	longjmp(bench.exception, 1);
}

/* All that changes the machine goes through one of these. */
#define EXCEPT(call)                                                                               \
	do {                                                                                       \
		if (has_exception(true))                                                           \
			raise_exception();                                                         \
		call;                                                                              \
		if (has_exception(false))                                                          \
			raise_exception();                                                         \
	} while (0)

static int store64(void *context, qt_phys at, uint64_t value)
{
	int error;

	EXCEPT(error = bench.real.store64(context, at, value));
	return error;
}

static void write_back(void *context, qt_phys at, size_t len)
{
	EXCEPT(bench.real.write_back(context, at, len));
}

static void mmio_write32(void *context, qt_phys at, uint32_t value)
{
	EXCEPT(bench.real.mmio_write32(context, at, value));
}

static void mmio_write64(void *context, qt_phys at, uint64_t value)
{
	EXCEPT(bench.real.mmio_write64(context, at, value));
}

static void pci_write(void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	EXCEPT(bench.real.pci_write(context, rid, offset, width, value));
}

/* In the way of the crash region, as a guest's memory is. */
static void add_guest(struct model *m, const struct kind *kind, qt_rid rid, unsigned ways)
{
	struct model_function *function = add_endpoint(m, rid, CLASS_NIC);
	struct model_domain *domain = domain_of_kind(m, kind, kind->levels, 3);

	model_add_msix(function, 0x90, true);
	function->config[0x05] |= 1 << 2; /* no INTx: the stage would turn that off, too */
	model_add_reset(function, ways);
	model_map(m, domain, m->crash[0].start, QT_MIB(700), 0x1000, QT_RW, 0);
	model_attach(m, domain, rid, 0);
}

static struct model *machine_of_all(const struct kind *kind)
{
	const struct qt_range crash = crash_of_kind(kind, QT_STAGE_MEMORY_SIZE);
	struct model_unit_config unit = unit_of_kind(kind, 0); /* one that does not snoop */
	struct model *m;
	struct model_domain *disk;

	unit.amdvi.entries = 512; /* buses 0 and 1 */
	m = machine_new((struct model_config){.crash = &crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1,
		.arena = arena_in(&crash, QT_STAGE_MEMORY_SIZE)});
	disk = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	use_window(m, disk, NVME);
	churn(m, disk, NVME, (crash.start + crash.end) / 2, QT_MIB(1), 0);
	add_endpoint(m, USB, CLASS_USB);
	model_reserve(m, USB, QT_MIB(600), QT_MIB(601));
	add_bridge(m, PORT, QT_RID_BUS(BELOW), QT_PCIE_ROOT_PORT);
	model_add_reset(model_function(m, PORT), 0);
	add_guest(m, kind, GUEST, MODEL_FLR);
	add_guest(m, kind, BELOW, 0);
	model_power_on(m);
	m->clock_read_ns = 100000; /* waits do not have to be made of millions of steps */
	return m;
}

/* KEEP does not hold for those that are stopped, until their entries are put back. */
static void note_stopped(struct model *m, bool stopped)
{
	for (size_t i = 0; i < m->snapshot->live_count; i++)
		if (m->snapshot->lives[i].rid == GUEST || m->snapshot->lives[i].rid == BELOW)
			m->snapshot->lives[i].stopped = stopped;
}

static void crash_it(struct bench *b, const struct kind *kind)
{
	struct settle *s = &b->s;

	memset(b, 0, sizeof(*b));
	b->m = machine_of_all(kind);
	model_crash(b->m);
	note_stopped(b->m, true);
	model_watch_keep(b->m);
	b->real = b->m->host;
	b->m->host.store64 = store64;
	b->m->host.write_back = write_back;
	b->m->host.mmio_write32 = mmio_write32;
	b->m->host.mmio_write64 = mmio_write64;
	b->m->host.pci_write = pci_write;
	s->host = &b->m->host;
	s->log = &b->log;
	s->arena = b->m->arena;
	s->stage = arena_in(&b->m->crash[0], QT_STAGE_MEMORY_SIZE);
	b->usable[0] = b->m->crash[0];
	s->usable = (struct qt_ranges){b->usable, 1, QT_ARRAY_SIZE(b->usable)};
	memcpy(b->ram, small_ram, sizeof(small_ram));
	s->ram = (struct qt_ranges){b->ram, QT_ARRAY_SIZE(small_ram), QT_ARRAY_SIZE(b->ram)};
	s->ram.count = 3;
	assert_int_equal(qt_ranges_remove(&s->ram, b->m->crash[0].start, b->m->crash[0].end), 0);
	assert_int_equal(qt_acpi_open(&s->acpi, s->host, b->m->rsdp), 0);
	s->machine.capture_kernel.version = QT_LINUX_VERSION(6, 12);
	strcpy(s->command_line, "a");
	s->command_line_limit = 2047;
	assert_int_equal(settle_reserve(s), 0);
}

/* What follows an exception, as in stage_recover; and what follows one in that. */
static void recover(struct bench *b)
{
	volatile unsigned attempts = 0;

	b->left = (b->second + 1) / 2;
	b->before = b->second % 2;
	if (setjmp(b->exception))
		b->second_came = true;
	if (attempts++ < UNDO_ATTEMPTS)
		settle_abandon(&b->s);
	b->left = 0;
}

/* False if the work was done before the exception came. */
static bool settle_cut_off(struct bench *b, const struct kind *kind, unsigned at, unsigned second)
{
	crash_it(b, kind);
	b->left = (at + 1) / 2;
	b->before = at % 2;
	b->second = second;
	if (setjmp(b->exception)) {
		recover(b);
		return true;
	}
	settle(&b->s);
	b->left = 0;
	return false;
}

#define EXPECT(holds, kind, at, second)                                                            \
	do {                                                                                       \
		if (!(holds))                                                                      \
			fail_msg("%s, place %u, then %u: not %s; %s", (kind)->name, at, second,    \
				#holds, bench.m->complaint);                                       \
	} while (0)

static bool is_bus_in_reset(struct model *m)
{
	return model_function(m, PORT)->config[0x3e] & 1 << 6;
}

/* Registers of those that were reset are as the dead kernel had them, but for what is off. */
static bool are_reset_ones_restored(const struct model *m)
{
	for (size_t i = 0; i < m->function_count; i++) {
		const struct model_function *function = m->functions[i];

		if ((function->reset->flr || function->reset->bus) &&
			model_restored_config(function) >= 0)
			return false;
	}
	return true;
}

static void expect_whole(struct bench *b, const struct kind *kind, unsigned at)
{
	static const qt_rid all[] = {NVME, USB, GUEST, BELOW};

	EXPECT(settle_command_line(&b->s), kind, at, 0u);
	EXPECT(model_guard(b->m), kind, at, 0u);
	EXPECT(model_ledger(b->m, &b->s.journal), kind, at, 0u);
	for (size_t i = 0; i < QT_ARRAY_SIZE(all); i++)
		EXPECT(model_reach(b->m, all[i], MODEL_CACHED), kind, at, 0u);
}

/* As in stock kdump: memory bit for bit, and nothing of ours is walked any more. */
static void expect_stock_kdump(
	struct bench *b, const struct kind *kind, unsigned at, unsigned second)
{
	EXPECT(b->s.reason == QT_WHY_EXCEPTION, kind, at, second);
	EXPECT(!settle_command_line(&b->s), kind, at, second);
	EXPECT(model_restored(b->m), kind, at, second);
	EXPECT(model_forgotten(b->m), kind, at, second);
	note_stopped(b->m, false);
	EXPECT(model_keep(b->m), kind, at, second);
	EXPECT(!is_bus_in_reset(b->m), kind, at, second);
	/* What was under way when the first exception came went on to its end; but once only. */
	EXPECT(second || are_reset_ones_restored(b->m), kind, at, second);
}

static void expect_working_machine(
	struct bench *b, const struct kind *kind, unsigned at, unsigned second)
{
	b->m->on_change = NULL;
	EXPECT(b->m->complaints == 0, kind, at, second);
	if (b->s.outcome == QT_OUTCOME_COMMITTED)
		expect_whole(b, kind, at);
	else
		expect_stock_kdump(b, kind, at, second);
}

static unsigned step(void)
{
	const char *every = getenv("QT_EVERY");
	unsigned n = every ? (unsigned)strtoul(every, NULL, 0) : 5;

	return n ? n : 1;
}

static void exception_at_any_place(void **state)
{
	const struct kind *kind = *state;
	struct bench *b = &bench;
	unsigned at = 1;

	while (settle_cut_off(b, kind, at, 0)) {
		expect_working_machine(b, kind, at, 0);
		model_free(b->m);
		at += step();
	}
	assert_true(at > 2 * 50);
	assert_int_equal(b->s.outcome, QT_OUTCOME_COMMITTED);
	assert_int_equal(b->s.plan.counts[QT_ADOPT], 1);
	assert_int_equal(b->s.plan.counts[QT_ADMIT], 1);
	assert_int_equal(b->s.plan.counts[QT_STOP], 2);
	expect_working_machine(b, kind, at, 0);
	model_free(b->m);
	print_message("%s: cut off at %u places\n", kind->name, at / step());
}

/* False if what followed the first exception had ended before the second one came. */
static bool second_cut_off(struct bench *b, const struct kind *kind, unsigned at, unsigned second)
{
	bool came;

	assert_true(settle_cut_off(b, kind, at, second));
	came = b->second_came;
	expect_working_machine(b, kind, at, second);
	model_free(b->m);
	return came;
}

/*
 * Another one while everything is being put back: that is gone on with. Resets do not
 * depend on the unit: on one kind each place is looked at.
 */
static void exception_after_an_exception(void **state)
{
	const struct kind *kind = *state;
	struct bench *b = &bench;
	unsigned every = kind->amd && !kind->guest ? 1 : step();
	unsigned places = 0, at = 1;

	while (settle_cut_off(b, kind, at, 0)) {
		unsigned second = 1;

		model_free(b->m);
		for (; second_cut_off(b, kind, at, second); places++)
			second += every;
		at += SECOND_EVERY * every;
	}
	model_free(b->m);
	print_message("%s: cut off twice at %u places\n", kind->name, places);
}

#define ON_EVERY_KIND(tests, test, kind)                                                           \
	(tests) = (struct CMUnitTest)                                                              \
	{                                                                                          \
		.name = #test, .test_func = test, .initial_state = (void *)(uintptr_t)(kind)       \
	}

int main(void)
{
	struct CMUnitTest tests[2 * QT_ARRAY_SIZE(kinds)];

	for (size_t i = 0; i < QT_ARRAY_SIZE(kinds); i++) {
		ON_EVERY_KIND(tests[2 * i], exception_at_any_place, &kinds[i]);
		ON_EVERY_KIND(tests[2 * i + 1], exception_after_an_exception, &kinds[i]);
	}
	return cmocka_run_group_tests_name("stage: cut off", tests, NULL, NULL);
}
