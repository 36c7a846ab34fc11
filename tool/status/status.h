/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus status`: whether the next crash goes through the stage, and how the last one did. */
#ifndef QUIETUS_TOOL_STATUS_H
#define QUIETUS_TOOL_STATUS_H

#include <time.h>

#include "system/kdump.h"
#include "system/loaded.h"

/* The newest dump, and what the report beside it says. Texts are printable ASCII. */
struct last_crash {
	bool found;
	char folder[PATH_MAX]; /* without root */
	char dump[256];        /* file name */
	time_t time;           /* when it was saved */
	char outcome[32];      /* of the takeover; empty: there is no report */
	char reason[160];      /* why not; may be empty */
};

/* Looks for it in the folder that dumps go to. */
void last_crash_find(struct last_crash *last, const char *root, const char *folder);

#endif
