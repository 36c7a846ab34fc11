/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>

#include "table.h"

struct libscols_table *table_new(bool plain)
{
	struct libscols_table *table = scols_new_table();

	/* A narrow terminal breaks lines, which is better than to cut cells short. */
	if (table && scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER) == 0 &&
		scols_table_enable_raw(table, plain) == 0 &&
		scols_table_enable_noheadings(table, plain) == 0)
		return table;
	scols_unref_table(table);
	return NULL;
}

int table_column(struct libscols_table *table, const char *heading, int flags)
{
	return table && scols_table_new_column(table, heading, 0, flags) ? 0 : -ENOMEM;
}

int table_cell(struct libscols_line *line, size_t column, const char *text)
{
	return scols_line_set_data(line, column, *text ? text : "-");
}

int table_print(struct libscols_table *table, int error)
{
	if (!error)
		error = table ? scols_print_table(table) : -ENOMEM;
	scols_unref_table(table);
	return error;
}
