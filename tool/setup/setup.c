/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* `quietus setup`: hooks into the distribution's kdump, and out again. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/command.h"
#include "config_block.h"
#include "common/message.h"
#include "common/program.h"

enum step_kind {
	END,
	LINK,      /* `path` becomes a link to `what`, a hook of ours */
	READ_HOOK, /* the shell configuration `path` reads `what`, a hook of ours, last of all */
	RUN,       /* runs `path`; undone by running `what`; either may be NULL */
};

/* Words of a command, at most. */
#define WORDS_MAX 8

/* What is done to a system in the order listed, and undone in the reverse one. */
struct step {
	enum step_kind kind;
	const char *path;
	const char *what;
};

#define HOOK(name) QT_LIBDIR "/" name
#define DIVERTED   "/usr/sbin/kdump-config"
#define DIVERT     "dpkg-divert --local --rename --divert " DIVERTED ".distrib "
#define FORGET     "rm -rf /var/lib/quietus /run/quietus"
#define RELOAD     "systemctl daemon-reload"
#define RESTART    "systemctl try-restart kdump.service"
#define DROP_IN    "/etc/systemd/system/kdump.service.d/quietus.conf"
#define DRACUT     "/usr/lib/dracut/modules.d/99quietus/module-setup.sh"

static const struct step kdump_tools[] = {
	{RUN, NULL, "kdump-config try-reload"},
	{RUN, DIVERT "--add " DIVERTED, DIVERT "--remove " DIVERTED},
	{LINK, DIVERTED, HOOK("kdump-config")},
	{LINK, "/etc/kernel/postinst.d/zz-quietus", HOOK("kernel-installed")},
	{LINK, "/etc/kernel/postrm.d/zz-quietus", HOOK("kernel-removed")},
	{RUN, HOOK("kernel-image") " sync", FORGET},
	{RUN, "kdump-config try-reload", NULL},
	{END, NULL, NULL},
};

static const struct step kdump_utils[] = {
	{RUN, NULL, RESTART},
	{RUN, NULL, RELOAD},
	{READ_HOOK, "/etc/sysconfig/kdump", HOOK("kdump-utils.conf")},
	{LINK, DROP_IN, HOOK("kdump-utils.service.conf")},
	{LINK, DRACUT, HOOK("dracut-module")},
	{RUN, RELOAD, FORGET},
	{RUN, RESTART, NULL},
	{END, NULL, NULL},
};

static const struct step suse[] = {
	{RUN, NULL, RESTART},
	{RUN, NULL, RELOAD},
	{READ_HOOK, "/etc/sysconfig/kdump", HOOK("suse.conf")},
	{LINK, DROP_IN, HOOK("suse.service.conf")},
	{RUN, RELOAD, FORGET},
	{RUN, RESTART, NULL},
	{END, NULL, NULL},
};

/* How kdump is packaged. */
static const struct packaging {
	const char *name;
	const char *sign; /* the file that it is known by */
	const struct step *steps;
	const char *package; /* where this exists, a package of ours does all this */
} packagings[] = {
	{"kdump-tools", "/usr/share/kdump-tools", kdump_tools, "/usr/share/doc/quietus/copyright"},
	{"kdump-utils", "/usr/bin/kdumpctl", kdump_utils, NULL},
	{"suse", "/usr/lib/kdump/kdump-read-config.sh", suse, NULL},
};

#define PACKAGING_COUNT (sizeof(packagings) / sizeof(packagings[0]))

struct setup {
	const char *root; /* "" for this system */
	bool undo;
	bool dry_run;
};

/* A path of the system that is set up, as it is reached from here. */
static const char *inside(const struct setup *s, const char *path, char joined[PATH_MAX])
{
	if (snprintf(joined, PATH_MAX, "%s%s", s->root, path) >= PATH_MAX)
		joined[0] = 0; /* which nothing can be done with */
	return joined;
}

static bool exists(const struct setup *s, const char *path)
{
	char at[PATH_MAX];

	return access(inside(s, path, at), F_OK) == 0;
}

