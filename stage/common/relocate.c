// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The image is linked at 0; its own pointers are moved to where it was loaded.
 *
 * Source: System V ABI, AMD64 supplement, 4.4; ELF for the Arm 64-bit Architecture,
 * 5.7.15. stage.mk checks that there are no other relocations.
 */
#include "entry.h"

struct relocation {
	uint64_t offset;
	uint64_t info; /* type in the lower half */
	int64_t addend;
};

extern const struct relocation relocations[], relocations_end[];

/* Runs first, so it may not use a pointer that needs relocating itself. */
void stage_relocate(void)
{
	uint64_t base = (uint64_t)(uintptr_t)image_start;

	for (const struct relocation *r = relocations; r < relocations_end; r++)
		if ((uint32_t)r->info == RELOCATION_RELATIVE)
			*(uint64_t *)(uintptr_t)(base + r->offset) = base + (uint64_t)r->addend;
}
