/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

/* Seconds between what is said. */
#define ON_TERMINAL 1
#define ELSEWHERE   10

static time_t now(void)
{
	struct timespec time = {0};

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

void progress_step(struct progress *progress)
{
	int terminal = isatty(STDERR_FILENO);
	time_t at = now();

	progress->done++;
	if (!progress->next)
		progress->next = at + (terminal ? ON_TERMINAL : ELSEWHERE);
	if (at < progress->next)
		return;
	progress->next = at + (terminal ? ON_TERMINAL : ELSEWHERE);
	progress->said++;
	fprintf(stderr, "%squietus: %s: %zu of %zu%s", terminal ? "\r" : "", progress->what,
		progress->done, progress->total, terminal ? "" : "\n");
}

void progress_end(struct progress *progress)
{
	if (progress->said && isatty(STDERR_FILENO))
		fprintf(stderr, "\r\033[K");
}
