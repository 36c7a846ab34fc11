// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t start_makedumpfile(int *output)
{
	int ends[2];
	pid_t child;

	if (pipe2(ends, O_CLOEXEC))
		return -1;
	child = fork();
	if (child == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execl("/bin/makedumpfile", "makedumpfile", config("dump_elf", NULL) ? "-EF" : "-F",
			"-d", config("dump_level", "23"), "--message-level", "4", "/proc/vmcore",
			NULL);
		_exit(127);
	}
	close(ends[1]);
	*output = ends[0];
	return child;
}

static size_t read_full(int fd, char *buffer, size_t size)
{
	size_t filled = 0;
	ssize_t got;

	while (filled < size) {
		got = read(fd, buffer + filled, size - filled);
		if (got <= 0)
			break;
		filled += (size_t)got;
	}
	return filled;
}

/* Copies until end of input; the last chunk is padded to a sector. */
static bool copy_to_disk(int input, int disk, char *buffer, uint64_t *length)
{
	size_t filled, padded;

	do {
		filled = read_full(input, buffer, DUMP_CHUNK);
		padded = (filled + SECTOR - 1) / SECTOR * SECTOR;
		memset(buffer + filled, 0, padded - filled);
		if (pwrite(disk, buffer, padded, (off_t)(DUMP_OFFSET + *length)) != (ssize_t)padded)
			return false;
		*length += filled;
	} while (filled == DUMP_CHUNK);
	return true;
}

static bool write_header(int disk, char *buffer, uint64_t length)
{
	struct dump_header header = {.magic = DUMP_MAGIC, .length = length};

	snprintf(header.token, sizeof(header.token), "%s", config("token", ""));
	memset(buffer, 0, SECTOR);
	memcpy(buffer, &header, sizeof(header));
	return fsync(disk) == 0 && pwrite(disk, buffer, SECTOR, 0) == SECTOR && fsync(disk) == 0;
}

/* makedumpfile's output, or all of memory as it is where makedumpfile does not know the kernel. */
static pid_t start_dump(int *output)
{
	if (!config_number("raw_dump", 0))
		return start_makedumpfile(output);
	*output = open("/proc/vmcore", O_RDONLY | O_CLOEXEC);
	return 0;
}

bool save_dump(const char *disk_path)
{
	int disk = open(disk_path, O_RDWR | O_DIRECT | O_CLOEXEC);
	char *buffer = aligned_alloc(4096, DUMP_CHUNK);
	uint64_t length = 0;
	int input = -1, status = 0;
	pid_t child;
	bool copied;

	if (disk < 0 || !buffer) {
		say("error=open %s: %s", disk_path, strerror(errno));
		return false;
	}
	child = start_dump(&input);
	copied = input >= 0 && copy_to_disk(input, disk, buffer, &length);
	if (!copied)
		say("error=write at %llu: %s", (unsigned long long)length, strerror(errno));
	close(input);
	if (child > 0)
		waitpid(child, &status, 0);
	if (!copied || status != 0 || !write_header(disk, buffer, length)) {
		say("error=dump not saved, makedumpfile status %d", status);
		return false;
	}
	say("saved=%llu", (unsigned long long)length);
	return true;
}
