/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Subcommands of `quietus`. Each lives in a file of its own and is one line in
 * the table in main.c.
 */
#ifndef QUIETUS_TOOL_COMMAND_H
#define QUIETUS_TOOL_COMMAND_H

/* Exit codes of every subcommand whose --help does not give its own. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED = 1, /* the input was refused, or the system failed us */
	EXIT_USAGE = 2,   /* the command line made no sense */
};

struct command {
	const char *name;
	const char *summary; /* one line for `quietus --help` */
	const char *usage;   /* the whole text of `quietus NAME --help` */
	/*
	 * Runs the command. argv[0] is the command's name, argv[argc] is NULL, and
	 * --help has already been dealt with. Returns an exit code.
	 */
	int (*run)(int argc, char **argv);
};

extern const struct command command_wrap;
extern const struct command command_unwrap;
extern const struct command command_report;
extern const struct command command_audit;
extern const struct command command_status;
extern const struct command command_undo;
extern const struct command command_show;
extern const struct command command_dump_path;
extern const struct command command_setup;

#endif
