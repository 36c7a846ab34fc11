/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/file.h"
#include "common/program.h"
#include "common/progress.h"
#include "dump/kdump_header.h"
#include "kdump_patch.h"

/* Far more pieces than the memory of a machine is in; half of them for what is left out. */
#define SEGMENTS_MAX 8192u

/* makedumpfile: what is left out of an ELF core is no shorter (PFN_EXCLUDED). */
#define GAP_PAGES 256u

/* No page is larger. */
#define PAGE_MAX 65536u

/* Where makedumpfile looks for another way to tell kernel addresses. */
#define NO_ADDRESS UINT64_MAX

/* The dump's memory as a sparse ELF core, with the words put back. */
struct core {
	const struct kdump_patch *patch;
	struct kdump_header header;
	int fd;
	Elf64_Phdr segments[SEGMENTS_MAX]; /* the first one has the notes */
	size_t count;
	uint64_t pages; /* stored */
};

/* What is in the core */

/* Memory [start, end), of which the pages up to `stored` are in the file. */
static bool add_segment(
	struct core *core, qt_phys start, qt_phys stored, qt_phys end, struct reason *why)
{
	if (core->count == SEGMENTS_MAX)
		return because(why, "its memory is in more than %u pieces", SEGMENTS_MAX);
	core->segments[core->count++] = (Elf64_Phdr){.p_type = PT_LOAD,
		.p_flags = PF_R | PF_W | PF_X,
		.p_vaddr = NO_ADDRESS,
		.p_paddr = start,
		.p_filesz = stored - start,
		.p_memsz = end - start};
	return true;
}

/*
 * What an ELF core leaves out of its file stays left out, though a level by itself
 * would keep it as zeroes. makedumpfile leaves nothing shorter out of one.
 */
static bool lay_out_run(struct core *core, const struct qt_range *run, struct reason *why)
{
	struct dump *dump = core->patch->dump;
	uint64_t gap = GAP_PAGES * dump_page_size(dump);
	struct qt_range part = {run->start, run->start}, stored = part;

	while (dump_next_stored(dump, stored.end, &stored) && stored.start < run->end) {
		if (stored.start - part.end >= gap && core->count < SEGMENTS_MAX / 2) {
			if (!add_segment(core, part.start, part.end, stored.start, why))
				return false;
			part.start = stored.start;
		}
		part.end = stored.end < run->end ? stored.end : run->end;
	}
	return add_segment(core, part.start, part.end, run->end, why);
}

static bool lay_out(struct core *core, struct reason *why)
{
	struct dump *dump = core->patch->dump;
	struct qt_range run = {0, 0};
	uint64_t offset;

	core->segments[core->count++] = (Elf64_Phdr){.p_type = PT_NOTE,
		.p_filesz = core->header.notes_size,
		.p_memsz = core->header.notes_size};
	while (dump_next_memory(dump, run.end, &run))
		if (!lay_out_run(core, &run, why))
			return false;
	core->segments[0].p_offset = sizeof(Elf64_Ehdr) + core->count * sizeof(Elf64_Phdr);
	offset = round_up(core->segments[0].p_offset + core->header.notes_size, PAGE_MAX);
	for (size_t i = 1; i < core->count; i++) {
		core->segments[i].p_offset = offset;
		offset += core->segments[i].p_filesz;
	}
	for (run.end = 0; dump_next_stored(dump, run.end, &run);)
		core->pages += (run.end - run.start) / dump_page_size(dump);
	return ftruncate(core->fd, (off_t)offset) == 0 || because_of(why, errno);
}

static bool write_at(
	const struct core *core, const void *data, size_t size, uint64_t at, struct reason *why)
{
	ssize_t n = pwrite(core->fd, data, size, (off_t)at);

	if (n == (ssize_t)size)
		return true;
	return because_of(why, n < 0 ? errno : ENOSPC);
}

static bool write_headers(const struct core *core, struct reason *why)
{
	const Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			EV_CURRENT},
		.e_type = ET_CORE,
		.e_machine = core->header.machine,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = (Elf64_Half)core->count,
	};

	return write_at(core, &header, sizeof(header), 0, why) &&
	       write_at(core, core->segments, core->count * sizeof(Elf64_Phdr), sizeof(header),
		       why) &&
	       write_at(core, core->header.notes, core->header.notes_size,
		       core->segments[0].p_offset, why);
}

/* A page as the dead kernel had it. */
static bool restored_page(
	const struct kdump_patch *patch, qt_phys at, uint8_t *page, struct reason *why)
{
	size_t size = dump_page_size(patch->dump);

	if (dump_read(patch->dump, at, page, size) != DUMP_READ)
		return because(why, "the page at 0x%llx cannot be read: %s", (unsigned long long)at,
			dump_error(patch->dump));
	journal_restore(patch->journal, at, page, size);
	return true;
}

