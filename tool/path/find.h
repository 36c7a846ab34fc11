/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The dump path: the PCI functions that what is written to a file system, a block
 * device or a host goes through, as sysfs knows them. Whatever cannot be followed
 * to a PCI function is an error: half a path is none.
 */
#ifndef QUIETUS_TOOL_PATH_FIND_H
#define QUIETUS_TOOL_PATH_FIND_H

#include <quietus/machine.h>

#include "common/message.h"

struct dump_path {
	const char *sysfs; /* where it is mounted, or a recorded tree */
	struct {
		qt_rid rid;
		char what[32]; /* the disk or interface that it is for */
	} functions[QT_PATH_MAX];
	size_t count;
	unsigned steps; /* taken so far */
	unsigned depth; /* devices on top of the one looked at */
};

/*
 * Each adds what is new to the path. False with a reason; the path then holds
 * anything.
 */

/* The file system that holds a file or folder, or a block device file. */
bool path_add_file(struct dump_path *path, const char *file, struct reason *why);

/* A block device by number. */
bool path_add_device(
	struct dump_path *path, unsigned device_major, unsigned device_minor, struct reason *why);

/* A network interface. */
bool path_add_interface(struct dump_path *path, const char *name, struct reason *why);

/* The interface that reaches a host. */
bool path_add_host(struct dump_path *path, const char *host, struct reason *why);

#endif
