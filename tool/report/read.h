/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stage's report as the subcommands see it: found, read and checked. */
#ifndef QUIETUS_TOOL_REPORT_READ_H
#define QUIETUS_TOOL_REPORT_READ_H

#include <limits.h>
#include <quietus/report.h>

#include "common/file.h"

/*
 * Where a capture kernel publishes what it was handed: on x86-64; where a device
 * tree describes the machine; and the tree as it was, where ACPI does.
 */
#define SETUP_DATA_FOLDER    "/sys/kernel/boot_params/setup_data"
#define DEVICE_TREE_REPORT   "/proc/device-tree/chosen/" QT_DT_REPORT
#define DEVICE_TREE_OF_START "/sys/firmware/fdt"

struct report {
	struct file file;
	struct qt_report_header header; /* copied from file, checked */
};

/* Which of these this kernel has, below the folder `root`, "" for this system. */
void report_default(const char *root, char path[PATH_MAX]);

/*
 * Reads and checks a report: a file, a flattened device tree that has it, or a
 * folder of setup_data nodes in which one is a report. False with a reason when there is none or it
 * is damaged; *report then holds nothing.
 */
bool report_read(struct report *report, const char *path, struct reason *why);

/* Frees what report_read() took. */
void report_free(struct report *report);

/* Record number `index` (below list->count) of one of the header's lists. */
const uint8_t *report_record(
	const struct report *report, const struct qt_report_list *list, size_t index);

/* One of the lines that the stage logged. */
struct report_line {
	char text[512]; /* printable ASCII; a longer line is cut */
	size_t next;    /* offset of the next one; 0: the first */
};

/* Sets *line, all zero at first, to the next line; false past the last. */
bool report_next_line(const struct report *report, struct report_line *line);

/* Copies up to `count` bytes or to a NUL, whatever is not printable ASCII as '?'. */
void copy_printable(char *text, size_t size, const uint8_t *from, size_t count);

#endif
