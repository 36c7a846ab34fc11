/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exit codes and words of the command line itself. */
#include <stdio.h>
#include <string.h>

#include <quietus/types.h>

#include "tests.h"

static void assert_usage_error(struct outcome outcome, const char *words)
{
	if (outcome.code != 2 || *outcome.output || !strstr(outcome.errors, words) ||
		strchr(outcome.errors, '\n') != outcome.errors + strlen(outcome.errors) - 1)
		fail_msg("expected a usage error with '%s', got code %d, '%s', '%s'", words,
			outcome.code, outcome.output, outcome.errors);
}

static void usage_errors_exit_with_2(void **state)
{
	(void)state;
	assert_usage_error(quietus(NULL), "no command");
	assert_usage_error(quietus("frobnicate", NULL), "'frobnicate' is not a command");
	assert_usage_error(quietus("--frobnicate", NULL), "'--frobnicate' is not a command");
	assert_usage_error(quietus("wrap", NULL), "one IMAGE");
	assert_usage_error(quietus("wrap", "a", "b", NULL), "one IMAGE");
	assert_usage_error(quietus("wrap", "--frobnicate", "a", NULL), "unknown option");
	assert_usage_error(quietus("wrap", "a", "--output", NULL), "no argument for '--output'");
	assert_usage_error(quietus("wrap", "a", "-o", NULL), "no argument for '-o'");
	assert_usage_error(quietus("wrap", "--check", NULL), "one IMAGE");
	assert_usage_error(quietus("wrap", "--check", "--output", "o", "a", NULL), "--check");
	assert_usage_error(quietus("wrap", "--check", "--stage", "s", "a", NULL), "--check");
	assert_usage_error(quietus("unwrap", NULL), "one IMAGE");
	assert_usage_error(quietus("unwrap", "a", "b", NULL), "one IMAGE");
	assert_usage_error(quietus("unwrap", "--stage", "s", "a", NULL), "unknown option");
	assert_usage_error(quietus("report", "a", NULL), "too many");
	assert_usage_error(quietus("report", "--from", NULL), "no argument for");
	assert_usage_error(quietus("audit", "a", NULL), "too many");
	assert_usage_error(quietus("audit", "--frobnicate", NULL), "unknown option");
	assert_usage_error(quietus("status", "a", NULL), "too many");
	assert_usage_error(quietus("status", "--frobnicate", NULL), "unknown option");
}

static void unwrap_needs_an_output_name(void **state)
{
	(void)state;
	assert_usage_error(quietus("unwrap", "vmlinuz", NULL), "--output");
	assert_usage_error(quietus("unwrap", ".quietus", NULL), "--output");
	assert_usage_error(quietus("unwrap", "./.quietus", NULL), "--output");
}

static const char *const names[] = {
	"audit", "status", "report", "show", "undo", "wrap", "unwrap", "dump-path", "setup"};

static void help_goes_to_standard_output(void **state)
{
	struct outcome general = quietus("--help", NULL);

	(void)state;
	assert_success(&general);
	for (size_t i = 0; i < QT_ARRAY_SIZE(names); i++) {
		struct outcome help = quietus(names[i], "a", "--help", "--frobnicate", NULL);
		char text[64];

		snprintf(text, sizeof(text), "\n %s ", names[i]);
		assert_says(general.output, text);
		assert_success(&help);
		snprintf(text, sizeof(text), "Usage: quietus %s ", names[i]);
		assert_memory_equal(help.output, text, strlen(text));
		assert_says(help.output, "\n --version show the version\n");
		assert_says(help.output, "\nExit code:\n 0 ");
		/* What tests alone use is not told. */
		assert_null(strstr(help.output, "sysroot"));
		for (const char *line = help.output; *line; line += strcspn(line, "\n") + 1)
			assert_in_range(strcspn(line, "\n"), 0, 80);
	}
}

static void version_is_printed_everywhere(void **state)
{
	struct outcome outcome = quietus("--version", NULL);

	(void)state;
	assert_success(&outcome);
	assert_string_equal(outcome.output, "quietus " QT_VERSION "\n");
	for (size_t i = 0; i < QT_ARRAY_SIZE(names); i++) {
		outcome = quietus(names[i], "--version", NULL);
		assert_success(&outcome);
		assert_string_equal(outcome.output, "quietus " QT_VERSION "\n");
	}
}

/* Behind `--` there are no options. */
static void a_file_can_have_any_name(void **state)
{
	struct outcome outcome = quietus("wrap", "--check", "--", "--help", NULL);

	(void)state;
	assert_refused(&outcome, "--help", "No such file");
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
	const struct handicap full = {.stdout_path = "/dev/full"};
	struct outcome outcome = handicapped_quietus(&full, "--help", NULL);

	(void)state;
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.errors, "No space left"));
}

static const struct CMUnitTest tests[] = {
	TEST(usage_errors_exit_with_2),
	TEST(unwrap_needs_an_output_name),
	TEST(help_goes_to_standard_output),
	TEST(version_is_printed_everywhere),
	TEST(a_file_can_have_any_name),
	TEST(output_that_cannot_be_written_is_a_failure),
};

const struct suite command_line_suite = SUITE(tests);
