/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/rid.h"
#include "common/table.h"
#include "report/fields.h"
#include "report/output.h"
#include "output.h"

/* Tables */

struct column {
	const char *heading;
	bool right;
};

static struct libscols_table *new_table(const struct column *columns, size_t count, bool plain)
{
	struct libscols_table *table = table_new(plain);

	for (size_t i = 0; i < count; i++) {
		if (table_column(
			    table, columns[i].heading, columns[i].right ? SCOLS_FL_RIGHT : 0)) {
			scols_unref_table(table);
			return NULL;
		}
	}
	return table;
}

/* Text for one cell. */
struct cell {
	char text[FIELD_TEXT];
};

static int add_line(struct libscols_table *table, const struct cell *cells, size_t count)
{
	struct libscols_line *line = table ? scols_table_new_line(table, NULL) : NULL;
	int error = line ? 0 : -ENOMEM;

	for (size_t i = 0; !error && i < count; i++)
		error = table_cell(line, i, cells[i].text);
	return error;
}

static void set_hex(struct cell *cell, uint64_t value)
{
	snprintf(cell->text, sizeof(cell->text), "0x%" PRIx64, value);
}

static void set_text(struct cell *cell, const char *text)
{
	snprintf(cell->text, sizeof(cell->text), "%s", text);
}

/* Devices */

static void set_device(struct cell cells[3], const struct qt_report_requester *requester)
{
	rid_text(requester->rid, cells[0].text);
	*cells[1].text = *cells[2].text = 0;
	if (!requester->visible)
		return;
	snprintf(cells[1].text, sizeof(cells[1].text), "%04x:%04x", requester->vendor,
		requester->device);
	set_text(&cells[2], class_word(requester->class_code));
}

static void print_device(const struct qt_report_requester *requester)
{
	struct cell cells[3];

	set_device(cells, requester);
	printf("%s", cells[0].text);
	if (*cells[1].text)
		printf(" (%s, %s)", cells[1].text, cells[2].text);
}

static const char *why_not(const struct reach_device *device)
{
	if (device->error)
		return qt_error_name(device->error);
	return qt_entry_state_name(device->state);
}

static void print_without_domain(const struct reach_device *device)
{
	print_device(device->requester);
	if (device->error || device->state == QT_REQ_UNSUPPORTED || device->state == QT_REQ_DAMAGED)
		printf(": not known, its entry: %s\n", why_not(device));
	else if (reach_is_direct(device))
		printf(": all of memory, untranslated (%s)\n", qt_entry_state_name(device->state));
	else
		printf(": nothing (%s)\n", qt_entry_state_name(device->state));
}

/* Ranges */

static const struct column range_columns[] = {
	{"IOVA", false}, {"LAST", false}, {"SIZE", true}, {"ACCESS", false}, {"MEMORY", false}};

static void set_memory(struct cell *cell, const struct reach_range *range)
{
	if (range->pieces == 1)
		set_hex(cell, range->phys);
	else
		snprintf(cell->text, sizeof(cell->text), "%" PRIu32 " pieces", range->pieces);
}

static int print_ranges(const struct reach_domain *domain)
{
	struct libscols_table *table =
		new_table(range_columns, QT_ARRAY_SIZE(range_columns), false);
	int error = 0;

	for (size_t i = 0; !error && i < domain->count; i++) {
		const struct reach_range *range = &domain->ranges[i];
		struct cell cells[QT_ARRAY_SIZE(range_columns)];

		set_hex(&cells[0], range->iova);
		set_hex(&cells[1], range->iova + (range->size - 1));
		write_size(range->size, cells[2].text);
		set_text(&cells[3], access_word(range->perms));
		set_memory(&cells[4], range);
		error = add_line(table, cells, QT_ARRAY_SIZE(cells));
	}
	return table_print(table, error);
}

static void print_trouble(const struct reach_domain *domain)
{
	if (domain->error == QT_E_BAD)
		printf("Entries that hardware refuses were passed over, the first for "
		       "0x%" PRIx64 ".\n",
			domain->fault.iova);
	else if (domain->error)
		printf("From 0x%" PRIx64 " on nothing is known, the table at 0x%" PRIx64 ": %s.\n",
			domain->fault.iova, domain->fault.entry, qt_error_name(domain->error));
}

static int print_domain(const struct reach *reach, size_t index)
{
	const struct reach_domain *domain = &reach->domains[index];
	char size[FIELD_TEXT];
	const char *before = "";

	for (size_t i = 0; i < reach->device_count; i++) {
		if (reach->devices[i].domain != (int)index)
			continue;
		printf("%s", before);
		print_device(reach->devices[i].requester);
		before = ",\n";
	}
	write_size(domain->bytes, size);
	printf(": %s in %zu ranges\n", size, domain->count);
	print_trouble(domain);
	return domain->count ? print_ranges(domain) : 0;
}

