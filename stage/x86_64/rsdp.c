// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: ACPI 6.5, 5.2.5.1 (search on legacy machines) and 5.2.5.2 (EFI); UEFI
 * 2.10, 4.2 and 4.3 (system table) and 4.6 (configuration tables); Linux,
 * Documentation/arch/x86/boot.rst (SETUP_EFI).
 */
#include "../common/command_line.h"
#include "boot_params.h"
#include "rsdp.h"
#include "setup_data.h"

#define BIOS_START 0xe0000
#define BIOS_END   0x100000

/* Segment of the extended BIOS data area; its first 1 KiB may hold the pointer. */
#define EBDA_SEGMENT 0x40e
#define EBDA_LOWEST  0x400
#define EBDA_SEARCH  0x400

/* EFI system table on 64-bit machines. */
#define SYSTEM_TABLE_SIZE      120
#define SYSTEM_TABLE_SIGNATURE UINT64_C(0x5453595320494249) /* "IBI SYST" */
#define SYSTEM_TABLE_COUNT     104                          /* configuration tables */
#define SYSTEM_TABLE_TABLES    112                          /* their address */

/* struct efi_setup_data: u64 fw_vendor, unused, tables, ... */
#define SETUP_EFI_TABLES 16

#define CONFIG_ENTRY_SIZE  24
#define CONFIG_ENTRIES_MAX 256
#define GUID_SIZE          16

static const uint8_t guid_acpi_20[GUID_SIZE] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11,
	0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81};
static const uint8_t guid_acpi_10[GUID_SIZE] = {0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11,
	0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d};

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

/* The entry with this GUID; 0 if there is none. */
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
			*found = boot_get64(entry, GUID_SIZE);
			return 0;
		}
	}
	return QT_E_NOTFOUND;
}

int rsdp_from_efi(const struct physical *physical, const uint8_t *boot_params, qt_phys *rsdp)
{
	uint64_t systab = boot_get32(boot_params, BP_EFI_SYSTAB) |
			  (uint64_t)boot_get32(boot_params, BP_EFI_SYSTAB_HIGH) << 32;
	uint8_t table[SYSTEM_TABLE_SIZE];
	qt_phys tables;
	uint64_t count;
	int error;

	if (boot_get32(boot_params, BP_EFI_SIGNATURE) != BP_EFI_SIGNATURE_64 || !systab)
		return QT_E_NOTFOUND;
	error = physical_read(physical, systab, table, sizeof(table));
	if (error)
		return error;
	if (boot_get64(table, 0) != SYSTEM_TABLE_SIGNATURE)
		return QT_E_BAD;
	count = boot_get64(table, SYSTEM_TABLE_COUNT);
	tables = config_tables_from_node(physical, boot_params);
	if (!tables)
		tables = boot_get64(table, SYSTEM_TABLE_TABLES);
	error = find_config_table(physical, tables, count, guid_acpi_20, rsdp);
	if (error == QT_E_NOTFOUND)
		error = find_config_table(physical, tables, count, guid_acpi_10, rsdp);
	return error;
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
	struct command_line_word word;
	qt_phys rsdp;

	if (command_line_last(command_line, "acpi_rsdp", &word)) {
		const char *at = word.value;

		if (command_line_number(&at, at + word.value_len, &rsdp) &&
			!qt_acpi_open(acpi, host, rsdp))
			return 0;
	}
	rsdp = boot_get64(boot_params, BP_ACPI_RSDP);
	if (rsdp && !qt_acpi_open(acpi, host, rsdp))
		return 0;
	if (!rsdp_from_efi(physical, boot_params, &rsdp) && !qt_acpi_open(acpi, host, rsdp))
		return 0;
	if (!rsdp_from_bios(host, physical, &rsdp) && !qt_acpi_open(acpi, host, rsdp))
		return 0;
	return QT_E_NOTFOUND;
}
