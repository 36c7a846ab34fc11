/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus show`: what devices could reach when the kernel died. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/command.h"
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
	bool chatty;
};

/* As they are given. */
struct show_words {
	const char *journal;
	const char *phys;
	bool json;
	bool plain;
	bool chatty;
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
			journal_compare(word, now) == WORD_OTHER) {
			reason_set(why, "not the report of this dump: they differ at 0x%" PRIx64,
				word->at);
			return with_hint(why, "name the right one with --journal");
		}
	}
	return true;
}

static int finish(int error, bool complete)
{
	if (!output_done(-error))
		return EXIT_NOTHING;
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
		.phys = options->phys,
		.chatty = options->chatty};
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
			reason_of_system(&why, errno);
			refuse(options->subject, &why);
			return EXIT_NOTHING;
		}
		path = found;
	}
	if (!report_read(&report, path, &why)) {
		if (path == found)
			why.hint = "a dump does not say where the tables are: name the stage's "
				   "report with --journal";
		refuse(path, &why);
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

static int run(const void *given, char **operands, size_t count)
{
	const struct show_words *words = given;
	struct show_options all = {.subject = operands[0],
		.journal = words->journal,
		.wants_phys = words->phys,
		.chatty = words->chatty,
		.style = words->json    ? SHOW_JSON
			 : words->plain ? SHOW_PLAIN
					: SHOW_TEXT};

	(void)count;
	if (words->phys && !parse_address(words->phys, &all.phys))
		return usage_error("show", "'%s' is not an address", words->phys);
	return show(&all);
}

static const struct command_option options[] = {
	{"journal", "REPORT",
		"the stage's report; without it, " SAVED_REPORT " beside DUMP, or for " LIVE_DUMP
		" that of this boot",
		.offset = offsetof(struct show_words, journal), .kind = ARGUMENT_FILE},
	{"phys", "ADDRESS", "who could read or write this byte of physical memory",
		.offset = offsetof(struct show_words, phys), .kind = ARGUMENT_TEXT},
	{"json", NULL, "print JSON", .offset = offsetof(struct show_words, json)},
	{"plain", NULL, "print one line for each range, without headings",
		.offset = offsetof(struct show_words, plain)},
	/* Says every step of progress. */
	{"chatty", NULL, NULL, .offset = offsetof(struct show_words, chatty)},
};

const struct command command_show = {
	.name = "show",
	.summary = "what devices could reach when the kernel died",
	.synopsis = "[--journal REPORT] [--phys ADDRESS] [--json | --plain] DUMP\n"
		    "[--json | --plain] REPORT",
	.description =
		"Prints which addresses (IOVAs) the DMA of each device could use when the kernel "
		"died, and what memory they led to, from the kernel's own translation tables. "
		"DUMP is an ELF core or what makedumpfile made of one; in the capture kernel, "
		"" LIVE_DUMP ". What the stage changed is undone as it is read.",
	COMMAND_OPTIONS(struct show_words, options),
	.operands = {1, 1, ARGUMENT_FILE, .wrong = "one dump or report is needed"},
	.exits = {"all tables were read", "some could not be",
		"nothing was, or the command line made no sense"},
	.run = run,
};
