/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers, commands and events of an AMD-Vi unit, and what a dead kernel writes for it.
 * Source: 48882, revision 3.08, sections 2.4 (commands), 2.5 (events) and 3.4 (registers).
 */
#include <string.h>

#include "kind.h"
#include "walk.h"

#define ADDRESS_MASK 0x000ffffffffff000ull
#define BLOCKED      3u /* V and TV, no mode, no permission */

enum {
	DEVICE_TABLE = 0x0000,
	COMMAND_BASE = 0x0008,
	EVENT_BASE = 0x0010,
	CONTROL = 0x0018,
	FEATURES = 0x0030,
	DEVICE_TABLE_1 = 0x0100,
	DEVICE_TABLE_7 = 0x0130,
	COMMAND_HEAD = 0x2000,
	COMMAND_TAIL = 0x2008,
	EVENT_HEAD = 0x2010,
	EVENT_TAIL = 0x2018,
	STATUS = 0x2020,
	REGISTERS_SIZE = 0x4000,
};

#define POINTER_MASK 0x7fff0ull
#define STATUS_LOST  0x1u
#define STATUS_RUN   0x10u

/* Of the event log: one page. */
#define EVENTS_SIZE 0x1000u

/* What may be changed in the control register without moving or stopping anything. */
#define HARMLESS                                                                                   \
	(MODEL_AMDVI_COMMANDS | MODEL_AMDVI_EVENTS | MODEL_AMDVI_EVENT_INT |                       \
		MODEL_AMDVI_WAIT_INT | MODEL_AMDVI_PPR_INT | MODEL_AMDVI_GA_INT)

struct model_unit_config model_amdvi_default(qt_phys registers)
{
	return (struct model_unit_config){
		.vendor = MODEL_AMDVI,
		.registers = registers,
		.large_2m = true,
		.large_1g = true,
		.coherent = true,
		.device_tlbs = true,
		.latency_us = 3,
		.first_1g = true, /* guest tables have all sizes */
		.amdvi = {.function = 2,
			.block_type = 0x11,
			.levels_max = 6,
			.guest_levels = 5,
			.gcr3_levels = 3},
	};
}

static unsigned segment_entries(const struct model_unit_config *config)
{
	unsigned all = 0x10000u >> config->amdvi.segments_lg2;

	return config->amdvi.entries && config->amdvi.entries < all ? config->amdvi.entries : all;
}

static void init(struct model_unit *unit)
{
	const struct model_unit_config *config = &unit->config;

	unit->amdvi.features = (uint64_t)(config->amdvi.levels_max - 4) << 10 |
			       (uint64_t)!config->amdvi.no_invalidate_all << 6 | (uint64_t)3 << 39 |
			       0x3;
	if (config->amdvi.guest_levels)
		unit->amdvi.features |= 1u << 4 | (uint64_t)(config->amdvi.guest_levels - 4) << 12 |
					(uint64_t)(config->amdvi.gcr3_levels - 1) << 14 |
					(uint64_t)!config->amdvi.no_guest_io << 48;
	unit->amdvi.running_ns = unit->amdvi.fetch_ns = MODEL_NEVER;
}

static enum model_view view(const struct model_unit *unit)
{
	return unit->config.coherent ? MODEL_CPU : MODEL_MEMORY;
}

static bool enabled(const struct model_unit *unit)
{
	return unit->amdvi.control & MODEL_AMDVI_ENABLE;
}

static uint64_t root(const struct model_unit *unit)
{
	return unit->amdvi.tables[0];
}

/* Commands. */

struct choice {
	uint16_t number;
	bool tables;
	bool guest;
	uint32_t pasid;
	uint64_t space;
	qt_iova start, last;
};

static bool is_context(const struct model_cached *entry, const void *context)
{
	const struct choice *choice = context;

	return entry->kind == MODEL_CACHE_CONTEXT && entry->number == choice->number;
}

static bool is_interrupt(const struct model_cached *entry, const void *context)
{
	const struct choice *choice = context;

	return entry->kind == MODEL_CACHE_INTERRUPT && entry->number == choice->number;
}

static bool overlaps(const struct model_cached *entry, const struct choice *choice)
{
	qt_iova start = entry->number << entry->size_lg2;

	return start <= choice->last &&
	       start + (((qt_iova)1 << entry->size_lg2) - 1) >= choice->start;
}

