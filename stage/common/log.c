// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <stdarg.h>

#include "log.h"

#define LINE_MAX 160

static void show(const struct log *log, const char *text)
{
	while (*text)
		log->put(log->context, *text++);
}

static void add(struct log *log, const char *prefix, const char *line)
{
	if (log->used < LOG_SIZE)
		log->used += qt_text(log->text + log->used, LOG_SIZE - log->used, "%s\n", line);
	if (!log->put)
		return;
	show(log, prefix);
	show(log, line);
	show(log, "\r\n");
}

void log_line(struct log *log, const char *line)
{
	add(log, "quietus: ", line);
}

void log_say(struct log *log, const char *format, ...)
{
	char line[LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	qt_text_v(line, sizeof(line), format, arguments);
	va_end(arguments);
	log_line(log, line);
}

void log_headline(struct log *log, const char *format, ...)
{
	char line[LINE_MAX];
	va_list arguments;

	va_start(arguments, format);
	qt_text_v(line, sizeof(line), format, arguments);
	va_end(arguments);
	add(log, "", line);
}
