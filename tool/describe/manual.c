/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"

/* Columns of text in the page's source. */
#define WIDTH 78u

static void print_text(const char *text)
{
	size_t column = 0;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t length = strcspn(text, " ");

		/* A line that begins with one of these would be a macro. */
		if (column && column + 1 + length > WIDTH && !strchr(".'", *text)) {
			putchar('\n');
			column = 0;
		}
		column += (size_t)printf("%s%.*s", column ? " " : "", (int)length, text);
		text += length;
	}
	putchar('\n');
}

static void print_capitals(const char *text)
{
	for (; *text; text++)
		putchar(toupper((unsigned char)*text));
}

/* One word of a synopsis, as mdoc has it. */
static void print_word(const char *before, const char *word, size_t length)
{
	const char *macro = isupper((unsigned char)*word) ? "Ar " : "Cm ";

	if (*word == '|')
		macro = "";
	if (*word == '-') {
		macro = "Fl ";
		word++;
		length--;
	}
	printf("%s%s%.*s", before, macro, (int)length, word);
}

/* Words up to one of `ends`; *text moves there. */
static void print_words(const char *before, const char **text, const char *ends)
{
	while (**text && !strchr(ends, **text)) {
		size_t length = strcspn(*text, " []\n");

		print_word(before, *text, length);
		before = " ";
		*text += length;
		*text += strspn(*text, " ");
	}
}

/* What is in brackets, and perhaps dots behind them. */
static void print_optional(const char **text)
{
	bool many;

	++*text;
	printf(".Oo");
	print_words(" ", text, "]");
	++*text;
	many = strncmp(*text, "...", 3) == 0;
	*text += many ? 3 : 0;
	*text += strspn(*text, " ");
	printf(" Oc%s\n", many ? " Ns ..." : "");
}

/* One way to call it. */
static void print_call(const char **text)
{
	while (**text && **text != '\n') {
		if (**text == '[') {
			print_optional(text);
			continue;
		}
		print_words(".", text, "[\n");
		putchar('\n');
	}
	*text += **text == '\n';
}

static void print_head(const struct command *command)
{
	const char *synopsis = command->synopsis;

	printf(".Dt QUIETUS-");
	print_capitals(command->name);
	printf(" 1\n.Os\n.Sh NAME\n.Nm quietus-%s\n.Nd ", command->name);
	print_text(command->summary);
	printf(".Sh SYNOPSIS\n");
	while (*synopsis) {
		printf(".Nm quietus %s\n", command->name);
		print_call(&synopsis);
	}
}

static void print_option(const struct command_option *option)
{
	printf(".It");
	if (option->letter)
		printf(" Fl %c ,", option->letter);
	printf(" Fl -%s", option->name);
	if (option->argument)
		printf(" Ar %s", option->argument);
	putchar('\n');
	print_text(option->help);
}

static void print_options(const struct command *command)
{
	printf(".Sh OPTIONS\n.Bl -tag -width Ds\n");
	for (size_t i = 0; i < command->option_count; i++)
		if (command->options[i].help)
			print_option(&command->options[i]);
	printf(".It Fl -help , -version\nshow how it is called, or the version\n.El\n");
}

static void print_exits(const struct command *command)
{
	printf(".Sh EXIT STATUS\n.Bl -tag -width Ds -compact\n");
	for (size_t code = 0; code < 3; code++) {
		printf(".It %zu\n", code);
		print_text(command->exits[code]);
	}
	printf(".El\n");
}

static void print_commands(void)
{
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; commands[i]; i++) {
		printf(".It Xr quietus-%s 1\n", commands[i]->name);
		print_text(commands[i]->summary);
	}
	printf(".El\n");
}

/* What stands for a line of the source; false for one that is to be printed as it is. */
static bool replace(const struct command *command, const char *line)
{
	if (strcmp(line, "@COMMANDS@\n") == 0)
		print_commands();
	else if (command && strcmp(line, "@HEAD@\n") == 0)
		print_head(command);
	else if (command && strcmp(line, "@OPTIONS@\n") == 0)
		print_options(command);
	else if (command && strcmp(line, "@EXITS@\n") == 0)
		print_exits(command);
	else
		return false;
	return true;
}

bool describe_manual(const struct command *command, const char *path, struct reason *why)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool ok;

	if (!file)
		return because_of(why, errno);
	while (getline(&line, &size, file) > 0)
		if (!replace(command, line))
			fputs(line, stdout);
	ok = !ferror(file) || because_of(why, errno);
	free(line);
	fclose(file);
	return ok;
}
