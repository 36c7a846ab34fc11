// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ACPI tables, MCFG, PM timer, ELF core header: all of it from a hostile memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <quietus/firmware.h>
#include <quietus/pci.h>

/* One piece of physical memory; everything outside it is not there. */
#define MEMORY_BASE 0x7ff0000000ull
#define MEMORY_SIZE 0x100000u

#define RSDP  (MEMORY_BASE + 0x100)
#define XSDT  (MEMORY_BASE + 0x1000)
#define TABLE (MEMORY_BASE + 0x3000) /* where tests put theirs, 4 KiB apart */

/* The RSDT's pointers have 32 bits only: a second piece of memory for it. */
#define LOW_BASE 0x7e000000u
#define LOW_SIZE 0x10000u
#define RSDT     (LOW_BASE + 0x1000)

struct fake {
	struct qt_host host;
	uint8_t memory[MEMORY_SIZE];
	uint8_t low[LOW_SIZE];
	qt_phys broken; /* a read of this byte fails with QT_E_IO */
	unsigned reads;
	uint8_t arena_memory[0x80000];
	struct qt_arena arena;
	struct qt_acpi acpi;
	unsigned entries; /* in the XSDT so far */
};

static struct fake fake;

static uint8_t *at(qt_phys address)
{
	if (address >= LOW_BASE && address < LOW_BASE + LOW_SIZE)
		return fake.low + (address - LOW_BASE);
	assert_in_range(address, MEMORY_BASE, MEMORY_BASE + MEMORY_SIZE - 1);
	return fake.memory + (address - MEMORY_BASE);
}

static bool within(qt_phys address, size_t len, qt_phys base, size_t size)
{
	return address >= base && address - base <= size && len <= size - (address - base);
}

static int fake_read(void *context, qt_phys address, void *buffer, size_t len)
{
	assert_ptr_equal(context, &fake);
	fake.reads++;
	if (fake.broken >= address && fake.broken - address < len)
		return QT_E_IO;
	if (!within(address, len, MEMORY_BASE, MEMORY_SIZE) &&
		!within(address, len, LOW_BASE, LOW_SIZE))
		return QT_E_OUTSIDE;
	memcpy(buffer, at(address), len);
	return QT_OK;
}

static void put(qt_phys address, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		at(address)[i] = (uint8_t)(value >> 8 * i);
}

static void fix_sum(qt_phys start, size_t len, qt_phys sum)
{
	uint8_t total = 0;

	*at(sum) = 0;
	for (size_t i = 0; i < len; i++)
		total = (uint8_t)(total + *at(start + i));
	*at(sum) = (uint8_t)-total;
}

/* Gives a table its header; its body is in memory already. */
static void seal(qt_phys table, const char *signature, uint32_t len)
{
	memcpy(at(table), signature, 4);
	put(table + 4, len, 4);
	fix_sum(table, len, table + 9);
}

static void seal_rsdp(uint8_t revision, uint32_t rsdt, uint64_t xsdt)
{
	memcpy(at(RSDP), "RSD PTR ", 8);
	*at(RSDP + 15) = revision;
	put(RSDP + 16, rsdt, 4);
	fix_sum(RSDP, 20, RSDP + 8);
	if (revision >= 2) {
		put(RSDP + 20, 36, 4);
		put(RSDP + 24, xsdt, 8);
		fix_sum(RSDP, 36, RSDP + 32);
	}
}

static void add_entry(qt_phys table)
{
	put(XSDT + 36 + 8 * fake.entries++, table, 8);
	seal(XSDT, "XSDT", 36 + 8 * fake.entries);
}

/* A table at TABLE + 4 KiB * n, listed in the XSDT, with a body of n's. */
static qt_phys add_table(unsigned n, const char *signature, uint32_t len)
{
	qt_phys table = TABLE + 0x1000 * n;

	memset(at(table + 36), (int)n, len - 36);
	seal(table, signature, len);
	add_entry(table);
	return table;
}

/* Sound tables with an empty XSDT, and the arena empty. */
static int set_up(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(fake.arena_memory, 0xa5, sizeof(fake.arena_memory));
	fake.broken = UINT64_MAX;
	fake.host = (struct qt_host){.context = &fake, .read = fake_read};
	fake.arena = (struct qt_arena){
		.base = fake.arena_memory, .phys = 0x1000, .size = sizeof(fake.arena_memory)};
	seal_rsdp(2, RSDT, XSDT);
	seal(XSDT, "XSDT", 36);
	seal(RSDT, "RSDT", 36);
	return 0;
}