static bool is_page(const struct model_cached *entry, const void *context)
{
	const struct choice *choice = context;

	if (entry->kind != MODEL_CACHE_LEAF &&
		!(entry->kind == MODEL_CACHE_TABLE && choice->tables))
		return false;
	if (entry->first_stage != choice->guest || (choice->guest && entry->pasid != choice->pasid))
		return false;
	return entry->domain == choice->number && overlaps(entry, choice);
}

static bool is_device_page(const struct model_cached *entry, const void *context)
{
	const struct choice *choice = context;

	return entry->kind == MODEL_CACHE_DEVICE && entry->space == choice->space &&
	       overlaps(entry, choice);
}

static bool is_the_units(const struct model_cached *entry, const void *context)
{
	(void)context;
	return entry->kind != MODEL_CACHE_DEVICE;
}

/* S and address of an invalidation (2.4.3): the lowest 0 from bit 12 on ends the size. */
static void set_window(struct choice *choice, uint64_t word)
{
	unsigned lg2 = 12;

	if (word & 1) {
		while (lg2 < 63 && word >> lg2 & 1)
			lg2++;
		lg2++;
	}
	choice->start = lg2 > 63 ? 0 : word >> lg2 << lg2;
	choice->last = lg2 > 63 ? UINT64_MAX : choice->start + ((1ull << lg2) - 1);
	/* Table 14: the largest size is everything. */
	if (lg2 > 51) {
		choice->start = 0;
		choice->last = UINT64_MAX;
	}
}

static bool run_wait(struct model *m, struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	qt_phys at = lo & 0x000ffffffffffff8ull;

	unit->waits++;
	if (lo & 2)
		model_complain(m, "a completion wait asks for an interrupt");
	if (!(lo & 1))
		return true;
	if (!model_in_arena(m, at, 8))
		model_complain(m, "a completion wait stores to %llx", (unsigned long long)at);
	if (model_in_ram(m, at, 8))
		model_memory_write(&m->memory, at, &hi, 8);
	return !(lo & 0x0ff0000000000000ull);
}

/* False when the device does not answer: the unit stops then (IOTLB_INV_TIMEOUT). */
static bool run_device(struct model *m, struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	qt_rid rid = QT_RID(unit->config.segment, 0, 0) | (uint16_t)lo;
	struct model_function *function = model_function(m, rid);
	struct choice choice = {.space = rid};

	if (!function || function->ats_deaf)
		return false;
	if (!function->ats)
		model_complain(m, "device TLB invalidation for %x, which has no ATS on", rid);
	if (!(lo >> 24 & 0xff))
		model_complain(m, "device TLB invalidation with none pending allowed");
	set_window(&choice, hi);
	unit->device_invalidations++;
	model_cache_drop(&unit->cache, is_device_page, &choice);
	return true;
}

static bool run_pages(struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	struct choice choice = {.number = (uint16_t)(lo >> 32),
		.tables = hi & 2,
		.guest = hi & 4,
		.pasid = lo & 0xfffff};

	set_window(&choice, hi);
	unit->iotlb_invalidations++;
	model_cache_drop(&unit->cache, is_page, &choice);
	return !(lo & 0x0fff0000fff00000ull) && !(hi & 0xff8) && (choice.guest || !choice.pasid);
}

static bool run_entry(struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	struct choice choice = {.number = (uint16_t)lo};

	unit->context_invalidations++;
	model_cache_drop(&unit->cache, is_context, &choice);
	return !(lo & 0x0fffffffffff0000ull) && !hi;
}

static bool run_interrupts(struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	struct choice choice = {.number = (uint16_t)lo};

	unit->interrupt_invalidations++;
	model_cache_drop(&unit->cache, is_interrupt, &choice);
	return !(lo & 0x0fffffffffff0000ull) && !hi;
}

static bool run_all(struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	if (unit->config.amdvi.no_invalidate_all)
		return false;
	unit->context_invalidations++;
	unit->iotlb_invalidations++;
	unit->interrupt_invalidations++;
	model_cache_drop(&unit->cache, is_the_units, NULL);
	return !(lo & 0x0fffffffffffffffull) && !hi;
}

