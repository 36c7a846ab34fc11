// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Which functions can be stopped, and how. Reads only.
 */
#include "function.h"
#include "quirks.h"
#include "registers.h"

#define BUS_METHODS (1u << QT_RESET_BUS | 1u << QT_RESET_SLOT)

/* Class codes without the programming interface. */
#define CLASS_OLD_VGA    0x0001 /* from before there were class codes */
#define BASE_MEMORY      0x05
#define BASE_DISPLAY     0x03
#define BASE_BRIDGE      0x06
#define CLASS_SERIAL     0x0700
#define CLASS_MULTIPORT  0x0702
#define BASE_SYSTEM      0x08 /* interrupt controllers, timers, IOMMUs */
#define CLASS_SD_HOST    0x0805
#define CLASS_SYSTEM_ANY 0x0880 /* all sorts of things that are none of those */

static bool is_console(unsigned class_code)
{
	return class_code >> 8 == BASE_DISPLAY || class_code == CLASS_OLD_VGA ||
	       class_code == CLASS_SERIAL || class_code == CLASS_MULTIPORT;
}

/* Whether the machine itself stands on it. */
static bool is_platform(unsigned class_code)
{
	switch (class_code >> 8) {
	case BASE_BRIDGE:
	case BASE_MEMORY:
		return true;
	case BASE_SYSTEM:
		return class_code != CLASS_SD_HOST && class_code != CLASS_SYSTEM_ANY;
	default:
		return false;
	}
}

/* Why a function must not be reset, by what it is; with that, not by a neighbour's bus either. */
static enum qt_reset_obstacle nature(const struct qt_pci_function *function)
{
	unsigned class_code = function->class_code >> 8;

	/* CardBus bridges and unknown layouts could not be restored. */
	if (function->header_type != HEADER_FUNCTION && function->header_type != HEADER_BRIDGE)
		return QT_OBSTACLE_DAMAGED;
	if (function->flags & QT_PCI_BRIDGE)
		return QT_OBSTACLE_NONE;
	if (is_console(class_code))
		return QT_OBSTACLE_DISPLAY;
	return is_platform(class_code) ? QT_OBSTACLE_PLATFORM : QT_OBSTACLE_NONE;
}

static bool has_flr(const struct qt_host *host, qt_rid rid)
{
	unsigned express = qt_pci_capability(host, rid, CAP_ID_EXPRESS);
	uint32_t capability;

	if (!express)
		return false;
	capability = qt_pci_read32(host, rid, express + EXPRESS_DEVCAP);
	return capability != UINT32_MAX && capability & DEVCAP_FLR;
}

static bool has_af(const struct qt_host *host, qt_rid rid)
{
	unsigned af = qt_pci_capability(host, rid, CAP_ID_AF);
	unsigned capability = af ? qt_pci_read8(host, rid, af + AF_CAPABILITY) : 0;

	return capability != 0xff && (capability & AF_RESET_SUPPORTED) == AF_RESET_SUPPORTED;
}

static bool has_pm(const struct qt_host *host, qt_rid rid)
{
	unsigned pm = qt_pci_capability(host, rid, CAP_ID_PM);

	return pm && !(qt_pci_read16(host, rid, pm + PM_CONTROL) & PM_NO_SOFT_RESET);
}

/* Methods that reset this function alone, whatever the quirks forbid. */
static unsigned own_methods(const struct qt_host *host, const struct qt_pci_function *function,
	const struct quirks *quirks)
{
	bool flr = has_flr(host, function->rid);
	unsigned methods = flr ? 1u << QT_RESET_FLR : 0;

	if (quirks->routine && (flr || quirks->routine == ROUTINE_UNADVERTISED))
		methods |= 1u << QT_RESET_DEVICE;
	/* A virtual function has FLR (PCIe 6.0, 9.2.2.2), and no power states that reset it. */
	if (function->flags & QT_PCI_VF)
		return methods;
	if (has_af(host, function->rid))
		methods |= 1u << QT_RESET_AF;
	if (has_pm(host, function->rid))
		methods |= 1u << QT_RESET_PM;
	return methods;
}

/* Whether the numbers of two bridges, one not above the other, are apart. */
static bool apart(const struct qt_pci *pci, size_t a, size_t b)
{
	const struct qt_pci_function *one = &pci->functions[a], *other = &pci->functions[b];

	if (QT_RID_SEGMENT(one->rid) != QT_RID_SEGMENT(other->rid) || other->secondary == 0 ||
		one->secondary > other->subordinate || other->secondary > one->subordinate)
		return true;
	return qt_function_below(pci, a, (int32_t)b) || qt_function_below(pci, b, (int32_t)a);
}

/* With two bridges that claim the same bus, nobody knows what a reset would hit. */
static bool numbers_clash(const struct qt_pci *pci, size_t bridge)
{
	for (size_t i = 0; i < pci->count; i++) {
		if (i != bridge && pci->functions[i].flags & QT_PCI_BRIDGE &&
			!apart(pci, bridge, i))
			return true;
	}
	return false;
}

/*
 * A CXL port may ignore its Secondary Bus Reset bit (Compute Express Link
 * Specification 3.1, 8.1.5.2).
 */
