/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Units as a device tree describes them: "arm,smmu-v3" nodes, and "iommu-map" of
 * PCI host bridges. Devices with "iommus" need no name: their streams have one.
 *
 * Source: Linux Documentation/devicetree/bindings: iommu/arm,smmu-v3.yaml,
 * pci/pci-iommu.txt, pci/pci-msi.txt, interrupt-controller/arm,gic-v3.yaml,
 * arm,gic.yaml and msi.txt.
 */
#include <quietus/device_tree.h>

#include "smmuv3.h"

/* An entry of "iommu-map" and "msi-map": requester, phandle, stream or message, how many. */
#define MAP_ENTRY  16u
#define PHANDLE_AT 4u

struct tree {
	struct qt_machine *machine;
	const struct qt_dt *dt;
	uint32_t phandles[QT_UNITS_MAX]; /* by unit */
	size_t first_unit;
	uint32_t doorbells[QT_RANGES_MAX]; /* phandles */
	size_t doorbell_count;
};

typedef int (*node_fn)(struct tree *tree, const struct qt_dt_walk *walk);

static int each_node(struct tree *tree, node_fn visit)
{
	struct qt_dt_walk walk = {.dt = tree->dt};
	int error;

	while (!(error = qt_dt_walk_next(&walk))) {
		if (qt_dt_enabled(tree->dt, qt_dt_here(&walk)))
			error = visit(tree, &walk);
		if (error)
			return error;
	}
	return error == QT_E_NOTFOUND ? QT_OK : error;
}

/* "dma-coherent", of the node or of a bus around it, unless "dma-noncoherent" is nearer. */
static bool snoops(const struct tree *tree, const struct qt_dt_walk *walk)
{
	const uint8_t *value;
	uint32_t len;

	for (unsigned i = walk->depth; i-- > 0;) {
		if (!qt_dt_property(tree->dt, walk->path[i], "dma-coherent", &value, &len))
			return true;
		if (!qt_dt_property(tree->dt, walk->path[i], "dma-noncoherent", &value, &len))
			return false;
	}
	return false;
}

/* Cavium's, without the second page of registers. */
static bool has_one_page(const struct tree *tree, qt_dt_node node)
{
	const uint8_t *value;
	uint32_t len;

	return !qt_dt_property(tree->dt, node, "cavium,cn9900-broken-page1-regspace", &value, &len);
}

static int add_unit(struct tree *tree, const struct qt_dt_walk *walk)
{
	qt_dt_node node = qt_dt_here(walk);
	struct qt_range registers;
	uint32_t phandle = 0;
	int error;

	if (qt_dt_compatible(tree->dt, node, "arm,mmu-500") ||
		qt_dt_compatible(tree->dt, node, "arm,smmu-v2"))
		return QT_E_UNSUPPORTED;
	if (!qt_dt_compatible(tree->dt, node, "arm,smmu-v3"))
		return QT_OK;
	error = qt_dt_reg(walk, 0, &registers);
	if (error == QT_OK)
		error = smmuv3_add_unit(tree->machine, registers.start, snoops(tree, walk));
	if (error)
		return error == QT_E_NOTFOUND ? QT_E_BAD : error;
	tree->machine->units[tree->machine->unit_count - 1].one_page = has_one_page(tree, node);
	error = qt_dt_cell(tree->dt, node, "phandle", &phandle);
	tree->phandles[tree->machine->unit_count - 1] = phandle;
	return error == QT_E_NOTFOUND ? QT_OK : error;
}

/* The unit with this phandle, NULL for other IOMMUs. */
static struct qt_unit *unit_with(const struct tree *tree, uint32_t phandle)
{
	for (size_t i = tree->first_unit; i < tree->machine->unit_count; i++)
		if (phandle && tree->phandles[i] == phandle)
			return &tree->machine->units[i];
	return NULL;
}

