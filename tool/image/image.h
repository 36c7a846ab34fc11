/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A kernel image as the subcommands see it: read from a file, with or without a stage inside. */
#ifndef QUIETUS_TOOL_IMAGE_H
#define QUIETUS_TOOL_IMAGE_H

#include <stdbool.h>

#include "arm64.h"
#include "bzimage.h"
#include "common/file.h"
#include "common/message.h"
#include "stage.h"

struct image {
	struct file file;
	bool arm64; /* else a bzImage */
	struct bzimage bzimage;
	struct arm64_image arm64_image; /* not of a wrapped one */
	enum wrapped wrapped;           /* never WRAPPED_BADLY */
	struct qt_stage_header stage;   /* where wrapped == WRAPPED */
};

/*
 * Reads and checks an image. False with a reason when it cannot be read, is not
 * an image fit for a stage, or has a stage that is damaged; *image then holds
 * nothing.
 */
bool image_read(struct image *image, const char *path, struct reason *why);

/*
 * Replaces a wrapped image by its original, checked in its turn; does nothing to
 * one that is not wrapped. False with a reason when what comes out is no image of its kind;
 * *image then holds nothing.
 */
bool image_unwrap(struct image *image, struct reason *why);

/* Whether it has a signature for Secure Boot, whoever made it. */
bool image_is_signed(const struct image *image);

/* Frees what image_read() took. */
void image_free(struct image *image);

#endif
