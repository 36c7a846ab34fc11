/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus status` on a recorded machine. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "recorded.h"
#include "tests.h"

static void assert_status(int code, const char *expression)
{
	struct outcome outcome = quietus("status", "--json", "--sysroot", ROOT, NULL);

	if (outcome.code != code || *outcome.errors)
		fail_msg("exit code %d, not %d: '%s'\n%s", outcome.code, code, outcome.errors,
			outcome.output);
	assert_json(outcome.output, expression);
}

static void what_is_loaded_counts(void **state)
{
	(void)state;
	recorded_machine();
	assert_status(0, ". == {format: 1, covered: true, loaded: \"wrapped\", "
			 "loaded_stage: \"" QT_VERSION "\", image: {path: \"/boot/capture\", "
			 "wrapped: true, stage: \"" QT_VERSION "\", signed: false, "
			 "refused: false}, "
			 "last_crash: null}");
	put_image(NULL);
	assert_status(0, ".covered and (.image.wrapped | not)");
	put_image("9.9");
	put_loaded(NULL);
	assert_status(1, ".covered == false and .loaded == \"plain\"");
	put_text("sys/kernel/kexec_crash_loaded", "0\n");
	put_loaded(QT_VERSION);
	assert_status(1, ".covered == false and .loaded == \"nothing\"");
	take_away("sys/kernel/kexec_crash_loaded");
	assert_status(2, ".covered == null and .loaded == \"unknown\"");
}

static void where_it_cannot_be_seen_the_configuration_counts(void **state)
{
	(void)state;
	recorded_machine();
	take_away("proc/kcore");
	assert_status(0, ".covered and .loaded == \"unseen\" and .loaded_stage == null");
	put_image(NULL);
	assert_status(1, ".covered == false");
	take_away("boot/capture");
	assert_status(2, ".covered == null and .image == null");
}

/* A dump that was saved so many seconds after the others. */
static void put_dump(const char *name, long seconds)
{
	struct timespec times[2] = {{.tv_sec = 1700000000 + seconds}, times[0]};
	char path[256];

	times[1] = times[0];
	put_text(name, "KDUMP");
	snprintf(path, sizeof(path), ROOT "/%s", name);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* The package leaves the configuration alone. */
static void the_copy_that_hooks_loaded_counts(void **state)
{
	(void)state;
	recorded_machine();
	take_away("proc/kcore");
	put_text("etc/default/kdump-tools", "KDUMP_KERNEL=/boot/stock\n");
	put_text("boot/stock", "not there yet");
	assert_status(2, ".covered == null");
	put_text("run/quietus/image", "/boot/capture\n");
	assert_status(0, ".image.path == \"/boot/capture\"");
}

static void a_copy_that_was_refused_covers_nothing(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	take_away("proc/kcore");
	put_text("etc/default/kdump-tools", "KDUMP_KERNEL=/boot/stock\n");
	put_text("boot/stock", "not there yet");
	put_text("run/quietus/refused", "/boot/capture\n");
	assert_status(1, ".covered == false and .image.path == \"/boot/capture\" and "
			 ".image.wrapped and .image.refused");
	outcome = quietus("status", "--sysroot", ROOT, NULL);
	assert_says(outcome.output, " Configured /boot/capture: stage " QT_VERSION
				    "; the system refuses it, see quietus audit\n");
	/* Whatever was refused before: this one was taken. */
	put_text("run/quietus/image", "/boot/capture\n");
	assert_status(0, ".covered and (.image.refused | not)");
}

static void the_newest_dump_is_the_last_crash(void **state)
{
	(void)state;
	recorded_machine();
	put_dump("var/crash/202611220900/dump.202611220900", 0);
	put_text("var/crash/202611220900/report.json",
		"{\n  \"format\": 1,\n  \"outcome\": \"committed\",\n  \"reason\": null,\n"
		"  \"units\": [\n    {\"outcome\": \"inner\"}]\n}\n");
	put_text("var/crash/kexec_cmd", "/sbin/kexec");
	assert_status(0, ".last_crash == {folder: \"/var/crash/202611220900\", "
			 "dump: \"dump.202611220900\", time: 1700000000, outcome: \"committed\", "
			 "reason: null}");
	put_dump("var/crash/127.0.0.1-2026/vmcore", 60);
	assert_status(0, ".last_crash.dump == \"vmcore\" and .last_crash.outcome == null");
	put_dump("var/crash/127.0.0.1-2026/vmcore-dmesg.txt", 90);
	put_text("var/crash/127.0.0.1-2026/report.json",
		"{\n  \"outcome\": \"stock\",\n  \"reason\": \"a \\\"reason\\\"\"\n}\n");
	assert_status(0, ".last_crash.dump == \"vmcore\" and .last_crash.outcome == \"stock\" and "
			 ".last_crash.reason == \"a \\\"reason\\\"\"");
	/* Where the configuration puts dumps. */
	put_text("etc/default/kdump-tools",
		"KDUMP_KERNEL=/boot/capture\nKDUMP_COREDIR=\"/srv/crash\"\n");
	assert_status(0, ".last_crash == null");
	put_dump("srv/crash/202611221000/dump.202611221000", 0);
	put_text("srv/crash/202611221000/report.json", "\n  \"outcome\": \"cut shor");
	assert_status(0, ".last_crash.outcome == \"cut shor\"");
}

static void text_says_the_same(void **state)
{
	struct outcome outcome;

	(void)state;
	recorded_machine();
	put_dump("var/crash/202611220900/dump.202611220900", 0);
	outcome = quietus("status", "--sysroot", ROOT, NULL);
	assert_success(&outcome);
	assert_says(outcome.output, "Covered: the next crash goes through the stage.\n"
				    " Loaded a capture kernel with stage " QT_VERSION "\n"
				    " Configured /boot/capture: stage " QT_VERSION "\n"
				    " Last crash 2023-11-");
	assert_says(outcome.output, "/var/crash/202611220900/dump.202611220900: no report\n");
	take_away("proc/kcore");
	take_away("boot/capture");
	outcome = quietus("status", "--sysroot", ROOT, NULL);
	assert_int_equal(outcome.code, 2);
	assert_says(outcome.output, "Whether the next crash is covered cannot be told.\n"
				    " Loaded a capture kernel; whether with a stage cannot be seen "
				    "(/proc/kcore: No such file or directory)\n"
				    " Configured cannot be told (No such file or directory)\n");
}

static const struct CMUnitTest tests[] = {
	TEST(what_is_loaded_counts),
	TEST(where_it_cannot_be_seen_the_configuration_counts),
	TEST(the_copy_that_hooks_loaded_counts),
	TEST(a_copy_that_was_refused_covers_nothing),
	TEST(the_newest_dump_is_the_last_crash),
	TEST(text_says_the_same),
};

const struct suite status_suite = SUITE(tests);