static int show_reach_text(const struct reach *reach)
{
	int error = 0;

	for (size_t i = 0; !error && i < reach->domain_count; i++) {
		error = print_domain(reach, i);
		printf("\n");
	}
	for (size_t i = 0; i < reach->device_count; i++)
		if (reach->devices[i].domain < 0)
			print_without_domain(&reach->devices[i]);
	return error;
}

/* One line for each range of each device: there may be very many. */
static void show_reach_plain(const struct reach *reach)
{
	for (size_t i = 0; i < reach->device_count; i++) {
		const struct reach_device *device = &reach->devices[i];
		char rid[RID_TEXT];

		rid_text(device->requester->rid, rid);
		if (device->domain < 0) {
			printf("%s %s\n", rid, reach_word(device));
			continue;
		}
		for (size_t j = 0; j < reach->domains[device->domain].count; j++) {
			const struct reach_range *range = &reach->domains[device->domain].ranges[j];

			printf("%s range 0x%" PRIx64 " %" PRIu64 " %s 0x%" PRIx64 " %" PRIu32 "\n",
				rid, range->iova, range->size, access_word(range->perms),
				range->phys, range->pieces);
		}
	}
}

int show_reach(const struct reach *reach, enum show_style style)
{
	if (style == SHOW_TEXT)
		return show_reach_text(reach);
	if (style == SHOW_PLAIN)
		show_reach_plain(reach);
	else
		show_reach_json(reach);
	return 0;
}

/* One address */

static const struct column access_columns[] = {{"REQUESTER", false}, {"DEVICE", false},
	{"CLASS", false}, {"ACCESS", false}, {"IOVA", false}};

int show_phys(
	qt_phys phys, const struct access *list, size_t count, bool complete, enum show_style style)
{
	struct libscols_table *table;
	int error = 0;

	if (style == SHOW_JSON) {
		show_phys_json(phys, list, count, complete);
		return 0;
	}
	if (!count && style == SHOW_TEXT)
		printf("No device%s could reach 0x%" PRIx64 ".\n",
			complete ? "" : " whose tables could be read", phys);
	if (!count)
		return 0;
	table = new_table(access_columns, QT_ARRAY_SIZE(access_columns), style == SHOW_PLAIN);
	for (size_t i = 0; !error && i < count; i++) {
		struct cell cells[QT_ARRAY_SIZE(access_columns)];

		set_device(cells, list[i].device->requester);
		set_text(&cells[3], access_word(list[i].perms));
		if (list[i].direct)
			set_text(&cells[4], "untranslated");
		else
			set_hex(&cells[4], list[i].iova);
		error = add_line(table, cells, QT_ARRAY_SIZE(cells));
	}
	return table_print(table, error);
}

/* A report alone */

static const struct column known_columns[] = {{"REQUESTER", false}, {"DEVICE", false},
	{"CLASS", false}, {"ENTRY", false}, {"MAPPED", true}, {"PIECES", true}};

static void set_known(struct cell cells[6], const struct report *report,
	const struct qt_report_requester *requester)
{
	const struct qt_report_list *domains = &report->header.domains;
	const struct qt_report_domain *domain;

	set_device(cells, requester);
	set_text(&cells[3], qt_entry_state_name(requester->state));
	*cells[4].text = *cells[5].text = 0;
	/* The domain of a requester that had no entry is the stage's own. */
	if (requester->state != QT_REQ_TRANSLATED || requester->domain < 0 ||
		(uint32_t)requester->domain >= domains->count)
		return;
	domain = (const void *)report_record(report, domains, (size_t)requester->domain);
	write_size(domain->mapped, cells[4].text);
	snprintf(cells[5].text, sizeof(cells[5].text), "%" PRIu64, domain->pieces);
}

int show_report(const struct report *report, enum show_style style)
{
	const struct qt_report_list *list = &report->header.requesters;
	struct libscols_table *table;
	int error = 0;

	if (style == SHOW_JSON) {
		report_print_json(report, NULL);
		return 0;
	}
	table = new_table(known_columns, QT_ARRAY_SIZE(known_columns), style == SHOW_PLAIN);
	for (size_t i = 0; !error && i < list->count; i++) {
		struct cell cells[QT_ARRAY_SIZE(known_columns)];

		set_known(cells, report, (const void *)report_record(report, list, i));
		error = add_line(table, cells, QT_ARRAY_SIZE(cells));
	}
	error = table_print(table, error);
	if (!error && style == SHOW_TEXT)
		printf("Sizes are those at the end of the stage, with the crash region where it "
		       "was "
		       "taken over.\nWhich addresses these are is in the dump.\n");
	return error;
}
