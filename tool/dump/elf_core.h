/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The segments of an ELF core file. */
#ifndef QUIETUS_TOOL_ELF_CORE_H
#define QUIETUS_TOOL_ELF_CORE_H

#include <gelf.h>

#include "common/message.h"

/*
 * Calls visit for every segment of memory (PT_LOAD) of the core that is open as
 * fd, until it is false. False with a reason: that of visit, or that it is no
 * little-endian ELF core, or that its headers are damaged.
 */
bool elf_core_segments(int fd,
	bool (*visit)(void *context, const GElf_Phdr *segment, struct reason *why), void *context,
	struct reason *why);

/* Whether the file has all that its segments say. False with a reason. */
bool elf_core_is_whole(int fd, struct reason *why);

#endif
