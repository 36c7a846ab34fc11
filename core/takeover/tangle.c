/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A dead kernel's tables can be a tangle: one page reached on several ways, as a table of
 * one level on the first and of another on the second, or for other IOVAs. A store that
 * is right on the way it was planned on may then change what another one translates.
 * So before any is made, every way to the words that will change is looked at, in all
 * domains: on each the word translates nothing, and then leads to what the capture
 * mapping has there, or is a leaf that is to be cut.
 *
 * That costs a walk of all tables but the lowest: less than find's scan of each.
 */
#include "../table/walk.h"
#include "takeover.h"

/* Reads for one domain's tables, as for surveying them. */
#define TANGLE_READS (1u << 22)

/* Pages with words that will change, by a hash: most tables are ruled out by it. */
#define TOUCHED_BITS 4096u

struct tangle {
	struct qt_takeover *takeover;
	const struct qt_table *table;
	struct qt_reader reader;
	uint64_t touched[TOUCHED_BITS / 64];
};

static void touch(struct tangle *tangle, qt_phys at)
{
	uint64_t bit = (at >> 12) % TOUCHED_BITS;

	tangle->touched[bit / 64] |= 1ull << bit % 64;
}

static bool is_touched(const struct tangle *tangle, qt_phys start, qt_phys last)
{
	for (uint64_t page = start >> 12; page <= last >> 12; page++)
		if (tangle->touched[page % TOUCHED_BITS / 64] >> page % 64 & 1)
			return true;
	return false;
}

/* A leaf, or all of one that several slots share, is only ever cut for where it leads. */
static bool is_to_be_cut(const struct tangle *tangle, const struct qt_entry *entry)
{
	uint64_t mask = (1ull << entry->size_lg2) - 1;
	qt_phys start = entry->output & ~mask;

	return entry->kind == QT_ENTRY_LEAF &&
	       qt_ranges_overlap(&tangle->takeover->machine->crash, start, start + mask + 1);
}

/* One way to a word: as an entry at `level` for `base`. QT_E_BUSY: the store is not right on it. */
static int check_word(
	struct tangle *tangle, unsigned level, const struct qt_store *store, qt_iova base)
{
	const struct qt_geometry *g = &tangle->table->geometry;
	struct qt_capture *capture;
	struct qt_entry entry;
	uint64_t wanted;
	int error;

	g->format->decode(g, level, &store->before, 1, &entry);
	if (store->after == 0)
		return is_to_be_cut(tangle, &entry) ? QT_OK : QT_E_BUSY;
	error = qt_machine_capture(tangle->takeover->machine, g, &capture);
	if (error == QT_OK)
		error = qt_capture_entry(capture, level, base, &wanted);
	if (error)
		return error;
	if (store->after != wanted ||
		(entry.kind != QT_ENTRY_EMPTY && entry.kind != QT_ENTRY_TABLE))
		return QT_E_BUSY;
	return entry.kind == QT_ENTRY_TABLE
		       ? qt_subtree_empty(&tangle->reader, g, &entry, base, NULL)
		       : QT_OK;
}

static int check_table(void *context, unsigned level, qt_phys page, qt_iova base)
{
	struct tangle *tangle = context;
	const struct qt_geometry *g = &tangle->table->geometry;
	const struct qt_journal *journal = tangle->takeover->journal;
	uint64_t last = (uint64_t)qt_table_entries(g, level) * sizeof(uint64_t) - 1;
	struct qt_journal_cursor cursor;
	struct qt_store store;
	int error = QT_OK;

	if (!is_touched(tangle, page, page + last))
		return QT_OK;
	qt_journal_seek(journal, journal->done, &cursor);
	while (error == QT_OK && qt_journal_next(journal, &cursor, &store)) {
		uint64_t offset = store.at - page;
		qt_iova iova = base + (offset / sizeof(uint64_t) << qt_level_lg2(g, level));

		/* A root may end before its page does. */
		if (offset <= last && iova < qt_table_span(tangle->table))
			error = check_word(tangle, level, &store, iova);
	}
	return error;
}

/* Whether a device may go through tables of the dead kernel's. */
static bool is_in_use(const struct qt_machine *machine, size_t domain)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].domain == (int16_t)domain)
			return !machine->domains[domain].ours;
	return false;
}

int qt_takeover_check_tangles(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;
	struct tangle tangle = {.takeover = takeover};
	struct qt_journal_cursor cursor;
	struct qt_store store;
	int error = QT_OK;

	qt_journal_seek(takeover->journal, takeover->journal->done, &cursor);
	while (qt_journal_next(takeover->journal, &cursor, &store))
		touch(&tangle, store.at);
	for (size_t i = 0; i < machine->domain_count && error == QT_OK; i++) {
		if (!is_in_use(machine, i))
			continue;
		tangle.table = &machine->domains[i].table;
		tangle.reader = qt_machine_reader(machine, TANGLE_READS);
		/* A table that has grown begins in our own memory. */
		tangle.reader.arena = machine->arena;
		error = qt_each_table(&tangle.reader, tangle.table, check_table, &tangle);
		/* Entries that hardware refuses lead nowhere. */
		if (error == QT_E_BAD)
			error = QT_OK;
	}
	return error == QT_E_BUSY ? QT_E_BAD : error;
}
