/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Subcommands of `quietus`, as data: what parses a command line, prints --help and
 * makes manual pages and completions of shells reads the same tables.
 */
#ifndef QUIETUS_TOOL_COMMAND_H
#define QUIETUS_TOOL_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "message.h"

/* What an argument is, for completion. */
enum argument_kind {
	ARGUMENT_TEXT, /* nothing that could be completed */
	ARGUMENT_FILE,
	ARGUMENT_FOLDER,
	ARGUMENT_WORD, /* one of some words */
};

/* Arguments of an option that can be given more than once. */
#define TEXTS_MAX 64

struct texts {
	const char *list[TEXTS_MAX];
	size_t count;
};

struct command_option {
	const char *name;     /* without the dashes */
	const char *argument; /* its name in usage; NULL: a switch */
	const char *help;     /* what it does; NULL: for tests, nobody is told of it */
	/* In the command's options: a bool, a const char *, or with `many` a struct texts. */
	size_t offset;
	enum argument_kind kind;
	char letter; /* short form; 0: none */
	bool many;
};

struct command_operands {
	size_t least, most;
	enum argument_kind kind;
	const char *words; /* with ARGUMENT_WORD, blanks between them */
	const char *wrong; /* what to say of too few or too many */
};

/* Exit codes of every command: what 0 and 1 mean, its `exits` say. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_REFUSED = 1,
	EXIT_USAGE = 2,
};

struct command {
	const char *name;
	const char *summary; /* one line for `quietus --help` */
	/* What follows the name, a line for each way to call it. In it, words in capitals
	 * are arguments, and [ ] and | have their usual meaning. */
	const char *synopsis;
	const char *description; /* for --help; paragraphs have an empty line between them */
	const struct command_option *options;
	size_t option_count;
	size_t options_size; /* bytes of what option's offsets are in */
	struct command_operands operands;
	const char *exits[3]; /* what each exit code means, without a full stop */
	/*
	 * Runs the command. `options` points to options_size bytes that were zero before
	 * options were set; operands[count] is NULL. Returns an exit code.
	 */
	int (*run)(const void *options, char **operands, size_t count);
};

/* The lists that a command is made of. */
#define COMMAND_OPTIONS(type, list)                                                                \
	.options = (list), .option_count = sizeof(list) / sizeof((list)[0]),                       \
	.options_size = sizeof(type)

/* What the exit codes mean where a command has no other meaning for them. */
#define EXITS_USUAL                                                                                \
	{                                                                                          \
		"success", "the input was refused, or the system failed us",                       \
			"the command line made no sense"                                           \
	}

/* Each in a folder of its own; commands.c is the list. */
extern const struct command command_audit;
extern const struct command command_status;
extern const struct command command_report;
extern const struct command command_show;
extern const struct command command_undo;
extern const struct command command_wrap;
extern const struct command command_unwrap;
extern const struct command command_dump_path;
extern const struct command command_setup;

/* All commands, in the order in which they are listed; the last one is NULL. */
extern const struct command *const commands[];

/* NULL if there is none. */
const struct command *find_command(const char *name);

/* `quietus NAME --help`. */
void command_help(const struct command *command);

/*
 * Reads the command line and runs the command; argv[0] is its name. Returns an exit
 * code.
 */
int command_run(const struct command *command, int argc, char **argv);

#endif
