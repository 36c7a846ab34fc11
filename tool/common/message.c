/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "message.h"

void reason_set(struct reason *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	/* It is filled in here. cppcheck-suppress ctuuninitvar */
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	why->hint = NULL;
}

void reason_of_system(struct reason *why, int error)
{
	reason_set(why, "%s", strerror(error));
	if ((error == EACCES || error == EPERM) && geteuid() != 0)
		why->hint = "try it as root";
}

int refuse(const char *what, const struct reason *why)
{
	fprintf(stderr, "quietus: %s: %s", what, why->text);
	if (why->hint)
		fprintf(stderr, " (%s)", why->hint);
	fputc('\n', stderr);
	return EXIT_REFUSED;
}

int usage_error(const char *command, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "quietus: %s%s", command, *command ? ": " : "");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, " (see 'quietus%s%s --help')\n", *command ? " " : "", command);
	return EXIT_USAGE;
}

bool output_done(int error)
{
	if (!error && (fflush(stdout) != 0 || ferror(stdout)))
		error = errno;
	if (error)
		fprintf(stderr, "quietus: standard output: %s\n", strerror(error));
	return !error;
}
