// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/pci.h>

#include "ecam.h"
#include "cpu.h"

static volatile void *ecam_at(const struct pci_access *pci, qt_rid rid, unsigned offset)
{
	qt_phys at;

	if (!pci->ecams || qt_ecam_address(pci->ecam, pci->ecams, rid, &at))
		return NULL;
	return paging_at(pci->paging, at + offset);
}

bool ecam_read(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t *value)
{
	volatile void *at = ecam_at(pci, rid, offset);

	if (!at)
		return false;
	switch (width) {
	case 1:
		*value = device_read8(at);
		break;
	case 2:
		*value = device_read16(at);
		break;
	default:
		*value = device_read32(at);
		break;
	}
	return true;
}

bool ecam_write(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	volatile void *at = ecam_at(pci, rid, offset);

	if (!at)
		return false;
	switch (width) {
	case 1:
		device_write8(at, (uint8_t)value);
		break;
	case 2:
		device_write16(at, (uint16_t)value);
		break;
	default:
		device_write32(at, value);
		break;
	}
	return true;
}
