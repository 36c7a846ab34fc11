/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "mounts.h"
#include "find.h"
#include "route.h"

/* Devices looked at, and those on top of each other. Far more than any dump goes through. */
#define STEPS_MAX 1024
#define DEPTH_MAX 16

static bool add_block(struct dump_path *path, const char *folder, struct reason *why);
static bool add_net(struct dump_path *path, const char *folder, struct reason *why);

typedef bool (*adder)(struct dump_path *path, const char *folder, struct reason *why);

static const char *name_of(const char *folder)
{
	return strrchr(folder, '/') + 1;
}

/* folder/name, all links followed. False if there is no such thing. */
static bool resolve(char real[PATH_MAX], const char *folder, const char *name)
{
	char joined[PATH_MAX];

	return snprintf(joined, sizeof(joined), "%s/%s", folder, name) < PATH_MAX &&
	       realpath(joined, real);
}

static bool has(const char *folder, const char *name)
{
	char real[PATH_MAX];

	return resolve(real, folder, name);
}

/* The first line of a small file. False if it cannot be read. */
static bool read_line(char *line, size_t size, const char *folder, const char *name)
{
	char real[PATH_MAX];
	FILE *file = resolve(real, folder, name) ? fopen(real, "re") : NULL;
	bool got = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	if (got)
		line[strcspn(line, "\n")] = 0;
	return got;
}

/* Hands every entry of folder/name that begins with `prefix` to `add`. *count is how many there
 * were. */
static bool add_each(struct dump_path *path, const char *folder, const char *name,
	const char *prefix, adder add, size_t *count, struct reason *why)
{
	char inner[PATH_MAX], real[PATH_MAX];
	DIR *list = resolve(inner, folder, name) ? opendir(inner) : NULL;
	const struct dirent *entry;
	bool good = ++path->depth <= DEPTH_MAX ||
		    because(why, "the devices it is made of go on without end");

	*count = 0;
	while (good && list && (entry = readdir(list))) {
		if (entry->d_name[0] == '.' || strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
			continue;
		++*count;
		good = resolve(real, inner, entry->d_name)
			       ? add(path, real, why)
			       : because(why, "%.60s leads nowhere", entry->d_name);
	}
	if (list)
		closedir(list);
	path->depth--;
	return good;
}

/* Cuts the last name off a path. False when there is nothing more above, within sysfs. */
static bool go_up(const struct dump_path *path, char *folder)
{
	char top[PATH_MAX];
	char *slash = strrchr(folder, '/');

	if (!slash || slash == folder || !realpath(path->sysfs, top))
		return false;
	*slash = 0;
	return strlen(folder) > strlen(top);
}

static bool add_function(struct dump_path *path, qt_rid rid, const char *device, struct reason *why)
{
	for (size_t i = 0; i < path->count; i++)
		if (path->functions[i].rid == rid)
			return true;
	if (path->count == QT_PATH_MAX)
		return because(why, "more than %u functions", QT_PATH_MAX);
	path->functions[path->count].rid = rid;
	snprintf(path->functions[path->count].what, sizeof(path->functions[0].what), "%s", device);
	path->count++;
	return true;
}

/*
 * The function that does the DMA of a device: the nearest above it. Segments of
 * five digits are Linux's own, for what is behind Intel's VMD; there, VMD's
 * function is the requester. False if there is none, with nothing said.
 */
static bool function_above(const struct dump_path *path, const char *folder, qt_rid *rid)
{
	char at[PATH_MAX];
	size_t count;

	snprintf(at, sizeof(at), "%s", folder);
	do {
		const char *name = name_of(at);

		if (qt_pci_read_addresses(name, strlen(name), rid, 1, &count) == 0)
			return true;
	} while (go_up(path, at));
	return false;
}

/* A host that a remote disk is on, from an attribute of the kernel's. */
static bool add_remote(struct dump_path *path, const char *address, struct reason *why)
{
	char host[128];

	/* traddr=192.0.2.1,trsvcid=4420 of NVMe over fabrics, or the address alone. */
	if (strncmp(address, "traddr=", 7) == 0)
		address += 7;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(address, ","), address);
	return path_add_host(path, host, why);
}

/* The connections of an iSCSI session that the kernel itself speaks. */
static bool add_connection(struct dump_path *path, const char *folder, struct reason *why)
{
	char inner[PATH_MAX], address[128];

	if (!resolve(inner, folder, "iscsi_connection") ||
		!resolve(inner, inner, name_of(folder)) ||
		(!read_line(address, sizeof(address), inner, "persistent_address") &&
			!read_line(address, sizeof(address), inner, "address")))
		return because(why, "%.60s does not say where it goes", name_of(folder));
	return add_remote(path, address, why);
}

/* A disk without a PCI function above: on the other end of a network? */
static bool add_remote_disk(struct dump_path *path, const char *folder, struct reason *why)
{
	char at[PATH_MAX], line[256];
	size_t count;

	snprintf(at, sizeof(at), "%s", folder);
	do {
		if (strncmp(name_of(at), "session", 7) == 0) {
			if (!add_each(path, at, ".", "connection", add_connection, &count, why))
				return false;
			if (count)
				return true;
		}
		if (read_line(line, sizeof(line), at, "transport") &&
			(strcmp(line, "tcp") == 0 || strcmp(line, "rdma") == 0) &&
			read_line(line, sizeof(line), at, "address"))
			return add_remote(path, line, why);
	} while (go_up(path, at));
	return because(why, "%.60s: no PCI function found that it is behind", name_of(folder));
}

