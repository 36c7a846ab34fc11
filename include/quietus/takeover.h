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
	bool by_path;                /* only what is on the dump path had to be reached */
	uint8_t reason;              /* enum qt_reason: why not, when commit is false */
	int16_t blocker;             /* index of the requester that prevents it, or -1 */
	size_t counts[QT_FENCE + 1]; /* requesters per decision */
};
void qt_plan(struct qt_machine *machine, struct qt_plan *plan);

/*
 * Marks the functions in machine->resets that the plan wants stopped, with `all`
 * every one that can be; returns how many. After they have been, plan again: what
 * could not be stopped, or is marked and was not tried, is decided on anew.
 */
size_t qt_plan_stops(struct qt_machine *machine, const struct qt_plan *plan, bool all);

struct qt_takeover {
	struct qt_machine *machine;
	struct qt_journal *journal;
};

/*
 * Stops what the plan wants stopped, with `all` every function that can be, within
 * `limit_us` (qt_reset_stop), and plans again on what came of it. Then, if that is
 * to commit, takes the entries of stopped requesters away, so that prepare can
 * admit them to a domain of ours: all their DMA is refused from then on. One that
 * goes on with its DMA all the same, or whose entry cannot be taken away, keeps
 * it; *plan has the last word on all of them. The stores made are in the journal:
 * qt_takeover_undo takes them back if there is to be no commit after all.
 *
 * QT_E_NOMEM, QT_E_IO, QT_E_BAD, QT_E_TIMEOUT (flush), QT_E_LIMIT (too many went
 * on): every entry is as it was.
 */
int qt_takeover_stop(
	struct qt_takeover *takeover, struct qt_plan *plan, bool all, uint64_t limit_us);

/*
 * Builds all tables in the arena and fills the journal with the stores that the
 * plan needs. Stores nothing foreign. QT_E_NOMEM, QT_E_BAD (a store would change what
 * another way to its word translates), or an error of the walk.
 */
int qt_takeover_prepare(struct qt_takeover *takeover);

/*
 * Makes the stores that are left in the journal's order, each only if the word still has the
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
