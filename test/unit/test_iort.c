// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The IORT for the capture kernel: without units, and yet every message goes where it
 * went through them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <quietus/bytes.h>
#include <quietus/firmware.h>

#include "machine/random.h"

/* The only memory: an XSDT with one entry, and the table. */
#define XSDT        UINT64_C(0x7f00000000)
#define IORT        (XSDT + 64)
#define MEMORY_SIZE 16384u
#define ARENA       UINT64_C(0x80000000)

enum { ITS = 0, NAMED = 1, ROOT = 2, SMMU = 4, PMCG = 5, RMR = 6 };

/* Bytes of each kind of node before its mappings. */
static const unsigned sizes[] = {
	[ITS] = 24, [NAMED] = 40, [ROOT] = 40, [SMMU] = 68, [PMCG] = 40, [RMR] = 28};

static struct {
	uint8_t memory[MEMORY_SIZE];
	uint8_t arena_memory[1 << 20];
	struct qt_arena arena;
	struct qt_host host;
	uint32_t len;  /* of the table */
	uint32_t node; /* the one being written */
} f;

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	(void)context;
	if (at >= ARENA && at - ARENA <= sizeof(f.arena_memory) - len) {
		memcpy(buffer, f.arena_memory + (at - ARENA), len);
		return QT_OK;
	}
	if (at < XSDT || at - XSDT > MEMORY_SIZE || len > MEMORY_SIZE - (at - XSDT))
		return QT_E_OUTSIDE;
	memcpy(buffer, f.memory + (at - XSDT), len);
	return QT_OK;
}

static uint8_t *table(void)
{
	return f.memory + (IORT - XSDT);
}

static void put(uint32_t at, uint64_t value, unsigned width)
{
	assert_true(IORT - XSDT + at + width <= MEMORY_SIZE);
	for (unsigned i = 0; i < width; i++)
		table()[at + i] = (uint8_t)(value >> 8 * i);
}

static void begin(void)
{
	uint64_t iort = IORT;

	memset(&f, 0, sizeof(f));
	f.host.read = read_memory;
	f.arena = (struct qt_arena){f.arena_memory, ARENA, sizeof(f.arena_memory), 0};
	memcpy(f.memory, "XSDT", 4);
	memcpy(f.memory + 36, &iort, 8);
	qt_acpi_seal(f.memory, 44);
	memcpy(table(), "IORT", 4);
	f.len = 48;
	put(40, 48, 4);
}

/* Identifiers are what nodes are known by in both tables. Returns the node's offset. */
static uint32_t node(unsigned type, uint32_t identifier)
{
	f.node = f.len;
	put(f.node, type, 1);
	put(f.node + 1, sizes[type], 2);
	put(f.node + 4, identifier, 4);
	f.len += sizes[type];
	put(36, qt_le32(table() + 36) + 1u, 4);
	return f.node;
}

static void map(uint32_t first, uint32_t count, uint32_t output, uint32_t to, bool single)
{
	uint32_t mappings = qt_le32(table() + f.node + 8);

	put(f.node + 8, mappings + 1u, 4);
	put(f.node + 12, sizes[table()[f.node]], 4);
	put(f.len, first, 4);
	put(f.len + 4, count - 1, 4);
	put(f.len + 8, output, 4);
	put(f.len + 12, to, 4);
	put(f.len + 16, single, 4);
	f.len += 20;
	put(f.node + 1, f.len - f.node, 2);
}

/* What the capture kernel will find; NULL if none can be made. */
static const uint8_t *without_units(int *error)
{
	struct qt_acpi acpi = {.host = &f.host, .root = XSDT, .entry_size = 8, .entries = 1}, made;
	const uint8_t *found;
	qt_phys without, rsdp;
	size_t len;

	qt_acpi_seal(table(), f.len);
	*error = qt_iort_without_units(&acpi, &f.arena, &without);
	if (*error)
		return NULL;
	assert_int_equal(qt_acpi_replace(&acpi, &f.arena, "IORT", without, &rsdp), QT_OK);
	assert_int_equal(qt_acpi_open(&made, &f.host, rsdp), QT_OK);
	assert_int_equal(made.entries, 1);
	assert_int_equal(qt_acpi_table(&made, &f.arena, "IORT", 0, &found, &len), QT_OK);
	return found;
}