static int open_acpi(void)
{
	return qt_acpi_open(&fake.acpi, &fake.host, RSDP);
}

static int get(const char *signature, unsigned instance, const uint8_t **table, size_t *len)
{
	assert_int_equal(open_acpi(), 0);
	return qt_acpi_table(&fake.acpi, &fake.arena, signature, instance, table, len);
}

/* RSDP and root tables */

static void xsdt_comes_before_rsdt(void **state)
{
	(void)state;
	add_table(0, "AAAA", 40);
	assert_int_equal(open_acpi(), 0);
	assert_int_equal(fake.acpi.root, XSDT);
	assert_int_equal(fake.acpi.entry_size, 8);
	assert_int_equal(fake.acpi.entries, 1);
}

static void old_rsdp_leads_to_the_rsdt(void **state)
{
	(void)state;
	seal_rsdp(0, RSDT, 0);
	put(RSDT + 36, LOW_BASE + 0x2000, 4);
	seal(RSDT, "RSDT", 40);
	seal(LOW_BASE + 0x2000, "AAAA", 36);
	/* What comes behind an old RSDP is not part of it. */
	put(RSDP + 20, UINT64_MAX, 8);

	const uint8_t *table;
	size_t len;
	assert_int_equal(get("AAAA", 0, &table, &len), 0);
	assert_int_equal(fake.acpi.root, RSDT);
	assert_int_equal(fake.acpi.entry_size, 4);
	assert_int_equal(len, 36);
}

static void bad_xsdt_falls_back_to_the_rsdt(void **state)
{
	(void)state;
	*at(XSDT + 9) ^= 1;
	assert_int_equal(open_acpi(), 0);
	assert_int_equal(fake.acpi.root, RSDT);

	seal(XSDT, "XSDT", 36);
	fake.broken = XSDT + 4;
	assert_int_equal(open_acpi(), 0);
	assert_int_equal(fake.acpi.root, RSDT);
}

static void no_sound_root_table_is_an_error(void **state)
{
	(void)state;
	*at(XSDT + 9) ^= 1;
	*at(RSDT + 9) ^= 1;
	assert_int_equal(open_acpi(), QT_E_BAD);
	seal_rsdp(2, 0, XSDT);
	assert_int_equal(open_acpi(), QT_E_BAD);
	seal_rsdp(2, 0, 0);
	assert_int_equal(open_acpi(), QT_E_BAD);
	seal_rsdp(2, 0, 0x1234000);
	assert_int_equal(open_acpi(), QT_E_OUTSIDE);
	seal_rsdp(2, 0, UINT64_MAX - 40);
	assert_int_equal(open_acpi(), QT_E_BAD);
	seal(XSDT, "XSDU", 36);
	seal_rsdp(2, 0, XSDT);
	assert_int_equal(open_acpi(), QT_E_BAD);
}

static void damaged_rsdp_is_refused(void **state)
{
	(void)state;
	*at(RSDP) = 'r';
	assert_int_equal(open_acpi(), QT_E_BAD);

	seal_rsdp(2, RSDT, XSDT);
	*at(RSDP + 9) ^= 1; /* inside the first 20 bytes */
	assert_int_equal(open_acpi(), QT_E_BAD);

	seal_rsdp(2, RSDT, XSDT);
	*at(RSDP + 35) ^= 1; /* outside them */
	assert_int_equal(open_acpi(), QT_E_BAD);

	for (uint32_t len = 0; len < 36; len++) {
		seal_rsdp(2, RSDT, XSDT);
		put(RSDP + 20, len, 4);
		fix_sum(RSDP, 36, RSDP + 32);
		assert_int_equal(open_acpi(), QT_E_BAD);
	}
	put(RSDP + 20, UINT32_MAX, 4);
	fix_sum(RSDP, 36, RSDP + 32);
	assert_int_equal(open_acpi(), QT_E_BAD);

	/* A longer one than is known of, up to a limit. */
	put(RSDP + 20, 256, 4);
	fix_sum(RSDP, 256, RSDP + 32);
	assert_int_equal(open_acpi(), 0);
	*at(RSDP + 255) ^= 1;
	assert_int_equal(open_acpi(), QT_E_BAD);
	put(RSDP + 20, 257, 4);
	fix_sum(RSDP, 257, RSDP + 32);
	assert_int_equal(open_acpi(), QT_E_BAD);

	seal_rsdp(2, RSDT, XSDT);
	fake.broken = RSDP + 30;
	assert_int_equal(open_acpi(), QT_E_IO);
	fake.broken = RSDP;
	assert_int_equal(open_acpi(), QT_E_IO);
	assert_int_equal(qt_acpi_open(&fake.acpi, &fake.host, 0x100), QT_E_OUTSIDE);
	assert_int_equal(qt_acpi_open(&fake.acpi, &fake.host, UINT64_MAX - 8), QT_E_BAD);
}

