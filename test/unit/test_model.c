/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model machine itself: what would be the use of tests on hardware that
 * forgives everything?
 */
#include "takeover.h"

#define RID       0x10u
#define REGISTERS 0xfed90000u
#define GCMD      (REGISTERS + 0x18)
#define IQT       (REGISTERS + 0x88)
#define IQA       (REGISTERS + 0x90)

static struct model *default_machine(void)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);

	return machine_with(&unit);
}

/* A requester with one MiB mapped at 1 GiB. */
static struct model_domain *attach(struct model *m)
{
	struct model_domain *d = model_domain_new(m, 0, 4, 7);

	model_map(m, d, QT_GIB(1), QT_MIB(100), QT_MIB(1), QT_RW, 0);
	model_attach(m, d, RID, 0);
	return d;
}

static int walk(struct model *m, qt_iova iova, enum model_path path)
{
	struct model_translation t;

	return model_translate(m, RID, iova, path, &t);
}

static void store(struct model *m, qt_phys at, uint64_t value)
{
	assert_int_equal(m->host.store64(m, at, value), 0);
}

static void test_unmapped_but_cached(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = attach(m);

	(void)state;
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	model_unmap(m, d, QT_GIB(1), QT_MIB(1));
	assert_int_equal(walk(m, QT_GIB(1), MODEL_WALK), MODEL_FAULT_WRITE);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	assert_int_equal(walk(m, QT_GIB(1) + 0x1000, MODEL_CACHED), MODEL_FAULT_WRITE);
	model_unit_forget_leaves(&m->units[0], 2, 8, 0, 0, false); /* another domain's */
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	model_unit_forget_leaves(&m->units[0], 3, 7, QT_GIB(1) + 0x1000, 0, false);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	model_unit_forget_leaves(&m->units[0], 3, 7, QT_GIB(1), 0, true);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), MODEL_FAULT_WRITE);
	model_free(m);
}

/* A table that was replaced is still walked while it is cached. */
static void test_cached_tables(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = attach(m);
	qt_phys empty;

	(void)state;
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	empty = model_page(m);
	model_poke(m, model_table_entry(m, d, QT_GIB(1), 1), empty | QT_RW);
	assert_int_equal(walk(m, QT_GIB(1) + 0x1000, MODEL_WALK), MODEL_FAULT_WRITE);
	assert_int_equal(walk(m, QT_GIB(1) + 0x1000, MODEL_PAGING), 0);
	model_unit_forget_leaves(&m->units[0], 1, 0, 0, 0, false);
	assert_int_equal(walk(m, QT_GIB(1) + 0x1000, MODEL_CACHED), MODEL_FAULT_WRITE);
	model_free(m);
}

static void test_cached_contexts(void **state)
{
	struct model *m = default_machine();

	(void)state;
	attach(m);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	model_detach(m, 0, RID);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_WALK), MODEL_FAULT_CONTEXT_ABSENT);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	model_unit_forget_contexts(&m->units[0], 3, 7, RID + 1, 0);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	model_unit_forget_contexts(&m->units[0], 3, 7, RID + 1, 3);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), MODEL_FAULT_CONTEXT_ABSENT);
	model_free(m);
}

static void test_caching_mode(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);

	(void)state;
	for (int caching = 0; caching < 2; caching++) {
		struct model_domain *d;
		struct model *m;

		unit.caching_mode = caching;
		m = machine_with(&unit);
		assert_int_equal(walk(m, 0, MODEL_CACHED), MODEL_FAULT_ROOT_ABSENT);
		d = attach(m);
		assert_int_equal(
			walk(m, QT_GIB(1), MODEL_CACHED), caching ? MODEL_FAULT_ROOT_ABSENT : 0);
		model_unit_forget_contexts(&m->units[0], 2, 0, 0, 0);
		assert_int_equal(walk(m, 0x5000, MODEL_CACHED), MODEL_FAULT_WRITE);
		model_map(m, d, 0x5000, 0x100000, 0x1000, QT_RW, 0);
		assert_int_equal(walk(m, 0x5000, MODEL_CACHED), caching ? MODEL_FAULT_WRITE : 0);
		model_free(m);
	}
}

