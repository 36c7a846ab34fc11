/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of an SMMUv3, written from the specifications
 * (IHI 0070, 3.3 to 3.5, 5.2, 5.4; DDI 0487, D8.3, D8.4), and from nothing in the
 * core: it is what the core is checked against.
 */
#include <string.h>

#include "kind.h"
#include "walk.h"

uint32_t model_smmu_stream(const struct model_unit *unit, qt_rid rid)
{
	return unit->config.smmu.first_stream + (rid & 0xffff);
}

static unsigned output_bits(const struct model_unit *unit)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48};

	return bits[unit->config.smmu.output];
}

static uint64_t load(struct model *m, const struct model_unit *unit, qt_phys at)
{
	return model_in_ram(m, at, 8) ? model_memory_load(&m->memory, at, model_unit_view(unit))
				      : 0;
}

/* Aligned to the table's size, or the first level's (6.3.24). */
static qt_phys stream_table(const struct model_unit *unit)
{
	uint32_t config = unit->smmu.tables_config;
	unsigned streams_lg2 = (unsigned)field(config, 5, 0),
		 split = (unsigned)field(config, 10, 6);
	unsigned size_lg2 = 6;

	if (field(config, 17, 16) == 0)
		size_lg2 = 6 + streams_lg2;
	else if (streams_lg2 > split + 3)
		size_lg2 = streams_lg2 - split + 3;
	return field(unit->smmu.tables, 51, size_lg2) << size_lg2;
}

/* Section 3.3.1. */
qt_phys model_smmu_entry(struct model *m, const struct model_unit *unit, uint32_t stream)
{
	uint32_t config = unit->smmu.tables_config;
	qt_phys table = stream_table(unit);
	unsigned split = (unsigned)field(config, 10, 6), span;
	uint64_t descriptor;

	if ((uint64_t)stream >> field(config, 5, 0))
		return 0;
	if (field(config, 17, 16) == 0)
		return table + stream * 64ull;
	descriptor = load(m, unit, table + (stream >> split) * 8ull);
	span = (unsigned)field(descriptor, 4, 0);
	if (span == 0 || span > split + 1 || below(stream, split) >> (span - 1))
		return 0;
	table = field(descriptor, 51, 6) << 6;
	return table - below(table, 6 + span - 1) + below(stream, split) * 64;
}

static void decode_leaf(
	const struct model_unit *unit, unsigned level, uint64_t raw, struct model_entry *entry)
{
	unsigned perms = (unsigned)field(raw, 7, 6), granule = model_granule_lg2(unit);

	entry->kind = MODEL_BAD;
	entry->size_lg2 = (uint8_t)model_span_lg2(unit, level);
	entry->phys = field(raw, 47, entry->size_lg2) << entry->size_lg2;
	if (level > (granule == 12 ? 2 : 1) || entry->phys >> output_bits(unit))
		return;
	/* So many in a row are one (contiguous): DDI 0487, D8.7.1. */
	if (field(raw, 52, 52))
		entry->size_lg2 =
			(uint8_t)(entry->size_lg2 + (granule == 12                        ? 4
							    : granule == 14 && level == 0 ? 7
											  : 5));
	entry->phys -= below(entry->phys, entry->size_lg2);
	/* S2AP says what is allowed; AP: bit 0 that unprivileged ones are, bit 1 read-only. */
	if (unit->config.smmu.stage2)
		entry->perms = (uint8_t)perms;
	else
		entry->perms = perms & 1 ? (perms & 2 ? QT_READ : QT_RW) : 0;
	if (!field(raw, 10, 10))
		entry->perms = 0;
	entry->kind = entry->perms ? MODEL_LEAF : MODEL_OCCUPIED;
}

void model_smmu_decode(const struct model *m, const struct model_unit *unit, bool first_stage,
	unsigned level, uint64_t raw, struct model_entry *entry)
{
	bool stage1 = !unit->config.smmu.stage2;

	(void)m;
	(void)first_stage;
	*entry = (struct model_entry){.kind = MODEL_EMPTY};
	if (!(raw & 1))
		return;
	if (level == 0 || !(raw & 2)) {
		decode_leaf(unit, level, raw, entry);
		/* In the last level bit 1 makes it a page; without, it is reserved. */
		if (level == 0 && !(raw & 2))
			entry->kind = MODEL_BAD;
		return;
	}
	entry->next_level = (uint8_t)(level - 1);
	entry->phys = field(raw, 47, model_granule_lg2(unit)) << model_granule_lg2(unit);
	entry->perms = stage1 && field(raw, 62, 62) ? QT_READ : QT_RW;
	entry->kind = entry->phys >> output_bits(unit) ? MODEL_BAD : MODEL_TABLE;
	if (stage1 && field(raw, 61, 61) && entry->kind == MODEL_TABLE)
		*entry = (struct model_entry){.kind = MODEL_OCCUPIED};
}

