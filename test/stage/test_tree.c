// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The device tree: read, whatever is in it, and handed on with what has to be changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arm64/serial.h>
#include <arm64/tree.h>

#include "tree_maker.h"

/* A machine with two units, a host bridge behind one, and a console on a bus that moves addresses.
 */
static size_t make_tree(uint8_t *to)
{
	struct maker maker, *m = &maker;
	uint32_t structure = start(m);

	begin(m, "");
	cells(m, "#address-cells", 1, 2);
	cells(m, "#size-cells", 1, 2);
	begin(m, "chosen");
	text(m, "bootargs", "console=ttyAMA0 quietus=off");
	text(m, "stdout-path", "/soc/uart@100:115200");
	text(m, "quietus,report", "of a crash before");
	cells(m, "linux,usable-memory-range", 8, 0, 0x50000000, 0, 0x10000000, 1, 0, 0, 0x1000);
	end(m);
	begin(m, "soc");
	cells(m, "#address-cells", 1, 1);
	cells(m, "#size-cells", 1, 1);
	cells(m, "ranges", 4, 0x100, 8, 0x1000100, 0x10000);
	begin(m, "uart@100");
	property(m, "compatible", "vendor,uart\0arm,pl011", 22);
	cells(m, "reg", 2, 0x100, 0x1000);
	end(m);
	end(m);
	begin(m, "iommu@9050000");
	text(m, "compatible", "arm,smmu-v3");
	cells(m, "phandle", 1, 7);
	begin(m, "child");
	text(m, "status", "okay");
	end(m);
	end(m);
	begin(m, "pcie@10000000");
	text(m, "compatible", "pci-host-ecam-generic");
	cells(m, "reg", 4, 0x40, 0x10000000, 0, 0x10000000);
	cells(m, "bus-range", 2, 16, 255);
	cells(m, "linux,pci-domain", 1, 3);
	cells(m, "iommu-map", 8, 0, 9, 0, 8, 8, 7, 8, 0xfff8);
	end(m);
	begin(m, "disk@2");
	cells(m, "iommus", 2, 7, 1);
	end(m);
	begin(m, "dma@1");
	text(m, "status", "disabled");
	cells(m, "iommus", 2, 9, 1); /* of another kind of unit */
	end(m);
	end(m);
	return finish(m, structure, to);
}

static uint8_t blob[TREE_SIZE], copy[TREE_SIZE];

static struct qt_dt open_tree(void)
{
	struct qt_dt dt;

	assert_int_equal(qt_dt_open(&dt, blob, make_tree(blob)), QT_OK);
	return dt;
}

/* As UEFI makes it where ACPI describes the machine. */
static struct qt_dt open_stub(void)
{
	struct maker maker;
	uint32_t structure = start(&maker);
	struct qt_dt dt;

	begin(&maker, "");
	begin(&maker, "chosen");
	end(&maker);
	end(&maker);
	assert_int_equal(qt_dt_open(&dt, blob, finish(&maker, structure, blob)), QT_OK);
	return dt;
}

static void assert_text(
	const struct qt_dt *dt, const char *node_name, const char *name, const char *expected)
{
	const uint8_t *value;
	qt_dt_node node;
	uint32_t len;

	assert_int_equal(qt_dt_top_node(dt, node_name, &node), QT_OK);
	assert_int_equal(qt_dt_property(dt, node, name, &value, &len), QT_OK);
	assert_string_equal((const char *)value, expected);
}

