/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kdump.h"
#include "system.h"

#define CONFIG_MAX 65536

#define DEBIAN_CONFIG  "/etc/default/kdump-tools"
#define DEBIAN_IMAGE   "/var/lib/kdump/vmlinuz"
#define SYSCONFIG      "/etc/sysconfig/kdump"
#define DEFAULT_FOLDER "/boot"
#define DEFAULT_IMAGE  "vmlinuz"
#define DEFAULT_DUMPS  "/var/crash"

/* Our hooks name the copy here for as long as it is what they have loaded. */
#define LOADED_COPY "run/quietus/image"

/* Here, for as long as the system does not take it. */
#define REFUSED_COPY "run/quietus/refused"

/*
 * The value of an assignment, up to the end of its word, without its quotes. False
 * for one that only a shell can tell: with a variable or a command in it.
 */
static bool unquote(const char *from, char *value, size_t size)
{
	char quote = 0;
	size_t n = 0;

	for (; *from && *from != '\n' && (quote || !strchr(" \t;#", *from)); from++) {
		if (*from == quote)
			quote = 0;
		else if (!quote && (*from == '"' || *from == '\''))
			quote = *from;
		else if (strchr("$`\\", *from) && quote != '\'')
			return false;
		else if (n + 1 < size)
			value[n++] = *from;
	}
	value[n] = 0;
	return true;
}

/*
 * The last assignment to a variable: its value, the empty one included. False if
 * there is none, or one that cannot be told.
 */
static bool assigned(const char *config, const char *name, char *value, size_t size)
{
	size_t length = strlen(name);
	bool found = false;

	for (const char *line = config; line; line = strchr(line, '\n')) {
		line += strspn(line, " \t\n");
		if (strncmp(line, name, length) == 0 && line[length] == '=')
			found = unquote(line + length + 1, value, size);
	}
	return found;
}

static void running_command_line(const char *root, char *line, size_t size)
{
	system_text(root, line, size, "proc/cmdline");
}

/* What the configuration gives as a whole, or the running kernel's; and what it appends. */
static void compose_command_line(struct kdump *kdump, const char *root, const char *config,
	const char *whole, const char *append)
{
	char line[COMMAND_LINE_MAX / 2] = "", more[COMMAND_LINE_MAX / 2 - 1] = "";

	if (!assigned(config, whole, line, sizeof(line)) || !*line)
		running_command_line(root, line, sizeof(line));
	assigned(config, append, more, sizeof(more));
	snprintf(kdump->command_line, sizeof(kdump->command_line), "%s%s%s", line, *more ? " " : "",
		more);
}

static void use_debian(struct kdump *kdump, const char *root, const char *config)
{
	char image[PATH_MAX] = "";

	kdump->config = DEBIAN_CONFIG;
	compose_command_line(kdump, root, config, "KDUMP_CMDLINE", "KDUMP_CMDLINE_APPEND");
	if (!assigned(config, "KDUMP_KERNEL", image, sizeof(image)) || !*image)
		snprintf(image, sizeof(image), DEBIAN_IMAGE);
	system_path(kdump->image, root, "%s", image + strspn(image, "/"));
	if (assigned(config, "KDUMP_COREDIR", image, sizeof(image)) && *image)
		snprintf(kdump->dumps, sizeof(kdump->dumps), "%s", image);
}

/* An image of that name in a folder. False if it is not there. */
static bool try_image(struct kdump *kdump, const char *root, const char *folder, const char *name,
	const char *tail)
{
	return system_path(kdump->image, root, "%s/%s-%s", folder + 1, name, tail) &&
	       access(kdump->image, F_OK) == 0;
}

/* SUSE prefers a kernel made for this; the others' extension is empty by default. */
static void use_sysconfig(struct kdump *kdump, const char *root, const char *config)
{
	char folder[PATH_MAX / 2] = "", name[256] = "", version[256] = "", extension[64] = "";
	char tail[384];

	kdump->config = SYSCONFIG;
	compose_command_line(kdump, root, config, "KDUMP_COMMANDLINE", "KDUMP_COMMANDLINE_APPEND");
	if (!assigned(config, "KDUMP_BOOTDIR", folder, sizeof(folder)) || !*folder)
		snprintf(folder, sizeof(folder), DEFAULT_FOLDER);
	if (!assigned(config, "KDUMP_IMG", name, sizeof(name)) || !*name)
		snprintf(name, sizeof(name), DEFAULT_IMAGE);
	if (!assigned(config, "KDUMP_KERNELVER", version, sizeof(version)) || !*version)
		system_text(root, version, sizeof(version), "proc/sys/kernel/osrelease");
	assigned(config, "KDUMP_IMG_EXT", extension, sizeof(extension));
	snprintf(tail, sizeof(tail), "%s-kdump", version);
	if (try_image(kdump, root, folder, name, tail))
		return;
	snprintf(tail, sizeof(tail), "%s%s", version, extension);
	if (!try_image(kdump, root, folder, name, tail))
		*kdump->image = 0;
}

/* With the hooks installed the configuration names the stock image, and a copy is loaded. */
static bool use_copy(struct kdump *kdump, const char *root, const char *named_in)
{
	char copy[PATH_MAX];

	return system_text(root, copy, sizeof(copy), "%s", named_in) && *copy == '/' &&
	       system_path(kdump->image, root, "%s", copy + 1);
}

void kdump_settings_read(struct kdump *kdump, const char *root)
{
	static char config[CONFIG_MAX];

	memset(kdump, 0, sizeof(*kdump));
	snprintf(kdump->dumps, sizeof(kdump->dumps), DEFAULT_DUMPS);
	if (system_text(root, config, sizeof(config), "%s", DEBIAN_CONFIG))
		use_debian(kdump, root, config);
	else if (system_text(root, config, sizeof(config), "%s", SYSCONFIG))
		use_sysconfig(kdump, root, config);
	if (!use_copy(kdump, root, LOADED_COPY))
		kdump->refused = use_copy(kdump, root, REFUSED_COPY);
}
