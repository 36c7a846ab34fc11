// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which requester ID a unit sees: bridges from PCI Express to conventional PCI
 * put their own on what they forward (PCI Express to PCI/PCI-X Bridge
 * Specification 1.0, 2.3), and some devices use a function number not theirs.
 */
#include "config.h"

/*
 * Devices whose DMA comes, wholly or in part, from another function of the same
 * device, which need not be visible. Source: the DMA alias quirks of Linux
 * (drivers/pci/quirks.c) and the bug reports named there.
 */
static const struct {
	uint16_t vendor;
	uint16_t device;
	uint8_t function;
} function_quirks[] = {
	{0x1180, 0xe476, 0},                      /* Ricoh card readers and FireWire */
	{0x1180, 0xe832, 0}, {0x6766, 0x3d40, 0}, /* Glenfly audio */
	{0x6766, 0x3d41, 0}, {0x1103, 0x0642, 1}, /* HighPoint RocketRAID 642L, 644L */
	{0x1103, 0x0645, 1}, {0x197b, 0x2392, 1}, /* JMicron JMB388 */
	{0x1b4b, 0x9120, 1},                      /* Marvell 88SE91xx and 88SE92xx */
	{0x1b4b, 0x9123, 1}, {0x1b4b, 0x9125, 1}, {0x1b4b, 0x9128, 1}, {0x1b4b, 0x9130, 1},
	{0x1b4b, 0x9170, 1}, {0x1b4b, 0x9172, 1}, {0x1b4b, 0x917a, 1}, {0x1b4b, 0x9182, 1},
	{0x1b4b, 0x9183, 1}, {0x1b4b, 0x91a0, 1}, {0x1b4b, 0x9215, 1}, {0x1b4b, 0x9220, 1},
	{0x1b4b, 0x9230, 1}, {0x1b4b, 0x9235, 1}, {0x1c28, 0x0122, 1}, /* Lite-On (Plextor) M6e */
};

/*
 * PCI Express to PCI bridges without the capability that says so. Source: as
 * above.
 */
static const struct {
	uint16_t vendor;
	uint16_t device;
} hidden_bridges[] = {
	{0x10e3, 0x8113},                   /* Tundra Tsi381 */
	{0x1283, 0x8892},                   /* ITE IT8892E, IT8893E */
	{0x1283, 0x8893}, {0x1b21, 0x1080}, /* ASMedia ASM108x */
	{0x8086, 0x244e},                   /* Intel 82801 */
};

static qt_rid function_alias(const struct qt_pci_function *function)
{
	for (size_t i = 0; i < QT_ARRAY_SIZE(function_quirks); i++) {
		if (function->vendor == function_quirks[i].vendor &&
			function->device == function_quirks[i].device)
			return (function->rid & ~(qt_rid)7) | function_quirks[i].function;
	}
	return function->rid;
}

/*
 * Whether a bridge without the PCI Express capability ends a link all the same.
 * It may as well sit on conventional PCI: then another bridge above has the last
 * word, except on a root bus.
 */
static bool is_hidden_express(const struct qt_pci_function *bridge)
{
	if (bridge->parent < 0)
		return false;
	for (size_t i = 0; i < QT_ARRAY_SIZE(hidden_bridges); i++) {
		if (bridge->vendor == hidden_bridges[i].vendor &&
			bridge->device == hidden_bridges[i].device)
			return true;
	}
	return false;
}

/* The requester ID of what came up through `bridge` as `rid`. */
static qt_rid through(const struct qt_pci_function *bridge, qt_rid rid)
{
	bool express = bridge->flags & QT_PCI_EXPRESS;

	if ((express && bridge->pcie_type == QT_PCIE_TO_PCI) ||
		(!express && is_hidden_express(bridge)))
		return QT_RID(QT_RID_SEGMENT(bridge->rid), bridge->secondary, 0);
	/* Conventional PCI on the upper side carries no requester ID: the bridge's counts. */
	if (!express || bridge->pcie_type == QT_PCI_TO_PCIE)
		return bridge->rid;
	return rid;
}

qt_rid qt_pci_alias(const struct qt_pci *pci, const struct qt_pci_function *function)
{
	qt_rid rid = function_alias(function);

	/* Parents come before their children, so this ends. */
	for (int32_t i = function->parent; i >= 0; i = pci->functions[i].parent)
		rid = through(&pci->functions[i], rid);
	return rid;
}
