/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the tables of IOMMUs would say, told from what sysfs says of IOMMUs, groups
 * and drivers. Linux's own domains are taken to leave the crash region's IOVAs
 * free: it gives IOVAs out from 4 GiB or from the top of the width down, and rarely
 * gets there. Those of VFIO are taken not to: a guest's memory begins at 0.
 *
 * Source: Linux, Documentation/ABI/testing/sysfs-kernel-iommu_groups,
 * sysfs-class-iommu-intel-iommu, sysfs-class-iommu-amd-iommu; for SMMUv3, which has no
 * attributes there, drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c.
 */
#include <inttypes.h>
#include <quietus/unit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "system/system.h"

#define IOMMU_FOLDER "sys/class/iommu"

/* ECAP of VT-d, revision 4.1, 11.4.3: pass-through entries. */
#define VTD_PASS_THROUGH (UINT64_C(1) << 6)

static bool read_hex(const char *root, uint64_t *value, const char *name, const char *file)
{
	char text[32];

	if (!system_text(root, text, sizeof(text), IOMMU_FOLDER "/%s/%s", name, file))
		return false;
	*value = strtoull(text, NULL, 16);
	return true;
}

/* Units: those that the kernel has set up are in sysfs, and on. */

static struct qt_unit *unit_at(struct qt_machine *machine, qt_phys registers)
{
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].registers == registers)
			return &machine->units[i];
	return NULL;
}

/* For who may not see the firmware's tables: what the kernel shows to everybody. */
static struct qt_unit *new_unit(struct audit *audit, const struct qt_unit_ops *ops, qt_phys at)
{
	struct qt_machine *machine = &audit->machine;
	struct qt_unit *unit = &machine->units[machine->unit_count];

	if (audit->units_known || machine->unit_count == QT_UNITS_MAX)
		return NULL;
	*unit = (struct qt_unit){
		.ops = ops, .registers = at, .index = (uint8_t)machine->unit_count++};
	return unit;
}

static void see_vtd(struct audit *audit, const char *name, qt_phys registers)
{
	struct qt_unit *unit = unit_at(&audit->machine, registers);
	uint64_t version;

	if (!unit)
		unit = new_unit(audit, &qt_unit_vtd, registers);
	if (!unit)
		return;
	read_hex(audit->root, &unit->capability, name, "intel-iommu/cap");
	read_hex(audit->root, &unit->extended_capability, name, "intel-iommu/ecap");
	unit->state = QT_UNIT_TRANSLATING;
	/* "major:minor" */
	if (read_hex(audit->root, &version, name, "intel-iommu/version"))
		unit->version = (uint32_t)version << 4;
}

/* Nothing says which of firmware's units this is; the driver turns on all or none. */
static void see_amdvi(struct audit *audit)
{
	struct qt_machine *machine = &audit->machine;
	bool found = false;

	for (size_t i = 0; i < machine->unit_count; i++) {
		if (machine->units[i].ops != &qt_unit_amdvi)
			continue;
		machine->units[i].state = QT_UNIT_TRANSLATING;
		found = true;
	}
	if (!found) {
		struct qt_unit *unit = new_unit(audit, &qt_unit_amdvi, 0);

		if (unit)
			unit->state = QT_UNIT_TRANSLATING;
	}
}

/* Its driver names it after its address, and tells nothing else of it. */
static bool see_smmuv3(struct audit *audit, const char *name)
{
	static const char prefix[] = "smmu3.";
	struct qt_unit *unit;
	qt_phys registers;

	if (strncmp(name, prefix, strlen(prefix)) != 0)
		return false;
	registers = strtoull(name + strlen(prefix), NULL, 16);
	unit = unit_at(&audit->machine, registers);
	if (!unit)
		unit = new_unit(audit, &qt_unit_smmuv3, registers);
	if (unit)
		unit->state = QT_UNIT_TRANSLATING;
	return true;
}

