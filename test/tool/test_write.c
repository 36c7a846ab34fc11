/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How files are written: wholly or not at all, under the right name and mode. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests.h"

static const uint8_t earlier[] = "what was there before";

/* Puts "vmlinuz" and "stage" into the folder. Free the image's data. */
static struct synthetic prepare(void)
{
	struct synthetic s = synthetic_image(PE_PAGE_ALIGNED);
	struct bytes stage = synthetic_stage("1.0", 0x1000, 0x2000);

	write_file("vmlinuz", s.image.data, s.image.size);
	write_file("stage", stage.data, stage.size);
	free(stage.data);
	return s;
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void the_mode_is_kept(void **state)
{
	static const mode_t modes[] = {0600, 0644, 0444, 0755, 0666};
	static const int umasks[] = {0, 022, 077};
	struct synthetic s = prepare();

	(void)state;
	for (size_t m = 0; m < sizeof(modes) / sizeof(modes[0]); m++) {
		for (size_t u = 0; u < sizeof(umasks) / sizeof(umasks[0]); u++) {
			const struct handicap handicap = {.umask = umasks[u] + 1};
			struct outcome outcome;

			chmod("vmlinuz", modes[m]);
			outcome = handicapped_quietus(
				&handicap, "wrap", "--stage", "stage", "vmlinuz", NULL);
			assert_success(&outcome);
			assert_int_equal(mode_of("vmlinuz.quietus"), modes[m]);
			outcome = handicapped_quietus(
				&handicap, "unwrap", "--output", "back", "vmlinuz.quietus", NULL);
			assert_success(&outcome);
			assert_int_equal(mode_of("back"), modes[m]);
		}
	}
	free(s.image.data);
}

/* Writing fails at every step in turn; an earlier file stays what it was, and no other appears. */
static void a_failed_write_leaves_no_trace(void **state)
{
	static const struct {
		struct handicap handicap;
		const char *reason;
	} failures[] = {
		{{.fail_syscall = SYS_write, .fail_errno = ENOSPC}, "No space left on device"},
		{{.fail_syscall = SYS_write, .fail_errno = EDQUOT}, "quota"},
		{{.file_size_limit = 4096}, "File too large"},
		{{.file_size_limit = 1 << 20}, "File too large"},
		{{.fail_syscall = SYS_fchmod, .fail_errno = EPERM}, "not permitted"},
		{{.fail_syscall = SYS_fsync, .fail_errno = EIO}, "Input/output error"},
		{{.fail_syscall = SYS_rename, .fail_errno = EROFS}, "Read-only file system"},
	};
	struct synthetic s = prepare();

	(void)state;
	for (int exists = 0; exists < 2; exists++) {
		if (exists)
			write_file("out", earlier, sizeof(earlier));
		for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
			char before[4096], after[4096];
			struct outcome outcome;

			list_folder(before, sizeof(before));
			outcome = handicapped_quietus(&failures[i].handicap, "wrap", "--stage",
				"stage", "--output", "out", "vmlinuz", NULL);
			assert_refused(&outcome, "out", failures[i].reason);
			list_folder(after, sizeof(after));
			assert_string_equal(before, after);
		}
	}
	assert_file_is("out", earlier, sizeof(earlier));
	free(s.image.data);
}

static void a_failed_unwrap_leaves_no_trace(void **state)
{
	const struct handicap full = {.fail_syscall = SYS_write, .fail_errno = ENOSPC};
	struct synthetic s = prepare();
	struct outcome outcome = quietus("wrap", "--stage", "stage", "vmlinuz", NULL);
	char names[4096];

	(void)state;
	assert_success(&outcome);
	outcome = handicapped_quietus(&full, "unwrap", "--output", "out", "vmlinuz.quietus", NULL);
	assert_refused(&outcome, "out", "No space left on device");
	list_folder(names, sizeof(names));
	assert_string_equal(names, ". .. stage vmlinuz vmlinuz.quietus ");
	free(s.image.data);
}

static void a_place_that_cannot_be_written_is_refused(void **state)
{
	const struct handicap permissions = {.file_permissions = 1};
	struct synthetic s = prepare();
	struct outcome outcome;
	char names[4096];

	(void)state;
	outcome = quietus("wrap", "--stage", "stage", "--output", "no/where", "vmlinuz", NULL);
	assert_refused(&outcome, "no/where", "No such file");
	assert_int_equal(mkdir("closed", 0500), 0);
	outcome = handicapped_quietus(&permissions, "wrap", "--stage", "stage", "--output",
		"closed/out", "vmlinuz", NULL);
	assert_refused(&outcome, "closed/out", "Permission denied");
	outcome = quietus("wrap", "--stage", "stage", "--output", "closed", "vmlinuz", NULL);
	assert_refused(&outcome, "closed", "not a regular file");
	list_folder(names, sizeof(names));
	assert_string_equal(names, ". .. closed stage vmlinuz ");
	free(s.image.data);
}

/* Replacing a device by a file would break the machine, not just the output. */
static void devices_are_not_replaced(void **state)
{
	struct synthetic s = prepare();
	struct outcome outcome;
	struct stat st;

	(void)state;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	outcome = quietus("wrap", "--stage", "stage", "--output", "pipe", "vmlinuz", NULL);
	assert_refused(&outcome, "pipe", "not a regular file");
	assert_int_equal(stat("pipe", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	free(s.image.data);
}

static void a_symbolic_link_is_followed(void **state)
{
	struct synthetic s = prepare();
	struct outcome outcome;
	struct stat st;

	(void)state;
	write_file("target", earlier, sizeof(earlier));
	assert_int_equal(symlink("target", "link"), 0);
	outcome = quietus("wrap", "--stage", "stage", "--output", "link", "vmlinuz", NULL);
	assert_success(&outcome);
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	outcome = quietus("wrap", "--check", "target", NULL);
	assert_success(&outcome);
	free(s.image.data);
}

static void an_image_can_be_wrapped_and_unwrapped_in_place(void **state)
{
	struct synthetic s = prepare();
	struct outcome outcome =
		quietus("wrap", "--stage", "stage", "-o", "vmlinuz", "vmlinuz", NULL);

	(void)state;
	assert_success(&outcome);
	outcome = quietus("wrap", "--check", "vmlinuz", NULL);
	assert_success(&outcome);
	outcome = quietus("unwrap", "-o", "vmlinuz", "vmlinuz", NULL);
	assert_success(&outcome);
	assert_file_is("vmlinuz", s.image.data, s.image.size);
	free(s.image.data);
}

static const struct CMUnitTest tests[] = {
	TEST(the_mode_is_kept),
	TEST(a_failed_write_leaves_no_trace),
	TEST(a_failed_unwrap_leaves_no_trace),
	TEST(a_place_that_cannot_be_written_is_refused),
	TEST(devices_are_not_replaced),
	TEST(a_symbolic_link_is_followed),
	TEST(an_image_can_be_wrapped_and_unwrapped_in_place),
};

const struct suite write_suite = SUITE(tests);
