/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus unwrap`: give the original kernel image back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/command.h"
#include "image/image.h"

#define SUFFIX ".quietus"

/* IMAGE without its suffix, to be freed; NULL when it has none. */
static char *default_output(const char *image)
{
	size_t length = strlen(image);
	size_t suffix = strlen(SUFFIX);

	if (length <= suffix || image[length - suffix - 1] == '/' ||
		strcmp(image + length - suffix, SUFFIX) != 0)
		return NULL;
	return strndup(image, length - suffix);
}

static int unwrap(const char *path, const char *output)
{
	struct image image;
	struct reason why;
	int result = EXIT_OK;

	if (!image_read(&image, path, &why))
		return refuse(path, &why);
	if (image.wrapped != WRAPPED) {
		reason_set(&why, "not a wrapped image");
		why.hint = "'quietus wrap' makes one";
		result = refuse(path, &why);
	} else if (!image_unwrap(&image, &why)) {
		result = refuse(path, &why);
	} else if (!file_write_atomically(
			   output, image.file.data, image.file.size, image.file.mode, &why)) {
		result = refuse(output, &why);
	}
	image_free(&image);
	return result;
}

struct unwrap_options {
	const char *output;
};

static int run(const void *given, char **operands, size_t count)
{
	const struct unwrap_options *words = given;
	char *output = words->output ? strdup(words->output) : default_output(operands[0]);
	int result;

	(void)count;
	if (!output)
		return usage_error(
			"unwrap", "--output is needed where IMAGE does not end in " SUFFIX);
	result = unwrap(operands[0], output);
	free(output);
	return result;
}

static const struct command_option options[] = {
	{"output", "OUT", "write to OUT instead of IMAGE without its suffix .quietus",
		.offset = offsetof(struct unwrap_options, output), .kind = ARGUMENT_FILE,
		.letter = 'o'},
};

const struct command command_unwrap = {
	.name = "unwrap",
	.summary = "give the original kernel image back, byte for byte",
	.synopsis = "[--output OUT] IMAGE",
	.description =
		"Writes the kernel image that was wrapped, byte for byte, also when the wrapped "
		"image was signed since.",
	COMMAND_OPTIONS(struct unwrap_options, options),
	.operands = {1, 1, ARGUMENT_FILE, .wrong = "exactly one IMAGE is needed"},
	.exits = EXITS_USUAL,
	.run = run,
};
