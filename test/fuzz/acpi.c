/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ACPI: from the RSDP to every table that is read, units and what they claim
 * included, and the console. The first byte says whether checksums are put right, so that mutations
 * get behind them; the rest are patches to the BIOS's memory.
 */
#include <stdlib.h>
#include <string.h>

#include <arm64/serial.h>
#include <quietus/bytes.h>
#include <quietus/machine.h>

#include "fuzz.h"

#define START QT_KIB(896)
#define SIZE  QT_KIB(64)

#define HEADER_SIZE 36u
#define TABLES_MAX  64u

static uint8_t bios[SIZE];
static uint8_t arena_bytes[QT_MIB(1)] __attribute__((aligned(4096)));

/* Makes [at, at + len) sum up to 0 by its byte at `where`, if all of it is there. */
static void seal(uint64_t at, uint64_t len, unsigned where)
{
	uint8_t sum = 0;

	if (at < START || at - START >= SIZE || len > SIZE - (at - START) || len <= where)
		return;
	for (uint64_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + bios[at - START + i]);
	bios[at - START + where] = (uint8_t)(bios[at - START + where] - sum);
}

static void seal_table(uint64_t at)
{
	if (at >= START && at - START <= SIZE - HEADER_SIZE)
		seal(at, qt_le32(bios + (at - START) + 4), 9);
}

/* Tables first: the root table's entries are not among what sealing it changes. */
static void seal_all(void)
{
	uint64_t root = qt_le64(bios + 24);

	for (unsigned i = 0; i < TABLES_MAX && root >= START; i++) {
		uint64_t at = root - START + HEADER_SIZE + 8ull * i;

		if (at > SIZE - 8)
			break;
		seal_table(qt_le64(bios + at));
	}
	seal_table(root);
	seal(START, 20, 8);
	seal(START, 36, 32);
}

/* A root port with a function behind it, for paths that lead over bridges. */
static struct qt_pci_function functions[] = {
	{.rid = QT_RID(0, 0, 0x08), .alias = QT_RID(0, 0, 0x08), .parent = -1},
	{.rid = QT_RID(0, 0, 0xa0),
		.alias = QT_RID(0, 0, 0xa0),
		.parent = -1,
		.flags = QT_PCI_BRIDGE,
		.secondary = 1,
		.subordinate = 1},
	{.rid = QT_RID(0, 1, 0), .alias = QT_RID(0, 1, 0), .parent = 1},
};

static void check_units(const struct qt_machine *machine)
{
	FUZZ_CHECK(machine->unit_count <= QT_UNITS_MAX);
	FUZZ_CHECK(machine->scope_count <= QT_SCOPES_MAX);
	FUZZ_CHECK(machine->reserved_count <= QT_RESERVED_MAX);
	FUZZ_CHECK(machine->source_count <= QT_SOURCES_MAX);
	for (size_t i = 0; i < machine->unit_count; i++) {
		FUZZ_CHECK(machine->units[i].index == i);
		FUZZ_CHECK(machine->units[i].registers && machine->units[i].registers % 4096 == 0);
	}
	for (size_t i = 0; i < machine->scope_count; i++) {
		FUZZ_CHECK(machine->scopes[i].unit < machine->unit_count);
		FUZZ_CHECK(machine->scopes[i].rid <= machine->scopes[i].last);
	}
	for (size_t i = 0; i < machine->reserved_count; i++)
		FUZZ_CHECK(machine->reserved[i].range.start < machine->reserved[i].range.end);
}

static void discover(const struct qt_host *host, const struct qt_acpi *acpi, struct qt_arena *arena)
{
	struct qt_pci_function copies[QT_ARRAY_SIZE(functions)];
	struct qt_machine machine = {
		.host = host,
		.acpi = *acpi,
		.arena = arena,
		.pci = {host, copies, QT_ARRAY_SIZE(copies), QT_ARRAY_SIZE(copies)},
	};

	memcpy(copies, functions, sizeof(copies));
	FUZZ_CHECK(qt_machine_init(&machine) == 0);
	qt_machine_discover(&machine);
	check_units(&machine);
	for (size_t i = 0; i < machine.pci.count; i++)
		FUZZ_CHECK(qt_machine_unit_of(&machine, &copies[i]) < (int)machine.unit_count);
}

static void check_windows(const struct qt_acpi *acpi, struct qt_arena *arena)
{
	struct qt_ecam list[4];
	size_t count = QT_ARRAY_SIZE(list);
	qt_phys at;

	if (qt_acpi_mcfg(acpi, arena, list, &count) == QT_E_NOTFOUND)
		return;
	FUZZ_CHECK(count <= QT_ARRAY_SIZE(list));
	for (size_t i = 0; i < count; i++) {
		FUZZ_CHECK(list[i].first_bus <= list[i].last_bus);
		FUZZ_CHECK(qt_ecam_address(list, count,
				   QT_RID(list[i].segment, list[i].last_bus, 0xff), &at) == 0);
	}
}

static void check_console(const struct qt_acpi *acpi, struct qt_arena *arena)
{
	struct serial_place place = serial_spcr(acpi, arena);

	FUZZ_CHECK(!place.kind || place.at);
	FUZZ_CHECK(!place.kind || place.width == 1 || place.width == 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct fuzz_memory memory = {.start = START, .bytes = bios, .size = SIZE};
	struct qt_host host = fuzz_host(&memory);
	struct qt_arena arena = fuzz_arena(arena_bytes, QT_MIB(2), sizeof(arena_bytes));
	bool sealed = fuzz_take(&input, 1) & 1;
	struct qt_acpi acpi;
	struct qt_pm_timer timer;
	qt_phys rsdp;

	memset(bios, 0, sizeof(bios));
	fuzz_patch(&input, 2, bios, sizeof(bios));
	if (sealed)
		seal_all();
	if (qt_acpi_scan_rsdp(&host, START, START + SIZE, &rsdp) ||
		qt_acpi_open(&acpi, &host, rsdp))
		return 0;
	check_windows(&acpi, &arena);
	check_console(&acpi, &arena);
	qt_acpi_pm_timer(&acpi, &arena, &timer);
	qt_acpi_replace(&acpi, &arena, "DMAR", 0, &rsdp);
	qt_iort_without_units(&acpi, &arena, &rsdp);
	arena = fuzz_arena(arena_bytes, QT_MIB(2), sizeof(arena_bytes));
	discover(&host, &acpi, &arena);
	return 0;
}
