/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of a VT-d unit in legacy mode, written from VT-d 4.1, chapters 3, 6
 * and 9, and from nothing in the core: it is what the core is checked against.
 */
#include <string.h>

#include "model.h"

/* Everything one translation carries along. */
struct walk {
	struct model *m;
	struct model_unit *unit;
	enum model_path path;
	qt_rid rid;
	qt_iova iova;
};

static uint64_t field(uint64_t value, unsigned high, unsigned low)
{
	return value >> low & ((2ull << (high - low)) - 1);
}

/* Bits from the machine's physical address width up to 51 are reserved in every pointer. */
static bool address_reserved(const struct walk *walk, uint64_t raw)
{
	unsigned bits = walk->m->address_bits;

	return bits < 52 && field(raw, 51, bits);
}

/* One aligned word as the unit sees memory. False outside RAM. */
static bool fetch(const struct walk *walk, qt_phys at, uint64_t *raw)
{
	if (!model_in_ram(walk->m, at, 8))
		return false;
	*raw = model_memory_load(&walk->m->memory, at, model_unit_view(walk->unit));
	return true;
}

static int no_translation(struct model_cached *context, int fault)
{
	context->fault = (uint8_t)fault;
	return fault;
}

/* Root entry: section 9.1. */
static int read_root_entry(const struct walk *walk, qt_phys *table)
{
	qt_phys at = (walk->unit->root & ~0xfffull) + QT_RID_BUS(walk->rid) * 16u;
	uint64_t lo, hi;

	if (!fetch(walk, at, &lo) || !fetch(walk, at + 8, &hi))
		return MODEL_FAULT_ROOT_ACCESS;
	if (!(lo & 1))
		return MODEL_FAULT_ROOT_ABSENT;
	if (field(lo, 11, 1) || hi || address_reserved(walk, lo) || field(lo, 63, 52))
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
	if (address_reserved(walk, lo) || field(lo, 63, 52))
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
	context->type = (uint8_t)field(lo, 3, 2);
	context->levels = (uint8_t)(field(hi, 2, 0) + 2);
	context->domain = (uint16_t)field(hi, 23, 8);
	context->value = field(lo, 51, 12) << 12;
	return 0;
}

/* The requester's context, from the context cache if it is there. */
static struct model_cached context_of(const struct walk *walk)
{
	struct model_cached context = {.kind = MODEL_CACHE_CONTEXT, .number = (uint16_t)walk->rid};
	const struct model_cached *cached;

	if (walk->path != MODEL_WALK) {
		cached = model_cache_find(
			&walk->unit->cache, MODEL_CACHE_CONTEXT, 0, 0, context.number);
		if (cached)
			return *cached;
	}
	/* What is not present is cached under CM = 1 only, with domain 0 (section 6.1). */
	if ((!read_context(walk, &context) || walk->unit->config.caching_mode) &&
		walk->path == MODEL_CACHED)
		model_cache_put(&walk->unit->cache, &context);
	return context;
}

static unsigned span_lg2(unsigned level)
{
	return 12 + 9 * level;
}

/* Second-stage entries: section 9.8. A present entry has R or W set. */
static bool entry_is_leaf(unsigned level, uint64_t raw)
{
	return level == 0 || (level <= 2 && raw & MODEL_SS_LARGE);
}

static bool entry_reserved(const struct walk *walk, unsigned level, uint64_t raw)
{
	const struct model_unit_config *config = &walk->unit->config;

	if (address_reserved(walk, raw))
		return true;
	if (!entry_is_leaf(level, raw))
		return raw & (MODEL_SS_LARGE | MODEL_SS_SNOOP);
	if (raw & MODEL_SS_SNOOP && !config->snoop)
		return true;
	if (level == 0)
		return false;
	if (!(level == 1 ? config->large_2m : config->large_1g))
		return true;
	return field(raw, span_lg2(level) - 1, 12);
}

