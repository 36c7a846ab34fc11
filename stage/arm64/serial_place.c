// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Linux, Documentation/admin-guide/kernel-parameters.txt, console= and
 * earlycon=; Devicetree Specification 0.4, 3.3 (/aliases), 3.6 (/chosen) and 4.2.2
 * (ns16550).
 */
#include "../common/command_line.h"
#include "serial.h"

#define PORTS_MAX 10 /* one digit */

/* earlycon=pl011,[mmio32,]ADDRESS; =uart8250,mmio[32],ADDRESS. */
static struct serial_place early_place(const char *at, const char *end)
{
	struct serial_place place = {.step = 1, .width = 1};
	enum serial_kind kind;

	if (command_line_skip(&at, end, "pl011,"))
		kind = SERIAL_PL011;
	else if (command_line_skip(&at, end, "uart8250,") ||
		 command_line_skip(&at, end, "ns16550a,"))
		kind = SERIAL_16550;
	else
		return place;
	if (command_line_skip(&at, end, "mmio32,")) {
		place.step = 4;
		place.width = 4;
	} else if (!command_line_skip(&at, end, "mmio,") && kind == SERIAL_16550) {
		return place; /* an I/O port */
	}
	if (command_line_number(&at, end, &place.at) && (at == end || *at == ','))
		place.kind = kind;
	return place;
}

/* The port at a path of the device tree, if it is one of this kind. */
static struct serial_place place_at(
	const struct qt_dt *dt, const char *path, const char *end, enum serial_kind kind)
{
	struct qt_dt_walk walk = {.dt = dt};
	struct serial_place place = {.step = 1, .width = 1};
	struct qt_range range;
	uint32_t shift = 0, width = 1, offset = 0;
	const char *compatible = kind == SERIAL_PL011 ? "arm,pl011" : "ns16550a";

	if (qt_dt_walk_to(&walk, path, end) || !qt_dt_compatible(dt, qt_dt_here(&walk), compatible))
		return place;
	qt_dt_cell(dt, qt_dt_here(&walk), "reg-shift", &shift);
	qt_dt_cell(dt, qt_dt_here(&walk), "reg-io-width", &width);
	qt_dt_cell(dt, qt_dt_here(&walk), "reg-offset", &offset);
	if (qt_dt_reg(&walk, 0, &range) || shift > 2 || (width != 1 && width != 4))
		return place;
	place.kind = kind;
	place.at = range.start + offset;
	place.step = 1u << shift;
	place.width = width;
	return place;
}

/* The path in a property of a node below the root. */
static struct serial_place place_named(
	const struct qt_dt *dt, const char *node_name, const char *property, enum serial_kind kind)
{
	const uint8_t *path;
	qt_dt_node node;
	uint32_t len;

	if (qt_dt_top_node(dt, node_name, &node) || qt_dt_property(dt, node, property, &path, &len))
		return (struct serial_place){0};
	return place_at(dt, (const char *)path, (const char *)path + len, kind);
}

/* Where there is a default: stdout-path, or SPCR. */
static struct serial_place default_place(
	const struct qt_dt *dt, const struct serial_place *spcr, enum serial_kind kind)
{
	struct serial_place place = place_named(dt, "chosen", "stdout-path", kind);

	return !place.kind && spcr && spcr->kind == kind ? *spcr : place;
}

/* console=ttyAMAn or ttySn, alone or followed by a comma. */
static struct serial_place console_place(
	const struct qt_dt *dt, const struct serial_place *spcr, const char *at, const char *end)
{
	char alias[] = "serial0";
	struct serial_place place = {0};
	enum serial_kind kind;

	if (command_line_skip(&at, end, "ttyAMA"))
		kind = SERIAL_PL011;
	else if (command_line_skip(&at, end, "ttyS"))
		kind = SERIAL_16550;
	else
		return place;
	if (at == end || *at < '0' || *at >= '0' + PORTS_MAX || (at + 1 != end && at[1] != ','))
		return place;
	alias[sizeof(alias) - 2] = *at;
	place = place_named(dt, "aliases", alias, kind);
	return place.kind ? place : default_place(dt, spcr, kind);
}

/* A bare earlycon. */
static struct serial_place any_default(const struct qt_dt *dt, const struct serial_place *spcr)
{
	struct serial_place place = default_place(dt, spcr, SERIAL_PL011);

	return place.kind ? place : default_place(dt, spcr, SERIAL_16550);
}

struct serial_place serial_place(
	const struct qt_dt *dt, const struct serial_place *spcr, const char *command_line)
{
	struct command_line_word word;
	struct serial_place place = {0};

	while (command_line_next(&command_line, &word)) {
		const char *end = word.value ? word.value + word.value_len : NULL;
		struct serial_place found = {0};

		if (command_line_is(&word, "console") && word.value)
			found = console_place(dt, spcr, word.value, end);
		else if (command_line_is(&word, "earlycon"))
			found = word.value ? early_place(word.value, end) : any_default(dt, spcr);
		if (found.kind)
			place = found;
	}
	return place;
}
