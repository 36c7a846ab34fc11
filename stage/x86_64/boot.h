/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loader hands over on x86-64: boot_params. */
#ifndef QUIETUS_STAGE_BOOT_H
#define QUIETUS_STAGE_BOOT_H

#include <stdbool.h>

#include "boot_params.h"
#include "e820.h"

/* Longest words for every command line: memmap=2048K$0x1234567812345678. */
#define ALWAYS_SIZE 48

struct boot {
	uint8_t *params; /* as kexec mapped it; only until paging is on */
	qt_phys params_at;
	uint8_t copy[BOOT_PARAMS_SIZE]; /* is edited, and put back at the end */
	bool copied;
	char always[ALWAYS_SIZE];
	uint8_t e820_node[E820_NODE_SIZE] __attribute__((aligned(8)));
};

#endif