static bool see_unit(void *context, const char *name)
{
	struct audit *audit = context;
	uint64_t value;

	if (see_smmuv3(audit, name))
		return true;

	if (read_hex(audit->root, &value, name, "intel-iommu/address"))
		see_vtd(audit, name, value);
	else if (read_hex(audit->root, &value, name, "amd-iommu/features"))
		see_amdvi(audit);
	return true;
}

/* Requesters */

/*
 * Where firmware's tables are not to be seen: what is in a group is behind a unit,
 * and it makes no difference here behind which of those that are on.
 */
static int any_unit(const struct audit *audit, const struct device *device)
{
	return *device->group && audit->machine.unit_count ? 0 : -1;
}

static enum qt_entry_state entry_state(
	const struct qt_machine *machine, const struct device *device, int unit)
{
	if (unit < 0 || machine->units[unit].state == QT_UNIT_OFF)
		return QT_REQ_DIRECT;
	if (device->user_space)
		return QT_REQ_TRANSLATED;
	if (!*device->group || strcmp(device->domain, "blocked") == 0)
		return QT_REQ_ABSENT;
	if (strcmp(device->domain, "identity") == 0)
		return machine->units[unit].ops == &qt_unit_vtd &&
				       !(machine->units[unit].extended_capability &
					       VTD_PASS_THROUGH)
			       ? QT_REQ_TRANSLATED
			       : QT_REQ_PASSTHROUGH;
	return QT_REQ_TRANSLATED;
}

/* One domain for each group: as if its tables had been surveyed. */
static int16_t domain_of(struct qt_machine *machine, const struct device *device, unsigned unit)
{
	uint32_t id = (uint32_t)strtoul(device->group, NULL, 10);
	size_t i = 0;

	while (i < machine->domain_count && machine->domains[i].id != id)
		i++;
	if (i == QT_DOMAINS_MAX) {
		machine->problem = QT_WHY_TOO_MANY;
		return -1;
	}
	if (i == machine->domain_count)
		machine->domains[machine->domain_count++] = (struct qt_domain){
			.id = id,
			.unit = (uint8_t)unit,
			.taken = device->user_space,
			.identity = !device->user_space && strcmp(device->domain, "identity") == 0,
		};
	return (int16_t)i;
}

static bool has_requester(const struct qt_machine *machine, qt_rid rid)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].rid == rid)
			return true;
	return false;
}

static void add_requester(struct audit *audit, size_t index, qt_rid rid)
{
	struct qt_machine *machine = &audit->machine;
	const struct qt_pci_function *function = &machine->pci.functions[index];
	const struct device *device = &audit->devices[index];
	int unit = audit->units_known ? qt_machine_unit_of(machine, function)
				      : any_unit(audit, device);
	enum qt_entry_state state = entry_state(machine, device, unit);
	struct qt_requester *requester;

	/* As in find: a bridge that has no entry does no DMA of its own. */
	if (has_requester(machine, rid) ||
		(function->flags & QT_PCI_BRIDGE &&
			(state == QT_REQ_DIRECT || state == QT_REQ_ABSENT)))
		return;
	if (machine->requester_count == QT_REQUESTERS_MAX) {
		machine->problem = QT_WHY_TOO_MANY;
		return;
	}
	requester = &machine->requesters[machine->requester_count++];
	*requester = (struct qt_requester){
		.rid = rid,
		.unit = unit < 0 ? UINT8_MAX : (uint8_t)unit,
		.state = (uint8_t)state,
		.function = (int16_t)index,
		.domain = -1,
	};
	if (state == QT_REQ_TRANSLATED)
		requester->domain = domain_of(machine, device, (unsigned)unit);
	if (state == QT_REQ_TRANSLATED && requester->domain < 0)
		requester->state = QT_REQ_UNSUPPORTED;
}

void audit_derive(struct audit *audit)
{
	const struct qt_pci *pci = &audit->machine.pci;

	/* No such folder is no such unit. */
	system_list(audit->root, IOMMU_FOLDER, see_unit, audit);
	for (size_t i = 0; i < pci->count; i++) {
		add_requester(audit, i, pci->functions[i].rid);
		if (pci->functions[i].alias != pci->functions[i].rid)
			add_requester(audit, i, pci->functions[i].alias);
	}
}
