/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whole takeovers, as they are with every kind of unit: what is adopted, admitted,
 * left and refused, and accidents at every step. KEEP is checked after every single
 * store, all invariants at the end.
 */
#include "../../core/unit/device_tlb.h"
#include "kinds.h"

/* 64 KiB: a table of their own in one store, or page by page where there is a table. */
static size_t doorbell_stores(const struct kind *kind)
{
	return has_large_pages(kind) ? QT_KIB(64) / page_of_kind(kind) : kind->smmu;
}

/*
 * What a takeover costs: besides the stores of the capture mapping, SMMUv3's domains
 * take some for the doorbells, and AMD-Vi's requesters one each to interrupt.
 */
static void expect_stores(const struct scenario *s, const struct kind *kind, size_t mapping,
	size_t domains, size_t requesters)
{
	assert_int_equal(s->m->store_count,
		mapping + doorbell_stores(kind) * domains + kind->amd * requesters);
}

static void test_common_case_takes_one_store_per_domain(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct scenario s;

	add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	add_device_of_kind(m, kind, NIC, CLASS_NIC, 2);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	expect_stores(&s, kind, 2, 2, 2);
	assert_true(m->snapshot->keep_checks >= 2);
	assert_true(scenario_requester(&s, NIC)->verified);
	assert_int_equal(m->units[0].pasid_invalidations > 0, kind->scalable);
	finish(&s);
}

/* A live leaf in the same 1 GiB and in the same 2 MiB as the crash region's ends. */
static void test_neighbours_in_the_same_tables(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	struct scenario s;

	model_map(m, d, QT_MIB(510), QT_MIB(200), QT_MIB(2), QT_RW, 0);
	model_map(m, d, QT_MIB(528), QT_MIB(202), QT_MIB(2), QT_READ, 1);
	model_map(m, d, QT_MIB(640), QT_MIB(300), 0x1000, QT_WRITE, 0);
	run_sound(&s, m);
	/* Leaves in a table that is in use: of 2 MiB, or pages. */
	expect_stores(&s, kind,
		QT_MIB(16) / (has_large_pages(kind) ? page_of_kind(kind) : QT_MIB(2)), 1, 1);
	finish(&s);
}

static void test_crash_region_not_aligned_to_superpages(void **state)
{
	const struct kind *kind = *state;
	const uint64_t page = page_of_kind(kind);
	const struct qt_range crash[] = {{QT_MIB(700) + 3 * page, QT_MIB(709) - 5 * page}};
	struct model *m = machine_of_kind_in(kind, 1, crash, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);

	model_map(m, d, QT_MIB(700) + 2 * page, QT_MIB(200), page, QT_RW, 0);
	model_map(m, d, QT_MIB(709) - 5 * page, QT_MIB(201), page, QT_RW, 0);
	add_function(m, NIC, CLASS_NIC);
	give(m, NIC, domain_of_kind(m, kind, kind->few_levels, 2));
	expect_takeover(m);
}

static void test_emptied_tables_and_stale_caches(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);

	churn(m, d, NVME, QT_MIB(512), QT_MIB(4), 0);
	churn(m, d, NVME, QT_MIB(520), QT_MIB(4), 1);
	model_map(m, d, QT_MIB(600), QT_MIB(200), 0x3000, QT_RW, 0);
	expect_takeover(m);
}

/* All of the gigabyte was used and none of it is: one store replaces the lot. */
static void test_wholly_emptied_subtree_is_replaced_at_its_top(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	struct scenario s;

	churn(m, d, NVME, QT_MIB(500), QT_MIB(40), 0);
	run_sound(&s, m);
	expect_stores(&s, kind, 1, 1, 1);
	finish(&s);
}

static void test_no_superpages(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1 | 8);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);

	model_map(m, d, QT_MIB(528), QT_MIB(202), 0x2000, QT_RW, 0);
	add_function(m, NIC, CLASS_NIC);
	expect_takeover(m);
}

