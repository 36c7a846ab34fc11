/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>

#include "command.h"
#include "message.h"

void reason_set(struct reason *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	/* It is filled in here. cppcheck-suppress ctuuninitvar */
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
}

int refuse(const char *file, const struct reason *why)
{
	fprintf(stderr, "quietus: %s: %s\n", file, why->text);
	return EXIT_REFUSED;
}

int usage_error(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "quietus%s%s: ", *command ? " " : "", command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (see 'quietus%s%s --help')\n", *command ? " " : "", command);
	return EXIT_USAGE;
}
