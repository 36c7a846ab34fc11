/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "common/bytes.h"
#include "bzimage.h"

#define SECTOR_SIZE 512u

/* Offsets of the setup header's fields in the file (boot.rst, "The Real-Mode Kernel Header"). */
enum field {
	SETUP_SECTS = 0x1f1,      /* u8, setup sectors after the boot sector; 0 means 4 */
	SYSSIZE = 0x1f4,          /* u32, protected-mode part in 16-byte paragraphs */
	BOOT_FLAG = 0x1fe,        /* u16, 0xaa55 */
	HEADER_LENGTH = 0x201,    /* u8, the jump's operand: the header ends this far after 0x202 */
	HEADER_MAGIC = 0x202,     /* "HdrS" */
	PROTOCOL = 0x206,         /* u16, major << 8 | minor */
	LOADFLAGS = 0x211,        /* u8 */
	KERNEL_ALIGNMENT = 0x230, /* u32 */
	RELOCATABLE_KERNEL = 0x234, /* u8 */
	XLOADFLAGS = 0x236,         /* u16 */
	PAYLOAD_OFFSET = 0x248,     /* u32, from the start of the protected-mode part */
	PAYLOAD_LENGTH = 0x24c,     /* u32 */
	INIT_SIZE = 0x260,          /* u32, memory needed from the load address on */
	HANDOVER_OFFSET = 0x264,    /* u32, from the start of the protected-mode part */
	KERNEL_INFO_OFFSET = 0x268, /* u32, likewise; protocol 2.15 */
	HEADER_END_2_12 = 0x268,    /* where the header of protocol 2.12 ends */
	HEADER_END_2_15 = 0x26c,    /* and that of 2.15 */
	ENTRY_64 = 0x200,           /* the 64-bit entry, in the protected-mode part */
};

#define LOADED_HIGH                0x01 /* loadflags */
#define XLF_KERNEL_64              0x01 /* xloadflags */
#define XLF_CAN_BE_LOADED_ABOVE_4G 0x02
#define PROTOCOL_MIN               0x020c
#define PROTOCOL_KERNEL_INFO       0x020f

/* The largest CONFIG_PHYSICAL_ALIGN that arch/x86/Kconfig allows. */
#define KERNEL_ALIGNMENT_MAX (16u << 20)

struct signature {
	size_t offset;
	const char *bytes;
	size_t length;
	const char *what;
};

/* Files that people take for a bzImage, by the bytes that tell them apart. */
static const struct signature other_formats[] = {
	{0,
		"\xfd"
		"7zXZ",
		6, "compressed with xz: uncompress it first"},
	{0, "\x28\xb5\x2f\xfd", 4, "compressed with zstd: uncompress it first"},
	{0, "BZh", 3, "compressed with bzip2: uncompress it first"},
	{0, "\x02\x21\x4c\x18", 4, "compressed with lz4: uncompress it first"},
	{0, "\x5d\x00\x00", 3, "compressed with lzma: uncompress it first"},
	{0, "\x89LZO", 4, "compressed with lzop: uncompress it first"},
	{0x38, "RSC\x05", 4, "a RISC-V Image: only x86-64 and arm64 are supported"},
	{0,
		"\x7f"
		"ELF",
		4, "an ELF file (vmlinux?): a bzImage or an arm64 Image is needed"},
};

static bool has_signature(const uint8_t *data, size_t size, const struct signature *signature)
{
	return size >= signature->offset + signature->length &&
	       memcmp(data + signature->offset, signature->bytes, signature->length) == 0;
}

static bool is_bzimage(const uint8_t *data, size_t size, struct reason *why)
{
	for (size_t i = 0; i < sizeof(other_formats) / sizeof(other_formats[0]); i++)
		if (has_signature(data, size, &other_formats[i]))
			return because(why, "%s", other_formats[i].what);
	if (size == 0)
		return because(why, "empty file");
	if (size < HEADER_MAGIC + 4)
		return because(why, "too short for a bzImage or an arm64 Image");
	if (qt_le16(data + BOOT_FLAG) != 0xaa55 || memcmp(data + HEADER_MAGIC, "HdrS", 4) != 0)
		return because(why, "not a bzImage (no x86 boot header), nor an arm64 Image");
	return true;
}

