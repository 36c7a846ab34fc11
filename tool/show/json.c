/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "report/fields.h"
#include "output.h"

/* All text here is ASCII without quotes. */

static void print_device(const struct reach_device *device)
{
	const struct qt_report_requester *requester = device->requester;
	char rid[FIELD_TEXT];

	write_rid(requester->rid, rid);
	printf("\"rid\": \"%s\", ", rid);
	if (requester->visible)
		printf("\"vendor\": \"0x%04x\", \"device\": \"0x%04x\", \"class\": \"0x%06x\", ",
			requester->vendor, requester->device, requester->class_code);
	else
		printf("\"vendor\": null, \"device\": null, \"class\": null, ");
}

static void print_reached(const struct reach_device *device)
{
	print_device(device);
	printf("\"reach\": \"%s\", \"state\": \"%s\", ", reach_word(device),
		qt_entry_state_name(device->state));
	if (device->error)
		printf("\"error\": \"%s\", ", qt_error_name(device->error));
	else
		printf("\"error\": null, ");
	if (device->domain >= 0)
		printf("\"domain\": %d", device->domain);
	else
		printf("\"domain\": null");
}

static void print_range(const struct reach_range *range)
{
	printf("{\"iova\": \"0x%" PRIx64 "\", \"size\": %" PRIu64 ", \"access\": \"%s\", "
	       "\"phys\": ",
		range->iova, range->size, access_word(range->perms));
	if (range->pieces == 1)
		printf("\"0x%" PRIx64 "\"", range->phys);
	else
		printf("null");
	printf(", \"pieces\": %" PRIu32 "}", range->pieces);
}

static void print_domain(const struct reach_domain *domain)
{
	printf("{\"root\": \"0x%" PRIx64 "\", \"levels\": %u, \"bytes\": %" PRIu64 ", ",
		domain->table.root, domain->table.geometry.levels, domain->bytes);
	if (domain->error)
		printf("\"error\": \"%s\", \"error_iova\": \"0x%" PRIx64 "\", ",
			qt_error_name(domain->error), domain->fault.iova);
	else
		printf("\"error\": null, \"error_iova\": null, ");
	printf("\"ranges\": [");
	for (size_t i = 0; i < domain->count; i++) {
		printf("%s\n      ", i ? "," : "");
		print_range(&domain->ranges[i]);
	}
	printf("]}");
}

void show_reach_json(const struct reach *reach)
{
	printf("{\n  \"complete\": %s,\n  \"devices\": [", reach->complete ? "true" : "false");
	for (size_t i = 0; i < reach->device_count; i++) {
		printf("%s\n    {", i ? "," : "");
		print_reached(&reach->devices[i]);
		printf("}");
	}
	printf("],\n  \"domains\": [");
	for (size_t i = 0; i < reach->domain_count; i++) {
		printf("%s\n    ", i ? "," : "");
		print_domain(&reach->domains[i]);
	}
	printf("]\n}\n");
}

void show_phys_json(qt_phys phys, const struct access *list, size_t count, bool complete)
{
	printf("{\n  \"complete\": %s,\n  \"phys\": \"0x%" PRIx64 "\",\n  \"reached_by\": [",
		complete ? "true" : "false", phys);
	for (size_t i = 0; i < count; i++) {
		printf("%s\n    {", i ? "," : "");
		print_device(list[i].device);
		printf("\"iova\": \"0x%" PRIx64 "\", \"access\": \"%s\", \"direct\": %s}",
			list[i].iova, access_word(list[i].perms),
			list[i].direct ? "true" : "false");
	}
	printf("]\n}\n");
}
