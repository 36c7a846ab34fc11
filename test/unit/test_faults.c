/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Refused DMA that units have recorded, from registers and memory made up here. */
#include <quietus/unit.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNIT     0xfed90000u
#define UNIT_END (UNIT + 0x5000u)
#define LOG      0x100000u
#define LOG_SIZE 4096u

/* AMD-Vi registers (3.4), and bits of them. */
#define AMD_CONTROL    0x18
#define AMD_STATUS     0x2020
#define AMD_LOG_ENABLE (1ull << 2)
#define AMD_OVERFLOW   (1ull << 0)

struct place {
	uint64_t registers[(UNIT_END - UNIT) / 8];
	uint64_t log[LOG_SIZE / 8];
	struct qt_unit_fault seen[300];
	size_t count;
	unsigned writes;
	int stop; /* what the visit returns */
};

static uint64_t read64(void *context, qt_phys at)
{
	struct place *place = context;

	assert_in_range(at, UNIT, UNIT_END - 8);
	assert_int_equal(at & 7, 0);
	return place->registers[(at - UNIT) / 8];
}

static uint32_t read32(void *context, qt_phys at)
{
	return (uint32_t)(read64(context, at & ~(qt_phys)7) >> (at & 4 ? 32 : 0));
}

/* As an AMD-Vi unit: overflow is cleared by writing one, and only while the log is off. */
static void write64(void *context, qt_phys at, uint64_t value)
{
	struct place *place = context;
	uint64_t *word = &place->registers[(at - UNIT) / 8];

	assert_in_range(at, UNIT, UNIT_END - 8);
	place->writes++;
	if (at != UNIT + AMD_STATUS)
		*word = value;
	else if (!(place->registers[AMD_CONTROL / 8] & AMD_LOG_ENABLE))
		*word &= ~value;
}

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	struct place *place = context;

	if (at < LOG || at + len > LOG + LOG_SIZE)
		return QT_E_OUTSIDE;
	memcpy(buffer, (uint8_t *)place->log + (at - LOG), len);
	return QT_OK;
}

static int visit(void *context, const struct qt_unit_fault *fault)
{
	struct place *place = context;

	place->seen[place->count++] = *fault;
	return place->stop;
}

static int faults_of(struct place *place, const struct qt_unit *unit)
{
	struct qt_host host = {.context = place,
		.read = read_memory,
		.mmio_read32 = read32,
		.mmio_read64 = read64};
	struct qt_machine machine = {.host = &host};

	place->count = 0;
	return unit->ops->faults(&machine, unit, visit, place);
}

static void expect_fault(const struct place *place, size_t index, qt_rid rid, qt_iova iova,
	bool write, unsigned code)
{
	assert_true(index < place->count);
	assert_int_equal(place->seen[index].rid, rid);
	assert_int_equal(place->seen[index].iova, iova);
	assert_int_equal(place->seen[index].write, write);
	assert_int_equal(place->seen[index].code, code);
}

/* Words of a VT-d fault recording register (11.4.14). */
#define VTD_HIGH(fault, read, reason, source)                                                      \
	((uint64_t)(fault) << 63 | (uint64_t)(read) << 62 | (uint64_t)(reason) << 32 | (source))

static void test_vtd(void **state)
{
	/* Four registers from 0x220 on. */
	struct qt_unit unit = {.ops = &qt_unit_vtd,
		.registers = UNIT,
		.segment = 2,
		.capability = (uint64_t)0x22 << 24 | (uint64_t)3 << 40};
	struct place *place = calloc(1, sizeof(*place));
	uint64_t *record = &place->registers[0x220 / 8];

	(void)state;
	assert_int_equal(faults_of(place, &unit), 0);
	assert_int_equal(place->count, 0);

	/* The oldest is number 3; number 1 is empty, number 2 an interrupt. */
	place->registers[0x30 / 8] = (uint64_t)3 << 8 << 32;
	record[0] = 0x12345000;
	record[1] = VTD_HIGH(1, 0, 5, 0x0008);
	record[2] = 0x99999000;
	record[3] = VTD_HIGH(0, 0, 5, 0x0008);
	record[5] = VTD_HIGH(1, 0, 0x25, 0x0008);
	record[6] = 0xffffe000abcdefffull;
	record[7] = VTD_HIGH(1, 1, 0x71, 0x8110);
	assert_int_equal(faults_of(place, &unit), 0);
	assert_int_equal(place->count, 2);
	expect_fault(place, 0, QT_RID(2, 0x81, 0x10), 0xffffe000abcde000ull, false, 0x71);
	expect_fault(place, 1, QT_RID(2, 0, 8), 0x12345000, true, 5);

	place->stop = -77;
	assert_int_equal(faults_of(place, &unit), -77);
	assert_int_equal(place->count, 1);
	free(place);
}

