// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Prints a report as lines for the test runner. It knows the report's layout from
 * the header alone and shares no code with what wrote it.
 */
#include <quietus/report.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *report;
static size_t report_size;

static const void *record(const struct qt_report_list *list, uint32_t index)
{
	uint64_t end = list->offset + (uint64_t)(index + 1) * list->record_size;

	if (index >= list->count || end > report_size) {
		fprintf(stderr, "record outside the report\n");
		exit(1);
	}
	return report + list->offset + (size_t)index * list->record_size;
}

static void print_header(const struct qt_report_header *header)
{
	printf("outcome %u\n", header->outcome);
	printf("reason %u\n", header->reason);
	printf("exception %u\n", header->exception);
	printf("exception_ip %#" PRIx64 "\n", header->exception_ip);
	printf("phase %u\n", header->phase);
	printf("error %d\n", (int)header->error);
	printf("nmis %" PRIu32 "\n", header->nmis);
	printf("stage_us %" PRIu64 "\n", header->stage_us);
	printf("memory_used %" PRIu64 "\n", header->memory_used);
	printf("stage_start %" PRIu64 "\n", header->stage_start);
	printf("words_changed %" PRIu32 "\n", header->words_changed);
	printf("clock_source %" PRIu32 "\n", header->clock_source);
	printf("units %" PRIu32 "\n", header->units.count);
	printf("requesters %" PRIu32 "\n", header->requesters.count);
	printf("domains %" PRIu32 "\n", header->domains.count);
}

static void print_requesters(const struct qt_report_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct qt_report_requester *one = record(list, i);

		printf("requester %#" PRIx32 " decision %u reason %u verified %u\n", one->rid,
			one->decision, one->reason, one->verified);
	}
}

static void print_functions(const struct qt_report_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		const struct qt_report_function *one = record(list, i);

		printf("function %#" PRIx32 " %u %u %u %" PRIu32 "\n", one->rid, one->obstacle,
			one->method, one->result, one->stop_us);
	}
}

static uint64_t old_value(const struct qt_report_list *olds, uint32_t index)
{
	uint64_t value;

	memcpy(&value, record(olds, index), sizeof(value));
	return value;
}

/* One line a store: address, old value, new value. */
static void print_stores(const struct qt_report_header *header)
{
	for (uint32_t i = 0; i < header->runs.count; i++) {
		const struct qt_journal_run *run = record(&header->runs, i);

		for (uint32_t word = 0; word < run->count; word++)
			printf("store %#" PRIx64 " %#" PRIx64 " %#" PRIx64 "\n",
				run->at + UINT64_C(8) * word,
				old_value(&header->olds, run->olds + word * run->old_step),
				run->after + word * run->stride);
	}
}

static void print_text(const struct qt_report_list *text)
{
	const char *start = (const char *)report + text->offset;

	if ((uint64_t)text->offset + text->count > report_size)
		return;
	for (uint32_t i = 0; i < text->count; i++) {
		if (i == 0 || start[i - 1] == '\n')
			printf("text ");
		putchar(start[i]);
	}
}

int main(int argc, char **argv)
{
	const struct qt_report_header *header;
	FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;

	report = aligned_alloc(16, 4u << 20);
	if (!file || !report)
		return 1;
	report_size = fread(report, 1, 4u << 20, file);
	header = (const struct qt_report_header *)report;
	if (report_size < sizeof(*header) || memcmp(header->magic, QT_REPORT_MAGIC, 8) != 0 ||
		header->version != QT_REPORT_VERSION || header->size > report_size) {
		fprintf(stderr, "not a report\n");
		return 1;
	}
	print_header(header);
	print_requesters(&header->requesters);
	print_functions(&header->functions);
	print_stores(header);
	print_text(&header->text);
	fclose(file);
	return 0;
}
