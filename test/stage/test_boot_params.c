// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <x86_64/rsdp.h>
#include <x86_64/setup_data.h>
#include <x86_64/setup_header.h>
#include <common/window.h>

#include "fake.h"

#define PREFIX QT_MIB(2)
#define START  QT_MIB(768)

static void make_headers(uint8_t *boot, uint8_t *setup, uint16_t version)
{
	memset(boot, 0xee, BOOT_PARAMS_SIZE);
	memset(setup, 0x11, BOOT_PARAMS_SIZE);
	boot_set32(setup, BP_HEADER_MAGIC, BP_HEADER_MAGIC_VALUE);
	memcpy(setup + BP_VERSION, &version, sizeof(version));
}

static void setup_header_gets_its_original_values(void **state)
{
	static const unsigned restored[] = {BP_SYSSIZE, BP_PAYLOAD_OFFSET, BP_INIT_SIZE,
		BP_HANDOVER_OFFSET, BP_KERNEL_INFO_OFFSET};
	uint8_t boot[BOOT_PARAMS_SIZE], setup[BOOT_PARAMS_SIZE], before[BOOT_PARAMS_SIZE];

	(void)state;
	make_headers(boot, setup, 0x20f);
	memcpy(before, boot, sizeof(boot));
	assert_int_equal(setup_header_restore(boot, setup, sizeof(setup), START, PREFIX), 0);
	for (size_t i = 0; i < QT_ARRAY_SIZE(restored); i++) {
		assert_int_equal(boot_get32(boot, restored[i]), 0x11111111);
		boot_set32(before, restored[i], 0x11111111);
	}
	assert_memory_equal(boot, before, sizeof(boot)); /* and nothing else */
}

static void older_header_has_no_kernel_info(void **state)
{
	uint8_t boot[BOOT_PARAMS_SIZE], setup[BOOT_PARAMS_SIZE];

	(void)state;
	make_headers(boot, setup, 0x20e);
	assert_int_equal(setup_header_restore(boot, setup, sizeof(setup), START, PREFIX), 0);
	assert_int_equal(boot_get32(boot, BP_KERNEL_INFO_OFFSET), 0xeeeeeeee);
	assert_int_equal(boot_get32(boot, BP_INIT_SIZE), 0x11111111);
}

static void entry_at_the_stage_moves_to_the_kernel(void **state)
{
	uint8_t boot[BOOT_PARAMS_SIZE], setup[BOOT_PARAMS_SIZE];

	(void)state;
	make_headers(boot, setup, 0x20f);
	boot_set32(boot, BP_CODE32_START, START);
	assert_int_equal(setup_header_restore(boot, setup, sizeof(setup), START, PREFIX), 0);
	assert_int_equal(boot_get32(boot, BP_CODE32_START), START + PREFIX);
}

static void damaged_setup_sectors_change_nothing(void **state)
{
	uint8_t boot[BOOT_PARAMS_SIZE], setup[BOOT_PARAMS_SIZE], before[BOOT_PARAMS_SIZE];

	(void)state;
	make_headers(boot, setup, 0x20f);
	memcpy(before, boot, sizeof(boot));
	assert_int_equal(
		setup_header_restore(boot, setup, BP_KERNEL_INFO_OFFSET, START, PREFIX), QT_E_BAD);
	boot_set32(setup, BP_HEADER_MAGIC, 0);
	assert_int_equal(setup_header_restore(boot, setup, sizeof(setup), START, PREFIX), QT_E_BAD);
	assert_memory_equal(boot, before, sizeof(boot));
}

static void command_line_may_be_above_4_gib(void **state)
{
	uint8_t boot[BOOT_PARAMS_SIZE] = {0};
	size_t limit;

	(void)state;
	setup_header_set_command_line(boot, UINT64_C(0x123456789abc));
	boot_set32(boot, BP_CMDLINE_SIZE, 2047);
	assert_int_equal(boot_get32(boot, BP_CMD_LINE_PTR), 0x56789abc);
	assert_int_equal(setup_header_command_line(boot, &limit), UINT64_C(0x123456789abc));
	assert_int_equal(limit, 2047);
	boot_set32(boot, BP_CMDLINE_SIZE, 0);
	setup_header_command_line(boot, &limit);
	assert_int_equal(limit, 255);
}

