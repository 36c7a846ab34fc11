/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "audit.h"
#include "common/rid.h"
#include "common/table.h"

/* What is above the table */

static void print_outcome(const struct audit *audit)
{
	const struct qt_plan *plan = &audit->plan;
	const char *before = " (";

	if (!audit->commit_known) {
		printf("In a crash now: it cannot be told from here what would be done.\n");
		return;
	}
	printf("In a crash now: %s", !plan->commit ? "nothing would be taken over"
				     : audit->machine.domain_count
					     ? "the live translations would be taken over"
					     : "devices would be left as they are");
	for (unsigned i = 0; i < QT_ARRAY_SIZE(plan->counts) && plan->commit; i++) {
		if (!plan->counts[i])
			continue;
		printf("%s%zu %s", before, plan->counts[i], qt_decision_name(i));
		before = ", ";
	}
	printf("%s.\n", *before == ',' ? ")" : "");
}

static void print_crash_region(const struct audit *audit)
{
	const struct qt_ranges *crash = &audit->map.crash;

	if (!audit->crash_size_known)
		return;
	printf("  Crash region    %llu MiB", (unsigned long long)(audit->crash_size >> 20));
	for (size_t i = 0; i < crash->count; i++)
		printf("%s0x%llx to 0x%llx", i ? ", " : ": ",
			(unsigned long long)crash->list[i].start,
			(unsigned long long)crash->list[i].end);
	printf("\n");
}

static void print_capture_kernel(const struct audit *audit)
{
	static const char *const states[] = {
		[LOADED_UNKNOWN] = "not known",
		[LOADED_NOTHING] = "no",
		[LOADED_PLAIN] = "yes, without a stage",
		[LOADED_WRAPPED] = "yes, with stage ",
		[LOADED_UNSEEN] = "yes; whether with a stage cannot be seen",
	};
	const struct capture_image *image = &audit->image;

	printf("  Loaded          %s%s\n", states[audit->loaded.state],
		audit->loaded.stage_version);
	if (image->known)
		printf("  Image           %s: %s%s\n", audit->kdump.image + strlen(audit->root),
			image->wrapped ? "stage " : "no stage", image->stage_version);
}

static void print_bounce_buffers(const struct audit *audit)
{
	uint64_t bytes = audit_bounce_buffers(audit);

	if (bytes)
		printf("  Bounce buffers  up to %llu MiB of the crash region, as the IOMMU driver "
		       "will sleep\n",
			(unsigned long long)(bytes >> 20));
}

static void print_summary(const struct audit *audit)
{
	print_outcome(audit);
	print_crash_region(audit);
	print_bounce_buffers(audit);
	print_capture_kernel(audit);
	printf("  Stage's limit   %d s, of which resets of devices may take %d s\n",
		AUDIT_STAGE_SECONDS, QT_STOP_LIMIT_US / 1000000);
	if (!audit->tables_read)
		printf("  Translations    not read; what is assumed of them is marked with *\n");
}

/* The table */

enum column { DEVICE, GROUP, DOMAIN, DRIVER, RESET, DECISION, REASON, COLUMNS };

static const char *const headings[COLUMNS] = {
	"DEVICE", "GROUP", "DOMAIN", "DRIVER", "RESET", "DECISION", "REASON"};

struct tree {
	const struct audit *audit;
	struct libscols_table *table;
	struct libscols_line **lines; /* of the functions; NULL: not there yet */
	bool plain;
	bool colours;
};

static int add_columns(const struct tree *tree)
{
	for (size_t i = 0; i < COLUMNS; i++) {
		int flags = i == DEVICE && !tree->plain ? SCOLS_FL_TREE : 0;

		if (table_column(tree->table, headings[i], flags))
			return -ENOMEM;
	}
	return 0;
}

static const char *colour_of(unsigned decision)
{
	switch (decision) {
	case QT_DIRECT:
	case QT_ADOPT:
	case QT_ADMIT:
		return "green";
	case QT_STOP:
		return "yellow";
	default:
		return "red";
	}
}

static int set_decision(
	const struct tree *tree, struct libscols_line *line, const struct qt_requester *requester)
{
	char text[256];
	int error;

	snprintf(text, sizeof(text), "%s%s", qt_decision_name(requester->decision),
		audit_assumed(tree->audit, requester) ? "*" : "");
	error = table_cell(line, DECISION, text);
	if (!error)
		error = table_cell(line, REASON, qt_reason_text(requester->reason));
	if (!error && tree->colours)
		error = scols_cell_set_color(
			scols_line_get_cell(line, DECISION), colour_of(requester->decision));
	return error;
}

