/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Services on live domains: random sequences on the model machine against plain
 * sorted lists of what ought to translate, with all that an operation does not
 * concern checked after every single store, through every cache.
 */
#include "kinds.h"

#include <quietus/domain.h>

#define AUDIO QT_RID(0, 0, 0x20)
#define PASS  QT_RID(0, 0, 0x28) /* its DMA passes as it is */

#define PIECES_MAX  512
#define LIVES       3 /* of disk and NIC together, of the USB controller, of the audio device */
#define POOL_PAGES  600
#define ENTRIES_MAX 8192 /* of a table */

/* What ought to translate in one domain: sorted, neighbours that continue one another joined. */
struct reference {
	struct qt_mapping list[PIECES_MAX];
	size_t count;
};

struct bench {
	struct scenario s;
	const struct kind *kind;
	uint64_t page;  /* bytes of a table and of the smallest leaf */
	uint64_t large; /* bytes that a table of such leaves spans */
	struct model *m;
	struct qt_machine *machine;
	struct qt_page_pool pool;
	struct qt_pages pool_pages;
	struct qt_pages pages;
	unsigned allocs_left; /* before allocation fails */
	struct qt_live live[LIVES];
	struct qt_range lists[LIVES][PIECES_MAX];
	struct reference wanted[LIVES];
	/* The operation under way: what it may change. */
	int busy;
	struct qt_range range;
	uint64_t stores;
	struct model_entry entries[QT_LEVELS_MAX][ENTRIES_MAX]; /* of tables being looked at */
};

static const qt_rid users[LIVES][2] = {{NVME, NIC}, {USB, USB}, {AUDIO, AUDIO}};

/* References */

static void insert(struct reference *ref, size_t at, struct qt_mapping piece)
{
	assert_true(ref->count < PIECES_MAX);
	memmove(&ref->list[at + 1], &ref->list[at], (ref->count - at) * sizeof(piece));
	ref->list[at] = piece;
	ref->count++;
}

static void take_out(struct reference *ref, size_t at)
{
	ref->count--;
	memmove(&ref->list[at], &ref->list[at + 1], (ref->count - at) * sizeof(ref->list[0]));
}

static bool continues(const struct qt_mapping *a, const struct qt_mapping *b)
{
	return a->iova + a->size == b->iova && a->phys + a->size == b->phys && a->perms == b->perms;
}

static bool same(const struct qt_mapping *a, const struct qt_mapping *b)
{
	return a->iova == b->iova && a->phys == b->phys && a->size == b->size &&
	       a->perms == b->perms;
}

static struct qt_mapping a_mapping(qt_iova iova, qt_phys phys, uint64_t size, uint8_t perms)
{
	return (struct qt_mapping){.iova = iova, .phys = phys, .size = size, .perms = perms};
}

static void ref_add(struct reference *ref, struct qt_mapping piece)
{
	size_t at = 0;

	while (at < ref->count && ref->list[at].iova < piece.iova)
		at++;
	insert(ref, at, piece);
	if (at + 1 < ref->count && continues(&ref->list[at], &ref->list[at + 1])) {
		ref->list[at].size += ref->list[at + 1].size;
		take_out(ref, at + 1);
	}
	if (at > 0 && continues(&ref->list[at - 1], &ref->list[at])) {
		ref->list[at - 1].size += ref->list[at].size;
		take_out(ref, at);
	}
}

static uint64_t ref_remove(struct reference *ref, qt_iova start, qt_iova end)
{
	uint64_t removed = 0;

	for (size_t i = 0; i < ref->count;) {
		struct qt_mapping p = ref->list[i];
		qt_iova from = p.iova > start ? p.iova : start;
		qt_iova to = p.iova + p.size < end ? p.iova + p.size : end;

		if (from >= to) {
			i++;
			continue;
		}
		removed += to - from;
		take_out(ref, i);
		if (to < p.iova + p.size)
			insert(ref, i,
				a_mapping(
					to, p.phys + (to - p.iova), p.iova + p.size - to, p.perms));
		if (p.iova < from)
			insert(ref, i++, a_mapping(p.iova, p.phys, from - p.iova, p.perms));
	}
	return removed;
}

static bool ref_overlaps(const struct reference *ref, qt_iova start, qt_iova end)
{
	for (size_t i = 0; i < ref->count; i++)
		if (ref->list[i].iova < end && start < ref->list[i].iova + ref->list[i].size)
			return true;
	return false;
}

static const struct qt_mapping *ref_find(const struct reference *ref, qt_iova iova)
{
	for (size_t i = 0; i < ref->count; i++)
		if (iova >= ref->list[i].iova && iova - ref->list[i].iova < ref->list[i].size)
			return &ref->list[i];
	return NULL;
}

