/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus wrap`: put a stage into a kernel image, or say which one is inside. */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "command.h"
#include "image.h"
#include "pe.h"

#define STAGE_NAME "stage-x86_64.bin"
#define PAGE_SIZE  4096u

/*
 * The 64-bit kernel's own page tables map it in 2 MiB pages, so no kernel is
 * loaded at less, whatever its kernel_alignment says.
 */
#define PREFIX_ALIGNMENT (2u << 20)

struct wrap_options {
	const char *image;
	const char *output; /* NULL for the default */
	const char *stage;  /* NULL for the default */
	bool check;
};

/*
 * The stage that belongs to this executable: beside it in a build tree, under
 * QT_LIBDIR once installed.
 */
static void default_stage(char *path, size_t size)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = 0;
		if ((size_t)snprintf(path, size, "%s/" STAGE_NAME, dirname(self)) < size &&
			access(path, F_OK) == 0)
			return;
	}
	snprintf(path, size, "%s", QT_LIBDIR "/" STAGE_NAME);
}

/* Fills in where things are in the prefix. False with a reason when they do not fit. */
static bool lay_out(
	struct qt_stage_header *header, const struct image *original, struct reason *why)
{
	uint64_t setup_offset = round_up(header->bss_end, PAGE_SIZE);
	uint64_t arena_offset = round_up(setup_offset + original->bzimage.setup_size, PAGE_SIZE);
	uint32_t alignment = original->bzimage.kernel_alignment;

	if (arena_offset >= header->memory_size)
		return because(why, "the stage has no room for the setup sectors");
	if (alignment < PREFIX_ALIGNMENT)
		alignment = PREFIX_ALIGNMENT;
	header->prefix_size = (uint32_t)round_up(header->memory_size, alignment);
	header->setup_offset = (uint32_t)setup_offset;
	header->setup_size = original->bzimage.setup_size;
	header->arena_offset = (uint32_t)arena_offset;
	header->original_size = original->file.size;
	return true;
}

/* Composes the wrapped image as quietus/stage_header.h describes it. */
static bool compose(struct file *wrapped, const struct image *original, const struct file *stage,
	const struct qt_stage_header *header, struct reason *why)
{
	const uint8_t *data = original->file.data;
	uint32_t setup_size = header->setup_size;
	uint8_t *prefix;

	wrapped->size = original->file.size + header->prefix_size;
	wrapped->mode = original->file.mode;
	wrapped->data = calloc(1, wrapped->size);
	if (!wrapped->data)
		return because(why, "%s", strerror(ENOMEM));

	memcpy(wrapped->data, data, setup_size);
	prefix = wrapped->data + setup_size;
	memcpy(prefix, stage->data, stage->size);
	memcpy(prefix + QT_STAGE_HEADER_OFFSET, header, sizeof(*header));
	memcpy(prefix + header->setup_offset, data, setup_size);
	memcpy(prefix + header->prefix_size, data + setup_size, original->file.size - setup_size);

	if (!bzimage_insert_prefix(wrapped->data, header->prefix_size, why))
		return false;
	if (pe_present(wrapped->data, setup_size)) {
		if (!pe_insert_prefix(wrapped->data, setup_size, header->prefix_size, why))
			return false;
		pe_set_checksum(wrapped->data, wrapped->size);
	}
	return true;
}

/* Builds the wrapped image and writes it. Returns an exit code. */
static int write_wrapped(const char *path, const char *output, const struct image *original,
	const struct file *stage, struct qt_stage_header *header)
{
	struct file wrapped = {0};
	struct reason why;
	int result = EXIT_OK;

	if (!lay_out(header, original, &why) || !compose(&wrapped, original, stage, header, &why))
		result = refuse(path, &why);
	else if (!file_write_atomically(output, wrapped.data, wrapped.size, wrapped.mode, &why))
		result = refuse(output, &why);
	file_free(&wrapped);
	return result;
}

static int wrap(const char *path, const char *output, const char *stage_path)
{
	struct qt_stage_header header;
	struct image original;
	struct reason why;
	struct file stage;
	int result;

	if (!image_read(&original, path, &why) || !image_unwrap(&original, &why))
		return refuse(path, &why);
	if (file_read(&stage, stage_path, IMAGE_SIZE_MAX, &why) &&
		stage_parse(&header, &stage, &why))
		result = write_wrapped(path, output, &original, &stage, &header);
	else
		result = refuse(stage_path, &why);
	file_free(&stage);
	image_free(&original);
	return result;
}

static int wrap_with_defaults(const struct wrap_options *options)
{
	char stage[PATH_MAX];
	char *output = NULL;
	int result;

	default_stage(stage, sizeof(stage));
	if (asprintf(&output, "%s.quietus", options->image) < 0) {
		struct reason why;

		reason_set(&why, "%s", strerror(ENOMEM));
		return refuse(options->image, &why);
	}
	result = wrap(options->image, options->output ? options->output : output,
		options->stage ? options->stage : stage);
	free(output);
	return result;
}

static int check(const char *path)
{
	struct image image;
	struct reason why;

	if (!image_read(&image, path, &why))
		return refuse(path, &why);
	if (image.wrapped != WRAPPED) {
		image_free(&image);
		reason_set(&why, "not a wrapped image");
		return refuse(path, &why);
	}
	printf("%s: stage version %s\n", path, image.stage.version);
	image_free(&image);
	return EXIT_OK;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"output", required_argument, NULL, 'o'},
		{"stage", required_argument, NULL, 's'},
		{"check", no_argument, NULL, 'c'},
		{NULL, 0, NULL, 0},
	};
	struct wrap_options options = {0};
	int option;

	while ((option = getopt_long(argc, argv, "o:", long_options, NULL)) != -1) {
		switch (option) {
		case 'o':
			options.output = optarg;
			break;
		case 's':
			options.stage = optarg;
			break;
		case 'c':
			options.check = true;
			break;
		default:
			return usage_error(argv[0], "unknown option or missing argument");
		}
	}
	if (optind + 1 != argc)
		return usage_error(argv[0], "exactly one IMAGE is needed");
	if (options.check && (options.output || options.stage))
		return usage_error(argv[0], "--check takes neither --output nor --stage");
	options.image = argv[optind];
	return options.check ? check(options.image) : wrap_with_defaults(&options);
}

const struct command command_wrap = {
	.name = "wrap",
	.summary = "put the stage into a kernel image, for kexec to load",
	.usage = "Usage: quietus wrap [--output OUT] [--stage FILE] IMAGE\n"
		 "       quietus wrap --check IMAGE\n"
		 "\n"
		 "Writes a copy of the bzImage IMAGE with the Quietus stage in front of the\n"
		 "kernel. 'kexec -p' loads it like the original. Wrapping an image that is\n"
		 "wrapped already replaces its stage.\n"
		 "\n"
		 "  -o, --output OUT   write to OUT instead of IMAGE.quietus\n"
		 "      --stage FILE   use this stage instead of the installed one\n"
		 "      --check        only say which stage version is in IMAGE;\n"
		 "                     exit code 1 if there is none\n"
		 "      --help         show this text\n",
	.run = run,
};
