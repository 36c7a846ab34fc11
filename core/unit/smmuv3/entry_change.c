/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changing a stream's entry: giving it a domain, moving the domain's root, taking
 * it away.
 *
 * Hardware reads an entry's words in any order and treats them as one, so the word
 * with the valid bit goes last, and first where the entry goes; the others mean
 * nothing without it (IHI 0070, 3.21.3).
 */
#include <quietus/memory.h>

#include "smmuv3.h"

/* One change under way. */
struct change {
	const struct qt_unit_change *wanted;
	uint32_t stream;
	uint64_t before[SMMUV3_STE_WORDS]; /* the entry */
};

/* Where the stream's entry is, and what it will be. QT_E_NOTFOUND: nowhere. */
static int find_entry(struct change *c, qt_phys *at)
{
	const struct qt_unit_change *wanted = c->wanted;
	struct qt_reader reader = qt_change_reader(wanted);
	uint32_t cfg = SMMUV3_UNIT_CFG(wanted->unit);
	unsigned split = SMMUV3_CFG_SPLIT(cfg);
	uint64_t descriptor;
	int error = smmuv3_ste_address(wanted->unit, &reader, c->stream, at);

	/* A table that a store still to be made will hang in. */
	if (error == QT_E_NOTFOUND && wanted->pending &&
		SMMUV3_CFG_FORMAT(cfg) == SMMUV3_TWO_LEVELS &&
		(uint64_t)c->stream >> SMMUV3_CFG_LOG2SIZE(cfg) == 0 &&
		wanted->pending(
			wanted->context, smmuv3_l1_address(wanted->unit, c->stream), &descriptor)) {
		*at = (descriptor & SMMUV3_ADDRESS) +
		      (uint64_t)(c->stream & ((1u << split) - 1)) * SMMUV3_STE_SIZE;
		error = QT_OK;
	}
	return error ? error : qt_change_words(wanted, *at, c->before, SMMUV3_STE_WORDS);
}

/* A table for all streams that share the descriptor; theirs are not valid, as without it. */
static int add_table(const struct change *c)
{
	const struct qt_unit *unit = c->wanted->unit;
	unsigned split = SMMUV3_CFG_SPLIT(SMMUV3_UNIT_CFG(unit));
	qt_phys at = smmuv3_l1_address(unit, c->stream), table;
	uint64_t descriptor;
	int error;

	if (SMMUV3_CFG_FORMAT(SMMUV3_UNIT_CFG(unit)) != SMMUV3_TWO_LEVELS ||
		(uint64_t)c->stream >> SMMUV3_CFG_LOG2SIZE(SMMUV3_UNIT_CFG(unit)))
		return QT_E_NOTFOUND;
	error = qt_change_words(c->wanted, at, &descriptor, 1);
	/* One that spans too few streams has entries that are in use. */
	if (error == QT_OK && SMMUV3_L1_SPAN(descriptor))
		error = QT_E_UNSUPPORTED;
	if (error == QT_OK)
		error = qt_change_new(c->wanted, (size_t)SMMUV3_STE_SIZE << split, &table);
	return error ? error : qt_change_put(c->wanted, at, descriptor, table | (split + 1));
}

static uint64_t walk_attributes(const struct qt_geometry *g)
{
	return g->coherent ? SMMUV3_WALK_CACHED : SMMUV3_WALK_UNCACHED;
}

static void make_cd(const struct qt_unit_change *wanted, uint64_t *cd)
{
	const struct qt_geometry *g = &wanted->domain->table.geometry;
	bool stall = SMMUV3_IDR0_STALL(SMMUV3_UNIT_IDR0(wanted->unit)) == SMMUV3_STALL_FORCED;

	cd[0] = (64u - g->input_bits) | (uint64_t)smmuv3_granule_code(g->granule_lg2) << 6 |
		walk_attributes(g) << 8 | SMMUV3_CD0_EPD1 | SMMUV3_CD0_VALID |
		(uint64_t)smmuv3_address_code(g->output_bits) << 32 | SMMUV3_CD0_AA64 |
		(stall ? SMMUV3_CD0_STALL : 0) | SMMUV3_CD0_RECORD | SMMUV3_CD0_ASET |
		(uint64_t)wanted->domain->id << 48;
	cd[1] = wanted->domain->table.root;
	cd[3] = SMMUV3_MAIR;
}

/*
 * The domain's context descriptor, made once for all that come in under it. One left
 * from a domain that is gone, in the same place of the list, is written anew: nothing
 * leads to it any more.
 */
static int own_cd(const struct qt_unit_change *wanted, qt_phys *at)
{
	uint64_t before[SMMUV3_CD_WORDS], after[SMMUV3_CD_WORDS] = {0};
	int error = QT_OK;

	*at = wanted->domain->directory;
	if (!*at)
		error = qt_change_new(wanted, SMMUV3_CD_SIZE, at);
	if (error)
		return error;
	wanted->domain->directory = *at;
	make_cd(wanted, after);
	error = qt_change_words(wanted, *at, before, SMMUV3_CD_WORDS);
	return error ? error : qt_change_put_entry(wanted, *at, before, after, SMMUV3_CD_WORDS);
}

