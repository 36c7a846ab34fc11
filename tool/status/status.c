/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "common/command.h"
#include "common/json.h"
#include "system/memory_map.h"
#include "status.h"

/* Changed when a member of the JSON output changes its meaning. */
#define FORMAT 1

/* Monitoring asks for nothing else. */
enum status_exit {
	EXIT_COVERED = 0,
	EXIT_NOT_COVERED = 1,
	EXIT_CANNOT_TELL = 2,
};

struct status {
	const char *root;
	struct kdump kdump;
	struct capture_image image;
	struct loaded loaded;
	struct last_crash last;
};

static void look(struct status *status, const char *root)
{
	struct memory_map map;
	struct reason why;
	struct live live;

	status->root = root;
	live_open(&live, root);
	memory_map_read(&map, root, &why);
	kdump_settings_read(&status->kdump, root);
	capture_image_look(&status->image, &status->kdump);
	loaded_look(&status->loaded, &live, &map.crash);
	last_crash_find(&status->last, root, status->kdump.dumps);
	live_close(&live);
}

/* What is loaded counts; what is configured, where that cannot be seen. */
static enum status_exit coverage(const struct status *status)
{
	switch (status->loaded.state) {
	case LOADED_WRAPPED:
		return EXIT_COVERED;
	case LOADED_NOTHING:
	case LOADED_PLAIN:
		return EXIT_NOT_COVERED;
	case LOADED_UNSEEN:
		if (status->image.known)
			return status->image.wrapped && !status->image.refused ? EXIT_COVERED
									       : EXIT_NOT_COVERED;
		return EXIT_CANNOT_TELL;
	default:
		return EXIT_CANNOT_TELL;
	}
}

static const char *image_path(const struct status *status)
{
	return status->kdump.image + strlen(status->root);
}

/* Text */

static void print_loaded(const struct loaded *loaded)
{
	static const char *const states[] = {
		[LOADED_UNKNOWN] = "cannot be told",
		[LOADED_NOTHING] = "no capture kernel",
		[LOADED_PLAIN] = "a capture kernel without a stage",
		[LOADED_WRAPPED] = "a capture kernel with stage ",
		[LOADED_UNSEEN] = "a capture kernel; whether with a stage cannot be seen",
	};

	printf("  Loaded      %s%s", states[loaded->state], loaded->stage_version);
	if (*loaded->why.text)
		printf(" (%s)", loaded->why.text);
	printf("\n");
}

static void print_image(const struct status *status)
{
	const struct capture_image *image = &status->image;

	if (image->known)
		printf("  Configured  %s: %s%s%s\n", image_path(status),
			image->wrapped ? "stage " : "no stage", image->stage_version,
			image->refused ? "; the system refuses it, see quietus audit" : "");
	else
		printf("  Configured  cannot be told (%s)\n", image->why.text);
}

static void print_last_crash(const struct last_crash *last)
{
	char when[64] = "";

	if (!last->found) {
		printf("  Last crash  no dump\n");
		return;
	}
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M", localtime(&last->time));
	printf("  Last crash  %s, %s/%s: %s", when, last->folder, last->dump,
		*last->outcome ? last->outcome : "no report");
	if (*last->reason)
		printf(", %s", last->reason);
	printf("\n");
}

static void print_text(const struct status *status)
{
	static const char *const sentences[] = {
		[EXIT_COVERED] = "Covered: the next crash goes through the stage.",
		[EXIT_NOT_COVERED] = "Not covered: the next crash does not go through the stage.",
		[EXIT_CANNOT_TELL] = "Whether the next crash is covered cannot be told.",
	};

	printf("%s\n", sentences[coverage(status)]);
	print_loaded(&status->loaded);
	print_image(status);
	print_last_crash(&status->last);
}

/* JSON */

static void print_json(const struct status *status)
{
	static const char *const covered[] = {"true", "false", "null"};
	const struct last_crash *last = &status->last;

	printf("{\n  \"format\": %d", FORMAT);
	json_name(",\n  ", "covered");
	printf("%s", covered[coverage(status)]);
	json_text(",\n  ", "loaded", loaded_name(status->loaded.state));
	json_text(",\n  ", "loaded_stage", status->loaded.stage_version);
	capture_image_json(",\n  ", &status->image, image_path(status));
	json_name(",\n  ", "last_crash");
	if (last->found) {
		json_text("{", "folder", last->folder);
		json_text(", ", "dump", last->dump);
		json_number(", ", "time", (uint64_t)last->time);
		json_text(", ", "outcome", last->outcome);
		json_text(", ", "reason", last->reason);
		printf("}");
	} else {
		printf("null");
	}
	printf("\n}\n");
}

struct status_options {
	const char *root;
	bool json;
};

static int run(const void *given, char **operands, size_t count)
{
	const struct status_options *options = given;
	static struct status status;

	(void)operands, (void)count;
	look(&status, options->root ? options->root : "");
	if (options->json)
		print_json(&status);
	else
		print_text(&status);
	return (int)coverage(&status);
}

static const struct command_option options[] = {
	{"json", NULL, "print JSON", .offset = offsetof(struct status_options, json)},
	/* A recorded system. */
	{"sysroot", "DIR", NULL, .offset = offsetof(struct status_options, root),
		.kind = ARGUMENT_FOLDER},
};

const struct command command_status = {
	.name = "status",
	.summary = "whether the next crash is covered, and how the last one went",
	.synopsis = "[--json]",
	.description =
		"Tells whether the capture kernel that is loaded has the stage, and what became of "
		"the last crash. Only root can see what is loaded; others are told what is "
		"configured.",
	COMMAND_OPTIONS(struct status_options, options),
	.exits = {"covered", "not covered", "cannot be told, or the command line made no sense"},
	.run = run,
};
