/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A device tree, as it is: units and what they claim, PCI's windows, the console, and
 * the copy that is made for the capture kernel.
 */
#include <stdlib.h>
#include <string.h>

#include <arm64/serial.h>
#include <arm64/tree.h>
#include <quietus/machine.h>

#include "fuzz.h"

static uint8_t arena_bytes[QT_MIB(1)] __attribute__((aligned(4096)));

static struct qt_pci_function functions[] = {
	{.rid = QT_RID(0, 0, 0x08), .alias = QT_RID(0, 0, 0x08), .parent = -1},
};

static void discover(const struct qt_dt *dt)
{
	struct fuzz_memory memory = {0};
	struct qt_host host = fuzz_host(&memory);
	struct qt_arena arena = fuzz_arena(arena_bytes, QT_MIB(2), sizeof(arena_bytes));
	struct qt_pci_function copies[QT_ARRAY_SIZE(functions)];
	struct qt_machine machine = {
		.host = &host,
		.device_tree = dt,
		.arena = &arena,
		.pci = {&host, copies, QT_ARRAY_SIZE(copies), QT_ARRAY_SIZE(copies)},
	};

	memcpy(copies, functions, sizeof(copies));
	FUZZ_CHECK(qt_machine_init(&machine) == 0);
	qt_machine_discover(&machine);
	FUZZ_CHECK(machine.unit_count <= QT_UNITS_MAX);
	for (size_t i = 0; i < machine.scope_count; i++)
		FUZZ_CHECK(machine.scopes[i].unit < machine.unit_count);
	FUZZ_CHECK(qt_machine_unit_of(&machine, &copies[0]) < (int)machine.unit_count);
}

static void check_windows(const struct qt_dt *dt)
{
	struct qt_ecam list[4];
	size_t count = QT_ARRAY_SIZE(list);

	if (qt_dt_ecam(dt, list, &count) == QT_E_NOTFOUND)
		FUZZ_CHECK(count == 0);
	FUZZ_CHECK(count <= QT_ARRAY_SIZE(list));
	for (size_t i = 0; i < count; i++)
		FUZZ_CHECK(list[i].first_bus <= list[i].last_bus);
}

/* What was written is a tree with what is said instead, and room was kept for it. */
static void check_copy(const struct qt_dt *dt, size_t size)
{
	static const char command_line[] = "quietus=auto";
	struct tree_edit edit = {.reserve = {QT_MIB(512), QT_MIB(514)}, .hide = "arm,smmu-v3"};
	size_t room, written, len;
	uint8_t *copy;
	const uint8_t *value;
	struct qt_dt out;
	qt_dt_node node;
	uint32_t value_size;

	tree_set(&edit, "bootargs", command_line, sizeof(command_line));
	room = tree_size_max(size, &edit);
	copy = malloc(room); /* of just this size, for the sanitizer */
	FUZZ_CHECK(copy);
	if (tree_write(dt, &edit, copy, room, &written) == 0) {
		FUZZ_CHECK(qt_dt_size(copy, &len) == 0 && len <= written && written <= room);
		FUZZ_CHECK(qt_dt_open(&out, copy, written) == 0);
		FUZZ_CHECK(qt_dt_top_node(&out, "chosen", &node) == 0);
		FUZZ_CHECK(qt_dt_property(&out, node, "bootargs", &value, &value_size) == 0);
		FUZZ_CHECK(value_size == sizeof(command_line));
		FUZZ_CHECK(memcmp(value, command_line, value_size) == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *blob = malloc(size ? size : 1); /* of just this size, for the sanitizer */
	struct qt_dt dt;

	FUZZ_CHECK(blob);
	memcpy(blob, data, size);
	if (qt_dt_open(&dt, blob, size) == 0) {
		discover(&dt);
		check_windows(&dt);
		serial_place(&dt, NULL, "console=ttyAMA0 earlycon");
		check_copy(&dt, size);
	}
	free(blob);
	return 0;
}
