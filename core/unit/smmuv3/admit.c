/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Changing a stream's entry: giving it a domain, moving the domain's root, taking
 * it away.
 *
 * Hardware reads an entry's words in any order and treats them as one, so the word
 * with the valid bit goes last, and first where the entry goes; the others mean
 * nothing without it (IHI 0070, 3.21.3).
 */
#include "smmuv3.h"

/* Reads for one entry: a descriptor, the entry, its context descriptors. */
#define ENTRY_READS 8u

/* One change under way. */
struct change {
	struct qt_machine *machine;
	const struct qt_unit *unit;
	uint32_t stream;
	uint32_t domain_id;
	const struct qt_table *table;
	bool (*pending)(void *context, qt_phys at, uint64_t *value); /* may be NULL */
	qt_store_fn add;
	void *context;
	uint64_t before[SMMUV3_STE_WORDS]; /* the entry */
};

/* Tables of our own are read and written in place, for nothing leads to them yet. */
static struct qt_reader reader_of(const struct change *c)
{
	struct qt_reader reader = qt_machine_reader(c->machine, ENTRY_READS);

	reader.arena = c->machine->arena;
	return reader;
}

/* Words as they will be once all stores are made. */
static int read_words(const struct change *c, qt_phys at, uint64_t *words, unsigned count)
{
	struct qt_reader reader = reader_of(c);
	int error = qt_reader_words(&reader, at, words, count);

	for (unsigned i = 0; i < count && error == QT_OK && c->pending; i++)
		c->pending(c->context, at + i * sizeof(*words), &words[i]);
	return error;
}

static void write_back(const struct change *c, qt_phys at, size_t len)
{
	if (!c->unit->coherent)
		c->machine->host->write_back(c->machine->host->context, at, len);
}

static int put(const struct change *c, qt_phys at, uint64_t before, uint64_t after)
{
	uint64_t *own = qt_arena_pointer(c->machine->arena, at, sizeof(*own));

	if (before == after)
		return QT_OK;
	if (!own)
		return c->add(
			c->context, &(struct qt_store){.at = at, .before = before, .after = after});
	*own = after;
	write_back(c, at, sizeof(*own));
	return QT_OK;
}

static void *new_memory(const struct change *c, size_t size, qt_phys *at)
{
	void *memory = qt_alloc(c->machine->arena, size, size);

	if (!memory)
		return NULL;
	*at = qt_arena_phys(c->machine->arena, memory);
	write_back(c, *at, size);
	return memory;
}

/* Where the stream's entry is, and what it will be. QT_E_NOTFOUND: nowhere. */
static int find_entry(struct change *c, qt_phys *at)
{
	struct qt_reader reader = reader_of(c);
	uint32_t cfg = SMMUV3_UNIT_CFG(c->unit);
	unsigned split = SMMUV3_CFG_SPLIT(cfg);
	uint64_t descriptor;
	int error = smmuv3_ste_address(c->unit, &reader, c->stream, at);

	/* A table that a store still to be made will hang in. */
	if (error == QT_E_NOTFOUND && c->pending && SMMUV3_CFG_FORMAT(cfg) == SMMUV3_TWO_LEVELS &&
		c->stream >> SMMUV3_CFG_LOG2SIZE(cfg) == 0 &&
		c->pending(c->context, smmuv3_l1_address(c->unit, c->stream), &descriptor)) {
		*at = (descriptor & SMMUV3_ADDRESS) +
		      (uint64_t)(c->stream & ((1u << split) - 1)) * SMMUV3_STE_SIZE;
		error = QT_OK;
	}
	return error ? error : read_words(c, *at, c->before, SMMUV3_STE_WORDS);
}

