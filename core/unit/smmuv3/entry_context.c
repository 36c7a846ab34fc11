/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What translates: context descriptors (stage 1), and stage 2 of a stream table
 * entry. Substreams (PASIDs) other than the one that DMA without a substream uses
 * are never written, and their tables not read.
 *
 * Source: Arm SMMUv3 specification, IHI 0070, sections 5.2 (entry), 5.3 and 5.4
 * (context descriptors).
 */
#include "smmuv3.h"

enum { CD_TWO_LEVELS_4K = 1, CD_TWO_LEVELS_64K = 2 }; /* all else: one level */

/* log2 of how many descriptors an entry has; a unit without substreams does not look. */
static unsigned descriptors_lg2(const struct qt_unit *unit, const uint64_t *ste)
{
	bool substreams = SMMUV3_IDR1_SUBSTREAM_BITS(SMMUV3_UNIT_IDR1(unit));

	return substreams ? SMMUV3_STE0_CDMAX(ste[0]) : 0;
}

static bool has_two_levels(const struct qt_unit *unit, const uint64_t *ste)
{
	unsigned format = SMMUV3_STE0_FORMAT(ste[0]);

	return descriptors_lg2(unit, ste) &&
	       (format == CD_TWO_LEVELS_4K || format == CD_TWO_LEVELS_64K);
}

static void damaged(struct qt_unit_entry *entry)
{
	qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
}

static void unsupported(struct qt_unit_entry *entry)
{
	qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED);
}

/*
 * The shape of a table for so many bits of input, that begins at `levels`. False
 * where there is no such table.
 */
static bool set_geometry(const struct qt_unit *unit, struct qt_geometry *g, unsigned granule_lg2,
	unsigned input_bits, unsigned levels, unsigned output_bits)
{
	unsigned index_lg2 = granule_lg2 - 3;
	unsigned root_bits = granule_lg2 + levels * index_lg2;

	if (input_bits < (SMMUV3_UNIT_IDR3(unit) & SMMUV3_IDR3_STT ? 16 : 25) || input_bits > 52 ||
		levels == 0 || levels > 4 || input_bits > root_bits + 4 ||
		input_bits + index_lg2 <= root_bits)
		return false;
	if (granule_lg2 != 16 && output_bits > 48)
		output_bits = 48;
	g->levels = (uint8_t)levels;
	g->granule_lg2 = (uint8_t)granule_lg2;
	g->index_lg2 = (uint8_t)index_lg2;
	g->leaf_level = (uint8_t)smmuv3_leaf_level(granule_lg2, output_bits);
	g->input_bits = (uint8_t)input_bits;
	g->root_lg2 = (uint8_t)(input_bits > root_bits ? input_bits - root_bits : 0);
	g->output_bits = (uint8_t)output_bits;
	g->break_before_make = smmuv3_break_before_make(unit);
	return true;
}

/* Hardware aligns the address of a root to its size, but to 64 bytes at least. */
static qt_phys root_of(const struct qt_geometry *g, uint64_t word)
{
	unsigned lg2 = g->input_bits - qt_level_lg2(g, g->levels - 1u) + 3;

	return word & SMMUV3_TTB & ~((1ull << (lg2 < 6 && g->output_bits > 48 ? 6 : lg2)) - 1);
}

