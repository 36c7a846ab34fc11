/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the RSDP to a table: memory answers anything, another thing each time, or fails.
 *
 * Bounds: tables say that they have up to TABLE_MAX bytes, or more than are allowed; the
 * root table's length is bounded for adding it up, its number of entries (ENTRIES_MAX)
 * for going through them. What is left out: loops that go on the same way for longer.
 * An arena of ARENA_MAX bytes, too few for some, of which three are in use or none. Not
 * proved: that the checksum of a table that is found is right.
 */
#include <quietus/bytes.h>
#include <quietus/firmware.h>

#include "../prove.h"

#define TABLE_HEADER  36u
#define RSDP_SIZE_MIN 20u
#define TABLE_MAX     40u
#define ENTRIES_MAX   2u
#define ARENA_MAX     100u

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	int error = any_read(context, at, buffer, len);

	if (len == TABLE_HEADER) {
		uint32_t length = qt_le32((uint8_t *)buffer + 4);

		ASSUME(length <= TABLE_MAX || length > QT_ACPI_TABLE_MAX);
	}
	return error;
}

static const struct qt_host host = {.read = read_memory};

/* What qt_acpi_open leaves, and the others rely on. */
static bool is_open(const struct qt_acpi *acpi)
{
	return acpi->root != 0 && acpi->root <= UINT64_MAX - QT_ACPI_TABLE_MAX &&
	       (acpi->entry_size == 4 || acpi->entry_size == 8) &&
	       acpi->entries <= (QT_ACPI_TABLE_MAX - TABLE_HEADER) / acpi->entry_size;
}

static struct qt_acpi any_acpi(void)
{
	struct qt_acpi acpi = {.host = &host,
		.root = nondet_u64(),
		.entry_size = nondet_bool() ? 4 : 8,
		.entries = nondet_u32()};

	ASSUME(is_open(&acpi) && acpi.entries <= ENTRIES_MAX);
	return acpi;
}

static struct qt_arena any_arena(void)
{
	static uint8_t memory[ARENA_MAX];
	struct qt_arena arena = {.base = memory,
		.phys = QT_GIB(5),
		.size = ARENA_MAX,
		.used = nondet_bool() ? 0 : 3};

	__CPROVER_havoc_object(memory);
	return arena;
}

static uint8_t sum(const uint8_t *at, size_t len)
{
	uint8_t total = 0;

	for (size_t i = 0; i < len; i++)
		total = (uint8_t)(total + at[i]);
	return total;
}

static void opening(void)
{
	struct qt_acpi acpi;

	if (qt_acpi_open(&acpi, &host, nondet_u64()) == QT_OK)
		CHECK(is_open(&acpi), "what is open");
}

static void scanning(void)
{
	qt_phys start = nondet_u64(), end = nondet_u64(), rsdp;

	ASSUME(end <= start || end - start <= 64);
	if (qt_acpi_scan_rsdp(&host, start, end, &rsdp) == QT_OK)
		CHECK(rsdp >= start && rsdp < end && end - rsdp >= RSDP_SIZE_MIN,
			"RSDP is where it was looked for");
}

static void table(void)
{
	struct qt_acpi acpi = any_acpi();
	struct qt_arena arena = any_arena();
	size_t used = arena.used, len;
	const uint8_t *found;
	char signature[4];

	__CPROVER_havoc_object(signature);
	if (qt_acpi_table(&acpi, &arena, signature, nondet_u32(), &found, &len) != QT_OK) {
		CHECK(arena.used == used, "an error takes no memory");
		return;
	}
	CHECK(len >= TABLE_HEADER && len <= TABLE_MAX, "table's length");
	CHECK(__CPROVER_r_ok(found, len) && found >= arena.base + used, "table's memory");
	CHECK(qt_le32(found + 4) == len, "table's own length");
}

static void replacing(void)
{
	struct qt_acpi acpi = any_acpi();
	struct qt_arena arena = any_arena();
	qt_phys rsdp;
	const uint8_t *copy;
	char signature[4];

	__CPROVER_havoc_object(signature);
	if (qt_acpi_replace(&acpi, &arena, signature, nondet_u64(), &rsdp) != QT_OK)
		return;
	copy = qt_arena_pointer(&arena, rsdp, 36);
	CHECK(copy && __CPROVER_r_ok(copy, 36), "RSDP's memory");
	CHECK(sum(copy, 20) == 0 && sum(copy, 36) == 0, "RSDP's checksums");
}

int main(void)
{
	VARIANT();
	return 0;
}
