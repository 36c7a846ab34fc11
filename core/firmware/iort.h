/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The IORT table: nodes of hardware, each with mappings from its own IDs to those
 * of the node that its DMA or its messages go to next.
 *
 * Source: Arm IO Remapping Table, DEN 0049, revision E: section 3 (table, nodes, ID
 * mappings).
 */
#ifndef QUIETUS_CORE_IORT_H
#define QUIETUS_CORE_IORT_H

#include <quietus/bytes.h>
#include <quietus/types.h>

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

enum {
	NODE_ROOT_COMPLEX = 2,
	NODE_SMMU_V1_V2 = 3,
	NODE_SMMU_V3 = 4,
	NODE_PMCG = 5, /* counters of a unit */
	NODE_RMR = 6,  /* memory reserved for devices behind a unit */
};

/* ID mapping. */
#define MAPPING_INPUT  0
#define MAPPING_COUNT  4 /* less 1 */
#define MAPPING_OUTPUT 8
#define MAPPING_NODE   12
#define MAPPING_FLAGS  16
#define MAPPING_SIZE   20u
#define MAPPING_SINGLE (1u << 0)

struct iort {
	const uint8_t *table;
	size_t len;
};

/* A node whose length has been checked. */
struct iort_node {
	const uint8_t *at;
	uint32_t offset;
	size_t len;
};

typedef int (*iort_node_fn)(void *context, const struct iort_node *node);

/* Calls visit for each node; one that returns non-zero ends it with that value. QT_E_BAD. */
int iort_each_node(const struct iort *iort, iort_node_fn visit, void *context);

/* Whether `count` elements of `size` bytes at `offset` lie inside a node. */
bool iort_inside(const struct iort_node *node, uint32_t offset, uint32_t count, uint32_t size);

/* Mapping `index` of a node, NULL past the last. They must be inside the node. */
const uint8_t *iort_mapping(const struct iort_node *node, uint32_t index);

/* Whether all mappings of a node are inside it. */
bool iort_mappings_inside(const struct iort_node *node);

/* IDs of a mapping, less 1. */
uint32_t iort_mapping_more(const uint8_t *mapping);

#endif
