/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The PE header of a wrapped image, in both layouts kernels have had. */
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define PREFIX (2u << 20)

static const enum pe_layout layouts[] = {PE_BYTE_ALIGNED, PE_PAGE_ALIGNED};

static struct outcome try_wrap(const struct synthetic *s)
{
	struct bytes stage = synthetic_stage("1.0", 0x1000, 0x2000);

	write_file("vmlinuz", s->image.data, s->image.size);
	write_file("stage", stage.data, stage.size);
	free(stage.data);
	return quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
}

static struct bytes wrapped_bytes(const struct synthetic *s)
{
	struct outcome outcome = try_wrap(s);

	assert_success(&outcome);
	return read_file("vmlinuz.quietus");
}

static uint32_t section_field(
	const uint8_t *image, const struct synthetic *s, uint32_t i, uint32_t field)
{
	return le32(image + s->sections + 40 * i + field);
}

static uint32_t optional_field(const uint8_t *image, const struct synthetic *s, uint32_t field)
{
	return le32(image + s->pe + 24 + field);
}

/* The sections follow each other in the file and in memory: nothing is left out of a signature. */
static void sections_cover_the_whole_image(void **state)
{
	(void)state;
	for (size_t l = 0; l < 2; l++) {
		struct synthetic s = synthetic_image(layouts[l]);
		struct bytes wrapped = wrapped_bytes(&s);
		uint32_t raw_end = optional_field(wrapped.data, &s, 60); /* SizeOfHeaders */
		uint32_t end = raw_end;

		for (uint32_t i = 0; i < s.section_count; i++) {
			uint32_t raw_size = section_field(wrapped.data, &s, i, 16);

			assert_true(section_field(wrapped.data, &s, i, 12) >= end);
			end = section_field(wrapped.data, &s, i, 12) +
			      section_field(wrapped.data, &s, i, 8);
			if (section_field(wrapped.data, &s, i, 12) == s.setup_size)
				assert_int_equal(section_field(wrapped.data, &s, i, 8),
					section_field(s.image.data, &s, i, 8) + PREFIX);
			if (!raw_size)
				continue;
			assert_int_equal(section_field(wrapped.data, &s, i, 20), raw_end);
			raw_end += raw_size;
			/* Where a byte is in memory is where it is in the file. */
			assert_int_equal(section_field(wrapped.data, &s, i, 12),
				section_field(wrapped.data, &s, i, 20));
		}
		assert_int_equal(raw_end, s.setup_size + PREFIX + s.protected_size);
		assert_true(end <= optional_field(wrapped.data, &s, 56)); /* SizeOfImage */
		free(wrapped.data);
		free(s.image.data);
	}
}

static void addresses_behind_the_prefix_move(void **state)
{
	(void)state;
	for (size_t l = 0; l < 2; l++) {
		struct synthetic s = synthetic_image(layouts[l]);
		struct bytes wrapped = wrapped_bytes(&s);
		const uint8_t *before = s.image.data, *after = wrapped.data;
		uint32_t relocations = optional_field(before, &s, 112 + 8 * 5);

		assert_int_equal(
			optional_field(after, &s, 4), optional_field(before, &s, 4) + PREFIX);
		assert_int_equal(optional_field(after, &s, 8), optional_field(before, &s, 8));
		assert_int_equal(
			optional_field(after, &s, 16), optional_field(before, &s, 16) + PREFIX);
		assert_int_equal(optional_field(after, &s, 20), optional_field(before, &s, 20));
		assert_int_equal(
			optional_field(after, &s, 56), optional_field(before, &s, 56) + PREFIX);
		assert_int_equal(optional_field(after, &s, 60), optional_field(before, &s, 60));
		assert_int_equal(optional_field(after, &s, 112 + 8 * 5),
			relocations + (relocations < s.setup_size ? 0 : PREFIX));
		assert_int_equal(le32(after + s.compat + 4), le32(before + s.compat + 4) + PREFIX);
		assert_int_equal(le32(after + s.compat), le32(before + s.compat));
		free(wrapped.data);
		free(s.image.data);
	}
}

static void the_old_signature_is_forgotten(void **state)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes wrapped = wrapped_bytes(&s);

	(void)state;
	assert_int_not_equal(optional_field(s.image.data, &s, 112 + 8 * 4), 0);
	assert_int_equal(optional_field(wrapped.data, &s, 112 + 8 * 4), 0);
	assert_int_equal(optional_field(wrapped.data, &s, 112 + 8 * 4 + 4), 0);
	free(wrapped.data);
	free(s.image.data);
}

/* The end-around-carry sum of all words, the checksum's own left out, plus the size. */
static uint32_t checksum_of(const struct bytes *image, uint32_t checksum_offset)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < image->size; i += 2) {
		if (i == checksum_offset || i == checksum_offset + 2)
			continue;
		sum += i + 1 < image->size ? le16(image->data + i) : image->data[i];
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum + (uint32_t)image->size;
}

