/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How far long work has got: a line that changes on a terminal, a line now and then elsewhere. */
#ifndef QUIETUS_TOOL_PROGRESS_H
#define QUIETUS_TOOL_PROGRESS_H

#include <stddef.h>
#include <time.h>

/* `what` and `total` are the caller's; the rest starts as zero. */
struct progress {
	const char *what;
	size_t total;
	size_t done;
	time_t next; /* nothing is said before */
	size_t said; /* lines so far */
};

/* One of `total` steps is done. What takes less than some seconds goes without a word. */
void progress_step(struct progress *progress);

/* The work is over: the terminal's line is cleared. */
void progress_end(struct progress *progress);

#endif
