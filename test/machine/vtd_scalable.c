/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a requester to what translates its DMA without PASID, in scalable mode:
 * VT-d 4.1, sections 3.4.3, 6.2 (caches) and 9.2 to 9.6.
 */
#include "walk.h"

static bool pointer_reserved(const struct walk *walk, uint64_t raw)
{
	return address_reserved(walk->m, raw) || field(raw, 63, 52);
}

static bool ecap(const struct walk *walk, unsigned bit)
{
	return walk->unit->extended_capability >> bit & 1;
}

static bool fetch_many(const struct walk *walk, qt_phys at, uint64_t *words, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (!fetch(walk, at + i * 8, &words[i]))
			return false;
	return true;
}

/* Root entry, section 9.2: the lower half is for devices 0 to 15, the upper one for the rest. */
static int read_root_half(const struct walk *walk, qt_phys *table)
{
	qt_phys at = (walk->unit->root & ~0xfffull) + QT_RID_BUS(walk->rid) * 16u;
	uint64_t half;

	if (QT_RID_DEVICE(walk->rid) >= 16)
		at += 8;
	if (!fetch(walk, at, &half))
		return MODEL_FAULT_ROOT_ACCESS;
	if (!(half & 1))
		return MODEL_FAULT_ROOT_ABSENT;
	if (field(half, 11, 1) || pointer_reserved(walk, half))
		return MODEL_FAULT_ROOT_RESERVED;
	*table = field(half, 51, 12) << 12;
	return 0;
}

/* Context entry, section 9.4. */
static int check_context(const struct walk *walk, const uint64_t *words)
{
	uint32_t pasid = (uint32_t)field(words[1], 19, 0);

	if (field(words[0], 8, 7) || pointer_reserved(walk, words[0]) || words[2] || words[3] ||
		field(words[1], 63, 21))
		return MODEL_FAULT_CONTEXT_RESERVED;
	if ((field(words[0], 2, 2) && !ecap(walk, 2)) ||
		(field(words[0], 3, 3) && !ecap(walk, 40)) ||
		(field(words[0], 4, 4) && !ecap(walk, 29)) ||
		(field(words[0], 5, 5) && !ecap(walk, 55)) ||
		(field(words[0], 6, 6) && !ecap(walk, 56)) || (pasid && !ecap(walk, 49)) ||
		(field(words[1], 20, 20) && !ecap(walk, 53)))
		return MODEL_FAULT_CONTEXT_RESERVED;
	if (pasid >= 1u << (field(words[0], 11, 9) + 7 + 6))
		return MODEL_FAULT_CONTEXT_INVALID;
	return 0;
}

static int read_context(const struct walk *walk, struct model_cached *context)
{
	uint64_t words[4];
	qt_phys table;
	int fault = read_root_half(walk, &table);

	if (fault)
		return no_translation(context, fault);
	table += (QT_RID_DEVFN(walk->rid) & 0x7f) * 32u;
	if (!fetch_many(walk, table, words, 4))
		return no_translation(context, MODEL_FAULT_CONTEXT_ACCESS);
	if (!(words[0] & 1))
		return no_translation(context, MODEL_FAULT_CONTEXT_ABSENT);
	fault = check_context(walk, words);
	if (fault)
		return no_translation(context, fault);
	context->type = (uint8_t)field(words[0], 2, 2);
	context->supervisor = (uint8_t)field(words[1], 20, 20);
	context->pasid = (uint32_t)field(words[1], 19, 0);
	context->value = field(words[0], 51, 12) << 12;
	return 0;
}

/* Reserved bits of a PASID entry, section 9.6. */
static bool pasid_reserved(const struct walk *walk, const uint64_t *w)
{
	bool second = ecap(walk, 46), first = ecap(walk, 47), types = ecap(walk, 25);

	if (field(w[0], 11, 10) || field(w[0], 5, 5) || field(w[1], 22, 16) ||
		field(w[1], 31, 27) || field(w[2], 11, 8) || field(w[2], 1, 1) || w[3] || w[4] ||
		w[5] || w[6] || w[7])
		return true;
	if (pointer_reserved(walk, w[0]) || pointer_reserved(walk, w[2]))
		return true;
	/* AW does not count as one, though it should: Linux sets it always, and hardware takes it.
	 */
	if (!second && field(w[0], 63, 12))
		return true;
	if (!(second && ecap(walk, 45)) && field(w[0], 9, 9))
		return true;
	if (!first && (field(w[2], 63, 12) || field(w[2], 4, 2)))
		return true;
	if (!types && (field(w[1], 63, 32) || field(w[1], 26, 25)))
		return true;
	return (field(w[1], 23, 23) && !ecap(walk, 48)) ||
	       (field(w[1], 24, 24) && !ecap(walk, 7)) || (field(w[2], 0, 0) && !ecap(walk, 31)) ||
	       (field(w[2], 7, 7) && !ecap(walk, 34)) ||
	       field(w[1], 15, 0) >> walk->unit->config.domain_id_bits;
}

