/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>

#include "json.h"

void json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

void json_name(const char *before, const char *name)
{
	printf("%s\"%s\": ", before, name);
}

void json_text(const char *before, const char *name, const char *text)
{
	json_name(before, name);
	if (*text)
		json_string(text);
	else
		printf("null");
}

void json_bool(const char *before, const char *name, bool value)
{
	json_name(before, name);
	printf("%s", value ? "true" : "false");
}

void json_number(const char *before, const char *name, uint64_t value)
{
	json_name(before, name);
	printf("%" PRIu64, value);
}

void json_hex(const char *before, const char *name, uint64_t value)
{
	json_name(before, name);
	printf("\"0x%" PRIx64 "\"", value);
}
