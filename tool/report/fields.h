/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is in a report's records, as tables: one line per field serves the text
 * and the JSON output.
 */
#ifndef QUIETUS_TOOL_REPORT_FIELDS_H
#define QUIETUS_TOOL_REPORT_FIELDS_H

#include <quietus/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room for any field's text, with its NUL. */
#define FIELD_TEXT 160

enum field_kind {
	FIELD_NUMBER,  /* unsigned */
	FIELD_BOOL,    /* yes if any bit of mask is set; of all bits, where mask is 0 */
	FIELD_INDEX,   /* into another list; all ones: none */
	FIELD_HEX,     /* addresses and raw registers */
	FIELD_ERROR,   /* enum qt_error; 0: none */
	FIELD_RID,     /* requester ID */
	FIELD_WORD,    /* a number with a word for it */
	FIELD_WORDS,   /* words by a function, with blanks between them */
	FIELD_CHARS,   /* padded with NULs, which a hostile report need not do */
	FIELD_WRITTEN, /* from several members, by a function */
};

struct field {
	const char *name;    /* in JSON; NULL: not there */
	const char *heading; /* in the text output; NULL: not there */
	enum field_kind kind;
	size_t offset; /* bytes from the start of the record */
	size_t size;   /* bytes */
	uint32_t mask;
	int digits; /* of FIELD_HEX, at least */
	const char *(*word)(unsigned number);
	void (*write)(const void *record, char text[FIELD_TEXT]);
};

/* One of the lists of a report. */
struct record_type {
	const char *name;    /* in JSON */
	const char *heading; /* in the text output */
	bool numbered;       /* others refer to its records by number */
	size_t list;         /* where in the header its struct qt_report_list is */
	const struct field *fields;
	size_t field_count;
};

extern const struct field header_fields[];
extern const size_t header_field_count;
extern const struct record_type record_types[];
extern const size_t record_type_count;

/* Writes the field's value, empty where it has none. Printable ASCII, whatever the record holds. */
void field_text(const struct field *field, const void *record, char text[FIELD_TEXT]);

/* A size with its unit. */
void write_size(uint64_t bytes, char text[FIELD_TEXT]);

/* A word for the class code of a PCI function, never NULL. */
const char *class_word(uint32_t class_code);

/* Whether field_text() gives what is a number or a truth value in JSON too. */
bool field_is_bare(const struct field *field);

#endif
