/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A requester that loses all it had and gets another domain, in the middle of a
 * takeover: what a unit's block and admit do together, on every kind of unit.
 */

#include "kinds.h"

#define PAGE    0x1000u
#define IOVA    (QT_GIB(4) - QT_MIB(2)) /* what the domain of disk and NIC has mapped */
#define PROCESS 5u                      /* PASID of a process */

/* What the NIC has before it is stopped. */
enum had { HAD_TABLE, HAD_DEVICE_TLB, HAD_PASS_THROUGH, HAD_GARBAGE, HAD_KINDS };

struct stop {
	struct scenario s;
	const struct kind *kind;
	qt_phys entry; /* the NIC's, in the requester table */
	bool blocked;  /* a store to it has been made */
};

static struct model *machine(const struct kind *kind, unsigned variety, enum had had)
{
	struct model *m = machine_of_kind(kind, variety);
	struct model_domain *both, *own;

	add_function(m, NVME, CLASS_NVME);
	add_function(m, NIC, CLASS_NIC);
	add_function(m, USB, CLASS_USB);
	both = domain_of_kind(m, kind, kind->levels, 5);
	own = domain_of_kind(m, kind, kind->few_levels, 6);
	model_map(m, both, IOVA, QT_MIB(100), QT_MIB(1), QT_RW, 0);
	model_map(m, own, IOVA, QT_MIB(200), QT_MIB(1), QT_READ, 0);
	model_attach(m, both, NVME, 0);
	model_attach(m, own, USB, 0);
	if (had == HAD_PASS_THROUGH)
		model_attach_pass(m, 0, NIC);
	else
		model_attach(m, both, NIC, had == HAD_DEVICE_TLB);
	if (had == HAD_DEVICE_TLB) {
		model_add_pcie(model_function(m, NIC), QT_PCIE_ENDPOINT);
		model_add_ats(model_function(m, NIC));
	}
	return m;
}

/*
 * Scalable mode: processes in the NIC's PASID table, and the USB controller shares
 * that table as aliases do, its own domain and all.
 */
static void add_pasids(struct model *m, const struct kind *kind)
{
	struct model_domain *process = domain_of_kind(m, kind, kind->levels, 77);
	qt_phys nic = model_context_entry(m, 0, NIC), usb = model_context_entry(m, 0, USB);

	model_map(m, process, QT_MIB(512), QT_MIB(300), QT_MIB(1), QT_RW, 0);
	for (uint32_t pasid = PROCESS; pasid < 200; pasid += 64)
		model_attach_pasid(m, process, NIC, pasid);
	model_poke(m, usb, model_peek(m, nic) & ~4ull);
}

static int record(void *context, const struct qt_store *store)
{
	struct scenario *s = context;

	return qt_journal_add(&s->journal, store);
}

static bool recorded(void *context, qt_phys at, uint64_t *value)
{
	const struct scenario *s = context;

	return qt_journal_pending(&s->journal, at, value);
}

static int no_store(void *context, const struct qt_store *store)
{
	(void)context;
	(void)store;
	return QT_E_IO;
}

static struct qt_requester *requester(struct scenario *s, qt_rid rid)
{
	for (size_t i = 0; i < s->machine.requester_count; i++)
		if (s->machine.requesters[i].rid == rid)
			return &s->machine.requesters[i];
	fail_msg("no requester %x", rid);
	return NULL;
}

/* The domain of admit, as a takeover makes it. */
static struct qt_domain *capture_domain(struct scenario *s)
{
	struct qt_machine *machine = &s->machine;
	struct qt_domain *domain = &machine->domains[machine->domain_count];
	const struct qt_unit *unit = &machine->units[0];
	struct qt_capture *capture;

	*domain = (struct qt_domain){.ours = true};
	assert_int_equal(unit->ops->geometry(unit, QT_GIB(1), &domain->table.geometry), 0);
	assert_int_equal(qt_machine_domain_id(machine, 0, &domain->id), 0);
	assert_int_equal(qt_machine_capture(machine, &domain->table.geometry, &capture), 0);
	assert_int_equal(qt_capture_table(capture, domain->table.geometry.levels - 1u, 0,
				 &domain->table.root),
		0);
	machine->domain_count++;
	return domain;
}

static void block_and_admit(struct stop *stop)
{
	struct scenario *s = &stop->s;
	const struct qt_unit *unit = &s->machine.units[0];
	struct qt_requester *nic = requester(s, NIC);
	size_t before = s->journal.stores;
	struct qt_unit_change change = {&s->machine, unit, NIC, NULL, NULL, recorded, record, s};
	struct qt_domain *domain;

	assert_int_equal(unit->ops->block(&change), 0);
	assert_true(s->journal.stores > before);
	domain = change.domain = capture_domain(s);
	assert_int_equal(unit->ops->admit(&change), 0);
	/* A second one finds an entry; in some, the one that it would make. */
	change.add = no_store;
	assert_int_equal(unit->ops->admit(&change),
		stop->kind->scalable || stop->kind->smmu ? QT_OK : QT_E_BUSY);
	nic->domain = (int16_t)(domain - s->machine.domains);
	nic->domain_id = domain->id;
	nic->decision = QT_ADMIT; /* for all that checks the outcome */
}