static void collect_leaf(void *context, const struct model_leaf *leaf)
{
	ref_add(context, a_mapping(leaf->iova, leaf->phys, 1ull << leaf->size_lg2, leaf->perms));
}

/* Whether a domain's tables are like a CPU's; a new domain's need not be like those found. */
static bool is_like_a_cpus(const struct bench *b, int i)
{
	return b->live[i].table.geometry.format == &qt_format_x86_64_first_stage;
}

static void collect(struct bench *b, int i, struct reference *found)
{
	const struct qt_table *table = &b->live[i].table;

	found->count = 0;
	assert_true(model_leaves(b->m, 0, table->root, table->geometry.levels, is_like_a_cpus(b, i),
		collect_leaf, found));
}

/* Checks */

/* One address of one requester, as the hardware finds it. */
static void check_point(struct bench *b, int i, qt_rid rid, qt_iova iova, enum model_path path)
{
	const struct qt_mapping *piece = ref_find(&b->wanted[i], iova);
	struct model_translation t;
	int fault = model_translate(b->m, rid, iova, path, &t);

	if (!piece && fault)
		return;
	if (piece && !fault && t.phys == piece->phys + (iova - piece->iova) &&
		t.perms == piece->perms)
		return;
	fail_msg("requester %x, IOVA %llx: fault %d, %llx perms %u instead of %llx perms %u, path "
		 "%d, %llu stores into [%llx, %llx)",
		rid, (unsigned long long)iova, fault, (unsigned long long)t.phys, t.perms,
		piece ? (unsigned long long)(piece->phys + (iova - piece->iova)) : 0,
		piece ? piece->perms : 0, path, (unsigned long long)b->stores,
		(unsigned long long)b->range.start, (unsigned long long)b->range.end);
}

static bool concerned(const struct bench *b, int i, qt_iova iova)
{
	return i == b->busy && iova >= b->range.start && iova < b->range.end;
}

static void check_everywhere(struct bench *b, int i, qt_iova iova)
{
	iova &= ~(qt_iova)(b->page - 1);
	if (b->live[i].table.root == 0 || iova >= qt_table_span(&b->live[i].table) ||
		concerned(b, i, iova))
		return;
	for (int user = 0; user < 2; user++)
		for (enum model_path path = MODEL_WALK; path <= MODEL_CACHED; path++)
			check_point(b, i, users[i][user], iova, path);
}

/* All ends of all that ought to translate, and the surroundings of the operation. */
static void check_points(struct bench *b)
{
	for (int i = 0; i < LIVES; i++) {
		const struct reference *ref = &b->wanted[i];

		for (size_t p = 0; p < ref->count; p++) {
			check_everywhere(b, i, ref->list[p].iova);
			check_everywhere(b, i, ref->list[p].iova + ref->list[p].size - b->page);
			check_everywhere(b, i, ref->list[p].iova + ref->list[p].size / 2);
			check_everywhere(b, i, ref->list[p].iova - b->page);
		}
	}
}

static void check_surroundings(struct bench *b)
{
	for (int i = 0; i < LIVES; i++) {
		check_everywhere(b, i, b->range.start - b->page);
		check_everywhere(b, i, b->range.end);
		check_everywhere(b, i, b->range.end + b->large);
		check_everywhere(b, i, b->range.start - b->large);
	}
}

/* Everything that translates in one domain, but for what the operation may change. */
static void check_table(struct bench *b, int i)
{
	static struct reference found, wanted;

	if (b->live[i].table.root == 0)
		return;
	collect(b, i, &found);
	wanted = b->wanted[i];
	if (i == b->busy) {
		ref_remove(&found, b->range.start, b->range.end);
		ref_remove(&wanted, b->range.start, b->range.end);
	}
	assert_int_equal(found.count, wanted.count);
	for (size_t p = 0; p < found.count; p++)
		if (!same(&found.list[p], &wanted.list[p]))
			fail_msg("%llx+%llx to %llx perms %u instead of %llx+%llx to %llx perms %u",
				(unsigned long long)found.list[p].iova,
				(unsigned long long)found.list[p].size,
				(unsigned long long)found.list[p].phys, found.list[p].perms,
				(unsigned long long)wanted.list[p].iova,
				(unsigned long long)wanted.list[p].size,
				(unsigned long long)wanted.list[p].phys, wanted.list[p].perms);
}

/* Which domain a cached translation is of, or -1: of one that nobody has any more. */
static int cached_for(const struct bench *b, const struct model_cached *entry)
{
	for (int i = 0; i < LIVES; i++)
		if (b->live[i].table.root &&
			(entry->kind == MODEL_CACHE_DEVICE
					? entry->space == users[i][0] || entry->space == users[i][1]
					: b->machine->domains[b->live[i].domain].id ==
						  entry->domain))
			return i;
	return -1;
}

