/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Functions that are made to stop raising interrupts, on the model machine. */
#include <machine/dead.h>
#include <machine/model.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quietus/report.h>

#define NVME QT_RID(0, 0, 0x08)
#define NIC  QT_RID(0, 0, 0x10)
#define PORT QT_RID(0, 0, 0x18)

#define COMMAND      0x04
#define INTX_DISABLE 0x400u
#define MSI          0x50
#define MSIX         0x60

struct fixture {
	struct model *m;
	struct qt_pci_function functions[64];
	struct qt_pci pci;
	struct qt_pci_quiet_counts counts;
};

static struct fixture new_fixture(void)
{
	static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(1)}};
	static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};
	struct model_unit_config unit = model_unit_default(0xfed90000);

	return (struct fixture){.m = model_new(&(struct model_config){.ram = ram,
					.ram_count = 1,
					.crash = crash,
					.crash_count = 1,
					.units = &unit,
					.unit_count = 1})};
}

static void find(struct fixture *f)
{
	const struct qt_pci_segment segment = {0, 0, 255};

	f->pci = (struct qt_pci){.host = &f->m->host,
		.functions = f->functions,
		.capacity = QT_ARRAY_SIZE(f->functions)};
	assert_int_equal(qt_pci_enumerate(&f->pci, &segment, 1), 0);
}

static void quiet(struct fixture *f)
{
	find(f);
	qt_pci_quiet_interrupts(&f->pci, &f->counts);
}

static void finish(struct fixture *f)
{
	if (f->m->complaints)
		fail_msg("%s", f->m->complaint);
	model_free(f->m);
}

static uint16_t config16(const struct model_function *function, unsigned offset)
{
	uint16_t value;

	memcpy(&value, function->config + offset, 2);
	return value;
}

static uint8_t quieted(const struct fixture *f, qt_rid rid)
{
	const struct qt_pci_function *function = qt_pci_find(&f->pci, rid);

	assert_non_null(function);
	return function->quieted;
}

static void test_all_three_kinds(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *nvme = model_add_function(f.m, NVME, 0x144d, 1, 0x010802);
	struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

	(void)state;
	model_add_intx(nvme);
	model_add_msix(nvme, MSIX, true);
	model_add_msi(nvme, MSI, false);
	model_add_intx(nic);
	model_add_msi(nic, MSI, true);
	quiet(&f);
	assert_int_equal(quieted(&f, NVME), QT_PCI_QUIET_INTX | QT_PCI_QUIET_MSIX);
	assert_int_equal(quieted(&f, NIC), QT_PCI_QUIET_INTX | QT_PCI_QUIET_MSI);
	/* Nothing else in those registers has changed. */
	assert_int_equal(config16(nvme, COMMAND), 0x6 | INTX_DISABLE);
	assert_int_equal(config16(nvme, MSIX + 2), 0x0007);
	assert_int_equal(config16(nvme, MSI + 2), 0x0180);
	assert_int_equal(config16(nic, MSI + 2), 0x0180);
	assert_int_equal(f.counts.intx, 2);
	assert_int_equal(f.counts.msi, 1);
	assert_int_equal(f.counts.msix, 1);
	assert_int_equal(f.counts.failed, 0);
	assert_int_equal(f.counts.absent, 0);
	finish(&f);
}

/* What is quiet already is not written to. */
static void test_quiet_functions(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

	(void)state;
	model_add_intx(nic);
	model_add_msi(nic, MSI, false);
	model_add_msix(nic, MSIX, false);
	nic->config[COMMAND + 1] |= INTX_DISABLE >> 8;
	find(&f);
	f.m->pci_writes = 0;
	qt_pci_quiet_interrupts(&f.pci, &f.counts);
	assert_int_equal(f.m->pci_writes, 0);
	assert_int_equal(quieted(&f, NIC), 0);
	finish(&f);
}

/* Without a pin there is no INTx to report, and the bit may well not exist. */
static void test_function_without_a_pin(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

	(void)state;
	model_add_msix(nic, MSIX, true);
	quiet(&f);
	assert_int_equal(quieted(&f, NIC), QT_PCI_QUIET_MSIX);
	assert_int_equal(config16(nic, COMMAND), 0x6 | INTX_DISABLE);
	finish(&f);
}

/* Ports signal hot-plug and errors, which capture kernels handle. */
static void test_ports_are_left_alone(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *port = model_add_function(f.m, PORT, 0x8086, 3, 0);

	(void)state;
	model_make_bridge(port, 1, 1, QT_PCIE_ROOT_PORT);
	model_add_intx(port);
	model_add_msi(port, MSI, true);
	find(&f);
	f.m->pci_writes = 0;
	qt_pci_quiet_interrupts(&f.pci, &f.counts);
	assert_int_equal(f.m->pci_writes, 0);
	assert_int_equal(config16(port, MSI + 2), 0x0181);
	finish(&f);
}

/* All ones: nothing may be concluded from it, and nothing written. */
static void test_removed_function(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

	(void)state;
	model_add_msi(nic, MSI, true);
	find(&f);
	nic->removed = true;
	f.m->pci_writes = 0;
	qt_pci_quiet_interrupts(&f.pci, &f.counts);
	assert_int_equal(f.m->pci_writes, 0);
	assert_int_equal(quieted(&f, NIC), QT_PCI_QUIET_ABSENT);
	assert_int_equal(f.counts.absent, 1);
	finish(&f);
}

