/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walk of an AMD-Vi unit, written from the specification (48882, revision
 * 3.08), sections 2.2.2, 2.2.3, 2.2.6 (guest tables) and 2.2.7, and from nothing in the core: it is
 * what the core is checked against.
 */
#include <string.h>

#include "kind.h"
#include "walk.h"

#define ADDRESS_MASK 0x000ffffffffff000ull

/* Device table segments are picked by the upper bits of the device ID: section 2.2.2. */
qt_phys model_amdvi_entry(const struct model_unit *unit, qt_rid rid)
{
	unsigned lg2 = unit->config.amdvi.segments_lg2;
	uint64_t table = unit->amdvi.tables[field(rid, 15, 0) >> (16 - lg2)];
	uint64_t offset = below(rid & 0xffff, 16 - lg2) * 32;

	return offset < (field(table, 8, 0) + 1) * 4096 ? (table & ADDRESS_MASK) + offset : 0;
}

/* Table 14: the lowest 0 of the address, from bit 12 on, ends the size. */
static unsigned encoded_size(uint64_t raw)
{
	for (unsigned bit = 12; bit < 52; bit++)
		if (!(raw >> bit & 1))
			return bit + 1;
	return 64;
}

void model_amdvi_decode(const struct model *m, const struct model_unit *unit, bool first_stage,
	unsigned level, uint64_t raw, struct model_entry *entry)
{
	unsigned next = (unsigned)field(raw, 11, 9);

	if (first_stage) {
		model_step_entry(m, unit, true, level, raw, entry);
		return;
	}
	*entry = (struct model_entry){.kind = MODEL_EMPTY};
	if (!(raw & 1) || !field(raw, 62, 61))
		return;
	entry->kind = MODEL_BAD;
	entry->perms = (uint8_t)(field(raw, 61, 61) | field(raw, 62, 62) << 1);
	entry->phys = raw & ADDRESS_MASK;
	if (next && next < 7) {
		if (next > level || field(raw, 60, 52))
			return;
		entry->kind = MODEL_TABLE;
		entry->next_level = (uint8_t)(next - 1);
		return;
	}
	entry->size_lg2 = (uint8_t)(next ? encoded_size(raw) : span_lg2(level));
	if (field(raw, 58, 52) || level > 4 || entry->size_lg2 < span_lg2(level) ||
		entry->size_lg2 >= span_lg2(level + 1))
		return;
	if (!next && below(entry->phys, entry->size_lg2))
		return;
	entry->phys -= below(entry->phys, entry->size_lg2);
	entry->kind = MODEL_LEAF;
}

/* From the guest CR3 table down to what PASID 0 has: section 2.2.6. */
static int read_guest(const struct walk *walk, const uint64_t *words, struct model_cached *context)
{
	qt_phys table = field(words[0], 60, 58) << 12 | field(words[1], 31, 16) << 15 |
			field(words[1], 63, 43) << 31;
	uint64_t entry;

	for (unsigned level = (unsigned)field(words[0], 57, 56);; level--) {
		if (!fetch(walk, table, &entry))
			return MODEL_FAULT_CONTEXT_ACCESS;
		if (!(entry & 1))
			return MODEL_FAULT_CONTEXT_ABSENT;
		if (field(entry, 11, 1) || field(entry, 63, 52))
			return MODEL_FAULT_CONTEXT_RESERVED;
		table = entry & ADDRESS_MASK;
		if (!level)
			break;
	}
	context->first_stage = true;
	context->levels = (uint8_t)(4 + field(words[2], 55, 54));
	context->value = table;
	return 0;
}

static bool guest_reserved(const struct walk *walk, const uint64_t *words)
{
	const struct model_amdvi_config *config = &walk->unit->config.amdvi;

	return !(walk->unit->amdvi.control & MODEL_AMDVI_GUEST) ||
	       field(words[0], 57, 56) >= config->gcr3_levels ||
	       4 + field(words[2], 55, 54) > config->guest_levels ||
	       (field(words[0], 54, 54) && config->no_guest_io);
}

/* Device table entry: table 7, and table 8 for what V and TV mean. */
static int read_entry(const struct walk *walk, struct model_cached *context)
{
	qt_phys at = model_amdvi_entry(walk->unit, walk->rid);
	uint64_t words[3];
	unsigned mode, perms;

	for (unsigned i = 0; i < QT_ARRAY_SIZE(words); i++)
		if (!at || !fetch(walk, at + i * 8, &words[i]))
			return MODEL_FAULT_CONTEXT_ACCESS;
	context->type = MODEL_PASS;
	context->perms = QT_RW;
	if (!(words[0] & 1))
		return 0;
	if (field(words[0], 6, 2) || field(words[0], 63, 63))
		return MODEL_FAULT_CONTEXT_RESERVED;
	if (!(words[0] & 2))
		return MODEL_FAULT_CONTEXT_ABSENT;
	mode = (unsigned)field(words[0], 11, 9);
	perms = (unsigned)field(words[0], 62, 61);
	if (mode > walk->unit->config.amdvi.levels_max)
		return MODEL_FAULT_CONTEXT_INVALID;
	if (field(words[0], 55, 55) && guest_reserved(walk, words))
		return MODEL_FAULT_CONTEXT_RESERVED;
	if (!perms)
		return MODEL_FAULT_BLOCKED;
	context->perms = (uint8_t)perms;
	context->domain = (uint16_t)words[1];
	if (field(words[0], 55, 54) == 3) {
		if (mode)
			return MODEL_FAULT_MODE; /* nested: not for the model to walk */
		context->type = field(words[1], 32, 32) ? MODEL_TRANSLATE_ATS : MODEL_TRANSLATE;
		return read_guest(walk, words, context);
	}
	if (!mode)
		return 0;
	context->type = field(words[1], 32, 32) ? MODEL_TRANSLATE_ATS : MODEL_TRANSLATE;
	context->levels = (uint8_t)mode;
	context->value = words[0] & ADDRESS_MASK;
	return 0;
}

