// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "efi.h"

#include <quietus/bytes.h>
#include <quietus/memory.h>

/* System table on 64-bit machines. */
#define SYSTEM_TABLE_SIZE      120
#define SYSTEM_TABLE_SIGNATURE UINT64_C(0x5453595320494249) /* "IBI SYST" */
#define SYSTEM_TABLE_COUNT     104                          /* configuration tables */
#define SYSTEM_TABLE_TABLES    112                          /* their address */

#define CONFIG_ENTRY_SIZE  24
#define CONFIG_ENTRIES_MAX 256
#define GUID_SIZE          16

static const uint8_t guid_acpi_20[GUID_SIZE] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
	0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81};
static const uint8_t guid_acpi_10[GUID_SIZE] = {0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11,
	0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d};

int efi_map_open(struct efi_map *map, qt_phys at, uint64_t bytes, uint64_t size)
{
	if (!at || size < EFI_DESCRIPTOR || size > EFI_DESCRIPTOR_MAX || size % 8 ||
		bytes / size > EFI_DESCRIPTORS || at > UINT64_MAX - bytes)
		return QT_E_BAD;
	*map = (struct efi_map){at, (uint32_t)(bytes / size), (uint32_t)size};
	return QT_OK;
}

int efi_map_read(const struct physical *physical, const struct efi_map *map, uint32_t index,
	struct efi_descriptor *descriptor)
{
	uint8_t bytes[EFI_DESCRIPTOR];
	uint64_t pages, size;
	int error;

	if (index >= map->count)
		return QT_E_NOTFOUND;
	error = physical_read(
		physical, map->at + (uint64_t)index * map->size, bytes, sizeof(bytes));
	if (error)
		return error;
	pages = qt_le64(bytes + EFI_PAGES);
	*descriptor = (struct efi_descriptor){
		.type = qt_le32(bytes + EFI_TYPE),
		.start = qt_le64(bytes + EFI_START),
		.address = qt_le64(bytes + EFI_ADDRESS),
		.attributes = qt_le64(bytes + EFI_ATTRIBUTES),
	};
	if (descriptor->start % EFI_PAGE_SIZE ||
		__builtin_mul_overflow(pages, EFI_PAGE_SIZE, &size) ||
		__builtin_add_overflow(descriptor->start, size, &descriptor->end))
		return QT_E_BAD;
	return QT_OK;
}

/* Where a pointer of the firmware's leads to. What it was given no address for is itself. */
static qt_phys physical_of(
	const struct physical *physical, const struct efi_map *map, uint64_t address)
{
	struct efi_descriptor at;

	for (uint32_t i = 0; map && i < map->count; i++)
		if (!efi_map_read(physical, map, i, &at) && at.attributes & EFI_RUNTIME &&
			at.address && address >= at.address &&
			address - at.address < at.end - at.start)
			return at.start + (address - at.address);
	return address;
}

/* The entry with this GUID; QT_E_NOTFOUND if there is none. */
static int find_config_table(const struct physical *physical, qt_phys tables, uint64_t count,
	const uint8_t *guid, qt_phys *found)
{
	for (uint64_t i = 0; i < count && i < CONFIG_ENTRIES_MAX; i++) {
		uint8_t entry[CONFIG_ENTRY_SIZE];
		int error =
			physical_read(physical, tables + i * sizeof(entry), entry, sizeof(entry));

		if (error)
			return error;
		if (memcmp(entry, guid, GUID_SIZE) == 0) {
			*found = qt_le64(entry + GUID_SIZE);
			return 0;
		}
	}
	return QT_E_NOTFOUND;
}

int efi_rsdp(const struct physical *physical, qt_phys systab, const struct efi_map *map,
	qt_phys tables, qt_phys *rsdp)
{
	uint8_t table[SYSTEM_TABLE_SIZE];
	uint64_t count;
	int error = physical_read(physical, systab, table, sizeof(table));

	if (error)
		return error;
	if (qt_le64(table) != SYSTEM_TABLE_SIGNATURE)
		return QT_E_BAD;
	count = qt_le64(table + SYSTEM_TABLE_COUNT);
	if (!tables)
		tables = physical_of(physical, map, qt_le64(table + SYSTEM_TABLE_TABLES));
	error = find_config_table(physical, tables, count, guid_acpi_20, rsdp);
	if (error == QT_E_NOTFOUND)
		error = find_config_table(physical, tables, count, guid_acpi_10, rsdp);
	return error;
}
