/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "arm64.h"
#include "common/bytes.h"
#include "decompress.h"

/* Offsets of the Image header's fields (booting.rst). */
enum field {
	TEXT_OFFSET = 8, /* u64 */
	IMAGE_SIZE = 16, /* u64 */
	FLAGS = 24,      /* u64 */
	MAGIC = 56,      /* "ARM\x64" */
	HEADER_END = 64,
};

#define FLAG_BIG_ENDIAN 1u

/* The kernel is loaded this far above a multiple of 2 MiB. */
#define TEXT_OFFSET_MAX (2u << 20)

/* Offsets of the zboot header's fields (zboot-header.S). */
enum zboot_field {
	ZBOOT_MAGIC = 4,         /* "zimg" */
	ZBOOT_PAYLOAD = 8,       /* u32, offset of what is compressed */
	ZBOOT_PAYLOAD_SIZE = 12, /* u32 */
	ZBOOT_COMPRESSION = 24,  /* NUL-terminated */
	ZBOOT_COMPRESSION_END = 56,
};

bool arm64_is_raw(const uint8_t *data, size_t size)
{
	return size >= HEADER_END && memcmp(data + MAGIC, "ARM\x64", 4) == 0;
}

bool arm64_is_zboot(const uint8_t *data, size_t size)
{
	return size >= HEADER_END && memcmp(data, "MZ", 2) == 0 &&
	       memcmp(data + ZBOOT_MAGIC, "zimg", 4) == 0;
}

bool is_gzip(const uint8_t *data, size_t size)
{
	return size >= 2 && memcmp(data, "\x1f\x8b", 2) == 0;
}

static bool unpack_zboot(struct file *to, const uint8_t *data, size_t size, struct reason *why)
{
	static const char *const names[] = {"gzip", "zstd"};
	static const enum compression compressions[] = {COMPRESSION_GZIP, COMPRESSION_ZSTD};
	const char *name = (const char *)data + ZBOOT_COMPRESSION;
	uint32_t at = qt_le32(data + ZBOOT_PAYLOAD);
	uint32_t payload_size = qt_le32(data + ZBOOT_PAYLOAD_SIZE);

	if (!memchr(name, 0, ZBOOT_COMPRESSION_END - ZBOOT_COMPRESSION))
		return because(why, "damaged EFI zboot header: no end of the compression's name");
	if (at > size || payload_size > size - at)
		return because(why, "truncated: the compressed kernel is not all there");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return decompress(compressions[i], to, data + at, payload_size, why);
	return because(why, "an EFI zboot image compressed otherwise than with gzip or zstd");
}

static bool unpack(struct file *to, const uint8_t *data, size_t size, struct reason *why)
{
	if (arm64_is_zboot(data, size))
		return unpack_zboot(to, data, size, why);
	return decompress(COMPRESSION_GZIP, to, data, size, why);
}

/* The conditions of Linux's own loader, image_load() in kexec_image.c, and a little more. */
static bool check(struct arm64_image *image, const uint8_t *data, size_t size, struct reason *why)
{
	image->text_offset = qt_le64(data + TEXT_OFFSET);
	image->image_size = qt_le64(data + IMAGE_SIZE);
	image->flags = qt_le64(data + FLAGS);
	if (!image->image_size)
		return because(why, "an arm64 Image older than Linux 3.17: it does not say how "
				    "much memory it needs");
	if (image->flags & FLAG_BIG_ENDIAN)
		return because(why, "an arm64 Image of a big-endian kernel");
	if (image->text_offset >= TEXT_OFFSET_MAX || image->text_offset % 4096)
		return because(why, "damaged Image header: text_offset is 0x%llx",
			(unsigned long long)image->text_offset);
	if (image->image_size > IMAGE_SIZE_MAX)
		return because(why, "damaged Image header: image_size is 0x%llx",
			(unsigned long long)image->image_size);
	/* Code and data, which are followed by what is zero at first; a signature may follow. */
	if (size <= HEADER_END)
		return because(why, "truncated: the file ends behind the Image header");
	return true;
}

bool arm64_parse(struct arm64_image *image, const uint8_t *data, size_t size, struct reason *why)
{
	bool ok;

	memset(image, 0, sizeof(*image));
	if (arm64_is_raw(data, size))
		return check(image, data, size, why);
	if (!unpack(&image->kernel, data, size, why))
		return false;
	ok = arm64_is_raw(image->kernel.data, image->kernel.size)
		     ? check(image, image->kernel.data, image->kernel.size, why)
		     : because(why, "compressed, and not an arm64 Image inside");
	if (!ok)
		arm64_free(image);
	return ok;
}

void arm64_free(struct arm64_image *image)
{
	file_free(&image->kernel);
	memset(image, 0, sizeof(*image));
}

static void put_le64(uint8_t *p, uint64_t value)
{
	put_le32(p, (uint32_t)value);
	put_le32(p + 4, (uint32_t)(value >> 32));
}

void arm64_set_header(uint8_t *stage, uint64_t image_size, const struct arm64_image *image)
{
	put_le64(stage + IMAGE_SIZE, image_size);
	put_le64(stage + FLAGS, image->flags);
}
