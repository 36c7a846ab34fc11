/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "describe.h"

static const char licence[] = "# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause\n";

static const struct command_option help = {.name = "help", .help = "show how it is called"};
static const struct command_option version = {.name = "version", .help = "show the version"};

/* Calls `each` with every option that people are told of. */
static void for_options(const struct command *command,
	void (*each)(const struct command *command, const struct command_option *option))
{
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].help)
			each(command, &command->options[i]);
	each(command, &help);
	each(command, &version);
}

/* Text between single quotes, with a backslash before each of `special`. */
static void print_quoted(const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			printf("'\\''");
		else
			printf("%s%c", strchr(special, *text) ? "\\" : "", *text);
	}
}

/* bash: bash(1), Programmable Completion */

/* What is wanted there, as the function below asks. */
static const char *bash_kind(enum argument_kind kind)
{
	static const char *const kinds[] = {
		[ARGUMENT_TEXT] = "none",
		[ARGUMENT_FILE] = "file",
		[ARGUMENT_FOLDER] = "directory",
		[ARGUMENT_WORD] = "words",
	};

	return kinds[kind];
}

static void print_bash_option(const struct command *command, const struct command_option *option)
{
	(void)command;
	printf(" --%s", option->name);
	if (option->letter)
		printf(" -%c", option->letter);
}

static void print_bash_argument(const struct command *command, const struct command_option *option)
{
	if (!option->argument)
		return;
	printf("\t'%s --%s'", command->name, option->name);
	if (option->letter)
		printf(" | '%s -%c'", command->name, option->letter);
	printf(") kind=%s ;;\n", bash_kind(option->kind));
}

static void print_bash_command(const struct command *command)
{
	printf("\t%s)\n\t\toptions='", command->name);
	for_options(command, print_bash_option);
	printf("'\n\t\tkind=%s words='%s' ;;\n",
		command->operands.most ? bash_kind(command->operands.kind) : "none",
		command->operands.words ? command->operands.words : "");
}

void describe_for_bash(void)
{
	printf("%s#\n# Completion of quietus(1) in bash.\n\n", licence);
	printf("_quietus()\n{\n"
	       "\tlocal current=${COMP_WORDS[COMP_CWORD]} options= kind= words=\n\n"
	       "\tcase ${COMP_WORDS[1]} in\n");
	for (size_t i = 0; commands[i]; i++)
		print_bash_command(commands[i]);
	printf("\tesac\n"
	       "\tif ((COMP_CWORD == 1)); then\n"
	       "\t\tkind=words options='--help --version' words='");
	for (size_t i = 0; commands[i]; i++)
		printf("%s%s", i ? " " : "", commands[i]->name);
	printf("'\n\tfi\n"
	       "\t[[ $current != -* ]] || kind=words words=$options\n"
	       "\tcase \"${COMP_WORDS[1]} ${COMP_WORDS[COMP_CWORD - 1]}\" in\n");
	for (size_t i = 0; commands[i]; i++)
		for_options(commands[i], print_bash_argument);
	printf("\tesac\n"
	       "\tCOMPREPLY=()\n"
	       "\tcase $kind in\n"
	       "\tfile | directory)\n"
	       "\t\tcompopt -o filenames 2>/dev/null\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -A \"$kind\" -- \"$current\") ;;\n"
	       "\twords)\n"
	       "\t\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\") ;;\n"
	       "\tesac\n"
	       "}\n"
	       "complete -F _quietus quietus\n");
}

/* zsh: zshcompsys(1), _arguments and _describe */

static const char *zsh_action(enum argument_kind kind)
{
	static const char *const actions[] = {
		[ARGUMENT_TEXT] = "",
		[ARGUMENT_FILE] = "_files",
		[ARGUMENT_FOLDER] = "_files -/",
		[ARGUMENT_WORD] = "",
	};

	return actions[kind];
}

static void print_zsh_option(const struct command *command, const struct command_option *option)
{
	(void)command;
	printf(" \\\n\t\t\t");
	if (option->letter)
		printf("'(-%c --%s)'{-%c,--%s}'[", option->letter, option->name, option->letter,
			option->name);
	else
		printf("'%s--%s[", option->many ? "*" : "", option->name);
	print_quoted(option->help, "[]:\\");
	printf("]");
	if (option->argument)
		printf(":%s:%s", option->argument, zsh_action(option->kind));
	printf("'");
}

static void print_zsh_command(const struct command *command)
{
	const struct command_operands *operands = &command->operands;

	printf("\t%s)\n\t\t_arguments", command->name);
	for_options(command, print_zsh_option);
	if (operands->most)
		printf(" \\\n\t\t\t'%s:argument:", operands->most > 1 ? "*" : "1");
	if (operands->most && operands->kind == ARGUMENT_WORD)
		printf("(%s)'", operands->words);
	else if (operands->most)
		printf("%s'", zsh_action(operands->kind));
	printf(" ;;\n");
}

void describe_for_zsh(void)
{
	printf("#compdef quietus\n%s#\n# Completion of quietus(1) in zsh.\n\n", licence);
	printf("local -a commands\n\n"
	       "if ((CURRENT == 2)); then\n"
	       "\tcommands=(");
	for (size_t i = 0; commands[i]; i++) {
		printf("\n\t\t'%s:", commands[i]->name);
		print_quoted(commands[i]->summary, ":\\");
		printf("'");
	}
	printf(")\n"
	       "\t_describe -t commands command commands\n"
	       "\t_arguments '--help[%s]' '--version[%s]'\n"
	       "else\n"
	       "\tshift words\n"
	       "\t((CURRENT--))\n"
	       "\tcase $words[1] in\n",
		help.help, version.help);
	for (size_t i = 0; commands[i]; i++)
		print_zsh_command(commands[i]);
	printf("\tesac\nfi\n");
}

/* fish: complete(1) */

static void print_fish_option(const struct command *command, const struct command_option *option)
{
	printf("complete -c quietus -n '__fish_seen_subcommand_from %s' -l %s", command->name,
		option->name);
	if (option->letter)
		printf(" -s %c", option->letter);
	if (option->argument && option->kind == ARGUMENT_FILE)
		printf(" -r -F");
	else if (option->argument && option->kind == ARGUMENT_FOLDER)
		printf(" -x -a '(__fish_complete_directories)'");
	else if (option->argument)
		printf(" -x");
	printf(" -d '");
	print_quoted(option->help, "\\");
	printf("'\n");
}

static void print_fish_operands(const struct command *command)
{
	const struct command_operands *operands = &command->operands;

	if (!operands->most)
		return;
	printf("complete -c quietus -n '__fish_seen_subcommand_from %s'", command->name);
	if (operands->kind == ARGUMENT_WORD)
		printf(" -a '%s'\n", operands->words);
	else
		printf(" -F\n");
}

void describe_for_fish(void)
{
	printf("%s#\n# Completion of quietus(1) in fish.\n\n", licence);
	printf("complete -c quietus -f\n"
	       "complete -c quietus -n __fish_use_subcommand -l help -d '%s'\n"
	       "complete -c quietus -n __fish_use_subcommand -l version -d '%s'\n",
		help.help, version.help);
	for (size_t i = 0; commands[i]; i++) {
		printf("complete -c quietus -n __fish_use_subcommand -a %s -d '",
			commands[i]->name);
		print_quoted(commands[i]->summary, "\\");
		printf("'\n");
		for_options(commands[i], print_fish_option);
		print_fish_operands(commands[i]);
	}
}
