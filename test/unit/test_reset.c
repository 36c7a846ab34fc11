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
	struct qt_stop *under_way;
	struct qt_host host; /* see test_resumed */
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
	int error = qt_reset_stop(&f->pci, f->resets, &f->m->arena, limit_us, &f->under_way);

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

/* Two ports, each with a function that only its bus can reset: they wait together. */
static void test_buses_wait_together(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_port(f, PORT + 8, 2, 2, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, 0)->reset->ready_us = 300 * MS;
	add_endpoint(f, QT_RID(0, 2, 0), 0)->reset->ready_us = 200 * MS;
	find(f);
	reset_of(f, QT_RID(0, 2, 0))->wanted = true;
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_BUS);
	expect_quiet(f, QT_RID(0, 2, 0), QT_RESET_BUS);
	assert_in_range(f->took_us, 300 * MS, 330 * MS);
	assert_in_range(reset_of(f, QT_RID(0, 2, 0))->us, 200 * MS, 230 * MS);
	finish(f);
}

/* A reset port with a switch below it: bridges come back before what is below them. */
static void test_switch_below_port(void **state)
{
	struct fixture *f = new_fixture();
	const qt_rid upstream = QT_RID(0, 1, 0), down1 = QT_RID(0, 2, 0), down2 = QT_RID(0, 2, 8);
	const qt_rid disk = QT_RID(0, 3, 0), nic = QT_RID(0, 4, 0), manager = QT_RID(0, 1, 1);

	(void)state;
	add_port(f, PORT, 1, 4, QT_PCIE_ROOT_PORT);
	add_port(f, upstream, 2, 4, QT_PCIE_UPSTREAM);
	add_port(f, down1, 3, 3, QT_PCIE_DOWNSTREAM);
	model_set_link(add_port(f, down2, 4, 4, QT_PCIE_DOWNSTREAM), 1, false);
	add_endpoint(f, disk, MODEL_FLR);
	add_endpoint(f, nic, MODEL_FLR);
	add_endpoint(f, manager, 0);
	find(f);
	assert_int_equal(reset_of(f, manager)->methods, 1 << QT_RESET_BUS);
	reset_of(f, disk)->wanted = true;
	stop(f, manager);
	for (size_t i = 1; i < f->pci.count; i++) {
		assert_int_equal(f->m->functions[i]->reset->bus, 1);
		expect_quiet(f, f->functions[i].rid, QT_RESET_BUS);
	}
	expect_restored(f, PORT);
	assert_int_equal(model_function(f->m, disk)->reset->flr, 0);
	finish(f);
}

/* Only what the port above it holds is reset with a function below a switch. */
static void test_downstream_port(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 4, QT_PCIE_ROOT_PORT);
	add_port(f, QT_RID(0, 1, 0), 2, 4, QT_PCIE_UPSTREAM);
	add_port(f, QT_RID(0, 2, 0), 3, 3, QT_PCIE_DOWNSTREAM);
	add_port(f, QT_RID(0, 2, 8), 4, 4, QT_PCIE_DOWNSTREAM);
	add_endpoint(f, QT_RID(0, 3, 0), 0);
	add_endpoint(f, QT_RID(0, 4, 0), 0)->reset->forbidden = true;
	find(f);
	stop(f, QT_RID(0, 3, 0));
	expect_quiet(f, QT_RID(0, 3, 0), QT_RESET_BUS);
	expect_result(f, QT_RID(0, 4, 0), QT_RESET_NONE, QT_STOP_NOT_TRIED);
	for (size_t i = 0; i < f->pci.count; i++) {
		if (f->functions[i].flags & QT_PCI_BRIDGE)
			expect_restored(f, f->functions[i].rid);
	}
	finish(f);
}

static void test_conventional_bus(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *card;

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_TO_PCI);
	card = model_add_function(f->m, QT_RID(0, 1, 0x20), 0x8086, 1, 0x010000);
	model_add_reset(card, 0);
	find(f);
	stop(f, QT_RID(0, 1, 0x20));
	expect_quiet(f, QT_RID(0, 1, 0x20), QT_RESET_BUS);
	assert_in_range(f->took_us, 1100 * MS, 1120 * MS);
	finish(f);
}

/* A slot sees a reset as a removal unless its events are masked: see the model's complaints. */
static void test_hotplug_slot(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *port = add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	unsigned dpc = model_add_extended(port, 0x001d, 0x20);

	(void)state;
	model_add_slot(port);
	port->config[dpc + 6] = 0x0b;
	add_endpoint(f, NIC, 0);
	find(f);
	assert_int_equal(reset_of(f, NIC)->methods, 1 << QT_RESET_SLOT);
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_SLOT);
	expect_restored(f, PORT);
	finish(f);
}

