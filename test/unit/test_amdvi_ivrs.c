/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * AMD-Vi: IVRS, and what is hidden of ACPI's tables: sound, odd and hostile.
 */
#include "takeover.h"

#define TABLE_MAX 4096u
#define PLACE     0xe8000u
#define UNIT_BASE 0xfed80000u

/* A table being written, and the machine that reads it. */
struct fixture {
	struct model *m;
	struct qt_machine machine;
	uint8_t table[TABLE_MAX];
	size_t len;
};

static void put(struct fixture *f, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		f->table[f->len++] = i < 8 ? (uint8_t)(value >> 8 * i) : 0;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->m = machine_of(NULL, 0);
	add_function(f->m, NVME, CLASS_NVME);
	add_function(f->m, NIC, CLASS_NIC);
	memcpy(f->table, "IVRS", 4);
	f->table[8] = 2;
	f->len = 48;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	model_free(f->m);
	free(f);
	return 0;
}

static void set_checksum(uint8_t *table, size_t len)
{
	uint8_t sum = 0;

	table[9] = 0;
	for (size_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + table[i]);
	table[9] = (uint8_t)-sum;
}

/* Writes the table of the fixture into firmware, with an XSDT and an RSDP, and discovers. */
static int discover(struct fixture *f)
{
	uint8_t xsdt[36 + 8] = "XSDT", rsdp[36] = "RSD PTR ";
	uint64_t at = PLACE;
	uint32_t len = (uint32_t)f->len;
	int error;

	memcpy(f->table + 4, &len, 4);
	set_checksum(f->table, f->len);
	model_write(f->m, PLACE, f->table, f->len);
	f->m->rsdp = 0;
	error = model_open(f->m, &f->machine); /* with its own tables, for the lists */
	assert_int_equal(error, 0);
	xsdt[4] = sizeof(xsdt);
	memcpy(xsdt + 36, &at, 8);
	set_checksum(xsdt, sizeof(xsdt));
	model_write(f->m, PLACE + 0x2000, xsdt, sizeof(xsdt));
	at = PLACE + 0x2000;
	rsdp[15] = 2;
	rsdp[20] = sizeof(rsdp);
	memcpy(rsdp + 24, &at, 8);
	for (unsigned part = 0; part < 2; part++) {
		size_t size = part ? 36 : 20, sum_at = part ? 32 : 8;
		uint8_t sum = 0;

		for (size_t i = 0; i < size; i++)
			sum = (uint8_t)(sum + rsdp[i]);
		rsdp[sum_at] = (uint8_t)-sum;
	}
	model_write(f->m, PLACE + 0x3000, rsdp, sizeof(rsdp));
	error = qt_acpi_open(&f->machine.acpi, &f->m->host, PLACE + 0x3000);
	assert_int_equal(error, 0);
	return qt_unit_amdvi.discover(&f->machine);
}

/* Begins an IVHD block; returns its offset, for end_block. */
static size_t unit_block(struct fixture *f, uint8_t type, uint16_t device, uint64_t base)
{
	size_t at = f->len;

	put(f, type, 1);
	put(f, 0x30, 1);
	put(f, 0, 2);
	put(f, device, 2);
	put(f, 0x40, 2);
	put(f, base, 8);
	put(f, 0, 2);
	put(f, 0, 6);
	if (type != 0x10)
		put(f, 0, 16);
	return at;
}

static void end_block(struct fixture *f, size_t at)
{
	size_t len = f->len - at;

	f->table[at + 2] = (uint8_t)len;
	f->table[at + 3] = (uint8_t)(len >> 8);
}

static void entry4(struct fixture *f, uint8_t type, uint16_t device)
{
	put(f, type, 1);
	put(f, device, 2);
	put(f, 0, 1);
}

static void entry8(struct fixture *f, uint8_t type, uint16_t device, uint32_t more)
{
	entry4(f, type, device);
	put(f, more, 4);
}

static const struct qt_scope *scope(const struct fixture *f, size_t index)
{
	assert_true(index < f->machine.scope_count);
	return &f->machine.scopes[index];
}

