/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus audit`: what the stage would do, before a crash. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "common/command.h"

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
	return output_done(-error) ? (int)audit_verdict(audit) : AUDIT_UNKNOWN;
}

static int audit(const struct audit_options *options)
{
	struct audit *audit = malloc(sizeof(*audit));
	struct reason why = {.text = "out of memory"};
	int result = AUDIT_UNKNOWN;

	if (audit && audit_look(audit, options->root ? options->root : "", &why))
		result = print(audit, options);
	else
		refuse("audit", &why);
	if (audit)
		audit_free(audit);
	free(audit);
	return result;
}

static int run(const void *given, char **operands, size_t count)
{
	(void)operands, (void)count;
	return audit(given);
}

static const struct command_option options[] = {
	{"json", NULL, "print JSON", .offset = offsetof(struct audit_options, json)},
	{"plain", NULL, "one line for each device, without a tree and colours",
		.offset = offsetof(struct audit_options, plain)},
	/* A recorded system. */
	{"sysroot", "DIR", NULL, .offset = offsetof(struct audit_options, root),
		.kind = ARGUMENT_FOLDER},
};

const struct command command_audit = {
	.name = "audit",
	.summary = "before a crash: what the stage would do for each device, and what is amiss",
	.synopsis = "[--json | --plain]",
	.description =
		"Tells what the stage would decide for each PCI device if the kernel crashed now, "
		"whether it would take translations over, and what stands in the way of a dump. "
		"Changes nothing. Without root it says what it could not see.",
	COMMAND_OPTIONS(struct audit_options, options),
	.exits = {"sound", "findings", "could not tell, or the command line made no sense"},
	.run = run,
};
