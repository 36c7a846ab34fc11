/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An Intel VT-d unit: its state, and which mode its requester tables are in.
 *
 * Source: Intel VT-d specification, revision 4.1, sections 3.4 (mapping of
 * requesters to domains), 11.4 (registers).
 */
#include "vtd.h"

/* Linux knows initcall_blacklist= from this version on. */
#define BLACKLIST_KNOWN QT_LINUX_VERSION(3, 16)

static bool is_scalable(const struct qt_unit *unit)
{
	return unit->mode == VTD_MODE_SCALABLE;
}

/* Whether this unit can be in the mode it says it is in, and the core knows it. */
static bool mode_supported(const struct qt_unit *unit, uint64_t rtaddr)
{
	if (VTD_RTADDR_OTHER(rtaddr))
		return false;
	if (is_scalable(unit))
		return unit->extended_capability & VTD_ECAP_SMTS;
	return unit->mode == VTD_MODE_LEGACY;
}

/*
 * DMA into a protected memory region is refused whatever the tables say (11.4.8.1;
 * older hardware lets translated DMA through). Such a region is left as it is,
 * for who set it up wants it (firmware, a measured launch), and the capture
 * kernel's own driver is the one to take it down: if it is in the way, the unit
 * counts as one that cannot be taken over.
 */
static bool protects(const struct qt_machine *machine, uint64_t base, uint64_t limit)
{
	uint64_t last = limit | (VTD_PROTECTED_GRANULE - 1);

	return base <= last && last < UINT64_MAX &&
	       qt_ranges_overlap(&machine->mapped, base, last + 1);
}

static bool protects_crash_region(const struct qt_machine *machine, const struct qt_unit *unit)
{
	if (!(unit->capability & (VTD_CAP_PLMR | VTD_CAP_PHMR)) ||
		!(qt_unit_read32(machine, unit, VTD_PMEN) & (VTD_PMEN_EPM | VTD_PMEN_PRS)))
		return false;
	if (unit->capability & VTD_CAP_PLMR &&
		protects(machine, qt_unit_read32(machine, unit, VTD_PLMBASE),
			qt_unit_read32(machine, unit, VTD_PLMLIMIT)))
		return true;
	return unit->capability & VTD_CAP_PHMR &&
	       protects(machine, qt_unit_read64(machine, unit, VTD_PHMBASE),
		       qt_unit_read64(machine, unit, VTD_PHMLIMIT));
}

static void inspect(const struct qt_machine *machine, struct qt_unit *unit)
{
	uint32_t status = qt_unit_read32(machine, unit, VTD_GSTS);
	uint64_t rtaddr = qt_unit_read64(machine, unit, VTD_RTADDR);

	unit->version = qt_unit_read32(machine, unit, VTD_VER);
	unit->capability = qt_unit_read64(machine, unit, VTD_CAP);
	unit->extended_capability = qt_unit_read64(machine, unit, VTD_ECAP);
	unit->coherent = unit->extended_capability & VTD_ECAP_C;
	unit->domain_ids = 1u << (4 + 2 * VTD_CAP_ND(unit->capability));
	unit->root = VTD_RTADDR_ROOT(rtaddr);
	unit->mode = VTD_RTADDR_MODE(rtaddr);

	if (unit->version == UINT32_MAX || unit->version == 0 || unit->capability == UINT64_MAX ||
		VTD_CAP_ND(unit->capability) == 7)
		qt_unit_set_state(unit, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
	else if (protects_crash_region(machine, unit))
		qt_unit_set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_PROTECTED_MEMORY);
	else if (!(status & VTD_GCMD_TE))
		qt_unit_set_state(unit, QT_UNIT_OFF, QT_WHY_UNIT_OFF);
	else if (unit->mode == VTD_MODE_ABORT)
		/* Nobody gets through; a way in would take another root table. */
		qt_unit_set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_ABORT_MODE);
	else if (!mode_supported(unit, rtaddr) ||
		 !qt_ranges_contain(&machine->ram, unit->root, unit->root + VTD_TABLE_SIZE))
		qt_unit_set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED);
	else
		qt_unit_set_state(unit, QT_UNIT_TRANSLATING, QT_WHY_NONE);
}

