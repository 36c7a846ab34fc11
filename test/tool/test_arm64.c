/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* arm64 Images in their three forms, with a stage in front and back again. */
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define STAGE_SIZE 0x1234u
#define BSS_END    0x2345u
#define MIB        (1u << 20)

/* Fields of the zboot header. */
#define ZBOOT_HEADER      64
#define ZBOOT_PAYLOAD     8
#define ZBOOT_SIZE        12
#define ZBOOT_COMPRESSION 24

static void write_stage(bool arm64)
{
	struct bytes stage = synthetic_stage("1.2.3", STAGE_SIZE, BSS_END);

	if (arm64) {
		memset(stage.data + 4, 0, ARM64_MAGIC - 4);
		memcpy(stage.data + ARM64_MAGIC, "ARM\x64", 4);
	}
	write_file("stage", stage.data, stage.size);
	free(stage.data);
}

static struct outcome wrap(void)
{
	return quietus("wrap", "--stage", "stage", "--output", "wrapped", "vmlinuz", NULL);
}

static void assert_wrap_refused(const char *reason)
{
	struct outcome outcome = wrap();

	assert_refused(&outcome, "vmlinuz", reason);
}

/* Packs the file "kernel" with a program that keeps no name and no time, and reads the result. */
static struct bytes packed(const char *program, const char *option, const char *output)
{
	struct outcome outcome = run_program(program, option, "-k", "-f", "kernel", NULL);

	assert_int_equal(outcome.code, 0);
	return read_file(output);
}

static struct bytes make_zboot(const struct bytes *payload, const char *compression)
{
	struct bytes zboot = {
		calloc(1, ZBOOT_HEADER + payload->size + 100), ZBOOT_HEADER + payload->size + 100};

	memcpy(zboot.data, "MZ\0\0zimg", 8);
	set_le32(zboot.data + ZBOOT_PAYLOAD, ZBOOT_HEADER);
	set_le32(zboot.data + ZBOOT_SIZE, (uint32_t)payload->size);
	strcpy((char *)zboot.data + ZBOOT_COMPRESSION, compression);
	memcpy(zboot.data + ZBOOT_HEADER, payload->data, payload->size);
	return zboot;
}

/* Wraps the file "vmlinuz", in which `kernel` is, looks at all of it, and unwraps it. */
static void assert_wraps(const struct bytes *kernel, uint32_t prefix_size, bool compressed)
{
	struct bytes original = read_file("vmlinuz"), wrapped;
	struct qt_stage_header header;
	struct outcome outcome = wrap();

	assert_success(&outcome);
	wrapped = read_file("wrapped");
	memcpy(&header, wrapped.data + 0x40, sizeof(header));
	assert_int_equal(header.prefix_size, prefix_size);
	assert_int_equal(header.arena_offset, 0x3000); /* BSS_END, page-aligned */
	assert_int_equal(header.original_size, original.size);

	assert_int_equal(le32(wrapped.data + ARM64_TEXT_OFFSET), 0);
	assert_int_equal(le32(wrapped.data + ARM64_FLAGS), ARM64_KERNEL_FLAGS);
	assert_true(le32(wrapped.data + ARM64_IMAGE_SIZE) >= prefix_size + ARM64_KERNEL_MEMORY);
	assert_true(le32(wrapped.data + ARM64_IMAGE_SIZE) >= wrapped.size);
	assert_memory_equal(wrapped.data + prefix_size, kernel->data, kernel->size);
	/* What the kernel has for its zeros must not hold the file it came from. */
	assert_true(compressed ? header.original_offset >= prefix_size + ARM64_KERNEL_MEMORY
			       : header.original_offset == prefix_size);
	assert_int_equal(
		wrapped.size, (header.original_offset + original.size + 0x1ff) & ~(size_t)0x1ff);

	outcome = quietus("wrap", "--check", "wrapped", NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output, "wrapped: stage version 1.2.3\n");
	outcome = quietus("unwrap", "--output", "back", "wrapped", NULL);
	assert_success(&outcome);
	assert_file_is("back", original.data, original.size);
	outcome = quietus("wrap", "--stage", "stage", "--output", "again", "wrapped", NULL);
	assert_success(&outcome);
	assert_file_is("again", wrapped.data, wrapped.size);
	free(wrapped.data);
	free(original.data);
}

static void a_raw_image_is_wrapped(void **state)
{
	static const uint32_t text_offsets[] = {0, 0x80000};

	(void)state;
	write_stage(true);
	for (size_t i = 0; i < 2; i++) {
		struct bytes kernel = synthetic_arm64_image(text_offsets[i]);

		write_file("vmlinuz", kernel.data, kernel.size);
		assert_wraps(&kernel, 2 * MIB + text_offsets[i], false);
		free(kernel.data);
	}
}

static void compressed_images_are_wrapped(void **state)
{
	static const struct {
		const char *program, *option, *output, *name;
	} formats[] = {
		{"gzip", "-n", "kernel.gz", "gzip"},
		{"zstd", "-q", "kernel.zst", "zstd"},
	};
	struct bytes kernel = synthetic_arm64_image(0);

	(void)state;
	write_stage(true);
	write_file("kernel", kernel.data, kernel.size);
	for (size_t i = 0; i < 2; i++) {
		struct bytes payload =
			packed(formats[i].program, formats[i].option, formats[i].output);
		struct bytes zboot = make_zboot(&payload, formats[i].name);

		write_file("vmlinuz", zboot.data, zboot.size);
		assert_wraps(&kernel, 2 * MIB, true);
		if (i == 0) {
			write_file("vmlinuz", payload.data, payload.size);
			assert_wraps(&kernel, 2 * MIB, true);
		}
		free(payload.data);
		free(zboot.data);
	}
	free(kernel.data);
}

