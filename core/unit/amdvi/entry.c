/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The device table: what its entries mean, and how they are changed.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, section 2.2.2 (device table).
 */
#include "amdvi.h"

/* Device table entries read at a time. */
#define RUN_ENTRIES 16u

unsigned amdvi_segment_size(const struct qt_unit *unit)
{
	return AMDVI_DEVICE_IDS >> AMDVI_CONTROL_SEGMENTS(unit->extended_capability);
}

qt_phys amdvi_entry_address(const struct qt_unit *unit, unsigned device)
{
	unsigned size = amdvi_segment_size(unit);
	uint64_t offset = (uint64_t)(device % size) * AMDVI_ENTRY_SIZE;
	uint64_t table;

	if (device / size >= AMDVI_SEGMENTS_MAX)
		return 0;
	table = unit->tables[device / size];
	return offset + AMDVI_ENTRY_SIZE <= AMDVI_TABLE_SIZE(table)
		       ? AMDVI_TABLE_BASE(table) + offset
		       : 0;
}

/* What the entry's host tables make of DMA. */
static void decode_host(
	const struct qt_unit *unit, const uint64_t *words, struct qt_unit_entry *entry)
{
	unsigned mode = AMDVI_MODE(words[0]);
	unsigned perms =
		(words[0] & AMDVI_READ ? QT_READ : 0) | (words[0] & AMDVI_WRITE ? QT_WRITE : 0);

	if (mode > amdvi_levels_max(unit)) {
		qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
	} else if (perms == 0) {
		entry->state = QT_REQ_BLOCKED;
	} else if (mode == 0) {
		if (perms == QT_RW)
			entry->state = QT_REQ_PASSTHROUGH;
		else
			qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_NO_PERMISSION);
	} else {
		entry->state = QT_REQ_TRANSLATED;
		entry->ats = words[1] & AMDVI_IOTLB;
		entry->table.geometry = amdvi_geometry(unit, mode);
		entry->table.geometry.denied = (uint8_t)(QT_RW & ~perms);
		entry->table.geometry.accessed_dirty = words[0] & AMDVI_ACCESSED_DIRTY;
		if (words[1] & AMDVI_NO_SNOOP)
			entry->table.geometry.coherent = false;
		entry->table.root = words[0] & AMDVI_ROOT;
	}
}

/*
 * An entry with guest tables. Left alone, it keeps the table of what its host tables
 * are: whatever goes through the guest's ends there.
 */
static int decode_with_guest(const struct qt_unit *unit, struct qt_reader *reader,
	const uint64_t *words, struct qt_unit_entry *entry)
{
	decode_host(unit, words, entry);
	if (!amdvi_guest_sound(unit, words))
		qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
	else if (entry->state == QT_REQ_BLOCKED)
		/* PASIDs may be in use, and would not be after an admission. */
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED);
	else if (!(words[0] & AMDVI_GUEST_IO))
		return QT_OK; /* only requests with a PASID go through guest tables */
	else if (AMDVI_MODE(words[0]) == 0)
		return amdvi_decode_guest(unit, reader, words, entry);
	else if (entry->state == QT_REQ_TRANSLATED)
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_NESTED);
	return QT_OK;
}

/* What a device table entry means (2.2.2.1, table 8). QT_E_LIMIT. */
static int decode(const struct qt_unit *unit, struct qt_reader *reader, const uint64_t *words,
	struct qt_unit_entry *entry)
{
	entry->domain_id = AMDVI_DOMAIN(words[1]);
	if (!(words[0] & AMDVI_VALID))
		entry->state = QT_REQ_PASSTHROUGH;
	else if (words[0] & AMDVI_RESERVED)
		qt_entry_refuse(entry, QT_REQ_DAMAGED, QT_WHY_ENTRY_DAMAGED);
	else if (!(words[0] & AMDVI_TRANSLATION_VALID))
		entry->state = QT_REQ_BLOCKED;
	else if (words[0] & AMDVI_GUEST_VALID)
		return decode_with_guest(unit, reader, words, entry);
	else
		decode_host(unit, words, entry);
	return QT_OK;
}

int amdvi_entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry)
{
	qt_phys at = amdvi_entry_address(unit, rid & 0xffff);
	uint64_t words[AMDVI_ENTRY_WORDS];
	int error;

	*entry = (struct qt_unit_entry){.rid = rid};
	if (!at) {
		qt_entry_refuse(entry, QT_REQ_UNSUPPORTED, QT_WHY_ENTRY_UNSUPPORTED);
		return QT_OK;
	}
	error = qt_reader_words(reader, at, words, AMDVI_ENTRY_WORDS);
	return error ? error : decode(unit, reader, words, entry);
}

/* What passes everything or nothing needs no visit: all entries that nobody set up do. */
static int visit_run(const struct qt_unit *unit, struct qt_reader *reader, unsigned device,
	const uint64_t *words, int (*visit)(void *context, const struct qt_unit_entry *entry),
	void *context)
{
	int error = QT_OK;

	for (unsigned i = 0; i < RUN_ENTRIES && error == QT_OK; i++, words += AMDVI_ENTRY_WORDS) {
		struct qt_unit_entry found = {.rid = QT_RID(unit->segment, 0, device + i)};

		if (!(words[0] & AMDVI_VALID))
			continue;
		error = decode(unit, reader, words, &found);
		if (error == QT_OK && found.state != QT_REQ_BLOCKED)
			error = visit(context, &found);
	}
	return error;
}