/* So it does when a Function Level Reset takes the link down. */
static void test_flr_drops_link(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *port = add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);

	(void)state;
	model_add_slot(port);
	add_endpoint(f, NIC, MODEL_FLR)->reset->drops_link = true;
	find(f);
	stop(f, NIC);
	/* Nobody knows that it wants a write first: it does not come back in time. */
	expect_result(f, NIC, QT_RESET_FLR, QT_STOP_LOST);
	expect_restored(f, PORT);
	finish(f);
}

/* Readiness */

static void test_link_that_stays_down(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT)->reset->train_us = MODEL_NEVER;
	add_endpoint(f, NIC, 0);
	find(f);
	stop(f, NIC);
	expect_result(f, NIC, QT_RESET_BUS, QT_STOP_LOST);
	expect_restored(f, PORT);
	assert_in_range(f->took_us, 1000 * MS, 1020 * MS);
	finish(f);
}

static void test_slow_link(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT)->reset->train_us = 700 * MS;
	add_endpoint(f, NIC, 0);
	find(f);
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_BUS);
	finish(f);
}

/* Slow ports have no link state to ask for; fast ones that do not tell get the longest time. */
static void test_ports_without_link_state(void **state)
{
	static const struct {
		unsigned speed;
		uint64_t least_us;
	} cases[] = {{2, 102 * MS}, {3, 1102 * MS}};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture();

		model_set_link(add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT), cases[i].speed, false);
		add_endpoint(f, NIC, 0);
		find(f);
		stop(f, NIC);
		expect_quiet(f, NIC, QT_RESET_BUS);
		assert_in_range(f->took_us, cases[i].least_us, cases[i].least_us + 20 * MS);
		finish(f);
	}
}

/* Ports that say they report their link, and do not: as those that do not say so. */
static void test_silent_links(void **state)
{
	const qt_rid upstream = QT_RID(0, 1, 0), manager = QT_RID(0, 1, 1);
	const qt_rid downstream = QT_RID(0, 2, 0), nic = QT_RID(0, 3, 0);
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 3, QT_PCIE_ROOT_PORT)->reset->silent_link = true;
	add_port(f, upstream, 2, 3, QT_PCIE_UPSTREAM);
	add_port(f, downstream, 3, 3, QT_PCIE_DOWNSTREAM)->reset->silent_link = true;
	add_endpoint(f, manager, 0);
	add_endpoint(f, nic, 0);
	find(f);
	reset_of(f, manager)->wanted = true;
	stop(f, nic);
	expect_quiet(f, manager, QT_RESET_BUS);
	expect_quiet(f, nic, QT_RESET_BUS);
	/* The downstream port begins when the root port is done. */
	assert_in_range(f->took_us, 2202 * MS, 2240 * MS);
	finish(f);
}

static void test_late_return(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, MODEL_FLR)->reset->ready_us = 900 * MS;
	find(f);
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_FLR);
	expect_restored(f, PORT);
	assert_in_range(f->took_us, 900 * MS, 910 * MS);
	finish(f);
}

/* The root port can show that a function is not ready: it is let, and put back. */
static void test_not_ready_status(void **state)
{
	(void)state;
	for (unsigned visible = 0; visible < 2; visible++) {
		struct fixture *f = new_fixture();
		struct model_function *port = add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
		struct model_function *nic = add_endpoint(f, NIC, MODEL_FLR);

		port->config[0x40 + 0x1e] = (uint8_t)visible; /* RootCap */
		nic->reset->rrs = true;
		nic->reset->ready_us = 400 * MS;
		find(f);
		stop(f, NIC);
		expect_quiet(f, NIC, QT_RESET_FLR);
		expect_restored(f, PORT);
		assert_int_equal(nic->reset->shown, visible);
		finish(f);
	}
}

static void test_never_returns(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, MODEL_FLR | MODEL_PM)->reset->ready_us = MODEL_NEVER;
	find(f);
	stop(f, NIC);
	/* No other method is tried then. */
	expect_result(f, NIC, QT_RESET_FLR, QT_STOP_LOST);
	expect_restored(f, PORT);
	assert_in_range(f->took_us, 2100 * MS, 2120 * MS);
	finish(f);
}

/* A bridge that is lost takes all below it along. */
static void test_bridge_never_returns(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 3, QT_PCIE_ROOT_PORT);
	add_port(f, QT_RID(0, 1, 0), 2, 3, QT_PCIE_UPSTREAM)->reset->ready_us = MODEL_NEVER;
	add_port(f, QT_RID(0, 2, 0), 3, 3, QT_PCIE_DOWNSTREAM);
	add_endpoint(f, QT_RID(0, 3, 0), MODEL_FLR);
	add_endpoint(f, NIC2, 0);
	find(f);
	stop(f, NIC2);
	expect_quiet(f, NIC2, QT_RESET_BUS);
	expect_result(f, QT_RID(0, 3, 0), QT_RESET_BUS, QT_STOP_LOST);
	finish(f);
}