static void a_stage_for_another_architecture_is_refused(void **state)
{
	struct bytes kernel = synthetic_arm64_image(0);
	struct synthetic s = synthetic_image(NO_PE);
	struct outcome outcome;

	(void)state;
	write_file("vmlinuz", kernel.data, kernel.size);
	write_stage(false);
	outcome = wrap();
	assert_refused(&outcome, "stage", "a stage for x86-64, and the image is for arm64");
	write_file("vmlinuz", s.image.data, s.image.size);
	write_stage(true);
	outcome = wrap();
	assert_refused(&outcome, "stage", "a stage for arm64, and the image is for x86-64");
	free(kernel.data);
	free(s.image.data);
}

static void assert_field_refused(unsigned field, uint32_t value, const char *reason)
{
	struct bytes kernel = synthetic_arm64_image(0);

	set_le32(kernel.data + field, value);
	write_file("vmlinuz", kernel.data, kernel.size);
	assert_wrap_refused(reason);
	free(kernel.data);
}

static void unfit_images_are_refused(void **state)
{
	(void)state;
	write_stage(true);
	assert_field_refused(ARM64_IMAGE_SIZE, 0, "older than Linux 3.17");
	assert_field_refused(ARM64_FLAGS, 1, "big-endian");
	assert_field_refused(ARM64_TEXT_OFFSET, 0x200000, "text_offset is 0x200000");
	assert_field_refused(ARM64_TEXT_OFFSET, 0x80001, "text_offset is 0x80001");
	assert_field_refused(ARM64_IMAGE_SIZE + 4, 1, "image_size is");
}

static void damaged_compressed_images_are_refused(void **state)
{
	struct bytes kernel = synthetic_arm64_image(0), gzip, zboot;

	(void)state;
	write_stage(true);
	write_file("kernel", kernel.data, kernel.size);
	gzip = packed("gzip", "-n", "kernel.gz");
	write_file("vmlinuz", gzip.data, gzip.size / 2);
	assert_wrap_refused("damaged: what is compressed with gzip");
	zboot = make_zboot(&gzip, "gzip");
	write_file("vmlinuz", zboot.data, zboot.size / 2);
	assert_wrap_refused("truncated: the compressed kernel is not all there");
	memcpy(zboot.data + ZBOOT_COMPRESSION, "lzma", 5);
	write_file("vmlinuz", zboot.data, zboot.size);
	assert_wrap_refused("compressed otherwise than with gzip or zstd");
	memset(zboot.data + ZBOOT_COMPRESSION, 'x', 40);
	write_file("vmlinuz", zboot.data, zboot.size);
	assert_wrap_refused("no end of the compression's name");
	free(gzip.data);
	free(zboot.data);

	kernel.data[ARM64_MAGIC] = 'B';
	write_file("kernel", kernel.data, kernel.size);
	gzip = packed("gzip", "-n", "kernel.gz");
	write_file("vmlinuz", gzip.data, gzip.size);
	assert_wrap_refused("compressed, and not an arm64 Image inside");
	free(gzip.data);
	free(kernel.data);
}

static void assert_header_refused(
	const struct bytes *wrapped, size_t at, uint32_t value, const char *reason)
{
	struct bytes damaged = {malloc(wrapped->size), wrapped->size};
	struct outcome outcome;

	memcpy(damaged.data, wrapped->data, wrapped->size);
	set_le32(damaged.data + 0x40 + at, value);
	write_file("damaged", damaged.data, damaged.size);
	outcome = quietus("unwrap", "--output", "back", "damaged", NULL);
	assert_refused(&outcome, "damaged", reason);
	free(damaged.data);
}

static void damaged_wrapped_images_are_refused(void **state)
{
	struct bytes kernel = synthetic_arm64_image(0), wrapped;
	struct outcome outcome;

	(void)state;
	write_stage(true);
	write_file("vmlinuz", kernel.data, kernel.size);
	outcome = wrap();
	assert_success(&outcome);
	wrapped = read_file("wrapped");
	/* Behind the original image there is room for a signature, from a multiple of 512 on. */
	write_file("damaged", wrapped.data, 2 * MIB + kernel.size - 1);
	outcome = quietus("unwrap", "--output", "back", "damaged", NULL);
	assert_refused(&outcome, "damaged", "truncated");
	assert_header_refused(&wrapped, offsetof(struct qt_stage_header, original_offset),
		UINT32_MAX, "truncated");
	assert_header_refused(&wrapped, offsetof(struct qt_stage_header, original_offset), MIB,
		"the original image is not behind it");
	assert_header_refused(&wrapped, offsetof(struct qt_stage_header, prefix_size), MIB,
		"the original image is not behind it");
	assert_header_refused(
		&wrapped, offsetof(struct qt_stage_header, original_size) + 4, 1, "truncated");
	free(wrapped.data);
	free(kernel.data);
}

static const struct CMUnitTest tests[] = {
	TEST(a_raw_image_is_wrapped),
	TEST(compressed_images_are_wrapped),
	TEST(a_stage_for_another_architecture_is_refused),
	TEST(unfit_images_are_refused),
	TEST(damaged_compressed_images_are_refused),
	TEST(damaged_wrapped_images_are_refused),
};

const struct suite arm64_suite = SUITE(tests);
