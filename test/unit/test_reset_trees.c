/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Stopping everything in random PCI trees, and in configuration spaces full of noise. */
#include <machine/reset.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <quietus/reset.h>

#define FUNCTIONS_MAX 256
#define TREES         150
#define NOISES        150
#define SLACK_US      20000 /* the model's configuration accesses take time as well */

struct tree {
	struct model *m;
	unsigned next_bus;
	struct qt_pci pci;
	struct qt_pci_function functions[FUNCTIONS_MAX];
	struct qt_reset resets[FUNCTIONS_MAX];
	struct qt_stop *under_way;
};

static struct tree *new_tree(uint64_t seed)
{
	static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(1)}};
	static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};
	struct tree *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	t->m = model_new(&(struct model_config){
		.ram = ram, .ram_count = 1, .crash = crash, .crash_count = 1, .seed = seed});
	t->m->clock_read_ns = 100000;
	t->next_bus = 1;
	return t;
}

static void free_tree(struct tree *t)
{
	model_free(t->m);
	free(t);
}

static bool chance(struct tree *t, unsigned percent)
{
	return model_random_chance(&t->m->random, percent);
}

static uint64_t below(struct tree *t, uint64_t bound)
{
	return model_random_below(&t->m->random, bound);
}

static void put32(struct model_function *function, unsigned at, uint32_t value)
{
	memcpy(function->config + at, &value, 4);
}

/* How it takes resets: mostly well. */
static void add_habits(struct tree *t, struct model_reset *reset)
{
	reset->ready_us = 1 + below(t, chance(t, 20) ? 2500000 : 90000);
	if (chance(t, 5))
		reset->ready_us = MODEL_NEVER;
	if (chance(t, 20))
		reset->drain_us = below(t, 380000);
	reset->rrs = chance(t, 50);
	reset->keeps_pending = chance(t, 5);
	reset->keeps_mastering = chance(t, 5);
	reset->stays_in_d0 = chance(t, 10);
	reset->swapped = chance(t, 3);
	reset->forgets_bus = chance(t, 3);
}

static void add_endpoint(struct tree *t, qt_rid rid, bool express)
{
	static const uint32_t classes[] = {0x010802, 0x020000, 0x0c0330, 0x040300, 0x020000,
		0x010601, 0x030000, 0x070002, 0x080600};
	size_t which = below(t, chance(t, 15) ? QT_ARRAY_SIZE(classes) : 6);
	struct model_function *function =
		model_add_function(t->m, rid, 0x1af4, 0x1041, classes[which]);

	if (express)
		model_add_pcie(function, QT_PCIE_ENDPOINT);
	add_habits(
		t, model_add_reset(function, (unsigned)below(t, 8) & ~(express ? 0u : MODEL_FLR)));
	function->reset->forbidden = which >= 6;
	model_add_msix(function, 0x80, true);
	put32(function, 0x10, (uint32_t)below(t, 1 << 20) << 12);
	if (express && chance(t, 30))
		model_add_ats(function);
}

static struct model_function *add_bridge(struct tree *t, qt_rid rid, int type)
{
	struct model_function *bridge = model_add_function(t->m, rid, 0x1b36, 0x000c, 0x060400);

	model_make_bridge(bridge, (uint8_t)t->next_bus, (uint8_t)t->next_bus, type);
	t->next_bus++;
	model_add_reset(bridge, 0);
	bridge->reset->train_us = 1 + below(t, 300000);
	if (chance(t, 4))
		bridge->reset->train_us = MODEL_NEVER;
	if (chance(t, 4) && QT_RID_BUS(rid))
		bridge->reset->ready_us = MODEL_NEVER;
	put32(bridge, 0x20, (uint32_t)below(t, UINT32_MAX) & 0xfff0fff0);
	if (type < 0)
		return bridge;
	put32(bridge, 0x48, 0x000f);
	if (type == QT_PCIE_ROOT_PORT || type == QT_PCIE_DOWNSTREAM) {
		model_set_link(bridge, 1 + (unsigned)below(t, 5), chance(t, 80));
		if (chance(t, 40))
			model_add_slot(bridge);
	}
	if (chance(t, 70))
		put32(bridge, model_add_extended(bridge, 0x0001, 0x48) + 8, 0x00400000);
	else
		put32(bridge, 0x48, chance(t, 50) ? 0xf : 0);
	if (chance(t, 50))
		bridge->config[0x05] |= 1; /* SERR# */
	if (chance(t, 40))
		bridge->config[model_add_extended(bridge, 0x001d, 0x20) + 6] = 0x0b;
	return bridge;
}

