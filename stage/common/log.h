/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the stage has to say: every line is kept for the report, and given to the
 * console if there is one.
 */
#ifndef QUIETUS_STAGE_LOG_H
#define QUIETUS_STAGE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include <quietus/text.h>

#define LOG_SIZE 8192

struct log {
	char text[LOG_SIZE]; /* lines ending in '\n' */
	size_t used;
	/* Puts one character on the console; NULL where there is none. */
	void (*put)(void *context, char c);
	void *context;
};

/* Adds one line. What does not fit into the text is still shown on the console. */
void log_line(struct log *log, const char *line);

/* The same, formatted by qt_text. Lines are cut at 160 characters. */
void log_say(struct log *log, const char *format, ...) QT_PRINTF(2, 3);

/* The same for the one line that names the program and its version itself. */
void log_headline(struct log *log, const char *format, ...) QT_PRINTF(2, 3);

#endif
