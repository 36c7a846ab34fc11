/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables for people, by libsmartcols. Errors are its negative errno. */
#ifndef QUIETUS_TOOL_TABLE_H
#define QUIETUS_TOOL_TABLE_H

#include <libsmartcols/libsmartcols.h>
#include <stdbool.h>
#include <stddef.h>

/* NULL: no memory. `plain`: no headings, one blank between cells. */
struct libscols_table *table_new(bool plain);

/* Adds a column; `flags` are SCOLS_FL_... */
int table_column(struct libscols_table *table, const char *heading, int flags);

/* Sets a cell; an empty one has a dash. */
int table_cell(struct libscols_line *line, size_t column, const char *text);

/*
 * Prints the table, unless there is an error already, and frees it; NULL is an error.
 */
int table_print(struct libscols_table *table, int error);

#endif
