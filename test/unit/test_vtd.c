/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The VT-d unit by itself: what firmware says of it, what its registers and
 * tables say, admission, and making it forget.
 */
#include "takeover.h"

#define REGISTERS   0xfed90000u
#define ENTRIES_MAX 600

/* A machine with one started unit, and the core's view of it once opened. */
struct fixture {
	struct model *m;
	struct qt_machine machine;
	struct qt_unit_entry entries[ENTRIES_MAX];
	size_t entry_count;
	struct qt_store stores[16];
	size_t store_count;
	int stop_with;
};

static struct fixture *new_fixture(const struct model_unit_config *units, size_t count)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->m = machine_of(units, count);
	return f;
}

static struct fixture *default_fixture(void)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);

	return new_fixture(&unit, 1);
}

/* The second one has what is not claimed for the first. */
static struct fixture *two_units(void)
{
	struct model_unit_config units[] = {
		model_unit_default(REGISTERS), model_unit_default(REGISTERS + 0x1000)};

	units[0].include_all = false;
	return new_fixture(units, QT_ARRAY_SIZE(units));
}

/* Opens, discovers and inspects. */
static int open_fixture(struct fixture *f)
{
	int error = model_open(f->m, &f->machine);

	if (!error)
		error = qt_unit_vtd.discover(&f->machine);
	for (size_t i = 0; i < f->machine.unit_count && !error; i++)
		qt_unit_vtd.inspect(&f->machine, &f->machine.units[i]);
	return error;
}

static void free_fixture(struct fixture *f)
{
	if (f->m->complaints)
		fail_msg("%s", f->m->complaint);
	assert_int_equal(f->m->outside_reads, 0);
	model_free(f->m);
	free(f);
}

/* Discovery. */

static void test_discover_nothing(void **state)
{
	struct fixture *f = new_fixture(NULL, 0);

	(void)state;
	assert_int_equal(open_fixture(f), QT_E_NOTFOUND);
	free_fixture(f);
}

static void test_discover_scopes_and_reserved_memory(void **state)
{
	struct fixture *f = two_units();
	struct model *m = f->m;

	(void)state;
	/* A switch: root port 00:1c.0, upstream 01:00.0, downstream 02:01.0, endpoint 03:00.0. */
	model_make_bridge(add_function(m, QT_RID(0, 0, 0xe0), 0), 1, 3, QT_PCIE_ROOT_PORT);
	model_make_bridge(add_function(m, QT_RID(0, 1, 0), 0), 2, 3, QT_PCIE_UPSTREAM);
	model_make_bridge(add_function(m, QT_RID(0, 2, 8), 0), 3, 3, QT_PCIE_DOWNSTREAM);
	add_endpoint(m, QT_RID(0, 3, 0), CLASS_NVME);
	add_function(m, NVME, CLASS_NIC);
	model_claim(m, 0, QT_RID(0, 2, 8), true);
	model_claim(m, 1, NVME, false);
	model_reserve(m, QT_RID(0, 3, 0), 0x7d000000, 0x7d001000);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(f->machine.unit_count, 2);
	assert_int_equal(f->machine.units[0].registers, REGISTERS);
	assert_false(f->machine.units[0].include_all);
	assert_true(f->machine.units[1].include_all);
	assert_int_equal(f->machine.scope_count, 2);
	assert_int_equal(f->machine.scopes[0].rid, QT_RID(0, 2, 8));
	assert_true(f->machine.scopes[0].hierarchy);
	assert_int_equal(f->machine.scopes[1].rid, NVME);
	assert_int_equal(f->machine.reserved_count, 1);
	assert_int_equal(f->machine.reserved[0].rid, QT_RID(0, 3, 0));
	assert_int_equal(f->machine.reserved[0].range.start, 0x7d000000);
	assert_int_equal(f->machine.reserved[0].range.end, 0x7d001000);
	assert_int_equal(
		qt_machine_unit_of(&f->machine, qt_pci_find(&f->machine.pci, QT_RID(0, 3, 0))), 0);
	assert_int_equal(
		qt_machine_unit_of(&f->machine, qt_pci_find(&f->machine.pci, QT_RID(0, 1, 0))), 1);
	free_fixture(f);
}

/* The DMAR's checksum after a change, so that only the change is wrong. */
static void repair_checksum(struct model *m)
{
	uint8_t bytes[4096], sum = 0;
	uint32_t len;

	model_memory_read(&m->memory, m->dmar, bytes, sizeof(bytes));
	memcpy(&len, bytes + 4, sizeof(len));
	for (uint32_t i = 0; i < len; i++)
		sum = (uint8_t)(sum + bytes[i]);
	sum = (uint8_t)(bytes[9] - sum);
	model_write(m, m->dmar + 9, &sum, 1);
}

