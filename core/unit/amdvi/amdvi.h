/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this unit share. */
#ifndef QUIETUS_CORE_AMDVI_H
#define QUIETUS_CORE_AMDVI_H

#include "../change.h"
#include "../unit.h"
#include "registers.h"

/* Device IDs of a segment. */
#define AMDVI_DEVICE_IDS 0x10000u

/* amdvi.c */

/* The most levels that host tables can have. */
unsigned amdvi_levels_max(const struct qt_unit *unit);

/* The shape of a host table with so many levels. */
struct qt_geometry amdvi_geometry(const struct qt_unit *unit, unsigned levels);

/* entry_guest.c */

/* Whether hardware accepts the guest fields of an entry with GV set. */
bool amdvi_guest_sound(const struct qt_unit *unit, const uint64_t *words);

/*
 * What the guest tables of PASID 0 mean, for an entry without host tables whose
 * requests without a PASID go through them. QT_E_LIMIT.
 */
int amdvi_decode_guest(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *words,
	struct qt_unit_entry *entry);

/* entry.c */

/*
 * Address of the device table entry of a device ID, 0 where the tables do not
 * reach that far (2.2.2: segments are indexed by the upper bits of the ID).
 */
qt_phys amdvi_entry_address(const struct qt_unit *unit, unsigned device);

/* Number of device IDs in one segment of the device table. */
unsigned amdvi_segment_size(const struct qt_unit *unit);

/* entry.c, discover.c, flush.c, faults.c: as struct qt_unit_ops has them. */
int amdvi_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry);
int amdvi_scan(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, const struct qt_unit_entry *entry), void *context);
int amdvi_admit(const struct qt_unit_change *change);
int amdvi_set_root(const struct qt_unit_change *change);
int amdvi_block(const struct qt_unit_change *change);
int amdvi_release_interrupts(
	struct qt_machine *machine, const struct qt_unit *unit, qt_store_fn add, void *context);
int amdvi_discover(struct qt_machine *machine);
int amdvi_flush(struct qt_machine *machine, const struct qt_unit *unit);
int amdvi_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context);
void amdvi_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit);

#endif
