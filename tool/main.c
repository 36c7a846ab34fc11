/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/command.h"
#include "common/message.h"

static void print_help(void)
{
	printf("Usage: quietus COMMAND [OPTION]... [ARGUMENT]...\n"
	       "\n"
	       "Settles the DMA of a crashed kernel before its capture kernel starts.\n"
	       "\n"
	       "Commands:\n");
	for (size_t i = 0; commands[i]; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
	       "'quietus COMMAND --help' says more about one, and 'man quietus-COMMAND' all of\n"
	       "it; 'quietus --version' names this version. See also quietus(1).\n");
}

/* Whether an option stands before a `--`. */
static bool asks_for(const char *option, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

static int run(int argc, char **argv)
{
	const struct command *command = argc > 1 ? find_command(argv[1]) : NULL;

	if (argc < 2)
		return usage_error("", "no command given");
	if (!command && *argv[1] != '-')
		return usage_error("", "'%s' is not a command", argv[1]);
	if (asks_for("--help", argc, argv)) {
		if (command)
			command_help(command);
		else
			print_help();
		return EXIT_OK;
	}
	if (asks_for("--version", argc, argv)) {
		printf("quietus %s\n", QT_VERSION);
		return EXIT_OK;
	}
	if (!command)
		return usage_error("", "'%s' is not a command", argv[1]);
	return command_run(command, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int result;

	/* A file size limit is then an error like any other, with the temporary file removed. */
	signal(SIGXFSZ, SIG_IGN);
	/* Usage errors are worded here. */
	opterr = 0;
	result = run(argc, argv);
	/* Output that could not be written is a failure even when all else went well. */
	if (result == EXIT_OK && !output_done(0))
		return EXIT_REFUSED;
	return result;
}