/* One byte of the DMAR changed: refused, or (what nobody looks at) not. */
static void test_discover_damage(void **state)
{
	static const struct {
		unsigned offset;
		uint8_t value;
		bool checksum; /* repaired */
		int error;
	} cases[] = {
		{60, 0x55, false, QT_E_BAD},      /* the checksum does not match */
		{36, 20, true, QT_E_BAD},         /* host address width 21 */
		{36, 63, true, QT_E_BAD},         /* 64 */
		{48 + 2, 0, true, QT_E_NOTFOUND}, /* DRHD of no length: the end */
		{48 + 2, 3, true, QT_E_BAD},
		{48 + 2, 15, true, QT_E_BAD},
		{48 + 3, 0x70, true, QT_E_BAD}, /* longer than the table */
		{48 + 9, 1, true, QT_E_BAD},    /* registers not page-aligned */
		{64 + 1, 0, true, QT_E_BAD},    /* scope of no length */
		{64 + 1, 5, true, QT_E_BAD},
		{64 + 1, 7, true, QT_E_BAD},
		{64 + 1, 0xfe, true, QT_E_BAD}, /* longer than its structure */
		{64 + 6, 32, true, QT_E_BAD},   /* device 32 */
		{64 + 7, 8, true, QT_E_BAD},    /* function 8 */
		{64 + 0, 3, true, 0},           /* an IO-APIC: passed over */
		{64 + 0, 99, true, 0},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = default_fixture();
		int error;

		add_function(f->m, NVME, CLASS_NIC);
		model_claim(f->m, 0, NVME, false);
		model_build_acpi(f->m);
		model_write(f->m, f->m->dmar + cases[i].offset, &cases[i].value, 1);
		if (cases[i].checksum)
			repair_checksum(f->m);
		error = open_fixture(f);
		if (error != cases[i].error)
			fail_msg("case %zu: %s", i, qt_error_name(error));
		free_fixture(f);
	}
}

/* Structures that need no action, of types known and unknown; and bad ones behind good ones. */
static void test_discover_other_structures(void **state)
{
	static const struct {
		uint8_t bytes[24];
		size_t size;
		int error;
	} cases[] = {
		{{2, 0, 8, 0, 1, 0, 0, 0}, 8, 0},                /* ATSR for all ports */
		{{3, 0, 20, 0}, 20, 0},                          /* RHSA */
		{{4, 0, 10, 0, 0, 0, 0, 1, 'A', 0}, 10, 0},      /* ANDD */
		{{5, 0, 8, 0}, 8, 0},                            /* SATC */
		{{99, 0, 6, 0, 1, 2}, 6, 0},                     /* a later one */
		{{2, 0, 7, 0, 1, 0, 0}, 7, QT_E_BAD},            /* ATSR too short */
		{{2, 0, 16, 0, 1, 0, 0, 0, 1, 4}, 16, QT_E_BAD}, /* its scope too short */
		{{1, 0, 24, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0x10}, 24,
			0},                    /* RMRR that ends before it starts: passed over */
		{{1, 0, 20, 0}, 20, QT_E_BAD}, /* RMRR too short */
		{{99, 0, 2, 0}, 4, QT_E_BAD}, {{99, 0}, 2, 0}, {{0}, 8, 0},  /* padding */
		{{0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 0xd9, 0xfe}, 16, QT_E_BAD}, /* a unit again */
		{{0, 0, 16, 0, 1, 0, 0, 0}, 16, QT_E_BAD}, /* a unit at address 0 */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = default_fixture();
		int error;

		memcpy(f->m->more_dmar, cases[i].bytes, sizeof(cases[i].bytes));
		f->m->more_dmar_size = cases[i].size;
		error = open_fixture(f);
		if (error != cases[i].error)
			fail_msg("case %zu: %s", i, qt_error_name(error));
		free_fixture(f);
	}
}

static void test_discover_random_bytes(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct model_random random = {.state = seed};
		struct fixture *f = default_fixture();

		add_function(f->m, NVME, CLASS_NIC);
		model_claim(f->m, 0, NVME, false);
		model_reserve(f->m, NVME, 0x7d000000, 0x7d001000);
		f->m->more_dmar_size = model_random_below(&random, 64);
		for (size_t i = 0; i < f->m->more_dmar_size; i++)
			f->m->more_dmar[i] =
				(uint8_t)(model_random_next(&random) % (i % 2 ? 4 : 32));
		model_build_acpi(f->m);
		for (unsigned i = 0; i < 2; i++) {
			uint8_t value = (uint8_t)model_random_next(&random);

			model_write(
				f->m, f->m->dmar + 40 + model_random_below(&random, 60), &value, 1);
		}
		repair_checksum(f->m);
		assert_int_equal(model_open(f->m, &f->machine), 0);
		qt_unit_vtd.discover(&f->machine);
		assert_true(f->machine.unit_count <= QT_UNITS_MAX);
		assert_true(f->machine.scope_count <= QT_SCOPES_MAX);
		assert_true(f->machine.reserved_count <= QT_RESERVED_MAX);
		free_fixture(f);
	}
}

