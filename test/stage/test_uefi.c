// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What UEFI leaves on arm64: the stub of a device tree, system table and memory map. */
#include <arm64/firmware.h>
#include <arm64/tree.h>

#include "fake.h"
#include "tree_maker.h"

#define SYSTEM_TABLE (FAKE_START + 0x1000)
#define CONFIG       (FAKE_START + 0x2000)
#define MAP          (FAKE_START + 0x3000)
#define RSDP         (FAKE_START + 0x4000)
#define XSDT         (FAKE_START + 0x5000)

#define DESCRIPTOR 48u
#define VIRTUAL    UINT64_C(0x20000000)

static struct fake fake;
static uint8_t blob[TREE_SIZE];
static uint32_t secure_boot; /* what the stub says of it, 0: nothing */

static const uint8_t acpi_20[] = {0x71, 0xe8, 0x68, 0x88, 0xf1, 0xe4, 0xd3, 0x11, 0xbc, 0x22, 0x00,
	0x80, 0xc7, 0x3c, 0x88, 0x81};

static void put_descriptor(unsigned index, uint32_t type, uint64_t start, uint64_t pages,
	uint64_t address, uint64_t attributes)
{
	uint8_t *at = fake_at(&fake, MAP + index * DESCRIPTOR);

	boot_set32(at, 0, type);
	boot_set64(at, 8, start);
	boot_set64(at, 16, address);
	boot_set64(at, 24, pages);
	boot_set64(at, 32, attributes);
	boot_set64(at, 40, 0xdead0000 + index); /* newer than what is known here */
}

/* A stub; `more` is the name of one more node, NULL: none. */
static struct qt_dt make_stub(const char *more, uint32_t map_bytes)
{
	struct maker maker;
	uint32_t structure = start(&maker);
	struct qt_dt dt;

	begin(&maker, "");
	begin(&maker, "chosen");
	cells(&maker, "linux,uefi-system-table", 2, 0, SYSTEM_TABLE);
	cells(&maker, "linux,uefi-mmap-start", 2, 0, MAP);
	cells(&maker, "linux,uefi-mmap-size", 1, map_bytes);
	cells(&maker, "linux,uefi-mmap-desc-size", 1, DESCRIPTOR);
	if (secure_boot)
		cells(&maker, "linux,uefi-secure-boot", 1, secure_boot);
	end(&maker);
	if (more) {
		begin(&maker, more);
		text(&maker, "compatible", "xen,xen");
		end(&maker);
	}
	end(&maker);
	assert_int_equal(qt_dt_open(&dt, blob, finish(&maker, structure, blob)), QT_OK);
	return dt;
}

/*
 * Memory of the firmware's with a virtual address, in which its tables are; RAM; registers; RAM
 * that is not cached.
 */
static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	secure_boot = 0;
	put_descriptor(0, 6, FAKE_START, 0x10, VIRTUAL, EFI_RUNTIME | EFI_WRITE_BACK);
	put_descriptor(1, 7, 0x40000000, 0x10000, 0, EFI_WRITE_BACK | 1);
	put_descriptor(2, 11, 0x9000000, 1, 0, EFI_RUNTIME | 1);
	put_descriptor(3, 7, 0x60000000, 0x10, 0, 1);
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 0, UINT64_C(0x5453595320494249));
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 104, 2);
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 112, VIRTUAL + (CONFIG - FAKE_START));
	memcpy(fake_at(&fake, CONFIG + 24), acpi_20, sizeof(acpi_20));
	boot_set64(fake_at(&fake, CONFIG + 24), sizeof(acpi_20), RSDP);
	return 0;
}

static void acpi_is_used_where_the_tree_is_a_stub(void **state)
{
	static const struct {
		const char *more, *line;
		bool acpi;
	} cases[] = {
		{NULL, "", true},
		{NULL, "acpi=off", false},
		{"hypervisor", "", true}, /* Xen's */
		{"hypervisors", "", false},
		{"pcie@10000000", "console=ttyAMA0", false},
		{"pcie@10000000", "acpi=on", true},
		{"pcie@10000000", "acpi=force", true},
		{"pcie@10000000", "acpi=force acpi=off", false},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct qt_dt dt = make_stub(cases[i].more, 4 * DESCRIPTOR);

		if (firmware_is_acpi(&dt, cases[i].line) != cases[i].acpi)
			fail_msg("case %zu", i);
	}
}

static void a_locked_kernel_is_known(void **state)
{
	struct qt_dt dt = make_stub(NULL, 4 * DESCRIPTOR);

	(void)state;
	assert_false(firmware_is_locked(&dt, "quiet"));
	assert_false(firmware_is_locked(&dt, "lockdown=integrity lockdown=none"));
	assert_true(firmware_is_locked(&dt, "lockdown=integrity"));
	secure_boot = 2;
	dt = make_stub(NULL, 4 * DESCRIPTOR);
	assert_false(firmware_is_locked(&dt, ""));
	secure_boot = 3;
	dt = make_stub(NULL, 4 * DESCRIPTOR);
	assert_true(firmware_is_locked(&dt, ""));
}

