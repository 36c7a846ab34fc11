/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Physical memory as the readers of boot_params see it, so that they can be
 * tested away from the bare metal. Both return 0 or QT_E_OUTSIDE.
 */
#ifndef QUIETUS_STAGE_PHYSICAL_H
#define QUIETUS_STAGE_PHYSICAL_H

#include <quietus/types.h>

struct physical {
	void *context;
	int (*read)(void *context, qt_phys at, void *buffer, size_t len);
	int (*write)(void *context, qt_phys at, const void *buffer, size_t len);
};

static inline int physical_read(
	const struct physical *physical, qt_phys at, void *buffer, size_t len)
{
	return physical->read(physical->context, at, buffer, len);
}

static inline int physical_write(
	const struct physical *physical, qt_phys at, const void *buffer, size_t len)
{
	return physical->write(physical->context, at, buffer, len);
}

#endif
