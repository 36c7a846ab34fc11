/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Units as ACPI describes them: the IORT table. Nodes of hardware, each with
 * mappings from its own IDs to those of the next node.
 *
 * Source: Arm IO Remapping Table, DEN 0049, revision E: sections 3 (table, nodes,
 * ID mappings), 3.1.1.2 (SMMUv3), 3.1.1.3 (root complex), 3.1.1.5 (RMR).
 */
#include "../../firmware/iort.h"
#include "smmuv3.h"

#define SMMU_V3_BASE     16
#define SMMU_V3_FLAGS    24
#define SMMU_V3_COHERENT (1u << 0)
#define SMMU_V3_MODEL    40
#define SMMU_V3_CN99XX   2u  /* Cavium: without the second page of registers */
#define SMMU_V3_SIZE     28u /* as far as it must be there */

#define ROOT_SEGMENT 28
#define ROOT_SIZE    32u

#define RMR_COUNT      20
#define RMR_OFFSET     24
#define RMR_SIZE       28u
#define RMR_DESCRIPTOR 20u /* base, length, reserved */
/* What they should be multiples of, to suit every granule; not all firmware knows. */
#define RMR_ALIGNMENT QT_KIB(64)

struct discovery {
	struct qt_machine *machine;
	uint32_t unit_nodes[QT_UNITS_MAX]; /* offsets, by unit */
	size_t first_unit;
};

typedef int (*mapping_fn)(struct discovery *discovery, const struct iort_node *node,
	const uint8_t *mapping, struct qt_unit *unit);

/* Those that lead to a unit; others go to where messages are taken, or to units not known. */
static int each_mapping(struct discovery *discovery, const struct iort_node *node, mapping_fn visit)
{
	struct qt_machine *machine = discovery->machine;
	const uint8_t *mapping;

	if (!iort_mappings_inside(node))
		return QT_E_BAD;
	for (uint32_t n = 0; (mapping = iort_mapping(node, n)); n++)
		for (size_t i = discovery->first_unit; i < machine->unit_count; i++) {
			int error;

			if (qt_le32(mapping + MAPPING_NODE) != discovery->unit_nodes[i])
				continue;
			error = visit(discovery, node, mapping, &machine->units[i]);
			if (error)
				return error;
		}
	return QT_OK;
}

/* First pass: the units themselves. */
static int add_unit(void *context, const struct iort_node *node)
{
	struct discovery *discovery = context;
	struct qt_machine *machine = discovery->machine;
	int error;

	if (node->at[NODE_TYPE] == NODE_SMMU_V1_V2)
		return QT_E_UNSUPPORTED;
	if (node->at[NODE_TYPE] != NODE_SMMU_V3)
		return QT_OK;
	if (node->len < SMMU_V3_SIZE)
		return QT_E_BAD;
	error = smmuv3_add_unit(machine, qt_le64(node->at + SMMU_V3_BASE),
		qt_le32(node->at + SMMU_V3_FLAGS) & SMMU_V3_COHERENT);
	if (error)
		return error;
	machine->units[machine->unit_count - 1].one_page =
		node->len >= SMMU_V3_MODEL + 4 &&
		qt_le32(node->at + SMMU_V3_MODEL) == SMMU_V3_CN99XX;
	discovery->unit_nodes[machine->unit_count - 1] = node->offset;
	return QT_OK;
}

static int map_functions(struct discovery *discovery, const struct iort_node *node,
	const uint8_t *mapping, struct qt_unit *unit)
{
	uint32_t segment = qt_le32(node->at + ROOT_SEGMENT);
	uint32_t first = qt_le32(mapping + MAPPING_INPUT);
	uint32_t more = iort_mapping_more(mapping);

	/* Those of platform devices' streams are no PCI segment's. */
	if (segment >= 0xff00 || first > 0xffff)
		return QT_E_BAD;
	/* Firmware that means "all" may say more than there are. */
	if (more > 0xffff - first)
		more = 0xffff - first;
	return smmuv3_add_streams(discovery->machine, unit, QT_RID(segment, 0, 0) | first, more + 1,
		qt_le32(mapping + MAPPING_OUTPUT));
}

/* Second pass: who sends through them. */
static int add_root_complex(void *context, const struct iort_node *node)
{
	if (node->at[NODE_TYPE] != NODE_ROOT_COMPLEX)
		return QT_OK;
	return node->len < ROOT_SIZE ? QT_E_BAD : each_mapping(context, node, map_functions);
}

/* Its ranges are for all streams of a mapping: those have names by now. */
static int add_reserved(struct discovery *discovery, const struct iort_node *node,
	const uint8_t *mapping, struct qt_unit *unit)
{
	struct qt_machine *machine = discovery->machine;
	uint32_t count = qt_le32(node->at + RMR_COUNT);
	uint32_t offset = qt_le32(node->at + RMR_OFFSET);
	uint32_t stream = qt_le32(mapping + MAPPING_OUTPUT);
	uint32_t more = iort_mapping_more(mapping);
	struct qt_reserved reserved = {.rid = 0};
	int error;

	if (!iort_inside(node, offset, count, RMR_DESCRIPTOR) || stream > UINT32_MAX - more)
		return QT_E_BAD;
	unit->scopes = machine->scopes;
	unit->scope_count = machine->scope_count;
	error = smmuv3_rid(unit, stream, &reserved.rid);
	if (error == QT_OK)
		error = smmuv3_rid(unit, stream + more, &reserved.last);
	if (error == QT_OK && reserved.last - reserved.rid != more)
		error = QT_E_UNSUPPORTED;
	for (; count-- && error == QT_OK; offset += RMR_DESCRIPTOR) {
		uint64_t base = qt_le64(node->at + offset);
		uint64_t size = qt_le64(node->at + offset + 8), end;

		if (size == 0 || __builtin_add_overflow(base, size, &end) ||
			end > UINT64_MAX - RMR_ALIGNMENT)
			return QT_E_BAD;
		reserved.range = (struct qt_range){base & ~(RMR_ALIGNMENT - 1),
			(end + RMR_ALIGNMENT - 1) & ~(RMR_ALIGNMENT - 1)};
		error = qt_discover_reserved(machine, &reserved);
	}
	return error;
}

/* Third pass: memory that firmware reserved. */
static int add_rmr(void *context, const struct iort_node *node)
{
	if (node->at[NODE_TYPE] != NODE_RMR)
		return QT_OK;
	return node->len < RMR_SIZE ? QT_E_BAD : each_mapping(context, node, add_reserved);
}

int smmuv3_discover_iort(struct qt_machine *machine)
{
	struct discovery discovery = {.machine = machine, .first_unit = machine->unit_count};
	struct iort iort;
	int error =
		qt_acpi_table(&machine->acpi, machine->arena, "IORT", 0, &iort.table, &iort.len);

	if (error)
		return error;
	error = iort_each_node(&iort, add_unit, &discovery);
	if (error == QT_OK)
		error = iort_each_node(&iort, add_root_complex, &discovery);
	if (error == QT_OK)
		error = iort_each_node(&iort, add_rmr, &discovery);
	if (error || machine->unit_count == discovery.first_unit)
		return error ? error : QT_E_NOTFOUND;
	error = qt_acpi_doorbells(&machine->acpi, machine->arena, &machine->doorbells);
	/* ACPI wants one of every machine with a GIC: there is one, but it could not be read. */
	return error == QT_E_NOTFOUND ? QT_E_BAD : error;
}