static void the_checksum_is_right(void **state)
{
	(void)state;
	for (size_t odd = 0; odd < 2; odd++) {
		struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
		struct bytes wrapped;

		s.image.size -= odd;
		wrapped = wrapped_bytes(&s);
		assert_int_equal(optional_field(wrapped.data, &s, 64),
			checksum_of(&wrapped, s.pe + 24 + 64));
		free(wrapped.data);
		free(s.image.data);
	}
}

/* A header that says "MZ" for other reasons is left alone, as in a kernel without EFI stub. */
static void without_a_pe_header_nothing_is_patched(void **state)
{
	static const uint32_t pe_offsets[] = {0, 0x40, 0x3ffe, 0x4000, 0xfffffffc, 0xffffffff};

	(void)state;
	for (size_t i = 0; i < sizeof(pe_offsets) / sizeof(pe_offsets[0]); i++) {
		struct synthetic s = synthetic_image(NO_PE);
		struct bytes wrapped;

		memcpy(s.image.data, "MZ", 2);
		set_le32(s.image.data + 0x3c, pe_offsets[i]);
		wrapped = wrapped_bytes(&s);
		assert_memory_equal(wrapped.data, s.image.data, SYSSIZE);
		free(wrapped.data);
		free(s.image.data);
	}
}

struct damage {
	enum { AT_FILE, AT_PE, AT_OPTIONAL, AT_SECTIONS } base;
	uint32_t offset;
	uint32_t size;
	uint32_t value;
	const char *reason;
};

static void assert_damage_refused(const struct damage *damage)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	const uint32_t bases[] = {0, s.pe, s.pe + 24, s.sections};
	uint8_t *field = s.image.data + bases[damage->base] + damage->offset;
	struct outcome outcome;
	char names[4096];

	for (uint32_t i = 0; i < damage->size; i++)
		field[i] = (uint8_t)(damage->value >> 8 * i);
	/* A PE header at the very end of the setup sectors is one as soon as its signature is
	 * there. */
	if (damage->base == AT_FILE)
		memcpy(s.image.data + damage->value, "PE\0\0", 4);
	outcome = try_wrap(&s);
	assert_refused(&outcome, "vmlinuz", damage->reason);
	list_folder(names, sizeof(names));
	assert_string_equal(names, ". .. stage vmlinuz ");
	free(s.image.data);
}

static void damaged_pe_headers_are_refused(void **state)
{
	static const struct damage damages[] = {
		{AT_FILE, 0x3c, 4, 0x3ffc, "ends outside the setup sectors"},
		{AT_FILE, 0x3c, 4, 0x3f79, "ends outside the setup sectors"},
		{AT_OPTIONAL, 0, 2, 0x10b, "32-bit kernel"},
		{AT_PE, 6, 2, 0xffff, "section table ends outside"},
		{AT_PE, 20, 2, 0xffff, "section table ends outside"},
		{AT_PE, 20, 2, 0x9f, "no room for its data directories"},
		{AT_OPTIONAL, 108, 4, 0xffffffff, "no room for its data directories"},
		{AT_PE, 6, 2, 2, "without a section for what is wrapped"},
		{AT_PE, 6, 2, 0, "without a section for what is wrapped"},
		{AT_PE, 12, 4, 0xffffffff, "does not fit"},
		{AT_OPTIONAL, 4, 4, 0xffffffff, "does not fit"},
		{AT_OPTIONAL, 16, 4, 0xffffffff, "does not fit"},
		{AT_OPTIONAL, 56, 4, 0xffe00000, "does not fit"},
		{AT_OPTIONAL, 112, 4, 0xffffffff, "does not fit"},
		{AT_SECTIONS, 80 + 8, 4, 0xffffffff, "does not fit"},
		{AT_SECTIONS, 80 + 12, 4, 0xfffffff0, "does not fit"},
		{AT_SECTIONS, 80 + 16, 4, 0xffffffff, "does not fit"},
		{AT_SECTIONS, 120 + 12, 4, 0xfffff000, "does not fit"},
		{AT_SECTIONS, 120 + 20, 4, 0xfffff000, "does not fit"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		assert_damage_refused(&damages[i]);
}

static const struct CMUnitTest tests[] = {
	TEST(sections_cover_the_whole_image),
	TEST(addresses_behind_the_prefix_move),
	TEST(the_old_signature_is_forgotten),
	TEST(the_checksum_is_right),
	TEST(without_a_pe_header_nothing_is_patched),
	TEST(damaged_pe_headers_are_refused),
};

const struct suite pe_suite = SUITE(tests);
