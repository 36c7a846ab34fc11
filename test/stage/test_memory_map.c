// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <x86_64/e820.h>
#include <x86_64/memmap.h>
#include <x86_64/setup_data.h>

#include "fake.h"

#define STAGE_START QT_MIB(32)
#define STAGE_END   QT_MIB(34)
#define NODE_AT     0x104000u

struct map {
	uint8_t boot[BOOT_PARAMS_SIZE];
	struct fake fake;
	struct physical physical;
	struct qt_range usable_list[64], memory_list[64];
	struct qt_ranges usable, memory;
	uint8_t node[E820_NODE_SIZE];
};

static int setup(void **state)
{
	static struct map map;

	memset(&map, 0, sizeof(map));
	map.physical = fake_physical(&map.fake);
	map.usable = (struct qt_ranges){map.usable_list, 0, QT_ARRAY_SIZE(map.usable_list)};
	map.memory = (struct qt_ranges){map.memory_list, 0, QT_ARRAY_SIZE(map.memory_list)};
	*state = &map;
	return 0;
}

static void assert_ranges(const struct qt_ranges *ranges, const struct qt_range *expected, size_t n)
{
	assert_int_equal(ranges->count, n);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(ranges->list[i].start, expected[i].start);
		assert_int_equal(ranges->list[i].end, expected[i].end);
	}
}

#define ASSERT_RANGES(ranges, ...)                                                                 \
	assert_ranges(ranges, (const struct qt_range[]){__VA_ARGS__},                              \
		sizeof((const struct qt_range[]){__VA_ARGS__}) / sizeof(struct qt_range))

static void table_and_nodes_are_read(void **state)
{
	struct map *map = *state;

	fake_e820_add(map->boot, 0x1000, 0x9e000, E820_RAM);
	fake_e820_add(map->boot, QT_MIB(16), QT_MIB(16), E820_RAM);
	fake_e820_add(map->boot, QT_MIB(100), 4096, E820_ACPI);
	fake_e820_add(map->boot, QT_MIB(200), 4096, E820_RESERVED);
	fake_e820_add(map->boot, UINT64_MAX - 1, 4096, E820_RAM); /* wraps */
	fake_e820_add(map->boot, QT_MIB(300), 0, E820_RAM);       /* empty */
	boot_set64(map->boot, BP_SETUP_DATA, 0x101000);
	fake_node(&map->fake, 0x101000, 0x102000, 9, 100);
	fake_node(&map->fake, 0x102000, 0, SETUP_E820_EXT, 2 * E820_ENTRY_SIZE + 3);
	fake_e820(fake_at(&map->fake, 0x102010), QT_GIB(5), QT_GIB(1), E820_RAM);
	fake_e820(fake_at(&map->fake, 0x102024), QT_GIB(7), 4096, E820_NVS);

	assert_int_equal(e820_read(map->boot, &map->physical, &map->usable, &map->memory), 0);
	ASSERT_RANGES(
		&map->usable, {0x1000, 0x9f000}, {QT_MIB(16), QT_MIB(32)}, {QT_GIB(5), QT_GIB(6)});
	ASSERT_RANGES(&map->memory, {0x1000, 0x9f000}, {QT_MIB(16), QT_MIB(32)},
		{QT_MIB(100), QT_MIB(100) + 4096}, {QT_GIB(5), QT_GIB(6)},
		{QT_GIB(7), QT_GIB(7) + 4096});
}

static void chains_that_loop_or_lead_astray_end(void **state)
{
	struct map *map = *state;

	fake_e820_add(map->boot, 0, QT_MIB(1), E820_RAM);
	boot_set64(map->boot, BP_SETUP_DATA, 0x101000);
	fake_node(&map->fake, 0x101000, 0x101000, 9, 0);
	assert_int_equal(
		e820_read(map->boot, &map->physical, &map->usable, &map->memory), QT_E_LIMIT);
	assert_in_range(map->fake.accesses, 1, 2 * SETUP_DATA_NODES_MAX);

	fake_node(&map->fake, 0x101000, UINT64_MAX - 8, 9, 0);
	assert_int_equal(
		e820_read(map->boot, &map->physical, &map->usable, &map->memory), QT_E_OUTSIDE);
	/* A length that reaches out of memory. */
	fake_node(&map->fake, 0x101000, 0, SETUP_E820_EXT, UINT32_MAX);
	assert_int_equal(
		e820_read(map->boot, &map->physical, &map->usable, &map->memory), QT_E_OUTSIDE);
}

static void too_many_entries_are_an_error(void **state)
{
	struct map *map = *state;

	map->usable.capacity = 1;
	fake_e820_add(map->boot, 0x1000, 0x1000, E820_RAM);
	fake_e820_add(map->boot, 0x10000, 0x1000, E820_RAM);
	assert_int_equal(
		e820_read(map->boot, &map->physical, &map->usable, &map->memory), QT_E_NOMEM);
}