/* First word of an AMD-Vi event (2.5): code, flags in 59:48, device. */
#define AMD_EVENT(code, flags, device) ((uint64_t)(code) << 60 | (uint64_t)(flags) << 48 | (device))
#define AMD_WRITE                      (1u << 5)
#define AMD_INTERRUPT                  (1u << 3)

static void set_log(struct place *place, uint64_t base, uint64_t head, uint64_t tail)
{
	place->registers[0x10 / 8] = base;
	place->registers[0x2010 / 8] = head;
	place->registers[0x2018 / 8] = tail;
}

static void test_amdvi(void **state)
{
	struct qt_unit unit = {.ops = &qt_unit_amdvi, .registers = UNIT, .segment = 1};
	struct place *place = calloc(1, sizeof(*place));
	const uint64_t base = LOG | (uint64_t)8 << 56; /* 256 entries */

	(void)state;
	set_log(place, base, 0x40, 0x40);
	assert_int_equal(faults_of(place, &unit), 0);
	assert_int_equal(place->count, 0);

	/* Five entries, over the end: a fault, a command's, an interrupt's, two more faults. */
	set_log(place, base, 0xfd0, 0x20);
	place->log[0xfd0 / 8] = AMD_EVENT(2, AMD_WRITE, 0x0310);
	place->log[0xfd0 / 8 + 1] = 0xabcd1238;
	place->log[0xfe0 / 8] = AMD_EVENT(5, 0, 0);
	place->log[0xff0 / 8] = AMD_EVENT(2, AMD_INTERRUPT, 0x0310);
	place->log[0] = AMD_EVENT(2, 0, 0x0008);
	place->log[1] = 0x1000;
	place->log[2] = AMD_EVENT(1, 0, 0x0018);
	place->log[3] = 0x2000;
	assert_int_equal(faults_of(place, &unit), 0);
	assert_int_equal(place->count, 3);
	expect_fault(place, 0, QT_RID(1, 3, 0x10), 0xabcd1238, true, 2);
	expect_fault(place, 1, QT_RID(1, 0, 8), 0x1000, false, 2);
	expect_fault(place, 2, QT_RID(1, 0, 0x18), 0x2000, false, 1);

	place->stop = -77;
	assert_int_equal(faults_of(place, &unit), -77);

	/* A log that is not there, pointers outside it: all ones read from a dead unit. */
	place->stop = 0;
	set_log(place, 0x200000 | (uint64_t)8 << 56, 0, 0x10);
	assert_int_equal(faults_of(place, &unit), QT_E_OUTSIDE);
	set_log(place, base, 0, 0x1000);
	assert_int_equal(faults_of(place, &unit), QT_E_BAD);
	set_log(place, base, 0x7fff0, 0);
	assert_int_equal(faults_of(place, &unit), QT_E_BAD);
	set_log(place, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	assert_int_equal(faults_of(place, &unit), 0);
	free(place);
}

/* An overflown log is not written any more: to see new faults, it must be started anew. */
static void test_amdvi_log_that_overflowed(void **state)
{
	struct qt_unit unit = {.ops = &qt_unit_amdvi, .registers = UNIT};
	struct place *place = calloc(1, sizeof(*place));
	struct qt_host host = {.context = place, .mmio_read64 = read64, .mmio_write64 = write64};
	struct qt_machine machine = {.host = &host};
	const uint64_t control = 0x1405;
	uint64_t *status = &place->registers[AMD_STATUS / 8];

	(void)state;
	set_log(place, LOG | (uint64_t)8 << 56, 0x30, 0x20);
	place->registers[AMD_CONTROL / 8] = control;
	*status = AMD_OVERFLOW | 1 << 4;
	unit.ops->forget_faults(&machine, &unit);
	assert_int_equal(place->registers[0x2010 / 8], 0x20);
	assert_int_equal(*status, 1 << 4);
	assert_int_equal(place->registers[AMD_CONTROL / 8], control);

	/* Nothing to forget: nothing is written. */
	place->writes = 0;
	unit.ops->forget_faults(&machine, &unit);
	assert_int_equal(place->writes, 0);

	/* One that was off stays off. */
	place->registers[AMD_CONTROL / 8] = control & ~AMD_LOG_ENABLE;
	*status = AMD_OVERFLOW;
	unit.ops->forget_faults(&machine, &unit);
	assert_int_equal(place->registers[AMD_CONTROL / 8], control & ~AMD_LOG_ENABLE);
	free(place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vtd),
		cmocka_unit_test(test_amdvi),
		cmocka_unit_test(test_amdvi_log_that_overflowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
