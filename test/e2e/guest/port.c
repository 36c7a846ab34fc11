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
#include <termios.h>
#include <unistd.h>

/* Of the driver, if the kernel has one built in: for the first of the functions below. */
#define LINK_OUT_LINE "/dev/ttyS0"

/* PCI functions, whose registers the kernel lets be read and written one by one. */
#define FOLDER        "/sys/bus/pci/devices/"

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

static int open_line(void)
{
	int line = open(LINK_OUT_LINE, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios raw;

	if (line < 0 || tcgetattr(line, &raw))
		return -1;
	cfmakeraw(&raw);
	cfsetspeed(&raw, B115200);
	return tcsetattr(line, TCSANOW, &raw) ? -1 : line;
}

/* A kernel that is locked down lets registers be read only. Its driver takes what goes out. */
static bool write_by_driver(unsigned char value)
{
	static int line = -1;

	if (line < 0)
		line = open_line();
	return line >= 0 && write(line, &value, 1) == 1;
}

void port_write(enum link_port port, unsigned int reg, unsigned char value)
{
	if (pwrite(files[port], &value, 1, reg) != 1 &&
		(port != LINK_OUT || reg != 0 || !write_by_driver(value)))
		perror("port_write");
}

#endif