static void test_another_device_returns(void **state)
{
	struct fixture *f = new_fixture();
	struct model_function *nic = add_endpoint(f, ON_ROOT, MODEL_FLR);

	(void)state;
	nic->reset->swapped = true;
	find(f);
	stop(f, ON_ROOT);
	expect_result(f, ON_ROOT, QT_RESET_FLR, QT_STOP_REFUSED);
	assert_int_equal(nic->config[0x13], 0); /* its BAR was not written */
	finish(f);
}

/* Quiet is checked */

static void test_transactions_are_drained(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_endpoint(f, ON_ROOT, MODEL_FLR)->reset->drain_us = 300 * MS;
	find(f);
	stop(f, ON_ROOT);
	expect_quiet(f, ON_ROOT, QT_RESET_FLR);
	assert_in_range(f->took_us, 400 * MS, 410 * MS);
	finish(f);
}

/* Longer than anybody waits; the reset ends them. */
static void test_transactions_that_last(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_endpoint(f, ON_ROOT, MODEL_FLR)->reset->drain_us = 5000 * MS;
	find(f);
	stop(f, ON_ROOT);
	expect_quiet(f, ON_ROOT, QT_RESET_FLR);
	assert_in_range(f->took_us, 600 * MS, 620 * MS);
	finish(f);
}

static void test_dma_through_flr(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, MODEL_FLR)->reset->keeps_pending = true;
	find(f);
	stop(f, NIC);
	expect_result(f, NIC, QT_RESET_FLR, QT_STOP_PENDING);
	expect_restored(f, NIC);
	finish(f);
}

static void test_bus_mastering_that_stays(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_endpoint(f, ON_ROOT, MODEL_FLR)->reset->keeps_mastering = true;
	find(f);
	stop(f, ON_ROOT);
	expect_result(f, ON_ROOT, QT_RESET_FLR, QT_STOP_MASTERING);
	finish(f);
}

/* Not supported, it turns out: then the next. */
static void test_power_state_that_does_not_take(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, MODEL_PM)->reset->stays_in_d0 = true;
	add_endpoint(f, NIC2, MODEL_FLR)->reset->ready_us = 500 * MS;
	find(f);
	reset_of(f, NIC2)->wanted = true;
	stop(f, NIC);
	/* The bus is reset only when the neighbour is through with its own. */
	expect_quiet(f, NIC, QT_RESET_BUS);
	expect_quiet(f, NIC2, QT_RESET_BUS);
	assert_int_equal(model_function(f->m, NIC2)->reset->flr, 1);
	assert_int_equal(model_function(f->m, NIC2)->reset->bus, 1);
	finish(f);
}

static void test_no_method_left(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_endpoint(f, ON_ROOT, MODEL_PM)->reset->stays_in_d0 = true;
	find(f);
	stop(f, ON_ROOT);
	expect_result(f, ON_ROOT, QT_RESET_PM, QT_STOP_REFUSED);
	finish(f);
}

/* Which can be stopped */

static void expect_obstacle(struct fixture *f, qt_rid rid, unsigned obstacle)
{
	const struct qt_reset *reset = reset_of(f, rid);

	assert_int_equal(reset->methods, 0);
	if (reset->obstacle != obstacle)
		fail_msg("%x: %s", rid, qt_reset_obstacle_text(reset->obstacle));
}

static struct model_function *add_of_class(struct fixture *f, qt_rid rid, uint32_t class_code)
{
	struct model_function *function = add_endpoint(f, rid, MODEL_FLR | MODEL_PM);

	memcpy(function->config + 9, &class_code, 3);
	function->reset->forbidden = true;
	return function;
}

static void test_never_stopped(void **state)
{
	static const struct {
		uint32_t class_code;
		uint8_t obstacle;
	} cases[] = {
		{0x030000, QT_OBSTACLE_DISPLAY},
		{0x030200, QT_OBSTACLE_DISPLAY},
		{0x000100, QT_OBSTACLE_DISPLAY},
		{0x070002, QT_OBSTACLE_DISPLAY},
		{0x060000, QT_OBSTACLE_PLATFORM},
		{0x060100, QT_OBSTACLE_PLATFORM},
		{0x080600, QT_OBSTACLE_PLATFORM},
		{0x080020, QT_OBSTACLE_PLATFORM},
		{0x050210, QT_OBSTACLE_PLATFORM},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture();

		add_port(f, PORT, 1, 3, QT_PCIE_ROOT_PORT);
		add_port(f, QT_RID(0, 1, 0x08), 2, 2, QT_PCIE_TO_PCI);
		add_of_class(f, QT_RID(0, 2, 0), cases[i].class_code);
		add_endpoint(f, NIC, 0)->reset->forbidden = true;
		add_endpoint(f, NIC2, MODEL_FLR);
		model_function(f->m, PORT)->config[0x42] = 0x72; /* not a link below it */
		find(f);
		expect_obstacle(f, QT_RID(0, 2, 0), cases[i].obstacle);
		expect_obstacle(f, NIC, QT_OBSTACLE_NEIGHBOUR);
		expect_obstacle(f, PORT, QT_OBSTACLE_BRIDGE);
		for (size_t j = 0; j < f->pci.count; j++)
			f->resets[j].wanted = true;
		stop(f, NIC2);
		expect_quiet(f, NIC2, QT_RESET_FLR);
		finish(f);
	}
}

