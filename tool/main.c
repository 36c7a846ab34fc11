/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "common/message.h"

static const struct command *const commands[] = {
	&command_wrap,
	&command_unwrap,
	&command_report,
	&command_audit,
	&command_status,
	&command_undo,
	&command_show,
	&command_dump_path,
	&command_setup,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static void print_help(void)
{
	printf("Usage: quietus COMMAND [OPTION]... [ARGUMENT]...\n"
	       "\n"
	       "Settles the DMA of a crashed kernel before its capture kernel starts.\n"
	       "\n"
	       "Commands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n"
	       "'quietus COMMAND --help' says more about one; 'quietus --version' names this\n"
	       "version. See also quietus(1).\n");
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static bool asks_for_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

/* Output that could not be written is a failure even when all else went well. */
static int finish(int result)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && result == EXIT_OK) {
		perror("quietus: standard output");
		return EXIT_REFUSED;
	}
	return result;
}

int main(int argc, char **argv)
{
	const struct command *command;

	/* A file size limit is then an error like any other, with the temporary file removed. */
	signal(SIGXFSZ, SIG_IGN);
	/* The commands word their own usage errors. */
	opterr = 0;

	if (argc < 2)
		return usage_error("", "no command given");
	if (strcmp(argv[1], "--help") == 0) {
		print_help();
		return finish(EXIT_OK);
	}
	if (strcmp(argv[1], "--version") == 0) {
		printf("quietus %s\n", QT_VERSION);
		return finish(EXIT_OK);
	}
	command = find_command(argv[1]);
	if (!command)
		return usage_error("", "'%s' is not a command", argv[1]);
	if (asks_for_help(argc - 1, argv + 1)) {
		fputs(command->usage, stdout);
		return finish(EXIT_OK);
	}
	return finish(command->run(argc - 1, argv + 1));
}
