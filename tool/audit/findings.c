/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an administrator should know, from all that was seen. */
#include <quietus/unit.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "audit.h"
#include "common/rid.h"
#include "system/system.h"

#define NO_FUNCTION (-1)

__attribute__((format(printf, 5, 6))) static void add_finding(struct audit *audit, const char *id,
	int32_t function, const char *hint, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;

	if (audit->finding_count == FINDINGS_MAX)
		return;
	finding = &audit->findings[audit->finding_count++];
	*finding = (struct finding){.id = id, .function = function, .hint = hint};
	va_start(arguments, format);
	vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}

/* Memory */

static uint64_t total(const struct qt_ranges *ranges)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < ranges->count; i++)
		bytes += ranges->list[i].end - ranges->list[i].start;
	return bytes;
}

/* What Fedora's and RHEL's kexec-tools reserve by default on x86-64. */
static uint64_t usual_reservation(uint64_t ram)
{
	return ram >= QT_GIB(64) ? QT_MIB(512) : ram >= QT_GIB(2) ? QT_MIB(256) : 0;
}

static bool is_reserved(const struct audit *audit)
{
	return !audit->crash_size_known || audit->crash_size > 0;
}

static void check_reservation(struct audit *audit)
{
	uint64_t ram = total(&audit->map.ram) + total(&audit->map.crash);
	uint64_t usual = usual_reservation(ram);

	if (!is_reserved(audit))
		add_finding(audit, "no-crashkernel", NO_FUNCTION,
			"add crashkernel= to the kernel's command line and reboot",
			"no memory is reserved for a capture kernel");
	else if (audit->crash_size_known && audit->crash_size < usual)
		add_finding(audit, "crashkernel-small", NO_FUNCTION,
			"raise crashkernel= on the kernel's command line and reboot",
			"%llu MiB are reserved for the capture kernel; %llu MiB are usual for this "
			"machine",
			(unsigned long long)(audit->crash_size >> 20),
			(unsigned long long)(usual >> 20));
}

static void check_low_memory(struct audit *audit)
{
	const struct qt_ranges *crash = &audit->machine.crash;

	/* Sorted: the first is the lowest. */
	if (crash->count && crash->list[0].start >= QT_GIB(4))
		add_finding(audit, "no-low-memory", NO_FUNCTION,
			"leave out crashkernel=0,low, or ask for some with crashkernel=SIZE,low",
			"the crash region has no memory below 4 GiB: 32-bit devices reach it "
			"through an IOMMU only, so nothing is taken over");
}

static bool asks_for_cma(const char *command_line)
{
	for (const char *at = command_line; (at = strstr(at, "crashkernel=")); at++)
		if (strncmp(at + strcspn(at, ", \t"), ",cma", 4) == 0)
			return true;
	return false;
}

/* Where DMA is translated, GUARD sees to it; where it is not, only a reset would. */
static void check_cma(struct audit *audit)
{
	const struct qt_requester *first = NULL;
	char address[RID_TEXT];
	size_t count = 0;

	if (!asks_for_cma(audit->command_line))
		return;
	for (size_t i = 0; i < audit->machine.requester_count; i++) {
		const struct qt_requester *requester = &audit->machine.requesters[i];

		if (requester->state != QT_REQ_DIRECT && requester->state != QT_REQ_PASSTHROUGH)
			continue;
		if (!count++)
			first = requester;
	}
	if (first)
		add_finding(audit, "crashkernel-cma", first->function,
			"use crashkernel=SIZE without ,cma, or have an IOMMU translate their DMA",
			"crashkernel=...,cma: the capture kernel gets memory that devices used; "
			"the "
			"DMA of %zu (%s first) is not translated, and could go on there until they "
			"are reset",
			count, rid_text(first->rid, address));
	else
		add_finding(audit, "crashkernel-cma", NO_FUNCTION,
			"use crashkernel=SIZE without ,cma",
			"crashkernel=...,cma: the capture kernel gets memory that devices used; "
			"those "
			"whose translations lead there have to be stopped first");
}

/* The capture kernel */

