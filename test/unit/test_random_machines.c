/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whole takeovers on random machines, some of which have accidents. What should
 * be decided is worked out a second time here, from what the model's own walk
 * finds.
 *
 * QT_SEED=n replays one machine; QT_SEEDS=n tries that many (default 300), from
 * QT_SEED on if that is given too. `make campaign` (test/unit/campaign) adds up what
 * many runs of this print.
 */
#include <machine/kind.h>
#include <machine/reset.h>
#include <machine/scenario.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define PIECES_MAX       8
#define CONVENTIONAL_BUS 3 /* behind a bridge to conventional PCI: no ATS there */

/* What a machine has. */
enum trait {
	HAS_FIRST_STAGE,
	HAS_STAGE_2,
	HAS_LARGE_GRANULE,
	HAS_TWO_LEVELS,
	HAS_THREE_LEVELS,
	HAS_FOUR_LEVELS,
	HAS_FIVE_LEVELS,
	HAS_LARGE_PAGES,
	HAS_SHARED_DOMAIN,
	HAS_PASS_THROUGH,
	HAS_STALE_CACHES, /* and empty tables */
	HAS_COLLISION,
	HAS_LEAK,
	HAS_IDENTITY,
	HAS_DAMAGE,
	HAS_DEVICE_TLB,
	HAS_ALIAS,
	HAS_UNSEEN,
	HAS_RESERVED,
	HAS_RESETS,
	HAS_HIGH_CRASH,
	HAS_INCOHERENT,
	HAS_TROUBLE,
	TRAITS,
};

static const char *const trait_names[TRAITS] = {
	[HAS_FIRST_STAGE] = "tables like a CPU's (VT-d, AMD-Vi)",
	[HAS_STAGE_2] = "stage 2 (SMMUv3)",
	[HAS_LARGE_GRANULE] = "granules of 16 or 64 KiB (SMMUv3)",
	[HAS_TWO_LEVELS] = "2 levels",
	[HAS_THREE_LEVELS] = "3 levels",
	[HAS_FOUR_LEVELS] = "4 levels",
	[HAS_FIVE_LEVELS] = "5 levels",
	[HAS_LARGE_PAGES] = "superpages",
	[HAS_SHARED_DOMAIN] = "a domain shared by devices",
	[HAS_PASS_THROUGH] = "pass-through",
	[HAS_STALE_CACHES] = "unmapped, still cached, tables left",
	[HAS_COLLISION] = "IOVAs of the crash region taken",
	[HAS_LEAK] = "a mapping into the crash region",
	[HAS_IDENTITY] = "crash region mapped one to one in part",
	[HAS_DAMAGE] = "a damaged entry",
	[HAS_DEVICE_TLB] = "device TLBs",
	[HAS_ALIAS] = "aliases",
	[HAS_UNSEEN] = "a requester without a function",
	[HAS_RESERVED] = "reserved memory",
	[HAS_RESETS] = "resets, good and bad ones",
	[HAS_HIGH_CRASH] = "crash region above 4 GiB",
	[HAS_INCOHERENT] = "a unit that does not snoop",
	[HAS_TROUBLE] = "an access that fails, or a deaf unit",
};

/* A machine under construction. */
struct draft {
	struct model *m;
	bool traits[TRAITS];
	struct model_random *random;
	struct model_domain *last[MODEL_UNITS_MAX]; /* to be shared */
	uint16_t next_id[MODEL_UNITS_MAX];
	uint64_t ram_top;
	uint64_t page; /* the smallest of all units */
};

static bool is_on(const struct model_unit *unit)
{
	return unit->kind->enabled(unit);
}

static uint64_t below(struct draft *draft, uint64_t bound)
{
	return model_random_below(draft->random, bound);
}

static bool chance(struct draft *draft, unsigned percent)
{
	return model_random_chance(draft->random, percent);
}

/* A range of RAM, page-aligned, outside the crash region. */
static qt_phys pick_memory(struct draft *draft, uint64_t size, uint64_t align)
{
	const struct model *m = draft->m;

	for (;;) {
		const struct qt_range *ram = &m->ram[below(draft, m->ram_count)];
		qt_phys at = (ram->start + below(draft, ram->end - ram->start)) & ~(align - 1);

		if (at >= QT_MIB(1) && model_in_ram(m, at, size) &&
			!model_overlaps_crash(m, at, size))
			return at;
	}
}

static uint64_t domain_span(const struct draft *draft, const struct model_domain *domain)
{
	unsigned bits = model_span_lg2(&draft->m->units[domain->unit], domain->levels);
	unsigned guest = draft->m->units[domain->unit].config.guest_bits;

	/* The lower half: first-stage addresses are sign-extended. */
	if (domain->first_stage)
		return 1ull << (bits - 1);
	return 1ull << (bits < guest ? bits : guest);
}

/* IOVAs cluster: below 4 GiB, around the crash region, or anywhere. */
static qt_iova pick_iova(struct draft *draft, const struct model_domain *domain, uint64_t align)
{
	const struct model *m = draft->m;
	const struct qt_range *crash = &m->crash[below(draft, m->crash_count)];
	qt_iova iova;

	switch (below(draft, 4)) {
	case 0:
		iova = QT_GIB(4) - QT_MIB(1 + below(draft, 64));
		break;
	case 1:
		iova = crash->start -
		       below(draft, crash->start < QT_MIB(8) ? crash->start : QT_MIB(8));
		break;
	case 2:
		iova = crash->end + below(draft, QT_MIB(8));
		break;
	default:
		iova = below(draft, domain_span(draft, domain) - QT_MIB(16));
		break;
	}
	return iova & ~(align - 1);
}