/* False if the command was refused, or ended the fetching. */
static bool run_command(struct model *m, struct model_unit *unit, qt_phys at)
{
	uint64_t lo, hi;

	if (!model_in_ram(m, at, 16))
		return false;
	lo = model_memory_load(&m->memory, at, MODEL_CPU);
	hi = model_memory_load(&m->memory, at + 8, MODEL_CPU);
	switch (lo >> 60) {
	case 1:
		return run_wait(m, unit, lo, hi);
	case 2:
		return run_entry(unit, lo, hi);
	case 3:
		return run_pages(unit, lo, hi);
	case 4:
		return run_device(m, unit, lo, hi);
	case 5:
		return run_interrupts(unit, lo, hi);
	case 8:
		return run_all(unit, lo, hi);
	default:
		model_complain(m, "command %llx", (unsigned long long)lo);
		return false;
	}
}

static uint64_t buffer_size(const struct model_unit *unit)
{
	return 16ull << (unit->amdvi.command_base >> 56 & 0xf);
}

static void run_commands(struct model *m, struct model_unit *unit)
{
	struct model_amdvi *a = &unit->amdvi;

	while (a->running && a->command_head != a->command_tail) {
		size_t cached = unit->cache.used;

		if (!run_command(m, unit, (a->command_base & ADDRESS_MASK) + a->command_head)) {
			a->running = false;
			break;
		}
		a->command_head = (a->command_head + 16) % buffer_size(unit);
		if (unit->cache.used != cached)
			model_changed(m);
	}
}

static void settle(struct model *m, struct model_unit *unit)
{
	if (model_due(m, &unit->amdvi.running_ns))
		unit->amdvi.running = unit->amdvi.wanted;
	if (model_due(m, &unit->amdvi.fetch_ns))
		run_commands(m, unit);
}

/* Registers. */

static void write_control(struct model *m, struct model_unit *unit, uint64_t value)
{
	struct model_amdvi *a = &unit->amdvi;
	uint64_t changed = a->control ^ value;

	if (changed & MODEL_AMDVI_ENABLE)
		model_complain(
			m, "STILL: control %llx switches the unit", (unsigned long long)value);
	if (changed & ~(uint64_t)(HARMLESS | MODEL_AMDVI_ENABLE))
		model_complain(m, "control %llx changes %llx", (unsigned long long)value,
			(unsigned long long)changed);
	a->control = value;
	if (!(changed & MODEL_AMDVI_COMMANDS))
		return;
	a->wanted = value & MODEL_AMDVI_COMMANDS;
	if (a->wanted && a->running)
		model_complain(m, "command buffer started before it had stopped");
	if (!a->wanted && a->running && a->command_head != a->command_tail && !unit->deaf)
		model_complain(m, "command buffer stopped with commands pending");
	a->running_ns = model_after_latency(m, unit, unit->command_deaf);
}

static void expect_stopped(struct model *m, const struct model_unit *unit, const char *what)
{
	if (unit->amdvi.running || unit->amdvi.wanted)
		model_complain(m, "%s written while the command buffer runs", what);
}

static void write_base(struct model *m, struct model_unit *unit, uint64_t value)
{
	expect_stopped(m, unit, "command buffer base");
	if ((value >> 56 & 0xf) < 8 || value & ~(ADDRESS_MASK | 0x0f00000000000000ull))
		model_complain(m, "command buffer base %llx", (unsigned long long)value);
	unit->amdvi.command_base = value;
	unit->amdvi.command_head = unit->amdvi.command_tail = 0;
}

static void write_tail(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (value & ~POINTER_MASK || value >= buffer_size(unit))
		model_complain(m, "command buffer tail %llx", (unsigned long long)value);
	unit->amdvi.command_tail = value & POINTER_MASK;
	unit->amdvi.fetch_ns = model_after_latency(m, unit, unit->deaf);
}

static void write_event_head(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (value & ~POINTER_MASK || value >= EVENTS_SIZE)
		model_complain(m, "event log head %llx", (unsigned long long)value);
	unit->amdvi.event_head = value & POINTER_MASK;
}

/* Section 3.4.16: writing one clears it, while the log is off. */
static void write_status(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (value & ~(uint64_t)STATUS_LOST)
		model_complain(m, "status %llx", (unsigned long long)value);
	if (value & STATUS_LOST && !(unit->amdvi.control & MODEL_AMDVI_EVENTS))
		unit->amdvi.events_lost = false;
}

