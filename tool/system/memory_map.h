/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* RAM and the crash region by /proc/iomem, which shows addresses to root only. */
#ifndef QUIETUS_TOOL_MEMORY_MAP_H
#define QUIETUS_TOOL_MEMORY_MAP_H

#include <quietus/range.h>

#include "common/message.h"

#define MEMORY_RANGES 512

struct memory_map {
	struct qt_ranges crash; /* crash region */
	struct qt_ranges ram;   /* what the kernel uses: the crash region is not in it */
	struct qt_range crash_list[MEMORY_RANGES];
	struct qt_range ram_list[MEMORY_RANGES];
};

/* False with a reason when it cannot be read; both are empty then. */
bool memory_map_read(struct memory_map *map, const char *root, struct reason *why);

#endif
