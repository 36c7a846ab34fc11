/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "check.h"

#include "kind.h"

#include <stdlib.h>
#include <string.h>

/* A sound test machine has fewer; a damaged table is given up on there. */
#define LEAVES_MAX 200000u
#define TABLES_MAX 20000u

static void *grow(void *list, size_t count, size_t size)
{
	/* Doubles at every power of two. */
	if (count & (count - 1))
		return list;
	list = realloc(list, (count ? 2 * count : 1) * size);
	if (!list)
		abort();
	return list;
}

/* Walks a whole table tree the way a unit would. */
struct sweep {
	struct model *m;
	const struct model_unit *unit;
	enum model_view view;
	bool first_stage;
	unsigned top; /* level of the root */
	unsigned tables_left;
	bool damaged;
	bool incomplete;
	void (*leaf)(struct sweep *sweep, const struct model_leaf *leaf);
	void *context;
};

#define PAGE_WORDS (MODEL_PAGE / sizeof(uint64_t))

static void sweep_table(
	struct sweep *sweep, qt_phys table, unsigned level, qt_iova base, unsigned perms);

/* A leaf that takes up several slots is seen in each, as the part that is there. */
static struct model_leaf leaf_in_slot(const struct sweep *sweep, const struct model_entry *entry,
	unsigned level, qt_iova iova, unsigned perms)
{
	uint64_t offset = entry->kind == MODEL_LEAF ? iova & ((1ull << entry->size_lg2) - 1) : 0;

	return (struct model_leaf){iova, entry->phys + offset,
		(uint8_t)model_span_lg2(sweep->unit, level), (uint8_t)perms,
		entry->kind == MODEL_LEAF ? entry->size_lg2 : 0};
}

static void sweep_entry(
	struct sweep *sweep, uint64_t raw, unsigned level, qt_iova iova, unsigned perms)
{
	struct model_entry entry;
	struct model_leaf leaf;

	sweep->unit->kind->entry(sweep->m, sweep->unit, sweep->first_stage, level, raw, &entry);
	leaf = leaf_in_slot(sweep, &entry, level, iova, perms & entry.perms);
	if (entry.kind == MODEL_BAD)
		sweep->damaged = true;
	else if (entry.kind == MODEL_TABLE)
		sweep_table(sweep, entry.phys, entry.next_level, iova, leaf.perms);
	else if (entry.kind == MODEL_OCCUPIED || (entry.kind == MODEL_LEAF && leaf.perms))
		sweep->leaf(sweep, &leaf);
}

/* Entries of a table at `level` that 64 bits of addresses reach. */
static unsigned entries_at(const struct sweep *sweep, unsigned level)
{
	unsigned left = 64 - model_span_lg2(sweep->unit, level);
	unsigned index = model_index_lg2(sweep->unit);

	return 1u << (left < index ? left : index);
}

/* VT-d's first-stage addresses are sign-extended (VT-d 4.1, section 3.6). */
static qt_iova extended(const struct sweep *sweep, unsigned level, qt_iova iova)
{
	unsigned top = 12 + 9 * level + 8;

	return sweep->first_stage && sweep->unit->kind->sign_extends && level == sweep->top &&
			       iova >> top & 1
		       ? iova | ~((2ull << top) - 1)
		       : iova;
}

static void sweep_table(
	struct sweep *sweep, qt_phys table, unsigned level, qt_iova base, unsigned perms)
{
	unsigned lg2 = model_span_lg2(sweep->unit, level);
	uint64_t words[PAGE_WORDS];

	if (!sweep->tables_left ||
		!model_in_ram(sweep->m, table, 1ull << model_granule_lg2(sweep->unit))) {
		sweep->incomplete = true;
		return;
	}
	sweep->tables_left--;
	for (unsigned i = 0; i < entries_at(sweep, level); i++) {
		if (i % PAGE_WORDS == 0)
			memcpy(words,
				model_memory_page(&sweep->m->memory, table + i * sizeof(words[0]),
					sweep->view),
				sizeof(words));
		if (words[i % PAGE_WORDS])
			sweep_entry(sweep, words[i % PAGE_WORDS], level,
				extended(sweep, level, base + ((qt_iova)i << lg2)), perms);
	}
}

struct leaf_visit {
	void (*visit)(void *context, const struct model_leaf *leaf);
	void *context;
};