static void test_obstacles(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_endpoint(f, ON_ROOT, 0);
	add_endpoint(f, ON_ROOT + 8, MODEL_FLR);
	add_endpoint(f, ON_ROOT + 16, MODEL_FLR)->config[0x41] = 0x44; /* next: nowhere */
	model_function(f->m, ON_ROOT + 16)->config[0x44] = 0xff;
	find(f);
	expect_obstacle(f, ON_ROOT, QT_OBSTACLE_NO_METHOD);
	expect_obstacle(f, ON_ROOT + 16, QT_OBSTACLE_DAMAGED);
	model_function(f->m, ON_ROOT + 8)->removed = true;
	qt_reset_probe(&f->pci, f->resets);
	expect_obstacle(f, ON_ROOT + 8, QT_OBSTACLE_ABSENT);
	finish(f);
}

/* Between probing and stopping. */
static void test_removed_meanwhile(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, 0);
	add_endpoint(f, NIC2, 0);
	add_endpoint(f, ON_ROOT, MODEL_FLR);
	find(f);
	model_function(f->m, NIC2)->removed = true;
	model_function(f->m, ON_ROOT)->removed = true;
	reset_of(f, ON_ROOT)->wanted = reset_of(f, NIC2)->wanted = true;
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_BUS);
	expect_result(f, ON_ROOT, QT_RESET_FLR, QT_STOP_REFUSED);
	assert_int_equal(reset_of(f, NIC2)->result, QT_STOP_REFUSED);
	assert_true(f->took_us < 200 * MS);
	finish(f);
}

/* A bit that says that this port ignores its reset bit, CXL 3.1, 8.1.5.2. */
static void test_cxl_port(void **state)
{
	(void)state;
	for (unsigned unmasked = 0; unmasked < 2; unmasked++) {
		struct fixture *f = new_fixture();
		struct model_function *port = add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
		unsigned dvsec = model_add_extended(port, 0x0023, 0x28);

		put32(port, dvsec + 4, 0x02801e98);
		put32(port, dvsec + 8, 3);
		put32(port, dvsec + 12, unmasked);
		add_endpoint(f, NIC, 0);
		find(f);
		assert_int_equal(reset_of(f, NIC)->methods, unmasked << QT_RESET_BUS);
		finish(f);
	}
}

/* Two bridges that claim the same bus: what would be hit is not known. */
static void test_bridges_that_clash(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 3, QT_PCIE_ROOT_PORT);
	add_port(f, PORT + 8, 3, 5, QT_PCIE_ROOT_PORT);
	add_port(f, PORT + 16, 6, 6, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, 0);
	add_endpoint(f, QT_RID(0, 6, 0), 0);
	find(f);
	expect_obstacle(f, NIC, QT_OBSTACLE_NO_METHOD);
	assert_int_equal(reset_of(f, QT_RID(0, 6, 0))->methods, 1 << QT_RESET_BUS);
	finish(f);
}

/* Quirks */

static struct model_function *add_known(
	struct fixture *f, qt_rid rid, uint16_t vendor, uint16_t device, unsigned ways)
{
	struct model_function *function = add_endpoint(f, rid, ways);

	put32(function, 0, vendor | (uint32_t)device << 16);
	return function;
}

static void test_forbidden_methods(void **state)
{
	static const struct {
		uint16_t vendor, device;
		uint8_t revision, expected;
	} cases[] = {
		{0x168c, 0x003e, 0, 1 << QT_RESET_FLR | 1 << QT_RESET_PM},
		{0x10de, 0x237f, 0, 1 << QT_RESET_FLR | 1 << QT_RESET_PM},
		{0x10de, 0x2380, 0, 1 << QT_RESET_FLR | 1 << QT_RESET_PM | 1 << QT_RESET_BUS},
		{0x1022, 0x7901, 0, 1 << QT_RESET_PM | 1 << QT_RESET_BUS},
		{0xd063, 0x1000, 1, 1 << QT_RESET_PM | 1 << QT_RESET_BUS},
		{0xd063, 0x1000, 2, 1 << QT_RESET_FLR | 1 << QT_RESET_PM | 1 << QT_RESET_BUS},
		{0x15b3, 0xcf70, 0, 1 << QT_RESET_FLR | 1 << QT_RESET_BUS},
	};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct fixture *f = new_fixture();

		add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
		add_known(f, NIC, cases[i].vendor, cases[i].device, MODEL_FLR | MODEL_PM)
			->config[8] = cases[i].revision;
		find(f);
		assert_int_equal(reset_of(f, NIC)->methods, cases[i].expected);
		finish(f);
	}
}

