// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "../common/stage.h"

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
	if (!serial_transmit(serial, c))
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
