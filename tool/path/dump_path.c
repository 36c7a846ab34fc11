/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus dump-path`: the PCI functions that a dump needs, for the stage to know. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/command.h"
#include "common/rid.h"
#include "common/message.h"
#include "mounts.h"
#include "find.h"

static void print_path(const struct dump_path *path, bool word)
{
	if (word && path->count)
		printf("quietus.path=");
	for (size_t i = 0; i < path->count; i++) {
		char address[RID_TEXT];

		printf("%s%s", word && i ? "," : "", rid_text(path->functions[i].rid, address));
		if (!word)
			printf("  %s\n", path->functions[i].what);
	}
	if (word)
		printf("\n");
}

/* A file, folder or block device; or its number, MAJOR:MINOR. */
static bool add_target(struct dump_path *path, const char *target, struct reason *why)
{
	unsigned device_major, device_minor;
	const char *end;

	if (read_device_number(target, &end, &device_major, &device_minor) && !*end)
		return path_add_device(path, device_major, device_minor, why);
	return path_add_file(path, target, why);
}

struct path_options {
	struct texts hosts;
	struct texts interfaces;
	const char *sysfs;
	bool word;
};

static int run(const void *given, char **operands, size_t count)
{
	const struct path_options *options = given;
	static struct dump_path path;
	struct reason why;

	path.sysfs = options->sysfs ? options->sysfs : "/sys";
	for (size_t i = 0; i < options->hosts.count; i++)
		if (!path_add_host(&path, options->hosts.list[i], &why))
			return refuse(options->hosts.list[i], &why);
	for (size_t i = 0; i < options->interfaces.count; i++)
		if (!path_add_interface(&path, options->interfaces.list[i], &why))
			return refuse(options->interfaces.list[i], &why);
	for (size_t i = 0; i < count; i++)
		if (!add_target(&path, operands[i], &why))
			return refuse(operands[i], &why);
	if (!path.count)
		return usage_error("dump-path", "no target given");
	print_path(&path, options->word);
	return EXIT_OK;
}

static const struct command_option options[] = {
	{"host", "HOST", "also the network interface that reaches HOST",
		.offset = offsetof(struct path_options, hosts), .kind = ARGUMENT_TEXT,
		.many = true},
	{"interface", "NAME", "also this network interface",
		.offset = offsetof(struct path_options, interfaces), .kind = ARGUMENT_TEXT,
		.many = true},
	{"word", NULL,
		"print it as a word for the capture kernel's command line: only these functions "
		"must then be reached",
		.offset = offsetof(struct path_options, word)},
	{"sysfs", "DIR", "look into a copy of another machine's /sys",
		.offset = offsetof(struct path_options, sysfs), .kind = ARGUMENT_FOLDER},
};

const struct command command_dump_path = {
	.name = "dump-path",
	.summary = "name the PCI functions that a dump goes through",
	.synopsis = "[--word] [--sysfs DIR] [--host HOST]... [--interface NAME]... [TARGET]...",
	.description =
		"Prints each PCI function that writing to the targets needs, and for which disk or "
		"network interface. A TARGET is a file or folder, for the file system it is on, a "
		"block device, or the number of one (MAJOR:MINOR). LVM, RAID, multipath, "
		"encryption, btrfs, iSCSI, NVMe over TCP and NFS are followed.",
	COMMAND_OPTIONS(struct path_options, options),
	.operands = {.least = 0, .most = SIZE_MAX, .kind = ARGUMENT_FILE},
	.exits = {"success", "one cannot be followed to its end; nothing was printed",
		"the command line made no sense"},
	.run = run,
};
