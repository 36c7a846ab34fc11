/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Source: proc_pid_mountinfo(5), statx(2). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mounts.h"

static bool read_number(const char **at, unsigned *number)
{
	unsigned long value;
	char *end;

	if (**at < '0' || **at > '9')
		return false;
	value = strtoul(*at, &end, 10);
	*at = end;
	*number = (unsigned)value;
	return value <= UINT_MAX;
}

bool read_device_number(
	const char *text, const char **end, unsigned *device_major, unsigned *device_minor)
{
	*end = text;
	if (!read_number(end, device_major) || **end != ':')
		return false;
	++*end;
	return read_number(end, device_minor);
}

/* The value of the option addr= of NFS and CIFS, or nothing. */
static void read_server(char *server, size_t size, const char *options)
{
	const char *at = strncmp(options, "addr=", 5) == 0 ? options : strstr(options, ",addr=");

	server[0] = 0;
	if (!at)
		return;
	at += strcspn(at, "=") + 1;
	snprintf(server, size, "%.*s", (int)strcspn(at, ",\n"), at);
}

/* Reads a line if it is about this mount. */
static bool read_mount(const char *line, unsigned long long id, struct mount *mount)
{
	const char *rest = strstr(line, " - ");
	const char *at = line;
	int options = 0;

	/* Its number, its parent's, the device's. */
	for (int i = 0; i < 2 && at; i++)
		at = strchr(at + 1, ' ');
	if (strtoull(line, NULL, 10) != id || !rest || !at ||
		!read_device_number(at + 1, &at, &mount->device_major, &mount->device_minor) ||
		sscanf(rest, " - %31s %255s %n", mount->type, mount->source, &options) != 2 ||
		!options)
		return false;
	read_server(mount->server, sizeof(mount->server), rest + options);
	return true;
}

bool mount_of(const char *file, struct mount *mount, struct reason *why)
{
	struct statx st;
	bool found = false;
	char *line = NULL;
	size_t size = 0;
	FILE *list;

	if (statx(AT_FDCWD, file, 0, STATX_MNT_ID, &st) != 0)
		return because_of(why, errno);
	if (!(st.stx_mask & STATX_MNT_ID))
		return because(why, "this kernel does not name the mount (it is older than 5.8)");
	list = fopen("/proc/self/mountinfo", "re");
	if (!list)
		return because(why, "/proc/self/mountinfo: %s", strerror(errno));
	while (!found && getline(&line, &size, list) > 0)
		found = read_mount(line, st.stx_mnt_id, mount);
	free(line);
	fclose(list);
	return found ? true : because(why, "not found in /proc/self/mountinfo");
}
