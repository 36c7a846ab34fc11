// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define DATA       0
#define LSR        5
#define LSR_DATA   0x01
#define LSR_IDLE   0x60
#define POLL_LIMIT 1000000

static bool link_usable;

void link_open(void)
{
	link_usable = port_open_all();
}

static void put_byte(char byte)
{
	for (int i = 0; i < POLL_LIMIT && (port_read(LINK_OUT, LSR) & LSR_IDLE) != LSR_IDLE; i++)
		;
	port_write(LINK_OUT, DATA, (unsigned char)byte);
}

static void put_text(const char *text)
{
	if (!link_usable)
		return;
	for (; *text; text++)
		put_byte(*text);
}

void say(const char *format, ...)
{
	char line[512];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	put_text(line);
	put_text("\n");
	fprintf(stderr, "guest: %s\n", line);
}

void say_file_hex(const char *key, const char *path)
{
	FILE *file = fopen(path, "r");
	char digits[3];
	int byte;

	if (!file)
		return;
	put_text(key);
	put_text("=");
	while ((byte = getc(file)) != EOF) {
		snprintf(digits, sizeof(digits), "%02x", byte);
		put_text(digits);
	}
	put_text("\n");
	fclose(file);
}

/* Waits until the runner sends a byte; it may be busy looking at our memory. */
bool wait_for_runner(unsigned int seconds)
{
	struct timespec pause = {.tv_nsec = 5000000};

	if (!link_usable)
		return false;
	for (unsigned int i = 0; i < seconds * 200; i++) {
		if (port_read(LINK_IN, LSR) & LSR_DATA) {
			port_read(LINK_IN, DATA);
			return true;
		}
		nanosleep(&pause, NULL);
	}
	return false;
}
