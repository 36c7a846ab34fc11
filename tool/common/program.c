/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "program.h"

/* Signals that are held back here end the program all the same. */
static int spawn(pid_t *child, char *const argv[])
{
	posix_spawnattr_t attributes;
	sigset_t none;
	int error = posix_spawnattr_init(&attributes);

	if (error)
		return error;
	sigemptyset(&none);
	error = posix_spawnattr_setsigmask(&attributes, &none);
	if (!error)
		error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	if (!error)
		error = posix_spawnp(child, argv[0], NULL, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	return error;
}

bool program_run(char *const argv[], struct reason *why)
{
	pid_t child;
	int status, error;

	fflush(stdout);
	error = spawn(&child, argv);
	if (error)
		return because_of(why, error);
	if (waitpid(child, &status, 0) != child)
		return because_of(why, errno);
	if (!WIFEXITED(status))
		return because(why, "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status) == 0 || because(why, "exit code %d", WEXITSTATUS(status));
}
