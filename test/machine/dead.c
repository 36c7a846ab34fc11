/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "dead.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESS_MASK 0x000ffffffffff000ull

struct model_dead *model_dead_new(void)
{
	struct model_dead *dead = calloc(1, sizeof(*dead));

	if (!dead)
		abort();
	dead->next_page = QT_MIB(1);
	return dead;
}

void model_dead_free(struct model_dead *dead)
{
	for (size_t i = 0; i < dead->domain_count; i++)
		free(dead->domains[i]);
	free(dead);
}

static bool usable(const struct model *m, qt_phys at)
{
	return model_in_ram(m, at, MODEL_PAGE) && !model_overlaps_crash(m, at, MODEL_PAGE);
}

/* The lowest usable page at or above `at`. */
static qt_phys next_usable(const struct model *m, qt_phys at)
{
	while (!usable(m, at)) {
		bool in_some = false;

		for (size_t i = 0; i < m->ram_count; i++) {
			if (at >= m->ram[i].end)
				continue;
			if (at < m->ram[i].start)
				at = m->ram[i].start;
			in_some = true;
			break;
		}
		if (!in_some)
			abort(); /* RAM is used up: the test asks too much */
		for (size_t i = 0; i < m->crash_count; i++)
			if (at >= m->crash[i].start && at < m->crash[i].end)
				at = m->crash[i].end;
	}
	return at;
}

qt_phys model_page(struct model *m)
{
	static const uint8_t zeros[MODEL_PAGE];
	qt_phys at = next_usable(m, m->dead->next_page);

	model_write(m, at, zeros, sizeof(zeros));
	m->dead->next_page = at + MODEL_PAGE * (1 + model_random_below(&m->random, 4));
	return at;
}

void model_start_unit(struct model *m, unsigned unit)
{
	struct model_unit *u = &m->units[unit];

	model_unit_set_root(u, model_page(m) | (u->config.scalable ? MODEL_RTADDR_SCALABLE : 0));
	model_unit_enable(u, true, u->config.queued ? model_page(m) : 0,
		(unsigned)model_random_below(&m->random, 256));
	u->status |= MODEL_GCMD_IRE;
}

struct model_domain *model_domain_new(struct model *m, unsigned unit, unsigned levels, uint16_t id)
{
	struct model_domain *domain = calloc(1, sizeof(*domain));

	if (!domain || m->dead->domain_count == MODEL_DOMAINS_MAX)
		abort();
	*domain = (struct model_domain){
		.unit = unit, .levels = levels, .id = id, .root = model_page(m)};
	domain->first_stage = m->units[unit].config.scalable && !m->units[unit].config.second_stage;
	m->dead->domains[m->dead->domain_count++] = domain;
	return domain;
}

static unsigned span_lg2(unsigned level)
{
	return 12 + 9 * level;
}

static qt_phys slot_in(qt_phys table, qt_iova iova, unsigned level)
{
	return table + (iova >> span_lg2(level) & 511) * 8;
}

static bool is_present(const struct model_domain *domain, uint64_t raw)
{
	return raw & (domain->first_stage ? MODEL_FS_PRESENT : QT_RW);
}

static bool is_leaf(unsigned level, uint64_t raw)
{
	return level == 0 || (level <= 2 && raw & MODEL_SS_LARGE);
}

/* Bits of an entry beside its address; drivers preset accessed and dirty flags. */
static uint64_t entry_bits(const struct model_domain *domain, unsigned perms, bool leaf)
{
	uint64_t bits;

	if (!domain->first_stage)
		return perms | (domain->flags && !domain->no_preset
					       ? MODEL_SS_ACCESSED | (leaf ? MODEL_SS_DIRTY : 0)
					       : 0);
	bits = MODEL_FS_PRESENT | MODEL_FS_USER;
	if (perms & QT_WRITE)
		bits |= MODEL_FS_WRITE;
	if (!domain->no_preset)
		bits |= MODEL_FS_ACCESSED | (leaf ? MODEL_FS_DIRTY : 0);
	return bits | (domain->no_execute ? MODEL_FS_NX : 0);
}

/* The table below a slot, made if the slot is empty or a leaf. */
static qt_phys table_below(
	struct model *m, const struct model_domain *domain, qt_phys slot, unsigned level)
{
	uint64_t raw = model_peek(m, slot);
	qt_phys table;

	if (is_present(domain, raw) && !is_leaf(level, raw))
		return raw & ADDRESS_MASK;
	table = model_page(m);
	model_poke(m, slot, table | entry_bits(domain, QT_RW, false));
	return table;
}

