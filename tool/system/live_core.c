/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RAM by /proc/kcore: an ELF core file of the running kernel, whose segments of
 * the direct map have their physical addresses.
 *
 * Source: Linux, fs/proc/kcore.c; ELF-64 Object File Format.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live_files.h"
#include "system.h"

/* Far more than the ranges of RAM that a machine has. */
#define SEGMENTS_MAX 4096u

/* Segments without a physical address: vmalloc's. */
#define NO_PHYSICAL_ADDRESS UINT64_MAX

struct live_segment {
	qt_phys start;
	uint64_t size;   /* bytes */
	uint64_t offset; /* in the file */
};

static bool read_at(int fd, void *buffer, size_t len, uint64_t at)
{
	ssize_t n = pread(fd, buffer, len, (off_t)at);

	if (n >= 0 && (size_t)n != len)
		errno = EINVAL;
	return n >= 0 && (size_t)n == len;
}

static bool read_segments(struct live *live, int fd)
{
	Elf64_Ehdr header;

	if (!read_at(fd, &header, sizeof(header), 0))
		return false;
	errno = EINVAL;
	if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
		header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum > SEGMENTS_MAX)
		return false;
	live->segments = calloc(header.e_phnum, sizeof(*live->segments));
	if (!live->segments)
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;

		if (!read_at(fd, &segment, sizeof(segment), header.e_phoff + i * sizeof(segment)))
			return false;
		if (segment.p_type != PT_LOAD || segment.p_paddr == NO_PHYSICAL_ADDRESS)
			continue;
		live->segments[live->segment_count++] =
			(struct live_segment){segment.p_paddr, segment.p_memsz, segment.p_offset};
	}
	return true;
}

void live_open_core(struct live *live)
{
	char path[PATH_MAX];
	int fd =
		system_path(path, live->root, "proc/kcore") ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && read_segments(live, fd)) {
		live->core = fd;
		return;
	}
	live->core_error = errno;
	if (fd >= 0)
		close(fd);
}

void live_close_core(struct live *live)
{
	if (live->core >= 0)
		close(live->core);
	free(live->segments);
}

int live_read_core(struct live *live, qt_phys at, void *buffer, size_t len)
{
	for (size_t i = 0; i < live->segment_count && live->core >= 0; i++) {
		const struct live_segment *segment = &live->segments[i];
		uint64_t inside = at - segment->start;

		if (at < segment->start || inside >= segment->size || len > segment->size - inside)
			continue;
		return read_at(live->core, buffer, len, segment->offset + inside) ? QT_OK : QT_E_IO;
	}
	return QT_E_OUTSIDE;
}
