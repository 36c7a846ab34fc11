/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * memmap= on the command line: how older kexec-tools hand the memory map over.
 *
 * Source: Linux, Documentation/admin-guide/kernel-parameters.txt, memmap=.
 */
#ifndef QUIETUS_STAGE_MEMMAP_H
#define QUIETUS_STAGE_MEMMAP_H

#include <quietus/range.h>

/*
 * Applies all memmap= words, in their order, to what e820 said. *exact is set
 * if one is memmap=exactmap: the kernel then knows only what the command line
 * says, and a reservation must be said there as well. Errors of qt_ranges_add
 * and qt_ranges_remove; words that mean nothing are passed over, as the kernel
 * does.
 */
int memmap_apply(
	const char *command_line, struct qt_ranges *usable, struct qt_ranges *memory, bool *exact);

#endif
