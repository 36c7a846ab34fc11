/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "arm64.h"
#include "common/bytes.h"
#include "stage.h"

#define PAGE_SIZE 4096u

/* The 64-bit entry of the boot protocol, in the stage as in any kernel. */
#define ENTRY_64 0x200u

/* What holds for every stage's header, bare or wrapped. */
static bool check_header(const struct qt_stage_header *header, struct reason *why)
{
	if (header->header_version != QT_STAGE_HEADER_VERSION ||
		header->header_size != sizeof(*header))
		return because(why, "stage format %u is unknown to this version of quietus",
			header->header_version);
	if (!memchr(header->version, 0, sizeof(header->version)))
		return because(why, "damaged stage header: no end of the version");
	for (const char *c = header->version; *c; c++)
		if (*c < ' ' || *c > '~')
			return because(why, "damaged stage header: unprintable version");
	if (header->image_size <= ENTRY_64 || header->bss_end < header->image_size ||
		header->memory_size < header->bss_end || header->memory_size % PAGE_SIZE)
		return because(why, "damaged stage header: its sizes contradict each other");
	return true;
}

bool stage_parse(struct qt_stage_header *header, const struct file *stage, struct reason *why)
{
	if (stage->size < QT_STAGE_HEADER_OFFSET + sizeof(*header))
		return because(why, "not a stage (too short)");
	memcpy(header, stage->data + QT_STAGE_HEADER_OFFSET, sizeof(*header));
	if (memcmp(header->magic, QT_STAGE_MAGIC, sizeof(header->magic)) != 0)
		return because(why, "not a stage");
	if (!check_header(header, why))
		return false;
	if (header->image_size != stage->size)
		return because(why, "truncated stage: %zu bytes, %u expected", stage->size,
			header->image_size);
	if (header->memory_size != QT_STAGE_MEMORY_SIZE)
		return because(why, "damaged stage header: memory size %u", header->memory_size);
	if (header->original_offset || header->prefix_size || header->setup_offset ||
		header->setup_size || header->arena_offset || header->original_size)
		return because(why, "not a bare stage: it was taken out of a wrapped image");
	return true;
}

bool stage_is_arm64(const struct file *stage)
{
	return arm64_is_raw(stage->data, stage->size);
}

static bool check_arm64_wrapping(
	const struct qt_stage_header *header, const struct file *image, struct reason *why)
{
	if (header->memory_size > header->prefix_size ||
		header->original_offset < header->prefix_size)
		return because(why, "damaged stage header: the original image is not behind it");
	if (header->original_size > image->size ||
		header->original_offset > image->size - header->original_size)
		return because(why, "truncated: the original image is not all there");
	return true;
}

/* What `quietus wrap` filled in, against itself and against the file it is in. */
static bool check_wrapping(const struct qt_stage_header *header, const struct file *image,
	uint32_t setup_size, struct reason *why)
{
	if (!check_header(header, why))
		return false;
	if (!setup_size && !header->setup_size)
		return check_arm64_wrapping(header, image, why);
	if (header->setup_size != setup_size || header->setup_offset < header->bss_end ||
		header->setup_offset > header->memory_size ||
		setup_size > header->memory_size - header->setup_offset ||
		header->memory_size > header->prefix_size)
		return because(why, "damaged stage header: the saved setup sectors are not there");
	if (header->original_size < setup_size || header->original_size > image->size ||
		header->prefix_size > image->size - header->original_size)
		return because(why, "truncated: the original image is not all there");
	return true;
}

enum wrapped stage_find(struct qt_stage_header *header, const struct file *image,
	uint32_t setup_size, struct reason *why)
{
	uint64_t offset = (uint64_t)setup_size + QT_STAGE_HEADER_OFFSET;

	if (image->size < offset + sizeof(*header))
		return NOT_WRAPPED;
	memcpy(header, image->data + offset, sizeof(*header));
	if (memcmp(header->magic, QT_STAGE_MAGIC, sizeof(header->magic)) != 0)
		return NOT_WRAPPED;
	return check_wrapping(header, image, setup_size, why) ? WRAPPED : WRAPPED_BADLY;
}

bool stage_extract_original(struct file *original, const struct file *image,
	const struct qt_stage_header *header, struct reason *why)
{
	uint32_t setup_size = header->setup_size;
	const uint8_t *prefix = image->data + setup_size;
	const uint8_t *rest = prefix + header->prefix_size;

	original->size = (size_t)header->original_size;
	original->mode = image->mode;
	original->data = malloc(original->size);
	if (!original->data)
		return because_of(why, ENOMEM);
	memcpy(original->data, prefix + header->setup_offset, setup_size);
	if (header->original_offset)
		rest = image->data + header->original_offset;
	memcpy(original->data + setup_size, rest, original->size - setup_size);
	return true;
}
