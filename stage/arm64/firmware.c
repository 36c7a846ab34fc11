// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "firmware.h"

#include <quietus/memory.h>

#include "../common/command_line.h"

/* linux,uefi-secure-boot: 1 unknown, 2 disabled. */
#define SECURE_BOOT_ENABLED 3

/* A range split by another one inside it. */
#define PARTS 3

/* Xen's dom0 finds one more node in a stub. */
static bool is_stub(const struct qt_dt *dt)
{
	struct qt_dt_walk walk = {.dt = dt};
	qt_dt_node chosen, xen;
	bool has_chosen = !qt_dt_top_node(dt, "chosen", &chosen);
	bool has_xen =
		!qt_dt_top_node(dt, "hypervisor", &xen) && qt_dt_compatible(dt, xen, "xen,xen");
	int error;

	while (!(error = qt_dt_walk_next(&walk))) {
		qt_dt_node node = qt_dt_here(&walk);

		if (walk.depth == 2 && !(has_chosen && node == chosen) && !(has_xen && node == xen))
			return false;
	}
	return error == QT_E_NOTFOUND;
}

bool firmware_is_acpi(const struct qt_dt *dt, const char *command_line)
{
	struct command_line_word word;

	if (command_line_last(command_line, "acpi", &word)) {
		if (command_line_value_is(&word, "off"))
			return false;
		if (command_line_value_is(&word, "on") || command_line_value_is(&word, "force"))
			return true;
	}
	return is_stub(dt);
}

/* A number of one or two cells in /chosen. */
static int chosen_number(const struct qt_dt *dt, const char *name, uint64_t *number)
{
	const uint8_t *value;
	qt_dt_node chosen;
	uint32_t len;
	int error = qt_dt_top_node(dt, "chosen", &chosen);

	if (!error)
		error = qt_dt_property(dt, chosen, name, &value, &len);
	if (error)
		return error;
	if (len != 4 && len != 8)
		return QT_E_BAD;
	*number = len == 4 ? qt_be32(value) : qt_be64(value);
	return QT_OK;
}

bool firmware_is_locked(const struct qt_dt *dt, const char *command_line)
{
	struct command_line_word word;
	uint64_t secure_boot;

	if (command_line_last(command_line, "lockdown", &word) &&
		!command_line_value_is(&word, "none"))
		return true;
	return !chosen_number(dt, "linux,uefi-secure-boot", &secure_boot) &&
	       secure_boot == SECURE_BOOT_ENABLED;
}

int firmware_map(const struct qt_dt *dt, struct efi_map *map)
{
	uint64_t at = 0, bytes = 0, size = 0;
	int error = chosen_number(dt, "linux,uefi-mmap-start", &at);

	if (!error)
		error = chosen_number(dt, "linux,uefi-mmap-size", &bytes);
	if (!error)
		error = chosen_number(dt, "linux,uefi-mmap-desc-size", &size);
	return error ? error : efi_map_open(map, at, bytes, size);
}

int firmware_memory(
	const struct physical *physical, const struct efi_map *map, struct qt_ranges *memory)
{
	struct efi_descriptor at;
	int error = QT_OK;

	for (uint32_t i = 0; i < map->count && !error; i++) {
		error = efi_map_read(physical, map, i, &at);
		if (!error && at.attributes & EFI_WRITE_BACK && at.start < at.end)
			error = qt_ranges_add(memory, at.start, at.end);
	}
	return error;
}

int firmware_acpi(struct qt_acpi *acpi, const struct qt_host *host, const struct physical *physical,
	const struct qt_dt *dt, const char *command_line)
{
	struct efi_map map;
	uint64_t systab;
	qt_phys rsdp;
	int error;

	if (command_line_last_number(command_line, "acpi_rsdp", &rsdp) &&
		!qt_acpi_open(acpi, host, rsdp))
		return QT_OK;
	error = chosen_number(dt, "linux,uefi-system-table", &systab);
	if (!error)
		error = firmware_map(dt, &map);
	if (!error)
		error = efi_rsdp(physical, systab, &map, 0, &rsdp);
	return error ? error : qt_acpi_open(acpi, host, rsdp);
}

/* The copy */

static void set64(uint8_t *at, uint64_t value)
{
	for (unsigned i = 0; i < 8; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

size_t firmware_map_room(const struct efi_map *map)
{
	return ((size_t)map->count + PARTS - 1) * map->size;
}

/* Makes a descriptor one of a part of its range. */
static void cut(uint8_t *at, const struct efi_descriptor *whole, struct qt_range part)
{
	set64(at + EFI_START, part.start);
	set64(at + EFI_PAGES, (part.end - part.start) / EFI_PAGE_SIZE);
	if (whole->address)
		set64(at + EFI_ADDRESS, whole->address + (part.start - whole->start));
}

static void mark_tables(uint8_t *at)
{
	memset(at + EFI_TYPE, 0, sizeof(uint32_t));
	at[EFI_TYPE] = EFI_ACPI_RECLAIM;
}

/* Makes several out of the descriptor at `at`: before, of and behind the tables. How many. */
static size_t split(
	uint8_t *at, size_t size, const struct efi_descriptor *whole, struct qt_range tables)
{
	const struct qt_range parts[PARTS] = {
		{whole->start, tables.start}, tables, {tables.end, whole->end}};
	uint8_t original[EFI_DESCRIPTOR_MAX];
	size_t count = 0;

	memcpy(original, at, size);
	for (unsigned i = 0; i < PARTS; i++) {
		uint8_t *part = at + count * size;

		if (parts[i].start == parts[i].end)
			continue;
		memcpy(part, original, size);
		cut(part, whole, parts[i]);
		if (i == 1)
			mark_tables(part);
		count++;
	}
	return count;
}

static bool holds(const struct efi_descriptor *at, struct qt_range tables)
{
	return at->attributes & EFI_WRITE_BACK && at->start <= tables.start &&
	       tables.end <= at->end;
}

int firmware_map_copy(const struct physical *physical, const struct efi_map *map,
	struct qt_range tables, uint8_t *to, size_t capacity, size_t *size)
{
	bool found = false;

	*size = 0;
	if (capacity < firmware_map_room(map))
		return QT_E_NOMEM;
	for (uint32_t i = 0; i < map->count; i++) {
		struct efi_descriptor at;
		size_t count = 1;
		int error = efi_map_read(physical, map, i, &at);

		if (!error)
			error = physical_read(
				physical, map->at + (qt_phys)i * map->size, to + *size, map->size);
		if (error)
			return error;
		if (!found && holds(&at, tables)) {
			count = split(to + *size, map->size, &at, tables);
			found = true;
		}
		*size += count * map->size;
	}
	return found ? QT_OK : QT_E_NOTFOUND;
}
