/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stream table: one level of entries, or a level of descriptors that lead to
 * tables of them.
 *
 * Source: Arm SMMUv3 specification, IHI 0070, sections 3.3.1 (stream table lookup),
 * 5.1 (level 1 descriptor), 5.2 (stream table entry).
 */
#include "smmuv3.h"

/* Entries, and level 1 descriptors, read at a time. */
#define RUN_ENTRIES     32u
#define RUN_DESCRIPTORS 64u

static bool has_two_levels(const struct qt_unit *unit)
{
	return SMMUV3_CFG_FORMAT(SMMUV3_UNIT_CFG(unit)) == SMMUV3_TWO_LEVELS;
}

static unsigned split(const struct qt_unit *unit)
{
	return SMMUV3_CFG_SPLIT(SMMUV3_UNIT_CFG(unit));
}

static uint64_t streams(const struct qt_unit *unit)
{
	return 1ull << SMMUV3_CFG_LOG2SIZE(SMMUV3_UNIT_CFG(unit));
}

/* Hardware aligns a table to its size, whatever its address says (5.1, 6.3.24). */
static qt_phys aligned(uint64_t word, uint64_t size)
{
	return word & SMMUV3_ADDRESS & ~(size - 1);
}

qt_phys smmuv3_l1_address(const struct qt_unit *unit, uint32_t stream)
{
	return unit->root + ((uint64_t)stream >> split(unit)) * sizeof(uint64_t);
}

/* Bytes of the table that a level 1 descriptor leads to, 0 where it leads nowhere. */
static uint64_t l2_size(const struct qt_unit *unit, uint64_t descriptor)
{
	unsigned span = SMMUV3_L1_SPAN(descriptor);

	if (span == 0 || span > split(unit) + 1)
		return 0;
	return (uint64_t)SMMUV3_STE_SIZE << (span - 1);
}

int smmuv3_ste_address(
	const struct qt_unit *unit, struct qt_reader *reader, uint32_t stream, qt_phys *at)
{
	uint64_t descriptor, size, offset;
	int error;

	if (stream >= streams(unit))
		return QT_E_NOTFOUND;
	if (!has_two_levels(unit)) {
		*at = unit->root + (uint64_t)stream * SMMUV3_STE_SIZE;
		return QT_OK;
	}
	error = qt_reader_words(reader, smmuv3_l1_address(unit, stream), &descriptor, 1);
	if (error)
		return error;
	size = l2_size(unit, descriptor);
	offset = (uint64_t)(stream & ((1u << split(unit)) - 1)) * SMMUV3_STE_SIZE;
	if (offset >= size)
		return QT_E_NOTFOUND;
	*at = aligned(descriptor, size) + offset;
	return QT_OK;
}

/* A device may send translated requests: full ATS, or split-stage. */
static bool has_ats(const uint64_t *ste)
{
	unsigned eats = SMMUV3_STE1_EATS(ste[1]);

	return eats == 1 || eats == 2;
}

/* Hardware refuses entries that ask for a stage that it does not have (5.2, Config). */
static bool has_stages(const struct qt_unit *unit, unsigned config)
{
	uint32_t idr0 = SMMUV3_UNIT_IDR0(unit);

	return (idr0 & SMMUV3_IDR0_S1P || config == SMMUV3_STAGE2) &&
	       (idr0 & SMMUV3_IDR0_S2P || config == SMMUV3_STAGE1);
}

int smmuv3_decode(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *ste,
	struct qt_unit_entry *entry)
{
	unsigned config = SMMUV3_STE0_CONFIG(ste[0]);
	int error = QT_OK;

	entry->state = QT_REQ_ABSENT;
	if (!(ste[0] & SMMUV3_VALID))
		return QT_OK;
	if (config < SMMUV3_BYPASS) {
		entry->state = QT_REQ_BLOCKED;
	} else if (config == SMMUV3_BYPASS) {
		entry->state = QT_REQ_PASSTHROUGH;
	} else if (!has_stages(unit, config)) {
		qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
	} else if (SMMUV3_STE1_PRIVILEGED(ste[1])) {
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED);
	} else if (config == SMMUV3_STAGE1) {
		error = smmuv3_decode_stage1(unit, reader, ste, entry);
	} else {
		smmuv3_decode_stage2(unit, ste, entry);
		/* Whatever a guest's tables say, all of its DMA ends in what these translate. */
		if (config == SMMUV3_NESTED && entry->state == QT_REQ_TRANSLATED)
			qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_NESTED);
	}
	if (entry->state == QT_REQ_TRANSLATED)
		entry->ats = has_ats(ste);
	return error;
}

