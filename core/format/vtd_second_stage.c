/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Second-stage tables of Intel VT-d: 3, 4 or 5 levels of 512 eight-byte entries.
 *
 * Source: Intel Virtualization Technology for Directed I/O, revision 4.1,
 * section 3.7 (second-stage translation) and 9.8 (second-stage paging entries).
 */
#include <quietus/table.h>

#define SS_READ  (1ull << 0)
#define SS_WRITE (1ull << 1)
#define SS_PS    (1ull << 7) /* page size: a leaf above the lowest level */

/* Used only where the PASID entry has SSADE, ignored elsewhere (3.7.2). */
#define SS_ACCESSED (1ull << 8)
#define SS_DIRTY    (1ull << 9)

#define SS_ADDRESS     0x000ffffffffff000ull /* bits 51:12, those above the host's width reserved */
#define SS_LEAF_LEVELS 2                     /* 1 GiB leaves are the largest there are */

static uint64_t reserved_address_bits(const struct qt_geometry *geometry)
{
	return SS_ADDRESS & ~((1ull << geometry->output_bits) - 1);
}

static void decode_one(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, struct qt_entry *entry)
{
	unsigned perms = (raw & SS_READ ? QT_READ : 0) | (raw & SS_WRITE ? QT_WRITE : 0);
	unsigned size_lg2 = qt_level_lg2(geometry, level);

	*entry = (struct qt_entry){.kind = QT_ENTRY_EMPTY};
	if (perms == 0)
		return;
	entry->perms = (uint8_t)perms;
	entry->output = raw & SS_ADDRESS;
	if (raw & reserved_address_bits(geometry)) {
		entry->kind = QT_ENTRY_BAD;
	} else if (level != 0 && (raw & SS_PS) == 0) {
		entry->kind = QT_ENTRY_TABLE;
		entry->next_level = (uint8_t)(level - 1);
	} else if (level > geometry->leaf_level || level > SS_LEAF_LEVELS ||
		   entry->output & ((1ull << size_lg2) - 1)) {
		entry->kind = QT_ENTRY_BAD;
	} else {
		entry->kind = QT_ENTRY_LEAF;
		entry->size_lg2 = (uint8_t)size_lg2;
	}
}

static void decode(const struct qt_geometry *geometry, unsigned level, const uint64_t *raw,
	unsigned n, struct qt_entry *entries)
{
	for (unsigned i = 0; i < n; i++)
		decode_one(geometry, level, raw[i], &entries[i]);
}

/* Hardware that would have to set these itself refuses the DMA where its walks do not snoop. */
static uint64_t preset(const struct qt_geometry *geometry, uint64_t bits)
{
	return geometry->accessed_dirty ? bits : 0;
}

static uint64_t make_table(const struct qt_geometry *geometry, unsigned level, qt_phys next)
{
	(void)level;
	return next | SS_READ | SS_WRITE | preset(geometry, SS_ACCESSED);
}

static uint64_t make_leaf(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	return output | SS_READ | SS_WRITE | (level != 0 ? SS_PS : 0) |
	       preset(geometry, SS_ACCESSED | SS_DIRTY);
}

static uint64_t make_piece(const struct qt_geometry *geometry, unsigned level, uint64_t raw,
	unsigned piece_level, uint64_t offset)
{
	(void)geometry;
	(void)level;
	return (piece_level != 0 ? raw : raw & ~SS_PS) + offset;
}

static uint64_t with_perms(
	const struct qt_geometry *geometry, unsigned level, uint64_t leaf, unsigned perms)
{
	(void)geometry;
	(void)level;
	return (leaf & ~(SS_READ | SS_WRITE)) | (perms & QT_READ ? SS_READ : 0) |
	       (perms & QT_WRITE ? SS_WRITE : 0);
}

const struct qt_format qt_format_vtd_second_stage = {
	.name = "vtd-second-stage",
	.hardware_bits = SS_ACCESSED | SS_DIRTY,
	.address_bits = SS_ADDRESS,
	.decode = decode,
	.make_table = make_table,
	.make_leaf = make_leaf,
	.make_piece = make_piece,
	.with_perms = with_perms,
};
