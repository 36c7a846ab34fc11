// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "guest.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DISKS_MAX   16
#define READ_SIZE   (1u << 20)
#define POLLS_A_SEC 20

struct disk {
	char path[32];
	unsigned long sectors;
};

static size_t list_disks(struct disk *disks)
{
	DIR *folder = opendir("/sys/block");
	struct dirent *entry;
	char path[320], text[32];
	size_t count = 0;

	while (folder && count < DISKS_MAX && (entry = readdir(folder))) {
		struct disk *disk = &disks[count];

		snprintf(path, sizeof(path), "/sys/block/%s/size", entry->d_name);
		if (entry->d_name[0] == '.' || !read_text(path, text, sizeof(text)))
			continue;
		snprintf(disk->path, sizeof(disk->path), "/dev/%.20s", entry->d_name);
		disk->sectors = strtoul(text, NULL, 10);
		count += disk->sectors != 0 && !access(disk->path, F_OK);
	}
	if (folder)
		closedir(folder);
	return count;
}

/*
 * Waits until there are as many disks as configured, and finds the dump's: names
 * depend on which driver was first, its size does not.
 */
const char *disk_find(unsigned int seconds)
{
	static struct disk disks[DISKS_MAX];
	unsigned long sectors = config_number("disk_sectors", 0);
	size_t wanted = config_number("disks", 1), count = 0;

	for (unsigned int i = 0; i < seconds * POLLS_A_SEC && count < wanted; i++) {
		if (i)
			settle(1000 / POLLS_A_SEC);
		count = list_disks(disks);
	}
	if (count != wanted)
		say("error=%zu disks instead of %zu", count, wanted);
	for (size_t i = 0; i < count; i++) {
		if (disks[i].sectors == sectors)
			return disks[i].path;
	}
	say("error=no disk of %lu sectors", sectors);
	return "/dev/null";
}

/* A child for each disk that reads for ever, so that the crash finds requests in flight. */
void disks_in_background(void)
{
	struct disk disks[DISKS_MAX];
	size_t count = list_disks(disks);

	for (size_t i = 0; i < count; i++)
		disk_in_background(disks[i].path);
}

/* Whether something can be read of every disk. */
void disks_read(void)
{
	struct disk disks[DISKS_MAX];
	size_t count = list_disks(disks);
	char *buffer = aligned_alloc(4096, READ_SIZE);
	unsigned int readable = 0;

	for (size_t i = 0; buffer && i < count; i++) {
		int fd = open(disks[i].path, O_RDONLY | O_DIRECT | O_CLOEXEC);

		readable += fd >= 0 && read(fd, buffer, READ_SIZE) == READ_SIZE;
		if (fd >= 0)
			close(fd);
	}
	free(buffer);
	say("readable_disks=%u", readable);
}
