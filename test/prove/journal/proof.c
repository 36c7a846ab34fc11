/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The journal: what was written down is read back, forwards and backwards, whatever
 * the stores were and however little room there was.
 *
 * Bounds: STORES stores one after the other, in a buffer that has room for all of them, or
 * for two runs; to PLACES neighbouring words, with values of 4 bits. What is left out: longer
 * runs and more of them; values are only compared, and taken from one another to make a
 * stride.
 */
#include <quietus/journal.h>

#include "../prove.h"

#define STORES 3u
#define PLACES 4u
#define WORDS  18u /* three runs of five words, and their old values */
#define FEW    12u /* two */

static uint64_t buffer[WORDS];
static struct qt_journal journal = {.buffer = (uint8_t *)buffer};

/* What it should hold. */
static struct qt_store stores[STORES];
static size_t count;

static bool same(const struct qt_store *a, const struct qt_store *b)
{
	return a->at == b->at && a->before == b->before && a->after == b->after &&
	       a->hardware_bits == b->hardware_bits;
}

static qt_phys any_place(void)
{
	return QT_GIB(4) - 8 + (uint64_t)(nondet_u8() & (PLACES - 1)) * 8;
}

static int add(size_t index)
{
	stores[index] = (struct qt_store){.at = any_place(),
		.before = nondet_u8() & 0xf,
		.after = nondet_u8() & 0xf,
		.hardware_bits = nondet_bool()};
	return qt_journal_add(&journal, &stores[index]);
}

static void fill(size_t words)
{
	journal.size = words * 8;
	for (size_t i = 0; i < STORES; i++) {
		int error = add(i);

		CHECK(error == QT_OK || (error == QT_E_NOMEM && words < WORDS),
			"only room can be missing");
		if (error)
			break;
		count = i + 1;
	}
	CHECK(journal.stores == count, "number of stores");
}

/* What is at any place, and that one step leads to the next place and back to it. */
static void read_back(void)
{
	struct qt_journal_cursor cursor, next;
	struct qt_store store;
	size_t index = nondet_size();

	ASSUME(index <= count);
	qt_journal_seek(&journal, index, &cursor);
	if (index == 0)
		CHECK(!qt_journal_previous(&journal, &cursor, &store), "nothing before the first");
	if (index == count) {
		CHECK(!qt_journal_next(&journal, &cursor, &store), "no more than were added");
		return;
	}
	CHECK(qt_journal_next(&journal, &cursor, &store), "a store for each that was added");
	CHECK(same(&store, &stores[index]), "the same, in the same order");
	qt_journal_seek(&journal, index + 1, &next);
	CHECK(cursor.run == next.run && cursor.word == next.word, "on to the next");
	CHECK(qt_journal_previous(&journal, &cursor, &store), "the same way back");
	CHECK(same(&store, &stores[index]), "the same on the way back");
	qt_journal_seek(&journal, index, &next);
	CHECK(cursor.run == next.run && cursor.word == next.word, "back to where it was");
}

static void reading(void)
{
	fill(WORDS);
	read_back();
}

static void filling(void)
{
	fill(FEW);
	read_back();
}

/* And what is added then takes nothing from what was kept. */
static void truncating(void)
{
	struct qt_journal_cursor cursor;
	struct qt_store store;
	size_t kept = nondet_size(), index = nondet_size();

	fill(WORDS);
	ASSUME(kept < count && index <= kept);
	journal.done = nondet_size();
	qt_journal_truncate(&journal, kept);
	CHECK(journal.stores == kept && journal.done <= kept, "number of stores kept");
	CHECK(add(kept) == QT_OK, "room for another");
	qt_journal_seek(&journal, index, &cursor);
	CHECK(qt_journal_next(&journal, &cursor, &store), "a store that was kept");
	CHECK(same(&store, &stores[index]), "the stores kept are the same");
}

static void pending(void)
{
	uint64_t at = any_place() + (nondet_bool() ? 4 : 0), value, wanted = 0;
	bool found = false;

	fill(WORDS);
	journal.done = nondet_size();
	ASSUME(journal.done <= count);
	for (size_t i = 0; i < count; i++)
		if (i >= journal.done && stores[i].at == at) {
			found = true;
			wanted = stores[i].after;
		}
	CHECK(qt_journal_pending(&journal, at, &value) == found, "stores still to be made");
	CHECK(!found || value == wanted, "the value of the last one");
}

int main(void)
{
	VARIANT();
	return 0;
}