/* Stores and what becomes of them on the way to a unit. */
static void test_stores_have_to_arrive(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		struct model_domain *d;
		struct model *m;
		qt_phys at;

		unit.coherent = bits & 1;
		unit.write_buffer = bits & 2;
		m = machine_with(&unit);
		d = attach(m);
		at = model_table_entry(m, d, QT_GIB(1) + QT_MIB(1), 0);
		model_crash(m);
		store(m, at, QT_MIB(300) | QT_RW);
		assert_int_equal(!walk(m, QT_GIB(1) + QT_MIB(1), MODEL_WALK), bits == 1);
		m->host.write_back(m, at + 64, 8); /* another line */
		assert_int_equal(!walk(m, QT_GIB(1) + QT_MIB(1), MODEL_WALK), bits == 1);
		m->host.write_back(m, at, 8);
		assert_int_equal(!walk(m, QT_GIB(1) + QT_MIB(1), MODEL_WALK), !(bits & 2));
		m->host.mmio_write32(m, GCMD, m->units[0].status | MODEL_GCMD_WBF);
		model_sleep(m, 10);
		assert_int_equal(walk(m, QT_GIB(1) + QT_MIB(1), MODEL_WALK), 0);
		model_free(m);
	}
}

static void expect_complaint(struct model *m, const char *about)
{
	if (!m->complaints || !strstr(m->complaint, about))
		fail_msg("expected a complaint about %s, got: %s", about, m->complaint);
	m->complaints = 0;
}

static void test_registers_have_rules(void **state)
{
	struct model *m = default_machine();
	const struct qt_host *host = &m->host;
	uint32_t on = m->units[0].status & ~MODEL_GCMD_SRTP;

	(void)state;
	host->mmio_write32(m, GCMD, MODEL_GCMD_QIE);
	expect_complaint(m, "more than one thing");
	model_sleep(m, 10);
	assert_int_equal(m->units[0].status & MODEL_GCMD_TE, 0);
	host->mmio_write32(m, GCMD, on & ~MODEL_GCMD_QIE & ~MODEL_GCMD_IRE);
	host->mmio_write32(m, GCMD, on);
	expect_complaint(m, "more than one thing");
	model_sleep(m, 10);
	host->mmio_write64(m, REGISTERS + 0x20, 0x1000);
	expect_complaint(m, "RTADDR");
	m->units[0].status |= MODEL_GCMD_QIE;
	host->mmio_write64(m, REGISTERS + 0x28, 1ull << 63 | 1ull << 61);
	expect_complaint(m, "queue is on");
	host->mmio_write64(m, IQA, QT_MIB(2));
	expect_complaint(m, "IQA");
	assert_int_equal(host->mmio_read32(m, 0xfec00000), UINT32_MAX);
	expect_complaint(m, "where nothing is");
	model_free(m);
}

/* A queue of ours is fetched, executed and answered; what makes no sense stops it. */
static void test_queue(void **state)
{
	struct model *m = default_machine();
	struct model_unit *unit = &m->units[0];
	uint64_t *queue = (uint64_t *)m->arena.base;
	uint64_t base = m->arena.phys;

	(void)state;
	attach(m);
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	unit->queue_head = unit->queue_tail = 0;
	unit->queue_address = base;
	memset(queue, 0, 4096);
	queue[0] = 2 | 1 << 4;                       /* IOTLB, global */
	queue[2] = 1 | 1 << 4;                       /* contexts, global */
	queue[4] = 5 | 1 << 5 | 0x12345678ull << 32; /* wait */
	queue[5] = base + 0x800;
	m->host.mmio_write32(m, IQT, 0x30);
	assert_int_not_equal(unit->cache.used, 0); /* it takes its time */
	model_sleep(m, 10);
	assert_int_equal(unit->cache.used, 0);
	assert_int_equal((uint32_t)queue[0x100], 0x12345678);
	assert_int_equal(unit->queue_head, 0x30);
	m->host.mmio_write32(m, IQT, 0x40); /* type 0 */
	model_sleep(m, 10);
	assert_int_equal(unit->fault_status, MODEL_FSTS_IQE);
	assert_int_equal(unit->queue_head, 0x30);
	queue[6] = 5 | 1 << 5;
	queue[7] = QT_MIB(100); /* somebody else's memory */
	m->host.mmio_write32(m, REGISTERS + 0x34, MODEL_FSTS_IQE);
	model_sleep(m, 10);
	expect_complaint(m, "status is written to");
	model_free(m);
}

static void test_keep_sees_it(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = attach(m);
	qt_phys at = model_table_entry(m, d, QT_GIB(1) + 0x5000, 0);
	uint64_t was = model_peek(m, at);

	(void)state;
	model_crash(m);
	model_watch_keep(m);
	store(m, model_table_entry(m, d, QT_GIB(1) + QT_MIB(1), 0), 0x5000 | QT_RW);
	assert_int_equal(m->complaints, 0);
	store(m, at, was & ~2ull);
	expect_complaint(m, "KEEP: requester 10, IOVA 40005000");
	store(m, at, was);
	assert_int_equal(m->complaints, 0);
	store(m, model_context_entry(m, 0, RID), 0);
	expect_complaint(m, "KEEP");
	model_free(m);
}