/* The node with an identifier, 0 if there is none. All nodes lie inside the table. */
static uint32_t find(const uint8_t *iort, uint32_t identifier)
{
	uint32_t at = qt_le32(iort + 40), found = 0;

	for (uint32_t left = qt_le32(iort + 36); left; left--) {
		assert_true(at + 16 <= qt_le32(iort + 4));
		if (qt_le32(iort + at + 4) == identifier)
			found = at;
		at += qt_le16(iort + at + 1);
	}
	assert_true(at <= qt_le32(iort + 4));
	return found;
}

/* The identifier of the ITS group that an ID's messages go to, 0 if none; *id: under which ID. */
static uint32_t route(const uint8_t *iort, uint32_t at, uint32_t *id)
{
	const uint8_t *mapping = iort + at + qt_le32(iort + at + 12);

	if (iort[at] == ITS)
		return qt_le32(iort + at + 4);
	for (uint32_t left = qt_le32(iort + at + 8); left; left--, mapping += 20) {
		uint32_t first = qt_le32(mapping), next = *id;
		bool single = qt_le32(mapping + 16) & 1;

		/* Named components have one ID; a unit's own messages are not others'. */
		if (single && iort[at] != NAMED)
			continue;
		if (!single && (*id < first || *id - first > qt_le32(mapping + 4)))
			continue;
		*id = qt_le32(mapping + 8) + (single ? 0 : next - first);
		return route(iort, qt_le32(mapping + 12), id);
	}
	return 0;
}

static void assert_same_route(const uint8_t *copy, uint32_t identifier, uint32_t id)
{
	uint32_t before = id, after = id;
	uint32_t to = route(table(), find(table(), identifier), &before);

	assert_int_equal(route(copy, find(copy, identifier), &after), to);
	if (to)
		assert_int_equal(after, before);
}

static void assert_no_units(const uint8_t *copy)
{
	uint32_t at = qt_le32(copy + 40);

	for (uint32_t left = qt_le32(copy + 36); left; left--) {
		assert_true(copy[at] < SMMU);
		at += qt_le16(copy + at + 1);
	}
}

/* As firmware makes it: one of each, and requesters that the unit gives other IDs. */
static void messages_go_where_they_went(void **state)
{
	uint32_t its, smmu, id = 0x1234;
	const uint8_t *copy;
	int error;

	(void)state;
	begin();
	its = node(ITS, 1);
	smmu = node(SMMU, 2);
	map(0x4000, 1, 0x77, its, true); /* the unit's own */
	map(0, 0x10000, 0x50000, its, false);
	node(ROOT, 3);
	put(f.node + 28, 5, 4); /* the segment */
	map(0, 0x8000, 0x4000, smmu, false);
	map(0x8000, 0x8000, 0x1000000, its, false);
	node(NAMED, 4);
	map(0, 1, 0x123, smmu, true);
	node(PMCG, 5);
	node(RMR, 6);
	map(0, 1, 0x123, smmu, false);

	copy = without_units(&error);
	assert_non_null(copy);
	assert_int_equal(qt_le32(copy + 36), 3);
	assert_no_units(copy);
	assert_int_equal(qt_le32(copy + find(copy, 3) + 28), 5);
	assert_int_equal(route(copy, find(copy, 3), &id), 1);
	assert_int_equal(id, 0x50000 + 0x4000 + 0x1234);
	for (uint32_t i = 0; i < 0x20000; i += 0x0fff)
		assert_same_route(copy, 3, i);
	assert_same_route(copy, 4, 0);
	assert_same_route(copy, 4, 9);
}

