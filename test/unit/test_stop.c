/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Takeovers that need devices stopped, or leaks cut off, on every kind of unit:
 * what the dead kernel had a device map is in the way of the crash region, leads
 * into it, or is damaged.
 */
#include <machine/reset.h>

#include "kinds.h"

#define GUEST QT_RID(0, 0, 0x18)

/* A disk with a domain as drivers make them, a NIC and an accelerator with none yet. */
static struct model *machine_to_stop(const struct kind *kind, unsigned ways)
{
	static const struct {
		qt_rid rid;
		uint32_t class_code;
	} functions[] = {{NVME, CLASS_NVME}, {NIC, CLASS_NIC}, {GUEST, CLASS_ACCELERATOR}};
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *disk;

	for (size_t i = 0; i < QT_ARRAY_SIZE(functions); i++) {
		model_add_reset(add_endpoint(m, functions[i].rid, functions[i].class_code), ways);
	}
	disk = domain_of_kind(m, kind, kind->levels, 1);
	model_map(m, disk, QT_GIB(4) - QT_MIB(2), QT_MIB(100), QT_MIB(1), QT_RW, 1);
	model_attach(m, disk, NVME, 0);
	return m;
}

static struct model_domain *give_more(struct model *m, const struct kind *kind, qt_rid rid)
{
	struct model_domain *domain = domain_of_kind(m, kind, kind->levels, (uint16_t)(rid & 0xff));

	model_map(m, domain, QT_GIB(3), QT_MIB(110), QT_MIB(1), QT_RW, 1);
	model_attach(m, domain, rid, 0);
	return domain;
}

/* What a device can have that keeps it from being adopted. */
static void map_like_a_guest(struct model *m, struct model_domain *d)
{
	model_map(m, d, 0, QT_MIB(1000), QT_MIB(600), QT_RW, 1);
}

static void map_into_crash_region(struct model *m, struct model_domain *d)
{
	model_map(m, d, QT_GIB(1), QT_MIB(520), QT_MIB(2), QT_RW, 1);
}

static void map_both(struct model *m, struct model_domain *d)
{
	map_like_a_guest(m, d);
	map_into_crash_region(m, d);
}

/* All one to one, but in the crash region something else: what a driver in user space can do. */
static void map_one_to_one(struct model *m, struct model_domain *d)
{
	model_map(m, d, QT_MIB(2), QT_MIB(2), QT_MIB(510), QT_RW, 1);
	model_map(m, d, QT_MIB(512), QT_MIB(700), 0x1000, QT_RW, 0);
}

static void lead_out_of_ram(struct model *m, struct model_domain *d)
{
	qt_phys at = model_table_entry(m, d, QT_GIB(3), 1);

	poke_bits(m, at, 0x000ffffffffff000, QT_GIB(3));
}

static const struct {
	void (*make)(struct model *m, struct model_domain *d);
	enum qt_decision without; /* where it cannot be stopped */
	enum qt_reason reason;
} cases[] = {
	{map_like_a_guest, QT_LEAVE, QT_WHY_IOVAS_TAKEN},
	{map_into_crash_region, QT_FENCE, QT_WHY_GUARD_BROKEN},
	{map_both, QT_FENCE, QT_WHY_GUARD_BROKEN},
	{map_one_to_one, QT_LEAVE, QT_WHY_IOVAS_TAKEN},
	{lead_out_of_ram, QT_LEAVE, QT_WHY_TABLE_DAMAGED},
};

/* A device that is needed has what stands in the way; it is stopped, and gets the crash region. */
static void test_stopped(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (size_t c = 0; c < QT_ARRAY_SIZE(cases); c++) {
			struct model *m = machine_to_stop(&kinds[k], MODEL_FLR);
			struct scenario s;

			cases[c].make(m, give_more(m, &kinds[k], NIC));
			model_reserve(m, NIC, QT_MIB(600), QT_MIB(601));
			model_power_on(m);
			run_sound(&s, m);
			expect_decision(&s, NIC, QT_STOP, cases[c].reason);
			expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
			assert_true(scenario_requester(&s, NIC)->verified);
			assert_int_equal(
				s.machine.resets[scenario_requester(&s, NIC)->function].result,
				QT_STOP_QUIET);
			assert_int_equal(
				s.machine.resets[scenario_requester(&s, NVME)->function].result,
				QT_STOP_NOT_TRIED);
			finish(&s);
		}
}

/* It has no way to be stopped: it is left or fenced, and as a NIC prevents the commit. */
static void test_not_stoppable(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (size_t c = 0; c < QT_ARRAY_SIZE(cases); c++) {
			struct model *m = machine_to_stop(&kinds[k], 0);
			struct scenario s;

			cases[c].make(m, give_more(m, &kinds[k], NIC));
			model_power_on(m);
			scenario_run(&s, m);
			assert_false(s.plan.commit);
			expect_decision(&s, NIC, cases[c].without, cases[c].reason);
			finish_untouched(&s);
		}
}

