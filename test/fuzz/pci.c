/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * PCI: enumeration, capabilities, quieting interrupts, and probing and stopping by
 * resets, over config space that answers anything. The input: how many functions,
 * their requester IDs, then patches to their config spaces, 4 KiB each.
 */
#include <string.h>

#include <quietus/limits.h>
#include <quietus/reset.h>

#include "fuzz.h"

#define FUNCTIONS_MAX 16

/* No bus is made of more accesses than this: beyond it something does not end. */
#define ACCESSES_MAX 20000000u

static uint8_t config[FUNCTIONS_MAX][4096];
static qt_rid rids[FUNCTIONS_MAX];
static size_t count;
static uint64_t accesses;
static uint64_t clock_us;
static bool reading_only;

static uint8_t *config_of(qt_rid rid, unsigned offset, unsigned width)
{
	FUZZ_CHECK(width == 1 || width == 2 || width == 4);
	FUZZ_CHECK(offset < 4096 && offset % width == 0);
	FUZZ_CHECK(++accesses < ACCESSES_MAX);
	clock_us++;
	for (size_t i = 0; i < count; i++)
		if (rids[i] == rid)
			return config[i] + offset;
	return NULL;
}

static uint32_t pci_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	const uint8_t *at = config_of(rid, offset, width);
	uint32_t value = 0;

	(void)context;
	if (!at)
		return UINT32_MAX >> (32 - 8 * width);
	memcpy(&value, at, width);
	return value;
}

/* Every bit is writable: what hardware would not take is in the input as it is. */
static void pci_write(void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	uint8_t *at = config_of(rid, offset, width);

	(void)context;
	FUZZ_CHECK(!reading_only);
	if (at)
		memcpy(at, &value, width);
}

/* Registers of a device that has gone. */
static uint32_t mmio_read32(void *context, qt_phys at)
{
	(void)context;
	FUZZ_CHECK(at % 4 == 0);
	return UINT32_MAX;
}

static void mmio_write32(void *context, qt_phys at, uint32_t value)
{
	(void)context;
	(void)value;
	FUZZ_CHECK(at % 4 == 0 && !reading_only);
}

static uint64_t now_us(void *context)
{
	(void)context;
	return clock_us += 500;
}

static void no_log(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static void check_functions(const struct qt_pci *pci)
{
	FUZZ_CHECK(pci->count <= pci->capacity);
	for (size_t i = 0; i < pci->count; i++) {
		const struct qt_pci_function *function = &pci->functions[i];

		FUZZ_CHECK(function->parent < (int32_t)i);
		FUZZ_CHECK(!(function->flags & QT_PCI_VF) ||
			   (function->physical >= 0 && function->physical < (int32_t)pci->count));
		for (size_t j = 0; j < i; j++)
			FUZZ_CHECK(pci->functions[j].rid != function->rid);
	}
}

static void stop(struct qt_pci *pci, struct qt_arena *arena)
{
	struct qt_stop *under_way = NULL;
	struct qt_reset resets[64];
	uint64_t before;

	qt_reset_probe(pci, resets);
	for (size_t i = 0; i < pci->count; i++) {
		FUZZ_CHECK(resets[i].bridge < (int32_t)pci->count);
		resets[i].wanted = resets[i].methods != 0;
	}
	reading_only = false;
	before = clock_us;
	qt_reset_stop(pci, resets, arena, QT_STOP_LIMIT_US, &under_way);
	/* What is under way at the limit is brought to an end; the clock here runs fast. */
	FUZZ_CHECK(clock_us - before < 2 * QT_STOP_LIMIT_US);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t arena_bytes[QT_KIB(128)] __attribute__((aligned(4096)));
	static const struct qt_pci_segment segment = {0, 0, UINT8_MAX};
	struct fuzz_input input = {data, size};
	struct qt_arena arena = fuzz_arena(arena_bytes, QT_MIB(1), sizeof(arena_bytes));
	struct qt_host host = {.pci_read = pci_read,
		.pci_write = pci_write,
		.mmio_read32 = mmio_read32,
		.mmio_write32 = mmio_write32,
		.now_us = now_us,
		.log = no_log};
	struct qt_pci_function functions[64];
	struct qt_pci pci = {&host, functions, 0, QT_ARRAY_SIZE(functions)};
	struct qt_pci_quiet_counts counts;

	accesses = clock_us = 0;
	reading_only = true;
	count = fuzz_take(&input, 1) % FUNCTIONS_MAX + 1;
	for (size_t i = 0; i < count; i++)
		rids[i] = (qt_rid)fuzz_take(&input, 2);
	memset(config, 0, count * sizeof(config[0]));
	fuzz_patch(&input, 2, config[0], count * sizeof(config[0]));

	qt_pci_enumerate(&pci, &segment, 1);
	check_functions(&pci);
	stop(&pci, &arena);
	qt_pci_quiet_interrupts(&pci, &counts);
	FUZZ_CHECK(counts.failed <= pci.count && counts.absent <= pci.count);
	return 0;
}