static void test_reach_guard_and_clean_see_it(void **state)
{
	struct model *m = default_machine();
	struct model_domain *d = attach(m);

	(void)state;
	model_crash(m);
	assert_false(model_reach(m, RID, MODEL_WALK));
	expect_complaint(m, "REACH: requester 10, 20000000");
	model_map(m, d, QT_MIB(512), QT_MIB(512), QT_MIB(16), QT_RW, 1);
	assert_true(model_reach(m, RID, MODEL_WALK));
	assert_true(model_guard(m));
	model_map(m, d, QT_MIB(520), QT_MIB(520), 0x1000, QT_READ, 0);
	assert_false(model_reach(m, RID, MODEL_WALK));
	expect_complaint(m, "REACH: requester 10, 20800000");
	model_map(m, d, 0x5000, QT_MIB(520), 0x1000, QT_READ, 0);
	assert_false(model_guard(m));
	expect_complaint(m, "GUARD: IOVA 5000");
	assert_int_equal(walk(m, QT_GIB(1), MODEL_CACHED), 0);
	d = model_domain_new(m, 0, 4, 7); /* the same domain ID for somebody new */
	model_attach(m, d, RID + 1, 0);
	assert_false(model_clean(m));
	expect_complaint(m, "requester 11 was admitted");
	model_free(m);
}

static void test_ledger_sees_it(void **state)
{
	struct model *m = default_machine();
	uint64_t buffer[64];
	struct qt_journal journal = {.buffer = (uint8_t *)buffer, .size = sizeof(buffer)};
	qt_phys at = QT_MIB(300) + 0x128;
	uint64_t was;

	(void)state;
	attach(m);
	model_crash(m);
	was = model_peek(m, at);
	assert_true(model_restored(m));
	store(m, at, 5);
	assert_int_equal(model_words_changed(m), 1);
	assert_false(model_ledger(m, &journal));
	expect_complaint(m, "the journal does not have it");
	assert_int_equal(qt_journal_add(&journal, &(struct qt_store){at, was + 1, 5, 0}), 0);
	journal.done = 1;
	assert_false(model_ledger(m, &journal));
	expect_complaint(m, "other values");
	qt_journal_truncate(&journal, 0);
	assert_int_equal(qt_journal_add(&journal, &(struct qt_store){at, was, 5, 0}), 0);
	assert_false(model_ledger(m, &journal)); /* it does not say that it was done */
	m->complaints = 0;
	journal.done = 1;
	assert_true(model_ledger(m, &journal));
	assert_false(model_restored(m));
	m->complaints = 0;
	store(m, at, was);
	assert_true(model_restored(m));
	model_free(m);
}

static void test_memory_is_watched(void **state)
{
	struct model *m = default_machine();
	uint64_t word;

	(void)state;
	model_crash(m);
	assert_int_equal(m->host.read(m, QT_GIB(3), &word, 8), QT_E_OUTSIDE);
	assert_int_equal(m->outside_reads, 1);
	assert_int_equal(m->host.read(m, QT_MIB(513), &word, 8), 0);
	assert_int_equal(m->crash_reads, 1);
	assert_int_equal(m->host.store64(m, QT_MIB(513), 1), QT_E_IO);
	expect_complaint(m, "not the core's to change");
	assert_int_equal(m->host.store64(m, QT_MIB(100) + 4, 1), QT_E_IO);
	expect_complaint(m, "not aligned");
	assert_int_equal(m->host.store64(m, m->arena.phys, 1), 0);
	assert_int_equal(m->arena.base[0], 1);
	m->trouble.fail_store = 5;
	assert_int_equal(m->host.store64(m, QT_MIB(100), 1), 0);
	assert_int_equal(m->host.store64(m, QT_MIB(100), 2), QT_E_IO);
	assert_int_equal(model_peek(m, QT_MIB(100)), 1);
	assert_int_equal(m->host.store64(m, QT_MIB(100), 3), 0);
	model_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unmapped_but_cached),
		cmocka_unit_test(test_cached_tables),
		cmocka_unit_test(test_cached_contexts),
		cmocka_unit_test(test_caching_mode),
		cmocka_unit_test(test_stores_have_to_arrive),
		cmocka_unit_test(test_registers_have_rules),
		cmocka_unit_test(test_queue),
		cmocka_unit_test(test_keep_sees_it),
		cmocka_unit_test(test_reach_guard_and_clean_see_it),
		cmocka_unit_test(test_ledger_sees_it),
		cmocka_unit_test(test_memory_is_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
