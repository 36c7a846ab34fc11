/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A program of the build:
 *
 *   describe bash|zsh|fish
 *   describe manual FILE            the page of quietus(1)
 *   describe manual FILE COMMAND    that of quietus-COMMAND(1)
 */
#include <stdio.h>
#include <string.h>

#include "describe.h"

static int manual(const char *path, const char *name)
{
	const struct command *command = name ? find_command(name) : NULL;
	struct reason why;

	if (name && !command)
		return usage_error("", "'%s' is not a command", name);
	return describe_manual(command, path, &why) ? EXIT_OK : refuse(path, &why);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*describe)(void);
	} shells[] = {
		{"bash", describe_for_bash},
		{"zsh", describe_for_zsh},
		{"fish", describe_for_fish},
	};
	int result = EXIT_USAGE;

	if (argc > 2 && strcmp(argv[1], "manual") == 0)
		result = manual(argv[2], argv[3]);
	for (size_t i = 0; argc == 2 && i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(argv[1], shells[i].name) != 0)
			continue;
		shells[i].describe();
		result = EXIT_OK;
	}
	return result == EXIT_OK && !output_done(0) ? EXIT_REFUSED : result;
}
