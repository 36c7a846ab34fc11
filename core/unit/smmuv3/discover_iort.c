/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Units as ACPI describes them: the IORT table. Nodes of hardware, each with
 * mappings from its own IDs to those of the next node.
 *
 * Source: Arm IO Remapping Table, DEN 0049, revision E: sections 3 (table, nodes,
 * ID mappings), 3.1.1.2 (SMMUv3), 3.1.1.3 (root complex), 3.1.1.5 (RMR).
 */
#include <quietus/bytes.h>

#include "smmuv3.h"

/* Header: an ACPI header, then these. */
#define IORT_NODE_COUNT  36
#define IORT_NODE_OFFSET 40
#define IORT_HEADER      48u

/* Every node. */
#define NODE_TYPE     0
#define NODE_LENGTH   1
#define NODE_MAPPINGS 8
#define NODE_OFFSET   12
#define NODE_SIZE     16u

enum { NODE_ROOT_COMPLEX = 2, NODE_SMMU_V1_V2 = 3, NODE_SMMU_V3 = 4, NODE_RMR = 6 };

#define SMMU_V3_BASE 16
#define SMMU_V3_SIZE 24u

#define ROOT_SEGMENT 28
#define ROOT_SIZE    32u

#define RMR_COUNT      20
#define RMR_OFFSET     24
#define RMR_SIZE       28u
#define RMR_DESCRIPTOR 20u /* base, length, reserved */
/* What they should be multiples of, to suit every granule; not all firmware knows. */
#define RMR_ALIGNMENT QT_KIB(64)

/* ID mapping. */
#define MAPPING_INPUT  0
#define MAPPING_COUNT  4 /* less 1 */
#define MAPPING_OUTPUT 8
#define MAPPING_NODE   12
#define MAPPING_FLAGS  16
#define MAPPING_SIZE   20u
#define MAPPING_SINGLE (1u << 0)

struct iort {
	struct qt_machine *machine;
	const uint8_t *table;
	size_t len;
	uint32_t unit_nodes[QT_UNITS_MAX]; /* offsets, by unit */
	size_t first_unit;
};

/* A node whose length has been checked. */
struct node {
	const uint8_t *at;
	uint32_t offset;
	size_t len;
};

typedef int (*node_fn)(struct iort *iort, const struct node *node);
typedef int (*mapping_fn)(
	struct iort *iort, const struct node *node, const uint8_t *mapping, struct qt_unit *unit);

static int each_node(struct iort *iort, node_fn visit)
{
	uint32_t count = qt_le32(iort->table + IORT_NODE_COUNT);
	uint32_t at = qt_le32(iort->table + IORT_NODE_OFFSET);

	while (count--) {
		struct node node;
		int error;

		if (at > iort->len || iort->len - at < NODE_SIZE)
			return QT_E_BAD;
		node = (struct node){iort->table + at, at, qt_le16(iort->table + at + NODE_LENGTH)};
		if (node.len < NODE_SIZE || node.len > iort->len - at)
			return QT_E_BAD;
		error = visit(iort, &node);
		if (error)
			return error;
		at += (uint32_t)node.len;
	}
	return QT_OK;
}

/* Whether `count` elements of `size` bytes at `offset` lie inside a node. */
static bool inside(const struct node *node, uint32_t offset, uint32_t count, uint32_t size)
{
	return offset <= node->len && count <= (node->len - offset) / size;
}

/* Those that lead to a unit; others go to where messages are taken, or to units not known. */
static int each_mapping(struct iort *iort, const struct node *node, mapping_fn visit)
{
	uint32_t count = qt_le32(node->at + NODE_MAPPINGS);
	uint32_t offset = qt_le32(node->at + NODE_OFFSET);
	struct qt_machine *machine = iort->machine;

	if (!inside(node, offset, count, MAPPING_SIZE))
		return QT_E_BAD;
	for (; count--; offset += MAPPING_SIZE)
		for (size_t i = iort->first_unit; i < machine->unit_count; i++) {
			const uint8_t *mapping = node->at + offset;
			int error;

			if (qt_le32(mapping + MAPPING_NODE) != iort->unit_nodes[i])
				continue;
			error = visit(iort, node, mapping, &machine->units[i]);
			if (error)
				return error;
		}
	return QT_OK;
}

