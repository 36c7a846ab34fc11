/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_block.h"
#include "common/file.h"

#define CONFIG_SIZE_MAX (1u << 20)

#define BEGIN   "# quietus setup: begin ('quietus setup --undo' takes it out)"
#define END     "# quietus setup: end\n"
#define UNENDED ", after a line without an end"

/* A text file as a string, which must be freed. */
static char *read_text(const char *path, mode_t *mode, struct reason *why)
{
	struct file file;
	char *text;

	if (!file_read(&file, path, CONFIG_SIZE_MAX, why))
		return NULL;
	*mode = file.mode;
	text = malloc(file.size + 1);
	if (text) {
		memcpy(text, file.data, file.size);
		text[file.size] = 0;
	}
	if (!text)
		reason_of_system(why, ENOMEM);
	else if (strlen(text) != file.size) {
		reason_set(why, "not a text file");
		free(text);
		text = NULL;
	}
	file_free(&file);
	return text;
}

/* The block's first line, or NULL. */
static char *find_begin(char *text)
{
	char *at = text;

	while ((at = strstr(at, BEGIN)) && at != text && at[-1] != '\n')
		at++;
	return at;
}

bool config_block_present(const char *path, bool *present, struct reason *why)
{
	mode_t mode;
	char *text = read_text(path, &mode, why);

	if (!text)
		return false;
	*present = find_begin(text) != NULL;
	free(text);
	return true;
}

bool config_block_add(const char *path, const char *line, struct reason *why)
{
	mode_t mode;
	char *text = read_text(path, &mode, why);
	bool ended, good;
	char *all;

	if (!text)
		return false;
	ended = !*text || text[strlen(text) - 1] == '\n';
	if (asprintf(&all, "%s%s" BEGIN "%s\n%s\n" END, text, ended ? "" : "\n",
		    ended ? "" : UNENDED, line) < 0) {
		free(text);
		return because_of(why, ENOMEM);
	}
	good = file_write_atomically(path, (const uint8_t *)all, strlen(all), mode, why);
	free(all);
	free(text);
	return good;
}

bool config_block_remove(const char *path, struct reason *why)
{
	mode_t mode;
	char *text = read_text(path, &mode, why);
	char *begin, *end;
	bool good;

	if (!text)
		return false;
	begin = find_begin(text);
	end = begin ? strstr(begin, END) : NULL;
	if (!end) {
		free(text);
		return because(why, "there is no whole block of quietus in it");
	}
	end += strlen(END);
	/* The end that the line before got with the block, unless it is needed now. */
	if (begin != text && !*end && strncmp(begin + strlen(BEGIN), UNENDED, strlen(UNENDED)) == 0)
		begin--;
	memmove(begin, end, strlen(end) + 1);
	good = file_write_atomically(path, (const uint8_t *)text, strlen(text), mode, why);
	free(text);
	return good;
}