int amdvi_scan(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, const struct qt_unit_entry *entry), void *context)
{
	int error = QT_OK;

	/* Tables end at multiples of 4 KiB, and so do runs. */
	for (unsigned device = 0; device < AMDVI_DEVICE_IDS && error == QT_OK;
		device += RUN_ENTRIES) {
		qt_phys at = amdvi_entry_address(unit, device);
		uint64_t words[RUN_ENTRIES * AMDVI_ENTRY_WORDS];

		if (!at)
			continue;
		error = qt_reader_words(reader, at, words, RUN_ENTRIES * AMDVI_ENTRY_WORDS);
		if (error == QT_OK)
			error = visit_run(unit, reader, device, words, visit, context);
	}
	return error;
}

static int read_entry(const struct qt_unit_change *change, qt_phys *at, uint64_t *words)
{
	*at = amdvi_entry_address(change->unit, change->rid & 0xffff);
	return *at ? qt_change_words(change, *at, words, AMDVI_ENTRY_WORDS) : QT_E_NOTFOUND;
}

static uint64_t first_word(const struct qt_table *table)
{
	return table->root | AMDVI_MODE_IS(table->geometry.levels) | AMDVI_READ | AMDVI_WRITE |
	       AMDVI_TRANSLATION_VALID | AMDVI_VALID;
}

/* The entry refuses everything until its first word, which goes last, makes it whole. */
int amdvi_admit(const struct qt_unit_change *change)
{
	struct qt_reader reader = qt_change_reader(change);
	struct qt_unit_entry found = {.rid = change->rid};
	uint64_t words[AMDVI_ENTRY_WORDS];
	uint64_t after[2];
	qt_phys at;
	int error = read_entry(change, &at, words);

	if (error == QT_OK)
		error = decode(change->unit, &reader, words, &found);
	if (error)
		return error;
	if (found.state != QT_REQ_BLOCKED)
		return QT_E_BUSY;
	after[0] = first_word(&change->domain->table);
	after[1] = (words[1] & AMDVI_KEPT) | change->domain->id;
	return qt_change_put_entry(change, at, words, after, 2);
}

/* Mode and root share a word; what is in use of guest tables is not in this entry at all. */
int amdvi_set_root(const struct qt_unit_change *change)
{
	const struct qt_table *table = change->table;
	uint64_t words[AMDVI_ENTRY_WORDS];
	qt_phys at;
	int error = read_entry(change, &at, words);

	if (error)
		return error;
	if (AMDVI_MODE(words[0]) == 0)
		return QT_E_UNSUPPORTED;
	return qt_change_put(change, at, words[0],
		(words[0] & ~(AMDVI_MODE_MASK | AMDVI_ROOT)) | table->root |
			AMDVI_MODE_IS(table->geometry.levels));
}

/*
 * Valid, but without a mode or a permission: nothing gets through. Then no guest
 * table and no translated request either; what says nothing of translation, and
 * interrupts, stay as they are.
 */
int amdvi_block(const struct qt_unit_change *change)
{
	uint64_t words[AMDVI_ENTRY_WORDS];
	qt_phys at;
	int error = read_entry(change, &at, words);

	if (error == QT_OK)
		error = qt_change_put(change, at, words[0], AMDVI_VALID | AMDVI_TRANSLATION_VALID);
	return error ? error : qt_change_put(change, at + 8, words[1], words[1] & AMDVI_KEPT);
}

static int release_one(struct qt_unit_change *change, qt_rid rid)
{
	uint64_t words[AMDVI_ENTRY_WORDS];
	qt_phys at;
	int error;

	change->rid = rid;
	error = read_entry(change, &at, words);
	if (error)
		return error == QT_E_NOTFOUND ? QT_OK : error;
	return qt_change_put(change, at + 16, words[2], words[2] & ~AMDVI_INTERRUPTS_VALID);
}

int amdvi_release_interrupts(
	struct qt_machine *machine, const struct qt_unit *unit, qt_store_fn add, void *context)
{
	struct qt_unit_change change = {
		.machine = machine, .unit = unit, .add = add, .context = context};
	int error = QT_OK;

	for (size_t i = 0; i < machine->source_count && error == QT_OK; i++)
		if (machine->sources[i].unit == unit->index)
			error = release_one(&change, machine->sources[i].rid);
	for (size_t i = 0; i < machine->pci.count && error == QT_OK; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];

		if (qt_machine_unit_of(machine, function) != unit->index)
			continue;
		error = release_one(&change, function->rid);
		if (error == QT_OK && function->alias != function->rid)
			error = release_one(&change, function->alias);
	}
	for (size_t i = 0; i < machine->requester_count && error == QT_OK; i++)
		if (machine->requesters[i].unit == unit->index)
			error = release_one(&change, machine->requesters[i].rid);
	return error;
}
