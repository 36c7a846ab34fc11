/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The running machine as a host for the core: reads only. RAM comes from
 * /proc/kcore, registers from /dev/mem, configuration space by libpci, ACPI
 * tables or the device tree from sysfs. How much of that may be read depends on privilege, on
 * lockdown and on the kernel's configuration.
 */
#ifndef QUIETUS_TOOL_LIVE_H
#define QUIETUS_TOOL_LIVE_H

#include <quietus/device_tree.h>
#include <quietus/pci.h>

#include "common/file.h"
#include "common/message.h"
#include "registers.h"

struct pci_access;
struct pci_dev;

struct live {
	const char *root; /* folder that stands for /, "" for the machine itself */
	struct qt_host host;

	struct pci_access *access;
	struct pci_dev **devices; /* by requester ID */
	size_t device_count;
	bool whole_config; /* not only the first 64 bytes, which is what others than root get */

	uint8_t *tables; /* ACPI tables, root table first */
	size_t tables_size;
	unsigned table_count;

	struct file tree; /* the flattened device tree, if there is one */
	struct qt_dt device_tree;

	int core; /* /proc/kcore, -1 if not to be read */
	struct reason no_core;
	struct live_segment *segments;
	size_t segment_count;

	struct registers registers;
};

/*
 * Opens what memory and registers can be read by; that they cannot is told by the
 * functions below. The caller closes it.
 */
void live_open(struct live *live, const char *root);
void live_close(struct live *live);

/* Finds all PCI functions. False with a reason. */
bool live_open_pci(struct live *live, struct reason *why);

/*
 * ACPI tables with these signatures that sysfs has, as the core's qt_acpi_table
 * finds them. False with a reason and errno, which is ENOENT where there is no
 * ACPI, when the folder cannot be read, or one of them.
 */
bool live_acpi(
	struct live *live, const char *const *signatures, struct qt_acpi *acpi, struct reason *why);

/* The device tree that the kernel was started with; NULL with a reason. */
const struct qt_dt *live_device_tree(struct live *live, struct reason *why);

/* Whether a page of RAM, or of registers, can be read. False with a reason. */
bool live_ram_readable(struct live *live, qt_phys at, struct reason *why);
bool live_registers_readable(struct live *live, qt_phys at, struct reason *why);

/* The segments there are functions on, from 0. Returns how many, at most `size`. */
size_t live_segments(const struct live *live, struct qt_pci_segment *segments, size_t size);

/* Vendor and device name by pci.ids, as far as they are in it. */
void live_device_name(
	struct live *live, const struct qt_pci_function *function, char *name, size_t size);

#endif
