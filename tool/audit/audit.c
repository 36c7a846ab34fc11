/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus audit`: what the stage would do, before a crash. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "command.h"

struct audit_options {
	const char *root;
	bool json;
	bool plain;
};

static int print(const struct audit *audit, const struct audit_options *options)
{
	int error = 0;

	if (options->json)
		audit_print_json(audit);
	else
		error = audit_print_text(audit, options->plain);
	if (!error)
		return (int)audit_verdict(audit);
	fprintf(stderr, "quietus: standard output: %s\n", strerror(-error));
	return AUDIT_UNKNOWN;
}

static int audit(const struct audit_options *options)
{
	struct audit *audit = malloc(sizeof(*audit));
	struct reason why = {"out of memory"};
	int result = AUDIT_UNKNOWN;

	if (audit && audit_look(audit, options->root, &why))
		result = print(audit, options);
	else
		refuse("audit", &why);
	if (audit)
		audit_free(audit);
	free(audit);
	return result;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"json", no_argument, NULL, 'j'},
		{"plain", no_argument, NULL, 'p'},
		/* For tests: a recorded system. */
		{"sysroot", required_argument, NULL, 'r'},
		{NULL, 0, NULL, 0},
	};
	struct audit_options options = {.root = ""};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'j':
			options.json = true;
			break;
		case 'p':
			options.plain = true;
			break;
		case 'r':
			options.root = optarg;
			break;
		default:
			return usage_error(argv[0], "unknown option or missing argument");
		}
	}
	if (optind != argc)
		return usage_error(argv[0], "'%s' is one argument too many", argv[optind]);
	return audit(&options);
}

const struct command command_audit = {
	.name = "audit",
	.summary = "before a crash: what the stage would do for each device, and what is amiss",
	.usage = "Usage: quietus audit [--json | --plain]\n"
		 "\n"
		 "Tells what the stage would decide for each PCI device if the kernel crashed\n"
		 "now, whether it would take translations over, and what stands in the way of a\n"
		 "dump. Changes nothing. Without root it says what it could not see.\n"
		 "\n"
		 "      --json     print JSON\n"
		 "      --plain    one line for each device, without a tree and colours\n"
		 "      --help     show this text\n"
		 "\n"
		 "Exit code: 0 sound; 1 findings; 2 could not tell.\n",
	.run = run,
};
