/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PCI configuration space by ECAM (PCIe 6.0, 7.2.2), where a window holds the function's bus. */
#ifndef QUIETUS_STAGE_ECAM_H
#define QUIETUS_STAGE_ECAM_H

#include <quietus/firmware.h>

#include "paging.h"

struct pci_access {
	struct paging *paging;
	const struct qt_ecam *ecam;
	size_t ecams;
};

/* False where no window holds the bus: nothing has been read or written then. */
bool ecam_read(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t *value);
bool ecam_write(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t value);

/* By ECAM or by what else the architecture has; all ones where there is nothing. */
uint32_t pci_read(const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width);
void pci_write(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t value);

#endif