static void add_functions(struct tree *t, unsigned bus, bool express)
{
	unsigned count = chance(t, 60) ? 1 : 1 + (unsigned)below(t, 3);

	for (unsigned i = 0; i < count; i++)
		add_endpoint(t, QT_RID(0, bus, i), express);
}

static void close_numbers(struct tree *t, struct model_function *bridge)
{
	bridge->config[0x1a] = (uint8_t)(t->next_bus - 1);
}

static void add_port(struct tree *t, qt_rid rid, int type, unsigned depth);

static void add_switch(struct tree *t, unsigned bus, unsigned depth)
{
	struct model_function *upstream = add_bridge(t, QT_RID(0, bus, 0), QT_PCIE_UPSTREAM);
	unsigned inside = upstream->config[0x19];
	unsigned ports = 1 + (unsigned)below(t, 3);

	if (chance(t, 20))
		add_endpoint(t, QT_RID(0, bus, 1), true);
	for (unsigned i = 0; i < ports; i++)
		add_port(t, QT_RID(0, inside, i << 3), QT_PCIE_DOWNSTREAM, depth + 1);
	close_numbers(t, upstream);
}

static void add_conventional(struct tree *t, unsigned bus)
{
	struct model_function *bridge = add_bridge(t, QT_RID(0, bus, 0), QT_PCIE_TO_PCI);

	add_functions(t, bridge->config[0x19], false);
	close_numbers(t, bridge);
}

static void add_port(struct tree *t, qt_rid rid, int type, unsigned depth)
{
	struct model_function *port = add_bridge(t, rid, type);
	unsigned bus = port->config[0x19];

	port->config[0x40 + 0x1e] = type == QT_PCIE_ROOT_PORT && chance(t, 60);
	if (depth < 3 && chance(t, 30))
		add_switch(t, bus, depth);
	else if (chance(t, 10))
		add_conventional(t, bus);
	else if (chance(t, 90))
		add_functions(t, bus, true);
	close_numbers(t, port);
}

static void grow(struct tree *t)
{
	unsigned ports = 1 + (unsigned)below(t, 5);

	for (unsigned i = 0; i < ports; i++)
		add_port(t, QT_RID(0, 0, (i + 1) << 3), QT_PCIE_ROOT_PORT, 0);
	for (unsigned i = 0; i < 2; i++)
		add_endpoint(t, QT_RID(0, 0, (i + 20) << 3), true);
}

static void find(struct tree *t)
{
	const struct qt_pci_segment segment = {0, 0, 255};

	t->pci = (struct qt_pci){
		.host = &t->m->host, .functions = t->functions, .capacity = FUNCTIONS_MAX};
	assert_int_equal(qt_pci_enumerate(&t->pci, &segment, 1), 0);
	qt_reset_probe(&t->pci, t->resets);
}

static void expect_restored(const struct model_function *function, unsigned seed)
{
	int at = model_restored_config(function);

	if (at >= 0)
		fail_msg("seed %u: %x: register %x", seed, function->rid, (unsigned)at);
}

