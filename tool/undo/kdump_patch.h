/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words put back in a compressed dump, which makedumpfile writes anew. */
#ifndef QUIETUS_TOOL_KDUMP_PATCH_H
#define QUIETUS_TOOL_KDUMP_PATCH_H

#include "dump/dump.h"
#include "dump/journal.h"

struct kdump_patch {
	const char *path;
	struct dump *dump; /* the same, open */
	const struct journal *journal;
	bool chatty; /* every step of progress is said */
};

/*
 * Puts every word of the journal that the dump has back to what it was before: all
 * that it holds is put into an ELF core, of which makedumpfile makes a dump with the
 * same level and compression. That takes the place of the old one if it has the same
 * pages with the same contents, apart from those words. Needs room for the dump's
 * pages, uncompressed, and a second dump, in the folder of the first. False with a
 * reason; the dump is then as it was.
 */
bool kdump_patch(const struct kdump_patch *patch, struct reason *why);

#endif
