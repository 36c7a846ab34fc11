/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VT-d as a kind of unit: its requester tables and entries as checks see them, and
 * as a dead kernel writes them. Source: VT-d 4.1, chapters 3 and 9.
 */
#include "kind.h"
#include "walk.h"

#define ADDRESS_MASK 0x000ffffffffff000ull

static bool enabled(const struct model_unit *unit)
{
	return unit->status & MODEL_GCMD_TE;
}

static uint64_t root(const struct model_unit *unit)
{
	return unit->root;
}

/*
 * Scalable mode: the same for each requester whose RID_PASID has a sound entry,
 * as the walk finds it.
 */
static void scalable_contexts(
	struct model *m, struct model_unit *unit, model_found_fn visit, void *context)
{
	for (uint32_t id = 0; id < 0x10000; id++) {
		const struct walk walk = {
			m, unit, MODEL_WALK, QT_RID(unit->config.segment, 0, 0) + id, 0};
		struct model_cached entry;
		struct model_found found;
		uint64_t half;

		/* A whole half at a time, where there is none. */
		if (id % 128 == 0 &&
			!(fetch(&walk, (unit->root & ADDRESS_MASK) + id / 128 * 8, &half) &&
				half & 1)) {
			id += 127;
			continue;
		}
		entry = model_scalable_context(&walk);
		if (entry.fault)
			continue;
		found = (struct model_found){unit, walk.rid, entry.type == 2, QT_RW, entry.levels,
			entry.domain, entry.value, entry.first_stage,
			entry.no_snoop ? MODEL_MEMORY : MODEL_CPU};
		visit(m, &found, context);
	}
}

/* Calls visit for each present context entry of a unit that is on. */
static void each(struct model *m, struct model_unit *unit, model_found_fn visit, void *context)
{
	enum model_view view = model_unit_view(unit);
	qt_phys root_table = unit->root & ADDRESS_MASK;

	if (!(unit->status & MODEL_GCMD_TE) || !model_in_ram(m, root_table, MODEL_PAGE))
		return;
	if ((unit->root & MODEL_RTADDR_ABORT) == MODEL_RTADDR_SCALABLE)
		scalable_contexts(m, unit, visit, context);
	if (unit->root & MODEL_RTADDR_ABORT)
		return;
	for (unsigned bus = 0; bus < 256; bus++) {
		uint64_t lo = model_memory_load(&m->memory, root_table + bus * 16, view);
		qt_phys table = lo & ADDRESS_MASK;

		if (!(lo & 1) || !model_in_ram(m, table, MODEL_PAGE))
			continue;
		for (unsigned devfn = 0; devfn < 256; devfn++) {
			uint64_t low = model_memory_load(&m->memory, table + devfn * 16, view);
			uint64_t high = model_memory_load(&m->memory, table + devfn * 16 + 8, view);
			struct model_found found = {unit, QT_RID(unit->config.segment, bus, devfn),
				(low >> 2 & 3) == 2, QT_RW, (high & 7) + 2, high >> 8 & 0xffff,
				low & ADDRESS_MASK, false, view};

			if (low & 1)
				visit(m, &found, context);
		}
	}
}

static void start(struct model *m, unsigned unit)
{
	struct model_unit *u = &m->units[unit];

	model_unit_set_root(u, model_page(m) | (u->config.scalable ? MODEL_RTADDR_SCALABLE : 0));
	model_unit_enable(u, true, u->config.queued ? model_page(m) : 0,
		(unsigned)model_random_below(&m->random, 256));
	u->status |= MODEL_GCMD_IRE;
}

static bool is_present(const struct model_domain *domain, uint64_t raw)
{
	return raw & (domain->first_stage ? MODEL_FS_PRESENT : QT_RW);
}

/* Both kinds of entries have the same bit for it. */
static bool is_leaf(const struct model_domain *domain, unsigned level, uint64_t raw)
{
	(void)domain;
	return model_first_stage_leaf(level, raw);
}

/* Bits of an entry beside its address; drivers preset accessed and dirty flags. */
static uint64_t entry_bits(const struct model_domain *domain, unsigned perms, bool leaf)
{
	if (domain->first_stage)
		return model_first_stage_bits(domain, perms, leaf);
	return perms | (domain->flags && !domain->no_preset
				       ? MODEL_SS_ACCESSED | (leaf ? MODEL_SS_DIRTY : 0)
				       : 0);
}

static uint64_t table_word(const struct model_domain *domain, unsigned level, qt_phys table)
{
	(void)level;
	return table | entry_bits(domain, QT_RW, false);
}

static uint64_t leaf_word(
	const struct model_domain *domain, unsigned level, qt_phys phys, unsigned perms)
{
	return phys | entry_bits(domain, perms, true) | (level ? MODEL_SS_LARGE : 0);
}

qt_phys model_root_entry(const struct model *m, unsigned unit, uint8_t bus)
{
	return (m->units[unit].root & ADDRESS_MASK) + bus * 16u;
}

/* Address of the root entry's half, or of all of it, that a requester's bus is looked up in. */
static qt_phys root_place(const struct model *m, unsigned unit, qt_rid rid)
{
	qt_phys at = model_root_entry(m, unit, QT_RID_BUS(rid));

	return m->units[unit].config.scalable && QT_RID_DEVICE(rid) >= 16 ? at + 8 : at;
}

static qt_phys context_entry(struct model *m, unsigned unit, qt_rid rid)
{
	uint64_t root = model_peek(m, root_place(m, unit, rid));

	if (!(root & 1))
		return 0;
	if (m->units[unit].config.scalable)
		return (root & ADDRESS_MASK) + QT_RID_DEVFN(rid) % 128 * 32u;
	return (root & ADDRESS_MASK) + QT_RID_DEVFN(rid) * 16u;
}