/* A table for all streams that share the descriptor; theirs are not valid, as without it. */
static int add_table(struct change *c)
{
	unsigned split = SMMUV3_CFG_SPLIT(SMMUV3_UNIT_CFG(c->unit));
	qt_phys at = smmuv3_l1_address(c->unit, c->stream), table;
	uint64_t descriptor;
	int error;

	if (SMMUV3_CFG_FORMAT(SMMUV3_UNIT_CFG(c->unit)) != SMMUV3_TWO_LEVELS ||
		(uint64_t)c->stream >> SMMUV3_CFG_LOG2SIZE(SMMUV3_UNIT_CFG(c->unit)))
		return QT_E_NOTFOUND;
	error = read_words(c, at, &descriptor, 1);
	/* One that spans too few streams has entries that are in use. */
	if (error || SMMUV3_L1_SPAN(descriptor))
		return error ? error : QT_E_UNSUPPORTED;
	if (!new_memory(c, (size_t)SMMUV3_STE_SIZE << split, &table))
		return QT_E_NOMEM;
	return put(c, at, descriptor, table | (split + 1));
}

static uint64_t walk_attributes(const struct change *c)
{
	return c->table->geometry.coherent ? SMMUV3_WALK_CACHED : SMMUV3_WALK_UNCACHED;
}

static void make_cd(const struct change *c, uint64_t *cd)
{
	const struct qt_geometry *g = &c->table->geometry;
	bool stall = SMMUV3_IDR0_STALL(SMMUV3_UNIT_IDR0(c->unit)) == SMMUV3_STALL_FORCED;

	cd[0] = (64u - g->input_bits) | (uint64_t)smmuv3_granule_code(g->granule_lg2) << 6 |
		walk_attributes(c) << 8 | SMMUV3_CD0_EPD1 | SMMUV3_CD0_VALID |
		(uint64_t)smmuv3_address_code(g->output_bits) << 32 | SMMUV3_CD0_AA64 |
		(stall ? SMMUV3_CD0_STALL : 0) | SMMUV3_CD0_RECORD | SMMUV3_CD0_ASET |
		(uint64_t)c->domain_id << 48;
	cd[1] = c->table->root;
	cd[3] = SMMUV3_MAIR;
}

static struct qt_domain *domain_of(const struct change *c)
{
	for (size_t i = 0; i < c->machine->domain_count; i++)
		if (&c->machine->domains[i].table == c->table)
			return &c->machine->domains[i];
	return NULL;
}

/*
 * The domain's context descriptor, made once for all that come in under it. One left
 * from a domain that is gone, in the same place of the list, is written anew: nothing
 * leads to it any more.
 */
static int own_cd(const struct change *c, qt_phys *at)
{
	struct qt_domain *domain = domain_of(c);
	uint64_t words[SMMUV3_CD_WORDS] = {0};
	int error = QT_OK;

	*at = domain ? domain->directory : 0;
	if (!*at && !new_memory(c, SMMUV3_CD_SIZE, at))
		return QT_E_NOMEM;
	make_cd(c, words);
	for (unsigned i = SMMUV3_CD_WORDS; i-- > 0 && error == QT_OK;) {
		uint64_t before;

		error = read_words(c, *at + i * sizeof(before), &before, 1);
		if (error == QT_OK)
			error = put(c, *at + i * sizeof(before), before, words[i]);
	}
	if (domain)
		domain->directory = *at;
	return error;
}

static int make_stage1(const struct change *c, uint64_t *ste)
{
	bool stalls = SMMUV3_IDR0_STALL(SMMUV3_UNIT_IDR0(c->unit)) == SMMUV3_STALL_OPTIONAL;
	qt_phys cd;
	int error = own_cd(c, &cd);

	ste[0] = cd | SMMUV3_STE0_CONFIG_IS(SMMUV3_STAGE1) | SMMUV3_VALID;
	ste[1] = (c->unit->coherent ? SMMUV3_STE1_CD_CACHED : 0) |
		 (stalls ? SMMUV3_STE1_NO_STALLS : 0);
	return error;
}