static bool ignores_bus_reset(const struct qt_host *host, qt_rid rid)
{
	unsigned at = EXT_FIRST;

	for (unsigned step = 0; step < EXT_STEPS && at >= EXT_FIRST; step++) {
		uint32_t header = qt_pci_read32(host, rid, at);

		if (header == 0 || header == EXT_NOTHING)
			return false;
		if (EXT_ID(header) == EXT_ID_DVSEC && at + CXL_PORT_CONTROL < CONFIG_SIZE_EXT &&
			qt_pci_read16(host, rid, at + DVSEC_VENDOR) == DVSEC_VENDOR_CXL &&
			qt_pci_read16(host, rid, at + DVSEC_ID) == DVSEC_CXL_PORT)
			return !(qt_pci_read16(host, rid, at + CXL_PORT_CONTROL) & CXL_UNMASK_SBR);
		at = EXT_NEXT(header);
	}
	return false;
}

/* Whether what is below this bridge is a bus of its own that the bridge can reset. */
static bool resets_its_bus(const struct qt_pci_function *bridge)
{
	if (bridge->header_type != HEADER_BRIDGE || bridge->flags & QT_PCI_DAMAGED_CAPS)
		return false;
	return !(bridge->flags & QT_PCI_EXPRESS) || qt_pci_link_below(bridge) ||
	       bridge->pcie_type == QT_PCIE_TO_PCI;
}

static bool has_hotplug(const struct qt_host *host, const struct qt_pci_function *bridge)
{
	unsigned express = qt_pci_capability(host, bridge->rid, CAP_ID_EXPRESS);

	return express &&
	       qt_pci_read16(host, bridge->rid, express + EXPRESS_FLAGS) & EXPRESS_SLOT &&
	       qt_pci_read32(host, bridge->rid, express + EXPRESS_SLTCAP) & SLTCAP_HOTPLUG;
}

/* The method by which this bridge would reset what is below it, or QT_RESET_NONE. */
static enum qt_reset_method bus_method(const struct qt_pci *pci, size_t index)
{
	const struct qt_pci_function *bridge = &pci->functions[index];

	if (!resets_its_bus(bridge) || numbers_clash(pci, index))
		return QT_RESET_NONE;
	if (bridge->flags & QT_PCI_EXPRESS && ignores_bus_reset(pci->host, bridge->rid))
		return QT_RESET_NONE;
	return has_hotplug(pci->host, bridge) ? QT_RESET_SLOT : QT_RESET_BUS;
}

/*
 * From the last function to the first, so that what must not be reset closes all
 * the bridges above it. A list that is full may lack functions: then there is no
 * telling what a bus's reset would hit.
 */
static void close_bridges(const struct qt_pci *pci, struct qt_reset *resets)
{
	bool full = pci->count == pci->capacity;

	for (size_t i = pci->count; i-- > 0;) {
		const struct qt_pci_function *function = &pci->functions[i];
		struct quirks quirks = qt_quirks(pci->host, function);

		if (nature(function) || quirks.forbidden & BUS_METHODS ||
			(full && function->flags & QT_PCI_BRIDGE))
			resets[i].closed = true;
		if (resets[i].closed && function->parent >= 0)
			resets[function->parent].closed = true;
	}
}

static enum qt_reset_obstacle why_none(const struct qt_pci_function *function,
	const struct qt_reset *reset, bool forbidden, bool closed)
{
	if (forbidden || reset->closed)
		return QT_OBSTACLE_FORBIDDEN;
	if (closed)
		return QT_OBSTACLE_NEIGHBOUR;
	return function->flags & QT_PCI_DAMAGED_CAPS ? QT_OBSTACLE_DAMAGED : QT_OBSTACLE_NO_METHOD;
}

static void probe_methods(const struct qt_pci *pci, struct qt_reset *resets, size_t index)
{
	const struct qt_pci_function *function = &pci->functions[index];
	struct quirks quirks = qt_quirks(pci->host, function);
	unsigned methods = 0;
	bool closed = false;

	/* Capabilities of a list that leads astray may be anything. */
	if (!(function->flags & QT_PCI_DAMAGED_CAPS))
		methods = own_methods(pci->host, function, &quirks);
	if (function->parent >= 0 && !(function->flags & QT_PCI_VF)) {
		enum qt_reset_method bus = bus_method(pci, (size_t)function->parent);

		closed = bus && resets[function->parent].closed;
		if (bus && !closed) {
			methods |= 1u << bus;
			resets[index].bridge = function->parent;
		}
	}
	resets[index].methods = (uint8_t)(methods & ~(unsigned)quirks.forbidden);
	if (!resets[index].methods)
		resets[index].obstacle =
			(uint8_t)why_none(function, &resets[index], methods != 0, closed);
}

void qt_reset_probe(const struct qt_pci *pci, struct qt_reset *resets)
{
	for (size_t i = 0; i < pci->count; i++)
		resets[i] = (struct qt_reset){.bridge = -1};
	close_bridges(pci, resets);

	for (size_t i = 0; i < pci->count; i++) {
		const struct qt_pci_function *function = &pci->functions[i];

		if (function->flags & QT_PCI_BRIDGE)
			resets[i].obstacle = QT_OBSTACLE_BRIDGE;
		else if (nature(function))
			resets[i].obstacle = (uint8_t)nature(function);
		else if (qt_function_answers(pci->host, function) != ANSWER_IT)
			resets[i].obstacle = QT_OBSTACLE_ABSENT;
		else
			probe_methods(pci, resets, i);
	}
}
