/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "takeover.h"

const struct qt_range small_ram[3] = {{0, 0xa0000}, {QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}};
const struct qt_range crash_512m[1] = {{QT_MIB(512), QT_MIB(528)}};

struct model *machine_new(struct model_config config)
{
	struct model *m;

	if (!config.ram) {
		config.ram = small_ram;
		config.ram_count = QT_ARRAY_SIZE(small_ram);
	}
	if (!config.crash) {
		config.crash = crash_512m;
		config.crash_count = QT_ARRAY_SIZE(crash_512m);
	}
	m = model_new(&config);
	for (unsigned i = 0; i < config.unit_count; i++)
		model_start_unit(m, i);
	return m;
}

struct model *machine_of(const struct model_unit_config *units, size_t count)
{
	return machine_new((struct model_config){.units = units, .unit_count = count});
}

struct model *machine_with(const struct model_unit_config *unit)
{
	return machine_of(unit, 1);
}

struct model *machine_high(const struct model_unit_config *unit, uint64_t high)
{
	const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(3)}, {QT_GIB(4), high + QT_GIB(100)}};
	const struct qt_range crash[] = {
		{QT_MIB(64), QT_MIB(72)}, {high + QT_MIB(16), high + QT_MIB(48)}};

	return machine_new((struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = QT_ARRAY_SIZE(crash),
		.address_bits = 52,
		.units = unit,
		.unit_count = 1});
}

struct model_function *add_function(struct model *m, qt_rid rid, uint32_t class_code)
{
	struct model_function *function = model_function(m, rid);

	return function ? function : model_add_function(m, rid, 0x8086, 0x10d3, class_code);
}

struct model_function *add_endpoint(struct model *m, qt_rid rid, uint32_t class_code)
{
	struct model_function *function = add_function(m, rid, class_code);

	model_add_pcie(function, QT_PCIE_ENDPOINT);
	return function;
}

void add_bridge(struct model *m, qt_rid rid, uint8_t bus, int type)
{
	model_make_bridge(model_add_function(m, rid, 0x8086, 2, 0), bus, bus, type);
}

struct model_domain *give(struct model *m, qt_rid rid, struct model_domain *domain)
{
	uint64_t n = QT_MIB(domain->id % 1024);

	model_map(m, domain, 0xffe00000 - n, QT_MIB(100) + n, QT_MIB(1), QT_RW, 2);
	model_attach(m, domain, rid, 0);
	return domain;
}

struct model_domain *add_device(
	struct model *m, qt_rid rid, uint32_t class_code, unsigned levels, uint16_t id)
{
	add_function(m, rid, class_code);
	return give(m, rid, model_domain_new(m, 0, levels, id));
}

void churn(struct model *m, struct model_domain *domain, qt_rid rid, qt_iova iova, uint64_t size,
	unsigned leaf_level)
{
	model_map(m, domain, iova, QT_MIB(900), size, QT_RW, leaf_level);
	for (uint64_t at = 0; at < size; at += 0x1000)
		model_touch(m, rid, iova + at);
	model_unmap(m, domain, iova, size);
}

void add_device_tlb(struct model *m, struct model_domain *domain, qt_rid rid)
{
	struct model_function *function = model_function(m, rid);

	model_add_pcie(function, QT_PCIE_ENDPOINT);
	model_add_ats(function);
	model_attach(m, domain, rid, 1);
	churn(m, domain, rid, QT_MIB(512), QT_MIB(1), 0);
}

void use_window(struct model *m, struct model_domain *domain, qt_rid rid)
{
	uint64_t page = 1ull << model_granule_lg2(&m->units[domain->unit]);
	qt_iova crash = m->crash[0].start;

	model_map(m, domain, crash - 2 * page, QT_MIB(202), 2 * page, QT_RW, 0);
	churn(m, domain, rid, crash + page, 0x10000, 0);
}

void poke_bits(struct model *m, qt_phys at, uint64_t clear, uint64_t set)
{
	model_poke(m, at, (model_peek(m, at) & ~clear) | set);
}