static void write_register(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width, uint64_t value)
{
	unit->register_writes++;
	if (unit->all_ones)
		return;
	if (width != 8)
		model_complain(m, "%u-bit write to the unit's register %x", width * 8, offset);
	else if (offset == CONTROL)
		write_control(m, unit, value);
	else if (offset == COMMAND_BASE)
		write_base(m, unit, value);
	else if (offset == COMMAND_TAIL)
		write_tail(m, unit, value);
	else if (offset == EVENT_HEAD)
		write_event_head(m, unit, value);
	else if (offset == STATUS)
		write_status(m, unit, value);
	else if (offset == COMMAND_HEAD) {
		expect_stopped(m, unit, "command buffer head");
		unit->amdvi.command_head = value & POINTER_MASK;
	} else if (offset == DEVICE_TABLE || (offset >= DEVICE_TABLE_1 && offset <= DEVICE_TABLE_7))
		model_complain(m, "STILL: device table base written");
	else
		model_complain(m, "write of %llx to the unit's register %x",
			(unsigned long long)value, offset);
}

static uint64_t read_quad(const struct model_unit *unit, unsigned offset)
{
	const struct model_amdvi *a = &unit->amdvi;

	switch (offset) {
	case DEVICE_TABLE:
		return a->tables[0];
	case COMMAND_BASE:
		return a->command_base;
	case EVENT_BASE:
		return a->event_base;
	case CONTROL:
		return a->control;
	case FEATURES:
		return a->features;
	case COMMAND_HEAD:
		return a->command_head;
	case COMMAND_TAIL:
		return a->command_tail;
	case EVENT_HEAD:
		return a->event_head;
	case EVENT_TAIL:
		return a->event_tail;
	case STATUS:
		return (a->running ? STATUS_RUN : 0) | (a->events_lost ? STATUS_LOST : 0);
	default:
		return offset >= DEVICE_TABLE_1 && offset <= DEVICE_TABLE_7
			       ? a->tables[(offset - DEVICE_TABLE_1) / 8 + 1]
			       : 0;
	}
}

static uint64_t read_register(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width)
{
	uint64_t quad;

	(void)m;
	unit->register_reads++;
	if (unit->all_ones)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	quad = read_quad(unit, offset & ~7u);
	if (width == 8)
		return quad;
	return offset & 4 ? quad >> 32 : (uint32_t)quad;
}

/* IO_PAGE_FAULT (2.5.3). One that has no room is lost, and so are all that follow. */
static void record_fault(struct model *m, struct model_unit *unit, qt_rid rid)
{
	struct model_amdvi *a = &unit->amdvi;
	uint64_t event[2] = {2ull << 60 | (rid & 0xffff)};
	uint64_t next = (a->event_tail + sizeof(event)) % EVENTS_SIZE;

	if (!(a->control & MODEL_AMDVI_EVENTS) || a->events_lost)
		return;
	if (next == a->event_head) {
		a->events_lost = true;
		return;
	}
	model_memory_hardware(
		&m->memory, (a->event_base & ADDRESS_MASK) + a->event_tail, event, sizeof(event));
	a->event_tail = next;
}

/* What checks see. A page of the device table at a time, because they look after every store. */
static void each(struct model *m, struct model_unit *unit, model_found_fn visit, void *context)
{
	const unsigned per_page = MODEL_PAGE / 32;

	for (unsigned device = 0; enabled(unit) && device < 0x10000; device += per_page) {
		qt_phys at = model_amdvi_entry(unit, QT_RID(unit->config.segment, 0, device));
		uint64_t words[MODEL_PAGE / 8];

		if (!at || !model_in_ram(m, at, MODEL_PAGE))
			continue;
		memcpy(words, model_memory_page(&m->memory, at, view(unit)), sizeof(words));
		for (unsigned i = 0; i < per_page; i++) {
			qt_rid rid = QT_RID(unit->config.segment, 0, device + i);

			/* Entries that pass everything count for functions only: there are 65536.
			 */
			if (words[i * 4] & 1 ? words[i * 4] != BLOCKED
					     : model_function(m, rid) != NULL)
				model_visit_found(m, unit, rid, visit, context);
		}
	}
}