static void visit_leaf(struct sweep *sweep, const struct model_leaf *leaf)
{
	const struct leaf_visit *to = sweep->context;

	to->visit(to->context, leaf);
}

bool model_leaves(struct model *m, unsigned unit, qt_phys root, unsigned levels, bool first_stage,
	void (*visit)(void *context, const struct model_leaf *leaf), void *context)
{
	struct leaf_visit to = {visit, context};
	struct sweep sweep = {.m = m,
		.unit = &m->units[unit],
		.first_stage = first_stage,
		.top = levels - 1,
		.tables_left = TABLES_MAX,
		.leaf = visit_leaf,
		.context = &to};

	sweep_table(&sweep, root, levels - 1, 0, QT_RW);
	return !sweep.damaged;
}

static struct sweep sweep_of(struct model *m, const struct model_found *found)
{
	return (struct sweep){
		.m = m,
		.unit = found->unit,
		.view = found->view,
		.first_stage = found->first_stage,
		.top = found->levels - 1,
		.tables_left = TABLES_MAX,
	};
}

static void contexts(struct model *m, struct model_unit *unit, model_found_fn visit, void *context)
{
	unit->kind->each(m, unit, visit, context);
}

static void keep_leaf(struct sweep *sweep, const struct model_leaf *leaf)
{
	struct model_live_table *table = sweep->context;

	if (table->count == LEAVES_MAX) {
		sweep->tables_left = 0;
		return;
	}
	table->leaves = grow(table->leaves, table->count, sizeof(*leaf));
	table->leaves[table->count++] = *leaf;
}

static void add_table(
	struct model *m, struct model_snapshot *snapshot, const struct model_found *found)
{
	struct model_live_table *table;
	struct sweep sweep = sweep_of(m, found);

	snapshot->tables = grow(snapshot->tables, snapshot->table_count, sizeof(*table));
	table = &snapshot->tables[snapshot->table_count++];
	*table = (struct model_live_table){
		.root = found->root,
		.levels = found->levels,
		.perms = found->perms,
		.first_stage = found->first_stage,
	};
	sweep.leaf = keep_leaf;
	sweep.context = table;
	sweep_table(&sweep, found->root, found->levels - 1, 0, found->perms);
	table->damaged = sweep.damaged;
	table->incomplete = sweep.incomplete;
}

static int table_of(
	struct model *m, struct model_snapshot *snapshot, const struct model_found *found)
{
	for (size_t i = 0; i < snapshot->table_count; i++)
		if (snapshot->tables[i].root == found->root &&
			snapshot->tables[i].levels == found->levels &&
			snapshot->tables[i].perms == found->perms &&
			snapshot->tables[i].first_stage == found->first_stage)
			return (int)i;
	add_table(m, snapshot, found);
	return (int)snapshot->table_count - 1;
}

/* Whether hardware accepts the entry at all: any fault but one of the table below it. */
static bool context_sound(struct model *m, const struct model_found *found)
{
	struct model_translation translation;
	int fault = model_unit_translate(m, found->unit, found->rid, 0, MODEL_WALK, &translation);

	return fault == 0 || fault == MODEL_FAULT_WRITE || fault == MODEL_FAULT_TABLE_ACCESS ||
	       fault == MODEL_FAULT_TABLE_RESERVED || fault == MODEL_FAULT_FLAGS ||
	       fault == MODEL_FAULT_PROTECTED;
}

static void add_live(struct model *m, const struct model_found *found, void *context)
{
	struct model_snapshot *snapshot = context;
	struct model_live live = {.rid = found->rid,
		.unit = found->unit,
		.table = -1,
		.domain = found->domain,
		.perms = found->perms};

	if (!context_sound(m, found))
		return;
	if (!found->pass)
		live.table = table_of(m, snapshot, found);
	snapshot->lives = grow(snapshot->lives, snapshot->live_count, sizeof(live));
	snapshot->lives[snapshot->live_count++] = live;
}

void model_snapshot_take(struct model *m)
{
	model_snapshot_free(m->snapshot);
	m->snapshot = calloc(1, sizeof(*m->snapshot));
	if (!m->snapshot)
		abort();
	for (size_t i = 0; i < m->unit_count; i++) {
		m->snapshot->enabled[i] = m->units[i].kind->enabled(&m->units[i]);
		m->snapshot->root[i] = m->units[i].kind->root(&m->units[i]);
		contexts(m, &m->units[i], add_live, m->snapshot);
	}
}