static void root_table_lengths_are_bounded(void **state)
{
	(void)state;
	const uint32_t lengths[] = {0, 35, QT_ACPI_TABLE_MAX + 1, UINT32_MAX};

	seal_rsdp(2, 0, XSDT);
	for (size_t i = 0; i < QT_ARRAY_SIZE(lengths); i++) {
		put(XSDT + 4, lengths[i], 4);
		fix_sum(XSDT, 36, XSDT + 9);
		assert_int_equal(open_acpi(), QT_E_BAD);
	}

	/* Cut off in the middle of an entry: that one does not count. */
	seal(XSDT, "XSDT", 36 + 8 + 7);
	assert_int_equal(open_acpi(), 0);
	assert_int_equal(fake.acpi.entries, 1);

	/* Runs out of memory before its length does. */
	seal_rsdp(2, 0, MEMORY_BASE + MEMORY_SIZE - 64);
	memcpy(at(MEMORY_BASE + MEMORY_SIZE - 64), "XSDT", 4);
	put(MEMORY_BASE + MEMORY_SIZE - 60, 65, 4);
	assert_int_equal(open_acpi(), QT_E_OUTSIDE);
}

static void rsdp_is_found_by_scanning(void **state)
{
	(void)state;
	qt_phys found = 0;

	assert_int_equal(
		qt_acpi_scan_rsdp(&fake.host, MEMORY_BASE, MEMORY_BASE + 0x1000, &found), 0);
	assert_int_equal(found, RSDP);

	assert_int_equal(qt_acpi_scan_rsdp(&fake.host, RSDP - 0x100, RSDP + 20, &found), 0);

	/* A damaged copy before it is passed over. */
	memcpy(at(MEMORY_BASE + 0x40), at(RSDP), 36);
	*at(MEMORY_BASE + 0x40 + 33) ^= 1;
	assert_int_equal(
		qt_acpi_scan_rsdp(&fake.host, MEMORY_BASE, MEMORY_BASE + 0x1000, &found), 0);
	assert_int_equal(found, RSDP);
	/* So is memory that cannot be read. */
	assert_int_equal(
		qt_acpi_scan_rsdp(&fake.host, MEMORY_BASE - 0x100, MEMORY_BASE + 0x1000, &found),
		0);

	assert_int_equal(
		qt_acpi_scan_rsdp(&fake.host, MEMORY_BASE, RSDP + 19, &found), QT_E_NOTFOUND);
	assert_int_equal(
		qt_acpi_scan_rsdp(&fake.host, RSDP + 8, RSDP + 0x800, &found), QT_E_NOTFOUND);
	assert_int_equal(qt_acpi_scan_rsdp(&fake.host, RSDP, RSDP, &found), QT_E_NOTFOUND);
	assert_int_equal(
		qt_acpi_scan_rsdp(&fake.host, UINT64_MAX - 100, UINT64_MAX, &found), QT_E_NOTFOUND);
}

/* Tables */

static void tables_are_copied_whole(void **state)
{
	(void)state;
	const uint8_t *table;
	size_t len;

	add_table(0, "AAAA", 36);
	qt_phys b = add_table(1, "BBBB", 0x700);
	add_table(2, "BBBB", 300);

	assert_int_equal(get("BBBB", 0, &table, &len), 0);
	assert_int_equal(len, 0x700);
	assert_memory_equal(table, at(b), len);
	assert_true(table >= fake.arena_memory && table < fake.arena_memory + fake.arena.used);
	assert_int_equal(get("BBBB", 1, &table, &len), 0);
	assert_int_equal(len, 300);
	assert_int_equal(table[36], 2);
	assert_int_equal(get("BBBB", 2, &table, &len), QT_E_NOTFOUND);
	assert_int_equal(get("CCCC", 0, &table, &len), QT_E_NOTFOUND);
	put(XSDT + 36 + 8 * fake.entries, b, 8); /* behind the end of the list */
	assert_int_equal(get("BBBB", 2, &table, &len), QT_E_NOTFOUND);
	assert_int_equal(get("AAAA", 0, &table, &len), 0);
	assert_int_equal(len, 36);
}