/* Units that cache what is not present, too. */
static void test_caching_mode(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1 | 2);

	add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	add_function(m, NIC, CLASS_NIC);
	add_device_of_kind(m, kind, USB, CLASS_USB, 2);
	model_detach(m, 0, USB);
	for (qt_iova at = QT_MIB(512); at < QT_MIB(528); at += 0x1000) {
		assert_int_not_equal(model_touch(m, NVME, at), 0);
		assert_int_not_equal(model_touch(m, NIC, at), 0);
		assert_int_not_equal(model_touch(m, USB, at), 0);
	}
	expect_takeover(m);
}

static void test_domain_shared_by_devices(void **state)
{
	const qt_rid unseen = QT_RID(0, 0, 0x38); /* a requester that no function stands for */
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	struct scenario s;

	add_function(m, NIC, CLASS_NIC);
	model_attach(m, d, NIC, 0);
	model_attach(m, d, unseen, 0);
	run_sound(&s, m);
	expect_stores(&s, kind, 1, 1, 3);
	expect_decision(&s, unseen, QT_ADOPT, QT_WHY_FREE);
	assert_int_equal(scenario_requester(&s, unseen)->function, -1);
	finish(&s);
}

static void test_pass_through(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct scenario s;

	add_function(m, NVME, CLASS_NVME);
	model_attach_pass(m, 0, NVME);
	add_device_of_kind(m, kind, NIC, CLASS_NIC, 2);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_PASSTHROUGH);
	expect_stores(&s, kind, 1, 1, 2);
	finish(&s);
}

/* An identity domain made of real tables, as Linux has it where there is no pass-through. */
static void test_identity_domain(void **state)
{
	const struct kind *kind = *state;
	struct model_unit_config unit = unit_of_kind(kind, 1);
	struct model_domain *d;
	struct scenario s;
	struct model *m;

	unit.pass_through = false;
	m = machine_with(&unit);
	add_function(m, NVME, CLASS_NVME);
	d = domain_of_kind(m, kind, kind->levels, 1);
	for (size_t i = 0; i < QT_ARRAY_SIZE(small_ram); i++)
		model_map(m, d, small_ram[i].start, small_ram[i].start,
			small_ram[i].end - small_ram[i].start, QT_RW, 2);
	if (kind->smmu)
		model_map(m, d, MODEL_DOORBELL, MODEL_DOORBELL, MODEL_DOORBELL_END - MODEL_DOORBELL,
			QT_RW, 0);
	model_attach(m, d, NVME, 0);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_DIRECT, QT_WHY_ALREADY_MAPPED);
	expect_stores(&s, kind, 0, 0, 1);
	finish(&s);
}

/* crashkernel=…,cma: part of the crash region is mapped one to one already. */
static void test_part_of_the_crash_region_is_one_to_one(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	struct scenario s;

	model_map(m, d, QT_MIB(514), QT_MIB(514), 0x5000, QT_RW, 0);
	model_map(m, d, QT_MIB(520), QT_MIB(520), QT_MIB(2), QT_RW, 1);
	run_sound(&s, m);
	expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
	finish(&s);
}

/* …but read-only: what translates is never changed. */
static void test_part_of_the_crash_region_is_read_only(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);

	model_map(m, d, QT_MIB(514), QT_MIB(514), 0x5000, QT_READ, 0);
	expect_refusal(m, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
}