/* TG0 and S2TG (sections 5.4, 5.2). */
static unsigned granule_code(const struct model_unit *unit)
{
	return model_granule_lg2(unit) == 12 ? 0 : model_granule_lg2(unit) == 16 ? 1 : 2;
}

static int set_table(
	const struct model_unit *unit, struct model_cached *context, unsigned bits, qt_phys root)
{
	unsigned index = model_index_lg2(unit);

	if (bits < 25 || bits > 48)
		return MODEL_FAULT_CONTEXT_INVALID;
	context->pasid = bits; /* of input: the model has no substreams but one */
	context->levels = (uint8_t)((bits - model_granule_lg2(unit) + index - 1) / index);
	/* Aligned to the root's size (DDI 0487, D8.2). */
	context->value = root - below(root, bits - model_span_lg2(unit, context->levels - 1u) + 3);
	return 0;
}

/* Section 5.4. */
static int read_descriptor(
	const struct walk *walk, const uint64_t *ste, struct model_cached *context)
{
	unsigned substreams = walk->unit->config.smmu.substreams;
	unsigned descriptors = substreams ? (unsigned)field(ste[0], 63, 59) : 0;
	unsigned format = (unsigned)field(ste[0], 5, 4);
	qt_phys at = field(ste[0], 51, 6) << 6;
	uint64_t word[4];

	if (descriptors > substreams)
		return MODEL_FAULT_CONTEXT_RESERVED;
	/* S1STALLD is for units that stall as entries say. */
	if (field(ste[1], 27, 27) && walk->unit->config.smmu.stalls)
		return MODEL_FAULT_CONTEXT_RESERVED;
	if (descriptors && field(ste[1], 1, 0) != 2)
		return MODEL_FAULT_CONTEXT_INVALID;
	if (descriptors && (format == 1 || format == 2)) {
		if (!fetch(walk, at, &word[0]))
			return MODEL_FAULT_CONTEXT_ACCESS;
		if (!(word[0] & 1))
			return MODEL_FAULT_CONTEXT_ABSENT;
		at = field(word[0], 51, 12) << 12;
	}
	for (unsigned i = 0; i < 4; i++)
		if (!fetch(walk, at + i * 8, &word[i]))
			return MODEL_FAULT_CONTEXT_ACCESS;
	if (!field(word[0], 31, 31))
		return MODEL_FAULT_CONTEXT_ABSENT;
	/* AA64, its granule, upper half off, all addresses in reach. */
	if (!field(word[0], 41, 41) || field(word[0], 7, 6) != granule_code(walk->unit) ||
		!field(word[0], 30, 30) || field(word[0], 14, 14) ||
		field(word[0], 34, 32) != walk->unit->config.smmu.output)
		return MODEL_FAULT_CONTEXT_RESERVED;
	/* CD.S as the unit wants it. */
	if (walk->unit->config.smmu.stalls &&
		field(word[0], 44, 44) != (walk->unit->config.smmu.stalls == 2))
		return MODEL_FAULT_CONTEXT_RESERVED;
	/* What leaves are made for: normal write-back memory and registers must be there. */
	if (field(word[3], 15, 8) != 0xff || field(word[3], 23, 16) != 4)
		return MODEL_FAULT_CONTEXT_RESERVED;
	context->domain = (uint16_t)field(word[0], 63, 48);
	return set_table(walk->unit, context, 64 - (unsigned)field(word[0], 5, 0),
		field(word[1], 51, 4) << 4);
}

static int read_stage2(
	const struct model_unit *unit, const uint64_t *ste, struct model_cached *context)
{
	unsigned least = model_granule_lg2(unit) == 12 ? 2 : 1; /* levels that SL0 of 0 means */
	unsigned bits = 64 - (unsigned)field(ste[2], 37, 32);
	int fault;

	context->domain = (uint16_t)ste[2];
	if (!field(ste[2], 51, 51) || field(ste[2], 47, 46) != granule_code(unit) ||
		field(ste[2], 39, 38) == 3)
		return MODEL_FAULT_CONTEXT_RESERVED;
	fault = set_table(unit, context, bits, field(ste[3], 51, 4) << 4);
	/* SL0 must say as many levels as that takes: no tables in a row here. */
	return !fault && field(ste[2], 39, 38) + least != context->levels
		       ? MODEL_FAULT_CONTEXT_INVALID
		       : fault;
}

