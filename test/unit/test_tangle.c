/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tables of a dead kernel's in which one page is reached on several ways. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>
#include <machine/scenario.h>

#define NVME QT_RID(0, 0, 0x08)
#define NIC  QT_RID(0, 0, 0x10)

#define CRASH QT_MIB(32)

static const struct qt_range ram[] = {{0, 0xa0000}, {QT_MIB(1), QT_MIB(64)}};
static const struct qt_range crash[] = {{CRASH, CRASH + QT_MIB(2)}};

/* A domain that has an empty table where the crash region is, beside one that is not. */
static struct model_domain *add_device(struct model *m, qt_rid rid, uint16_t id)
{
	struct model_domain *domain = model_domain_new(m, 0, 4, id);

	model_add_function(m, rid, 0x8086, 0x10d3, rid == NVME ? 0x010802 : 0x020000);
	model_map(m, domain, CRASH, QT_MIB(8), 0x1000, QT_RW, 0);
	model_unmap(m, domain, CRASH, 0x1000);
	model_map(m, domain, QT_MIB(40), QT_MIB(10), 0x1000, QT_RW, 0);
	model_map(m, domain, QT_GIB(1), QT_MIB(12), 0x1000, QT_RW, 0);
	model_attach(m, domain, rid, 0);
	return domain;
}

static struct model *new_machine(void)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);
	struct model *m = model_new(&(struct model_config){.ram = ram,
		.ram_count = QT_ARRAY_SIZE(ram),
		.crash = crash,
		.crash_count = 1,
		.units = &unit,
		.unit_count = 1});

	model_start_unit(m, 0);
	return m;
}

static qt_phys page_of(qt_phys entry)
{
	return entry & ~(qt_phys)(MODEL_PAGE - 1);
}

/* The table at `level` that a domain has for an IOVA. */
static qt_phys table_at(
	struct model *m, const struct model_domain *domain, qt_iova iova, unsigned level)
{
	return page_of(model_table_entry(m, domain, iova, level));
}

static void lead(struct model *m, const struct model_domain *domain, qt_iova iova, unsigned level,
	qt_phys table)
{
	model_poke(m, model_table_entry(m, domain, iova, level), table | QT_RW);
}

static void expect_refused(struct model *m)
{
	struct scenario s;
	const char *wrong;

	scenario_run(&s, m);
	assert_true(s.plan.commit);
	assert_int_equal(s.prepared, QT_E_BAD);
	assert_int_equal(m->store_count, 0);
	wrong = scenario_untouched(&s);
	if (wrong)
		fail_msg("%s", wrong);
	scenario_free(&s);
}

/* The empty table's entry would be exchanged; on the other way it is a leaf. */
static void test_table_at_two_levels(void **state)
{
	struct model *m = new_machine();
	struct model_domain *domain = add_device(m, NVME, 1);

	(void)state;
	lead(m, domain, QT_GIB(1) + QT_MIB(2), 1, table_at(m, domain, CRASH, 1));
	expect_refused(m);
}

static void test_table_at_two_levels_of_two_domains(void **state)
{
	struct model *m = new_machine();
	struct model_domain *domain = add_device(m, NVME, 1), *other = add_device(m, NIC, 2);

	(void)state;
	lead(m, other, QT_GIB(1) + QT_MIB(2), 1, table_at(m, domain, CRASH, 1));
	expect_refused(m);
}

/* The capture mapping would be at another address there, too. */
static void test_table_for_two_addresses(void **state)
{
	struct model *m = new_machine();
	struct model_domain *domain = add_device(m, NVME, 1), *other = add_device(m, NIC, 2);

	(void)state;
	lead(m, other, QT_GIB(1), 2, table_at(m, domain, CRASH, 1));
	expect_refused(m);
}

/* What is admitted has its new entry in a table that is also a page table. */
static void test_requester_table_as_page_table(void **state)
{
	struct model *m = new_machine();
	struct model_domain *domain = add_device(m, NVME, 1);

	(void)state;
	model_add_function(m, NIC, 0x8086, 0x10d3, 0x020000);
	lead(m, domain, QT_GIB(1) + QT_MIB(2), 1, page_of(model_context_entry(m, 0, NVME)));
	expect_refused(m);
}

/* The same table in the same place of two domains means the same. */
static void test_shared_table_is_no_tangle(void **state)
{
	struct model *m = new_machine();
	struct model_domain *domain = add_device(m, NVME, 1), *other = add_device(m, NIC, 2);
	struct scenario s;
	const char *wrong;

	(void)state;
	lead(m, other, CRASH, 2, table_at(m, domain, CRASH, 1));
	scenario_run(&s, m);
	wrong = scenario_sound(&s);
	if (wrong)
		fail_msg("%s", wrong);
	assert_int_equal(m->store_count, 1);
	scenario_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_at_two_levels),
		cmocka_unit_test(test_table_at_two_levels_of_two_domains),
		cmocka_unit_test(test_table_for_two_addresses),
		cmocka_unit_test(test_requester_table_as_page_table),
		cmocka_unit_test(test_shared_table_is_no_tangle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
