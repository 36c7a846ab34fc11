/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where ACPI's root pointer is. */
#ifndef QUIETUS_STAGE_RSDP_H
#define QUIETUS_STAGE_RSDP_H

#include <quietus/firmware.h>

#include "../common/physical.h"

/*
 * Opens the ACPI tables: acpi_rsdp= on the command line, boot_params, EFI's
 * system table, then a search of the BIOS's memory; the first that holds wins.
 * QT_E_NOTFOUND if none does.
 */
int rsdp_open(struct qt_acpi *acpi, const struct qt_host *host, const struct physical *physical,
	const uint8_t *boot_params, const char *command_line);

/* EFI's entry alone. QT_E_NOTFOUND, QT_E_BAD, QT_E_OUTSIDE. */
int rsdp_from_efi(const struct physical *physical, const uint8_t *boot_params, qt_phys *rsdp);

#endif
