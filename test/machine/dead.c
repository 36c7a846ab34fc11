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

	model_unit_set_root(u, model_page(m));
	model_unit_enable(u, true, u->config.queued ? model_page(m) : 0,
		(unsigned)model_random_below(&m->random, 256));
	u->status |= MODEL_GCMD_IRE;
}

struct model_domain *model_domain_new(struct model *m, unsigned unit, unsigned levels, uint16_t id)
{
	struct model_domain *domain = calloc(1, sizeof(*domain));

	if (!domain || m->dead->domain_count == MODEL_DOMAINS_MAX)
		abort();
	*domain = (struct model_domain){unit, levels, id, model_page(m)};
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

/* The table below a slot, made if the slot is empty or a leaf. */
static qt_phys table_below(struct model *m, qt_phys slot, unsigned level)
{
	uint64_t raw = model_peek(m, slot);
	qt_phys table;

	if (raw & QT_RW && !(level <= 2 && raw & MODEL_SS_LARGE))
		return raw & ADDRESS_MASK;
	table = model_page(m);
	model_poke(m, slot, table | QT_RW);
	return table;
}

static void map_leaf(struct model *m, const struct model_domain *domain, qt_iova iova,
	uint64_t entry, unsigned leaf_level)
{
	qt_phys table = domain->root;
	unsigned level = domain->levels - 1;

	for (; level > leaf_level; level--)
		table = table_below(m, slot_in(table, iova, level), level);
	model_poke(m, slot_in(table, iova, level), entry);
}

static bool unit_has_leaf(const struct model *m, const struct model_domain *domain, unsigned level)
{
	const struct model_unit_config *config = &m->units[domain->unit].config;

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

		map_leaf(m, domain, iova, phys | perms | (level ? MODEL_SS_LARGE : 0), level);
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
		if (!(raw & QT_RW))
			return 0;
		if (level == 0 || (level <= 2 && raw & MODEL_SS_LARGE))
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

qt_phys model_context_entry(struct model *m, unsigned unit, qt_rid rid)
{
	uint64_t root = model_peek(m, model_root_entry(m, unit, QT_RID_BUS(rid)));

	return root & 1 ? (root & ADDRESS_MASK) + QT_RID_DEVFN(rid) * 16u : 0;
}

static qt_phys make_context_entry(struct model *m, unsigned unit, qt_rid rid)
{
	if (!model_context_entry(m, unit, rid))
		model_poke(m, model_root_entry(m, unit, QT_RID_BUS(rid)), model_page(m) | 1);
	return model_context_entry(m, unit, rid);
}

void model_attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type)
{
	qt_phys at = make_context_entry(m, domain->unit, rid);

	model_poke(m, at + 8, (uint64_t)domain->id << 8 | (domain->levels - 2));
	model_poke(m, at, domain->root | type << 2 | 1);
}

void model_attach_pass(struct model *m, unsigned unit, qt_rid rid)
{
	unsigned levels = m->units[unit].config.levels;
	unsigned highest = levels >> 5 & 1 ? 5 : levels >> 4 & 1 ? 4 : 3;
	qt_phys at = make_context_entry(m, unit, rid);

	model_poke(m, at + 8, 1 << 8 | (highest - 2));
	model_poke(m, at, 2 << 2 | 1);
}

void model_detach(struct model *m, unsigned unit, qt_rid rid)
{
	qt_phys at = model_context_entry(m, unit, rid);

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

		if (!(raw & QT_RW) || (at <= 2 && raw & MODEL_SS_LARGE))
			return 0;
		table = raw & ADDRESS_MASK;
	}
	return slot_in(table, iova, level);
}
