/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of a VT-d unit: contexts of legacy mode, and tables in both modes.
 */
#include <string.h>

#include "kind.h"
#include "walk.h"

/* Root entry: section 9.1. */
static int read_root_entry(const struct walk *walk, qt_phys *table)
{
	qt_phys at = (walk->unit->root & ~0xfffull) + QT_RID_BUS(walk->rid) * 16u;
	uint64_t lo, hi;

	if (!fetch(walk, at, &lo) || !fetch(walk, at + 8, &hi))
		return MODEL_FAULT_ROOT_ACCESS;
	if (!(lo & 1))
		return MODEL_FAULT_ROOT_ABSENT;
	if (field(lo, 11, 1) || hi || address_reserved(walk->m, lo) || field(lo, 63, 52))
		return MODEL_FAULT_ROOT_RESERVED;
	*table = field(lo, 51, 12) << 12;
	return 0;
}

/* What a present context entry may say on this unit: section 9.3. */
static int check_context(const struct walk *walk, uint64_t lo, uint64_t hi)
{
	const struct model_unit_config *config = &walk->unit->config;
	unsigned type = field(lo, 3, 2), width = field(hi, 2, 0);

	if (field(lo, 11, 4) || field(hi, 63, 24) || field(hi, 7, 7))
		return MODEL_FAULT_CONTEXT_RESERVED;
	if (address_reserved(walk->m, lo) || field(lo, 63, 52))
		return MODEL_FAULT_CONTEXT_RESERVED;
	if (type == 3 || (type == 2 && !config->pass_through) ||
		(type == 1 && !config->device_tlbs))
		return MODEL_FAULT_CONTEXT_INVALID;
	if (width > 3 || !(config->levels >> (width + 2) & 1))
		return MODEL_FAULT_CONTEXT_INVALID;
	if (field(hi, 23, 8) >> config->domain_id_bits)
		return MODEL_FAULT_CONTEXT_INVALID;
	if (config->caching_mode && field(hi, 23, 8) == 0)
		return MODEL_FAULT_CONTEXT_INVALID; /* section 6.1: 0 is for what is not present */
	return 0;
}

static int read_context(const struct walk *walk, struct model_cached *context)
{
	qt_phys table;
	uint64_t lo, hi;
	int fault = read_root_entry(walk, &table);

	if (fault)
		return no_translation(context, fault);
	table += QT_RID_DEVFN(walk->rid) * 16u;
	if (!fetch(walk, table, &lo) || !fetch(walk, table + 8, &hi))
		return no_translation(context, MODEL_FAULT_CONTEXT_ACCESS);
	if (!(lo & 1))
		return no_translation(context, MODEL_FAULT_CONTEXT_ABSENT);
	fault = check_context(walk, lo, hi);
	if (fault)
		return no_translation(context, fault);
	context->perms = QT_RW;
	context->type = (uint8_t)field(lo, 3, 2);
	context->levels = (uint8_t)(field(hi, 2, 0) + 2);
	context->domain = (uint16_t)field(hi, 23, 8);
	context->value = field(lo, 51, 12) << 12;
	return 0;
}

/* What is not present is cached under CM = 1 only, with domain 0 (section 6.1). */
struct model_cached model_vtd_context(const struct walk *walk)
{
	if (walk->unit->root & MODEL_RTADDR_SCALABLE)
		return model_scalable_context(walk);
	return model_cached_context(walk, read_context, walk->unit->config.caching_mode);
}

static void remember_table(const struct walk *walk, const struct model_cached *context,
	unsigned level, qt_phys table, unsigned perms)
{
	unsigned size_lg2 = span_lg2(level + 1);
	struct model_cached entry = {
		.kind = MODEL_CACHE_TABLE,
		.size_lg2 = (uint8_t)size_lg2,
		.perms = (uint8_t)perms,
		.first_stage = context->first_stage,
		.domain = context->domain,
		.pasid = context->pasid,
		.space = model_space_of(context),
		.number = walk->iova >> size_lg2,
		.value = table,
	};

	if (walk->path == MODEL_CACHED)
		model_cache_put(&walk->unit->cache, &entry);
}

/* Starts at the deepest table that the paging-structure caches know for this IOVA. */
static unsigned first_table(const struct walk *walk, const struct model_cached *context,
	qt_phys *table, unsigned *perms)
{
	uint64_t space = model_space_of(context);
	unsigned level = 0;

	*table = context->value;
	*perms = QT_RW;
	if (walk->path == MODEL_WALK)
		return context->levels - 1u;
	for (; level + 1 < context->levels; level++) {
		unsigned size_lg2 = span_lg2(level + 1);
		const struct model_cached *cached = model_cache_find(&walk->unit->cache,
			MODEL_CACHE_TABLE, space, (uint8_t)size_lg2, walk->iova >> size_lg2);

		if (cached) {
			*table = cached->value;
			*perms = cached->perms;
			return level;
		}
	}
	return level;
}

