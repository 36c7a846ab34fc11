/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What walks have in common: from a requester to its context, through tables or caches
 * to a translation. Written from the specifications (unit.h), and from nothing in the
 * core: it is what the core is checked against.
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

/* Bits of an address below 2^lg2. */
static inline uint64_t below(uint64_t value, unsigned lg2)
{
	return lg2 > 63 ? value : value & ((1ull << lg2) - 1);
}

/* Bytes that an entry at a level spans, as a power of two, in tables of 512 entries. Other ones:
 * model_span_lg2(). */
static inline unsigned span_lg2(unsigned level)
{
	return 12 + 9 * level;
}

/* What an entry makes of DMA; kept as the type of a cached context. */
enum model_meaning { MODEL_TRANSLATE, MODEL_TRANSLATE_ATS, MODEL_PASS };

/* walk.c */

/* A requester's context, from the cache or by `read`, which returns its fault or 0. */
struct model_cached model_cached_context(const struct walk *walk,
	int (*read)(const struct walk *walk, struct model_cached *context), bool keep_faults);

/* The tag of what is cached of a context's translations. */
uint64_t model_space_of(const struct model_cached *context);

/* Translates through a unit that is on. 0 or enum model_fault. */
int model_walk(const struct walk *walk, struct model_translation *translation);

/* An entry of a VT-d, or a CPU's, paging table. */
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

/* vtd_scalable.c: the entry of a requester's RID_PASID, as a context; its fault, or 0. */
struct model_cached model_scalable_context(const struct walk *walk);

#endif