static void test_discover_more_units_than_there_is_room_for(void **state)
{
	struct fixture *f = default_fixture();

	(void)state;
	assert_int_equal(model_open(f->m, &f->machine), 0);
	f->machine.unit_count = QT_UNITS_MAX;
	assert_int_equal(qt_unit_vtd.discover(&f->machine), QT_E_LIMIT);
	assert_int_equal(f->machine.unit_count, QT_UNITS_MAX);
	free_fixture(f);
}

/* Inspection. */

static void test_inspect(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);
	struct fixture *f;

	(void)state;
	unit.coherent = false;
	unit.domain_id_bits = 8;
	f = new_fixture(&unit, 1);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(f->machine.units[0].state, QT_UNIT_TRANSLATING);
	assert_int_equal(f->machine.units[0].root, f->m->units[0].root);
	assert_int_equal(f->machine.units[0].domain_ids, 256);
	assert_int_equal(f->machine.units[0].output_bits, 39);
	assert_false(f->machine.units[0].coherent);
	assert_int_equal(f->m->units[0].register_writes, 0);
	free_fixture(f);
}

static void test_inspect_states(void **state)
{
	static const struct {
		uint64_t mode;
		bool on, all_ones;
		enum qt_unit_state state;
		enum qt_reason reason;
	} cases[] = {
		{0, false, false, QT_UNIT_OFF, QT_WHY_UNIT_OFF},
		{MODEL_RTADDR_SCALABLE, false, false, QT_UNIT_OFF, QT_WHY_UNIT_OFF},
		/* A unit without scalable mode that says it is in it. */
		{MODEL_RTADDR_SCALABLE, true, false, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED},
		{MODEL_RTADDR_ABORT, true, false, QT_UNIT_UNSUPPORTED, QT_WHY_ABORT_MODE},
		{0x800, true, false, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED},
		{0, true, true, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD},
		{0, true, false, QT_UNIT_TRANSLATING, QT_WHY_NONE},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = default_fixture();

		f->m->units[0].root_register |= cases[i].mode;
		f->m->units[0].all_ones = cases[i].all_ones;
		if (!cases[i].on)
			f->m->units[0].status &= ~MODEL_GCMD_TE;
		assert_int_equal(open_fixture(f), 0);
		assert_int_equal(f->machine.units[0].state, cases[i].state);
		assert_int_equal(f->machine.units[0].reason, cases[i].reason);
		free_fixture(f);
	}
}

/* Entries. */

static struct qt_unit_entry entry_of(struct fixture *f, qt_rid rid, int expected)
{
	struct qt_reader reader = qt_machine_reader(&f->machine, 100);
	struct qt_unit_entry entry;

	assert_int_equal(qt_unit_vtd.entry(&f->machine.units[0], &reader, rid, &entry), expected);
	assert_int_equal(entry.rid, rid);
	return entry;
}

static void test_entry(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);
	struct model_domain *three, *four, *five;
	struct qt_unit_entry entry;
	struct fixture *f;

	(void)state;
	unit.levels = 7 << 3;
	unit.guest_bits = 57;
	f = new_fixture(&unit, 1);
	three = model_domain_new(f->m, 0, 3, 7);
	four = model_domain_new(f->m, 0, 4, 65535);
	five = model_domain_new(f->m, 0, 5, 1);
	model_attach(f->m, three, NVME, 0);
	model_attach(f->m, four, QT_RID(0, 255, 255), 1);
	model_attach(f->m, five, QT_RID(0, 3, 0), 0);
	model_attach_pass(f->m, 0, QT_RID(0, 3, 1));
	assert_int_equal(open_fixture(f), 0);

	entry = entry_of(f, NVME, 0);
	assert_int_equal(entry.state, QT_REQ_TRANSLATED);
	assert_int_equal(entry.domain_id, 7);
	assert_int_equal(entry.table.root, three->root);
	assert_int_equal(entry.table.geometry.levels, 3);
	assert_int_equal(entry.table.geometry.leaf_level, 2);
	assert_int_equal(entry.table.geometry.output_bits, 39);
	assert_false(entry.ats);
	entry = entry_of(f, QT_RID(0, 255, 255), 0);
	assert_int_equal(entry.table.geometry.levels, 4);
	assert_int_equal(entry.domain_id, 65535);
	assert_true(entry.ats);
	assert_int_equal(entry_of(f, QT_RID(0, 3, 0), 0).table.geometry.levels, 5);
	assert_int_equal(entry_of(f, QT_RID(0, 3, 1), 0).state, QT_REQ_PASSTHROUGH);
	assert_int_equal(entry_of(f, QT_RID(0, 3, 2), 0).state, QT_REQ_ABSENT);
	assert_int_equal(entry_of(f, QT_RID(0, 4, 0), 0).state, QT_REQ_ABSENT);
	free_fixture(f);
}