/* Whether a link is there, and is ours. */
static bool is_linked(const struct setup *s, const struct step *step)
{
	char at[PATH_MAX], target[PATH_MAX];
	ssize_t n = readlink(inside(s, step->path, at), target, sizeof(target));

	return n == (ssize_t)strlen(step->what) && memcmp(target, step->what, (size_t)n) == 0;
}

/* Whether the step has been taken. False if that cannot be told; RUN never has. */
static bool is_done(const struct setup *s, const struct step *step, bool *done, struct reason *why)
{
	char at[PATH_MAX];

	*done = false;
	if (step->kind == LINK)
		*done = is_linked(s, step);
	return step->kind != READ_HOOK ||
	       config_block_present(inside(s, step->path, at), done, why);
}

static bool make_folders(char *path, struct reason *why)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		int result;

		*slash = 0;
		result = mkdir(path, 0755);
		*slash = '/';
		if (result != 0 && errno != EEXIST)
			return because_of(why, errno);
	}
	return true;
}

static bool link_hook(const struct setup *s, const struct step *step, struct reason *why)
{
	char at[PATH_MAX];

	inside(s, step->path, at);
	if (!make_folders(at, why))
		return false;
	return symlink(step->what, at) == 0 || because_of(why, errno);
}

/* The folders of these are removed with them; those in /etc/kernel are not ours. */
static bool unlink_hook(const struct setup *s, const struct step *step, struct reason *why)
{
	char at[PATH_MAX];

	if (unlink(inside(s, step->path, at)) != 0)
		return because_of(why, errno);
	if (strcmp(step->path, DROP_IN) == 0 || strcmp(step->path, DRACUT) == 0) {
		*strrchr(at, '/') = 0;
		rmdir(at);
	}
	return true;
}

static bool read_hook(const struct setup *s, const struct step *step, struct reason *why)
{
	char at[PATH_MAX], line[2 * PATH_MAX];

	snprintf(line, sizeof(line), "if [ -r %s ]; then . %s; fi", step->what, step->what);
	return config_block_add(inside(s, step->path, at), line, why);
}

/* Runs one of the commands above: words without quotes. */
static bool run(const char *command, struct reason *why)
{
	char words[256], *argv[WORDS_MAX + 1], *rest = words;
	size_t argc = 0;

	snprintf(words, sizeof(words), "%s", command);
	while (argc < WORDS_MAX && (argv[argc] = strtok_r(rest, " ", &rest)))
		argc++;
	argv[argc] = NULL;
	return argc ? program_run(argv, why) : because_of(why, EINVAL);
}

static const char *command_of(const struct setup *s, const struct step *step)
{
	return s->undo ? step->what : step->path;
}

static void print_step(const struct setup *s, const struct step *step)
{
	if (step->kind == RUN)
		printf("run %s\n", command_of(s, step));
	else if (step->kind == LINK)
		printf(s->undo ? "remove %s\n" : "link %s to %s\n", step->path, step->what);
	else
		printf(s->undo ? "%s: no longer read %s\n" : "%s: read %s at the end\n", step->path,
			step->what);
}

/* Takes one step, or takes it back, unless there is nothing to do. */
static bool take(const struct setup *s, const struct step *step, struct reason *why)
{
	char at[PATH_MAX];
	bool done;

	if (step->kind == RUN && !command_of(s, step))
		return true;
	if (!is_done(s, step, &done, why))
		return false;
	if (step->kind != RUN && done != s->undo)
		return true;
	print_step(s, step);
	if (s->dry_run)
		return true;
	switch (step->kind) {
	case LINK:
		return s->undo ? unlink_hook(s, step, why) : link_hook(s, step, why);
	case READ_HOOK:
		return s->undo ? config_block_remove(inside(s, step->path, at), why)
			       : read_hook(s, step, why);
	default:
		/* Another system's programs are not run here. */
		return *s->root ? true : run(command_of(s, step), why);
	}
}

static const char *subject(const struct setup *s, const struct step *step)
{
	return step->kind == RUN ? command_of(s, step) : step->path;
}