/* Nobody needs it: it is left as it is, or what leads into the crash region is cut off. */
static void test_fenced(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (size_t c = 0; c < QT_ARRAY_SIZE(cases); c++) {
			struct model_translation t;
			struct scenario s;
			struct model *m;

			if (cases[c].make == lead_out_of_ram)
				continue;
			m = machine_to_stop(&kinds[k], 0);
			cases[c].make(m, give_more(m, &kinds[k], GUEST));
			model_power_on(m);
			run_sound(&s, m);
			expect_decision(&s, GUEST, cases[c].without, cases[c].reason);
			if (cases[c].without == QT_FENCE)
				assert_int_not_equal(
					model_translate(m, GUEST, QT_GIB(1), MODEL_CACHED, &t), 0);
			/* All else of it goes on. */
			assert_int_equal(model_translate(m, GUEST, QT_GIB(3), MODEL_CACHED, &t), 0);
			finish(&s);
		}
}

/* A large leaf of which a part leads there is cut as a whole, other parts of its table are not. */
static void test_large_leaf_is_cut(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct model *m = machine_to_stop(&kinds[k], 0);
		struct model_domain *d = give_more(m, &kinds[k], GUEST);
		size_t adopted, upper = has_large_pages(&kinds[k])
						? QT_MIB(2) / page_of_kind(&kinds[k])
						: 1;
		struct scenario s;

		model_power_on(m);
		run_sound(&s, m);
		adopted = m->store_count;
		scenario_free(&s);

		m = machine_to_stop(&kinds[k], 0);
		d = give_more(m, &kinds[k], GUEST);
		model_map(m, d, QT_GIB(1), QT_MIB(510), QT_MIB(4), QT_RW, 1);
		model_power_on(m);
		run_sound(&s, m);
		expect_decision(&s, GUEST, QT_FENCE, QT_WHY_GUARD_BROKEN);
		/* Instead of one store for adopting it, and one for doorbells where there are
		 * any, those that cut the upper 2 MiB: one leaf, or pages. */
		assert_int_equal(m->store_count, adopted - 1 - kinds[k].smmu + upper);
		finish(&s);
	}
}