static bool write_page(const struct core *core, qt_phys at, struct reason *why)
{
	size_t size = dump_page_size(core->patch->dump), i = 1;
	uint8_t page[PAGE_MAX];

	while (i < core->count && at - core->segments[i].p_paddr >= core->segments[i].p_filesz)
		i++;
	if (i == core->count)
		return because(why, "the page at 0x%llx is no memory", (unsigned long long)at);
	return restored_page(core->patch, at, page, why) &&
	       write_at(core, page, size,
		       core->segments[i].p_offset + (at - core->segments[i].p_paddr), why);
}

/* Calls `each` with every page that the dump has. */
static bool for_pages(const struct core *core, const char *what,
	bool (*each)(const struct core *core, qt_phys at, void *context, struct reason *why),
	void *context, struct reason *why)
{
	struct dump *dump = core->patch->dump;
	struct progress progress = progress_begin(what, core->pages, core->patch->chatty);
	struct qt_range run = {0, 0};
	bool ok = true;

	while (ok && dump_next_stored(dump, run.end, &run)) {
		for (qt_phys at = run.start; ok && at < run.end; at += dump_page_size(dump)) {
			ok = each(core, at, context, why);
			progress_step(&progress);
		}
	}
	progress_end(&progress);
	return ok;
}

static bool put_page(const struct core *core, qt_phys at, void *context, struct reason *why)
{
	(void)context;
	return write_page(core, at, why);
}

/* The new dump */

static bool compare_page(const struct core *core, qt_phys at, void *context, struct reason *why)
{
	uint8_t expected[PAGE_MAX], page[PAGE_MAX];
	size_t size = dump_page_size(core->patch->dump);
	struct dump *written = context;

	if (!restored_page(core->patch, at, expected, why))
		return false;
	if (dump_read(written, at, page, size) == DUMP_READ && memcmp(page, expected, size) == 0)
		return true;
	return because(why, "makedumpfile wrote another page at 0x%llx", (unsigned long long)at);
}

typedef bool (*next_run)(struct dump *dump, qt_phys from, struct qt_range *run);

static bool same_runs(struct dump *a, struct dump *b, next_run next)
{
	struct qt_range left = {0, 0}, right = {0, 0};
	bool more = true;

	while (more) {
		more = next(a, left.end, &left);
		if (next(b, right.end, &right) != more ||
			(more && (left.start != right.start || left.end != right.end)))
			return false;
	}
	return true;
}

/* Whether the new dump has what the old one has, and nothing else. */
static bool verify(const struct core *core, const char *path, struct reason *why)
{
	struct dump *written = dump_open(path, why), *old = core->patch->dump;
	bool ok;

	if (!written)
		return false;
	ok = dump_page_size(written) == dump_page_size(old) &&
	     same_runs(written, old, dump_next_memory) && same_runs(written, old, dump_next_stored);
	if (!ok)
		reason_set(why, "makedumpfile wrote other pages");
	else
		ok = for_pages(core, "comparing pages", compare_page, written, why);
	dump_close(written);
	return ok;
}

/* Fills the file that is to take the old dump's place. */
static bool write_dump(void *context, int fd, const char *path, struct reason *why)
{
	const struct core *core = context;
	char input[32], level[16];
	/* Mapped, 1.7.2 takes zeroes for some of what lies behind a gap. */
	const char *const words[] = {"makedumpfile", "-f", "--non-mmap", "--message-level", "4",
		"-d", level, input, path, core->header.option, NULL};
	struct reason inner;

	(void)fd;
	snprintf(input, sizeof(input), "/dev/fd/%d", core->fd);
	snprintf(level, sizeof(level), "%u", core->header.level);
	if (!program_run((char *const *)words, &inner))
		return because(why, "makedumpfile: %.100s", inner.text);
	return verify(core, path, why);
}

/* A file without a name beside the dump. */
static bool open_core(struct core *core, struct reason *why)
{
	char path[PATH_MAX], name[PATH_MAX];

	snprintf(path, sizeof(path), "%s", core->patch->path);
	if ((size_t)snprintf(name, sizeof(name), "%s/.quietus.XXXXXX", dirname(path)) >=
		sizeof(name))
		return because_of(why, ENAMETOOLONG);
	/* makedumpfile inherits it. */
	core->fd = mkstemp(name);
	if (core->fd < 0)
		return because_of(why, errno);
	unlink(name);
	return true;
}

bool kdump_patch(const struct kdump_patch *patch, struct reason *why)
{
	struct core *core = calloc(1, sizeof(*core));
	struct filling filling = {.fill = write_dump};
	struct stat st = {0};
	bool ok;

	if (!core)
		return because_of(why, ENOMEM);
	core->patch = patch;
	core->fd = -1;
	filling.context = core;
	ok = stat(patch->path, &st) == 0 || because_of(why, errno);
	filling.mode = st.st_mode & 07777;
	ok = ok && kdump_header_read(&core->header, patch->path, why) && open_core(core, why) &&
	     lay_out(core, why) && write_headers(core, why) &&
	     for_pages(core, "writing pages", put_page, NULL, why) &&
	     file_replace(patch->path, &filling, why);
	if (core->fd >= 0)
		close(core->fd);
	kdump_header_free(&core->header);
	free(core);
	return ok;
}
