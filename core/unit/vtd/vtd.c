/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An Intel VT-d unit in legacy mode: its state, its root and context tables.
 *
 * Source: Intel VT-d specification, revision 4.1, sections 3.4 (mapping of
 * requesters to domains), 9.1 (root entry), 9.3 (context entry).
 */
#include "registers.h"

static unsigned bits_set(unsigned value)
{
	unsigned n = 0;

	for (; value; value &= value - 1)
		n++;
	return n;
}

static void set_state(struct qt_unit *unit, enum qt_unit_state state, enum qt_reason reason)
{
	unit->state = (uint8_t)state;
	unit->reason = (uint8_t)reason;
}

static void inspect(const struct qt_machine *machine, struct qt_unit *unit)
{
	const struct qt_host *host = machine->host;
	uint32_t status = host->mmio_read32(host->context, unit->registers + VTD_GSTS);
	uint64_t rtaddr = host->mmio_read64(host->context, unit->registers + VTD_RTADDR);

	unit->version = host->mmio_read32(host->context, unit->registers + VTD_VER);
	unit->capability = host->mmio_read64(host->context, unit->registers + VTD_CAP);
	unit->extended_capability = host->mmio_read64(host->context, unit->registers + VTD_ECAP);
	unit->coherent = unit->extended_capability & VTD_ECAP_C;
	unit->domain_ids = 1u << (4 + 2 * VTD_CAP_ND(unit->capability));
	unit->root = VTD_RTADDR_ROOT(rtaddr);

	if (unit->version == UINT32_MAX || unit->version == 0 || unit->capability == UINT64_MAX ||
		VTD_CAP_ND(unit->capability) == 7)
		set_state(unit, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
	else if (!(status & VTD_GCMD_TE))
		set_state(unit, QT_UNIT_OFF, QT_WHY_UNIT_OFF);
	else if (VTD_RTADDR_MODE(rtaddr) == VTD_MODE_SCALABLE)
		set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_SCALABLE_MODE);
	else if (VTD_RTADDR_MODE(rtaddr) == VTD_MODE_ABORT)
		set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_ABORT_MODE);
	else if (VTD_RTADDR_MODE(rtaddr) != VTD_MODE_LEGACY ||
		 !qt_ranges_contain(&machine->ram, unit->root, unit->root + VTD_TABLE_SIZE))
		set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED);
	else
		set_state(unit, QT_UNIT_TRANSLATING, QT_WHY_NONE);
}

static struct qt_geometry geometry_for(const struct qt_unit *unit, unsigned levels)
{
	return (struct qt_geometry){
		.format = &qt_format_vtd_second_stage,
		.levels = (uint8_t)levels,
		.granule_lg2 = 12,
		.index_lg2 = 9,
		/* A unit with 1 GiB leaves has 2 MiB leaves too: count from the small end. */
		.leaf_level = (uint8_t)(VTD_CAP_SSLPS(unit->capability) == 2
						? 0
						: bits_set(VTD_CAP_SSLPS(unit->capability))),
		.input_bits = (uint8_t)VTD_CAP_MGAW(unit->capability),
		.output_bits = unit->output_bits,
		.coherent = unit->coherent,
	};
}

static bool levels_supported(const struct qt_unit *unit, unsigned levels)
{
	return levels >= 3 && levels <= 5 && VTD_CAP_SAGAW(unit->capability) & 1u << (levels - 2);
}

/* The smallest table that spans `limit`: fewer levels are fewer reads for the hardware. */
static int geometry(const struct qt_unit *unit, uint64_t limit, struct qt_geometry *geometry)
{
	for (unsigned levels = 3; levels <= 5; levels++) {
		struct qt_table table = {.geometry = geometry_for(unit, levels)};

		if (!levels_supported(unit, levels) || qt_table_span(&table) < limit)
			continue;
		*geometry = table.geometry;
		return QT_OK;
	}
	return QT_E_UNSUPPORTED;
}

/* Pointers must fit the host's address width. */
static bool pointer_fits(const struct qt_unit *unit, uint64_t lo)
{
	return (lo & VTD_POINTER) >> unit->output_bits == 0;
}

/* What hardware refuses for its reserved bits is no translation: DMA is blocked there. */
static bool root_sound(const struct qt_unit *unit, const uint64_t words[2])
{
	return !(words[0] & VTD_ROOT_LO_RESERVED) && words[1] == 0 && pointer_fits(unit, words[0]);
}

static bool context_sound(const struct qt_unit *unit, uint64_t lo, uint64_t hi)
{
	return !(lo & VTD_CONTEXT_LO_RESERVED) && !(hi & VTD_CONTEXT_HI_RESERVED) &&
	       pointer_fits(unit, lo) && VTD_CONTEXT_DID(hi) < unit->domain_ids &&
	       levels_supported(unit, VTD_CONTEXT_AW(hi) + 2);
}

