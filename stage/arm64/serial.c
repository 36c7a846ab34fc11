// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Arm PrimeCell UART (PL011) Technical Reference Manual, 3.2; 16550 UART
 * data sheet, register summary.
 */
#include "../common/stage.h"
#include "cpu.h"

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

/* False if the port does not take it in time. */
static bool put_in_time(struct serial *serial, char c)
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

/* Puts one character out. A port that does not take it, or ends in an exception, is given up. */
static void put(void *context, char c)
{
	struct serial *serial = context;

	if (!serial->place.kind)
		return;
	if (serial->busy) {
		serial->place.kind = SERIAL_NONE;
		return;
	}
	serial->busy = true;
	if (!put_in_time(serial, c))
		serial->place.kind = SERIAL_NONE;
	serial->busy = false;
}

static void open_port(struct stage *s, struct serial_place place)
{
	s->serial = (struct serial){.place = place, .paging = &s->paging, .clock = &s->clock};
	if (!place.kind)
		return;
	s->log.put = put;
	s->log.context = &s->serial;
}

void console_open(struct stage *s)
{
	open_port(s, serial_place(&s->boot.tree, NULL, s->settle.command_line));
}

/* Firmware may say what it likes: memory is no port. */
static bool is_memory(const struct stage *s, qt_phys at)
{
	return qt_ranges_overlap(&s->memory, at, at + PAGE_SIZE) ||
	       qt_ranges_overlap(&s->ram, at, at + PAGE_SIZE);
}

void console_open_acpi(struct stage *s)
{
	struct serial_place spcr = serial_spcr(&s->settle.acpi, &s->settle.arena);

	if (!s->serial.place.kind && spcr.kind && spcr.at <= UINT64_MAX - PAGE_SIZE &&
		!is_memory(s, spcr.at))
		open_port(s, serial_place(&s->boot.tree, &spcr, s->settle.command_line));
}