static void properties_and_addresses_are_read(void **state)
{
	static const char path[] = "/soc/uart@1000";
	struct qt_dt dt = open_tree();
	struct qt_dt_walk walk = {.dt = &dt};
	struct qt_ecam ecam[2];
	struct qt_range range;
	const uint8_t *value;
	size_t count = 2;
	qt_dt_node node;
	uint32_t len;

	(void)state;
	assert_text(&dt, "chosen", "bootargs", "console=ttyAMA0 quietus=off");
	assert_int_equal(qt_dt_top_node(&dt, "iommu", &node), QT_OK);
	assert_true(qt_dt_compatible(&dt, node, "arm,smmu-v3"));
	assert_false(qt_dt_compatible(&dt, node, "arm,smmu-v"));
	assert_int_equal(qt_dt_property(&dt, node, "status", &value, &len), QT_E_NOTFOUND);
	assert_true(qt_dt_enabled(&dt, node));
	assert_int_equal(qt_dt_top_node(&dt, "dma", &node), QT_OK);
	assert_false(qt_dt_enabled(&dt, node));
	assert_int_equal(qt_dt_top_node(&dt, "uart", &node), QT_E_NOTFOUND);

	assert_int_equal(qt_dt_top_node(&dt, "chosen", &node), QT_OK);
	assert_int_equal(
		qt_dt_property(&dt, node, "linux,usable-memory-range", &value, &len), QT_OK);
	assert_int_equal(qt_dt_range(&dt, value, len, 1, &range), QT_OK);
	assert_int_equal(range.start, QT_GIB(4));
	assert_int_equal(range.end, QT_GIB(4) + 0x1000);
	assert_int_equal(qt_dt_range(&dt, value, len, 2, &range), QT_E_NOTFOUND);

	assert_int_equal(qt_dt_walk_to(&walk, path, path + strlen("/soc/uart@100")), QT_OK);
	assert_int_equal(qt_dt_reg(&walk, 0, &range), QT_OK);
	assert_int_equal(range.start, UINT64_C(0x801000100));
	assert_int_equal(qt_dt_reg(&walk, 1, &range), QT_E_NOTFOUND);
	walk = (struct qt_dt_walk){.dt = &dt};
	assert_int_equal(qt_dt_walk_to(&walk, path, path + strlen(path)), QT_E_NOTFOUND);

	assert_int_equal(qt_dt_ecam(&dt, ecam, &count), QT_OK);
	assert_int_equal(count, 1);
	assert_int_equal(
		ecam[0].base, UINT64_C(0x400f000000)); /* of bus 0, which it does not hold */
	assert_int_equal(ecam[0].segment, 3);
	assert_int_equal(ecam[0].first_bus, 16);
	assert_int_equal(ecam[0].last_bus, 255);
}

static void the_console_is_found(void **state)
{
	struct qt_dt dt = open_tree();
	struct serial_place place = serial_place(&dt, NULL, "console=ttyAMA0 quiet");

	(void)state;
	assert_int_equal(place.kind, SERIAL_PL011);
	assert_int_equal(place.at, UINT64_C(0x801000100));
	/* The port at stdout-path is of the other kind. */
	assert_int_equal(serial_place(&dt, NULL, "console=ttyS0").kind, SERIAL_NONE);
	place = serial_place(
		&dt, NULL, "console=ttyAMA0 earlycon=uart8250,mmio32,0x9000000,115200");
	assert_int_equal(place.kind, SERIAL_16550);
	assert_int_equal(place.at, 0x9000000);
	assert_int_equal(place.step, 4);
	assert_int_equal(serial_place(&dt, NULL, "earlycon=pl011,0x9000000").at, 0x9000000);
	assert_int_equal(serial_place(&dt, NULL, "earlycon=uart8250,io,0x3f8").kind, SERIAL_NONE);
	assert_int_equal(serial_place(&dt, NULL, "root=/dev/vda").kind, SERIAL_NONE);
	assert_int_equal(serial_place(&dt, NULL, "earlycon").at, UINT64_C(0x801000100));
}

/* What SPCR has is for who names it, or any, where the tree has none. */
static void the_console_of_spcr_is_found(void **state)
{
	static const struct serial_place pl011 = {SERIAL_PL011, 0x9000000, 1, 1};
	static const struct serial_place uart = {SERIAL_16550, 0x9001000, 4, 4};
	struct qt_dt dt = open_tree();

	(void)state;
	assert_int_equal(serial_place(&dt, &pl011, "console=ttyAMA0").at, UINT64_C(0x801000100));
	assert_int_equal(serial_place(&dt, &pl011, "console=ttyS0").kind, SERIAL_NONE);
	assert_int_equal(serial_place(&dt, &uart, "console=ttyS0,115200").at, uart.at);
	assert_int_equal(serial_place(&dt, &uart, "console=ttyS0").step, 4);
	assert_int_equal(serial_place(&dt, &uart, "console=ttyS10").kind, SERIAL_NONE);
	assert_int_equal(serial_place(&dt, &uart, "quiet").kind, SERIAL_NONE);
	dt = open_stub();
	assert_int_equal(serial_place(&dt, &pl011, "console=ttyAMA0").at, pl011.at);
	assert_int_equal(serial_place(&dt, &pl011, "console=ttyS0").kind, SERIAL_NONE);
	assert_int_equal(serial_place(&dt, &pl011, "earlycon").at, pl011.at);
	assert_int_equal(serial_place(&dt, &uart, "earlycon").at, uart.at);
	assert_int_equal(serial_place(&dt, NULL, "earlycon").kind, SERIAL_NONE);
}