static void test_forbidden_altogether(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_known(f, NIC, 0x1b21, 0x1164, 0);
	add_endpoint(f, NIC2, 0);
	add_known(f, ON_ROOT, 0x8086, 0x1502, MODEL_AF);
	add_known(f, ON_ROOT + 8, 0x8086, 0x0166, MODEL_FLR | MODEL_AF | MODEL_PM);
	find(f);
	expect_obstacle(f, NIC, QT_OBSTACLE_FORBIDDEN);
	expect_obstacle(f, NIC2, QT_OBSTACLE_NEIGHBOUR);
	expect_obstacle(f, ON_ROOT, QT_OBSTACLE_FORBIDDEN);
	expect_obstacle(f, ON_ROOT + 8, QT_OBSTACLE_FORBIDDEN);
	finish(f);
}

static void test_longer_delay(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_known(f, ON_ROOT, 0x8086, 0x0a54, MODEL_FLR);
	find(f);
	stop(f, ON_ROOT);
	expect_quiet(f, ON_ROOT, QT_RESET_FLR);
	assert_in_range(f->took_us, 350 * MS, 360 * MS);
	finish(f);
}

static void test_chelsio(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_known(f, ON_ROOT, 0x1425, 0x4401, MODEL_FLR)->reset->needs_master = true;
	find(f);
	stop(f, ON_ROOT);
	expect_quiet(f, ON_ROOT, QT_RESET_DEVICE);
	finish(f);
}

static struct fixture *new_nvme(bool in_window)
{
	struct fixture *f = new_fixture();
	struct model_function *disk;

	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	disk = add_known(f, NIC, 0x144d, 0xa804, MODEL_FLR);
	memcpy(disk->config + 9, "\x02\x08\x01", 3);
	put32(disk, 0x10, in_window ? 0xfe100004 : 0xfd100004);
	disk->reset->nvme = true;
	find(f);
	return f;
}

static void test_nvme_is_disabled_first(void **state)
{
	struct fixture *f = new_nvme(true);

	(void)state;
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_DEVICE);
	finish(f);
}

/* A BAR that the port does not forward may be anything's: not touched. */
static void test_nvme_out_of_reach(void **state)
{
	struct fixture *f = new_nvme(false);

	(void)state;
	stop(f, NIC);
	expect_result(f, NIC, QT_RESET_FLR, QT_STOP_LOST);
	finish(f);
}

/* Virtual functions */

static void add_virtuals(struct fixture *f, uint16_t device)
{
	static const uint8_t sriov[] = {
		1, 0, 0, 0, 0x19, 0, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 4, 0, 1, 0, 0, 0};
	struct model_function *physical = add_endpoint(f, NIC, MODEL_FLR);
	unsigned at = model_add_extended(physical, 0x0010, 0x40);

	memcpy(physical->config + at + 4, sriov, sizeof(sriov));
	put32(physical, at + 0x18, (uint32_t)device << 16);
	for (unsigned i = 4; i < 6; i++) {
		struct model_function *virtual = add_endpoint(f, NIC + i, MODEL_FLR);

		memset(virtual->config, 0xff, 4);
		memset(virtual->config + 0x10, 0, 4);
	}
	physical->config[0x0e] = 0;
}

static void test_virtual_function(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_virtuals(f, 0x10ca);
	find(f);
	assert_int_equal(f->pci.count, 3);
	stop(f, NIC + 4);
	expect_quiet(f, NIC + 4, QT_RESET_FLR);
	expect_result(f, NIC, QT_RESET_NONE, QT_STOP_NOT_TRIED);
	assert_int_equal(model_function(f->m, NIC)->reset->flr, 0);
	finish(f);
}

/* They end with their physical function, wanted or not. */
static void test_physical_function(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_virtuals(f, 0x10ca);
	find(f);
	reset_of(f, NIC + 4)->wanted = true;
	stop(f, NIC);
	expect_quiet(f, NIC, QT_RESET_FLR);
	expect_result(f, NIC + 4, QT_RESET_FLR, QT_STOP_QUIET);
	expect_result(f, NIC + 5, QT_RESET_FLR, QT_STOP_QUIET);
	assert_int_equal(model_function(f->m, NIC + 4)->reset->flr, 0);
	finish(f);
}

/* They may still answer when it does not: nobody waits for it then. */
static void test_physical_function_removed(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_virtuals(f, 0x10ca);
	add_endpoint(f, NIC2, 0);
	model_function(f->m, NIC)->config[0x0e] = 0x80;
	find(f);
	model_function(f->m, NIC)->removed = true;
	reset_of(f, NIC + 4)->wanted = true;
	stop(f, NIC2);
	expect_quiet(f, NIC2, QT_RESET_BUS);
	expect_result(f, NIC + 4, QT_RESET_BUS, QT_STOP_LOST);
	assert_true(f->took_us < 200 * MS);
	finish(f);
}

