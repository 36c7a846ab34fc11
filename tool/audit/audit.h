/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * `quietus audit`: what a crash would find, and the stage decide, if it came now.
 * The plan is the stage's; what it is made from is read from the live tables where
 * that is permitted, and else derived from what sysfs says of each device.
 */
#ifndef QUIETUS_TOOL_AUDIT_H
#define QUIETUS_TOOL_AUDIT_H

#include <quietus/limits.h>
#include <quietus/takeover.h>

#include "system/kdump.h"
#include "system/live.h"
#include "system/loaded.h"
#include "system/memory_map.h"

#define DEVICE_WORD  64
#define DEVICE_NAME  160
#define FINDINGS_MAX 64
#define UNSEEN_MAX   16

/* What Linux says of a function. Empty: it does not. */
struct device {
	char name[DEVICE_NAME];
	char group[DEVICE_WORD];  /* IOMMU group */
	char domain[DEVICE_WORD]; /* type of the group's default domain: DMA, DMA-FQ, identity */
	char driver[DEVICE_WORD];
	char resets[DEVICE_WORD]; /* ways to stop it, in the order they would be tried */
	const char *obstacle;     /* why there is none, NULL if there is one or it is not known */
	bool resets_known;
	bool user_space; /* somebody in its group is driven from user space: VFIO */
};

/* Something that an administrator should know, or do something about. */
struct finding {
	const char *id;   /* for scripts: never changes */
	int32_t function; /* index into machine.pci.functions, -1: not about one */
	char text[400];
	const char *hint; /* what to do, NULL: nothing */
};

/* Something that could not be looked at. */
struct unseen {
	const char *what;
	struct reason why;
	bool decisive; /* the verdict may depend on it */
};

struct audit {
	const char *root;
	struct live live;
	struct memory_map map;
	struct kdump kdump;
	struct capture_image image;
	struct loaded loaded;
	char command_line[COMMAND_LINE_MAX]; /* of the running kernel */
	char lockdown[DEVICE_WORD];          /* none, integrity, confidentiality; empty: no such */
	uint64_t crash_size;                 /* bytes */
	bool crash_size_known;

	struct qt_arena arena;
	struct qt_machine machine;
	struct qt_plan plan;
	bool units_known; /* firmware's tables, or the kernel, say which IOMMUs there are */
	bool tables_read; /* what they translate was read; else it is assumed */
	bool commit_known;
	struct device *devices; /* one for each of machine.pci.functions */

	struct finding findings[FINDINGS_MAX];
	size_t finding_count;
	struct unseen unseen[UNSEEN_MAX];
	size_t unseen_count;
};

enum audit_verdict { AUDIT_SOUND = 0, AUDIT_FINDINGS = 1, AUDIT_UNKNOWN = 2 };

/* Looks at everything. False with a reason when not even that was possible. */
bool audit_look(struct audit *audit, const char *root, struct reason *why);
void audit_free(struct audit *audit);

/* Fills in machine, plan and devices. False with a reason. */
bool audit_find(struct audit *audit, struct reason *why);

/* Fills machine in from sysfs instead of the live tables. */
void audit_derive(struct audit *audit);

/* Draws the conclusions. */
void audit_conclude(struct audit *audit);

/* Notes that something could not be looked at. */
void audit_not_seen(struct audit *audit, const char *what, const struct reason *why, bool decisive);

enum audit_verdict audit_verdict(const struct audit *audit);

/* Whether the kernel is locked down, as the capture kernel then will be. */
bool audit_locked_down(const struct audit *audit);

/* The device of a requester; NULL if no function is to be seen there. */
const struct device *audit_device(const struct audit *audit, const struct qt_requester *requester);

/* Whether a decision comes from an assumption about tables that were not read. */
bool audit_assumed(const struct audit *audit, const struct qt_requester *requester);

/*
 * Bytes of the crash region that a capture kernel without an IOMMU driver may take
 * for bounce buffers, which it needs if some of its memory is above 4 GiB.
 */
uint64_t audit_bounce_buffers(const struct audit *audit);

/* Seconds that the stage can take at the worst, rounded up. */
#define AUDIT_STAGE_SECONDS ((QT_STAGE_LIMIT_US + 999999) / 1000000)

/* Output. The first returns 0, or a negative errno of libsmartcols. */
int audit_print_text(const struct audit *audit, bool plain);
void audit_print_json(const struct audit *audit);

#endif
