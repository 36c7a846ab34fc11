/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the model's walk share: from a requester to its context
 * (walk.c: legacy mode, scalable.c: scalable mode), and what an entry of a table
 * means (step.c). Written from VT-d 4.1, chapters 3, 6 and 9, and from nothing in
 * the core: it is what the core is checked against.
 */
#ifndef MODEL_WALK_H
#define MODEL_WALK_H

#include "model.h"

/* Everything one translation carries along. */
struct walk {
	struct model *m;
	struct model_unit *unit;
	enum model_path path;
	qt_rid rid;
	qt_iova iova;
};

static inline uint64_t field(uint64_t value, unsigned high, unsigned low)
{
	return value >> low & ((2ull << (high - low)) - 1);
}

/* Bits from the machine's physical address width up to 51 are reserved in every pointer. */
static inline bool address_reserved(const struct model *m, uint64_t raw)
{
	return m->address_bits < 52 && field(raw, 51, m->address_bits);
}

/* One aligned word as the unit sees memory. False outside RAM. */
static inline bool fetch(const struct walk *walk, qt_phys at, uint64_t *raw)
{
	if (!model_in_ram(walk->m, at, 8))
		return false;
	*raw = model_memory_load(&walk->m->memory, at, model_unit_view(walk->unit));
	return true;
}

static inline int no_translation(struct model_cached *context, int fault)
{
	context->fault = (uint8_t)fault;
	return fault;
}

/* An entry of a paging table. */
struct model_step {
	bool present;
	bool bad; /* present, with reserved bits set */
	bool leaf;
	uint8_t perms;  /* enum qt_perm; 0: none for a device without PASID */
	qt_phys output; /* table, or first byte of the leaf */
};

/* Decodes an entry at `level` of a first-stage or second-stage table. */
struct model_step model_step(const struct model *m, const struct model_unit_config *config,
	bool first_stage, unsigned level, uint64_t raw);

/* scalable.c: the entry of a requester's RID_PASID, as a context; its fault, or 0. */
struct model_cached model_scalable_context(const struct walk *walk);

#endif
