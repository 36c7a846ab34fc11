/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The report: written from a real takeover and read back; cut short, changed and
 * random ones are refused, or at least read without harm.
 */
#include "takeover.h"

#include <quietus/report.h>

#define SIZE_MAX_REPORT 65536u

static const char text[] = "quietus: one line\nquietus: another\n";

/* A machine with an adopted and an admitted function, one left, and one that nobody sees. */
static void take_over(struct scenario *s)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model_domain *d;
	struct model *m = machine_with(&unit);

	model_add_function(m, 0x08, 0x144d, 0xa808, 0x010802);
	model_add_function(m, 0x10, 0x8086, 0x10d3, 0x020000);
	model_add_function(m, 0x18, 0x10de, 0x2204, 0x030000);
	d = model_domain_new(m, 0, 4, 11);
	model_map(m, d, QT_MIB(528), QT_MIB(100), 0x3000, QT_RW, 0);
	model_attach(m, d, 0x08, 0);
	model_attach(m, d, 0x700, 0);
	d = model_domain_new(m, 0, 3, 12);
	model_map(m, d, QT_MIB(515), QT_MIB(100), 0x1000, QT_RW, 0);
	model_attach(m, d, 0x18, 0);
	scenario_run(s, m);
	assert_int_equal(s->verified, 0);
	assert_true(s->journal.stores > 8);
}

static const struct qt_report_header values = {
	.stage_version = "1.2.3",
	.outcome = QT_OUTCOME_COMMITTED,
	.exception = 0xff,
	.phase = QT_PHASE_HANDOVER,
	.blocker = -1,
	.nmis = 3,
	.stage_us = 12345,
	.crash_start = QT_MIB(512),
	.crash_end = QT_MIB(528),
};

/* The report of a takeover, in memory of exactly its size. */
static uint8_t *write_report(struct scenario *s, size_t *size)
{
	uint64_t *buffer = calloc(1, SIZE_MAX_REPORT);
	uint8_t *report;

	assert_non_null(buffer);
	*size = qt_report_write(
		buffer, SIZE_MAX_REPORT, &values, &s->machine, &s->journal, text, sizeof(text) - 1);
	assert_int_not_equal(*size, 0);
	report = malloc(*size);
	assert_non_null(report);
	memcpy(report, buffer, *size);
	free(buffer);
	return report;
}

static struct qt_report_header header_of(const uint8_t *report)
{
	struct qt_report_header header;

	memcpy(&header, report, sizeof(header));
	return header;
}

static void test_read_back(void **state)
{
	struct qt_report_header header;
	struct qt_report_requester requesters[8];
	struct qt_report_domain domains[8];
	struct qt_report_unit units[2];
	struct scenario s;
	uint8_t *report;
	size_t size;

	(void)state;
	take_over(&s);
	report = write_report(&s, &size);
	assert_int_equal(qt_report_check(report, size), 0);
	header = header_of(report);
	assert_int_equal(header.size, size);
	assert_string_equal(header.stage_version, "1.2.3");
	assert_int_equal(header.nmis, 3);
	assert_int_equal(header.stage_us, 12345);

	assert_int_equal(header.units.count, 1);
	memcpy(units, report + header.units.offset, sizeof(units[0]));
	assert_int_equal(units[0].registers, 0xfed90000);
	assert_int_equal(units[0].capability, s.m->units[0].capability);
	assert_string_equal(units[0].kind, "vt-d");

	assert_int_equal(header.requesters.count, s.machine.requester_count);
	assert_int_equal(header.requesters.count, 4);
	memcpy(requesters, report + header.requesters.offset, 4 * sizeof(requesters[0]));
	for (size_t i = 0; i < 4; i++) {
		const struct qt_requester *requester = &s.machine.requesters[i];

		assert_int_equal(requesters[i].rid, requester->rid);
		assert_int_equal(requesters[i].decision, requester->decision);
		assert_int_equal(requesters[i].reason, requester->reason);
		assert_int_equal(requesters[i].visible, requester->rid != 0x700);
		assert_int_equal(requesters[i].verified, requester->rid != 0x18);
		if (requester->rid == 0x08)
			assert_int_equal(requesters[i].class_code, 0x010802);
	}

	assert_int_equal(header.domains.count, s.machine.domain_count);
	memcpy(domains, report + header.domains.offset, 3 * sizeof(domains[0]));
	assert_int_equal(domains[0].id, 11);
	assert_int_equal(domains[0].levels, 4);
	assert_int_equal(domains[0].stores, 8);
	assert_int_equal(domains[1].flags, QT_DOMAIN_TAKEN);
	assert_int_equal(domains[1].detail, QT_MIB(515));
	assert_int_equal(domains[2].flags & QT_DOMAIN_OURS, QT_DOMAIN_OURS);

	assert_int_equal(header.text.count, sizeof(text) - 1);
	assert_memory_equal(report + header.text.offset, text, sizeof(text) - 1);
	free(report);
	scenario_free(&s);
}

