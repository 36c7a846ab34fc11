// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Arm PrimeCell UART (PL011) Technical Reference Manual, 3.2; 16550 UART
 * data sheet, register summary.
 */
#include "cpu.h"
#include "serial.h"

#define PL011_DATA      0x00
#define PL011_FLAGS     0x18
#define PL011_FLAG_FULL 0x20 /* TXFF */

#define UART_TRANSMIT     0
#define UART_LINE_STATUS  5
#define UART_STATUS_EMPTY 0x20

/* WAIT serial transmitter: a character takes 1 ms at 9600 baud, and a FIFO has 32 of them. */
#define TRANSMIT_LIMIT_US 50000
#define TRANSMIT_READS    200000

static uint32_t read_port(const struct serial *serial, unsigned offset, unsigned width)
{
	volatile void *at = paging_at(serial->paging, serial->place.at + offset);

	if (!at)
		return 0;
	return width == 1 ? device_read8(at) : device_read32(at);
}

static void write_port(const struct serial *serial, unsigned offset, unsigned width, char c)
{
	volatile void *at = paging_at(serial->paging, serial->place.at + offset);

	if (at && width == 1)
		device_write8(at, (uint8_t)c);
	else if (at)
		device_write32(at, (uint8_t)c);
}

static bool is_ready(const struct serial *serial)
{
	const struct serial_place *place = &serial->place;

	if (place->kind == SERIAL_PL011)
		return !(read_port(serial, PL011_FLAGS, 4) & PL011_FLAG_FULL);
	return read_port(serial, UART_LINE_STATUS * place->step, place->width) & UART_STATUS_EMPTY;
}

bool serial_transmit(struct serial *serial, char c)
{
	uint64_t limit = clock_now_us(serial->clock) + TRANSMIT_LIMIT_US;

	for (unsigned reads = 0; reads < TRANSMIT_READS; reads++) {
		if (is_ready(serial)) {
			if (serial->place.kind == SERIAL_PL011)
				write_port(serial, PL011_DATA, 4, c);
			else
				write_port(serial, UART_TRANSMIT, serial->place.width, c);
			return true;
		}
		if (clock_now_us(serial->clock) > limit)
			break;
		pause();
	}
	return false;
}
