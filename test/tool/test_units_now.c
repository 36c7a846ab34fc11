/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus report` on units as they are now: registers in a file. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crashed.h"
#include "tests.h"

#define REPORT    "report.bin"
#define REGISTERS "registers"
#define UNIT      UINT64_C(0xfed90000)

/* VT-d 4.1, 11.4 */
#define GSTS   0x1c
#define RTADDR 0x20
#define FAULT  0x200 /* as the model's capability register says */

static void write_at(uint64_t at, const void *bytes, size_t size)
{
	int fd = open(REGISTERS, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, UNIT + 0x4000), 0);
	assert_int_equal(pwrite(fd, bytes, size, (off_t)at), (ssize_t)size);
	close(fd);
}

static void write_register(unsigned offset, uint64_t value)
{
	write_at(UNIT + offset, &value, sizeof(value));
}

/* A machine, its report, and its unit's registers as they are in the end. */
static void crash_and_look(struct crashed *crashed)
{
	struct model_unit_config unit = model_unit_default(UNIT);
	const struct qt_host *host;
	uint32_t registers[0x100 / 4];

	crash(crashed, &unit);
	crashed_write_report(crashed, REPORT);
	host = &crashed->scenario.m->host;
	for (size_t i = 0; i < sizeof(registers) / 4; i++)
		registers[i] = host->mmio_read32(host->context, UNIT + 4 * i);
	write_at(UNIT, registers, sizeof(registers));
}

static struct outcome look(const char *option)
{
	return quietus("report", "--from", REPORT, "--memory", REGISTERS, option, NULL);
}

static void text_has(const char *line)
{
	struct outcome outcome = look(NULL);

	assert_success(&outcome);
	if (!strstr(outcome.output, line))
		fail_msg("'%s' is not in:\n%s", line, outcome.output);
}

static void json_has(const char *expression)
{
	struct outcome outcome = look("--json");
	struct outcome jq;

	assert_success(&outcome);
	write_file("report.json", (const uint8_t *)outcome.output, strlen(outcome.output));
	jq = run_program("jq", "-e", expression, "report.json", NULL);
	if (jq.code != 0)
		fail_msg("'%s' is not true (%s) of:\n%s", expression, jq.errors, outcome.output);
}

static void a_unit_left_alone_is_told(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_look(&crashed);
	text_has("\nSince then:\n  IOMMU 0 was left alone.\n");
	json_has(".now == [{left_alone: true, why: null, fault_count: 0, faults: []}]");
	crashed_free(&crashed);
}

static void a_unit_switched_off_is_told(void **state)
{
	const uint32_t off = 0;
	struct crashed crashed;

	(void)state;
	crash_and_look(&crashed);
	write_at(UNIT + GSTS, &off, sizeof(off));
	text_has("  IOMMU 0 was changed: it is off.\n");
	json_has(".now[0].left_alone == false and .now[0].why == \"it is off\"");
	crashed_free(&crashed);
}

static void another_root_is_told(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_look(&crashed);
	write_register(RTADDR, 0x7654000);
	text_has("  IOMMU 0 was changed: it has other requester tables.\n");
	crashed_free(&crashed);
}

static void faults_are_listed(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_look(&crashed);
	write_register(FAULT, 0xfff2f000);
	write_register(FAULT + 8, UINT64_C(1) << 63 | UINT64_C(6) << 32 | 0x10);
	text_has("  IOMMU 0 refused DMA since, 1 times as far as it recorded it:\n"
		 "    0000:00:02.0, write at 0xfff2f000, reason 0x06\n");
	json_has(".now[0].fault_count == 1 and .now[0].faults == "
		 "[{rid: \"0000:00:02.0\", iova: \"0xfff2f000\", write: true, code: 6}]");
	crashed_free(&crashed);
}

static void what_cannot_be_read_is_not_known(void **state)
{
	const uint32_t none = UINT32_MAX;
	struct crashed crashed;

	(void)state;
	crash_and_look(&crashed);
	write_at(UNIT, &none, sizeof(none));
	text_has("left IOMMU 0 alone cannot be known: its registers: they do not answer.\n");
	assert_int_equal(truncate(REGISTERS, UNIT), 0);
	text_has("cannot be known: its registers: No such device or address.\n");
	json_has(".now == [{left_alone: null, why: \"No such device or address\", "
		 "fault_count: null, faults: null}]");
	assert_int_equal(unlink(REGISTERS), 0);
	text_has("cannot be known: its registers: No such file or directory.\n");
	crashed_free(&crashed);
}

/* A report from elsewhere says nothing of the units of this machine. */
static void a_saved_report_looks_at_no_unit(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_look(&crashed);
	outcome = quietus("report", "--from", REPORT, NULL);
	assert_success(&outcome);
	assert_null(strstr(outcome.output, "Since then"));
	crashed_free(&crashed);
}

static void the_raw_report_is_the_report(void **state)
{
	struct crashed crashed;
	struct bytes report;
	struct outcome outcome;

	(void)state;
	crash_and_look(&crashed);
	report = read_file(REPORT);
	/* setup_data can be longer than what is in it. */
	report.data = realloc(report.data, report.size + 100);
	assert_non_null(report.data);
	memset(report.data + report.size, 'x', 100);
	write_file("longer", report.data, report.size + 100);
	write_file("raw", report.data, 0);
	outcome = handicapped_quietus(&(struct handicap){.stdout_path = "raw"}, "report", "--raw",
		"--from", "longer", NULL);
	assert_int_equal(outcome.code, 0);
	assert_file_is("raw", report.data, report.size);
	free(report.data);
	crashed_free(&crashed);
}

static const struct CMUnitTest tests[] = {
	TEST(a_unit_left_alone_is_told),
	TEST(a_unit_switched_off_is_told),
	TEST(another_root_is_told),
	TEST(faults_are_listed),
	TEST(what_cannot_be_read_is_not_known),
	TEST(a_saved_report_looks_at_no_unit),
	TEST(the_raw_report_is_the_report),
};

const struct suite units_now_suite = SUITE(tests);
