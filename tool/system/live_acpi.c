/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What firmware says, from sysfs: ACPI tables, put behind a root table for the core to find them
 * by, or the device tree. */
#include <errno.h>
#include <quietus/bytes.h>
#include <stdlib.h>
#include <string.h>

#include "common/file.h"
#include "live_files.h"
#include "system.h"

#define TABLES_FOLDER "sys/firmware/acpi/tables"
#define TREE          "sys/firmware/fdt"
#define ROOT_HEADER   36u
#define ROOT_ENTRY    8u
#define ROOT_ENTRIES  8u /* room for */
#define ROOT_SIZE     (ROOT_HEADER + ROOT_ENTRY * ROOT_ENTRIES)

int live_read_tables(const struct live *live, qt_phys at, void *buffer, size_t len)
{
	uint64_t offset = at - LIVE_ACPI_START;

	if (offset > live->tables_size || len > live->tables_size - offset)
		return QT_E_OUTSIDE;
	memcpy(buffer, live->tables + offset, len);
	return QT_OK;
}

static bool grow(struct live *live, size_t size)
{
	uint8_t *larger = realloc(live->tables, live->tables_size + size);

	if (!larger)
		return false;
	memset(larger + live->tables_size, 0, size);
	live->tables = larger;
	live->tables_size += size;
	return true;
}

static void put_entry(struct live *live, qt_phys at)
{
	uint8_t *entry = live->tables + ROOT_HEADER + ROOT_ENTRY * live->table_count++;

	for (unsigned i = 0; i < ROOT_ENTRY; i++)
		entry[i] = (uint8_t)(at >> 8 * i);
}

static bool add_table(struct live *live, const struct file *file)
{
	size_t at = live->tables_size;

	if (live->table_count == ROOT_ENTRIES || !grow(live, file->size))
		return false;
	memcpy(live->tables + at, file->data, file->size);
	put_entry(live, LIVE_ACPI_START + at);
	return true;
}

/* A table that firmware does not have is none; one that cannot be read is an error. */
static bool read_table(struct live *live, const char *signature)
{
	char path[PATH_MAX];
	struct reason why;
	struct file file;
	bool added;

	if (!system_path(path, live->root, TABLES_FOLDER "/%s", signature))
		return false;
	if (!file_read(&file, path, QT_ACPI_TABLE_MAX, &why))
		return errno == ENOENT;
	added = add_table(live, &file);
	file_free(&file);
	return added;
}

static bool ignore_name(void *context, const char *name)
{
	(void)context, (void)name;
	return false;
}

bool live_acpi(
	struct live *live, const char *const *signatures, struct qt_acpi *acpi, struct reason *why)
{
	bool all =
		system_list(live->root, TABLES_FOLDER, ignore_name, NULL) && grow(live, ROOT_SIZE);

	for (; *signatures && all; signatures++)
		all = read_table(live, *signatures);
	if (!all) {
		int error = errno;

		reason_set(why, "/" TABLES_FOLDER ": %s", strerror(error));
		errno = error;
		return false;
	}
	*acpi = (struct qt_acpi){.host = &live->host,
		.root = LIVE_ACPI_START,
		.entry_size = ROOT_ENTRY,
		.entries = live->table_count};
	return true;
}

const struct qt_dt *live_device_tree(struct live *live, struct reason *why)
{
	struct reason inner;
	char path[PATH_MAX];

	if (!system_path(path, live->root, TREE) ||
		!file_read(&live->tree, path, QT_DT_SIZE_MAX, &inner))
		reason_set(why, "/" TREE ": %.100s", inner.text);
	else if (qt_dt_open(&live->device_tree, live->tree.data, live->tree.size))
		reason_set(why, "/" TREE ": no device tree");
	else
		return &live->device_tree;
	return NULL;
}