static void check_loaded(struct audit *audit)
{
	const struct loaded *loaded = &audit->loaded;

	if (loaded->state == LOADED_NOTHING && is_reserved(audit))
		add_finding(audit, "not-loaded", NO_FUNCTION,
			"load it, with kdump-config load or "
			"systemctl restart kdump",
			"no capture kernel is loaded: a crash leaves no dump");
	else if (loaded->state == LOADED_PLAIN)
		add_finding(audit, "loaded-without-stage", NO_FUNCTION,
			"wrap the image, see quietus(1), and load it again",
			"the capture kernel that is loaded has no stage");
	else if (loaded->state == LOADED_WRAPPED && strcmp(loaded->stage_version, QT_VERSION) != 0)
		add_finding(audit, "loaded-other-stage", NO_FUNCTION,
			"load the capture kernel again",
			"the capture kernel that is loaded has stage %s; this is %s",
			loaded->stage_version, QT_VERSION);
}

static void check_image(struct audit *audit)
{
	const struct capture_image *image = &audit->image;
	const char *path = audit->kdump.image + strlen(audit->root);

	if (!image->known)
		return;
	if (!image->wrapped)
		add_finding(audit, "image-not-wrapped", NO_FUNCTION,
			"wrap it with 'quietus wrap', and configure the result",
			"%.200s, the configured capture kernel, has no stage", path);
	else if (strcmp(image->stage_version, QT_VERSION) != 0)
		add_finding(audit, "image-other-stage", NO_FUNCTION,
			"wrap it again with 'quietus wrap'", "%.200s has stage %s; this is %s",
			path, image->stage_version, QT_VERSION);
	if (audit_locked_down(audit) && !image->is_signed)
		add_finding(audit, "image-unsigned", NO_FUNCTION,
			"have copies signed by /etc/quietus/sign with a key that the kernel "
			"trusts, see SECURE BOOT in quietus(1)",
			"the kernel is locked down (%s) and loads signed images only; %.200s is "
			"not signed",
			audit->lockdown, path);
	else if (image->refused)
		add_finding(audit, "image-refused", NO_FUNCTION,
			image->is_signed ? "enrol the certificate of its signature, see SECURE "
					   "BOOT in quietus(1)"
					 : "load it by hand to see why: kexec -p",
			"the system did not take %.200s, and the stock kernel is loaded", path);
}

static bool has_vtd(const struct audit *audit)
{
	for (size_t i = 0; i < audit->machine.unit_count; i++)
		if (audit->machine.units[i].ops == &qt_unit_vtd)
			return true;
	return false;
}

static void check_command_line(struct audit *audit)
{
	static const char *const undoing[] = {"intel_iommu=off", "iommu=off"};
	const char *line = audit->kdump.command_line;
	char mode[16];

	if (word_value(line, "quietus=", mode, sizeof(mode)) &&
		(strcmp(mode, "off") == 0 || strcmp(mode, "observe") == 0))
		add_finding(audit, "stage-off", NO_FUNCTION,
			"remove it from the capture kernel's command line",
			"quietus=%s: the stage will change nothing", mode);
	for (size_t i = 0; i < QT_ARRAY_SIZE(undoing) && has_vtd(audit); i++)
		if (has_word(line, undoing[i]))
			add_finding(audit, "capture-turns-off", NO_FUNCTION,
				"remove it from the capture kernel's command line",
				"%s makes the capture kernel turn IOMMUs off, and leftover IOVAs "
				"into physical addresses, whenever the stage has not put its "
				"driver to sleep",
				undoing[i]);
}

