/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tests of the command-line tool. Environment:
 *
 *   QUIETUS          the tool
 *   QT_TEST_FOLDER   where to put files
 *   QT_TEST_STAGE    the stub stage, assembled
 *   QT_TEST_TOP      the source tree
 *   QT_TEST_COMPLETIONS  folder of the completions for bash, zsh and fish
 *   QT_TEST_KERNELS  signed kernel images of a distribution, separated by spaces
 *
 * An argument, if there is one, is a pattern: only tests whose names match it run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests.h"

#define TESTS_MAX 200

int main(int argc, char **argv)
{
	static const struct suite *const suites[] = {
		&command_line_suite,
		&completion_suite,
		&refusal_suite,
		&wrap_suite,
		&pe_suite,
		&unwrap_suite,
		&arm64_suite,
		&write_suite,
		&report_suite,
		&audit_suite,
		&status_suite,
		&units_now_suite,
		&save_report_suite,
		&undo_suite,
		&show_suite,
		&dump_path_suite,
		&setup_suite,
		&kernel_suite,
	};
	static const char *const needed[] = {"QUIETUS", "QT_TEST_FOLDER", "QT_TEST_STAGE",
		"QT_TEST_TOP", "QT_TEST_COMPLETIONS", "QT_TEST_KERNELS"};
	static struct CMUnitTest tests[TESTS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (!getenv(needed[i])) {
			fprintf(stderr, "%s is not set: run 'make check-tool'\n", needed[i]);
			return 2;
		}
	}
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++) {
		if (count + suites[i]->count > TESTS_MAX)
			abort();
		memcpy(tests + count, suites[i]->tests, suites[i]->count * sizeof(*tests));
		count += suites[i]->count;
	}
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return _cmocka_run_group_tests("tool", tests, count, NULL, NULL);
}
