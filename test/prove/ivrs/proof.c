/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * IVRS: any content, in memory of exactly the length that qt_acpi_table gives (proof
 * `acpi`). First which blocks are found in the table, then what is made of one.
 *
 * Bounds: LENGTHS of the table, and of one block; one PCI function. What is left out: loops
 * over more of the same.
 */
#include "../../../core/unit/amdvi/amdvi.h"

/* Some blocks. */
#define LENGTHS 72

#include "../discover.h"

struct block;
static int found_unit(struct qt_machine *to, const struct block *block);
static int found_memory(struct qt_machine *to, const struct block *block);
static bool any_superseded(const uint8_t *table, size_t len, const struct block *block);

#include "../../../core/unit/amdvi/discover.c"

static struct qt_arena arena;
static struct qt_unit units[1];
static struct qt_pci_function function;
static struct qt_source sources[QT_SOURCES_MAX];
static struct qt_machine machine = {.arena = &arena,
	.units = units,
	.sources = sources,
	.pci = {.functions = &function, .count = 1}};

int qt_discover_unit(struct qt_machine *to, const struct qt_unit *unit)
{
	CHECK((unit->registers & 0xfff) == 0, "registers are whole pages");
	return any_result();
}

static int found_unit(struct qt_machine *to, const struct block *block)
{
	CHECK(to == &machine && is_unit(block->at[BLOCK_TYPE]) && block->len >= BLOCK_SIZE &&
			__CPROVER_r_ok(block->at, block->len),
		"a block inside the table");
	return any_result();
}

static int found_memory(struct qt_machine *to, const struct block *block)
{
	CHECK(to == &machine && block->len >= BLOCK_SIZE && __CPROVER_r_ok(block->at, block->len),
		"a block inside the table");
	return any_result();
}

static bool any_superseded(const uint8_t *table, size_t len, const struct block *block)
{
	(void)block;
	CHECK(len >= IVRS_BLOCKS && __CPROVER_r_ok(table, len), "the whole table");
	return nondet_bool();
}

static void table(void)
{
	amdvi_discover(&machine);
}

static struct block any_block(void)
{
	/* With some entries; too short for most types. */
	const size_t lengths[] = {48, 8};
	struct block block;

	block.at = any_bytes(lengths, QT_ARRAY_SIZE(lengths), &block.len);
	return block;
}

static void newer(void)
{
	const size_t lengths[] = {LENGTHS};
	const struct block block = any_block();
	size_t len;
	const uint8_t *all = any_bytes(lengths, QT_ARRAY_SIZE(lengths), &len);

	superseded(all, len, &block);
}

static void unit(void)
{
	const struct block block = any_block();

	function.rid = nondet_u32();
	function.alias = nondet_u32();
	machine.source_count = nondet_bool() ? 0 : QT_SOURCES_MAX - 1;
	add_unit(&machine, &block);
	CHECK(machine.source_count <= QT_SOURCES_MAX, "what is in the list");
}

static void memory(void)
{
	const struct block block = any_block();

	add_memory(&machine, &block);
}

int main(void)
{
	VARIANT();
	return 0;
}