/* A unit out of the report reads what the unit itself reads. */
static void test_unit_out_of_a_report(void **state)
{
	struct qt_unit_entry expected, entry;
	struct qt_unit unit, *found;
	struct qt_reader reader;
	struct qt_report_unit *record;
	struct scenario s;
	uint8_t *report;
	size_t size;

	(void)state;
	take_over(&s);
	report = write_report(&s, &size);
	assert_int_equal(qt_report_unit(report, 0, &unit), 0);
	found = &s.machine.units[0];
	assert_ptr_equal(unit.ops, found->ops);
	assert_int_equal(unit.state, QT_UNIT_TRANSLATING);
	for (qt_rid rid = 0; rid < 0x20; rid += 8) {
		reader = qt_machine_reader(&s.machine, 16);
		assert_int_equal(found->ops->entry(found, &reader, rid, &expected), 0);
		assert_int_equal(unit.ops->entry(&unit, &reader, rid, &entry), 0);
		assert_int_equal(entry.state, expected.state);
		assert_int_equal(entry.table.root, expected.table.root);
		assert_memory_equal(&entry.table.geometry, &expected.table.geometry,
			sizeof(entry.table.geometry));
	}
	assert_int_equal(qt_report_unit(report, 1, &unit), QT_E_NOTFOUND);

	record = (void *)(report + header_of(report).units.offset);
	record->output_bits = 64;
	assert_int_equal(qt_report_unit(report, 0, &unit), QT_E_BAD);
	record->kind[0] = 'x';
	assert_int_equal(qt_report_unit(report, 0, &unit), QT_E_UNSUPPORTED);
	free(report);
	scenario_free(&s);
}

/* The journal in the report says the same as the journal. */
static void expect_journal(const uint8_t *report, const struct model_store *stores, size_t count)
{
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;

	for (size_t i = 0; i < count; i++) {
		assert_true(qt_report_store(report, i, &store));
		assert_int_equal(store.at, stores[i].at);
		assert_int_equal(store.before, stores[i].before);
		assert_int_equal(store.after, stores[i].after);
		assert_true(qt_report_next(report, &cursor, &store));
		assert_int_equal(store.at, stores[i].at);
		assert_int_equal(store.before, stores[i].before);
	}
	assert_false(qt_report_store(report, count, &store));
	assert_false(qt_report_next(report, &cursor, &store));
}

static void test_journal(void **state)
{
	struct scenario s;
	uint8_t *report;
	size_t size;

	(void)state;
	take_over(&s);
	report = write_report(&s, &size);
	expect_journal(report, s.m->stores, s.m->store_count);
	free(report);
	scenario_free(&s);
}

/* The journal was kept in the end of the report's own buffer. */
static void test_journal_in_the_same_buffer(void **state)
{
	const size_t records = QT_REPORT_RECORDS_MAX(sizeof(text) - 1);
	uint64_t *buffer = malloc(records + 65536);
	struct model_random random = {1};

	(void)state;
	assert_non_null(buffer);
	for (unsigned round = 0; round < 60; round++) {
		size_t room = 512 + 8 * model_random_below(&random, 4000);
		struct qt_journal journal = {.size = room};
		struct model_store stores[1200];
		size_t count = 0, size;
		uint64_t at = 0x1000;

		memset(buffer, 0x77, records + room);
		journal.buffer = (uint8_t *)buffer + (records + 7) / 8 * 8;
		while (count < QT_ARRAY_SIZE(stores)) {
			struct qt_store store = {at, model_random_chance(&random, 30) ? count : 0,
				count * 0x1000, 0};

			if (qt_journal_add(&journal, &store))
				break;
			stores[count++] = (struct model_store){store.at, store.before, store.after};
			at += model_random_chance(&random, 70) ? 8 : 0x1000;
		}
		assert_true(count > 4);
		size = qt_report_write(buffer, (records + 7) / 8 * 8 + room, &values, NULL,
			&journal, text, sizeof(text) - 1);
		assert_int_not_equal(size, 0);
		assert_int_equal(qt_report_check(buffer, size), 0);
		expect_journal((uint8_t *)buffer, stores, count);
		assert_memory_equal((uint8_t *)buffer + header_of((uint8_t *)buffer).text.offset,
			text, sizeof(text) - 1);
	}
	free(buffer);
}

static void test_nothing_to_say(void **state)
{
	uint64_t buffer[64];
	size_t size = qt_report_write(buffer, sizeof(buffer), &values, NULL, NULL, NULL, 0);
	struct qt_store store;

	(void)state;
	assert_int_equal(size, sizeof(struct qt_report_header));
	assert_int_equal(qt_report_check(buffer, size), 0);
	assert_false(qt_report_store(buffer, 0, &store));
}

/* Too small a buffer by any amount: nothing, and nothing past its end. */
static void test_no_room(void **state)
{
	struct scenario s;
	size_t size;

	(void)state;
	take_over(&s);
	free(write_report(&s, &size));
	for (size_t room = 0; room < size; room += room < 256 ? 1 : 7) {
		uint8_t *buffer = malloc(room ? room : 1);

		assert_int_equal(qt_report_write(buffer, room, &values, &s.machine, &s.journal,
					 text, sizeof(text) - 1),
			0);
		free(buffer);
	}
	scenario_free(&s);
}