/* In scalable mode walks snoop as the PASID entry says (ECAP.SMPWC), else as ECAP.C does. */
static bool fetch_entry(
	const struct walk *walk, const struct model_cached *context, qt_phys at, uint64_t *raw)
{
	if (!(walk->unit->root & MODEL_RTADDR_SCALABLE))
		return fetch(walk, at, raw);
	if (!model_in_ram(walk->m, at, 8))
		return false;
	*raw = model_memory_load(
		&walk->m->memory, at, context->no_snoop ? MODEL_MEMORY : MODEL_CPU);
	return true;
}

/*
 * Accessed and dirty flags (3.6.2, 3.7.2). One that is missing is set, by a walk
 * that snoops; another cannot, and refuses the DMA.
 */
static int update_flags(const struct walk *walk, const struct model_cached *context, qt_phys at,
	uint64_t raw, const struct model_step *step)
{
	uint64_t accessed = context->first_stage ? MODEL_FS_ACCESSED : MODEL_SS_ACCESSED;
	uint64_t dirty = context->first_stage ? MODEL_FS_DIRTY : MODEL_SS_DIRTY;
	uint64_t wanted = accessed | (step->leaf && step->perms & QT_WRITE ? dirty : 0);

	if (!context->flags || (raw & wanted) == wanted)
		return 0;
	if (context->no_snoop)
		return MODEL_FAULT_FLAGS;
	if (walk->path == MODEL_CACHED)
		model_memory_flag(&walk->m->memory, at, wanted);
	return 0;
}

int model_vtd_walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	qt_phys table;
	unsigned perms;
	uint64_t raw;

	for (unsigned level = first_table(walk, context, &table, &perms);; level--) {
		qt_phys at = table + field(walk->iova, span_lg2(level) + 8, span_lg2(level)) * 8;
		struct model_step step;
		int fault;

		if (!fetch_entry(walk, context, at, &raw))
			return MODEL_FAULT_TABLE_ACCESS;
		step = model_step(walk->m, &walk->unit->config, context->first_stage, level, raw);
		if (!step.present)
			return MODEL_FAULT_WRITE;
		if (step.bad)
			return MODEL_FAULT_TABLE_RESERVED;
		perms &= step.perms;
		if (step.leaf && !perms)
			return MODEL_FAULT_WRITE;
		fault = update_flags(walk, context, at, raw, &step);
		if (fault)
			return fault;
		if (step.leaf) {
			translation->phys =
				step.output + (walk->iova & ((1ull << span_lg2(level)) - 1));
			translation->perms = (uint8_t)perms;
			translation->size_lg2 = (uint8_t)span_lg2(level);
			return 0;
		}
		table = step.output;
		remember_table(walk, context, level - 1, table, perms);
	}
}

/* Addresses a table takes: first-stage ones are sign-extended (3.6), others start with zeros. */
bool model_vtd_in_width(const struct walk *walk, const struct model_cached *context)
{
	unsigned width = span_lg2(context->levels);
	uint64_t above;

	if (context->first_stage) {
		above = walk->iova >> (width - 1);
		return above == 0 || above == UINT64_MAX >> (width - 1);
	}
	if (width > walk->unit->config.guest_bits)
		width = walk->unit->config.guest_bits;
	return width >= 64 || !(walk->iova >> width);
}

bool model_vtd_caches_absent(const struct walk *walk, const struct model_cached *context)
{
	return walk->unit->config.caching_mode && !context->first_stage;
}

static int translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation)
{
	const struct walk walk = {m, unit, path, rid, iova};

	*translation = (struct model_translation){iova, QT_RW, 12};
	if (!(unit->status & MODEL_GCMD_TE))
		return 0;
	memset(translation, 0, sizeof(*translation));
	if (unit->root & MODEL_RTADDR_ABORT & ~MODEL_RTADDR_SCALABLE)
		return MODEL_FAULT_MODE;
	return model_walk(&walk, translation);
}

/* Protected memory regions refuse DMA whether it is translated or not (11.4.8.1). */
static bool is_protected(const struct model_unit *unit, qt_phys at)
{
	if (!unit->protected_enable)
		return false;
	for (unsigned i = 0; i < 2; i++)
		if (at >= unit->protected_base[i] &&
			at <= (unit->protected_limit[i] | MODEL_PROTECTED_MASK))
			return true;
	return false;
}

int model_vtd_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation)
{
	int fault = translate(m, unit, rid, iova, path, translation);

	return fault == 0 && is_protected(unit, translation->phys) ? MODEL_FAULT_PROTECTED : fault;
}