/* What the dead kernel writes: section 2.2.2.1. */

/* Linux's: nobody's DMA gets through until it is attached, nor do its interrupts. */
static void block(struct model *m, qt_phys table, unsigned pages)
{
	uint64_t words[MODEL_PAGE / 8] = {0};

	for (unsigned i = 0; i < QT_ARRAY_SIZE(words); i += 4) {
		words[i] = BLOCKED;
		words[i + 2] = 1;
	}
	for (unsigned i = 0; i < pages; i++)
		model_write(m, table + (qt_phys)i * MODEL_PAGE, words, sizeof(words));
}

static void start(struct model *m, unsigned index)
{
	struct model_unit *unit = &m->units[index];
	struct model_amdvi *a = &unit->amdvi;
	unsigned entries = segment_entries(&unit->config);
	unsigned pages = entries * 32 / MODEL_PAGE;

	for (unsigned i = 0; i < 1u << unit->config.amdvi.segments_lg2; i++) {
		qt_phys table = model_pages(m, pages);

		block(m, table, pages);
		a->tables[i] = table | (pages - 1);
	}
	a->command_base = model_pages(m, 2) | 9ull << 56;
	a->command_head = a->command_tail = 16 * model_random_below(&m->random, 512);
	a->event_base = model_pages(m, EVENTS_SIZE / MODEL_PAGE) | 8ull << 56;
	a->control = MODEL_AMDVI_ENABLE | MODEL_AMDVI_COMMANDS | MODEL_AMDVI_EVENTS |
		     MODEL_AMDVI_EVENT_INT | MODEL_AMDVI_PPR_INT | MODEL_AMDVI_GA_INT |
		     (unit->config.amdvi.guest_levels ? MODEL_AMDVI_GUEST : 0) |
		     (uint64_t)unit->config.coherent << 10 |
		     (uint64_t)unit->config.amdvi.segments_lg2 << 34;
	a->running = a->wanted = true;
}

static bool is_present(const struct model_domain *domain, uint64_t raw)
{
	return raw & 1 && (domain->first_stage || raw >> 61 & 3);
}

static bool is_leaf(const struct model_domain *domain, unsigned level, uint64_t raw)
{
	if (domain->first_stage)
		return model_first_stage_leaf(level, raw);
	return level == 0 || (raw >> 9 & 7) == 0 || (raw >> 9 & 7) == 7;
}

static uint64_t table_word(const struct model_domain *domain, unsigned level, qt_phys table)
{
	if (domain->first_stage)
		return table | model_first_stage_bits(domain, QT_RW, false);
	return table | (uint64_t)level << 9 | 3ull << 61 | 1;
}

static uint64_t leaf_word(
	const struct model_domain *domain, unsigned level, qt_phys phys, unsigned perms)
{
	if (domain->first_stage)
		return phys | model_first_stage_bits(domain, perms, true) |
		       (level ? MODEL_FS_LARGE : 0);
	return phys | (uint64_t)perms << 61 | 1ull << 60 | 1;
}

static qt_phys device_entry(struct model *m, unsigned unit, qt_rid rid)
{
	return model_amdvi_entry(&m->units[unit], rid);
}

static void write_entry(struct model *m, unsigned unit, qt_rid rid, uint64_t lo, uint64_t hi)
{
	qt_phys at = device_entry(m, unit, rid);

	model_poke(m, at, lo);
	model_poke(m, at + 8, hi);
	/* Remapped, by a table of 512 entries that nobody looks at here. */
	model_poke(m, at + 16, 2ull << 60 | (rid & 0xffff) << 12 | 9 << 1 | 1);
}

static qt_phys gcr3_table(struct model *m, unsigned unit, qt_rid rid)
{
	qt_phys at = device_entry(m, unit, rid);
	uint64_t lo = model_peek(m, at), hi = model_peek(m, at + 8);

	if (!field(lo, 55, 55))
		return 0;
	return field(lo, 60, 58) << 12 | field(hi, 31, 16) << 15 | field(hi, 63, 43) << 31;
}

