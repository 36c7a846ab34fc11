/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus setup` on systems that are folders; test/hooks has real ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests.h"

#define CONFIG  "sys/etc/sysconfig/kdump"
#define DROP_IN "sys/etc/systemd/system/kdump.service.d/quietus.conf"
#define LIB     "sys/usr/lib/quietus"

static void make_file(const char *path, const char *text)
{
	char folder[200];

	snprintf(folder, sizeof(folder), "%s", path);
	*strrchr(folder, '/') = 0;
	run_program("mkdir", "-p", folder, NULL);
	write_file(path, (const uint8_t *)text, strlen(text));
}

/* A Fedora whose configuration holds this. */
static void make_fedora(const char *config)
{
	make_file("sys/usr/bin/kdumpctl", "");
	make_file(LIB "/kdump-utils.conf", "");
	make_file(LIB "/kdump-utils.service.conf", "");
	make_file(LIB "/dracut-module", "");
	make_file("sys/usr/lib/dracut/modules.d/99kdumpbase/module-setup.sh", "");
	make_file(CONFIG, config);
	chmod(CONFIG, 0640);
}

static void assert_config_is(const char *text)
{
	struct stat st;

	assert_file_is(CONFIG, (const uint8_t *)text, strlen(text));
	assert_int_equal(stat(CONFIG, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

/* Set up, set up again, and undone: not a byte is different from before. */
static void set_up_and_undone(const char *config)
{
	struct outcome outcome, before, after;
	struct bytes first, second;

	make_fedora(config);
	before = run_program("find", "sys", "-printf", "%p %m %y\n", NULL);
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_success(&outcome);
	assert_non_null(strstr(outcome.output, "/etc/sysconfig/kdump: read "));
	first = read_file(CONFIG);
	assert_int_equal(memcmp(first.data, config, strlen(config)), 0);
	assert_non_null(memmem(
		first.data, first.size, "\nif [ -r /usr/lib/quietus/kdump-utils.conf ]", 44));
	assert_int_equal(access(DROP_IN, F_OK), -1); /* it leads into the other system */
	outcome = run_program("readlink", DROP_IN, NULL);
	assert_string_equal(outcome.output, "/usr/lib/quietus/kdump-utils.service.conf\n");

	outcome = quietus("setup", "--root", "sys", "kdump-utils", NULL);
	assert_success(&outcome);
	assert_null(strstr(outcome.output, "read"));
	second = read_file(CONFIG);
	assert_int_equal(first.size, second.size);
	assert_int_equal(memcmp(first.data, second.data, first.size), 0);

	outcome = quietus("setup", "--undo", "--root", "sys", NULL);
	assert_success(&outcome);
	assert_config_is(config);
	run_program("rmdir", "-p", "sys/etc/systemd/system", NULL);
	after = run_program("find", "sys", "-printf", "%p %m %y\n", NULL);
	assert_string_equal(before.output, after.output);
	/* Nothing to undo any more. */
	outcome = quietus("setup", "--undo", "--root", "sys", NULL);
	assert_success(&outcome);
	assert_config_is(config);
	free(first.data);
	free(second.data);
}

static void nothing_is_different_after_undoing(void **state)
{
	(void)state;
	set_up_and_undone("KDUMP_KERNELVER=\"\"\nKDUMP_IMG=\"vmlinuz\"\n");
	set_up_and_undone("KDUMP_IMG=\"vmlinuz\""); /* a line without an end */
	set_up_and_undone("");
	set_up_and_undone("\n\n");
}

/* What is written behind the block stays there. */
static void what_is_added_later_is_kept(void **state)
{
	struct outcome outcome;

	(void)state;
	make_fedora("A=1");
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_success(&outcome);
	outcome = run_program("sh", "-c", "echo B=2 >>" CONFIG, NULL);
	outcome = quietus("setup", "--undo", "--root", "sys", NULL);
	assert_success(&outcome);
	assert_config_is("A=1\nB=2\n");
}

static void a_dry_run_changes_nothing(void **state)
{
	struct outcome outcome, before, after;

	(void)state;
	make_fedora("A=1\n");
	before = run_program("find", "sys", "-printf", "%p %m %y %T@\n", NULL);
	outcome = quietus("setup", "--dry-run", "--root", "sys", NULL);
	assert_success(&outcome);
	assert_string_equal(outcome.output,
		"/etc/sysconfig/kdump: read /usr/lib/quietus/kdump-utils.conf at the end\n"
		"link /etc/systemd/system/kdump.service.d/quietus.conf to "
		"/usr/lib/quietus/kdump-utils.service.conf\n"
		"link /usr/lib/dracut/modules.d/99quietus/module-setup.sh to "
		"/usr/lib/quietus/dracut-module\n"
		"run systemctl daemon-reload\n"
		"run systemctl try-restart kdump.service\n");
	after = run_program("find", "sys", "-printf", "%p %m %y %T@\n", NULL);
	assert_string_equal(before.output, after.output);
}

static void what_is_in_the_way_is_refused_first(void **state)
{
	struct outcome outcome;

	(void)state;
	make_fedora("A=1\n");
	make_file(DROP_IN, "another's");
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_refused(&outcome, "/etc/systemd/system/kdump.service.d/quietus.conf", "not ours");
	assert_config_is("A=1\n");
	assert_file_is(DROP_IN, (const uint8_t *)"another's", 9);
	unlink(DROP_IN);

	unlink(LIB "/kdump-utils.conf");
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_refused(&outcome, "/usr/lib/quietus/kdump-utils.conf", "not installed");
	make_file(LIB "/kdump-utils.conf", "");

	unlink(CONFIG);
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_refused(&outcome, "/etc/sysconfig/kdump", "No such file");
}

static void a_block_that_is_not_whole_stays(void **state)
{
	static const char half[] =
		"A=1\n# quietus setup: begin ('quietus setup --undo' takes it out)\nB=2\n";
	struct outcome outcome;

	(void)state;
	make_fedora(half);
	outcome = quietus("setup", "--undo", "--root", "sys", NULL);
	assert_int_equal(outcome.code, 1);
	assert_non_null(strstr(outcome.errors, "no whole block"));
	assert_config_is(half);
}

static void the_packaging_is_found(void **state)
{
	struct outcome outcome;

	(void)state;
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_int_equal(outcome.code, 2);
	make_fedora("A=1\n");
	outcome = quietus("setup", "--root", "sys", "nonsense", NULL);
	assert_int_equal(outcome.code, 2);
	outcome = quietus("setup", "--root", "sys", "suse", "suse", NULL);
	assert_int_equal(outcome.code, 2);
	/* Two are no answer. */
	make_file("sys/usr/share/kdump-tools/kdump-tools.conf", "");
	outcome = quietus("setup", "--root", "sys", NULL);
	assert_int_equal(outcome.code, 2);
	/* The package does it. */
	make_file("sys/usr/share/doc/quietus/copyright", "");
	outcome = quietus("setup", "--root", "sys", "kdump-tools", NULL);
	assert_success(&outcome);
	assert_non_null(strstr(outcome.output, "the package"));
}

static const struct CMUnitTest tests[] = {
	TEST(nothing_is_different_after_undoing),
	TEST(what_is_added_later_is_kept),
	TEST(a_dry_run_changes_nothing),
	TEST(what_is_in_the_way_is_refused_first),
	TEST(a_block_that_is_not_whole_stays),
	TEST(the_packaging_is_found),
};

const struct suite setup_suite = SUITE(tests);
