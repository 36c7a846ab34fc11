/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A report's journal as it is undone: each word once, by address. */
#ifndef QUIETUS_TOOL_JOURNAL_H
#define QUIETUS_TOOL_JOURNAL_H

#include "report/read.h"

struct changed_word {
	qt_phys at;
	uint64_t before; /* the dead kernel's */
	uint64_t after;  /* as the stage left it */
	uint32_t hardware_bits;
};

struct journal {
	struct changed_word *words; /* owned, ascending by address */
	size_t count;
};

/* What a dump can have for a word. */
enum word_state {
	WORD_CHANGED,  /* as the stage left it */
	WORD_ORIGINAL, /* as the dead kernel had it */
	WORD_OTHER,    /* neither */
};

/*
 * Takes the words that are changed out of a report: those of stores that were made
 * and not undone. False with a reason when there is no memory for them.
 */
bool journal_of(struct journal *journal, const struct report *report, struct reason *why);

/* Frees what journal_of() took. */
void journal_free(struct journal *journal);

/* Which of its two values a word has, apart from bits that hardware sets by itself. */
enum word_state journal_compare(const struct changed_word *word, uint64_t now);

/* Number of the first word that ends behind `at`, journal->count if none does. */
size_t journal_first(const struct journal *journal, qt_phys at);

/*
 * Puts the dead kernel's words into [at, at + size) of its memory, copied to
 * `bytes`. Words that reach over an end are put there as far as they reach.
 */
void journal_restore(const struct journal *journal, qt_phys at, uint8_t *bytes, size_t size);

#endif
