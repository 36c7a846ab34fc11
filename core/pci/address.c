// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/pci.h>

/* Characters of "0000:02:00.0". */
#define ADDRESS_LENGTH 12

/* Reads so many hexadecimal digits, as sysfs writes them. UINT32_MAX if they are not. */
static uint32_t read_hex(const char *text, unsigned digits)
{
	uint32_t number = 0;

	for (; digits; digits--, text++) {
		number <<= 4;
		if (*text >= '0' && *text <= '9')
			number |= (uint32_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			number |= (uint32_t)(*text - 'a') + 10;
		else
			return UINT32_MAX;
	}
	return number;
}

/* Reads ADDRESS_LENGTH characters. False if they are no address. */
static bool read_address(const char *text, qt_rid *rid)
{
	uint32_t segment = read_hex(text, 4);
	uint32_t bus = read_hex(text + 5, 2);
	uint32_t device = read_hex(text + 8, 2);
	uint32_t function = read_hex(text + 11, 1);

	if (segment > UINT16_MAX || bus > UINT8_MAX || device > 0x1f || function > 7 ||
		text[4] != ':' || text[7] != ':' || text[10] != '.')
		return false;
	*rid = QT_RID(segment, bus, device << 3 | function);
	return true;
}

int qt_pci_read_addresses(
	const char *text, size_t length, qt_rid *list, size_t capacity, size_t *count)
{
	*count = 0;
	for (size_t at = 0; length - at >= ADDRESS_LENGTH; at++) {
		if (*count == capacity)
			return QT_E_NOMEM;
		if (!read_address(text + at, &list[*count]))
			return QT_E_BAD;
		++*count;
		at += ADDRESS_LENGTH;
		if (at == length)
			return 0;
		if (text[at] != ',')
			return QT_E_BAD;
	}
	return QT_E_BAD;
}