static unsigned pick_perms(struct draft *draft)
{
	uint64_t n = below(draft, 10);

	return n < 7 ? QT_RW : n < 9 ? QT_READ : QT_WRITE;
}

static void add_piece(struct draft *draft, struct model_domain *domain)
{
	/* Not without the pages for it: every leaf is looked at after every store. */
	bool large = draft->m->units[domain->unit].config.large_2m && chance(draft, 25) &&
		     draft->page == MODEL_PAGE;
	uint64_t align = large ? QT_MIB(2) : draft->page;
	uint64_t size = align * (1 + below(draft, large ? 3 : 6));
	qt_iova iova = pick_iova(draft, domain, align);

	if (iova + size > domain_span(draft, domain) || model_overlaps_crash(draft->m, iova, size))
		return;
	draft->traits[HAS_LARGE_PAGES] |= large;
	model_map(draft->m, domain, iova, pick_memory(draft, size, align), size, pick_perms(draft),
		large ? 1 + (unsigned)below(draft, 2) : 0);
}

/* A page-aligned piece of the crash region, from 1 MiB up. */
static struct qt_range pick_crash(struct draft *draft)
{
	const struct model *m = draft->m;

	for (;;) {
		const struct qt_range *crash = &m->crash[below(draft, m->crash_count)];
		uint64_t start = (crash->start + below(draft, crash->end - crash->start)) &
				 ~(draft->page - 1);
		uint64_t size = draft->page * (1 + below(draft, 40));

		if (start < QT_MIB(1))
			continue;
		return (struct qt_range){
			start, start + size < crash->end ? start + size : crash->end};
	}
}

/* Used and unmapped again, with caches that do not know. */
static void churn(struct draft *draft, struct model_domain *domain, qt_rid rid)
{
	struct qt_range piece = pick_crash(draft);
	uint64_t size = piece.end - piece.start;

	if (piece.end > domain_span(draft, domain))
		return;
	model_map(draft->m, domain, piece.start, pick_memory(draft, size, draft->page), size, QT_RW,
		0);
	for (qt_iova at = piece.start; at < piece.end; at += draft->page)
		if (chance(draft, 60))
			model_touch(draft->m, rid, at);
	model_unmap(draft->m, domain, piece.start, size);
	draft->traits[HAS_STALE_CACHES] = true;
}

/*
 * Not one that says it is a part of a leaf in several slots, which the others then are
 * not: what hardware makes of those would be its own doing.
 */
static uint64_t random_entry(struct draft *draft, const struct model_domain *domain)
{
	uint64_t raw = model_random_next(draft->random);

	switch (draft->m->units[domain->unit].config.vendor) {
	case MODEL_SMMU:
		return raw & ~(1ull << 52); /* contiguous */
	case MODEL_AMDVI:
		return domain->first_stage || (raw >> 9 & 7) != 7 ? raw : raw & ~(7ull << 9);
	default:
		return raw;
	}
}

/* What must not be committed over, at times. */
static void spoil(struct draft *draft, struct model_domain *domain)
{
	struct qt_range piece = pick_crash(draft);
	uint64_t size = piece.end - piece.start;
	uint64_t kind = below(draft, 100);
	qt_iova iova = pick_iova(draft, domain, draft->page);
	qt_phys at;

	if (piece.end > domain_span(draft, domain) || iova + size > domain_span(draft, domain))
		return;
	if (kind < 3) {
		draft->traits[HAS_COLLISION] = true;
		model_map(draft->m, domain, piece.start, pick_memory(draft, size, draft->page),
			size, QT_RW, 0);
	} else if (kind < 5 && !model_overlaps_crash(draft->m, iova, size)) {
		draft->traits[HAS_LEAK] = true;
		model_map(draft->m, domain, iova, piece.start, size, QT_RW, 0);
	} else if (kind < 9) {
		draft->traits[HAS_IDENTITY] = true;
		model_map(draft->m, domain, piece.start, piece.start, size,
			chance(draft, 80) ? QT_RW : QT_READ, 0);
	} else if (kind < 14) {
		at = model_table_entry(draft->m, domain, iova, (unsigned)below(draft, 3));
		if (at)
			model_poke(draft->m, at, random_entry(draft, domain));
		draft->traits[HAS_DAMAGE] |= at != 0;
	}
}

static struct model_domain *new_domain(struct draft *draft, unsigned unit, qt_rid rid)
{
	const struct model_unit_config *config = &draft->m->units[unit].config;
	struct model_domain *domain;
	bool first_stage = config->first_stage && (!config->second_stage || chance(draft, 50));
	unsigned levels;
	uint64_t pieces = below(draft, PIECES_MAX);

