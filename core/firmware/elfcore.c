// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The ELF core header of the dead kernel: its PT_LOAD segments are its RAM
 * (System V ABI, "ELF Header" and "Program Header"; Linux,
 * Documentation/admin-guide/kdump/vmcoreinfo.rst and `elfcorehdr=`).
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>
#include <quietus/memory.h>

/* Elf64_Ehdr */
#define EHDR_SIZE      64
#define EHDR_CLASS     4
#define EHDR_DATA      5
#define EHDR_VERSION   6
#define EHDR_TYPE      16
#define EHDR_PHOFF     32
#define EHDR_PHENTSIZE 54
#define EHDR_PHNUM     56

#define ELFCLASS64  2
#define ELFDATA2LSB 1
#define EV_CURRENT  1
#define ET_CORE     4
#define PN_XNUM     0xffff /* the number is elsewhere: no crash dump header does that */

/* Elf64_Phdr */
#define PHDR_SIZE  56
#define PHDR_TYPE  0
#define PHDR_PADDR 24
#define PHDR_MEMSZ 40

#define PT_LOAD 1

/* p_paddr of a segment that has no physical address. */
#define NO_PADDR UINT64_MAX

/* Program headers read at a time. */
#define BATCH 16

static bool is_core(const uint8_t *ehdr)
{
	return memcmp(ehdr, "\177ELF", 4) == 0 && ehdr[EHDR_CLASS] == ELFCLASS64 &&
	       ehdr[EHDR_DATA] == ELFDATA2LSB && ehdr[EHDR_VERSION] == EV_CURRENT &&
	       qt_le16(ehdr + EHDR_TYPE) == ET_CORE && qt_le16(ehdr + EHDR_PHENTSIZE) == PHDR_SIZE;
}

/* Whether the program headers lie in the file, if its size is known, and in the address space. */
static bool inside(qt_phys at, uint64_t size, uint64_t offset, uint64_t len)
{
	uint64_t limit = size ? size : UINT64_MAX - at;

	return limit <= UINT64_MAX - at && offset >= EHDR_SIZE && offset <= limit &&
	       len <= limit - offset;
}

static int add_segment(const uint8_t *phdr, struct qt_ranges *ram)
{
	uint64_t start = qt_le64(phdr + PHDR_PADDR);
	uint64_t size = qt_le64(phdr + PHDR_MEMSZ);

	if (qt_le32(phdr + PHDR_TYPE) != PT_LOAD || size == 0 || start == NO_PADDR)
		return QT_OK;
	if (size > UINT64_MAX - start)
		return QT_E_BAD;
	return qt_ranges_add(ram, start, start + size);
}

static int add_segments(const struct qt_host *host, qt_phys at, size_t count, struct qt_ranges *ram)
{
	uint8_t batch[BATCH * PHDR_SIZE];

	while (count > 0) {
		size_t n = count < BATCH ? count : BATCH;
		int error = host->read(host->context, at, batch, n * PHDR_SIZE);
		for (size_t i = 0; i < n && !error; i++)
			error = add_segment(batch + i * PHDR_SIZE, ram);
		if (error)
			return error;
		at += n * PHDR_SIZE;
		count -= n;
	}
	return QT_OK;
}

int qt_elfcore_ram(const struct qt_host *host, qt_phys at, uint64_t size, struct qt_ranges *ram)
{
	uint8_t ehdr[EHDR_SIZE];

	if ((size != 0 && size < EHDR_SIZE) || at > UINT64_MAX - EHDR_SIZE)
		return QT_E_BAD;
	int error = host->read(host->context, at, ehdr, sizeof(ehdr));
	if (error)
		return error;
	if (!is_core(ehdr))
		return QT_E_BAD;

	uint16_t count = qt_le16(ehdr + EHDR_PHNUM);
	if (count == PN_XNUM)
		return QT_E_LIMIT;
	uint64_t offset = qt_le64(ehdr + EHDR_PHOFF);
	if (count == 0 || !inside(at, size, offset, (uint64_t)count * PHDR_SIZE))
		return QT_E_BAD;
	return add_segments(host, at + offset, count, ram);
}