int smmuv3_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry)
{
	uint64_t ste[SMMUV3_STE_WORDS];
	uint32_t stream;
	qt_phys at;
	int error = smmuv3_stream(unit, rid, &stream);

	*entry = (struct qt_unit_entry){.rid = rid, .state = QT_REQ_ABSENT};
	if (error == QT_OK)
		error = smmuv3_ste_address(unit, reader, stream, &at);
	if (error)
		return error == QT_E_NOTFOUND ? QT_OK : error;
	error = qt_reader_words(reader, at, ste, SMMUV3_STE_WORDS);
	return error ? error : smmuv3_decode(unit, reader, ste, entry);
}

struct each {
	const struct qt_unit *unit;
	struct qt_reader *reader;
	int (*visit)(void *context, uint32_t stream, const uint64_t *ste);
	void *context;
};

/* The valid ones of `count` entries in a row. */
static int each_entry(const struct each *each, qt_phys at, uint64_t first, uint64_t count)
{
	for (uint64_t i = 0; i < count; i += RUN_ENTRIES) {
		uint64_t words[RUN_ENTRIES * SMMUV3_STE_WORDS];
		unsigned n = count - i < RUN_ENTRIES ? (unsigned)(count - i) : RUN_ENTRIES;
		int error = qt_reader_words(
			each->reader, at + i * SMMUV3_STE_SIZE, words, n * SMMUV3_STE_WORDS);

		for (unsigned k = 0; k < n && error == QT_OK; k++)
			if (words[k * SMMUV3_STE_WORDS] & SMMUV3_VALID)
				error = each->visit(each->context, (uint32_t)(first + i + k),
					&words[k * SMMUV3_STE_WORDS]);
		if (error)
			return error;
	}
	return QT_OK;
}

/* Those of the table that a descriptor leads to; what it has no use for is left out. */
static int each_below(const struct each *each, uint64_t descriptor, uint64_t first)
{
	uint64_t size = l2_size(each->unit, descriptor);
	uint64_t count = size / SMMUV3_STE_SIZE;

	if (first + count > streams(each->unit))
		count = streams(each->unit) - first;
	return size ? each_entry(each, aligned(descriptor, size), first, count) : QT_OK;
}

int smmuv3_each_ste(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, uint32_t stream, const uint64_t *ste), void *context)
{
	struct each each = {unit, reader, visit, context};
	uint64_t tables;
	int error = QT_OK;

	if (!has_two_levels(unit))
		return each_entry(&each, unit->root, 0, streams(unit));
	tables = (streams(unit) + (1ull << split(unit)) - 1) >> split(unit);
	for (uint64_t i = 0; i < tables && error == QT_OK; i += RUN_DESCRIPTORS) {
		uint64_t words[RUN_DESCRIPTORS];
		unsigned n =
			tables - i < RUN_DESCRIPTORS ? (unsigned)(tables - i) : RUN_DESCRIPTORS;

		error = qt_reader_words(reader, unit->root + i * sizeof(words[0]), words, n);
		for (unsigned k = 0; k < n && error == QT_OK; k++)
			error = each_below(&each, words[k], (i + k) << split(unit));
	}
	return error;
}

struct scan {
	const struct qt_unit *unit;
	struct qt_reader *reader;
	int (*visit)(void *context, const struct qt_unit_entry *entry);
	void *context;
};

/* What passes everything or nothing needs no visit: drivers give all streams such entries. */
static int scan_entry(void *context, uint32_t stream, const uint64_t *ste)
{
	const struct scan *scan = context;
	struct qt_unit_entry found = {.rid = 0};
	int error = smmuv3_decode(scan->unit, scan->reader, ste, &found);

	if (error || SMMUV3_STE0_CONFIG(ste[0]) <= SMMUV3_BYPASS)
		return error;
	error = smmuv3_rid(scan->unit, stream, &found.rid);
	return error ? error : scan->visit(scan->context, &found);
}

int smmuv3_scan(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, const struct qt_unit_entry *entry), void *context)
{
	struct scan scan = {unit, reader, visit, context};

	return smmuv3_each_ste(unit, reader, scan_entry, &scan);
}
