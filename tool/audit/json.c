/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <quietus/unit.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "common/json.h"

/* Changed when a member changes its meaning. */
#define FORMAT 1

#define TOP  ",\n  "
#define NEXT ", "

static void print_summary(const struct audit *audit)
{
	static const char *const verdicts[] = {"sound", "findings", "unknown"};

	printf("{\n  \"format\": %d", FORMAT);
	json_text(TOP, "verdict", verdicts[audit_verdict(audit)]);
	json_name(TOP, "commit");
	printf("%s", !audit->commit_known ? "null" : audit->plan.commit ? "true" : "false");
	json_text(TOP, "reason", audit->commit_known ? qt_reason_text(audit->plan.reason) : "");
	json_number(TOP, "reason_code", audit->commit_known ? audit->plan.reason : 0);
	json_index(TOP, "blocker", audit->commit_known ? audit->plan.blocker : -1);
	json_bool(TOP, "tables_read", audit->tables_read);
	json_text(TOP, "version", QT_VERSION);
	json_number(TOP, "stage_limit_us", QT_STAGE_LIMIT_US);
	json_number(TOP, "reset_limit_us", QT_STOP_LIMIT_US);
	json_text(TOP, "lockdown", audit->lockdown);
}

static void print_capture_kernel(const struct audit *audit)
{
	if (audit->crash_size_known)
		json_number(TOP, "crash_size", audit->crash_size);
	else
		json_null(TOP, "crash_size");
	json_name(TOP, "crash_region");
	printf("[");
	for (size_t i = 0; i < audit->map.crash.count; i++) {
		printf("%s{", i ? NEXT : "");
		json_hex("", "start", audit->map.crash.list[i].start);
		json_hex(NEXT, "end", audit->map.crash.list[i].end);
		printf("}");
	}
	printf("]");
	json_number(TOP, "bounce_buffers", audit_bounce_buffers(audit));
	json_text(TOP, "loaded", loaded_name(audit->loaded.state));
	json_text(TOP, "loaded_stage", audit->loaded.stage_version);
	capture_image_json(TOP, &audit->image, audit->kdump.image + strlen(audit->root));
}

static void print_units(const struct audit *audit)
{
	json_name(TOP, "units");
	printf("[");
	for (size_t i = 0; i < audit->machine.unit_count; i++) {
		const struct qt_unit *unit = &audit->machine.units[i];

		printf("%s\n    {", i ? "," : "");
		json_text("", "kind", unit->ops->name);
		json_number(NEXT, "segment", unit->segment);
		json_hex(NEXT, "registers", unit->registers);
		json_text(NEXT, "state", qt_unit_state_name(unit->state));
		json_text(NEXT, "reason", qt_reason_text(unit->reason));
		json_number(NEXT, "reason_code", unit->reason);
		printf("}");
	}
	printf("]");
}

static void print_device(const struct qt_pci_function *function, const struct device *device)
{
	json_text(NEXT, "name", device->name);
	json_id(NEXT, "vendor", 4, function->vendor);
	json_id(NEXT, "device", 4, function->device);
	json_id(NEXT, "class", 6, function->class_code);
	json_text(NEXT, "group", device->group);
	json_text(NEXT, "domain_type", device->domain);
	json_text(NEXT, "driver", device->driver);
	json_name(NEXT, "reset_methods");
	if (device->resets_known)
		json_words(device->resets);
	else
		printf("null");
}

static void print_requester(const struct audit *audit, const struct qt_requester *requester)
{
	json_rid("", "rid", requester->rid);
	json_bool(NEXT, "visible", requester->function >= 0);
	if (requester->function >= 0)
		print_device(&audit->machine.pci.functions[requester->function],
			audit_device(audit, requester));
	json_index(NEXT, "unit",
		audit->units_known && requester->unit != UINT8_MAX ? requester->unit : -1);
	json_text(NEXT, "state", qt_entry_state_name(requester->state));
	json_text(NEXT, "decision", qt_decision_name(requester->decision));
	json_text(NEXT, "reason", qt_reason_text(requester->reason));
	json_number(NEXT, "reason_code", requester->reason);
	json_bool(NEXT, "assumed", audit_assumed(audit, requester));
}

static void print_requesters(const struct audit *audit)
{
	json_name(TOP, "requesters");
	printf("[");
	for (size_t i = 0; i < audit->machine.requester_count; i++) {
		printf("%s\n    {", i ? "," : "");
		print_requester(audit, &audit->machine.requesters[i]);
		printf("}");
	}
	printf("]");
}

static void print_findings(const struct audit *audit)
{
	json_name(TOP, "findings");
	printf("[");
	for (size_t i = 0; i < audit->finding_count; i++) {
		const struct finding *finding = &audit->findings[i];

		printf("%s\n    {", i ? "," : "");
		json_text("", "id", finding->id);
		if (finding->function < 0)
			json_null(NEXT, "rid");
		else
			json_rid(NEXT, "rid", audit->machine.pci.functions[finding->function].rid);
		json_text(NEXT, "text", finding->text);
		json_text(NEXT, "hint", finding->hint ? finding->hint : "");
		printf("}");
	}
	printf("]");
}

static void print_unseen(const struct audit *audit)
{
	json_name(TOP, "unseen");
	printf("[");
	for (size_t i = 0; i < audit->unseen_count; i++) {
		printf("%s\n    {", i ? "," : "");
		json_text("", "what", audit->unseen[i].what);
		json_text(NEXT, "why", audit->unseen[i].why.text);
		json_bool(NEXT, "decisive", audit->unseen[i].decisive);
		printf("}");
	}
	printf("]");
}

void audit_print_json(const struct audit *audit)
{
	print_summary(audit);
	print_capture_kernel(audit);
	print_units(audit);
	print_requesters(audit);
	print_findings(audit);
	print_unseen(audit);
	printf("\n}\n");
}
