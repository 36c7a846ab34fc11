/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables of Arm's VMSAv8-64, stage 1 and stage 2: 1 to 4 levels of eight-byte
 * descriptors, granules of 4, 16 and 64 KiB. Not the 52-bit variant of the smaller
 * granules (FEAT_LPA2), whose descriptors have their address bits elsewhere.
 *
 * Leaves of a contiguous run count as one leaf that takes up all slots of the run:
 * hardware may have cached it as one, and wants all of it changed or nothing,
 * unless it has FEAT_BBM at level 2 (see qt_geometry.break_before_make).
 *
 * Source: Arm Architecture Reference Manual for A-profile architecture, DDI 0487,
 * sections D8.3 (descriptor formats), D8.4 (permissions), D8.5 (access flag, dirty
 * state), D8.7.1 (contiguous bit), D8.16.1 (break before make). The manual counts levels down to 3,
 * this file down to 0.
 */
#include <quietus/table.h>

#define D_VALID (1ull << 0)
#define D_TABLE (1ull << 1) /* a table; in the lowest level, a page */

/* Attributes of leaves (D8.3.1.2); bits 5:2 say what memory it is. */
#define D_MEMORY(type)    ((uint64_t)(type) << 2)
#define D_INNER_SHAREABLE (3ull << 8)
#define D_ACCESSED        (1ull << 10)
#define D_DIRTY_BY_WRITE  (1ull << 51) /* DBM: hardware allows writing when it is first done */
#define D_CONTIGUOUS      (1ull << 52)

/* Stage 1. */
#define S1_UNPRIVILEGED (1ull << 6) /* AP[1] */
#define S1_READ_ONLY    (1ull << 7) /* AP[2] */
#define S1_NOT_GLOBAL   (1ull << 11)
/* What a table takes from all below (D8.4.2.4): APTable. */
#define S1_TABLE_PRIVILEGED (1ull << 61)
#define S1_TABLE_READ_ONLY  (1ull << 62)

/* Stage 2: S2AP. */
#define S2_READ  (1ull << 6)
#define S2_WRITE (1ull << 7)

#define D_ADDRESS_BITS 48
#define D_ADDRESS      0x0000fffffffff000ull
/* With the largest granule, bits 15:12 are address bits 51:48 (D8.3.1, FEAT_LPA). */
#define D_HIGH(raw) (((raw) >> 12 & 0xf) << D_ADDRESS_BITS)

/* Slots of a contiguous run, as a power of two (table in D8.7.1). */
static unsigned run_lg2(const struct qt_geometry *geometry, unsigned level)
{
	if (geometry->granule_lg2 == 14)
		return level == 0 ? 7 : 5;
	return geometry->granule_lg2 == 16 ? 5 : 4;
}

static bool has_high_bits(const struct qt_geometry *geometry)
{
	return geometry->granule_lg2 == 16 && geometry->output_bits > D_ADDRESS_BITS;
}

/* Address of what is aligned to 2^align bytes. */
static qt_phys address_of(const struct qt_geometry *geometry, uint64_t raw, unsigned align)
{
	qt_phys address = raw & ((1ull << D_ADDRESS_BITS) - 1) & ~((1ull << align) - 1);

	return address | (has_high_bits(geometry) ? D_HIGH(raw) : 0);
}

static uint64_t with_address(const struct qt_geometry *geometry, qt_phys address)
{
	uint64_t low = address & ((1ull << D_ADDRESS_BITS) - 1);

	return has_high_bits(geometry) ? low | address >> D_ADDRESS_BITS << 12 : low;
}

static bool fits(const struct qt_geometry *geometry, qt_phys address)
{
	return geometry->output_bits >= 64 || address >> geometry->output_bits == 0;
}

static void decode_leaf(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, struct qt_entry *entry)
{
	unsigned size_lg2 = qt_level_lg2(geometry, level);
	qt_phys output = address_of(geometry, raw, size_lg2);

	/* The largest there are depend on granule and width (D8.3.1): see the unit's geometry. */
	if (level > geometry->leaf_level || !fits(geometry, output))
		return;
	if (raw & D_CONTIGUOUS)
		size_lg2 += run_lg2(geometry, level);
	entry->kind = QT_ENTRY_LEAF;
	entry->size_lg2 = (uint8_t)size_lg2;
	entry->output = output & ~((1ull << size_lg2) - 1);
	/* Without its flag, hardware that does not set it refuses the access. */
	if (!(raw & D_ACCESSED) && !geometry->accessed_dirty)
		entry->perms = 0;
}

static void decode_one(const struct qt_geometry *geometry, unsigned level, uint64_t raw,
	unsigned table_perms, unsigned leaf_perms, struct qt_entry *entry)
{
	*entry = (struct qt_entry){.kind = QT_ENTRY_EMPTY};
	if (!(raw & D_VALID))
		return;
	entry->kind = QT_ENTRY_BAD;
	entry->perms = (uint8_t)leaf_perms;
	if (level > 0 && raw & D_TABLE) {
		entry->output = address_of(geometry, raw, geometry->granule_lg2);
		entry->perms = (uint8_t)table_perms;
		entry->next_level = (uint8_t)(level - 1);
		if (fits(geometry, entry->output))
			entry->kind = QT_ENTRY_TABLE;
	} else if (level > 0 || raw & D_TABLE) {
		decode_leaf(geometry, level, raw, entry);
	}
}

