/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Small bzImages, arm64 Images and stages, made up field by field, and ways to look at what came
 * out. */
#ifndef TEST_TOOL_SYNTHETIC_H
#define TEST_TOOL_SYNTHETIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quietus/stage_header.h"

/* Fields of the boot header that tests change or look at (boot.rst). */
enum {
	SETUP_SECTS = 0x1f1,
	SYSSIZE = 0x1f4,
	BOOT_FLAG = 0x1fe,
	HEADER_LENGTH = 0x201,
	HEADER_MAGIC = 0x202,
	PROTOCOL = 0x206,
	LOADFLAGS = 0x211,
	KERNEL_ALIGNMENT = 0x230,
	RELOCATABLE = 0x234,
	XLOADFLAGS = 0x236,
	PAYLOAD_OFFSET = 0x248,
	PAYLOAD_LENGTH = 0x24c,
	INIT_SIZE = 0x260,
	HANDOVER_OFFSET = 0x264,
	KERNEL_INFO_OFFSET = 0x268,
};

/* Fields of an arm64 Image's header (booting.rst). */
enum {
	ARM64_TEXT_OFFSET = 8,
	ARM64_IMAGE_SIZE = 16,
	ARM64_FLAGS = 24,
	ARM64_MAGIC = 56,
};

/* Of synthetic arm64 Images. */
#define ARM64_KERNEL_SIZE   0x23456u
#define ARM64_KERNEL_MEMORY 0x40000u
#define ARM64_KERNEL_FLAGS  0xau

enum pe_layout {
	NO_PE,
	PE_BYTE_ALIGNED, /* kernels up to 6.6: .setup, .reloc, .compat, .text, .bss; alignment 32 */
	PE_PAGE_ALIGNED, /* kernels from 6.7 on: .setup, .compat, .text, .data; alignment 4 KiB */
};

struct bytes {
	uint8_t *data; /* malloc'ed */
	size_t size;
};

/* Where things are in a synthetic image. */
struct synthetic {
	struct bytes image;
	uint32_t setup_size;
	uint32_t protected_size; /* 16 * syssize */
	uint32_t trailer_size;   /* bytes behind it, like a signature */
	uint32_t pe;             /* offset of the PE signature */
	uint32_t sections;       /* offset of the section table */
	uint32_t section_count;
	uint32_t compat; /* offset of the .compat section's bytes */
};

/*
 * A 64-bit relocatable bzImage of boot protocol 2.15, filled with bytes that
 * differ from place to place. Free image.data.
 */
struct synthetic synthetic_image(enum pe_layout layout);

/* The same with setup_sects as given, which may be 0 for 4. No PE header. */
struct synthetic synthetic_image_with_setup_sects(uint8_t setup_sects);

/* An arm64 Image to be loaded so far above a multiple of 2 MiB. No PE header. Free data. */
struct bytes synthetic_arm64_image(uint32_t text_offset);

/* A bare stage of size bytes, whose bss ends at bss_end. Free data. */
struct bytes synthetic_stage(const char *version, uint32_t size, uint32_t bss_end);

uint16_t le16(const uint8_t *p);
uint32_t le32(const uint8_t *p);
void set_le16(uint8_t *p, uint16_t value);
void set_le32(uint8_t *p, uint32_t value);

#endif
