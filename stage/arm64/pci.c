// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* PCI configuration space: ECAM is all there is. */
#include "../common/ecam.h"

uint32_t pci_read(const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width)
{
	uint32_t value;

	return ecam_read(pci, rid, offset, width, &value) ? value : UINT32_MAX;
}

void pci_write(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	ecam_write(pci, rid, offset, width, value);
}
