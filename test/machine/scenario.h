/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A takeover on a model machine, from the crash to the end, with everything
 * checked on the way. What tests of the whole have in common.
 */
#ifndef MODEL_SCENARIO_H
#define MODEL_SCENARIO_H

#include <quietus/limits.h>
#include <quietus/takeover.h>

#include "check.h"
#include "dead.h"
#include "model.h"

#define SCENARIO_JOURNAL_SIZE 262144u

struct scenario {
	struct model *m;
	struct qt_machine machine;
	struct qt_plan plan;
	struct qt_journal journal;
	struct qt_takeover takeover;
	uint64_t *journal_buffer;
	int opened; /* error of each step, 1 if it was not reached */
	int stopped;
	int prepared;
	int committed;
	int verified;
	int undone;
	size_t failed; /* requester that verify named */
};

/*
 * Crashes the machine and goes through find and plan with KEEP watched; where the
 * plan is to commit, through stop, prepare, commit and verify too. Undoes where the
 * stage would.
 */
void scenario_run(struct scenario *s, struct model *m);

/* The same, but only up to find and plan. */
void scenario_plan(struct scenario *s, struct model *m);

/* With so many bytes of the arena left when finding begins. */
void scenario_plan_with(struct scenario *s, struct model *m, size_t arena_left);

/* From stop on. */
void scenario_take_over(struct scenario *s);

/* Undoes what was committed. */
void scenario_undo(struct scenario *s);

void scenario_free(struct scenario *s);

const struct qt_requester *scenario_requester(const struct scenario *s, qt_rid rid);

/*
 * After a takeover that was committed: complaints, verify, KEEP, GUARD, LEDGER,
 * and REACH of every requester decided to be direct, adopted or admitted; with
 * caches as they are, without, and cold. Text of what is wrong, or NULL.
 */
const char *scenario_sound(struct scenario *s);

/* After one that was not, or was undone: memory as at the crash, KEEP, and
 * after undoing nothing of ours left in any cache. Text, or NULL. */
const char *scenario_untouched(struct scenario *s);

#endif
