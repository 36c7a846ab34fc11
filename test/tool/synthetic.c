/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "synthetic.h"

#define PROTECTED_SIZE 0x6000u
#define TRAILER_SIZE   1234u

uint16_t le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t le32(const uint8_t *p)
{
	return le16(p) | (uint32_t)le16(p + 2) << 16;
}

void set_le16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)value;
	p[1] = (uint8_t)(value >> 8);
}

void set_le32(uint8_t *p, uint32_t value)
{
	set_le16(p, (uint16_t)value);
	set_le16(p + 2, (uint16_t)(value >> 16));
}

/* A fixed sequence without short periods, so that misplaced bytes are noticed. */
static void fill(uint8_t *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525u + 1013904223u;
		data[i] = (uint8_t)(seed >> 24);
	}
}

static void write_boot_header(uint8_t *image, uint8_t setup_sects)
{
	memset(image, 0, 0x26c);
	image[SETUP_SECTS] = setup_sects;
	set_le32(image + SYSSIZE, PROTECTED_SIZE / 16);
	set_le16(image + BOOT_FLAG, 0xaa55);
	image[HEADER_LENGTH - 1] = 0xeb;
	image[HEADER_LENGTH] = 0x6a;
	memcpy(image + HEADER_MAGIC, "HdrS", 4);
	set_le16(image + PROTOCOL, 0x020f);
	image[LOADFLAGS] = 1;
	set_le32(image + 0x214, 0x100000); /* code32_start */
	set_le32(image + KERNEL_ALIGNMENT, 0x200000);
	image[RELOCATABLE] = 1;
	image[RELOCATABLE + 1] = 21; /* min_alignment */
	set_le16(image + XLOADFLAGS, 0x7f);
	set_le32(image + 0x238, 2047); /* cmdline_size */
	set_le32(image + PAYLOAD_OFFSET, 0x300);
	set_le32(image + PAYLOAD_LENGTH, 0x4000);
	set_le32(image + 0x258, 0x1000000); /* pref_address */
	set_le32(image + INIT_SIZE, 0x900000);
	set_le32(image + HANDOVER_OFFSET, 0x4400);
	set_le32(image + KERNEL_INFO_OFFSET, 0x4500);
}

static struct synthetic make(uint8_t setup_sects)
{
	struct synthetic s = {
		.setup_size = 512u * (1u + (setup_sects ? setup_sects : 4)),
		.protected_size = PROTECTED_SIZE,
		.trailer_size = TRAILER_SIZE,
	};

	s.image.size = s.setup_size + s.protected_size + s.trailer_size;
	s.image.data = malloc(s.image.size);
	fill(s.image.data, s.image.size, 1);
	write_boot_header(s.image.data, setup_sects);
	return s;
}

struct synthetic synthetic_image_with_setup_sects(uint8_t setup_sects)
{
	return make(setup_sects);
}

struct section {
	const char *name;
	uint32_t size, address, raw_size, raw_offset, flags;
};

static void write_sections(struct synthetic *s, const struct section *sections, uint32_t count)
{
	s->section_count = count;
	for (uint32_t i = 0; i < count; i++) {
		uint8_t *p = s->image.data + s->sections + 40 * i;

		memset(p, 0, 40);
		memcpy(p, sections[i].name, strlen(sections[i].name));
		set_le32(p + 8, sections[i].size);
		set_le32(p + 12, sections[i].address);
		set_le32(p + 16, sections[i].raw_size);
		set_le32(p + 20, sections[i].raw_offset);
		set_le32(p + 36, sections[i].flags);
	}
}

static void write_compat(struct synthetic *s, uint32_t offset)
{
	uint8_t *p = s->image.data + offset;

	s->compat = offset;
	memset(p, 0, 32);
	p[0] = 1;
	p[1] = 8;
	set_le16(p + 2, 0x14c);
	set_le32(p + 4, s->setup_size + 0x4321);
}

