// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Source: 16550 UART data sheet, register summary. */
#include "../common/stage.h"
#include "cpu.h"

#define TRANSMIT      0
#define LINE_STATUS   5
#define STATUS_EMPTY  0x20 /* the transmitter takes another character */
#define STATUS_NOBODY 0xff

/*
 * WAIT serial transmitter: a character takes 1 ms at 9600 baud, and a FIFO has
 * 16 of them.
 */
#define TRANSMIT_LIMIT_US 50000
#define TRANSMIT_READS    200000

/* Puts one character out. A port that does not take it in time is given up. */
static void put(void *context, char c)
{
	struct serial *serial = context;
	uint64_t limit;

	if (!serial->port)
		return;
	limit = clock_now_us(serial->clock) + TRANSMIT_LIMIT_US;
	for (unsigned reads = 0; reads < TRANSMIT_READS; reads++) {
		if (in8((uint16_t)(serial->port + LINE_STATUS)) & STATUS_EMPTY) {
			out8((uint16_t)(serial->port + TRANSMIT), (uint8_t)c);
			return;
		}
		if (clock_now_us(serial->clock) > limit)
			break;
		pause();
	}
	serial->port = 0;
}

/* Set up as the dead kernel or firmware left it. */
void console_open(struct stage *s)
{
	s->serial = (struct serial){serial_port(s->settle.command_line), &s->clock};
	if (!s->serial.port || in8((uint16_t)(s->serial.port + LINE_STATUS)) == STATUS_NOBODY)
		return;
	s->log.put = put;
	s->log.context = &s->serial;
}
