/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Configuration space registers that this folder uses, and what its files and core/reset share.
 * Sections are those of the PCI Express Base Specification 6.0 unless said otherwise.
 */
#ifndef QUIETUS_CORE_PCI_CONFIG_H
#define QUIETUS_CORE_PCI_CONFIG_H

#include <quietus/pci.h>

/* Common header (7.5.1.1). */
#define PCI_VENDOR_DEVICE 0x00
#define PCI_COMMAND       0x04
#define PCI_STATUS        0x06
#define PCI_CLASS         0x08 /* revision in the low byte */
#define PCI_HEADER_TYPE   0x0e
#define PCI_INTERRUPT_PIN 0x3d /* 0: none */

#define COMMAND_BUS_MASTER   (1u << 2)
#define COMMAND_INTX_DISABLE (1u << 10)
#define STATUS_CAPABILITY    (1u << 4)

#define HEADER_LAYOUT        0x7f
#define HEADER_MULTIFUNCTION 0x80
#define HEADER_FUNCTION      0
#define HEADER_BRIDGE        1
#define HEADER_CARDBUS       2    /* PC Card Standard 8.0 */
#define HEADER_NOTHING       0x7f /* all ones: nothing answers */

/* Vendor IDs that nobody has: a slot without a function, and one not ready yet (2.3.2). */
#define VENDOR_NONE      0xffff
#define VENDOR_ZERO      0x0000
#define VENDOR_NOT_READY 0x0001

/* Bridges, CardBus ones too (7.5.1.3). */
#define BRIDGE_SECONDARY   0x19
#define BRIDGE_SUBORDINATE 0x1a

/* Capability list (7.5.1.1.11). */
#define CAP_POINTER         0x34
#define CAP_POINTER_CARDBUS 0x14
#define CAP_FIRST           0x40
#define CAP_STEPS           48
#define CAP_ID_NOTHING      0xff
#define CAP_ID_EXPRESS      0x10

/* PCI Express capability (7.5.3). */
#define EXPRESS_FLAGS      0x02
#define EXPRESS_VERSION    0xf /* of EXPRESS_FLAGS */
#define EXPRESS_TYPE_SHIFT 4
#define EXPRESS_TYPE       0xf
#define EXPRESS_DEVCTL2    0x28      /* from capability version 2 on */
#define DEVCTL2_ARI        (1u << 5) /* ARI forwarding enabled (7.5.3.16) */

/* MSI and MSI-X: message control (7.7.1.2, 7.7.2.2). */
#define CAP_ID_MSI   0x05
#define MSI_CONTROL  0x02
#define MSI_ENABLE   (1u << 0)
#define CAP_ID_MSIX  0x11
#define MSIX_CONTROL 0x02
#define MSIX_ENABLE  (1u << 15)

/* Extended capability list (7.6.3). */
#define EXT_FIRST        0x100
#define EXT_STEPS        480
#define EXT_ID(header)   ((header)&0xffff)
#define EXT_NEXT(header) ((header) >> 20 & 0xffc)
#define EXT_NOTHING      0xffffffffu

/* ATS (10.5.1.3). */
#define EXT_ID_ATS  0x000f
#define ATS_CONTROL 0x06
#define ATS_ENABLED (1u << 15)

/* ARI (7.8.8.2). */
#define EXT_ID_ARI        0x000e
#define ARI_CAPABILITY    0x04
#define ARI_NEXT_FUNCTION 8 /* shift */

/* SR-IOV (9.3.3). */
#define EXT_ID_SRIOV     0x0010
#define SRIOV_CONTROL    0x08
#define SRIOV_VF_ENABLED (1u << 0)
#define SRIOV_TOTAL_VFS  0x0e
#define SRIOV_NUM_VFS    0x10
#define SRIOV_OFFSET     0x14
#define SRIOV_STRIDE     0x16
#define SRIOV_VF_DEVICE  0x1a

/* For qt_pci_follow: match nothing, go to the end of the list. */
#define FOLLOW_TO_END (-1)

/*
 * Follow a capability list to `wanted` and return its offset, or 0. *damaged is
 * set, never cleared, where the list loops or points astray before that. The
 * second is for functions with the PCI Express capability only.
 */
unsigned qt_pci_follow(const struct qt_host *host, qt_rid rid, int wanted, bool *damaged);
unsigned qt_pci_follow_ext(const struct qt_host *host, qt_rid rid, int wanted, bool *damaged);

/* The requester ID that arrives at the root for a function whose bridges are known. */
qt_rid qt_pci_alias(const struct qt_pci *pci, const struct qt_pci_function *function);

/* Whether only device 0 can be below: a port at the upper end of a link (7.3.1). */
static inline bool qt_pci_link_below(const struct qt_pci_function *bridge)
{
	return bridge->flags & QT_PCI_EXPRESS &&
	       (bridge->pcie_type == QT_PCIE_ROOT_PORT || bridge->pcie_type == QT_PCIE_DOWNSTREAM ||
		       bridge->pcie_type == QT_PCI_TO_PCIE);
}

static inline uint32_t qt_pci_read32(const struct qt_host *host, qt_rid rid, unsigned offset)
{
	return host->pci_read(host->context, rid, offset, 4);
}

static inline uint16_t qt_pci_read16(const struct qt_host *host, qt_rid rid, unsigned offset)
{
	return (uint16_t)host->pci_read(host->context, rid, offset, 2);
}

static inline void qt_pci_write16(
	const struct qt_host *host, qt_rid rid, unsigned offset, uint16_t value)
{
	host->pci_write(host->context, rid, offset, 2, value);
}

static inline uint8_t qt_pci_read8(const struct qt_host *host, qt_rid rid, unsigned offset)
{
	return (uint8_t)host->pci_read(host->context, rid, offset, 1);
}

#endif
