/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Installing the capture mapping: for any table, window, and entry of the table, no store
 * replaces an entry below which something translates (KEEP: hardware that finds a
 * translation has read no other entries), and each entry of the window comes to lead to the
 * capture mapping (REACH).
 *
 * By induction over the levels: what is proved of a table is assumed of those that its entries
 * lead to, whose call is the harness's here, install_below; that they are called as
 * is assumed of a table is proved. So there is no bound to how many tables there are.
 *
 * The format is any: a word means any entry that `format` proves decoding to give. Of
 * qt_subtree_empty it is only used that below what it finds empty nothing translates;
 * what stands in place of an entry is for qt_capture_entry to say.
 *
 * Bounds: tables of 512 entries, in up to 5 levels, at level 0, 1 and 3: at 3 an entry may
 * skip levels. A window meets up to SLOTS entries, read two at a time instead of 64. What is
 * left out: more of them, one after the other; granules of 16 and 64 KiB, and roots
 * of several tables in a row, by which only the numbers of bits change.
 */
#include "../../../core/table/walk.h"

#include "../prove.h"

struct install;
static int install_below(const struct install *in, unsigned level, qt_phys page, uint64_t base);

#include "../../../core/table/install.c"

#define SLOTS 3u

static struct qt_table table;
static struct install window;
static unsigned table_level;

/* One entry of the table, of which all is proved, and what became of it. */
static struct {
	qt_phys at;
	uint64_t base, raw;
	struct qt_entry entry;
	bool empty_below, replaced, gone_below;
} probe;

static uint64_t last_of(unsigned level, uint64_t base)
{
	return base + (((uint64_t)qt_table_entries(&table.geometry, level)
			       << qt_level_lg2(&table.geometry, level)) -
			      1);
}

/* What a table is called with. */
static bool is_met(const struct install *in, unsigned level, qt_phys page, uint64_t base)
{
	uint64_t last = last_of(level, base);

	return level < table.geometry.levels && page % 4096 == 0 && last > base &&
	       (base & (last - base)) == 0 && in->first <= in->last && in->first <= last &&
	       in->last >= base;
}

static int any_result(void)
{
	return nondet_bool() ? QT_OK : nondet_bool() ? QT_E_BUSY : QT_E_BAD;
}

static int install_below(const struct install *in, unsigned level, qt_phys page, uint64_t base)
{
	uint64_t slot_last = base + ((1ull << qt_level_lg2(&table.geometry, table_level)) - 1);

	CHECK(is_met(in, level, page, base), "a table that the window meets");
	if (in != &window) {
		CHECK(table.geometry.denied == 0 && in->last < qt_table_reach(&table) &&
				level + 1u == table.geometry.levels && page == table.root &&
				base == 0,
			"the root of tables that a device may use");
		return any_result();
	}
	CHECK((in->last < slot_last ? in->last : slot_last) <= last_of(level, base),
		"a table that spans all of the window in its slot");
	if (base == probe.base) {
		CHECK(probe.entry.kind == QT_ENTRY_TABLE && level == probe.entry.next_level &&
				page == probe.entry.output && probe.entry.perms == QT_RW,
			"a way down that lets everything through");
		probe.gone_below = true;
	}
	return any_result();
}

static struct qt_entry any_entry(unsigned level)
{
	struct qt_entry entry = {.kind = nondet_u8(),
		.perms = nondet_u8(),
		.next_level = nondet_u8(),
		.size_lg2 = nondet_u8(),
		.output = nondet_u64()};

	ASSUME(entry.kind <= QT_ENTRY_BAD && entry.perms <= QT_RW);
	if (entry.kind == QT_ENTRY_TABLE)
		ASSUME(entry.next_level < level && (entry.output & 4095) == 0);
	if (entry.kind == QT_ENTRY_LEAF)
		ASSUME(entry.size_lg2 >= qt_level_lg2(&table.geometry, level) &&
			entry.size_lg2 < 64 &&
			(entry.output & ((1ull << entry.size_lg2) - 1)) == 0);
	return entry;
}

/* What was read last, for decoding. */
static qt_phys read_at;

int qt_reader_words(struct qt_reader *reader, qt_phys at, uint64_t *words, unsigned n)
{
	(void)reader;
	CHECK(n > 0 && n <= QT_RUN && at % 8 == 0 && at >= table.root &&
			at - table.root + n * 8 <=
				8ull * qt_table_entries(&table.geometry, table_level),
		"only the entries of a table are read");
	read_at = at;
	for (unsigned i = 0; i < QT_RUN; i++)
		if (i < n)
			words[i] = at + i * 8 == probe.at ? probe.raw : nondet_u64();
	return nondet_bool() ? QT_OK : QT_E_OUTSIDE;
}

