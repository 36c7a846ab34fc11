/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the dead kernel left: root, context, PASID and paging tables in RAM, units
 * switched on, caches warm. Every function may also be used after model_crash,
 * to play the part of somebody else who writes to memory.
 */
#ifndef MODEL_DEAD_H
#define MODEL_DEAD_H

#include "model.h"

#define MODEL_DOMAINS_MAX 1024

struct model_domain {
	unsigned unit;
	unsigned levels;
	uint16_t id;
	qt_phys root;
	/*
	 * Tables like a CPU's: VT-d's first stage, AMD-Vi's guest tables. Set before it is
	 * used; scalable units without second-stage tables have no other.
	 */
	bool first_stage;
	bool stage2; /* an SMMUv3's */
	/* Set by a test before it maps. */
	bool flags;          /* second stage: SSADE, hardware keeps accessed and dirty flags */
	bool no_preset;      /* entries are made without those flags set */
	bool no_execute;     /* first stage: with XD set */
	uint8_t gcr3_levels; /* AMD-Vi's guest tables: levels of the guest CR3 table, 0 is 1 */
};

struct model_dead {
	qt_phys next_page;
	struct model_domain *domains[MODEL_DOMAINS_MAX];
	size_t domain_count;
};

struct model_dead *model_dead_new(void);
void model_dead_free(struct model_dead *dead);

/* A zeroed page of RAM outside the crash region, at or above 1 MiB. */
qt_phys model_page(struct model *m);

/* So many zeroed pages in a row, aligned to their size: a power of two. */
qt_phys model_pages(struct model *m, unsigned pages);

/* Gives the unit an empty root table and an invalidation queue and switches it on. */
void model_start_unit(struct model *m, unsigned unit);

/* A domain with an empty root. */
struct model_domain *model_domain_new(struct model *m, unsigned unit, unsigned levels, uint16_t id);

/*
 * Maps [iova, iova + size) to phys with perms (enum qt_perm), pages of at most
 * `leaf_level` (0: 4 KiB, 1: 2 MiB, 2: 1 GiB) where alignment allows, whole pages where
 * the smallest are larger. Replaces what was there.
 */
void model_map(struct model *m, struct model_domain *domain, qt_iova iova, qt_phys phys,
	uint64_t size, unsigned perms, unsigned leaf_level);

/* Clears every leaf that starts in [iova, iova + size). Tables stay, caches are not told. */
void model_unmap(struct model *m, struct model_domain *domain, qt_iova iova, uint64_t size);

/* Entries for a requester. type is TT: 0, or 1 for ATS. */
void model_attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type);
/* Scalable mode, or AMD-Vi's guest tables: the entry of one PASID. */
void model_attach_pasid(struct model *m, struct model_domain *domain, qt_rid rid, uint32_t pasid);
void model_attach_pass(struct model *m, unsigned unit, qt_rid rid);
void model_detach(struct model *m, unsigned unit, qt_rid rid);

/*
 * AMD-Vi: a page of 2^size_lg2 bytes, a size between the levels' own, as the same
 * entry in each slot that it takes up of tables that are there.
 */
void model_amdvi_map_sized(struct model *m, struct model_domain *domain, qt_iova iova, qt_phys phys,
	unsigned level, unsigned size_lg2);

/* AMD-Vi: makes the entry for `iova` at `level` lead to a table at level `next` - 1, as it counts.
 */
void model_amdvi_skip(struct model *m, struct model_domain *domain, qt_iova iova, unsigned level,
	unsigned next, qt_phys table);

/* DMA of a requester: fills the caches. Returns what model_translate returns. */
int model_touch(struct model *m, qt_rid rid, qt_iova iova);

/* Addresses of entries, to look at or damage: 0 if no table leads there. */
qt_phys model_root_entry(const struct model *m, unsigned unit, uint8_t bus);
qt_phys model_context_entry(struct model *m, unsigned unit, qt_rid rid);
qt_phys model_pasid_entry(struct model *m, unsigned unit, qt_rid rid, uint32_t pasid);
/* AMD-Vi: the entry at a level of a guest CR3 table. */
qt_phys model_gcr3_entry(
	struct model *m, unsigned unit, qt_rid rid, uint32_t pasid, unsigned level);
qt_phys model_table_entry(
	struct model *m, const struct model_domain *domain, qt_iova iova, unsigned level);

#endif
