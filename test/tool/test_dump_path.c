/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus dump-path` on trees as /sys has them on machines of many kinds. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

#define DISK "/pci0000:00/0000:00:01.0/0000:01:00.0"
#define NVME "devices/pci0000:00/0000:00:01.1/0000:02:00.0/nvme/nvme0/nvme0n1"
#define SCSI "devices" DISK "/host0/target0:0:0/0:0:0:0/block/sda"
#define SDB  "devices/pci0000:00/0000:00:1f.2/ata1/host1/target1:0:0/1:0:0:0/block/sdb"

/* A path, then "=CONTENT" for a file, ">TARGET" for a link, nothing for a folder. */
struct entry {
	const char *path;
	const char *what;
};

/* All but the last name. */
static void make_folders(char *path)
{
	for (char *slash = path; (slash = strchr(slash, '/')); *slash++ = '/') {
		*slash = 0;
		mkdir(path, 0777);
	}
}

static void make_entry(const char *path, const char *what)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "sys/%s/", path);
	if (what)
		copy[strlen(copy) - 1] = 0;
	make_folders(copy);
	if (what && *what == '=')
		write_file(copy, (const uint8_t *)what + 1, strlen(what) - 1);
	else if (what)
		assert_int_equal(symlink(what + 1, copy), 0);
}

/* Up to one without a path. Links are given from the top of the tree. */
static void make_tree(const struct entry *entries)
{
	for (; entries->path; entries++) {
		char link[PATH_MAX] = ">", *at = link + 1;

		if (!entries->what || *entries->what != '>') {
			make_entry(entries->path, entries->what);
			continue;
		}
		for (const char *slash = entries->path; (slash = strchr(slash, '/')); slash++)
			at = stpcpy(at, "../");
		strcpy(at, entries->what + 1);
		make_entry(entries->path, link);
	}
}

static void expect(const struct outcome *outcome, const char *output)
{
	assert_success(outcome);
	assert_string_equal(outcome->output, output);
}

static const struct entry plain[] = {
	{"dev/block/259:0", ">" NVME},
	{"dev/block/259:1", ">" NVME "/nvme0n1p1"},
	{NVME "/nvme0n1p1/partition", "=1\n"},
	{NVME "/slaves", NULL},
	{"dev/block/8:0", ">" SCSI},
	{SCSI "/dev", "=8:0\n"},
	{"dev/block/8:16", ">" SDB},
	{SDB "/dev", "=8:16\n"},
	{NULL, NULL},
};

static void the_nearest_function_counts(void **state)
{
	struct outcome outcome;

	(void)state;
	make_tree(plain);
	outcome = quietus("dump-path", "--sysfs", "sys", "259:1", NULL);
	expect(&outcome, "0000:02:00.0  nvme0n1\n");
	/* Each once, in the order asked for. */
	outcome = quietus(
		"dump-path", "8:0", "259:0", "259:1", "8:0", "--word", "--sysfs", "sys", NULL);
	expect(&outcome, "quietus.path=0000:01:00.0,0000:02:00.0\n");
}

/* LVM on encryption on RAID, one half of it multipath: all of the disks below. */
static void what_is_made_of_disks_is_followed(void **state)
{
	static const struct entry layers[] = {
		{"dev/block/254:2", ">devices/virtual/block/dm-2"},
		{"devices/virtual/block/dm-2/slaves/dm-1", ">devices/virtual/block/dm-1"},
		{"devices/virtual/block/dm-1/slaves/md0", ">devices/virtual/block/md0"},
		{"devices/virtual/block/md0/slaves/nvme0n1p1", ">" NVME "/nvme0n1p1"},
		{"devices/virtual/block/md0/slaves/dm-0", ">devices/virtual/block/dm-0"},
		{"devices/virtual/block/dm-0/slaves/sda", ">" SCSI},
		{"devices/virtual/block/dm-0/slaves/sdb", ">" SDB},
		{NULL, NULL},
	};
	struct outcome outcome;

	(void)state;
	make_tree(plain);
	make_tree(layers);
	outcome = quietus("dump-path", "--sysfs", "sys", "254:2", NULL);
	assert_success(&outcome);
	assert_non_null(strstr(outcome.output, "0000:01:00.0  sda\n"));
	assert_non_null(strstr(outcome.output, "0000:02:00.0  nvme0n1\n"));
	assert_non_null(strstr(outcome.output, "0000:00:1f.2  sdb\n"));
	assert_int_equal(strlen(outcome.output),
		strlen("0000:01:00.0  sda\n") * 2 + strlen("0000:02:00.0  nvme0n1\n"));
}

/* Both controllers of a disk with two; and behind VMD, VMD itself. */
static void nvme_is_followed_to_its_requesters(void **state)
{
#define SUBSYSTEM "devices/virtual/nvme-subsystem/nvme-subsys0"
#define BEHIND    "devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0"
	static const struct entry tree[] = {
		{"dev/block/259:0", ">" SUBSYSTEM "/nvme0n1"},
		{SUBSYSTEM "/nvme0n1/dev", "=259:0\n"},
		{SUBSYSTEM "/nvme0", ">devices" DISK "/nvme/nvme0"},
		{SUBSYSTEM "/nvme1", ">devices/pci0001:00/0001:00:01.0/nvme/nvme1"},
		{"devices" DISK "/nvme/nvme0/state", "=live\n"},
		{"devices/pci0001:00/0001:00:01.0/nvme/nvme1/state", "=live\n"},
		{"dev/block/259:1", ">" BEHIND "/nvme/nvme2/nvme2n1"},
		{BEHIND "/nvme/nvme2/nvme2n1/dev", "=259:1\n"},
		{NULL, NULL},
	};
	struct outcome outcome;

	(void)state;
	make_tree(tree);
	outcome = quietus("dump-path", "--sysfs", "sys", "259:0", NULL);
	assert_success(&outcome);
	assert_non_null(strstr(outcome.output, "0000:01:00.0  nvme0\n"));
	assert_non_null(strstr(outcome.output, "0001:00:01.0  nvme1\n"));
	outcome = quietus("dump-path", "--sysfs", "sys", "259:1", NULL);
	expect(&outcome, "0000:00:0e.0  nvme2n1\n");
#undef SUBSYSTEM
#undef BEHIND
}

#define NIC "devices/pci0000:00/0000:00:03.0/virtio1/net/eth0"

/* Whatever this machine has, 127.0.0.1 is reached through what is called lo. */
static const struct entry network[] = {
	{NIC "/address", "=52:54:00:12:34:56\n"},
	{"devices/pci0000:00/0000:00:04.0/net/eth1/address", "=52:54:00:12:34:57\n"},
	{"class/net/eth0", ">" NIC},
	{"class/net/lo", ">devices/virtual/net/bond0.7"},
	{"devices/virtual/net/bond0.7/lower_bond0", ">devices/virtual/net/bond0"},
	{"devices/virtual/net/bond0/lower_eth0", ">" NIC},
	{"devices/virtual/net/bond0/lower_eth1", ">devices/pci0000:00/0000:00:04.0/net/eth1"},
	{"class/net/tun0", ">devices/virtual/net/tun0"},
	{"devices/virtual/net/tun0/address", "=\n"},
	{NULL, NULL},
};

static void assert_both_cards(const struct outcome *outcome)
{
	assert_success(outcome);
	assert_non_null(strstr(outcome->output, "0000:00:03.0  eth0\n"));
	assert_non_null(strstr(outcome->output, "0000:00:04.0  eth1\n"));
}

static void interfaces_are_followed(void **state)
{
	struct outcome outcome;

	(void)state;
	make_tree(network);
	outcome = quietus("dump-path", "--sysfs", "sys", "--interface", "eth0", NULL);
	expect(&outcome, "0000:00:03.0  eth0\n");
	outcome = quietus("dump-path", "--sysfs", "sys", "--host", "127.0.0.1", NULL);
	assert_both_cards(&outcome);
	outcome = quietus("dump-path", "--sysfs", "sys", "--interface", "tun0", NULL);
	assert_refused(&outcome, "tun0", "no PCI function");
	outcome = quietus("dump-path", "--sysfs", "sys", "--interface", "../net/eth0", NULL);
	assert_refused(&outcome, "../net/eth0", "no network interface");
	outcome = quietus("dump-path", "--sysfs", "sys", "--interface", "eth7", NULL);
	assert_refused(&outcome, "eth7", "no network interface");
}

static void remote_disks_are_followed(void **state)
{
#define SESSION "devices/platform/host3/session1"
#define FABRICS "devices/virtual/nvme-fabrics/ctl/nvme3"
	static const struct entry disks[] = {
		{"dev/block/8:32", ">" SESSION "/target3:0:0/3:0:0:0/block/sdc"},
		{SESSION "/target3:0:0/3:0:0:0/block/sdc/dev", "=8:32\n"},
		{SESSION "/connection1:0/iscsi_connection/connection1:0/persistent_address",
			"=127.0.0.1\n"},
		{"dev/block/259:9", ">" FABRICS "/nvme3n1"},
		{FABRICS "/nvme3n1/dev", "=259:9\n"},
		{FABRICS "/transport", "=tcp\n"},
		{FABRICS "/address", "=traddr=127.0.0.1,trsvcid=4420\n"},
		{"dev/block/8:48", ">devices/platform/host4/session2/target/block/sdd"},
		{"devices/platform/host4/session2/target/block/sdd/dev", "=8:48\n"},
		{"devices/platform/host4/session2/connection2:0/uevent", "=\n"},
		{NULL, NULL},
	};
	struct outcome outcome;

	(void)state;
	make_tree(network);
	make_tree(disks);
	outcome = quietus("dump-path", "--sysfs", "sys", "8:32", NULL);
	assert_both_cards(&outcome);
	outcome = quietus("dump-path", "--sysfs", "sys", "259:9", NULL);
	assert_both_cards(&outcome);
	outcome = quietus("dump-path", "--sysfs", "sys", "8:48", NULL);
	assert_refused(&outcome, "8:48", "does not say where it goes");
#undef SESSION
#undef FABRICS
}

/* Half a path is none. */
static void what_cannot_be_followed_is_refused(void **state)
{
	static const struct entry odd[] = {
		{"dev/block/7:0", ">devices/virtual/block/loop0"},
		{"devices/virtual/block/loop0/dev", "=7:0\n"},
		{"dev/block/254:0", ">devices/virtual/block/dm-0"},
		{"devices/virtual/block/dm-0/slaves/sda", ">" SCSI},
		{"devices/virtual/block/dm-0/slaves/loop0", ">devices/virtual/block/loop0"},
		{"dev/block/254:1", ">devices/virtual/block/dm-1"},
		{"devices/virtual/block/dm-1/slaves/gone", ">devices/virtual/block/gone"},
		{"dev/block/254:3", ">devices/virtual/block/dm-3"},
		{"devices/virtual/block/dm-3/slaves/dm-3", ">devices/virtual/block/dm-3"},
		{NULL, NULL},
	};
	struct outcome outcome;

	(void)state;
	make_tree(plain);
	make_tree(odd);
	outcome = quietus("dump-path", "--sysfs", "sys", "7:0", NULL);
	assert_refused(&outcome, "7:0", "no PCI function");
	outcome = quietus("dump-path", "--sysfs", "sys", "8:0", "254:0", NULL);
	assert_refused(&outcome, "254:0", "no PCI function");
	outcome = quietus("dump-path", "--sysfs", "sys", "254:1", NULL);
	assert_refused(&outcome, "254:1", "leads nowhere");
	outcome = quietus("dump-path", "--sysfs", "sys", "254:3", NULL);
	assert_refused(&outcome, "254:3", "without end");
	outcome = quietus("dump-path", "--sysfs", "sys", "9:9", NULL);
	assert_refused(&outcome, "9:9", "no block device");
	outcome = quietus("dump-path", "--sysfs", "nowhere", "8:0", NULL);
	assert_refused(&outcome, "8:0", "no block device");
}

/* Each is made of the next one twice: few devices, but no end of ways through them. */
static void ways_through_devices_are_bounded(void **state)
{
	struct outcome outcome;

	(void)state;
	for (unsigned i = 0; i < 12; i++) {
		char path[80], link[80];

		for (char side = 'a'; side <= 'b'; side++) {
			snprintf(path, sizeof(path), "devices/virtual/block/dm-%u/slaves/%c", i,
				side);
			snprintf(link, sizeof(link), ">../../dm-%u", i + 1);
			make_entry(path, link);
		}
	}
	make_entry("devices/virtual/block/dm-12/slaves/sda", ">../../../../../" SCSI);
	make_entry(SCSI "/dev", "=8:0\n");
	make_entry("dev/block/254:0", ">../../devices/virtual/block/dm-0");
	make_entry("dev/block/254:6", ">../../devices/virtual/block/dm-6");
	outcome = quietus("dump-path", "--sysfs", "sys", "254:6", NULL);
	expect(&outcome, "0000:01:00.0  sda\n");
	outcome = quietus("dump-path", "--sysfs", "sys", "254:0", NULL);
	assert_refused(&outcome, "254:0", "without end");
}

/* A path must fit into what the stage reads. */
static void more_functions_than_there_is_room_for_are_refused(void **state)
{
	struct outcome outcome;

	(void)state;
	for (unsigned i = 0; i < 65; i++) {
		char path[200], link[200];

		snprintf(path, sizeof(path), "devices/pci0000:00/0000:%02x:00.0/block/sd%u/dev", i,
			i);
		make_entry(path, "=\n");
		snprintf(path, sizeof(path), "devices/virtual/block/md%u/slaves/sd%u", i / 64, i);
		snprintf(link, sizeof(link), ">../../../../pci0000:00/0000:%02x:00.0/block/sd%u", i,
			i);
		make_entry(path, link);
	}
	make_entry("dev/block/9:0", ">../../devices/virtual/block/md0");
	make_entry("dev/block/9:1", ">../../devices/virtual/block/md1");
	outcome = quietus("dump-path", "--word", "--sysfs", "sys", "9:0", NULL);
	assert_success(&outcome);
	assert_int_equal(strlen(outcome.output), strlen("quietus.path=") + 64 * 13);
	outcome = quietus("dump-path", "--sysfs", "sys", "9:0", "9:1", NULL);
	assert_refused(&outcome, "9:1", "more than 64");
}

static void files_that_are_not_there_are_refused(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = quietus("dump-path", "nowhere", NULL);
	assert_refused(&outcome, "nowhere", "No such file");
	outcome = quietus("dump-path", "/proc/self", NULL);
	assert_refused(&outcome, "/proc/self", "a proc file system says nothing");
	outcome = quietus("dump-path", NULL);
	assert_int_equal(outcome.code, 2);
	outcome = quietus("dump-path", "--nonsense", NULL);
	assert_int_equal(outcome.code, 2);
}

static const struct CMUnitTest tests[] = {
	TEST(the_nearest_function_counts),
	TEST(what_is_made_of_disks_is_followed),
	TEST(nvme_is_followed_to_its_requesters),
	TEST(interfaces_are_followed),
	TEST(remote_disks_are_followed),
	TEST(what_cannot_be_followed_is_refused),
	TEST(ways_through_devices_are_bounded),
	TEST(more_functions_than_there_is_room_for_are_refused),
	TEST(files_that_are_not_there_are_refused),
};

const struct suite dump_path_suite = SUITE(tests);