/* Intel 82599: they have FLR and do not say so. */
static void test_unadvertised_flr(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_virtuals(f, 0x10ed);
	put32(model_function(f->m, NIC + 4), 0x44, 0);
	model_function(f->m, NIC + 4)->reset->hidden_flr = true;
	find(f);
	assert_int_equal(reset_of(f, NIC + 4)->methods, 1 << QT_RESET_DEVICE);
	stop(f, NIC + 4);
	expect_quiet(f, NIC + 4, QT_RESET_DEVICE);
	finish(f);
}

/* Huawei HiNIC: no answer before a write. */
static void test_forgotten_bus_number(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_virtuals(f, 0x375e);
	put32(model_function(f->m, NIC), 0, 0x182219e5);
	model_function(f->m, NIC + 4)->reset->forgets_bus = true;
	find(f);
	stop(f, NIC + 4);
	expect_quiet(f, NIC + 4, QT_RESET_DEVICE);
	finish(f);
}

/* The ceiling */

static void test_no_time(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, 0);
	add_endpoint(f, ON_ROOT, MODEL_FLR);
	add_endpoint(f, ON_ROOT + 8, MODEL_PM);
	find(f);
	reset_of(f, NIC)->wanted = reset_of(f, ON_ROOT)->wanted = true;
	reset_of(f, ON_ROOT + 8)->wanted = true;
	assert_int_equal(stop_within(f, 90 * MS), 0);
	expect_result(f, NIC, QT_RESET_NONE, QT_STOP_NO_TIME);
	expect_result(f, ON_ROOT, QT_RESET_NONE, QT_STOP_NO_TIME);
	expect_quiet(f, ON_ROOT + 8, QT_RESET_PM);
	assert_true(f->took_us < 90 * MS);
	finish(f);
}

/* Each ceiling is kept, whatever is under way; nothing stays in reset, and ports are as before. */
static void test_every_ceiling(void **state)
{
	(void)state;
	for (uint64_t limit_us = 0; limit_us < 1500 * MS; limit_us += 7 * MS) {
		struct fixture *f = new_fixture();

		add_port(f, PORT, 1, 3, QT_PCIE_ROOT_PORT)->reset->train_us = 200 * MS;
		add_port(f, QT_RID(0, 1, 0), 2, 3, QT_PCIE_UPSTREAM);
		add_port(f, QT_RID(0, 2, 0), 3, 3, QT_PCIE_DOWNSTREAM)->reset->train_us = 150 * MS;
		add_endpoint(f, QT_RID(0, 3, 0), 0)->reset->ready_us = 300 * MS;
		add_endpoint(f, NIC2, 0);
		add_endpoint(f, ON_ROOT, MODEL_FLR)->reset->ready_us = 500 * MS;
		add_endpoint(f, ON_ROOT + 8, MODEL_PM)->reset->drain_us = 400 * MS;
		find(f);
		for (size_t i = 0; i < f->pci.count; i++)
			f->resets[i].wanted = true;
		assert_int_equal(stop_within(f, limit_us), 0);
		expect_no_complaints(f);
		expect_restored(f, PORT);
		if (f->took_us > limit_us + 10 * MS)
			fail_msg("%u us instead of %u", (unsigned)f->took_us, (unsigned)limit_us);
		for (size_t i = 0; i < f->pci.count; i++) {
			if (!(f->functions[i].flags & QT_PCI_BRIDGE) &&
				f->resets[i].result == QT_STOP_NOT_TRIED)
				fail_msg("%x: no result", f->functions[i].rid);
		}
		finish(f);
	}
}

static void test_out_of_memory(void **state)
{
	(void)state;
	for (size_t room = 0; room < 6000; room += 200) {
		struct fixture *f = new_fixture();
		int error;

		add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
		add_endpoint(f, NIC, 0);
		add_endpoint(f, ON_ROOT, MODEL_FLR);
		add_endpoint(f, ON_ROOT + 8, MODEL_FLR);
		find(f);
		for (size_t i = 0; i < f->pci.count; i++)
			f->resets[i].wanted = true;
		f->m->arena.used = f->m->arena.size - room;
		error = stop_within(f, LIMIT_US);
		expect_no_complaints(f);
		expect_restored(f, PORT);
		for (size_t i = 0; i < f->pci.count; i++) {
			bool tried = f->resets[i].result != QT_STOP_NOT_TRIED;

			if (tried && !(f->functions[i].flags & QT_PCI_BRIDGE))
				expect_quiet(f, f->functions[i].rid, f->resets[i].method);
			if (!tried && f->functions[i].rid != PORT)
				assert_int_equal(error, QT_E_NOMEM);
		}
		finish(f);
	}
}

