// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define _GNU_SOURCE
#include "guest.h"

#include <stdio.h>

#if defined(__x86_64__)

#include <sys/io.h>

/* The second and third serial port of a PC. */
static const unsigned short bases[LINK_PORTS] = {[LINK_OUT] = 0x2f8, [LINK_IN] = 0x3e8};

bool port_open_all(void)
{
	for (int i = 0; i < LINK_PORTS; i++) {
		if (ioperm(bases[i], 8, 1)) {
			perror("ioperm");
			return false;
		}
	}
	return true;
}

unsigned char port_read(enum link_port port, unsigned int reg)
{
	return inb((unsigned short)(bases[port] + reg));
}

void port_write(enum link_port port, unsigned int reg, unsigned char value)
{
	outb(value, (unsigned short)(bases[port] + reg));
}

#else

#include <fcntl.h>
#include <unistd.h>

/* PCI functions, whose registers the kernel lets be read and written one by one. */
#define FOLDER "/sys/bus/pci/devices/"

static const char *const functions[LINK_PORTS] = {
	[LINK_OUT] = FOLDER "0000:00:1d.0",
	[LINK_IN] = FOLDER "0000:00:1e.0",
};
static int files[LINK_PORTS];

bool port_open_all(void)
{
	char path[96];

	for (int i = 0; i < LINK_PORTS; i++) {
		snprintf(path, sizeof(path), "%s/enable", functions[i]);
		write_file(path, "1");
		snprintf(path, sizeof(path), "%s/resource0", functions[i]);
		files[i] = open(path, O_RDWR | O_CLOEXEC);
		if (files[i] < 0) {
			perror(path);
			return false;
		}
	}
	return true;
}

unsigned char port_read(enum link_port port, unsigned int reg)
{
	unsigned char value = 0;

	return pread(files[port], &value, 1, reg) == 1 ? value : 0;
}

void port_write(enum link_port port, unsigned int reg, unsigned char value)
{
	if (pwrite(files[port], &value, 1, reg) != 1)
		perror("port_write");
}

#endif
