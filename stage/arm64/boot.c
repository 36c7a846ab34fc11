// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the loader handed over: the device tree, read once and checked.
 *
 * Source: Linux, Documentation/arch/arm64/booting.rst; Documentation/devicetree and
 * drivers/of/fdt.c for what kexec puts into /chosen: linux,usable-memory-range and
 * linux,elfcorehdr.
 */
#include <quietus/memory.h>

#include "../common/stage.h"
#include "entry.h"

/* Longest command line of an arm64 kernel, without its NUL (COMMAND_LINE_SIZE in its setup.h). */
#define KERNEL_COMMAND_LINE 2047

/* A tree that would not leave the stage enough of its memory is not worked with. */
#define TREE_LIMIT QT_KIB(256)

bool boot_begin(struct stage *s)
{
	entry_state.payload = s->settle.stage.start + s->header->prefix_size;
	return true;
}

static int read_command_line(struct stage *s, qt_dt_node chosen)
{
	const uint8_t *value;
	uint32_t len;
	int error = qt_dt_property(&s->boot.tree, chosen, "bootargs", &value, &len);

	s->settle.command_line_limit = KERNEL_COMMAND_LINE;
	if (error)
		return error == QT_E_NOTFOUND ? QT_OK : error;
	if (!len || len > COMMAND_LINE_SIZE || value[len - 1])
		return QT_E_BAD;
	memcpy(s->settle.command_line, value, len);
	return QT_OK;
}

static int copy_tree(struct stage *s, qt_phys at)
{
	uint8_t header[QT_DT_HEADER_SIZE];
	uint8_t *copy;
	int error;

	if (!at || at % 8)
		return QT_E_BAD;
	memcpy(header, (const void *)(uintptr_t)at, sizeof(header));
	error = qt_dt_size(header, &s->boot.tree_size);
	if (error)
		return error;
	if (s->boot.tree_size > TREE_LIMIT)
		return QT_E_LIMIT;
	copy = qt_alloc(&s->settle.arena, s->boot.tree_size, 8);
	if (!copy)
		return QT_E_NOMEM;
	memcpy(copy, (const void *)(uintptr_t)at, s->boot.tree_size);
	return qt_dt_open(&s->boot.tree, copy, s->boot.tree_size);
}

/* Before caches are on: that is how it was written. */
int boot_read(struct stage *s)
{
	qt_dt_node chosen;
	int error = copy_tree(s, entry_state.registers[0]);

	if (!error)
		error = qt_dt_top_node(&s->boot.tree, "chosen", &chosen);
	if (!error)
		error = read_command_line(s, chosen);
	if (error)
		return error;
	s->boot.acpi = firmware_is_acpi(&s->boot.tree, s->settle.command_line);
	if (!s->boot.acpi)
		s->settle.device_tree = &s->boot.tree;
	s->settle.capture_kernel.firmware_tables_only =
		s->boot.acpi && firmware_is_locked(&s->boot.tree, s->settle.command_line);
	return QT_OK;
}

/* Range `index` in a property of /chosen. QT_E_NOTFOUND past the last. */
static int chosen_range(
	const struct stage *s, const char *name, unsigned index, struct qt_range *range)
{
	const uint8_t *value;
	qt_dt_node chosen;
	uint32_t len;
	int error = qt_dt_top_node(&s->boot.tree, "chosen", &chosen);

	if (!error)
		error = qt_dt_property(&s->boot.tree, chosen, name, &value, &len);
	return error ? error : qt_dt_range(&s->boot.tree, value, len, index, range);
}

uint8_t boot_map(struct stage *s)
{
	return paging_switch(&s->paging) ? QT_WHY_NOT_MAPPED : 0;
}

/* Its own place first: that is memory. */
static int read_firmware_map(struct stage *s)
{
	struct efi_map *map = &s->boot.map;
	int error = firmware_map(&s->boot.tree, map);

	if (error)
		return error == QT_E_NOTFOUND ? QT_OK : error;
	error = add_pages(&s->memory, map->at, (uint64_t)map->count * map->size);
	return error ? error : firmware_memory(&s->physical, map, &s->memory);
}

int boot_read_memory(struct stage *s)
{
	struct qt_range range;
	int error;

	for (unsigned i = 0; !(error = chosen_range(s, "linux,usable-memory-range", i, &range));
		i++) {
		error = qt_ranges_add(&s->usable, range.start, range.end);
		if (!error)
			error = qt_ranges_add(&s->memory, range.start, range.end);
		if (error)
			return error;
	}
	return error == QT_E_NOTFOUND ? read_firmware_map(s) : error;
}

bool boot_elfcore(const struct stage *s, qt_phys *at, uint64_t *size)
{
	struct qt_range range;

	if (chosen_range(s, "linux,elfcorehdr", 0, &range))
		return false;
	*at = range.start;
	*size = range.end - range.start;
	return true;
}

/* Without tables nothing is known of the machine, and nothing will be changed. */
static int read_ecam(struct stage *s, size_t *count)
{
	struct settle *work = &s->settle;
	int error;

	if (!s->boot.acpi)
		return qt_dt_ecam(&s->boot.tree, work->ecam, count);
	error = firmware_acpi(
		&work->acpi, &s->host, &s->physical, &s->boot.tree, work->command_line);
	if (error) {
		log_say(&s->log, "no ACPI tables found: %s", qt_error_name(error));
		work->acpi.host = NULL;
		return error;
	}
	console_open_acpi(s);
	return qt_acpi_mcfg(&work->acpi, &work->arena, work->ecam, count);
}

void boot_read_machine(struct stage *s)
{
	size_t count = QT_ARRAY_SIZE(s->settle.ecam);

	if (read_ecam(s, &count))
		return;
	s->settle.ecams = count;
	s->pci.ecam = s->settle.ecam;
	s->pci.ecams = count;
}
