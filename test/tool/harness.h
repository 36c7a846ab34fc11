/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs the tool the way its users do, in an empty folder of the test's own, and
 * looks at what it printed and which files it left.
 */
#ifndef TEST_TOOL_HARNESS_H
#define TEST_TOOL_HARNESS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "synthetic.h"

/* What goes wrong in the child process, all off by default. */
struct handicap {
	unsigned long file_size_limit; /* bytes a file may grow to, 0 for no limit */
	int fail_syscall;        /* this system call fails (for write: on files only), 0 for none */
	int fail_errno;          /* with this errno */
	int file_permissions;    /* root, too, needs the permission bits */
	int umask;               /* plus one, 0 to keep it */
	const char *stdout_path; /* standard output goes here */
};

struct outcome {
	int code;           /* exit code, or 128 + signal */
	char output[16384]; /* standard output */
	char errors[4096];  /* standard error */
};

/* cmocka set-up and tear-down: a fresh folder as the current one, removed afterwards. */
int enter_folder(void **state);
int leave_folder(void **state);

/* Puts a shell script in the place of a program, for as long as the test lasts. */
#define STAND_INS "bin"
void stand_in(const char *name, const char *script);

/* Removes a folder and all that is in it. */
void remove_folder(const char *path);

/* Runs the tool with these arguments, up to a NULL. */
struct outcome quietus(const char *argument, ...);
struct outcome handicapped_quietus(const struct handicap *handicap, const char *argument, ...);

/* Runs the tool with these words, without blanks in them, on a terminal; both its outputs are one.
 */
struct outcome quietus_on_terminal(const char *arguments);

/* Runs any program, found by PATH. */
struct outcome run_program(const char *program, ...);

void write_file(const char *path, const uint8_t *data, size_t size);
struct bytes read_file(const char *path);

/* Asserts that the file holds exactly these bytes. */
void assert_file_is(const char *path, const uint8_t *data, size_t size);

/* The names in the current folder, sorted, one space after each. For a look before and after. */
void list_folder(char *names, size_t size);

/* Asserts: exit code 1, nothing printed, one line `quietus: FILE: …` on errors that has `reason` in
 * it. */
void assert_refused(const struct outcome *outcome, const char *file, const char *reason);

/* Asserts that the output has `line`, whatever runs of spaces are in it. */
void assert_says(const char *output, const char *line);

/* Asserts that jq finds the expression true of the JSON text. Leaves a file json.json. */
void assert_json(const char *json, const char *expression);

/* Asserts that all went well, without a word on standard error. */
void assert_success(const struct outcome *outcome);

#endif
