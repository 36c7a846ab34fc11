/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "change.h"

/* Each step from the root to one entry, and what lies below it. */
#define CHANGE_READS 8u

struct qt_reader qt_change_reader(const struct qt_unit_change *change)
{
	struct qt_reader reader = qt_machine_reader(change->machine, CHANGE_READS);

	reader.arena = change->machine->arena;
	return reader;
}

int qt_change_words(
	const struct qt_unit_change *change, qt_phys at, uint64_t *words, unsigned count)
{
	struct qt_reader reader = qt_change_reader(change);
	int error = qt_reader_words(&reader, at, words, count);

	for (unsigned i = 0; i < count && error == QT_OK && change->pending; i++)
		change->pending(change->context, at + i * sizeof(*words), &words[i]);
	return error;
}

static void write_back(const struct qt_unit_change *change, qt_phys at, size_t len)
{
	const struct qt_host *host = change->machine->host;

	if (!change->unit->coherent)
		host->write_back(host->context, at, len);
}

int qt_change_put(const struct qt_unit_change *change, qt_phys at, uint64_t before, uint64_t after)
{
	uint64_t *own = qt_arena_pointer(change->machine->arena, at, sizeof(*own));

	if (before == after)
		return QT_OK;
	if (!own)
		return change->add(change->context,
			&(struct qt_store){.at = at, .before = before, .after = after});
	*own = after;
	write_back(change, at, sizeof(*own));
	return QT_OK;
}

int qt_change_put_entry(const struct qt_unit_change *change, qt_phys at, const uint64_t *before,
	const uint64_t *after, unsigned count)
{
	int error = QT_OK;

	for (unsigned i = count; i-- > 0 && error == QT_OK;)
		error = qt_change_put(change, at + i * sizeof(*after), before[i], after[i]);
	return error;
}

int qt_change_new(const struct qt_unit_change *change, size_t size, qt_phys *at)
{
	void *own = qt_alloc(change->machine->arena, size, size);

	if (!own)
		return QT_E_NOMEM;
	*at = qt_arena_phys(change->machine->arena, own);
	write_back(change, *at, size);
	return QT_OK;
}