/* What a present context entry means. */
static void decode_context(
	const struct qt_unit *unit, uint64_t lo, uint64_t hi, struct qt_unit_entry *entry)
{
	unsigned type = VTD_CONTEXT_TT(lo);
	unsigned levels = VTD_CONTEXT_AW(hi) + 2;

	entry->domain_id = VTD_CONTEXT_DID(hi);
	entry->state = QT_REQ_DAMAGED;
	entry->reason = QT_WHY_ENTRY_DAMAGED;
	if (!context_sound(unit, lo, hi))
		return;
	if (type == VTD_TT_PASS) {
		if (unit->extended_capability & VTD_ECAP_PT)
			entry->state = QT_REQ_PASSTHROUGH;
	} else if (type == VTD_TT_UNTRANSLATED ||
		   (type == VTD_TT_ATS && unit->extended_capability & VTD_ECAP_DT)) {
		entry->state = QT_REQ_TRANSLATED;
		entry->ats = type == VTD_TT_ATS;
		entry->table.geometry = geometry_for(unit, levels);
		entry->table.root = lo & VTD_POINTER;
	}
	if (entry->state != QT_REQ_DAMAGED)
		entry->reason = QT_WHY_NONE;
}

/* Reads one 16-byte entry of a root or context table. */
static int read_entry(struct qt_reader *reader, qt_phys table, unsigned index, uint64_t words[2])
{
	return qt_reader_words(reader, table + (uint64_t)index * VTD_ENTRY_SIZE, words, 2);
}

static int entry(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
	struct qt_unit_entry *entry)
{
	uint64_t words[2];
	int error;

	*entry = (struct qt_unit_entry){.rid = rid, .state = QT_REQ_ABSENT};
	error = read_entry(reader, unit->root, QT_RID_BUS(rid), words);
	if (error || !(words[0] & VTD_PRESENT))
		return error;
	if (!root_sound(unit, words)) {
		entry->state = QT_REQ_DAMAGED;
		entry->reason = QT_WHY_ENTRY_DAMAGED;
		return QT_OK;
	}
	error = read_entry(reader, words[0] & VTD_POINTER, QT_RID_DEVFN(rid), words);
	if (error || !(words[0] & VTD_PRESENT))
		return error;
	decode_context(unit, words[0], words[1], entry);
	return QT_OK;
}

static int scan_bus(const struct qt_unit *unit, struct qt_reader *reader, unsigned bus,
	qt_phys table, int (*visit)(void *context, const struct qt_unit_entry *entry),
	void *context)
{
	for (unsigned devfn = 0; devfn < VTD_ENTRIES; devfn++) {
		struct qt_unit_entry found = {.rid = QT_RID(unit->segment, bus, devfn)};
		uint64_t words[2];
		int error = read_entry(reader, table, devfn, words);

		if (error)
			return error;
		if (!(words[0] & VTD_PRESENT))
			continue;
		decode_context(unit, words[0], words[1], &found);
		error = visit(context, &found);
		if (error)
			return error;
	}
	return QT_OK;
}

/*
 * A bus whose context table cannot be read does not hide the others: it is
 * visited as one damaged entry, for its first function.
 */
static int scan(const struct qt_unit *unit, struct qt_reader *reader,
	int (*visit)(void *context, const struct qt_unit_entry *entry), void *context)
{
	for (unsigned bus = 0; bus < VTD_ENTRIES; bus++) {
		uint64_t words[2];
		int error = read_entry(reader, unit->root, bus, words);

		if (error == QT_OK && words[0] & VTD_PRESENT) {
			error = root_sound(unit, words)
					? scan_bus(unit, reader, bus, words[0] & VTD_POINTER, visit,
						  context)
					: QT_E_OUTSIDE;
			if (error == QT_E_OUTSIDE || error == QT_E_IO) {
				struct qt_unit_entry damaged = {
					.rid = QT_RID(unit->segment, bus, 0),
					.state = QT_REQ_DAMAGED,
					.reason = root_sound(unit, words) ? QT_WHY_GUARD_UNKNOWN
									  : QT_WHY_ENTRY_DAMAGED,
				};

				error = visit(context, &damaged);
			}
		}
		if (error)
			return error;
	}
	return QT_OK;
}

struct admit {
	struct qt_machine *machine;
	const struct qt_unit *unit;
	qt_store_fn add;
	void *context;
};

/* Changes one word: in our own memory at once, in the dead kernel's by a store to be made later. */
static int put(struct admit *admit, qt_phys at, uint64_t before, uint64_t after)
{
	const struct qt_host *host = admit->machine->host;
	uint64_t *own = qt_arena_pointer(admit->machine->arena, at, sizeof(*own));

	if (before == after)
		return QT_OK;
	if (!own)
		return admit->add(admit->context,
			&(struct qt_store){.at = at, .before = before, .after = after});
	*own = after;
	if (!admit->unit->coherent)
		host->write_back(host->context, at, sizeof(*own));
	return QT_OK;
}