static int make_stage1(const struct qt_unit_change *wanted, uint64_t *ste)
{
	bool stalls = SMMUV3_IDR0_STALL(SMMUV3_UNIT_IDR0(wanted->unit)) == SMMUV3_STALL_OPTIONAL;
	qt_phys cd;
	int error = own_cd(wanted, &cd);

	ste[0] = cd | SMMUV3_STE0_CONFIG_IS(SMMUV3_STAGE1) | SMMUV3_VALID;
	ste[1] = (wanted->unit->coherent ? SMMUV3_STE1_CD_CACHED : 0) |
		 (stalls ? SMMUV3_STE1_NO_STALLS : 0);
	return error;
}

static void make_stage2(const struct qt_unit_change *wanted, uint64_t *ste)
{
	const struct qt_geometry *g = &wanted->domain->table.geometry;
	uint64_t sl0 = g->granule_lg2 == 12 ? g->levels - 2u : g->levels - 1u;

	ste[0] = SMMUV3_STE0_CONFIG_IS(SMMUV3_STAGE2) | SMMUV3_VALID;
	ste[1] = SMMUV3_STE1_SHARED_AS_SENT;
	ste[2] = wanted->domain->id | (64ull - g->input_bits) << 32 | sl0 << 38 |
		 walk_attributes(g) << 40 | (uint64_t)smmuv3_granule_code(g->granule_lg2) << 46 |
		 (uint64_t)smmuv3_address_code(g->output_bits) << 48 | SMMUV3_STE2_AA64 |
		 SMMUV3_STE2_RECORD;
	ste[3] = wanted->domain->table.root;
}

static int fill_entry(const struct change *c, qt_phys at)
{
	unsigned config = SMMUV3_STE0_CONFIG(c->before[0]);
	uint64_t after[SMMUV3_STE_WORDS] = {0};
	int error = QT_OK;

	if (c->wanted->domain->table.geometry.format == &qt_format_vmsav8_64)
		error = make_stage1(c->wanted, after);
	else
		make_stage2(c->wanted, after);
	/* Another requester with the same stream may have been here before. */
	if (error || memcmp(c->before, after, sizeof(after)) == 0)
		return error;
	if (c->before[0] & SMMUV3_VALID && config >= SMMUV3_BYPASS)
		return QT_E_BUSY;
	return qt_change_put_entry(c->wanted, at, c->before, after, SMMUV3_STE_WORDS);
}

int smmuv3_admit(const struct qt_unit_change *change)
{
	struct change c = {.wanted = change};
	qt_phys at;
	int error = smmuv3_stream(change->unit, change->rid, &c.stream);

	if (error)
		return error;
	error = find_entry(&c, &at);
	if (error == QT_E_NOTFOUND) {
		error = add_table(&c);
		if (error == QT_OK)
			error = find_entry(&c, &at);
	}
	return error ? error : fill_entry(&c, at);
}

/* The entry of a requester that has one, whatever it says. */
static int present_entry(struct change *c, qt_phys *at)
{
	int error = smmuv3_stream(c->wanted->unit, c->wanted->rid, &c->stream);

	if (error == QT_OK)
		error = find_entry(c, at);
	return error == QT_OK && !(c->before[0] & SMMUV3_VALID) ? QT_E_NOTFOUND : error;
}

/* The pointer's word holds nothing else that translation goes by, in both stages. */
int smmuv3_set_root(const struct qt_unit_change *change)
{
	struct change c = {.wanted = change};
	struct qt_reader reader = qt_change_reader(change);
	struct qt_unit_entry now = {.rid = change->rid};
	const struct qt_geometry *old = &now.table.geometry, *wanted = &change->table->geometry;
	qt_phys at;
	uint64_t word;
	int error = present_entry(&c, &at);

	if (error == QT_OK)
		error = smmuv3_decode(change->unit, &reader, c.before, &now);
	if (error)
		return error;
	if (now.state != QT_REQ_TRANSLATED || old->levels != wanted->levels ||
		old->input_bits != wanted->input_bits || old->format != wanted->format)
		return QT_E_UNSUPPORTED;
	if (old->format == &qt_format_vmsav8_64_stage2) {
		at += 3 * sizeof(word);
	} else {
		error = smmuv3_cd_address(change->unit, &reader, c.before, &at);
		at += sizeof(word);
	}
	if (error == QT_OK)
		error = qt_change_words(change, at, &word, 1);
	return error ? error
		     : qt_change_put(change, at, word, (word & ~SMMUV3_TTB) | change->table->root);
}

/* Not valid rather than "abort", which would refuse DMA without recording that it did. */
int smmuv3_block(const struct qt_unit_change *change)
{
	struct change c = {.wanted = change};
	qt_phys at;
	int error = present_entry(&c, &at);

	return error ? error : qt_change_put(change, at, c.before[0], 0);
}
