/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "count.h"

#include "tables.h"

#define LOOP 1000000u

static struct qt_host real;
static uint64_t left_out;
static uint64_t each; /* what leaving a call out takes by itself */

static uint64_t now(void)
{
	return __builtin_ia32_rdtsc();
}

uint64_t bench_count(void)
{
	return now() - left_out;
}

/* Calls of the machine that give something back, and those that do not. */
#define ASKS(type, name, parameters, ...)                                                          \
	static type without_##name parameters                                                      \
	{                                                                                          \
		uint64_t since = now();                                                            \
		type result = real.name(__VA_ARGS__);                                              \
                                                                                                   \
		left_out += now() - since + each;                                                  \
		return result;                                                                     \
	}
#define TELLS(name, parameters, ...)                                                               \
	static void without_##name parameters                                                      \
	{                                                                                          \
		uint64_t since = now();                                                            \
                                                                                                   \
		real.name(__VA_ARGS__);                                                            \
		left_out += now() - since + each;                                                  \
	}

ASKS(int, read, (void *context, qt_phys at, void *buffer, size_t len), context, at, buffer, len)
ASKS(int, store64, (void *context, qt_phys at, uint64_t value), context, at, value)
TELLS(write_back, (void *context, qt_phys at, size_t len), context, at, len)
ASKS(uint32_t, mmio_read32, (void *context, qt_phys at), context, at)
ASKS(uint64_t, mmio_read64, (void *context, qt_phys at), context, at)
TELLS(mmio_write32, (void *context, qt_phys at, uint32_t value), context, at, value)
TELLS(mmio_write64, (void *context, qt_phys at, uint64_t value), context, at, value)
ASKS(uint32_t, pci_read, (void *context, qt_rid rid, unsigned offset, unsigned width), context, rid,
	offset, width)
TELLS(pci_write, (void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value),
	context, rid, offset, width, value)
ASKS(uint64_t, now_us, (void *context), context)
TELLS(log, (void *context, const char *line), context, line)

static uint64_t answer(void *context, qt_phys at)
{
	(void)context;
	return at;
}

static uint64_t count_calls(uint64_t (*volatile call)(void *context, qt_phys at))
{
	uint64_t since = bench_count();

	for (unsigned i = 0; i < LOOP; i++)
		call(NULL, i);
	return bench_count() - since;
}

void bench_count_check(void)
{
	uint64_t since = now();
	unsigned n = LOOP;
	uint64_t took;

	__asm__ volatile("1: dec %0\n\tjnz 1b" : "+r"(n));
	took = now() - since;
	/* A clock tick may have come in between. */
	if (took < 2 * LOOP || took > 2 * LOOP + LOOP / 50)
		bench_fail("the time stamp counter does not count instructions");
	real.mmio_read64 = answer;
	each = (count_calls(without_mmio_read64) - count_calls(answer) + LOOP / 2) / LOOP;
}

void bench_count_without(struct qt_host *machine)
{
	real = *machine;
	*machine = (struct qt_host){.context = real.context,
		.read = without_read,
		.store64 = without_store64,
		.write_back = without_write_back,
		.mmio_read32 = without_mmio_read32,
		.mmio_read64 = without_mmio_read64,
		.mmio_write32 = without_mmio_write32,
		.mmio_write64 = without_mmio_write64,
		.pci_read = without_pci_read,
		.pci_write = without_pci_write,
		.now_us = without_now_us,
		.log = without_log};
}
