/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <quietus/stage_header.h>
#include <stdio.h>
#include <string.h>

#include "live_files.h"
#include "loaded.h"
#include "image/image.h"
#include "common/json.h"
#include "report/read.h"
#include "system.h"

/* What a stage and the setup sectors it keeps take of its memory, about. */
#define STAGE_SIZE QT_KIB(320)

/* kexec puts the stage, as any kernel, at a multiple of its kernel_alignment, at least. */
#define STEP QT_MIB(2)

/* What begins at an address: a stage, something else, or zeros (LOADED_NOTHING). */
static enum loaded_state look_at(struct loaded *loaded, struct live *live, qt_phys at)
{
	static const struct qt_stage_header zeros;
	struct qt_stage_header header;

	if (live_read_core(live, at + QT_STAGE_HEADER_OFFSET, &header, sizeof(header)) ||
		memcmp(&header, &zeros, sizeof(header)) == 0)
		return LOADED_NOTHING;
	if (memcmp(header.magic, QT_STAGE_MAGIC, sizeof(header.magic)) != 0)
		return LOADED_PLAIN;
	copy_printable(loaded->stage_version, sizeof(loaded->stage_version),
		(const uint8_t *)header.version, sizeof(header.version));
	return LOADED_WRAPPED;
}

/*
 * arm64 kernels before 6.4 take what they have loaded out of their own tables: it then
 * reads as zeros.
 */
static void look_into(struct loaded *loaded, struct live *live, const struct qt_ranges *crash)
{
	loaded->state = LOADED_UNSEEN;
	for (size_t i = 0; i < crash->count; i++) {
		qt_phys at = (crash->list[i].start + STEP - 1) & ~(STEP - 1);

		for (; at < crash->list[i].end; at += STEP) {
			enum loaded_state state = look_at(loaded, live, at);

			if (state != LOADED_NOTHING)
				loaded->state = state;
			if (state == LOADED_WRAPPED)
				return;
		}
	}
	if (loaded->state == LOADED_UNSEEN)
		reason_set(&loaded->why, "/proc/kcore has zeros for it");
}

void loaded_look(struct loaded *loaded, struct live *live, const struct qt_ranges *crash)
{
	uint64_t is_loaded;

	memset(loaded, 0, sizeof(*loaded));
	if (!system_number(live->root, &is_loaded, "sys/kernel/kexec_crash_loaded")) {
		reason_set(&loaded->why, "/sys/kernel/kexec_crash_loaded: %s", strerror(errno));
		return;
	}
	loaded->state = LOADED_NOTHING;
	if (!is_loaded)
		return;
	loaded->state = LOADED_UNSEEN;
	if (!crash->count)
		reason_set(&loaded->why, "/proc/iomem does not tell where the crash region is");
	else if (live_ram_readable(live, crash->list[0].start, &loaded->why))
		look_into(loaded, live, crash);
}

void capture_image_look(struct capture_image *seen, const struct kdump *kdump)
{
	struct image image = {.wrapped = NOT_WRAPPED};

	memset(seen, 0, sizeof(*seen));
	seen->stage_memory = QT_STAGE_MEMORY_SIZE - STAGE_SIZE;
	if (!kdump->config)
		reason_set(&seen->why, "no configuration of kdump-tools, kdump-utils or kdump");
	else if (!*kdump->image)
		reason_set(&seen->why, "%s names none that is there", kdump->config);
	else
		seen->known = image_read(&image, kdump->image, &seen->why);
	if (!seen->known)
		return;
	seen->refused = kdump->refused;
	seen->wrapped = image.wrapped == WRAPPED;
	seen->is_signed = image_is_signed(&image);
	if (seen->wrapped) {
		copy_printable(seen->stage_version, sizeof(seen->stage_version),
			(const uint8_t *)image.stage.version, sizeof(image.stage.version));
		if (image.stage.memory_size == QT_STAGE_MEMORY_SIZE &&
			image.stage.arena_offset < STAGE_SIZE)
			seen->stage_memory = QT_STAGE_MEMORY_SIZE - image.stage.arena_offset;
	}
	image_free(&image);
}

void capture_image_json(const char *before, const struct capture_image *image, const char *path)
{
	if (!image->known) {
		json_null(before, "image");
		return;
	}
	json_name(before, "image");
	json_text("{", "path", path);
	json_bool(", ", "wrapped", image->wrapped);
	json_text(", ", "stage", image->stage_version);
	json_bool(", ", "signed", image->is_signed);
	json_bool(", ", "refused", image->refused);
	printf("}");
}

const char *loaded_name(enum loaded_state state)
{
	static const char *const names[] = {
		[LOADED_UNKNOWN] = "unknown",
		[LOADED_NOTHING] = "nothing",
		[LOADED_PLAIN] = "plain",
		[LOADED_WRAPPED] = "wrapped",
		[LOADED_UNSEEN] = "unseen",
	};

	return names[state];
}
