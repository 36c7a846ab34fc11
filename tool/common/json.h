/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* JSON on standard output: values, and members with what is to stand before them. */
#ifndef QUIETUS_TOOL_JSON_H
#define QUIETUS_TOOL_JSON_H

#include <quietus/types.h>
#include <stdbool.h>
#include <stdint.h>

/* Prints a string with its quotes. Control characters are escaped. */
void json_string(const char *text);

/* Prints a list of the words of a text, which have blanks between them. */
void json_words(const char *text);

/* Prints `before`, a comma for instance, and a member's name. */
void json_name(const char *before, const char *name);

/* Whole members. An empty text is null; hex is a string of digits after 0x. */
void json_text(const char *before, const char *name, const char *text);
void json_bool(const char *before, const char *name, bool value);
void json_number(const char *before, const char *name, uint64_t value);
void json_hex(const char *before, const char *name, uint64_t value);

/* PCI IDs and class codes, with this many digits; a requester ID; a number that is null
 * below 0; and null. */
void json_id(const char *before, const char *name, int digits, unsigned value);
void json_rid(const char *before, const char *name, qt_rid rid);
void json_index(const char *before, const char *name, int value);
void json_null(const char *before, const char *name);

#endif
