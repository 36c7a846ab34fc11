/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loader hands over on arm64: the device tree. */
#ifndef QUIETUS_STAGE_BOOT_H
#define QUIETUS_STAGE_BOOT_H

#include "tree.h"

struct boot {
	struct qt_dt tree; /* a copy of the one handed over; data is NULL where there is none */
	size_t tree_size;  /* of the copy, bytes */
	uint8_t *tree_out; /* room for the one handed on, of tree_capacity bytes */
	size_t tree_capacity;
};

#endif
