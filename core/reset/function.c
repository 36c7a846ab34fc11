// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "function.h"

#include "registers.h"

enum answer qt_function_answers(const struct qt_host *host, const struct qt_pci_function *function)
{
	uint32_t id = qt_pci_read32(host, function->rid, PCI_VENDOR_DEVICE);
	uint16_t vendor = (uint16_t)id;

	/* A virtual function's IDs always read all ones; its command has bits that do not. */
	if (function->flags & QT_PCI_VF)
		return qt_pci_read16(host, function->rid, PCI_COMMAND) == 0xffff ? ANSWER_NONE
										 : ANSWER_IT;
	if (vendor == VENDOR_NONE || vendor == VENDOR_NOT_READY || vendor == VENDOR_ZERO)
		return ANSWER_NONE;
	return vendor == function->vendor && id >> 16 == function->device ? ANSWER_IT
									  : ANSWER_OTHER;
}

bool qt_function_pending(const struct qt_host *host, qt_rid rid)
{
	unsigned express = qt_pci_capability(host, rid, CAP_ID_EXPRESS);
	unsigned af;

	if (express)
		return qt_pci_read16(host, rid, express + EXPRESS_DEVSTA) & DEVSTA_PENDING;
	af = qt_pci_capability(host, rid, CAP_ID_AF);
	return af && qt_pci_read8(host, rid, af + AF_STATUS) & AF_PENDING;
}

bool qt_function_master_off(const struct qt_host *host, struct qt_pci_function *function)
{
	uint16_t command = qt_pci_read16(host, function->rid, PCI_COMMAND);

	if (function->header_type != HEADER_FUNCTION)
		return false;
	if (command & COMMAND_BUS_MASTER) {
		qt_pci_write16(host, function->rid, PCI_COMMAND,
			(uint16_t)(command & ~COMMAND_BUS_MASTER));
		command = qt_pci_read16(host, function->rid, PCI_COMMAND);
	}
	if (command & COMMAND_BUS_MASTER)
		return false;
	function->flags &= (uint16_t)~QT_PCI_BUS_MASTER;
	return true;
}

void qt_function_ats_off(const struct qt_host *host, struct qt_pci_function *function)
{
	unsigned at = function->ats_offset + ATS_CONTROL;
	uint16_t control;

	if (!function->ats_offset || at + 2 > CONFIG_SIZE_EXT)
		return;
	control = qt_pci_read16(host, function->rid, at);
	if (control & ATS_ENABLED)
		qt_pci_write16(host, function->rid, at, (uint16_t)(control & ~ATS_ENABLED));
	function->flags &= (uint16_t)~QT_PCI_ATS;
}

void qt_function_flr(const struct qt_host *host, qt_rid rid)
{
	unsigned at = qt_pci_capability(host, rid, CAP_ID_EXPRESS) + EXPRESS_DEVCTL;

	if (at == EXPRESS_DEVCTL || at + 2 > CONFIG_SIZE)
		return;
	qt_pci_write16(host, rid, at, (uint16_t)(qt_pci_read16(host, rid, at) | DEVCTL_FLR));
}

void qt_function_af(const struct qt_host *host, qt_rid rid)
{
	unsigned at = qt_pci_capability(host, rid, CAP_ID_AF) + AF_CONTROL;

	if (at != AF_CONTROL && at < CONFIG_SIZE)
		host->pci_write(host->context, rid, at, 1, AF_RESET);
}

void qt_function_set_power(const struct qt_host *host, qt_rid rid, unsigned state)
{
	unsigned at = qt_pci_capability(host, rid, CAP_ID_PM) + PM_CONTROL;
	uint16_t control;

	if (at == PM_CONTROL || at + 2 > CONFIG_SIZE)
		return;
	control = qt_pci_read16(host, rid, at) & (uint16_t) ~(PM_STATE | PM_EVENT_STATUS);
	qt_pci_write16(host, rid, at, (uint16_t)(control | state));
}

unsigned qt_function_power(const struct qt_host *host, qt_rid rid)
{
	unsigned pm = qt_pci_capability(host, rid, CAP_ID_PM);

	return pm ? qt_pci_read16(host, rid, pm + PM_CONTROL) & PM_STATE : 0;
}
