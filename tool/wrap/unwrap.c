/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus unwrap`: give the original kernel image back. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
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

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"output", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	char *output = NULL;
	int option, result;

	while ((option = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
		if (option != 'o') {
			free(output);
			return usage_error(argv[0], "unknown option or missing argument");
		}
		free(output);
		output = strdup(optarg);
	}
	if (optind + 1 != argc) {
		free(output);
		return usage_error(argv[0], "exactly one IMAGE is needed");
	}
	if (!output)
		output = default_output(argv[optind]);
	if (!output)
		return usage_error(
			argv[0], "--output is needed where IMAGE does not end in " SUFFIX);
	result = unwrap(argv[optind], output);
	free(output);
	return result;
}

const struct command command_unwrap = {
	.name = "unwrap",
	.summary = "give the original kernel image back, byte for byte",
	.usage = "Usage: quietus unwrap [--output OUT] IMAGE\n"
		 "\n"
		 "Writes the kernel image that was wrapped, byte for byte, also when the wrapped\n"
		 "image was signed since.\n"
		 "\n"
		 "  -o, --output OUT   write to OUT instead of IMAGE without its suffix .quietus\n"
		 "      --help         show this text\n",
	.run = run,
};
