/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * boot_params, its memory map, setup_data and EFI's tables: patches to 64 KiB of
 * memory from 0 on, with boot_params at 4 KiB.
 */
#include <string.h>

#include <x86_64/e820.h>
#include <x86_64/rsdp.h>
#include <x86_64/setup_data.h>
#include <x86_64/setup_header.h>

#include "fuzz.h"

#define SIZE   QT_KIB(64)
#define PARAMS 4096

static uint8_t bytes[SIZE];

static void check_set(const struct qt_ranges *set)
{
	FUZZ_CHECK(set->count <= set->capacity);
	for (size_t i = 0; i < set->count; i++) {
		FUZZ_CHECK(set->list[i].start < set->list[i].end);
		FUZZ_CHECK(i == 0 || set->list[i - 1].end < set->list[i].start);
	}
}

static void read_map(const uint8_t *params, const struct physical *physical)
{
	struct qt_range usable_list[16], memory_list[16];
	struct qt_ranges usable = {usable_list, 0, QT_ARRAY_SIZE(usable_list)};
	struct qt_ranges memory = {memory_list, 0, QT_ARRAY_SIZE(memory_list)};

	e820_read(params, physical, &usable, &memory);
	check_set(&usable);
	check_set(&memory);
	for (size_t i = 0; i < usable.count && memory.count < memory.capacity; i++)
		FUZZ_CHECK(qt_ranges_contain(&memory, usable_list[i].start, usable_list[i].end));
}

/* What was asked for is found reserved, by an entry of its own. */
struct look {
	struct qt_range range;
	bool reserved;
};

static int look_at(void *context, const struct e820_entry *entry, bool in_table, qt_phys place)
{
	struct look *look = context;

	(void)in_table;
	(void)place;
	look->reserved |= entry->type == E820_RESERVED && entry->start == look->range.start &&
			  entry->size == look->range.end - look->range.start;
	return 0;
}

static void reserve(uint8_t *params, const struct physical *physical, struct fuzz_input *input)
{
	static uint8_t node[E820_NODE_SIZE];
	uint64_t start = fuzz_take(input, 4) << 12;
	struct look look = {.range = {start, start + (fuzz_take(input, 2) + 1) * 4096}};
	bool has_node = fuzz_take(input, 1) & 1;

	if (e820_reserve(params, physical, look.range, has_node ? node : NULL, QT_GIB(1)))
		return;
	e820_each(params, physical, look_at, &look);
	/* The node is in no memory that can be read here. */
	FUZZ_CHECK(look.reserved || boot_get64(params, BP_SETUP_DATA) == QT_GIB(1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct fuzz_input asked = {data, 7};
	struct fuzz_memory memory = {.start = 0, .bytes = bytes, .size = SIZE};
	struct physical physical = {&memory, fuzz_read, fuzz_write};
	struct qt_host host = fuzz_host(&memory);
	uint8_t *params = bytes + PARAMS;
	struct qt_acpi acpi;
	size_t limit;

	if (size < asked.left)
		return 0;
	fuzz_take(&input, 7);
	memset(bytes, 0, sizeof(bytes));
	fuzz_patch(&input, 2, bytes, sizeof(bytes));
	read_map(params, &physical);
	rsdp_open(&acpi, &host, &physical, params, "acpi_rsdp=0x8000");
	setup_header_command_line(params, &limit);
	FUZZ_CHECK(limit);
	reserve(params, &physical, &asked);
	/* Another header's sectors, as saved by `quietus wrap`. */
	setup_header_kernel_version(bytes + 0x4000, data[0] * 16u);
	setup_header_restore(params, bytes + 0x4000, data[0] * 16u, QT_MIB(16), QT_MIB(2));
	return 0;
}