/* Its DMA goes on although it seems to have been reset: it gets its entry back. */
static void test_restless(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct scenario s;
		struct model *m;

		m = machine_to_stop(&kinds[k], MODEL_FLR);
		map_like_a_guest(m, give_more(m, &kinds[k], NIC));
		map_like_a_guest(m, give_more(m, &kinds[k], GUEST));
		model_function(m, GUEST)->restless = true;
		model_power_on(m);
		run_sound(&s, m);
		expect_decision(&s, NIC, QT_STOP, QT_WHY_IOVAS_TAKEN);
		expect_decision(&s, GUEST, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
		finish(&s);

		m = machine_to_stop(&kinds[k], MODEL_FLR);
		map_like_a_guest(m, give_more(m, &kinds[k], NIC));
		model_function(m, NIC)->restless = true;
		model_power_on(m);
		scenario_run(&s, m);
		assert_false(s.plan.commit);
		expect_decision(&s, NIC, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
		finish_untouched(&s);
	}
}

/* The same among others whose DMA is refused all the time: a unit records few at once. */
static void test_restless_among_others(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct scenario s;
		struct model *m;

		m = machine_to_stop(&kinds[k], MODEL_FLR);
		map_like_a_guest(m, give_more(m, &kinds[k], NIC));
		model_function(m, NIC)->restless = true;
		for (unsigned i = 0; i < 8; i++)
			add_function(m, QT_RID(0, 0, 0x20 + 8 * i), CLASS_ACCELERATOR)->restless =
				true;
		model_power_on(m);
		scenario_run(&s, m);
		assert_false(s.plan.commit);
		expect_decision(&s, NIC, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
		finish_untouched(&s);
	}
}

/* How a device below a port takes its reset. */
static void as_it_should(struct model_reset *card, struct model_reset *port)
{
	(void)card;
	(void)port;
}

static void late(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->ready_us = 1500000;
}

static void not_ready(struct model_reset *card, struct model_reset *port)
{
	late(card, port);
	card->rrs = true;
}

static void never_back(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->ready_us = MODEL_NEVER;
}

static void forgets_bus(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->forgets_bus = true;
}

static void drops_link(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->drops_link = true;
}

static void slow_link(struct model_reset *card, struct model_reset *port)
{
	(void)card;
	port->train_us = 700000;
}

static void dead_link(struct model_reset *card, struct model_reset *port)
{
	(void)card;
	port->train_us = MODEL_NEVER;
}

static void goes_on(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->keeps_pending = true;
}

static void keeps_mastering(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->keeps_mastering = true;
}

static void swapped(struct model_reset *card, struct model_reset *port)
{
	(void)port;
	card->swapped = true;
}

static const struct {
	const char *what;
	void (*make)(struct model_reset *card, struct model_reset *port);
	unsigned ways;
	enum qt_stop_result result;
} habits[] = {
	{"loses its configuration", as_it_should, MODEL_FLR, QT_STOP_QUIET},
	{"the same, with its bus", as_it_should, 0, QT_STOP_QUIET},
	{"comes back late", late, MODEL_FLR, QT_STOP_QUIET},
	{"comes back late from its bus's reset", late, 0, QT_STOP_QUIET},
	{"answers RRS", not_ready, MODEL_FLR, QT_STOP_QUIET},
	{"never comes back", never_back, MODEL_FLR, QT_STOP_LOST},
	{"never comes back from its bus's reset", never_back, 0, QT_STOP_LOST},
	{"forgets its bus number", forgets_bus, MODEL_FLR, QT_STOP_LOST},
	{"drops the link", drops_link, MODEL_FLR, QT_STOP_LOST},
	{"its link trains slowly", slow_link, 0, QT_STOP_QUIET},
	{"its link stays down", dead_link, 0, QT_STOP_LOST},
	{"goes on with DMA", goes_on, MODEL_FLR, QT_STOP_PENDING},
	{"goes on as a bus master", keeps_mastering, MODEL_FLR, QT_STOP_MASTERING},
	{"comes back as another", swapped, MODEL_FLR, QT_STOP_REFUSED},
};

#define CARD QT_RID(0, 1, 0)

/* A stop that fails is a device that cannot be stopped; any ends within the ceiling. */
static void try_habit(const struct kind *kind, size_t h)
{
	struct model *m = machine_to_stop(kind, MODEL_FLR);
	struct model_reset *card;
	struct scenario s;
	const struct qt_reset *reset;
	bool quiet = habits[h].result == QT_STOP_QUIET;

	add_bridge(m, PORT, 1, QT_PCIE_ROOT_PORT);
	model_set_link(model_function(m, PORT), 3, true);
	card = model_add_reset(add_endpoint(m, CARD, CLASS_NIC), habits[h].ways);
	habits[h].make(card, model_add_reset(model_function(m, PORT), 0));
	map_like_a_guest(m, give_more(m, kind, CARD));
	model_power_on(m);
	scenario_run(&s, m);
	reset = &s.machine.resets[scenario_requester(&s, CARD)->function];
	if (reset->result != habits[h].result || s.plan.commit != quiet ||
		reset->us > QT_STOP_LIMIT_US)
		fail_msg("%s: %s after %u us", habits[h].what, qt_stop_result_name(reset->result),
			reset->us);
	expect_decision(&s, CARD, quiet ? QT_STOP : QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	if (quiet) {
		expect_sound(&s);
		finish(&s);
		return;
	}
	assert_int_equal(s.plan.reason, QT_WHY_FUNCTION_UNREACHED);
	finish_untouched(&s);
}

/* On one kind of unit, for no reset looks at any. */
static void test_habits(void **state)
{
	(void)state;
	for (size_t h = 0; h < QT_ARRAY_SIZE(habits); h++)
		try_habit(&kinds[0], h);
}

/*
 * What is kept of a device while it is reset may find no room. Then it is one that
 * cannot be stopped; and whatever it took, there is room again for tables.
 */
static void test_stop_without_room(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (size_t room = 0; room <= 8192; room += 512) {
			struct model *m = machine_to_stop(&kinds[k], MODEL_FLR);
			struct scenario s;
			size_t used;

			map_like_a_guest(m, give_more(m, &kinds[k], GUEST));
			model_power_on(m);
			scenario_plan(&s, m);
			used = m->arena.used = m->arena.size - room;
			assert_int_equal(
				qt_takeover_stop(&s.takeover, &s.plan, false, QT_STOP_LIMIT_US), 0);
			assert_true(s.plan.commit);
			assert_int_equal(m->arena.used, used);
			if (room < 512)
				expect_decision(&s, GUEST, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
			if (room == 8192)
				expect_decision(&s, GUEST, QT_STOP, QT_WHY_IOVAS_TAKEN);
			scenario_free(&s);
		}
}

/* Stopped, and then the takeover fails: everything is put back, and the device stays stopped. */
static void test_stop_and_undo(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (uint64_t n = 1;; n++) {
			struct model *m = machine_to_stop(&kinds[k], MODEL_FLR);
			struct scenario s;

			map_both(m, give_more(m, &kinds[k], NIC));
			m->trouble.fail_store = n;
			model_power_on(m);
			scenario_run(&s, m);
			if (m->store_attempts < n) {
				expect_sound(&s);
				scenario_free(&s);
				break;
			}
			finish_untouched(&s);
			assert_true(n < 100);
		}
}

/*
 * The only device of its unit had no domain before, for its entry was damaged. When
 * everything is put back, that unit must forget ours all the same.
 */
static void test_undo_reaches_a_unit_without_domains(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct model_unit_config units[] = {
			unit_of_kind(&kinds[k], 1), unit_of_kind(&kinds[k], 1)};
		struct scenario s;
		struct model *m;

		units[0].include_all = false;
		units[1].registers += 0x100000;
		m = machine_of(units, QT_ARRAY_SIZE(units));
		model_claim(m, 0, NIC, false);
		model_add_reset(add_endpoint(m, NIC, CLASS_NIC), MODEL_FLR);
		give_more(m, &kinds[k], NIC);
		damage_entry(m, &kinds[k], NIC);
		model_power_on(m);
		run_sound(&s, m);
		expect_decision(&s, NIC, QT_STOP, QT_WHY_ENTRY_DAMAGED);
		finish(&s);
	}
}

/* What leads into the crash region goes, slot by slot; what is one to one there stays. */
static void test_fence_cuts_what_leads_there_alone(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct model *m = machine_to_stop(&kinds[k], 0);
		struct model_domain *d = give_more(m, &kinds[k], GUEST);
		struct model_translation t;
		struct scenario s;

		map_into_crash_region(m, d);
		model_map(m, d, QT_MIB(526), QT_MIB(526), 0x1000, QT_RW, 0);
		if (kinds[k].amd && !kinds[k].guest) {
			model_map(m, d, QT_GIB(2), QT_MIB(100), 0x1000, QT_RW, 0);
			model_amdvi_map_sized(m, d, QT_GIB(2) + QT_KIB(64), QT_MIB(513), 0, 14);
		}
		model_power_on(m);
		run_sound(&s, m);
		expect_decision(&s, GUEST, QT_FENCE, QT_WHY_GUARD_BROKEN);
		assert_int_equal(model_translate(m, GUEST, QT_MIB(526), MODEL_WALK, &t), 0);
		assert_int_equal(t.phys, QT_MIB(526));
		finish(&s);
	}
}

/* What a unit recorded before its device was stopped is no sign of life. */
static void test_old_faults_do_not_count(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct scenario s;
		struct model *m;

		m = machine_to_stop(&kinds[k], MODEL_FLR);
		map_like_a_guest(m, give_more(m, &kinds[k], NIC));
		model_record_fault(m, &m->units[0], NIC);
		model_power_on(m);
		run_sound(&s, m);
		expect_decision(&s, NIC, QT_STOP, QT_WHY_IOVAS_TAKEN);
		finish(&s);
	}
}