static void mark_stopped(struct model *m, bool stopped)
{
	for (size_t i = 0; i < m->snapshot->live_count; i++)
		if (m->snapshot->lives[i].rid == NIC)
			m->snapshot->lives[i].stopped = stopped;
}

static bool one_to_one(const struct model_translation *t, qt_iova iova)
{
	return t->phys == iova && t->perms == QT_RW;
}

/* From the first store on, which is to its entry's first word, the NIC gets nowhere, or where it is
 * to go. */
static void check_nic(struct model *m, struct stop *stop)
{
	struct model_translation t;

	/* Stores that have not left the CPU's caches and buffers are not seen yet. */
	if (m->store_count && m->stores[m->store_count - 1].at == stop->entry &&
		model_unit_view(&m->units[0]) == MODEL_CPU)
		stop->blocked = true;
	if (!stop->blocked)
		return;
	if (!model_translate(m, NIC, IOVA, MODEL_WALK, &t))
		model_complain(m, "the NIC still has what it had");
	if (!model_translate(m, NIC, QT_MIB(513), MODEL_WALK, &t) && !one_to_one(&t, QT_MIB(513)))
		model_complain(m, "the NIC got something else");
}

static void after_change(struct model *m, void *context)
{
	check_nic(m, context);
	model_keep(m);
}

/* Nothing that the NIC had is left in any cache. */
static void expect_stopped(struct model *m)
{
	struct model_translation t;

	for (enum model_path path = MODEL_WALK; path <= MODEL_CACHED; path++)
		for (qt_iova at = IOVA; at < IOVA + QT_MIB(1); at += PAGE)
			if (!model_translate(m, NIC, at, path, &t))
				fail_msg("the NIC still reaches %llx, path %d",
					(unsigned long long)at, path);
}

static void expect_pasids_untouched(const struct stop *stop, qt_phys entry)
{
	const struct model *m = stop->s.m;

	for (size_t i = 0; entry && i < m->store_count; i++)
		if (m->stores[i].at / PAGE == entry / PAGE)
			fail_msg("a store into the dead kernel's PASID table");
}

static void run(const struct kind *kind, unsigned variety, enum had had)
{
	struct model *m = machine(kind, variety, had);
	struct stop stop = {.kind = kind, .entry = model_context_entry(m, 0, NIC)};
	struct scenario *s = &stop.s;
	bool pasids = kind->scalable && had != HAD_PASS_THROUGH && variety & 2;
	qt_phys pasid_entry;

	if (pasids)
		add_pasids(m, kind);
	pasid_entry = kind->scalable ? model_pasid_entry(m, 0, NIC, PROCESS) : 0;
	for (qt_iova at = IOVA; at < IOVA + QT_MIB(1); at += PAGE)
		for (qt_rid rid = NVME; rid <= USB; rid += 8)
			model_touch(m, rid, at);
	/* Only now, so that caches still have what it led to. */
	if (had == HAD_GARBAGE)
		damage_entry(m, kind, NIC);
	scenario_plan(s, m);
	assert_int_equal(s->opened, 0);
	mark_stopped(m, true);
	m->on_change = after_change;
	m->on_change_context = &stop;
	requester(s, NIC)->decision = QT_STOP;
	s->plan.commit = true;
	assert_int_equal(qt_takeover_prepare(&s->takeover), 0);
	block_and_admit(&stop);
	assert_int_equal(m->store_count, 0);
	s->prepared = 0;
	s->committed = qt_takeover_commit(&s->takeover);
	s->verified = s->committed ? 1 : qt_takeover_verify(&s->takeover, &s->failed);
	expect_sound(s);
	expect_stopped(m);
	expect_pasids_untouched(&stop, pasids ? pasid_entry : 0);
	mark_stopped(m, false);
	scenario_undo(s);
	assert_int_equal(s->undone, 0);
	expect_untouched(s);
	scenario_free(s);
}

static void test_every_kind(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (unsigned variety = 0; variety < 8; variety++)
			for (enum had had = HAD_TABLE; had < HAD_KINDS; had++) {
				if (getenv("QT_VERBOSE"))
					print_message("%s, variety %u, had %d\n", kinds[k].name,
						variety, had);
				run(&kinds[k], variety, had);
			}
}

/* What lets DMA through is not overwritten by an admission. */
static void test_admission_of_what_is_in_use(void **state)
{
	(void)state;
	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (enum had had = HAD_TABLE; had <= HAD_PASS_THROUGH; had++) {
			struct qt_unit_change change = {.rid = NIC, .add = no_store};
			struct scenario s;

			scenario_plan(&s, machine(&kinds[k], 0, had));
			assert_int_equal(s.opened, 0);
			change.machine = &s.machine;
			change.unit = &s.machine.units[0];
			change.domain = capture_domain(&s);
			if (change.unit->ops->admit(&change) != QT_E_BUSY)
				fail_msg("%s, had %d", kinds[k].name, had);
			scenario_free(&s);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_admission_of_what_is_in_use),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
