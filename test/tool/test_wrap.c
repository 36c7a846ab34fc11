/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a wrapped image consists of, byte by byte. */
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define STAGE_SIZE 0x1234u
#define BSS_END    0x2345u
#define MIB        (1u << 20)

/* Wraps an image with a synthetic stage and reads the result. Free it. */
static struct bytes wrapped_bytes(const struct bytes *image, const char *version)
{
	struct bytes stage = synthetic_stage(version, STAGE_SIZE, BSS_END);
	struct outcome outcome;

	write_file("vmlinuz", image->data, image->size);
	write_file("stage", stage.data, stage.size);
	free(stage.data);
	outcome = quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output, "");
	assert_file_is("vmlinuz", image->data, image->size);
	return read_file("vmlinuz.quietus");
}

static void assert_zero(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (data[i])
			fail_msg("byte 0x%zx is 0x%x, not 0", i, data[i]);
}

/* Checks everything behind the setup sectors against the layout in quietus/stage_header.h. */
static void assert_prefix_and_payload(const struct bytes *wrapped, const struct synthetic *s,
	const char *version, uint32_t prefix_size)
{
	struct bytes stage = synthetic_stage(version, STAGE_SIZE, BSS_END);
	const uint8_t *prefix = wrapped->data + s->setup_size;
	const uint32_t setup_offset = 0x3000; /* BSS_END, page-aligned */
	const uint32_t setup_end = setup_offset + s->setup_size;
	struct qt_stage_header header;

	assert_int_equal(wrapped->size, s->image.size + prefix_size);
	memcpy(&header, prefix + 0x40, sizeof(header));
	assert_int_equal(header.prefix_size, prefix_size);
	assert_int_equal(header.setup_offset, setup_offset);
	assert_int_equal(header.setup_size, s->setup_size);
	assert_int_equal(header.arena_offset, (setup_end + 0xfff) / 0x1000 * 0x1000);
	assert_int_equal(header.original_size, s->image.size);
	assert_int_equal(header.memory_size, 2 * MIB);

	assert_memory_equal(prefix, stage.data, 0x40 + 0x40);
	assert_memory_equal(prefix + 0x40 + sizeof(header), stage.data + 0x40 + sizeof(header),
		STAGE_SIZE - 0x40 - sizeof(header));
	assert_zero(prefix + STAGE_SIZE, setup_offset - STAGE_SIZE);
	assert_memory_equal(prefix + setup_offset, s->image.data, s->setup_size);
	assert_zero(prefix + setup_end, prefix_size - setup_end);
	assert_memory_equal(
		prefix + prefix_size, s->image.data + s->setup_size, s->image.size - s->setup_size);
	free(stage.data);
}

/* Asserts that the 32-bit field grew by delta, then makes it equal in both. */
static void assert_grown(
	const struct bytes *wrapped, uint8_t *original, uint32_t field, uint32_t delta)
{
	assert_int_equal(le32(wrapped->data + field), le32(original + field) + delta);
	set_le32(original + field, le32(wrapped->data + field));
}

/* Exactly the fields that say where the protected-mode part is change. */
static void assert_boot_header(
	const struct bytes *wrapped, struct synthetic *s, uint32_t prefix_size)
{
	assert_grown(wrapped, s->image.data, SYSSIZE, prefix_size / 16);
	assert_grown(wrapped, s->image.data, PAYLOAD_OFFSET, prefix_size);
	assert_grown(wrapped, s->image.data, INIT_SIZE, prefix_size);
	assert_grown(wrapped, s->image.data, HANDOVER_OFFSET, prefix_size);
	assert_grown(wrapped, s->image.data, KERNEL_INFO_OFFSET, prefix_size);
	assert_memory_equal(wrapped->data, s->image.data, s->setup_size);
}

static void the_layout_is_as_documented(void **state)
{
	struct synthetic s = synthetic_image(NO_PE);
	struct bytes wrapped = wrapped_bytes(&s.image, "1.0");

	(void)state;
	assert_prefix_and_payload(&wrapped, &s, "1.0", 2 * MIB);
	assert_boot_header(&wrapped, &s, 2 * MIB);
	free(wrapped.data);
	free(s.image.data);
}

static void the_prefix_follows_kernel_alignment(void **state)
{
	static const struct {
		uint32_t alignment, prefix_size;
	} cases[] = {
		{0x1000, 2 * MIB}, {2 * MIB, 2 * MIB}, {4 * MIB, 4 * MIB}, {16 * MIB, 16 * MIB}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct synthetic s = synthetic_image(NO_PE);
		struct bytes wrapped;

		set_le32(s.image.data + KERNEL_ALIGNMENT, cases[i].alignment);
		wrapped = wrapped_bytes(&s.image, "1.0");
		assert_prefix_and_payload(&wrapped, &s, "1.0", cases[i].prefix_size);
		assert_boot_header(&wrapped, &s, cases[i].prefix_size);
		free(wrapped.data);
		free(s.image.data);
	}
}

static void setup_sectors_are_counted_as_the_protocol_says(void **state)
{
	static const uint8_t counts[] = {0, 1, 4, 255};

	(void)state;
	for (size_t i = 0; i < sizeof(counts); i++) {
		struct synthetic s = synthetic_image_with_setup_sects(counts[i]);
		struct bytes wrapped = wrapped_bytes(&s.image, "1.0");

		assert_int_equal(s.setup_size, 512 * (1 + (counts[i] ? counts[i] : 4)));
		assert_prefix_and_payload(&wrapped, &s, "1.0", 2 * MIB);
		free(wrapped.data);
		free(s.image.data);
	}
}

