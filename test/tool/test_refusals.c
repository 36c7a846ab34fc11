/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is not wrapped: one line that says why, exit code 1, and no file left. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

/* Wraps "vmlinuz", which must be refused for this reason without a trace in the folder. */
static void assert_wrap_refused(const char *reason)
{
	char before[4096], after[4096];
	struct outcome outcome;

	list_folder(before, sizeof(before));
	outcome = quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
	assert_refused(&outcome, "vmlinuz", reason);
	list_folder(after, sizeof(after));
	assert_string_equal(before, after);
}

static void write_stage(void)
{
	struct bytes stage = synthetic_stage("1.0", 0x1000, 0x2000);

	write_file("stage", stage.data, stage.size);
	free(stage.data);
}

/* A valid image with value stored in size bytes at offset must be refused. */
static void assert_field_refused(uint32_t offset, uint32_t size, uint32_t value, const char *reason)
{
	struct synthetic s = synthetic_image(NO_PE);

	for (uint32_t i = 0; i < size; i++)
		s.image.data[offset + i] = (uint8_t)(value >> 8 * i);
	write_file("vmlinuz", s.image.data, s.image.size);
	assert_wrap_refused(reason);
	free(s.image.data);
}

static void other_formats_are_named(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		size_t length;
		const char *reason;
	} formats[] = {
		{0, "\xfd\x37\x7a\x58\x5a\x00", 6, "compressed with xz"},
		{0, "\x28\xb5\x2f\xfd", 4, "compressed with zstd"},
		{0, "\x42\x5a\x68\x39", 4, "compressed with bzip2"},
		{0, "\x02\x21\x4c\x18", 4, "compressed with lz4"},
		{0, "\x5d\x00\x00\x00", 4, "compressed with lzma"},
		{0, "\x89\x4c\x5a\x4f\x00", 5, "compressed with lzop"},
		{0x38, "\x52\x53\x43\x05", 4, "RISC-V"},
		{0, "\x7f\x45\x4c\x46", 4, "ELF"},
		{0, "#!/bin/sh\n", 10, "not a bzImage"},
		{0x202, "HdrX", 4, "not a bzImage"},
	};

	(void)state;
	write_stage();
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		uint8_t image[0x8000] = {0};

		memcpy(image + formats[i].offset, formats[i].bytes, formats[i].length);
		write_file("vmlinuz", image, sizeof(image));
		assert_wrap_refused(formats[i].reason);
	}
}

static void unfit_kernels_are_refused(void **state)
{
	(void)state;
	write_stage();
	assert_field_refused(BOOT_FLAG, 2, 0, "not a bzImage");
	assert_field_refused(PROTOCOL, 2, 0x020b, "boot protocol 2.11 is too old");
	assert_field_refused(PROTOCOL, 2, 0x0009, "boot protocol 0.09 is too old");
	assert_field_refused(LOADFLAGS, 1, 0, "zImage");
	assert_field_refused(XLOADFLAGS, 2, 0x7e, "not a 64-bit kernel");
	assert_field_refused(XLOADFLAGS, 2, 0x7d, "not relocatable above 4 GiB");
	assert_field_refused(RELOCATABLE, 1, 0, "not a relocatable kernel");
}

static void damaged_headers_are_refused(void **state)
{
	(void)state;
	write_stage();
	assert_field_refused(HEADER_LENGTH, 1, 0x20, "ends before init_size");
	assert_field_refused(KERNEL_ALIGNMENT, 4, 0, "kernel_alignment");
	assert_field_refused(KERNEL_ALIGNMENT, 4, 0x300000, "kernel_alignment");
	assert_field_refused(KERNEL_ALIGNMENT, 4, 0x2000000, "kernel_alignment");
	assert_field_refused(KERNEL_ALIGNMENT, 4, 0x80000000, "kernel_alignment");
	assert_field_refused(PAYLOAD_OFFSET, 4, 0x5000, "payload");
	assert_field_refused(PAYLOAD_OFFSET, 4, 0xffffffff, "payload");
	assert_field_refused(PAYLOAD_LENGTH, 4, 0xffffffff, "payload");
	assert_field_refused(INIT_SIZE, 4, 0x5fff, "init_size");
	assert_field_refused(INIT_SIZE, 4, 0xffe00000, "init_size");
	assert_field_refused(INIT_SIZE, 4, 0xffffffff, "init_size");
	assert_field_refused(HANDOVER_OFFSET, 4, 0xffe00000, "the offset at 0x264");
	assert_field_refused(KERNEL_INFO_OFFSET, 4, 0xffffffff, "the offset at 0x268");
	assert_field_refused(SYSSIZE, 4, 0x20, "64-bit entry");
	assert_field_refused(SYSSIZE, 4, 0, "64-bit entry");
	assert_field_refused(SYSSIZE, 4, 0xffffffff, "truncated");
	assert_field_refused(SETUP_SECTS, 1, 0xff, "truncated");
}

