/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PCI configuration space by ECAM, and by configuration mechanism 1 where that is all there is. */
#ifndef QUIETUS_STAGE_PCI_H
#define QUIETUS_STAGE_PCI_H

#include "../common/ecam.h"

/*
 * Whether ECAM shows the same host bridge as mechanism 1 does. Firmware's table
 * has been seen to name a place where nothing is.
 */
bool pci_ecam_holds(const struct pci_access *pci);

#endif
