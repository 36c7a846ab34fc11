/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Units as firmware describes them: the IVRS table.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, section 5.2.
 */
#include <quietus/bytes.h>

#include "amdvi.h"

/* IVRS header (5.2.1): an ACPI header, IVinfo, reserved. */
#define IVRS_BLOCKS 48

/* Blocks (5.2.2): type, flags and length, then what the type says. */
#define BLOCK_TYPE   0
#define BLOCK_FLAGS  1
#define BLOCK_LENGTH 2
#define BLOCK_DEVICE 4
#define BLOCK_SIZE   8u /* as far as all of them have it */

enum block_type {
	IVHD_10 = 0x10, /* a unit; the newer types say the same and more */
	IVHD_11 = 0x11,
	IVHD_40 = 0x40,
	IVMD_ALL = 0x20, /* memory: for every device, one, a range */
	IVMD_ONE = 0x21,
	IVMD_RANGE = 0x22,
};

/* IVHD (5.2.2.1). */
#define IVHD_BASE       8
#define IVHD_SEGMENT    16
#define IVHD_10_ENTRIES 24u
#define IVHD_ATTRIBUTES 20u       /* types 11h and 40h */
#define IVHD_NO_HOST    (1u << 0) /* HATDis */
#define IVHD_11_ENTRIES 40u

/* IVMD (5.2.2.8). */
#define IVMD_LAST    6
#define IVMD_SEGMENT 8
#define IVMD_START   16
#define IVMD_LENGTH  24
#define IVMD_SIZE    32u
#define IVMD_UNITY   (1u << 0) /* to be mapped one to one */
#define IVMD_EXCLUDE (1u << 3) /* not translated at all, which is the same from here */

/* Device entries (5.2.2.2 to 5.2.2.7): type, device ID; longer ones a second ID. */
#define ENTRY_DEVICE 1
#define ENTRY_SOURCE 5
#define HID_UID_SIZE 21
#define HID_SIZE     22u

enum entry_type {
	ENTRY_ALL = 1,
	ENTRY_SELECT = 2,
	ENTRY_START = 3,
	ENTRY_END = 4,
	ENTRY_ALIAS = 0x42,
	ENTRY_ALIAS_START = 0x43,
	ENTRY_EXT_SELECT = 0x46,
	ENTRY_EXT_START = 0x47,
	ENTRY_SPECIAL = 0x48,
	ENTRY_HID = 0xf0,
};

/* A block of the table whose length has been checked. */
struct block {
	const uint8_t *at;
	size_t len;
};

/* What is read of one unit's device entries. */
struct entries {
	struct qt_machine *machine;
	struct qt_unit *unit;
	bool open; /* a range was begun */
	qt_rid first;
	bool aliased;
	qt_rid alias;
};

static bool is_unit(unsigned type)
{
	return type == IVHD_10 || type == IVHD_11 || type == IVHD_40;
}

static qt_rid rid_of(const struct entries *e, const uint8_t *id)
{
	return QT_RID(e->unit->segment, id[1], id[0]);
}

static int add_scope(struct entries *e, qt_rid first, qt_rid last)
{
	const struct qt_scope scope = {.unit = e->unit->index, .rid = first, .last = last};

	return last < first ? QT_E_BAD : qt_discover_scope(e->machine, &scope);
}

static int add_source(struct entries *e, qt_rid rid)
{
	struct qt_machine *machine = e->machine;

	if (machine->source_count == QT_SOURCES_MAX)
		return QT_E_LIMIT;
	machine->sources[machine->source_count++] =
		(struct qt_source){.unit = e->unit->index, .rid = rid};
	return QT_OK;
}

/* Functions in [first, last] are seen as `alias`; what their bridges say comes first. */
static int add_aliased(struct entries *e, qt_rid first, qt_rid last, qt_rid alias)
{
	int error = add_scope(e, first, last);

	for (size_t i = 0; i < e->machine->pci.count; i++) {
		struct qt_pci_function *function = &e->machine->pci.functions[i];

		if (function->rid >= first && function->rid <= last &&
			function->alias == function->rid)
			function->alias = alias;
	}
	return error ? error : add_scope(e, alias, alias);
}

static int end_range(struct entries *e, qt_rid last)
{
	if (!e->open || last < e->first)
		return QT_E_BAD;
	e->open = false;
	return e->aliased ? add_aliased(e, e->first, last, e->alias) : add_scope(e, e->first, last);
}

static int begin_range(struct entries *e, const uint8_t *entry, bool aliased)
{
	e->open = true;
	e->first = rid_of(e, entry + ENTRY_DEVICE);
	e->aliased = aliased;
	if (aliased)
		e->alias = rid_of(e, entry + ENTRY_SOURCE);
	return QT_OK;
}

static int add_both(struct entries *e, qt_rid rid)
{
	int error = add_scope(e, rid, rid);

	return error ? error : add_source(e, rid);
}

static int add_entry(struct entries *e, const uint8_t *entry)
{
	qt_rid rid = rid_of(e, entry + ENTRY_DEVICE);

	/* Between start and end of a range there is nothing. */
	if (e->open && entry[0] != ENTRY_END)
		return QT_E_BAD;
	switch (entry[0]) {
	case ENTRY_ALL:
		e->unit->include_all = true;
		return QT_OK;
	case ENTRY_SELECT:
	case ENTRY_EXT_SELECT:
		return add_scope(e, rid, rid);
	case ENTRY_START:
	case ENTRY_EXT_START:
		return begin_range(e, entry, false);
	case ENTRY_ALIAS_START:
		return begin_range(e, entry, true);
	case ENTRY_END:
		return end_range(e, rid);
	case ENTRY_ALIAS:
		return add_aliased(e, rid, rid, rid_of(e, entry + ENTRY_SOURCE));
	case ENTRY_SPECIAL:
		return add_both(e, rid_of(e, entry + ENTRY_SOURCE));
	case ENTRY_HID:
		return add_both(e, rid);
	default:
		return QT_OK; /* padding, and what later revisions add */
	}
}