static void images_cut_off_anywhere_are_refused(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	size_t whole = s.setup_size + s.protected_size;

	(void)state;
	write_stage();
	for (size_t size = 0; size < whole; size += size < 0x280 ? 3 : 997) {
		write_file("vmlinuz", s.image.data, size);
		assert_wrap_refused(size == 0 ? "empty" : size < 0x206 ? "too short" : "truncated");
	}
	write_file("vmlinuz", s.image.data, whole - 1);
	assert_wrap_refused("truncated");
	free(s.image.data);
}

static void unreadable_files_are_refused(void **state)
{
	const struct handicap permissions = {.file_permissions = 1};
	struct outcome outcome;

	(void)state;
	write_stage();
	assert_wrap_refused("No such file");
	assert_int_equal(mkdir("vmlinuz", 0700), 0);
	assert_wrap_refused("Is a directory");
	assert_int_equal(rmdir("vmlinuz"), 0);
	assert_int_equal(symlink("vmlinuz", "vmlinuz"), 0);
	assert_wrap_refused("Too many levels of symbolic links");
	assert_int_equal(unlink("vmlinuz"), 0);

	write_file("vmlinuz", (const uint8_t *)"", 0);
	assert_int_equal(chmod("vmlinuz", 0), 0);
	outcome = handicapped_quietus(&permissions, "wrap", "--stage", "stage", "vmlinuz", NULL);
	assert_refused(&outcome, "vmlinuz", "Permission denied");
}

static void endless_files_are_refused(void **state)
{
	struct outcome outcome = quietus("wrap", "--check", "/dev/zero", NULL);

	(void)state;
	assert_refused(&outcome, "/dev/zero", "larger than the 1024 MiB");
}

static void assert_stage_refused(const uint8_t *data, size_t size, const char *reason)
{
	struct outcome outcome;

	write_file("stage", data, size);
	outcome = quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
	assert_refused(&outcome, "stage", reason);
	assert_int_not_equal(access("vmlinuz.quietus", F_OK), 0);
}

static void unfit_stages_are_refused(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		const char *reason;
	} damages[] = {
		{0x00, 0, "not a stage"},          /* magic */
		{0x08, 2, "stage format 2"},       /* header_version */
		{0x0c, 92, "stage format"},        /* header_size */
		{0x10, 0x07070707, "version"},     /* version */
		{0x30, 0x1001, "truncated stage"}, /* image_size */
		{0x30, 0x200, "sizes contradict"}, {0x34, 0xfff, "sizes contradict"}, /* bss_end */
		{0x34, 0x200001, "sizes contradict"},
		{0x38, 0x200800, "sizes contradict"},                           /* memory_size */
		{0x38, 0x400000, "memory size"}, {0x40, 1, "not a bare stage"}, /* prefix_size */
		{0x50, 1, "not a bare stage"},                                  /* original_size */
	};
	struct synthetic s = synthetic_image(NO_PE);
	struct bytes stage = synthetic_stage("1.0", 0x1000, 0x2000);
	struct outcome outcome;

	(void)state;
	write_file("vmlinuz", s.image.data, s.image.size);
	outcome = quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
	assert_refused(&outcome, "stage", "No such file");
	assert_stage_refused(stage.data, 0x97, "too short");
	assert_stage_refused(stage.data, 0xfff, "truncated stage");
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct bytes damaged = synthetic_stage("1.0", 0x1000, 0x2000);

		set_le32(damaged.data + 0x40 + damages[i].offset, damages[i].value);
		assert_stage_refused(damaged.data, damaged.size, damages[i].reason);
		free(damaged.data);
	}
	memset(stage.data + 0x50, 'x', 32);
	assert_stage_refused(stage.data, stage.size, "no end of the version");
	free(stage.data);
	free(s.image.data);
}

static void a_stage_without_room_for_the_setup_sectors_is_refused(void **state)
{
	struct synthetic s = synthetic_image(NO_PE);
	struct bytes stage = synthetic_stage("1.0", 0x1000, 0x200000 - 0x4000);
	struct outcome outcome;

	(void)state;
	write_file("vmlinuz", s.image.data, s.image.size);
	write_file("stage", stage.data, stage.size);
	outcome = quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
	assert_refused(&outcome, "vmlinuz", "no room for the setup sectors");
	free(stage.data);
	free(s.image.data);
}

static const struct CMUnitTest tests[] = {
	TEST(other_formats_are_named),
	TEST(unfit_kernels_are_refused),
	TEST(damaged_headers_are_refused),
	TEST(images_cut_off_anywhere_are_refused),
	TEST(unreadable_files_are_refused),
	TEST(endless_files_are_refused),
	TEST(unfit_stages_are_refused),
	TEST(a_stage_without_room_for_the_setup_sectors_is_refused),
};

const struct suite refusal_suite = SUITE(tests);
