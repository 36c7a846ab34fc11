/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "common/json.h"
#include "output.h"

static void print_value(const struct field *field, const void *record)
{
	char text[FIELD_TEXT];

	field_text(field, record, text);
	if (field->kind == FIELD_WORDS)
		json_words(text);
	else if (!*text)
		printf("null");
	else if (field_is_bare(field))
		printf("%s", text);
	else
		json_string(text);
}

static void print_fields(
	const struct field *fields, size_t count, const void *record, const char *separator)
{
	const char *before = "";

	for (size_t i = 0; i < count; i++) {
		if (!fields[i].name)
			continue;
		json_name(before, fields[i].name);
		print_value(&fields[i], record);
		before = separator;
	}
}

static void print_records(const struct report *report, const struct record_type *type)
{
	const struct qt_report_list *list = report_list(report, type);

	json_name("  ", type->name);
	printf("[");
	for (size_t i = 0; i < list->count; i++) {
		printf("%s\n    {", i ? "," : "");
		print_fields(type->fields, type->field_count, report_record(report, list, i), ", ");
		printf("}");
	}
	printf("],\n");
}

static void print_lines(const struct report *report)
{
	struct report_line line = {0};
	const char *before = "";

	printf("  \"text\": [");
	while (report_next_line(report, &line)) {
		printf("%s\n    ", before);
		json_string(line.text);
		before = ",";
	}
	printf("],\n");
}

static void print_journal(const struct report *report)
{
	struct qt_journal_cursor cursor = {0};
	const char *before = "";
	struct qt_store store;

	printf("  \"journal\": [");
	while (qt_report_next(report->file.data, &cursor, &store)) {
		printf("%s\n    {", before);
		json_hex("", "at", store.at);
		json_hex(", ", "before", store.before);
		json_hex(", ", "after", store.after);
		printf("}");
		before = ",";
	}
	printf("]\n");
}

static void print_fault(const struct qt_unit_fault *fault)
{
	json_rid("{", "rid", fault->rid);
	json_hex(", ", "iova", fault->iova);
	json_bool(", ", "write", fault->write);
	json_number(", ", "code", fault->code);
	printf("}");
}

static void print_faults(const struct unit_now *now)
{
	if (!now->faults_known) {
		json_null(", ", "fault_count");
		json_null(", ", "faults");
		return;
	}
	json_number(", ", "fault_count", now->fault_count);
	json_name(", ", "faults");
	printf("[");
	for (size_t i = 0; i < now->fault_count && i < FAULTS_MAX; i++) {
		printf("%s", i ? ", " : "");
		print_fault(&now->faults[i]);
	}
	printf("]");
}

/* One for each of the units, in their order. */
static void print_now(const struct report *report, const struct unit_now *now)
{
	static const char *const left_alone[] = {"true", "false", "null"};

	if (!now) {
		json_null("  ", "now");
		printf(",\n");
		return;
	}
	json_name("  ", "now");
	printf("[");
	for (size_t i = 0; i < report->header.units.count; i++) {
		json_name(i ? ",\n    {" : "\n    {", "left_alone");
		printf("%s", left_alone[now[i].state]);
		json_text(", ", "why", now[i].why.text);
		print_faults(&now[i]);
		printf("}");
	}
	printf("],\n");
}

void report_print_json(const struct report *report, const struct unit_now *now)
{
	printf("{\n  ");
	print_fields(header_fields, header_field_count, &report->header, ",\n  ");
	printf(",\n");
	for (size_t i = 0; i < record_type_count; i++)
		print_records(report, &record_types[i]);
	print_now(report, now);
	print_lines(report);
	print_journal(report);
	printf("}\n");
}