/* Functions that found no room in the list could be anywhere below a bridge. */
static void test_full_list(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT);
	add_endpoint(f, NIC, MODEL_FLR);
	find(f);
	assert_int_equal(reset_of(f, NIC)->methods, 1 << QT_RESET_FLR | 1 << QT_RESET_BUS);
	f->pci.capacity = f->pci.count;
	qt_reset_probe(&f->pci, f->resets);
	assert_int_equal(reset_of(f, NIC)->methods, 1 << QT_RESET_FLR);
	finish(f);
}

/* N resets take about as long as the slowest. */
static void test_many_at_once(void **state)
{
	struct fixture *f = new_fixture();

	(void)state;
	f->m->clock_read_ns = 200000;
	for (unsigned i = 0; i < 64; i++) {
		add_port(f, QT_RID(0, 0, 8 * (i / 8 + 1) + i % 8), (uint8_t)(i + 1),
			(uint8_t)(i + 1), QT_PCIE_ROOT_PORT);
		add_endpoint(f, QT_RID(0, i + 1, 0), i % 2 ? MODEL_FLR : 0);
	}
	find(f);
	for (size_t i = 0; i < f->pci.count; i++)
		f->resets[i].wanted = true;
	assert_int_equal(stop_within(f, LIMIT_US), 0);
	for (unsigned i = 0; i < 64; i++)
		expect_quiet(f, QT_RID(0, i + 1, 0), i % 2 ? QT_RESET_FLR : QT_RESET_BUS);
	assert_in_range(f->took_us, 107 * MS, 200 * MS);
	finish(f);
}

/* Left in its middle */

static struct {
	const struct qt_host *host;
	jmp_buf way_out;
	unsigned accesses; /* until an exception, 0: none comes */
} exception;

static void access(void)
{
	if (exception.accesses && --exception.accesses == 0)
		longjmp(exception.way_out, 1);
}

static uint32_t excepting_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	access();
	return exception.host->pci_read(context, rid, offset, width);
}

static void excepting_write(
	void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	access();
	exception.host->pci_write(context, rid, offset, width, value);
	access();
}

/* Devices below a switch, on a bus, and by themselves: all to be stopped. */
static struct fixture *new_mixture(void)
{
	struct fixture *f = new_fixture();

	f->m->clock_read_ns = 500000;
	model_add_slot(add_port(f, PORT, 1, 3, QT_PCIE_ROOT_PORT));
	add_port(f, QT_RID(0, 1, 0), 2, 3, QT_PCIE_UPSTREAM);
	add_port(f, QT_RID(0, 2, 0), 3, 3, QT_PCIE_DOWNSTREAM);
	add_endpoint(f, QT_RID(0, 3, 0), 0);
	add_endpoint(f, NIC2, 0);
	add_endpoint(f, ON_ROOT, MODEL_FLR);
	add_endpoint(f, ON_ROOT + 8, MODEL_PM);
	find(f);
	for (size_t i = 0; i < f->pci.count; i++)
		f->resets[i].wanted = true;
	f->host = f->m->host;
	f->host.pci_read = excepting_read;
	f->host.pci_write = excepting_write;
	f->pci.host = &f->host;
	exception.host = &f->m->host;
	return f;
}

/* Stops, or goes on with it, until an exception at one access. False if that never comes. */
static bool excepts(struct fixture *f, bool resume, unsigned at)
{
	exception.accesses = at;
	if (setjmp(exception.way_out))
		return true;
	if (resume)
		qt_reset_resume(&f->under_way);
	else
		assert_int_equal(stop_within(f, LIMIT_US), 0);
	assert_null(f->under_way);
	exception.accesses = 0;
	return false;
}

/* An exception at any access: what was reset is restored all the same. */
static void test_resumed(void **state)
{
	unsigned at = 0;
	bool left;

	(void)state;
	do {
		struct fixture *f = new_mixture();

		left = excepts(f, false, ++at);
		qt_reset_resume(&f->under_way);
		expect_no_complaints(f);
		assert_null(f->under_way);
		assert_int_equal(f->m->arena.used, 0);
		for (size_t i = 0; i < f->pci.count; i++)
			expect_restored(f, f->functions[i].rid);
		finish(f);
	} while (left);
	assert_true(at > 1000);
}

static bool is_in_reset(struct fixture *f, qt_rid bridge)
{
	return model_function(f->m, bridge)->config[0x3e] & 0x40;
}

/* And another one right after it: no bus stays in reset. */
static void test_resumed_in_vain(void **state)
{
	unsigned at = 0, in_reset = 0;
	bool left;

	(void)state;
	do {
		struct fixture *f = new_mixture();

		left = excepts(f, false, ++at) && excepts(f, true, 1);
		assert_null(f->under_way);
		in_reset += is_in_reset(f, PORT);
		exception.accesses = 0;
		qt_reset_release_buses(&f->pci);
		assert_false(is_in_reset(f, PORT));
		/* Complaints or not: what must not be touched yet is not known any more. */
		model_free(f->m);
		free(f);
	} while (left);
	assert_true(in_reset > 0);
}

