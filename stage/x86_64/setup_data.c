// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "boot_params.h"
#include "setup_data.h"

int setup_data_next(
	const struct physical *physical, qt_phys *at, unsigned *left, struct setup_data *node)
{
	uint8_t header[SETUP_DATA_HEADER_SIZE];
	uint64_t end;
	int error;

	if (!*at)
		return QT_E_NOTFOUND;
	if (!*left)
		return QT_E_LIMIT;
	--*left;
	error = physical_read(physical, *at, header, sizeof(header));
	if (error)
		return error;
	node->at = *at;
	node->next = boot_get64(header, 0);
	node->type = boot_get32(header, 8);
	node->len = boot_get32(header, 12);
	if (__builtin_add_overflow(*at + sizeof(header), node->len, &end))
		return QT_E_BAD;
	*at = node->next;
	return 0;
}

void setup_data_prepend(
	uint8_t *boot_params, uint8_t *header, qt_phys at, uint32_t type, uint32_t len)
{
	boot_set64(header, 0, boot_get64(boot_params, BP_SETUP_DATA));
	boot_set32(header, 8, type);
	boot_set32(header, 12, len);
	boot_set64(boot_params, BP_SETUP_DATA, at);
}