	do
		levels = (draft->page > QT_KIB(16) ? 2 : 3) + (unsigned)below(draft, 3);
	while (!(first_stage ? levels == 4 || (levels == 5 && config->first_5)
			     : config->levels >> levels & 1));
	domain = model_domain_new(draft->m, unit, levels, ++draft->next_id[unit]);
	domain->first_stage = first_stage;
	if (config->vendor == MODEL_AMDVI)
		domain->gcr3_levels = (uint8_t)(1 + below(draft, config->amdvi.gcr3_levels));
	domain->flags = !first_stage && config->flags && chance(draft, 50);
	domain->no_preset =
		(config->walk_snoop || config->vendor == MODEL_AMDVI) && chance(draft, 50);
	domain->no_execute = first_stage && chance(draft, 50);
	draft->traits[HAS_TWO_LEVELS + levels - 2] = true;
	draft->traits[HAS_FIRST_STAGE] |= first_stage;
	draft->traits[HAS_STAGE_2] |= domain->stage2;
	model_attach(draft->m, domain, rid, 0);
	while (pieces--)
		add_piece(draft, domain);
	spoil(draft, domain);
	/* Last: an IOVA is not used anew before what is cached of it has been flushed. */
	if (chance(draft, 50))
		churn(draft, domain, rid);
	draft->last[unit] = domain;
	return domain;
}

/* Firmware's reserved memory: in a hole of RAM, or in RAM. */
static void reserve_some(struct draft *draft, qt_rid rid)
{
	uint64_t size = draft->page * (1 + below(draft, 20));
	uint64_t at = chance(draft, 50) ? QT_GIB(3) + 0x100000 * below(draft, 16)
					: pick_memory(draft, size, draft->page);

	if (draft->m->reserved_count == MODEL_RESERVED_MAX || !chance(draft, 40))
		return;
	draft->traits[HAS_RESERVED] = true;
	model_reserve(draft->m, rid, at, at + size);
}

/* What the dead kernel had for one requester. */
static void make_entry(struct draft *draft, qt_rid rid)
{
	struct model_unit *unit = model_unit_of(draft->m, rid);
	unsigned index = (unsigned)(unit - draft->m->units);
	struct model_function *function = model_function(draft->m, rid);
	uint64_t kind = below(draft, 100);

	if (!unit || !is_on(unit))
		return;
	if (kind < 15) {
		/* In scalable mode the way to where its entry was is often left. */
		if (unit->config.scalable && chance(draft, 50)) {
			new_domain(draft, index, rid);
			model_detach(draft->m, index, rid);
		}
		model_touch(draft->m, rid, pick_crash(draft).start);
		reserve_some(draft, rid);
	} else if (kind < 25 && unit->config.pass_through) {
		draft->traits[HAS_PASS_THROUGH] = true;
		model_attach_pass(draft->m, index, rid);
	} else if (kind < 40 && draft->last[index]) {
		draft->traits[HAS_SHARED_DOMAIN] = true;
		model_attach(draft->m, draft->last[index], rid, 0);
	} else {
		struct model_domain *domain = new_domain(draft, index, rid);

		if (function && unit->config.device_tlbs && chance(draft, 15) &&
			QT_RID_BUS(rid) != CONVENTIONAL_BUS) {
			draft->traits[HAS_DEVICE_TLB] = true;
			model_add_ats(function);
			model_attach(draft->m, domain, rid, 1);
		}
	}
}

static uint32_t pick_class(struct draft *draft)
{
	static const uint32_t classes[] = {
		0x010802, 0x010601, 0x020000, 0x0c0330, 0x030000, 0x040300, 0x0b4000, 0x0c0500};

	return classes[below(draft, QT_ARRAY_SIZE(classes))];
}

static struct model_function *add_device(struct draft *draft, qt_rid rid)
{
	struct model *m = draft->m;

	return model_add_function(
		m, rid, 0x8086, (uint16_t)(0x1000 + m->function_count), pick_class(draft));
}

static void add_endpoint(struct draft *draft, qt_rid rid)
{
	struct model *m = draft->m;

	model_add_pcie(add_device(draft, rid), QT_PCIE_ENDPOINT);
	if (m->unit_count > 1 && QT_RID_BUS(rid) == 0 && chance(draft, 50))
		model_claim(m, (unsigned)below(draft, m->unit_count), rid, false);
}

/* Conventional PCI: all that is behind the bridge sends as its secondary bus, device 0. */
static void add_conventional(struct draft *draft)
{
	const uint8_t bus = CONVENTIONAL_BUS;
	const qt_rid bridge = QT_RID(0, 0, 8 * 24);
	uint64_t functions = 1 + below(draft, 2);

	draft->traits[HAS_ALIAS] = true;
	model_make_bridge(
		model_add_function(draft->m, bridge, 0x8086, 3, 0), bus, bus, QT_PCIE_TO_PCI);
	for (uint64_t i = 0; i < functions; i++)
		add_device(draft, QT_RID(0, bus, 8 * (1 + i)));
}

static void add_functions(struct draft *draft)
{
	struct model *m = draft->m;
	uint64_t endpoints = 1 + below(draft, 6), ports = below(draft, 3);

	for (uint64_t i = 0; i < endpoints; i++)
		add_endpoint(draft, QT_RID(0, 0, 8 * (1 + i)));
	for (uint64_t i = 0; i < ports; i++) {
		uint8_t bus = (uint8_t)(1 + i);
		qt_rid port = QT_RID(0, 0, 8 * (20 + i));

		model_make_bridge(
			model_add_function(m, port, 0x8086, 2, 0), bus, bus, QT_PCIE_ROOT_PORT);
		if (m->unit_count > 1 && chance(draft, 50))
			model_claim(m, (unsigned)below(draft, m->unit_count), port, true);
		for (uint8_t function = 0; function < 1 + below(draft, 2); function++)
			add_endpoint(draft, QT_RID(0, bus, function));
	}
	if (chance(draft, 25))
		add_conventional(draft);
}