/* Length of the entry at `at`, 0 if it cannot be told or is more than `left`. */
static size_t entry_size(const uint8_t *at, size_t left)
{
	size_t size;

	if (at[0] < ENTRY_HID)
		size = (size_t)4 << (at[0] >> 6);
	else if (at[0] == ENTRY_HID && left >= HID_SIZE)
		size = HID_SIZE + at[HID_UID_SIZE];
	else
		return 0;
	return size <= left ? size : 0;
}

static int add_entries(struct entries *e, const struct block *block, size_t from)
{
	for (size_t at = from; at < block->len;) {
		size_t size = entry_size(block->at + at, block->len - at);
		int error = size ? add_entry(e, block->at + at) : QT_E_BAD;

		if (error)
			return error;
		at += size;
	}
	return e->open ? QT_E_BAD : QT_OK;
}

static int add_unit(struct qt_machine *machine, const struct block *block)
{
	size_t from = block->at[BLOCK_TYPE] == IVHD_10 ? IVHD_10_ENTRIES : IVHD_11_ENTRIES;
	struct entries entries = {.machine = machine, .unit = &machine->units[machine->unit_count]};
	struct qt_unit unit = {.ops = &qt_unit_amdvi, .shares_tables = true};
	int error;

	if (block->len < from)
		return QT_E_BAD;
	unit.registers = qt_le64(block->at + IVHD_BASE);
	unit.segment = qt_le16(block->at + IVHD_SEGMENT);
	if (from == IVHD_11_ENTRIES && block->at[IVHD_ATTRIBUTES] & IVHD_NO_HOST)
		unit.mode = AMDVI_MODE_NO_HOST;
	error = unit.registers & 0xfff ? QT_E_BAD : qt_discover_unit(machine, &unit);
	return error ? error : add_entries(&entries, block, from);
}

static int add_memory(struct qt_machine *machine, const struct block *block)
{
	unsigned type = block->at[BLOCK_TYPE];
	uint64_t start, end;
	unsigned first, last, segment;

	if (block->len < IVMD_SIZE)
		return QT_E_BAD;
	if (!(block->at[BLOCK_FLAGS] & (IVMD_UNITY | IVMD_EXCLUDE)))
		return QT_OK;
	start = qt_le64(block->at + IVMD_START) & ~0xfffull;
	if (__builtin_add_overflow(
		    qt_le64(block->at + IVMD_START), qt_le64(block->at + IVMD_LENGTH), &end) ||
		end > UINT64_MAX - 0xfff)
		return QT_E_BAD;
	end = (end + 0xfff) & ~0xfffull;
	first = type == IVMD_ALL ? 0 : qt_le16(block->at + BLOCK_DEVICE);
	last = type == IVMD_ALL     ? 0xffff
	       : type == IVMD_RANGE ? qt_le16(block->at + IVMD_LAST)
				    : first;
	if (start == end || last < first)
		return QT_E_BAD;
	segment = qt_le16(block->at + IVMD_SEGMENT);
	return qt_discover_reserved(machine, &(struct qt_reserved){
						     .rid = QT_RID(segment, 0, first),
						     .last = QT_RID(segment, 0, last),
						     .range = {start, end},
					     });
}

/* Sets *block to the one at `at` and moves on behind it. QT_E_BAD where it does not fit. */
static int next_block(const uint8_t *table, size_t len, size_t *at, struct block *block)
{
	block->at = table + *at;
	if (len - *at < BLOCK_SIZE)
		return QT_E_BAD;
	block->len = qt_le16(block->at + BLOCK_LENGTH);
	if (block->len < BLOCK_SIZE || block->len > len - *at)
		return QT_E_BAD;
	*at += block->len;
	return QT_OK;
}

static uint16_t unit_segment(const struct block *block)
{
	return block->len >= IVHD_10_ENTRIES ? qt_le16(block->at + IVHD_SEGMENT) : 0;
}

/* Whether the same unit is described again, by a newer type of block. */
static bool superseded(const uint8_t *table, size_t len, const struct block *block)
{
	struct block other;

	for (size_t at = IVRS_BLOCKS; at < len;) {
		if (next_block(table, len, &at, &other))
			return false;
		if (is_unit(other.at[BLOCK_TYPE]) && other.at[BLOCK_TYPE] > block->at[BLOCK_TYPE] &&
			qt_le16(other.at + BLOCK_DEVICE) == qt_le16(block->at + BLOCK_DEVICE) &&
			unit_segment(&other) == unit_segment(block))
			return true;
	}
	return false;
}

int amdvi_discover(struct qt_machine *machine)
{
	size_t before = machine->unit_count;
	const uint8_t *table;
	size_t len;
	int error = qt_acpi_table(&machine->acpi, machine->arena, "IVRS", 0, &table, &len);

	if (error)
		return error;
	if (len < IVRS_BLOCKS)
		return QT_E_BAD;
	for (size_t at = IVRS_BLOCKS; at < len && error == QT_OK;) {
		struct block block;

		error = next_block(table, len, &at, &block);
		if (error)
			return error;
		if (is_unit(block.at[BLOCK_TYPE]) && !superseded(table, len, &block))
			error = add_unit(machine, &block);
		else if (block.at[BLOCK_TYPE] >= IVMD_ALL && block.at[BLOCK_TYPE] <= IVMD_RANGE)
			error = add_memory(machine, &block);
	}
	if (error)
		return error;
	return machine->unit_count > before ? QT_OK : QT_E_NOTFOUND;
}
