// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <quietus/memory.h>

#include "../common/command_line.h"
#include "memmap.h"

struct memmap {
	struct qt_ranges *usable;
	struct qt_ranges *memory;
	bool exact;
};

/* A removal of what is not there, or of nothing, is not an error here. */
static int remove_range(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	return qt_ranges_overlap(set, start, end) ? qt_ranges_remove(set, start, end) : 0;
}

/* One SIZE@START and the like. */
static int apply_range(struct memmap *map, const char *at, const char *end)
{
	uint64_t size, start, range_end;
	char kind;
	int error = 0;

	if (!command_line_number(&at, end, &size) || at == end)
		return 0;
	kind = *at++;
	if (!command_line_number(&at, end, &start) || !size ||
		__builtin_add_overflow(start, size, &range_end))
		return 0;
	switch (kind) {
	case '@': /* RAM */
		error = qt_ranges_add(map->usable, start, range_end);
		break;
	case '#': /* ACPI data */
	case '!': /* persistent memory */
		error = remove_range(map->usable, start, range_end);
		break;
	case '$': /* reserved: may be anything */
		return remove_range(map->usable, start, range_end);
	default:
		return 0;
	}
	return error ? error : qt_ranges_add(map->memory, start, range_end);
}

static int apply_item(struct memmap *map, const char *at, const char *end)
{
	static const char exactmap[] = "exactmap";

	if ((size_t)(end - at) == sizeof(exactmap) - 1 &&
		memcmp(at, exactmap, sizeof(exactmap) - 1) == 0) {
		map->exact = true;
		map->usable->count = 0;
		return 0;
	}
	return apply_range(map, at, end);
}

int memmap_apply(
	const char *command_line, struct qt_ranges *usable, struct qt_ranges *memory, bool *exact)
{
	struct memmap map = {usable, memory, false};
	struct command_line_word word;
	int error = 0;

	while (!error && command_line_next(&command_line, &word)) {
		const char *at, *end;

		if (!word.value || !command_line_is(&word, "memmap"))
			continue;
		at = word.value;
		end = at + word.value_len;
		while (!error && at < end) {
			const char *stop = at;

			while (stop < end && *stop != ',')
				stop++;
			error = apply_item(&map, at, stop);
			at = stop < end ? stop + 1 : end;
		}
	}
	*exact = map.exact;
	return error;
}