/*
 * Devices' accesses are unprivileged ones. What only privileged ones may use is
 * somebody's, but no way for devices.
 */
static unsigned stage1_table_perms(uint64_t raw)
{
	if (raw & S1_TABLE_PRIVILEGED)
		return 0;
	return raw & S1_TABLE_READ_ONLY ? QT_READ : QT_RW;
}

static unsigned stage1_leaf_perms(const struct qt_geometry *geometry, uint64_t raw)
{
	if (!(raw & S1_UNPRIVILEGED))
		return 0;
	if (!(raw & S1_READ_ONLY) || (geometry->accessed_dirty && raw & D_DIRTY_BY_WRITE))
		return QT_RW;
	return QT_READ;
}

static void stage1_decode(const struct qt_geometry *geometry, unsigned level, const uint64_t *raw,
	unsigned n, struct qt_entry *entries)
{
	for (unsigned i = 0; i < n; i++)
		decode_one(geometry, level, raw[i], stage1_table_perms(raw[i]),
			stage1_leaf_perms(geometry, raw[i]), &entries[i]);
}

static unsigned stage2_leaf_perms(const struct qt_geometry *geometry, uint64_t raw)
{
	bool write = raw & S2_WRITE || (geometry->accessed_dirty && raw & D_DIRTY_BY_WRITE);

	return (raw & S2_READ ? QT_READ : 0) | (write ? QT_WRITE : 0);
}

/* Tables of stage 2 take nothing from what is below. */
static void stage2_decode(const struct qt_geometry *geometry, unsigned level, const uint64_t *raw,
	unsigned n, struct qt_entry *entries)
{
	for (unsigned i = 0; i < n; i++)
		decode_one(geometry, level, raw[i], QT_RW, stage2_leaf_perms(geometry, raw[i]),
			&entries[i]);
}

static uint64_t make_table(const struct qt_geometry *geometry, unsigned level, qt_phys next)
{
	(void)level;
	return with_address(geometry, next) | D_TABLE | D_VALID;
}

static uint64_t leaf(
	const struct qt_geometry *geometry, unsigned level, qt_phys output, unsigned memory)
{
	return with_address(geometry, output) | D_ACCESSED | D_INNER_SHAREABLE | D_MEMORY(memory) |
	       (level == 0 ? D_TABLE : 0) | D_VALID;
}

static uint64_t stage1_leaf(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	return leaf(geometry, level, output, geometry->memory) | S1_UNPRIVILEGED | S1_NOT_GLOBAL;
}

static uint64_t stage1_device(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	return leaf(geometry, level, output, geometry->device_memory) | S1_UNPRIVILEGED |
	       S1_NOT_GLOBAL;
}

static uint64_t stage2_leaf(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	return leaf(geometry, level, output, geometry->memory) | S2_READ | S2_WRITE;
}

static uint64_t stage2_device(const struct qt_geometry *geometry, unsigned level, qt_phys output)
{
	return leaf(geometry, level, output, geometry->device_memory) | S2_READ | S2_WRITE;
}

/* What can be written can be read. */
static uint64_t stage1_with_perms(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, unsigned perms)
{
	(void)geometry;
	(void)level;
	if (!(perms & QT_READ))
		return 0;
	return perms & QT_WRITE ? raw : raw | S1_READ_ONLY;
}

static uint64_t stage2_with_perms(
	const struct qt_geometry *geometry, unsigned level, uint64_t raw, unsigned perms)
{
	(void)geometry;
	(void)level;
	return (raw & ~(S2_READ | S2_WRITE)) | (perms & QT_READ ? S2_READ : 0) |
	       (perms & QT_WRITE ? S2_WRITE : 0);
}

/* All that is no address is the leaf's own, but for what its size says of it. */
static uint64_t make_piece(const struct qt_geometry *geometry, unsigned level, uint64_t raw,
	unsigned piece_level, uint64_t offset)
{
	unsigned size_lg2 = qt_level_lg2(geometry, level);
	uint64_t address = ((1ull << D_ADDRESS_BITS) - 1) & ~0xfffull;
	qt_phys output;

	if (raw & D_CONTIGUOUS)
		size_lg2 += run_lg2(geometry, level);
	output = (address_of(geometry, raw, qt_level_lg2(geometry, level)) &
			 ~((1ull << size_lg2) - 1)) +
		 offset;
	return (raw & ~(address | D_CONTIGUOUS | D_TABLE)) | with_address(geometry, output) |
	       (piece_level == 0 ? D_TABLE : 0);
}

const struct qt_format qt_format_vmsav8_64 = {
	.name = "vmsav8-64",
	.hardware_bits = D_ACCESSED,
	.address_bits = D_ADDRESS,
	.decode = stage1_decode,
	.make_table = make_table,
	.make_leaf = stage1_leaf,
	.make_device_leaf = stage1_device,
	.make_piece = make_piece,
	.with_perms = stage1_with_perms,
};

const struct qt_format qt_format_vmsav8_64_stage2 = {
	.name = "vmsav8-64-stage2",
	.hardware_bits = D_ACCESSED | S2_WRITE,
	.address_bits = D_ADDRESS,
	.decode = stage2_decode,
	.make_table = make_table,
	.make_leaf = stage2_leaf,
	.make_device_leaf = stage2_device,
	.make_piece = make_piece,
	.with_perms = stage2_with_perms,
};
