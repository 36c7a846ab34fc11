/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The original comes back byte for byte, or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests.h"

#define PREFIX (2u << 20)

static const enum pe_layout layouts[] = {NO_PE, PE_BYTE_ALIGNED, PE_PAGE_ALIGNED};

static struct bytes wrapped_bytes(const struct synthetic *s)
{
	struct bytes stage = synthetic_stage("1.0", 0x1000, 0x2000);
	struct outcome outcome;

	write_file("original", s->image.data, s->image.size);
	write_file("stage", stage.data, stage.size);
	free(stage.data);
	outcome = quietus("wrap", "--stage", "stage", "--output", "k.quietus", "original", NULL);
	assert_success(&outcome);
	return read_file("k.quietus");
}

static void assert_unwraps_to(const struct bytes *wrapped, const struct synthetic *s)
{
	struct outcome outcome;

	write_file("k.quietus", wrapped->data, wrapped->size);
	outcome = quietus("unwrap", "k.quietus", NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output, "");
	assert_file_is("k", s->image.data, s->image.size);
}

static void the_original_comes_back(void **state)
{
	(void)state;
	for (size_t l = 0; l < sizeof(layouts) / sizeof(layouts[0]); l++) {
		struct synthetic s = synthetic_image(layouts[l]);
		struct bytes wrapped = wrapped_bytes(&s);
		struct outcome outcome;

		assert_unwraps_to(&wrapped, &s);
		outcome = quietus("unwrap", "--output", "elsewhere", "k.quietus", NULL);
		assert_success(&outcome);
		assert_file_is("elsewhere", s.image.data, s.image.size);
		free(wrapped.data);
		free(s.image.data);
	}
}

/* Signing rewrites the checksum and the certificate directory, pads and appends. */
static void what_signing_changes_does_not_matter(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s);
	struct bytes signed_one = {calloc(1, wrapped.size + 2000), wrapped.size + 2000};

	(void)state;
	memcpy(signed_one.data, wrapped.data, wrapped.size);
	memset(signed_one.data + wrapped.size, 0x5a, 2000);
	set_le32(signed_one.data + s.pe + 24 + 64, 0x12345678);
	set_le32(signed_one.data + s.pe + 24 + 112 + 8 * 4, (uint32_t)wrapped.size);
	set_le32(signed_one.data + s.pe + 24 + 112 + 8 * 4 + 4, 2000);
	assert_unwraps_to(&signed_one, &s);
	free(signed_one.data);
	free(wrapped.data);
	free(s.image.data);
}

static void an_image_without_stage_is_refused(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct outcome outcome;

	(void)state;
	write_file("k.quietus", s.image.data, s.image.size);
	outcome = quietus("unwrap", "k.quietus", NULL);
	assert_refused(&outcome, "k.quietus", "not a wrapped image");
	assert_int_not_equal(access("k", F_OK), 0);
	free(s.image.data);
}

/* All three commands refuse this image, and leave no file. */
static void assert_damage_refused(const uint8_t *data, size_t size, const char *reason)
{
	struct outcome outcome;
	char names[4096];

	write_file("k.quietus", data, size);
	outcome = quietus("unwrap", "k.quietus", NULL);
	assert_refused(&outcome, "k.quietus", reason);
	outcome = quietus("wrap", "--stage", "stage", "k.quietus", NULL);
	assert_refused(&outcome, "k.quietus", reason);
	list_folder(names, sizeof(names));
	assert_string_equal(names, ". .. k.quietus original stage ");
}

static void cut_off_wrapped_images_are_refused(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s);

	(void)state;
	for (size_t size = 0x1000; size < wrapped.size; size += 70001)
		assert_damage_refused(wrapped.data, size, "truncated");
	assert_damage_refused(
		wrapped.data, wrapped.size - 1, "the original image is not all there");
	free(wrapped.data);
	free(s.image.data);
}

static void damaged_stage_headers_are_refused(void **state)
{
	static const struct {
		uint32_t offset, value;
		const char *reason;
	} damages[] = {
		{0x08, 2, "stage format 2"},            /* header_version */
		{0x10, 0x1b1b1b1b, "version"},          /* version */
		{0x30, 0x200001, "sizes contradict"},   /* image_size */
		{0x34, 0x7fffffff, "sizes contradict"}, /* bss_end */
		{0x38, 0x1000, "sizes contradict"},     /* memory_size */
		{0x40, 0x1000, "not there"},            /* prefix_size */
		{0x40, 0xffe00000, "not all there"},
		{0x44, 0xfffff000, "not there"}, /* setup_offset */
		{0x44, 0x1fd000, "not there"},
		{0x44, 0x1000, "not there"},
		{0x44, 0x8000, "not a bzImage"}, /* zeros instead of setup sectors */
		{0x48, 0x3e00, "not there"},     /* setup_size */
		{0x50, 0x3fff, "not all there"}, /* original_size */
		{0x50, 0x5000, "not a bzImage"},
		{0x50, 0xffffffff, "not all there"},
		{0x54, 1, "not all there"},
		{0x54, 0xffffffff, "not all there"},
	};
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s);

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		uint8_t *field = wrapped.data + s.setup_size + 0x40 + damages[i].offset;
		uint32_t right = le32(field);

		set_le32(field, damages[i].value);
		assert_damage_refused(wrapped.data, wrapped.size, damages[i].reason);
		set_le32(field, right);
	}
	assert_unwraps_to(&wrapped, &s);
	free(wrapped.data);
	free(s.image.data);
}

/* Whatever bytes there are: an answer and an exit code, no crash and no other file than the named
 * one. */
static void random_damage_never_crashes(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s);
	uint32_t seed = 20131127;

	(void)state;
	for (int round = 0; round < 300; round++) {
		struct bytes damaged = {malloc(wrapped.size), wrapped.size};
		struct outcome outcome;

		memcpy(damaged.data, wrapped.data, wrapped.size);
		for (int i = 0; i < 4; i++) {
			uint32_t place, where;

			seed = seed * 1664525u + 1013904223u;
			place = seed >> 8;
			/* The DOS, PE and boot headers, .compat, the stage's header, the saved
			 * setup sectors. */
			switch (seed >> 30) {
			case 0:
				where = place % 0x26c;
				break;
			case 1:
				where = s.compat + place % 16;
				break;
			case 2:
				where = s.setup_size + 0x40 +
					place % sizeof(struct qt_stage_header);
				break;
			default:
				where = s.setup_size + 0x2000 + place % 0x26c;
				break;
			}
			seed = seed * 1664525u + 1013904223u;
			damaged.data[where] = (uint8_t)(seed >> 24);
		}
		write_file("damaged", damaged.data, damaged.size);
		outcome = quietus("wrap", "--stage", "stage", "--output", "out", "damaged", NULL);
		if (outcome.code > 1)
			fail_msg("round %d: exit code %d, %s", round, outcome.code, outcome.errors);
		outcome = quietus("unwrap", "--output", "out", "damaged", NULL);
		if (outcome.code > 1)
			fail_msg("round %d: exit code %d, %s", round, outcome.code, outcome.errors);
		free(damaged.data);
	}
	free(wrapped.data);
	free(s.image.data);
}

static const struct CMUnitTest tests[] = {
	TEST(the_original_comes_back),
	TEST(what_signing_changes_does_not_matter),
	TEST(an_image_without_stage_is_refused),
	TEST(cut_off_wrapped_images_are_refused),
	TEST(damaged_stage_headers_are_refused),
	TEST(random_damage_never_crashes),
};

const struct suite unwrap_suite = SUITE(tests);