static void bad_pointers_do_not_hide_other_tables(void **state)
{
	(void)state;
	const uint8_t *table;
	size_t len;

	add_entry(0);
	add_entry(0x1000);
	add_entry(UINT64_MAX);
	add_entry(MEMORY_BASE + MEMORY_SIZE - 20);
	add_table(0, "AAAA", 40);
	put(TABLE + 4, 0, 4);
	add_table(1, "BBBB", 40);
	fake.broken = XSDT + 36 + 3;      /* first entry */
	assert_int_equal(open_acpi(), 0); /* by the RSDT: the XSDT cannot be summed */
	assert_int_equal(fake.acpi.root, RSDT);
	fake.broken = UINT64_MAX;
	assert_int_equal(open_acpi(), 0);
	fake.broken = XSDT + 36 + 3;
	assert_int_equal(qt_acpi_table(&fake.acpi, &fake.arena, "BBBB", 0, &table, &len), 0);
	assert_int_equal(len, 40);
}

static void damaged_table_is_not_taken_for_an_absent_one(void **state)
{
	(void)state;
	const uint32_t lengths[] = {0, 35, QT_ACPI_TABLE_MAX + 1, UINT32_MAX};
	const uint8_t *table;
	size_t len;

	qt_phys a = add_table(0, "AAAA", 64);
	add_table(1, "AAAA", 64);
	*at(a + 50) ^= 1;
	assert_int_equal(get("AAAA", 0, &table, &len), QT_E_BAD);
	assert_int_equal(get("AAAA", 1, &table, &len), 0);
	size_t used = fake.arena.used;
	for (size_t i = 0; i < QT_ARRAY_SIZE(lengths); i++) {
		put(a + 4, lengths[i], 4);
		assert_int_equal(get("AAAA", 0, &table, &len), QT_E_BAD);
		assert_int_equal(get("AAAA", 1, &table, &len), 0);
		fake.arena.used = used;
	}
	put(a + 4, 64, 4);
	fake.broken = a + 60;
	assert_int_equal(get("AAAA", 0, &table, &len), QT_E_IO);
	assert_int_equal(fake.arena.used, used);
}

static void table_without_room_is_an_error(void **state)
{
	(void)state;
	const uint8_t *table;
	size_t len;

	add_table(0, "AAAA", 0x400);
	fake.arena.size = 0x3ff;
	assert_int_equal(get("AAAA", 0, &table, &len), QT_E_NOMEM);
	assert_int_equal(fake.arena.used, 0);
	fake.arena.size = 0x400;
	assert_int_equal(get("AAAA", 0, &table, &len), 0);
}

static void largest_table_is_read(void **state)
{
	(void)state;
	const uint8_t *table;
	size_t len;

	add_table(0, "AAAA", QT_ACPI_TABLE_MAX);
	assert_int_equal(get("AAAA", 0, &table, &len), 0);
	assert_int_equal(len, QT_ACPI_TABLE_MAX);
}

/* An XSDT as long as is allowed, all of it entries that match but are damaged. */
static void longest_root_table_is_walked_in_bounded_time(void **state)
{
	(void)state;
	const uint8_t *table;
	size_t len;
	qt_phys xsdt = MEMORY_BASE + 0x40000;

	qt_phys a = add_table(0, "AAAA", 64);
	for (size_t i = 36; i + 8 <= QT_ACPI_TABLE_MAX; i += 8)
		put(xsdt + i, a, 8);
	seal(xsdt, "XSDT", QT_ACPI_TABLE_MAX);
	seal_rsdp(2, 0, xsdt);
	*at(a + 50) ^= 1;
	assert_int_equal(get("AAAA", 40000, &table, &len), QT_E_NOTFOUND);
	assert_int_equal(fake.acpi.entries, (QT_ACPI_TABLE_MAX - 36) / 8);
	assert_in_range(fake.reads, 1, 3 * QT_ACPI_TABLE_MAX / 8);
}

