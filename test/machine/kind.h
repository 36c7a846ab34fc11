/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What differs between units of different vendors: the model, its checks and
 * what builds dead kernels go through these functions, and are the same for all.
 */
#ifndef MODEL_KIND_H
#define MODEL_KIND_H

#include "dead.h"
#include "model.h"

/* One entry of a table, as hardware would read it. Levels count from 0. */
struct model_entry {
	enum {
		MODEL_EMPTY,
		MODEL_TABLE,
		MODEL_LEAF,
		MODEL_BAD,
		MODEL_OCCUPIED, /* somebody's, but not for devices */
	} kind;
	uint8_t perms;
	uint8_t next_level; /* table */
	uint8_t size_lg2;   /* leaf; may be more than its slot */
	qt_phys phys;       /* table, or first byte of the leaf */
};

/* What a unit's tables have for a requester that may do DMA. */
struct model_found {
	struct model_unit *unit;
	qt_rid rid;
	bool pass;
	uint8_t perms; /* that its entry leaves */
	unsigned levels;
	unsigned domain;
	qt_phys root;
	bool first_stage;
	enum model_view view; /* that the unit has of the table */
};

typedef void (*model_found_fn)(struct model *m, const struct model_found *found, void *context);

struct walk;

/* Bytes of a table and of the smallest leaf, as a power of two. */
static inline unsigned model_granule_lg2(const struct model_unit *unit)
{
	unsigned lg2 = unit->config.smmu.granule_lg2;

	return lg2 ? lg2 : 12;
}

/* Entries of a table, as a power of two. */
static inline unsigned model_index_lg2(const struct model_unit *unit)
{
	return model_granule_lg2(unit) - 3;
}

/* Bytes that an entry at a level spans, as a power of two. */
static inline unsigned model_span_lg2(const struct model_unit *unit, unsigned level)
{
	return model_granule_lg2(unit) + level * model_index_lg2(unit);
}

struct model_unit_kind {
	void (*init)(struct model_unit *unit);
	enum model_view (*view)(const struct model_unit *unit);
	void (*settle)(struct model *m, struct model_unit *unit);
	uint64_t (*read)(struct model *m, struct model_unit *unit, unsigned offset, unsigned width);
	void (*write)(struct model *m, struct model_unit *unit, unsigned offset, unsigned width,
		uint64_t value);
	int (*translate)(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
		enum model_path path, struct model_translation *translation);

	/* For walks (walk.h): what the requester has; its fault, if hardware refuses it. */
	struct model_cached (*context)(const struct walk *walk);
	/* Whether its tables take the address; past all caches of leaves; what is absent is cached.
	 */
	bool (*in_width)(const struct walk *walk, const struct model_cached *context);
	int (*walk_tables)(const struct walk *walk, const struct model_cached *context,
		struct model_translation *translation);
	bool (*caches_absent)(const struct walk *walk, const struct model_cached *context);

	unsigned registers_size;
	bool sign_extends; /* addresses that tables like a CPU's translate */

	/* For STILL: whether it is on, and where its requester tables are. */
	bool (*enabled)(const struct model_unit *unit);
	uint64_t (*root)(const struct model_unit *unit);

	/* Calls visit for every requester whose entry lets DMA through, if the unit is on. */
	void (*each)(struct model *m, struct model_unit *unit, model_found_fn visit, void *context);
	void (*entry)(const struct model *m, const struct model_unit *unit, bool first_stage,
		unsigned level, uint64_t raw, struct model_entry *entry);

	/* DMA of this requester was refused. */
	void (*record_fault)(struct model *m, struct model_unit *unit, qt_rid rid);

