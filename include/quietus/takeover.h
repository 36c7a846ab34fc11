/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * plan, commit, verify: see doc/how-it-works.md. The journal is written before
 * the stores are made, so a takeover can be undone from any point of it.
 */
#ifndef QUIETUS_TAKEOVER_H
#define QUIETUS_TAKEOVER_H

#include <quietus/journal.h>
#include <quietus/unit.h>

/*
 * The plan: decides for every requester (requester.decision and .reason), from
 * the machine alone; reads and writes nothing else.
 */
struct qt_plan {
	bool commit;                 /* the capture kernel's IOMMU driver will be put to sleep */
	uint8_t reason;              /* enum qt_reason: why not, when commit is false */
	int16_t blocker;             /* index of the requester that prevents it, or -1 */
	size_t counts[QT_FENCE + 1]; /* requesters per decision */
};
void qt_plan(struct qt_machine *machine, struct qt_plan *plan);

struct qt_takeover {
	struct qt_machine *machine;
	struct qt_journal *journal;
};

/*
 * Builds all tables in the arena and fills the journal with the stores that the
 * plan needs. Stores nothing foreign. QT_E_NOMEM, or an error of the walk.
 */
int qt_takeover_prepare(struct qt_takeover *takeover);

/*
 * Makes the stores in the journal's order, each only if the word still has the
 * value it had, then flushes every unit concerned. On any error the caller must
 * call qt_takeover_undo. QT_E_IO, QT_E_BAD (a word changed meanwhile),
 * QT_E_TIMEOUT (flush).
 */
int qt_takeover_commit(struct qt_takeover *takeover);

/*
 * Walks every requester again, from its unit's root: REACH and GUARD.
 * QT_E_BAD with *failed the index of the first requester for which they do not hold.
 */
int qt_takeover_verify(struct qt_takeover *takeover, size_t *failed);

/* Puts back every word, last first, and flushes. Returns the flush's error, if any. */
int qt_takeover_undo(struct qt_takeover *takeover);

#endif
