/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What devices could reach, printed to standard output. */
#ifndef QUIETUS_TOOL_SHOW_OUTPUT_H
#define QUIETUS_TOOL_SHOW_OUTPUT_H

#include "reach.h"

enum show_style {
	SHOW_TEXT,
	SHOW_PLAIN, /* a line for each record, no headings */
	SHOW_JSON,
};

/* One device's access to one address. */
struct access {
	const struct reach_device *device;
	qt_iova iova;
	uint8_t perms;
	bool direct; /* iova is the address itself */
};

/* Every access to source->phys, in the report's order of devices. False: no memory. */
bool access_list(const struct reach *reach, const struct reach_source *source, struct access **list,
	size_t *count);

/* "rw", "r-" or "-w". */
const char *access_word(unsigned perms);

/* What became of a device, in a word: range, direct, nothing or unknown. */
const char *reach_word(const struct reach_device *device);

/* All that each device could reach. Each returns 0, or a negative errno of libsmartcols. */
int show_reach(const struct reach *reach, enum show_style style);

/* Who could reach `phys`. */
int show_phys(qt_phys phys, const struct access *list, size_t count, bool complete,
	enum show_style style);

/* What a report alone knows of it. */
int show_report(const struct report *report, enum show_style style);

/* show_json.c: the same as JSON. */
void show_reach_json(const struct reach *reach);
void show_phys_json(qt_phys phys, const struct access *list, size_t count, bool complete);

#endif
