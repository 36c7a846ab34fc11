/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>

#include "common/json.h"
#include "output.h"

#define NEXT ", "

static void print_device(const struct reach_device *device)
{
	const struct qt_report_requester *requester = device->requester;

	json_rid("{", "rid", requester->rid);
	if (requester->visible) {
		json_id(NEXT, "vendor", 4, requester->vendor);
		json_id(NEXT, "device", 4, requester->device);
		json_id(NEXT, "class", 6, requester->class_code);
	} else {
		json_null(NEXT, "vendor");
		json_null(NEXT, "device");
		json_null(NEXT, "class");
	}
}

static const char *error_name(int error)
{
	return error ? qt_error_name(error) : "";
}

static void print_reached(const struct reach_device *device)
{
	print_device(device);
	json_text(NEXT, "reach", reach_word(device));
	json_text(NEXT, "state", qt_entry_state_name(device->state));
	json_text(NEXT, "error", error_name(device->error));
	json_index(NEXT, "domain", device->domain);
	printf("}");
}

static void print_range(const struct reach_range *range)
{
	json_hex("{", "iova", range->iova);
	json_number(NEXT, "size", range->size);
	json_text(NEXT, "access", access_word(range->perms));
	if (range->pieces == 1)
		json_hex(NEXT, "phys", range->phys);
	else
		json_null(NEXT, "phys");
	json_number(NEXT, "pieces", range->pieces);
	printf("}");
}

static void print_domain(const struct reach_domain *domain)
{
	json_hex("{", "root", domain->table.root);
	json_number(NEXT, "levels", domain->table.geometry.levels);
	json_number(NEXT, "bytes", domain->bytes);
	json_text(NEXT, "error", error_name(domain->error));
	if (domain->error)
		json_hex(NEXT, "error_iova", domain->fault.iova);
	else
		json_null(NEXT, "error_iova");
	json_name(NEXT, "ranges");
	printf("[");
	for (size_t i = 0; i < domain->count; i++) {
		printf("%s\n      ", i ? "," : "");
		print_range(&domain->ranges[i]);
	}
	printf("]}");
}

void show_reach_json(const struct reach *reach)
{
	json_bool("{\n  ", "complete", reach->complete);
	json_name(",\n  ", "devices");
	printf("[");
	for (size_t i = 0; i < reach->device_count; i++) {
		printf("%s\n    ", i ? "," : "");
		print_reached(&reach->devices[i]);
	}
	json_name("],\n  ", "domains");
	printf("[");
	for (size_t i = 0; i < reach->domain_count; i++) {
		printf("%s\n    ", i ? "," : "");
		print_domain(&reach->domains[i]);
	}
	printf("]\n}\n");
}

void show_phys_json(qt_phys phys, const struct access *list, size_t count, bool complete)
{
	json_bool("{\n  ", "complete", complete);
	json_hex(",\n  ", "phys", phys);
	json_name(",\n  ", "reached_by");
	printf("[");
	for (size_t i = 0; i < count; i++) {
		printf("%s\n    ", i ? "," : "");
		print_device(list[i].device);
		json_hex(NEXT, "iova", list[i].iova);
		json_text(NEXT, "access", access_word(list[i].perms));
		json_bool(NEXT, "direct", list[i].direct);
		printf("}");
	}
	printf("]\n}\n");
}