	/* What the dead kernel writes. */
	void (*start)(struct model *m, unsigned unit);
	bool (*is_present)(const struct model_domain *domain, uint64_t raw);
	bool (*is_leaf)(const struct model_domain *domain, unsigned level, uint64_t raw);
	uint64_t (*table_word)(const struct model_domain *domain, unsigned level, qt_phys table);
	uint64_t (*leaf_word)(
		const struct model_domain *domain, unsigned level, qt_phys phys, unsigned perms);
	qt_phys (*requester_entry)(struct model *m, unsigned unit, qt_rid rid);
	void (*attach)(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type);
	void (*attach_pasid)(
		struct model *m, struct model_domain *domain, qt_rid rid, uint32_t pasid);
	void (*attach_pass)(struct model *m, unsigned unit, qt_rid rid);
	void (*detach)(struct model *m, unsigned unit, qt_rid rid);
};

extern const struct model_unit_kind model_kind_vtd;
extern const struct model_unit_kind model_kind_amdvi;
extern const struct model_unit_kind model_kind_smmu;

/* step.c: entries of tables like a CPU's, and all of VT-d's. */
void model_step_entry(const struct model *m, const struct model_unit *unit, bool first_stage,
	unsigned level, uint64_t raw, struct model_entry *entry);
bool model_first_stage_leaf(unsigned level, uint64_t raw);
uint64_t model_first_stage_bits(const struct model_domain *domain, unsigned perms, bool leaf);

/* kind.c: calls visit for a requester whose entry lets DMA through. */
void model_visit_found(
	struct model *m, struct model_unit *unit, qt_rid rid, model_found_fn visit, void *context);

/* Commands take their time: when one is done, and whether it is. */
#define MODEL_NEVER UINT64_MAX

static inline bool model_due(const struct model *m, uint64_t *when)
{
	if (m->clock_ns < *when)
		return false;
	*when = MODEL_NEVER;
	return true;
}

static inline uint64_t model_after_latency(
	const struct model *m, const struct model_unit *unit, bool deaf)
{
	return deaf ? MODEL_NEVER : m->clock_ns + unit->config.latency_us * 1000ull;
}

/* vtd_registers.c, vtd_walk.c */
void model_vtd_init(struct model_unit *unit);
enum model_view model_vtd_view(const struct model_unit *unit);
void model_vtd_settle(struct model *m, struct model_unit *unit);
uint64_t model_vtd_read(struct model *m, struct model_unit *unit, unsigned offset, unsigned width);
void model_vtd_write(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width, uint64_t value);
int model_vtd_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation);

struct model_cached model_vtd_context(const struct walk *walk);
bool model_vtd_in_width(const struct walk *walk, const struct model_cached *context);
int model_vtd_walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation);
bool model_vtd_caches_absent(const struct walk *walk, const struct model_cached *context);

void model_vtd_record_fault(struct model *m, struct model_unit *unit, qt_rid rid);

/* smmu.c, smmu_walk.c */
uint32_t model_smmu_stream(const struct model_unit *unit, qt_rid rid);
/* Address of a stream's entry in the tables that are there, 0 if there is none. */
qt_phys model_smmu_entry(struct model *m, const struct model_unit *unit, uint32_t stream);
void model_smmu_decode(const struct model *m, const struct model_unit *unit, bool first_stage,
	unsigned level, uint64_t raw, struct model_entry *entry);

struct model_cached model_smmu_context(const struct walk *walk);
bool model_smmu_in_width(const struct walk *walk, const struct model_cached *context);
int model_smmu_walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation);
bool model_smmu_caches_absent(const struct walk *walk, const struct model_cached *context);

/* amdvi.c, amdvi_walk.c */
qt_phys model_amdvi_entry(const struct model_unit *unit, qt_rid rid);
void model_amdvi_decode(const struct model *m, const struct model_unit *unit, bool first_stage,
	unsigned level, uint64_t raw, struct model_entry *entry);
struct model_cached model_amdvi_context(const struct walk *walk);
bool model_amdvi_in_width(const struct walk *walk, const struct model_cached *context);
int model_amdvi_walk_tables(const struct walk *walk, const struct model_cached *context,
	struct model_translation *translation);
bool model_amdvi_caches_absent(const struct walk *walk, const struct model_cached *context);
int model_smmu_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation);
int model_amdvi_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation);

#endif