/* Configuration space as it was */

/* Random bits where software can set some, in every capability there is to restore. */
static void fill(struct fixture *f, struct model_function *function)
{
	static const struct {
		uint16_t id, size;
	} extended[] = {{0x0001, 0x48}, {0x0002, 0x30}, {0x000d, 8}, {0x000f, 8}, {0x0013, 16},
		{0x0015, 0x18}, {0x0018, 8}, {0x001b, 8}, {0x001d, 0x20}, {0x001e, 0x10},
		{0x001f, 0x0c}};

	function->config[0x46] = 0; /* what DevCap is made of stays as it is */
	put32(function, 0x4c, 0x00100003);
	put32(function, 0x50, 0x00000f4f & (uint32_t)model_random_below(&f->m->random, 0x1000));
	put32(function, 0x68, (uint32_t)model_random_below(&f->m->random, 0x10000));
	put32(function, 0x70, (uint32_t)model_random_below(&f->m->random, 0x1000));
	for (size_t i = 0; i < QT_ARRAY_SIZE(extended); i++) {
		unsigned at = model_add_extended(function, extended[i].id, extended[i].size);

		for (unsigned j = 4; j < extended[i].size; j++)
			function->config[at + j] = (uint8_t)model_random_next(&f->m->random);
		if (extended[i].id == 0x0002)
			put32(function, at + 4, 1); /* one more virtual channel */
		if (extended[i].id == 0x0015)
			put32(function, at + 8, 0x1240); /* two resizable BARs */
	}
}

static void test_all_is_restored(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		struct fixture *f = new_fixture();
		unsigned ways = i % 2 ? MODEL_FLR : 0;
		struct model_function *nic;

		f->m->random.state = i;
		fill(f, add_port(f, PORT, 1, 1, QT_PCIE_ROOT_PORT));
		nic = add_endpoint(f, NIC, ways);
		fill(f, nic);
		find(f);
		stop(f, NIC);
		expect_quiet(f, NIC, ways ? QT_RESET_FLR : QT_RESET_BUS);
		expect_restored(f, PORT);
		finish(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flr),
		cmocka_unit_test(test_af),
		cmocka_unit_test(test_pm),
		cmocka_unit_test(test_bus),
		cmocka_unit_test(test_buses_wait_together),
		cmocka_unit_test(test_switch_below_port),
		cmocka_unit_test(test_downstream_port),
		cmocka_unit_test(test_conventional_bus),
		cmocka_unit_test(test_hotplug_slot),
		cmocka_unit_test(test_flr_drops_link),
		cmocka_unit_test(test_link_that_stays_down),
		cmocka_unit_test(test_slow_link),
		cmocka_unit_test(test_ports_without_link_state),
		cmocka_unit_test(test_silent_links),
		cmocka_unit_test(test_late_return),
		cmocka_unit_test(test_not_ready_status),
		cmocka_unit_test(test_never_returns),
		cmocka_unit_test(test_bridge_never_returns),
		cmocka_unit_test(test_another_device_returns),
		cmocka_unit_test(test_transactions_are_drained),
		cmocka_unit_test(test_transactions_that_last),
		cmocka_unit_test(test_dma_through_flr),
		cmocka_unit_test(test_bus_mastering_that_stays),
		cmocka_unit_test(test_power_state_that_does_not_take),
		cmocka_unit_test(test_no_method_left),
		cmocka_unit_test(test_never_stopped),
		cmocka_unit_test(test_obstacles),
		cmocka_unit_test(test_removed_meanwhile),
		cmocka_unit_test(test_cxl_port),
		cmocka_unit_test(test_bridges_that_clash),
		cmocka_unit_test(test_forbidden_methods),
		cmocka_unit_test(test_forbidden_altogether),
		cmocka_unit_test(test_longer_delay),
		cmocka_unit_test(test_chelsio),
		cmocka_unit_test(test_nvme_is_disabled_first),
		cmocka_unit_test(test_nvme_out_of_reach),
		cmocka_unit_test(test_virtual_function),
		cmocka_unit_test(test_physical_function),
		cmocka_unit_test(test_physical_function_removed),
		cmocka_unit_test(test_unadvertised_flr),
		cmocka_unit_test(test_forgotten_bus_number),
		cmocka_unit_test(test_no_time),
		cmocka_unit_test(test_every_ceiling),
		cmocka_unit_test(test_out_of_memory),
		cmocka_unit_test(test_full_list),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_resumed),
		cmocka_unit_test(test_resumed_in_vain),
		cmocka_unit_test(test_all_is_restored),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
