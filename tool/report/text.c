/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/rid.h"
#include "common/table.h"
#include "fields.h"
#include "output.h"

/* The outcome */

static const char *const sentences[] = {
	[QT_OUTCOME_NONE] = "The stage did not finish",
	[QT_OUTCOME_COMMITTED] = "Committed: the live translations were taken over and verified",
	[QT_OUTCOME_STOCK] = "Not committed, the capture kernel started as in stock kdump",
	[QT_OUTCOME_UNDONE] = "Begun and undone, the capture kernel started as in stock kdump",
	[QT_OUTCOME_OBSERVED] = "Observed, nothing was changed",
	[QT_OUTCOME_OFF] = "Off, nothing was changed",
};

/* Which requester it was that prevented a commit, if it was one, and its own reason. */
static void print_blocker(const struct report *report)
{
	const struct qt_report_header *header = &report->header;
	const struct qt_report_requester *requester;
	char rid[RID_TEXT];

	if (header->outcome == QT_OUTCOME_COMMITTED || header->blocker < 0 ||
		(uint32_t)header->blocker >= header->requesters.count)
		return;
	requester =
		(const void *)report_record(report, &header->requesters, (size_t)header->blocker);
	printf("%s %s",
		header->outcome == QT_OUTCOME_OBSERVED ? "; a commit would have been prevented by"
						       : ", prevented by",
		rid_text(requester->rid, rid));
	if (requester->visible)
		printf(" (%04x:%04x, %s)", requester->vendor, requester->device,
			class_word(requester->class_code));
	if (requester->reason)
		printf(", where %s", qt_reason_text(requester->reason));
}

static void print_outcome(const struct report *report)
{
	unsigned outcome = report->header.outcome;

	printf("%s", outcome < QT_ARRAY_SIZE(sentences) ? sentences[outcome] : "Unknown outcome");
	if (report->header.reason)
		printf(": %s", qt_reason_text(report->header.reason));
	print_blocker(report);
	printf(".\n");
}

static void print_header(const struct report *report)
{
	char text[FIELD_TEXT];

	for (size_t i = 0; i < header_field_count; i++) {
		field_text(&header_fields[i], &report->header, text);
		if (header_fields[i].heading && *text)
			printf("  %-15s %s\n", header_fields[i].heading, text);
	}
}

/* Tables */

static bool is_right_aligned(const struct field *field)
{
	return field->kind == FIELD_NUMBER || field->kind == FIELD_INDEX;
}

static int add_columns(struct libscols_table *table, const struct record_type *type)
{
	int error = type->numbered ? table_column(table, "#", SCOLS_FL_RIGHT) : 0;

	for (size_t i = 0; !error && i < type->field_count; i++) {
		const struct field *field = &type->fields[i];
		int flags = is_right_aligned(field) ? SCOLS_FL_RIGHT : 0;

		if (field->heading)
			error = table_column(table, field->heading, flags);
	}
	return error;
}

static int add_record(struct libscols_table *table, const struct record_type *type,
	const void *record, size_t number)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	char text[FIELD_TEXT];
	size_t column = 0;
	int error = 0;

	if (!line)
		return -ENOMEM;
	if (type->numbered) {
		snprintf(text, sizeof(text), "%zu", number);
		error = table_cell(line, column++, text);
	}
	for (size_t i = 0; !error && i < type->field_count; i++) {
		if (!type->fields[i].heading)
			continue;
		field_text(&type->fields[i], record, text);
		error = table_cell(line, column++, text);
	}
	return error;
}

static int print_table(const struct report *report, const struct record_type *type)
{
	const struct qt_report_list *list = report_list(report, type);
	struct libscols_table *table = table_new(false);
	int error = add_columns(table, type);

	for (size_t i = 0; !error && i < list->count; i++)
		error = add_record(table, type, report_record(report, list, i), i);
	if (!error)
		printf("\n%s:\n", type->heading);
	return table_print(table, error);
}

/* Lines and words */

static void print_lines(const struct report *report)
{
	struct report_line line = {0};
	bool first = true;

	while (report_next_line(report, &line)) {
		printf("%s  %s\n", first ? "\nThe stage's own words:\n" : "", line.text);
		first = false;
	}
}

static void print_journal(const struct report *report)
{
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;
	uint32_t words = 0;

	if (!report->header.words_changed) {
		printf("\nNo words were changed.\n");
		return;
	}
	printf("\nWords changed:\n");
	printf("%-18s %-18s %-18s\n", "ADDRESS", "BEFORE", "AFTER");
	while (words < report->header.words_changed &&
		qt_report_next(report->file.data, &cursor, &store)) {
		printf("0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 "\n", store.at,
			store.before, store.after);
		words++;
	}
}

/* The units now */

static void print_faults(size_t index, const struct unit_now *now)
{
	if (!now->faults_known)
		printf("  What DMA IOMMU %zu refused is not known.\n", index);
	else if (now->fault_count)
		printf("  IOMMU %zu refused DMA since, %zu times as far as it recorded it:\n",
			index, now->fault_count);
	for (size_t i = 0; now->faults_known && i < now->fault_count && i < FAULTS_MAX; i++) {
		const struct qt_unit_fault *fault = &now->faults[i];
		char rid[RID_TEXT];

		printf("    %s, %s at 0x%" PRIx64 ", reason 0x%02x\n", rid_text(fault->rid, rid),
			fault->write ? "write" : "read", fault->iova, fault->code);
	}
}

static void print_now(const struct report *report, const struct unit_now *now)
{
	for (size_t i = 0; i < report->header.units.count; i++) {
		if (i == 0)
			printf("\nSince then:\n");
		if (now[i].state == UNIT_NOT_KNOWN) {
			printf("  Whether this kernel left IOMMU %zu alone cannot be known: its "
			       "registers: %s.\n",
				i, now[i].why.text);
			continue;
		}
		if (now[i].state == UNIT_LEFT_ALONE)
			printf("  IOMMU %zu was left alone.\n", i);
		else
			printf("  IOMMU %zu was changed: %s.\n", i, now[i].why.text);
		print_faults(i, &now[i]);
	}
}

int report_print_text(const struct report *report, const struct unit_now *now, bool journal)
{
	int error = 0;

	print_outcome(report);
	print_header(report);
	for (size_t i = 0; !error && i < record_type_count; i++)
		if (report_list(report, &record_types[i])->count)
			error = print_table(report, &record_types[i]);
	if (now)
		print_now(report, now);
	print_lines(report);
	if (journal)
		print_journal(report);
	return error;
}
