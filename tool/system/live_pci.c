/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PCI functions by libpci, through sysfs and nothing else. */
#include <errno.h>
#include <pci/pci.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "live_files.h"
#include "report/read.h"
#include "system.h"

#define PCI_FOLDER "sys/bus/pci"
#define NAMES_FILE "usr/share/misc/pci.ids"

/* What everybody may read of a function's configuration space. */
#define CONFIG_FOR_ALL 64

/* Segments that a requester ID has room for; the kernel numbers those behind VMD from here. */
#define SEGMENTS_MAX 0x10000

static qt_rid rid_of(const struct pci_dev *device)
{
	return QT_RID(device->domain, device->bus, device->dev << 3 | device->func);
}

static int compare(const void *left, const void *right)
{
	qt_rid a = rid_of(*(struct pci_dev *const *)left);
	qt_rid b = rid_of(*(struct pci_dev *const *)right);

	return (a > b) - (a < b);
}

static struct pci_dev *find_device(const struct live *live, qt_rid rid)
{
	size_t low = 0, high = live->device_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		qt_rid at = rid_of(live->devices[middle]);

		if (at == rid)
			return live->devices[middle];
		if (at < rid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

uint32_t live_pci_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	struct pci_dev *device = find_device(context, rid);
	uint8_t bytes[4] = {0xff, 0xff, 0xff, 0xff};
	uint32_t value = 0;

	if (device && !pci_read_block(device, (int)offset, bytes, (int)width))
		memset(bytes, 0xff, sizeof(bytes));
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)bytes[i] << 8 * i;
	return value;
}

/* Reading past what one may see is no news: it reads all ones. */
static void no_warning(char *format, ...)
{
	(void)format;
}

static void list_devices(struct live *live)
{
	size_t count = 0;

	for (struct pci_dev *d = live->access->devices; d; d = d->next)
		count++;
	live->devices = calloc(count ? count : 1, sizeof(struct pci_dev *));
	for (struct pci_dev *d = live->access->devices; d && live->devices; d = d->next)
		if (d->domain >= 0 && d->domain < SEGMENTS_MAX)
			live->devices[live->device_count++] = d;
	if (live->devices && live->device_count)
		qsort(live->devices, live->device_count, sizeof(struct pci_dev *), compare);
}

static void use_names_below(struct live *live)
{
	char path[PATH_MAX];

	if (*live->root && system_path(path, live->root, NAMES_FILE))
		pci_set_name_list_path(live->access, strdup(path), 1);
}

bool live_open_pci(struct live *live, struct reason *why)
{
	char path[PATH_MAX];
	uint8_t byte;

	/* libpci ends the program when it is not there. */
	if (!system_path(path, live->root, PCI_FOLDER "/devices") || access(path, R_OK | X_OK))
		return because(why, "%s: %s", PCI_FOLDER, strerror(errno));
	*strrchr(path, '/') = 0;
	live->access = pci_alloc();
	live->access->method = PCI_ACCESS_SYS_BUS_PCI;
	live->access->warning = no_warning;
	pci_set_param(live->access, "sysfs.path", path);
	/* Names come from pci.ids; where there is no other source, libpci leaks memory. */
	pci_set_param(live->access, "hwdb.disable", "1");
	use_names_below(live);
	pci_init(live->access);
	pci_scan_bus(live->access);
	list_devices(live);
	live->whole_config = live->device_count == 0 ||
			     pci_read_block(live->devices[0], CONFIG_FOR_ALL, &byte, 1);
	return true;
}

void live_close_pci(struct live *live)
{
	if (live->access)
		pci_cleanup(live->access);
	free(live->devices);
}

size_t live_segments(const struct live *live, struct qt_pci_segment *segments, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < live->device_count && count < size; i++) {
		uint16_t segment = QT_RID_SEGMENT(rid_of(live->devices[i]));

		if (!count || segments[count - 1].segment != segment)
			segments[count++] = (struct qt_pci_segment){segment, 0, UINT8_MAX};
	}
	return count;
}

void live_device_name(
	struct live *live, const struct qt_pci_function *function, char *name, size_t size)
{
	char raw[256] = "";

	pci_lookup_name(live->access, raw, sizeof(raw), PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
		function->vendor, function->device);
	copy_printable(name, size, (const uint8_t *)raw, sizeof(raw));
}
