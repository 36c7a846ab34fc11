/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus report`: what the stage found, decided and did. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "output.h"

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
	if (!error && (fflush(stdout) != 0 || ferror(stdout)))
		error = errno;
	if (error)
		fprintf(stderr, "quietus: standard output: %s\n", strerror(error));
	return !error;
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

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"from", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"journal", no_argument, NULL, 'w'},
		{"raw", no_argument, NULL, 'r'},
		{"memory", required_argument, NULL, 'm'},
		/* For tests: a recorded system. */
		{"sysroot", required_argument, NULL, 's'},
		{NULL, 0, NULL, 0},
	};
	struct report_options options = {0};
	char published[PATH_MAX];
	const char *root = "";
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'f':
			options.from = optarg;
			break;
		case 'j':
			options.json = true;
			break;
		case 'w':
			options.journal = true;
			break;
		case 'r':
			options.raw = true;
			break;
		case 'm':
			options.memory = optarg;
			break;
		case 's':
			root = optarg;
			break;
		default:
			return usage_error(argv[0], "unknown option or missing argument");
		}
	}
	if (optind != argc)
		return usage_error(argv[0], "'%s' is one argument too many", argv[optind]);
	/* A report from elsewhere says nothing of this machine's units. */
	if (!options.from && !options.memory && !options.raw)
		options.memory = MEMORY_DEVICE;
	report_default(root, published);
	if (!options.from)
		options.from = published;
	return report(&options);
}

const struct command command_report = {
	.name = "report",
	.summary = "in the capture kernel: what the stage found, decided and did",
	.usage =
		"Usage: quietus report [--from FILE] [--memory FILE] [--json | --raw] [--journal]\n"
		"\n"
		"Prints the report of the stage that ran before this kernel: the outcome and its\n"
		"reason, the decision for each requester, and whether this kernel has left the\n"
		"IOMMUs as the stage did.\n"
		"\n"
		"      --from FILE    read FILE, a saved report, a folder of setup_data nodes or a\n"
		"                     device tree, instead of what this kernel publishes\n"
		"      --memory FILE  read IOMMU registers from FILE; without --from, that is\n"
		"                     " MEMORY_DEVICE "\n"
		"      --json         print JSON, with the words changed\n"
		"      --raw          print the report as it is, to be kept with the dump\n"
		"      --journal      list the words changed in the dead kernel's memory, too\n"
		"      --help         show this text\n"
		"\n"
		"Exit code: 0 committed, or observed or off as asked; 1 not committed, or undone;\n"
		"2 no report, or a damaged one.\n",
	.run = run,
};