/* Its reset turned that off. */
static void test_device_tlb_of_a_stopped_device_is_not_flushed(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct model *m = machine_to_stop(&kinds[k], MODEL_FLR);
		struct model_domain *d = give_more(m, &kinds[k], NIC);
		struct scenario s;

		model_add_ats(model_function(m, NIC));
		model_attach(m, d, NIC, 1);
		map_like_a_guest(m, d);
		model_power_on(m);
		run_sound(&s, m);
		expect_decision(&s, NIC, QT_STOP, QT_WHY_IOVAS_TAKEN);
		assert_int_equal(m->units[0].device_invalidations, 0);
		finish(&s);
	}
}

/* Alone behind its unit: what that has cached must go, or nobody would see it go on. */
static void test_restless_alone(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++) {
		struct model *m;
		struct scenario s;

		m = machine_of_kind(&kinds[k], 1);
		model_add_reset(add_endpoint(m, NIC, CLASS_NIC), MODEL_FLR);
		map_like_a_guest(m, give_more(m, &kinds[k], NIC));
		model_touch(m, NIC, 0);
		model_function(m, NIC)->restless = true;
		model_power_on(m);
		scenario_run(&s, m);
		assert_false(s.plan.commit);
		expect_decision(&s, NIC, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
		finish_untouched(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_not_stoppable),
		cmocka_unit_test(test_fenced),
		cmocka_unit_test(test_large_leaf_is_cut),
		cmocka_unit_test(test_restless),
		cmocka_unit_test(test_restless_among_others),
		cmocka_unit_test(test_habits),
		cmocka_unit_test(test_stop_without_room),
		cmocka_unit_test(test_stop_and_undo),
		cmocka_unit_test(test_undo_reaches_a_unit_without_domains),
		cmocka_unit_test(test_fence_cuts_what_leads_there_alone),
		cmocka_unit_test(test_old_faults_do_not_count),
		cmocka_unit_test(test_device_tlb_of_a_stopped_device_is_not_flushed),
		cmocka_unit_test(test_restless_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