static void map_leaf(struct model *m, const struct model_domain *domain, qt_iova iova,
	uint64_t entry, unsigned leaf_level)
{
	qt_phys table = domain->root;
	unsigned level = domain->levels - 1;

	for (; level > leaf_level; level--)
		table = table_below(m, domain, slot_in(table, iova, level), level);
	model_poke(m, slot_in(table, iova, level), entry);
}

static bool unit_has_leaf(const struct model *m, const struct model_domain *domain, unsigned level)
{
	const struct model_unit_config *config = &m->units[domain->unit].config;

	if (domain->first_stage)
		return level < 2 || (level == 2 && config->first_1g);
	return level == 0 || (level == 1 && config->large_2m) || (level == 2 && config->large_1g);
}

static unsigned fitting_level(const struct model *m, const struct model_domain *domain,
	qt_iova iova, qt_phys phys, uint64_t size, unsigned highest)
{
	for (unsigned level = highest; level > 0; level--) {
		uint64_t span = 1ull << span_lg2(level);

		if (unit_has_leaf(m, domain, level) && size >= span && !((iova | phys) % span))
			return level;
	}
	return 0;
}

void model_map(struct model *m, struct model_domain *domain, qt_iova iova, qt_phys phys,
	uint64_t size, unsigned perms, unsigned leaf_level)
{
	while (size) {
		unsigned level = fitting_level(m, domain, iova, phys, size, leaf_level);
		uint64_t span = 1ull << span_lg2(level);

		map_leaf(m, domain, iova,
			phys | entry_bits(domain, perms, true) | (level ? MODEL_SS_LARGE : 0),
			level);
		iova += span;
		phys += span;
		size = size > span ? size - span : 0;
	}
}

/* Address of the leaf for `iova`, or 0; *span is what is known to be one thing there. */
static qt_phys leaf_of(
	struct model *m, const struct model_domain *domain, qt_iova iova, uint64_t *span)
{
	qt_phys table = domain->root;

	for (unsigned level = domain->levels - 1;; level--) {
		qt_phys slot = slot_in(table, iova, level);
		uint64_t raw = model_peek(m, slot);

		*span = 1ull << span_lg2(level);
		if (!is_present(domain, raw))
			return 0;
		if (is_leaf(level, raw))
			return slot;
		table = raw & ADDRESS_MASK;
	}
}

void model_unmap(struct model *m, struct model_domain *domain, qt_iova iova, uint64_t size)
{
	qt_iova end = iova + size;

	while (iova < end) {
		uint64_t span;
		qt_phys slot = leaf_of(m, domain, iova, &span);

		if (slot)
			model_poke(m, slot, 0);
		iova = (iova & ~(span - 1)) + span;
	}
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

qt_phys model_context_entry(struct model *m, unsigned unit, qt_rid rid)
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
	if (!model_context_entry(m, unit, rid))
		model_poke(m, root_place(m, unit, rid), model_page(m) | 1);
	return model_context_entry(m, unit, rid);
}

qt_phys model_pasid_entry(struct model *m, unsigned unit, qt_rid rid, uint32_t pasid)
{
	qt_phys context = model_context_entry(m, unit, rid);
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

void model_attach_pasid(struct model *m, struct model_domain *domain, qt_rid rid, uint32_t pasid)
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

void model_attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type)
{
	const struct model_unit_config *config = &m->units[domain->unit].config;
	qt_phys at;

	if (config->scalable) {
		model_attach_pasid(m, domain, rid, config->rid_pasid);
		at = model_context_entry(m, domain->unit, rid);
		model_poke(m, at, (model_peek(m, at) & ~4ull) | type << 2);
		return;
	}
	at = make_context_entry(m, domain->unit, rid);
	model_poke(m, at + 8, (uint64_t)domain->id << 8 | (domain->levels - 2));
	model_poke(m, at, domain->root | type << 2 | 1);
}

void model_attach_pass(struct model *m, unsigned unit, qt_rid rid)
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

void model_detach(struct model *m, unsigned unit, qt_rid rid)
{
	qt_phys at = model_context_entry(m, unit, rid);

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

int model_touch(struct model *m, qt_rid rid, qt_iova iova)
{
	struct model_translation translation;

	return model_translate(m, rid, iova, MODEL_CACHED, &translation);
}

qt_phys model_table_entry(
	struct model *m, const struct model_domain *domain, qt_iova iova, unsigned level)
{
	qt_phys table = domain->root;

	for (unsigned at = domain->levels - 1; at > level; at--) {
		uint64_t raw = model_peek(m, slot_in(table, iova, at));

		if (!is_present(domain, raw) || is_leaf(at, raw))
			return 0;
		table = raw & ADDRESS_MASK;
	}
	return slot_in(table, iova, level);
}
