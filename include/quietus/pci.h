/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PCI functions: configuration space, enumeration, capabilities, and the
 * requester IDs that a unit sees for each function.
 *
 * Sources: PCI Express Base Specification 6.0 (chapter 7 for configuration
 * space and capabilities), PCI Local Bus Specification 3.0, PCI Express to
 * PCI/PCI-X Bridge Specification 1.0 (section 2.3 for taken ownership of
 * requester IDs).
 */
#ifndef QUIETUS_PCI_H
#define QUIETUS_PCI_H

#include <quietus/firmware.h>

enum qt_pci_function_flags {
	QT_PCI_BRIDGE = 1 << 0,       /* type 1 header, or CardBus (type 2) */
	QT_PCI_EXPRESS = 1 << 1,      /* has the PCI Express capability */
	QT_PCI_BUS_MASTER = 1 << 2,   /* bus mastering was on when found */
	QT_PCI_VF = 1 << 3,           /* SR-IOV virtual function */
	QT_PCI_ATS = 1 << 4,          /* Address Translation Service was enabled when found */
	QT_PCI_DAMAGED_CAPS = 1 << 5, /* a capability list that loops or points astray */
};

/*
 * What became of a function's interrupts. The numbers are part of the report's
 * format.
 */
enum qt_pci_quieted {
	QT_PCI_QUIET_INTX = 1 << 0,   /* could raise INTx, now cannot */
	QT_PCI_QUIET_MSI = 1 << 1,    /* MSI was on */
	QT_PCI_QUIET_MSIX = 1 << 2,   /* MSI-X was on */
	QT_PCI_QUIET_FAILED = 1 << 3, /* something of it did not take */
	QT_PCI_QUIET_ABSENT = 1 << 4, /* does not answer any more: nothing was done */
};

/* Functions per bit of enum qt_pci_quieted. */
struct qt_pci_quiet_counts {
	size_t intx, msi, msix, failed, absent;
};

/* PCI Express device/port types (PCIe 6.0, 7.5.3.2); meaningful with QT_PCI_EXPRESS. */
enum qt_pcie_type {
	QT_PCIE_ENDPOINT = 0,
	QT_PCIE_LEGACY_ENDPOINT = 1,
	QT_PCIE_ROOT_PORT = 4,
	QT_PCIE_UPSTREAM = 5,
	QT_PCIE_DOWNSTREAM = 6,
	QT_PCIE_TO_PCI = 7,
	QT_PCI_TO_PCIE = 8,
	QT_PCIE_RC_ENDPOINT = 9,
	QT_PCIE_RC_EVENT_COLLECTOR = 10,
};

struct qt_pci_function {
	qt_rid rid;
	/*
	 * What else a unit may see as requester: set by the topmost bridge above that
	 * takes ownership, or else by a device known to use another function's ID.
	 * `alias` is equal to rid where there is none.
	 */
	qt_rid alias;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code; /* base class << 16 | sub-class << 8 | programming interface */
	uint8_t header_type; /* without the multifunction bit */
	uint8_t pcie_type;   /* enum qt_pcie_type */
	uint8_t secondary;   /* bridges: secondary and subordinate bus numbers */
	uint8_t subordinate;
	uint16_t flags;      /* enum qt_pci_function_flags */
	uint16_t ats_offset; /* extended capability's offset, 0 if none */
	int32_t parent;      /* index of the bridge above, -1 on a root bus */
	int32_t physical;    /* with QT_PCI_VF: index of its physical function */
	uint8_t quieted;     /* enum qt_pci_quieted; 0 before qt_pci_quiet_interrupts */
};

struct qt_pci {
	const struct qt_host *host;
	struct qt_pci_function *functions; /* in the order found: a parent before its children */
	size_t count;
	size_t capacity;
};

/* A bus segment to enumerate from its root buses. */
struct qt_pci_segment {
	uint16_t segment;
	uint8_t first_bus;
	uint8_t last_bus; /* inclusive */
};

/*
 * Enumerates every function on the given segments: walks bridges by the bus
 * numbers they hold, visits each bus once, multifunction and ARI, SR-IOV virtual
 * functions that are enabled, and buses no bridge leads to (other root buses).
 * Changes nothing. pci->host, functions and capacity are the caller's; whatever
 * pci->functions held is dropped. QT_E_NOMEM when pci->functions is full (what was found stays).
 */
int qt_pci_enumerate(struct qt_pci *pci, const struct qt_pci_segment *segments, size_t count);

/*
 * Reads addresses of functions as Linux writes them, separated by commas:
 * "0000:02:00.0,0000:03:00.0". The text need not end in NUL. QT_E_BAD if it is
 * not such a list, or empty; QT_E_NOMEM if there are more than `capacity`.
 */
int qt_pci_read_addresses(
	const char *text, size_t length, qt_rid *list, size_t capacity, size_t *count);

/* The function with this requester ID, or NULL. */
const struct qt_pci_function *qt_pci_find(const struct qt_pci *pci, qt_rid rid);

/* Offset of a capability, or 0. The list is followed at most 48 steps. */
unsigned qt_pci_capability(const struct qt_host *host, qt_rid rid, uint8_t id);

/* Offset of an extended capability, or 0. The list is followed at most 480 steps. */
unsigned qt_pci_ext_capability(const struct qt_host *host, qt_rid rid, uint16_t id);

/*
 * Has every function that was found, bridges and ports excepted, stop raising
 * interrupts: sets INTx Disable, then clears MSI Enable and MSI-X Enable. Sets
 * `quieted` in each function and counts in *counts. Drivers undo it: enabling a
 * device enables its INTx, and MSI or MSI-X when they ask for it. To be called
 * before interrupt routing is changed and before interrupts are taken. DMA goes
 * on as before.
 */
void qt_pci_quiet_interrupts(struct qt_pci *pci, struct qt_pci_quiet_counts *counts);

/*
 * Address of a function's configuration space by ECAM, or QT_E_NOTFOUND if no
 * window holds its bus (PCIe 6.0, 7.2.2). For hosts that implement pci_read.
 */
int qt_ecam_address(const struct qt_ecam *list, size_t count, qt_rid rid, qt_phys *address);

#endif
