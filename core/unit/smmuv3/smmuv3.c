/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A unit of Arm's SMMUv3: its registers, who its streams are, and the shape of
 * tables that are made for it.
 *
 * Source: Arm SMMUv3 specification, IHI 0070, chapter 6 (registers), section 3.2
 * (stream numbering); tables as in DDI 0487, D8.
 */
#include "smmuv3.h"

unsigned smmuv3_address_bits(unsigned code)
{
	static const uint8_t bits[] = {32, 36, 40, 42, 44, 48, 52, 52};

	return bits[code & 7];
}

unsigned smmuv3_address_code(unsigned bits)
{
	unsigned code = 0;

	while (smmuv3_address_bits(code) < bits)
		code++;
	return code;
}

unsigned smmuv3_granule_lg2(const struct qt_unit *unit, unsigned code)
{
	static const struct {
		uint8_t lg2;
		uint32_t supported;
	} granules[] = {{12, SMMUV3_IDR5_4K}, {16, SMMUV3_IDR5_64K}, {14, SMMUV3_IDR5_16K}};

	if (code >= QT_ARRAY_SIZE(granules) || !(SMMUV3_UNIT_IDR5(unit) & granules[code].supported))
		return 0;
	return granules[code].lg2;
}

unsigned smmuv3_granule_code(unsigned granule_lg2)
{
	return granule_lg2 == 12 ? 0 : granule_lg2 == 16 ? 1 : 2;
}

unsigned smmuv3_levels(unsigned granule_lg2, unsigned input_bits)
{
	unsigned index_lg2 = granule_lg2 - 3;

	return input_bits <= granule_lg2 ? 1
					 : (input_bits - granule_lg2 + index_lg2 - 1) / index_lg2;
}

unsigned smmuv3_leaf_level(unsigned granule_lg2, unsigned output_bits)
{
	return granule_lg2 == 12 || (granule_lg2 == 16 && output_bits > 48) ? 2 : 1;
}

bool smmuv3_break_before_make(const struct qt_unit *unit)
{
	return SMMUV3_IDR3_BBML(SMMUV3_UNIT_IDR3(unit)) < 2;
}

/* Streams. */

int smmuv3_stream(const struct qt_unit *unit, qt_rid rid, uint32_t *stream)
{
	for (size_t i = 0; i < unit->scope_count; i++) {
		const struct qt_scope *scope = &unit->scopes[i];

		if (scope->unit != unit->index || rid < scope->rid || rid > scope->last)
			continue;
		*stream = scope->stream + (rid - scope->rid);
		return QT_OK;
	}
	*stream = rid & (SMMUV3_UNNAMED_STREAMS - 1);
	return QT_RID_SEGMENT(rid) == SMMUV3_SEGMENT(unit) ? QT_OK : QT_E_NOTFOUND;
}

int smmuv3_rid(const struct qt_unit *unit, uint32_t stream, qt_rid *rid)
{
	for (size_t i = 0; i < unit->scope_count; i++) {
		const struct qt_scope *scope = &unit->scopes[i];

		if (scope->unit != unit->index || stream < scope->stream ||
			stream - scope->stream > scope->last - scope->rid)
			continue;
		*rid = scope->rid + (stream - scope->stream);
		return QT_OK;
	}
	if (stream >= SMMUV3_UNNAMED_STREAMS)
		return QT_E_UNSUPPORTED;
	*rid = QT_RID(SMMUV3_SEGMENT(unit), 0, 0) | stream;
	return QT_OK;
}

/* Discovery, whatever firmware describes it. */

int smmuv3_add_unit(struct qt_machine *machine, qt_phys base, bool snoops)
{
	/* Two pages of 64 KiB (6.1). */
	if (base & 0xffff || base > UINT64_MAX - QT_KIB(128))
		return QT_E_BAD;
	return qt_discover_unit(machine,
		&(struct qt_unit){.ops = &qt_unit_smmuv3, .registers = base, .snoops = snoops});
}

int smmuv3_add_streams(struct qt_machine *machine, struct qt_unit *unit, qt_rid first,
	uint32_t count, uint32_t stream)
{
	/* Within one segment, and without a wrap. */
	if (count == 0 || count > 0x10000 - (first & 0xffff) || stream > UINT32_MAX - (count - 1))
		return QT_E_BAD;
	return qt_discover_scope(machine, &(struct qt_scope){
						  .unit = unit->index,
						  .rid = first,
						  .last = first + (count - 1),
						  .stream = stream,
					  });
}

static int discover(struct qt_machine *machine)
{
	int error = smmuv3_discover_iort(machine);

	return error == QT_E_NOTFOUND ? smmuv3_discover_device_tree(machine) : error;
}

/* Registers. */

