/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "json.h"
#include "rid.h"

static void print_string(const char *text, size_t length)
{
	putchar('"');
	for (const char *end = text + length; text != end; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ')
			printf("\\u%04x", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

void json_string(const char *text)
{
	print_string(text, strlen(text));
}

void json_words(const char *text)
{
	const char *before = "";

	printf("[");
	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t length = strcspn(text, " ");

		printf("%s", before);
		print_string(text, length);
		before = ", ";
		text += length;
	}
	printf("]");
}

void json_name(const char *before, const char *name)
{
	printf("%s\"%s\": ", before, name);
}

void json_text(const char *before, const char *name, const char *text)
{
	if (!*text) {
		json_null(before, name);
		return;
	}
	json_name(before, name);
	json_string(text);
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

void json_id(const char *before, const char *name, int digits, unsigned value)
{
	json_name(before, name);
	printf("\"0x%0*x\"", digits, value);
}

void json_rid(const char *before, const char *name, qt_rid rid)
{
	char text[RID_TEXT];

	json_text(before, name, rid_text(rid, text));
}

void json_index(const char *before, const char *name, int value)
{
	if (value < 0)
		json_null(before, name);
	else
		json_number(before, name, (uint64_t)value);
}

void json_null(const char *before, const char *name)
{
	json_name(before, name);
	printf("null");
}
