// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What the loader handed over: the device tree, read once and checked.
 *
 * Source: Linux, Documentation/arch/arm64/booting.rst; Documentation/devicetree and
 * drivers/of/fdt.c for what kexec puts into /chosen: linux,usable-memory-range and
 * linux,elfcorehdr.
 */
#include <quietus/memory.h>

#include "stage.h"

/* Longest command line of an arm64 kernel, without its NUL (COMMAND_LINE_SIZE in its setup.h). */
#define KERNEL_COMMAND_LINE 2047

/* A tree that would not leave the stage enough of its memory is not worked with. */
#define TREE_LIMIT QT_KIB(256)

static int read_command_line(struct stage *s, qt_dt_node chosen)
{
	const uint8_t *value;
	uint32_t len;
	int error = qt_dt_property(&s->tree, chosen, "bootargs", &value, &len);

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
	error = qt_dt_size(header, &s->tree_size);
	if (error)
		return error;
	if (s->tree_size > TREE_LIMIT)
		return QT_E_LIMIT;
	copy = qt_alloc(&s->settle.arena, s->tree_size, 8);
	if (!copy)
		return QT_E_NOMEM;
	memcpy(copy, (const void *)(uintptr_t)at, s->tree_size);
	return qt_dt_open(&s->tree, copy, s->tree_size);
}

int boot_read(struct stage *s, qt_phys at)
{
	qt_dt_node chosen;
	int error = copy_tree(s, at);

	if (!error)
		error = qt_dt_top_node(&s->tree, "chosen", &chosen);
	if (!error)
		error = read_command_line(s, chosen);
	if (!error)
		s->settle.device_tree = &s->tree;
	return error;
}

/* Range `index` in a property of /chosen. QT_E_NOTFOUND past the last. */
static int chosen_range(
	const struct stage *s, const char *name, unsigned index, struct qt_range *range)
{
	const uint8_t *value;
	qt_dt_node chosen;
	uint32_t len;
	int error = qt_dt_top_node(&s->tree, "chosen", &chosen);

	if (!error)
		error = qt_dt_property(&s->tree, chosen, name, &value, &len);
	return error ? error : qt_dt_range(&s->tree, value, len, index, range);
}

static void init_ranges(struct qt_ranges *ranges, struct qt_range *list)
{
	*ranges = (struct qt_ranges){list, 0, RANGES_MAX};
}

/* Adds whole pages around a range. */
static int add_around(struct qt_ranges *ranges, struct qt_range range)
{
	if (range.end > UINT64_MAX - PAGE_SIZE)
		return QT_E_BAD;
	return qt_ranges_add(ranges, range.start & ~(PAGE_SIZE - 1),
		(range.end + PAGE_SIZE - 1) & ~(PAGE_SIZE - 1));
}

int boot_read_memory_map(struct stage *s)
{
	struct qt_range range;
	int error;

	init_ranges(&s->usable, s->usable_list);
	init_ranges(&s->memory, s->memory_list);
	init_ranges(&s->ram, s->ram_list);
	s->paging.known = &s->memory;

	for (unsigned i = 0; !(error = chosen_range(s, "linux,usable-memory-range", i, &range));
		i++) {
		error = qt_ranges_add(&s->usable, range.start, range.end);
		if (!error)
			error = qt_ranges_add(&s->memory, range.start, range.end);
		if (error)
			return error;
	}
	if (error != QT_E_NOTFOUND)
		return error;
	error = qt_ranges_add(&s->memory, s->settle.stage.start, s->settle.stage.end);
	if (!error && !chosen_range(s, "linux,elfcorehdr", 0, &range))
		error = add_around(&s->memory, range);
	s->settle.usable = s->usable;
	return error;
}

static void read_ram(struct stage *s)
{
	struct qt_range core;
	int error = chosen_range(s, "linux,elfcorehdr", 0, &core);

	if (!error)
		error = qt_elfcore_ram(&s->host, core.start, core.end - core.start, &s->ram);
	if (error) {
		log_say(&s->log, "no usable ELF core header: %s", qt_error_name(error));
		s->ram.count = 0;
		return;
	}
	s->paging.ram = &s->ram;
	paging_forget(&s->paging);
	s->settle.ram = s->ram;
}

void boot_read_machine(struct stage *s)
{
	struct settle *work = &s->settle;
	size_t count = QT_ARRAY_SIZE(work->ecam);

	read_ram(s);
	if (qt_dt_ecam(&s->tree, work->ecam, &count))
		return;
	work->ecams = count;
	s->pci.ecam = work->ecam;
	s->pci.ecams = count;
}