/* Reads all that a report claims to hold; the sanitizers watch. */
static uint64_t read_all(const uint8_t *report)
{
	struct qt_report_header header = header_of(report);
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;
	uint64_t sum = 0;
	const struct qt_report_list *lists[] = {&header.units, &header.requesters, &header.domains,
		&header.text, &header.runs, &header.olds};

	for (size_t i = 0; i < QT_ARRAY_SIZE(lists); i++)
		for (uint64_t at = 0; at < (uint64_t)lists[i]->count * lists[i]->record_size; at++)
			sum += report[lists[i]->offset + at];
	for (unsigned i = 0; i < 10000 && qt_report_next(report, &cursor, &store); i++)
		sum += store.before + store.after;
	return sum;
}

static void test_truncated(void **state)
{
	struct scenario s;
	uint8_t *report;
	size_t size;

	(void)state;
	take_over(&s);
	report = write_report(&s, &size);
	for (size_t len = 0; len < size; len++) {
		uint8_t *cut = malloc(len ? len : 1);

		memcpy(cut, report, len);
		assert_int_equal(qt_report_check(cut, len), QT_E_BAD);
		free(cut);
	}
	/* More than its own size is fine: setup_data is padded. */
	report = realloc(report, size + 100);
	assert_non_null(report);
	assert_int_equal(qt_report_check(report, size + 100), 0);
	free(report);
	scenario_free(&s);
}

static void test_what_it_must_refuse(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		int error;
	} cases[] = {
		{0, 0x12345678, QT_E_BAD},
		{offsetof(struct qt_report_header, version), 1, QT_E_UNSUPPORTED},
		{offsetof(struct qt_report_header, version), 0, QT_E_UNSUPPORTED},
		{offsetof(struct qt_report_header, size), 0, QT_E_BAD},
		{offsetof(struct qt_report_header, size), UINT32_MAX, QT_E_BAD},
		{offsetof(struct qt_report_header, stage_version) + 28, UINT32_MAX, QT_E_BAD},
		{offsetof(struct qt_report_header, units.offset), UINT32_MAX - 7, QT_E_BAD},
		{offsetof(struct qt_report_header, units.offset), 0, QT_E_BAD},
		{offsetof(struct qt_report_header, units.count), UINT32_MAX, QT_E_BAD},
		{offsetof(struct qt_report_header, units.record_size), 0, QT_E_BAD},
		{offsetof(struct qt_report_header, requesters.count), 0x10000000, QT_E_BAD},
		{offsetof(struct qt_report_header, domains.record_size), 8, QT_E_BAD},
		{offsetof(struct qt_report_header, text.count), UINT32_MAX, QT_E_BAD},
		{offsetof(struct qt_report_header, text.record_size), 2, QT_E_BAD},
		{offsetof(struct qt_report_header, runs.count), 0x7ffffff, QT_E_BAD},
		{offsetof(struct qt_report_header, runs.offset), 5, QT_E_BAD},
		{offsetof(struct qt_report_header, olds.count), 0, QT_E_BAD},
	};
	struct scenario s;
	uint8_t *report;
	size_t size;

	(void)state;
	take_over(&s);
	report = write_report(&s, &size);
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		uint8_t *changed = malloc(size);
		int error;

		memcpy(changed, report, size);
		memcpy(changed + cases[i].offset, &cases[i].value, sizeof(uint32_t));
		error = qt_report_check(changed, size);
		if (error != cases[i].error)
			fail_msg("case %zu: %s", i, qt_error_name(error));
		free(changed);
	}
	free(report);
	scenario_free(&s);
}

/* Bytes changed anywhere: what passes the check can be read without harm. */
static void test_changed_at_random(void **state)
{
	uint64_t sum = 0, passed = 0;
	struct scenario s;
	uint8_t *report;
	size_t size;

	(void)state;
	take_over(&s);
	report = write_report(&s, &size);
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		struct model_random random = {.state = seed};
		uint8_t *changed = malloc(size);

		memcpy(changed, report, size);
		for (uint64_t n = 1 + model_random_below(&random, 3); n > 0; n--) {
			size_t at = model_random_below(&random, size);

			if (model_random_chance(&random, 60))
				at %= sizeof(struct qt_report_header);
			changed[at] ^= (uint8_t)(model_random_chance(&random, 50)
							 ? 1ull << at % 8
							 : model_random_next(&random));
		}
		if (qt_report_check(changed, size) == 0) {
			passed++;
			sum += read_all(changed);
		}
		free(changed);
	}
	assert_true(passed > 1000);
	assert_int_not_equal(sum, 0);
	free(report);
	scenario_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_back),
		cmocka_unit_test(test_unit_out_of_a_report),
		cmocka_unit_test(test_journal),
		cmocka_unit_test(test_journal_in_the_same_buffer),
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_no_room),
		cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_what_it_must_refuse),
		cmocka_unit_test(test_changed_at_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
