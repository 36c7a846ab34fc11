/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A report from elsewhere: the check, then all that may be done with one that passed. */
#include <stdio.h>
#include <stdlib.h>

#include <quietus/unit.h>

#include "fuzz.h"
#include "dump/journal.h"
#include "report/output.h"

/* A few hundred bytes can list millions of words: no more than these are looked at. */
#define STORES_READ_MAX 1000u

static void read_units(const struct report *report)
{
	struct qt_unit unit;

	for (size_t i = 0; qt_report_unit(report->file.data, i, &unit) != QT_E_NOTFOUND; i++)
		FUZZ_CHECK(i < report->header.units.count);
}

static size_t read_stores(const struct report *report)
{
	struct qt_journal_cursor cursor = {0};
	struct qt_store store;
	size_t count = 0;

	while (count <= STORES_READ_MAX && qt_report_next(report->file.data, &cursor, &store))
		count++;
	FUZZ_CHECK(count > STORES_READ_MAX || !qt_report_store(report->file.data, count, &store));
	return count;
}

static void restore(const struct report *report)
{
	uint8_t bytes[64] = {0};
	struct journal journal;
	struct reason why;

	if (!journal_of(&journal, report, &why))
		return;
	for (size_t i = 1; i < journal.count; i++)
		FUZZ_CHECK(journal.words[i - 1].at < journal.words[i].at);
	if (journal.count)
		journal_restore(&journal, journal.words[0].at - 3, bytes, sizeof(bytes));
	journal_free(&journal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report report;
	struct reason why;

	/* The output is looked at by sanitizers alone. */
	if (!freopen("/dev/null", "w", stdout) ||
		!report_read(&report, fuzz_file(data, size), &why))
		return 0;
	read_units(&report);
	if (read_stores(&report) <= STORES_READ_MAX) {
		restore(&report);
		report_print_text(&report, NULL, true);
		report_print_json(&report, NULL);
	}
	report_free(&report);
	return 0;
}
