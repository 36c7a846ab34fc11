/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What mapping and unmapping have in common: changing one entry of a live table. */
#ifndef QUIETUS_CORE_EDIT_H
#define QUIETUS_CORE_EDIT_H

#include <quietus/domain.h>

/* One operation on one domain. */
struct qt_edit {
	struct qt_live *live;
	const struct qt_geometry *geometry;
	struct qt_reader reader;
	uint64_t first, last; /* IOVAs, inclusive */
	qt_phys phys;         /* map: what `first` leads to */
	unsigned perms;       /* map */
	bool begun;           /* map: something may be mapped already */
	uint64_t bytes;       /* unmap: how many translated */
};

/* A slot of a live table: an entry, and what it stands for. */
struct qt_slot {
	qt_phys at; /* of the entry */
	uint64_t raw;
	struct qt_entry entry;
	uint64_t base; /* first IOVA */
	uint64_t last;
	unsigned level;
};

/* Checks the range, which must end at or before `reach`, and prepares an operation. QT_E_INVAL. */
int qt_edit_begin(
	struct qt_edit *edit, struct qt_live *live, qt_iova iova, uint64_t size, uint64_t reach);

/* Makes one store. QT_E_IO. */
int qt_edit_put(struct qt_edit *edit, qt_phys at, uint64_t value);

/* Notes what hardware has to be told of. */
void qt_edit_stale(struct qt_edit *edit, unsigned what, uint64_t first, uint64_t last);

/* A zeroed table page, or NULL. */
uint64_t *qt_edit_new_table(struct qt_edit *edit, qt_phys *at);

/* To be called when a new table is complete, before anything leads to it. */
void qt_edit_table_done(struct qt_edit *edit, qt_phys at);

/* Whether a table of ours is several domains'. */
bool qt_edit_is_shared(const struct qt_edit *edit, qt_phys table);
void qt_edit_retire(struct qt_edit *edit, qt_phys table);

/* A leaf with these permissions, 0 if the format has none. */
uint64_t qt_edit_leaf(const struct qt_geometry *g, unsigned level, qt_phys output, unsigned perms);

/* Whether the slot lies wholly in the operation's range. */
bool qt_edit_covers(const struct qt_edit *edit, const struct qt_slot *slot);

/*
 * Calls `each` for the slots of a table that the operation's range reaches into,
 * as they are at that moment.
 */
int qt_edit_slots(struct qt_edit *edit, unsigned level, qt_phys table, uint64_t base,
	int (*each)(struct qt_edit *edit, struct qt_slot *slot));

/*
 * If the slot leads to a shared table, makes it lead to a copy. The same for the
 * root. Translations stay as they are. QT_E_NOMEM, QT_E_UNSUPPORTED.
 */
int qt_edit_unshare(struct qt_edit *edit, struct qt_slot *slot);
int qt_edit_unshare_root(struct qt_edit *edit);

/* Puts levels on top until the operation's range is in reach. QT_E_NOMEM. */
int qt_edit_grow(struct qt_edit *edit);

/*
 * If the table that the slot leads to spans only a part of it (levels are skipped)
 * and the range reaches further, puts a table in between. QT_E_NOMEM.
 */
int qt_edit_widen(struct qt_edit *edit, struct qt_slot *slot);

/*
 * Exchanges each table of our own in the range that a leaf could stand for for that
 * leaf. Translations stay as they are.
 */
int qt_edit_fold(struct qt_edit *edit);

/*
 * Replaces a leaf by smaller ones that translate the same: below a new table, or
 * side by side where the leaf takes up several slots. The slot is then what it
 * has become. QT_E_NOMEM, QT_E_UNSUPPORTED.
 */
int qt_edit_split(struct qt_edit *edit, struct qt_slot *slot);

/* The two operations. After an error, part of it may be done. */
int qt_edit_map(struct qt_edit *edit);
int qt_edit_unmap(struct qt_edit *edit);

#endif