static void every_kind_of_entry(void **state)
{
	struct fixture *f = *state;
	size_t at = unit_block(f, 0x40, 2, UNIT_BASE);

	entry4(f, 0, 0);       /* padding */
	entry8(f, 0x40, 0, 0); /* padding */
	entry4(f, 2, 0x0008);  /* one */
	entry4(f, 3, 0x0010);  /* a range */
	entry4(f, 4, 0x001f);
	entry8(f, 0x42, 0x0100, 0x00a500 | 0); /* 01:00.0 seen as 00:14.5 */
	entry8(f, 0x43, 0x0200, 0x020800);     /* a range seen as 02:01.0 */
	entry4(f, 4, 0x02ff);
	entry8(f, 0x46, 0x0300, 1u << 31); /* one, extended */
	entry8(f, 0x47, 0x0400, 0);        /* a range, extended */
	entry4(f, 4, 0x04ff);
	entry8(f, 0x48, 0, 0x0100a000 | 0x21); /* IO-APIC 21h, 00:14.0 */
	entry8(f, 0x48, 0, 0x0200a200);        /* HPET */
	put(f, 0xf0, 1);                       /* ACPI device with a UID */
	put(f, 0x05a0, 2);
	put(f, 0, 1);
	for (unsigned i = 0; i < 17; i++)
		put(f, 'A', 1);
	put(f, 5, 1);
	put(f, 0x3130303030, 5);
	end_block(f, at);
	assert_int_equal(discover(f), 0);
	assert_int_equal(f->machine.unit_count, 1);
	assert_false(f->machine.units[0].include_all);
	assert_true(f->machine.units[0].shares_tables);
	assert_int_equal(scope(f, 0)->rid, 0x0008);
	assert_int_equal(scope(f, 1)->rid, 0x0010);
	assert_int_equal(scope(f, 1)->last, 0x001f);
	assert_int_equal(scope(f, 2)->rid, 0x0100);
	assert_int_equal(scope(f, 3)->rid, 0x00a5);
	assert_int_equal(scope(f, 4)->rid, 0x0200);
	assert_int_equal(scope(f, 4)->last, 0x02ff);
	assert_int_equal(scope(f, 5)->rid, 0x0208);
	assert_int_equal(scope(f, 6)->rid, 0x0300);
	assert_int_equal(scope(f, 7)->last, 0x04ff);
	assert_int_equal(f->machine.source_count, 3);
	assert_int_equal(f->machine.sources[0].rid, 0x00a0);
	assert_int_equal(f->machine.sources[1].rid, 0x00a2);
	assert_int_equal(f->machine.sources[2].rid, 0x05a0);
}

static void newest_type_of_each_unit_counts(void **state)
{
	struct fixture *f = *state;
	size_t at = unit_block(f, 0x10, 2, UNIT_BASE);

	entry4(f, 2, 0x0008);
	end_block(f, at);
	at = unit_block(f, 0x10, 0x4002, UNIT_BASE + 0x100000);
	entry4(f, 2, 0x4008);
	end_block(f, at);
	at = unit_block(f, 0x11, 2, UNIT_BASE);
	entry4(f, 2, 0x0010);
	end_block(f, at);
	at = unit_block(f, 0x40, 2, UNIT_BASE);
	entry4(f, 2, 0x0018);
	end_block(f, at);
	assert_int_equal(discover(f), 0);
	assert_int_equal(f->machine.unit_count, 2);
	assert_int_equal(f->machine.scope_count, 2);
	assert_int_equal(scope(f, 0)->rid, 0x4008);
	assert_int_equal(scope(f, 1)->rid, 0x0018);
}

static void all_devices_in_one_entry(void **state)
{
	struct fixture *f = *state;
	size_t at = unit_block(f, 0x11, 2, UNIT_BASE);

	entry4(f, 1, 0);
	end_block(f, at);
	assert_int_equal(discover(f), 0);
	assert_true(f->machine.units[0].include_all);
}

static void alias_is_given_to_functions_that_have_none(void **state)
{
	struct fixture *f = *state;
	size_t at = unit_block(f, 0x11, 2, UNIT_BASE);

	entry8(f, 0x43, 0x0008, 0x000a00);
	entry4(f, 4, 0x000f);
	end_block(f, at);
	assert_int_equal(discover(f), 0);
	assert_int_equal(qt_pci_find(&f->machine.pci, 0x0008)->alias, 0x000a);
	assert_int_equal(qt_pci_find(&f->machine.pci, 0x0010)->alias, 0x0010);
}

static void memory_block(struct fixture *f, uint8_t type, uint8_t flags, uint16_t first,
	uint16_t last, uint64_t start, uint64_t length)
{
	put(f, type, 1);
	put(f, flags, 1);
	put(f, 32, 2);
	put(f, first, 2);
	put(f, last, 2);
	put(f, 0, 8);
	put(f, start, 8);
	put(f, length, 8);
}