static void test_entry_damage(void **state)
{
	static const struct {
		uint64_t lo, hi; /* changed bits */
	} cases[] = {
		{0x10, 0}, {0x800, 0}, {0xc, 0}, {1ull << 39, 0}, {1ull << 63, 0}, {0, 0x80},
		{0, 1ull << 24}, {0, 1ull << 63},
		{0, 1},        /* AW 2 -> 3: 5 levels, which this unit does not have */
		{0, 4},        /* AW 6 */
		{0, 0x100000}, /* domain ID beyond 8 bits */
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		struct fixture *f;
		qt_phys at;

		unit.domain_id_bits = 8;
		f = new_fixture(&unit, 1);
		model_attach(f->m, model_domain_new(f->m, 0, 4, 7), 0x8, 0);
		at = model_context_entry(f->m, 0, 0x8);
		model_poke(f->m, at, model_peek(f->m, at) ^ cases[i].lo);
		model_poke(f->m, at + 8, model_peek(f->m, at + 8) ^ cases[i].hi);
		assert_int_equal(open_fixture(f), 0);
		if (entry_of(f, 0x8, 0).state != QT_REQ_DAMAGED)
			fail_msg("case %zu", i);
		free_fixture(f);
	}
}

/* Fields that mean nothing here do not make an entry damaged: FPD, and bits 6:3 of the upper half.
 */
static void test_entry_with_ignored_bits(void **state)
{
	struct fixture *f = default_fixture();
	qt_phys at;

	(void)state;
	model_attach(f->m, model_domain_new(f->m, 0, 4, 7), 0x8, 0);
	at = model_context_entry(f->m, 0, 0x8);
	model_poke(f->m, at, model_peek(f->m, at) | 2);
	model_poke(f->m, at + 8, model_peek(f->m, at + 8) | 0x78);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(entry_of(f, 0x8, 0).state, QT_REQ_TRANSLATED);
	free_fixture(f);
}

static void test_entry_of_units_without_the_feature(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);
	struct fixture *f;

	(void)state;
	unit.pass_through = unit.device_tlbs = false;
	f = new_fixture(&unit, 1);
	model_attach_pass(f->m, 0, 0x8);
	model_attach(f->m, model_domain_new(f->m, 0, 4, 7), 0x10, 1);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(entry_of(f, 0x8, 0).state, QT_REQ_DAMAGED);
	assert_int_equal(entry_of(f, 0x10, 0).state, QT_REQ_DAMAGED);
	free_fixture(f);
}

static int collect(void *context, const struct qt_unit_entry *entry)
{
	struct fixture *f = context;

	assert_true(f->entry_count < ENTRIES_MAX);
	f->entries[f->entry_count++] = *entry;
	return f->stop_with;
}

static int scan(struct fixture *f, uint64_t reads)
{
	struct qt_reader reader = qt_machine_reader(&f->machine, reads);

	f->entry_count = 0;
	return qt_unit_vtd.scan(&f->machine.units[0], &reader, collect, f);
}

static void test_scan(void **state)
{
	struct fixture *f = default_fixture();
	struct model_domain *d = model_domain_new(f->m, 0, 4, 7);

	(void)state;
	model_attach(f->m, d, QT_RID(0, 0, 0), 0);
	model_attach(f->m, d, QT_RID(0, 0, 255), 0);
	model_attach_pass(f->m, 0, QT_RID(0, 17, 3));
	model_attach(f->m, d, QT_RID(0, 255, 255), 1);
	model_attach(f->m, d, QT_RID(0, 80, 8), 0);
	model_detach(f->m, 0, QT_RID(0, 80, 8)); /* a context table with nothing in it */
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(scan(f, 100000), 0);
	assert_int_equal(f->entry_count, 4);
	assert_int_equal(f->entries[0].rid, QT_RID(0, 0, 0));
	assert_int_equal(f->entries[1].rid, QT_RID(0, 0, 255));
	assert_int_equal(f->entries[2].rid, QT_RID(0, 17, 3));
	assert_int_equal(f->entries[2].state, QT_REQ_PASSTHROUGH);
	assert_int_equal(f->entries[3].rid, QT_RID(0, 255, 255));
	assert_true(f->entries[3].ats);
	f->stop_with = 5;
	assert_int_equal(scan(f, 100000), 5);
	assert_int_equal(f->entry_count, 1);
	f->stop_with = 0;
	assert_int_equal(scan(f, 20), QT_E_LIMIT);
	free_fixture(f);
}