static int reserve(struct map *map)
{
	return e820_reserve(map->boot, &map->physical, (struct qt_range){STAGE_START, STAGE_END},
		map->node, NODE_AT);
}

static void assert_entry(const uint8_t *at, uint64_t start, uint64_t size, uint32_t type)
{
	assert_int_equal(boot_get64(at, 0), start);
	assert_int_equal(boot_get64(at, 8), size);
	assert_int_equal(boot_get32(at, 16), type);
}

static const uint8_t *table_entry(const struct map *map, unsigned i)
{
	return map->boot + BP_E820_TABLE + i * E820_ENTRY_SIZE;
}

static void middle_of_an_entry_is_reserved_in_place(void **state)
{
	struct map *map = *state;

	fake_e820_add(map->boot, 0x1000, 0x9e000, E820_RAM);
	fake_e820_add(map->boot, QT_MIB(16), QT_MIB(48), E820_RAM);
	fake_e820_add(map->boot, QT_MIB(100), 4096, E820_ACPI);
	assert_int_equal(reserve(map), 0);
	assert_int_equal(map->boot[BP_E820_ENTRIES], 5);
	assert_entry(table_entry(map, 1), QT_MIB(16), QT_MIB(16), E820_RAM);
	assert_entry(table_entry(map, 2), STAGE_START, QT_MIB(2), E820_RESERVED);
	assert_entry(table_entry(map, 3), STAGE_END, QT_MIB(30), E820_RAM);
	assert_entry(table_entry(map, 4), QT_MIB(100), 4096, E820_ACPI);
	assert_int_equal(boot_get64(map->boot, BP_SETUP_DATA), 0);

	/* Once more changes nothing. */
	assert_int_equal(reserve(map), QT_E_NOTFOUND);
	assert_int_equal(map->boot[BP_E820_ENTRIES], 5);
}

static void edges_make_fewer_entries(void **state)
{
	struct map *map = *state;

	fake_e820_add(map->boot, STAGE_START, QT_MIB(2), E820_RAM);
	assert_int_equal(reserve(map), 0);
	assert_int_equal(map->boot[BP_E820_ENTRIES], 1);
	assert_entry(table_entry(map, 0), STAGE_START, QT_MIB(2), E820_RESERVED);

	map->boot[BP_E820_ENTRIES] = 0;
	fake_e820_add(map->boot, STAGE_START, QT_MIB(3), E820_RAM);
	assert_int_equal(reserve(map), 0);
	assert_int_equal(map->boot[BP_E820_ENTRIES], 2);
	assert_entry(table_entry(map, 0), STAGE_START, QT_MIB(2), E820_RESERVED);
	assert_entry(table_entry(map, 1), STAGE_END, QT_MIB(1), E820_RAM);
}

static void stage_outside_ram_is_left_alone(void **state)
{
	struct map *map = *state;

	fake_e820_add(map->boot, QT_MIB(16), QT_MIB(17), E820_RAM); /* ends inside the stage */
	fake_e820_add(map->boot, STAGE_START, QT_MIB(2), E820_ACPI);
	assert_int_equal(reserve(map), QT_E_NOTFOUND);
	assert_int_equal(map->boot[BP_E820_ENTRIES], 2);
}

static void full_table_overflows_into_a_node(void **state)
{
	struct map *map = *state;

	fake_e820_add(map->boot, QT_MIB(16), QT_MIB(48), E820_RAM);
	while (map->boot[BP_E820_ENTRIES] < E820_TABLE_MAX)
		fake_e820_add(map->boot, QT_GIB(map->boot[BP_E820_ENTRIES]), 4096, E820_RESERVED);
	boot_set64(map->boot, BP_SETUP_DATA, 0x101000);
	assert_int_equal(reserve(map), 0);
	assert_int_equal(map->boot[BP_E820_ENTRIES], E820_TABLE_MAX);
	assert_entry(table_entry(map, 0), QT_MIB(16), QT_MIB(16), E820_RAM);
	assert_int_equal(boot_get64(map->boot, BP_SETUP_DATA), NODE_AT);
	assert_int_equal(boot_get64(map->node, 0), 0x101000);
	assert_int_equal(boot_get32(map->node, 8), SETUP_E820_EXT);
	assert_int_equal(boot_get32(map->node, 12), 2 * E820_ENTRY_SIZE);
	assert_entry(map->node + 16, STAGE_START, QT_MIB(2), E820_RESERVED);
	assert_entry(map->node + 36, STAGE_END, QT_MIB(30), E820_RAM);
}

