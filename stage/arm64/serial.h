/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The serial console, if the capture kernel's command line names one. */
#ifndef QUIETUS_STAGE_SERIAL_H
#define QUIETUS_STAGE_SERIAL_H

#include <quietus/device_tree.h>
#include <quietus/firmware.h>

#include "../common/clock.h"
#include "../common/paging.h"

enum serial_kind {
	SERIAL_NONE,
	SERIAL_PL011,
	SERIAL_16550,
};

/* What it is, and where. */
struct serial_place {
	enum serial_kind kind;
	qt_phys at;
	unsigned step;  /* 16550: bytes from one register to the next */
	unsigned width; /* 16550: bytes of an access, 1 or 4 */
};

struct serial {
	struct serial_place place;
	bool busy; /* a character is being put out */
	struct paging *paging;
	struct clock *clock;
};

/*
 * The console that `command_line` names: earlycon=pl011,ADDRESS, =uart8250,mmio[32],ADDRESS;
 * console=ttyAMAn or ttySn, which is the device tree's alias serialn, else its
 * stdout-path, else what SPCR has (`spcr`, NULL where it is not known), if that is such a
 * port; or a bare earlycon, which is any such port in those two places. The last one
 * wins; SERIAL_NONE if none: a port that nothing names may have no clock, and an access
 * to it never end.
 */
struct serial_place serial_place(
	const struct qt_dt *dt, const struct serial_place *spcr, const char *command_line);

/* The port that ACPI's table SPCR names; SERIAL_NONE if it is none of these kinds, or there is
 * none. */
struct serial_place serial_spcr(const struct qt_acpi *acpi, struct qt_arena *arena);

/*
 * serial.c: puts one character out. False if the port does not take it in time. An access to what
 * is no port may end in an exception.
 */
bool serial_transmit(struct serial *serial, char c);

/* console.c: opens a console that SPCR has, when ACPI tables can be read, if there is none yet. */
struct stage;
void console_open_acpi(struct stage *s);

#endif
