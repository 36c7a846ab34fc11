/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How far long work has got: a line that changes on a terminal, a line now and then elsewhere. */
#ifndef QUIETUS_TOOL_PROGRESS_H
#define QUIETUS_TOOL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct progress {
	const char *what;
	uint64_t total; /* steps, or an estimate of them */
	uint64_t done;
	bool terminal;
	bool always; /* every step is said: for tests */
	time_t next; /* nothing is said before */
	bool said;
};

/* What takes less than some seconds goes without a word. `what` is the caller's. */
struct progress progress_begin(const char *what, uint64_t total, bool always);

/* One more step is done. */
void progress_step(struct progress *progress);

/* The work is over: the terminal's line is cleared. */
void progress_end(const struct progress *progress);

#endif
