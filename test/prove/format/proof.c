/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Entries of each table format, for every entry, level and geometry that a unit gives:
 * decoding always means something sound, and decoding what was made gives back what it
 * was made of.
 *
 * Bounds: none; one entry at a time. Stated ranges: tables of one granule; addresses of
 * 32 to 52 bits (AMD-Vi: 52), below which the outputs lie; leaves up to the level the
 * geometry allows.
 */
#include <quietus/table.h>

#include "../prove.h"

#define FORMAT_OF(name) qt_format_##name
#define FORMAT(name)    FORMAT_OF(name)

/* What a unit may say of its tables: see `geometry` in core/unit. */
static struct qt_geometry any_geometry(const struct qt_format *format)
{
	struct qt_geometry g = {
		.format = format,
		.granule_lg2 = 12,
		.levels = nondet_u8(),
		.leaf_level = nondet_u8(),
		.output_bits = nondet_u8(),
		.memory = nondet_u8(),
		.device_memory = nondet_u8(),
		.accessed_dirty = nondet_bool(),
	};
	bool arm = format->decode == qt_format_vmsav8_64.decode ||
		   format->decode == qt_format_vmsav8_64_stage2.decode;

	if (arm) {
		g.granule_lg2 = nondet_bool() ? 12 : nondet_bool() ? 14 : 16;
		/* MAIR has eight attributes; stage 2 has four bits for them. */
		ASSUME(g.memory <= (format == &qt_format_vmsav8_64 ? 7 : 15));
		ASSUME(g.device_memory <= (format == &qt_format_vmsav8_64 ? 7 : 15));
		/* Wider addresses only with the largest granule. */
		ASSUME(g.output_bits <= (g.granule_lg2 == 16 ? 52 : 48));
	}
	g.index_lg2 = g.granule_lg2 - 3;
	ASSUME(g.levels >= 1 && g.levels <= (arm ? 4 : format == &qt_format_amd_v1 ? 6 : 5));
	ASSUME(g.leaf_level <= 2 && (g.granule_lg2 != 14 || g.leaf_level <= 1));
	ASSUME(g.output_bits >= 32 && g.output_bits <= 52);
	ASSUME(format != &qt_format_amd_v1 || g.output_bits == 52);
	return g;
}

static bool fits(const struct qt_geometry *g, qt_phys address, unsigned align_lg2)
{
	return address >> g->output_bits == 0 && (address & ((1ull << align_lg2) - 1)) == 0;
}

static struct qt_entry decode(const struct qt_geometry *g, unsigned level, uint64_t raw)
{
	struct qt_entry entry;

	g->format->decode(g, level, &raw, 1, &entry);
	return entry;
}

static bool is_leaf(const struct qt_entry *entry, qt_phys output, unsigned size_lg2, unsigned perms)
{
	return entry->kind == QT_ENTRY_LEAF && entry->output == output &&
	       entry->size_lg2 == size_lg2 && entry->perms == perms;
}

/* Anything at all, as it may stand in memory. */
static void check_any_entry(const struct qt_geometry *g, unsigned level, uint64_t raw)
{
	struct qt_entry entry = decode(g, level, raw), later;

	CHECK(entry.kind <= QT_ENTRY_BAD && entry.perms <= QT_RW, "an entry that means something");
	if (entry.kind == QT_ENTRY_TABLE)
		CHECK(entry.next_level < level && fits(g, entry.output, g->granule_lg2),
			"a table is further down, and inside memory");
	if (entry.kind == QT_ENTRY_LEAF)
		CHECK(entry.size_lg2 >= qt_level_lg2(g, level) && entry.size_lg2 < 64 &&
				fits(g, entry.output, entry.size_lg2),
			"a leaf is aligned, fills its slot, and is inside memory");
	/* What hardware sets by itself changes nothing but, where it says so, permissions. */
	later = decode(g, level, raw | (g->accessed_dirty ? g->format->hardware_bits : 0));
	if (entry.kind == QT_ENTRY_EMPTY || entry.kind == QT_ENTRY_LEAF)
		CHECK(later.kind == entry.kind && later.output == entry.output &&
				later.size_lg2 == entry.size_lg2,
			"hardware's own bits lead nowhere else");
}

