/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

/* Seconds between what is said. */
#define ON_TERMINAL 1
#define ELSEWHERE   10

/* Steps between looks at the clock. */
#define STEPS 256u

static time_t now(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static time_t pause_of(const struct progress *progress)
{
	return progress->terminal ? ON_TERMINAL : ELSEWHERE;
}

struct progress progress_begin(const char *what, uint64_t total, bool always)
{
	struct progress progress = {.what = what,
		.total = total,
		.terminal = isatty(STDERR_FILENO) == 1,
		.always = always};

	progress.next = now() + pause_of(&progress);
	return progress;
}

static bool is_due(struct progress *progress)
{
	time_t at;

	if (progress->always)
		return true;
	if (progress->done % STEPS)
		return false;
	at = now();
	if (at < progress->next)
		return false;
	progress->next = at + pause_of(progress);
	return true;
}

void progress_step(struct progress *progress)
{
	progress->done++;
	if (!is_due(progress))
		return;
	/* An estimate may be too low. */
	if (progress->total < progress->done)
		progress->total = progress->done;
	progress->said = true;
	fprintf(stderr, "%squietus: %s: %" PRIu64 " of %" PRIu64 "%s",
		progress->terminal ? "\r" : "", progress->what, progress->done, progress->total,
		progress->terminal ? "" : "\n");
}

void progress_end(const struct progress *progress)
{
	if (progress->said && progress->terminal)
		fprintf(stderr, "\r\033[K");
}