/* What a header of an older protocol does not have is not touched: code can be there. */
static void fields_of_newer_protocols_are_left_alone(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct synthetic s = synthetic_image(NO_PE);
		struct bytes wrapped;

		if (i == 0)
			set_le16(s.image.data + PROTOCOL, 0x020c);
		else
			s.image.data[HEADER_LENGTH] = 0x66;
		wrapped = wrapped_bytes(&s.image, "1.0");
		assert_int_equal(le32(wrapped.data + KERNEL_INFO_OFFSET),
			le32(s.image.data + KERNEL_INFO_OFFSET));
		assert_int_equal(le32(wrapped.data + HANDOVER_OFFSET),
			le32(s.image.data + HANDOVER_OFFSET) + 2 * MIB);
		free(wrapped.data);
		free(s.image.data);
	}
}

static void absent_offsets_stay_absent(void **state)
{
	struct synthetic s = synthetic_image(NO_PE);
	struct bytes wrapped;

	(void)state;
	set_le32(s.image.data + PAYLOAD_OFFSET, 0);
	set_le32(s.image.data + PAYLOAD_LENGTH, 0);
	set_le32(s.image.data + HANDOVER_OFFSET, 0);
	set_le32(s.image.data + KERNEL_INFO_OFFSET, 0);
	wrapped = wrapped_bytes(&s.image, "1.0");
	assert_int_equal(le32(wrapped.data + PAYLOAD_OFFSET), 0);
	assert_int_equal(le32(wrapped.data + HANDOVER_OFFSET), 0);
	assert_int_equal(le32(wrapped.data + KERNEL_INFO_OFFSET), 0);
	free(wrapped.data);
	free(s.image.data);
}

/* The conditions of bzImage64_probe() in Linux and in kexec-tools, which are the same but for the
 * last. */
static void kexec_would_take_the_result(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s.image, "1.0");
	const uint8_t *h = wrapped.data;

	(void)state;
	assert_memory_equal(h + HEADER_MAGIC, "HdrS", 4);
	assert_int_equal(le16(h + BOOT_FLAG), 0xaa55);
	assert_true(le16(h + PROTOCOL) >= 0x020c);
	assert_true(h[LOADFLAGS] & 1);
	assert_int_equal(h[XLOADFLAGS] & 3, 3);
	assert_int_equal(h[XLOADFLAGS] & 0x60, 0x60); /* 5-level paging, as the original */
	assert_true(wrapped.size >= 512u * (h[SETUP_SECTS] + 1u));
	assert_true(le32(h + INIT_SIZE) >= wrapped.size - s.setup_size);
	free(wrapped.data);
	free(s.image.data);
}

static void wrapping_again_replaces_the_stage(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wanted = wrapped_bytes(&s.image, "2.0-rc1");
	struct bytes old = wrapped_bytes(&s.image, "1.0");
	struct bytes stage = synthetic_stage("2.0-rc1", STAGE_SIZE, BSS_END);
	struct outcome outcome;

	(void)state;
	write_file("old", old.data, old.size);
	write_file("stage", stage.data, stage.size);
	outcome = quietus("wrap", "--stage", "stage", "--output", "new", "old", NULL);
	assert_success(&outcome);
	assert_file_is("new", wanted.data, wanted.size);
	assert_file_is("old", old.data, old.size);

	outcome = quietus("wrap", "--stage", "stage", "old", NULL);
	assert_success(&outcome);
	assert_file_is("old.quietus", wanted.data, wanted.size);
	free(stage.data);
	free(old.data);
	free(wanted.data);
	free(s.image.data);
}

static void check_names_the_stage(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s.image, "1.2~rc3");
	struct outcome outcome = quietus("wrap", "--check", "vmlinuz.quietus", NULL);

	(void)state;
	assert_success(&outcome);
	assert_string_equal(outcome.output, "vmlinuz.quietus: stage version 1.2~rc3\n");
	outcome = quietus("wrap", "--check", "vmlinuz", NULL);
	assert_refused(&outcome, "vmlinuz", "not a wrapped image");
	outcome = quietus("wrap", "--check", "nothing", NULL);
	assert_refused(&outcome, "nothing", "No such file");
	free(wrapped.data);
	free(s.image.data);
}

/* A tool in a build tree takes the stage that was built with it. */
static void the_stage_beside_the_tool_is_the_default(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes stage = synthetic_stage("beside", STAGE_SIZE, BSS_END);
	struct outcome outcome;

	(void)state;
	write_file("vmlinuz", s.image.data, s.image.size);
	outcome = run_program("cp", getenv("QUIETUS"), "tool", NULL);
	assert_success(&outcome);
	write_file("stage-x86_64.bin", stage.data, stage.size);
	outcome = run_program("./tool", "wrap", "vmlinuz", NULL);
	assert_success(&outcome);
	outcome = quietus("wrap", "--check", "vmlinuz.quietus", NULL);
	assert_string_equal(outcome.output, "vmlinuz.quietus: stage version beside\n");
	free(stage.data);
	free(s.image.data);
}

static const struct CMUnitTest tests[] = {
	TEST(the_layout_is_as_documented),
	TEST(the_prefix_follows_kernel_alignment),
	TEST(setup_sectors_are_counted_as_the_protocol_says),
	TEST(fields_of_newer_protocols_are_left_alone),
	TEST(absent_offsets_stay_absent),
	TEST(kexec_would_take_the_result),
	TEST(wrapping_again_replaces_the_stage),
	TEST(check_names_the_stage),
	TEST(the_stage_beside_the_tool_is_the_default),
};

const struct suite wrap_suite = SUITE(tests);