qt_phys model_gcr3_entry(struct model *m, unsigned unit, qt_rid rid, uint32_t pasid, unsigned level)
{
	qt_phys table = gcr3_table(m, unit, rid);
	unsigned at = (unsigned)field(model_peek(m, device_entry(m, unit, rid)), 57, 56);

	for (; table && at > level; at--) {
		uint64_t word = model_peek(m, table + (pasid >> 9 * at & 511) * 8);

		table = word & 1 ? word & ADDRESS_MASK : 0;
	}
	return table ? table + (pasid >> 9 * level & 511) * 8 : 0;
}

/* Where it does not have one yet, a guest CR3 table of as many levels as the domain says. */
static void attach_pasid(struct model *m, struct model_domain *domain, qt_rid rid, uint32_t pasid)
{
	qt_phys at = device_entry(m, domain->unit, rid);
	unsigned level = domain->gcr3_levels ? domain->gcr3_levels - 1u : 0;

	if (!gcr3_table(m, domain->unit, rid)) {
		qt_phys table = model_page(m);

		write_entry(m, domain->unit, rid,
			model_peek(m, at) | field(table, 14, 12) << 58 | (uint64_t)level << 56 |
				1ull << 55 | 3ull << 61 | 3,
			model_peek(m, at + 8) | field(table, 30, 15) << 16 |
				field(table, 51, 31) << 43);
		model_poke(
			m, at + 16, model_peek(m, at + 16) | (uint64_t)(domain->levels - 4) << 54);
	}
	for (; level; level--) {
		qt_phys slot = model_gcr3_entry(m, domain->unit, rid, pasid, level);

		if (!(model_peek(m, slot) & 1))
			model_poke(m, slot, model_page(m) | 1);
	}
	model_poke(m, model_gcr3_entry(m, domain->unit, rid, pasid, 0), domain->root | 1);
}

/* Requests without PASID go through guest tables with GIoV, and through PASID 0's. */
static void attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type)
{
	if (!domain->first_stage) {
		write_entry(m, domain->unit, rid,
			domain->root | (uint64_t)domain->levels << 9 | 3ull << 61 | 3,
			domain->id | (uint64_t)type << 32);
		return;
	}
	write_entry(m, domain->unit, rid, 1ull << 54, domain->id | (uint64_t)type << 32);
	attach_pasid(m, domain, rid, 0);
}

static void attach_pass(struct model *m, unsigned unit, qt_rid rid)
{
	write_entry(m, unit, rid, 3ull << 61 | 3, 1);
}

static void detach(struct model *m, unsigned unit, qt_rid rid)
{
	write_entry(m, unit, rid, 1, 0);
}

/* Table 14: ones up to the bit below the size's, then a zero. */
void model_amdvi_map_sized(struct model *m, struct model_domain *domain, qt_iova iova, qt_phys phys,
	unsigned level, unsigned size_lg2)
{
	uint64_t size = 1ull << size_lg2;
	uint64_t entry = (phys & ~(size - 1)) | (size / 2 - MODEL_PAGE) | 7 << 9 | 3ull << 61 |
			 1ull << 60 | 1;

	for (uint64_t at = 0; at < size; at += 1ull << (12 + 9 * level))
		model_poke(m, model_table_entry(m, domain, iova + at, level), entry);
}

void model_amdvi_skip(struct model *m, struct model_domain *domain, qt_iova iova, unsigned level,
	unsigned next, qt_phys table)
{
	model_poke(m, model_table_entry(m, domain, iova, level),
		table | (uint64_t)next << 9 | 3ull << 61 | 1);
}

const struct model_unit_kind model_kind_amdvi = {
	.init = init,
	.view = view,
	.settle = settle,
	.read = read_register,
	.write = write_register,
	.translate = model_amdvi_translate,
	.context = model_amdvi_context,
	.in_width = model_amdvi_in_width,
	.walk_tables = model_amdvi_walk_tables,
	.caches_absent = model_amdvi_caches_absent,
	.record_fault = record_fault,
	.registers_size = REGISTERS_SIZE,
	.enabled = enabled,
	.root = root,
	.each = each,
	.entry = model_amdvi_decode,
	.start = start,
	.is_present = is_present,
	.is_leaf = is_leaf,
	.table_word = table_word,
	.leaf_word = leaf_word,
	.requester_entry = device_entry,
	.attach = attach,
	.attach_pasid = attach_pasid,
	.attach_pass = attach_pass,
	.detach = detach,
};