/* Each can be reset in some ways, takes them well or badly, or never ends what it does. */
static void add_resets(struct draft *draft)
{
	struct model *m = draft->m;

	draft->traits[HAS_RESETS] = true;
	for (size_t i = 0; i < m->function_count; i++) {
		struct model_function *function = m->functions[i];
		bool bridge = function->config[0x0e] % 0x80;
		struct model_reset *reset =
			model_add_reset(function, bridge ? 0 : (unsigned)below(draft, 8));

		if (bridge)
			continue;
		reset->ready_us = chance(draft, 10) ? MODEL_NEVER : 1000 * below(draft, 300);
		reset->drain_us = 1000 * below(draft, 20);
		reset->keeps_pending = chance(draft, 10);
		reset->keeps_mastering = chance(draft, 10);
		reset->rrs = chance(draft, 30);
		reset->forgets_bus = chance(draft, 10);
	}
	model_power_on(m);
	m->clock_read_ns = 20000; /* waits of seconds do not have to be made of millions of steps */
}

/* Scalable mode needs a queue, and has no write buffer (CAP.RWBF). */
static void make_scalable(struct model_random *random, struct model_unit_config *unit)
{
	uint64_t bits = model_random_next(random);

	unit->scalable = unit->queued = true;
	unit->write_buffer = false;
	unit->second_stage = bits & 3;
	unit->first_stage = bits & 4 || !unit->second_stage;
	unit->first_5 = bits & 8;
	unit->first_1g = bits & 16;
	unit->walk_snoop = bits & 0x60;
	unit->flags = bits & 0x80;
	unit->rid_pasid = bits & 0x300 ? 0 : 1 + (uint32_t)model_random_below(random, 30000);
}

static struct model_unit_config pick_unit(struct model_random *random, unsigned index, bool last)
{
	static const uint8_t levels[] = {1 << 3, 1 << 4, 1 << 3 | 1 << 4, 1 << 4 | 1 << 5, 7 << 3};
	struct model_unit_config unit = model_unit_default(0xfed90000 + index * 0x1000);
	uint64_t bits = model_random_next(random);

	unit.include_all = last;
	unit.levels = levels[model_random_below(random, QT_ARRAY_SIZE(levels))];
	unit.guest_bits = unit.levels >> 5 ? 57 : unit.levels >> 4 ? 48 : 39;
	unit.domain_id_bits = (uint8_t)(6 + 2 * model_random_below(random, 6));
	unit.large_2m = bits & 3;
	unit.large_1g = unit.large_2m && bits & 4;
	unit.caching_mode = (bits & 0x18) == 0;
	unit.write_buffer = (bits & 0x60) == 0;
	unit.coherent = bits & 0x180;
	unit.queued = bits & 0x600;
	unit.device_tlbs = unit.queued && bits & 0x800;
	unit.pass_through = bits & 0x3000;
	unit.snoop = bits & 0x4000;
	unit.version_major = unit.queued && (bits & 0x18000) == 0 ? 6 : 1;
	unit.latency_us = (uint32_t)(bits >> 20 & 15);
	if (bits >> 24 & 1)
		make_scalable(random, &unit);
	return unit;
}

/* One to three pieces, the last one with room for the arena. */
static size_t pick_crash_ranges(struct model_random *random, const struct qt_range *ram,
	struct qt_range *crash, uint64_t page)
{
	size_t count = 0;

	if (model_random_chance(random, 20))
		crash[count++] = (struct qt_range){page, 0x9f000 & ~(page - 1)};
	if (model_random_chance(random, 85)) {
		uint64_t start = QT_MIB(16) + model_random_below(random, QT_MIB(780) / page) * page;

		if (model_random_chance(random, 50))
			start &= ~(QT_MIB(16) - 1);
		crash[count++] = (struct qt_range){
			start, start + QT_MIB(1) + model_random_below(random, 600) * page};
	}
	if (count == 0 || crash[count - 1].start < QT_MIB(1) || model_random_chance(random, 40)) {
		uint64_t room = (ram[2].end - ram[2].start) / page - 4096; /* more than it takes */
		uint64_t start = ram[2].start + model_random_below(random, room) * page;

		if (model_random_chance(random, 50))
			start &= ~(QT_MIB(2) - 1);
		crash[count++] = (struct qt_range){
			start, start + QT_MIB(2) + model_random_below(random, 900) * page};
	}
	crash[count - 1].end += QT_MIB(1);
	return count;
}

static void start_units(struct model *m, struct model_random *random)
{
	for (unsigned i = 0; i < m->unit_count; i++) {
		struct model_unit *unit = &m->units[i];

		if (!model_random_chance(random, 12))
			model_start_unit(m, i);
		if (unit->config.vendor != MODEL_VTD)
			continue;
		if (unit->config.queued && unit->config.version_major < 6 &&
			model_random_chance(random, 20)) {
			unit->status &= ~MODEL_GCMD_QIE;
			unit->queue_head = unit->queue_tail = 0;
		}
		if (model_random_chance(random, 20))
			unit->fault_status =
				(uint32_t)model_random_next(random) &
				(MODEL_FSTS_PFO | MODEL_FSTS_IQE | MODEL_FSTS_ICE | MODEL_FSTS_ITE);
	}
}

