/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stops functions from raising interrupts. What the dead kernel had them signal
 * goes to vectors that nobody handles any more, and a capture kernel can be held
 * up for ever by a device that keeps on signalling.
 */
#include "config.h"

#define CONTROL_ABSENT 0xffffu /* all ones: nothing answers, reserved bits included */

/* Clears `enable` of a message control register. Returns `flag` if it was set. */
static unsigned clear_enable(const struct qt_host *host, qt_rid rid, unsigned at, uint16_t enable,
	enum qt_pci_quieted flag)
{
	uint16_t control = qt_pci_read16(host, rid, at);

	if (control == CONTROL_ABSENT || !(control & enable))
		return 0;
	qt_pci_write16(host, rid, at, control & (uint16_t)~enable);
	/* Reading back also waits for messages that were on their way: they come before it. */
	return qt_pci_read16(host, rid, at) & enable ? flag | QT_PCI_QUIET_FAILED : flag;
}

/* A virtual function has neither INTx nor the bit (9.3.4.1.3). */
static unsigned disable_intx(const struct qt_host *host, qt_rid rid, uint16_t command)
{
	bool has_pin = qt_pci_read8(host, rid, PCI_INTERRUPT_PIN) != 0;

	if (command & COMMAND_INTX_DISABLE)
		return 0;
	qt_pci_write16(host, rid, PCI_COMMAND, command | COMMAND_INTX_DISABLE);
	if (!has_pin)
		return 0;
	/* Functions older than PCI 2.3 do not have the bit. */
	if (!(qt_pci_read16(host, rid, PCI_COMMAND) & COMMAND_INTX_DISABLE))
		return QT_PCI_QUIET_FAILED;
	return QT_PCI_QUIET_INTX;
}

/*
 * INTx first: a function whose MSI or MSI-X enable is cleared signals by INTx
 * from then on (7.7.1.2, 7.7.2.2). The MSI-X function mask is left as it is: it
 * means nothing while MSI-X is off, and whoever turns it on sets it anew.
 */
static unsigned quiet_function(const struct qt_host *host, const struct qt_pci_function *function)
{
	qt_rid rid = function->rid;
	uint16_t command = qt_pci_read16(host, rid, PCI_COMMAND);
	unsigned done = 0, msi, msix;

	if (command == CONTROL_ABSENT)
		return QT_PCI_QUIET_ABSENT;
	if (!(function->flags & QT_PCI_VF))
		done |= disable_intx(host, rid, command);
	msi = qt_pci_capability(host, rid, CAP_ID_MSI);
	if (msi)
		done |= clear_enable(host, rid, msi + MSI_CONTROL, MSI_ENABLE, QT_PCI_QUIET_MSI);
	msix = qt_pci_capability(host, rid, CAP_ID_MSIX);
	if (msix)
		done |= clear_enable(
			host, rid, msix + MSIX_CONTROL, MSIX_ENABLE, QT_PCI_QUIET_MSIX);
	return done;
}

void qt_pci_quiet_interrupts(struct qt_pci *pci, struct qt_pci_quiet_counts *counts)
{
	*counts = (struct qt_pci_quiet_counts){0};
	for (size_t i = 0; i < pci->count; i++) {
		struct qt_pci_function *function = &pci->functions[i];

		/* Bridges and ports, and layouts whose registers mean nothing. */
		if (function->header_type != HEADER_FUNCTION)
			continue;
		function->quieted = (uint8_t)quiet_function(pci->host, function);
		counts->intx += !!(function->quieted & QT_PCI_QUIET_INTX);
		counts->msi += !!(function->quieted & QT_PCI_QUIET_MSI);
		counts->msix += !!(function->quieted & QT_PCI_QUIET_MSIX);
		counts->failed += !!(function->quieted & QT_PCI_QUIET_FAILED);
		counts->absent += !!(function->quieted & QT_PCI_QUIET_ABSENT);
	}
}