/* First pass: the units themselves. */
static int add_unit(struct iort *iort, const struct node *node)
{
	int error;

	if (node->at[NODE_TYPE] == NODE_SMMU_V1_V2)
		return QT_E_UNSUPPORTED;
	if (node->at[NODE_TYPE] != NODE_SMMU_V3)
		return QT_OK;
	if (node->len < SMMU_V3_SIZE)
		return QT_E_BAD;
	error = smmuv3_add_unit(iort->machine, qt_le64(node->at + SMMU_V3_BASE));
	if (error == QT_OK)
		iort->unit_nodes[iort->machine->unit_count - 1] = node->offset;
	return error;
}

static int map_functions(
	struct iort *iort, const struct node *node, const uint8_t *mapping, struct qt_unit *unit)
{
	uint32_t segment = qt_le32(node->at + ROOT_SEGMENT);
	uint32_t first = qt_le32(mapping + MAPPING_INPUT);
	uint32_t more = qt_le32(mapping + MAPPING_COUNT);

	/* Those of platform devices' streams are no PCI segment's. */
	if (segment >= 0xff00 || first > 0xffff)
		return QT_E_BAD;
	if (qt_le32(mapping + MAPPING_FLAGS) & MAPPING_SINGLE)
		more = 0;
	/* Firmware that means "all" may say more than there are. */
	if (more > 0xffff - first)
		more = 0xffff - first;
	return smmuv3_add_streams(iort->machine, unit, QT_RID(segment, 0, 0) | first, more + 1,
		qt_le32(mapping + MAPPING_OUTPUT));
}

/* Second pass: who sends through them. */
static int add_root_complex(struct iort *iort, const struct node *node)
{
	if (node->at[NODE_TYPE] != NODE_ROOT_COMPLEX)
		return QT_OK;
	return node->len < ROOT_SIZE ? QT_E_BAD : each_mapping(iort, node, map_functions);
}

/* Its ranges are for all streams of a mapping: those have names by now. */
static int add_reserved(
	struct iort *iort, const struct node *node, const uint8_t *mapping, struct qt_unit *unit)
{
	struct qt_machine *machine = iort->machine;
	uint32_t count = qt_le32(node->at + RMR_COUNT);
	uint32_t offset = qt_le32(node->at + RMR_OFFSET);
	uint32_t stream = qt_le32(mapping + MAPPING_OUTPUT);
	uint32_t more = qt_le32(mapping + MAPPING_FLAGS) & MAPPING_SINGLE
				? 0
				: qt_le32(mapping + MAPPING_COUNT);
	struct qt_reserved reserved = {.rid = 0};
	int error;

	if (!inside(node, offset, count, RMR_DESCRIPTOR) || stream > UINT32_MAX - more)
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
static int add_rmr(struct iort *iort, const struct node *node)
{
	if (node->at[NODE_TYPE] != NODE_RMR)
		return QT_OK;
	return node->len < RMR_SIZE ? QT_E_BAD : each_mapping(iort, node, add_reserved);
}

int smmuv3_discover_iort(struct qt_machine *machine)
{
	struct iort iort = {.machine = machine, .first_unit = machine->unit_count};
	int error =
		qt_acpi_table(&machine->acpi, machine->arena, "IORT", 0, &iort.table, &iort.len);

	if (error)
		return error;
	if (iort.len < IORT_HEADER)
		return QT_E_BAD;
	error = each_node(&iort, add_unit);
	if (error == QT_OK)
		error = each_node(&iort, add_root_complex);
	if (error == QT_OK)
		error = each_node(&iort, add_rmr);
	if (error || machine->unit_count == iort.first_unit)
		return error ? error : QT_E_NOTFOUND;
	error = qt_acpi_doorbells(&machine->acpi, machine->arena, &machine->doorbells);
	return error == QT_E_NOTFOUND ? QT_OK : error;
}
