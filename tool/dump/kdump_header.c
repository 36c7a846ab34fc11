/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <quietus/bytes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file.h"
#include "kdump_header.h"

#define SIGNATURE      "KDUMP   "
#define VERSION        8
#define MACHINE        (12 + 4 * 65) /* utsname.machine */
#define STATUS         424
#define BLOCK_SIZE     428
#define HEADER_SIZE    432u
#define BLOCK_SIZE_MAX 65536u

/* In the block behind it. */
#define SUB_LEVEL      8
#define SUB_SPLIT      12
#define SUB_VMCOREINFO 32
#define SUB_NOTES      48
#define SUB_NOTE_SIZE  56
#define SUB_ERASED     72
#define SUB_SIZE       80u

/* Bits of status. */
#define INCOMPLETE (1u << 3)

/* Notes of thousands of CPUs take less. */
#define NOTES_MAX (16u << 20)

static bool read_at(int fd, void *to, size_t size, uint64_t at, struct reason *why)
{
	ssize_t n = pread(fd, to, size, (off_t)at);

	if (n == (ssize_t)size)
		return true;
	return n < 0 ? because_of(why, errno) : because(why, "the dump is cut short");
}

bool kdump_header_is_sound(int fd, struct reason *why)
{
	/* Where the sub-header has an offset and a size, and since which version. */
	static const struct {
		uint32_t version;
		size_t at;
	} parts[] = {{3, SUB_VMCOREINFO}, {4, SUB_NOTES}, {5, SUB_ERASED - 8}};
	uint8_t main[HEADER_SIZE], sub[SUB_SIZE];
	struct stat file;
	bool sound = true;

	if (fstat(fd, &file) != 0 || pread(fd, main, sizeof(main), 0) != (ssize_t)sizeof(main) ||
		memcmp(main, SIGNATURE, strlen(SIGNATURE)) != 0)
		return true;
	if (pread(fd, sub, sizeof(sub), qt_le32(main + BLOCK_SIZE)) != (ssize_t)sizeof(sub))
		return because(why, "the dump is cut short");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t offset = qt_le64(sub + parts[i].at), size = qt_le64(sub + parts[i].at + 8);

		if (qt_le32(main + VERSION) >= parts[i].version)
			sound &= offset <= (uint64_t)file.st_size &&
				 size <= (uint64_t)file.st_size - offset;
	}
	return sound || because(why, "the dump is cut short, or its headers are damaged");
}

/* The name ends with a NUL, and is in a field of 65 bytes. */
static uint16_t machine_of(const uint8_t *name)
{
	static const char x86[] = "x86_64", arm[] = "aarch64";

	if (memcmp(name, x86, sizeof(x86)) == 0)
		return EM_X86_64;
	return memcmp(name, arm, sizeof(arm)) == 0 ? EM_AARCH64 : EM_NONE;
}

static const char *option_of(uint32_t status)
{
	static const struct {
		uint32_t bit;
		const char *option;
	} compressions[] = {{1u << 0, "-c"}, {1u << 1, "-l"}, {1u << 2, "-p"}, {1u << 5, "-z"}};

	for (size_t i = 0; i < sizeof(compressions) / sizeof(compressions[0]); i++)
		if (status & compressions[i].bit)
			return compressions[i].option;
	return NULL;
}

static bool read_notes(struct kdump_header *header, int fd, const uint8_t *sub, struct reason *why)
{
	uint64_t size = qt_le64(sub + SUB_NOTE_SIZE);

	if (!size || size > NOTES_MAX)
		return because(why, "the dump has no notes, or its headers are damaged");
	header->notes = malloc(size);
	if (!header->notes)
		return because_of(why, ENOMEM);
	header->notes_size = size;
	return read_at(fd, header->notes, size, qt_le64(sub + SUB_NOTES), why);
}

static bool read_headers(struct kdump_header *header, int fd, struct reason *why)
{
	uint8_t main[HEADER_SIZE], sub[SUB_SIZE];
	uint32_t block, status;

	if (!read_at(fd, main, sizeof(main), 0, why))
		return false;
	header->machine = machine_of(main + MACHINE);
	block = qt_le32(main + BLOCK_SIZE);
	status = qt_le32(main + STATUS);
	if (memcmp(main, SIGNATURE, strlen(SIGNATURE)) != 0 || header->machine == EM_NONE ||
		block < HEADER_SIZE || block > BLOCK_SIZE_MAX)
		return because(why, "not in makedumpfile's format of a 64-bit machine");
	if (!read_at(fd, sub, sizeof(sub), block, why))
		return false;
	if (status & INCOMPLETE || qt_le32(sub + SUB_SPLIT))
		return because(why, "not the whole of a dump");
	/* A new dump would not tell that anything was. */
	if (qt_le64(sub + SUB_ERASED))
		return because(why, "makedumpfile has erased parts of it");
	header->level = qt_le32(sub + SUB_LEVEL);
	header->option = option_of(status);
	return read_notes(header, fd, sub, why);
}

bool kdump_header_read(struct kdump_header *header, const char *path, struct reason *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool ok;

	memset(header, 0, sizeof(*header));
	if (fd < 0)
		return because_of(why, errno);
	ok = read_headers(header, fd, why);
	close(fd);
	return ok;
}

void kdump_header_free(struct kdump_header *header)
{
	free(header->notes);
	memset(header, 0, sizeof(*header));
}
