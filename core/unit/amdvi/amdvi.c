/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A unit of AMD-Vi: its registers, and the shape of tables that are made for it.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, chapter 3 (registers).
 */
#include "amdvi.h"

#define PHYSICAL_BITS 52

/* Linux turns its units off with amd_iommu=off before this version, and leaves them alone since. */
#define OFF_LEAVES_ALONE QT_LINUX_VERSION(5, 12)

/* From here on, an APIC ID is only reached through interrupt remapping. */
#define APIC_ID_REMAPPED 255u

unsigned amdvi_levels_max(const struct qt_unit *unit)
{
	return 4 + AMDVI_FEATURE_HATS(unit->capability);
}

/* Without, nobody could be admitted: that takes tables of a kind that is not made here. */
static bool has_host_tables(const struct qt_unit *unit)
{
	return unit->mode != AMDVI_MODE_NO_HOST &&
	       AMDVI_FEATURE_HATS(unit->capability) != AMDVI_HATS_NONE;
}

/* Whether every segment of the device table is in RAM; reads their registers. */
static bool tables_in_ram(const struct qt_machine *machine, struct qt_unit *unit)
{
	unsigned segments = AMDVI_DEVICE_IDS / amdvi_segment_size(unit);

	if (segments > AMDVI_SEGMENTS_MAX)
		return false;
	for (unsigned i = 0; i < segments; i++) {
		qt_phys at = i ? AMDVI_DEVICE_TABLE_1 + (i - 1) * 8u : AMDVI_DEVICE_TABLE;
		uint64_t table = qt_unit_read64(machine, unit, at);

		unit->tables[i] = table;
		if (!qt_ranges_contain(&machine->ram, AMDVI_TABLE_BASE(table),
			    AMDVI_TABLE_BASE(table) + AMDVI_TABLE_SIZE(table)))
			return false;
	}
	return true;
}

static void inspect(const struct qt_machine *machine, struct qt_unit *unit)
{
	uint64_t control = qt_unit_read64(machine, unit, AMDVI_CONTROL);

	unit->capability = qt_unit_read64(machine, unit, AMDVI_FEATURES);
	unit->extended_capability = control;
	unit->coherent = control & AMDVI_CONTROL_COHERENT;
	unit->domain_ids = 0x10000;
	unit->output_bits = PHYSICAL_BITS;

	if (control == UINT64_MAX || unit->capability == UINT64_MAX)
		qt_unit_set_state(unit, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
	else if (!(control & AMDVI_CONTROL_ENABLE))
		qt_unit_set_state(unit, QT_UNIT_OFF, QT_WHY_UNIT_OFF);
	else if (!tables_in_ram(machine, unit) || !has_host_tables(unit))
		qt_unit_set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED);
	else
		qt_unit_set_state(unit, QT_UNIT_TRANSLATING, QT_WHY_NONE);
	unit->root = AMDVI_TABLE_BASE(unit->tables[0]);
}

struct qt_geometry amdvi_geometry(const struct qt_unit *unit, unsigned levels)
{
	return (struct qt_geometry){
		.format = &qt_format_amd_v1,
		.levels = (uint8_t)levels,
		.granule_lg2 = 12,
		.index_lg2 = 9,
		.leaf_level = 2, /* 512 GiB leaves are known not to work everywhere */
		.output_bits = PHYSICAL_BITS,
		.levels_max = (uint8_t)amdvi_levels_max(unit),
		.coherent = unit->coherent,
	};
}

static int geometry(const struct qt_unit *unit, uint64_t limit, struct qt_geometry *geometry)
{
	for (unsigned levels = 3; levels <= amdvi_levels_max(unit); levels++) {
		struct qt_table table = {.geometry = amdvi_geometry(unit, levels)};

		if (qt_table_span(&table) < limit)
			continue;
		*geometry = table.geometry;
		return QT_OK;
	}
	return QT_E_UNSUPPORTED;
}

static void mask_interrupts(const struct qt_machine *machine, const struct qt_unit *unit)
{
	const uint64_t sources = AMDVI_CONTROL_EVENT_INT | AMDVI_CONTROL_WAIT_INT |
				 AMDVI_CONTROL_PPR_INT | AMDVI_CONTROL_GA_INT;
	uint64_t control = qt_unit_read64(machine, unit, AMDVI_CONTROL);

	if (control & sources)
		qt_unit_write64(machine, unit, AMDVI_CONTROL, control & ~sources);
}

/*
 * Interrupt remapping is set up before anything on the command line can keep the
 * driver from units, so the driver must not start at all. An older or unknown
 * kernel does not find the units.
 */
static unsigned keep_away(const struct qt_capture_kernel *kernel, struct qt_keep_away *keep_away)
{
	if (kernel->version >= OFF_LEAVES_ALONE)
		keep_away->command_line = "amd_iommu=off";
	else
		keep_away->hide_table = "IVRS";
	return kernel->x2apic && kernel->apic_id >= APIC_ID_REMAPPED ? QT_WHY_X2APIC_ID
								     : QT_WHY_NONE;
}

const struct qt_unit_ops qt_unit_amdvi = {
	.name = "amd-vi",
	.discover = amdvi_discover,
	.inspect = inspect,
	.entry = amdvi_entry,
	.scan = amdvi_scan,
	.geometry = geometry,
	.admit = amdvi_admit,
	.set_root = amdvi_set_root,
	.block = amdvi_block,
	.release_interrupts = amdvi_release_interrupts,
	.flush = amdvi_flush,
	.faults = amdvi_faults,
	.forget_faults = amdvi_forget_faults,
	.mask_interrupts = mask_interrupts,
	.keep_away = keep_away,
};