static void check_function(struct tree *t, size_t index, unsigned seed)
{
	const struct qt_reset *reset = &t->resets[index];
	const struct model_function *function = model_function(t->m, t->functions[index].rid);
	const struct model_reset *habits = function->reset;
	bool hit = habits->flr || habits->bus || habits->pm;
	bool quiet = reset->result == QT_STOP_QUIET;

	if (reset->wanted && reset->methods && reset->result == QT_STOP_NOT_TRIED)
		fail_msg("seed %u: %x has no result", seed, function->rid);
	if (hit && reset->result == QT_STOP_NOT_TRIED)
		fail_msg("seed %u: %x reset, and nothing said", seed, function->rid);
	if (quiet && t->functions[index].flags & QT_PCI_EXPRESS && habits->keeps_pending)
		fail_msg("seed %u: %x is called quiet", seed, function->rid);
	if (quiet || (!hit && t->functions[index].flags & QT_PCI_BRIDGE))
		expect_restored(function, seed);
}

static void test_random_trees(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < TREES; seed++) {
		struct tree *t = new_tree(seed);
		uint64_t limit_us, began;

		grow(t);
		model_power_on(t->m);
		find(t);
		for (size_t i = 0; i < t->pci.count; i++)
			t->resets[i].wanted = chance(t, 50);
		limit_us = chance(t, 50) ? 3000000 : below(t, 2000000);
		began = t->m->clock_ns;
		assert_int_equal(
			qt_reset_stop(&t->pci, t->resets, &t->m->arena, limit_us, &t->under_way),
			0);
		if (t->m->complaints)
			fail_msg("seed %u: %s", seed, t->m->complaint);
		if ((t->m->clock_ns - began) / 1000 > limit_us + SLACK_US)
			fail_msg("seed %u: %llu us", seed,
				(unsigned long long)(t->m->clock_ns - began) / 1000);
		for (size_t i = 0; i < t->pci.count; i++)
			check_function(t, i, seed);
		free_tree(t);
	}
}

/* Registers that read differently each time, or as all ones. */

static struct {
	struct tree *tree;
	unsigned percent;
	uint32_t (*read)(void *context, qt_rid rid, unsigned offset, unsigned width);
} noise;

static uint32_t noisy_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	uint32_t value = noise.read(context, rid, offset, width);

	if (model_function(noise.tree->m, rid) && chance(noise.tree, noise.percent))
		value = (chance(noise.tree, 30)
					? UINT32_MAX
					: (uint32_t)model_random_next(&noise.tree->m->random)) >>
			(32 - 8 * width);
	return value;
}

static void make_noise(struct tree *t)
{
	for (size_t i = 0; i < t->m->function_count; i++) {
		struct model_function *function = t->m->functions[i];

		for (unsigned at = 0x40; chance(t, 50) && at < 4096; at++)
			function->config[at] = (uint8_t)model_random_next(&t->m->random);
		if (chance(t, 20))
			memset(function->config + 0x40, 0xff, 4096 - 0x40);
		if (chance(t, 20) && function->config[0x0e] & 1)
			function->config[0x19] = (uint8_t)model_random_next(&t->m->random);
		function->stuck = chance(t, 10);
	}
}

/* It ends in time, and every access is one that may be made. */
static void test_noise(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < NOISES; seed++) {
		struct tree *t = new_tree(seed);
		uint64_t began;

		grow(t);
		make_noise(t);
		noise.tree = t;
		noise.percent = 0;
		noise.read = t->m->host.pci_read;
		t->m->host.pci_read = noisy_read;
		find(t);
		noise.percent = (unsigned)below(t, 20);
		for (size_t i = 0; i < t->pci.count; i++)
			t->resets[i].wanted = true;
		began = t->m->clock_ns;
		qt_reset_stop(&t->pci, t->resets, &t->m->arena, 3000000, &t->under_way);
		if (t->m->complaints)
			fail_msg("seed %u: %s", seed, t->m->complaint);
		assert_true((t->m->clock_ns - began) / 1000 <= 3000000 + SLACK_US);
		free_tree(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_trees),
		cmocka_unit_test(test_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