static int shape(const struct qt_unit *unit, unsigned levels, struct qt_geometry *geometry)
{
	if (is_scalable(unit))
		return vtd_scalable_geometry(unit, levels, geometry);
	if (!vtd_levels_supported(unit, levels))
		return QT_E_UNSUPPORTED;
	*geometry = vtd_second_stage(unit, levels);
	return QT_OK;
}

/* The smallest table that reaches `limit`: fewer levels are fewer reads for the hardware. */
static int geometry(const struct qt_unit *unit, uint64_t limit, struct qt_geometry *geometry)
{
	for (unsigned levels = 3; levels <= 5; levels++) {
		struct qt_table table = {0};

		if (shape(unit, levels, &table.geometry) || qt_table_reach(&table) < limit)
			continue;
		*geometry = table.geometry;
		return QT_OK;
	}
	return QT_E_UNSUPPORTED;
}

static int entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry)
{
	return is_scalable(unit) ? vtd_scalable_entry(unit, reader, rid, entry)
				 : vtd_legacy_entry(unit, reader, rid, entry);
}

static int scan(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, const struct qt_unit_entry *entry), void *context)
{
	return is_scalable(unit) ? vtd_scalable_scan(unit, reader, visit, context)
				 : vtd_legacy_scan(unit, reader, visit, context);
}

static int domain_id_used(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t id, bool *used)
{
	*used = false;
	return is_scalable(unit) ? vtd_scalable_domain_id_used(unit, reader, id, used) : QT_OK;
}

static int admit(const struct qt_unit_change *change)
{
	return is_scalable(change->unit) ? vtd_scalable_admit(change) : vtd_legacy_admit(change);
}

static int set_root(const struct qt_unit_change *change)
{
	return is_scalable(change->unit) ? vtd_scalable_set_root(change)
					 : vtd_legacy_set_root(change);
}

static int block(const struct qt_unit_change *change)
{
	return is_scalable(change->unit) ? vtd_scalable_block(change) : vtd_legacy_block(change);
}

static void mask_interrupts(const struct qt_machine *machine, const struct qt_unit *unit)
{
	static const uint16_t controls[] = {VTD_FECTL, VTD_IECTL, VTD_PECTL};

	for (size_t i = 0; i < QT_ARRAY_SIZE(controls); i++) {
		unsigned at = controls[i];
		uint32_t value = qt_unit_read32(machine, unit, at);

		qt_unit_write32(machine, unit, at, value | VTD_ECTL_MASKED);
	}
}

/*
 * Set up earlier than the rest, interrupt remapping goes on being used: the tables
 * that describe units cannot be hidden. A kernel that does not say its version is
 * taken for one that knows the word.
 */
static unsigned keep_away(const struct qt_capture_kernel *kernel, struct qt_keep_away *keep_away)
{
	keep_away->command_line = "initcall_blacklist=pci_iommu_init";
	return kernel->version && kernel->version < BLACKLIST_KNOWN ? QT_WHY_KERNEL_TOO_OLD
								    : QT_WHY_NONE;
}

const struct qt_unit_ops qt_unit_vtd = {
	.name = "vt-d",
	.discover = vtd_discover,
	.inspect = inspect,
	.entry = entry,
	.scan = scan,
	.geometry = geometry,
	.domain_id_used = domain_id_used,
	.admit = admit,
	.set_root = set_root,
	.block = block,
	.flush = vtd_flush,
	.faults = vtd_faults,
	.forget_faults = vtd_forget_faults,
	.mask_interrupts = mask_interrupts,
	.keep_away = keep_away,
};
