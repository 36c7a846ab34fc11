/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The x86 bzImage format: what it must be to get a stage, and how its setup
 * header changes when a prefix is put before the protected-mode part.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst (the x86 boot protocol).
 */
#ifndef QUIETUS_TOOL_BZIMAGE_H
#define QUIETUS_TOOL_BZIMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message.h"

/* What wrapping needs to know of a bzImage that was found fit for it. */
struct bzimage {
	uint32_t setup_size;       /* of boot sector and setup sectors, in bytes */
	uint32_t kernel_alignment; /* of the protected-mode part in memory, a power of two */
};

/*
 * Checks that data is a whole bzImage that a stage can be put into: 64-bit,
 * relocatable, boot protocol 2.12 or later, nothing cut off. The data is
 * hostile: every offset it holds is checked before use. False with a reason
 * that names what the file is instead, where that can be told.
 */
bool bzimage_parse(struct bzimage *image, const uint8_t *data, size_t size, struct reason *why);

/*
 * Adapts the setup header in setup (image->setup_size bytes, of an image that
 * bzimage_parse() accepted) to a prefix of prefix_size bytes before the
 * protected-mode part. False with a reason when a field has no room for it.
 */
bool bzimage_insert_prefix(uint8_t *setup, uint32_t prefix_size, struct reason *why);

#endif
