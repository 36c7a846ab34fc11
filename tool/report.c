/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus report`: what the stage found, decided and did. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "report_output.h"

/* Other exit codes than everywhere else: scripts ask how the crash went. */
enum report_exit {
	EXIT_AS_ASKED = 0,
	EXIT_STOCK = 1,
	EXIT_NO_REPORT = 2,
};

struct report_options {
	const char *from;
	bool json;
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

static bool print(const struct report *report, const struct report_options *options)
{
	int error = 0;

	if (options->json)
		report_print_json(report);
	else
		error = -report_print_text(report, options->journal);
	if (!error && (fflush(stdout) != 0 || ferror(stdout)))
		error = errno;
	if (error)
		fprintf(stderr, "quietus: standard output: %s\n", strerror(error));
	return !error;
}

static int report(const struct report_options *options)
{
	struct report report;
	struct reason why;
	int result;

	if (!report_read(&report, options->from, &why)) {
		refuse(options->from, &why);
		return EXIT_NO_REPORT;
	}
	result = print(&report, options) ? exit_code_of(&report.header) : EXIT_NO_REPORT;
	report_free(&report);
	return result;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"from", required_argument, NULL, 'f'},
		{"json", no_argument, NULL, 'j'},
		{"journal", no_argument, NULL, 'w'},
		{NULL, 0, NULL, 0},
	};
	struct report_options options = {.from = SETUP_DATA_FOLDER};
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
		default:
			return usage_error(argv[0], "unknown option or missing argument");
		}
	}
	if (optind != argc)
		return usage_error(argv[0], "'%s' is one argument too many", argv[optind]);
	return report(&options);
}

const struct command command_report = {
	.name = "report",
	.summary = "in the capture kernel: what the stage found, decided and did",
	.usage =
		"Usage: quietus report [--from FILE] [--json] [--journal]\n"
		"\n"
		"Prints the report of the stage that ran before this kernel: the outcome and its\n"
		"reason, and the decision for each requester.\n"
		"\n"
		"      --from FILE    read FILE, a saved report or a folder of setup_data nodes,\n"
		"                     instead of " SETUP_DATA_FOLDER "\n"
		"      --json         print JSON, with the words changed\n"
		"      --journal      list the words changed in the dead kernel's memory, too\n"
		"      --help         show this text\n"
		"\n"
		"Exit code: 0 committed, or observed or off as asked; 1 not committed, or undone;\n"
		"2 no report, or a damaged one.\n",
	.run = run,
};