static void tables_are_found_behind_virtual_addresses(void **state)
{
	struct physical physical = fake_physical(&fake);
	struct qt_host host = {.context = &fake, .read = fake_read};
	struct qt_dt dt = make_stub(NULL, 4 * DESCRIPTOR);
	uint8_t *rsdp = fake_at(&fake, RSDP);
	struct qt_acpi acpi;
	uint8_t sum = 0;

	(void)state;
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, ""), QT_E_BAD); /* no RSDP */
	memcpy(fake_at(&fake, XSDT), "XSDT", 4);
	boot_set32(fake_at(&fake, XSDT), 4, 36);
	for (unsigned i = 0; i < 36; i++)
		sum = (uint8_t)(sum + fake_at(&fake, XSDT)[i]);
	fake_at(&fake, XSDT)[9] = (uint8_t)-sum;
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = 2;
	boot_set32(rsdp, 20, 36);
	boot_set64(rsdp, 24, XSDT);
	for (unsigned len = 20, at = 8; len <= 36; len += 16, at += 24) {
		sum = 0;
		for (unsigned i = 0; i < len; i++)
			sum = (uint8_t)(sum + rsdp[i]);
		rsdp[at] = (uint8_t)-sum;
	}
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, ""), QT_OK);
	assert_int_equal(acpi.root, XSDT);
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, "acpi_rsdp=0x1"), QT_OK);
	/* What firmware was never told an address for is where it says. */
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 112, CONFIG);
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, ""), QT_OK);
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 112, VIRTUAL + 0x10000);
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, ""), QT_E_OUTSIDE);
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 0, 0);
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, ""), QT_E_BAD);
	boot_set64(fake_at(&fake, SYSTEM_TABLE), 0, 0);
	assert_int_equal(firmware_acpi(&acpi, &host, &physical, &dt, "acpi_rsdp=0x104000"), QT_OK);
}

static void ordinary_memory_is_known(void **state)
{
	struct physical physical = fake_physical(&fake);
	struct qt_dt dt = make_stub(NULL, 4 * DESCRIPTOR);
	struct qt_range list[4];
	struct qt_ranges memory = {list, 0, QT_ARRAY_SIZE(list)};
	struct efi_map map;

	(void)state;
	assert_int_equal(firmware_map(&dt, &map), QT_OK);
	assert_int_equal(map.count, 4);
	assert_int_equal(firmware_memory(&physical, &map, &memory), QT_OK);
	assert_int_equal(memory.count, 2);
	assert_true(qt_ranges_contain(&memory, FAKE_START, FAKE_START + 0x10000));
	assert_true(qt_ranges_contain(&memory, 0x40000000, 0x50000000));
	put_descriptor(1, 7, UINT64_MAX - 0xfff, 2, 0, EFI_WRITE_BACK);
	assert_int_equal(firmware_memory(&physical, &map, &memory), QT_E_BAD);
	dt = make_stub(NULL, 0x40000000);
	assert_int_equal(firmware_map(&dt, &map), QT_E_BAD);
}

/* The copy says the same of every page, but for those of the tables. */
static void assert_copy(struct qt_range tables, unsigned count)
{
	struct physical physical = fake_physical(&fake);
	struct efi_map map = {MAP, 4, DESCRIPTOR}, copied = {FAKE_START + 0x8000, 0, DESCRIPTOR};
	struct efi_descriptor before, after;
	size_t size;

	assert_int_equal(firmware_map_copy(&physical, &map, tables, fake_at(&fake, copied.at),
				 firmware_map_room(&map), &size),
		QT_OK);
	assert_int_equal(size, count * DESCRIPTOR);
	copied.count = count;
	for (uint32_t i = 0, j = 0; i < map.count; i++) {
		qt_phys at;

		assert_int_equal(efi_map_read(&physical, &map, i, &before), QT_OK);
		for (at = before.start; at < before.end; at = after.end) {
			bool held = at >= tables.start && at < tables.end;

			assert_int_equal(boot_get64(fake_at(&fake, copied.at + j * DESCRIPTOR), 40),
				0xdead0000 + i);
			assert_int_equal(efi_map_read(&physical, &copied, j++, &after), QT_OK);
			assert_int_equal(after.start, at);
			assert_true(after.end > at);
			assert_int_equal(after.type, held ? EFI_ACPI_RECLAIM : before.type);
			assert_true(!held || after.end == tables.end);
			assert_int_equal(after.attributes, before.attributes);
			assert_int_equal(after.address,
				before.address ? before.address + (at - before.start) : 0);
		}
		assert_int_equal(at, before.end);
	}
}

static void tables_get_memory_of_their_own(void **state)
{
	struct physical physical = fake_physical(&fake);
	struct efi_map map = {MAP, 4, DESCRIPTOR};
	uint8_t to[6 * DESCRIPTOR];
	size_t size;

	(void)state;
	assert_copy((struct qt_range){0x48000000, 0x48200000}, 6);
	assert_copy((struct qt_range){0x40000000, 0x40200000}, 5);
	assert_copy((struct qt_range){0x4fe00000, 0x50000000}, 5);
	assert_copy((struct qt_range){0x40000000, 0x50000000}, 4);
	assert_copy((struct qt_range){FAKE_START + 0x1000, FAKE_START + 0x2000}, 6);
	assert_int_equal(firmware_map_copy(&physical, &map,
				 (struct qt_range){0x60000000, 0x60001000}, to, sizeof(to), &size),
		QT_E_NOTFOUND); /* not cached */
	assert_int_equal(firmware_map_copy(&physical, &map,
				 (struct qt_range){0x4fe00000, 0x50200000}, to, sizeof(to), &size),
		QT_E_NOTFOUND); /* not in one range */
	assert_int_equal(
		firmware_map_copy(&physical, &map, (struct qt_range){0x40000000, 0x50000000}, to,
			sizeof(to) - 1, &size),
		QT_E_NOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(acpi_is_used_where_the_tree_is_a_stub, set_up),
		cmocka_unit_test_setup(a_locked_kernel_is_known, set_up),
		cmocka_unit_test_setup(tables_are_found_behind_virtual_addresses, set_up),
		cmocka_unit_test_setup(ordinary_memory_is_known, set_up),
		cmocka_unit_test_setup(tables_get_memory_of_their_own, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
