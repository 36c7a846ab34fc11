/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From the running machine to what the stage's plan is made from, and the plan. */
#include <errno.h>
#include <quietus/stage_header.h>
#include <quietus/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "common/rid.h"
#include "system/system.h"

/* As in the stage: below this the capture kernel does no DMA. */
#define LOW_END QT_MIB(1)

/* An address for that memory where the stage's would be: in the crash region. */
static qt_phys arena_address(const struct memory_map *map)
{
	const struct qt_ranges *crash = &map->crash;

	return crash->count ? crash->list[crash->count - 1].end - QT_STAGE_MEMORY_SIZE
			    : QT_STAGE_MEMORY_SIZE;
}

/* As much as the stage will have, so that what does not fit there does not fit here. */
static bool take_memory(struct audit *audit, struct reason *why)
{
	size_t size = (audit->image.stage_memory - QT_STAGE_REPORT_SIZE) & ~(size_t)4095;

	audit->arena = (struct qt_arena){
		.base = aligned_alloc(4096, size),
		.phys = arena_address(&audit->map) & ~UINT64_C(4095),
		.size = size,
	};
	return audit->arena.base || because_of(why, ENOMEM);
}

static bool enumerate(struct audit *audit, struct reason *why)
{
	struct qt_pci *pci = &audit->machine.pci;
	struct qt_pci_segment segments[QT_ECAM_MAX + 1];
	size_t count = live_segments(&audit->live, segments, QT_ARRAY_SIZE(segments));

	pci->host = &audit->live.host;
	pci->capacity = QT_FUNCTIONS_MAX;
	pci->functions = qt_alloc(&audit->arena, pci->capacity * sizeof(*pci->functions), 8);
	if (!pci->functions || qt_pci_enumerate(pci, segments, count))
		return because(why, "more than %u PCI functions", QT_FUNCTIONS_MAX);
	audit->devices = calloc(pci->count + 1, sizeof(*audit->devices));
	if (!audit->devices)
		return because_of(why, ENOMEM);
	/* What a bridge does to requester IDs is beyond what others than root may read. */
	for (size_t i = 0; i < pci->count && !audit->live.whole_config; i++)
		pci->functions[i].alias = pci->functions[i].rid;
	return true;
}

/* Devices */

/* Without all of configuration space nobody can tell how functions could be stopped. */
static bool probe_resets(struct audit *audit, struct reason *why)
{
	struct qt_machine *machine = &audit->machine;

	if (!audit->live.whole_config)
		return true;
	machine->resets =
		qt_alloc(&audit->arena, (machine->pci.count + 1) * sizeof(*machine->resets), 8);
	if (!machine->resets)
		return because_of(why, ENOMEM);
	qt_reset_probe(&machine->pci, machine->resets);
	return true;
}

static void describe_resets(const struct audit *audit, size_t index, struct device *device)
{
	const struct qt_reset *reset = audit->machine.resets ? &audit->machine.resets[index] : NULL;
	size_t used = 0;

	device->resets_known = reset != NULL;
	for (unsigned method = 1; reset && method < QT_RESET_METHODS; method++)
		if (reset->methods & 1u << method)
			used += (size_t)snprintf(device->resets + used, DEVICE_WORD - used, "%s%s",
				used ? " " : "", qt_reset_method_name(method));
	if (reset && !reset->methods)
		device->obstacle = qt_reset_obstacle_text(reset->obstacle);
}

static void describe_device(struct audit *audit, size_t index)
{
	const struct qt_pci_function *function = &audit->machine.pci.functions[index];
	struct device *device = &audit->devices[index];
	char folder[64], address[RID_TEXT];

	snprintf(
		folder, sizeof(folder), "sys/bus/pci/devices/%s", rid_text(function->rid, address));
	live_device_name(&audit->live, function, device->name, sizeof(device->name));
	system_link(audit->root, device->driver, DEVICE_WORD, "%s/driver", folder);
	if (system_link(audit->root, device->group, DEVICE_WORD, "%s/iommu_group", folder))
		system_text(audit->root, device->domain, DEVICE_WORD,
			"sys/kernel/iommu_groups/%s/type", device->group);
	describe_resets(audit, index, device);
}

/* A group has one domain: one user of VFIO in it is enough. */
static void find_user_space(struct audit *audit)
{
	size_t count = audit->machine.pci.count;

	for (size_t i = 0; i < count; i++) {
		const struct device *user = &audit->devices[i];

		if (!strstr(user->driver, "vfio") || !*user->group)
			continue;
		for (size_t j = 0; j < count; j++)
			if (strcmp(audit->devices[j].group, user->group) == 0)
				audit->devices[j].user_space = true;
	}
}

static void describe_devices(struct audit *audit)
{
	for (size_t i = 0; i < audit->machine.pci.count; i++)
		describe_device(audit, i);
	find_user_space(audit);
}

/* The machine */

