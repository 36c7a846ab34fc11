/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "elf_core.h"

static bool visit_segments(Elf *elf,
	bool (*visit)(void *context, const GElf_Phdr *segment, struct reason *why), void *context,
	struct reason *why)
{
	GElf_Ehdr header;
	size_t count;

	if (!gelf_getehdr(elf, &header) || header.e_type != ET_CORE ||
		header.e_ident[EI_DATA] != ELFDATA2LSB)
		return because(why, "not a little-endian ELF core");
	if (elf_getphdrnum(elf, &count) != 0)
		return because(why, "%s", elf_errmsg(-1));
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;

		if (!gelf_getphdr(elf, (int)i, &segment))
			return because(why, "%s", elf_errmsg(-1));
		if (segment.p_type == PT_LOAD && !visit(context, &segment, why))
			return false;
	}
	return true;
}

bool elf_core_segments(int fd,
	bool (*visit)(void *context, const GElf_Phdr *segment, struct reason *why), void *context,
	struct reason *why)
{
	Elf *elf;
	bool ok;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return because(why, "%s", elf_errmsg(-1));
	ok = visit_segments(elf, visit, context, why);
	elf_end(elf);
	return ok;
}

static bool ends_within(void *context, const GElf_Phdr *segment, struct reason *why)
{
	const struct stat *file = context;
	uint64_t size = (uint64_t)file->st_size;

	if (segment->p_offset <= size && segment->p_filesz <= size - segment->p_offset)
		return true;
	return because(why, "the file is cut short, or its headers are damaged");
}

bool elf_core_is_whole(int fd, struct reason *why)
{
	struct stat file;

	if (fstat(fd, &file) != 0)
		return because_of(why, errno);
	return elf_core_segments(fd, ends_within, &file, why);
}
