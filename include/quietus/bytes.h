/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Little-endian loads from bytes, whatever their alignment and the CPU's own
 * byte order: for firmware tables and file headers.
 */
#ifndef QUIETUS_BYTES_H
#define QUIETUS_BYTES_H

#include <stdint.h>

static inline uint16_t qt_le16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static inline uint32_t qt_le32(const uint8_t *at)
{
	return qt_le16(at) | (uint32_t)qt_le16(at + 2) << 16;
}

static inline uint64_t qt_le64(const uint8_t *at)
{
	return qt_le32(at) | (uint64_t)qt_le32(at + 4) << 32;
}

#endif
