// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: ACPI 6.5, 5.2.5.1 (search on legacy machines) and 5.2.5.2 (EFI); Linux,
 * Documentation/arch/x86/boot.rst (SETUP_EFI).
 */
#include "../common/command_line.h"
#include "../common/efi.h"
#include "boot_params.h"
#include "rsdp.h"
#include "setup_data.h"

#define BIOS_START 0xe0000
#define BIOS_END   0x100000

/* Segment of the extended BIOS data area; its first 1 KiB may hold the pointer. */
#define EBDA_SEGMENT 0x40e
#define EBDA_LOWEST  0x400
#define EBDA_SEARCH  0x400

/* struct efi_setup_data: u64 fw_vendor, unused, tables, ... */
#define SETUP_EFI_TABLES 16

/*
 * A kernel that was started by kexec finds the table's pointers changed to
 * virtual addresses: then a setup_data node has the physical one.
 */
static qt_phys config_tables_from_node(const struct physical *physical, const uint8_t *boot_params)
{
	qt_phys at = boot_get64(boot_params, BP_SETUP_DATA);
	unsigned left = SETUP_DATA_NODES_MAX;
	struct setup_data node;
	uint64_t tables;

	while (setup_data_next(physical, &at, &left, &node) == 0)
		if (node.type == SETUP_EFI && node.len >= SETUP_EFI_TABLES + sizeof(tables) &&
			!physical_read(physical,
				node.at + SETUP_DATA_HEADER_SIZE + SETUP_EFI_TABLES, &tables,
				sizeof(tables)))
			return tables;
	return 0;
}

int rsdp_from_efi(const struct physical *physical, const uint8_t *boot_params, qt_phys *rsdp)
{
	uint64_t systab = boot_get32(boot_params, BP_EFI_SYSTAB) |
			  (uint64_t)boot_get32(boot_params, BP_EFI_SYSTAB_HIGH) << 32;

	if (boot_get32(boot_params, BP_EFI_SIGNATURE) != BP_EFI_SIGNATURE_64 || !systab)
		return QT_E_NOTFOUND;
	return efi_rsdp(
		physical, systab, NULL, config_tables_from_node(physical, boot_params), rsdp);
}

static int rsdp_from_bios(
	const struct qt_host *host, const struct physical *physical, qt_phys *rsdp)
{
	uint16_t segment = 0;
	qt_phys ebda;

	if (!physical_read(physical, EBDA_SEGMENT, &segment, sizeof(segment))) {
		ebda = (qt_phys)segment << 4;
		if (ebda >= EBDA_LOWEST && ebda + EBDA_SEARCH <= BIOS_START &&
			!qt_acpi_scan_rsdp(host, ebda, ebda + EBDA_SEARCH, rsdp))
			return 0;
	}
	return qt_acpi_scan_rsdp(host, BIOS_START, BIOS_END, rsdp);
}

int rsdp_open(struct qt_acpi *acpi, const struct qt_host *host, const struct physical *physical,
	const uint8_t *boot_params, const char *command_line)
{
	qt_phys rsdp;

	if (command_line_last_number(command_line, "acpi_rsdp", &rsdp) &&
		!qt_acpi_open(acpi, host, rsdp))
		return 0;
	rsdp = boot_get64(boot_params, BP_ACPI_RSDP);
	if (rsdp && !qt_acpi_open(acpi, host, rsdp))
		return 0;
	if (!rsdp_from_efi(physical, boot_params, &rsdp) && !qt_acpi_open(acpi, host, rsdp))
		return 0;
	if (!rsdp_from_bios(host, physical, &rsdp) && !qt_acpi_open(acpi, host, rsdp))
		return 0;
	return QT_E_NOTFOUND;
}
