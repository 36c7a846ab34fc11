// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * MCFG: where configuration space is in memory (PCI Firmware Specification 3.3,
 * 4.1.2), and the address of one function in it (PCIe 6.0, 7.2.2).
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>
#include <quietus/pci.h>

/* Table 4-2: after the header and 8 reserved bytes, entries of 16 bytes. */
#define MCFG_ENTRIES    44
#define MCFG_ENTRY_SIZE 16
#define MCFG_BASE       0
#define MCFG_SEGMENT    8
#define MCFG_FIRST_BUS  10
#define MCFG_LAST_BUS   11

/* Each function has 4 KiB, so each bus has 1 MiB. */
#define ECAM_BUS_SHIFT   20
#define ECAM_DEVFN_SHIFT 12

static qt_phys bus_address(const struct qt_ecam *ecam, unsigned bus)
{
	return ecam->base + ((qt_phys)bus << ECAM_BUS_SHIFT);
}

/* A window must have an address, buses in order, and an end that does not wrap. */
static bool sane(const struct qt_ecam *ecam)
{
	return ecam->base != 0 && (ecam->base & ((1u << ECAM_BUS_SHIFT) - 1)) == 0 &&
	       ecam->first_bus <= ecam->last_bus && ecam->base <= UINT64_MAX - QT_MIB(256);
}

/* Whether two windows claim the same buses, or the same memory. */
static bool clash(const struct qt_ecam *a, const struct qt_ecam *b)
{
	bool buses = a->segment == b->segment && a->first_bus <= b->last_bus &&
		     b->first_bus <= a->last_bus;
	bool memory = bus_address(a, a->first_bus) < bus_address(b, b->last_bus + 1u) &&
		      bus_address(b, b->first_bus) < bus_address(a, a->last_bus + 1u);

	return buses || memory;
}

static bool clashes(const struct qt_ecam *list, size_t count, const struct qt_ecam *ecam)
{
	for (size_t i = 0; i < count; i++) {
		if (clash(&list[i], ecam))
			return true;
	}
	return false;
}

static int parse(const uint8_t *table, size_t len, struct qt_ecam *list, size_t *count)
{
	size_t capacity = *count;

	*count = 0;
	for (size_t at = MCFG_ENTRIES; at + MCFG_ENTRY_SIZE <= len; at += MCFG_ENTRY_SIZE) {
		struct qt_ecam ecam = {
			.base = qt_le64(table + at + MCFG_BASE),
			.segment = qt_le16(table + at + MCFG_SEGMENT),
			.first_bus = table[at + MCFG_FIRST_BUS],
			.last_bus = table[at + MCFG_LAST_BUS],
		};

		if (!sane(&ecam) || clashes(list, *count, &ecam))
			continue;
		if (*count == capacity)
			return QT_E_NOMEM;
		list[(*count)++] = ecam;
	}
	return *count > 0 ? QT_OK : QT_E_BAD;
}

int qt_acpi_mcfg(
	const struct qt_acpi *acpi, struct qt_arena *arena, struct qt_ecam *list, size_t *count)
{
	size_t used = arena->used;
	const uint8_t *table;
	size_t len;

	int error = qt_acpi_table(acpi, arena, "MCFG", 0, &table, &len);
	if (error) {
		*count = 0;
		return error;
	}
	error = parse(table, len, list, count);
	arena->used = used;
	return error;
}

int qt_ecam_address(const struct qt_ecam *list, size_t count, qt_rid rid, qt_phys *address)
{
	uint8_t bus = QT_RID_BUS(rid);

	for (size_t i = 0; i < count; i++) {
		const struct qt_ecam *ecam = &list[i];
		if (ecam->segment != QT_RID_SEGMENT(rid) || bus < ecam->first_bus ||
			bus > ecam->last_bus)
			continue;
		*address =
			bus_address(ecam, bus) + ((qt_phys)QT_RID_DEVFN(rid) << ECAM_DEVFN_SHIFT);
		return QT_OK;
	}
	return QT_E_NOTFOUND;
}