/* Finds the context table of a bus, or makes one and hangs it into the root. */
static int context_table(struct admit *admit, unsigned bus,
	bool (*pending)(void *context, qt_phys at, uint64_t *value), qt_phys *table)
{
	struct qt_machine *machine = admit->machine;
	struct qt_reader reader = qt_machine_reader(machine, 1);
	qt_phys at = admit->unit->root + bus * VTD_ENTRY_SIZE;
	uint64_t words[2], value;
	void *page;
	int error;

	if (pending(admit->context, at, &value)) {
		*table = value & VTD_POINTER;
		return QT_OK;
	}
	error = read_entry(&reader, admit->unit->root, bus, words);
	if (error)
		return error;
	if (words[0] & VTD_PRESENT) {
		*table = words[0] & VTD_POINTER;
		return QT_OK;
	}
	page = qt_alloc(machine->arena, VTD_TABLE_SIZE, VTD_TABLE_SIZE);
	if (!page)
		return QT_E_NOMEM;
	*table = qt_arena_phys(machine->arena, page);
	if (!admit->unit->coherent)
		machine->host->write_back(machine->host->context, *table, VTD_TABLE_SIZE);
	/* The upper half is reserved in legacy mode; what a dead kernel left there must go. */
	error = put(admit, at + 8, words[1], 0);
	return error ? error : put(admit, at, words[0], *table | VTD_PRESENT);
}

static int admit(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	uint32_t domain_id, const struct qt_table *table,
	bool (*pending)(void *context, qt_phys at, uint64_t *value), qt_store_fn add, void *context)
{
	struct admit admit = {machine, unit, add, context};
	struct qt_reader reader = qt_machine_reader(machine, 1);
	uint64_t words[2];
	qt_phys at;
	int error = context_table(&admit, QT_RID_BUS(rid), pending, &at);

	if (error)
		return error;
	reader.arena = machine->arena; /* it may be a table made just now */
	error = read_entry(&reader, at, QT_RID_DEVFN(rid), words);
	if (error)
		return error;
	if (words[0] & VTD_PRESENT)
		return QT_E_BUSY;
	/* The half with the present bit goes last: the entry becomes present whole. */
	at += QT_RID_DEVFN(rid) * VTD_ENTRY_SIZE;
	error = put(
		&admit, at + 8, words[1], VTD_CONTEXT_HI(table->geometry.levels - 2u, domain_id));
	return error ? error : put(&admit, at, words[0], table->root | VTD_PRESENT);
}

/* Finds the context entry of a requester that has one. */
static int present_entry(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	qt_phys *at, uint64_t words[2])
{
	struct qt_reader reader = qt_machine_reader(machine, 2);
	int error = read_entry(&reader, unit->root, QT_RID_BUS(rid), words);

	if (error == QT_OK && (!(words[0] & VTD_PRESENT) || !root_sound(unit, words)))
		error = QT_E_NOTFOUND;
	if (error)
		return error;
	*at = (words[0] & VTD_POINTER) + QT_RID_DEVFN(rid) * VTD_ENTRY_SIZE;
	error = read_entry(&reader, words[0] & VTD_POINTER, QT_RID_DEVFN(rid), words);
	return error == QT_OK && !(words[0] & VTD_PRESENT) ? QT_E_NOTFOUND : error;
}

static int set_root(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	const struct qt_table *table, qt_store_fn add, void *context)
{
	struct admit admit = {machine, unit, add, context};
	uint64_t words[2];
	qt_phys at;
	int error = present_entry(machine, unit, rid, &at, words);

	if (error)
		return error;
	/* The number of levels stands in the other half. */
	if (VTD_CONTEXT_AW(words[1]) + 2 != table->geometry.levels)
		return QT_E_UNSUPPORTED;
	return put(&admit, at, words[0], (words[0] & ~VTD_POINTER) | table->root);
}

static int block(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid,
	qt_store_fn add, void *context)
{
	struct admit admit = {machine, unit, add, context};
	uint64_t words[2];
	qt_phys at;
	int error = present_entry(machine, unit, rid, &at, words);

	return error ? error : put(&admit, at, words[0], 0);
}

static void mask_interrupts(const struct qt_machine *machine, const struct qt_unit *unit)
{
	static const uint16_t controls[] = {VTD_FECTL, VTD_IECTL, VTD_PECTL};
	const struct qt_host *host = machine->host;

	for (size_t i = 0; i < QT_ARRAY_SIZE(controls); i++) {
		qt_phys at = unit->registers + controls[i];
		uint32_t value = host->mmio_read32(host->context, at);

		host->mmio_write32(host->context, at, value | VTD_ECTL_MASKED);
	}
}

const struct qt_unit_ops qt_unit_vtd = {
	.name = "vt-d",
	.discover = vtd_discover,
	.inspect = inspect,
	.entry = entry,
	.scan = scan,
	.geometry = geometry,
	.admit = admit,
	.set_root = set_root,
	.block = block,
	.flush = vtd_flush,
	.mask_interrupts = mask_interrupts,
	.command_line = "initcall_blacklist=pci_iommu_init",
};