/* Entries are cached whatever they say (section 2.4.2). */
struct model_cached model_amdvi_context(const struct walk *walk)
{
	return model_cached_context(walk, read_entry, true);
}

static void remember_table(const struct walk *walk, const struct model_cached *context,
	unsigned level, const struct model_entry *entry, unsigned perms)
{
	struct model_cached cached = {
		.kind = MODEL_CACHE_TABLE,
		.size_lg2 = (uint8_t)span_lg2(level),
		.perms = (uint8_t)perms,
		.levels = entry->next_level,
		.first_stage = context->first_stage,
		.domain = context->domain,
		.space = model_space_of(context),
		.number = walk->iova >> span_lg2(level),
		.value = entry->phys,
	};

	if (walk->path == MODEL_CACHED)
		model_cache_put(&walk->unit->cache, &cached);
}

/* Starts behind the lowest entry that the page directory cache has for this IOVA. */
static unsigned first_table(const struct walk *walk, const struct model_cached *context,
	qt_phys *table, unsigned *perms)
{
	*table = context->value;
	*perms = context->perms;
	for (unsigned level = 1; walk->path != MODEL_WALK && level < context->levels; level++) {
		const struct model_cached *cached = model_cache_find(&walk->unit->cache,
			MODEL_CACHE_TABLE, model_space_of(context), (uint8_t)span_lg2(level),
			walk->iova >> span_lg2(level));

		/* Address bits of the levels that are skipped must be 0. */
		if (!cached || below(walk->iova, span_lg2(level)) >> span_lg2(cached->levels + 1u))
			continue;
		*table = cached->value;
		*perms = cached->perms & context->perms;
		return cached->levels;
	}
	return context->levels - 1u;
}

/* Guest tables have accessed and dirty flags as a CPU's do: walks set what is missing. */
static void update_flags(
	const struct walk *walk, qt_phys at, uint64_t raw, const struct model_entry *entry)
{
	bool written = entry->kind == MODEL_LEAF && entry->perms & QT_WRITE;
	uint64_t wanted = MODEL_FS_ACCESSED | (written ? MODEL_FS_DIRTY : 0);

	if (walk->path == MODEL_CACHED && (raw & wanted) != wanted)
		model_memory_flag(&walk->m->memory, at, wanted);
}

int model_amdvi_walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	unsigned perms;
	qt_phys table;
	unsigned level = first_table(walk, context, &table, &perms);

	for (;;) {
		qt_phys at = table + (walk->iova >> span_lg2(level) & 511) * 8;
		struct model_entry entry;
		uint64_t raw;

		if (!fetch(walk, at, &raw))
			return MODEL_FAULT_TABLE_ACCESS;
		model_amdvi_decode(walk->m, walk->unit, context->first_stage, level, raw, &entry);
		if (entry.kind == MODEL_EMPTY)
			return MODEL_FAULT_WRITE;
		if (entry.kind == MODEL_BAD)
			return MODEL_FAULT_TABLE_RESERVED;
		perms &= entry.perms;
		if (!perms)
			return MODEL_FAULT_WRITE;
		if (context->first_stage)
			update_flags(walk, at, raw, &entry);
		if (entry.kind == MODEL_LEAF) {
			translation->phys = entry.phys + below(walk->iova, entry.size_lg2);
			translation->perms = (uint8_t)perms;
			translation->size_lg2 = entry.size_lg2;
			return 0;
		}
		remember_table(walk, context, level, &entry, perms);
		if (below(walk->iova, span_lg2(level)) >> span_lg2(entry.next_level + 1u))
			return MODEL_FAULT_WRITE;
		table = entry.phys;
		level = entry.next_level;
	}
}

/* Addresses of other PASIDs are sign-extended, those of PASID 0 are not. */
bool model_amdvi_in_width(const struct walk *walk, const struct model_cached *context)
{
	return span_lg2(context->levels) >= 64 || !(walk->iova >> span_lg2(context->levels));
}

bool model_amdvi_caches_absent(const struct walk *walk, const struct model_cached *context)
{
	(void)context;
	return walk->unit->config.amdvi.np_cache;
}

int model_amdvi_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation)
{
	const struct walk walk = {m, unit, path, rid, iova};

	*translation = (struct model_translation){iova, QT_RW, 12};
	if (!(unit->amdvi.control & MODEL_AMDVI_ENABLE))
		return 0;
	memset(translation, 0, sizeof(*translation));
	return model_walk(&walk, translation);
}

/* Section 2.2.5, table 19: what becomes of a fixed interrupt that is sent as it is. */
bool model_amdvi_interrupt_passes(
	struct model *m, struct model_unit *unit, qt_rid rid, enum model_path path)
{
	const struct walk walk = {m, unit, path, rid, 0};
	struct model_cached entry = {.kind = MODEL_CACHE_INTERRUPT, .number = (uint16_t)rid};
	const struct model_cached *cached =
		path == MODEL_WALK
			? NULL
			: model_cache_find(&unit->cache, MODEL_CACHE_INTERRUPT, 0, 0, entry.number);
	qt_phys at = model_amdvi_entry(unit, rid);

	if (!(unit->amdvi.control & MODEL_AMDVI_ENABLE))
		return true;
	if (cached)
		return !(cached->value & 1) || field(cached->value, 61, 60) == 1;
	if (!at || !fetch(&walk, at + 16, &entry.value))
		return false;
	if (path == MODEL_CACHED)
		model_cache_put(&unit->cache, &entry);
	return !(entry.value & 1) || field(entry.value, 61, 60) == 1;
}
