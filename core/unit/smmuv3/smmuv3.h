/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the files of this unit share. */
#ifndef QUIETUS_CORE_SMMUV3_H
#define QUIETUS_CORE_SMMUV3_H

#include "../change.h"
#include "../unit.h"
#include "registers.h"

/*
 * Streams that firmware names no PCI function for (other devices, mostly) are
 * requesters of a segment that no PCI has: 0xff00 and the unit's index, with the
 * stream ID as the rest.
 */
#define SMMUV3_SEGMENT(unit)   (0xff00u + (unit)->index)
#define SMMUV3_UNNAMED_STREAMS 0x10000u

/* Levels of a table with so many bits of input addresses. */
unsigned smmuv3_levels(unsigned granule_lg2, unsigned input_bits);

/* Width of an address by its encoding in IDR5.OAS, CD.IPS and STE.S2PS. */
unsigned smmuv3_address_bits(unsigned code);

/* Granule by its encoding in CD.TG0 and STE.S2TG, 0 where the unit does not have it. */
unsigned smmuv3_granule_lg2(const struct qt_unit *unit, unsigned code);

/* The other way round. */
unsigned smmuv3_granule_code(unsigned granule_lg2);
unsigned smmuv3_address_code(unsigned bits);

/* Whether a leaf of the unit's tables must be taken out before a table takes its place. */
bool smmuv3_break_before_make(const struct qt_unit *unit);

/* The highest level that has leaves (DDI 0487, D8.3.1). */
unsigned smmuv3_leaf_level(unsigned granule_lg2, unsigned output_bits);

/* Stream ID of a requester. QT_E_NOTFOUND: the unit never sees it. */
int smmuv3_stream(const struct qt_unit *unit, qt_rid rid, uint32_t *stream);

/* Requester of a stream. QT_E_UNSUPPORTED: it has no name, and no number that would fit. */
int smmuv3_rid(const struct qt_unit *unit, uint32_t stream, qt_rid *rid);

/*
 * Discovery: a unit with registers at `base`, and whether firmware says that it snoops the
 * CPU's caches; a range of requesters and their streams.
 */
int smmuv3_add_unit(struct qt_machine *machine, qt_phys base, bool snoops);
int smmuv3_add_streams(struct qt_machine *machine, struct qt_unit *unit, qt_rid first,
	uint32_t count, uint32_t stream);

/* discover_iort.c, discover_device_tree.c. QT_E_NOTFOUND: firmware has no such description. */
int smmuv3_discover_iort(struct qt_machine *machine);
int smmuv3_discover_device_tree(struct qt_machine *machine);

/* entry.c */

/* Where the level 1 descriptor of a stream is, with a table of two levels. */
qt_phys smmuv3_l1_address(const struct qt_unit *unit, uint32_t stream);

/*
 * Address of a stream's entry. QT_E_NOTFOUND: there is none. Errors as qt_lookup's.
 */
int smmuv3_ste_address(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t stream, qt_phys *at);

/* What an entry means. */
int smmuv3_decode(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *ste,
	struct qt_unit_entry *entry);

int smmuv3_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry);
int smmuv3_scan(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, const struct qt_unit_entry *entry), void *context);

/* Calls each for every valid entry of the stream table. */
int smmuv3_each_ste(const struct qt_unit *unit, struct qt_reader *reader,
	int (*each)(void *context, uint32_t stream, const uint64_t *ste), void *context);

/* entry_context.c */

/* Stage 1 of an entry; the context descriptor of DMA without a substream. */
int smmuv3_decode_stage1(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *ste,
	struct qt_unit_entry *entry);
/* Address of that descriptor. QT_E_NOTFOUND: there is none. */
int smmuv3_cd_address(
	const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *ste, qt_phys *at);
void smmuv3_decode_stage2(
	const struct qt_unit *unit, const uint64_t *ste, struct qt_unit_entry *entry);
int smmuv3_domain_id_used(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t id, bool *used);

/* entry_change.c, flush.c, faults.c: as struct qt_unit_ops has them. */
int smmuv3_admit(const struct qt_unit_change *change);
int smmuv3_set_root(const struct qt_unit_change *change);
int smmuv3_block(const struct qt_unit_change *change);
int smmuv3_flush(struct qt_machine *machine, const struct qt_unit *unit);
int smmuv3_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context);
void smmuv3_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit);

#endif
