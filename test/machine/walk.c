/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the walks of all kinds of units have in common: everything through caches. */
#include "walk.h"

#include "kind.h"

struct model_cached model_cached_context(const struct walk *walk,
	int (*read)(const struct walk *walk, struct model_cached *context), bool keep_faults)
{
	struct model_cached context = {.kind = MODEL_CACHE_CONTEXT, .number = (uint16_t)walk->rid};
	const struct model_cached *cached;

	if (walk->path != MODEL_WALK) {
		cached = model_cache_find(
			&walk->unit->cache, MODEL_CACHE_CONTEXT, 0, 0, context.number);
		if (cached)
			return *cached;
	}
	context.fault = (uint8_t)read(walk, &context);
	if ((!context.fault || keep_faults) && walk->path == MODEL_CACHED)
		model_cache_put(&walk->unit->cache, &context);
	return context;
}

/* Pages of every size that was ever cached are looked for. */
static bool from_cache(const struct walk *walk, uint8_t kind, uint64_t space, int *fault,
	struct model_translation *translation)
{
	for (uint64_t sizes = walk->unit->sizes; sizes; sizes &= sizes - 1) {
		unsigned lg2 = (unsigned)__builtin_ctzll(sizes);
		const struct model_cached *cached = model_cache_find(
			&walk->unit->cache, kind, space, (uint8_t)lg2, walk->iova >> lg2);

		if (!cached)
			continue;
		*fault = cached->fault;
		translation->phys = cached->value + below(walk->iova, lg2);
		translation->perms = cached->perms;
		translation->size_lg2 = (uint8_t)lg2;
		return true;
	}
	return false;
}

static void remember_leaf(const struct walk *walk, uint8_t kind, uint64_t space,
	const struct model_cached *context, int fault, const struct model_translation *translation)
{
	unsigned lg2 = fault ? 12 : translation->size_lg2;
	struct model_cached entry = {
		.kind = kind,
		.size_lg2 = (uint8_t)lg2,
		.perms = translation->perms,
		.fault = (uint8_t)fault,
		.first_stage = context->first_stage,
		.domain = context->domain,
		.pasid = context->pasid,
		.space = space,
		.number = walk->iova >> lg2,
		.value = translation->phys - below(translation->phys, lg2),
	};

	walk->unit->sizes |= 1ull << lg2;
	model_cache_put(&walk->unit->cache, &entry);
}

uint64_t model_space_of(const struct model_cached *context)
{
	return model_space(context->first_stage, context->domain, context->pasid);
}

/* Through the unit's IOTLB, or past it. */
static int translate_by_domain(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	const struct model_unit_kind *kind = walk->unit->kind;
	uint64_t space = model_space_of(context);
	int fault;

	if (!kind->in_width(walk, context))
		return MODEL_FAULT_WIDTH;
	if (walk->path == MODEL_CACHED &&
		from_cache(walk, MODEL_CACHE_LEAF, space, &fault, translation))
		return fault;
	fault = kind->walk_tables(walk, context, translation);
	if (walk->path == MODEL_CACHED && (!fault || kind->caches_absent(walk, context)))
		remember_leaf(walk, MODEL_CACHE_LEAF, space, context, fault, translation);
	return fault;
}

/* Through the device's own TLB, where it has one and its entry allows it. */
static int translate_by_device(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation)
{
	int fault;

	if (from_cache(walk, MODEL_CACHE_DEVICE, walk->rid, &fault, translation))
		return fault;
	fault = translate_by_domain(walk, context, translation);
	if (!fault)
		remember_leaf(walk, MODEL_CACHE_DEVICE, walk->rid, context, 0, translation);
	return fault;
}

int model_walk(const struct walk *walk, struct model_translation *translation)
{
	struct model_cached context = walk->unit->kind->context(walk);
	const struct model_function *function;

	if (context.fault)
		return context.fault;
	if (context.type == MODEL_PASS) {
		*translation = (struct model_translation){walk->iova, context.perms, 12};
		return 0;
	}
	function = walk->path == MODEL_CACHED && context.type == MODEL_TRANSLATE_ATS
			   ? model_function(walk->m, walk->rid)
			   : NULL;
	if (function && function->ats)
		return translate_by_device(walk, &context, translation);
	return translate_by_domain(walk, &context, translation);
}
