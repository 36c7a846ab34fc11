/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Words put back in an ELF core file, in place. */
#ifndef QUIETUS_TOOL_ELF_PATCH_H
#define QUIETUS_TOOL_ELF_PATCH_H

#include "dump/journal.h"

/*
 * Puts every word of the journal that the file has back to what it was before,
 * wherever the file has it: a kernel's text can be in a core twice. *written
 * counts words put back.
 *
 * All of them are looked at before the first is written: if one has neither of
 * its two values, nothing is written. If a write fails, those made are taken back.
 * Signals that end the program wait; after a power cut some words may be put back
 * and others not, and calling this again finishes it. False with a reason.
 */
bool elf_patch(
	const char *path, const struct journal *journal, size_t *written, struct reason *why);

#endif