static void new_node_comes_first(void **state)
{
	uint8_t boot[BOOT_PARAMS_SIZE] = {0}, node[SETUP_DATA_HEADER_SIZE];

	(void)state;
	boot_set64(boot, BP_SETUP_DATA, 0x1234);
	setup_data_prepend(boot, node, UINT64_C(0x500000000), 0x53545551, 1000);
	assert_int_equal(boot_get64(boot, BP_SETUP_DATA), UINT64_C(0x500000000));
	assert_int_equal(boot_get64(node, 0), 0x1234);
	assert_int_equal(boot_get32(node, 8), 0x53545551);
	assert_int_equal(boot_get32(node, 12), 1000);
}

static void nodes_are_read_in_turn(void **state)
{
	struct fake fake = {0};
	struct physical physical = fake_physical(&fake);
	unsigned left = SETUP_DATA_NODES_MAX;
	struct setup_data node;
	qt_phys at = 0x101000;

	(void)state;
	fake_node(&fake, 0x101000, 0x102000, 5, 7);
	fake_node(&fake, 0x102000, 0, 6, 0);
	assert_int_equal(setup_data_next(&physical, &at, &left, &node), 0);
	assert_int_equal(node.at, 0x101000);
	assert_int_equal(node.type, 5);
	assert_int_equal(node.len, 7);
	assert_int_equal(setup_data_next(&physical, &at, &left, &node), 0);
	assert_int_equal(node.type, 6);
	assert_int_equal(setup_data_next(&physical, &at, &left, &node), QT_E_NOTFOUND);
	assert_int_equal(left, SETUP_DATA_NODES_MAX - 2);
}

/* EFI */

#define SYSTAB  0x101000u
#define CONFIG  0x102000u
#define MOVED   0x103000u
#define RSDP_20 0x104000u
#define RSDP_10 0x105000u

static const uint8_t acpi_20[] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00,
	0x80, 0xc7, 0x3c, 0x88, 0x81};
static const uint8_t acpi_10[] = {0x30, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00,
	0x90, 0x27, 0x3f, 0xc1, 0x4d};

static void put_config(struct fake *fake, qt_phys at, const uint8_t *guid, uint64_t rsdp)
{
	memcpy(fake_at(fake, at), guid, sizeof(acpi_20));
	boot_set64(fake_at(fake, at), sizeof(acpi_20), rsdp);
}

static void make_efi(struct fake *fake, uint8_t *boot)
{
	memset(fake, 0, sizeof(*fake));
	memset(boot, 0, BOOT_PARAMS_SIZE);
	memcpy(boot + BP_EFI_SIGNATURE, "EL64", 4);
	boot_set32(boot, BP_EFI_SYSTAB, SYSTAB);
	memcpy(fake_at(fake, SYSTAB), "IBI SYST", 8);
	boot_set64(fake_at(fake, SYSTAB), 104, 3);
	boot_set64(fake_at(fake, SYSTAB), 112, CONFIG);
	put_config(fake, CONFIG + 24, acpi_10, RSDP_10);
	put_config(fake, CONFIG + 48, acpi_20, RSDP_20);
}

static void efi_table_leads_to_the_newer_pointer(void **state)
{
	struct fake fake;
	struct physical physical = fake_physical(&fake);
	uint8_t boot[BOOT_PARAMS_SIZE];
	qt_phys rsdp;

	(void)state;
	make_efi(&fake, boot);
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), 0);
	assert_int_equal(rsdp, RSDP_20);
	boot_set64(fake_at(&fake, SYSTAB), 104, 2); /* one entry fewer */
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), 0);
	assert_int_equal(rsdp, RSDP_10);
}

static void node_of_an_earlier_kexec_wins(void **state)
{
	struct fake fake;
	struct physical physical = fake_physical(&fake);
	uint8_t boot[BOOT_PARAMS_SIZE];
	qt_phys rsdp;

	(void)state;
	make_efi(&fake, boot);
	boot_set64(fake_at(&fake, SYSTAB), 112, UINT64_C(0xffffffff88000000)); /* made virtual */
	boot_set64(boot, BP_SETUP_DATA, 0x106000);
	fake_node(&fake, 0x106000, 0, SETUP_EFI, 96);
	boot_set64(fake_at(&fake, 0x106010), 16, MOVED);
	put_config(&fake, MOVED, acpi_20, RSDP_20 + 16);
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), 0);
	assert_int_equal(rsdp, RSDP_20 + 16);
}