/* What does the DMA of one device, a disk's or a controller's. */
static bool add_hardware(struct dump_path *path, const char *folder, struct reason *why)
{
	qt_rid rid;

	if (function_above(path, folder, &rid))
		return add_function(path, rid, name_of(folder), why);
	return add_remote_disk(path, folder, why);
}

/* What is in an NVMe subsystem: controllers, and the disks that they all lead to. */
static bool add_controller(struct dump_path *path, const char *folder, struct reason *why)
{
	const char *number = name_of(folder) + strlen("nvme");

	return number[strspn(number, "0123456789")] ? true : add_hardware(path, folder, why);
}

/* Whether one more device may be looked at. */
static bool step(struct dump_path *path, struct reason *why)
{
	if (path->steps++ < STEPS_MAX)
		return true;
	return because(why, "the devices it is made of go on without end");
}

/* A block device: made of others (LVM, RAID, multipath, encryption), or hardware. */
static bool add_block(struct dump_path *path, const char *folder, struct reason *why)
{
	char disk[PATH_MAX];
	size_t count;

	if (!step(path, why))
		return false;
	snprintf(disk, sizeof(disk), "%s", folder);
	if (has(disk, "partition") && !go_up(path, disk))
		return because(why, "%.60s is a partition of nothing", name_of(folder));
	if (!add_each(path, disk, "slaves", "", add_block, &count, why))
		return false;
	if (count)
		return true;
	/* NVMe with several controllers: they are beside the disk, in their subsystem. */
	if (strstr(disk, "/nvme-subsystem/") && go_up(path, disk))
		return add_each(path, disk, ".", "nvme", add_controller, &count, why);
	return add_hardware(path, disk, why);
}

/* An interface: made of others (bond, bridge, VLAN), or hardware. */
static bool add_net(struct dump_path *path, const char *folder, struct reason *why)
{
	size_t count;
	qt_rid rid;

	if (!step(path, why) || !add_each(path, folder, ".", "lower_", add_net, &count, why))
		return false;
	if (count)
		return true;
	if (!function_above(path, folder, &rid))
		return because(
			why, "%.60s: no PCI function found that it is behind", name_of(folder));
	return add_function(path, rid, name_of(folder), why);
}

bool path_add_device(
	struct dump_path *path, unsigned device_major, unsigned device_minor, struct reason *why)
{
	char name[48], real[PATH_MAX];

	snprintf(name, sizeof(name), "dev/block/%u:%u", device_major, device_minor);
	if (!resolve(real, path->sysfs, name))
		return because(why, "no block device %u:%u", device_major, device_minor);
	return add_block(path, real, why);
}

bool path_add_interface(struct dump_path *path, const char *name, struct reason *why)
{
	char real[PATH_MAX];

	if (strchr(name, '/') || name[0] == '.' || !resolve(real, path->sysfs, "class/net") ||
		!resolve(real, real, name))
		return because(why, "no network interface %.60s", name);
	return add_net(path, real, why);
}

bool path_add_host(struct dump_path *path, const char *host, struct reason *why)
{
	char interface[IF_NAMESIZE];

	return route_to(host, interface, why) && path_add_interface(path, interface, why);
}

/* All the disks of a btrfs one of whose disks is known. */
static bool add_btrfs(struct dump_path *path, const char *folder, struct reason *why)
{
	size_t count;

	return add_each(path, folder, "devices", "", add_block, &count, why);
}

/* Looks through /sys/fs/btrfs for the file system that a disk belongs to. */
static bool find_btrfs(const struct dump_path *path, const char *disk, char folder[PATH_MAX])
{
	char all[PATH_MAX], name[PATH_MAX], found[PATH_MAX];
	DIR *list = resolve(all, path->sysfs, "fs/btrfs") ? opendir(all) : NULL;
	const struct dirent *entry;
	bool good = false;

	while (!good && list && (entry = readdir(list))) {
		if (entry->d_name[0] == '.' || !resolve(folder, all, entry->d_name))
			continue;
		snprintf(name, sizeof(name), "devices/%.200s", disk);
		good = resolve(found, folder, name);
	}
	if (list)
		closedir(list);
	return good;
}

static bool add_mount(struct dump_path *path, const struct mount *mount, struct reason *why)
{
	char folder[PATH_MAX], device[PATH_MAX];

	if (mount->device_major)
		return path_add_device(path, mount->device_major, mount->device_minor, why);
	if (strcmp(mount->type, "btrfs") == 0 && realpath(mount->source, device) &&
		find_btrfs(path, name_of(device), folder))
		return add_btrfs(path, folder, why);
	if (mount->server[0])
		return path_add_host(path, mount->server, why);
	return because(
		why, "a %.30s file system says nothing of the devices it is on", mount->type);
}

bool path_add_file(struct dump_path *path, const char *file, struct reason *why)
{
	struct mount mount;
	struct stat st;

	if (stat(file, &st) != 0)
		return because_of(why, errno);
	if (S_ISBLK(st.st_mode))
		return path_add_device(path, major(st.st_rdev), minor(st.st_rdev), why);
	return mount_of(file, &mount, why) && add_mount(path, &mount, why);
}
