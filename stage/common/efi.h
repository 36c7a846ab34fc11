/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What UEFI left in memory: its system table and its memory map. Hostile input.
 *
 * Source: UEFI 2.10, 4.2 and 4.3 (system table), 4.6 (configuration tables), 7.2
 * (memory descriptors).
 */
#ifndef QUIETUS_STAGE_EFI_H
#define QUIETUS_STAGE_EFI_H

#include "physical.h"

/* Memory types and attributes, as far as anybody here asks (7.2). */
#define EFI_ACPI_RECLAIM 9u
#define EFI_WRITE_BACK   (UINT64_C(1) << 3)
#define EFI_RUNTIME      (UINT64_C(1) << 63)
#define EFI_PAGE_SIZE    UINT64_C(4096)

/* Bytes of a descriptor: what every version has, and more than any; how many are believed. */
#define EFI_DESCRIPTOR     40u
#define EFI_DESCRIPTOR_MAX 256u
#define EFI_DESCRIPTORS    4096u

/* Where a descriptor has what. */
enum {
	EFI_TYPE = 0,
	EFI_START = 8,
	EFI_ADDRESS = 16,
	EFI_PAGES = 24,
	EFI_ATTRIBUTES = 32,
};

/* A memory map as it lies in memory: descriptors of one size, one behind the other. */
struct efi_map {
	qt_phys at;
	uint32_t count;
	uint32_t size; /* of each, bytes: at least EFI_DESCRIPTOR */
};

struct efi_descriptor {
	uint32_t type;
	qt_phys start, end;
	uint64_t address; /* virtual, 0 unless firmware was told one */
	uint64_t attributes;
};

/* A map of `bytes` bytes. QT_E_BAD: it cannot be one. */
int efi_map_open(struct efi_map *map, qt_phys at, uint64_t bytes, uint64_t size);

/* Descriptor `index` of a map. QT_E_NOTFOUND past the last; QT_E_BAD: it wraps; QT_E_OUTSIDE. */
int efi_map_read(const struct physical *physical, const struct efi_map *map, uint32_t index,
	struct efi_descriptor *descriptor);

/*
 * The ACPI root pointer that the system table at `systab` leads to. Where firmware was
 * given virtual addresses, its pointers to its own tables are such: `map` tells the
 * physical ones (NULL: they are physical), or `tables`, if not 0, is the place of the
 * configuration tables. QT_E_NOTFOUND, QT_E_BAD, QT_E_OUTSIDE.
 */
int efi_rsdp(const struct physical *physical, qt_phys systab, const struct efi_map *map,
	qt_phys tables, qt_phys *rsdp);

#endif
