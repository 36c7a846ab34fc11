/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "journal.h"

#define WORD_SIZE sizeof(uint64_t)

/* While sorting: in the order of the stores where addresses are equal. */
struct ordered_word {
	struct changed_word word;
	size_t order;
};

static int by_address(const void *a, const void *b)
{
	const struct ordered_word *left = a, *right = b;

	if (left->word.at != right->word.at)
		return left->word.at < right->word.at ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

static size_t collect(struct ordered_word *words, size_t limit, const struct report *report)
{
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;
	size_t count = 0;

	for (; count < limit && qt_report_next(report->file.data, &cursor, &store); count++)
		words[count] = (struct ordered_word){
			{store.at, store.before, store.after, store.hardware_bits}, count};
	return count;
}

/* A word that was changed twice goes back to its first value. */
static size_t merge(struct changed_word *merged, const struct ordered_word *words, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		if (used && merged[used - 1].at == words[i].word.at)
			merged[used - 1].after = words[i].word.after;
		else
			merged[used++] = words[i].word;
	}
	return used;
}

bool journal_of(struct journal *journal, const struct report *report, struct reason *why)
{
	size_t limit = report->header.words_changed;
	struct ordered_word *words;

	memset(journal, 0, sizeof(*journal));
	if (limit > QT_REPORT_STORES_MAX)
		limit = QT_REPORT_STORES_MAX;
	words = calloc(limit + 1, sizeof(*words));
	journal->words = calloc(limit + 1, sizeof(*journal->words));
	if (!words || !journal->words) {
		free(words);
		journal_free(journal);
		return because_of(why, ENOMEM);
	}
	limit = collect(words, limit, report);
	qsort(words, limit, sizeof(*words), by_address);
	journal->count = merge(journal->words, words, limit);
	free(words);
	return true;
}

void journal_free(struct journal *journal)
{
	free(journal->words);
	memset(journal, 0, sizeof(*journal));
}

static bool same(uint64_t expected, uint64_t now, uint32_t hardware_bits)
{
	return (now & ~(uint64_t)hardware_bits) == (expected & ~(uint64_t)hardware_bits) &&
	       (expected & ~now) == 0;
}

enum word_state journal_compare(const struct changed_word *word, uint64_t now)
{
	if (same(word->before, now, word->hardware_bits))
		return WORD_ORIGINAL;
	return same(word->after, now, word->hardware_bits) ? WORD_CHANGED : WORD_OTHER;
}

size_t journal_first(const struct journal *journal, qt_phys at)
{
	size_t low = 0, high = journal->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (journal->words[middle].at + (WORD_SIZE - 1) < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void journal_restore(const struct journal *journal, qt_phys at, uint8_t *bytes, size_t size)
{
	for (size_t i = journal_first(journal, at); i < journal->count; i++) {
		const struct changed_word *word = &journal->words[i];

		if (word->at >= at && word->at - at >= size)
			return;
		for (size_t byte = 0; byte < WORD_SIZE; byte++)
			if (word->at + byte - at < size)
				bytes[word->at + byte - at] = (uint8_t)(word->before >> 8 * byte);
	}
}
