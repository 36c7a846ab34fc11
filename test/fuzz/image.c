/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A kernel image, as `quietus wrap` gets it: patches to a file of a size that the
 * input begins with, with up to 4 MiB, so that there is room for a stage.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "image/image.h"
#include "image/pe.h"

#define FILE_SIZE_LOG2 22
#define PREFIX         (2u << 20)

/* What wrapping does to the setup sectors of an image that it accepted. */
static void insert_prefix(const struct image *image)
{
	uint32_t size = image->bzimage.setup_size;
	struct reason why;
	uint8_t *setup;

	FUZZ_CHECK(size <= image->file.size);
	image_is_signed(image);
	if (image->arm64)
		return;
	setup = malloc(size); /* of just this size, for the sanitizer */
	FUZZ_CHECK(setup);
	memcpy(setup, image->file.data, size);
	if (bzimage_insert_prefix(setup, PREFIX, &why) && pe_present(setup, size) &&
		pe_insert_prefix(setup, size, PREFIX, &why))
		pe_set_checksum(setup, size);
	free(setup);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[1 << FILE_SIZE_LOG2];
	struct fuzz_input input = {data, size};
	size_t file_size = fuzz_take(&input, 3) % sizeof(bytes) + 1;
	struct image image;
	struct reason why;

	memset(bytes, 0, file_size);
	fuzz_patch(&input, 3, bytes, file_size);
	if (!image_read(&image, fuzz_file(bytes, file_size), &why))
		return 0;
	insert_prefix(&image);
	if (image_unwrap(&image, &why))
		FUZZ_CHECK(image.wrapped == NOT_WRAPPED);
	image_free(&image);
	return 0;
}
