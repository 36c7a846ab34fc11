/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The serial console, if the capture kernel's command line names one. */
#ifndef QUIETUS_STAGE_SERIAL_H
#define QUIETUS_STAGE_SERIAL_H

#include <stdint.h>

#include "../common/clock.h"

struct serial {
	uint16_t port; /* first I/O port, 0: silent */
	struct clock *clock;
};

/*
 * I/O port of the console that `command_line` names: console=ttyS0 to ttyS3 with
 * or without options, earlyprintk=serial or =ttySn. The last one wins; 0 if none.
 */
uint16_t serial_port(const char *command_line);

#endif
