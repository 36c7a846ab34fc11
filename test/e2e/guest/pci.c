// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/pci/devices/"

/* PCI Express Base Specification 6.0, 7.5.1.1.11, 7.5.3 and 7.5.3.10. */
#define CAPABILITIES     0x34
#define CAPABILITY_LIMIT 48
#define ID_PCI_EXPRESS   0x10
#define SLOT_CONTROL     0x18
#define POWER_INDICATOR  0x0300 /* both bits: off */
#define POWER_CONTROLLER 0x0400 /* set: off */

#define SLOT_WAIT_SECONDS 60

bool pci_bind_to_vfio(const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "%s/driver_override", device);
	if (!write_file(path, "vfio-pci"))
		return false;
	snprintf(path, sizeof(path), DEVICES "%s/driver/unbind", device);
	write_file(path, device);
	return write_file("/sys/bus/pci/drivers_probe", device);
}

/* One line for each function that a driver has. */
void pci_say_drivers(void)
{
	DIR *devices = opendir(DEVICES);
	struct dirent *entry;
	char path[320], target[256];

	while (devices && (entry = readdir(devices))) {
		ssize_t length;

		snprintf(path, sizeof(path), DEVICES "%s/driver", entry->d_name);
		length = readlink(path, target, sizeof(target) - 1);
		if (length < 0)
			continue;
		target[length] = '\0';
		say("driver=%s %s", entry->d_name, strrchr(target, '/') + 1);
	}
	if (devices)
		closedir(devices);
}

/* Turns two virtual functions on; their driver, if there is one, takes them. */
void pci_virtual_functions(const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "%s/sriov_numvfs", device);
	if (!write_file(path, "2"))
		say("error=virtual functions of %s: %s", device, strerror(errno));
}

/* vfio-pci puts a device that nobody has opened into D3hot. */
void pci_put_to_sleep(const char *device)
{
	char path[128], state[32] = "";

	snprintf(path, sizeof(path), DEVICES "%s/power_state", device);
	if (pci_bind_to_vfio(device)) {
		for (int i = 0; i < 100 && strcmp(state, "D3hot"); i++) {
			settle(50);
			read_text(path, state, sizeof(state));
		}
	}
	if (strcmp(state, "D3hot"))
		say("error=%s is in %s instead of D3hot", device, state);
}

static bool wait_until_gone(const char *path, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds * 20 && !access(path, F_OK); i++)
		settle(50);
	return access(path, F_OK) != 0;
}

/* "FROM TO", PCI addresses: the runner takes one device out and puts another in. */
void pci_hotplug(const char *addresses)
{
	char from[64], to[64], path[128];

	if (sscanf(addresses, "%63s %63s", from, to) != 2)
		return;
	say("hotplug=remove");
	snprintf(path, sizeof(path), DEVICES "%s", from);
	if (!wait_until_gone(path, SLOT_WAIT_SECONDS))
		say("error=%s did not leave", from);
	say("hotplug=add");
	snprintf(path, sizeof(path), DEVICES "%s/driver", to);
	if (!wait_for_path(path, SLOT_WAIT_SECONDS))
		say("error=%s did not come", to);
}

static int find_pci_express(int config)
{
	uint8_t at = 0, header[2];

	pread(config, &at, 1, CAPABILITIES);
	for (int i = 0; i < CAPABILITY_LIMIT && at; i++, at = header[1]) {
		if (pread(config, header, 2, at) != 2)
			break;
		if (header[0] == ID_PCI_EXPRESS)
			return at;
	}
	return -1;
}

static int open_config(const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), DEVICES "%s/config", device);
	return open(path, O_RDWR | O_CLOEXEC);
}

/*
 * "PORT DEVICE", PCI addresses: cuts the power of a port's slot behind the kernel's
 * back. The device in it is then as good as gone.
 */
void pci_yank(const char *addresses)
{
	char port[64], device[64];
	uint16_t control, vendor = 0;
	int config, at;

	if (sscanf(addresses, "%63s %63s", port, device) != 2)
		return;
	config = open_config(port);
	at = find_pci_express(config);
	if (at < 0 || pread(config, &control, 2, at + SLOT_CONTROL) != 2) {
		say("error=no slot at %s", port);
		return;
	}
	control |= POWER_INDICATOR | POWER_CONTROLLER;
	pwrite(config, &control, 2, at + SLOT_CONTROL);
	if (pread(open_config(device), &vendor, 2, 0) != 2 || vendor != 0xffff)
		say("error=%s is still there", device);
}
