/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the shells offer, asked of the shells themselves. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests.h"

/* What is to be offered where a line ends, sorted, a blank after each. */
static const struct {
	const char *line;
	const char *offers;
} cases[] = {
	{"quietus ", "audit dump-path report setup show status undo unwrap wrap "},
	{"quietus un", "undo unwrap "},
	{"quietus audit --", "--help --json --plain --version "},
	{"quietus wrap --st", "--stage "},
	{"quietus setup ", "kdump-tools kdump-utils suse "},
	{"quietus show vm", "vmcore "},
	{"quietus undo --journal rep", "report.bin "},
	{"quietus setup --root fol", "folder/ "},
	{"quietus show --phys rep", ""},
	{"quietus audit rep", ""},
};

static void make_files(void)
{
	write_file("vmcore", NULL, 0);
	write_file("report.bin", NULL, 0);
	write_file("folio", NULL, 0);
	assert_int_equal(mkdir("folder", 0700), 0);
}

static const char *completion(const char *shell)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", getenv("QT_TEST_COMPLETIONS"), shell);
	return path;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Compares lines, each cut at a tab, with what is expected; --help and --version go with commands.
 */
static void assert_offers(const char *shell, size_t number, struct outcome outcome)
{
	char *lines[64], offers[1024] = "", *rest = outcome.output, *line;
	size_t count = 0;

	if (*outcome.errors)
		fail_msg("%s: %s", shell, outcome.errors);
	while ((line = strtok_r(rest, "\n", &rest)) && count < 64) {
		line[strcspn(line, "\t")] = 0;
		if (number > 0 || *line != '-')
			lines[count++] = line;
	}
	qsort(lines, count, sizeof(*lines), by_name);
	for (size_t i = 0; i < count; i++)
		strcat(strcat(offers, lines[i]), " ");
	if (strcmp(offers, cases[number].offers) != 0)
		fail_msg("%s offers '%s' for '%s'", shell, offers, cases[number].line);
}

#define CASES (sizeof(cases) / sizeof(cases[0]))

static void bash_offers_what_fits(void **state)
{
	/* As bash calls it; -o filenames has readline put the slash behind folders. */
	static const char script[] =
		"source \"$0\"; line=$1; read -ra COMP_WORDS <<<\"$line\"; "
		"[[ $line != *' ' ]] || COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
		"_quietus; for offer in \"${COMPREPLY[@]}\"; do "
		"[[ -d $offer ]] && offer+=/; echo \"$offer\"; done";

	(void)state;
	make_files();
	for (size_t i = 0; i < CASES; i++)
		assert_offers("bash", i,
			run_program("bash", "-c", script, completion("bash"), cases[i].line, NULL));
}

static void zsh_offers_what_fits(void **state)
{
	char driver[512];

	(void)state;
	make_files();
	assert_int_equal(mkdir("functions", 0700), 0);
	assert_int_equal(run_program("cp", completion("zsh"), "functions/_quietus", NULL).code, 0);
	snprintf(driver, sizeof(driver), "%s/test/tool/complete-zsh", getenv("QT_TEST_TOP"));
	for (size_t i = 0; i < CASES; i++) {
		struct outcome outcome = run_program(driver, "functions", cases[i].line, NULL);
		char *folder = strstr(outcome.output, "folder\n");

		/* It puts the slash behind folders later. */
		if (folder)
			memcpy(folder, "folder/", sizeof("folder/"));
		assert_offers("zsh", i, outcome);
	}
}

static void fish_offers_what_fits(void **state)
{
	static const char script[] = "source $argv[1]; complete -C $argv[2]";

	(void)state;
	make_files();
	setenv("HOME", ".", 1);
	for (size_t i = 0; i < CASES; i++)
		assert_offers("fish", i,
			run_program("fish", "--no-config", "-c", script, completion("fish"),
				cases[i].line, NULL));
}

static const struct CMUnitTest tests[] = {
	TEST(bash_offers_what_fits),
	TEST(zsh_offers_what_fits),
	TEST(fish_offers_what_fits),
};

const struct suite completion_suite = SUITE(tests);