static void remember_table(
	const struct walk *walk, uint16_t domain, unsigned level, qt_phys table, unsigned perms)
{
	unsigned size_lg2 = span_lg2(level + 1);
	struct model_cached entry = {
		.kind = MODEL_CACHE_TABLE,
		.size_lg2 = (uint8_t)size_lg2,
		.perms = (uint8_t)perms,
		.domain = domain,
		.space = domain,
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
	unsigned level = 0;

	*table = context->value;
	*perms = QT_RW;
	if (walk->path == MODEL_WALK)
		return context->levels - 1u;
	for (; level + 1 < context->levels; level++) {
		unsigned size_lg2 = span_lg2(level + 1);
		const struct model_cached *cached =
			model_cache_find(&walk->unit->cache, MODEL_CACHE_TABLE, context->domain,
				(uint8_t)size_lg2, walk->iova >> size_lg2);

		if (cached) {
			*table = cached->value;
			*perms = cached->perms;
			return level;
		}
	}
	return level;
}

static int walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	qt_phys table;
	unsigned perms;
	uint64_t raw;

	for (unsigned level = first_table(walk, context, &table, &perms);; level--) {
		qt_phys at = table + field(walk->iova, span_lg2(level) + 8, span_lg2(level)) * 8;

		if (!fetch(walk, at, &raw))
			return MODEL_FAULT_TABLE_ACCESS;
		if (!(raw & QT_RW))
			return MODEL_FAULT_WRITE;
		if (entry_reserved(walk, level, raw))
			return MODEL_FAULT_TABLE_RESERVED;
		perms &= raw & QT_RW;
		if (entry_is_leaf(level, raw)) {
			uint64_t offset = walk->iova & ((1ull << span_lg2(level)) - 1);

			if (!perms)
				return MODEL_FAULT_WRITE;
			translation->phys = (field(raw, 51, 12) << 12) + offset;
			if (level)
				translation->phys =
					(field(raw, 51, span_lg2(level)) << span_lg2(level)) +
					offset;
			translation->perms = (uint8_t)perms;
			translation->size_lg2 = (uint8_t)span_lg2(level);
			return 0;
		}
		table = field(raw, 51, 12) << 12;
		remember_table(walk, context->domain, level - 1, table, perms);
	}
}

static bool from_cache(const struct walk *walk, uint8_t kind, uint32_t space, int *fault,
	struct model_translation *translation)
{
	static const uint8_t sizes[] = {12, 21, 30};

	for (unsigned i = 0; i < QT_ARRAY_SIZE(sizes); i++) {
		const struct model_cached *cached = model_cache_find(
			&walk->unit->cache, kind, space, sizes[i], walk->iova >> sizes[i]);

		if (!cached)
			continue;
		*fault = cached->fault;
		translation->phys = cached->value + (walk->iova & ((1ull << sizes[i]) - 1));
		translation->perms = cached->perms;
		translation->size_lg2 = sizes[i];
		return true;
	}
	return false;
}

static void remember_leaf(const struct walk *walk, uint8_t kind, uint32_t space, uint16_t domain,
	int fault, const struct model_translation *translation)
{
	unsigned size_lg2 = fault ? 12 : translation->size_lg2;
	struct model_cached entry = {
		.kind = kind,
		.size_lg2 = (uint8_t)size_lg2,
		.perms = translation->perms,
		.fault = (uint8_t)fault,
		.domain = domain,
		.space = space,
		.number = walk->iova >> size_lg2,
		.value = translation->phys & ~((1ull << size_lg2) - 1),
	};

	model_cache_put(&walk->unit->cache, &entry);
}

/* Through the unit's IOTLB, or past it. */
static int translate_by_domain(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	unsigned width = span_lg2(context->levels);
	uint16_t domain = context->domain;
	int fault;

	if (width > walk->unit->config.guest_bits)
		width = walk->unit->config.guest_bits;
	if (width < 64 && walk->iova >> width)
		return MODEL_FAULT_WIDTH;
	if (walk->path == MODEL_CACHED &&
		from_cache(walk, MODEL_CACHE_LEAF, domain, &fault, translation))
		return fault;
	fault = walk_tables(walk, context, translation);
	if (walk->path == MODEL_CACHED && (!fault || walk->unit->config.caching_mode))
		remember_leaf(walk, MODEL_CACHE_LEAF, domain, domain, fault, translation);
	return fault;
}

/* Through the device's own TLB, where it has one and its entry allows it (section 4.1). */
static int translate_by_device(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	int fault;

	if (from_cache(walk, MODEL_CACHE_DEVICE, walk->rid, &fault, translation))
		return fault;
	fault = translate_by_domain(walk, context, translation);
	if (!fault)
		remember_leaf(walk, MODEL_CACHE_DEVICE, walk->rid, 0, 0, translation);
	return fault;
}

int model_unit_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation)
{
	const struct walk walk = {m, unit, path, rid, iova};
	const struct model_function *function;
	struct model_cached context;

	memset(translation, 0, sizeof(*translation));
	if (!(unit->status & MODEL_GCMD_TE)) {
		*translation = (struct model_translation){iova, QT_RW, 12};
		return 0;
	}
	if (unit->root & MODEL_RTADDR_ABORT)
		return MODEL_FAULT_MODE;
	context = context_of(&walk);
	if (context.fault)
		return context.fault;
	if (context.type == 2) {
		*translation = (struct model_translation){iova, QT_RW, 12};
		return 0;
	}
	function = path == MODEL_CACHED && context.type == 1 ? model_function(m, rid) : NULL;
	if (function && function->ats)
		return translate_by_device(&walk, &context, translation);
	return translate_by_domain(&walk, &context, translation);
}

int model_translate(struct model *m, qt_rid rid, qt_iova iova, enum model_path path,
	struct model_translation *translation)
{
	struct model_unit *unit = model_unit_of(m, rid);

	if (!unit) {
		*translation = (struct model_translation){iova, QT_RW, 12};
		return 0;
	}
	model_unit_settle(m, unit);
	return model_unit_translate(m, unit, rid, iova, path, translation);
}
