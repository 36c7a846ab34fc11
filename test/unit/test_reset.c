/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stopping functions by resets, on the model machine. */
#include <machine/reset.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quietus/reset.h>

#define PORT     QT_RID(0, 0, 0x08)
#define NIC      QT_RID(0, 1, 0x00)
#define NIC2     QT_RID(0, 1, 0x01)
#define ON_ROOT  QT_RID(0, 0, 0x20)
#define LIMIT_US 3000000
#define MS       1000

#define FUNCTIONS_MAX 600

struct fixture {
	struct model *m;
	struct qt_pci pci;
	struct qt_pci_function functions[FUNCTIONS_MAX];
	struct qt_reset resets[FUNCTIONS_MAX];
	uint64_t took_us;
};

static struct fixture *new_fixture(void)
{
	static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(1)}};
	static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->m = model_new(&(struct model_config){
		.ram = ram, .ram_count = 1, .crash = crash, .crash_count = 1});
	f->m->clock_read_ns = 50000;
	return f;
}

static void expect_no_complaints(const struct fixture *f)
{
	if (f->m->complaints)
		fail_msg("%s", f->m->complaint);
}

static void finish(struct fixture *f)
{
	expect_no_complaints(f);
	model_free(f->m);
	free(f);
}

static void put32(struct model_function *function, unsigned at, uint32_t value)
{
	memcpy(function->config + at, &value, 4);
}

/* A PCI Express endpoint that can be reset in these ways, with some of what is to be restored. */
static struct model_function *add_endpoint(struct fixture *f, qt_rid rid, unsigned ways)
{
	struct model_function *function = model_add_function(f->m, rid, 0x8086, 0x10d3, 0x020000);

	model_add_pcie(function, QT_PCIE_ENDPOINT);
	model_add_reset(function, ways);
	model_add_msix(function, 0x80, true);
	put32(function, 0x10, 0xfe000000 + (rid << 12));
	put32(function, 0x48, 0x2810); /* DevCtl */
	function->config[0x3c] = 11;
	return function;
}

static struct model_function *add_port(
	struct fixture *f, qt_rid rid, uint8_t secondary, uint8_t subordinate, int type)
{
	struct model_function *port = model_add_function(f->m, rid, 0x8086, 0x3420, 0x060400);

	model_make_bridge(port, secondary, subordinate, type);
	model_add_reset(port, 0);
	put32(port, 0x20, 0xfff0fe00 & ~0xfu);
	if (type >= 0) {
		unsigned aer = model_add_extended(port, 0x0001, 0x48);

		model_set_link(port, 3, true);
		put32(port, 0x48, 0x000f); /* reports all errors */
		put32(port, aer + 8, 0x00400000);
	}
	return port;
}

static void find(struct fixture *f)
{
	const struct qt_pci_segment segment = {0, 0, 255};

	model_power_on(f->m);
	f->pci = (struct qt_pci){
		.host = &f->m->host, .functions = f->functions, .capacity = FUNCTIONS_MAX};
	assert_int_equal(qt_pci_enumerate(&f->pci, &segment, 1), 0);
	f->m->pci_writes = 0;
	qt_reset_probe(&f->pci, f->resets);
	assert_int_equal(f->m->pci_writes, 0);
}

static struct qt_reset *reset_of(struct fixture *f, qt_rid rid)
{
	const struct qt_pci_function *function = qt_pci_find(&f->pci, rid);

	assert_non_null(function);
	return &f->resets[function - f->functions];
}

static int stop_within(struct fixture *f, uint64_t limit_us)
{
	uint64_t began = f->m->clock_ns;
	int error = qt_reset_stop(&f->pci, f->resets, &f->m->arena, limit_us);

	f->took_us = (f->m->clock_ns - began) / 1000;
	return error;
}

static void stop(struct fixture *f, qt_rid rid)
{
	reset_of(f, rid)->wanted = true;
	assert_int_equal(stop_within(f, LIMIT_US), 0);
}

static void expect_result(struct fixture *f, qt_rid rid, unsigned method, unsigned result)
{
	const struct qt_reset *reset = reset_of(f, rid);

	expect_no_complaints(f);
	if (reset->method != method || reset->result != result)
		fail_msg("%x: %s, %s", rid, qt_reset_method_name(reset->method),
			qt_stop_result_name(reset->result));
}

static void expect_restored(struct fixture *f, qt_rid rid)
{
	int at = model_restored_config(model_function(f->m, rid));

	if (at >= 0)
		fail_msg("%x: register %x not as it was", rid, (unsigned)at);
}

static void expect_quiet(struct fixture *f, qt_rid rid, unsigned method)
{
	expect_result(f, rid, method, QT_STOP_QUIET);
	expect_restored(f, rid);
}

static void test_flr(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *nic;

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	nic = add_endpoint(f, NIC, MODEL_FLR | MODEL_PM);
	find(f);
	assert_int_equal(reset_of(f, NIC)->methods,
		1 << QT_RESET_FLR | 1 << QT_RESET_PM | 1 << QT_RESET_BUS);
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_FLR);
	expect_restored(f, PORT);
	assert_int_equal(nic->reset->flr, 1);
	assert_int_equal(nic->reset->bus, 0);
	assert_in_range(f->took_us, 100 * MS, 110 * MS);
	finish(f);
}

static void test_af(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *nic = model_add_function(f->m, ON_ROOT, 0x8086, 1, 0x020000);

	(void)state;
	model_add_reset(nic, MODEL_AF);
	find(f);
	assert_int_equal(reset_of(f, ON_ROOT)->methods, 1 << QT_RESET_AF);
	stop(f, ON_ROOT);
	expect_quiet(f, ON_ROOT, QT_RESET_AF);
	finish(f);
}

static void test_pm(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *nic = add_endpoint(f, ON_ROOT, MODEL_PM);

	(void)state;
	find(f);
	stop(f, ON_ROOT);
	expect_quiet(f, ON_ROOT, QT_RESET_PM);
	assert_int_equal(nic->reset->pm, 1);
	assert_in_range(f->took_us, 20 * MS, 30 * MS);
	finish(f);
}

static void test_bus(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *nic, *beside;

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	nic = add_endpoint(f, NIC, 0);
	beside = add_endpoint(f, NIC2, MODEL_FLR);
	find(f);
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_BUS);
	expect_quiet(f, NIC2, QT_RESET_BUS);
	expect_restored(f, PORT);
	assert_int_equal(nic->reset->bus, 1);
	assert_int_equal(beside->reset->bus, 1);
	assert_int_equal(beside->reset->flr, 0);
	finish(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flr),
		cmocka_unit_test(test_af),
		cmocka_unit_test(test_pm),
		cmocka_unit_test(test_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
