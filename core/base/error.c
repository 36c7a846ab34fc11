// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/types.h>

const char *qt_error_name(int error)
{
	switch (error) {
	case QT_OK:
		return "no error";
	case QT_E_INVAL:
		return "invalid argument";
	case QT_E_BAD:
		return "damaged data";
	case QT_E_OUTSIDE:
		return "address out of bounds";
	case QT_E_LIMIT:
		return "limit exceeded";
	case QT_E_NOTFOUND:
		return "not found";
	case QT_E_UNSUPPORTED:
		return "not supported";
	case QT_E_BUSY:
		return "in use";
	case QT_E_NOMEM:
		return "out of memory";
	case QT_E_TIMEOUT:
		return "timed out";
	case QT_E_IO:
		return "access failed";
	default:
		return "unknown error";
	}
}