/* Nothing that is cached differs from what ought to be. */
static void check_caches(const struct bench *b)
{
	const struct model_cache *cache = &b->m->units[0].cache;

	for (size_t n = 0; n < cache->capacity; n++) {
		const struct model_cached *entry = &cache->slots[n];
		qt_iova iova = entry->number << entry->size_lg2;
		const struct qt_mapping *piece;
		int i = -1;

		if (entry->kind == MODEL_CACHE_LEAF || entry->kind == MODEL_CACHE_DEVICE)
			i = cached_for(b, entry);
		if (i < 0)
			continue;
		piece = ref_find(&b->wanted[i], iova);
		if (entry->fault ? piece != NULL
				 : !piece || entry->value != piece->phys + (iova - piece->iova) ||
					   entry->perms != piece->perms ||
					   piece->iova + piece->size <
						   iova + (1ull << entry->size_lg2))
			fail_msg("domain %d, %llx: cached as %llx, size 2^%u", i,
				(unsigned long long)iova, (unsigned long long)entry->value,
				entry->size_lg2);
	}
}

static bool is_ours(const struct bench *b, qt_phys table)
{
	return b->pool_pages.pointer((void *)&b->pool, table, b->page) != NULL;
}

/* Pages that were allocated for a domain and not given back. */
static unsigned pages_used(const struct bench *b, int i)
{
	unsigned used = 0;

	for (size_t n = 0; n < b->pool.count; n++)
		used += b->pool.slots[n].owner == &b->live[i] &&
			b->pool.slots[n].state == QT_POOL_USED;
	return used;
}

/* Entries of a table. */
static unsigned entries_of(const struct bench *b)
{
	return (unsigned)(b->page / sizeof(uint64_t));
}

/* How a table's entries could be had with fewer: NULL if they could not. */
static const char *needless(
	const struct bench *b, int i, const struct model_entry *entries, unsigned level)
{
	const struct model_unit_config *config = &b->m->units[0].config;
	bool large = level == 0 ? is_like_a_cpus(b, i) || config->large_2m
				: level == 1 && (is_like_a_cpus(b, i) ? config->first_1g
								      : config->large_1g);
	unsigned lg2 = model_span_lg2(&b->m->units[0], level);
	unsigned count = entries_of(b), empty = 0, run = 0;
	uint64_t size = 1ull << lg2;

	for (unsigned n = 0; n < count; n++) {
		empty += entries[n].kind == MODEL_EMPTY;
		run += entries[n].kind == MODEL_LEAF && entries[n].size_lg2 == lg2 &&
		       entries[n].perms == entries[0].perms &&
		       entries[n].phys == entries[0].phys + n * size;
	}
	if (empty == count)
		return "is empty";
	return run == count && large && entries[0].phys % (size * count) == 0 ? "could be one leaf"
									      : NULL;
}

/*
 * No table of ours is left that is needed no more; what once was the root stays.
 * Returns how many there are.
 */
static unsigned check_tables(struct bench *b, int i, qt_phys table, unsigned level, bool is_root)
{
	const struct model_unit *unit = &b->m->units[0];
	struct model_entry *entries = b->entries[level];
	unsigned ours = is_ours(b, table);
	const char *what;

	for (unsigned n = 0; n < entries_of(b); n++) {
		unit->kind->entry(b->m, unit, is_like_a_cpus(b, i), level,
			model_peek(b->m, table + n * 8), &entries[n]);
		if (entries[n].kind == MODEL_TABLE)
			ours += check_tables(
				b, i, entries[n].phys, entries[n].next_level, is_root && n == 0);
	}
	what = is_root || !is_ours(b, table) ? NULL : needless(b, i, entries, level);
	if (what)
		fail_msg("table %llx of level %u %s", (unsigned long long)table, level, what);
	return ours;
}

static void check_iovas(const struct bench *b, int i)
{
	struct qt_range list[PIECES_MAX];
	struct qt_ranges used = {list, 0, PIECES_MAX};
	const struct qt_ranges *known = &b->live[i].occupancy.used;

	for (size_t p = 0; p < b->wanted[i].count; p++)
		assert_int_equal(qt_ranges_add(&used, b->wanted[i].list[p].iova,
					 b->wanted[i].list[p].iova + b->wanted[i].list[p].size),
			0);
	assert_int_equal(known->count, used.count);
	assert_memory_equal(known->list, list, used.count * sizeof(list[0]));
}

