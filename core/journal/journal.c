/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <quietus/journal.h>

static struct qt_journal_run *run_at(const struct qt_journal *journal, size_t index)
{
	return (struct qt_journal_run *)journal->buffer + index;
}

/* Old value number i is the i-th 8-byte word from the buffer's end. */
static uint64_t *old_at(const struct qt_journal *journal, size_t index)
{
	return (uint64_t *)(journal->buffer + journal->size) - 1 - index;
}

static bool room_for(const struct qt_journal *journal, size_t runs, size_t olds)
{
	uint64_t need = (journal->runs + runs) * sizeof(struct qt_journal_run) +
			(journal->olds + olds) * sizeof(uint64_t);

	return need <= journal->size;
}

/* Turns a run whose old values were all the same into one where each has its own. */
static int spread_olds(struct qt_journal *journal, struct qt_journal_run *run)
{
	uint64_t old = *old_at(journal, run->olds);

	if (run->old_step)
		return QT_OK;
	if (!room_for(journal, 0, run->count - 1))
		return QT_E_NOMEM;
	for (uint32_t i = 1; i < run->count; i++)
		*old_at(journal, journal->olds++) = old;
	run->old_step = 1;
	return QT_OK;
}

static bool continues(const struct qt_journal_run *run, const struct qt_store *store)
{
	if (store->at != run->at + 8ull * run->count || run->count == UINT32_MAX ||
		store->hardware_bits != run->hardware_bits)
		return false;
	return run->count == 1 || store->after == run->after + run->stride * run->count;
}

static int add_run(struct qt_journal *journal, const struct qt_store *store)
{
	if (!room_for(journal, 1, 1))
		return QT_E_NOMEM;
	*old_at(journal, journal->olds) = store->before;
	*run_at(journal, journal->runs++) = (struct qt_journal_run){.at = store->at,
		.after = store->after,
		.count = 1,
		.olds = (uint32_t)journal->olds,
		.hardware_bits = store->hardware_bits};
	journal->olds++;
	journal->stores++;
	return QT_OK;
}

int qt_journal_add(struct qt_journal *journal, const struct qt_store *store)
{
	struct qt_journal_run *run = journal->runs ? run_at(journal, journal->runs - 1) : NULL;

	if (!run || !continues(run, store))
		return add_run(journal, store);
	if (run->old_step || store->before != *old_at(journal, run->olds)) {
		int error = spread_olds(journal, run);

		if (error)
			return error;
		if (!room_for(journal, 0, 1))
			return QT_E_NOMEM;
		*old_at(journal, journal->olds++) = store->before;
	}
	if (run->count == 1)
		run->stride = store->after - run->after;
	run->count++;
	journal->stores++;
	return QT_OK;
}

void qt_journal_truncate(struct qt_journal *journal, size_t stores)
{
	while (journal->stores > stores) {
		struct qt_journal_run *run = run_at(journal, journal->runs - 1);
		size_t over = journal->stores - stores;

		if (over >= run->count) {
			journal->stores -= run->count;
			journal->olds = run->olds;
			journal->runs--;
			continue;
		}
		run->count -= (uint32_t)over;
		journal->stores = stores;
		journal->olds = run->olds + (run->old_step ? run->count : 1);
	}
	if (journal->done > stores)
		journal->done = stores;
}

void qt_journal_seek(
	const struct qt_journal *journal, size_t index, struct qt_journal_cursor *cursor)
{
	*cursor = (struct qt_journal_cursor){0};
	while (cursor->run < journal->runs && index >= run_at(journal, cursor->run)->count)
		index -= run_at(journal, cursor->run++)->count;
	cursor->word = cursor->run < journal->runs ? (uint32_t)index : 0;
}

static struct qt_store store_at(
	const struct qt_journal *journal, const struct qt_journal_run *run, uint32_t word)
{
	return (struct qt_store){
		.at = run->at + 8ull * word,
		.before = *old_at(journal, run->olds + (size_t)run->old_step * word),
		.after = run->after + run->stride * word,
		.hardware_bits = run->hardware_bits,
	};
}

bool qt_journal_next(
	const struct qt_journal *journal, struct qt_journal_cursor *cursor, struct qt_store *store)
{
	const struct qt_journal_run *run = run_at(journal, cursor->run);

	if (cursor->run >= journal->runs)
		return false;
	*store = store_at(journal, run, cursor->word++);
	if (cursor->word == run->count)
		*cursor = (struct qt_journal_cursor){.run = cursor->run + 1};
	return true;
}

bool qt_journal_previous(
	const struct qt_journal *journal, struct qt_journal_cursor *cursor, struct qt_store *store)
{
	if (cursor->word == 0) {
		if (cursor->run == 0)
			return false;
		cursor->run--;
		cursor->word = run_at(journal, cursor->run)->count;
	}
	cursor->word--;
	*store = store_at(journal, run_at(journal, cursor->run), cursor->word);
	return true;
}

bool qt_journal_pending(const struct qt_journal *journal, qt_phys at, uint64_t *value)
{
	size_t first = journal->stores; /* number of the run's first store */

	/* The last store to a word is the one that stays. */
	for (size_t i = journal->runs; i-- > 0 && first > journal->done;) {
		const struct qt_journal_run *run = run_at(journal, i);
		uint64_t word = (at - run->at) / 8;

		first -= run->count;
		if (at < run->at || word >= run->count || at & 7 || first + word < journal->done)
			continue;
		*value = run->after + run->stride * word;
		return true;
	}
	return false;
}
