/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The journal against a plain list of stores: what is added comes out again,
 * forwards, backwards, from any place, and out of a report.
 */
#include <stdlib.h>
#include <string.h>

#include <quietus/report.h>

#include "fuzz.h"

#define STORES_MAX 512

static struct qt_store stores[STORES_MAX];
static size_t count;

static bool same(const struct qt_store *a, const struct qt_store *b)
{
	return a->at == b->at && a->before == b->before && a->after == b->after &&
	       a->hardware_bits == b->hardware_bits;
}

/* Stores as they come up: mostly the next word, and few different values. */
static struct qt_store pick_store(struct fuzz_input *input, unsigned kind)
{
	struct qt_store store = count ? stores[count - 1] : (struct qt_store){.at = 4096};

	if (kind & 1)
		store.at += 8;
	else
		store.at = fuzz_take(input, 3) << 3;
	if (kind & 2)
		store.after += 4096;
	else
		store.after = fuzz_take(input, 8);
	if (kind & 4)
		store.before = fuzz_take(input, 2);
	if (kind & 8)
		store.hardware_bits = (uint32_t)fuzz_take(input, 1);
	return store;
}

static void check_walks(const struct qt_journal *journal, size_t from)
{
	struct qt_journal_cursor cursor;
	struct qt_store store;

	FUZZ_CHECK(journal->stores == count);
	qt_journal_seek(journal, from, &cursor);
	for (size_t i = from; i < count; i++)
		FUZZ_CHECK(qt_journal_next(journal, &cursor, &store) && same(&store, &stores[i]));
	FUZZ_CHECK(!qt_journal_next(journal, &cursor, &store));
	for (size_t i = count; i-- > 0;)
		FUZZ_CHECK(
			qt_journal_previous(journal, &cursor, &store) && same(&store, &stores[i]));
	FUZZ_CHECK(!qt_journal_previous(journal, &cursor, &store));
}

static void check_pending(const struct qt_journal *journal)
{
	for (size_t i = journal->done; i < count; i++) {
		uint64_t value, last = 0;

		for (size_t j = journal->done; j < count; j++)
			if (stores[j].at == stores[i].at)
				last = stores[j].after;
		FUZZ_CHECK(qt_journal_pending(journal, stores[i].at, &value) && value == last);
	}
}

static void check_report(const struct qt_journal *journal)
{
	struct qt_report_header header = {0};
	size_t size = sizeof(header) + journal->size + 64;
	void *report = calloc(1, size);
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;

	FUZZ_CHECK(report && qt_report_write(report, size, &header, NULL, journal, NULL, 0));
	FUZZ_CHECK(qt_report_check(report, size) == 0);
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(qt_report_next(report, &cursor, &store) && same(&store, &stores[i]));
		FUZZ_CHECK(qt_report_store(report, i, &store) && same(&store, &stores[i]));
	}
	FUZZ_CHECK(!qt_report_next(report, &cursor, &store));
	free(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct qt_journal journal = {.size = 8 * (fuzz_take(&input, 1) + 1)};

	journal.buffer = malloc(journal.size); /* of just this size, for the sanitizer */
	FUZZ_CHECK(journal.buffer);
	count = 0;
	while (input.left) {
		unsigned kind = (unsigned)fuzz_take(&input, 1);

		if (kind & 0x80) {
			size_t keep = kind & 0x7f;

			qt_journal_truncate(&journal, keep);
			count = keep < count ? keep : count;
		} else if (count < STORES_MAX) {
			stores[count] = pick_store(&input, kind);
			if (qt_journal_add(&journal, &stores[count]) == 0)
				count++;
		}
	}
	check_walks(&journal, size % (count + 1));
	journal.done = size % (count + 1);
	check_pending(&journal);
	check_report(&journal);
	free(journal.buffer);
	return 0;
}