/* MCFG */

static void put_window(unsigned index, uint64_t base, uint16_t segment, uint8_t first, uint8_t last)
{
	qt_phys entry = TABLE + 44 + 16 * index;

	put(entry, base, 8);
	put(entry + 8, segment, 2);
	*at(entry + 10) = first;
	*at(entry + 11) = last;
}

static int get_mcfg(unsigned entries, struct qt_ecam *list, size_t *count)
{
	seal(TABLE, "MCFG", 44 + 16 * entries);
	if (fake.entries == 0)
		add_entry(TABLE);
	assert_int_equal(open_acpi(), 0);
	int error = qt_acpi_mcfg(&fake.acpi, &fake.arena, list, count);
	assert_int_equal(fake.arena.used, 0);
	return error;
}

static void mcfg_gives_all_segments(void **state)
{
	(void)state;
	struct qt_ecam list[4];
	size_t count = 4;

	put_window(0, 0xb0000000, 0, 0, 0x7f);
	put_window(1, 0xb0000000, 0, 0x80, 0xff);
	put_window(2, 0x70000000000, 1, 0, 0xff);
	put_window(3, 0xfffffff00000, 0xffff, 0x10, 0x10);
	assert_int_equal(get_mcfg(4, list, &count), 0);
	assert_int_equal(count, 4);
	assert_int_equal(list[2].base, 0x70000000000);
	assert_int_equal(list[2].segment, 1);
	assert_int_equal(list[1].first_bus, 0x80);
	assert_int_equal(list[1].last_bus, 0xff);

	qt_phys address;
	assert_int_equal(qt_ecam_address(list, count, QT_RID(0, 0, 0), &address), 0);
	assert_int_equal(address, 0xb0000000);
	assert_int_equal(qt_ecam_address(list, count, QT_RID(0, 0x80, 0xfa), &address), 0);
	assert_int_equal(address, 0xb80fa000);
	assert_int_equal(qt_ecam_address(list, count, QT_RID(1, 0xff, 0xff), &address), 0);
	assert_int_equal(address, 0x7000ffff000);
	assert_int_equal(qt_ecam_address(list, count, QT_RID(0xffff, 0x10, 1), &address), 0);
	assert_int_equal(address, 0x1000000f01000);
	assert_int_equal(
		qt_ecam_address(list, count, QT_RID(0xffff, 0x11, 0), &address), QT_E_NOTFOUND);
	assert_int_equal(
		qt_ecam_address(list, count, QT_RID(0xffff, 0x0f, 0), &address), QT_E_NOTFOUND);
	assert_int_equal(qt_ecam_address(list, count, QT_RID(2, 0, 0), &address), QT_E_NOTFOUND);
	assert_int_equal(qt_ecam_address(NULL, 0, 0, &address), QT_E_NOTFOUND);
}

