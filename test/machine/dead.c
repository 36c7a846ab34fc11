/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "dead.h"

#include <stdlib.h>
#include <string.h>

#include "kind.h"

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

qt_phys model_pages(struct model *m, unsigned pages)
{
	static const uint8_t zeros[MODEL_PAGE];
	uint64_t size = (uint64_t)pages * MODEL_PAGE;
	qt_phys at = next_usable(m, (m->dead->next_page + size - 1) / size * size);

	while (at % size || !model_in_ram(m, at, size) || model_overlaps_crash(m, at, size))
		at = next_usable(m, (at / size + 1) * size);
	for (unsigned i = 0; i < pages; i++)
		model_write(m, at + i * MODEL_PAGE, zeros, sizeof(zeros));
	m->dead->next_page = at + size;
	return at;
}

static const struct model_unit_kind *kind_of(const struct model *m, unsigned unit)
{
	return m->units[unit].kind;
}

void model_start_unit(struct model *m, unsigned unit)
{
	kind_of(m, unit)->start(m, unit);
}

static qt_phys table_page(struct model *m, unsigned unit)
{
	unsigned lg2 = model_granule_lg2(&m->units[unit]);

	return lg2 == 12 ? model_page(m) : model_pages(m, 1u << (lg2 - 12));
}

struct model_domain *model_domain_new(struct model *m, unsigned unit, unsigned levels, uint16_t id)
{
	struct model_domain *domain = calloc(1, sizeof(*domain));

	if (!domain || m->dead->domain_count == MODEL_DOMAINS_MAX)
		abort();
	*domain = (struct model_domain){
		.unit = unit, .levels = levels, .id = id, .root = table_page(m, unit)};
	domain->first_stage = m->units[unit].config.scalable && !m->units[unit].config.second_stage;
	domain->stage2 = m->units[unit].config.smmu.stage2;
	m->dead->domains[m->dead->domain_count++] = domain;
	return domain;
}

static unsigned span_lg2(const struct model *m, const struct model_domain *domain, unsigned level)
{
	return model_span_lg2(&m->units[domain->unit], level);
}

static qt_phys slot_in(const struct model *m, const struct model_domain *domain, qt_phys table,
	qt_iova iova, unsigned level)
{
	uint64_t entries = 1ull << model_index_lg2(&m->units[domain->unit]);

	return table + (iova >> span_lg2(m, domain, level) & (entries - 1)) * 8;
}

static bool is_present(const struct model *m, const struct model_domain *domain, uint64_t raw)
{
	return kind_of(m, domain->unit)->is_present(domain, raw);
}

static bool is_leaf(
	const struct model *m, const struct model_domain *domain, unsigned level, uint64_t raw)
{
	return kind_of(m, domain->unit)->is_leaf(domain, level, raw);
}

/* The table below a slot, made if the slot is empty or a leaf. */
static qt_phys table_below(
	struct model *m, const struct model_domain *domain, qt_phys slot, unsigned level)
{
	uint64_t raw = model_peek(m, slot);
	qt_phys table;

	if (is_present(m, domain, raw) && !is_leaf(m, domain, level, raw))
		return raw & ADDRESS_MASK;
	table = table_page(m, domain->unit);
	model_poke(m, slot, kind_of(m, domain->unit)->table_word(domain, level, table));
	return table;
}

static void map_leaf(struct model *m, const struct model_domain *domain, qt_iova iova,
	uint64_t entry, unsigned leaf_level)
{
	qt_phys table = domain->root;
	unsigned level = domain->levels - 1;

	for (; level > leaf_level; level--)
		table = table_below(m, domain, slot_in(m, domain, table, iova, level), level);
	model_poke(m, slot_in(m, domain, table, iova, level), entry);
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
		uint64_t span = 1ull << span_lg2(m, domain, level);

		if (unit_has_leaf(m, domain, level) && size >= span && !((iova | phys) % span))
			return level;
	}
	return 0;
}

void model_map(struct model *m, struct model_domain *domain, qt_iova iova, qt_phys phys,
	uint64_t size, unsigned perms, unsigned leaf_level)
{
	uint64_t page = 1ull << model_granule_lg2(&m->units[domain->unit]);

	size = (size + (iova & (page - 1)) + page - 1) & ~(page - 1);
	iova &= ~(page - 1);
	phys &= ~(page - 1);
	while (size) {
		unsigned level = fitting_level(m, domain, iova, phys, size, leaf_level);
		uint64_t span = 1ull << span_lg2(m, domain, level);

		map_leaf(m, domain, iova,
			kind_of(m, domain->unit)->leaf_word(domain, level, phys, perms), level);
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
		qt_phys slot = slot_in(m, domain, table, iova, level);
		uint64_t raw = model_peek(m, slot);

		*span = 1ull << span_lg2(m, domain, level);
		if (!is_present(m, domain, raw))
			return 0;
		if (is_leaf(m, domain, level, raw))
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

qt_phys model_context_entry(struct model *m, unsigned unit, qt_rid rid)
{
	return kind_of(m, unit)->requester_entry(m, unit, rid);
}

void model_attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type)
{
	kind_of(m, domain->unit)->attach(m, domain, rid, type);
}

void model_attach_pass(struct model *m, unsigned unit, qt_rid rid)
{
	kind_of(m, unit)->attach_pass(m, unit, rid);
}

void model_detach(struct model *m, unsigned unit, qt_rid rid)
{
	kind_of(m, unit)->detach(m, unit, rid);
}

void model_attach_pasid(struct model *m, struct model_domain *domain, qt_rid rid, uint32_t pasid)
{
	kind_of(m, domain->unit)->attach_pasid(m, domain, rid, pasid);
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
		uint64_t raw = model_peek(m, slot_in(m, domain, table, iova, at));

		if (!is_present(m, domain, raw) || is_leaf(m, domain, at, raw))
			return 0;
		table = raw & ADDRESS_MASK;
	}
	return slot_in(m, domain, table, iova, level);
}