/* Firmware's reserved memory comes along into a new domain, and only into its own. */
static void test_admission_with_reserved_memory(void **state)
{
	const struct kind *kind = *state;
	const uint64_t step = kind->smmu ? 0x10000 : 0x1000; /* of RMR, and of all others */
	struct model *m = machine_of_kind(kind, 1);
	struct model_translation t;
	struct scenario s;

	add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	add_function(m, USB, CLASS_USB);
	add_function(m, NIC, CLASS_NIC);
	model_reserve(m, USB, 0x7d000000, 0x7d800000);
	model_reserve(m, USB, QT_GIB(5) + step, QT_GIB(5) + 3 * step);
	run_sound(&s, m);
	assert_int_equal(model_translate(m, USB, 0x7d7ff000, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, 0x7d7ff000);
	assert_int_equal(t.perms, QT_RW);
	assert_int_equal(model_translate(m, USB, QT_GIB(5) + 2 * step, MODEL_WALK, &t), 0);
	assert_int_not_equal(model_translate(m, USB, QT_GIB(5) + 3 * step, MODEL_WALK, &t), 0);
	assert_int_not_equal(model_translate(m, NIC, 0x7d7ff000, MODEL_WALK, &t), 0);
	finish(&s);
}

/* A domain ID that no entry uses can still be cached: from a domain that is gone. */
static void test_admission_under_a_domain_id_that_is_still_cached(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1 | 4);
	struct model_domain *d;

	add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	add_function(m, NIC, CLASS_NIC);
	d = add_device_of_kind(m, kind, USB, CLASS_USB, 65535);
	churn(m, d, USB, QT_MIB(512), QT_MIB(1), 0);
	model_detach(m, 0, USB);
	expect_takeover(m);
}

/*
 * An entry that was switched off but for one bit, with the ID of a domain that others
 * use: a new one must not be valid before all of it is there.
 */
static void test_admission_over_what_an_entry_left(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 5);
	struct scenario s;

	add_function(m, USB, CLASS_USB);
	model_attach(m, d, USB, 0);
	poke_bits(m,
		kind->scalable ? model_pasid_entry(m, 0, USB, 0) : model_context_entry(m, 0, USB),
		kind->amd ? 2 : 1, 0);
	run_sound(&s, m);
	assert_int_equal(scenario_requester(&s, USB)->decision, QT_ADMIT);
	finish(&s);
}

static struct model *machine_with_device_tlbs(const struct kind *kind)
{
	struct model *m = machine_of_kind(kind, 1);

	add_device_tlb(m, add_device_of_kind(m, kind, NIC, CLASS_NIC, 1), NIC);
	add_device_tlb(m, add_device_of_kind(m, kind, NVME, CLASS_NVME, 2), NVME);
	add_device_of_kind(m, kind, USB, CLASS_USB, 3);
	return m;
}

/* Devices that cache translations themselves: theirs have to go as well. */
static void test_device_tlbs(void **state)
{
	struct model *m = machine_with_device_tlbs(*state);
	struct scenario s;

	run_sound(&s, m);
	assert_true(scenario_requester(&s, NVME)->ats);
	assert_int_equal(m->units[0].device_invalidations, 2);
	finish(&s);
}

/* One that never answers must not hold up the others. */
static void test_device_tlb_that_does_not_answer(void **state)
{
	struct model *m = machine_with_device_tlbs(*state);
	uint64_t began = m->clock_ns;
	struct scenario s;

	model_function(m, NVME)->ats_deaf = true;
	scenario_run(&s, m);
	assert_true(m->clock_ns - began < 5000000000ull);
	assert_int_equal(s.committed, 0);
	assert_int_equal(s.verified, 0);
	assert_true(m->units[0].device_invalidations >= 1);
	assert_true(model_reach(m, NIC, MODEL_CACHED));
	assert_true(model_reach(m, USB, MODEL_CACHED));
	assert_int_equal(m->complaints, 0);
	if (m->units[0].config.vendor == MODEL_AMDVI) /* it was stopped by that */
		assert_true(m->units[0].amdvi.running);
	scenario_free(&s);
}

static struct model *slow_model;

static int flush_slowly(void *context, qt_rid rid)
{
	unsigned *flushed = context;

	(void)rid;
	(*flushed)++;
	model_sleep(slow_model, 300000);
	return QT_E_TIMEOUT;
}

