// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/bytes.h>

#include "boot_params.h"
#include "setup_header.h"

#define SECTOR_SIZE 512

/* What protocols before 2.06 read at most; theirs had no cmdline_size. */
#define COMMAND_LINE_LIMIT_DEFAULT 255

/* Fields that count the prefix in, in the wrapped image's setup header. */
static const uint16_t changed_fields[] = {
	BP_SYSSIZE,
	BP_PAYLOAD_OFFSET,
	BP_INIT_SIZE,
	BP_HANDOVER_OFFSET,
};

int setup_header_restore(uint8_t *boot_params, const uint8_t *setup, size_t setup_size,
	qt_phys start, uint32_t prefix_size)
{
	if (setup_size < BP_KERNEL_INFO_OFFSET + sizeof(uint32_t) ||
		boot_get32(setup, BP_HEADER_MAGIC) != BP_HEADER_MAGIC_VALUE)
		return QT_E_BAD;
	for (size_t i = 0; i < QT_ARRAY_SIZE(changed_fields); i++)
		memcpy(boot_params + changed_fields[i], setup + changed_fields[i],
			sizeof(uint32_t));
	if (qt_le16(setup + BP_VERSION) >= BP_VERSION_KERNEL_INFO)
		memcpy(boot_params + BP_KERNEL_INFO_OFFSET, setup + BP_KERNEL_INFO_OFFSET,
			sizeof(uint32_t));
	if (boot_get32(boot_params, BP_CODE32_START) == start)
		boot_set32(boot_params, BP_CODE32_START, (uint32_t)start + prefix_size);
	return 0;
}

/* A decimal number of at most 4 digits at *at, which moves behind it. False if there is none. */
static bool read_number(const uint8_t *setup, size_t size, size_t *at, uint32_t *number)
{
	size_t start = *at;

	for (*number = 0; *at < size && *at - start < 4 && setup[*at] >= '0' && setup[*at] <= '9';
		(*at)++)
		*number = *number * 10 + (setup[*at] - '0');
	return *at > start;
}

uint32_t setup_header_kernel_version(const uint8_t *setup, size_t setup_size)
{
	uint32_t major, minor;
	size_t at;

	if (setup_size < BP_KERNEL_VERSION + 2 || !qt_le16(setup + BP_KERNEL_VERSION))
		return 0;
	at = qt_le16(setup + BP_KERNEL_VERSION) + SECTOR_SIZE;
	if (!read_number(setup, setup_size, &at, &major) || at >= setup_size || setup[at] != '.')
		return 0;
	at++;
	return read_number(setup, setup_size, &at, &minor) ? QT_LINUX_VERSION(major, minor) : 0;
}

qt_phys setup_header_command_line(const uint8_t *boot_params, size_t *limit)
{
	*limit = boot_get32(boot_params, BP_CMDLINE_SIZE);
	if (!*limit)
		*limit = COMMAND_LINE_LIMIT_DEFAULT;
	return boot_get32(boot_params, BP_CMD_LINE_PTR) |
	       (uint64_t)boot_get32(boot_params, BP_EXT_CMD_LINE_PTR) << 32;
}

void setup_header_set_command_line(uint8_t *boot_params, qt_phys at)
{
	boot_set32(boot_params, BP_CMD_LINE_PTR, (uint32_t)at);
	boot_set32(boot_params, BP_EXT_CMD_LINE_PTR, (uint32_t)(at >> 32));
}
