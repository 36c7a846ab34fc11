/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers of the machine, read through /dev/mem or a file with the same layout.
 * Whether that is permitted depends on privilege, lockdown and the kernel's
 * configuration. Nothing is ever written.
 */
#ifndef QUIETUS_TOOL_REGISTERS_H
#define QUIETUS_TOOL_REGISTERS_H

#include <quietus/types.h>

#define MEMORY_DEVICE "/dev/mem"

struct registers {
	int fd;       /* -1: cannot be opened */
	int error;    /* errno of opening it, or of the last access that was refused; 0: none */
	uint64_t end; /* bytes of a file; a device has no end: all ones */
	void *page;   /* that is mapped, NULL if none */
	qt_phys page_at;
};

/* The caller closes it, whether or not it could be opened. */
void registers_open(struct registers *registers, const char *path);
void registers_close(struct registers *registers);

/* Reads an aligned register of `width` bytes, 4 or 8. All ones, and error set, where it cannot. */
uint64_t registers_read(struct registers *registers, qt_phys at, unsigned width);

#endif
