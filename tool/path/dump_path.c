/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus dump-path`: the PCI functions that a dump needs, for the stage to know. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "common/message.h"
#include "mounts.h"
#include "find.h"

static void print_path(const struct dump_path *path, bool word)
{
	if (word && path->count)
		printf("quietus.path=");
	for (size_t i = 0; i < path->count; i++) {
		qt_rid rid = path->functions[i].rid;

		printf("%s%04x:%02x:%02x.%x", word && i ? "," : "", QT_RID_SEGMENT(rid),
			QT_RID_BUS(rid), QT_RID_DEVICE(rid), QT_RID_FUNCTION(rid));
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

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"host", required_argument, NULL, 'h'},
		{"interface", required_argument, NULL, 'i'},
		{"sysfs", required_argument, NULL, 's'},
		{"word", no_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	static struct dump_path path = {.sysfs = "/sys"};
	struct reason why;
	bool word = false;
	int option;

	/* Where to look comes before what to look for. */
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (option == '?')
			return usage_error(argv[0], "unknown option or missing argument");
		if (option == 's')
			path.sysfs = optarg;
		word |= option == 'w';
	}
	optind = 0;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if ((option == 'h' && !path_add_host(&path, optarg, &why)) ||
			(option == 'i' && !path_add_interface(&path, optarg, &why)))
			return refuse(optarg, &why);
	}
	for (int i = optind; i < argc; i++)
		if (!add_target(&path, argv[i], &why))
			return refuse(argv[i], &why);
	if (!path.count)
		return usage_error(argv[0], "no target given");
	print_path(&path, word);
	return EXIT_OK;
}

const struct command command_dump_path = {
	.name = "dump-path",
	.summary = "name the PCI functions that a dump goes through",
	.usage = "Usage: quietus dump-path [--word] [--host HOST]... [TARGET]...\n"
		 "\n"
		 "Prints each PCI function that writing to the targets needs, and for which disk\n"
		 "or network interface. A TARGET is a file or folder, for the file system it is\n"
		 "on, a block device, or the number of one (MAJOR:MINOR). LVM, RAID, multipath,\n"
		 "encryption, btrfs, iSCSI, NVMe over TCP and NFS are followed.\n"
		 "\n"
		 "      --host HOST       also the network interface that reaches HOST\n"
		 "      --interface NAME  also this network interface\n"
		 "      --word            print it as a word for the capture kernel's command\n"
		 "                        line: only these functions must then be reached\n"
		 "      --sysfs DIR       look into a copy of another machine's /sys\n"
		 "      --help            show this text\n"
		 "\n"
		 "Exit code 1, and nothing printed, if one cannot be followed to its end.\n",
	.run = run,
};