static void write_pe(struct synthetic *s, bool page_aligned)
{
	uint32_t headers = page_aligned ? 0x1000 : 0x200;
	uint32_t alignment = page_aligned ? 0x1000 : 0x20;
	uint32_t setup = s->setup_size;
	uint32_t compat = page_aligned ? setup - 0x1000 : setup - 0x20;
	const struct section byte_aligned_sections[] = {
		{".setup", compat - 0x220, 0x200, compat - 0x220, 0x200, 0x60500020},
		{".reloc", 0x20, compat - 0x20, 0x20, compat - 0x20, 0x42100040},
		{".compat", 0x20, compat, 0x20, compat, 0x42100040},
		{".text", PROTECTED_SIZE, setup, PROTECTED_SIZE, setup, 0x60500020},
		{".bss", 0x8fa000, setup + PROTECTED_SIZE, 0, 0, 0xc8000080},
	};
	const struct section page_aligned_sections[] = {
		{".setup", compat - 0x1000, 0x1000, compat - 0x1000, 0x1000, 0x42000040},
		{".compat", 8, compat, 0x1000, compat, 0x42000040},
		{".text", 0x5000, setup, 0x5000, setup, 0x60000020},
		{".data", 0x8fb000, setup + 0x5000, 0x1000, setup + 0x5000, 0xc0000040},
	};
	uint8_t *pe, *optional;

	memcpy(s->image.data, "MZ", 2);
	s->pe = 0x40;
	set_le32(s->image.data + 0x3c, s->pe);
	pe = s->image.data + s->pe;
	memcpy(pe, "PE\0\0", 4);
	set_le16(pe + 4, 0x8664);
	set_le16(pe + 6, page_aligned ? 4 : 5);
	set_le16(pe + 20, 0xa0); /* SizeOfOptionalHeader */
	set_le16(pe + 22, 0x206);
	optional = pe + 24;
	set_le16(optional, 0x20b);
	set_le32(optional + 4, page_aligned ? 0x5000 : PROTECTED_SIZE); /* SizeOfCode */
	set_le32(optional + 8, 0x2000);
	set_le32(optional + 16, setup + 0x4600); /* AddressOfEntryPoint */
	set_le32(optional + 20, page_aligned ? setup : 0x200);
	set_le32(optional + 32, alignment);
	set_le32(optional + 36, page_aligned ? 0x200 : 0x20);
	set_le32(optional + 56, setup + 0x900000); /* SizeOfImage */
	set_le32(optional + 60, headers);
	set_le32(optional + 64, 0xdeadbeef); /* CheckSum */
	set_le16(optional + 68, 10);         /* EFI application */
	set_le32(optional + 108, 6);
	set_le32(optional + 112 + 8 * 4, setup + PROTECTED_SIZE); /* a signature */
	set_le32(optional + 112 + 8 * 4 + 4, TRAILER_SIZE);
	set_le32(optional + 112 + 8 * 5, page_aligned ? setup + 0x80 : compat - 0x20);
	set_le32(optional + 112 + 8 * 5 + 4, 10);
	s->sections = s->pe + 24 + 0xa0;
	if (page_aligned)
		write_sections(s, page_aligned_sections, 4);
	else
		write_sections(s, byte_aligned_sections, 5);
	write_compat(s, compat);
}

struct synthetic synthetic_image(enum pe_layout layout)
{
	/* The page-aligned layout needs whole pages, the other one is off by a sector on purpose.
	 */
	struct synthetic s = make(layout == PE_PAGE_ALIGNED ? 0x1f : 0x1e);

	if (layout != NO_PE)
		write_pe(&s, layout == PE_PAGE_ALIGNED);
	return s;
}

struct bytes synthetic_arm64_image(uint32_t text_offset)
{
	struct bytes image = {malloc(ARM64_KERNEL_SIZE), ARM64_KERNEL_SIZE};

	fill(image.data, image.size, (uint32_t)image.size);
	memset(image.data, 0, 0x100);
	memcpy(image.data, "MZ", 2);
	set_le32(image.data + ARM64_TEXT_OFFSET, text_offset);
	set_le32(image.data + ARM64_IMAGE_SIZE, ARM64_KERNEL_MEMORY);
	set_le32(image.data + ARM64_FLAGS, ARM64_KERNEL_FLAGS);
	memcpy(image.data + ARM64_MAGIC, "ARM\x64", 4);
	return image;
}

struct bytes synthetic_stage(const char *version, uint32_t size, uint32_t bss_end)
{
	struct qt_stage_header header = {
		.magic = QT_STAGE_MAGIC,
		.header_version = QT_STAGE_HEADER_VERSION,
		.header_size = sizeof(header),
		.image_size = size,
		.bss_end = bss_end,
		.memory_size = QT_STAGE_MEMORY_SIZE,
	};
	struct bytes stage = {malloc(size), size};

	fill(stage.data, size, size);
	memcpy(header.version, version, strlen(version));
	memcpy(stage.data + QT_STAGE_HEADER_OFFSET, &header, sizeof(header));
	return stage;
}
