/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PCI configuration space by ECAM, and by configuration mechanism 1 where that is all there is. */
#ifndef QUIETUS_STAGE_PCI_H
#define QUIETUS_STAGE_PCI_H

#include <quietus/firmware.h>

#include "paging.h"

struct pci_access {
	struct paging *paging;
	const struct qt_ecam *ecam;
	size_t ecams;
};

/*
 * Whether ECAM shows the same host bridge as mechanism 1 does. Firmware's table
 * has been seen to name a place where nothing is.
 */
bool pci_ecam_holds(const struct pci_access *pci);

uint32_t pci_read(const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width);
void pci_write(
	const struct pci_access *pci, qt_rid rid, unsigned offset, unsigned width, uint32_t value);

#endif