/* Leaves as large as their slots that differ in address bits translate alike but for these. */
static void check_alike(const struct qt_geometry *g, unsigned level, uint64_t raw)
{
	uint64_t slot_mask = (1ull << qt_level_lg2(g, level)) - 1;
	uint64_t bits = g->format->address_bits & ~slot_mask & ((1ull << g->output_bits) - 1);
	uint64_t other = raw ^ (nondet_u64() & bits);
	struct qt_entry leaf = decode(g, level, raw), alike;

	if (leaf.kind != QT_ENTRY_LEAF || leaf.size_lg2 != qt_level_lg2(g, level))
		return;
	alike = decode(g, level, other);
	CHECK(is_leaf(&alike, leaf.output ^ raw ^ other, leaf.size_lg2, leaf.perms),
		"a leaf that differs in address bits");
}

static void check_made_table(const struct qt_geometry *g, unsigned level, qt_phys next)
{
	struct qt_entry entry = decode(g, level, g->format->make_table(g, level, next));

	CHECK(entry.kind == QT_ENTRY_TABLE && entry.output == next && entry.perms == QT_RW &&
			entry.next_level + 1u == level,
		"a table that was made");
}

static void check_made_leaf(const struct qt_geometry *g, unsigned level, qt_phys output)
{
	unsigned lg2 = qt_level_lg2(g, level);
	uint64_t raw = g->format->make_leaf(g, level, output);
	struct qt_entry entry = decode(g, level, raw);
	unsigned perms = nondet_u8() & QT_RW;

	CHECK(is_leaf(&entry, output, lg2, QT_RW), "a leaf that was made");
	if (g->format->make_device_leaf) {
		entry = decode(g, level, g->format->make_device_leaf(g, level, output));
		CHECK(is_leaf(&entry, output, lg2, QT_RW), "a leaf for registers that was made");
	}
	if (perms == 0)
		return;
	raw = g->format->with_perms(g, level, raw, perms);
	if (raw == 0) {
		CHECK(perms == QT_WRITE, "a leaf that there is none of");
		return;
	}
	entry = decode(g, level, raw);
	CHECK(is_leaf(&entry, output, lg2, perms), "a leaf with fewer permissions");
}

/* A part of any leaf, whoever made it. */
static void check_piece(const struct qt_geometry *g, unsigned level, uint64_t raw)
{
	struct qt_entry leaf = decode(g, level, raw), piece;
	bool slots = leaf.size_lg2 > qt_level_lg2(g, level);
	unsigned piece_level = slots ? level : level - 1;
	uint64_t offset = nondet_u64();

	if (!g->format->make_piece || leaf.kind != QT_ENTRY_LEAF || (!slots && level == 0))
		return;
	ASSUME(offset < 1ull << leaf.size_lg2);
	ASSUME((offset & ((1ull << qt_level_lg2(g, piece_level)) - 1)) == 0);
	/* A contiguous run may reach past what there are addresses for: no piece is there. */
	ASSUME(fits(g, leaf.output + offset, 0));
	piece = decode(g, piece_level, g->format->make_piece(g, level, raw, piece_level, offset));
	/* A page of AMD-Vi's larger than any level's may have slots that no leaf has. */
	if (piece_level <= g->leaf_level)
		CHECK(is_leaf(&piece, leaf.output + offset, qt_level_lg2(g, piece_level),
			      leaf.perms),
			"a piece of a leaf");
}

int main(void)
{
	const struct qt_geometry g = any_geometry(&FORMAT(VARIANT));
	unsigned level = nondet_u8();
	qt_phys address = nondet_u64();

	ASSUME(level < g.levels);
	CHECK(decode(&g, level, 0).kind == QT_ENTRY_EMPTY, "0 is empty");
	check_any_entry(&g, level, nondet_u64());
	check_alike(&g, level, nondet_u64());
	check_piece(&g, level, nondet_u64());
	if (level > 0 && fits(&g, address, g.granule_lg2))
		check_made_table(&g, level, address);
	if (level <= g.leaf_level && fits(&g, address, qt_level_lg2(&g, level)))
		check_made_leaf(&g, level, address);
	return 0;
}
