/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

static bool path_below(char path[PATH_MAX], const char *root, const char *format, va_list arguments)
{
	int n = snprintf(path, PATH_MAX, "%s/", root);

	if (n < PATH_MAX)
		n += vsnprintf(path + n, (size_t)(PATH_MAX - n), format, arguments);
	if (n < PATH_MAX)
		return true;
	errno = ENAMETOOLONG;
	return false;
}

bool system_path(char path[PATH_MAX], const char *root, const char *format, ...)
{
	va_list arguments;
	bool fits;

	va_start(arguments, format);
	fits = path_below(path, root, format, arguments);
	va_end(arguments);
	return fits;
}

static bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length;
	int error;

	if (!file)
		return false;
	errno = 0;
	length = fread(text, 1, size - 1, file);
	error = ferror(file) ? errno : 0;
	fclose(file);
	while (length > 0 && (isspace((unsigned char)text[length - 1]) || !text[length - 1]))
		length--;
	text[length] = 0;
	for (size_t i = 0; i < length; i++)
		if (!text[i])
			text[i] = ' ';
	errno = error;
	return !error;
}

bool system_text(const char *root, char *text, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;
	bool fits;

	*text = 0;
	va_start(arguments, format);
	fits = path_below(path, root, format, arguments);
	va_end(arguments);
	return fits && read_text(path, text, size);
}

bool system_number(const char *root, uint64_t *number, const char *format, ...)
{
	char path[PATH_MAX], text[64], *end;
	va_list arguments;
	bool fits;

	va_start(arguments, format);
	fits = path_below(path, root, format, arguments);
	va_end(arguments);
	if (!fits || !read_text(path, text, sizeof(text)))
		return false;
	*number = strtoull(text, &end, 0);
	errno = EINVAL;
	return end != text && !*end;
}

bool system_link(const char *root, char *name, size_t size, const char *format, ...)
{
	char path[PATH_MAX], target[PATH_MAX];
	const char *last;
	va_list arguments;
	ssize_t length;
	bool fits;

	va_start(arguments, format);
	fits = path_below(path, root, format, arguments);
	va_end(arguments);
	length = fits ? readlink(path, target, sizeof(target) - 1) : -1;
	*name = 0;
	if (length <= 0)
		return false;
	target[length] = 0;
	last = strrchr(target, '/');
	return (size_t)snprintf(name, size, "%s", last ? last + 1 : target) < size;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

bool system_list(const char *root, const char *folder,
	bool (*each)(void *context, const char *name), void *context)
{
	char path[PATH_MAX];
	struct dirent **entries;
	bool go_on = true;
	int count;

	if (!system_path(path, root, "%s", folder))
		return false;
	count = scandir(path, &entries, is_visible, versionsort);
	for (int i = 0; i < count; i++) {
		go_on = go_on && each(context, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return count >= 0;
}

/* The next word of a line at *at, which moves behind it; NULL at the end. */
static const char *next_word(const char **at, size_t *length)
{
	const char *word = *at + strspn(*at, " \t\n");

	*length = strcspn(word, " \t\n");
	*at = word + *length;
	return *length ? word : NULL;
}

bool has_word(const char *line, const char *word)
{
	const char *found;
	size_t length;

	while ((found = next_word(&line, &length)))
		if (length == strlen(word) && memcmp(found, word, length) == 0)
			return true;
	return false;
}

bool word_value(const char *line, const char *key, char *value, size_t size)
{
	size_t length, skip = strlen(key);
	const char *word;
	bool found = false;

	while ((word = next_word(&line, &length))) {
		if (length < skip || memcmp(word, key, skip) != 0)
			continue;
		snprintf(value, size, "%.*s", (int)(length - skip), word + skip);
		found = true;
	}
	return found;
}