static void after_change(struct model *m, void *context)
{
	struct bench *b = context;
	qt_phys at = m->store_count ? m->stores[m->store_count - 1].at : 0;

	b->stores++;
	/* What the takeover made is shared, or may come to be: only our own pages change. */
	if (model_in_arena(m, at, 8) && !is_ours(b, at & ~(qt_phys)(b->page - 1)))
		fail_msg("a store to %llx, a shared table", (unsigned long long)at);
	check_surroundings(b);
	/* A long row of alike stores need not be looked at as closely. */
	if (b->stores > 12 && !model_random_chance(&m->random, 2))
		return;
	check_points(b);
	if (!model_random_chance(&m->random, 10))
		return;
	/* A new root is not where the unit looks yet, as long as stores are held up on the way. */
	for (int i = 0; i < LIVES; i++)
		if (i != b->busy || !m->units[0].config.write_buffer)
			check_table(b, i);
}

static void check_all(struct bench *b)
{
	b->busy = -1;
	for (int i = 0; i < LIVES; i++) {
		const struct qt_table *table = &b->live[i].table;

		check_table(b, i);
		check_iovas(b, i);
		if (table->root)
			assert_int_equal(
				check_tables(b, i, table->root, table->geometry.levels - 1u, true),
				pages_used(b, i));
	}
	check_points(b);
	check_surroundings(b);
	check_caches(b);
	assert_string_equal(b->m->complaint, "");
}

/* Pages that can run out, are checked, and hold poison when they are free. */

static void *bench_alloc(void *context, size_t size, qt_phys *at, const void *owner)
{
	struct bench *b = context;

	if (b->allocs_left == 0)
		return NULL;
	b->allocs_left--;
	return b->pool_pages.alloc(&b->pool, size, at, owner);
}

static void bench_retire(void *context, qt_phys at, const void *owner)
{
	struct bench *b = context;

	assert_non_null(b->pool_pages.pointer(&b->pool, at, b->page));
	assert_int_equal(b->pool.slots[(at - b->pool.phys) / b->page].state, QT_POOL_USED);
	assert_ptr_equal(b->pool.slots[(at - b->pool.phys) / b->page].owner, owner);
	b->pool_pages.retire(&b->pool, at, owner);
}

static void bench_reclaim(void *context, const void *owner, bool all)
{
	struct bench *b = context;
	bool was_free[POOL_PAGES];

	for (size_t i = 0; i < b->pool.count; i++)
		was_free[i] = b->pool.slots[i].state == QT_POOL_FREE;
	b->pool_pages.reclaim(&b->pool, owner, all);
	for (size_t i = 0; i < b->pool.count; i++)
		if (!was_free[i] && b->pool.slots[i].state == QT_POOL_FREE)
			memset(b->pool.base + i * b->page, 0xff, b->page);
}

static void *bench_pointer(void *context, qt_phys at, size_t len)
{
	struct bench *b = context;

	return b->pool_pages.pointer(&b->pool, at, len);
}

/* Machines */

static uint64_t below(struct bench *b, uint64_t bound)
{
	return model_random_below(&b->m->random, bound);
}

static bool chance(struct bench *b, unsigned percent)
{
	return model_random_chance(&b->m->random, percent);
}

/* Bytes that a table of the smallest leaves spans. */
static uint64_t large_of_kind(const struct kind *kind)
{
	uint64_t page = page_of_kind(kind);

	return page * (page / sizeof(uint64_t));
}

static struct model *new_machine(const struct kind *kind, unsigned seed)
{
	/* Each with what the others have in its turn: see unit_of_kind(). */
	static const unsigned varieties[] = {
		1, 2 + 4, 1 + 16 + 32, 0, 1 + 2 + 8, 1 + 4 + 32, 2 + 16, 63};
	struct model_unit_config unit =
		unit_of_kind(kind, varieties[seed % QT_ARRAY_SIZE(varieties)]);
	const uint64_t own = QT_STAGE_MEMORY_SIZE + POOL_PAGES * page_of_kind(kind);
	const struct qt_range crash = crash_of_kind(kind, own);

	return machine_new((struct model_config){.crash = &crash,
		.crash_count = 1,
		.arena = arena_in(&crash, own),
		.units = &unit,
		.unit_count = 1,
		.seed = seed});
}

/* Leaves of all sizes, neighbours of the crash region, permissions, emptied tables. */
static void fill_domain(struct model *m, const struct kind *kind, struct model_domain *domain)
{
	const struct model_unit_config *unit = &m->units[0].config;
	uint64_t page = page_of_kind(kind), large = large_of_kind(kind);

	model_map(
		m, domain, QT_GIB(8), QT_GIB(5), unit->large_1g ? QT_GIB(1) : QT_MIB(4), QT_RW, 2);
	model_map(m, domain, QT_GIB(16), QT_GIB(4), unit->large_2m ? 4 * large : large, QT_RW, 1);
	model_map(m, domain, QT_GIB(16) + 8 * large, QT_GIB(4), large, QT_READ, 1);
	model_map(m, domain, QT_GIB(4) - 64 * page, QT_MIB(300), 48 * page, QT_RW, 0);
	model_map(m, domain, QT_GIB(4) - 8 * page, QT_MIB(400), page, QT_WRITE, 0);
	model_map(m, domain, m->crash[0].start - 8 * page, QT_MIB(200), 3 * page, QT_RW, 0);
	model_map(m, domain, QT_GIB(5), QT_MIB(300), QT_MIB(4), QT_RW, 0);
	model_unmap(m, domain, QT_GIB(5), QT_MIB(4));
}