static void decode_any(const struct qt_geometry *g, unsigned level, const uint64_t *raw, unsigned n,
	struct qt_entry *entries)
{
	(void)g;
	(void)raw;
	for (unsigned i = 0; i < QT_RUN; i++)
		if (i < n)
			entries[i] = read_at + i * 8 == probe.at ? probe.entry : any_entry(level);
}

static const struct qt_format any_format = {.decode = decode_any};

int qt_subtree_empty(struct qt_reader *reader, const struct qt_geometry *g,
	const struct qt_entry *entry, uint64_t base, struct qt_table_fault *fault)
{
	int result = any_result();

	(void)reader;
	(void)g;
	(void)fault;
	CHECK(entry->kind == QT_ENTRY_TABLE, "only a table has a subtree");
	if (base == probe.base)
		probe.empty_below = result == QT_OK;
	return result;
}

/* What was asked for last. */
static uint64_t made, made_base;

int qt_capture_entry(struct qt_capture *capture, unsigned level, uint64_t base, uint64_t *entry)
{
	(void)capture;
	CHECK(level == table_level, "an entry for the table's level");
	made = *entry = nondet_u64();
	made_base = base;
	return nondet_bool() ? QT_OK : QT_E_NOMEM;
}

static int take_store(void *context, const struct qt_store *store)
{
	(void)context;
	CHECK((store->at == probe.at) == (made_base == probe.base) && store->after == made,
		"what was made for an entry goes to its own place");
	if (store->at == probe.at) {
		CHECK(store->before == probe.raw, "its old value is in the journal");
		CHECK(probe.entry.kind == QT_ENTRY_EMPTY ||
				(probe.entry.kind == QT_ENTRY_TABLE && probe.empty_below),
			"KEEP: what is replaced translates nothing");
		probe.replaced = true;
	}
	return nondet_bool() ? QT_OK : QT_E_NOMEM;
}

/* Tables of 512 entries in as many levels as there can be. */
static void any_geometry(void)
{
	table.geometry = (struct qt_geometry){.format = &any_format,
		.levels = nondet_u8(),
		.granule_lg2 = 12,
		.index_lg2 = 9,
		.denied = nondet_u8() & QT_RW,
		.accessed_dirty = nondet_bool()};
	ASSUME(table.geometry.levels >= 1 && table.geometry.levels < QT_LEVELS_MAX);
}

/* Some addresses, from the lowest on, that a device can send to. */
uint64_t qt_table_reach(const struct qt_table *of)
{
	CHECK(of == &table, "the table");
	return last_of(table.geometry.levels - 1u, 0) + 1;
}

static void entering(void)
{
	struct qt_range range = {nondet_u64(), nondet_u64()};

	qt_install(NULL, &table, NULL, range, nondet_bool(), take_store, NULL, NULL);
}

static void any_probe(uint64_t base, unsigned slots)
{
	unsigned index = nondet_u16();

	ASSUME(index < slots);
	probe.at = table.root + index * 8;
	probe.base = base + ((uint64_t)index << qt_level_lg2(&table.geometry, table_level));
	probe.raw = nondet_u64();
	probe.entry = any_entry(table_level);
}

/* Whether the entry is one for addresses of the window. */
static bool is_wanted(void)
{
	unsigned lg2 = qt_level_lg2(&table.geometry, table_level);

	return probe.base >> lg2 >= window.first >> lg2 && probe.base >> lg2 <= window.last >> lg2;
}

static void install(uint64_t base, uint64_t last)
{
	unsigned lg2 = qt_level_lg2(&table.geometry, table_level);
	uint64_t first = window.first > base ? window.first : base;

	last = window.last < last ? window.last : last;
	ASSUME((last >> lg2) - (first >> lg2) < SLOTS);
	if (install_table(&window, table_level, table.root, base) != QT_OK)
		return;
	CHECK(!probe.replaced || is_wanted(), "only entries of the window are replaced");
	CHECK(window.partial || !is_wanted() || probe.replaced || probe.gone_below ||
			(probe.entry.kind == QT_ENTRY_LEAF &&
				leaf_agrees(&probe.entry, probe.base)),
		"REACH: every entry of the window leads to the capture mapping");
}

static void any_table_at(unsigned level)
{
	uint64_t base = nondet_u64();

	table_level = level;
	ASSUME(level < table.geometry.levels);
	window = (struct install){.geometry = &table.geometry,
		.first = nondet_u64(),
		.last = nondet_u64(),
		.partial = nondet_bool(),
		.add = take_store};
	ASSUME(base < 1ull << 63 && is_met(&window, level, table.root, base));
	any_probe(base, qt_table_entries(&table.geometry, level));
	install(base, last_of(level, base));
}

static void level_0(void)
{
	any_table_at(0);
}

static void level_1(void)
{
	any_table_at(1);
}

static void level_3(void)
{
	any_table_at(3);
}

int main(void)
{
	any_geometry();
	table.root = nondet_u64() & ~4095ull;
	ASSUME(table.root < 1ull << 52);
	VARIANT();
	return 0;
}