static void make_stage2(const struct change *c, uint64_t *ste)
{
	const struct qt_geometry *g = &c->table->geometry;
	uint64_t sl0 = g->granule_lg2 == 12 ? g->levels - 2u : g->levels - 1u;

	ste[0] = SMMUV3_STE0_CONFIG_IS(SMMUV3_STAGE2) | SMMUV3_VALID;
	ste[1] = SMMUV3_STE1_SHARED_AS_SENT;
	ste[2] = c->domain_id | (64ull - g->input_bits) << 32 | sl0 << 38 |
		 walk_attributes(c) << 40 | (uint64_t)smmuv3_granule_code(g->granule_lg2) << 46 |
		 (uint64_t)smmuv3_address_code(g->output_bits) << 48 | SMMUV3_STE2_AA64 |
		 SMMUV3_STE2_RECORD;
	ste[3] = c->table->root;
}

static bool is_same(const uint64_t *a, const uint64_t *b)
{
	for (unsigned i = 0; i < SMMUV3_STE_WORDS; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static int fill_entry(const struct change *c, qt_phys at)
{
	unsigned config = SMMUV3_STE0_CONFIG(c->before[0]);
	uint64_t after[SMMUV3_STE_WORDS] = {0};
	int error = QT_OK;

	if (c->table->geometry.format == &qt_format_vmsav8_64)
		error = make_stage1(c, after);
	else
		make_stage2(c, after);
	/* Another requester with the same stream may have been here before. */
	if (error || is_same(c->before, after))
		return error;
	if (c->before[0] & SMMUV3_VALID && config >= SMMUV3_BYPASS)
		return QT_E_BUSY;
	for (unsigned i = SMMUV3_STE_WORDS; i-- > 0 && error == QT_OK;)
		error = put(c, at + i * sizeof(after[0]), c->before[i], after[i]);
	return error;
}

int smmuv3_admit(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	uint32_t domain_id, const struct qt_table *table,
	bool (*pending)(void *context, qt_phys at, uint64_t *value), qt_store_fn add, void *context)
{
	struct change c = {.machine = machine,
		.unit = unit,
		.domain_id = domain_id,
		.table = table,
		.pending = pending,
		.add = add,
		.context = context};
	qt_phys at;
	int error = smmuv3_stream(unit, rid, &c.stream);

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
static int present_entry(struct change *c, qt_rid rid, qt_phys *at)
{
	int error = smmuv3_stream(c->unit, rid, &c->stream);

	if (error == QT_OK)
		error = find_entry(c, at);
	return error == QT_OK && !(c->before[0] & SMMUV3_VALID) ? QT_E_NOTFOUND : error;
}

/* The pointer's word holds nothing else that translation goes by, in both stages. */
int smmuv3_set_root(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	const struct qt_table *table, qt_store_fn add, void *context)
{
	struct change c = {.machine = machine, .unit = unit, .add = add, .context = context};
	struct qt_reader reader = reader_of(&c);
	struct qt_unit_entry now = {.rid = rid};
	qt_phys at;
	uint64_t word;
	int error = present_entry(&c, rid, &at);

	if (error == QT_OK)
		error = smmuv3_decode(unit, &reader, c.before, &now);
	if (error)
		return error;
	if (now.state != QT_REQ_TRANSLATED || now.table.geometry.levels != table->geometry.levels ||
		now.table.geometry.input_bits != table->geometry.input_bits ||
		now.table.geometry.format != table->geometry.format)
		return QT_E_UNSUPPORTED;
	if (now.table.geometry.format == &qt_format_vmsav8_64_stage2) {
		at += 3 * sizeof(word);
	} else {
		error = smmuv3_cd_address(&reader, c.before, &at);
		at += sizeof(word);
	}
	if (error == QT_OK)
		error = read_words(&c, at, &word, 1);
	return error ? error : put(&c, at, word, (word & ~SMMUV3_TTB) | table->root);
}

/* Not valid rather than "abort", which would refuse DMA without recording that it did. */
int smmuv3_block(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	qt_store_fn add, void *context)
{
	struct change c = {.machine = machine, .unit = unit, .add = add, .context = context};
	qt_phys at;
	int error = present_entry(&c, rid, &at);

	return error ? error : put(&c, at, c.before[0], 0);
}
