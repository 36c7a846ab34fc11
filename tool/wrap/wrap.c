/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus wrap`: put a stage into a kernel image, or say which one is inside. */
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/bytes.h"
#include "common/command.h"
#include "image/image.h"
#include "image/pe.h"

#define PAGE_SIZE 4096u

/*
 * The 64-bit kernel's own page tables map it in 2 MiB pages, so no kernel is
 * loaded at less, whatever its kernel_alignment says.
 */
#define PREFIX_ALIGNMENT (2u << 20)

/* Of the section that is the stage for arm64, and all that is behind it (its entry.S). */
#define PE_ALIGNMENT 0x200u

/* What a signature may add to the file: certificates and all, some 2 KiB each. */
#define SIGNATURE_ROOM (64u << 10)

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
static void default_stage(char *path, size_t size, const char *name)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n > 0) {
		self[n] = 0;
		if ((size_t)snprintf(path, size, "%s/%s", dirname(self), name) < size &&
			access(path, F_OK) == 0)
			return;
	}
	snprintf(path, size, "%s/%s", QT_LIBDIR, name);
}

/* An arm64 Image keeps its distance from multiples of 2 MiB, and is loaded uncompressed. */
static bool lay_out_arm64(
	struct qt_stage_header *header, const struct image *original, struct reason *why)
{
	const struct arm64_image *image = &original->arm64_image;
	uint64_t end;

	header->arena_offset = (uint32_t)round_up(header->bss_end, PAGE_SIZE);
	if (header->arena_offset >= header->memory_size)
		return because(why, "the stage leaves no memory to work with");
	header->prefix_size =
		(uint32_t)(round_up(header->memory_size, PREFIX_ALIGNMENT) + image->text_offset);
	end = header->prefix_size;
	if (image->kernel.data)
		end = round_up(end + (image->image_size > image->kernel.size ? image->image_size
									     : image->kernel.size),
			PAGE_SIZE);
	header->original_offset = (uint32_t)end;
	header->original_size = original->file.size;
	return true;
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

/*
 * The stage's one section ends with the stage. It grows over what follows, as it would
 * if that were put in front of the stage's last byte.
 */
static bool cover_arm64(struct file *wrapped, uint32_t stage_size, struct reason *why)
{
	if (!pe_present(wrapped->data, stage_size))
		return true;
	if (!pe_insert_prefix(
		    wrapped->data, stage_size - 1, (uint32_t)wrapped->size - stage_size, why))
		return false;
	pe_set_checksum(wrapped->data, wrapped->size);
	return true;
}

static bool compose_arm64(struct file *wrapped, const struct image *original,
	const struct file *stage, const struct qt_stage_header *header, struct reason *why)
{
	const struct arm64_image *image = &original->arm64_image;
	uint64_t memory = header->prefix_size + image->image_size, loaded;

	wrapped->size = round_up(header->original_offset + original->file.size, PE_ALIGNMENT);
	wrapped->mode = original->file.mode;
	wrapped->data = calloc(1, wrapped->size);
	if (!wrapped->data)
		return because_of(why, ENOMEM);
	memcpy(wrapped->data, stage->data, stage->size);
	memcpy(wrapped->data + QT_STAGE_HEADER_OFFSET, header, sizeof(*header));
	if (image->kernel.data)
		memcpy(wrapped->data + header->prefix_size, image->kernel.data, image->kernel.size);
	memcpy(wrapped->data + header->original_offset, original->file.data, original->file.size);
	/* What is in the file has room in memory, too, once it is signed: loaders insist. */
	loaded = wrapped->size + SIGNATURE_ROOM;
	arm64_set_header(wrapped->data, memory > loaded ? memory : loaded, image);
	return cover_arm64(wrapped, (uint32_t)stage->size, why);
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
		return because_of(why, ENOMEM);

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

	bool ok = original->arm64 ? lay_out_arm64(header, original, &why) &&
					    compose_arm64(&wrapped, original, stage, header, &why)
				  : lay_out(header, original, &why) &&
					    compose(&wrapped, original, stage, header, &why);

	if (!ok)
		result = refuse(path, &why);
	else if (!file_write_atomically(output, wrapped.data, wrapped.size, wrapped.mode, &why))
		result = refuse(output, &why);
	file_free(&wrapped);
	return result;
}

/* A stage for the same architecture as the image. */
static bool read_stage(struct file *stage, struct qt_stage_header *header, const char *path,
	bool arm64, struct reason *why)
{
	if (!file_read(stage, path, IMAGE_SIZE_MAX, why) || !stage_parse(header, stage, why))
		return false;
	return stage_is_arm64(stage) == arm64 ||
	       because(why, "a stage for %s, and the image is for %s", arm64 ? "x86-64" : "arm64",
		       arm64 ? "arm64" : "x86-64");
}

/* stage_path: NULL for the installed one. */
static int wrap(const char *path, const char *output, const char *stage_path)
{
	char installed[PATH_MAX];
	struct qt_stage_header header;
	struct image original;
	struct reason why;
	struct file stage;
	int result;

	if (!image_read(&original, path, &why) || !image_unwrap(&original, &why))
		return refuse(path, &why);
	if (!stage_path) {
		default_stage(installed, sizeof(installed),
			original.arm64 ? "stage-arm64.bin" : "stage-x86_64.bin");
		stage_path = installed;
	}
	if (read_stage(&stage, &header, stage_path, original.arm64, &why))
		result = write_wrapped(path, output, &original, &stage, &header);
	else
		result = refuse(stage_path, &why);
	file_free(&stage);
	image_free(&original);
	return result;
}

static int wrap_with_defaults(const struct wrap_options *options)
{
	char *output = NULL;
	int result;

	if (asprintf(&output, "%s.quietus", options->image) < 0) {
		struct reason why;

		reason_of_system(&why, ENOMEM);
		return refuse(options->image, &why);
	}
	result = wrap(options->image, options->output ? options->output : output, options->stage);
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
		why.hint = "'quietus wrap' makes one";
		return refuse(path, &why);
	}
	printf("%s: stage version %s%s\n", path, image.stage.version,
		image_is_signed(&image) ? ", signed" : "");
	image_free(&image);
	return EXIT_OK;
}

static int run(const void *given, char **operands, size_t count)
{
	struct wrap_options all = *(const struct wrap_options *)given;

	(void)count;
	if (all.check && (all.output || all.stage))
		return usage_error("wrap", "--check takes neither --output nor --stage");
	all.image = operands[0];
	return all.check ? check(all.image) : wrap_with_defaults(&all);
}

static const struct command_option options[] = {
	{"output", "OUT", "write to OUT instead of IMAGE.quietus",
		.offset = offsetof(struct wrap_options, output), .kind = ARGUMENT_FILE,
		.letter = 'o'},
	{"stage", "FILE", "use this stage instead of the installed one",
		.offset = offsetof(struct wrap_options, stage), .kind = ARGUMENT_FILE},
	{"check", NULL,
		"only say which stage version is in IMAGE, and whether that is signed; exit code 1 "
		"if there is none",
		.offset = offsetof(struct wrap_options, check)},
};

const struct command command_wrap = {
	.name = "wrap",
	.summary = "put the stage into a kernel image, for kexec to load",
	.synopsis = "[--output OUT] [--stage FILE] IMAGE\n"
		    "--check IMAGE",
	.description =
		"Writes a copy of the kernel IMAGE, a bzImage or an arm64 Image, with the Quietus "
		"stage in front of the kernel. 'kexec -p' loads it like the original. Wrapping an "
		"image that is wrapped already replaces its stage.",
	COMMAND_OPTIONS(struct wrap_options, options),
	.operands = {1, 1, ARGUMENT_FILE, .wrong = "exactly one IMAGE is needed"},
	.exits = EXITS_USUAL,
	.run = run,
};
