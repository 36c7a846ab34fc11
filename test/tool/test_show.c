/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus show` on dumps of a model machine that was taken over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <quietus/report.h>

#include "crashed.h"
#include "tests.h"

#define REPORT "report.bin"
#define DUMP   "vmcore"

static void crash_and_dump_unit(
	struct crashed *crashed, const struct model_unit_config *unit, enum dump_kind kind)
{
	crash(crashed, unit);
	crashed_write_report(crashed, REPORT);
	crashed_write_dump(crashed, kind, DUMP);
}

static void crash_and_dump(struct crashed *crashed, enum dump_kind kind)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);

	crash_and_dump_unit(crashed, &unit, kind);
}

/* What every kind of unit and dump must say of the machine: its own ranges, nothing of ours. */
static const char everything[] = "0000:00:01.0 range 0x21200000 4096 rw 0x13600000 1\n"
				 "0000:00:01.0 range 0x40000000 2097152 rw 0x12c00000 1\n"
				 "0000:00:02.0 range 0xffd00000 4096 r- 0xc800000 1\n"
				 "0000:00:02.0 range 0xffe00000 20480 rw 0x6400000 2\n"
				 "0000:00:02.0 range 0xffe05000 4096 r- 0x19100000 1\n"
				 "0000:00:03.0 range 0xffd00000 4096 r- 0xc800000 1\n"
				 "0000:00:03.0 range 0xffe00000 20480 rw 0x6400000 2\n"
				 "0000:00:03.0 range 0xffe05000 4096 r- 0x19100000 1\n"
				 "0000:00:04.0 direct\n"
				 "0000:00:05.0 nothing\n";

enum { UNIT_KINDS = 3 };

static struct model_unit_config unit_of_kind(int kind)
{
	return kind == 0   ? model_unit_default(0xfed90000)
	       : kind == 1 ? model_unit_scalable(0xfed90000)
			   : model_amdvi_default(0xfeb80000);
}

static void every_unit_and_format_shows_the_dead_kernels_ranges(void **state)
{
	struct crashed crashed;

	(void)state;
	for (int i = 0; i < UNIT_KINDS; i++) {
		const struct model_unit_config unit = unit_of_kind(i);

		for (enum dump_kind kind = DUMP_ELF; kind <= DUMP_KDUMP; kind++) {
			struct outcome outcome;

			crash_and_dump_unit(&crashed, &unit, kind);
			outcome = quietus("show", "--plain", DUMP, NULL);
			assert_success(&outcome);
			assert_string_equal(outcome.output, everything);
			crashed_free(&crashed);
		}
	}
}

/* An undone dump and one as it was saved say the same. */
static void an_undone_dump_shows_the_same(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	crashed_write_original(&crashed, DUMP_ELF, DUMP);
	outcome = quietus("show", "--plain", "--journal", REPORT, DUMP, NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output, everything);
	crashed_free(&crashed);
}

static void assert_contains(const struct outcome *outcome, const char *text)
{
	if (!strstr(outcome->output, text))
		fail_msg("'%s' is not in:\n%s", text, outcome->output);
}

static void text_is_for_people(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	outcome = quietus("show", DUMP, NULL);
	assert_success(&outcome);
	assert_contains(&outcome, "0000:00:01.0 (144d:a808, storage): 2.0 MiB in 2 ranges\n");
	assert_contains(&outcome, "0000:00:02.0 (8086:10d3, network),\n"
				  "0000:00:03.0 (8086:2934, USB): 28.0 KiB in 3 ranges\n");
	assert_contains(&outcome, "0xffe00000 0xffe04fff 20.0 KiB rw     2 pieces\n");
	assert_contains(&outcome, "0xffd00000 0xffd00fff  4.0 KiB r-     0xc800000\n");
	assert_contains(&outcome, "0000:00:04.0 (8086:2918, display): all of memory, untranslated "
				  "(pass-through)\n");
	assert_contains(&outcome, "0000:00:05.0 (8086:2922, storage): nothing (absent)\n");
	crashed_free(&crashed);
}

static void json_is_for_programs(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	outcome = quietus("show", "--json", DUMP, NULL);
	assert_success(&outcome);
	assert_json(outcome.output,
		".complete and (.devices | length) == 5 and (.domains | length) == 2 and "
		".devices[1] == {rid: \"0000:00:02.0\", vendor: \"0x8086\", device: \"0x10d3\", "
		"class: \"0x020000\", reach: \"range\", state: \"translated\", error: null, "
		"domain: 1} and .devices[3].reach == \"direct\" and .devices[3].domain == null and "
		".domains[1].bytes == 28672 and .domains[1].error == null and "
		".domains[1].ranges == [{iova: \"0xffd00000\", size: 4096, access: \"r-\", "
		"phys: \"0xc800000\", pieces: 1}, {iova: \"0xffe00000\", size: 20480, "
		"access: \"rw\", phys: null, pieces: 2}, {iova: \"0xffe05000\", size: 4096, "
		"access: \"r-\", phys: \"0x19100000\", pieces: 1}]");
	crashed_free(&crashed);
}

/* Who could write here */

static void an_address_names_its_writers(void **state)
{
	static const struct {
		const char *address;
		const char *lines;
	} cases[] = {
		/* The last byte of a receive buffer, which the NIC's neighbour shares. */
		{"0x6403fff", "0000:00:02.0 8086:10d3 network rw 0xffe03fff\n"
			      "0000:00:03.0 8086:2934 USB rw 0xffe03fff\n"
			      "0000:00:04.0 8086:2918 display rw untranslated\n"},
		{"c800010", "0000:00:02.0 8086:10d3 network r- 0xffd00010\n"
			    "0000:00:03.0 8086:2934 USB r- 0xffd00010\n"
			    "0000:00:04.0 8086:2918 display rw untranslated\n"},
		{"0x12d23456", "0000:00:01.0 144d:a808 storage rw 0x40123456\n"
			       "0000:00:04.0 8086:2918 display rw untranslated\n"},
		/* One byte behind it, and memory of the crash region: nobody's but his. */
		{"0x6404000", "0000:00:04.0 8086:2918 display rw untranslated\n"},
		{"0x20000000", "0000:00:04.0 8086:2918 display rw untranslated\n"},
	};
	struct crashed crashed;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		struct outcome outcome =
			quietus("show", "--plain", "--phys", cases[i].address, DUMP, NULL);

		assert_success(&outcome);
		assert_string_equal(outcome.output, cases[i].lines);
	}
	crashed_free(&crashed);
}

static void an_address_in_text_and_json(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	outcome = quietus("show", "--phys", "0x6400000", DUMP, NULL);
	assert_success(&outcome);
	assert_contains(&outcome, "REQUESTER    DEVICE    CLASS   ACCESS IOVA\n"
				  "0000:00:02.0 8086:10d3 network rw     0xffe00000\n");
	outcome = quietus("show", "--phys", "0x6400000", "--json", DUMP, NULL);
	assert_success(&outcome);
	assert_json(outcome.output,
		".complete and .phys == \"0x6400000\" and (.reached_by | length) == 3 and "
		".reached_by[0] == {rid: \"0000:00:02.0\", vendor: \"0x8086\", "
		"device: \"0x10d3\", class: \"0x020000\", iova: \"0xffe00000\", access: \"rw\", "
		"direct: false} and .reached_by[2].direct");
	crashed_free(&crashed);
}

/* What is not in the dump */

static void tables_left_out_are_told(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	/* The NVMe's table; the NIC's is in the dump. */
	crashed.excluded = crashed.scenario.machine.domains[0].table.root;
	crashed_write_dump(&crashed, DUMP_KDUMP, DUMP);
	outcome = quietus("show", DUMP, NULL);
	assert_int_equal(outcome.code, 1);
	assert_string_equal(outcome.errors, "quietus: vmcore: not all tables could be read\n");
	assert_contains(&outcome, "0000:00:01.0 (144d:a808, storage): 0 bytes in 0 ranges\n"
				  "From 0x0 on nothing is known, ");
	assert_contains(&outcome, "0000:00:03.0 (8086:2934, USB): 28.0 KiB in 3 ranges\n");
	outcome = quietus("show", "--json", "--phys", "0", DUMP, NULL);
	assert_int_equal(outcome.code, 1);
	assert_json(outcome.output, ".complete == false and (.reached_by | length) == 1");
	crashed_free(&crashed);
}

static void requester_tables_left_out_are_told(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	crashed.excluded = crashed.scenario.machine.units[0].root;
	crashed_write_dump(&crashed, DUMP_ELF, DUMP);
	outcome = quietus("show", "--plain", DUMP, NULL);
	assert_int_equal(outcome.code, 1);
	assert_string_equal(outcome.output, "0000:00:01.0 unknown\n0000:00:02.0 unknown\n"
					    "0000:00:03.0 unknown\n0000:00:04.0 unknown\n"
					    "0000:00:05.0 unknown\n");
	crashed_free(&crashed);
}

/* Reports */

static void assert_nothing_shown(struct outcome outcome, const char *file, const char *reason)
{
	assert_int_equal(outcome.code, 2);
	assert_string_equal(outcome.output, "");
	assert_non_null(strstr(outcome.errors, file));
	if (!strstr(outcome.errors, reason))
		fail_msg("'%s' is not in: %s", reason, outcome.errors);
}

static void a_dump_alone_asks_for_its_report(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	assert_int_equal(rename(REPORT, "other"), 0);
	assert_nothing_shown(
		quietus("show", DUMP, NULL), "./report.bin", "name the stage's report with");
	assert_nothing_shown(quietus("show", "none", NULL), "none", "No such file");
	crashed_free(&crashed);
}

static void another_crashs_report_is_refused(void **state)
{
	struct crashed crashed;
	struct bytes report;
	struct qt_report_header *header;
	struct qt_journal_run *run;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	report = read_file(REPORT);
	header = (void *)report.data;
	run = (void *)(report.data + header->runs.offset);
	run->after ^= 0x1000;
	write_file(REPORT, report.data, report.size);
	assert_nothing_shown(
		quietus("show", DUMP, NULL), REPORT, "not the report of this dump: they differ at");
	free(report.data);
	crashed_free(&crashed);
}

static void a_report_alone_tells_sizes(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	outcome = quietus("show", REPORT, NULL);
	assert_success(&outcome);
	assert_contains(&outcome, "0000:00:02.0 8086:10d3 network translated   16.0 MiB      4\n");
	assert_contains(&outcome, "0000:00:05.0 8086:2922 storage absent              -      -\n");
	assert_nothing_shown(quietus("show", "--phys", "0", REPORT, NULL), REPORT, "name the dump");
	crashed_free(&crashed);
}

/* Units of a hostile report: read without harm, whatever they say. */
static void no_word_of_a_unit_is_trusted(void **state)
{
	(void)state;
	for (int i = 0; i < UNIT_KINDS; i++) {
		const struct model_unit_config unit = unit_of_kind(i);
		struct crashed crashed;
		struct bytes report;
		size_t offset;

		crash_and_dump_unit(&crashed, &unit, DUMP_ELF);
		report = read_file(REPORT);
		offset = ((struct qt_report_header *)(void *)report.data)->units.offset;
		for (size_t at = 0; at < sizeof(struct qt_report_unit); at += 4) {
			uint8_t saved[4];

			memcpy(saved, report.data + offset + at, 4);
			for (int byte = 0xff; byte >= 0x3f; byte -= 0xc0) {
				memset(report.data + offset + at, byte, 4);
				write_file(REPORT, report.data, report.size);
				assert_in_range(quietus("show", "--plain", DUMP, NULL).code, 0, 2);
			}
			memcpy(report.data + offset + at, saved, 4);
		}
		free(report.data);
		crashed_free(&crashed);
	}
}

static void progress_is_said(void **state)
{
	static const char last[] = "quietus: reading translations: 5 of 5\n";
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	outcome = quietus_on_terminal("show --chatty --plain " DUMP);
	assert_int_equal(outcome.code, 0);
	assert_non_null(strstr(outcome.output, "\rquietus: reading translations: 1 of "));
	assert_non_null(strstr(outcome.output, "\r\033[K0000:00:01.0 range "));
	outcome = quietus("show", "--chatty", "--plain", DUMP, NULL);
	assert_int_equal(outcome.code, 0);
	assert_non_null(strstr(outcome.errors, last));
	assert_string_equal(outcome.output, everything);
	crashed_free(&crashed);
}

static void usage_errors(void **state)
{
	(void)state;
	assert_int_equal(quietus("show", NULL).code, 2);
	assert_int_equal(quietus("show", DUMP, DUMP, NULL).code, 2);
	assert_int_equal(quietus("show", "--phys", "12g", DUMP, NULL).code, 2);
	assert_int_equal(quietus("show", "--phys", "", DUMP, NULL).code, 2);
	assert_int_equal(quietus("show", "--phys", "-1", DUMP, NULL).code, 2);
	assert_int_equal(quietus("show", "--phys", "11111111111111111", DUMP, NULL).code, 2);
}

static const struct CMUnitTest tests[] = {
	TEST(every_unit_and_format_shows_the_dead_kernels_ranges),
	TEST(an_undone_dump_shows_the_same),
	TEST(text_is_for_people),
	TEST(json_is_for_programs),
	TEST(an_address_names_its_writers),
	TEST(an_address_in_text_and_json),
	TEST(tables_left_out_are_told),
	TEST(requester_tables_left_out_are_told),
	TEST(a_dump_alone_asks_for_its_report),
	TEST(another_crashs_report_is_refused),
	TEST(a_report_alone_tells_sizes),
	TEST(no_word_of_a_unit_is_trusted),
	TEST(progress_is_said),
	TEST(usage_errors),
};

const struct suite show_suite = SUITE(tests);
