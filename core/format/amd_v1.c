/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Host ("v1") page tables of AMD-Vi: 1 to 6 levels of 512 eight-byte entries. Each
 * entry names the level that it leads to, so levels can be skipped; 0 makes it a
 * leaf of its level's own size, 7 a leaf whose size is encoded in its address.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, section 2.2.3 (I/O page tables for host translations). The
 * specification counts levels from 1, this file from 0.
 */
#include <quietus/table.h>

#define V1_PRESENT       (1ull << 0)
#define V1_NEXT(raw)     ((unsigned)((raw) >> 9) & 7)
#define V1_NEXT_IS(next) ((uint64_t)(next) << 9)
#define V1_ADDRESS       0x000ffffffffff000ull
#define V1_COHERENT      (1ull << 60) /* FC: the device's accesses snoop caches */
#define V1_ACCESSED      (1ull << 5)
#define V1_DIRTY         (1ull << 6)
#define V1_READ          (1ull << 61)
#define V1_WRITE         (1ull << 62)

#define V1_LEAF_RESERVED  0x07f0000000000000ull /* bits 58:52 */
#define V1_TABLE_RESERVED 0x1ff0000000000000ull /* bits 60:52 */

enum v1_next_level { V1_LEAF = 0, V1_SIZED_LEAF = 7 };

/* No leaf takes up a whole slot of the sixth level: 2^57 bytes. */
#define V1_LEAF_LEVELS 4

/*
 * The page size of a leaf with next level 7: the lowest clear address bit is the
 * size's upper half (table 14, page size encodings). The same entry stands in
 * every slot that the page takes up.
 */
static unsigned encoded_size_lg2(uint64_t raw)
{
	unsigned lg2 = 12;

	while (lg2 < 52 && raw >> lg2 & 1)
		lg2++;
	return lg2 + 1;
}

/* A size must be at least its slot's, and one that the next level cannot have. */
static bool size_fits(const struct qt_geometry *geometry, unsigned level, unsigned size_lg2)
{
	return level <= V1_LEAF_LEVELS && size_lg2 >= qt_level_lg2(geometry, level) &&
	       size_lg2 < qt_level_lg2(geometry, level + 1);
}

static void decode_leaf(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, struct qt_entry *entry)
{
	bool sized = V1_NEXT(raw) == V1_SIZED_LEAF;
	unsigned size_lg2 = sized ? encoded_size_lg2(raw) : qt_level_lg2(geometry, level);
	uint64_t below;

	if (!size_fits(geometry, level, size_lg2) || raw & V1_LEAF_RESERVED)
		return;
	below = entry->output & ((1ull << size_lg2) - 1);
	if (below && !sized)
		return;
	entry->kind = QT_ENTRY_LEAF;
	entry->size_lg2 = (uint8_t)size_lg2;
	entry->output -= below;
}

static void decode_one(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, struct qt_entry *entry)
{
	unsigned perms = (raw & V1_READ ? QT_READ : 0) | (raw & V1_WRITE ? QT_WRITE : 0);
	unsigned next = V1_NEXT(raw);

	*entry = (struct qt_entry){.kind = QT_ENTRY_EMPTY};
	if (!(raw & V1_PRESENT) || perms == 0)
		return;
	entry->kind = QT_ENTRY_BAD;
	entry->perms = (uint8_t)perms;
	entry->output = raw & V1_ADDRESS;
	if (next == V1_LEAF || next == V1_SIZED_LEAF) {
		decode_leaf(geometry, level, raw, entry);
	} else if (next <= level && !(raw & V1_TABLE_RESERVED)) {
		entry->kind = QT_ENTRY_TABLE;
		entry->next_level = (uint8_t)(next - 1);
	}
}

static void decode(const struct qt_geometry *geometry, unsigned level, const uint64_t *raw,
	unsigned n, struct qt_entry *entries)
{
	for (unsigned i = 0; i < n; i++)
		decode_one(geometry, level, raw[i], &entries[i]);
}

/* Where hardware keeps accessed and dirty flags (EFR.HASup, HDSup), they are set beforehand. */
static uint64_t preset(const struct qt_geometry *geometry, uint64_t bits)
{
	return geometry->accessed_dirty ? bits : 0;
}

static uint64_t make_table(const struct qt_geometry *geometry, unsigned level, qt_phys next)
{
	return next | V1_NEXT_IS(level) | V1_PRESENT | V1_READ | V1_WRITE |
	       preset(geometry, V1_ACCESSED);
}

static uint64_t make_leaf(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	(void)level;
	return output | V1_PRESENT | V1_READ | V1_WRITE | V1_COHERENT |
	       preset(geometry, V1_ACCESSED | V1_DIRTY);
}

/* A piece is a leaf of its level's own size, also of a page that took up several slots. */
static uint64_t make_piece(const struct qt_geometry *geometry, unsigned level, uint64_t raw,
	unsigned piece_level, uint64_t offset)
{
	struct qt_entry entry;

	(void)piece_level;
	decode_one(geometry, level, raw, &entry);
	return (raw & ~(V1_ADDRESS | V1_NEXT_IS(7))) | (entry.output + offset);
}

static uint64_t with_perms(
	const struct qt_geometry *geometry, unsigned level, uint64_t leaf, unsigned perms)
{
	(void)geometry;
	(void)level;
	return (leaf & ~(V1_READ | V1_WRITE)) | (perms & QT_READ ? V1_READ : 0) |
	       (perms & QT_WRITE ? V1_WRITE : 0);
}

const struct qt_format qt_format_amd_v1 = {
	.name = "amd-v1",
	.hardware_bits = V1_ACCESSED | V1_DIRTY,
	.address_bits = V1_ADDRESS,
	.decode = decode,
	.make_table = make_table,
	.make_leaf = make_leaf,
	.make_piece = make_piece,
	.with_perms = with_perms,
};