static bool never_stuck(void *context)
{
	(void)context;
	return false;
}

/* However many devices do not answer, they have one time limit. */
static void test_device_tlbs_share_a_time_limit(void **state)
{
	struct model *m = machine_of_kind(*state, 1);
	unsigned flushed = 0;
	struct scenario s;

	for (uint16_t i = 0; i < 8; i++) {
		qt_rid rid = QT_RID(0, 0, 8 * (1 + i));

		add_device_tlb(m, add_device_of_kind(m, *state, rid, CLASS_NIC, i + 1), rid);
	}
	scenario_plan(&s, m);
	slow_model = m;
	assert_int_equal(qt_flush_device_tlbs(&s.machine, &s.machine.units[0], flush_slowly,
				 never_stuck, &flushed),
		0);
	assert_in_range(flushed, 1, 3);
	scenario_free(&s);
}

/* It would never answer. */
static void test_device_tlb_of_what_is_gone(void **state)
{
	struct model *m = machine_with_device_tlbs(*state);
	struct scenario s;

	scenario_plan(&s, m);
	model_function(m, NVME)->removed = model_function(m, NVME)->ats_silent = true;
	assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
	assert_int_equal(qt_takeover_commit(&s.takeover), 0);
	assert_int_equal(m->units[0].device_invalidations, 1);
	scenario_free(&s);
}

/* Whatever the tables say: the hardware's own entry has to lead to them. */
static void test_verify_goes_by_the_hardwares_entry(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *other = add_device_of_kind(m, kind, NIC, CLASS_NIC, 2);
	struct scenario s;
	size_t failed;

	add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	scenario_plan(&s, m);
	m->on_change = NULL;
	assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
	assert_int_equal(qt_takeover_commit(&s.takeover), 0);
	model_attach(m, other, NVME, 0);
	assert_int_equal(qt_takeover_verify(&s.takeover, &failed), QT_E_BAD);
	assert_int_equal(s.machine.requesters[failed].rid, NVME);
	scenario_free(&s);
}

/* However many units there are. */
static void test_units_that_do_not_flush(void **state)
{
	const struct kind *kind = *state;
	struct model_unit_config units[MODEL_UNITS_MAX];
	uint64_t began;
	struct scenario s;
	struct model *m;

	for (unsigned i = 0; i < MODEL_UNITS_MAX; i++) {
		units[i] = unit_of_kind(kind, 1);
		units[i].include_all = false;
		units[i].registers += i * 0x100000;
	}
	m = machine_of(units, MODEL_UNITS_MAX);
	for (unsigned i = 0; i < MODEL_UNITS_MAX; i++) {
		qt_rid rid = QT_RID(0, 0, 8 * (1 + i));

		model_claim(m, i, rid, false);
		add_function(m, rid, CLASS_NIC);
		give(m, rid, model_domain_new(m, i, kind->levels, 1));
		m->units[i].deaf = true;
	}
	scenario_plan(&s, m);
	assert_true(s.plan.commit);
	assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
	began = m->clock_ns;
	assert_int_equal(qt_takeover_commit(&s.takeover), QT_E_TIMEOUT);
	assert_in_range((m->clock_ns - began) / 1000, QT_FLUSH_LIMIT_US,
		QT_FLUSH_LIMIT_US + QT_UNIT_FLUSH_LIMIT_US);
	scenario_free(&s);
}

static void test_no_low_memory(void **state)
{
	const struct qt_range crash[] = {{QT_GIB(4) + QT_MIB(16), QT_GIB(4) + QT_MIB(48)}};
	const struct kind *kind = *state;
	struct model *m = machine_of_kind_in(kind, 1, crash, 1);
	struct scenario s;

	add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	scenario_run(&s, m);
	finish_stock(&s, QT_WHY_NO_LOW_MEMORY);
}

