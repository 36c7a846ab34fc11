/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file system is mounted from. */
#ifndef QUIETUS_TOOL_MOUNTS_H
#define QUIETUS_TOOL_MOUNTS_H

#include <stdbool.h>

#include "common/message.h"

struct mount {
	unsigned device_major; /* 0: not a block device's */
	unsigned device_minor;
	char type[32];
	char source[256];
	char server[128]; /* address of a network file system's server, or empty */
};

/*
 * Reads a device number as the kernel writes it, MAJOR:MINOR; *end is where it ends.
 * False if there is none.
 */
bool read_device_number(
	const char *text, const char **end, unsigned *device_major, unsigned *device_minor);

/* The mount that holds a file or folder. False with a reason when it cannot be told. */
bool mount_of(const char *file, struct mount *mount, struct reason *why);

#endif
