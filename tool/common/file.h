/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Whole files in memory, read at once and written atomically. */
#ifndef QUIETUS_TOOL_FILE_H
#define QUIETUS_TOOL_FILE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "message.h"

/* No kernel image comes near this; it keeps a wrong path (/dev/zero) from filling memory. */
#define IMAGE_SIZE_MAX (1ul << 30)

struct file {
	uint8_t *data; /* owned, freed by file_free() */
	size_t size;   /* in bytes */
	mode_t mode;   /* permission bits only */
};

/*
 * Reads a file of up to `limit` bytes, whole MiB. False with a reason when it
 * cannot be opened or read or is larger; *file then holds nothing.
 */
bool file_read(struct file *file, const char *path, size_t limit, struct reason *why);

/* Frees the contents; harmless on a zeroed or freed struct. */
void file_free(struct file *file);

/* How a file gets its contents: `fill` writes them to fd, which is open, or to its name. */
struct filling {
	bool (*fill)(void *context, int fd, const char *name, struct reason *why);
	void *context;
	mode_t mode;
};

/*
 * Makes path hold what it is filled with, or leaves it as it was: temporary file
 * in the same directory, fsync, rename, fsync of the directory. A symbolic link is
 * followed. Signals that end the program are held back meanwhile, so no temporary
 * file stays behind. False with a reason when path exists and is not a regular
 * file, when `fill` says so, or when the system refuses any step.
 */
bool file_replace(const char *path, const struct filling *filling, struct reason *why);

/* The same with these bytes. */
bool file_write_atomically(
	const char *path, const uint8_t *data, size_t size, mode_t mode, struct reason *why);

/* Holds back the signals that end the program, until what came before is released. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

#endif
