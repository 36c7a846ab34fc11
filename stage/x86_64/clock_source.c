// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/report.h>

#include "clock_source.h"
#include "cpu.h"

/*
 * Without any clock to compare with: slower than every CPU with VT-d, so that
 * times come out too long rather than too short.
 */
#define GUESS_HZ UINT64_C(800000000)

/* ACPI 6.5, 4.8.3.3 */
#define PM_TIMER_HZ UINT64_C(3579545)

/* 8254 programmable interval timer, and the port that gates its channel 2 (8254 data sheet). */
#define PIT_HZ       UINT64_C(1193182)
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_ONE_SHOT 0xb0 /* channel 2, low byte then high byte, mode 0 */
#define GATE_PORT    0x61
#define GATE_ON      0x01
#define GATE_SPEAKER 0x02
#define GATE_OUTPUT  0x20 /* channel 2 has counted down */

#define MEASURE_US UINT64_C(2000)

/*
 * WAIT clock measurement: the longest a clock is looked at. A port read takes
 * about a microsecond, so this ends within half a second even if nothing moves.
 */
#define MEASURE_READS_MAX 400000

/* Plausible counters; anything else is a clock gone wrong. */
#define HZ_MIN UINT64_C(100000000)
#define HZ_MAX UINT64_C(20000000000)

/* CPUID 15h: TSC = crystal * EBX / EAX; CPUID 16h: base frequency in MHz (SDM 2A). */
static uint64_t cpuid_hz(void)
{
	uint32_t leaves = cpuid(0, 0).eax;
	struct cpuid ratio;

	if (leaves < 0x15)
		return 0;
	ratio = cpuid(0x15, 0);
	if (ratio.eax && ratio.ebx && ratio.ecx)
		return (uint64_t)ratio.ecx * ratio.ebx / ratio.eax;
	if (leaves >= 0x16 && ratio.eax && ratio.ebx)
		return (cpuid(0x16, 0).eax & 0xffff) * UINT64_C(1000000);
	return 0;
}

static bool plausible(uint64_t hz)
{
	return hz >= HZ_MIN && hz <= HZ_MAX;
}

/* CPUID's frequency, or a guess until it is measured. */
void clock_start(struct clock *clock)
{
	uint64_t hz = cpuid_hz();

	clock->start = read_counter();
	clock->hz = plausible(hz) ? hz : GUESS_HZ;
	clock->source = plausible(hz) ? QT_CLOCK_CPUID : QT_CLOCK_GUESS;
}

static uint32_t read_pm_timer(const struct qt_host *host, const struct qt_pm_timer *timer)
{
	if (timer->is_port)
		return in32((uint16_t)timer->address);
	return host->mmio_read32(host->context, timer->address);
}

/* The counter's frequency against the PM timer, 0 if that does not move. */
static uint64_t pm_timer_hz(const struct qt_host *host, const struct qt_pm_timer *timer)
{
	uint32_t mask = timer->is_32bit ? UINT32_MAX : 0xffffff;
	uint32_t wanted = (uint32_t)(PM_TIMER_HZ * MEASURE_US / 1000000);
	uint32_t first = read_pm_timer(host, timer);
	uint64_t start = read_counter();

	for (unsigned reads = 0; reads < MEASURE_READS_MAX; reads++) {
		uint32_t passed = (read_pm_timer(host, timer) - first) & mask;

		/* Chipsets have been seen to return a value far off now and then. */
		if (passed >= wanted && passed < 100 * wanted)
			return (read_counter() - start) * PM_TIMER_HZ / passed;
	}
	return 0;
}

/* The same against the 8254's channel 2, whose gate is given back as it was. */
static uint64_t pit_hz(void)
{
	uint16_t count = (uint16_t)(PIT_HZ * MEASURE_US / 1000000);
	uint8_t gate = in8(GATE_PORT);
	uint64_t hz = 0;
	uint64_t start;

	out8(GATE_PORT, (uint8_t)((gate & ~GATE_SPEAKER) | GATE_ON));
	out8(PIT_COMMAND, PIT_ONE_SHOT);
	out8(PIT_CHANNEL2, (uint8_t)count);
	out8(PIT_CHANNEL2, (uint8_t)(count >> 8));
	start = read_counter();
	for (unsigned reads = 0; reads < MEASURE_READS_MAX; reads++) {
		/* An output that is high at once belongs to no timer. */
		if (in8(GATE_PORT) & GATE_OUTPUT) {
			hz = reads ? (read_counter() - start) * PIT_HZ / count : 0;
			break;
		}
	}
	out8(GATE_PORT, gate);
	return hz;
}

void clock_measure(struct clock *clock, const struct qt_host *host, const struct qt_pm_timer *timer)
{
	uint64_t hz = 0;

	if (clock->source == QT_CLOCK_CPUID)
		return;
	if (timer)
		hz = pm_timer_hz(host, timer);
	clock->source = QT_CLOCK_PM_TIMER;
	if (!plausible(hz)) {
		hz = pit_hz();
		clock->source = QT_CLOCK_PIT;
	}
	if (!plausible(hz)) {
		hz = GUESS_HZ;
		clock->source = QT_CLOCK_GUESS;
	}
	clock->hz = hz;
}