static const struct qt_requester *requester_of(const struct audit *audit, qt_rid rid)
{
	for (size_t i = 0; i < audit->machine.requester_count; i++)
		if (audit->machine.requesters[i].rid == rid)
			return &audit->machine.requesters[i];
	return NULL;
}

static void label(qt_rid rid, const char *name, char *text, size_t size)
{
	char address[RID_TEXT];

	snprintf(text, size, "%s %s", rid_text(rid, address), name);
}

static int set_device(struct libscols_line *line, const struct device *device)
{
	int error = table_cell(line, GROUP, device->group);

	if (!error)
		error = table_cell(line, DOMAIN, device->domain);
	if (!error)
		error = table_cell(line, DRIVER, device->driver);
	if (!error)
		error = table_cell(line, RESET, device->resets);
	return error;
}

static int add_function(struct tree *tree, size_t index)
{
	const struct qt_pci_function *function = &tree->audit->machine.pci.functions[index];
	const struct device *device = &tree->audit->devices[index];
	const struct qt_requester *requester = requester_of(tree->audit, function->rid);
	struct libscols_line *parent =
		function->parent < 0 || tree->plain ? NULL : tree->lines[function->parent];
	struct libscols_line *line = scols_table_new_line(tree->table, parent);
	char text[DEVICE_NAME + 32];
	int error;

	if (!line)
		return -ENOMEM;
	tree->lines[index] = line;
	label(function->rid, device->name, text, sizeof(text));
	error = table_cell(line, DEVICE, text);
	if (!error)
		error = set_device(line, device);
	if (error)
		return error;
	/* A bridge that does no DMA of its own. */
	if (!requester)
		return table_cell(line, DECISION, "");
	return set_decision(tree, line, requester);
}

/* What a unit has an entry for, and nobody sees: behind a bridge, in an empty slot. */
static int add_unseen(struct tree *tree, const struct qt_requester *requester)
{
	struct libscols_line *line;
	char text[64];
	int error;

	if (qt_pci_find(&tree->audit->machine.pci, requester->rid))
		return 0;
	line = scols_table_new_line(tree->table, NULL);
	if (!line)
		return -ENOMEM;
	label(requester->rid, "(no function)", text, sizeof(text));
	error = table_cell(line, DEVICE, text);
	return error ? error : set_decision(tree, line, requester);
}

static int fill(struct tree *tree)
{
	const struct qt_machine *machine = &tree->audit->machine;
	int error = add_columns(tree);

	for (size_t i = 0; !error && i < machine->pci.count; i++)
		error = add_function(tree, i);
	for (size_t i = 0; !error && i < machine->requester_count; i++)
		error = add_unseen(tree, &machine->requesters[i]);
	if (!error)
		error = scols_table_enable_colors(tree->table, tree->colours);
	return error;
}

static int print_tree(const struct audit *audit, bool plain, bool colours)
{
	struct tree tree = {
		.audit = audit,
		.table = table_new(false),
		.lines = calloc(audit->machine.pci.count + 1, sizeof(struct libscols_line *)),
		.plain = plain,
		.colours = colours,
	};
	int error = tree.table && tree.lines ? fill(&tree) : -ENOMEM;

	if (!error)
		printf("\n");
	error = table_print(tree.table, error);
	free(tree.lines);
	return error;
}

/* What is below it */

static void print_findings(const struct audit *audit)
{
	if (audit->finding_count)
		printf("\nFindings:\n");
	for (size_t i = 0; i < audit->finding_count; i++) {
		const struct finding *finding = &audit->findings[i];

		printf("  %zu. %s\n", i + 1, finding->text);
		if (finding->hint)
			printf("     %s\n", finding->hint);
	}
}

static void print_unseen(const struct audit *audit)
{
	if (audit->unseen_count)
		printf("\nNot seen:\n");
	for (size_t i = 0; i < audit->unseen_count; i++)
		printf("  %s (%s)\n", audit->unseen[i].what, audit->unseen[i].why.text);
}

/* https://no-color.org: set and not empty, whatever its value. */
static bool wants_colours(bool plain)
{
	const char *no_color = getenv("NO_COLOR");

	return !plain && isatty(STDOUT_FILENO) && !(no_color && *no_color);
}

int audit_print_text(const struct audit *audit, bool plain)
{
	static const char *const verdicts[] = {
		[AUDIT_SOUND] = "Sound: no findings.",
		[AUDIT_FINDINGS] = NULL,
		[AUDIT_UNKNOWN] = "No findings, but what was not seen may matter.",
	};
	const char *verdict = verdicts[audit_verdict(audit)];
	int error;

	print_summary(audit);
	error = print_tree(audit, plain, wants_colours(plain));
	if (error)
		return error;
	print_findings(audit);
	print_unseen(audit);
	if (verdict)
		printf("\n%s\n", verdict);
	return 0;
}
