// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What single devices need around Function Level Reset: see the quirks for why. */
#include "function.h"
#include "registers.h"
#include "stop.h"

#define BAR_IO         (1u << 0)
#define BAR_TYPE       (3u << 1)
#define BAR_64         (2u << 1)
#define BAR_ADDRESS    0xfffffff0u
#define WINDOW_SHIFT   16 /* windows: bits 15:4 of each half are address bits 31:20 */
#define WINDOW_MASK    0xfff0u
#define WINDOW_64      (1u << 0)
#define WINDOW_LAST    0xfffffu
#define NVME_REGISTERS 0x1000u
/* NVM Express Base Specification 2.0, 3.1.3. */
#define NVME_CC         0x14
#define NVME_CC_ENABLE  (1u << 0)
#define NVME_CC_NOTIFY  (3u << 14) /* shutdown notification: would complete commands */
#define NVME_CSTS       0x1c
#define NVME_CSTS_READY (1u << 0)

/* The first BAR of a function, if it is memory and turned on; else 0. */
static qt_phys first_bar(const struct qt_host *host, qt_rid rid)
{
	uint32_t bar = qt_pci_read32(host, rid, PCI_BAR);
	uint64_t upper = 0;

	if (bar & BAR_IO || !(qt_pci_read16(host, rid, PCI_COMMAND) & COMMAND_MEMORY))
		return 0;
	if ((bar & BAR_TYPE) == BAR_64)
		upper = qt_pci_read32(host, rid, PCI_BAR + 4);
	return upper << 32 | (bar & BAR_ADDRESS);
}

/* Whether a bridge forwards [at, at + len) by this window (7.5.1.3.8, 7.5.1.3.9). */
static bool forwards(
	const struct qt_host *host, qt_rid bridge, unsigned window, qt_phys at, size_t len)
{
	uint32_t both = qt_pci_read32(host, bridge, window);
	uint64_t first = (uint64_t)(both & WINDOW_MASK) << 16;
	uint64_t last = (both & (uint64_t)WINDOW_MASK << WINDOW_SHIFT) | WINDOW_LAST;

	if (window == BRIDGE_PREFETCH && both & WINDOW_64) {
		first |= (uint64_t)qt_pci_read32(host, bridge, BRIDGE_PREFETCH_BASE) << 32;
		last |= (uint64_t)qt_pci_read32(host, bridge, BRIDGE_PREFETCH_LIMIT) << 32;
	}
	return at >= first && at <= last && last - at >= len - 1;
}

/*
 * Where an NVMe controller's registers are, or 0. A BAR that its bridge does not
 * forward could be anywhere, in RAM too.
 */
static qt_phys nvme_registers(const struct qt_stop *stop, const struct qt_pci_function *function)
{
	qt_phys at = first_bar(stop->host, function->rid);
	qt_rid bridge;

	if (!at || function->parent < 0)
		return 0;
	bridge = stop->pci->functions[function->parent].rid;
	if (!forwards(stop->host, bridge, BRIDGE_MEMORY, at, NVME_REGISTERS) &&
		!forwards(stop->host, bridge, BRIDGE_PREFETCH, at, NVME_REGISTERS))
		return 0;
	return at;
}

static enum preparation disable_nvme(
	const struct qt_stop *stop, const struct qt_pci_function *function)
{
	const struct qt_host *host = stop->host;
	qt_phys at = nvme_registers(stop, function);
	uint32_t control, status;

	if (!at || !host->mmio_read32 || !host->mmio_write32)
		return PREPARATION_NOT_SUPPORTED;
	control = host->mmio_read32(host->context, at + NVME_CC);
	if (control == UINT32_MAX)
		return PREPARATION_NOT_SUPPORTED;
	if (control & NVME_CC_ENABLE)
		host->mmio_write32(
			host->context, at + NVME_CC, control & ~(NVME_CC_ENABLE | NVME_CC_NOTIFY));
	status = host->mmio_read32(host->context, at + NVME_CSTS);
	return status & NVME_CSTS_READY ? PREPARATION_GOES_ON : PREPARATION_DONE;
}

static void master_on(const struct qt_stop *stop, qt_rid rid)
{
	const struct qt_host *host = stop->host;
	unsigned at = qt_pci_capability(host, rid, CAP_ID_MSIX);

	qt_pci_write16(
		host, rid, PCI_COMMAND, qt_pci_read16(host, rid, PCI_COMMAND) | COMMAND_BUS_MASTER);
	if (at && at + MSIX_CONTROL + 2 <= CONFIG_SIZE)
		qt_pci_write16(host, rid, at + MSIX_CONTROL,
			qt_pci_read16(host, rid, at + MSIX_CONTROL) | MSIX_ENABLE | MSIX_MASK_ALL);
}

enum preparation qt_routine_prepare(const struct qt_stop *stop, size_t index)
{
	const struct qt_pci_function *function = &stop->pci->functions[index];

	switch (stop->targets[index].quirks.routine) {
	case ROUTINE_NVME_DISABLE:
		return disable_nvme(stop, function);
	case ROUTINE_MASTER_ON:
		master_on(stop, function->rid);
		return PREPARATION_DONE;
	default:
		return PREPARATION_DONE;
	}
}

void qt_routine_follow(const struct qt_stop *stop, size_t index)
{
	const struct target *target = &stop->targets[index];

	/* The register cannot be written; that it was tried is what counts. */
	if (stop->resets[index].method == QT_RESET_DEVICE &&
		target->quirks.routine == ROUTINE_RECAPTURE)
		qt_pci_write16(stop->host, stop->pci->functions[index].rid, PCI_VENDOR_DEVICE, 0);
}
