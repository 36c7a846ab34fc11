/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Compressed kernels, unpacked. */
#ifndef QUIETUS_TOOL_DECOMPRESS_H
#define QUIETUS_TOOL_DECOMPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/file.h"
#include "common/message.h"

/* Compression formats that kernels come in and that are understood here. */
enum compression {
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

/*
 * Unpacks into to->data, which the caller frees by file_free(). Bytes behind the
 * end of the stream are allowed. False with a reason when the data is damaged or
 * what comes out is larger than IMAGE_SIZE_MAX; *to then holds nothing.
 */
bool decompress(enum compression compression, struct file *to, const uint8_t *data, size_t size,
	struct reason *why);

#endif