/* Below 1 MiB: mapped where free, and never a reason to refuse (guests map from 0). */
static void test_low_memory_in_use(void **state)
{
	const struct kind *kind = *state;
	const uint64_t page = page_of_kind(kind);
	const struct qt_range crash[] = {{page, 0xa0000 - page}, {QT_MIB(512), QT_MIB(528)}};
	struct model *m = machine_of_kind_in(kind, 1, crash, 2);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	struct model_translation t;
	struct scenario s;

	model_map(m, d, 0, QT_MIB(300), 0x40000, QT_RW, 0);
	add_device_of_kind(m, kind, NIC, CLASS_NIC, 2);
	run_sound(&s, m);
	assert_int_equal(model_translate(m, NVME, 0x50000, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, 0x50000);
	assert_int_equal(model_translate(m, NIC, page, MODEL_WALK, &t), 0);
	assert_int_equal(t.phys, page);
	finish(&s);
}

static void test_iovas_taken(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, NVME, CLASS_NVME, 1);
	struct scenario s;

	model_map(m, d, QT_MIB(515), QT_MIB(200), 0x1000, QT_RW, 0);
	scenario_run(&s, m);
	expect_decision(&s, NVME, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	assert_int_equal(s.machine.requesters[s.plan.blocker].rid, NVME);
	assert_int_equal(
		s.machine.domains[scenario_requester(&s, NVME)->domain].taken_iova, QT_MIB(515));
	finish_stock(&s, QT_WHY_FUNCTION_UNREACHED);
}

/* The capture kernel can do without a display: the rest is taken over, it is left alone. */
static void test_iovas_taken_by_what_nobody_needs(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, DISPLAY, CLASS_DISPLAY, 1);
	struct scenario s;

	model_map(m, d, QT_MIB(515), QT_MIB(200), QT_MIB(1), QT_RW, 0);
	add_device_of_kind(m, kind, NVME, CLASS_NVME, 2);
	run_sound(&s, m);
	expect_decision(&s, DISPLAY, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
	expect_stores(&s, kind, 1, 1, 2);
	finish(&s);
}

static void test_guard_broken(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, DISPLAY, CLASS_DISPLAY, 1);
	struct scenario s;

	model_map(m, d, QT_GIB(3), QT_MIB(527), QT_MIB(2), QT_WRITE, 0);
	add_device_of_kind(m, kind, NVME, CLASS_NVME, 2);
	scenario_plan(&s, m);
	assert_int_equal(
		s.machine.domains[scenario_requester(&s, DISPLAY)->domain].guard_iova, QT_GIB(3));
	scenario_take_over(&s);
	expect_sound(&s);
	expect_decision(&s, DISPLAY, QT_FENCE, QT_WHY_GUARD_BROKEN);
	expect_stores(&s, kind, 1 + QT_MIB(1) / page_of_kind(kind), 1, 2);
	finish(&s);
}

/* What it is known to lead to could be cut, but there may be more behind the damage. */
static void test_guard_broken_by_a_damaged_table(void **state)
{
	const struct kind *kind = *state;
	struct model *m = machine_of_kind(kind, 1);
	struct model_domain *d = add_device_of_kind(m, kind, DISPLAY, CLASS_DISPLAY, 1);
	struct scenario s;

	model_map(m, d, QT_GIB(2), QT_MIB(527), QT_MIB(2), QT_WRITE, 0);
	/* The way to what drivers have mapped, which the piece above does not need. */
	poke_bits(m, model_table_entry(m, d, 0xffd00000, has_large_pages(kind) ? 1 : 2),
		0x000ffffffffff000, QT_GIB(3));
	add_device_of_kind(m, kind, NVME, CLASS_NVME, 2);
	scenario_run(&s, m);
	expect_decision(&s, DISPLAY, QT_FENCE, QT_WHY_GUARD_BROKEN);
	finish_stock(&s, QT_WHY_GUARD_UNKNOWN);
}