static qt_phys make_context_entry(struct model *m, unsigned unit, qt_rid rid)
{
	if (!context_entry(m, unit, rid))
		model_poke(m, root_place(m, unit, rid), model_page(m) | 1);
	return context_entry(m, unit, rid);
}

qt_phys model_pasid_entry(struct model *m, unsigned unit, qt_rid rid, uint32_t pasid)
{
	qt_phys context = context_entry(m, unit, rid);
	uint64_t word = context ? model_peek(m, context) : 0;

	if (!(word & 1))
		return 0;
	word = model_peek(m, (word & ADDRESS_MASK) + pasid / 64 * 8);
	return word & 1 ? (word & ADDRESS_MASK) + pasid % 64 * 64 : 0;
}

/* A page for 512 directory entries is a directory of 2^(7 + 2). */
static qt_phys make_pasid_entry(struct model *m, unsigned unit, qt_rid rid, uint32_t pasid)
{
	qt_phys context = make_context_entry(m, unit, rid);
	qt_phys slot;

	if (!(model_peek(m, context) & 1)) {
		model_poke(m, context, model_page(m) | 2 << 9 | 1);
		model_poke(m, context + 8, m->units[unit].config.rid_pasid);
		model_poke(m, context + 16, 0);
		model_poke(m, context + 24, 0);
	}
	slot = (model_peek(m, context) & ADDRESS_MASK) + pasid / 64 * 8;
	if (!(model_peek(m, slot) & 1))
		model_poke(m, slot, model_page(m) | 1);
	return model_pasid_entry(m, unit, rid, pasid);
}

static void poke_pasid(
	struct model *m, unsigned unit, qt_phys at, uint64_t first, uint64_t id, uint64_t third)
{
	bool snoop = m->units[unit].config.walk_snoop;

	model_poke(m, at + 8, id | (snoop ? 1 << 23 : 0));
	model_poke(m, at + 16, third);
	for (unsigned i = 3; i < 8; i++)
		model_poke(m, at + i * 8, 0);
	model_poke(m, at, first | 1);
}

static void attach_pasid(struct model *m, struct model_domain *domain, qt_rid rid, uint32_t pasid)
{
	qt_phys at = make_pasid_entry(m, domain->unit, rid, pasid);

	if (domain->first_stage)
		poke_pasid(m, domain->unit, at, 1 << 6 | 2 << 2, domain->id,
			domain->root | (uint64_t)(domain->levels - 4) << 2);
	else
		poke_pasid(m, domain->unit, at,
			domain->root | (uint64_t)(domain->levels - 2) << 2 | 2 << 6 |
				(domain->flags ? 1 << 9 : 0),
			domain->id, 0);
}

static void attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type)
{
	const struct model_unit_config *config = &m->units[domain->unit].config;
	qt_phys at;

	if (config->scalable) {
		attach_pasid(m, domain, rid, config->rid_pasid);
		at = context_entry(m, domain->unit, rid);
		model_poke(m, at, (model_peek(m, at) & ~4ull) | type << 2);
		return;
	}
	at = make_context_entry(m, domain->unit, rid);
	model_poke(m, at + 8, (uint64_t)domain->id << 8 | (domain->levels - 2));
	model_poke(m, at, domain->root | type << 2 | 1);
}

static void attach_pass(struct model *m, unsigned unit, qt_rid rid)
{
	const struct model_unit_config *config = &m->units[unit].config;
	unsigned highest = config->levels >> 5 & 1 ? 5 : config->levels >> 4 & 1 ? 4 : 3;
	qt_phys at;

	if (config->scalable) {
		at = make_pasid_entry(m, unit, rid, config->rid_pasid);
		poke_pasid(m, unit, at, 4 << 6 | 2 << 2, 1, 0);
		return;
	}
	at = make_context_entry(m, unit, rid);
	model_poke(m, at + 8, 1 << 8 | (highest - 2));
	model_poke(m, at, 2 << 2 | 1);
}

static void detach(struct model *m, unsigned unit, qt_rid rid)
{
	qt_phys at = context_entry(m, unit, rid);

	if (m->units[unit].config.scalable) {
		/* Drivers clear the PASID entry, and keep the way to it. */
		at = model_pasid_entry(m, unit, rid, m->units[unit].config.rid_pasid);
		if (at)
			model_poke(m, at, 0);
		return;
	}
	if (!at)
		return;
	model_poke(m, at, 0);
	model_poke(m, at + 8, 0);
}

const struct model_unit_kind model_kind_vtd = {
	.init = model_vtd_init,
	.view = model_vtd_view,
	.settle = model_vtd_settle,
	.read = model_vtd_read,
	.write = model_vtd_write,
	.translate = model_vtd_translate,
	.context = model_vtd_context,
	.in_width = model_vtd_in_width,
	.walk_tables = model_vtd_walk_tables,
	.caches_absent = model_vtd_caches_absent,
	.record_fault = model_vtd_record_fault,
	.registers_size = MODEL_PAGE,
	.sign_extends = true,
	.enabled = enabled,
	.root = root,
	.each = each,
	.entry = model_step_entry,
	.start = start,
	.is_present = is_present,
	.is_leaf = is_leaf,
	.table_word = table_word,
	.leaf_word = leaf_word,
	.requester_entry = context_entry,
	.attach = attach,
	.attach_pasid = attach_pasid,
	.attach_pass = attach_pass,
	.detach = detach,
};
