// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OUTLIVE_SECONDS     60
#define RUNNER_WAIT_SECONDS 60

#define SYMBOLS_MAX 4
#define TYPE_END    18 /* in a line of /proc/kallsyms, the address in 16 digits */

/* What a line of /proc/kallsyms has after the type of the symbol "NAME" or "MODULE:NAME". */
static void as_in_kallsyms(const char *symbol, char *text, size_t size)
{
	const char *colon = strchr(symbol, ':');

	if (colon)
		snprintf(text, size, " %s\t[%.*s]\n", colon + 1, (int)(colon - symbol), symbol);
	else
		snprintf(text, size, " %s\n", symbol);
}

/* Tells the runner where functions of the kernel are, so that it can stop in them. */
void say_symbols(const char *names)
{
	FILE *symbols = *names ? fopen("/proc/kallsyms", "r") : NULL;
	char list[256], wanted[SYMBOLS_MAX][128], line[512], *symbol[SYMBOLS_MAX];
	size_t count = 0, found = 0;

	snprintf(list, sizeof(list), "%s", names);
	for (char *one = strtok(list, " "); one && count < SYMBOLS_MAX; one = strtok(NULL, " ")) {
		as_in_kallsyms(one, wanted[count], sizeof(wanted[count]));
		symbol[count++] = one;
	}
	while (symbols && found < count && fgets(line, sizeof(line), symbols)) {
		for (size_t i = 0; i < count; i++) {
			if (strlen(line) > TYPE_END && !strcmp(line + TYPE_END, wanted[i])) {
				say("symbol=%s %#llx", symbol[i], strtoull(line, NULL, 16));
				found++;
			}
		}
	}
	if (symbols)
		fclose(symbols);
}

/* The runner breaks into a system call that nobody else uses. */
static void call_into_break(void)
{
	syscall(SYS_personality, 0xfffffffful);
}

/* An NMI that has no known cause; the runner injects it. */
static void panic_on_nmi(void)
{
	write_file("/proc/sys/kernel/unknown_nmi_panic", "1");
	say("dying=nmi");
	settle(OUTLIVE_SECONDS * 1000);
}

/* The runner presses the keys of sysrq-c: the kernel panics in the keyboard's interrupt. */
static void wait_for_keys(void)
{
	say("dying=keyboard");
	settle(OUTLIVE_SECONDS * 1000);
}

/* The disk stops answering, by the runner's doing, with a task waiting for it. */
static void hang_task(const char *disk)
{
	write_file("/proc/sys/kernel/hung_task_timeout_secs", "1");
	write_file("/proc/sys/kernel/hung_task_panic", "1");
	say("dying=hung");
	wait_for_runner(RUNNER_WAIT_SECONDS);
	disk_write_through(disk);
	settle(OUTLIVE_SECONDS * 1000);
}

static void reinitialize_nic(void)
{
	for (int i = 0; i < OUTLIVE_SECONDS; i++) {
		net_down();
		net_up();
	}
}

/* A disk comes into a slot, put there by the runner. */
static void wait_for_disk(void)
{
	say("dying=hot-add");
	settle(OUTLIVE_SECONDS * 1000);
}

static void wait_in_interrupts(void)
{
	settle(OUTLIVE_SECONDS * 1000);
}

static void press_sysrq(void)
{
	write_file("/proc/sysrq-trigger", "c");
}

/* Comes back only if the kernel outlived it. */
void die(const char *way, const char *disk)
{
	static const struct {
		const char *way;
		void (*die)(void);
	} ways[] = {
		{"sysrq", press_sysrq},
		{"null", call_into_break},
		{"nmi", panic_on_nmi},
		{"keyboard", wait_for_keys},
		{"interrupt", wait_in_interrupts},
		{"nic", reinitialize_nic},
		{"hot-add", wait_for_disk},
	};

	write_file("/proc/sys/kernel/sysrq", "1");
	if (!strcmp(way, "hung"))
		hang_task(disk);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!strcmp(way, ways[i].way))
			ways[i].die();
	}
}