/* Pages of sizes between those of the levels, and tables that skip one. */
static void fill_amd_domain(struct model *m, struct model_domain *domain)
{
	qt_phys table = model_page(m);

	model_map(m, domain, QT_MIB(560), QT_MIB(200), MODEL_PAGE, QT_RW, 0); /* makes the tables */
	model_amdvi_map_sized(m, domain, QT_MIB(560) + 8 * MODEL_PAGE, QT_MIB(210), 0, 15);
	model_amdvi_map_sized(m, domain, QT_MIB(560) + 128 * MODEL_PAGE, QT_MIB(211), 0, 19);
	model_amdvi_map_sized(m, domain, QT_MIB(568), QT_MIB(216), 1, 23);
	model_map(m, domain, QT_GIB(64), QT_MIB(300), MODEL_PAGE, QT_RW, 0); /* and again */
	model_amdvi_skip(m, domain, QT_GIB(64), 2, 1, table);
	model_poke(m, table + 3 * 8, QT_MIB(320) | 3ull << 61 | 1ull << 60 | 1);
	model_poke(m, table + 511 * 8, QT_MIB(321) | 1ull << 61 | 1ull << 60 | 1);
}

/* What was unmapped without a flush, under the ID that a new domain gets first. */
static void leave_stale_id(struct model *m, const struct kind *kind)
{
	struct model_domain *domain = domain_of_kind(m, kind, kind->levels, 0xffff);

	model_map(m, domain, QT_GIB(5), QT_MIB(300), page_of_kind(kind), QT_RW, 0);
	model_attach(m, domain, AUDIO, 0);
	model_touch(m, AUDIO, QT_GIB(5));
	model_detach(m, 0, AUDIO);
}

static struct model *filled_machine(const struct kind *kind, unsigned seed)
{
	struct model *m = new_machine(kind, seed);
	struct model_domain *shared, *own;

	shared = domain_of_kind(m, kind, kind->levels, 5);
	own = domain_of_kind(m, kind, kind->few_levels, 6);
	shared->flags = own->flags = m->units[0].config.flags;
	add_function(m, NVME, CLASS_NVME);
	add_function(m, NIC, CLASS_NIC);
	add_function(m, USB, CLASS_USB);
	add_function(m, AUDIO, 0x040300);
	add_function(m, PASS, CLASS_USB);
	model_attach_pass(m, 0, PASS);
	fill_domain(m, kind, shared);
	fill_domain(m, kind, own);
	if (kind->amd && !kind->guest) {
		fill_amd_domain(m, shared);
		fill_amd_domain(m, own);
	}
	leave_stale_id(m, kind);
	model_attach(m, shared, NVME, seed & 1);
	if (seed & 1) {
		model_add_pcie(model_function(m, NVME), QT_PCIE_ENDPOINT);
		model_add_ats(model_function(m, NVME));
	}
	model_attach(m, shared, NIC, 0);
	model_attach(m, own, USB, 0);
	return m;
}

static size_t requester_of(const struct bench *b, qt_rid rid)
{
	for (size_t i = 0; i < b->machine->requester_count; i++)
		if (b->machine->requesters[i].rid == rid)
			return i;
	fail_msg("no requester %x", rid);
	return 0;
}

static void adopt(struct bench *b, int i)
{
	const struct qt_requester *requester =
		&b->machine->requesters[requester_of(b, users[i][0])];

	assert_true(requester->domain >= 0);
	assert_int_equal(qt_live_adopt(&b->live[i], b->machine, (size_t)requester->domain,
				 &b->pages, b->lists[i], PIECES_MAX),
		0);
	collect(b, i, &b->wanted[i]);
}

static void give_new_domain(struct bench *b, int i)
{
	assert_int_equal(qt_live_new(&b->live[i], b->machine, 0, QT_GIB(64), &b->pages, b->lists[i],
				 PIECES_MAX),
		0);
	b->wanted[i].count = 0;
	assert_int_equal(qt_live_attach(&b->live[i], requester_of(b, users[i][0])), 0);
	check_caches(b);
	check_point(b, i, users[i][0], QT_GIB(5), MODEL_CACHED);
}

/*
 * Opens every domain of a machine: as the dead kernel left it, or as a takeover
 * did, with the crash region mapped by tables that all of them share.
 */
