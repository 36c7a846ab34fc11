/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus report`: what the stage found, decided and did. */
#include <stdio.h>
#include <stdlib.h>

#include "common/command.h"
#include "output.h"
#include "system/registers.h"

/* Other exit codes than everywhere else: scripts ask how the crash went. */
enum report_exit {
	EXIT_AS_ASKED = 0,
	EXIT_STOCK = 1,
	EXIT_NO_REPORT = 2,
};

/* The dead kernel's memory, where a unit's log can be. */
#define DEAD_MEMORY "/proc/vmcore"

struct report_options {
	const char *from;
	const char *memory; /* NULL: registers are not looked at */
	const char *root;
	bool json;
	bool raw;
	bool journal;
};

static int exit_code_of(const struct qt_report_header *header)
{
	switch (header->outcome) {
	case QT_OUTCOME_COMMITTED:
	case QT_OUTCOME_OBSERVED:
	case QT_OUTCOME_OFF:
		return EXIT_AS_ASKED;
	default:
		return EXIT_STOCK;
	}
}

/* The report itself, whatever came behind it. */
static void print_raw(const struct report *report)
{
	fwrite(report->file.data, 1, report->header.size, stdout);
}

static bool print(const struct report *report, const struct unit_now *now,
	const struct report_options *options)
{
	int error = 0;

	if (options->raw)
		print_raw(report);
	else if (options->json)
		report_print_json(report, now);
	else
		error = -report_print_text(report, now, options->journal);
	return output_done(error);
}

static int report(const struct report_options *options)
{
	struct unit_now *now = NULL;
	struct report report;
	struct reason why;
	int result = EXIT_NO_REPORT;

	if (!report_read(&report, options->from, &why)) {
		refuse(options->from, &why);
		return EXIT_NO_REPORT;
	}
	if (options->memory)
		now = units_now(&report, options->memory, DEAD_MEMORY, &why);
	if (options->memory && !now)
		refuse(options->memory, &why);
	else if (print(&report, now, options))
		result = exit_code_of(&report.header);
	free(now);
	report_free(&report);
	return result;
}

static int run(const void *given, char **operands, size_t count)
{
	struct report_options all = *(const struct report_options *)given;
	char published[PATH_MAX], memory[PATH_MAX];

	(void)operands, (void)count;
	if (!all.root)
		all.root = "";
	snprintf(memory, sizeof(memory), "%s" MEMORY_DEVICE, all.root);
	/* A report from elsewhere says nothing of this machine's units. */
	if (!all.from && !all.memory && !all.raw)
		all.memory = memory;
	report_default(all.root, published);
	if (!all.from)
		all.from = published;
	return report(&all);
}

static const struct command_option options[] = {
	{"from", "FILE",
		"read FILE, a saved report, a folder of setup_data nodes or a device tree, instead "
		"of what this kernel publishes",
		.offset = offsetof(struct report_options, from), .kind = ARGUMENT_FILE},
	{"memory", "FILE", "read IOMMU registers from FILE; without --from, that is " MEMORY_DEVICE,
		.offset = offsetof(struct report_options, memory), .kind = ARGUMENT_FILE},
	{"json", NULL, "print JSON, with the words changed",
		.offset = offsetof(struct report_options, json)},
	{"raw", NULL, "print the report as it is, to be kept with the dump",
		.offset = offsetof(struct report_options, raw)},
	{"journal", NULL, "list the words changed in the dead kernel's memory, too",
		.offset = offsetof(struct report_options, journal)},
	/* A recorded system. */
	{"sysroot", "DIR", NULL, .offset = offsetof(struct report_options, root),
		.kind = ARGUMENT_FOLDER},
};

const struct command command_report = {
	.name = "report",
	.summary = "in the capture kernel: what the stage found, decided and did",
	.synopsis = "[--from FILE] [--memory FILE] [--json | --raw] [--journal]",
	.description =
		"Prints the report of the stage that ran before this kernel: the outcome and its "
		"reason, the decision for each requester, and whether this kernel has left the "
		"IOMMUs as the stage did.",
	COMMAND_OPTIONS(struct report_options, options),
	.exits = {"committed, or observed or off as asked", "not committed, or undone",
		"no report, or a damaged one; or the command line made no sense"},
	.run = run,
};
