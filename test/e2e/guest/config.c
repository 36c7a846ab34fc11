// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINES 64

static char lines[MAX_LINES][2048];
static unsigned int line_count;

void config_load(const char *path)
{
	FILE *file = fopen(path, "r");

	if (!file)
		return;
	while (line_count < MAX_LINES && fgets(lines[line_count], sizeof(lines[0]), file)) {
		lines[line_count][strcspn(lines[line_count], "\n")] = '\0';
		line_count++;
	}
	fclose(file);
}

const char *config(const char *key, const char *fallback)
{
	size_t length = strlen(key);

	for (unsigned int i = 0; i < line_count; i++) {
		if (!strncmp(lines[i], key, length) && lines[i][length] == '=')
			return lines[i] + length + 1;
	}
	return fallback;
}

unsigned long config_number(const char *key, unsigned long fallback)
{
	const char *value = config(key, NULL);

	return value && *value ? strtoul(value, NULL, 0) : fallback;
}
