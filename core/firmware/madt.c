/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * MADT: where a GIC takes devices' messages (ACPI 6.5, 5.2.12.16 "GIC MSI Frame",
 * 5.2.12.18 "GIC ITS").
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>

#define MADT_STRUCTURES 44u /* 5.2.12 */

enum { GIC_MSI_FRAME = 0x0d, GIC_ITS = 0x0f };
#define GIC_BASE 8
#define GIC_SIZE 16u /* as far as it is needed */

int qt_doorbell_its(struct qt_ranges *doorbells, qt_phys base)
{
	/* GIC architecture specification, IHI 0069, 12.18: the second frame of 64 KiB. */
	if (base > UINT64_MAX - QT_KIB(128) || base & 0xffff)
		return QT_E_BAD;
	return qt_ranges_add(doorbells, base + QT_KIB(64), base + QT_KIB(128));
}

int qt_doorbell_frame(struct qt_ranges *doorbells, qt_phys base)
{
	base &= ~0xffffull;
	return base > UINT64_MAX - QT_KIB(64) ? QT_E_BAD
					      : qt_ranges_add(doorbells, base, base + QT_KIB(64));
}

int qt_acpi_doorbells(
	const struct qt_acpi *acpi, struct qt_arena *arena, struct qt_ranges *doorbells)
{
	size_t used = arena->used, len, size;
	const uint8_t *table;
	int error = qt_acpi_table(acpi, arena, "APIC", 0, &table, &len);

	if (error)
		return error;
	for (size_t at = MADT_STRUCTURES; at < len && error == QT_OK; at += size) {
		const uint8_t *entry = table + at;

		size = len - at >= 2 ? entry[1] : 0;
		if (size < 2 || size > len - at)
			error = QT_E_BAD;
		else if (entry[0] == GIC_ITS && size >= GIC_SIZE)
			error = qt_doorbell_its(doorbells, qt_le64(entry + GIC_BASE));
		else if (entry[0] == GIC_MSI_FRAME && size >= GIC_SIZE)
			error = qt_doorbell_frame(doorbells, qt_le64(entry + GIC_BASE));
	}
	arena->used = used;
	return error;
}
