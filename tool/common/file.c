/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"

#define READ_START (4u << 20)

static bool read_all(struct file *file, int fd, size_t limit, struct reason *why)
{
	size_t room = 0;

	for (;;) {
		ssize_t n;

		if (file->size == room) {
			uint8_t *larger = realloc(file->data, room ? 2 * room : READ_START);

			if (!larger)
				return because_of(why, ENOMEM);
			file->data = larger;
			room = room ? 2 * room : READ_START;
		}
		n = read(fd, file->data + file->size, room - file->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return because_of(why, errno);
		if (n == 0)
			return true;
		file->size += (size_t)n;
		if (file->size > limit)
			return because(why, "larger than the %zu MiB it can have", limit >> 20);
	}
}

bool file_read(struct file *file, const char *path, size_t limit, struct reason *why)
{
	struct stat st;
	bool ok;
	int fd;

	memset(file, 0, sizeof(*file));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return because_of(why, errno);
	if (fstat(fd, &st) == 0) {
		file->mode = st.st_mode & 0777;
		ok = read_all(file, fd, limit, why);
	} else {
		ok = because_of(why, errno);
	}
	close(fd);
	if (!ok)
		file_free(file);
	return ok;
}

void file_free(struct file *file)
{
	free(file->data);
	memset(file, 0, sizeof(*file));
}

static bool write_all(int fd, const uint8_t *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		size -= (size_t)n;
	}
	return true;
}

static bool sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok;

	if (fd < 0)
		return false;
	/* Some file systems have nothing to sync in a directory and say EINVAL. */
	ok = fsync(fd) == 0 || errno == EINVAL;
	close(fd);
	return ok;
}

/* Fills and syncs the open temporary file; closes fd in any case. */
static bool fill_temporary(
	int fd, const char *name, const struct filling *filling, struct reason *why)
{
	bool ok = filling->fill(filling->context, fd, name, why) &&
		  ((fchmod(fd, filling->mode) == 0 && fsync(fd) == 0) || because_of(why, errno));

	/* A network file system may report its lack of space only here. */
	if (close(fd) != 0 && ok)
		return because_of(why, errno);
	return ok;
}

/* target is free of symbolic links; directory is the folder it is in. */
static bool replace(const char *target, const char *directory, const struct filling *filling,
	struct reason *why)
{
	char *temporary = NULL;
	bool ok = false;
	int fd;

	if (asprintf(&temporary, "%s/.quietus.XXXXXX", directory) < 0)
		return because_of(why, ENOMEM);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0) {
		reason_of_system(why, errno);
	} else if (!fill_temporary(fd, temporary, filling, why)) {
		unlink(temporary);
	} else if (rename(temporary, target) != 0) {
		reason_of_system(why, errno);
		unlink(temporary);
	} else if (!sync_directory(directory)) {
		reason_set(
			why, "written, but its directory could not be synced: %s", strerror(errno));
	} else {
		ok = true;
	}
	free(temporary);
	return ok;
}

void signals_hold(sigset_t *before)
{
	sigset_t ending;

	sigemptyset(&ending);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, before);
}

void signals_release(const sigset_t *before)
{
	sigprocmask(SIG_SETMASK, before, NULL);
}

bool file_replace(const char *path, const struct filling *filling, struct reason *why)
{
	char *target = realpath(path, NULL);
	char *copy = NULL;
	sigset_t before;
	struct stat st;
	bool ok;

	if (!target)
		target = strdup(path);
	if (target)
		copy = strdup(target);
	if (!target || !copy) {
		free(target);
		return because_of(why, ENOMEM);
	}

	/* A rename would put a plain file where a device or a socket was. */
	if (stat(target, &st) == 0 && !S_ISREG(st.st_mode)) {
		ok = because(why, "not a regular file");
	} else {
		signals_hold(&before);
		ok = replace(target, dirname(copy), filling, why);
		signals_release(&before);
	}
	free(copy);
	free(target);
	return ok;
}

struct contents {
	const uint8_t *data;
	size_t size;
};

static bool write_contents(void *context, int fd, const char *name, struct reason *why)
{
	const struct contents *contents = context;

	(void)name;
	return write_all(fd, contents->data, contents->size) || because_of(why, errno);
}

bool file_write_atomically(
	const char *path, const uint8_t *data, size_t size, mode_t mode, struct reason *why)
{
	struct contents contents = {data, size};
	const struct filling filling = {write_contents, &contents, mode};

	return file_replace(path, &filling, why);
}
