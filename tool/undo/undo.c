/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus undo`: the dead kernel's words put back in a dump. */
#include <inttypes.h>
#include <stdio.h>

#include "common/command.h"
#include "common/progress.h"
#include "dump/dump.h"
#include "elf_patch.h"
#include "kdump_patch.h"
#include "dump/journal.h"

/* Other exit codes than everywhere else: scripts ask whether dump and report agree. */
enum undo_exit {
	EXIT_AGREE = 0,
	EXIT_DIFFER = 1,
	EXIT_NOT_COMPARED = 2,
};

/* Words listed that have neither of their values; more of them say nothing new. */
#define LISTED_MAX 10

struct undo_options {
	const char *journal;
	const char *dump;
	bool check;
	bool chatty;
};

struct tally {
	size_t changed;  /* as the stage left them */
	size_t original; /* as the dead kernel had them */
	size_t other;    /* neither */
	size_t excluded; /* memory that was left out of the dump */
	size_t outside;  /* no memory, if the dump is right */
};

static void count_word(struct tally *tally, const struct changed_word *word, uint64_t now)
{
	switch (journal_compare(word, now)) {
	case WORD_CHANGED:
		tally->changed++;
		return;
	case WORD_ORIGINAL:
		tally->original++;
		return;
	case WORD_OTHER:
		break;
	}
	if (tally->other++ < LISTED_MAX)
		printf("0x%" PRIx64 " holds 0x%" PRIx64 ", not 0x%" PRIx64 " nor 0x%" PRIx64 "\n",
			word->at, now, word->after, word->before);
}

static bool compare_word(
	struct tally *tally, const struct changed_word *word, struct dump *dump, struct reason *why)
{
	uint64_t now;

	switch (dump_read_word(dump, word->at, &now)) {
	case DUMP_READ:
		count_word(tally, word, now);
		break;
	case DUMP_EXCLUDED:
		tally->excluded++;
		break;
	case DUMP_OUTSIDE:
		tally->outside++;
		break;
	case DUMP_FAILED:
		return because(why, "the word at 0x%" PRIx64 " cannot be read: %s", word->at,
			dump_error(dump));
	}
	return true;
}

static bool compare(struct tally *tally, const struct journal *journal, struct dump *dump,
	struct progress progress, struct reason *why)
{
	bool read = true;

	for (size_t i = 0; i < journal->count && read; i++) {
		read = compare_word(tally, &journal->words[i], dump, why);
		progress_step(&progress);
	}
	progress_end(&progress);
	return read;
}

static void print_tally(const struct tally *tally)
{
	printf("%zu as the stage left them, %zu as the dead kernel had them, %zu neither; "
	       "%zu left out of the dump, %zu outside its memory\n",
		tally->changed, tally->original, tally->other, tally->excluded, tally->outside);
}

static int verdict(const struct tally *tally)
{
	if (tally->other || tally->outside)
		return EXIT_DIFFER;
	return tally->changed + tally->original ? EXIT_AGREE : EXIT_NOT_COMPARED;
}

/* Not a word of it is written. */
static int refuse_undo(const char *dump, const struct reason *why)
{
	refuse(dump, why);
	return EXIT_DIFFER;
}

static int put_back(const struct undo_options *options, const struct journal *journal,
	struct dump *dump, const struct tally *tally)
{
	const struct kdump_patch patch = {options->dump, dump, journal, options->chatty};
	size_t written = tally->changed;
	struct reason why;

	if (tally->other || tally->outside) {
		reason_set(&why, "nothing was written: %s is not of this crash, or damaged",
			options->journal);
		why.hint = "report.bin beside the dump is the one to name";
		return refuse_undo(options->dump, &why);
	}
	if (!tally->changed) {
		printf("nothing to put back\n");
		return verdict(tally);
	}
	if (dump_is_elf(dump) ? !elf_patch(options->dump, journal, &written, &why)
			      : !kdump_patch(&patch, &why)) {
		why.hint = "'quietus show' undoes the words as it reads";
		return refuse_undo(options->dump, &why);
	}
	printf("%zu put back\n", written);
	return EXIT_AGREE;
}

static int undo_in(
	const struct undo_options *options, const struct journal *journal, struct dump *dump)
{
	struct tally tally = {0};
	struct reason why;

	if (!compare(&tally, journal, dump,
		    progress_begin("comparing words", journal->count, options->chatty), &why)) {
		refuse(options->dump, &why);
		return EXIT_NOT_COMPARED;
	}
	print_tally(&tally);
	return options->check ? verdict(&tally) : put_back(options, journal, dump, &tally);
}

static int undo(const struct undo_options *options)
{
	struct journal journal = {0};
	struct report report;
	struct reason why;
	struct dump *dump;
	int result = EXIT_NOT_COMPARED;

	if (!report_read(&report, options->journal, &why)) {
		refuse(options->journal, &why);
		return EXIT_NOT_COMPARED;
	}
	if (!journal_of(&journal, &report, &why)) {
		refuse(options->journal, &why);
	} else if (!journal.count) {
		printf("the stage changed nothing: nothing to undo\n");
		result = EXIT_AGREE;
	} else {
		dump = dump_open(options->dump, &why);
		if (dump) {
			result = undo_in(options, &journal, dump);
			dump_close(dump);
		} else {
			refuse(options->dump, &why);
		}
	}
	journal_free(&journal);
	report_free(&report);
	return result;
}

static int run(const void *given, char **operands, size_t count)
{
	struct undo_options all = *(const struct undo_options *)given;

	(void)count;
	if (!all.journal)
		return usage_error("undo", "no --journal given");
	all.dump = operands[0];
	return undo(&all);
}

static const struct command_option options[] = {
	{"journal", "REPORT", "the report saved with the dump",
		.offset = offsetof(struct undo_options, journal), .kind = ARGUMENT_FILE},
	{"check", NULL, "compare only", .offset = offsetof(struct undo_options, check)},
	/* Says every step of progress. */
	{"chatty", NULL, NULL, .offset = offsetof(struct undo_options, chatty)},
};

const struct command command_undo = {
	.name = "undo",
	.summary = "put the dead kernel's words back in a dump",
	.synopsis = "--journal REPORT [--check] DUMP",
	.description =
		"Puts every word that the stage changed in the dead kernel's memory back to what "
		"it was, in a dump saved since. All words are looked at first; if one is neither "
		"as the stage left it nor as it was before, nothing is written. Repeating it does "
		"no harm, and finishes what a power cut ended.\n"
		"\n"
		"An ELF core is changed in place. A compressed dump (makedumpfile -c, -l, -p, -z) "
		"is "
		"made anew by makedumpfile, and replaced if the new one has the same pages with "
		"the "
		"same contents, apart from those words.",
	COMMAND_OPTIONS(struct undo_options, options),
	.operands = {1, 1, ARGUMENT_FILE, .wrong = "one dump is needed"},
	.exits = {"put back; with --check, the dump has the report's words",
		"it has others, or could not be written",
		"nothing could be compared, or the command line made no sense"},
	.run = run,
};
