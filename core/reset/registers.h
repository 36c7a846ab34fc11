/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers that resets need besides those of core/pci/config.h. Sections are
 * those of the PCI Express Base Specification 6.0 unless said otherwise.
 */
#ifndef QUIETUS_CORE_RESET_REGISTERS_H
#define QUIETUS_CORE_RESET_REGISTERS_H

#include "../pci/config.h"

#define CONFIG_SIZE        256 /* without extended configuration space */
#define CONFIG_SIZE_EXT    4096
#define COMMAND_MEMORY     (1u << 1)
#define COMMAND_SERR       (1u << 8) /* errors are reported, whatever EXPRESS_DEVCTL says (6.2.6) */
#define PCI_CACHE_LINE     0x0c      /* and latency timer */
#define PCI_BAR            0x10
#define PCI_INTERRUPT_LINE 0x3c
#define STATUS_ERRORS      0xf900u /* written 1 to clear, in the secondary status too */

/* Type 0 and type 1 headers (7.5.1.2, 7.5.1.3). */
#define FUNCTION_ROM            0x30
#define BRIDGE_NUMBERS          0x18
#define BRIDGE_IO               0x1c
#define BRIDGE_SECONDARY_STATUS 0x1e
#define BRIDGE_MEMORY           0x20
#define BRIDGE_PREFETCH         0x24
#define BRIDGE_PREFETCH_BASE    0x28 /* upper 32 bits */
#define BRIDGE_PREFETCH_LIMIT   0x2c
#define BRIDGE_IO_UPPER         0x30
#define BRIDGE_ROM              0x38
#define BRIDGE_CONTROL          0x3e
#define BRIDGE_CONTROL_SERR     (1u << 1)
#define BRIDGE_CONTROL_RESET    (1u << 6)
#define BRIDGE_CONTROL_TIMEOUT  (1u << 10) /* discard timer status, written 1 to clear */

/* PCI Express capability (7.5.3), from its start. */
#define EXPRESS_DEVCAP  0x04
#define DEVCAP_FLR      (1u << 28)
#define EXPRESS_DEVCTL  0x08
#define DEVCTL_ERRORS   0xfu /* what is reported */
#define DEVCTL_FLR      (1u << 15)
#define EXPRESS_DEVSTA  0x0a
#define DEVSTA_ERRORS   0xfu
#define DEVSTA_PENDING  (1u << 5)
#define EXPRESS_LNKCAP  0x0c
#define LNKCAP_SPEED    0xfu /* 2: 5 GT/s */
#define LNKCAP_ACTIVE   (1u << 20)
#define EXPRESS_LNKCTL  0x10
#define LNKCTL_RETRAIN  (1u << 5)
#define LNKCTL_EVENTS   0xc00u
#define EXPRESS_LNKSTA  0x12
#define LNKSTA_ACTIVE   (1u << 13)
#define LNKSTA_EVENTS   0xc000u
#define EXPRESS_SLTCAP  0x14
#define SLTCAP_HOTPLUG  (1u << 6)
#define EXPRESS_SLTCTL  0x18
#define SLTCTL_EVENTS   0x103fu
#define EXPRESS_SLTSTA  0x1a
#define SLTSTA_EVENTS   0x11fu
#define EXPRESS_ROOTCTL 0x1c
#define ROOTCTL_ERRORS  0x7u
#define ROOTCTL_RRS     (1u << 4) /* RRS software visibility, enabled */
#define EXPRESS_ROOTCAP 0x1e
#define ROOTCAP_RRS     (1u << 0)
#define EXPRESS_LNKCTL2 0x30
#define EXPRESS_SLTCTL2 0x38
#define EXPRESS_SLOT    (1u << 8) /* of EXPRESS_FLAGS: a slot is there */

/* Power management (7.5.2; PCI Bus Power Management Interface Specification 1.2, 3.2). */
#define CAP_ID_PM          0x01
#define PM_CONTROL         0x04
#define PM_STATE           0x3u /* 3: D3hot */
#define PM_NO_SOFT_RESET   (1u << 3)
#define PM_EVENT_STATUS    (1u << 15) /* written 1 to clear */
#define CAP_ID_PCIX        0x07
#define PCIX_COMMAND       0x02
#define CAP_ID_AF          0x13 /* Advanced Capabilities for Conventional PCI ECN */
#define AF_CAPABILITY      0x03
#define AF_RESET_SUPPORTED 0x3u /* Transactions Pending and Function Level Reset */
#define AF_CONTROL         0x04
#define AF_RESET           (1u << 0)
#define AF_STATUS          0x05
#define AF_PENDING         (1u << 0)
#define MSIX_MASK_ALL      (1u << 14)

/* Extended capabilities. */
#define EXT_ID_AER        0x0001 /* 7.8.4 */
#define AER_STATUS        0x04   /* uncorrectable */
#define AER_MASK          0x08
#define AER_CORR_MASK     0x14
#define AER_ROOT_COMMAND  0x2c
#define EXT_ID_VC         0x0002 /* 7.9.1; 8 and 9 have the same layout */
#define EXT_ID_MFVC       0x0008
#define EXT_ID_VC_MFVC    0x0009
#define VC_CAPABILITY     0x04
#define VC_COUNT          0x7u /* extended VCs, besides VC0 */
#define VC_CONTROL        0x0c
#define VC_SELECT         0xeu
#define VC_RESOURCE       0x14
#define VC_RESOURCE_SIZE  0x0c
#define VC_RESOURCE_BITS  0x870e00ffu /* enable, ID, arbitration, TC map; not the load bit */
#define EXT_ID_ACS        0x000d      /* 7.7.11 */
#define EXT_ID_PRI        0x0013      /* 10.5.2 */
#define EXT_ID_REBAR      0x0015      /* 7.8.6 */
#define EXT_ID_VF_REBAR   0x0024      /* 7.8.7 */
#define REBAR_CONTROL     0x08
#define REBAR_ENTRY       0x08
#define REBAR_COUNT_SHIFT 5
#define REBAR_COUNT       0x7u
#define REBAR_SIZE        0x3f00u
#define EXT_ID_LTR        0x0018 /* 7.8.2 */
#define EXT_ID_DPC        0x001d /* 7.9.14 */
#define DPC_CONTROL       0x06
#define DPC_ENABLES       0xbu   /* trigger enables and interrupt */
#define EXT_ID_L1SS       0x001e /* 7.8.3 */
#define EXT_ID_PTM        0x001f /* 7.9.15 */
#define EXT_ID_DVSEC      0x0023 /* 7.9.6 */
#define DVSEC_VENDOR      0x04
#define DVSEC_ID          0x08

/* CXL extensions DVSEC for ports (Compute Express Link Specification 3.1, 8.1.5). */
#define DVSEC_VENDOR_CXL 0x1e98
#define DVSEC_CXL_PORT   3
#define CXL_PORT_CONTROL 0x0c
#define CXL_UNMASK_SBR   (1u << 0)

#endif
