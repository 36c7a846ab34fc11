/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * boot_params, what a loader hands a Linux kernel on x86, by offset.
 *
 * Source: Linux, Documentation/arch/x86/zero-page.rst and boot.rst.
 */
#ifndef QUIETUS_STAGE_BOOT_PARAMS_H
#define QUIETUS_STAGE_BOOT_PARAMS_H

#include <stddef.h>
#include <stdint.h>

#include <quietus/memory.h>
#include <quietus/types.h>

#define BOOT_PARAMS_SIZE 4096

enum boot_params_offset {
	BP_ACPI_RSDP = 0x070,        /* 8 bytes */
	BP_EXT_CMD_LINE_PTR = 0x0c8, /* upper half of BP_CMD_LINE_PTR */
	BP_EFI_SIGNATURE = 0x1c0,    /* "EL64" */
	BP_EFI_SYSTAB = 0x1c4,
	BP_EFI_SYSTAB_HIGH = 0x1d8,
	BP_E820_ENTRIES = 0x1e8,   /* 1 byte */
	BP_SETUP_SECTS = 0x1f1,    /* 1 byte: the setup header starts here */
	BP_SYSSIZE = 0x1f4,        /* 16-byte units */
	BP_HEADER_LENGTH = 0x201,  /* 1 byte: the setup header ends this far behind 0x202 */
	BP_HEADER_MAGIC = 0x202,   /* "HdrS" */
	BP_VERSION = 0x206,        /* 2 bytes */
	BP_KERNEL_VERSION = 0x20e, /* 2 bytes: of its text, behind the first sector */
	BP_CODE32_START = 0x214,
	BP_CMD_LINE_PTR = 0x228,
	BP_CMDLINE_SIZE = 0x238, /* without the NUL */
	BP_PAYLOAD_OFFSET = 0x248,
	BP_SETUP_DATA = 0x250, /* 8 bytes */
	BP_INIT_SIZE = 0x260,
	BP_HANDOVER_OFFSET = 0x264,
	BP_KERNEL_INFO_OFFSET = 0x268, /* from boot protocol 2.15 on */
	BP_E820_TABLE = 0x2d0,
};

#define BP_EFI_SIGNATURE_64    0x34364c45 /* "EL64" */
#define BP_HEADER_MAGIC_VALUE  0x53726448 /* "HdrS" */
#define BP_VERSION_KERNEL_INFO 0x20f

/* struct boot_e820_entry: u64 address, u64 size, u32 type; at most 128 in the page. */
#define E820_TABLE_MAX  128
#define E820_ENTRY_SIZE 20

enum e820_type {
	E820_RAM = 1,
	E820_RESERVED = 2,
	E820_ACPI = 3,
	E820_NVS = 4,
	E820_RESERVED_KERNEL = 128,
};

/* struct setup_data: u64 next, u32 type, u32 length, then that many bytes. */
#define SETUP_DATA_HEADER_SIZE 16
#define SETUP_E820_EXT         1 /* more e820 entries */
#define SETUP_EFI              4 /* what EFI's tables said before they were made virtual */

static inline uint32_t boot_get32(const uint8_t *page, size_t at)
{
	uint32_t value;

	memcpy(&value, page + at, sizeof(value));
	return value;
}

static inline uint64_t boot_get64(const uint8_t *page, size_t at)
{
	uint64_t value;

	memcpy(&value, page + at, sizeof(value));
	return value;
}

static inline void boot_set32(uint8_t *page, size_t at, uint32_t value)
{
	memcpy(page + at, &value, sizeof(value));
}

static inline void boot_set64(uint8_t *page, size_t at, uint64_t value)
{
	memcpy(page + at, &value, sizeof(value));
}

#endif
