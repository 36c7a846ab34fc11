/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The PE/COFF header that Secure Boot signatures are computed over. A bzImage with an
 * EFI stub carries it in its setup sectors, which `setup` is below; an arm64 Image near
 * its beginning, and so does the stage for arm64.
 *
 * Sources: Microsoft, "PE Format"; Microsoft, "Windows Authenticode Portable
 * Executable Signature Format"; Linux, arch/x86/boot/header.S.
 */
#ifndef QUIETUS_TOOL_PE_H
#define QUIETUS_TOOL_PE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/message.h"

/* Whether these setup sectors carry a PE header (kernels with CONFIG_EFI_STUB do). */
bool pe_present(const uint8_t *setup, uint32_t setup_size);

/*
 * Whether the PE header in setup has a signature behind it, whoever made it. False
 * for one that is damaged.
 */
bool pe_is_signed(uint8_t *setup, uint32_t setup_size);

/*
 * Adapts the PE header in setup (setup_size bytes, hostile) to prefix_size bytes
 * inserted at file offset setup_size: the section there grows, so that a
 * signature covers the prefix; what is behind it moves; a signature that was
 * there is forgotten. The checksum is left 0 for pe_set_checksum(). False with a
 * reason when the header is damaged or laid out in a way this cannot follow.
 */
bool pe_insert_prefix(
	uint8_t *setup, uint32_t setup_size, uint32_t prefix_size, struct reason *why);

/* Sets the checksum of a whole image whose PE header pe_insert_prefix() has accepted. */
void pe_set_checksum(uint8_t *image, size_t size);

#endif
