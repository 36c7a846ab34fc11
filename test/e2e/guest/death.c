// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define OUTLIVE_SECONDS     60
#define RUNNER_WAIT_SECONDS 60

/* Whether a line of /proc/kallsyms is about the symbol "NAME" or "MODULE:NAME". */
static bool is_symbol(const char *wanted, const char *name, const char *module)
{
	const char *colon = strchr(wanted, ':');
	size_t length = colon ? (size_t)(colon - wanted) : 0;

	if (strcmp(colon ? colon + 1 : wanted, name) != 0)
		return false;
	return strlen(module) == (colon ? length + 2 : 0) &&
	       !strncmp(module + (colon != NULL), wanted, length);
}

/* Tells the runner where functions of the kernel are, so that it can stop in them. */
void say_symbols(const char *names)
{
	FILE *symbols = *names ? fopen("/proc/kallsyms", "r") : NULL;
	char line[256], name[128], module[64], list[256];
	unsigned long long address;

	while (symbols && fgets(line, sizeof(line), symbols)) {
		module[0] = '\0';
		if (sscanf(line, "%llx %*c %127s %63s", &address, name, module) < 2)
			continue;
		snprintf(list, sizeof(list), "%s", names);
		for (char *one = strtok(list, " "); one; one = strtok(NULL, " ")) {
			if (is_symbol(one, name, module))
				say("symbol=%s %#llx", one, address);
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
