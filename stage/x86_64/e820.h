/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The capture kernel's memory map: the table in boot_params, and what did not
 * fit there in setup_data nodes.
 *
 * Source: Linux, Documentation/arch/x86/zero-page.rst (e820_table) and boot.rst
 * (SETUP_E820_EXT).
 */
#ifndef QUIETUS_STAGE_E820_H
#define QUIETUS_STAGE_E820_H

#include <quietus/range.h>

#include "boot_params.h"
#include "../common/physical.h"

struct e820_entry {
	uint64_t start;
	uint64_t size;
	uint32_t type; /* enum e820_type */
};

/*
 * Calls visit for every entry of the table and of the nodes, with the place of
 * the entry: an offset into boot_params for `in_table`, else a physical address.
 * A visit that returns non-zero ends it with that value. Nodes that cannot be
 * read are passed over: the error is returned, after all that can be.
 */
int e820_each(const uint8_t *boot_params, const struct physical *physical,
	int (*visit)(void *context, const struct e820_entry *entry, bool in_table, qt_phys place),
	void *context);

/*
 * Adds the RAM that the capture kernel may use to `usable`, and all that is
 * memory of some kind, firmware's included, to `memory`. Errors: those of
 * qt_ranges_add, and of damaged setup_data.
 */
int e820_read(const uint8_t *boot_params, const struct physical *physical, struct qt_ranges *usable,
	struct qt_ranges *memory);

/* A setup_data node with room for what a split may add. */
#define E820_NODE_SIZE (SETUP_DATA_HEADER_SIZE + 2 * E820_ENTRY_SIZE)

/*
 * Takes `reserve` out of the RAM entry that holds it and adds it as a reserved
 * one. Where the table is full, new entries go into a node that is made at
 * `node` (E820_NODE_SIZE bytes of the stage's memory, at the physical address
 * `node_at`), or are refused with QT_E_NOMEM where `node` is NULL. QT_E_NOTFOUND
 * if no RAM entry holds it, as when this was done before; QT_E_OUTSIDE.
 */
int e820_reserve(uint8_t *boot_params, const struct physical *physical, struct qt_range reserve,
	uint8_t *node, qt_phys node_at);

#endif
