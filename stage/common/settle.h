/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stage's work between two kernels, the same on every architecture: find,
 * plan, commit, verify. What the loader handed over comes in; whether the
 * capture kernel starts with translation taken over, or as in stock kdump, comes
 * out.
 */
#ifndef QUIETUS_STAGE_SETTLE_H
#define QUIETUS_STAGE_SETTLE_H

#include <quietus/limits.h>
#include <quietus/report.h>

#include "command_line.h"
#include "log.h"

/* Longest command line that is understood, with its NUL. x86-64 and arm64 kernels stop at 2048. */
#define COMMAND_LINE_SIZE 4096

/* Bytes kept free right before the report, for whatever it is handed over in. */
#define REPORT_HEAD 16

struct settle {
	/* The architecture sets these. */
	const struct qt_host *host;
	struct log *log;
	struct qt_arena arena;
	uint8_t hands_off;       /* enum qt_reason: why nothing may be changed here, 0 if it may */
	struct qt_ranges usable; /* RAM for the capture kernel, any alignment, any address */
	struct qt_ranges ram;    /* dead kernel's RAM */
	struct qt_ecam ecam[QT_ECAM_MAX];
	size_t ecams;
	struct qt_range stage;
	struct qt_acpi acpi;             /* acpi.host is NULL where no tables were found */
	const struct qt_dt *device_tree; /* NULL: none */
	struct qt_capture_kernel capture_kernel;
	char command_line[COMMAND_LINE_SIZE];
	size_t command_line_limit; /* characters that the capture kernel reads at most */
	const char *always;        /* words for its command line, committed or not; may be empty */

	/* Outcome: what to hand over. */
	uint8_t outcome; /* enum qt_outcome */
	uint8_t reason;  /* enum qt_reason */
	uint8_t phase;   /* enum qt_phase */
	int error;       /* of the step that failed */
	char final_command_line[COMMAND_LINE_SIZE];
	qt_phys rsdp; /* to be found instead of the firmware's, 0: the firmware's */
	const char
		*hide_nodes; /* compatible: nodes to be left out of the device tree, NULL: none */

	/* State. */
	enum stage_mode mode;
	bool begun;    /* stores may have been made */
	bool finished; /* ... and are verified: they stay */
	bool machine_ready;
	uint8_t *block;     /* REPORT_HEAD, the report, the journal */
	qt_phys other_rsdp; /* of tables made for the capture kernel, 0: none were */
	struct qt_machine machine;
	struct qt_plan plan;
	struct qt_journal journal;
	struct qt_takeover takeover;
};

/*
 * Reads quietus= from the command line, and returns it too: with STAGE_OFF nothing
 * is left to do but to go on.
 */
enum stage_mode settle_read_mode(struct settle *s);

/*
 * Takes the room for journal and report: to be done before anything else comes
 * out of the arena. QT_E_NOMEM.
 */
int settle_reserve(struct settle *s);

/* Find, plan, commit, verify. Always returns; outcome, reason and error say how it went. */
void settle(struct settle *s);

/*
 * Composes final_command_line for the outcome. False if the capture kernel is to
 * get the line it came with.
 */
bool settle_command_line(struct settle *s);

/* After an exception: puts back what was begun and not finished. */
void settle_abandon(struct settle *s);

/* Says in one line how it went. */
void settle_conclude(struct settle *s, uint64_t stage_us);

/*
 * Writes the report, behind REPORT_HEAD free bytes that start a page, and zeros
 * behind it up to the end of a page: who maps memory by whole pages only can map
 * it. The journal cannot be used after that. Returns the report's place and sets
 * *size, zeros included; NULL if there is none.
 */
uint8_t *settle_report(struct settle *s, struct qt_report_header *header, size_t *size);

#endif
