/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The serial console, if the capture kernel's command line names one. */
#ifndef QUIETUS_STAGE_SERIAL_H
#define QUIETUS_STAGE_SERIAL_H

#include <quietus/device_tree.h>

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
	struct paging *paging;
	struct clock *clock;
};

/*
 * The console that `command_line` names: earlycon=pl011,ADDRESS, =uart8250,mmio[32],ADDRESS,
 * or console=ttyAMAn or ttySn, which is the device tree's alias serialn, else its
 * stdout-path, if that is such a port. The last one wins; SERIAL_NONE if none: a
 * port that nothing names may have no clock, and an access to it never end.
 */
struct serial_place serial_place(const struct qt_dt *dt, const char *command_line);

#endif