/* Behind VT-d, any unit may have an entry for anything; others' tables are as firmware says. */
static bool may_serve(struct draft *draft, unsigned unit, qt_rid rid)
{
	return draft->m->units[unit].config.vendor == MODEL_VTD ||
	       model_unit_of(draft->m, rid) == &draft->m->units[unit];
}

static struct model_unit_config pick_amd_unit(struct model_random *random, unsigned index)
{
	static const uint8_t types[] = {0x10, 0x11, 0x40};
	struct model_unit_config unit = model_amdvi_default(0xfd000000 + index * 0x100000);
	uint64_t bits = model_random_next(random);

	unit.levels = 7 << 3;
	unit.guest_bits = 57;
	unit.pass_through = unit.second_stage = true;
	unit.first_stage = bits & 0x3000000; /* guest tables */
	unit.first_5 = unit.first_stage && bits & 0x4000000;
	unit.amdvi.guest_levels = !unit.first_stage ? 0 : unit.first_5 ? 5 : 4;
	unit.amdvi.gcr3_levels = 1 + (bits >> 27) % 3;
	unit.coherent = bits & 3;
	unit.latency_us = (uint32_t)(bits >> 20 & 15);
	unit.amdvi.function = (uint16_t)(2 + index);
	unit.amdvi.block_type = types[bits >> 8 & 1 ? 0 : bits >> 9 & 1 ? 1 : 2];
	unit.amdvi.levels_max = 5 + (bits >> 10 & 1);
	unit.amdvi.segments_lg2 = bits >> 12 & 3;
	unit.amdvi.np_cache = bits >> 14 & 1;
	unit.amdvi.no_invalidate_all = (bits >> 16 & 3) == 0;
	unit.amdvi.entries = 2048;                /* 8 buses: all that is used */
	unit.amdvi.all = index || bits >> 18 & 1; /* claims of several do not overlap */
	return unit;
}

static struct model_unit_config pick_smmu_unit(
	struct model_random *random, unsigned index, uint64_t page)
{
	static const uint8_t splits[] = {6, 8, 10};
	struct model_unit_config unit = model_smmu_default(0xfc000000 + index * 0x100000);
	uint64_t bits = model_random_next(random);

	unit.smmu.granule_lg2 = page > QT_KIB(16) ? 16 : page > QT_KIB(4) ? 14 : 12;
	unit.levels = page > QT_KIB(16) ? 1 << 2 | 1 << 3 : 1 << 3 | 1 << 4;
	unit.guest_bits = 48;
	unit.pass_through = true;
	unit.coherent = bits & 3;
	unit.latency_us = (uint32_t)(bits >> 20 & 15);
	unit.smmu.stage2 = bits >> 4 & 1;
	if (unit.smmu.stage2 && page == QT_KIB(16))
		unit.levels = 1 << 3; /* the fourth is for longer addresses only */
	unit.smmu.linear = (bits >> 5 & 3) == 0;
	unit.smmu.first_stream = unit.smmu.linear ? 0 : (uint32_t)(bits >> 7 & 1) << 16;
	unit.smmu.streams_lg2 = unit.smmu.linear ? 11 : 17; /* 8 buses: all that is used */
	unit.smmu.split = splits[(bits >> 8) % 3];
	unit.smmu.abort = bits >> 10 & 1;
	unit.smmu.hyp = bits >> 11 & 1;
	unit.smmu.substreams = bits >> 12 & 1 ? 6 : 0;
	unit.smmu.cd_two_levels = unit.smmu.substreams && bits >> 13 & 1;
	unit.smmu.output = 4 + (bits >> 14 & 1);
	return unit;
}

static struct model_unit_config pick_unit_of(struct model_random *random, enum model_vendor vendor,
	unsigned index, bool last, uint64_t page)
{
	switch (vendor) {
	case MODEL_AMDVI:
		return pick_amd_unit(random, index);
	case MODEL_SMMU:
		return pick_smmu_unit(random, index, page);
	default:
		return pick_unit(random, index, last);
	}
}

static void make_unseen(struct draft *draft, unsigned unit, qt_rid rid)
{
	draft->traits[HAS_UNSEEN] = true;
	new_domain(draft, unit, rid);
}

static void note_units(struct draft *draft)
{
	for (size_t i = 0; i < draft->m->unit_count; i++)
		draft->traits[HAS_INCOHERENT] |= !draft->m->units[i].config.coherent;
	draft->traits[HAS_LARGE_GRANULE] = draft->page > MODEL_PAGE;
	draft->traits[HAS_HIGH_CRASH] = draft->m->crash[draft->m->crash_count - 1].end > QT_GIB(4);
}

static struct model *random_machine(
	struct model_random *random, enum model_vendor vendor, uint64_t page, bool *traits)
{
	bool by_claims = vendor != MODEL_VTD;
	struct qt_range ram[3] = {{0, 0xa0000}, {QT_MIB(1), QT_GIB(2)}, {QT_GIB(4), QT_GIB(6)}};
	struct model_unit_config units[3];
	struct qt_range crash[3];
	struct draft draft = {.random = random, .page = page};
	struct model_config config = {
		.ram = ram, .ram_count = 3, .crash = crash, .units = units, .address_bits = 39};