static bool check_watchdog(void *context, const char *name)
{
	struct audit *audit = context;
	char state[32], identity[64];
	uint64_t seconds;

	if (!system_text(audit->root, state, sizeof(state), "sys/class/watchdog/%s/state", name) ||
		strcmp(state, "active") != 0 ||
		!system_number(audit->root, &seconds, "sys/class/watchdog/%s/timeout", name) ||
		seconds > AUDIT_STAGE_SECONDS)
		return true;
	system_text(
		audit->root, identity, sizeof(identity), "sys/class/watchdog/%s/identity", name);
	/* A timer of the kernel, which ends with it. */
	if (strcmp(identity, "Software Watchdog") == 0)
		return true;
	add_finding(audit, "watchdog-short", NO_FUNCTION, "give it a longer timeout",
		"%.32s (%s) resets the machine after %llu s; the stage alone can take %d s, %d s "
		"of "
		"it for resets of devices",
		name, identity, (unsigned long long)seconds, AUDIT_STAGE_SECONDS,
		QT_STOP_LIMIT_US / 1000000);
	return true;
}

/* The plan */

static void check_units(struct audit *audit)
{
	for (size_t i = 0; i < audit->machine.unit_count; i++) {
		const struct qt_unit *unit = &audit->machine.units[i];

		if (unit->state == QT_UNIT_UNSUPPORTED || unit->state == QT_UNIT_DEAD)
			add_finding(audit, "unit-unsupported", NO_FUNCTION, NULL,
				"the IOMMU (%s) at 0x%llx cannot be taken over: %s",
				unit->ops->name, (unsigned long long)unit->registers,
				qt_reason_text(unit->reason));
	}
}

/* One that would have to be stopped, as its translations are in the way. */
static void check_requester(struct audit *audit, const struct qt_requester *requester)
{
	const struct device *device = audit_device(audit, requester);
	char address[RID_TEXT];

	if (!device || (requester->decision != QT_LEAVE && requester->decision != QT_STOP &&
			       requester->decision != QT_FENCE))
		return;
	rid_text(requester->rid, address);
	if (requester->reason == QT_WHY_IOVAS_TAKEN && device->user_space)
		add_finding(audit, "vfio-collision", requester->function,
			"reserve the crash region where no guest has memory, or none",
			"%s is driven from user space (%s), and its addresses %s the crash "
			"region's",
			address, *device->driver ? device->driver : "VFIO",
			audit_assumed(audit, requester) ? "probably collide with" : "collide with");
	if (requester->reason != QT_WHY_VIRTUAL_FUNCTION && device->resets_known &&
		!*device->resets)
		add_finding(audit, "no-reset", requester->function, NULL,
			"%s cannot be taken over (%s), nor stopped (%s)", address,
			qt_reason_text(requester->reason),
			device->obstacle ? device->obstacle : "unknown");
}

static void check_requesters(struct audit *audit)
{
	for (size_t i = 0; i < audit->machine.requester_count; i++)
		check_requester(audit, &audit->machine.requesters[i]);
}

/* Those that have a finding of their own, or are none. */
static bool is_told(unsigned reason)
{
	return reason == QT_WHY_NO_CRASH_REGION || reason == QT_WHY_NO_LOW_MEMORY ||
	       reason == QT_WHY_NO_UNITS;
}

static void check_plan(struct audit *audit)
{
	const struct qt_plan *plan = &audit->plan;
	const struct qt_requester *blocker;
	char address[RID_TEXT];

	if (!audit->commit_known || plan->commit || is_told(plan->reason))
		return;
	if (plan->blocker < 0) {
		add_finding(audit, "not-committed", NO_FUNCTION, NULL,
			"nothing would be taken over, the capture kernel starts as in stock "
			"kdump: %s",
			qt_reason_text(plan->reason));
		return;
	}
	blocker = &audit->machine.requesters[plan->blocker];
	add_finding(audit, "not-committed", blocker->function, NULL,
		"nothing would be taken over, the capture kernel starts as in stock kdump: %s: "
		"%s, where %s",
		qt_reason_text(plan->reason), rid_text(blocker->rid, address),
		qt_reason_text(blocker->reason));
}

void audit_conclude(struct audit *audit)
{
	check_reservation(audit);
	check_low_memory(audit);
	check_cma(audit);
	check_loaded(audit);
	check_image(audit);
	check_command_line(audit);
	system_list(audit->root, "sys/class/watchdog", check_watchdog, audit);
	check_plan(audit);
	check_units(audit);
	check_requesters(audit);
}
