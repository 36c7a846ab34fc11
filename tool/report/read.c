/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <quietus/stage_header.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read.h"
#include "system/system.h"

#define X86_PARAMETERS "/sys/kernel/boot_params"
#define DEVICE_TREE    "/proc/device-tree"

static bool has_none(struct reason *why)
{
	reason_set(why, "no report: this kernel was not started through the stage");
	return with_hint(why, "saved ones are read with --from");
}

void report_default(const char *root, char path[PATH_MAX])
{
	static const struct {
		const char *sign; /* that it is there */
		const char *path;
	} places[] = {
		{X86_PARAMETERS, SETUP_DATA_FOLDER},
		{DEVICE_TREE, DEVICE_TREE_REPORT},
		{"", DEVICE_TREE_OF_START},
	};

	for (size_t i = 0; i < QT_ARRAY_SIZE(places); i++) {
		snprintf(path, PATH_MAX, "%s%s", root, places[i].sign);
		if (access(path, F_OK) != 0 && *places[i].sign)
			continue;
		snprintf(path, PATH_MAX, "%s%s", root, places[i].path);
		return;
	}
}

/* The stage writes the report into its own memory; a device tree has room for it. */
#define FILE_SIZE_MAX QT_DT_SIZE_MAX

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static bool is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The kernel numbers the nodes from 0; the stage puts its own in front. */
static bool find_node(const char *folder, char *path, size_t size, struct reason *why)
{
	uint64_t type;

	for (unsigned node = 0;; node++) {
		/* A line that is no number is no report's type. */
		if (!system_number(folder, &type, "%u/type", node)) {
			if (errno != EINVAL)
				break;
			continue;
		}
		if (type != QT_SETUP_DATA_TYPE)
			continue;
		if ((size_t)snprintf(path, size, "%s/%u/data", folder, node) >= size)
			return because_of(why, ENAMETOOLONG);
		return true;
	}
	if (errno != ENOENT)
		return because_of(why, errno);
	return has_none(why);
}

static bool is_device_tree(const struct file *file)
{
	size_t size;

	return file->size >= QT_DT_HEADER_SIZE && qt_dt_size(file->data, &size) == QT_OK;
}

/* Replaces a device tree by the report in it. */
static bool take_from_tree(struct file *file, struct reason *why)
{
	const uint8_t *report;
	struct qt_dt tree;
	qt_dt_node chosen;
	uint32_t size;
	int error = qt_dt_open(&tree, file->data, file->size);

	if (!error)
		error = qt_dt_top_node(&tree, "chosen", &chosen);
	if (!error)
		error = qt_dt_property(&tree, chosen, QT_DT_REPORT, &report, &size);
	if (error == QT_E_NOTFOUND)
		return has_none(why);
	if (error)
		return because(why, "the device tree is damaged");
	memmove(file->data, report, size);
	file->size = size;
	return true;
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
	if (is_folder(path) || ends_with(path, SETUP_DATA_FOLDER)) {
		if (!find_node(path, node, sizeof(node), why))
			return false;
		path = node;
	}
	if (!file_read(&report->file, path, FILE_SIZE_MAX, why))
		return errno == ENOENT && ends_with(path, DEVICE_TREE_REPORT) ? has_none(why)
									      : false;
	if ((!is_device_tree(&report->file) || take_from_tree(&report->file, why)) &&
		check(report, why))
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