/* Random machines: several of each, units that split ranges and leave holes in them. */
static void make_random(struct model_random *random)
{
	uint32_t its[3], smmus[3];

	begin();
	for (unsigned i = 0; i < 3; i++)
		its[i] = node(ITS, 1 + i);
	for (unsigned i = 0; i < 3; i++) {
		uint32_t at = 0;

		smmus[i] = node(SMMU, 10 + i);
		for (unsigned left = (unsigned)model_random_below(random, 5); left; left--) {
			uint32_t count = 1 + (uint32_t)model_random_below(random, 0x3000);

			at += (uint32_t)model_random_below(random, 0x800);
			map(at, count, (uint32_t)model_random_below(random, 1u << 20),
				its[model_random_below(random, 3)],
				model_random_below(random, 6) == 0);
			at += count;
		}
	}
	for (unsigned i = 0; i < 3; i++) {
		uint32_t at = 0;

		node(ROOT, 20 + i);
		for (unsigned left = (unsigned)model_random_below(random, 5); left; left--) {
			uint32_t count = 1 + (uint32_t)model_random_below(random, 0x4000);

			map(at, count, (uint32_t)model_random_below(random, 0x8000),
				model_random_below(random, 4) ? smmus[model_random_below(random, 3)]
							      : its[model_random_below(random, 3)],
				false);
			at += count + (uint32_t)model_random_below(random, 0x400);
		}
	}
	node(NAMED, 30);
	map(0, 1, (uint32_t)model_random_below(random, 0x8000),
		smmus[model_random_below(random, 3)], true);
}

static void random_machines(void **state)
{
	struct model_random random = {.state = 1};

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		const uint8_t *copy;
		int error;

		make_random(&random);
		copy = without_units(&error);
		assert_non_null(copy);
		assert_no_units(copy);
		for (unsigned i = 0; i < 200; i++)
			assert_same_route(copy, 20 + (uint32_t)model_random_below(&random, 3),
				(uint32_t)model_random_below(&random, 0x11000));
		assert_same_route(copy, 30, 0);
	}
}

/* Whatever is in it: an error, or a table that can be walked. */
static void damaged_tables(void **state)
{
	struct model_random random = {.state = 2};
	unsigned made = 0, refused = 0;

	(void)state;
	for (unsigned round = 0; round < 3000; round++) {
		const uint8_t *copy;
		int error;

		make_random(&random);
		for (unsigned i = 0; i < 3; i++)
			put(36 + (uint32_t)model_random_below(&random, f.len - 36),
				model_random_below(&random, 3) ? model_random_below(&random, 256)
							       : 0xff,
				1);
		copy = without_units(&error);
		made += copy != NULL;
		refused += copy == NULL;
		if (copy)
			find(copy, 0);
	}
	assert_true(made > 100);
	assert_true(refused > 100);
}

/* More than a node can say of itself. */
static void too_many_mappings(void **state)
{
	uint32_t its, smmu;
	int error;

	(void)state;
	begin();
	its = node(ITS, 1);
	smmu = node(SMMU, 2);
	for (uint32_t i = 0; i < 100; i++)
		map(i, 1, i, its, false);
	node(ROOT, 3);
	for (uint32_t i = 0; i < 100; i++)
		map(i * 100, 100, 0, smmu, false);
	assert_null(without_units(&error));
	assert_int_equal(error, QT_E_LIMIT);
}

static void none_and_no_room(void **state)
{
	int error;

	(void)state;
	begin();
	node(ITS, 1);
	f.arena.used = f.arena.size - 64;
	assert_null(without_units(&error));
	assert_int_equal(error, QT_E_NOMEM);
	begin();
	memcpy(table(), "IORX", 4);
	assert_null(without_units(&error));
	assert_int_equal(error, QT_E_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_go_where_they_went),
		cmocka_unit_test(random_machines),
		cmocka_unit_test(damaged_tables),
		cmocka_unit_test(too_many_mappings),
		cmocka_unit_test(none_and_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
