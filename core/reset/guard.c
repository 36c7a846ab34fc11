// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "saved.h"

#include "registers.h"

struct change {
	const struct qt_host *host;
	qt_rid rid;
	unsigned end; /* of the space in which registers are changed */
};

static void change16(const struct change *change, unsigned at, unsigned clear, unsigned set)
{
	uint16_t value;

	if (at + 2 > change->end)
		return;
	value = qt_pci_read16(change->host, change->rid, at);
	qt_pci_write16(change->host, change->rid, at, (uint16_t)((value & ~clear) | set));
}

static void set32(const struct change *change, unsigned at, uint32_t value)
{
	if (at + 4 <= change->end)
		change->host->pci_write(change->host->context, change->rid, at, 4, value);
}

/* Errors of the link and of what is below it, as every kind of port reports them. */
static void guard_extended(const struct qt_host *host, qt_rid rid, bool root)
{
	struct change change = {host, rid, CONFIG_SIZE_EXT};
	unsigned aer = qt_pci_ext_capability(host, rid, EXT_ID_AER);
	unsigned dpc = qt_pci_ext_capability(host, rid, EXT_ID_DPC);

	if (aer) {
		set32(&change, aer + AER_MASK, UINT32_MAX);
		set32(&change, aer + AER_CORR_MASK, UINT32_MAX);
	}
	if (aer && root)
		set32(&change, aer + AER_ROOT_COMMAND, 0);
	if (dpc)
		change16(&change, dpc + DPC_CONTROL, DPC_ENABLES, 0);
}

/*
 * Commands to the slot take their time (6.7.3.2), but nobody waits for this one to
 * be completed: it changes enables only, and the next comes after the reset.
 */
static void guard_express(
	const struct change *change, const struct qt_pci_function *bridge, unsigned at)
{
	bool root = bridge->pcie_type == QT_PCIE_ROOT_PORT;

	change16(change, at + EXPRESS_DEVCTL, DEVCTL_ERRORS | DEVCTL_FLR, 0);
	if (!qt_pci_link_below(bridge))
		return;
	change16(change, at + EXPRESS_LNKCTL, LNKCTL_EVENTS | LNKCTL_RETRAIN, 0);
	if (qt_pci_read16(change->host, change->rid, at + EXPRESS_FLAGS) & EXPRESS_SLOT)
		change16(change, at + EXPRESS_SLTCTL, SLTCTL_EVENTS, 0);
	if (root && at + EXPRESS_ROOTCAP + 2 <= change->end)
		change16(change, at + EXPRESS_ROOTCTL, ROOTCTL_ERRORS,
			qt_pci_read16(change->host, change->rid, at + EXPRESS_ROOTCAP) & ROOTCAP_RRS
				? ROOTCTL_RRS
				: 0);
}

void qt_guard(const struct qt_host *host, const struct qt_pci_function *bridge)
{
	struct change change = {host, bridge->rid, CONFIG_SIZE};
	unsigned express = qt_pci_capability(host, bridge->rid, CAP_ID_EXPRESS);

	change16(&change, PCI_COMMAND, COMMAND_SERR, 0);
	change16(&change, BRIDGE_CONTROL,
		BRIDGE_CONTROL_SERR | BRIDGE_CONTROL_RESET | BRIDGE_CONTROL_TIMEOUT, 0);
	if (!express)
		return;
	guard_extended(host, bridge->rid, bridge->pcie_type == QT_PCIE_ROOT_PORT);
	guard_express(&change, bridge, express);
}
