/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every kind of unit with every format of tables that it can have, for tests that
 * hold for all of them.
 */
#ifndef TEST_KINDS_H
#define TEST_KINDS_H

#include <quietus/stage_header.h>

#include "takeover.h"

struct kind {
	const char *name;
	bool amd;
	bool scalable;
	bool first_stage;
	bool guest; /* AMD-Vi: v2 tables, below a guest CR3 table */
	bool smmu;
	bool stage2;         /* of an SMMUv3 */
	uint8_t granule_lg2; /* of an SMMUv3, the page as a power of two; 0: 12, as everywhere */
	unsigned levels;     /* of a large domain; the other has few_levels */
	unsigned few_levels;
};

static const struct kind kinds[] = {
	{"VT-d legacy", .levels = 4, .few_levels = 3},
	{"VT-d scalable, second stage", .scalable = true, .levels = 4, .few_levels = 3},
	{"VT-d scalable, first stage", .scalable = true, .first_stage = true, .levels = 4,
		.few_levels = 4},
	{"VT-d scalable, first stage, 5 levels", .scalable = true, .first_stage = true, .levels = 5,
		.few_levels = 4},
	{"AMD-Vi", .amd = true, .levels = 4, .few_levels = 3},
	{"AMD-Vi, guest tables", .amd = true, .guest = true, .levels = 4, .few_levels = 4},
	{"AMD-Vi, guest tables, 5 levels", .amd = true, .guest = true, .levels = 5,
		.few_levels = 4},
	{"SMMUv3, stage 1", .smmu = true, .levels = 4, .few_levels = 3},
	{"SMMUv3, stage 2", .smmu = true, .stage2 = true, .levels = 4, .few_levels = 3},
	{"SMMUv3, stage 1, 16 KiB", .smmu = true, .granule_lg2 = 14, .levels = 4, .few_levels = 3},
	{"SMMUv3, stage 2, 16 KiB", .smmu = true, .stage2 = true, .granule_lg2 = 14, .levels = 3,
		.few_levels = 2},
	{"SMMUv3, stage 1, 64 KiB", .smmu = true, .granule_lg2 = 16, .levels = 3, .few_levels = 2},
	{"SMMUv3, stage 2, 64 KiB", .smmu = true, .stage2 = true, .granule_lg2 = 16, .levels = 3,
		.few_levels = 2},
};

/* Bytes of its smallest leaf. */
static inline uint64_t page_of_kind(const struct kind *kind)
{
	return 1ull << (kind->granule_lg2 ? kind->granule_lg2 : 12);
}

/* Whether its pages are larger than everywhere: superpages are then larger than crash regions. */
static inline bool has_large_pages(const struct kind *kind)
{
	return page_of_kind(kind) > MODEL_PAGE;
}

/*
 * A crash region for tests of every single store, with so many bytes for the core itself.
 * Where none of the superpages fits, each page in a table that is in use is a store: the
 * first 16 can be in such a table, all others are in the next one.
 */
static inline struct qt_range crash_of_kind(const struct kind *kind, uint64_t own)
{
	if (has_large_pages(kind))
		return (struct qt_range){QT_GIB(1) - 16 * page_of_kind(kind), QT_GIB(1) + own};
	return crash_512m[0];
}

/* The core's own memory, at the end of a crash region. */
static inline struct qt_range arena_in(const struct qt_range *crash, uint64_t own)
{
	return (struct qt_range){crash->end - own, crash->end};
}

/* A unit of that kind; each bit of `variety` is something that such units differ in. */
static inline struct model_unit_config unit_of_kind(const struct kind *kind, unsigned variety)
{
	struct model_unit_config unit = kind->amd        ? model_amdvi_default(0xfed90000)
					: kind->smmu     ? model_smmu_default(0xfed90000)
					: kind->scalable ? model_unit_scalable(0xfed90000)
							 : model_unit_default(0xfed90000);

	unit.coherent = variety & 1;
	/* First-stage tables must snoop, or hardware cannot keep their flags. */
	unit.walk_snoop = kind->scalable && (unit.coherent || kind->first_stage);
	unit.caching_mode = variety & 2;
	unit.write_buffer = !kind->amd && !kind->smmu && variety & 4;
	unit.large_2m = !(variety & 8);
	unit.large_1g = unit.first_1g = !(variety & 16) && unit.large_2m;
	unit.flags = kind->scalable && variety & 32;
	unit.first_stage = kind->first_stage;
	unit.second_stage = kind->scalable && !kind->first_stage;
	unit.first_5 = true;
	unit.levels = 1 << 3 | 1 << 4 | (kind->levels == 5 ? 1 << 5 : 0);
	unit.amdvi.entries = 128; /* one page of the device table: checks look at all of it */
	unit.amdvi.np_cache = variety & 2;
	unit.amdvi.no_invalidate_all = variety & 4;
	unit.amdvi.levels_max = variety & 32 ? 4 : 6;
	unit.smmu.stage2 = kind->stage2;
	unit.smmu.granule_lg2 = kind->granule_lg2;
	unit.smmu.linear = variety & 2;
	unit.smmu.streams_lg2 = unit.smmu.linear ? 7 : 16;
	unit.smmu.first_stream = variety & 4 ? 64 : 0;
	unit.smmu.abort = variety & 8;
	unit.smmu.substreams = variety & 4 ? 6 : 0;
	unit.smmu.cd_two_levels = unit.smmu.substreams && variety & 2;
	return unit;
}

/* A machine with such a unit, this crash region, and as much of its own memory as a stage has. */
static inline struct model *machine_of_kind_in(
	const struct kind *kind, unsigned variety, const struct qt_range *crash, size_t count)
{
	struct model_unit_config unit = unit_of_kind(kind, variety);

	return machine_new((struct model_config){.crash = crash,
		.crash_count = count,
		.arena = arena_in(&crash[count - 1], QT_STAGE_MEMORY_SIZE),
		.units = &unit,
		.unit_count = 1,
		.seed = variety});
}

/* The same with crash_512m. */
static inline struct model *machine_of_kind(const struct kind *kind, unsigned variety)
{
	return machine_of_kind_in(kind, variety, crash_512m, QT_ARRAY_SIZE(crash_512m));
}

/* A domain with that kind's tables. */
static inline struct model_domain *domain_of_kind(
	struct model *m, const struct kind *kind, unsigned levels, uint16_t id)
{
	struct model_domain *domain = model_domain_new(m, 0, levels, id);

	if (kind->guest) {
		domain->first_stage = true;
		domain->gcr3_levels = 1;
	}
	return domain;
}

/* add_device(), with that kind's tables and as many levels as it likes. */
static inline struct model_domain *add_device_of_kind(
	struct model *m, const struct kind *kind, qt_rid rid, uint32_t class_code, uint16_t id)
{
	add_function(m, rid, class_code);
	return give(m, rid, domain_of_kind(m, kind, kind->levels, id));
}

/* A requester's entry is one that no sound machine has. */
static inline void damage_entry(struct model *m, const struct kind *kind, qt_rid rid)
{
	qt_phys at = model_context_entry(m, 0, rid);

	if (kind->stage2)
		poke_bits(m, at + 16, 0, 3ull << 38); /* no such level */
	else if (kind->smmu)
		poke_bits(
			m, model_peek(m, at) & 0x000fffffffffffc0ull, 0x3f, 8); /* nor that width */
	else if (kind->scalable)
		poke_bits(m, at, 0, 1 << 7);
	else
		poke_bits(m, at, 0, 1 << 4);
}

#endif