/* The segment of the unit goes into what it says of its requesters. */
static void test_scan_on_another_segment(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);
	struct fixture *f;

	(void)state;
	unit.segment = 3;
	f = new_fixture(&unit, 1);
	model_add_function(f->m, QT_RID(3, 0, 8), 0x8086, 5, 0x020000);
	model_attach(f->m, model_domain_new(f->m, 0, 4, 7), QT_RID(3, 0, 8), 0);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(scan(f, 100000), 0);
	assert_int_equal(f->entry_count, 1);
	assert_int_equal(f->entries[0].rid, QT_RID(3, 0, 8));
	assert_int_equal(
		qt_machine_unit_of(&f->machine, qt_pci_find(&f->machine.pci, QT_RID(3, 0, 8))), 0);
	free_fixture(f);
}

/* A bus whose context table is not there hides none of the others. */
static void test_scan_past_a_damaged_bus(void **state)
{
	struct fixture *f = default_fixture();
	struct model_domain *d = model_domain_new(f->m, 0, 4, 7);

	(void)state;
	model_attach(f->m, d, QT_RID(0, 1, 0), 0);
	model_attach(f->m, d, QT_RID(0, 3, 0), 0);
	model_poke(f->m, model_root_entry(f->m, 0, 2), QT_GIB(3) | 1);
	model_poke(f->m, model_root_entry(f->m, 0, 4), QT_MIB(100) | 0x11);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(scan(f, 100000), 0);
	assert_int_equal(f->entry_count, 4);
	assert_int_equal(f->entries[1].rid, QT_RID(0, 2, 0));
	assert_int_equal(f->entries[1].state, QT_REQ_DAMAGED);
	assert_int_equal(f->entries[2].rid, QT_RID(0, 3, 0));
	assert_int_equal(f->entries[3].state, QT_REQ_DAMAGED);
	assert_int_equal(entry_of(f, QT_RID(0, 4, 8), 0).state, QT_REQ_DAMAGED);
	free_fixture(f);
}

static void test_geometry(void **state)
{
	static const struct {
		uint8_t levels, guest_bits;
		uint64_t limit;
		unsigned expected; /* levels, 0: none */
	} cases[] = {
		{1 << 3 | 1 << 4, 48, QT_GIB(4), 3},
		{1 << 3 | 1 << 4, 48, QT_GIB(512), 3},
		{1 << 3 | 1 << 4, 48, QT_GIB(512) + 1, 4},
		{1 << 4, 48, QT_GIB(4), 4},
		{1 << 3, 39, QT_GIB(600), 0},
		{1 << 4 | 1 << 5, 57, 1ull << 48, 4},
		{1 << 4 | 1 << 5, 57, (1ull << 48) + 1, 5},
		{1 << 4, 39, QT_GIB(600), 0}, /* the tables would span it, the unit does not */
		{1 << 4, 39, QT_GIB(500), 4},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		struct qt_geometry geometry;
		struct fixture *f;
		int error;

		unit.levels = cases[i].levels;
		unit.guest_bits = cases[i].guest_bits;
		f = new_fixture(&unit, 1);
		assert_int_equal(open_fixture(f), 0);
		error = qt_unit_vtd.geometry(&f->machine.units[0], cases[i].limit, &geometry);
		assert_int_equal(error, cases[i].expected ? 0 : QT_E_UNSUPPORTED);
		if (!error)
			assert_int_equal(geometry.levels, cases[i].expected);
		free_fixture(f);
	}
}

static void test_leaf_levels(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 4; bits++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		struct qt_geometry geometry;
		struct fixture *f;

		unit.large_2m = bits & 1;
		unit.large_1g = bits & 2;
		f = new_fixture(&unit, 1);
		assert_int_equal(open_fixture(f), 0);
		assert_int_equal(
			qt_unit_vtd.geometry(&f->machine.units[0], QT_GIB(1), &geometry), 0);
		assert_int_equal(geometry.leaf_level, bits == 3 ? 2 : bits == 1 ? 1 : 0);
		free_fixture(f);
	}
}

/* Admission. */

static bool pending(void *context, qt_phys at, uint64_t *value)
{
	struct fixture *f = context;

	for (size_t i = f->store_count; i-- > 0;) {
		if (f->stores[i].at != at)
			continue;
		*value = f->stores[i].after;
		return true;
	}
	return false;
}

static int add(void *context, const struct qt_store *store)
{
	struct fixture *f = context;

	assert_true(f->store_count < QT_ARRAY_SIZE(f->stores));
	assert_int_equal(model_peek(f->m, store->at), store->before);
	f->stores[f->store_count++] = *store;
	return f->stop_with;
}

