/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <quietus/stage_header.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "read.h"

/* The stage writes the report into its own memory. */
#define REPORT_SIZE_MAX QT_STAGE_MEMORY_SIZE

/* A node's type is a line with one number. */
#define TYPE_SIZE_MAX 64

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The type of node number `node`. False with errno set, ENOENT past the last node. */
static bool node_type(const char *folder, unsigned node, unsigned long long *type)
{
	char path[PATH_MAX], text[TYPE_SIZE_MAX] = "";
	FILE *file;

	if ((size_t)snprintf(path, sizeof(path), "%s/%u/type", folder, node) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	file = fopen(path, "re");
	if (!file)
		return false;
	/* A line that cannot be read, or is no number, is type 0, which is no report. */
	if (!fgets(text, sizeof(text), file))
		*text = 0;
	fclose(file);
	*type = strtoull(text, NULL, 0);
	return true;
}

/* The kernel numbers the nodes from 0; the stage puts its own in front. */
static bool find_node(const char *folder, char *path, size_t size, struct reason *why)
{
	unsigned long long type;

	for (unsigned node = 0; node_type(folder, node, &type); node++) {
		if (type != QT_SETUP_DATA_TYPE)
			continue;
		if ((size_t)snprintf(path, size, "%s/%u/data", folder, node) >= size)
			return because(why, "%s", strerror(ENAMETOOLONG));
		return true;
	}
	if (errno != ENOENT)
		return because(why, "%s", strerror(errno));
	return because(why, "no report: this kernel was not started through the stage");
}

static bool check(struct report *report, struct reason *why)
{
	const struct file *file = &report->file;
	const size_t magic = sizeof(report->header.magic);
	int error;

	if (file->size < magic || memcmp(file->data, QT_REPORT_MAGIC, magic) != 0)
		return because(why, "not a report");
	error = qt_report_check(file->data, file->size);
	if (error == QT_E_UNSUPPORTED)
		return because(why, "a report of another version than %u, which this tool reads",
			QT_REPORT_VERSION);
	if (error)
		return because(why, "the report is damaged or cut short");
	memcpy(&report->header, file->data, sizeof(report->header));
	return true;
}

bool report_read(struct report *report, const char *path, struct reason *why)
{
	char node[PATH_MAX];

	memset(report, 0, sizeof(*report));
	if (is_folder(path) || strcmp(path, SETUP_DATA_FOLDER) == 0) {
		if (!find_node(path, node, sizeof(node), why))
			return false;
		path = node;
	}
	if (!file_read(&report->file, path, REPORT_SIZE_MAX, why))
		return false;
	if (check(report, why))
		return true;
	report_free(report);
	return false;
}

void report_free(struct report *report)
{
	file_free(&report->file);
}

const uint8_t *report_record(
	const struct report *report, const struct qt_report_list *list, size_t index)
{
	return report->file.data + list->offset + index * list->record_size;
}

bool report_next_line(const struct report *report, struct report_line *line)
{
	const struct qt_report_list *list = &report->header.text;
	const uint8_t *text = report->file.data + list->offset;
	const uint8_t *end;
	size_t length;

	if (line->next >= list->count)
		return false;
	text += line->next;
	length = list->count - line->next;
	end = memchr(text, '\n', length);
	if (end)
		length = (size_t)(end - text);
	line->next += length + 1;
	copy_printable(line->text, sizeof(line->text), text, length);
	return true;
}

void copy_printable(char *text, size_t size, const uint8_t *from, size_t count)
{
	size_t i;

	for (i = 0; i < count && i + 1 < size && from[i]; i++)
		text[i] = (char)(from[i] >= ' ' && from[i] <= '~' ? from[i] : '?');
	text[i] = 0;
}