static struct bench *open_bench(const struct kind *kind, unsigned seed, bool taken_over)
{
	struct bench *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->kind = kind;
	b->page = page_of_kind(kind);
	b->large = large_of_kind(kind);
	b->m = filled_machine(kind, seed);
	if (taken_over)
		scenario_run(&b->s, b->m);
	else
		scenario_plan(&b->s, b->m);
	assert_string_equal(b->m->complaint, "");
	if (taken_over)
		assert_int_equal(b->s.verified, 0);
	b->m->on_change = NULL;
	b->machine = &b->s.machine;
	b->machine->deadline_us = 0;
	assert_int_equal(qt_page_pool_init(&b->pool, &b->m->arena, b->page, POOL_PAGES), 0);
	b->pool_pages = qt_page_pool_pages(&b->pool);
	b->pages = (struct qt_pages){b, bench_alloc, bench_retire, bench_reclaim, bench_pointer};
	b->allocs_left = UINT32_MAX;
	b->busy = -1;
	adopt(b, 0);
	adopt(b, 1);
	if (taken_over)
		adopt(b, 2);
	else
		give_new_domain(b, 2);
	check_all(b);
	b->m->on_change = after_change;
	b->m->on_change_context = b;
	return b;
}

static void close_bench(struct bench *b)
{
	scenario_free(&b->s);
	free(b);
}

/* Operations */

static qt_iova interesting_iova(struct bench *b, int i)
{
	const qt_iova places[] = {QT_GIB(8), QT_GIB(9), QT_GIB(16), QT_GIB(16) + 8 * b->large,
		QT_GIB(4) - 64 * b->page, b->m->crash[0].start, b->m->crash[0].end,
		b->m->crash[0].start - 8 * b->page, QT_GIB(5), QT_GIB(20), 0, QT_GIB(1),
		QT_MIB(560), QT_MIB(568), QT_GIB(64), QT_GIB(64) + b->large, QT_GIB(512),
		QT_GIB(256 * 1024), QT_GIB(128 * 1024)};
	const struct reference *ref = &b->wanted[i];
	qt_iova iova = places[below(b, QT_ARRAY_SIZE(places))];

	if (ref->count && chance(b, 50)) {
		const struct qt_mapping *piece = &ref->list[below(b, ref->count)];

		iova = piece->iova + (chance(b, 50) ? piece->size : 0);
	}
	if (chance(b, 30))
		iova += below(b, QT_MIB(8));
	else if (chance(b, 60) && iova > QT_MIB(4))
		iova += b->page * below(b, 16) - 8 * b->page;
	return iova & ~(qt_iova)((chance(b, 30) ? b->large : b->page) - 1);
}

static uint64_t interesting_size(struct bench *b)
{
	switch (below(b, 8)) {
	case 0:
		return b->large * (1 + below(b, 3));
	case 1:
		return b->large + b->page * below(b, 40);
	case 2:
		return chance(b, 10) && b->m->units[0].config.large_2m ? QT_GIB(1) : QT_MIB(1);
	default:
		return b->page * (1 + below(b, 20));
	}
}

static void begin(struct bench *b, int i, qt_iova start, uint64_t size)
{
	b->busy = i;
	b->range = (struct qt_range){start, start + size};
	b->stores = 0;
	/* DMA fills the caches, also with what is about to go. */
	for (int n = 0; n < 4; n++)
		model_touch(b->m, users[i][0], start + b->page * below(b, size / b->page));
}

/* Hardware has to be told, unless only something new is there and it caches no absences. */
static void settle_caches(struct bench *b, int i)
{
	const struct model_unit_config *unit = &b->m->units[0].config;
	bool remembers_nothing = b->kind->amd ? unit->amdvi.np_cache : unit->caching_mode;
	unsigned what = b->live[i].stale.what;

	if (what == 0 || (what == QT_STALE_ADDED && !remembers_nothing && !unit->write_buffer &&
				 chance(b, 70)))
		return;
	assert_int_equal(qt_live_flush(&b->live[i]), 0);
	assert_int_equal(b->live[i].stale.what, 0);
	check_caches(b);
}

/* Whether a table reaches so far, or with `grown` set can be made to. */
static bool in_reach(const struct bench *b, int i, qt_iova end, bool grown)
{
	unsigned levels = b->live[i].table.geometry.levels, bits;

	if (is_like_a_cpus(b, i))
		return end <= 1ull << (model_span_lg2(&b->m->units[0], levels) - 1);
	if (b->kind->amd && grown)
		levels = b->m->units[0].config.amdvi.levels_max;
	bits = model_span_lg2(&b->m->units[0], levels);
	if (b->kind->smmu && bits > 48)
		bits = 48;
	return bits >= 64 || end <= 1ull << bits;
}

/* Whether what can be written can always be read. */
static bool writes_read(const struct bench *b, int i)
{
	return is_like_a_cpus(b, i) || (b->kind->smmu && !b->kind->stage2);
}