static void memory_for_all_one_and_some(void **state)
{
	struct fixture *f = *state;
	size_t at = unit_block(f, 0x11, 2, UNIT_BASE);
	const struct qt_reserved *reserved;

	entry4(f, 1, 0);
	end_block(f, at);
	memory_block(f, 0x20, 7, 0x1234, 0, 0x7d000800, 0x1000);
	memory_block(f, 0x21, 7, 0x0008, 0xffff, 0x7e000000, 0x2000);
	memory_block(f, 0x22, 8, 0x0010, 0x001f, 0x7f000000, 0x3000);
	memory_block(f, 0x21, 6, 0x0008, 0, 0x7f800000, 0x3000); /* neither kind: nothing */
	assert_int_equal(discover(f), 0);
	assert_int_equal(f->machine.reserved_count, 3);
	reserved = f->machine.reserved;
	assert_true(
		qt_reserved_is_for(&reserved[0], 0) && qt_reserved_is_for(&reserved[0], 0xffff));
	assert_int_equal(reserved[0].range.start, 0x7d000000);
	assert_int_equal(reserved[0].range.end, 0x7d002000);
	assert_true(qt_reserved_is_for(&reserved[1], 0x0008));
	assert_false(qt_reserved_is_for(&reserved[1], 0x0009));
	assert_true(qt_reserved_is_for(&reserved[2], 0x001f));
	assert_false(qt_reserved_is_for(&reserved[2], 0x0020));
}

/* Each spoils an otherwise sound table. */
static void bad_lengths_and_ranges(void **state)
{
	(void)state;
	for (unsigned what = 0; what < 16; what++) {
		void *fresh;
		struct fixture *f;
		size_t at;
		int error;

		setup(&fresh);
		f = fresh;
		at = unit_block(f, 0x11, 2, what == 0 ? 0 : what == 1 ? 0x123 : UNIT_BASE);
		if (what == 2)
			entry4(f, 4, 0x10); /* an end without a start */
		entry4(f, 3, 0x20);
		if (what == 3)
			entry4(f, 2, 0x28); /* something inside a range */
		if (what != 4)
			entry4(f, 4, what == 5 ? 0x18 : 0x30); /* ends before it starts */
		if (what == 6)
			put(f, 0x42, 1), put(f, 0, 3); /* half an entry */
		if (what == 7)
			put(f, 0xf1, 1), put(f, 0, 31); /* of no known length */
		if (what == 8) {
			put(f, 0xf0, 1);
			put(f, 0, 20);
			put(f, 200, 1); /* a UID that runs on */
		}
		end_block(f, at);
		if (what == 9)
			f->table[at + 2] = 24, f->table[at + 3] = 0; /* shorter than its type */
		if (what == 10)
			f->table[at + 3] = 0xff; /* longer than the table */
		if (what == 11)
			f->table[at + 2] = f->table[at + 3] = 0;
		if (what == 12)
			memory_block(f, 0x21, 7, 8, 0, UINT64_MAX - 0x800, 0x1000);
		if (what == 13)
			memory_block(f, 0x22, 7, 9, 8, 0x7d000000, 0x1000);
		if (what == 14)
			memory_block(f, 0x21, 7, 8, 0, 0x7d000000, 0);
		if (what == 15) { /* two units at one address */
			at = unit_block(f, 0x11, 3, UNIT_BASE);
			end_block(f, at);
		}
		error = discover(f);
		if (error != QT_E_BAD)
			fail_msg("%u: %s", what, qt_error_name(error));
		teardown(&fresh);
	}
}

static void too_much_is_a_limit(void **state)
{
	struct fixture *f = *state;
	size_t at = unit_block(f, 0x11, 2, UNIT_BASE);

	for (unsigned i = 0; i < QT_SCOPES_MAX + 1; i++)
		entry4(f, 2, (uint16_t)i);
	end_block(f, at);
	assert_int_equal(discover(f), QT_E_LIMIT);
}

/* Whatever the bytes say: an error or a sound list, and no access out of bounds. */
static void random_damage(void **state)
{
	struct model_random random = {1};

	(void)state;
	for (unsigned seed = 0; seed < 3000; seed++) {
		void *fresh;
		struct fixture *f;
		size_t at;

		setup(&fresh);
		f = fresh;
		at = unit_block(f, 0x11, 2, UNIT_BASE);
		entry4(f, 3, 0x20);
		entry4(f, 4, 0x30);
		entry8(f, 0x42, 8, 0x001000);
		end_block(f, at);
		memory_block(f, 0x22, 7, 8, 9, 0x7d000000, 0x1000);
		for (unsigned i = 0; i < 1 + model_random_below(&random, 4); i++)
			f->table[48 + model_random_below(&random, f->len - 48)] =
				(uint8_t)model_random_next(&random);
		discover(f);
		for (size_t i = 0; i < f->machine.scope_count; i++) {
			assert_true(f->machine.scopes[i].rid <= f->machine.scopes[i].last);
			assert_true(f->machine.scopes[i].unit < f->machine.unit_count);
		}
		for (size_t i = 0; i < f->machine.reserved_count; i++)
			assert_true(f->machine.reserved[i].range.start <
				    f->machine.reserved[i].range.end);
		teardown(&fresh);
	}
}

