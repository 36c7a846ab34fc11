/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "image.h"

static bool look(struct image *image, struct reason *why)
{
	if (!bzimage_parse(&image->bzimage, image->file.data, image->file.size, why))
		return false;
	image->wrapped = stage_find(&image->stage, &image->file, image->bzimage.setup_size, why);
	return image->wrapped != WRAPPED_BADLY;
}

bool image_read(struct image *image, const char *path, struct reason *why)
{
	memset(image, 0, sizeof(*image));
	if (!file_read(&image->file, path, IMAGE_SIZE_MAX, why))
		return false;
	if (look(image, why))
		return true;
	image_free(image);
	return false;
}

bool image_unwrap(struct image *image, struct reason *why)
{
	uint32_t setup_size = image->bzimage.setup_size;
	struct file original = {0};
	struct reason inner;

	if (image->wrapped != WRAPPED)
		return true;
	if (!stage_extract_original(&original, &image->file, &image->stage, why)) {
		image_free(image);
		return false;
	}
	file_free(&image->file);
	image->file = original;
	if (look(image, &inner) && image->wrapped == NOT_WRAPPED &&
		image->bzimage.setup_size == setup_size)
		return true;
	image_free(image);
	return because(why, "damaged: the original image inside is not a bzImage");
}

void image_free(struct image *image)
{
	file_free(&image->file);
	memset(image, 0, sizeof(*image));
}