	if (model_random_chance(random, 25)) {
		ram[2].end = QT_GIB(700);
		config.address_bits = 46;
	}
	config.crash_count = pick_crash_ranges(random, ram, crash, page);
	config.unit_count = 1 + model_random_below(random, 3);
	for (unsigned i = 0; i < config.unit_count; i++)
		units[i] = pick_unit_of(random, vendor, i, i + 1 == config.unit_count, page);
	config.seed = model_random_next(random);
	draft.m = model_new(&config);
	start_units(draft.m, random);
	for (unsigned i = 0; by_claims && i + 1 < config.unit_count; i++)
		model_claim(draft.m, i, QT_RID(0, 7, i), false); /* the last has the rest */
	add_functions(&draft);
	for (size_t i = 0; i < draft.m->function_count; i++)
		if (draft.m->functions[i]->config[0x0e] % 0x80 == 0)
			make_entry(&draft, draft.m->functions[i]->rid);
	if (draft.traits[HAS_ALIAS])
		make_entry(&draft, QT_RID(0, CONVENTIONAL_BUS, 0));
	for (unsigned i = 0; i < draft.m->unit_count; i++) /* no function stands for it */
		if (chance(&draft, 30) && is_on(&draft.m->units[i]) &&
			may_serve(&draft, i, QT_RID(0, by_claims ? 4 + i : 0x80 + i, 0)))
			make_unseen(&draft, i, QT_RID(0, by_claims ? 4 + i : 0x80 + i, 0));
	note_units(&draft);
	if (chance(&draft, 50))
		add_resets(&draft);
	memcpy(traits, draft.traits, sizeof(draft.traits));
	return draft.m;
}

/* What the model's own walk says of one table, with respect to the crash region. */
struct opinion {
	bool damaged;
	bool unsafe;  /* leads into the crash region */
	bool unknown; /* cannot be read to its end */
	bool taken;
	bool beyond; /* some of the crash region is out of the table's or unit's reach */
	bool all_there;
};

static bool in_high_crash(const struct model *m, uint64_t start, uint64_t size)
{
	for (size_t i = 0; i < m->crash_count; i++)
		if (m->crash[i].end > QT_MIB(1) && start < m->crash[i].end &&
			start + size > m->crash[i].start)
			return true;
	return false;
}

static bool page_there(struct model *m, const struct model_live *live, qt_phys at)
{
	struct model_translation t;

	return model_unit_translate(m, live->unit, live->rid, at, MODEL_WALK, &t) == 0 &&
	       t.phys == at && t.perms == QT_RW;
}

/* Behind an SMMUv3 messages are DMA. */
static void add_doorbells(struct model *m, const struct model_live *live, struct opinion *opinion)
{
	const struct model_live_table *table = &m->snapshot->tables[live->table];

	if (live->unit->config.vendor != MODEL_SMMU)
		return;
	for (size_t i = 0; i < table->count; i++) {
		const struct model_leaf *leaf = &table->leaves[i];
		bool there = leaf->iova < MODEL_DOORBELL_END &&
			     leaf->iova + (1ull << leaf->size_lg2) > MODEL_DOORBELL;

		opinion->taken |= there && !(leaf->iova == leaf->phys && leaf->perms & QT_WRITE);
	}
	for (qt_phys at = MODEL_DOORBELL; at < MODEL_DOORBELL_END; at += 0x1000)
		opinion->all_there &= page_there(m, live, at);
}

static struct opinion opinion_of(struct model *m, const struct model_live *live)
{
	const struct model_live_table *table = &m->snapshot->tables[live->table];
	unsigned bits = model_span_lg2(live->unit, table->levels);
	unsigned guest = live->unit->config.guest_bits;
	unsigned reach = table->first_stage ? bits - 1 : bits < guest ? bits : guest;
	/* AMD-Vi: as far as a host table can grow to. */
	unsigned levels_max = table->first_stage ? 0 : live->unit->config.amdvi.levels_max;
	unsigned grown = levels_max > 5 ? 63 : levels_max ? 12 + 9 * levels_max : 0;
	struct opinion opinion = {.damaged = table->damaged || table->incomplete,
		.unknown = table->incomplete,
		.all_there = true};

	for (size_t i = 0; i < table->count; i++) {
		const struct model_leaf *leaf = &table->leaves[i];
		uint64_t size = 1ull << leaf->size_lg2;
		bool same = leaf->iova == leaf->phys;

		opinion.unsafe |= !same && leaf->perms && in_high_crash(m, leaf->phys, size);
		opinion.taken |=
			!(same && leaf->perms == QT_RW) && in_high_crash(m, leaf->iova, size);
	}
	add_doorbells(m, live, &opinion);
	for (size_t i = 0; i < m->crash_count; i++) {
		opinion.beyond |= (m->crash[i].end - 1) >> (grown ? grown : reach) != 0;
		for (qt_phys at = m->crash[i].start; at < m->crash[i].end; at += 0x1000)
			opinion.all_there &= at < QT_MIB(1) || page_there(m, live, at);
	}
	return opinion;
}

static const struct model_live *live_of(const struct model *m, const struct qt_requester *requester)
{
	for (size_t i = 0; i < m->snapshot->live_count; i++)
		if (m->snapshot->lives[i].rid == requester->rid)
			return &m->snapshot->lives[i];
	return NULL;
}