void model_snapshot_free(struct model_snapshot *snapshot)
{
	if (!snapshot)
		return;
	for (size_t i = 0; i < snapshot->table_count; i++)
		free(snapshot->tables[i].leaves);
	free(snapshot->tables);
	free(snapshot->lives);
	free(snapshot);
}

static const char *const path_names[] = {
	[MODEL_WALK] = "by the tables in memory",
	[MODEL_PAGING] = "with tables cached",
	[MODEL_CACHED] = "through the caches",
};

static bool leaf_kept(struct model *m, const struct model_live *live, const struct model_leaf *leaf,
	uint64_t offset, enum model_path path)
{
	struct model_translation translation;
	int fault = model_unit_translate(
		m, live->unit, live->rid, leaf->iova + offset, path, &translation);

	if (leaf->perms ? !fault && translation.phys == leaf->phys + offset &&
				  translation.perms == leaf->perms
			: fault)
		return true;
	model_complain(m,
		"KEEP: requester %x, IOVA %llx: was %llx perms %u, is %llx perms %u fault %d %s, "
		"after %zu stores",
		live->rid, (unsigned long long)(leaf->iova + offset),
		(unsigned long long)(leaf->phys + offset), leaf->perms,
		(unsigned long long)translation.phys, translation.perms, fault, path_names[path],
		m->store_count);
	return false;
}

/* A large leaf goes as a whole. */
static bool is_to_be_cut(
	struct model *m, const struct model_live *live, const struct model_leaf *leaf)
{
	uint64_t size = 1ull << leaf->whole_lg2;
	qt_phys start = leaf->phys & ~(size - 1);

	return live->fenced && leaf->iova != leaf->phys && start + size > QT_MIB(1) &&
	       model_overlaps_crash(m, start, size);
}

static bool live_kept(struct model *m, const struct model_live *live)
{
	const struct model_leaf identity = {QT_GIB(1), QT_GIB(1), 12, live->perms, 12};
	const struct model_live_table *table;

	if (live->stopped)
		return true;
	if (live->table < 0)
		return leaf_kept(m, live, &identity, 0, MODEL_WALK) &&
		       leaf_kept(m, live, &identity, 0, MODEL_CACHED);
	table = &m->snapshot->tables[live->table];
	for (size_t i = 0; i < table->count; i++) {
		const struct model_leaf *leaf = &table->leaves[i];
		uint64_t last = (1ull << leaf->size_lg2) - 8;

		if (is_to_be_cut(m, live, leaf))
			continue;
		for (enum model_path path = MODEL_WALK; path <= MODEL_CACHED; path++)
			if (!leaf_kept(m, live, leaf, 0, path))
				return false;
		if (leaf->size_lg2 > 12 && !leaf_kept(m, live, leaf, last, MODEL_WALK))
			return false;
	}
	return true;
}

bool model_keep(struct model *m)
{
	const struct model_snapshot *snapshot = m->snapshot;

	m->snapshot->keep_checks++;
	for (size_t i = 0; i < m->unit_count; i++) {
		const struct model_unit *unit = &m->units[i];

		if (snapshot->enabled[i] == unit->kind->enabled(unit) &&
			snapshot->root[i] == unit->kind->root(unit))
			continue;
		model_complain(m, "STILL: unit %zu was switched, or its root table moved", i);
		return false;
	}
	for (size_t i = 0; i < snapshot->live_count; i++)
		if (!live_kept(m, &snapshot->lives[i]))
			return false;
	return true;
}

static bool was_live(const struct model *m, const struct model_found *found)
{
	for (size_t i = 0; i < m->snapshot->live_count; i++)
		if (m->snapshot->lives[i].unit == found->unit &&
			m->snapshot->lives[i].domain == found->domain &&
			(uint16_t)m->snapshot->lives[i].rid == (uint16_t)found->rid)
			return true;
	return false;
}

/* Whether what the unit has cached under a domain ID is one to one. */
static void check_clean(struct model *m, const struct model_found *found, void *context)
{
	const struct model_cache *cache = &found->unit->cache;
	bool *clean = context;

	if (found->pass || was_live(m, found) || !context_sound(m, found))
		return;
	for (size_t i = 0; i < cache->capacity; i++) {
		const struct model_cached *entry = &cache->slots[i];

		if (entry->kind != MODEL_CACHE_LEAF || entry->domain != found->domain)
			continue;
		if (entry->fault || entry->value == entry->number << entry->size_lg2)
			continue;
		*clean = false;
		model_complain(m,
			"requester %x was admitted under domain ID %u, still cached with %llx",
			found->rid, found->domain, (unsigned long long)entry->value);
		return;
	}
}

