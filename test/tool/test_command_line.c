/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Exit codes and words of the command line itself. */
#include <stdio.h>
#include <string.h>

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
	assert_usage_error(quietus("wrap", "a", "--output", NULL), "missing argument");
	assert_usage_error(quietus("wrap", "--check", NULL), "one IMAGE");
	assert_usage_error(quietus("wrap", "--check", "--output", "o", "a", NULL), "--check");
	assert_usage_error(quietus("wrap", "--check", "--stage", "s", "a", NULL), "--check");
	assert_usage_error(quietus("unwrap", NULL), "one IMAGE");
	assert_usage_error(quietus("unwrap", "a", "b", NULL), "one IMAGE");
	assert_usage_error(quietus("unwrap", "--stage", "s", "a", NULL), "unknown option");
	assert_usage_error(quietus("report", "a", NULL), "too many");
	assert_usage_error(quietus("report", "--from", NULL), "missing argument");
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

static void help_goes_to_standard_output(void **state)
{
	static const char *const commands[] = {"wrap", "unwrap", "report", "audit", "status"};
	struct outcome general = quietus("--help", NULL);

	(void)state;
	assert_success(&general);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct outcome help = quietus(commands[i], "--help", NULL);
		char usage[64];

		assert_non_null(strstr(general.output, commands[i]));
		assert_success(&help);
		snprintf(usage, sizeof(usage), "Usage: quietus %s ", commands[i]);
		assert_memory_equal(help.output, usage, strlen(usage));
	}
}

static void version_is_printed(void **state)
{
	struct outcome outcome = quietus("--version", NULL);

	(void)state;
	assert_success(&outcome);
	assert_string_equal(outcome.output, "quietus " QT_VERSION "\n");
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
	TEST(version_is_printed),
	TEST(output_that_cannot_be_written_is_a_failure),
};

const struct suite command_line_suite = SUITE(tests);
