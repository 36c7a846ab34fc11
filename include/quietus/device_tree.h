/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading a flattened device tree: hostile input, of which every offset is checked
 * and every walk ends, for it only ever moves forward.
 *
 * Source: Devicetree Specification 0.4, chapter 5 (the blob) and 2.3 (properties
 * that every node may have); big-endian throughout.
 */
#ifndef QUIETUS_DEVICE_TREE_H
#define QUIETUS_DEVICE_TREE_H

#include <quietus/firmware.h>

/* Bytes of the blob's header (5.2). */
#define QT_DT_HEADER_SIZE 40u

/* A blob larger than this is refused; Linux on arm64 has the same limit. */
#define QT_DT_SIZE_MAX QT_MIB(2)

/* Nodes inside nodes, the root included, that are followed. */
#define QT_DT_DEPTH_MAX 16u

/* Tokens of the structure block (5.4.1). */
enum qt_dt_token {
	QT_DT_BEGIN_NODE = 1,
	QT_DT_END_NODE = 2,
	QT_DT_PROPERTY = 3,
	QT_DT_NOP = 4,
	QT_DT_END = 9,
};

struct qt_dt {
	const uint8_t *data; /* whole blob; the caller's */
	uint32_t reservations, reservations_end;
	uint32_t structure, structure_end;
	uint32_t strings, strings_end;
	uint32_t boot_cpu;
};

/* One token of the structure block other than QT_DT_NOP. */
struct qt_dt_item {
	enum qt_dt_token token;
	const char *name; /* of a node or property, NUL-terminated inside the blob; otherwise "" */
	const uint8_t *value;
	uint32_t len;
};

static inline uint32_t qt_be32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static inline uint64_t qt_be64(const uint8_t *at)
{
	return (uint64_t)qt_be32(at) << 32 | qt_be32(at + 4);
}

/*
 * Bytes from the header on that hold all that is in the blob, which may be less
 * than it claims to take. QT_E_BAD: no device tree, or none that can be right.
 */
int qt_dt_size(const uint8_t header[QT_DT_HEADER_SIZE], size_t *size);

/* Checks the header of a blob of `size` bytes. QT_E_BAD. */
int qt_dt_open(struct qt_dt *dt, const void *data, size_t size);

/*
 * Reads the item at *at, an offset in the blob that begins at dt->structure, and
 * moves *at behind it. QT_E_BAD for what is no item or leaves its block.
 */
int qt_dt_next(const struct qt_dt *dt, uint32_t *at, struct qt_dt_item *item);

/* Where a node's items begin, as an offset in the blob. */
typedef uint32_t qt_dt_node;

/* The property of a node, not of its children. QT_E_NOTFOUND, QT_E_BAD. */
int qt_dt_property(const struct qt_dt *dt, qt_dt_node node, const char *name, const uint8_t **value,
	uint32_t *len);

/* The same where its value is one cell of 32 bits. QT_E_BAD for any other length too. */
int qt_dt_cell(const struct qt_dt *dt, qt_dt_node node, const char *name, uint32_t *cell);

/* Whether `string` is one of the NUL-terminated strings of a node's `compatible`. */
bool qt_dt_compatible(const struct qt_dt *dt, qt_dt_node node, const char *string);

/* Whether a node's status does not say otherwise (2.3.4). */
bool qt_dt_enabled(const struct qt_dt *dt, qt_dt_node node);

/* A walk over all nodes, each before its children. Zeroed but for dt before the first step. */
struct qt_dt_walk {
	const struct qt_dt *dt;
	uint32_t at;
	unsigned depth;                   /* nodes in path */
	qt_dt_node path[QT_DT_DEPTH_MAX]; /* from the root to the present node, the last one */
	const char *name;                 /* of the present node; "" for the root */
};

/* Moves to the next node. QT_E_NOTFOUND past the last; QT_E_BAD; QT_E_LIMIT: too deep. */
int qt_dt_walk_next(struct qt_dt_walk *walk);

static inline qt_dt_node qt_dt_here(const struct qt_dt_walk *walk)
{
	return walk->path[walk->depth - 1];
}

/* A node below the root by its name, with or without an "@address" there. QT_E_NOTFOUND, QT_E_BAD.
 */
int qt_dt_top_node(const struct qt_dt *dt, const char *name, qt_dt_node *node);

/*
 * Moves a new walk to the node with this path, which begins with '/' and may end in
 * a ':' with options behind it; `end` is where it ends at the latest.
 * QT_E_NOTFOUND; others as qt_dt_walk_next's.
 */
int qt_dt_walk_to(struct qt_dt_walk *walk, const char *path, const char *end);

/*
 * Entry `index` of the present node's `reg`, as the CPU sees it: moved through the
 * `ranges` of all nodes above (2.3.6, 2.3.8). QT_E_NOTFOUND: no such entry;
 * QT_E_OUTSIDE: not mapped for the CPU; QT_E_BAD.
 */
int qt_dt_reg(const struct qt_dt_walk *walk, unsigned index, struct qt_range *range);

/*
 * Reads an array of address and size pairs with the root's numbers of cells, as
 * in /chosen/linux,usable-memory-range. QT_E_NOTFOUND past the last; QT_E_BAD.
 */
int qt_dt_range(const struct qt_dt *dt, const uint8_t *value, uint32_t len, unsigned index,
	struct qt_range *range);

/*
 * PCI host bridges with generic ECAM windows (compatible "pci-host-ecam-generic";
 * IEEE 1275 PCI bus binding, "bus-range"). As qt_acpi_mcfg.
 */
int qt_dt_ecam(const struct qt_dt *dt, struct qt_ecam *list, size_t *count);

#endif