static void none_is_not_an_error(void **state)
{
	struct fixture *f = *state;

	memcpy(f->table, "IVRX", 4);
	assert_int_equal(discover(f), QT_E_NOTFOUND);
}

/* Hidden tables: the rest is found as before, by a fresh look at what is handed over. */
static void hidden_table_is_not_found(void **state)
{
	struct model_unit_config unit = model_amdvi_default(UNIT_BASE);
	struct model *m = machine_with(&unit);
	struct qt_machine machine;
	struct qt_acpi hidden;
	const uint8_t *table;
	qt_phys rsdp;
	size_t len;

	(void)state;
	assert_int_equal(model_open(m, &machine), 0);
	assert_int_equal(qt_acpi_table(&machine.acpi, &m->arena, "IVRS", 0, &table, &len), 0);
	assert_int_equal(qt_acpi_replace(&machine.acpi, &m->arena, "IVRS", 0, &rsdp), 0);
	assert_true(model_in_arena(m, rsdp, 36));
	assert_int_equal(rsdp % 16, 0);
	assert_int_equal(qt_acpi_open(&hidden, &m->host, rsdp), 0);
	assert_int_equal(hidden.entries, machine.acpi.entries - 1);
	assert_int_equal(qt_acpi_table(&hidden, &m->arena, "IVRS", 0, &table, &len), QT_E_NOTFOUND);
	assert_int_equal(qt_acpi_table(&hidden, &m->arena, "FACP", 0, &table, &len), 0);
	assert_int_equal(qt_acpi_table(&hidden, &m->arena, "MCFG", 0, &table, &len), 0);
	/* What is not there is as good as hidden. */
	assert_int_equal(qt_acpi_replace(&machine.acpi, &m->arena, "DMAR", 0, &rsdp), 0);
	assert_int_equal(qt_acpi_open(&hidden, &m->host, rsdp), 0);
	assert_int_equal(hidden.entries, machine.acpi.entries);
	m->arena.used = m->arena.size - 40;
	assert_int_equal(qt_acpi_replace(&machine.acpi, &m->arena, "IVRS", 0, &rsdp), QT_E_NOMEM);
	model_free(m);
}

/* A root table of 32-bit entries, and one that claims too many. */
static void hiding_from_an_rsdt(void **state)
{
	struct fixture *f = *state;
	struct qt_acpi hidden;
	uint8_t rsdt[36 + 8] = "RSDT";
	uint32_t at = PLACE;
	qt_phys rsdp;

	assert_int_equal(discover(f), QT_E_NOTFOUND); /* an IVRS without units */
	rsdt[4] = sizeof(rsdt);
	memcpy(rsdt + 36, &at, 4);
	at = PLACE + 0x2000;
	memcpy(rsdt + 40, &at, 4);
	model_write(f->m, PLACE + 0x4000, rsdt, sizeof(rsdt));
	f->machine.acpi.root = PLACE + 0x4000;
	f->machine.acpi.entry_size = 4;
	f->machine.acpi.entries = 2;
	assert_int_equal(qt_acpi_replace(&f->machine.acpi, &f->m->arena, "IVRS", 0, &rsdp), 0);
	assert_int_equal(qt_acpi_open(&hidden, &f->m->host, rsdp), 0);
	assert_int_equal(hidden.entries, 1);
	assert_int_equal(hidden.entry_size, 8);
	f->machine.acpi.entries = 5000;
	assert_int_equal(
		qt_acpi_replace(&f->machine.acpi, &f->m->arena, "IVRS", 0, &rsdp), QT_E_LIMIT);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_kind_of_entry),
		TEST(newest_type_of_each_unit_counts),
		TEST(all_devices_in_one_entry),
		TEST(alias_is_given_to_functions_that_have_none),
		TEST(memory_for_all_one_and_some),
		TEST(bad_lengths_and_ranges),
		TEST(too_much_is_a_limit),
		TEST(random_damage),
		TEST(none_is_not_an_error),
		TEST(hidden_table_is_not_found),
		TEST(hiding_from_an_rsdt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
