/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text for the operator, in a buffer of the caller's.
 */
#ifndef QUIETUS_TEXT_H
#define QUIETUS_TEXT_H

#include <stdarg.h>
#include <stddef.h>

#if defined(__GNUC__)
#define QT_PRINTF(string, first) __attribute__((format(printf, string, first)))
#else
#define QT_PRINTF(string, first)
#endif

/*
 * Formats into buffer[0 .. size), cut short where it does not fit, and always
 * NUL-terminated unless size is 0. Returns the number of characters written
 * without the NUL, so that calls can be chained: at += qt_text(b + at, n - at, ...).
 *
 * A small part of printf's language: %s %.4s %.*s %c %d %u %x %%, with a width,
 * zero padding, and the length modifiers hh h l ll z j. A null string is
 * "(null)"; an unknown conversion is printed as it stands.
 */
size_t qt_text(char *buffer, size_t size, const char *format, ...) QT_PRINTF(3, 4);
size_t qt_text_v(char *buffer, size_t size, const char *format, va_list arguments) QT_PRINTF(3, 0);

#endif
