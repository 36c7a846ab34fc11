/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The capture kernel's command line: all that reads words off it, or adds some. */
#include <string.h>

#include <common/command_line.h>
#include <quietus/pci.h>
#include <x86_64/memmap.h>

#include "fuzz.h"

#define LIMIT 512

static void check_words(const char *line)
{
	const char *at = line;
	struct command_line_word word, last;

	while (command_line_next(&at, &word)) {
		FUZZ_CHECK(word.name >= line && word.name + word.name_len <= at);
		FUZZ_CHECK(!word.value || word.value + word.value_len <= at);
	}
	FUZZ_CHECK(at <= line + strlen(line));
	command_line_last(line, "memmap", &last);
}

static void check_append(char *line)
{
	static const char added[] = "quietus.fuzz=7";
	struct command_line_word word;
	char before[LIMIT + 1];

	strcpy(before, line);
	if (command_line_append(line, LIMIT, added)) {
		FUZZ_CHECK(strcmp(before, line) == 0);
		return;
	}
	FUZZ_CHECK(strlen(line) <= LIMIT);
	FUZZ_CHECK(command_line_last(line, "quietus.fuzz", &word));
	FUZZ_CHECK(command_line_value_is(&word, "7"));
}

static void check_map(const char *line)
{
	struct qt_range usable_list[8] = {{0, QT_MIB(1)}}, memory_list[8] = {{0, QT_MIB(1)}};
	struct qt_ranges usable = {usable_list, 1, QT_ARRAY_SIZE(usable_list)};
	struct qt_ranges memory = {memory_list, 1, QT_ARRAY_SIZE(memory_list)};
	bool exact;

	memmap_apply(line, &usable, &memory, &exact);
	for (size_t i = 0; i < usable.count; i++)
		FUZZ_CHECK(usable_list[i].start < usable_list[i].end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char line[LIMIT + 1] = "";
	qt_rid path[4];
	size_t count;
	bool unknown;

	memcpy(line, data, size < LIMIT ? size : LIMIT);
	check_words(line);
	check_map(line);
	command_line_mode(line, &unknown);
	if (qt_pci_read_addresses(line, strlen(line), path, QT_ARRAY_SIZE(path), &count) == 0)
		FUZZ_CHECK(count > 0 && count <= QT_ARRAY_SIZE(path));
	check_append(line);
	return 0;
}
