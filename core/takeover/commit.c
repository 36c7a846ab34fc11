/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* commit and undo: making the journal's stores, in either direction, and flushing. */
#include <quietus/limits.h>

#include "takeover.h"

static bool all_coherent(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].state == QT_UNIT_TRANSLATING && !machine->units[i].coherent)
			return false;
	/* A unit's own tables and a domain's can differ in this (VT-d scalable mode). */
	for (size_t i = 0; i < machine->domain_count; i++)
		if (!machine->domains[i].table.geometry.coherent)
			return false;
	return true;
}

/* Whether translations of this unit, or where interrupts go, matter to the capture kernel. */
static bool needs_flush(const struct qt_machine *machine, const struct qt_unit *unit)
{
	if (unit->state != QT_UNIT_TRANSLATING)
		return false;
	if (unit->ops->release_interrupts)
		return true;
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].unit == unit->index &&
			(machine->requesters[i].domain >= 0 || machine->requesters[i].released))
			return true;
	return false;
}

/*
 * The limit is for all units together, and a
 * unit's own waits come on top of it once: what hangs must not hold up the dump.
 */
int qt_takeover_flush(struct qt_machine *machine)
{
	const struct qt_host *host = machine->host;
	uint64_t since = host->now_us(host->context);
	int first = QT_OK;

	for (size_t i = 0; i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];
		int error = QT_OK;

		if (!needs_flush(machine, unit))
			continue;
		if (host->now_us(host->context) - since > QT_FLUSH_LIMIT_US)
			error = QT_E_TIMEOUT;
		else
			error = unit->ops->flush(machine, unit);
		if (first == QT_OK)
			first = error;
	}
	return first;
}

static int make_store(const struct qt_machine *machine, qt_phys at, uint64_t value, bool coherent)
{
	const struct qt_host *host = machine->host;
	int error = host->store64(host->context, at, value);

	if (error == QT_OK && !coherent)
		host->write_back(host->context, at, sizeof(value));
	return error;
}

/*
 * A domain ID that no entry uses may still be cached, from a domain that is gone:
 * a requester that comes in under it must not hit that.
 */
static int forget_new_domain_ids(const struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;

	for (size_t i = 0; i < machine->requester_count; i++)
		if (qt_takeover_admits(&machine->requesters[i]))
			return qt_takeover_flush(machine);
	return QT_OK;
}

/* Whether a word is what it was when it was planned on, but for bits that hardware sets. */
static bool unchanged(const struct qt_store *store, uint64_t now)
{
	uint64_t set = now & ~store->before, cleared = store->before & ~now;

	return cleared == 0 && (set & ~(uint64_t)store->hardware_bits) == 0;
}

int qt_takeover_make_stores(struct qt_takeover *takeover)
{
	const struct qt_host *host = takeover->machine->host;
	struct qt_journal *journal = takeover->journal;
	bool coherent = all_coherent(takeover->machine);
	struct qt_journal_cursor cursor;
	struct qt_store store;

	qt_journal_seek(journal, journal->done, &cursor);
	while (qt_journal_next(journal, &cursor, &store)) {
		uint64_t now;
		int error = host->read(host->context, store.at, &now, sizeof(now));
		if (error == QT_OK && !unchanged(&store, now))
			error = QT_E_BAD;
		if (error)
			return error;
		/* Counted first: an exception in the middle of the store must undo it too. */
		journal->done++;
		error = make_store(takeover->machine, store.at, store.after, coherent);
		if (error)
			return error;
	}
	return QT_OK;
}

int qt_takeover_commit(struct qt_takeover *takeover)
{
	int error = forget_new_domain_ids(takeover);

	if (error)
		return error;
	takeover->machine->own_tables = true;
	error = qt_takeover_make_stores(takeover);
	return error ? error : qt_takeover_flush(takeover->machine);
}

/* They have their entries again. */
static void release_undone(struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];

		if (requester->released)
			requester->domain = requester->old_domain;
		requester->released = false;
	}
}

int qt_takeover_undo(struct qt_takeover *takeover)
{
	struct qt_journal *journal = takeover->journal;
	bool coherent = all_coherent(takeover->machine);
	bool changed = journal->done > 0;
	struct qt_journal_cursor cursor;
	struct qt_store store;
	int first = QT_OK;

	qt_journal_seek(journal, journal->done, &cursor);
	while (qt_journal_previous(journal, &cursor, &store)) {
		int error = make_store(takeover->machine, store.at, store.before, coherent);

		journal->done--;
		if (first == QT_OK)
			first = error;
	}
	takeover->machine->own_tables = false;
	if (changed) {
		int error = qt_takeover_flush(takeover->machine);

		if (first == QT_OK)
			first = error;
	}
	/* Not before: which units are flushed goes by who was released, too. */
	release_undone(takeover->machine);
	return first;
}
