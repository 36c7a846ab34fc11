/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tool says when something is wrong: always one line on standard
 * error, `quietus: WHAT: why`, with a hint in brackets where there is something
 * to be done.
 */
#ifndef QUIETUS_TOOL_MESSAGE_H
#define QUIETUS_TOOL_MESSAGE_H

#include <stdbool.h>

/*
 * The reason why a function said no, filled in by the function that knows it
 * and printed by the one that knows the file's name.
 */
struct reason {
	char text[160];
	const char *hint; /* what to do about it; NULL: nothing in particular */
};

/* Sets the reason, without a hint. */
void reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Sets the reason and is false, so that `return because(...)` reads as it acts.
 * A macro, so that the compiler sees the false and can tell initialised from not.
 */
#define because(why, ...) (reason_set(why, __VA_ARGS__), false)

/* The same for what the system said, errno or a copy of it. */
#define because_of(why, error) (reason_of_system((why), (error)), false)
void reason_of_system(struct reason *why, int error);

/* Adds a hint to the reason, and is false. */
#define with_hint(why, text) ((why)->hint = (text), false)

/* Prints `quietus: WHAT: why (hint)`. Returns EXIT_REFUSED. */
int refuse(const char *what, const struct reason *why);

/* Prints what is wrong with the command line and where help is. Returns EXIT_USAGE. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Sees to it that all went to standard output: `error`, an errno, is what went wrong
 * so far, 0 if nothing did. False after a word about it.
 */
bool output_done(int error);

#endif