static void full_table_without_a_node_stays(void **state)
{
	struct map *map = *state;
	uint8_t before[BOOT_PARAMS_SIZE];

	fake_e820_add(map->boot, QT_MIB(16), QT_MIB(48), E820_RAM);
	while (map->boot[BP_E820_ENTRIES] < E820_TABLE_MAX - 1)
		fake_e820_add(map->boot, QT_GIB(map->boot[BP_E820_ENTRIES]), 4096, E820_RESERVED);
	memcpy(before, map->boot, sizeof(before));
	assert_int_equal(e820_reserve(map->boot, &map->physical,
				 (struct qt_range){STAGE_START, STAGE_END}, NULL, 0),
		QT_E_NOMEM);
	assert_memory_equal(map->boot, before, sizeof(before));
}

static void entry_in_a_node_is_split_there(void **state)
{
	struct map *map = *state;

	boot_set64(map->boot, BP_SETUP_DATA, 0x102000);
	fake_node(&map->fake, 0x102000, 0, SETUP_E820_EXT, 2 * E820_ENTRY_SIZE);
	fake_e820(fake_at(&map->fake, 0x102010), 0, 4096, E820_RESERVED);
	fake_e820(fake_at(&map->fake, 0x102024), QT_MIB(16), QT_MIB(48), E820_RAM);
	assert_int_equal(reserve(map), 0);
	assert_entry(fake_at(&map->fake, 0x102024), QT_MIB(16), QT_MIB(16), E820_RAM);
	assert_int_equal(map->boot[BP_E820_ENTRIES], 2);
	assert_entry(table_entry(map, 0), STAGE_START, QT_MIB(2), E820_RESERVED);
	assert_entry(table_entry(map, 1), STAGE_END, QT_MIB(30), E820_RAM);
}

static void apply(struct map *map, const char *line, bool exact)
{
	bool found;

	assert_int_equal(qt_ranges_add(&map->usable, QT_MIB(1), QT_MIB(512)), 0);
	assert_int_equal(memmap_apply(line, &map->usable, &map->memory, &found), 0);
	assert_int_equal(found, exact);
}

static void exactmap_replaces_the_map(void **state)
{
	struct map *map = *state;

	/* As kexec-tools writes it. */
	apply(map,
		"memmap=exactmap memmap=640K@0K memmap=5108K@16384K memmap=125276K@21748K "
		"memmap=64K#3145728K elfcorehdr=147024K",
		true);
	ASSERT_RANGES(&map->usable, {0, 0xa0000}, {0x1000000, 0x14fd000}, {0x153d000, 0x8f94000});
	ASSERT_RANGES(&map->memory, {0, 0xa0000}, {0x1000000, 0x14fd000}, {0x153d000, 0x8f94000},
		{0xc0000000, 0xc0010000});
}

static void memmap_words_add_and_remove(void **state)
{
	struct map *map = *state;

	apply(map, "memmap=16M$64M,1M@0x40000000 memmap=1M!128M", false);
	ASSERT_RANGES(&map->usable, {QT_MIB(1), QT_MIB(64)}, {QT_MIB(80), QT_MIB(128)},
		{QT_MIB(129), QT_MIB(512)}, {QT_GIB(1), QT_GIB(1) + QT_MIB(1)});
}

static void senseless_memmap_words_are_passed_over(void **state)
{
	struct map *map = *state;

	apply(map,
		"memmap=64M memmap=@ memmap= memmap memmap=1M@ memmap=0@1M memmap=1M%2M "
		"memmap=0x8000000000000000@0x8000000000000000 memmap=,, memmap=1M$4096M "
		"-- memmap=exactmap",
		false);
	ASSERT_RANGES(&map->usable, {QT_MIB(1), QT_MIB(512)});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(table_and_nodes_are_read, setup),
		cmocka_unit_test_setup(chains_that_loop_or_lead_astray_end, setup),
		cmocka_unit_test_setup(too_many_entries_are_an_error, setup),
		cmocka_unit_test_setup(middle_of_an_entry_is_reserved_in_place, setup),
		cmocka_unit_test_setup(edges_make_fewer_entries, setup),
		cmocka_unit_test_setup(stage_outside_ram_is_left_alone, setup),
		cmocka_unit_test_setup(full_table_overflows_into_a_node, setup),
		cmocka_unit_test_setup(full_table_without_a_node_stays, setup),
		cmocka_unit_test_setup(entry_in_a_node_is_split_there, setup),
		cmocka_unit_test_setup(exactmap_replaces_the_map, setup),
		cmocka_unit_test_setup(memmap_words_add_and_remove, setup),
		cmocka_unit_test_setup(senseless_memmap_words_are_passed_over, setup),
	};

	return cmocka_run_group_tests_name("stage: memory map", tests, NULL, NULL);
}