void expect_sound(struct scenario *s)
{
	const char *wrong;

	if (!s->plan.commit)
		fail_msg("not committed: %s", qt_reason_text(s->plan.reason));
	if (s->prepared || s->committed || s->verified)
		fail_msg("prepare %s, commit %s, verify %s: %s", qt_error_name(s->prepared),
			qt_error_name(s->committed), qt_error_name(s->verified), s->m->complaint);
	wrong = scenario_sound(s);
	if (wrong)
		fail_msg("%s", wrong);
}

void run_sound(struct scenario *s, struct model *m)
{
	scenario_run(s, m);
	expect_sound(s);
}

void expect_untouched(struct scenario *s)
{
	const char *wrong = scenario_untouched(s);

	if (wrong)
		fail_msg("%s", wrong);
}

void expect_stock(struct scenario *s, enum qt_reason reason)
{
	assert_int_equal(s->opened, 0);
	assert_false(s->plan.commit);
	if (s->plan.reason != reason)
		fail_msg("refused because %s", qt_reason_text(s->plan.reason));
	assert_int_equal(s->m->store_count, 0);
	expect_untouched(s);
}

void expect_decision(
	const struct scenario *s, qt_rid rid, enum qt_decision decision, enum qt_reason reason)
{
	const struct qt_requester *requester = scenario_requester(s, rid);

	assert_non_null(requester);
	if (requester->decision != decision || requester->reason != reason)
		fail_msg("%x: %s because %s", rid, qt_decision_name(requester->decision),
			qt_reason_text(requester->reason));
}

void finish_untouched(struct scenario *s)
{
	expect_untouched(s);
	scenario_free(s);
}

void finish_stock(struct scenario *s, enum qt_reason reason)
{
	expect_stock(s, reason);
	scenario_free(s);
}

void finish(struct scenario *s)
{
	model_watch_keep(s->m);
	scenario_undo(s);
	assert_int_equal(s->undone, 0);
	finish_untouched(s);
}

void expect_takeover(struct model *m)
{
	struct scenario s;

	run_sound(&s, m);
	finish(&s);
}

void expect_refusal(struct model *m, enum qt_decision decision, enum qt_reason reason)
{
	struct scenario s;

	scenario_run(&s, m);
	expect_decision(&s, NVME, decision, reason);
	finish_stock(&s, QT_WHY_FUNCTION_UNREACHED);
}

void expect_stores_may_fail(make_machine_fn make, const void *context)
{
	struct scenario s;
	size_t stores;

	run_sound(&s, make(context));
	stores = s.m->store_count;
	finish(&s);
	assert_true(stores > 8);
	for (size_t n = 1; n <= stores; n++) {
		struct model *m = make(context);

		m->trouble.fail_store = n;
		scenario_run(&s, m);
		assert_int_equal(s.committed, QT_E_IO);
		assert_int_equal(s.undone, 0);
		assert_int_equal(s.journal.done, 0);
		finish_untouched(&s);
	}
}

void expect_flags_may_change(struct model *m, struct model_domain *domain)
{
	struct scenario s;

	model_map(m, domain, QT_MIB(512), QT_MIB(900), 0x3000, QT_RW, 0);
	model_unmap(m, domain, QT_MIB(512), 0x3000);
	model_map(m, domain, QT_MIB(600), QT_MIB(200), 0x3000, QT_RW, 0);
	scenario_plan(&s, m);
	assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
	/* Refused, but hardware has been at the tables. */
	assert_int_not_equal(model_touch(m, NVME, QT_MIB(513)), 0);
	assert_true(m->memory.flagged_count > 0);
	s.prepared = 0;
	s.committed = qt_takeover_commit(&s.takeover);
	s.verified = qt_takeover_verify(&s.takeover, &s.failed);
	expect_sound(&s);
	finish(&s);
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

void expect_reads_may_fail(make_machine_fn make, const void *context, unsigned samples)
{
	struct scenario s;
	uint64_t reads;

	scenario_run(&s, make(context));
	reads = s.m->reads;
	scenario_free(&s);
	for (uint64_t n = 1; n <= reads; n += 1 + reads / samples) {
		struct model *m = make(context);

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