static int split(const struct qt_range *range, struct qt_ranges *low, struct qt_ranges *high)
{
	uint64_t low_end = range->end < LOW_END ? range->end : LOW_END;
	uint64_t high_start = range->start > LOW_END ? range->start : LOW_END;
	int error = range->start < low_end ? qt_ranges_add(low, range->start, low_end) : QT_OK;

	if (!error && high_start < range->end)
		error = qt_ranges_add(high, high_start, range->end);
	return error;
}

static bool make_ranges(struct audit *audit, struct qt_ranges *ranges)
{
	ranges->list = qt_alloc(&audit->arena, MEMORY_RANGES * sizeof(*ranges->list), 8);
	ranges->capacity = MEMORY_RANGES;
	return ranges->list;
}

/* The stage does nothing where memory is encrypted; stage/x86_64/encryption.c asks the CPU. */
static bool memory_is_encrypted(const struct audit *audit)
{
	char value[16];

	return word_value(audit->command_line, "mem_encrypt=", value, sizeof(value)) &&
	       strcmp(value, "on") == 0;
}

/* Any CPU may be the one that crashes: the one with the highest ID is the hardest to reach. */
static void find_apic_ids(struct audit *audit)
{
	struct qt_capture_kernel *kernel = &audit->machine.capture_kernel;
	char path[PATH_MAX], line[512];
	FILE *file = system_path(path, audit->root, "proc/cpuinfo") ? fopen(path, "re") : NULL;

	while (file && fgets(line, sizeof(line), file)) {
		const char *value = strchr(line, ':');
		uint32_t id = value ? (uint32_t)strtoul(value + 1, NULL, 10) : 0;

		if (strncmp(line, "apicid", 6) == 0 && id > kernel->apic_id)
			kernel->apic_id = id;
	}
	/* IDs that only x2APIC mode has. */
	kernel->x2apic = kernel->apic_id > 254;
	if (file)
		fclose(file);
}

static bool prepare_machine(struct audit *audit, struct reason *why)
{
	struct qt_machine *machine = &audit->machine;

	machine->host = &audit->live.host;
	machine->arena = &audit->arena;
	machine->ram = audit->map.ram;
	machine->deadline_us = UINT64_MAX;
	find_apic_ids(audit);
	if (!make_ranges(audit, &machine->low) || !make_ranges(audit, &machine->crash))
		return because_of(why, ENOMEM);
	for (size_t i = 0; i < audit->map.crash.count; i++)
		if (split(&audit->map.crash.list[i], &machine->low, &machine->crash))
			return because_of(why, ENOMEM);
	if (qt_machine_init(machine))
		return because_of(why, ENOMEM);
	if (memory_is_encrypted(audit))
		machine->problem = QT_WHY_VENDOR_UNSUPPORTED;
	return true;
}

/* ACPI's counts first, as in the stage. */
static bool read_firmware(struct audit *audit, struct reason *why)
{
	static const char *const signatures[] = {"DMAR", "IVRS", "IORT", "APIC", NULL};
	const struct qt_dt **tree = &audit->machine.device_tree;

	if (live_acpi(&audit->live, signatures, &audit->machine.acpi, why)) {
		audit->machine.capture_kernel.firmware_tables_only = audit_locked_down(audit);
		return true;
	}
	if (errno != ENOENT)
		return false;
	audit->machine.acpi = (struct qt_acpi){0};
	*tree = live_device_tree(&audit->live, why);
	return *tree;
}

static void discover(struct audit *audit)
{
	struct reason why;

	audit->units_known = read_firmware(audit, &why);
	if (audit->units_known)
		qt_machine_discover(&audit->machine);
	else
		audit_not_seen(audit, "the firmware's description of IOMMUs", &why, true);
}

/* What makes an assumption of what is translated unnecessary. */
static bool can_read_tables(struct audit *audit, struct reason *why)
{
	const struct qt_machine *machine = &audit->machine;

	if (!audit->units_known)
		return because(why, "not known where they are");
	if (!machine->unit_count)
		return true;
	if (!machine->ram.count)
		return because(why, "/proc/iomem does not tell what is RAM");
	if (!live_ram_readable(&audit->live, machine->ram.list[0].start, why))
		return false;
	for (size_t i = 0; i < machine->unit_count; i++)
		if (!live_registers_readable(&audit->live, machine->units[i].registers, why))
			return false;
	return true;
}

/* A word about what would be decided needs a crash region, where there is to be one. */
static void note_commit(struct audit *audit)
{
	bool placed = audit->machine.crash.count > 0;

	audit->commit_known =
		audit->units_known && (placed || (audit->crash_size_known && !audit->crash_size));
}

bool audit_find(struct audit *audit, struct reason *why)
{
	struct reason unread;

	if (!take_memory(audit, why) || !enumerate(audit, why) || !prepare_machine(audit, why) ||
		!probe_resets(audit, why))
		return false;
	describe_devices(audit);
	discover(audit);
	audit->tables_read = can_read_tables(audit, &unread);
	if (audit->tables_read) {
		qt_machine_look(&audit->machine);
	} else {
		audit_not_seen(audit, "what the IOMMUs translate", &unread, false);
		audit_derive(audit);
	}
	qt_plan(&audit->machine, &audit->plan);
	note_commit(audit);
	return true;
}
