/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stage binaries, and the images they are in. The layout of both is described
 * in quietus/stage_header.h.
 */
#ifndef QUIETUS_TOOL_STAGE_H
#define QUIETUS_TOOL_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "quietus/stage_header.h"
#include "common/file.h"
#include "common/message.h"

/*
 * Copies the header out of a bare stage binary, checked: this version of the
 * format, whole, and not filled in by an earlier wrap. False with a reason
 * otherwise.
 */
bool stage_parse(struct qt_stage_header *header, const struct file *stage, struct reason *why);

/* What is_wrapped() can find. */
enum wrapped {
	NOT_WRAPPED,   /* no stage where one would be */
	WRAPPED,       /* a stage whose header is consistent with the file */
	WRAPPED_BADLY, /* a stage, but its original image cannot be given back; why says more */
};

/* Whether a stage binary is for arm64, else for x86-64. */
bool stage_is_arm64(const struct file *stage);

/*
 * Looks for a stage in an image whose setup sectors take setup_size bytes (an arm64
 * Image has none), and
 * copies its header, every offset in it checked against the file. Bytes behind
 * the original image, such as a signature made after wrapping, are allowed.
 */
enum wrapped stage_find(struct qt_stage_header *header, const struct file *image,
	uint32_t setup_size, struct reason *why);

/*
 * Puts the original image together again from a wrapped one, whose header
 * stage_find() gave. original->data is owned by the caller, who frees it with
 * file_free(). False with a reason when there is no memory for it.
 */
bool stage_extract_original(struct file *original, const struct file *image,
	const struct qt_stage_header *header, struct reason *why);

#endif
