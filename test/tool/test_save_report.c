/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* packaging/hooks/save-report, with a report of a model machine. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crashed.h"
#include "tests.h"

#define REPORT "source.bin"

/* A quietus on the path that reads the report from a file, as the real one does from sysfs. */
static struct outcome save_report(const char *folder)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/packaging/hooks/save-report", getenv("QT_TEST_TOP"));
	stand_in("quietus", "shift; exec \"$QUIETUS\" report --from " REPORT " \"$@\"");
	return run_program(path, folder, NULL);
}

static void crash_and_write(struct crashed *crashed)
{
	struct model_unit_config unit = model_unit_default(0xfed90000);

	crash(crashed, &unit);
	crashed_write_report(crashed, REPORT);
}

static void assert_saved(const char *folder)
{
	char command[256];

	snprintf(command, sizeof(command),
		"cd %s && cmp report.bin ../../" REPORT " && jq -e .outcome report.json && "
		"grep -q '^Words changed:' report.txt && test \"$(ls | wc -l)\" = 3",
		folder);
	assert_int_equal(run_program("sh", "-c", command, NULL).code, 0);
}

/* Saves where kdump-tools has its folders, after these commands made some. */
static struct outcome save_beside(const char *commands)
{
	struct outcome outcome;

	assert_int_equal(run_program("sh", "-c", commands, NULL).code, 0);
	setenv("KDUMP_COREDIR", "crash", 1);
	outcome = save_report(NULL);
	unsetenv("KDUMP_COREDIR");
	assert_success(&outcome);
	return outcome;
}

static void a_report_is_saved_in_three_forms(void **state)
{
	struct crashed crashed;
	struct outcome outcome;

	(void)state;
	crash_and_write(&crashed);
	outcome = save_report("crash/there");
	assert_success(&outcome);
	assert_saved("crash/there");
	crashed_free(&crashed);
}

static void the_dump_of_this_boot_is_found(void **state)
{
	struct crashed crashed;

	(void)state;
	crash_and_write(&crashed);
	save_beside("mkdir -p crash/202601010000 crash/202601010001 crash/200001010000 && "
		    "touch -d '2 seconds ago' crash/202601010000 && "
		    "touch -d '2000-01-01' crash/200001010000");
	assert_saved("crash/202601010001");
	crashed_free(&crashed);
}

/* An older crash's folder is not this one's. */
static void without_a_dump_there_is_a_new_folder(void **state)
{
	struct crashed crashed;
	struct outcome outcome;
	char folder[128] = "";

	(void)state;
	crash_and_write(&crashed);
	outcome = save_beside(
		"mkdir -p crash/200001010000 && touch -d '2000-01-01' crash/200001010000");
	assert_int_equal(
		sscanf(outcome.output, "quietus: saved the stage's report in %127s", folder), 1);
	assert_string_not_equal(folder, "crash/200001010000");
	assert_saved(folder);
	crashed_free(&crashed);
}

static void no_report_saves_nothing(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = save_report("crash/there");
	assert_int_equal(outcome.code, 2);
	assert_int_equal(access("crash", F_OK), -1);
}

static const struct CMUnitTest tests[] = {
	TEST(a_report_is_saved_in_three_forms),
	TEST(the_dump_of_this_boot_is_found),
	TEST(without_a_dump_there_is_a_new_folder),
	TEST(no_report_saves_nothing),
};

const struct suite save_report_suite = SUITE(tests);
