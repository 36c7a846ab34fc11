/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The invariants of the design as checks. Each returns true if it holds, and
 * else complains (see model_complain), so that the first thing that went wrong
 * is kept, even when it happened inside a hook.
 */
#ifndef MODEL_CHECK_H
#define MODEL_CHECK_H

#include <quietus/journal.h>

#include "model.h"

/* One leaf of a table that was live at the crash. */
struct model_leaf {
	qt_iova iova;
	qt_phys phys;
	uint8_t size_lg2;
	uint8_t perms; /* 0: an entry that is not for devices, and must not become one */
};

/* A table that some present context entry led to. */
struct model_live_table {
	qt_phys root;
	unsigned levels;
	uint8_t perms; /* that the entries that lead to it leave */
	bool first_stage;
	bool damaged;    /* has entries that hardware refuses */
	bool incomplete; /* has tables that are not in RAM, or too many to look at */
	struct model_leaf *leaves;
	size_t count;
};

/* A present, sound context entry. */
struct model_live {
	qt_rid rid;
	struct model_unit *unit;
	int table;     /* index, -1: pass-through */
	uint8_t perms; /* enum qt_perm, of its entry */
	bool stopped;  /* the test says that this device was stopped: KEEP does not hold for it */
};

struct model_snapshot {
	struct model_live_table *tables;
	size_t table_count;
	struct model_live *lives;
	size_t live_count;
	bool enabled[MODEL_UNITS_MAX];
	uint64_t root[MODEL_UNITS_MAX];
	uint64_t keep_checks; /* how often KEEP was checked */
};

/* Called by model_crash: notes every leaf that every requester can reach. */
void model_snapshot_take(struct model *m);
void model_snapshot_free(struct model_snapshot *snapshot);

/*
 * Calls visit for every leaf below a table, in ascending order, as the unit's
 * walks find them. False if something there cannot be walked.
 */
bool model_leaves(struct model *m, unsigned unit, qt_phys root, unsigned levels, bool first_stage,
	void (*visit)(void *context, const struct model_leaf *leaf), void *context);

/*
 * KEEP: every leaf that was live at the crash gives the same address and
 * permissions, by the tables in memory, with caches, and with tables cached but
 * leaves not. Also STILL: units on, roots where they were.
 */
bool model_keep(struct model *m);

/*
 * A requester that had no entry at the crash and has one now: nothing that is
 * still cached under its domain ID leads anywhere but one to one.
 */
bool model_clean(struct model *m);

/* From now on KEEP, and that new entries are clean, is checked after every change (m->on_change).
 */
void model_watch_keep(struct model *m);

/* REACH: all crash pages from 1 MiB up, one to one, read and write, for this requester. */
bool model_reach(struct model *m, qt_rid rid, enum model_path path);

/* The same for a requester that only its unit knows of. */
bool model_reach_through(
	struct model *m, struct model_unit *unit, qt_rid rid, enum model_path path);

/* Empties every cache. */
void model_cold(struct model *m);

/* GUARD: no present entry of any unit leads into the crash region except one to one. */
bool model_guard(struct model *m);

/*
 * LEDGER: all that differs from the crash, outside the arena, is among the
 * stores the journal says were made, with the right old and new value.
 */
bool model_ledger(struct model *m, const struct qt_journal *journal);

/* Memory outside the arena is bit for bit what it was at the crash. */
bool model_restored(struct model *m);

/* No unit has a table or context of the arena cached: nothing of ours is walked any more. */
bool model_forgotten(struct model *m);

/* Words outside the arena that differ from the crash. */
size_t model_words_changed(const struct model *m);

#endif
