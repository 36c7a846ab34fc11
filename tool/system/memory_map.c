/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory_map.h"
#include "system.h"

/* Takes in a line "START-LAST : NAME". False when the lists are full. */
static bool add_line(struct memory_map *map, const char *line)
{
	const char *name = strstr(line, " : ");
	uint64_t start, last;
	char *end;

	start = strtoull(line, &end, 16);
	last = *end == '-' ? strtoull(end + 1, NULL, 16) : 0;
	if (!name || last <= start || last == UINT64_MAX)
		return true;
	if (strncmp(name, " : Crash kernel", strlen(" : Crash kernel")) == 0)
		return !qt_ranges_add(&map->crash, start, last + 1);
	if (strncmp(name, " : System RAM", strlen(" : System RAM")) == 0)
		return !qt_ranges_add(&map->ram, start, last + 1);
	return true;
}

static bool read_lines(struct memory_map *map, FILE *file)
{
	char line[256];
	bool fits = true;

	while (fits && fgets(line, sizeof(line), file))
		fits = add_line(map, line);
	for (size_t i = 0; fits && i < map->crash.count; i++)
		fits = !qt_ranges_remove(
			&map->ram, map->crash.list[i].start, map->crash.list[i].end);
	return fits;
}

bool memory_map_read(struct memory_map *map, const char *root, struct reason *why)
{
	char path[PATH_MAX];
	FILE *file = system_path(path, root, "proc/iomem") ? fopen(path, "re") : NULL;
	bool fits;

	map->crash = (struct qt_ranges){.list = map->crash_list, .capacity = MEMORY_RANGES};
	map->ram = (struct qt_ranges){.list = map->ram_list, .capacity = MEMORY_RANGES};
	if (!file)
		return because(why, "/proc/iomem: %s", strerror(errno));
	fits = read_lines(map, file);
	fclose(file);
	if (fits && map->ram.count)
		return true;
	map->crash.count = map->ram.count = 0;
	return because(why, fits ? "/proc/iomem shows addresses to root only"
				 : "/proc/iomem has too many ranges");
}