/* A machine with something of everything, for accidents at every step. */
static struct model *busy_machine(const void *context)
{
	const struct kind *kind = context;
	const struct qt_range crash = crash_of_kind(kind, QT_STAGE_MEMORY_SIZE);
	struct model *m = machine_of_kind_in(kind, 0, &crash, 1);

	use_window(m, add_device_of_kind(m, kind, NVME, CLASS_NVME, 1), NVME);
	add_function(m, NIC, CLASS_NIC);
	give(m, NIC, domain_of_kind(m, kind, kind->few_levels, 2));
	add_function(m, USB, CLASS_USB);
	add_device_of_kind(m, kind, DISPLAY, CLASS_DISPLAY, 3);
	model_detach(m, 0, DISPLAY);
	if (!kind->amd) { /* its device table ends before */
		add_bridge(m, PORT, 9, QT_PCIE_ROOT_PORT);
		add_endpoint(m, QT_RID(0, 9, 0), CLASS_NVME);
	}
	return m;
}

static size_t busy_stores(const struct kind *kind)
{
	struct scenario s;
	size_t stores;

	run_sound(&s, busy_machine(kind));
	stores = s.m->store_count;
	scenario_free(&s);
	return stores;
}

static void test_store_that_fails_is_undone(void **state)
{
	expect_stores_may_fail(busy_machine, *state);
}

/* Reads that fail, one by one: whatever comes of it, it is sound or nothing is touched. */
static void test_read_that_fails(void **state)
{
	expect_reads_may_fail(busy_machine, *state, 30);
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
	size_t stores = busy_stores(*state);

	for (size_t n = 1; n <= stores; n++) {
		struct accident accident = {.store = n};
		struct scenario s;

		scenario_plan(&s, busy_machine(*state));
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		assert_true(commit_until_accident(&s, &accident));
		finish(&s);
	}
}

/* Somebody changes a word between planning and storing. */
static void test_word_that_changed_meanwhile(void **state)
{
	size_t stores = busy_stores(*state);

	for (size_t n = 0; n < stores; n++) {
		struct model *m = busy_machine(*state);
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
		finish_untouched(&s);
	}
}

/* Verify must notice what commit's caller cannot see: an entry that came undone. */
static void test_verify_notices(void **state)
{
	for (int what = 0; what < 3; what++) {
		struct model *m = busy_machine(*state);
		qt_iova crash = m->crash[0].start;
		uint64_t page = page_of_kind(*state);
		struct scenario s;
		size_t failed = 99;

		scenario_plan(&s, m);
		assert_int_equal(qt_takeover_prepare(&s.takeover), 0);
		assert_int_equal(qt_takeover_commit(&s.takeover), 0);
		assert_int_equal(qt_takeover_verify(&s.takeover, &failed), 0);
		m->on_change = NULL;
		if (what == 0)
			model_unmap(m, m->dead->domains[0], crash + 2 * page, page);
		else if (what == 1)
			model_poke(m, model_context_entry(m, 0, NVME), 0);
		else
			model_map(m, m->dead->domains[0], QT_GIB(3), crash + 3 * page, page, QT_RW,
				0);
		assert_int_equal(qt_takeover_verify(&s.takeover, &failed), QT_E_BAD);
		assert_int_equal(s.machine.requesters[failed].rid, NVME);
		scenario_free(&s);
	}
}

/* Whatever came in between: all of it holds, or nothing was touched. True if it holds. */
static bool finish_either_way(struct scenario *s)
{
	bool done = s->prepared == 0 && s->committed == 0 && s->verified == 0;

	if (done)
		expect_sound(s);
	else
		expect_untouched(s);
	scenario_free(s);
	return done;
}