/* What comes of an attempt to map, as far as it does not run out of pages. */
static int map_outcome(const struct bench *b, int i, qt_iova iova, uint64_t size, unsigned perms)
{
	if (!in_reach(b, i, iova + size, true))
		return QT_E_INVAL;
	if (ref_overlaps(&b->wanted[i], iova, iova + size))
		return QT_E_BUSY;
	return writes_read(b, i) && perms == QT_WRITE ? QT_E_UNSUPPORTED : 0;
}

static void do_map_to(struct bench *b, int i, const struct qt_mapping *piece)
{
	int error, expected = map_outcome(b, i, piece->iova, piece->size, piece->perms);

	begin(b, i, piece->iova, piece->size);
	b->allocs_left = chance(b, 10) ? (unsigned)below(b, 4) : UINT32_MAX;
	error = qt_live_map(&b->live[i], piece->iova, piece->phys, piece->size, piece->perms);
	b->allocs_left = UINT32_MAX;
	if (error != QT_E_NOMEM)
		assert_int_equal(error, expected);
	if (error == 0)
		ref_add(&b->wanted[i], *piece);
	settle_caches(b, i);
}

static void do_map(struct bench *b, int i, qt_iova iova, uint64_t size)
{
	static const uint8_t choices[] = {QT_RW, QT_RW, QT_READ, QT_WRITE};
	struct qt_mapping piece = {
		.iova = iova, .size = size, .perms = choices[below(b, QT_ARRAY_SIZE(choices))]};

	piece.phys = QT_GIB(4) + (below(b, QT_MIB(512)) & ~(qt_phys)(b->page - 1));
	if (chance(b, 40))
		piece.phys = (piece.phys & ~(b->large - 1)) | (iova & (b->large - 1));
	do_map_to(b, i, &piece);
}

static void do_unmap(struct bench *b, int i, qt_iova iova, uint64_t size)
{
	uint64_t unmapped, expected;
	int error;

	begin(b, i, iova, size);
	b->allocs_left = chance(b, 10) ? (unsigned)below(b, 4) : UINT32_MAX;
	error = qt_live_unmap(&b->live[i], iova, size, &unmapped);
	b->allocs_left = UINT32_MAX;
	if (!in_reach(b, i, iova + size, false)) {
		assert_int_equal(error, QT_E_INVAL);
	} else if (error) {
		assert_int_equal(error, QT_E_NOMEM);
		assert_int_equal(qt_live_unmap(&b->live[i], iova, size, &unmapped), 0);
		ref_remove(&b->wanted[i], iova, iova + size);
	} else {
		expected = ref_remove(&b->wanted[i], iova, iova + size);
		assert_int_equal(unmapped, expected);
	}
	settle_caches(b, i);
}

/* Unmaps something that is mapped, and maps it again as it was: in one piece or in two. */
static void do_restore(struct bench *b, int i, uint64_t size)
{
	struct reference *ref = &b->wanted[i];
	struct qt_mapping piece, rest;

	if (ref->count == 0)
		return;
	piece = ref->list[below(b, ref->count)];
	if (size < piece.size) {
		uint64_t skip = below(b, (piece.size - size) / b->page + 1) * b->page;

		piece = a_mapping(piece.iova + skip, piece.phys + skip, size, piece.perms);
	}
	do_unmap(b, i, piece.iova, piece.size);
	rest = piece;
	piece.size = below(b, piece.size / b->page) * b->page;
	rest.iova += piece.size;
	rest.phys += piece.size;
	rest.size -= piece.size;
	do_map_to(b, i, &rest);
	if (piece.size)
		do_map_to(b, i, &piece);
}

static void do_allocate(struct bench *b, int i, uint64_t size)
{
	qt_iova iova;
	uint64_t align = 1ull << below(b, 22);
	int error = qt_live_allocate(&b->live[i], size, align, QT_MIB(1), QT_GIB(32), &iova);

	assert_int_equal(error, 0);
	assert_int_equal(iova & (align - 1), 0);
	assert_false(ref_overlaps(&b->wanted[i], iova, iova + size));
	assert_int_equal(qt_occupancy_free(&b->live[i].occupancy, iova, size), 0);
	do_map(b, i, iova, size);
}

static void do_lookup(struct bench *b, int i, qt_iova iova)
{
	const struct qt_mapping *piece = ref_find(&b->wanted[i], iova);
	struct qt_mapping found;
	int error = qt_live_lookup(&b->live[i], iova, &found);

	assert_int_equal(error, piece ? 0 : QT_E_NOTFOUND);
	if (!piece)
		return;
	assert_int_equal(found.phys + (iova - found.iova), piece->phys + (iova - piece->iova));
	assert_int_equal(found.perms, piece->perms);
}