static int admit(struct fixture *f, qt_rid rid, qt_phys root)
{
	const struct qt_unit *unit = &f->machine.units[0];
	struct qt_domain domain = {.id = 99, .table = {.root = root}};

	assert_int_equal(qt_unit_vtd.geometry(unit, QT_GIB(1), &domain.table.geometry), 0);
	return qt_unit_vtd.admit(
		&(struct qt_unit_change){&f->machine, unit, rid, &domain, NULL, pending, add, f});
}

static void test_admit_into_a_table_that_is_there(void **state)
{
	struct fixture *f = default_fixture();
	qt_phys at, root;

	(void)state;
	model_attach(f->m, model_domain_new(f->m, 0, 4, 7), QT_RID(0, 1, 0), 0);
	root = model_page(f->m);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(admit(f, QT_RID(0, 1, 8), root), 0);
	at = model_context_entry(f->m, 0, QT_RID(0, 1, 8));
	/* The half with the present bit last. */
	assert_int_equal(f->store_count, 2);
	assert_int_equal(f->stores[0].at, at + 8);
	assert_int_equal(f->stores[0].after, 99 << 8 | 1);
	assert_int_equal(f->stores[1].at, at);
	assert_int_equal(f->stores[1].after, root | 1);
	assert_int_equal(admit(f, QT_RID(0, 1, 0), root), QT_E_BUSY);
	free_fixture(f);
}

/* A new context table: complete before the one store that makes the bus appear; then shared. */
static void test_admit_on_new_buses(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);
	struct fixture *f;
	qt_phys root, table;

	(void)state;
	unit.coherent = false;
	f = new_fixture(&unit, 1);
	root = model_page(f->m);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(admit(f, QT_RID(0, 5, 8), root), 0);
	assert_int_equal(f->store_count, 1);
	assert_int_equal(f->stores[0].at, model_root_entry(f->m, 0, 5));
	table = f->stores[0].after & ~0xfffull;
	assert_true(model_in_arena(f->m, table, 4096));
	assert_int_equal(admit(f, QT_RID(0, 5, 16), root), 0);
	assert_int_equal(f->store_count, 1);
	/* Both entries are written back: this unit does not snoop. */
	for (unsigned devfn = 0; devfn < 256; devfn++) {
		uint64_t lo = model_memory_load(&f->m->memory, table + devfn * 16, MODEL_MEMORY);
		uint64_t hi =
			model_memory_load(&f->m->memory, table + devfn * 16 + 8, MODEL_MEMORY);
		bool there = devfn == 8 || devfn == 16;

		assert_int_equal(lo, there ? root | 1 : 0);
		assert_int_equal(hi, there ? 99 << 8 | 1 : 0);
	}
	assert_int_equal(admit(f, QT_RID(0, 5, 8), root), QT_E_BUSY);
	assert_int_equal(admit(f, QT_RID(0, 6, 8), root), 0);
	assert_int_equal(f->store_count, 2);
	free_fixture(f);
}

static void test_admit_without_memory(void **state)
{
	struct fixture *f = default_fixture();

	(void)state;
	assert_int_equal(open_fixture(f), 0);
	f->machine.arena->used = f->machine.arena->size - 100;
	assert_int_equal(admit(f, QT_RID(0, 5, 8), QT_MIB(5)), QT_E_NOMEM);
	assert_int_equal(f->store_count, 0);
	free_fixture(f);
}

static void test_admit_hands_on_errors(void **state)
{
	struct fixture *f = default_fixture();

	(void)state;
	assert_int_equal(open_fixture(f), 0);
	f->stop_with = QT_E_NOMEM;
	assert_int_equal(admit(f, QT_RID(0, 5, 8), QT_MIB(5)), QT_E_NOMEM);
	model_free(f->m);
	free(f);
}

/* Flushing. */

/* Something of everything in the caches. */
static void fill_caches(struct fixture *f)
{
	struct model_domain *d = model_domain_new(f->m, 0, 4, 7);

	model_map(f->m, d, QT_MIB(1), QT_MIB(100), 0x4000, QT_RW, 0);
	model_attach(f->m, d, 0x8, 0);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(model_touch(f->m, 0x8, QT_MIB(1) + i * 0x1000), 0);
	assert_true(f->m->units[0].cache.used >= 5);
}

static int flush(struct fixture *f)
{
	return qt_unit_vtd.flush(&f->machine, &f->machine.units[0]);
}

