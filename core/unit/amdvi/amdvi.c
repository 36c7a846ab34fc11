/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AMD-Vi is recognised and left alone.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, revision
 * 3.08, section 5.2.2 (IVRS).
 */
#include <quietus/unit.h>

static int discover(struct qt_machine *machine)
{
	const uint8_t *table;
	size_t len;
	int error = qt_acpi_table(&machine->acpi, machine->arena, "IVRS", 0, &table, &len);

	return error == QT_E_NOTFOUND ? QT_E_NOTFOUND : QT_E_UNSUPPORTED;
}

const struct qt_unit_ops qt_unit_amdvi = {
	.name = "amd-vi",
	.discover = discover,
};
