// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "config.h"

static unsigned list_start(const struct qt_host *host, qt_rid rid)
{
	if (!(qt_pci_read16(host, rid, PCI_STATUS) & STATUS_CAPABILITY))
		return 0;
	switch (qt_pci_read8(host, rid, PCI_HEADER_TYPE) & HEADER_LAYOUT) {
	case HEADER_FUNCTION:
	case HEADER_BRIDGE:
		return CAP_POINTER;
	case HEADER_CARDBUS:
		return CAP_POINTER_CARDBUS;
	default:
		return 0;
	}
}

unsigned qt_pci_follow(const struct qt_host *host, qt_rid rid, int wanted, bool *damaged)
{
	unsigned start = list_start(host, rid);
	if (start == 0)
		return 0;

	/* The low two bits are reserved and to be masked (7.5.1.1.11). */
	unsigned at = qt_pci_read8(host, rid, start) & ~3u;
	for (unsigned step = 0; at != 0; step++) {
		if (at < CAP_FIRST || step == CAP_STEPS)
			goto damaged;

		uint16_t header = qt_pci_read16(host, rid, at);
		uint8_t id = header & 0xff;
		if (id == CAP_ID_NOTHING)
			goto damaged;
		if (id == wanted)
			return at;
		at = header >> 8 & ~3u;
	}
	return 0;

damaged:
	*damaged = true;
	return 0;
}

unsigned qt_pci_follow_ext(const struct qt_host *host, qt_rid rid, int wanted, bool *damaged)
{
	uint32_t header = qt_pci_read32(host, rid, EXT_FIRST);

	/*
	 * No list: nothing there, no way to get there, or a bridge on the way that
	 * ignores the upper address bits, so that the header shows up again.
	 */
	if (header == 0 || header == EXT_NOTHING ||
		header == qt_pci_read32(host, rid, PCI_VENDOR_DEVICE))
		return 0;

	unsigned at = EXT_FIRST;
	for (unsigned step = 1; EXT_ID(header) != (uint32_t)wanted; step++) {
		at = EXT_NEXT(header);
		if (at == 0)
			return 0;
		if (at < EXT_FIRST || step == EXT_STEPS)
			goto damaged;
		header = qt_pci_read32(host, rid, at);
		if (header == EXT_NOTHING)
			goto damaged;
	}
	return at;

damaged:
	*damaged = true;
	return 0;
}

unsigned qt_pci_capability(const struct qt_host *host, qt_rid rid, uint8_t id)
{
	bool damaged = false;

	return qt_pci_follow(host, rid, id, &damaged);
}

unsigned qt_pci_ext_capability(const struct qt_host *host, qt_rid rid, uint16_t id)
{
	bool damaged = false;

	if (!qt_pci_capability(host, rid, CAP_ID_EXPRESS))
		return 0;
	return qt_pci_follow_ext(host, rid, id, &damaged);
}