/* The conditions of Linux's own loader, bzImage64_probe() in kexec-bzimage64.c, and a little more.
 */
static bool can_hold_stage(const uint8_t *data, struct reason *why)
{
	uint16_t protocol = qt_le16(data + PROTOCOL);
	uint16_t xloadflags = qt_le16(data + XLOADFLAGS);

	if (protocol < PROTOCOL_MIN)
		return because(why, "boot protocol %u.%02u is too old, 2.12 or later is needed",
			protocol >> 8, protocol & 0xff);
	if (!(data[LOADFLAGS] & LOADED_HIGH))
		return because(why, "a zImage: only a bzImage is supported");
	if (!(xloadflags & XLF_KERNEL_64))
		return because(why, "not a 64-bit kernel (XLF_KERNEL_64 is not set)");
	if (!data[RELOCATABLE_KERNEL])
		return because(why, "not a relocatable kernel (CONFIG_RELOCATABLE)");
	if (!(xloadflags & XLF_CAN_BE_LOADED_ABOVE_4G))
		return because(why, "not relocatable above 4 GiB "
				    "(XLF_CAN_BE_LOADED_ABOVE_4G is not set)");
	return true;
}

static uint32_t header_end(const uint8_t *data)
{
	return HEADER_MAGIC + data[HEADER_LENGTH];
}

static bool has_kernel_info(const uint8_t *data)
{
	return qt_le16(data + PROTOCOL) >= PROTOCOL_KERNEL_INFO &&
	       header_end(data) >= HEADER_END_2_15;
}

bool bzimage_parse(struct bzimage *image, const uint8_t *data, size_t size, struct reason *why)
{
	uint64_t syssize, payload_end;

	if (!is_bzimage(data, size, why))
		return false;
	if (size < HEADER_END_2_15)
		return because(why, "truncated: the file ends inside the boot header");
	if (!can_hold_stage(data, why))
		return false;
	if (header_end(data) < HEADER_END_2_12)
		return because(why, "damaged boot header: it ends before init_size");

	image->setup_size = SECTOR_SIZE * (1u + (data[SETUP_SECTS] ? data[SETUP_SECTS] : 4));
	syssize = 16ull * qt_le32(data + SYSSIZE);
	if (size < image->setup_size + syssize)
		return because(why, "truncated: %zu bytes, %llu expected", size,
			(unsigned long long)(image->setup_size + syssize));
	if (syssize <= ENTRY_64)
		return because(why, "damaged boot header: no room for a 64-bit entry");
	payload_end = (uint64_t)qt_le32(data + PAYLOAD_OFFSET) + qt_le32(data + PAYLOAD_LENGTH);
	if (payload_end > syssize)
		return because(why, "damaged boot header: the payload ends outside the image");
	if (qt_le32(data + INIT_SIZE) < syssize)
		return because(why, "damaged boot header: init_size is smaller than the image");

	image->kernel_alignment = qt_le32(data + KERNEL_ALIGNMENT);
	if (!is_power_of_two(image->kernel_alignment) ||
		image->kernel_alignment > KERNEL_ALIGNMENT_MAX)
		return because(why, "damaged boot header: kernel_alignment is 0x%x",
			image->kernel_alignment);
	return true;
}

bool bzimage_insert_prefix(uint8_t *setup, uint32_t prefix_size, struct reason *why)
{
	/*
	 * What counts from the start of the protected-mode part moves with it; 0
	 * means "none" in all of them. code32_start and pref_address are where the
	 * image as a whole is loaded, and stay.
	 */
	static const enum field offsets[] = {PAYLOAD_OFFSET, HANDOVER_OFFSET, KERNEL_INFO_OFFSET};

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		uint8_t *field = setup + offsets[i];

		if (offsets[i] == KERNEL_INFO_OFFSET && !has_kernel_info(setup))
			continue;
		if (qt_le32(field) && !add_le32(field, prefix_size))
			return because(why, "damaged boot header: the offset at 0x%x is 0x%x",
				offsets[i], qt_le32(field));
	}
	if (!add_le32(setup + SYSSIZE, prefix_size / 16) ||
		!add_le32(setup + INIT_SIZE, prefix_size))
		return because(why, "too large for a stage: no room in syssize or init_size");
	return true;
}
