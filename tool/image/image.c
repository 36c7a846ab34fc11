/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <string.h>

#include "image.h"
#include "pe.h"

static bool look_at_arm64(struct image *image, struct reason *why)
{
	const struct file *file = &image->file;

	image->wrapped = stage_find(&image->stage, file, 0, why);
	if (image->wrapped == NOT_WRAPPED)
		return arm64_parse(&image->arm64_image, file->data, file->size, why);
	return image->wrapped == WRAPPED;
}

static bool is_arm64(const struct file *file)
{
	return arm64_is_raw(file->data, file->size) || arm64_is_zboot(file->data, file->size) ||
	       is_gzip(file->data, file->size);
}

static bool look(struct image *image, struct reason *why)
{
	image->arm64 = is_arm64(&image->file);
	if (image->arm64)
		return look_at_arm64(image, why);
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
	bool arm64 = image->arm64;
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
	if (look(image, &inner) && image->wrapped == NOT_WRAPPED && image->arm64 == arm64 &&
		image->bzimage.setup_size == setup_size)
		return true;
	image_free(image);
	return because(why, "damaged: the original image inside is not %s",
		arm64 ? "an arm64 Image" : "a bzImage");
}

bool image_is_signed(const struct image *image)
{
	const struct file *file = &image->file;

	return pe_is_signed(
		file->data, image->arm64 ? (uint32_t)file->size : image->bzimage.setup_size);
}

void image_free(struct image *image)
{
	file_free(&image->file);
	arm64_free(&image->arm64_image);
	memset(image, 0, sizeof(*image));
}