/* Whether everything that sends under a requester ID has a way to be stopped. */
static bool stoppable(const struct qt_machine *machine, qt_rid rid)
{
	size_t senders = 0, stopped = 0;

	for (size_t i = 0; i < machine->pci.count; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];

		if (function->header_type || (function->rid != rid && function->alias != rid))
			continue;
		senders++;
		stopped += machine->resets[i].methods != 0;
	}
	return senders && senders == stopped;
}

static enum qt_decision expected(
	struct scenario *s, const struct qt_requester *requester, bool *unsafe)
{
	struct model *m = s->m;
	struct model_unit *unit = model_unit_of(m, requester->rid);
	const struct model_live *live = live_of(m, requester);
	struct opinion opinion;

	if (requester->function < 0 && live)
		unit = live->unit;
	if (!unit || !is_on(unit))
		return QT_DIRECT;
	if (!live)
		return QT_ADMIT;
	if (live->table < 0)
		return QT_DIRECT;
	opinion = opinion_of(m, live);
	if ((opinion.unsafe || opinion.unknown || opinion.damaged || opinion.beyond ||
		    (opinion.taken && !opinion.all_there)) &&
		stoppable(&s->machine, requester->rid))
		return QT_STOP;
	*unsafe |= opinion.unknown;
	if (opinion.unsafe)
		return QT_FENCE;
	if (opinion.unknown || opinion.damaged || opinion.beyond)
		return QT_LEAVE;
	if (opinion.all_there)
		return QT_DIRECT;
	return opinion.taken ? QT_LEAVE : QT_ADOPT;
}

static bool is_needed_class(uint32_t class_code)
{
	return class_code >> 16 == 1 || class_code >> 16 == 2 || class_code >> 8 == 0x0c03;
}

/* Anything that sends under this requester ID. */
static bool is_needed(const struct qt_machine *machine, qt_rid rid)
{
	for (size_t i = 0; i < machine->pci.count; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];

		if ((function->rid == rid || function->alias == rid) &&
			is_needed_class(function->class_code))
			return true;
	}
	return false;
}

/* Compares every decision, and the plan's, with what is expected here. */
static const char *check_plan(struct scenario *s)
{
	static char text[160];
	bool commit = false, unsafe = false;

	/* Large granules make large tables; what does not fit is not looked at further. */
	if (s->machine.problem == QT_WHY_NO_MEMORY)
		return s->plan.commit ? "commits what there was no memory for" : NULL;
	for (size_t i = 0; i < s->m->crash_count; i++)
		commit |= s->m->crash[i].end > QT_MIB(1) && s->m->crash[i].start < QT_GIB(4);
	for (size_t i = 0; i < s->machine.requester_count; i++) {
		const struct qt_requester *requester = &s->machine.requesters[i];
		enum qt_decision decision = expected(s, requester, &unsafe);

		if ((decision == QT_LEAVE || decision == QT_FENCE) &&
			is_needed(&s->machine, requester->rid))
			commit = false;
		if (decision == requester->decision)
			continue;
		snprintf(text, sizeof(text), "%x: should %s, is to %s because %s", requester->rid,
			qt_decision_name(decision), qt_decision_name(requester->decision),
			qt_reason_text(requester->reason));
		return text;
	}
	if (s->plan.commit == (commit && !unsafe))
		return NULL;
	snprintf(text, sizeof(text), "commit should be %d, is not: %s", commit && !unsafe,
		qt_reason_text(s->plan.reason));
	return text;
}

/* Every function is among the requesters, bridges without an entry excepted. */
static const char *check_complete(struct scenario *s)
{
	for (size_t i = 0; i < s->m->function_count; i++)
		if (s->m->functions[i]->config[0x0e] % 0x80 == 0 &&
			!scenario_requester(s, s->m->functions[i]->rid))
			return "a function is no requester";
	for (size_t i = 0; i < s->m->snapshot->live_count; i++)
		if (!scenario_requester(s, s->m->snapshot->lives[i].rid))
			return "an entry is no requester";
	return NULL;
}

/* Accidents: what comes of them must be sound, or as if nothing had been tried. */
static bool make_trouble(struct model *m, struct model_random *random)
{
	switch (model_random_below(random, 8)) {
	case 0:
		m->trouble.fail_store = 1 + model_random_below(random, 12);
		return true;
	case 1:
		m->trouble.fail_read = 1 + model_random_below(random, 4000);
		m->trouble.fail_from = model_random_chance(random, 30);
		return true;
	case 2:
		m->units[model_random_below(random, m->unit_count)].deaf = true;
		return true;
	default:
		return false;
	}
}

enum kind_of_units { VTD_LEGACY, VTD_SCALABLE, VTD_BOTH, AMDVI, SMMUV3, KINDS };

static const char *const kind_names[KINDS] = {
	[VTD_LEGACY] = "VT-d legacy",
	[VTD_SCALABLE] = "VT-d scalable",
	[VTD_BOTH] = "VT-d, both",
	[AMDVI] = "AMD-Vi",
	[SMMUV3] = "SMMUv3",
};

