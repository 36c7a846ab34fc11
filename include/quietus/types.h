/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Basic types of the core. Addresses are named by what they are; sizes are in
 * bytes as 64-bit numbers; ranges are half-open.
 */
#ifndef QUIETUS_TYPES_H
#define QUIETUS_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t qt_phys; /* physical address, as the CPU sees it */
typedef uint64_t qt_iova; /* address a device puts on the bus, before translation */

/*
 * Requester ID with its PCI segment: segment << 16 | bus << 8 | device << 3 | function.
 * Source: PCI Express Base Specification, "Requester ID"; segments: PCI Firmware Specification.
 */
typedef uint32_t qt_rid;

#define QT_RID(segment, bus, devfn) ((qt_rid)(segment) << 16 | (qt_rid)(bus) << 8 | (qt_rid)(devfn))
#define QT_RID_SEGMENT(rid)         ((uint16_t)((rid) >> 16))
#define QT_RID_BUS(rid)             ((uint8_t)((rid) >> 8))
#define QT_RID_DEVFN(rid)           ((uint8_t)(rid))
#define QT_RID_DEVICE(rid)          ((uint8_t)((rid) >> 3 & 0x1f))
#define QT_RID_FUNCTION(rid)        ((uint8_t)((rid)&7))

/* Half-open [start, end). */
struct qt_range {
	uint64_t start;
	uint64_t end;
};

/* Every function of the core that can fail returns 0 or one of these. */
enum qt_error {
	QT_OK = 0,
	/* The caller asked wrongly. */
	QT_E_INVAL = -1,
	/* The dead kernel's memory, firmware or a device gave something that cannot be right. */
	QT_E_BAD = -2,     /* contradicts its specification: checksum, length, reserved bits */
	QT_E_OUTSIDE = -3, /* points outside what may be read */
	QT_E_LIMIT = -4, /* goes on longer than anything sound would: a loop, or a limit reached */
	/* Nothing wrong, but no. */
	QT_E_NOTFOUND = -5,
	QT_E_UNSUPPORTED = -6,
	QT_E_BUSY = -7,  /* the IOVAs wanted translate to something already */
	QT_E_NOMEM = -8, /* the caller's memory is used up */
	/* Hardware. */
	QT_E_TIMEOUT = -9, /* a named wait ended without its condition */
	QT_E_IO = -10,     /* the access itself failed */
};

/* Returns a short lower-case English name of an error, never NULL. */
const char *qt_error_name(int error);

#define QT_KIB(n) ((uint64_t)(n) << 10)
#define QT_MIB(n) ((uint64_t)(n) << 20)
#define QT_GIB(n) ((uint64_t)(n) << 30)

#define QT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
