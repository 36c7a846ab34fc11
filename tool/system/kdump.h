/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How the distribution loads its capture kernel: which image, with which command
 * line, and where dumps go. Debian's kdump-tools, Fedora's kdump-utils and SUSE's
 * kdump keep that in files of shell assignments.
 */
#ifndef QUIETUS_TOOL_KDUMP_H
#define QUIETUS_TOOL_KDUMP_H

#include <limits.h>
#include <stdbool.h>

#define COMMAND_LINE_MAX 4096

struct kdump {
	const char *config;   /* the file it is in, without root; NULL: none */
	char image[PATH_MAX]; /* below root; empty: cannot be told */
	bool refused;         /* the system did not take `image` when it was last to be loaded */
	char command_line[COMMAND_LINE_MAX]; /* of the capture kernel, as far as can be told */
	char dumps[PATH_MAX];                /* folder, without root; /var/crash by default */
};

void kdump_settings_read(struct kdump *kdump, const char *root);

#endif
