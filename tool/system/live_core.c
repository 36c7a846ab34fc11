/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * RAM by /proc/kcore: an ELF core file of the running kernel, whose segments of
 * the direct map have their physical addresses.
 *
 * Source: Linux, fs/proc/kcore.c; ELF-64 Object File Format.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "dump/elf_core.h"
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

/* Takes a segment in, if it has physical addresses. */
static bool add_segment(void *context, const GElf_Phdr *segment, struct reason *why)
{
	struct live *live = context;
	struct live_segment *list;

	if (segment->p_paddr == NO_PHYSICAL_ADDRESS)
		return true;
	if (live->segment_count == SEGMENTS_MAX)
		return because(why, "more than %u segments", SEGMENTS_MAX);
	list = realloc(live->segments, (live->segment_count + 1) * sizeof(*list));
	if (!list)
		return because_of(why, ENOMEM);
	live->segments = list;
	list[live->segment_count++] =
		(struct live_segment){segment->p_paddr, segment->p_memsz, segment->p_offset};
	return true;
}

void live_open_core(struct live *live)
{
	char path[PATH_MAX];
	int fd =
		system_path(path, live->root, "proc/kcore") ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		reason_of_system(&live->no_core, errno);
	else if (elf_core_segments(fd, add_segment, live, &live->no_core))
		live->core = fd;
	else
		close(fd);
}

void live_close_core(struct live *live)
{
	if (live->core >= 0)
		close(live->core);
	free(live->segments);
}

/*
 * The segment that an address is in. The kernel's image is in two of them: its own
 * mapping, the smaller one, has holes where memory was given back after boot.
 */
static const struct live_segment *segment_of(const struct live *live, qt_phys at, size_t len)
{
	const struct live_segment *found = NULL;

	for (size_t i = 0; i < live->segment_count; i++) {
		const struct live_segment *segment = &live->segments[i];
		uint64_t inside = at - segment->start;

		if (at < segment->start || inside >= segment->size || len > segment->size - inside)
			continue;
		if (!found || segment->size > found->size)
			found = segment;
	}
	return found;
}

int live_read_core(struct live *live, qt_phys at, void *buffer, size_t len)
{
	const struct live_segment *segment = live->core < 0 ? NULL : segment_of(live, at, len);

	if (!segment)
		return QT_E_OUTSIDE;
	return pread(live->core, buffer, len, (off_t)(segment->offset + (at - segment->start))) ==
			       (ssize_t)len
		       ? QT_OK
		       : QT_E_IO;
}
