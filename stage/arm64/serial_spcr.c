// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Microsoft, "Serial Port Console Redirection Table", revisions 2 to 4, and
 * "Debug Port Table 2", table 3, for interface types; ACPI 6.5, 5.2.3.2 (Generic Address
 * Structure).
 */
#include <quietus/bytes.h>

#include "serial.h"

#define SPCR_REVISION  8
#define SPCR_INTERFACE 36
#define SPCR_SPACE     40 /* of a Generic Address Structure, and so on */
#define SPCR_WIDTH     41 /* of a register, bits */
#define SPCR_ACCESS    43 /* 1: a byte, 3: four bytes, 0: as wide as a register */
#define SPCR_ADDRESS   44
#define SPCR_SIZE      52u /* as far as it is needed */

/* Before that, 0 and 1 are the only interfaces. */
#define REVISION_INTERFACES 2

#define SPACE_MEMORY 0

enum { ACCESS_UNDEFINED, ACCESS_BYTE, ACCESS_4_BYTES = 3 };

enum interface {
	INTERFACE_16550 = 0x00,
	INTERFACE_16550_SUBSET = 0x01,
	INTERFACE_PL011 = 0x03,
	INTERFACE_SBSA_4_BYTES = 0x0d,
	INTERFACE_SBSA = 0x0e,
	INTERFACE_16550_GAS = 0x12, /* with what the Generic Address Structure says */
};

static enum serial_kind kind_of(uint8_t interface)
{
	switch (interface) {
	case INTERFACE_16550:
	case INTERFACE_16550_SUBSET:
	case INTERFACE_16550_GAS:
		return SERIAL_16550;
	case INTERFACE_PL011:
	case INTERFACE_SBSA_4_BYTES:
	case INTERFACE_SBSA:
		return SERIAL_PL011;
	default:
		return SERIAL_NONE;
	}
}

/* Bytes of an access; 0: neither of those that there are. */
static unsigned access_of(const uint8_t *table)
{
	uint8_t access = table[SPCR_ACCESS], width = table[SPCR_WIDTH];

	if (access == ACCESS_BYTE || (access == ACCESS_UNDEFINED && width == 8))
		return 1;
	return access == ACCESS_4_BYTES || (access == ACCESS_UNDEFINED && width == 32) ? 4 : 0;
}

static struct serial_place parse(const uint8_t *table, size_t len)
{
	struct serial_place place = {.step = 1, .width = 1};

	if (len < SPCR_SIZE || table[SPCR_REVISION] < REVISION_INTERFACES ||
		table[SPCR_SPACE] != SPACE_MEMORY)
		return place;
	place.kind = kind_of(table[SPCR_INTERFACE]);
	place.at = qt_le64(table + SPCR_ADDRESS);
	/* PL011's registers are what they are, whatever is said of them. */
	if (place.kind == SERIAL_16550)
		place.step = place.width = access_of(table);
	if (!place.at || place.at % 4 || !place.width)
		place.kind = SERIAL_NONE;
	return place;
}

struct serial_place serial_spcr(const struct qt_acpi *acpi, struct qt_arena *arena)
{
	struct serial_place place = {.kind = SERIAL_NONE};
	size_t used = arena->used, len;
	const uint8_t *table;

	if (!qt_acpi_table(acpi, arena, "SPCR", 0, &table, &len))
		place = parse(table, len);
	arena->used = used;
	return place;
}
