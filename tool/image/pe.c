/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "common/bytes.h"
#include "pe.h"

#define DOS_PE_OFFSET   0x3c /* u32, where the PE signature is */
#define DOS_HEADER_SIZE 0x40

/* Offsets from the PE signature ("PE Format", "COFF File Header"). */
enum coff_field {
	NUMBER_OF_SECTIONS = 6,       /* u16 */
	POINTER_TO_SYMBOL_TABLE = 12, /* u32, file offset or 0 */
	SIZE_OF_OPTIONAL_HEADER = 20, /* u16 */
	OPTIONAL_HEADER = 24,
};

/* Offsets from the optional header of PE32+ ("Optional Header"). */
enum optional_field {
	OPTIONAL_MAGIC = 0,           /* u16 */
	SIZE_OF_CODE = 4,             /* u32 */
	SIZE_OF_INITIALIZED_DATA = 8, /* u32 */
	ENTRY_POINT = 16,             /* u32, RVA */
	BASE_OF_CODE = 20,            /* u32, RVA */
	SIZE_OF_IMAGE = 56,           /* u32 */
	SIZE_OF_HEADERS = 60,         /* u32 */
	CHECKSUM = 64,                /* u32 */
	NUMBER_OF_DIRECTORIES = 108,  /* u32 */
	DIRECTORIES = 112,
};

#define PE32_PLUS             0x20b
#define DIRECTORY_SIZE        8 /* RVA and size */
#define DIRECTORY_CERTIFICATE 4 /* the one that holds a file offset, not an RVA */

/* Offsets in a section header ("Section Table"). */
enum section_field {
	SECTION_NAME = 0,         /* 8 bytes */
	VIRTUAL_SIZE = 8,         /* u32 */
	VIRTUAL_ADDRESS = 12,     /* u32, RVA */
	SIZE_OF_RAW_DATA = 16,    /* u32 */
	POINTER_TO_RAW_DATA = 20, /* u32, file offset */
	CHARACTERISTICS = 36,     /* u32 */
	SECTION_HEADER_SIZE = 40,
};

#define SECTION_HOLDS_CODE 0x20u /* IMAGE_SCN_CNT_CODE */

/* A header whose fixed fields, directories and section table all lie inside the setup sectors. */
struct pe {
	uint8_t *coff;     /* the PE signature */
	uint8_t *optional; /* the optional header */
	uint8_t *sections; /* the section table */
	uint32_t section_count;
	uint32_t directory_count;
};

bool pe_present(const uint8_t *setup, uint32_t setup_size)
{
	uint32_t offset;

	if (setup_size < DOS_HEADER_SIZE || memcmp(setup, "MZ", 2) != 0)
		return false;
	offset = qt_le32(setup + DOS_PE_OFFSET);
	return offset <= setup_size - 4 && memcmp(setup + offset, "PE\0\0", 4) == 0;
}

static bool pe_parse(struct pe *pe, uint8_t *setup, uint32_t setup_size, struct reason *why)
{
	uint64_t optional = (uint64_t)qt_le32(setup + DOS_PE_OFFSET) + OPTIONAL_HEADER;
	uint64_t sections;
	uint32_t optional_size;

	if (optional + DIRECTORIES > setup_size)
		return because(why, "damaged PE header: it ends outside the setup sectors");
	pe->coff = setup + optional - OPTIONAL_HEADER;
	pe->optional = setup + optional;
	if (qt_le16(pe->optional + OPTIONAL_MAGIC) != PE32_PLUS)
		return because(why, "PE header of a 32-bit kernel");

	optional_size = qt_le16(pe->coff + SIZE_OF_OPTIONAL_HEADER);
	pe->directory_count = qt_le32(pe->optional + NUMBER_OF_DIRECTORIES);
	if (DIRECTORIES + (uint64_t)DIRECTORY_SIZE * pe->directory_count > optional_size)
		return because(why, "damaged PE header: no room for its data directories");

	sections = optional + optional_size;
	pe->section_count = qt_le16(pe->coff + NUMBER_OF_SECTIONS);
	if (sections + (uint64_t)SECTION_HEADER_SIZE * pe->section_count > setup_size)
		return because(why, "damaged PE header: its section table ends outside the "
				    "setup sectors");
	pe->sections = setup + sections;
	return true;
}

bool pe_is_signed(uint8_t *setup, uint32_t setup_size)
{
	struct reason why;
	struct pe pe;

	return pe_present(setup, setup_size) && pe_parse(&pe, setup, setup_size, &why) &&
	       pe.directory_count > DIRECTORY_CERTIFICATE &&
	       qt_le32(pe.optional + DIRECTORIES + DIRECTORY_CERTIFICATE * DIRECTORY_SIZE) != 0;
}

static uint8_t *section_at(const struct pe *pe, uint32_t i)
{
	return pe->sections + (size_t)SECTION_HEADER_SIZE * i;
}

