/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * First-stage tables, which are those of a 64-bit x86 CPU: 4 or 5 levels of 512
 * eight-byte entries. AMD-Vi's guest ("v2") tables are the same.
 *
 * A device's DMA without a PASID is a user's access: an entry without U/S lets
 * none of it through. Such entries can belong to a CPU's address space, so they
 * are neither empty nor a way down: perms 0.
 *
 * Sources: Intel Virtualization Technology for Directed I/O, revision 4.1,
 * sections 3.6 (first-stage translation) and 9.7 (first-stage paging entries);
 * AMD I/O Virtualization Technology (IOMMU) Specification, 48882, revision 3.08,
 * section 2.2.6 (I/O page tables for guest translations).
 */
#include <quietus/table.h>

#define FS_PRESENT  (1ull << 0)
#define FS_WRITE    (1ull << 1)
#define FS_USER     (1ull << 2)
#define FS_ACCESSED (1ull << 5)
#define FS_DIRTY    (1ull << 6)
#define FS_PS       (1ull << 7) /* page size: a leaf above the lowest level */
#define FS_PAT      (1ull << 7) /* in a leaf of the lowest level, the same bit */
#define FS_EXTENDED                                                                                \
	(1ull << 10) /* accessed by a device: ignored unless the PASID entry has EAFE              \
		      */

#define FS_ADDRESS     0x000ffffffffff000ull /* bits 51:12, those above the host's width reserved */
#define FS_LARGE_PAT   (1ull << 12)          /* in a leaf above the lowest level */
#define FS_LEAF_LEVELS 2                     /* 1 GiB leaves are the largest there are */

/*
 * Set in every entry that is made: hardware that would have to set them itself
 * refuses the DMA where its walks do not snoop (section 3.6.2).
 */
#define FS_PRESET (FS_PRESENT | FS_WRITE | FS_USER | FS_ACCESSED | FS_EXTENDED)

static unsigned perms_of(uint64_t raw)
{
	/* Bit 63, execute-disable, is ignored: DMA without a PASID fetches no instructions. */
	if (!(raw & FS_USER))
		return 0;
	return QT_READ | (raw & FS_WRITE ? QT_WRITE : 0);
}

static uint64_t reserved_address_bits(const struct qt_geometry *geometry)
{
	return FS_ADDRESS & ~((1ull << geometry->output_bits) - 1);
}

static void decode_leaf(const struct qt_geometry *geometry, unsigned level, struct qt_entry *entry)
{
	unsigned size_lg2 = qt_level_lg2(geometry, level);

	if (level > 0)
		entry->output &= ~FS_LARGE_PAT;
	/* 2 MiB leaves exist wherever first-stage tables do, 1 GiB ones where the unit says so. */
	if (level > FS_LEAF_LEVELS || level > geometry->leaf_level ||
		entry->output & ((1ull << size_lg2) - 1))
		return;
	entry->kind = QT_ENTRY_LEAF;
	entry->size_lg2 = (uint8_t)size_lg2;
}

static void decode_one(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, struct qt_entry *entry)
{
	*entry = (struct qt_entry){.kind = QT_ENTRY_EMPTY};
	if (!(raw & FS_PRESENT))
		return;
	entry->kind = QT_ENTRY_BAD;
	entry->perms = (uint8_t)perms_of(raw);
	entry->output = raw & FS_ADDRESS;
	if (raw & reserved_address_bits(geometry))
		return;
	if (level == 0 || raw & FS_PS) {
		decode_leaf(geometry, level, entry);
	} else {
		entry->kind = QT_ENTRY_TABLE;
		entry->next_level = (uint8_t)(level - 1);
	}
}

static void decode(const struct qt_geometry *geometry, unsigned level, const uint64_t *raw,
	unsigned n, struct qt_entry *entries)
{
	for (unsigned i = 0; i < n; i++)
		decode_one(geometry, level, raw[i], &entries[i]);
}

static uint64_t make_table(const struct qt_geometry *geometry, unsigned level, qt_phys next)
{
	(void)geometry;
	(void)level;
	return next | FS_PRESET;
}

static uint64_t make_leaf(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	(void)geometry;
	return output | FS_PRESET | FS_DIRTY | (level != 0 ? FS_PS : 0);
}

static uint64_t make_piece(const struct qt_geometry *geometry, unsigned level, uint64_t raw,
	unsigned piece_level, uint64_t offset)
{
	(void)geometry;
	(void)level;
	if (piece_level > 0)
		return raw + offset;
	return ((raw & ~(FS_PS | FS_LARGE_PAT)) | (raw & FS_LARGE_PAT ? FS_PAT : 0)) + offset;
}

/* What can be written can be read. */
static uint64_t with_perms(
	const struct qt_geometry *geometry, unsigned level, uint64_t leaf, unsigned perms)
{
	(void)geometry;
	(void)level;
	if (!(perms & QT_READ))
		return 0;
	return perms & QT_WRITE ? leaf : leaf & ~FS_WRITE;
}

const struct qt_format qt_format_x86_64_first_stage = {
	.name = "x86-64-first-stage",
	.hardware_bits = FS_ACCESSED | FS_DIRTY | FS_EXTENDED,
	.address_bits = FS_ADDRESS,
	.decode = decode,
	.make_table = make_table,
	.make_leaf = make_leaf,
	.make_piece = make_piece,
	.with_perms = with_perms,
};
