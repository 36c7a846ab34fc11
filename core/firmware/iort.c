// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "iort.h"

#include <quietus/firmware.h>
#include <quietus/memory.h>

/* More nodes than this are not believed. */
#define NODES_MAX 1024u

int iort_each_node(const struct iort *iort, iort_node_fn visit, void *context)
{
	uint32_t count, at;

	if (iort->len < IORT_HEADER)
		return QT_E_BAD;
	count = qt_le32(iort->table + IORT_NODE_COUNT);
	at = qt_le32(iort->table + IORT_NODE_OFFSET);
	while (count--) {
		struct iort_node node;
		int error;

		if (at > iort->len || iort->len - at < NODE_SIZE)
			return QT_E_BAD;
		node = (struct iort_node){
			iort->table + at, at, qt_le16(iort->table + at + NODE_LENGTH)};
		if (node.len < NODE_SIZE || node.len > iort->len - at)
			return QT_E_BAD;
		error = visit(context, &node);
		if (error)
			return error;
		at += (uint32_t)node.len;
	}
	return QT_OK;
}

bool iort_inside(const struct iort_node *node, uint32_t offset, uint32_t count, uint32_t size)
{
	return offset <= node->len && count <= (node->len - offset) / size;
}

bool iort_mappings_inside(const struct iort_node *node)
{
	uint32_t count = qt_le32(node->at + NODE_MAPPINGS);

	return !count || iort_inside(node, qt_le32(node->at + NODE_OFFSET), count, MAPPING_SIZE);
}

const uint8_t *iort_mapping(const struct iort_node *node, uint32_t index)
{
	if (index >= qt_le32(node->at + NODE_MAPPINGS))
		return NULL;
	return node->at + qt_le32(node->at + NODE_OFFSET) + index * MAPPING_SIZE;
}

uint32_t iort_mapping_more(const uint8_t *mapping)
{
	return qt_le32(mapping + MAPPING_FLAGS) & MAPPING_SINGLE ? 0
								 : qt_le32(mapping + MAPPING_COUNT);
}

/* The copy without units */

struct copy {
	struct iort from;
	struct iort_node nodes[NODES_MAX]; /* of the original */
	uint32_t moved[NODES_MAX];         /* where each begins in the copy; 0: left out */
	uint32_t count;

	uint8_t *to; /* NULL: only its size is wanted */
	uint32_t at;
};

/* Units, what counts for them, and what is reserved behind them. */
static bool is_left_out(const struct iort_node *node)
{
	uint8_t type = node->at[NODE_TYPE];

	return type == NODE_SMMU_V3 || type == NODE_PMCG || type == NODE_RMR;
}

static int note_node(void *context, const struct iort_node *node)
{
	struct copy *copy = context;

	if (copy->count == NODES_MAX)
		return QT_E_LIMIT;
	if (!iort_mappings_inside(node))
		return QT_E_BAD;
	copy->nodes[copy->count++] = *node;
	return QT_OK;
}

/* The node at an offset of the original, NULL if none begins there. */
static const struct iort_node *node_at(const struct copy *copy, uint32_t offset)
{
	for (uint32_t i = 0; i < copy->count; i++)
		if (copy->nodes[i].offset == offset)
			return &copy->nodes[i];
	return NULL;
}

static void put(struct copy *copy, const void *data, size_t len)
{
	if (copy->to)
		memcpy(copy->to + copy->at, data, len);
	copy->at += (uint32_t)len;
}

static void put32(struct copy *copy, uint32_t value)
{
	const uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
		(uint8_t)(value >> 24)};

	put(copy, bytes, sizeof(bytes));
}

static void set32(struct copy *copy, uint32_t at, uint32_t value)
{
	uint32_t here = copy->at;

	copy->at = at;
	put32(copy, value);
	copy->at = here;
}

struct mapping {
	uint32_t input, more, output, node, flags;
};

static struct mapping read_mapping(const uint8_t *at)
{
	return (struct mapping){qt_le32(at + MAPPING_INPUT), iort_mapping_more(at),
		qt_le32(at + MAPPING_OUTPUT), qt_le32(at + MAPPING_NODE),
		qt_le32(at + MAPPING_FLAGS)};
}

