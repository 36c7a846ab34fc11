/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus show`: what devices could reach when the kernel died. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "output.h"

/* Other exit codes than everywhere else: a part is not the whole. */
enum show_exit {
	EXIT_WHOLE = 0,
	EXIT_PART = 1,
	EXIT_NOTHING = 2,
};

/* The capture kernel's view of the dead one's memory. */
#define LIVE_DUMP "/proc/vmcore"

/* What the hooks save next to a dump. */
#define SAVED_REPORT "report.bin"

struct show_options {
	const char *subject; /* a dump or a report */
	const char *journal; /* NULL: where it is looked for */
	enum show_style style;
	bool wants_phys;
	qt_phys phys;
};

static bool starts_with_magic(const char *path)
{
	char magic[sizeof(QT_REPORT_MAGIC)] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = fd >= 0 && read(fd, magic, sizeof(magic) - 1) == sizeof(magic) - 1 &&
		  strcmp(magic, QT_REPORT_MAGIC) == 0;

	if (fd >= 0)
		close(fd);
	return is;
}

/* The report that belongs to a dump, where none was named. */
static bool default_report(const char *dump, char path[PATH_MAX])
{
	char copy[PATH_MAX];

	if (strcmp(dump, LIVE_DUMP) == 0) {
		report_default("", path);
		return true;
	}
	return snprintf(copy, sizeof(copy), "%s", dump) < (int)sizeof(copy) &&
	       snprintf(path, PATH_MAX, "%s/%s", dirname(copy), SAVED_REPORT) < PATH_MAX;
}

/* Whether the dump has the journal's words, in either of their values. */
static bool fits(const struct reach_source *source, struct reason *why)
{
	for (size_t i = 0; i < source->journal->count; i++) {
		const struct changed_word *word = &source->journal->words[i];
		uint64_t now;

		if (dump_read_word(source->dump, word->at, &now) == DUMP_READ &&
			journal_compare(word, now) == WORD_OTHER)
			return because(why,
				"not the report of this dump: they differ at 0x%" PRIx64, word->at);
	}
	return true;
}

static int finish(int error, bool complete)
{
	if (!error && (fflush(stdout) != 0 || ferror(stdout)))
		error = -errno;
	if (error) {
		fprintf(stderr, "quietus: standard output: %s\n", strerror(-error));
		return EXIT_NOTHING;
	}
	return complete ? EXIT_WHOLE : EXIT_PART;
}

static int print_reach(const struct reach *reach, const struct reach_source *source,
	const struct show_options *options)
{
	struct access *list;
	size_t count;
	int error;

	if (!options->wants_phys)
		return show_reach(reach, options->style);
	if (!access_list(reach, source, &list, &count))
		return -ENOMEM;
	error = show_phys(options->phys, list, count, reach->complete, options->style);
	free(list);
	return error;
}

static int show_dump(const struct show_options *options, const struct reach_source *source)
{
	struct reach reach;
	struct reason why;
	int result;

	if (!reach_read(&reach, source, &why)) {
		refuse(options->subject, &why);
		return EXIT_NOTHING;
	}
	if (!reach.complete)
		fprintf(stderr, "quietus: %s: not all tables could be read\n", options->subject);
	result = finish(print_reach(&reach, source, options), reach.complete);
	reach_free(&reach);
	return result;
}

/* Opens what belongs to the report. */
static int show_with(
	const struct show_options *options, const char *path, const struct report *report)
{
	struct journal journal;
	struct reach_source source = {.report = report,
		.journal = &journal,
		.wants_phys = options->wants_phys,
		.phys = options->phys};
	struct reason why;
	int result = EXIT_NOTHING;

	if (!journal_of(&journal, report, &why)) {
		refuse(path, &why);
		return EXIT_NOTHING;
	}
	source.dump = dump_open(options->subject, &why);
	if (!source.dump) {
		refuse(options->subject, &why);
	} else if (!fits(&source, &why)) {
		refuse(path, &why);
	} else if (!report->header.requesters.count) {
		reason_set(&why,
			"the stage looked at no requesters: where the tables are is not known");
		refuse(path, &why);
	} else {
		result = show_dump(options, &source);
	}
	if (source.dump)
		dump_close(source.dump);
	journal_free(&journal);
	return result;
}

static int show_only_report(const struct show_options *options, const struct report *report)
{
	struct reason why;

	if (!options->wants_phys)
		return finish(show_report(report, options->style), true);
	reason_set(&why, "a report does not have the tables that --phys asks for: name the dump");
	refuse(options->subject, &why);
	return EXIT_NOTHING;
}

static int show(const struct show_options *options)
{
	bool only_report = starts_with_magic(options->subject);
	const char *path = only_report ? options->subject : options->journal;
	char found[PATH_MAX];
	struct report report;
	struct reason why;
	int result;

	if (!path) {
		if (access(options->subject, R_OK) != 0 ||
			!default_report(options->subject, found)) {
			reason_set(&why, "%s", strerror(errno));
			refuse(options->subject, &why);
			return EXIT_NOTHING;
		}
		path = found;
	}
	if (!report_read(&report, path, &why)) {
		refuse(path, &why);
		if (path == found)
			fprintf(stderr,
				"quietus: a dump does not say where the tables are: name the "
				"stage's report with --journal\n");
		return EXIT_NOTHING;
	}
	result = only_report ? show_only_report(options, &report)
			     : show_with(options, path, &report);
	report_free(&report);
	return result;
}

static bool parse_address(const char *text, qt_phys *address)
{
	char *end;

	errno = 0;
	*address = strtoull(text, &end, 16);
	return *text && *text != '-' && !*end && errno == 0;
}

static int run(int argc, char **argv)
{
	static const struct option long_options[] = {
		{"journal", required_argument, NULL, 'w'},
		{"phys", required_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'j'},
		{"plain", no_argument, NULL, 'p'},
		{NULL, 0, NULL, 0},
	};
	struct show_options options = {.style = SHOW_TEXT};
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		switch (option) {
		case 'w':
			options.journal = optarg;
			break;
		case 'a':
			options.wants_phys = true;
			if (!parse_address(optarg, &options.phys))
				return usage_error(argv[0], "'%s' is not an address", optarg);
			break;
		case 'j':
			options.style = SHOW_JSON;
			break;
		case 'p':
			options.style = SHOW_PLAIN;
			break;
		default:
			return usage_error(argv[0], "unknown option or missing argument");
		}
	}
	if (optind + 1 != argc)
		return usage_error(argv[0], "one dump or report is needed");
	options.subject = argv[optind];
	return show(&options);
}

const struct command command_show = {
	.name = "show",
	.summary = "what devices could reach when the kernel died",
	.usage = "Usage: quietus show [--journal REPORT] [--phys ADDRESS] [--json | --plain] DUMP\n"
		 "       quietus show [--json | --plain] REPORT\n"
		 "\n"
		 "Prints which addresses (IOVAs) the DMA of each device could use when the kernel\n"
		 "died, and what memory they led to, from the kernel's own translation tables.\n"
		 "DUMP is an ELF core or what makedumpfile made of one; in the capture kernel,\n"
		 "" LIVE_DUMP ". What the stage changed is undone as it is read.\n"
		 "\n"
		 "      --journal REPORT  the stage's report; without it, " SAVED_REPORT
		 " beside DUMP,\n"
		 "                        or for " LIVE_DUMP " that of this boot\n"
		 "      --phys ADDRESS    who could read or write this byte of physical memory\n"
		 "      --json            print JSON\n"
		 "      --plain           print one line for each range, without headings\n"
		 "      --help            show this text\n"
		 "\n"
		 "Exit code: 0 all tables were read; 1 some could not be; 2 nothing was.\n",
	.run = run,
};