static void damaged_efi_tables_are_refused(void **state)
{
	struct fake fake;
	struct physical physical = fake_physical(&fake);
	uint8_t boot[BOOT_PARAMS_SIZE];
	qt_phys rsdp;

	(void)state;
	make_efi(&fake, boot);
	boot_set64(fake_at(&fake, SYSTAB), 112, UINT64_MAX - 100);
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), QT_E_OUTSIDE);
	boot_set64(fake_at(&fake, SYSTAB), 112, MOVED); /* nothing there, and without end */
	boot_set64(fake_at(&fake, SYSTAB), 104, UINT64_MAX);
	fake.accesses = 0;
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), QT_E_NOTFOUND);
	assert_in_range(fake.accesses, 1, 1000);
	fake_at(&fake, SYSTAB)[0] = 'x';
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), QT_E_BAD);
	memcpy(boot + BP_EFI_SIGNATURE, "EL32", 4);
	assert_int_equal(rsdp_from_efi(&physical, boot, &rsdp), QT_E_NOTFOUND);
}

/* The window */

static bool below_4_gib(const void *context, qt_phys page)
{
	(void)context;
	return page < QT_GIB(4);
}

static void assert_points(struct window *window, bool elsewhere, qt_phys at)
{
	assert_int_equal(!window_leads(window, at), elsewhere);
	window_point(window, at);
	assert_true(window_leads(window, at));
}

static void window_maps_a_page_once_and_by_its_type(void **state)
{
	uint64_t slots[WINDOW_SLOTS] = {0};
	const uint64_t data = PTE_PRESENT | UINT64_C(0x8000000000000062);
	const uint64_t device = data | 0x18;
	struct window window = {slots, data, device, below_4_gib, NULL};

	(void)state;
	assert_points(&window, true, 0x12345);
	assert_int_equal(slots[0x12], 0x12000 | data);
	assert_points(&window, false, 0x12ff8); /* same page */
	/* Another page for the same slot, that is no memory. */
	assert_points(&window, true, UINT64_C(0xfffffffe12000));
	assert_int_equal(slots[0x12], UINT64_C(0xfffffffe12000) | device);
	assert_points(&window, true, 0x12000);
	assert_int_equal(slots[0x12], 0x12000 | data);
	/* The page at 0 is not what an empty slot leads to. */
	assert_points(&window, true, 0x10);
	assert_int_equal(slots[0], data);
	assert_points(&window, false, 0x20);
	window_clear(&window);
	assert_points(&window, true, 0x12000);
	for (unsigned i = 0; i < WINDOW_SLOTS; i++)
		assert_true(i == 0x12 || slots[i] == 0);
}

static void kernel_version_is_read_from_its_text(void **state)
{
	static const struct {
		const char *text;
		uint32_t version;
	} cases[] = {
		{"6.1.0-18-amd64 (debian) #1 SMP", QT_LINUX_VERSION(6, 1)},
		{"5.12", QT_LINUX_VERSION(5, 12)},
		{"4.18.0-553.el8", QT_LINUX_VERSION(4, 18)},
		{"", 0},
		{"6", 0},
		{"x6.1", 0},
		{".1", 0},
		{"6.", 0},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		uint8_t setup[0x800] = {0};

		memcpy(setup + 0x700, cases[i].text, strlen(cases[i].text));
		setup[BP_KERNEL_VERSION + 1] = 0x5; /* 0x500, counted from the second sector */
		assert_int_equal(
			setup_header_kernel_version(setup, sizeof(setup)), cases[i].version);
		/* One that lies behind what can be read, or is not there. */
		assert_int_equal(setup_header_kernel_version(setup, 0x700), 0);
		assert_int_equal(setup_header_kernel_version(setup, BP_KERNEL_VERSION), 0);
		setup[BP_KERNEL_VERSION + 1] = 0;
		assert_int_equal(setup_header_kernel_version(setup, sizeof(setup)), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_version_is_read_from_its_text),
		cmocka_unit_test(setup_header_gets_its_original_values),
		cmocka_unit_test(older_header_has_no_kernel_info),
		cmocka_unit_test(entry_at_the_stage_moves_to_the_kernel),
		cmocka_unit_test(damaged_setup_sectors_change_nothing),
		cmocka_unit_test(command_line_may_be_above_4_gib),
		cmocka_unit_test(new_node_comes_first),
		cmocka_unit_test(nodes_are_read_in_turn),
		cmocka_unit_test(efi_table_leads_to_the_newer_pointer),
		cmocka_unit_test(node_of_an_earlier_kexec_wins),
		cmocka_unit_test(damaged_efi_tables_are_refused),
		cmocka_unit_test(window_maps_a_page_once_and_by_its_type),
	};

	return cmocka_run_group_tests_name("stage: boot_params", tests, NULL, NULL);
}