bool model_clean(struct model *m)
{
	bool clean = true;

	for (size_t i = 0; i < m->unit_count; i++)
		contexts(m, &m->units[i], check_clean, &clean);
	return clean;
}

static void check_change(struct model *m, void *context)
{
	(void)context;
	if (!m->complaints && model_keep(m))
		model_clean(m);
}

void model_watch_keep(struct model *m)
{
	m->on_change = check_change;
	m->on_change_context = NULL;
}

static bool page_reached(
	struct model *m, struct model_unit *unit, qt_rid rid, qt_phys at, enum model_path path)
{
	struct model_translation translation = {at, QT_RW, 12};
	int fault = unit ? model_unit_translate(m, unit, rid, at, path, &translation) : 0;

	if (!fault && translation.phys == at && translation.perms == QT_RW)
		return true;
	model_complain(m, "REACH: requester %x, %llx: is %llx perms %u fault %d %s", rid,
		(unsigned long long)at, (unsigned long long)translation.phys, translation.perms,
		fault, path_names[path]);
	return false;
}

/* Behind an SMMUv3 messages are DMA. */
static bool doorbell_reached(
	struct model *m, struct model_unit *unit, qt_rid rid, enum model_path path)
{
	if (!unit || unit->config.vendor != MODEL_SMMU)
		return true;
	for (qt_phys at = MODEL_DOORBELL; at < MODEL_DOORBELL_END; at += MODEL_PAGE)
		if (!page_reached(m, unit, rid, at, path))
			return false;
	return true;
}

bool model_reach(struct model *m, qt_rid rid, enum model_path path)
{
	return model_reach_through(m, model_unit_of(m, rid), rid, path);
}

bool model_reach_through(struct model *m, struct model_unit *unit, qt_rid rid, enum model_path path)
{
	for (size_t i = 0; i < m->crash_count; i++) {
		qt_phys at = m->crash[i].start < QT_MIB(1) ? QT_MIB(1) : m->crash[i].start;

		for (; at < m->crash[i].end; at += MODEL_PAGE)
			if (!page_reached(m, unit, rid, at, path))
				return false;
	}
	return doorbell_reached(m, unit, rid, path);
}

void model_cold(struct model *m)
{
	for (size_t i = 0; i < m->unit_count; i++)
		model_cache_clear(&m->units[i].cache);
}

static void guard_leaf(struct sweep *sweep, const struct model_leaf *leaf)
{
	bool *holds = sweep->context;

	if (leaf->phys == leaf->iova || !leaf->perms ||
		!model_overlaps_crash(sweep->m, leaf->phys, 1ull << leaf->size_lg2))
		return;
	*holds = false;
	model_complain(sweep->m, "GUARD: IOVA %llx leads to %llx, into the crash region",
		(unsigned long long)leaf->iova, (unsigned long long)leaf->phys);
}

static void guard_context(struct model *m, const struct model_found *found, void *context)
{
	struct sweep sweep = sweep_of(m, found);

	sweep.leaf = guard_leaf;
	sweep.context = context;
	if (!found->pass && context_sound(m, found))
		sweep_table(&sweep, found->root, found->levels - 1, 0, found->perms);
}

bool model_guard(struct model *m)
{
	bool holds = true;

	for (size_t i = 0; i < m->unit_count; i++)
		contexts(m, &m->units[i], guard_context, &holds);
	return holds;
}

static uint64_t word_at(const uint8_t *page, unsigned index)
{
	uint64_t word;

	memcpy(&word, page + index * 8, 8);
	return word;
}

/*
 * Calls visit for every word outside the arena that differs from the crash in
 * other bits than those that hardware has set itself.
 */
static void differences(const struct model *m,
	void (*visit)(qt_phys at, uint64_t before, uint64_t after, void *context), void *context)
{
	for (const struct model_page *page = m->memory.all; page; page = page->next_all) {
		if (!page->before || memcmp(page->before, page->view[MODEL_CPU], MODEL_PAGE) == 0)
			continue;
		for (unsigned i = 0; i < MODEL_PAGE / 8; i++) {
			qt_phys at = page->number * MODEL_PAGE + i * 8;
			uint64_t before = word_at(page->before, i);
			uint64_t after = word_at(page->view[MODEL_CPU], i);

			if (before != after &&
				(before ^ after) & ~model_memory_flagged(&m->memory, at))
				visit(at, before, after, context);
		}
	}
}

