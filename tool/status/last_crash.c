/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The newest dump. Debian saves FOLDER/STAMP/dump.STAMP, Fedora and SUSE
 * FOLDER/WHERE-STAMP/vmcore; the report lies beside it as report.json.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "report/read.h"
#include "status.h"
#include "system/system.h"

#define REPORT_NAME     "report.json"
#define REPORT_SIZE_MAX (64u << 20)

struct search {
	struct last_crash *last;
	const char *root;
	const char *dumps;  /* folder of all crashes */
	const char *folder; /* of one */
};

static bool is_dump(const char *name)
{
	return strncmp(name, "dump.", 5) == 0 || strncmp(name, "vmcore", 6) == 0;
}

static bool look_at_file(void *context, const char *name)
{
	struct search *search = context;
	struct last_crash *last = search->last;
	char path[PATH_MAX];
	struct stat st;

	/* dmesg of a dump has a name like it. */
	if (!is_dump(name) || strstr(name, "dmesg") ||
		!system_path(path, search->root, "%s/%s/%s", search->dumps, search->folder, name) ||
		stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
		(last->found && st.st_mtime < last->time))
		return true;
	last->found = true;
	last->time = st.st_mtime;
	snprintf(last->folder, sizeof(last->folder), "/%s/%s", search->dumps, search->folder);
	copy_printable(last->dump, sizeof(last->dump), (const uint8_t *)name, strlen(name));
	return true;
}

static bool look_at_folder(void *context, const char *name)
{
	struct search *search = context;
	char path[PATH_MAX];

	search->folder = name;
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", search->dumps, name) < sizeof(path))
		system_list(search->root, path, look_at_file, search);
	return true;
}

/* The text of a member of the outermost object, as `quietus report --json` prints one. */
static void copy_member(const char *json, const char *name, char *text, size_t size)
{
	char key[64], raw[256];
	const char *at;
	size_t n = 0;

	snprintf(key, sizeof(key), "\n  \"%s\": \"", name);
	at = strstr(json, key);
	for (at = at ? at + strlen(key) : ""; *at && *at != '"' && n < sizeof(raw); at++) {
		if (*at == '\\' && at[1])
			at++;
		raw[n++] = *at;
	}
	copy_printable(text, size, (const uint8_t *)raw, n);
}

static void read_report(struct last_crash *last, const char *root)
{
	char path[PATH_MAX];
	struct reason why;
	struct file file;
	uint8_t *text;

	if (!system_path(path, root, "%s/" REPORT_NAME, last->folder + 1) ||
		!file_read(&file, path, REPORT_SIZE_MAX, &why))
		return;
	text = realloc(file.data, file.size + 1);
	if (text) {
		file.data = text;
		text[file.size] = 0;
		copy_member((char *)text, "outcome", last->outcome, sizeof(last->outcome));
		copy_member((char *)text, "reason", last->reason, sizeof(last->reason));
	}
	file_free(&file);
}

void last_crash_find(struct last_crash *last, const char *root, const char *folder)
{
	struct search search = {.last = last, .root = root, .dumps = folder + strspn(folder, "/")};

	memset(last, 0, sizeof(*last));
	system_list(root, search.dumps, look_at_folder, &search);
	if (last->found)
		read_report(last, root);
}
