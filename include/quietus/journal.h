/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The journal: every foreign word that is changed, in the order of the stores,
 * with its old and new value. It is written before the stores are made, so they
 * can be undone from any point.
 *
 * Filling in a domain makes runs of neighbouring words whose new values grow by
 * a constant and whose old values are mostly all zero; the journal keeps runs,
 * so that 256 domains fit where 256 x 128 words would not. Runs grow up from the
 * start of the buffer, old values down from its end.
 */
#ifndef QUIETUS_JOURNAL_H
#define QUIETUS_JOURNAL_H

#include <quietus/table.h>

/* Part of the report's format: little-endian. */
struct qt_journal_run {
	uint64_t at;            /* physical address of the first word */
	uint64_t after;         /* new value of the first word */
	uint64_t stride;        /* what the new value grows by from word to word, modulo 2^64 */
	uint32_t count;         /* words, at least 1, one behind the other in memory */
	uint32_t olds;          /* index of the first word's old value */
	uint32_t old_step;      /* 0: all words had the same old value; 1: each has its own */
	uint32_t hardware_bits; /* of the old values: hardware may have set them since */
};

struct qt_journal {
	uint8_t *buffer; /* the caller's memory, 8-byte aligned */
	size_t size;     /* bytes, a multiple of 8 */
	size_t runs;
	size_t olds;   /* old values kept; number i is the i-th 8-byte word from the buffer's end */
	size_t stores; /* words in all */
	size_t done;   /* stores made: the first `done` ones */
};

/* A place in the journal. */
struct qt_journal_cursor {
	size_t run;
	uint32_t word;
};

/* Adds a store. QT_E_NOMEM. */
int qt_journal_add(struct qt_journal *journal, const struct qt_store *store);

/* Undoes the last additions, down to `stores` words in all. */
void qt_journal_truncate(struct qt_journal *journal, size_t stores);

/* Sets the cursor to store number `index`, which may be journal->stores (past the end). */
void qt_journal_seek(
	const struct qt_journal *journal, size_t index, struct qt_journal_cursor *cursor);

/* The store at the cursor, which then moves on (next) or the one before it (previous). False at the
 * end. */
bool qt_journal_next(
	const struct qt_journal *journal, struct qt_journal_cursor *cursor, struct qt_store *store);
bool qt_journal_previous(
	const struct qt_journal *journal, struct qt_journal_cursor *cursor, struct qt_store *store);

/* The value that stores not made yet will give the word at `at`; false if none of them changes it.
 */
bool qt_journal_pending(const struct qt_journal *journal, qt_phys at, uint64_t *value);

#endif
