/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is loaded for the next crash, told from the crash region itself where it can
 * be read; and what is configured to be loaded.
 */
#ifndef QUIETUS_TOOL_LOADED_H
#define QUIETUS_TOOL_LOADED_H

#include <quietus/range.h>

#include "kdump.h"
#include "live.h"

enum loaded_state {
	LOADED_UNKNOWN, /* the kernel does not say, or nobody may look */
	LOADED_NOTHING,
	LOADED_PLAIN,   /* a capture kernel without a stage */
	LOADED_WRAPPED, /* one with a stage */
	LOADED_UNSEEN,  /* a capture kernel; whether it has a stage cannot be seen */
};

struct loaded {
	enum loaded_state state;
	char stage_version[32]; /* with LOADED_WRAPPED; printable ASCII */
	struct reason why;      /* with LOADED_UNKNOWN and LOADED_UNSEEN */
};

/* The capture kernel that is configured. */
struct capture_image {
	bool known;        /* there is an image, and it can be read */
	struct reason why; /* if not */
	bool wrapped;
	bool is_signed;         /* has a signature, whoever made it */
	bool refused;           /* as in struct kdump */
	char stage_version[32]; /* if wrapped; printable ASCII */
	uint32_t stage_memory;  /* bytes that the stage has beside itself; a usual one's if not */
};

/* `crash`: where the crash region is, as far as is known. */
void loaded_look(struct loaded *loaded, struct live *live, const struct qt_ranges *crash);

void capture_image_look(struct capture_image *seen, const struct kdump *kdump);

/* Prints the member "image". `path` is without root. */
void capture_image_json(const char *before, const struct capture_image *image, const char *path);

/* For JSON, never NULL. */
const char *loaded_name(enum loaded_state state);

#endif