/* The clock runs out in the middle of finding. */
static void test_no_time(void **state)
{
	static const uint64_t jumps[] = {1, 2, 10, 100, 300, 600};

	for (size_t i = 0; i < QT_ARRAY_SIZE(jumps); i++) {
		struct model *m = busy_machine(*state);
		struct scenario s;

		m->trouble.jump_at = m->clock_calls + jumps[i];
		m->trouble.jump_us = 3600000000u;
		scenario_run(&s, m);
		finish_either_way(&s);
	}
}

/* Less and less of our own memory: an outcome, not an accident. */
static void test_arena_used_up(void **state)
{
	const uint64_t page = page_of_kind(*state);
	bool refused = false, accepted = false;

	for (size_t left = 0; left < 40 * page; left += 2 * page) {
		struct scenario s;

		scenario_plan_with(&s, busy_machine(*state), left);
		if (s.plan.commit)
			scenario_take_over(&s);
		if (finish_either_way(&s))
			accepted = true;
		else
			refused = true;
	}
	assert_true(refused && accepted);
}

static void test_journal_used_up(void **state)
{
	for (size_t size = 0; size <= 256; size += 16) {
		struct scenario s;

		scenario_plan(&s, busy_machine(*state));
		s.journal.size = size;
		scenario_take_over(&s);
		if (s.prepared)
			assert_int_equal(s.prepared, QT_E_NOMEM);
		finish_either_way(&s);
	}
}

static const struct kind *kind_now;

static int set_kind(void **state)
{
	print_message("%s\n", kind_now->name);
	*state = (void *)(uintptr_t)kind_now;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_common_case_takes_one_store_per_domain),
		cmocka_unit_test(test_neighbours_in_the_same_tables),
		cmocka_unit_test(test_crash_region_not_aligned_to_superpages),
		cmocka_unit_test(test_emptied_tables_and_stale_caches),
		cmocka_unit_test(test_wholly_emptied_subtree_is_replaced_at_its_top),
		cmocka_unit_test(test_no_superpages),
		cmocka_unit_test(test_caching_mode),
		cmocka_unit_test(test_domain_shared_by_devices),
		cmocka_unit_test(test_pass_through),
		cmocka_unit_test(test_identity_domain),
		cmocka_unit_test(test_part_of_the_crash_region_is_one_to_one),
		cmocka_unit_test(test_part_of_the_crash_region_is_read_only),
		cmocka_unit_test(test_admission_with_reserved_memory),
		cmocka_unit_test(test_admission_under_a_domain_id_that_is_still_cached),
		cmocka_unit_test(test_admission_over_what_an_entry_left),
		cmocka_unit_test(test_device_tlbs),
		cmocka_unit_test(test_device_tlb_that_does_not_answer),
		cmocka_unit_test(test_device_tlbs_share_a_time_limit),
		cmocka_unit_test(test_device_tlb_of_what_is_gone),
		cmocka_unit_test(test_verify_goes_by_the_hardwares_entry),
		cmocka_unit_test(test_units_that_do_not_flush),
		cmocka_unit_test(test_no_low_memory),
		cmocka_unit_test(test_low_memory_in_use),
		cmocka_unit_test(test_iovas_taken),
		cmocka_unit_test(test_iovas_taken_by_what_nobody_needs),
		cmocka_unit_test(test_guard_broken),
		cmocka_unit_test(test_guard_broken_by_a_damaged_table),
		cmocka_unit_test(test_store_that_fails_is_undone),
		cmocka_unit_test(test_read_that_fails),
		cmocka_unit_test(test_exception_after_each_store),
		cmocka_unit_test(test_word_that_changed_meanwhile),
		cmocka_unit_test(test_verify_notices),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_arena_used_up),
		cmocka_unit_test(test_journal_used_up),
	};
	int failed = 0;

	for (size_t i = 0; i < QT_ARRAY_SIZE(kinds); i++) {
		kind_now = &kinds[i];
		failed += cmocka_run_group_tests_name(kinds[i].name, tests, set_kind, NULL);
	}
	return failed;
}
