// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Linux, Documentation/admin-guide/kernel-parameters.txt, console= and
 * earlyprintk=.
 */
#include <quietus/memory.h>
#include <quietus/types.h>

#include "../common/command_line.h"
#include "serial.h"

/* ttyS0 to ttyS3, where they are on every PC. */
static const uint16_t ports[] = {0x3f8, 0x2f8, 0x3e8, 0x2e8};

/* A "ttyS0" at *at, alone or followed by a comma. */
static uint16_t named_port(const char *at, const char *end)
{
	if (!command_line_skip(&at, end, "ttyS") || at == end || *at < '0' ||
		(size_t)(*at - '0') >= QT_ARRAY_SIZE(ports))
		return 0;
	if (at + 1 != end && at[1] != ',')
		return 0;
	return ports[*at - '0'];
}

/* earlyprintk=serial[,0x3f8 or ttyS0[,baud]], or earlyprintk=ttyS0[,baud]. */
static uint16_t early_port(const char *at, const char *end)
{
	uint64_t number;

	if (!command_line_skip(&at, end, "serial"))
		return named_port(at, end);
	if (!command_line_skip(&at, end, ","))
		return ports[0];
	for (size_t i = 0; i < QT_ARRAY_SIZE(ports); i++) {
		const char *p = at;

		if (command_line_number(&p, end, &number) && number == ports[i])
			return ports[i];
	}
	return named_port(at, end);
}

uint16_t serial_port(const char *command_line)
{
	struct command_line_word word;
	uint16_t port = 0;

	while (command_line_next(&command_line, &word)) {
		const char *end = word.value + word.value_len;
		uint16_t found = 0;

		if (!word.value)
			continue;
		if (command_line_is(&word, "console"))
			found = named_port(word.value, end);
		else if (command_line_is(&word, "earlyprintk"))
			found = early_port(word.value, end);
		if (found)
			port = found;
	}
	return port;
}