/* Section 5.2. */
static int read_entry(const struct walk *walk, struct model_cached *context)
{
	uint32_t stream = model_smmu_stream(walk->unit, walk->rid);
	qt_phys at = model_smmu_entry(walk->m, walk->unit, stream);
	uint64_t ste[4];

	for (unsigned i = 0; i < 4; i++)
		if (!at || !fetch(walk, at + i * 8, &ste[i]))
			return MODEL_FAULT_CONTEXT_ACCESS;
	if (!(ste[0] & 1))
		return MODEL_FAULT_CONTEXT_ABSENT;
	context->perms = QT_RW;
	context->type = field(ste[1], 29, 28) == 1 ? MODEL_TRANSLATE_ATS : MODEL_TRANSLATE;
	switch (field(ste[0], 3, 1)) {
	case 4:
		context->type = MODEL_PASS;
		return 0;
	case 5:
		return walk->unit->config.smmu.stage2 ? MODEL_FAULT_CONTEXT_INVALID
						      : read_descriptor(walk, ste, context);
	case 6:
		return walk->unit->config.smmu.stage2 ? read_stage2(walk->unit, ste, context)
						      : MODEL_FAULT_CONTEXT_INVALID;
	case 7:
		return MODEL_FAULT_MODE;
	default:
		return MODEL_FAULT_BLOCKED;
	}
}

/* Entries are cached whatever they say (section 3.21.2). */
struct model_cached model_smmu_context(const struct walk *walk)
{
	return model_cached_context(walk, read_entry, true);
}

/* Starts at the lowest table that is cached for this IOVA, by its ASID or VMID. */
static unsigned first_table(const struct walk *walk, const struct model_cached *context,
	qt_phys *table, unsigned *perms)
{
	*table = context->value;
	*perms = QT_RW;
	for (unsigned level = 1; walk->path != MODEL_WALK && level < context->levels; level++) {
		const struct model_cached *cached =
			model_cache_find(&walk->unit->cache, MODEL_CACHE_TABLE, context->domain,
				(uint8_t)model_span_lg2(walk->unit, level),
				walk->iova >> model_span_lg2(walk->unit, level));

		if (!cached)
			continue;
		*table = cached->value;
		*perms = cached->perms;
		return level - 1;
	}
	return context->levels - 1u;
}

static void remember_table(const struct walk *walk, const struct model_cached *context,
	unsigned level, qt_phys table, unsigned perms)
{
	struct model_cached entry = {
		.kind = MODEL_CACHE_TABLE,
		.size_lg2 = (uint8_t)model_span_lg2(walk->unit, level),
		.perms = (uint8_t)perms,
		.domain = context->domain,
		.space = context->domain,
		.number = walk->iova >> model_span_lg2(walk->unit, level),
		.value = table,
	};

	if (walk->path == MODEL_CACHED)
		model_cache_put(&walk->unit->cache, &entry);
}

int model_smmu_walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	unsigned perms;
	qt_phys table;
	unsigned level = first_table(walk, context, &table, &perms);

	for (;; level--) {
		struct model_entry entry;
		uint64_t raw;

		uint64_t index = below(walk->iova >> model_span_lg2(walk->unit, level),
			model_index_lg2(walk->unit));

		if (!fetch(walk, table + index * 8, &raw))
			return MODEL_FAULT_TABLE_ACCESS;
		model_smmu_decode(walk->m, walk->unit, false, level, raw, &entry);
		perms &= entry.perms;
		if (entry.kind == MODEL_BAD)
			return MODEL_FAULT_TABLE_RESERVED;
		if (entry.kind == MODEL_EMPTY || entry.kind == MODEL_OCCUPIED || !perms)
			return MODEL_FAULT_WRITE;
		if (entry.kind == MODEL_LEAF) {
			translation->phys = entry.phys + below(walk->iova, entry.size_lg2);
			translation->perms = (uint8_t)perms;
			translation->size_lg2 = entry.size_lg2;
			return 0;
		}
		table = entry.phys;
		remember_table(walk, context, level, table, perms);
	}
}

bool model_smmu_in_width(const struct walk *walk, const struct model_cached *context)
{
	return !(walk->iova >> context->pasid);
}

/* What translates to nothing is not cached (3.21.1). */
bool model_smmu_caches_absent(const struct walk *walk, const struct model_cached *context)
{
	(void)walk;
	(void)context;
	return false;
}

int model_smmu_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation)
{
	const struct walk walk = {m, unit, path, rid, iova};

	*translation = (struct model_translation){iova, QT_RW, 12};
	if (!(unit->smmu.acknowledged & MODEL_SMMU_ENABLE))
		return unit->smmu.gbpa >> 20 & 1 ? MODEL_FAULT_BLOCKED : 0;
	memset(translation, 0, sizeof(*translation));
	return model_walk(&walk, translation);
}