static void what_is_said_instead_is_in_the_copy(void **state)
{
	static const uint8_t report[] = "a report";
	struct qt_dt dt = open_tree(), out;
	static const char line[] = "quietus=auto and more";
	struct tree_edit edit = {.reserve = {QT_MIB(512), QT_MIB(514)}};
	qt_dt_node node;
	size_t size;

	(void)state;
	tree_set(&edit, "bootargs", line, sizeof(line));
	tree_set(&edit, TREE_REPORT, report, sizeof(report));
	assert_true(tree_size_max(make_tree(blob), &edit) <= sizeof(copy));
	assert_int_equal(tree_write(&dt, &edit, copy, sizeof(copy), &size), QT_OK);
	assert_true(size <= tree_size_max(make_tree(blob), &edit));
	assert_int_equal(qt_dt_open(&out, copy, size), QT_OK);
	assert_text(&out, "chosen", "bootargs", line);
	assert_text(&out, "chosen", TREE_REPORT, "a report");
	assert_text(&out, "chosen", "stdout-path", "/soc/uart@100:115200");
	assert_int_equal(out.boot_cpu, 5);
	assert_int_equal(out.reservations_end - out.reservations, 32);
	assert_int_equal(qt_be64(copy + out.reservations), 0x1000);
	assert_int_equal(qt_be64(copy + out.reservations + 16), QT_MIB(512));
	assert_int_equal(qt_be64(copy + out.reservations + 24), QT_MIB(2));
	/* Nothing is left out that was not asked for. */
	assert_int_equal(qt_dt_top_node(&out, "iommu", &node), QT_OK);
	for (size_t room = 0; room < size; room++) {
		size_t written;

		assert_int_equal(tree_write(&dt, &edit, copy, room, &written), QT_E_NOMEM);
	}
}

static void units_and_what_leads_to_them_are_left_out(void **state)
{
	struct qt_dt dt = open_tree(), out;
	struct tree_edit edit = {.reserve = {0x1000, 0x2000}, .hide = "arm,smmu-v3"};
	const uint8_t *value;
	qt_dt_node node;
	uint32_t len;
	size_t size;

	(void)state;
	assert_int_equal(tree_write(&dt, &edit, copy, sizeof(copy), &size), QT_OK);
	assert_int_equal(qt_dt_open(&out, copy, size), QT_OK);
	assert_int_equal(qt_dt_top_node(&out, "iommu", &node), QT_E_NOTFOUND);
	assert_int_equal(qt_dt_top_node(&out, "pcie", &node), QT_OK);
	assert_int_equal(qt_dt_property(&out, node, "iommu-map", &value, &len), QT_E_NOTFOUND);
	assert_int_equal(qt_dt_property(&out, node, "reg", &value, &len), QT_OK);
	assert_int_equal(qt_dt_top_node(&out, "disk", &node), QT_OK);
	assert_int_equal(qt_dt_property(&out, node, "iommus", &value, &len), QT_E_NOTFOUND);
	assert_int_equal(qt_dt_top_node(&out, "dma", &node), QT_OK);
	assert_int_equal(qt_dt_property(&out, node, "iommus", &value, &len), QT_OK);
	assert_text(&out, "chosen", "bootargs", "console=ttyAMA0 quietus=off");
	assert_int_equal(qt_dt_top_node(&out, "chosen", &node), QT_OK);
	assert_int_equal(qt_dt_property(&out, node, TREE_REPORT, &value, &len), QT_E_NOTFOUND);
}

/* Whatever is in it: errors, but no access outside, which the sanitizers would see. */
static void use(const uint8_t *data, size_t size)
{
	struct tree_edit edit = {.reserve = {0x1000, 0x2000}, .hide = "arm,smmu-v3"};
	struct qt_ecam ecam[2];
	struct qt_dt dt;
	size_t count = 2, written;

	if (qt_dt_open(&dt, data, size))
		return;
	qt_dt_ecam(&dt, ecam, &count);
	serial_place(&dt, NULL, "console=ttyAMA0");
	tree_write(&dt, &edit, copy, sizeof(copy), &written);
}

static void damaged_trees_do_no_harm(void **state)
{
	size_t size = make_tree(blob);
	uint32_t seed = 1;

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		uint8_t *cut_off = malloc(cut ? cut : 1);

		memcpy(cut_off, blob, cut);
		use(cut_off, cut);
		free(cut_off);
	}
	for (unsigned round = 0; round < 20000; round++) {
		uint8_t *damaged = malloc(size);

		memcpy(damaged, blob, size);
		for (unsigned i = 0; i < 3; i++) {
			seed = seed * 1664525u + 1013904223u;
			damaged[(seed >> 8) % size] = (uint8_t)(seed >> 24);
		}
		use(damaged, size);
		free(damaged);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(properties_and_addresses_are_read),
		cmocka_unit_test(the_console_is_found),
		cmocka_unit_test(the_console_of_spcr_is_found),
		cmocka_unit_test(what_is_said_instead_is_in_the_copy),
		cmocka_unit_test(units_and_what_leads_to_them_are_left_out),
		cmocka_unit_test(damaged_trees_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
