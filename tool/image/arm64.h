/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The arm64 Image format: raw, compressed with gzip, or inside an EFI zboot
 * program.
 *
 * Sources: Linux, Documentation/arch/arm64/booting.rst ("Call the kernel image") and
 * drivers/firmware/efi/libstub/zboot-header.S.
 */
#ifndef QUIETUS_TOOL_ARM64_H
#define QUIETUS_TOOL_ARM64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/file.h"
#include "common/message.h"

/* What wrapping needs to know of an Image that was found fit for it. */
struct arm64_image {
	struct file kernel;   /* uncompressed; data is NULL where the file itself is that */
	uint64_t text_offset; /* bytes from a multiple of 2 MiB to where it is loaded */
	uint64_t image_size;  /* memory that it needs from there on */
	uint64_t flags;
};

/* What a file is, by its first bytes. */
bool arm64_is_raw(const uint8_t *data, size_t size);
bool arm64_is_zboot(const uint8_t *data, size_t size);
bool is_gzip(const uint8_t *data, size_t size);

/*
 * Checks an Image in one of its three forms, whose contents are hostile, and
 * uncompresses it. False with a reason when it is none that a stage can be put
 * into; *image then holds nothing.
 */
bool arm64_parse(struct arm64_image *image, const uint8_t *data, size_t size, struct reason *why);

/* Frees what arm64_parse() took. */
void arm64_free(struct arm64_image *image);

/* Fills in the header of a stage in front of an Image. */
void arm64_set_header(uint8_t *stage, uint64_t image_size, const struct arm64_image *image);

#endif
