// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: PCI Local Bus Specification 3.0, 3.2.2.3.2 (configuration mechanism 1).
 */
#include <quietus/pci.h>

#include "cpu.h"
#include "pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  UINT32_C(0x80000000)
#define CONFIG_LIMIT   256

#define ALL_ONES UINT32_MAX

/* Selects a register by mechanism 1. False where it cannot be reached. */
static bool select(qt_rid rid, unsigned offset)
{
	if (QT_RID_SEGMENT(rid) || offset >= CONFIG_LIMIT)
		return false;
	out32(CONFIG_ADDRESS, CONFIG_ENABLE | (rid & 0xffff) << 8 | (offset & ~3u));
	return true;
}

static uint32_t port_read(qt_rid rid, unsigned offset, unsigned width)
{
	uint16_t port = (uint16_t)(CONFIG_DATA + (offset & 3));

	if (!select(rid, offset))
		return ALL_ONES;
	switch (width) {
	case 1:
		return in8(port);
	case 2:
		return in16(port);
	default:
		return in32(port);
	}
}

static void port_write(qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	uint16_t port = (uint16_t)(CONFIG_DATA + (offset & 3));

	if (!select(rid, offset))
		return;
	switch (width) {
	case 1:
		out8(port, (uint8_t)value);
		break;
	case 2:
		out16(port, (uint16_t)value);
		break;
	default:
		out32(port, value);
		break;
	}
}

bool pci_ecam_holds(const struct pci_access *pci)
{
	uint32_t value;
	uint32_t other = port_read(0, 0, 4);

	return !ecam_read(pci, 0, 0, 4, &value) || other == ALL_ONES || value == other;
}

uint32_t pci_read(const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width)
{
	uint32_t value;

	return ecam_read(pci, rid, offset, width, &value) ? value : port_read(rid, offset, width);
}

void pci_write(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	if (!ecam_write(pci, rid, offset, width, value))
		port_write(rid, offset, width, value);
}