/* Returns how many were put: none if it leads to what is left out. */
static uint32_t put_mapping(struct copy *copy, const struct mapping *mapping)
{
	const struct iort_node *node = node_at(copy, mapping->node);

	if (!node || is_left_out(node))
		return 0;
	put32(copy, mapping->input);
	put32(copy, mapping->more);
	put32(copy, mapping->output);
	put32(copy, copy->moved[node - copy->nodes]);
	put32(copy, mapping->flags);
	return 1;
}

/*
 * A mapping that leads to a unit is followed through it: what its streams' messages
 * become there, they now are at once. Those with a single output are the unit's own.
 */
static uint32_t put_through(
	struct copy *copy, const struct mapping *mapping, const struct iort_node *unit)
{
	uint64_t first = mapping->output, last = first + mapping->more;
	const uint8_t *at;
	uint32_t count = 0;

	for (uint32_t i = 0; (at = iort_mapping(unit, i)); i++) {
		struct mapping next = read_mapping(at), whole = *mapping;
		uint64_t start = next.input, end = start + next.more;

		if (next.flags & MAPPING_SINGLE || last < start || first > end)
			continue;
		start = start > first ? start : first;
		end = end < last ? end : last;
		whole.input += (uint32_t)(start - first);
		whole.more = (uint32_t)(end - start);
		whole.output = next.output + (uint32_t)(start - next.input);
		whole.node = next.node;
		count += put_mapping(copy, &whole);
	}
	return count;
}

/* The new mappings go behind all that the node has: the old ones' place is not used any more. */
static int put_node(struct copy *copy, uint32_t index)
{
	const struct iort_node *node = &copy->nodes[index];
	uint32_t start = copy->at, count = 0;
	const uint8_t *at;

	copy->moved[index] = start;
	put(copy, node->at, node->len);
	for (uint32_t i = 0; (at = iort_mapping(node, i)); i++) {
		struct mapping mapping = read_mapping(at);
		const struct iort_node *next = node_at(copy, mapping.node);

		if (next && next->at[NODE_TYPE] == NODE_SMMU_V3)
			count += put_through(copy, &mapping, next);
		else
			count += put_mapping(copy, &mapping);
		if (copy->at - start > UINT16_MAX || copy->at > QT_ACPI_TABLE_MAX)
			return QT_E_LIMIT;
	}
	set32(copy, start + NODE_MAPPINGS, count);
	set32(copy, start + NODE_OFFSET, count ? (uint32_t)node->len : 0);
	if (copy->to) {
		copy->to[start + NODE_LENGTH] = (uint8_t)(copy->at - start);
		copy->to[start + NODE_LENGTH + 1] = (uint8_t)((copy->at - start) >> 8);
	}
	return QT_OK;
}

static int put_table(struct copy *copy)
{
	uint32_t count = 0;
	int error = QT_OK;

	copy->at = 0;
	put(copy, copy->from.table, IORT_HEADER);
	for (uint32_t i = 0; i < copy->count && !error; i++) {
		if (is_left_out(&copy->nodes[i]))
			continue;
		error = put_node(copy, i);
		count++;
	}
	set32(copy, IORT_NODE_COUNT, count);
	set32(copy, IORT_NODE_OFFSET, IORT_HEADER);
	return error;
}

int qt_iort_without_units(const struct qt_acpi *acpi, struct qt_arena *arena, qt_phys *without)
{
	struct copy *copy = qt_alloc(arena, sizeof(*copy), 8);
	int error;

	if (!copy)
		return QT_E_NOMEM;
	memset(copy, 0, sizeof(*copy));
	error = qt_acpi_table(acpi, arena, "IORT", 0, &copy->from.table, &copy->from.len);
	if (!error)
		error = iort_each_node(&copy->from, note_node, copy);
	if (!error)
		error = put_table(copy); /* its size, and where nodes will be */
	if (error)
		return error;
	copy->to = qt_alloc(arena, copy->at, 8);
	if (!copy->to)
		return QT_E_NOMEM;
	error = put_table(copy);
	qt_acpi_seal(copy->to, copy->at);
	*without = qt_arena_phys(arena, copy->to);
	return error;
}
