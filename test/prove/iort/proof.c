/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IORT: any content, in memory of exactly the length that qt_acpi_table gives (proof
 * `acpi`). First which nodes are found in the table, then what is made of one.
 *
 * Bounds: LENGTHS of the table, and of one node; one unit that mappings may lead to. What is
 * left out: loops over more of the same. Not proved: the copy of the table without units.
 */

/* Some nodes. */
#define LENGTHS 84

#include "../discover.h"

#include "../../../core/unit/smmuv3/discover_iort.c"

static struct qt_unit units[1];
static struct qt_machine machine = {.units = units, .unit_count = 1};

int smmuv3_add_unit(struct qt_machine *to, qt_phys base, bool snoops)
{
	(void)base;
	(void)snoops;
	CHECK(to == &machine, "the machine");
	return any_result();
}

int smmuv3_add_streams(
	struct qt_machine *to, struct qt_unit *unit, qt_rid first, uint32_t count, uint32_t stream)
{
	(void)stream;
	CHECK(to == &machine && unit == units, "the unit");
	CHECK(count > 0 && count - 1 <= 0xffff - (first & 0xffff), "requesters of one segment");
	return any_result();
}

int smmuv3_rid(const struct qt_unit *unit, uint32_t stream, qt_rid *rid)
{
	(void)stream;
	CHECK(unit == units, "the unit");
	*rid = nondet_u32();
	return nondet_bool() ? QT_OK : QT_E_UNSUPPORTED;
}

static int found_node(void *context, const struct iort_node *node)
{
	const struct iort *in = context;

	CHECK(node->len >= NODE_SIZE && node->at == in->table + node->offset &&
			__CPROVER_r_ok(node->at, node->len),
		"a node inside the table");
	return any_result();
}

static void table(void)
{
	const size_t lengths[] = {LENGTHS};
	struct iort all;

	all.table = any_bytes(lengths, QT_ARRAY_SIZE(lengths), &all.len);
	iort_each_node(&all, found_node, &all);
}

static void one_node(iort_node_fn visit)
{
	/* With some mappings and memory; too short for most types. */
	const size_t lengths[] = {48, 16};
	struct discovery discovery = {.machine = &machine, .unit_nodes = {nondet_u32()}};
	struct iort_node node = {.offset = nondet_u32()};

	node.at = any_bytes(lengths, QT_ARRAY_SIZE(lengths), &node.len);
	visit(&discovery, &node);
}

static void unit(void)
{
	one_node(add_unit);
}

static void root_complex(void)
{
	one_node(add_root_complex);
}

/* Of one mapping: `root_complex` shows that each is inside its node. */
static void reserved(void)
{
	const size_t node_lengths[] = {68, RMR_SIZE}, mapping_lengths[] = {MAPPING_SIZE};
	struct discovery discovery = {.machine = &machine};
	struct iort_node node = {.offset = nondet_u32()};
	const uint8_t *mapping;
	size_t len;

	node.at = any_bytes(node_lengths, QT_ARRAY_SIZE(node_lengths), &node.len);
	mapping = any_bytes(mapping_lengths, QT_ARRAY_SIZE(mapping_lengths), &len);
	add_reserved(&discovery, &node, mapping, units);
}

int main(void)
{
	VARIANT();
	return 0;
}