/* The journal's stores, sorted by address; all to one word are one, from first to last. */
struct ledger_word {
	qt_phys at;
	uint64_t before, after;
	size_t order; /* in the journal */
};

struct ledger {
	struct model *m;
	struct ledger_word *words;
	size_t count;
	bool holds;
};

static int by_address(const void *a, const void *b)
{
	const struct ledger_word *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_address_and_order(const void *a, const void *b)
{
	const struct ledger_word *x = a, *y = b;
	int order = x->order < y->order ? -1 : x->order > y->order;

	return x->at == y->at ? order : by_address(a, b);
}

static void join_stores(struct ledger *ledger)
{
	size_t words = 0;

	qsort(ledger->words, ledger->count, sizeof(*ledger->words), by_address_and_order);
	for (size_t i = 0; i < ledger->count; i++) {
		struct ledger_word *last = &ledger->words[words ? words - 1 : 0];
		const struct ledger_word *word = &ledger->words[i];

		if (words && last->at == word->at && last->after == word->before)
			last->after = word->after;
		else
			ledger->words[words++] = *word;
	}
	ledger->count = words;
}

static void find_in_ledger(qt_phys at, uint64_t before, uint64_t after, void *context)
{
	struct ledger *ledger = context;
	uint64_t flagged = model_memory_flagged(&ledger->m->memory, at);
	struct ledger_word key = {.at = at};
	const struct ledger_word *word =
		bsearch(&key, ledger->words, ledger->count, sizeof(key), by_address);

	if (word && !((word->before ^ before) & ~flagged) && !((word->after ^ after) & ~flagged))
		return;
	ledger->holds = false;
	model_complain(ledger->m, "LEDGER: %llx was %llx, is %llx; the journal %s",
		(unsigned long long)at, (unsigned long long)before, (unsigned long long)after,
		word ? "has other values" : "does not have it");
}

bool model_ledger(struct model *m, const struct qt_journal *journal)
{
	struct ledger ledger = {.m = m, .holds = true};
	struct qt_journal_cursor cursor;
	struct qt_store store;

	ledger.words = calloc(journal->done + 1, sizeof(*ledger.words));
	if (!ledger.words)
		abort();
	qt_journal_seek(journal, 0, &cursor);
	for (; ledger.count < journal->done && qt_journal_next(journal, &cursor, &store);
		ledger.count++)
		ledger.words[ledger.count] =
			(struct ledger_word){store.at, store.before, store.after, ledger.count};
	if (ledger.count != journal->done) {
		model_complain(m, "LEDGER: the journal ends after %zu of %zu stores", ledger.count,
			journal->done);
		ledger.holds = false;
	}
	join_stores(&ledger);
	differences(m, find_in_ledger, &ledger);
	free(ledger.words);
	return ledger.holds;
}

static void complain_of_difference(qt_phys at, uint64_t before, uint64_t after, void *context)
{
	model_complain(context, "LEDGER: %llx was %llx and is %llx after undoing",
		(unsigned long long)at, (unsigned long long)before, (unsigned long long)after);
}

bool model_restored(struct model *m)
{
	differences(m, complain_of_difference, m);
	return model_words_changed(m) == 0;
}

static void count_difference(qt_phys at, uint64_t before, uint64_t after, void *context)
{
	size_t *count = context;

	(void)at;
	(void)before;
	(void)after;
	(*count)++;
}

size_t model_words_changed(const struct model *m)
{
	size_t count = 0;

	differences(m, count_difference, &count);
	return count;
}

bool model_forgotten(struct model *m)
{
	for (size_t i = 0; i < m->unit_count; i++) {
		const struct model_cache *cache = &m->units[i].cache;

		for (size_t j = 0; j < cache->capacity; j++) {
			const struct model_cached *entry = &cache->slots[j];

			if (entry->kind != MODEL_CACHE_TABLE && entry->kind != MODEL_CACHE_CONTEXT)
				continue;
			if (entry->fault || !model_in_arena(m, entry->value, MODEL_PAGE))
				continue;
			model_complain(m, "unit %zu still walks a table at %llx, in the arena", i,
				(unsigned long long)entry->value);
			return false;
		}
	}
	return true;
}
