/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The setup header inside boot_params, which `quietus wrap` had to change. */
#ifndef QUIETUS_STAGE_SETUP_HEADER_H
#define QUIETUS_STAGE_SETUP_HEADER_H

#include <quietus/machine.h>
#include <quietus/stage_header.h>
#include <quietus/types.h>

/*
 * Gives the header in `boot_params` the values of the original image: the kernel
 * places itself by them. `setup` is the original's saved setup sectors, of which
 * `setup_size` bytes can be read; `start` is where the stage was loaded. QT_E_BAD
 * if there is no setup header in them, and then nothing is changed.
 */
int setup_header_restore(uint8_t *boot_params, const uint8_t *setup, size_t setup_size,
	qt_phys start, uint32_t prefix_size);

/*
 * Version of the kernel that these setup sectors belong to, as QT_LINUX_VERSION
 * has it, from its text; 0 if they do not say.
 */
uint32_t setup_header_kernel_version(const uint8_t *setup, size_t setup_size);

/* The command line that boot_params points to: address, and how much of it the kernel reads. */
qt_phys setup_header_command_line(const uint8_t *boot_params, size_t *limit);

/* Makes boot_params point to another one. */
void setup_header_set_command_line(uint8_t *boot_params, qt_phys at);

#endif
