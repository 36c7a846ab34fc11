/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of this unit share: its discovery, its flush, and its requester
 * tables in each of the two modes they come in.
 */
#ifndef QUIETUS_CORE_VTD_H
#define QUIETUS_CORE_VTD_H

#include "../change.h"
#include "../unit.h"
#include "registers.h"

typedef int (*vtd_visit_fn)(void *context, const struct qt_unit_entry *entry);

/* discover.c, flush.c, faults.c */
int vtd_discover(struct qt_machine *machine);
int vtd_flush(struct qt_machine *machine, const struct qt_unit *unit);
void vtd_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit);
int vtd_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context);

/* entry_legacy.c, entry_scalable.c: as struct qt_unit_ops has them. */
int vtd_legacy_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry);
int vtd_legacy_scan(
	const struct qt_unit *unit, struct qt_reader *reader, vtd_visit_fn visit, void *context);
int vtd_scalable_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry);
int vtd_scalable_scan(
	const struct qt_unit *unit, struct qt_reader *reader, vtd_visit_fn visit, void *context);
int vtd_scalable_domain_id_used(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t id, bool *used);

/* The shape of a new table with so many levels. QT_E_UNSUPPORTED. */
int vtd_scalable_geometry(
	const struct qt_unit *unit, unsigned levels, struct qt_geometry *geometry);

int vtd_legacy_admit(const struct qt_unit_change *change);
int vtd_legacy_set_root(const struct qt_unit_change *change);
int vtd_legacy_block(const struct qt_unit_change *change);
int vtd_scalable_admit(const struct qt_unit_change *change);
int vtd_scalable_set_root(const struct qt_unit_change *change);
int vtd_scalable_block(const struct qt_unit_change *change);

/* entry.c */

/* Whether a second-stage table may have so many levels. */
bool vtd_levels_supported(const struct qt_unit *unit, unsigned levels);

/* The shape of a second-stage table, as legacy mode's contexts give it. */
struct qt_geometry vtd_second_stage(const struct qt_unit *unit, unsigned levels);

/* Whether an entry may have this domain ID. */
bool vtd_domain_id_fits(const struct qt_unit *unit, uint32_t id);

/* Whether the pointer in a word fits the host's address width: reserved bits are above it. */
bool vtd_pointer_fits(const struct qt_unit *unit, uint64_t word);

/* Makes an entry one that hardware refuses for what is wrong with it. */
void vtd_set_damaged(struct qt_unit_entry *entry);

/*
 * Visits a damaged entry that stands for a whole table: one that hardware refuses,
 * or else one that cannot be read, where hardware may find who knows what.
 */
int vtd_visit_damaged(qt_rid rid, bool refused, vtd_visit_fn visit, void *context);

/*
 * The table that the pointer word at `at` leads to; a new one of our own is hung in
 * where there is none.
 */
int vtd_child_table(const struct qt_unit_change *change, qt_phys at, qt_phys *table);

#endif