static void mcfg_entries_that_cannot_be_right_are_passed_over(void **state)
{
	(void)state;
	struct qt_ecam list[8];
	size_t count = 8;

	put_window(0, 0, 0, 0, 0xff);
	put_window(1, 0xb0000000, 0, 5, 4);
	put_window(2, 0xfffffffff0000000, 0, 0, 0xff);
	put_window(3, 0xb0000800, 0, 0, 0xff);
	assert_int_equal(get_mcfg(4, list, &count), QT_E_BAD);
	assert_int_equal(count, 0);

	count = 8;
	put_window(4, 0xb0000000, 0, 0, 0x0f);
	assert_int_equal(get_mcfg(5, list, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(list[0].last_bus, 0x0f);
}

static void mcfg_first_claim_wins(void **state)
{
	(void)state;
	struct qt_ecam list[8];
	size_t count = 8;

	put_window(0, 0xb0000000, 0, 0, 0x3f);
	put_window(1, 0xc0000000, 0, 0x3f, 0x7f); /* bus 0x3f is taken */
	put_window(2, 0xb0000000, 1, 0, 0xff);    /* the memory is */
	put_window(3, 0xc0000000, 0, 0x40, 0x7f);
	put_window(4, 0xd0000000, 0, 0x20, 0x40);
	put_window(5, 0xd0000000, 0, 0x7f, 0xff);
	put_window(6, 0xbc000000, 1, 0x00, 0x3f); /* ends where another begins */
	assert_int_equal(get_mcfg(7, list, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(list[2].base, 0xbc000000);
	assert_int_equal(list[0].base, 0xb0000000);
	assert_int_equal(list[1].base, 0xc0000000);
	assert_int_equal(list[1].first_bus, 0x40);
}

static void mcfg_errors_are_told_apart(void **state)
{
	(void)state;
	struct qt_ecam list[2];
	size_t count = 2;

	assert_int_equal(open_acpi(), 0);
	assert_int_equal(qt_acpi_mcfg(&fake.acpi, &fake.arena, list, &count), QT_E_NOTFOUND);
	assert_int_equal(count, 0);

	count = 2;
	assert_int_equal(get_mcfg(0, list, &count), QT_E_BAD);

	for (unsigned i = 0; i < 3; i++)
		put_window(i, 0x100000000ull * (i + 1), (uint16_t)i, 0, 0xff);
	count = 2;
	assert_int_equal(get_mcfg(3, list, &count), QT_E_NOMEM);
	assert_int_equal(count, 2);
	assert_int_equal(list[1].segment, 1);

	/* The last entry is cut off: it does not count. */
	count = 2;
	seal(TABLE, "MCFG", 44 + 16 + 15);
	assert_int_equal(qt_acpi_mcfg(&fake.acpi, &fake.arena, list, &count), 0);
	assert_int_equal(count, 1);
	/* Not even the reserved bytes are there. */
	seal(TABLE, "MCFG", 36);
	assert_int_equal(qt_acpi_mcfg(&fake.acpi, &fake.arena, list, &count), QT_E_BAD);
	*at(TABLE + 40) ^= 1;
	seal(TABLE, "MCFG", 60);
	*at(TABLE + 40) ^= 1;
	assert_int_equal(qt_acpi_mcfg(&fake.acpi, &fake.arena, list, &count), QT_E_BAD);
}

/* FADT */

static int get_timer(uint32_t len, struct qt_pm_timer *timer)
{
	seal(TABLE, "FACP", len);
	if (fake.entries == 0)
		add_entry(TABLE);
	assert_int_equal(open_acpi(), 0);
	int error = qt_acpi_pm_timer(&fake.acpi, &fake.arena, timer);
	assert_int_equal(fake.arena.used, 0);
	return error;
}

static void put_gas(uint8_t space, uint64_t address)
{
	*at(TABLE + 208) = space;
	put(TABLE + 212, address, 8);
}

static void pm_timer_is_a_port_or_memory(void **state)
{
	(void)state;
	struct qt_pm_timer timer;

	put(TABLE + 76, 0x608, 4);
	*at(TABLE + 91) = 4;
	assert_int_equal(get_timer(116, &timer), 0);
	assert_int_equal(timer.address, 0x608);
	assert_true(timer.is_port);
	assert_false(timer.is_32bit);

	put(TABLE + 112, 1u << 8, 4);
	assert_int_equal(get_timer(276, &timer), 0);
	assert_int_equal(timer.address, 0x608);
	assert_true(timer.is_32bit);

	put_gas(1, 0xb008);
	assert_int_equal(get_timer(276, &timer), 0);
	assert_int_equal(timer.address, 0xb008);
	assert_true(timer.is_port);
	/* Too short to hold the whole field. */
	assert_int_equal(get_timer(219, &timer), 0);
	assert_int_equal(timer.address, 0x608);

	put_gas(1, 0xfffc);
	assert_int_equal(get_timer(276, &timer), 0);
	assert_int_equal(timer.address, 0xfffc);

	put_gas(0, 0xfed81804);
	assert_int_equal(get_timer(220, &timer), 0);
	assert_int_equal(timer.address, 0xfed81804);
	assert_false(timer.is_port);
}

static void pm_timer_fields_that_mean_nothing_are_passed_over(void **state)
{
	(void)state;
	struct qt_pm_timer timer;
	const struct {
		uint8_t space;
		uint64_t address;
	} useless[] = {{1, 0}, {1, 0xfffd}, {1, UINT64_MAX}, {0, 0}, {0, 0xfed81802}, {2, 0x100},
		{0x7f, 0x100}};

	put(TABLE + 76, 0x608, 4);
	*at(TABLE + 91) = 4;
	for (size_t i = 0; i < QT_ARRAY_SIZE(useless); i++) {
		put_gas(useless[i].space, useless[i].address);
		assert_int_equal(get_timer(276, &timer), 0);
		assert_int_equal(timer.address, 0x608);
		assert_true(timer.is_port);
	}

	*at(TABLE + 91) = 0;
	assert_int_equal(get_timer(276, &timer), QT_E_NOTFOUND);
	*at(TABLE + 91) = 4;
	put(TABLE + 76, 0x10000, 4);
	assert_int_equal(get_timer(276, &timer), QT_E_NOTFOUND);
	put(TABLE + 76, 0x608, 4);
	put(TABLE + 112, 1u << 20, 4);
	assert_int_equal(get_timer(276, &timer), QT_E_NOTFOUND);
	assert_int_equal(get_timer(115, &timer), QT_E_BAD);
}

static void no_fadt_no_timer(void **state)
{
	(void)state;
	struct qt_pm_timer timer;

	assert_int_equal(open_acpi(), 0);
	assert_int_equal(qt_acpi_pm_timer(&fake.acpi, &fake.arena, &timer), QT_E_NOTFOUND);
	fake.arena.size = 0;
	put(TABLE + 76, 0x608, 4);
	*at(TABLE + 91) = 4;
	assert_int_equal(get_timer(116, &timer), QT_E_NOMEM);
}

/* ELF core header */

#define ELF   (MEMORY_BASE + 0x10000)
#define PHDR0 (ELF + 64)

static struct qt_range ram_list[64];
static struct qt_ranges ram;

static void put_elf(uint16_t phnum)
{
	memcpy(at(ELF), "\177ELF\2\1\1", 7);
	put(ELF + 16, 4, 2);  /* ET_CORE */
	put(ELF + 18, 62, 2); /* EM_X86_64 */
	put(ELF + 20, 1, 4);  /* EV_CURRENT */
	put(ELF + 32, 64, 8); /* e_phoff */
	put(ELF + 52, 64, 2); /* e_ehsize */
	put(ELF + 54, 56, 2); /* e_phentsize */
	put(ELF + 56, phnum, 2);
	ram = (struct qt_ranges){.list = ram_list, .capacity = QT_ARRAY_SIZE(ram_list)};
}

static void put_segment(unsigned index, uint32_t type, uint64_t start, uint64_t size)
{
	qt_phys phdr = PHDR0 + 56 * index;

	put(phdr, type, 4);
	put(phdr + 24, start, 8);
	put(phdr + 32, size, 8);
	put(phdr + 40, size, 8);
}

static int get_ram(uint64_t size)
{
	return qt_elfcore_ram(&fake.host, ELF, size, &ram);
}

static void loads_are_ram_and_merge(void **state)
{
	(void)state;
	put_elf(7);
	put_segment(0, 4, 0x5000, 0x1000);       /* PT_NOTE */
	put_segment(1, 1, 0x1000000, 0x2000000); /* kernel text, in RAM below as well */
	put_segment(2, 1, 0x1000, 0x9ec00);
	put_segment(3, 1, 0x100000, 0x7ee00000);
	put_segment(4, 1, 0x100000000, 0x180000000);
	put_segment(5, 1, UINT64_MAX, 0x1000); /* no physical address */
	put_segment(6, 1, 0x123000, 0);
	assert_int_equal(get_ram(0), 0);
	assert_int_equal(ram.count, 3);
	assert_int_equal(ram_list[0].start, 0x1000);
	assert_int_equal(ram_list[0].end, 0x9fc00);
	assert_int_equal(ram_list[1].start, 0x100000);
	assert_int_equal(ram_list[1].end, 0x7ef00000);
	assert_int_equal(ram_list[2].start, 0x100000000);
	assert_int_equal(ram_list[2].end, 0x280000000);

	put_elf(7);
	assert_int_equal(get_ram(64 + 7 * 56), 0);
	assert_int_equal(ram.count, 3);
}

static void segments_that_wrap_are_refused(void **state)
{
	(void)state;
	put_elf(1);
	put_segment(0, 1, 0x1000, UINT64_MAX);
	assert_int_equal(get_ram(0), QT_E_BAD);
	put_segment(0, 1, UINT64_MAX - 0xfff, 0x1000);
	assert_int_equal(get_ram(0), QT_E_BAD);
	put_segment(0, 1, UINT64_MAX - 0xfff, 0xfff);
	assert_int_equal(get_ram(0), 0);
}

static void what_is_no_elf_core_file_is_refused(void **state)
{
	(void)state;
	const unsigned offsets[] = {0, 3, 4, 5, 6, 16, 54};

	for (size_t i = 0; i < QT_ARRAY_SIZE(offsets); i++) {
		put_elf(1);
		*at(ELF + offsets[i]) ^= 3;
		assert_int_equal(get_ram(0), QT_E_BAD);
	}
	put_elf(0);
	assert_int_equal(get_ram(0), QT_E_BAD);
	put_elf(0xffff);
	assert_int_equal(get_ram(0), QT_E_LIMIT);
}

static void program_headers_must_be_inside(void **state)
{
	(void)state;
	put_elf(2);
	assert_int_equal(get_ram(63), QT_E_BAD);
	assert_int_equal(get_ram(64 + 2 * 56 - 1), QT_E_BAD);
	assert_int_equal(get_ram(UINT64_MAX), QT_E_BAD);
	assert_int_equal(get_ram(64 + 2 * 56), 0);

	const uint64_t offsets[] = {0, 63, UINT64_MAX, UINT64_MAX - 64, UINT64_MAX - ELF - 100};
	for (size_t i = 0; i < QT_ARRAY_SIZE(offsets); i++) {
		put(ELF + 32, offsets[i], 8);
		assert_int_equal(get_ram(0), QT_E_BAD);
	}

	put(ELF + 32, ELF + 0x1000, 8);
	assert_int_equal(get_ram(0), QT_E_OUTSIDE);

	/* As many as can be said, far more than there is memory for. */
	put_elf(0xfffe);
	assert_int_equal(get_ram(0), QT_E_OUTSIDE);
	assert_int_equal(get_ram(0x10000), QT_E_BAD);
	assert_int_equal(qt_elfcore_ram(&fake.host, 0x1000, 0, &ram), QT_E_OUTSIDE);
	assert_int_equal(qt_elfcore_ram(&fake.host, UINT64_MAX - 10, 0, &ram), QT_E_BAD);
	fake.broken = PHDR0 + 56;
	put_elf(2);
	assert_int_equal(get_ram(0), QT_E_IO);
}

/* One PT_NOTE per possible CPU is normal: thousands of headers are. */
static void thousands_of_headers_are_read(void **state)
{
	(void)state;
	put_elf(8300);
	for (unsigned i = 0; i < 8300; i++)
		put_segment(i, i < 8290 ? 4 : 1, 0x1000000ull * i, 0x1000);
	assert_int_equal(get_ram(0), 0);
	assert_int_equal(ram.count, 10);

	put_elf(65);
	for (unsigned i = 0; i < 65; i++)
		put_segment(i, 1, 0x10000 * i, 0x1000);
	assert_int_equal(get_ram(0), QT_E_NOMEM);
	assert_int_equal(ram.count, 64);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(xsdt_comes_before_rsdt),
		TEST(old_rsdp_leads_to_the_rsdt),
		TEST(bad_xsdt_falls_back_to_the_rsdt),
		TEST(no_sound_root_table_is_an_error),
		TEST(damaged_rsdp_is_refused),
		TEST(root_table_lengths_are_bounded),
		TEST(rsdp_is_found_by_scanning),
		TEST(tables_are_copied_whole),
		TEST(bad_pointers_do_not_hide_other_tables),
		TEST(damaged_table_is_not_taken_for_an_absent_one),
		TEST(table_without_room_is_an_error),
		TEST(largest_table_is_read),
		TEST(longest_root_table_is_walked_in_bounded_time),
		TEST(mcfg_gives_all_segments),
		TEST(mcfg_entries_that_cannot_be_right_are_passed_over),
		TEST(mcfg_first_claim_wins),
		TEST(mcfg_errors_are_told_apart),
		TEST(pm_timer_is_a_port_or_memory),
		TEST(pm_timer_fields_that_mean_nothing_are_passed_over),
		TEST(no_fadt_no_timer),
		TEST(loads_are_ram_and_merge),
		TEST(segments_that_wrap_are_refused),
		TEST(what_is_no_elf_core_file_is_refused),
		TEST(program_headers_must_be_inside),
		TEST(thousands_of_headers_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
