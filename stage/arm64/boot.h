/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loader hands over on arm64: the device tree, and what it says of UEFI. */
#ifndef QUIETUS_STAGE_BOOT_H
#define QUIETUS_STAGE_BOOT_H

#include "firmware.h"
#include "tree.h"

struct boot {
	struct qt_dt tree; /* a copy of the one handed over; data is NULL where there is none */
	size_t tree_size;  /* of the copy, bytes */
	uint8_t *tree_out; /* room for the one handed on, of tree_capacity bytes */
	size_t tree_capacity;

	bool acpi;          /* the machine is described by ACPI tables */
	struct efi_map map; /* UEFI's memory map; count is 0 where there is none */
	uint8_t *map_out;   /* the copy to hand on with other tables, of map_size bytes */
	size_t map_size;
	/* Its place and size, as the device tree has them. */
	uint8_t map_at[8], map_bytes[4];
};

#endif