static void test_bits_that_do_not_take(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

	(void)state;
	model_add_intx(nic);
	model_add_msi(nic, MSI, true);
	nic->stuck = true;
	quiet(&f);
	assert_int_equal(quieted(&f, NIC), QT_PCI_QUIET_MSI | QT_PCI_QUIET_FAILED);
	assert_int_equal(f.counts.failed, 1);
	assert_int_equal(f.counts.intx, 0);
	finish(&f);
}

/* Virtual functions have message interrupts only; their vendor ID reads all ones. */
static void test_virtual_function(void **state)
{
	struct fixture f = new_fixture();
	struct model_function *physical = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);
	struct model_function *virtual;

	(void)state;
	model_add_pcie(physical, QT_PCIE_ENDPOINT);
	virtual = model_add_virtual(f.m, physical, NIC | 4);
	model_add_msix(virtual, MSIX, true);
	quiet(&f);
	assert_int_equal(f.pci.count, 2);
	assert_int_equal(f.functions[1].flags & QT_PCI_VF, QT_PCI_VF);
	assert_int_equal(quieted(&f, NIC | 4), QT_PCI_QUIET_MSIX);
	assert_int_equal(config16(virtual, MSIX + 2), 0x0007);
	assert_int_equal(config16(virtual, COMMAND), 4);
	finish(&f);
}

/* Chains that loop or lead astray: what comes before is found, and it ends. */
static void test_malformed_chains(void **state)
{
	static const struct {
		uint8_t msi_next, msix_next, expected;
	} cases[] = {
		{MSI, 0, QT_PCI_QUIET_MSI | QT_PCI_QUIET_INTX}, /* its own successor */
		{MSIX, MSI, QT_PCI_QUIET_MSI | QT_PCI_QUIET_MSIX | QT_PCI_QUIET_INTX}, /* a ring */
		{0x08, 0, QT_PCI_QUIET_MSI | QT_PCI_QUIET_INTX}, /* into the header */
		{0xfc, 0, QT_PCI_QUIET_MSI | QT_PCI_QUIET_INTX}, /* to its very end */
		{0xff, 0, QT_PCI_QUIET_MSI | QT_PCI_QUIET_INTX}, /* low bits do not count */
		{MSIX | 3, 0, QT_PCI_QUIET_MSI | QT_PCI_QUIET_MSIX | QT_PCI_QUIET_INTX},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture f = new_fixture();
		struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

		model_add_intx(nic);
		model_add_msix(nic, MSIX, true);
		model_add_msi(nic, MSI, true);
		nic->config[MSI + 1] = cases[i].msi_next;
		nic->config[MSIX + 1] = cases[i].msix_next;
		quiet(&f);
		assert_int_equal(quieted(&f, NIC), cases[i].expected);
		finish(&f);
	}
}

/* Config space full of noise: whatever is written, it ends, and within the function. */
static void test_noise(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 200; seed++) {
		struct fixture f = new_fixture();
		struct model_function *nic = model_add_function(f.m, NIC, 0x8086, 2, 0x020000);

		srand(seed);
		for (unsigned i = 0x34; i < 4096; i++)
			nic->config[i] = (uint8_t)rand();
		nic->config[0x06] |= 0x10;
		quiet(&f);
		assert_true(f.m->pci_writes <= 3);
		finish(&f);
	}
}

/* As the stage puts them into the report, in the order they were found in. */
static void test_report(void **state)
{
	static uint8_t buffer[65536];
	struct fixture f = new_fixture();
	struct qt_report_header header = {0};
	struct qt_report_function record;
	struct qt_machine machine = {0};
	size_t size;

	(void)state;
	model_add_msi(model_add_function(f.m, NIC, 0x8086, 2, 0x020000), MSI, true);
	model_add_function(f.m, NVME, 0x144d, 1, 0x010802);
	quiet(&f);
	machine.pci = f.pci;
	size = qt_report_write(buffer, sizeof(buffer), &header, &machine, NULL, "", 0);
	assert_int_equal(qt_report_check(buffer, size), 0);
	memcpy(&header, buffer, sizeof(header));
	assert_int_equal(header.functions.count, 2);
	memcpy(&record, buffer + header.functions.offset, sizeof(record));
	assert_int_equal(record.rid, NVME);
	assert_int_equal(record.interrupts, 0);
	memcpy(&record, buffer + header.functions.offset + sizeof(record), sizeof(record));
	assert_int_equal(record.rid, NIC);
	assert_int_equal(record.interrupts, QT_PCI_QUIET_MSI);
	header.functions.count = 1 << 20;
	memcpy(buffer, &header, sizeof(header));
	assert_int_equal(qt_report_check(buffer, size), QT_E_BAD);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_three_kinds),
		cmocka_unit_test(test_quiet_functions),
		cmocka_unit_test(test_function_without_a_pin),
		cmocka_unit_test(test_ports_are_left_alone),
		cmocka_unit_test(test_removed_function),
		cmocka_unit_test(test_bits_that_do_not_take),
		cmocka_unit_test(test_virtual_function),
		cmocka_unit_test(test_malformed_chains),
		cmocka_unit_test(test_noise),
		cmocka_unit_test(test_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
