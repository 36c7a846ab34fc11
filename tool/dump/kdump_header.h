/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What is in the headers of a compressed dump (makedumpfile) and has to be known to
 * have another one made like it; libkdumpfile does not tell.
 *
 * Source: makedumpfile, IMPLEMENTATION and diskdump_mod.h: struct disk_dump_header
 * and struct kdump_sub_header, version 4 or later, of 64-bit machines.
 */
#ifndef QUIETUS_TOOL_KDUMP_HEADER_H
#define QUIETUS_TOOL_KDUMP_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "common/message.h"

struct kdump_header {
	uint16_t machine;   /* as an ELF core names it */
	unsigned level;     /* makedumpfile -d: what is left out */
	const char *option; /* makedumpfile's for the compression; NULL: none */
	uint8_t *notes;     /* of the ELF core that it was made of */
	size_t notes_size;
};

/*
 * Whether the file, open as fd, has what its headers say is behind them; libkdumpfile
 * takes their word for it. True for files in another format. False with a reason.
 */
bool kdump_header_is_sound(int fd, struct reason *why);

/* False with a reason: another format, or damaged, or not the whole of a dump. */
bool kdump_header_read(struct kdump_header *header, const char *path, struct reason *why);

/* Frees what that took; harmless on a zeroed struct. */
void kdump_header_free(struct kdump_header *header);

#endif