static void test_flush_every_kind_of_unit(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 32; bits++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		uint32_t status;
		uint64_t queue;
		struct fixture *f;

		unit.queued = bits & 1;
		unit.write_buffer = bits & 2;
		unit.coherent = bits & 4;
		unit.version_major = bits & 1 && bits & 8 ? 6 : 1;
		unit.latency_us = bits & 16 ? 0 : 900;
		f = new_fixture(&unit, 1);
		fill_caches(f);
		assert_int_equal(open_fixture(f), 0);
		status = f->m->units[0].status;
		queue = f->m->units[0].queue_address;
		assert_int_equal(flush(f), 0);
		assert_int_equal(f->m->units[0].cache.used, 0);
		assert_int_equal(f->m->units[0].buffer_flushes, unit.write_buffer);
		model_sleep(f->m, 10000);
		assert_int_equal(f->m->units[0].status, status);
		assert_int_equal(f->m->units[0].queue_address, queue);
		assert_int_equal(flush(f), 0); /* and again */
		free_fixture(f);
	}
}

/* Contexts go first: what is walked in between comes from the new ones. */
static void order_seen(struct model *m, void *context)
{
	bool *wrong = context;

	if (m->units[0].iotlb_invalidations && !m->units[0].context_invalidations)
		*wrong = true;
}

static void test_flush_contexts_before_translations(void **state)
{
	(void)state;
	for (int queued = 0; queued < 2; queued++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		struct fixture *f;
		bool wrong = false;

		unit.queued = queued;
		f = new_fixture(&unit, 1);
		assert_int_equal(open_fixture(f), 0);
		f->m->crashed = true;
		f->m->on_change = order_seen;
		f->m->on_change_context = &wrong;
		assert_int_equal(flush(f), 0);
		assert_false(wrong);
		assert_true(f->m->units[0].iotlb_invalidations);
		free_fixture(f);
	}
}

/* Whatever never comes is waited for so long and no longer. */
static void test_flush_is_bounded(void **state)
{
	(void)state;
	for (unsigned bits = 0; bits < 16; bits++) {
		struct model_unit_config unit = model_unit_default(REGISTERS);
		struct fixture *f;
		uint64_t began;
		int error;

		unit.queued = bits & 1;
		unit.write_buffer = bits & 2;
		f = new_fixture(&unit, 1);
		assert_int_equal(open_fixture(f), 0);
		f->m->units[0].deaf = bits & 4;
		f->m->units[0].command_deaf = bits & 8;
		began = f->m->clock_ns;
		error = flush(f);
		assert_true(f->m->clock_ns - began < 2000000000ull);
		if (bits & 4 || (bits & 8 && bits & 3))
			assert_int_equal(error, QT_E_TIMEOUT);
		else
			assert_int_equal(error, 0);
		free_fixture(f);
	}
}

/* What the dead kernel had queued when it died is let through, but not for ever. */
static void test_flush_with_a_queue_that_is_stuck(void **state)
{
	struct fixture *f = default_fixture();
	struct model_unit *unit = &f->m->units[0];

	(void)state;
	unit->queue_head = 0x20;
	unit->queue_tail = 0x60;
	unit->fault_status = MODEL_FSTS_IQE;
	fill_caches(f);
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(flush(f), 0);
	assert_int_equal(unit->cache.used, 0);
	assert_int_equal(unit->fault_status, 0);
	free_fixture(f);
}

static void test_flush_with_errors_that_stay(void **state)
{
	struct fixture *f = default_fixture();

	(void)state;
	f->m->units[0].fault_status = MODEL_FSTS_IQE;
	f->m->units[0].status_stuck = true;
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(flush(f), QT_E_IO);
	free_fixture(f);
}

static void test_flush_by_registers_that_does_nothing(void **state)
{
	struct model_unit_config unit = model_unit_default(REGISTERS);
	struct fixture *f;

	(void)state;
	unit.queued = false;
	f = new_fixture(&unit, 1);
	f->m->units[0].register_invalidation_broken = true;
	assert_int_equal(open_fixture(f), 0);
	assert_int_equal(flush(f), QT_E_IO);
	free_fixture(f);
}

