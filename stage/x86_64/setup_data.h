/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The chain of setup_data nodes: reading it, which is hostile input, and adding
 * to its head.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, field setup_data.
 */
#ifndef QUIETUS_STAGE_SETUP_DATA_H
#define QUIETUS_STAGE_SETUP_DATA_H

#include "../common/physical.h"

/* More nodes than any loader makes: a chain that goes on longer is a loop. */
#define SETUP_DATA_NODES_MAX 64

struct setup_data {
	qt_phys at; /* of the node */
	uint64_t next;
	uint32_t type;
	uint32_t len; /* of the data, which follows the header */
};

/*
 * Reads the node at *at and moves *at to the next one. QT_E_NOTFOUND at the end
 * of the chain; QT_E_LIMIT when *left, counted down from SETUP_DATA_NODES_MAX, is
 * used up; QT_E_BAD for a node that wraps; QT_E_OUTSIDE.
 */
int setup_data_next(
	const struct physical *physical, qt_phys *at, unsigned *left, struct setup_data *node);

/*
 * Makes a node of the `len` bytes that follow the header's place at `header`,
 * which is at the physical address `at`, and puts it at the head of the chain.
 */
void setup_data_prepend(
	uint8_t *boot_params, uint8_t *header, qt_phys at, uint32_t type, uint32_t len);

#endif
