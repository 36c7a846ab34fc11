/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a running Linux says of itself in files: sysfs, procfs, configuration. All
 * paths are below a root folder, "" for the machine itself; tests have recorded
 * trees.
 */
#ifndef QUIETUS_TOOL_SYSTEM_H
#define QUIETUS_TOOL_SYSTEM_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The root folder, a slash, and a path. False with errno set when it is too long. */
bool system_path(char path[PATH_MAX], const char *root, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Reads a file as text, cut to size - 1 bytes, without blanks and newlines at its
 * end; NULs between words become blanks. False with errno set and text empty when
 * it cannot be read.
 */
bool system_text(const char *root, char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* Reads a number in C's notation. False with errno set. */
bool system_number(const char *root, uint64_t *number, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The last component of what a symbolic link leads to. False where there is none. */
bool system_link(const char *root, char *name, size_t size, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Calls `each` with the name of every entry of a folder, sorted, but those that
 * begin with a dot, until it returns false. False with errno set when the folder
 * cannot be read.
 */
bool system_list(const char *root, const char *folder,
	bool (*each)(void *context, const char *name), void *context);

/* Whether `word`, up to a blank, stands in a line of words. */
bool has_word(const char *line, const char *word);

/*
 * Copies the value of the last word `key`, which ends with =, out of a line of
 * words. False where there is none.
 */
bool word_value(const char *line, const char *key, char *value, size_t size);

#endif
