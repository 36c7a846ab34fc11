/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tool says when something is wrong: always one line on standard
 * error, `quietus: FILE: reason`.
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
};

/* Sets the reason. */
void reason_set(struct reason *why, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Sets the reason and is false, so that `return because(...)` reads as it acts.
 * A macro, so that the compiler sees the false and can tell initialised from not.
 */
#define because(why, ...) (reason_set(why, __VA_ARGS__), false)

/* Prints `quietus: FILE: reason`. Returns EXIT_REFUSED. */
int refuse(const char *file, const struct reason *why);

/* Prints what is wrong with the command line and where help is. Returns EXIT_USAGE. */
int usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