static int add_doorbell(struct tree *tree, const struct qt_dt_walk *walk)
{
	qt_dt_node node = qt_dt_here(walk);
	bool its = qt_dt_compatible(tree->dt, node, "arm,gic-v3-its");
	struct qt_range registers;
	uint32_t phandle = 0;
	int error;

	if (!its && !qt_dt_compatible(tree->dt, node, "arm,gic-v2m-frame"))
		return QT_OK;
	if (tree->doorbell_count == QT_ARRAY_SIZE(tree->doorbells))
		return QT_E_LIMIT;
	if (qt_dt_reg(walk, 0, &registers))
		return QT_E_BAD;
	error = qt_dt_cell(tree->dt, node, "phandle", &phandle);
	if (error && error != QT_E_NOTFOUND)
		return error;
	tree->doorbells[tree->doorbell_count++] = phandle;
	return its ? qt_doorbell_its(&tree->machine->doorbells, registers.start)
		   : qt_doorbell_frame(&tree->machine->doorbells, registers.start);
}

static bool is_doorbell(const struct tree *tree, const uint8_t *phandle)
{
	for (size_t i = 0; i < tree->doorbell_count; i++)
		if (tree->doorbells[i] && tree->doorbells[i] == qt_be32(phandle))
			return true;
	return false;
}

/* Entries of a property that are `size` long, each with a phandle `at` its beginning. */
static int check_doorbells(
	struct tree *tree, qt_dt_node node, const char *name, uint32_t at, uint32_t size)
{
	const uint8_t *value;
	uint32_t len;
	int error = qt_dt_property(tree->dt, node, name, &value, &len);

	if (error)
		return error == QT_E_NOTFOUND ? QT_OK : error;
	for (; at < len; at += size) {
		if (len - at < 4)
			return QT_E_BAD;
		if (!is_doorbell(tree, value + at) && !tree->machine->problem)
			tree->machine->problem = QT_WHY_DOORBELL_UNSUPPORTED;
	}
	return QT_OK;
}

/*
 * A host bridge's messages that went elsewhere would be lost once it was taken over.
 * Behind the first phandle of "msi-parent" come arguments; for PCI, Linux takes no other.
 */
static int check_messages(struct tree *tree, qt_dt_node bridge)
{
	int error = check_doorbells(tree, bridge, "msi-map", PHANDLE_AT, MAP_ENTRY);

	return error ? error : check_doorbells(tree, bridge, "msi-parent", 0, QT_DT_SIZE_MAX);
}

/* With a mask, functions go under what it leaves of the ID that they send under. */
static void mask_functions(struct qt_machine *machine, uint32_t segment, uint32_t mask)
{
	for (size_t i = 0; i < machine->pci.count; i++) {
		struct qt_pci_function *function = &machine->pci.functions[i];

		if (QT_RID_SEGMENT(function->rid) == segment)
			function->alias &= 0xffff0000u | mask;
	}
}

static int add_bridge(struct tree *tree, const struct qt_dt_walk *walk)
{
	qt_dt_node node = qt_dt_here(walk);
	uint32_t segment = 0, mask = 0xffff, len;
	const uint8_t *map;
	int error = qt_dt_property(tree->dt, node, "iommu-map", &map, &len);

	if (error)
		return error == QT_E_NOTFOUND ? QT_OK : error;
	qt_dt_cell(tree->dt, node, "linux,pci-domain", &segment);
	qt_dt_cell(tree->dt, node, "iommu-map-mask", &mask);
	if (segment >= 0xff00 || len % MAP_ENTRY)
		return QT_E_BAD;
	for (; len && error == QT_OK; len -= MAP_ENTRY, map += MAP_ENTRY) {
		uint32_t first = qt_be32(map), count = qt_be32(map + 12);
		struct qt_unit *unit = unit_with(tree, qt_be32(map + PHANDLE_AT));

		if (!unit || count == 0)
			continue;
		if (first > 0xffff)
			return QT_E_BAD;
		if (count > 0x10000 - first)
			count = 0x10000 - first;
		error = smmuv3_add_streams(tree->machine, unit, QT_RID(segment, 0, 0) | first,
			count, qt_be32(map + 8));
	}
	if ((mask & 0xffff) != 0xffff)
		mask_functions(tree->machine, segment, mask);
	return error ? error : check_messages(tree, node);
}

int smmuv3_discover_device_tree(struct qt_machine *machine)
{
	struct tree tree = {
		.machine = machine, .dt = machine->device_tree, .first_unit = machine->unit_count};
	int error;

	if (!tree.dt)
		return QT_E_NOTFOUND;
	error = each_node(&tree, add_unit);
	if (error || machine->unit_count == tree.first_unit)
		return error ? error : QT_E_NOTFOUND;
	error = each_node(&tree, add_doorbell);
	return error ? error : each_node(&tree, add_bridge);
}