/* The section whose bytes in the file contain offset, or NULL. */
static uint8_t *section_of(const struct pe *pe, uint32_t offset)
{
	for (uint32_t i = 0; i < pe->section_count; i++) {
		uint8_t *section = section_at(pe, i);
		uint32_t start = qt_le32(section + POINTER_TO_RAW_DATA);

		if (offset >= start && offset - start < qt_le32(section + SIZE_OF_RAW_DATA))
			return section;
	}
	return NULL;
}

/* Adds delta to a field that holds an offset or address at or above from. */
static bool move_from(uint8_t *field, uint32_t from, uint32_t delta)
{
	return qt_le32(field) < from || add_le32(field, delta);
}

/*
 * The section ".compat" lists entry points for other machines: type 1, length 8,
 * u16 machine, u32 RVA, and so on until type 0 (Linux, arch/x86/boot/header.S,
 * "pecompat"; read by 64-bit kernels' boot loaders on 32-bit EFI firmware).
 * Where the section is in the setup sectors, its entries are ours to move.
 */
static bool move_compat_entries(
	uint8_t *setup, uint32_t setup_size, const uint8_t *section, uint32_t from, uint32_t delta)
{
	uint32_t offset = qt_le32(section + POINTER_TO_RAW_DATA);
	uint64_t end = (uint64_t)offset + qt_le32(section + SIZE_OF_RAW_DATA);

	if (end > setup_size)
		return true;
	while (offset + 8 <= end && setup[offset] == 1 && setup[offset + 1] >= 8) {
		if (!move_from(setup + offset + 4, from, delta))
			return false;
		offset += setup[offset + 1];
	}
	return true;
}

static bool move_sections(const struct pe *pe, uint8_t *setup, uint32_t setup_size,
	const uint8_t *growing, uint32_t from, uint32_t delta)
{
	for (uint32_t i = 0; i < pe->section_count; i++) {
		uint8_t *section = section_at(pe, i);

		if (memcmp(section + SECTION_NAME, ".compat\0", 8) == 0 &&
			!move_compat_entries(setup, setup_size, section, from, delta))
			return false;
		if (section == growing)
			continue;
		if (!move_from(section + VIRTUAL_ADDRESS, from, delta) ||
			!move_from(section + POINTER_TO_RAW_DATA, setup_size, delta))
			return false;
	}
	return true;
}

static bool move_directories(const struct pe *pe, uint32_t from, uint32_t delta)
{
	for (uint32_t i = 0; i < pe->directory_count; i++) {
		uint8_t *directory = pe->optional + DIRECTORIES + (size_t)DIRECTORY_SIZE * i;

		if (i == DIRECTORY_CERTIFICATE)
			memset(directory, 0, DIRECTORY_SIZE);
		else if (!move_from(directory, from, delta))
			return false;
	}
	return true;
}

bool pe_insert_prefix(uint8_t *setup, uint32_t setup_size, uint32_t prefix_size, struct reason *why)
{
	uint8_t *growing;
	uint32_t from;
	struct pe pe;
	bool code;

	if (!pe_parse(&pe, setup, setup_size, why))
		return false;
	growing = section_of(&pe, setup_size);
	if (!growing)
		return because(why, "PE header without a section for what is wrapped");

	if ((uint64_t)qt_le32(growing + VIRTUAL_ADDRESS) + qt_le32(growing + SIZE_OF_RAW_DATA) +
			prefix_size >
		UINT32_MAX)
		return because(why, "damaged PE header: a section does not fit into 4 GiB");
	/* The RVA of the first byte that moves. In every known layout it equals setup_size. */
	from = qt_le32(growing + VIRTUAL_ADDRESS) + setup_size -
	       qt_le32(growing + POINTER_TO_RAW_DATA);

	code = qt_le32(growing + CHARACTERISTICS) & SECTION_HOLDS_CODE;
	put_le32(pe.optional + CHECKSUM, 0);
	if (!move_sections(&pe, setup, setup_size, growing, from, prefix_size) ||
		!move_directories(&pe, from, prefix_size) ||
		!move_from(pe.coff + POINTER_TO_SYMBOL_TABLE, setup_size, prefix_size) ||
		!move_from(pe.optional + ENTRY_POINT, from, prefix_size) ||
		!add_le32(growing + VIRTUAL_SIZE, prefix_size) ||
		!add_le32(growing + SIZE_OF_RAW_DATA, prefix_size) ||
		!add_le32(pe.optional + SIZE_OF_IMAGE, prefix_size) ||
		!add_le32(pe.optional + (code ? SIZE_OF_CODE : SIZE_OF_INITIALIZED_DATA),
			prefix_size))
		return because(why, "damaged PE header: an offset or size does not fit");
	return true;
}

void pe_set_checksum(uint8_t *image, size_t size)
{
	uint8_t *checksum = image + qt_le32(image + DOS_PE_OFFSET) + OPTIONAL_HEADER + CHECKSUM;
	uint64_t sum = 0;
	size_t i;

	/* The sum of all 16-bit words with carries folded in, plus the size (as
	 * CheckSumMappedFile). */
	put_le32(checksum, 0);
	for (i = 0; i + 1 < size; i += 2)
		sum += qt_le16(image + i);
	if (i < size)
		sum += image[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put_le32(checksum, (uint32_t)(sum + size));
}
