/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Firmware that describes the machine by ACPI tables: the device tree is then a stub,
 * in which the boot loader says where UEFI left what belongs to it.
 *
 * Source: Linux, Documentation/arch/arm/uefi.rst (properties of /chosen) and
 * Documentation/arch/arm64/arm-acpi.rst (when ACPI is used).
 */
#ifndef QUIETUS_STAGE_FIRMWARE_H
#define QUIETUS_STAGE_FIRMWARE_H

#include <quietus/device_tree.h>

#include "../common/efi.h"

/*
 * Whether a kernel with this command line goes by ACPI: the device tree has nothing
 * but /chosen, unless acpi= says otherwise.
 */
bool firmware_is_acpi(const struct qt_dt *dt, const char *command_line);

/*
 * Whether such a kernel is locked down: then it takes no ACPI tables but the firmware's
 * (Linux, Documentation/admin-guide/kernel-parameters.txt, acpi_rsdp= and lockdown=; some
 * distributions' are whenever Secure Boot is on).
 */
bool firmware_is_locked(const struct qt_dt *dt, const char *command_line);

/* UEFI's memory map. QT_E_NOTFOUND, QT_E_BAD. */
int firmware_map(const struct qt_dt *dt, struct efi_map *map);

/* Adds what the map says is ordinary memory. Errors: those of reading it, QT_E_NOMEM. */
int firmware_memory(
	const struct physical *physical, const struct efi_map *map, struct qt_ranges *memory);

/*
 * Opens the ACPI tables: acpi_rsdp= on the command line, else what UEFI's system table
 * leads to. QT_E_NOTFOUND; others as qt_acpi_open's.
 */
int firmware_acpi(struct qt_acpi *acpi, const struct qt_host *host, const struct physical *physical,
	const struct qt_dt *dt, const char *command_line);

/* Bytes that the copy below takes at most. */
size_t firmware_map_room(const struct efi_map *map);

/*
 * Writes a copy of the map in which `tables`, whole pages of one of its ranges, are
 * memory for ACPI tables: kernels map no others. Sets *size. QT_E_NOTFOUND: no range
 * of ordinary memory holds them; QT_E_NOMEM; others as reading.
 */
int firmware_map_copy(const struct physical *physical, const struct efi_map *map,
	struct qt_range tables, uint8_t *to, size_t capacity, size_t *size);

#endif
