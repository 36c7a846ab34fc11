/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A dead kernel's memory in a file that libkdumpfile reads: an ELF core such as
 * /proc/vmcore, or what makedumpfile makes of one.
 */
#ifndef QUIETUS_TOOL_DUMP_H
#define QUIETUS_TOOL_DUMP_H

#include <quietus/range.h>

#include "common/message.h"

struct dump;

/* What became of a read. */
enum dump_result {
	DUMP_READ,
	DUMP_EXCLUDED, /* memory that was left out of the dump (makedumpfile -d) */
	DUMP_OUTSIDE,  /* no memory of the dead kernel */
	DUMP_FAILED,   /* a damaged dump, or the system failed us */
};

/* Opens a dump. NULL with a reason. */
struct dump *dump_open(const char *path, struct reason *why);

void dump_close(struct dump *dump);

/* The format's name, for people; an ELF core is the one that is plain memory. */
const char *dump_format(const struct dump *dump);
bool dump_is_elf(const struct dump *dump);

/* Bytes of a page, a power of two from 512 to 1 GiB. */
size_t dump_page_size(const struct dump *dump);

/*
 * The first run of pages at `from` or behind that are memory of the dead kernel, or
 * that the dump has. False past the last, and where the dump has no such map.
 */
bool dump_next_memory(struct dump *dump, qt_phys from, struct qt_range *run);
bool dump_next_stored(struct dump *dump, qt_phys from, struct qt_range *run);

/* Copies [at, at + size) to buffer; unless all of it was read, buffer means nothing. */
enum dump_result dump_read(struct dump *dump, qt_phys at, void *buffer, size_t size);

/* The little-endian word at `at`. */
enum dump_result dump_read_word(struct dump *dump, qt_phys at, uint64_t *word);

/* Why the last read failed (DUMP_FAILED), never NULL. */
const char *dump_error(const struct dump *dump);

#endif