/* Bytes of the stream table, or of its first level. 0: there is no such table. */
static uint64_t table_size(uint32_t cfg)
{
	unsigned bits = SMMUV3_CFG_LOG2SIZE(cfg), split = SMMUV3_CFG_SPLIT(cfg);

	if (bits > 32)
		return 0;
	if (SMMUV3_CFG_FORMAT(cfg) == SMMUV3_LINEAR)
		return (uint64_t)SMMUV3_STE_SIZE << bits;
	if (SMMUV3_CFG_FORMAT(cfg) != SMMUV3_TWO_LEVELS ||
		(split != 6 && split != 8 && split != 10))
		return 0;
	return bits > split ? sizeof(uint64_t) << (bits - split) : sizeof(uint64_t);
}

/* Hardware aligns its address to its size, but to 64 bytes at least (6.3.24). */
static qt_phys table_of(uint64_t base, uint64_t size)
{
	base &= SMMUV3_ADDRESS;
	return size ? base & ~(size - 1) : base;
}

/* Whether the stream table is of a kind that there is, and in RAM. */
static bool table_sound(const struct qt_machine *machine, const struct qt_unit *unit)
{
	uint32_t cfg = SMMUV3_UNIT_CFG(unit);
	uint64_t size = table_size(cfg);

	return size &&
	       SMMUV3_CFG_LOG2SIZE(cfg) <= SMMUV3_IDR1_STREAM_BITS(SMMUV3_UNIT_IDR1(unit)) &&
	       qt_ranges_contain(&machine->ram, unit->root, unit->root + size);
}

/* What of this kind of hardware the core has no use for. */
static bool unit_supported(const struct qt_unit *unit)
{
	uint32_t idr0 = SMMUV3_UNIT_IDR0(unit);

	return idr0 & SMMUV3_IDR0_AARCH64 && SMMUV3_IDR0_ENDIAN(idr0) != SMMUV3_ENDIAN_BIG &&
	       idr0 & (SMMUV3_IDR0_S1P | SMMUV3_IDR0_S2P) &&
	       !(SMMUV3_UNIT_IDR1(unit) & SMMUV3_IDR1_QUEUES_PRESET);
}

static void read_registers(const struct qt_machine *machine, struct qt_unit *unit)
{
	uint32_t idr0 = qt_unit_read32(machine, unit, SMMUV3_IDR0);

	unit->capability = idr0 | (uint64_t)qt_unit_read32(machine, unit, SMMUV3_IDR1) << 32;
	unit->extended_capability = qt_unit_read32(machine, unit, SMMUV3_IDR5) |
				    (uint64_t)qt_unit_read32(machine, unit, SMMUV3_IDR3) << 32;
	unit->version = qt_unit_read32(machine, unit, SMMUV3_AIDR);
	unit->tables[0] = qt_unit_read32(machine, unit, SMMUV3_STRTAB_BASE_CFG);
	unit->root = table_of(qt_unit_read64(machine, unit, SMMUV3_STRTAB_BASE),
		table_size(SMMUV3_UNIT_CFG(unit)));
	unit->tables[1] = qt_unit_read32(machine, unit, SMMUV3_CR2);
	/* Firmware knows how it is wired; IDR0 may be wrong ("override" in DEN 0049, 3.1.1.2). */
	unit->coherent = unit->snoops && idr0 & SMMUV3_IDR0_COHACC &&
			 SMMUV3_CR1_TABLE_CACHED(qt_unit_read32(machine, unit, SMMUV3_CR1));
	unit->output_bits = (uint8_t)smmuv3_address_bits(SMMUV3_IDR5_OAS(SMMUV3_UNIT_IDR5(unit)));
	/* ASIDs, or VMIDs: of the two kinds as many as both have. */
	unit->domain_ids = idr0 & SMMUV3_IDR0_ASID16 &&
					   (idr0 & SMMUV3_IDR0_VMID16 || !(idr0 & SMMUV3_IDR0_S2P))
				   ? 0x10000
				   : 0x100;
	unit->scopes = machine->scopes;
	unit->scope_count = machine->scope_count;
}

static void inspect(const struct qt_machine *machine, struct qt_unit *unit)
{
	uint32_t cr0 = qt_unit_read32(machine, unit, SMMUV3_CR0ACK);
	uint32_t errors = qt_unit_read32(machine, unit, SMMUV3_GERROR) ^
			  qt_unit_read32(machine, unit, SMMUV3_GERRORN);

	read_registers(machine, unit);
	if (cr0 == UINT32_MAX || SMMUV3_UNIT_IDR0(unit) == UINT32_MAX)
		qt_unit_set_state(unit, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
	else if (errors & SMMUV3_GERROR_FAILURE)
		qt_unit_set_state(unit, QT_UNIT_DEAD, QT_WHY_UNIT_DEAD);
	else if (!(cr0 & SMMUV3_CR0_ENABLE) &&
		 qt_unit_read32(machine, unit, SMMUV3_GBPA) & SMMUV3_GBPA_ABORT)
		qt_unit_set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_ABORT_MODE);
	else if (!(cr0 & SMMUV3_CR0_ENABLE))
		qt_unit_set_state(unit, QT_UNIT_OFF, QT_WHY_UNIT_OFF);
	else if (!unit_supported(unit) || !table_sound(machine, unit))
		qt_unit_set_state(unit, QT_UNIT_UNSUPPORTED, QT_WHY_UNIT_UNSUPPORTED);
	else
		qt_unit_set_state(unit, QT_UNIT_TRANSLATING, QT_WHY_NONE);
}