static int decode_first_stage(
	const struct walk *walk, const uint64_t *words, struct model_cached *entry)
{
	unsigned mode = (unsigned)field(words[2], 3, 2);

	if (!ecap(walk, 47) || mode > 1 || (mode == 1 && !walk->unit->config.first_5))
		return MODEL_FAULT_CONTEXT_INVALID;
	entry->first_stage = true;
	entry->flags = true;
	entry->levels = (uint8_t)(4 + mode);
	entry->value = field(words[2], 51, 12) << 12;
	return 0;
}

static int decode_second_stage(
	const struct walk *walk, const uint64_t *words, struct model_cached *entry)
{
	unsigned width = (unsigned)field(words[0], 4, 2);

	if (!ecap(walk, 46) || width > 3 || !(walk->unit->config.levels >> (width + 2) & 1))
		return MODEL_FAULT_CONTEXT_INVALID;
	entry->flags = (uint8_t)field(words[0], 9, 9);
	entry->levels = (uint8_t)(width + 2);
	entry->value = field(words[0], 51, 12) << 12;
	return 0;
}

static int decode_pasid(const struct walk *walk, const uint64_t *words, struct model_cached *entry)
{
	if (pasid_reserved(walk, words))
		return MODEL_FAULT_CONTEXT_RESERVED;
	entry->domain = (uint16_t)field(words[1], 15, 0);
	if (walk->unit->config.caching_mode && !entry->domain)
		return MODEL_FAULT_CONTEXT_INVALID;
	entry->perms = QT_RW;
	entry->no_snoop = !field(words[1], 23, 23);
	switch (field(words[0], 8, 6)) {
	case 1:
		return decode_first_stage(walk, words, entry);
	case 2:
		return decode_second_stage(walk, words, entry);
	case 3: /* nested: not for the model to walk */
		return ecap(walk, 26) ? MODEL_FAULT_MODE : MODEL_FAULT_CONTEXT_INVALID;
	case 4:
		entry->type = 2;
		return walk->unit->config.pass_through ? 0 : MODEL_FAULT_CONTEXT_INVALID;
	default:
		return MODEL_FAULT_CONTEXT_INVALID;
	}
}

static int read_pasid(
	const struct walk *walk, const struct model_cached *context, struct model_cached *entry)
{
	uint64_t directory, words[8];
	int fault;

	if (!fetch(walk, context->value + (context->pasid >> 6) * 8, &directory))
		return no_translation(entry, MODEL_FAULT_CONTEXT_ACCESS);
	if (!(directory & 1))
		return no_translation(entry, MODEL_FAULT_CONTEXT_ABSENT);
	if (field(directory, 11, 2) || pointer_reserved(walk, directory))
		return no_translation(entry, MODEL_FAULT_CONTEXT_RESERVED);
	if (!fetch_many(
		    walk, (field(directory, 51, 12) << 12) + (context->pasid & 63) * 64, words, 8))
		return no_translation(entry, MODEL_FAULT_CONTEXT_ACCESS);
	if (!(words[0] & 1))
		return no_translation(entry, MODEL_FAULT_CONTEXT_ABSENT);
	fault = decode_pasid(walk, words, entry);
	return fault ? no_translation(entry, fault) : 0;
}

/* Through a cache, or past it; what is not present is cached under CM = 1 only (section 6.1). */
static struct model_cached cached_or_read(const struct walk *walk, struct model_cached entry,
	const struct model_cached *context,
	int (*read)(const struct walk *walk, const struct model_cached *context,
		struct model_cached *entry))
{
	const struct model_cached *cached = NULL;

	if (walk->path != MODEL_WALK)
		cached = model_cache_find(
			&walk->unit->cache, entry.kind, entry.space, 0, entry.number);
	if (cached)
		return *cached;
	if ((!read(walk, context, &entry) || walk->unit->config.caching_mode) &&
		walk->path == MODEL_CACHED)
		model_cache_put(&walk->unit->cache, &entry);
	return entry;
}

static int read_context_entry(
	const struct walk *walk, const struct model_cached *unused, struct model_cached *entry)
{
	(void)unused;
	return read_context(walk, entry);
}

struct model_cached model_scalable_context(const struct walk *walk)
{
	struct model_cached context = {.kind = MODEL_CACHE_CONTEXT, .number = (uint16_t)walk->rid};
	struct model_cached entry = {.kind = MODEL_CACHE_PASID, .number = (uint16_t)walk->rid};

	context = cached_or_read(walk, context, NULL, read_context_entry);
	if (context.fault)
		return context;
	entry.space = entry.pasid = context.pasid;
	entry = cached_or_read(walk, entry, &context, read_pasid);
	if (!entry.fault && context.supervisor)
		no_translation(&entry, MODEL_FAULT_MODE);
	if (entry.type != 2)
		entry.type = context.type;
	return entry;
}
