/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

#define ARGUMENTS_MAX 32
#define FOLDERS_OPEN  8

static char folder[4096];

int enter_folder(void **state)
{
	static char *programs;
	char path[8192];

	(void)state;
	if (!programs)
		programs = strdup(getenv("PATH"));
	snprintf(folder, sizeof(folder), "%s/case.XXXXXX", getenv("QT_TEST_FOLDER"));
	if (!mkdtemp(folder) || chdir(folder) != 0)
		return -1;
	snprintf(path, sizeof(path), "%s/" STAND_INS ":%s", folder, programs);
	return setenv("PATH", path, 1);
}

void stand_in(const char *name, const char *script)
{
	char path[64], text[1024];

	snprintf(path, sizeof(path), STAND_INS "/%s", name);
	snprintf(text, sizeof(text), "#!/bin/sh\n%s\n", script);
	mkdir(STAND_INS, 0755);
	write_file(path, (const uint8_t *)text, strlen(text));
	assert_int_equal(chmod(path, 0755), 0);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *place)
{
	(void)st, (void)type, (void)place;
	return remove(path);
}

void remove_folder(const char *path)
{
	assert_int_equal(nftw(path, remove_entry, FOLDERS_OPEN, FTW_DEPTH | FTW_PHYS), 0);
}

int leave_folder(void **state)
{
	(void)state;
	if (chdir("..") != 0)
		return -1;
	remove_folder(folder);
	return 0;
}

/* Makes one system call fail. write() still reaches the standard streams. */
static void install_seccomp(int syscall_number, int error)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)syscall_number, 0, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(filter) / sizeof(filter[0]), filter};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(99);
}

static void apply(const struct handicap *handicap)
{
	if (handicap->file_size_limit) {
		struct rlimit limit = {handicap->file_size_limit, handicap->file_size_limit};

		setrlimit(RLIMIT_FSIZE, &limit);
	}
	if (handicap->file_permissions) {
		/* Without privilege these fail, and are not needed. */
		prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0);
		prctl(PR_CAPBSET_DROP, CAP_DAC_READ_SEARCH, 0, 0, 0);
	}
	if (handicap->umask)
		umask((mode_t)handicap->umask - 1);
	if (handicap->stdout_path)
		dup2(open(handicap->stdout_path, O_WRONLY), STDOUT_FILENO);
	if (handicap->fail_syscall)
		install_seccomp(handicap->fail_syscall, handicap->fail_errno);
}

static void slurp(FILE *file, char *text, size_t size)
{
	rewind(file);
	text[fread(text, 1, size - 1, file)] = 0;
	fclose(file);
}

static struct outcome run_argv(char **argv, const struct handicap *handicap)
{
	struct outcome outcome;
	FILE *output = tmpfile();
	FILE *errors = tmpfile();
	int status;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(fileno(output), STDOUT_FILENO);
		dup2(fileno(errors), STDERR_FILENO);
		apply(handicap);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		assert_int_equal(errno, EINTR);
	outcome.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	slurp(output, outcome.output, sizeof(outcome.output));
	slurp(errors, outcome.errors, sizeof(outcome.errors));
	return outcome;
}

static struct outcome run_list(const char *program, const char *argument, va_list arguments,
	const struct handicap *handicap)
{
	char *argv[ARGUMENTS_MAX + 2] = {(char *)program};
	int n = 1;

	for (; argument; argument = va_arg(arguments, const char *)) {
		assert_true(n <= ARGUMENTS_MAX);
		argv[n++] = (char *)argument;
	}
	return run_argv(argv, handicap);
}

struct outcome quietus(const char *argument, ...)
{
	const struct handicap none = {0};
	struct outcome outcome;
	va_list arguments;

	va_start(arguments, argument);
	outcome = run_list(getenv("QUIETUS"), argument, arguments, &none);
	va_end(arguments);
	return outcome;
}

struct outcome handicapped_quietus(const struct handicap *handicap, const char *argument, ...)
{
	struct outcome outcome;
	va_list arguments;

	va_start(arguments, argument);
	outcome = run_list(getenv("QUIETUS"), argument, arguments, handicap);
	va_end(arguments);
	return outcome;
}

struct outcome quietus_on_terminal(const char *arguments)
{
	char command[1024];

	snprintf(command, sizeof(command), "%s %s", getenv("QUIETUS"), arguments);
	return run_program("script", "-qec", command, "/dev/null", NULL);
}

struct outcome run_program(const char *program, ...)
{
	const struct handicap none = {0};
	struct outcome outcome;
	va_list arguments;

	va_start(arguments, program);
	outcome = run_list(program, va_arg(arguments, const char *), arguments, &none);
	va_end(arguments);
	return outcome;
}

void write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

struct bytes read_file(const char *path)
{
	struct bytes bytes = {0};
	struct stat st;
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &st), 0);
	bytes.size = (size_t)st.st_size;
	bytes.data = malloc(bytes.size + 1);
	assert_int_equal(fread(bytes.data, 1, bytes.size, file), bytes.size);
	fclose(file);
	return bytes;
}

void assert_file_is(const char *path, const uint8_t *data, size_t size)
{
	struct bytes bytes = read_file(path);

	assert_int_equal(bytes.size, size);
	assert_memory_equal(bytes.data, data, size);
	free(bytes.data);
}

void list_folder(char *names, size_t size)
{
	struct dirent **entries;
	int n = scandir(".", &entries, NULL, alphasort);

	assert_true(n >= 0);
	*names = 0;
	for (int i = 0; i < n; i++) {
		assert_true(strlen(names) + strlen(entries[i]->d_name) + 2 < size);
		strcat(strcat(names, entries[i]->d_name), " ");
		free(entries[i]);
	}
	free(entries);
}

void assert_refused(const struct outcome *outcome, const char *file, const char *reason)
{
	char start[512];

	snprintf(start, sizeof(start), "quietus: %s: ", file);
	if (outcome->code != 1 || *outcome->output ||
		strncmp(outcome->errors, start, strlen(start)) != 0 ||
		!strstr(outcome->errors, reason) ||
		strchr(outcome->errors, '\n') != outcome->errors + strlen(outcome->errors) - 1)
		fail_msg("expected a refusal of %s with '%s', got code %d, '%s', '%s'", file,
			reason, outcome->code, outcome->output, outcome->errors);
}

void assert_says(const char *output, const char *line)
{
	char squeezed[sizeof(((struct outcome *)0)->output)];
	size_t used = 0;

	for (; *output; output++)
		if (*output != ' ' || !used || squeezed[used - 1] != ' ')
			squeezed[used++] = *output;
	squeezed[used] = 0;
	if (!strstr(squeezed, line))
		fail_msg("'%s' is not in:\n%s", line, squeezed);
}

void assert_json(const char *json, const char *expression)
{
	struct outcome outcome;

	write_file("json.json", (const uint8_t *)json, strlen(json));
	outcome = run_program("jq", "-e", expression, "json.json", NULL);
	if (outcome.code != 0)
		fail_msg("jq: '%s' is not true (%d, %s) of:\n%s", expression, outcome.code,
			outcome.errors, json);
}

void assert_success(const struct outcome *outcome)
{
	if (outcome->code != 0 || *outcome->errors)
		fail_msg("expected success, got code %d, '%s'", outcome->code, outcome->errors);
}