/* New tables. */

/* The smallest granule that the unit has: the capture mapping's ranges suit any of them. */
static unsigned own_granule(const struct qt_unit *unit)
{
	uint32_t idr5 = SMMUV3_UNIT_IDR5(unit);

	return idr5 & SMMUV3_IDR5_4K ? 12 : idr5 & SMMUV3_IDR5_16K ? 14 : 16;
}

/*
 * The width of stage 2's input is that of its output. Few address bits rule the
 * highest level out (DDI 0487, D8.2.6), and with 16 KiB three levels are all there are:
 * then what is left spans, without tables in a row.
 */
static unsigned stage2_input_bits(unsigned granule_lg2, unsigned address_bits)
{
	unsigned most = granule_lg2 == 14 ? 47 : 48;
	unsigned bits = address_bits > most ? most : address_bits;
	unsigned top = granule_lg2 == 12 ? 4 : 3;
	unsigned needed = granule_lg2 == 14 ? 42 : 44;

	if (smmuv3_levels(granule_lg2, bits) == top && address_bits < needed)
		return granule_lg2 + (top - 1) * (granule_lg2 - 3);
	return bits;
}

static int geometry(const struct qt_unit *unit, uint64_t limit, struct qt_geometry *geometry)
{
	bool stage1 = SMMUV3_UNIT_IDR0(unit) & SMMUV3_IDR0_S1P;
	unsigned granule = own_granule(unit);
	unsigned output = unit->output_bits > 48 && granule != 16 ? 48 : unit->output_bits;
	unsigned input = stage1 ? 48 : stage2_input_bits(granule, output);

	if (stage1 && granule == 16 && SMMUV3_IDR5_52BIT_VA(SMMUV3_UNIT_IDR5(unit)))
		input = 52;
	if (limit > 1ull << input || limit > 1ull << output)
		return QT_E_UNSUPPORTED;
	*geometry = (struct qt_geometry){
		.format = stage1 ? &qt_format_vmsav8_64 : &qt_format_vmsav8_64_stage2,
		.levels = (uint8_t)smmuv3_levels(granule, input),
		.granule_lg2 = (uint8_t)granule,
		.index_lg2 = (uint8_t)(granule - 3),
		.leaf_level = (uint8_t)smmuv3_leaf_level(granule, output),
		.input_bits = (uint8_t)input,
		.output_bits = (uint8_t)output,
		.memory = stage1 ? SMMUV3_MEMORY : SMMUV3_S2_MEMORY,
		.device_memory = stage1 ? SMMUV3_DEVICE : SMMUV3_S2_DEVICE,
		.coherent = unit->coherent,
		.break_before_make = smmuv3_break_before_make(unit),
	};
	return QT_OK;
}

/* No wait for the acknowledgement: nothing is written there again. */
static void mask_interrupts(const struct qt_machine *machine, const struct qt_unit *unit)
{
	if (qt_unit_read32(machine, unit, SMMUV3_IRQ_CTRL))
		qt_unit_write32(machine, unit, SMMUV3_IRQ_CTRL, 0);
}

/*
 * The driver would set GBPA to abort and reset the unit. Who hands firmware's
 * descriptions on should take the unit out of them too: devices wait for a driver
 * that never comes.
 */
static unsigned keep_away(const struct qt_capture_kernel *kernel, struct qt_keep_away *keep_away)
{
	keep_away->command_line = "initcall_blacklist=arm_smmu_driver_init";
	keep_away->hide_nodes = "arm,smmu-v3"; /* or its masters would wait for it */
	keep_away->hide_table = "IORT";
	keep_away->table_instead = qt_iort_without_units;
	return kernel->firmware_tables_only ? QT_WHY_LOCKED_DOWN : QT_WHY_NONE;
}

const struct qt_unit_ops qt_unit_smmuv3 = {
	.name = "smmuv3",
	.discover = discover,
	.inspect = inspect,
	.entry = smmuv3_entry,
	.scan = smmuv3_scan,
	.geometry = geometry,
	.domain_id_used = smmuv3_domain_id_used,
	.admit = smmuv3_admit,
	.set_root = smmuv3_set_root,
	.block = smmuv3_block,
	.flush = smmuv3_flush,
	.faults = smmuv3_faults,
	.forget_faults = smmuv3_forget_faults,
	.mask_interrupts = mask_interrupts,
	.keep_away = keep_away,
};
