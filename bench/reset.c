/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long resets take, by the model machine's clock: all at once, next to one
 * after another.
 */
#include <stdio.h>
#include <stdlib.h>

#include <quietus/limits.h>
#include <quietus/reset.h>

#include <machine/reset.h>

#define DEVICES_MAX   64
#define FUNCTIONS_MAX (2 * DEVICES_MAX + 1) /* below a full list no bus is reset */

struct bench {
	struct model *m;
	struct qt_pci pci;
	struct qt_pci_function functions[FUNCTIONS_MAX];
	struct qt_reset resets[FUNCTIONS_MAX];
};

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

/* A root port for each device, 8 GT/s; devices are ready 5 to 68 ms after their reset. */
static void make_machine(struct bench *b, unsigned devices, unsigned ways)
{
	static const struct qt_range ram[] = {{QT_MIB(1), QT_GIB(1)}};
	static const struct qt_range crash[] = {{QT_MIB(512), QT_MIB(528)}};
	const struct qt_pci_segment segment = {0, 0, 255};

	b->m = model_new(&(struct model_config){
		.ram = ram, .ram_count = 1, .crash = crash, .crash_count = 1});
	for (unsigned i = 0; i < devices; i++) {
		struct model_function *port = model_add_function(
			b->m, QT_RID(0, 0, 8 * (i / 8 + 1) + i % 8), 0x1b36, 0x000c, 0x060400);
		struct model_function *device =
			model_add_function(b->m, QT_RID(0, i + 1, 0), 0x8086, 0x10d3, 0x020000);

		model_make_bridge(port, (uint8_t)(i + 1), (uint8_t)(i + 1), QT_PCIE_ROOT_PORT);
		model_set_link(port, 3, true);
		model_add_pcie(device, QT_PCIE_ENDPOINT);
		model_add_reset(device, ways)->ready_us = 5000 + 1000 * i;
	}
	model_power_on(b->m);
	b->pci = (struct qt_pci){.host = &b->m->host,
		.functions = b->functions,
		.capacity = QT_ARRAY_SIZE(b->functions)};
	if (qt_pci_enumerate(&b->pci, &segment, 1))
		fail("the model machine does not enumerate");
	qt_reset_probe(&b->pci, b->resets);
}

/* Milliseconds of the model's clock until all that is wanted, so many, is quiet. */
static double stop(struct bench *b, unsigned wanted)
{
	uint64_t began = b->m->clock_ns;
	struct qt_stop *under_way = NULL;
	unsigned quiet = 0;

	if (qt_reset_stop(&b->pci, b->resets, &b->m->arena, QT_STOP_LIMIT_US, &under_way))
		fail("out of memory");
	for (size_t i = 0; i < b->pci.count; i++)
		quiet += b->resets[i].wanted && b->resets[i].result == QT_STOP_QUIET;
	if (quiet != wanted)
		fail("a device is not quiet");
	b->m->arena.used = 0;
	return (double)(b->m->clock_ns - began) * 1e-6;
}

static double all_at_once(unsigned devices, unsigned ways)
{
	struct bench b = {0};
	double took;

	make_machine(&b, devices, ways);
	for (size_t i = 0; i < b.pci.count; i++)
		b.resets[i].wanted = b.resets[i].methods != 0;
	took = stop(&b, devices);
	model_free(b.m);
	return took;
}

static double one_after_another(unsigned devices, unsigned ways)
{
	struct bench b = {0};
	double took = 0;

	make_machine(&b, devices, ways);
	for (size_t i = 0; i < b.pci.count; i++) {
		if (!b.resets[i].methods)
			continue;
		b.resets[i].wanted = true;
		took += stop(&b, 1);
		b.resets[i].wanted = false;
	}
	model_free(b.m);
	return took;
}

int main(void)
{
	static const struct {
		const char *name;
		unsigned ways;
	} methods[] = {{"FLR", MODEL_FLR}, {"bus", 0}};
	static const unsigned devices[] = {1, 8, 64};

	printf("\nresets, in ms of the model machine's clock\n");
	printf("devices   method   all at once   one after another\n");
	for (size_t i = 0; i < QT_ARRAY_SIZE(methods); i++) {
		for (size_t j = 0; j < QT_ARRAY_SIZE(devices); j++)
			printf("%-9u %-8s %-13.0f %.0f\n", devices[j], methods[i].name,
				all_at_once(devices[j], methods[i].ways),
				one_after_another(devices[j], methods[i].ways));
	}
	return 0;
}