static void step(struct bench *b)
{
	int i = (int)below(b, LIVES);
	qt_iova iova = interesting_iova(b, i);
	uint64_t size = interesting_size(b);

	switch (below(b, 10)) {
	case 0:
		do_lookup(b, i, iova);
		break;
	case 1:
		do_allocate(b, i, size < QT_GIB(1) ? size : b->page);
		break;
	case 2:
		do_restore(b, i, size);
		break;
	case 3:
	case 4:
	case 5:
		do_map(b, i, iova, size);
		break;
	default:
		do_unmap(b, i, iova, size);
		break;
	}
	check_all(b);
}

static bool is_refused(struct bench *b, qt_rid rid, qt_iova iova)
{
	struct model_translation t;

	return model_translate(b->m, rid, iova, MODEL_CACHED, &t) != 0;
}

static void release(struct bench *b, int i, qt_rid rid)
{
	const struct qt_mapping piece =
		b->wanted[i].count ? b->wanted[i].list[0] : (struct qt_mapping){0};

	b->busy = i;
	b->range = (struct qt_range){0, UINT64_MAX};
	assert_int_equal(qt_live_release(b->machine, requester_of(b, rid), &b->live[i]), 0);
	assert_true(is_refused(b, rid, piece.iova));
	b->busy = -1;
}

/* One device after the other loses all it had; what it shared stays the others'. */
static void release_all(struct bench *b)
{
	struct model_translation t;

	b->m->on_change = NULL;
	release(b, 0, NIC);
	for (size_t p = 0; p < b->wanted[0].count; p++) {
		const struct qt_mapping *piece = &b->wanted[0].list[p];

		assert_int_equal(model_translate(b->m, NVME, piece->iova, MODEL_CACHED, &t), 0);
		assert_int_equal(t.phys, piece->phys);
		assert_true(is_refused(b, NIC, piece->iova));
	}
	release(b, 2, AUDIO);
	release(b, 0, NVME);
	assert_int_equal(qt_live_attach(&b->live[1], requester_of(b, PASS)), QT_E_BUSY);
	assert_int_equal(model_translate(b->m, PASS, QT_GIB(1), MODEL_CACHED, &t), 0);
	assert_int_equal(qt_live_release(b->machine, requester_of(b, PASS), NULL), 0);
	assert_true(is_refused(b, PASS, QT_GIB(1)));
	release(b, 1, USB);
	assert_int_equal(b->live[0].table.root, 0);
	assert_int_equal(b->pool.used, 0);
	check_caches(b);
}

/* What is released can be used again, with nothing of the past in it: another root, even. */
static void use_again(struct bench *b, unsigned other)
{
	const qt_iova iova = QT_GIB(4) - 64 * b->page;
	qt_phys taken;

	for (unsigned n = 0; n < other; n++)
		assert_non_null(b->pool_pages.alloc(&b->pool, b->page, &taken, b));
	give_new_domain(b, 1);
	b->pool_pages.reclaim(&b->pool, b, true);
	assert_true(is_refused(b, USB, iova));
	assert_int_equal(qt_live_map(&b->live[1], iova, QT_GIB(5), b->page, QT_READ), 0);
	assert_int_equal(qt_live_flush(&b->live[1]), 0);
	ref_add(&b->wanted[1], a_mapping(iova, QT_GIB(5), b->page, QT_READ));
	check_table(b, 1);
	check_point(b, 1, USB, iova, MODEL_CACHED);
	release(b, 1, USB);
	assert_int_equal(b->pool.used, 0);
	assert_string_equal(b->m->complaint, "");
}

static void run_random(const struct kind *kind, unsigned seed, bool taken_over)
{
	struct bench *b = open_bench(kind, seed, taken_over);
	size_t arena;

	if (getenv("QT_VERBOSE"))
		print_message("%s, seed %u\n", kind->name, seed);
	for (int n = 0; n < 30; n++)
		step(b);
	release_all(b);
	/* What entries are in once, they stay in: nothing more is taken for them. */
	use_again(b, 0);
	arena = b->m->arena.used;
	use_again(b, 1);
	assert_int_equal(b->m->arena.used, arena);
	close_bench(b);
}

/* Every other seed: the two tests share the varieties between them. */
static void run_all(bool taken_over)
{
	unsigned runs = getenv("QT_RUNS") ? (unsigned)atoi(getenv("QT_RUNS")) : 4;

	for (size_t k = 0; k < QT_ARRAY_SIZE(kinds); k++)
		for (unsigned n = 0; n < runs; n++)
			run_random(&kinds[k], 2 * n + (taken_over ^ (k & 1)), taken_over);
}

static void test_random_operations(void **state)
{
	(void)state;
	run_all(false);
}

static void test_random_operations_after_a_takeover(void **state)
{
	(void)state;
	run_all(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_operations),
		cmocka_unit_test(test_random_operations_after_a_takeover),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