/* Only the unit's own devices, only those with ATS on at both ends. */
static void test_flush_devices(void **state)
{
	struct fixture *f = two_units();
	struct model *m = f->m;
	struct model_domain *d;

	(void)state;
	for (unsigned i = 1; i < 5; i++) {
		struct model_function *function =
			model_add_function(m, QT_RID(0, 0, 8 * i), 0x8086, 5, 0x020000);

		model_add_pcie(function, QT_PCIE_RC_ENDPOINT);
		model_add_ats(function);
		d = model_domain_new(m, i > 2, 4, (uint16_t)i);
		model_map(m, d, QT_MIB(1), QT_MIB(100), 0x4000, QT_RW, 0);
		model_attach(m, d, QT_RID(0, 0, 8 * i), 1);
		if (i <= 2)
			model_claim(m, 0, QT_RID(0, 0, 8 * i), false);
	}
	model_function(m, QT_RID(0, 0, 16))->ats = false; /* off in the device */
	model_function(m, QT_RID(0, 0, 16))->config[0x107] = 0;
	for (unsigned i = 1; i < 5; i++)
		assert_int_equal(model_touch(m, QT_RID(0, 0, 8 * i), QT_MIB(1)), 0);
	assert_int_equal(model_open(m, &f->machine), 0);
	qt_machine_find(&f->machine);
	assert_int_equal(flush(f), 0);
	assert_int_equal(m->units[0].device_invalidations, 1);
	assert_int_equal(m->units[0].cache.used, 0);
	assert_int_not_equal(m->units[1].cache.used, 0);
	assert_int_equal(qt_unit_vtd.flush(&f->machine, &f->machine.units[1]), 0);
	assert_int_equal(m->units[1].device_invalidations, 2);
	assert_int_equal(m->units[1].cache.used, 0);
	free_fixture(f);
}

/* More devices than a page of descriptors holds. */
static void test_flush_many_devices(void **state)
{
	struct fixture *f = default_fixture();
	struct model_domain *d = model_domain_new(f->m, 0, 4, 1);
	unsigned n = 0;

	(void)state;
	model_map(f->m, d, QT_MIB(1), QT_MIB(100), 0x1000, QT_RW, 0);
	for (uint8_t bus = 0; bus < 2; bus++)
		for (unsigned devfn = 8; devfn < 248; devfn++) {
			qt_rid rid = QT_RID(0, bus, devfn);
			struct model_function *function;

			if (n == 400)
				break;
			function = model_add_function(f->m, rid, 0x8086, 5, 0x020000);
			model_add_pcie(function, QT_PCIE_RC_ENDPOINT);
			model_add_ats(function);
			model_attach(f->m, d, rid, 1);
			n++;
		}
	assert_int_equal(model_open(f->m, &f->machine), 0);
	qt_machine_find(&f->machine);
	assert_int_equal(flush(f), 0);
	assert_true(f->m->units[0].device_invalidations >= 200);
	free_fixture(f);
}

static void test_mask_interrupts(void **state)
{
	const struct qt_capture_kernel kernel = {0};
	struct qt_keep_away how = {0};
	struct fixture *f = default_fixture();

	(void)state;
	assert_int_equal(open_fixture(f), 0);
	qt_unit_vtd.mask_interrupts(&f->machine, &f->machine.units[0]);
	assert_int_equal(f->m->units[0].fault_control, MODEL_CONTROL_MASK);
	assert_int_equal(f->m->units[0].queue_control, MODEL_CONTROL_MASK);
	assert_int_equal(f->m->units[0].page_request_control, MODEL_CONTROL_MASK);
	assert_int_equal(qt_unit_vtd.keep_away(&kernel, &how), 0);
	assert_string_equal(how.command_line, "initcall_blacklist=pci_iommu_init");
	assert_null(how.hide_table);
	free_fixture(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_discover_nothing),
		cmocka_unit_test(test_discover_scopes_and_reserved_memory),
		cmocka_unit_test(test_discover_damage),
		cmocka_unit_test(test_discover_other_structures),
		cmocka_unit_test(test_discover_random_bytes),
		cmocka_unit_test(test_discover_more_units_than_there_is_room_for),
		cmocka_unit_test(test_inspect),
		cmocka_unit_test(test_inspect_states),
		cmocka_unit_test(test_entry),
		cmocka_unit_test(test_entry_damage),
		cmocka_unit_test(test_entry_with_ignored_bits),
		cmocka_unit_test(test_entry_of_units_without_the_feature),
		cmocka_unit_test(test_scan),
		cmocka_unit_test(test_scan_on_another_segment),
		cmocka_unit_test(test_scan_past_a_damaged_bus),
		cmocka_unit_test(test_geometry),
		cmocka_unit_test(test_leaf_levels),
		cmocka_unit_test(test_admit_into_a_table_that_is_there),
		cmocka_unit_test(test_admit_on_new_buses),
		cmocka_unit_test(test_admit_without_memory),
		cmocka_unit_test(test_admit_hands_on_errors),
		cmocka_unit_test(test_flush_every_kind_of_unit),
		cmocka_unit_test(test_flush_contexts_before_translations),
		cmocka_unit_test(test_flush_is_bounded),
		cmocka_unit_test(test_flush_with_a_queue_that_is_stuck),
		cmocka_unit_test(test_flush_with_errors_that_stay),
		cmocka_unit_test(test_flush_by_registers_that_does_nothing),
		cmocka_unit_test(test_flush_devices),
		cmocka_unit_test(test_flush_many_devices),
		cmocka_unit_test(test_mask_interrupts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