/* Of all machines with one kind of units. */
struct tally {
	uint64_t machines, committed, stock, undone, failed;
	uint64_t stores; /* KEEP was checked after each */
	uint64_t keeps;  /* after write-backs and invalidations, too */
	uint64_t walks;
};

struct totals {
	struct tally tallies[KINDS];
	uint64_t with[TRAITS];
};

static enum kind_of_units kind_of(const struct model *m)
{
	size_t scalable = 0;

	if (m->units[0].config.vendor == MODEL_AMDVI)
		return AMDVI;
	if (m->units[0].config.vendor == MODEL_SMMU)
		return SMMUV3;
	for (size_t i = 0; i < m->unit_count; i++)
		scalable += m->units[i].config.scalable;
	return scalable == 0 ? VTD_LEGACY : scalable == m->unit_count ? VTD_SCALABLE : VTD_BOTH;
}

/* With no driver that remaps them, interrupts must get through as they are sent. */
static bool interrupts_pass(struct model *m)
{
	for (size_t i = 0; i < m->function_count; i++) {
		struct model_unit *unit = model_unit_of(m, m->functions[i]->rid);

		if (unit && unit->config.vendor == MODEL_AMDVI &&
			!model_amdvi_interrupt_passes(m, unit, m->functions[i]->rid, MODEL_CACHED))
			return false;
	}
	return true;
}

static const char *outcome(struct scenario *s, struct tally *tally)
{
	const char *wrong;

	tally->keeps += s->m->snapshot->keep_checks;
	tally->stores += s->m->store_count;
	if (s->verified == 0) {
		tally->committed++;
		wrong = scenario_sound(s);
		if (!wrong && !interrupts_pass(s->m))
			wrong = "a function's interrupts are stopped";
		if (wrong)
			return wrong;
		memset(&s->m->trouble, 0, sizeof(s->m->trouble));
		model_watch_keep(s->m);
		scenario_undo(s);
	} else if (s->undone != 1) {
		tally->undone++;
	} else {
		tally->stock++;
	}
	return scenario_untouched(s);
}

static const char *run(struct scenario *s, struct model *m, bool trouble, struct tally *tally)
{
	const char *wrong;

	scenario_plan(s, m);
	wrong = trouble || s->opened ? NULL : check_complete(s);
	if (!wrong && !trouble)
		wrong = check_plan(s);
	if (!wrong && s->opened == 0 && s->plan.commit)
		scenario_take_over(s);
	if (!wrong && !trouble && (s->committed < 0 || s->verified < 0))
		wrong = m->complaints ? m->complaint : "commit or verify failed without a reason";
	return wrong ? wrong : outcome(s, tally);
}

static void run_seed(uint64_t seed, struct totals *totals)
{
	struct model_random random = {.state = seed};
	static const enum model_vendor vendors[] = {
		MODEL_VTD, MODEL_VTD, MODEL_VTD, MODEL_AMDVI, MODEL_SMMU};
	static const uint64_t pages[] = {QT_KIB(4), QT_KIB(16), QT_KIB(64)};
	enum model_vendor vendor = vendors[seed % QT_ARRAY_SIZE(vendors)];
	uint64_t page = vendor == MODEL_SMMU ? pages[seed / QT_ARRAY_SIZE(vendors) % 3] : pages[0];
	bool traits[TRAITS];
	struct model *m = random_machine(&random, vendor, page, traits);
	struct tally *tally = &totals->tallies[kind_of(m)];
	struct scenario s;
	const char *wrong;

	traits[HAS_TROUBLE] = make_trouble(m, &random);
	for (int i = 0; i < TRAITS; i++)
		totals->with[i] += traits[i];
	tally->machines++;
	wrong = run(&s, m, traits[HAS_TROUBLE], tally);
	if (wrong) {
		tally->failed++;
		print_message("QT_SEED=%llu: %s\n", (unsigned long long)seed, wrong);
	}
	tally->walks += m->walks;
	scenario_free(&s);
}

/* One figure a line, for test/unit/campaign. Returns how many machines failed. */
static uint64_t print_totals(const struct totals *totals)
{
	uint64_t failed = 0;

	for (int i = 0; i < KINDS; i++) {
		const struct tally *t = &totals->tallies[i];
		const struct {
			const char *name;
			uint64_t value;
		} figures[] = {{"machines", t->machines}, {"committed", t->committed},
			{"stock", t->stock}, {"undone", t->undone}, {"stores", t->stores},
			{"checks", t->keeps}, {"walks", t->walks}, {"failed", t->failed}};

		for (size_t j = 0; j < QT_ARRAY_SIZE(figures); j++)
			print_message("%s: %s = %llu\n", kind_names[i], figures[j].name,
				(unsigned long long)figures[j].value);
		failed += t->failed;
	}
	for (int i = 0; i < TRAITS; i++)
		print_message(
			"with: %s = %llu\n", trait_names[i], (unsigned long long)totals->with[i]);
	return failed;
}

static void test_random_machines(void **state)
{
	const char *one = getenv("QT_SEED"), *many = getenv("QT_SEEDS");
	uint64_t first = one ? strtoull(one, NULL, 0) : 1;
	uint64_t count = many ? strtoull(many, NULL, 0) : one ? 1 : 300;
	struct totals totals = {0};

	(void)state;
	for (uint64_t seed = first; seed - first < count; seed++)
		run_seed(seed, &totals);
	assert_int_equal(print_totals(&totals), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_random_machines)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
