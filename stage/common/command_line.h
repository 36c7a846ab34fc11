/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The capture kernel's command line: looking words up as the kernel does, and
 * adding some.
 *
 * Source: Linux, Documentation/admin-guide/kernel-parameters.rst: words are
 * separated by blanks outside double quotes; what follows a word "--" is for
 * init.
 */
#ifndef QUIETUS_STAGE_COMMAND_LINE_H
#define QUIETUS_STAGE_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One `name=value` or `name`, neither of them NUL-terminated. */
struct command_line_word {
	const char *name;
	size_t name_len;
	const char *value; /* NULL where there is no '=' */
	size_t value_len;
};

/*
 * Takes the next word off *line, a NUL-terminated string. False at the end of
 * the kernel's part; *line is then where more words can be put.
 */
bool command_line_next(const char **line, struct command_line_word *word);

/* Whether the word has this name, or this value. */
bool command_line_is(const struct command_line_word *word, const char *name);
bool command_line_value_is(const struct command_line_word *word, const char *value);

/*
 * Reads a number as the kernel's memparse() does: decimal, 0x hexadecimal or 0
 * octal, then perhaps one of K M G T P E. *at is moved behind it. False where
 * there is no number, or one above 64 bits; *at is then unchanged.
 */
bool command_line_number(const char **at, const char *end, uint64_t *number);

/* The number that the last word with this name begins with. False if there is none. */
bool command_line_last_number(const char *line, const char *name, uint64_t *number);

/* Takes `prefix` off [*at, end), which is in a word. False if it does not begin so. */
bool command_line_skip(const char **at, const char *end, const char *prefix);

/* The last word with this name wins. False if there is none with a value. */
bool command_line_last(const char *line, const char *name, struct command_line_word *word);

/*
 * Adds `words` to the end of the kernel's part of `line`, which may then hold up
 * to `limit` characters without its NUL. QT_E_NOMEM if it would not fit,
 * QT_E_BAD if a quote is never closed, so that the kernel would not see them.
 */
int command_line_append(char *line, size_t limit, const char *words);

/* What `quietus=` asks for. */
enum stage_mode {
	STAGE_AUTO,
	STAGE_OBSERVE, /* change nothing, report */
	STAGE_RESET,   /* stop every function that can be stopped */
	STAGE_OFF,
};

/* *unknown is set if the last quietus= is none of the known ones; that counts as auto. */
enum stage_mode command_line_mode(const char *line, bool *unknown);

#endif