/* Whether nothing is in the way, before anything is done. Returns an exit code. */
static int check(const struct setup *s, const struct step *steps)
{
	struct reason why;
	char at[PATH_MAX];
	struct stat st;
	bool done;

	for (const struct step *step = steps; step->kind != END; step++) {
		if (step->kind == RUN)
			continue;
		reason_set(&why, "not installed");
		if (!exists(s, step->what))
			return refuse(step->what, &why);
		if (!is_done(s, step, &done, &why))
			return refuse(step->path, &why);
		/* kdump-config itself is moved aside first. */
		if (step->kind == LINK && !done && strcmp(step->path, DIVERTED) != 0 &&
			lstat(inside(s, step->path, at), &st) == 0) {
			reason_set(&why, "it is there already, and is not ours");
			return refuse(step->path, &why);
		}
	}
	return EXIT_OK;
}

static int set_up(const struct setup *s, const struct step *steps)
{
	int result = check(s, steps);
	struct reason why;

	for (const struct step *step = steps; result == EXIT_OK && step->kind != END; step++)
		if (!take(s, step, &why))
			result = refuse(subject(s, step), &why);
	return result;
}

/* What cannot be undone does not keep the rest from it. */
static int take_down(const struct setup *s, const struct step *steps)
{
	const struct step *step = steps;
	int result = EXIT_OK;
	struct reason why;

	while (step->kind != END)
		step++;
	while (step-- != steps)
		if (!take(s, step, &why))
			result = refuse(subject(s, step), &why);
	return result;
}

static const struct packaging *find_packaging(const struct setup *s, const char *name)
{
	const struct packaging *found = NULL;

	for (size_t i = 0; i < PACKAGING_COUNT; i++) {
		if (name ? strcmp(name, packagings[i].name) != 0 : !exists(s, packagings[i].sign))
			continue;
		if (found)
			return NULL;
		found = &packagings[i];
	}
	return found;
}

static int apply(const struct setup *s, const char *name)
{
	const struct packaging *packaging = find_packaging(s, name);

	if (!packaging && name)
		return usage_error("setup", "'%s' is none of kdump-tools, kdump-utils, suse", name);
	if (!packaging)
		return usage_error("setup", "cannot tell how kdump is packaged here: name it");
	if (packaging->package && exists(s, packaging->package)) {
		printf("the package quietus does this as long as it is installed\n");
		return EXIT_OK;
	}
	return s->undo ? take_down(s, packaging->steps) : set_up(s, packaging->steps);
}

static int run_setup(const void *given, char **operands, size_t count)
{
	struct setup setup = *(const struct setup *)given;

	(void)count;
	if (!setup.root)
		setup.root = "";
	return apply(&setup, operands[0]);
}

static const struct command_option options[] = {
	{"undo", NULL, "put everything back as it was", .offset = offsetof(struct setup, undo)},
	{"dry-run", NULL, "only print what would be done",
		.offset = offsetof(struct setup, dry_run)},
	{"root", "DIR", "set up the system that is in DIR; programs are not run",
		.offset = offsetof(struct setup, root), .kind = ARGUMENT_FOLDER},
};

const struct command command_setup = {
	.name = "setup",
	.summary = "have the distribution's kdump load wrapped kernels",
	.synopsis = "[--undo] [--dry-run] [--root DIR] [kdump-tools | kdump-utils | suse]",
	.description =
		"Hooks into the way a distribution loads its capture kernel, so that from then on "
		"the wrapped copy of each kernel is loaded: kdump-tools of Debian and Ubuntu, "
		"kdump-utils of Fedora and RHEL, kdump 2.0 or later of SUSE. Without a name, what "
		"is installed is found. Prints what it does. No value in a configuration file is "
		"changed, and a kernel that cannot be wrapped or loaded is loaded as before. The "
		"Debian package needs none of this.",
	COMMAND_OPTIONS(struct setup, options),
	.operands = {0, 1, ARGUMENT_WORD, "kdump-tools kdump-utils suse",
		"at most one packaging can be named"},
	.exits = EXITS_USUAL,
	.run = run_setup,
};
