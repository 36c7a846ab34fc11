/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tests of each file, for the one main function. */
#ifndef TEST_TOOL_TESTS_H
#define TEST_TOOL_TESTS_H

#include "harness.h"

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_folder, leave_folder)

/* Tests of one file; tests[count - 1] is the last. */
struct suite {
	const struct CMUnitTest *tests;
	size_t count;
};

#define SUITE(array)                                                                               \
	{                                                                                          \
		array, sizeof(array) / sizeof((array)[0])                                          \
	}

extern const struct suite command_line_suite;
extern const struct suite completion_suite;
extern const struct suite refusal_suite;
extern const struct suite wrap_suite;
extern const struct suite pe_suite;
extern const struct suite unwrap_suite;
extern const struct suite arm64_suite;
extern const struct suite write_suite;
extern const struct suite report_suite;
extern const struct suite audit_suite;
extern const struct suite status_suite;
extern const struct suite units_now_suite;
extern const struct suite save_report_suite;
extern const struct suite undo_suite;
extern const struct suite show_suite;
extern const struct suite dump_path_suite;
extern const struct suite setup_suite;
extern const struct suite kernel_suite;

#endif