static unsigned min(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* The index into MAIR of one of these attributes, 8 if it is not there (DDI 0487, D24.2.110). */
static unsigned find_attribute(uint32_t high, uint32_t low, unsigned mask, unsigned value)
{
	uint64_t mair = (uint64_t)high << 32 | low;
	unsigned i = 0;

	while (i < 8 && (mair >> 8 * i & mask) != value)
		i++;
	return i;
}

/* Picks from what the descriptor has what new leaves say of memory and of registers. */
static bool set_attributes(struct qt_geometry *g, uint64_t mair)
{
	uint32_t low = (uint32_t)mair, high = (uint32_t)(mair >> 32);
	unsigned memory = find_attribute(high, low, 0xff, SMMUV3_MAIR_WRITE_BACK);
	unsigned device = find_attribute(high, low, 0xf3, 0);

	if (memory == 8)
		memory = find_attribute(high, low, 0xff, SMMUV3_MAIR_NO_CACHE);
	if (device == 8)
		device = find_attribute(high, low, 0xff, SMMUV3_MAIR_NO_CACHE);
	g->memory = (uint8_t)memory;
	g->device_memory = (uint8_t)device;
	return memory < 8 && device < 8;
}

/* The regime has two halves of addresses, and ASIDs. */
static bool regime_supported(const struct qt_unit *unit, const uint64_t *ste)
{
	unsigned strw = SMMUV3_STE1_STRW(ste[1]);

	return strw == SMMUV3_STRW_EL1 || !(SMMUV3_UNIT_IDR0(unit) & SMMUV3_IDR0_HYP) ||
	       (strw == SMMUV3_STRW_EL2 && SMMUV3_UNIT_CR2(unit) & SMMUV3_CR2_E2H);
}

/* The upper half must be off, and nothing on that changes how tables are read. */
static bool cd_supported(const struct qt_unit *unit, const uint64_t *cd)
{
	bool had = cd[1] & SMMUV3_CD1_HAD0 && SMMUV3_UNIT_IDR3(unit) & SMMUV3_IDR3_HAD;

	return cd[0] & SMMUV3_CD0_AA64 && cd[0] & SMMUV3_CD0_EPD1 &&
	       !(cd[0] & (SMMUV3_CD0_EPD0 | SMMUV3_CD0_ENDI)) && !had &&
	       !(cd[1] & SMMUV3_CD1_E0PD0) && !(cd[2] & SMMUV3_CD2_DS);
}

static void decode_cd(const struct qt_unit *unit, const uint64_t *cd, struct qt_unit_entry *entry)
{
	struct qt_geometry *g = &entry->table.geometry;
	unsigned granule = smmuv3_granule_lg2(unit, SMMUV3_CD0_TG(cd[0]));
	unsigned input = 64 - SMMUV3_CD0_T0SZ(cd[0]);
	unsigned output = min(unit->output_bits, smmuv3_address_bits(SMMUV3_CD0_IPS(cd[0])));

	entry->domain_id = SMMUV3_CD0_ASID(cd[0]);
	if (!cd_supported(unit, cd)) {
		unsupported(entry);
		return;
	}
	if (granule == 0 || input > (granule == 16 ? 52 : 48) ||
		!set_geometry(unit, g, granule, input, smmuv3_levels(granule, input), output)) {
		damaged(entry);
		return;
	}
	g->format = &qt_format_vmsav8_64;
	g->accessed_dirty = cd[0] & SMMUV3_CD0_FLAGS;
	g->coherent = unit->coherent && SMMUV3_CD0_CACHED(cd[0]);
	entry->table.root = root_of(g, cd[1]);
	if (entry->table.root >> output) {
		damaged(entry);
		*g = (struct qt_geometry){0};
	} else if (!set_attributes(g, cd[3])) {
		unsupported(entry);
	} else {
		entry->state = QT_REQ_TRANSLATED;
	}
}

/* The descriptor of substream 0: where it is in a table of them (3.3.2). */
int smmuv3_cd_address(
	const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *ste, qt_phys *at)
{
	uint64_t word;
	int error;

	*at = ste[0] & SMMUV3_ADDRESS;
	if (!has_two_levels(unit, ste))
		return QT_OK;
	error = qt_reader_words(reader, *at, &word, 1);
	if (error)
		return error;
	*at = word & SMMUV3_L1CD_TABLE;
	return word & SMMUV3_VALID ? QT_OK : QT_E_NOTFOUND;
}

/* What cannot be read is damage of this entry alone. */
static int unreadable(struct qt_unit_entry *entry, int error)
{
	if (error == QT_E_LIMIT)
		return error;
	damaged(entry);
	/* Hardware may find who knows what where the core must not look. */
	if (error != QT_E_NOTFOUND)
		entry->reason = QT_WHY_GUARD_UNKNOWN;
	return QT_OK;
}

int smmuv3_decode_stage1(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *ste,
	struct qt_unit_entry *entry)
{
	unsigned substreams = descriptors_lg2(unit, ste);
	unsigned alone = SMMUV3_STE1_DSS(ste[1]);
	uint64_t cd[SMMUV3_CD_WORDS];
	qt_phys at;
	int error;

	if (substreams > SMMUV3_IDR1_SUBSTREAM_BITS(SMMUV3_UNIT_IDR1(unit))) {
		damaged(entry);
		return QT_OK;
	}
	if (substreams && alone == SMMUV3_DSS_BYPASS) {
		entry->state = QT_REQ_PASSTHROUGH;
		return QT_OK;
	}
	/* PASIDs may be in use, and would not be after an admission. */
	if ((substreams && alone != SMMUV3_DSS_SUBSTREAM0) || !regime_supported(unit, ste)) {
		unsupported(entry);
		return QT_OK;
	}
	error = smmuv3_cd_address(unit, reader, ste, &at);
	if (error == QT_OK)
		error = qt_reader_words(reader, at, cd, SMMUV3_CD_WORDS);
	if (error)
		return unreadable(entry, error);
	if (cd[0] & SMMUV3_CD0_VALID)
		decode_cd(unit, cd, entry);
	else
		damaged(entry);
	return QT_OK;
}

/* Levels by the starting level's encoding (DDI 0487, D8.2.6), 0 where there is none such. */
static unsigned stage2_levels(unsigned granule_lg2, unsigned sl0)
{
	if (sl0 > 2)
		return 0;
	return granule_lg2 == 12 ? sl0 + 2 : sl0 + 1;
}

void smmuv3_decode_stage2(
	const struct qt_unit *unit, const uint64_t *ste, struct qt_unit_entry *entry)
{
	struct qt_geometry *g = &entry->table.geometry;
	unsigned granule = smmuv3_granule_lg2(unit, SMMUV3_STE2_TG(ste[2]));
	unsigned input = 64 - SMMUV3_STE2_T0SZ(ste[2]);
	unsigned output = min(unit->output_bits, smmuv3_address_bits(SMMUV3_STE2_PS(ste[2])));

	entry->domain_id = SMMUV3_STE2_VMID(ste[2]);
	if (!(ste[2] & SMMUV3_STE2_AA64) || ste[2] & SMMUV3_STE2_ENDI || ste[3] & SMMUV3_STE3_DS) {
		unsupported(entry);
		return;
	}
	if (granule == 0 || !set_geometry(unit, g, granule, input,
				    stage2_levels(granule, SMMUV3_STE2_SL0(ste[2])), output)) {
		damaged(entry);
		return;
	}
	g->format = &qt_format_vmsav8_64_stage2;
	g->accessed_dirty = ste[2] & SMMUV3_STE2_FLAGS;
	g->coherent = unit->coherent && SMMUV3_STE2_CACHED(ste[2]);
	g->memory = ste[1] & SMMUV3_STE1_S2FWB ? SMMUV3_S2_MEMORY_FORCED : SMMUV3_S2_MEMORY;
	g->device_memory = SMMUV3_S2_DEVICE;
	entry->table.root = root_of(g, ste[3]);
	if (entry->table.root >> output) {
		damaged(entry);
		*g = (struct qt_geometry){0};
	} else {
		entry->state = QT_REQ_TRANSLATED;
	}
}

/* Which IDs entries use, those of every substream included. */

struct used {
	const struct qt_unit *unit;
	struct qt_reader *reader;
	uint32_t id;
	bool used;
};

/* What cannot be read is not used by hardware either. */
static int passable(int error)
{
	return error == QT_E_OUTSIDE || error == QT_E_IO ? QT_OK : error;
}

static int find_in_cds(struct used *used, qt_phys table, uint64_t count)
{
	for (uint64_t i = 0; i < count && !used->used; i++) {
		uint64_t word;
		int error = qt_reader_words(used->reader, table + i * SMMUV3_CD_SIZE, &word, 1);

		if (error)
			return passable(error);
		used->used = word & SMMUV3_CD0_VALID && SMMUV3_CD0_ASID(word) == used->id;
	}
	return QT_OK;
}

static int find_in_entry(void *context, uint32_t stream, const uint64_t *ste)
{
	struct used *used = context;
	unsigned bits = descriptors_lg2(used->unit, ste), config = SMMUV3_STE0_CONFIG(ste[0]);
	unsigned leaf = SMMUV3_STE0_FORMAT(ste[0]) == CD_TWO_LEVELS_4K ? 6 : 10;
	qt_phys table = ste[0] & SMMUV3_ADDRESS;
	int error = QT_OK;

	(void)stream;
	if (config < SMMUV3_STAGE1 || used->used)
		return QT_OK;
	used->used = (SMMUV3_UNIT_IDR0(used->unit) & SMMUV3_IDR0_S2P) &&
		     SMMUV3_STE2_VMID(ste[2]) == used->id;
	if (config != SMMUV3_STAGE1 ||
		bits > SMMUV3_IDR1_SUBSTREAM_BITS(SMMUV3_UNIT_IDR1(used->unit)))
		return QT_OK;
	if (!has_two_levels(used->unit, ste))
		return find_in_cds(used, table, 1ull << bits);
	for (uint64_t i = 0; i < (bits > leaf ? 1ull << (bits - leaf) : 1) && error == QT_OK; i++) {
		uint64_t word;

		error = qt_reader_words(used->reader, table + i * sizeof(word), &word, 1);
		if (error)
			return passable(error);
		if (word & SMMUV3_VALID)
			error = find_in_cds(
				used, word & SMMUV3_L1CD_TABLE, 1ull << min(leaf, bits));
	}
	return error;
}

int smmuv3_domain_id_used(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t id, bool *used)
{
	struct used search = {.unit = unit, .reader = reader, .id = id};
	int error = smmuv3_each_ste(unit, reader, find_in_entry, &search);

	*used = search.used;
	return error;
}
