/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"

#define OPTIONS_MAX 16

/* Columns that --help takes, and where its explanations begin. */
#define WIDTH  80u
#define INDENT 2u

/* Bytes of a line of a synopsis or description, at most. */
#define TEXT_MAX 1024

const struct command *find_command(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/* Help */

/* Up to the next blank, but not one inside brackets. */
static size_t word_length(const char *text)
{
	int depth = 0;
	size_t length = 0;

	for (; text[length] && (text[length] != ' ' || depth); length++)
		depth += (text[length] == '[') - (text[length] == ']');
	return length;
}

/* Prints words that begin at column `from` and go on there in the next line. */
static void print_wrapped(const char *text, size_t from)
{
	size_t column = from;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t length = word_length(text);

		if (column > from && column + 1 + length > WIDTH) {
			printf("\n%*s", (int)from, "");
			column = from;
		}
		column += (size_t)printf("%s%.*s", column > from ? " " : "", (int)length, text);
		text += length;
	}
	printf("\n");
}

/* Copies the next line of a text, and moves *text behind it. False at its end. */
static bool next_line(const char **text, char line[TEXT_MAX])
{
	size_t length = strcspn(*text, "\n");

	if (!**text)
		return false;
	snprintf(line, TEXT_MAX, "%.*s", (int)length, *text);
	*text += length + ((*text)[length] == '\n');
	return true;
}

static void print_usage(const struct command *command)
{
	const char *synopsis = command->synopsis, *before = "Usage:";
	char line[TEXT_MAX];

	while (next_line(&synopsis, line)) {
		size_t from = (size_t)printf("%s quietus %s ", before, command->name);

		print_wrapped(line, from);
		before = "      ";
	}
}

static void print_description(const struct command *command)
{
	const char *description = command->description;
	char line[TEXT_MAX];

	while (next_line(&description, line))
		print_wrapped(line, 0);
}

static size_t width_of(const struct command_option *option)
{
	return strlen("  -x, --") + strlen(option->name) +
	       (option->argument ? 1 + strlen(option->argument) : 0) + INDENT;
}

static void print_option(const struct command_option *option, size_t from)
{
	if (option->letter)
		printf("  -%c, --%s", option->letter, option->name);
	else
		printf("      --%s", option->name);
	printf("%s%s", option->argument ? " " : "", option->argument ? option->argument : "");
	printf("%*s", (int)(from - (width_of(option) - INDENT)), "");
	print_wrapped(option->help, from);
}

/* Every command's. */
static const struct command_option common_options[] = {
	{.name = "help", .help = "show this text"},
	{.name = "version", .help = "show the version"},
};

static void print_options(const struct command *command)
{
	size_t from = width_of(&common_options[1]);

	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].help && width_of(&command->options[i]) > from)
			from = width_of(&command->options[i]);
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].help)
			print_option(&command->options[i], from);
	for (size_t i = 0; i < sizeof(common_options) / sizeof(common_options[0]); i++)
		print_option(&common_options[i], from);
}

void command_help(const struct command *command)
{
	print_usage(command);
	printf("\n");
	print_description(command);
	printf("\n");
	print_options(command);
	printf("\nExit code:\n");
	for (size_t code = 0; code < 3; code++) {
		printf("  %zu  ", code);
		print_wrapped(command->exits[code], 5);
	}
}

/* The command line */

static void list_options(const struct command *command, struct option list[OPTIONS_MAX + 1],
	char letters[2 * OPTIONS_MAX + 2])
{
	size_t used = 0;

	letters[used++] = ':';
	for (size_t i = 0; i < command->option_count && i < OPTIONS_MAX; i++) {
		const struct command_option *option = &command->options[i];

		list[i] = (struct option){option->name,
			option->argument ? required_argument : no_argument, NULL, 256 + (int)i};
		if (!option->letter)
			continue;
		letters[used++] = option->letter;
		if (option->argument)
			letters[used++] = ':';
	}
	letters[used] = 0;
}

static const struct command_option *option_of(const struct command *command, int value)
{
	for (size_t i = 0; i < command->option_count; i++)
		if (value == 256 + (int)i || value == command->options[i].letter)
			return &command->options[i];
	return NULL;
}

/* Notes an option where the command looks for it. False if there are too many of them. */
static bool set_option(const struct command_option *option, void *options)
{
	void *at = (char *)options + option->offset;
	struct texts *texts = at;

	if (!option->argument) {
		*(bool *)at = true;
		return true;
	}
	if (!option->many) {
		*(const char **)at = optarg;
		return true;
	}
	if (texts->count == TEXTS_MAX)
		return false;
	texts->list[texts->count++] = optarg;
	return true;
}

/* False with a word about it on standard error. */
static bool parse(const struct command *command, int argc, char **argv, void *options)
{
	struct option list[OPTIONS_MAX + 1] = {0};
	char letters[2 * OPTIONS_MAX + 2];
	size_t count;
	int value;

	list_options(command, list, letters);
	optind = 0;
	while ((value = getopt_long(argc, argv, letters, list, NULL)) != -1) {
		const struct command_option *option =
			value == '?' || value == ':' ? NULL : option_of(command, value);

		if (!option) {
			usage_error(command->name, "%s '%s'",
				value == ':' ? "no argument for" : "unknown option",
				argv[optind - 1]);
			return false;
		}
		if (!set_option(option, options)) {
			usage_error(command->name, "too many '--%s'", option->name);
			return false;
		}
	}
	count = (size_t)(argc - optind);
	if (count >= command->operands.least && count <= command->operands.most)
		return true;
	if (command->operands.most == 0)
		usage_error(command->name, "'%s' is one argument too many", argv[optind]);
	else
		usage_error(command->name, "%s", command->operands.wrong);
	return false;
}

int command_run(const struct command *command, int argc, char **argv)
{
	void *options = calloc(1, command->options_size + 1);
	int result = EXIT_USAGE;
	struct reason why;

	if (!options) {
		reason_of_system(&why, ENOMEM);
		return refuse(command->name, &why);
	}
	if (parse(command, argc, argv, options))
		result = command->run(options, argv + optind, (size_t)(argc - optind));
	free(options);
	return result;
}
