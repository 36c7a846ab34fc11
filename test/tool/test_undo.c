/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus undo` on dumps of a model machine that was taken over. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <quietus/report.h>

#include "crashed.h"
#include "tests.h"

#define REPORT   "report.bin"
#define DUMP     "vmcore"
#define ORIGINAL "original"

static void crash_and_dump(struct crashed *crashed, enum dump_kind kind)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);

	crash(crashed, &unit);
	crashed_write_report(crashed, REPORT);
	crashed_write_dump(crashed, kind, DUMP);
	crashed_write_original(crashed, kind, ORIGINAL);
}

static struct outcome undo(void)
{
	return quietus("undo", "--journal", REPORT, DUMP, NULL);
}

static struct outcome check(void)
{
	return quietus("undo", "--check", "--journal", REPORT, DUMP, NULL);
}

/* Asserts how many words the tool found in which state. */
static void assert_tally(const struct outcome *outcome, size_t changed, size_t original,
	size_t other, size_t excluded, size_t outside)
{
	char expected[256];

	snprintf(expected, sizeof(expected),
		"%zu as the stage left them, %zu as the dead kernel had them, %zu neither; "
		"%zu left out of the dump, %zu outside its memory\n",
		changed, original, other, excluded, outside);
	if (!strstr(outcome->output, expected))
		fail_msg("'%s' is not in:\n%s%s", expected, outcome->output, outcome->errors);
}

static void assert_same_files(const char *a, const char *b)
{
	struct bytes other = read_file(b);

	assert_file_is(a, other.data, other.size);
	free(other.data);
}

/* Overwrites a word in the ELF dump. */
static void damage_word(qt_phys at, uint64_t value)
{
	struct bytes dump = read_file(DUMP);
	size_t offset = elf_dump_offset(dump.data, at);

	assert_true(offset);
	memcpy(dump.data + offset, &value, sizeof(value));
	write_file(DUMP, dump.data, dump.size);
	free(dump.data);
}

/* Dumps once more, with pages excluded or doubled. */
static void dump_again(const struct crashed *crashed, enum dump_kind kind)
{
	crashed_write_dump(crashed, kind, DUMP);
	crashed_write_original(crashed, kind, ORIGINAL);
}

/* The page that the first word changed is in. */
static qt_phys first_page(const struct crashed *crashed)
{
	return crashed_word(crashed, 0) & ~(qt_phys)(MODEL_PAGE - 1);
}

/* Undoes an ELF dump, which is then what memory was. */
static struct outcome undo_to_original(void)
{
	struct outcome outcome = undo();

	assert_success(&outcome);
	assert_same_files(DUMP, ORIGINAL);
	return outcome;
}

static void undone_elf_is_memory_at_the_crash(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	outcome = check();
	assert_success(&outcome);
	assert_tally(&outcome, crashed.words, 0, 0, 0, 0);
	outcome = undo_to_original();
	assert_non_null(strstr(outcome.output, " put back\n"));

	/* Once more does no harm. */
	outcome = check();
	assert_success(&outcome);
	assert_tally(&outcome, 0, crashed.words, 0, 0, 0);
	outcome = undo_to_original();
	assert_non_null(strstr(outcome.output, "nothing to put back\n"));
	crashed_free(&crashed);
}

static void a_page_that_is_there_twice_is_undone_twice(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	crashed.twice = first_page(&crashed);
	dump_again(&crashed, DUMP_ELF);
	undo_to_original();
	crashed_free(&crashed);
}

/* As after a power cut in the middle. */
static void half_undone_is_finished(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	struct qt_store store;
	struct qt_journal_cursor cursor = {0};

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	assert_true(qt_journal_next(&crashed.scenario.journal, &cursor, &store));
	damage_word(store.at, store.before);
	outcome = undo_to_original();
	assert_tally(&outcome, crashed.words - 1, 1, 0, 0, 0);
	crashed_free(&crashed);
}

/* One word that is not as it should be, and none is written. */
static void a_mismatch_keeps_everything_as_it_is(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	struct bytes before;
	qt_phys at;
	char line[64];

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	at = crashed_word(&crashed, crashed.words - 1);
	damage_word(at, 0x1234567);
	before = read_file(DUMP);
	outcome = check();
	assert_int_equal(outcome.code, 1);
	assert_tally(&outcome, crashed.words - 1, 0, 1, 0, 0);
	snprintf(line, sizeof(line), "0x%llx holds 0x1234567, not ", (unsigned long long)at);
	assert_non_null(strstr(outcome.output, line));
	outcome = undo();
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.errors, "not of this crash, or damaged"));
	assert_file_is(DUMP, before.data, before.size);
	free(before.data);
	crashed_free(&crashed);
}

static void excluded_pages_are_no_mismatch(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	for (enum dump_kind kind = DUMP_ELF; kind <= DUMP_KDUMP; kind++) {
		size_t excluded = 0;

		crash_and_dump(&crashed, kind);
		crashed.excluded = first_page(&crashed);
		for (size_t i = 0; i < crashed.words; i++)
			excluded += crashed_word(&crashed, i) - crashed.excluded < MODEL_PAGE;
		assert_in_range(excluded, 1, crashed.words - 1);
		crashed_write_dump(&crashed, kind, DUMP);
		outcome = check();
		assert_success(&outcome);
		assert_tally(&outcome, crashed.words - excluded, 0, 0, excluded, 0);
		crashed_free(&crashed);
	}
}

/* What else is in the dump is put back all the same. */
static void the_rest_of_an_elf_dump_is_undone(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	crashed.excluded = first_page(&crashed);
	dump_again(&crashed, DUMP_ELF);
	undo_to_original();
	crashed_free(&crashed);
}

static void memory_that_is_not_there_is_a_mismatch(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	for (enum dump_kind kind = DUMP_ELF; kind <= DUMP_KDUMP; kind++) {
		crash_and_dump(&crashed, kind);
		crashed.no_memory = first_page(&crashed);
		crashed_write_dump(&crashed, kind, DUMP);
		outcome = check();
		assert_int_equal(outcome.code, 1);
		assert_non_null(strstr(outcome.output, " 0 neither; 0 left out of the dump, "));
		assert_null(strstr(outcome.output, ", 0 outside"));
		crashed_free(&crashed);
	}
}

/*
 * Undoes the dump by a script in place of makedumpfile, which wants a kernel's memory.
 * It finds the ELF core as $core, and the file to be written as $dump.
 */
static struct outcome undo_by(const char *script)
{
	char text[512];

	snprintf(text, sizeof(text),
		"while [ $# -gt 2 ]; do case $1 in /dev/fd/*) break;; esac; shift; done\n"
		"core=$1 dump=$2\n%s",
		script);
	stand_in("makedumpfile", text);
	return undo();
}

static void a_kdump_is_made_anew(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	struct stat st;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	assert_int_equal(chmod(DUMP, 0640), 0);
	outcome = undo_by("cp $core core; cp " ORIGINAL " $dump");
	assert_success(&outcome);
	assert_non_null(strstr(outcome.output, " put back\n"));
	assert_same_files(DUMP, ORIGINAL);
	assert_int_equal(stat(DUMP, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	/* What makedumpfile got is memory at the crash; what was left out is zero there. */
	outcome = quietus("show", "--plain", "--journal", REPORT, DUMP, NULL);
	assert_string_equal(outcome.output,
		quietus("show", "--plain", "--journal", REPORT, "core", NULL).output);
	crashed_free(&crashed);
}

/* Whatever makedumpfile does but what it should: the dump stays, and nothing beside it. */
static void a_kdump_that_cannot_be_made_anew_stays(void **state)
{
	static const struct {
		const char *script;
		const char *reason;
	} cases[] = {
		{"exit 3", "makedumpfile: exit code 3"},
		{"kill -9 $$", "makedumpfile: ended by signal 9"},
		{"echo >$dump", "not a dump"},
		{"cp " DUMP " $dump", "makedumpfile wrote another page at"},
		{"cp other $dump", "makedumpfile wrote other pages"},
	};
	struct crashed crashed;
	struct bytes before;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	crashed.no_memory = first_page(&crashed);
	crashed_write_original(&crashed, DUMP_KDUMP, "other");
	before = read_file(DUMP);
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		char names[4096];
		struct outcome outcome = undo_by(cases[i].script);

		assert_int_equal(outcome.code, 1);
		assert_non_null(strstr(outcome.errors, cases[i].reason));
		assert_file_is(DUMP, before.data, before.size);
		list_folder(names, sizeof(names));
		assert_string_equal(
			names, ". .. " STAND_INS " " ORIGINAL " other " REPORT " " DUMP " ");
	}
	free(before.data);
	crashed_free(&crashed);
}

/* Headers of hostile dumps: refused before anything is run. */
static void a_kdump_with_other_headers_is_refused(void **state)
{
	static const struct {
		size_t offset;
		uint32_t value;
		const char *reason;
	} cases[] = {
		{424, 1 << 3, "not the whole of a dump"},
		{MODEL_PAGE + 12, 1, "not the whole of a dump"},
		{MODEL_PAGE + 72, 1, "erased parts"},
		{MODEL_PAGE + 56, 0, "no notes"},
		{MODEL_PAGE + 60, 1, "its headers are damaged"},
		{MODEL_PAGE + 52, 0x7fffffff, "cut short"},
		{12 + 4 * 65, 0x36383369, "of a 64-bit machine"},
	};
	struct crashed crashed;
	struct bytes dump;

	(void)state;
	crash_and_dump(&crashed, DUMP_KDUMP);
	dump = read_file(DUMP);
	/* Pages that it would have, were it a part of one. */
	set_le32(dump.data + MODEL_PAGE + 24, 1 << 20);
	for (size_t i = 0; i < QT_ARRAY_SIZE(cases); i++) {
		uint32_t saved = le32(dump.data + cases[i].offset);
		struct outcome outcome;

		set_le32(dump.data + cases[i].offset, cases[i].value);
		write_file(DUMP, dump.data, dump.size);
		set_le32(dump.data + cases[i].offset, saved);
		outcome = undo_by("touch it-was-run");
		assert_in_range(outcome.code, 1, 2);
		if (!strstr(outcome.errors, cases[i].reason))
			fail_msg("%zu: %s", i, outcome.errors);
		assert_int_not_equal(access("it-was-run", F_OK), 0);
	}
	free(dump.data);
	crashed_free(&crashed);
}

/* Where the words changed are in an ELF dump: the first and the last. */
static struct qt_range words_in(const struct crashed *crashed, const uint8_t *dump)
{
	struct qt_range range = {SIZE_MAX, 0};

	for (size_t i = 0; i < crashed->words; i++) {
		size_t offset = elf_dump_offset(dump, crashed_word(crashed, i));

		range.start = offset < range.start ? offset : range.start;
		range.end = offset > range.end ? offset : range.end;
	}
	return range;
}

/* The first write goes through, the second does not. */
static void a_failed_write_is_taken_back(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	struct bytes before;
	struct handicap limit = {0};
	struct qt_range words;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	before = read_file(DUMP);
	words = words_in(&crashed, before.data);
	assert_true(words.start < words.end);
	limit.file_size_limit = words.end;
	outcome = handicapped_quietus(&limit, "undo", "--journal", REPORT, DUMP, NULL);
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.errors, "nothing was changed: File too large"));
	assert_file_is(DUMP, before.data, before.size);
	free(before.data);
	crashed_free(&crashed);
}

static void nothing_changed_is_nothing_to_undo(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	struct bytes report;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	report = read_file(REPORT);
	((struct qt_report_header *)(void *)report.data)->words_changed = 0;
	write_file(REPORT, report.data, report.size);
	outcome = undo();
	assert_success(&outcome);
	assert_string_equal(outcome.output, "the stage changed nothing: nothing to undo\n");
	free(report.data);
	crashed_free(&crashed);
}

static void assert_not_compared(struct outcome outcome, const char *file, const char *reason)
{
	assert_int_equal(outcome.code, 2);
	outcome.code = 1;
	assert_refused(&outcome, file, reason);
}

static void what_is_no_dump_is_refused(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	assert_not_compared(quietus("undo", "--journal", REPORT, "none", NULL), "none", "No such");
	assert_not_compared(quietus("undo", "--journal", "none", DUMP, NULL), "none", "No such");
	assert_not_compared(quietus("undo", "--journal", DUMP, DUMP, NULL), DUMP, "not a report");
	assert_not_compared(
		quietus("undo", "--journal", REPORT, REPORT, NULL), REPORT, "not a dump");
	write_file("flat", (const uint8_t *)"makedumpfile\0\0\0\0", 16);
	assert_not_compared(
		quietus("undo", "--journal", REPORT, "flat", NULL), "flat", "makedumpfile -R");
	crashed_free(&crashed);
}

/* Cut short anywhere: refused, or compared as far as it goes, and never changed. */
static void a_dump_cut_short_does_no_harm(void **state)
{
	struct crashed crashed;
	struct bytes dump;
	size_t last;

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	dump = read_file(DUMP);
	last = words_in(&crashed, dump.data).end;
	for (size_t size = 0; size < last; size += size < 256 ? 31 : 5003) {
		struct outcome outcome;

		write_file(DUMP, dump.data, size);
		outcome = undo();
		assert_in_range(outcome.code, 1, 2);
		assert_file_is(DUMP, dump.data, size);
	}
	free(dump.data);
	crashed_free(&crashed);
}

static void progress_is_a_line_that_changes_on_a_terminal(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	char line[128];

	(void)state;
	crash_and_dump(&crashed, DUMP_ELF);
	outcome = quietus_on_terminal("undo --chatty --check --journal " REPORT " " DUMP);
	assert_int_equal(outcome.code, 0);
	snprintf(line, sizeof(line),
		"\rquietus: comparing words: %zu of %zu\r\033[K%zu as the stage left them",
		crashed.words, crashed.words, crashed.words);
	assert_non_null(strstr(outcome.output, line));
	/* A line of its own each elsewhere. */
	outcome = quietus("undo", "--chatty", "--check", "--journal", REPORT, DUMP, NULL);
	assert_int_equal(outcome.code, 0);
	assert_non_null(strstr(outcome.errors, "quietus: comparing words: 2 of "));
	assert_null(strchr(outcome.errors, '\r'));
	/* And not a word of what is soon over. */
	outcome = quietus_on_terminal("undo --check --journal " REPORT " " DUMP);
	assert_int_equal(outcome.code, 0);
	assert_null(strstr(outcome.output, "quietus:"));
	crashed_free(&crashed);
}

static void usage_errors(void **state)
{
	struct outcome outcome = quietus("undo", DUMP, NULL);

	(void)state;
	assert_int_equal(outcome.code, 2);
	assert_non_null(strstr(outcome.errors, "no --journal given"));
	outcome = quietus("undo", "--journal", REPORT, NULL);
	assert_int_equal(outcome.code, 2);
	outcome = quietus("undo", "--journal", REPORT, DUMP, DUMP, NULL);
	assert_int_equal(outcome.code, 2);
}

static const struct CMUnitTest tests[] = {
	TEST(undone_elf_is_memory_at_the_crash),
	TEST(a_page_that_is_there_twice_is_undone_twice),
	TEST(half_undone_is_finished),
	TEST(a_mismatch_keeps_everything_as_it_is),
	TEST(excluded_pages_are_no_mismatch),
	TEST(the_rest_of_an_elf_dump_is_undone),
	TEST(memory_that_is_not_there_is_a_mismatch),
	TEST(a_kdump_is_made_anew),
	TEST(a_kdump_that_cannot_be_made_anew_stays),
	TEST(a_kdump_with_other_headers_is_refused),
	TEST(a_failed_write_is_taken_back),
	TEST(nothing_changed_is_nothing_to_undo),
	TEST(what_is_no_dump_is_refused),
	TEST(a_dump_cut_short_does_no_harm),
	TEST(progress_is_a_line_that_changes_on_a_terminal),
	TEST(usage_errors),
};

const struct suite undo_suite = SUITE(tests);
