/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Registers and commands of an SMMUv3, and what a dead kernel writes for it.
 * Source: IHI 0070, sections 3.5 (queues), 4 (commands), 6.3 (registers), 7 (events).
 */
#include <string.h>

#include "kind.h"
#include "walk.h"

enum {
	IDR0 = 0x00,
	IDR1 = 0x04,
	IDR3 = 0x0c,
	IDR5 = 0x14,
	AIDR = 0x1c,
	CR0 = 0x20,
	CR0ACK = 0x24,
	CR1 = 0x28,
	CR2 = 0x2c,
	GBPA = 0x44,
	IRQ_CTRL = 0x50,
	GERROR = 0x60,
	GERRORN = 0x64,
	STRTAB_BASE = 0x80,
	STRTAB_BASE_CFG = 0x88,
	CMDQ_BASE = 0x90,
	CMDQ_PROD = 0x98,
	CMDQ_CONS = 0x9c,
	EVENTQ_BASE = 0xa0,
	PAGE1 = 0x10000,
	EVENTQ_PROD = PAGE1 + 0xa8,
	EVENTQ_CONS = PAGE1 + 0xac,
	REGISTERS_SIZE = 0x20000,
};

#define BASE_ADDRESS  0x000fffffffffffe0ull
#define EVENTS_LG2    2u /* few, so that it overflows */
#define COMMAND_ERROR 1u

struct model_unit_config model_smmu_default(qt_phys registers)
{
	return (struct model_unit_config){
		.vendor = MODEL_SMMU,
		.registers = registers,
		.large_2m = true,
		.large_1g = true,
		.coherent = true,
		.device_tlbs = true,
		.latency_us = 3,
		.smmu = {.streams_lg2 = 16,
			.split = 8,
			.hyp = true,
			.output = 5,
			.bbm = 2,
			.commands_lg2 = 8},
	};
}

static void init(struct model_unit *unit)
{
	unit->smmu.control_ns = unit->smmu.fetch_ns = MODEL_NEVER;
}

static enum model_view view(const struct model_unit *unit)
{
	return unit->config.coherent ? MODEL_CPU : MODEL_MEMORY;
}

static bool enabled(const struct model_unit *unit)
{
	return unit->smmu.acknowledged & MODEL_SMMU_ENABLE;
}

static uint64_t root(const struct model_unit *unit)
{
	return unit->smmu.tables;
}

/* Commands. */

static bool is_configuration(const struct model_cached *entry, const void *context)
{
	(void)context;
	return entry->kind == MODEL_CACHE_CONTEXT;
}

static bool is_translation(const struct model_cached *entry, const void *context)
{
	(void)context;
	return entry->kind == MODEL_CACHE_LEAF || entry->kind == MODEL_CACHE_TABLE;
}

static bool is_of_device(const struct model_cached *entry, const void *context)
{
	const uint64_t *rid = context;

	return entry->kind == MODEL_CACHE_DEVICE && entry->space == *rid;
}

static bool fail(struct model_unit *unit)
{
	unit->smmu.error ^= COMMAND_ERROR;
	return false;
}

/* A device that does not answer is an error of the CMD_SYNC that waits for it (4.5.1, 4.7.3). */
static bool run_device(struct model *m, struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	uint64_t rid = QT_RID(unit->config.segment, 0, 0) |
		       ((uint32_t)(lo >> 32) - unit->config.smmu.first_stream);
	struct model_function *function = model_function(m, (qt_rid)rid);

	unit->queue_stalled = function && function->ats_silent;
	if (unit->queue_stalled)
		return false;
	unit->device_invalidations++;
	if (field(hi, 5, 0) < 52)
		model_complain(m, "device TLB invalidation of a part only");
	if (!function || function->ats_deaf) {
		unit->smmu.failed_device = true;
		return true;
	}
	if (!function->ats)
		model_complain(m, "device TLB invalidation for %llx, which has no ATS on",
			(unsigned long long)rid);
	model_cache_drop(&unit->cache, is_of_device, &rid);
	return true;
}

static bool run_sync(struct model *m, struct model_unit *unit, uint64_t lo)
{
	bool failed = unit->smmu.failed_device;

	unit->waits++;
	if (field(lo, 13, 12))
		model_complain(m, "a CMD_SYNC asks for a signal");
	unit->smmu.failed_device = false;
	return failed ? fail(unit) : true;
}

/* False if it was refused, and ended the fetching. */
static bool run_command(struct model *m, struct model_unit *unit, qt_phys at)
{
	uint64_t lo, hi;

	if (!model_in_ram(m, at, 16))
		return fail(unit);
	lo = model_memory_load(&m->memory, at, view(unit));
	hi = model_memory_load(&m->memory, at + 8, view(unit));
	switch (lo & 0xff) {
	case 0x04:
		if (hi != 31)
			model_complain(m, "CMD_CFGI_STE_RANGE that is not of all");
		unit->context_invalidations++;
		model_cache_drop(&unit->cache, is_configuration, NULL);
		return true;
	case 0x20:
		if (!unit->config.smmu.hyp)
			return fail(unit);
		return true; /* nothing here is EL2's */
	case 0x30:
		unit->iotlb_invalidations++;
		model_cache_drop(&unit->cache, is_translation, NULL);
		return true;
	case 0x40:
		return run_device(m, unit, lo, hi);
	case 0x46:
		return run_sync(m, unit, lo);
	default:
		model_complain(m, "command %llx", (unsigned long long)lo);
		return fail(unit);
	}
}

static bool has_error(const struct model_unit *unit)
{
	return (unit->smmu.error ^ unit->smmu.error_acknowledged) & COMMAND_ERROR;
}

static void run_commands(struct model *m, struct model_unit *unit)
{
	struct model_smmu *s = &unit->smmu;
	unsigned lg2 = (unsigned)s->commands & 0x1f;
	uint32_t mask = (2u << lg2) - 1;

	while (s->acknowledged & MODEL_SMMU_COMMANDS && !has_error(unit) &&
		((s->producer ^ s->consumer) & mask)) {
		qt_phys at =
			(s->commands & BASE_ADDRESS) + (s->consumer & ((1u << lg2) - 1)) * 16ull;
		size_t cached = unit->cache.used;

		if (!run_command(m, unit, at))
			break;
		s->consumer = (s->consumer + 1) & mask;
		if (unit->cache.used != cached)
			model_changed(m);
	}
}

static void settle(struct model *m, struct model_unit *unit)
{
	if (model_due(m, &unit->smmu.control_ns)) {
		unit->smmu.acknowledged = unit->smmu.control;
		unit->smmu.fetch_ns = model_after_latency(m, unit, unit->deaf);
	}
	if (model_due(m, &unit->smmu.fetch_ns))
		run_commands(m, unit);
}

/* Registers. */

static void write_control(struct model *m, struct model_unit *unit, uint32_t value)
{
	struct model_smmu *s = &unit->smmu;
	uint32_t changed = s->control ^ value;

	if (changed & ~MODEL_SMMU_COMMANDS)
		model_complain(m, "STILL: CR0 changes by %x", changed);
	if (s->control != s->acknowledged && !unit->command_deaf)
		model_complain(m, "CR0 written before it was acknowledged");
	s->control = value;
	s->control_ns = model_after_latency(m, unit,
		unit->command_deaf || (unit->queue_stalled && changed & MODEL_SMMU_COMMANDS));
}

static void expect_stopped(struct model *m, const struct model_unit *unit, const char *what)
{
	if ((unit->smmu.control | unit->smmu.acknowledged) & MODEL_SMMU_COMMANDS)
		model_complain(m, "%s written while the command queue is on", what);
}

static void write_commands(struct model *m, struct model_unit *unit, uint64_t value)
{
	unsigned lg2 = (unsigned)value & 0x1f;

	expect_stopped(m, unit, "CMDQ_BASE");
	if (lg2 > unit->config.smmu.commands_lg2 || (value & BASE_ADDRESS) & ((16ull << lg2) - 1))
		model_complain(m, "CMDQ_BASE %llx", (unsigned long long)value);
	unit->smmu.commands = value;
}

/* Where the specification has the register that this unit has at `offset`. */
static unsigned specified(const struct model_unit *unit, unsigned offset)
{
	if (!unit->config.smmu.one_page)
		return offset;
	if (offset == EVENTQ_PROD - PAGE1 || offset == EVENTQ_CONS - PAGE1)
		return offset + PAGE1;
	return offset < PAGE1 ? offset : REGISTERS_SIZE;
}

static void write32(struct model *m, struct model_unit *unit, unsigned offset, uint32_t value)
{
	struct model_smmu *s = &unit->smmu;

	switch (specified(unit, offset)) {
	case CR0:
		write_control(m, unit, value);
		break;
	case CMDQ_PROD:
		s->producer = value;
		s->fetch_ns = model_after_latency(m, unit, unit->deaf);
		break;
	case CMDQ_CONS:
		expect_stopped(m, unit, "CMDQ_CONS");
		s->consumer = value;
		break;
	case GERRORN:
		s->error_acknowledged = value;
		s->fetch_ns = model_after_latency(m, unit, unit->deaf);
		break;
	case IRQ_CTRL:
		if (value)
			model_complain(m, "IRQ_CTRL %x", value);
		s->interrupts = value;
		break;
	case EVENTQ_CONS:
		s->event_consumer = value;
		break;
	default:
		model_complain(m, "write of %x to the unit's register %x", value, offset);
	}
}

static void write_register(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width, uint64_t value)
{
	unit->register_writes++;
	if (unit->all_ones)
		return;
	if (offset == STRTAB_BASE || offset == STRTAB_BASE_CFG)
		model_complain(m, "STILL: STRTAB_BASE written");
	else if (offset == CMDQ_BASE && width == 8)
		write_commands(m, unit, value);
	else if (width == 4)
		write32(m, unit, offset, (uint32_t)value);
	else
		model_complain(m, "%u-bit write to the unit's register %x", width * 8, offset);
}

static uint32_t features(const struct model_unit *unit)
{
	const struct model_smmu_config *config = &unit->config.smmu;

	return 1u | (uint32_t)!config->stage2 << 1 | 2u << 2 |
	       (uint32_t)(unit->config.coherent || config->says_coherent) << 4 |
	       (uint32_t)config->hyp << 9 | 1u << 10 | 1u << 12 | 1u << 18 |
	       (uint32_t)config->stalls << 24 | (uint32_t)!config->linear << 27;
}

static uint32_t read32(const struct model_unit *unit, unsigned offset)
{
	const struct model_smmu *s = &unit->smmu;

	switch (specified(unit, offset)) {
	case IDR0:
		return features(unit);
	case IDR1:
		return unit->config.smmu.streams_lg2 | (uint32_t)unit->config.smmu.substreams << 6 |
		       EVENTS_LG2 << 16 | (uint32_t)unit->config.smmu.commands_lg2 << 21;
	case IDR3:
		return (uint32_t)unit->config.smmu.bbm << 11 | 1u << 2; /* HAD */
	case IDR5:
		return unit->config.smmu.output | 1u << (4 + (model_granule_lg2(unit) - 12) / 2);
	case CR0:
		return s->control;
	case CR0ACK:
		return s->acknowledged;
	case CR1:
		return 3u << 10 | 1u << 8 | 1u << 6 | 3u << 4 | 1u << 2 | 1u;
	case GBPA:
		return s->gbpa;
	case IRQ_CTRL:
		return s->interrupts;
	case GERROR:
		return s->error;
	case GERRORN:
		return s->error_acknowledged;
	case STRTAB_BASE_CFG:
		return s->tables_config;
	case CMDQ_PROD:
		return s->producer;
	case CMDQ_CONS:
		return s->consumer;
	case EVENTQ_PROD:
		return s->event_producer;
	case EVENTQ_CONS:
		return s->event_consumer;
	default:
		return 0;
	}
}

static uint64_t read_register(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width)
{
	unit->register_reads++;
	if (unit->all_ones)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	if (width == 4)
		return read32(unit, offset);
	switch (offset) {
	case STRTAB_BASE:
		return unit->smmu.tables;
	case CMDQ_BASE:
		return unit->smmu.commands;
	case EVENTQ_BASE:
		return unit->smmu.events;
	default:
		model_complain(m, "64-bit read of the unit's register %x", offset);
		return 0;
	}
}

/* Section 7.2: when the queue is full an event is lost, and that is noted. */
static void record_fault(struct model *m, struct model_unit *unit, qt_rid rid)
{
	struct model_smmu *s = &unit->smmu;
	uint32_t mask = (2u << EVENTS_LG2) - 1;
	qt_phys at =
		(s->events & BASE_ADDRESS) + (s->event_producer & ((1u << EVENTS_LG2) - 1)) * 32ull;
	uint64_t event[4] = {(uint64_t)model_smmu_stream(unit, rid) << 32 | 0x04};

	/* Entries that say "abort" do it without an event. */
	if (!(s->acknowledged & MODEL_SMMU_EVENTS))
		return;
	if (((s->event_producer - s->event_consumer) & mask) == 1u << EVENTS_LG2) {
		if (!((s->event_producer ^ s->event_consumer) >> 31))
			s->event_producer ^= 1u << 31;
		return;
	}
	model_memory_hardware(&m->memory, at, event, sizeof(event));
	s->event_producer = (s->event_producer & 1u << 31) | ((s->event_producer + 1) & mask);
}

/* A stretch of streams that one level 1 descriptor stands for at a time: most have none. */
static void each(struct model *m, struct model_unit *unit, model_found_fn visit, void *context)
{
	uint32_t step = unit->config.smmu.linear ? 1 : 1u << unit->config.smmu.split;
	uint32_t end = unit->config.smmu.linear ? 1u << unit->config.smmu.streams_lg2 : 0x10000;

	for (uint32_t id = 0; enabled(unit) && id < end; id += step) {
		uint32_t stream = model_smmu_stream(unit, id);
		qt_phys at = model_smmu_entry(m, unit, stream);

		for (uint32_t i = 0; at && i < step; i++)
			if (model_smmu_entry(m, unit, stream + i) &&
				model_memory_load(&m->memory, at + i * 64ull, view(unit)) & 8)
				model_visit_found(m, unit, QT_RID(unit->config.segment, 0, id + i),
					visit, context);
	}
}

/* What the dead kernel writes. */

static void fill_entries(struct model *m, const struct model_unit *unit, qt_phys at, uint64_t count)
{
	for (uint64_t i = 0; i < count && unit->config.smmu.abort; i++)
		model_poke(m, at + i * 64, 1);
}

static unsigned pages_of(uint64_t bytes)
{
	return bytes < MODEL_PAGE ? 1 : (unsigned)(bytes / MODEL_PAGE);
}

static void start(struct model *m, unsigned index)
{
	struct model_unit *unit = &m->units[index];
	const struct model_smmu_config *config = &unit->config.smmu;
	struct model_smmu *s = &unit->smmu;
	uint64_t streams = 1ull << config->streams_lg2;

	if (config->linear) {
		s->tables = model_pages(m, pages_of(streams * 64));
		s->tables_config = config->streams_lg2;
		fill_entries(m, unit, s->tables, streams);
	} else {
		s->tables = model_pages(m, pages_of((streams >> config->split) * 8));
		s->tables_config = config->streams_lg2 | (uint32_t)config->split << 6 | 1u << 16;
	}
	s->tables |= 1ull << 62;
	s->commands = model_pages(m, 1) | config->commands_lg2 | 1ull << 62;
	s->producer = s->consumer =
		(uint32_t)model_random_below(&m->random, 2u << config->commands_lg2);
	s->events = model_pages(m, 1) | EVENTS_LG2;
	s->interrupts = 5;
	s->control = s->acknowledged = MODEL_SMMU_ENABLE | MODEL_SMMU_EVENTS | MODEL_SMMU_COMMANDS;
}

static bool is_present(const struct model_domain *domain, uint64_t raw)
{
	(void)domain;
	return raw & 1;
}

static bool is_leaf(const struct model_domain *domain, unsigned level, uint64_t raw)
{
	(void)domain;
	return level == 0 || !(raw & 2);
}

static uint64_t table_word(const struct model_domain *domain, unsigned level, qt_phys table)
{
	(void)domain;
	(void)level;
	return table | 3;
}

/* As Linux makes them: normal memory, inner shareable, accessed, not global. */
static uint64_t stage1_leaf(unsigned level, qt_phys phys, unsigned perms)
{
	return phys | 1 << 11 | 1 << 10 | 3 << 8 | (perms & QT_WRITE ? 0 : 1 << 7) | 1 << 6 |
	       1 << 2 | (level ? 1 : 3);
}

static uint64_t stage2_leaf(unsigned level, qt_phys phys, unsigned perms)
{
	return phys | 1 << 10 | 3 << 8 | (uint64_t)perms << 6 | 0xf << 2 | (level ? 1 : 3);
}

static uint64_t leaf_word(
	const struct model_domain *domain, unsigned level, qt_phys phys, unsigned perms)
{
	return domain->stage2 ? stage2_leaf(level, phys, perms) : stage1_leaf(level, phys, perms);
}

static qt_phys requester_entry(struct model *m, unsigned index, qt_rid rid)
{
	return model_smmu_entry(m, &m->units[index], model_smmu_stream(&m->units[index], rid));
}

/* The entry, in a table that is made for it if need be. */
static qt_phys make_entry(struct model *m, unsigned index, qt_rid rid)
{
	const struct model_unit *unit = &m->units[index];
	unsigned split = unit->config.smmu.split;
	uint64_t size = 64ull << split;
	qt_phys at = requester_entry(m, index, rid), table;

	if (at || unit->config.smmu.linear)
		return at;
	table = model_pages(m, pages_of(size));
	fill_entries(m, unit, table, 1ull << split);
	model_poke(m,
		(unit->smmu.tables & BASE_ADDRESS) + (model_smmu_stream(unit, rid) >> split) * 8ull,
		table | (split + 1));
	return requester_entry(m, index, rid);
}

static void write_entry(struct model *m, qt_phys at, const uint64_t words[4])
{
	for (unsigned i = 0; i < 4; i++)
		model_poke(m, at + i * 8, words[i]);
}

static uint64_t size_of_input(const struct model_unit *unit, const struct model_domain *domain)
{
	unsigned bits = model_span_lg2(unit, domain->levels);

	return 64 - (bits > 48 ? 48 : bits);
}

/* Where the descriptor of substream 0 is; the table of descriptors is one of two levels or not. */
static qt_phys make_descriptor(struct model *m, const struct model_unit *unit, qt_phys *table)
{
	qt_phys below;

	*table = model_pages(m, 1);
	if (!unit->config.smmu.cd_two_levels)
		return *table;
	below = model_pages(m, 1);
	model_poke(m, *table, below | 1);
	return below;
}

static void attach(struct model *m, struct model_domain *domain, qt_rid rid, unsigned type)
{
	const struct model_unit *unit = &m->units[domain->unit];
	const struct model_smmu_config *config = &unit->config.smmu;
	qt_phys at = make_entry(m, domain->unit, rid), table, cd;
	uint64_t walks = 1 | 1 << 2 | 3 << 4;
	unsigned granule = model_granule_lg2(unit);
	uint64_t code = granule == 12 ? 0 : granule == 16 ? 1 : 2; /* TG0, S2TG */

	if (config->stage2) {
		write_entry(m, at,
			(uint64_t[4]){6 << 1 | 1, 1ull << 44 | (uint64_t)type << 28,
				domain->id | size_of_input(unit, domain) << 32 |
					(domain->levels - (granule == 12 ? 2ull : 1ull)) << 38 |
					walks << 40 | code << 46 | (uint64_t)config->output << 48 |
					1ull << 51,
				domain->root});
		return;
	}
	cd = make_descriptor(m, unit, &table);
	write_entry(m, cd,
		(uint64_t[4]){size_of_input(unit, domain) | code << 6 | walks << 8 | 1 << 30 |
				      1ull << 31 | (uint64_t)config->output << 32 | 1ull << 41 |
				      (uint64_t)(config->stalls == 2) << 44 | 3ull << 45 |
				      1ull << 47 | (uint64_t)domain->id << 48,
			domain->root, 0, 0xf404ff44});
	write_entry(m, at,
		(uint64_t[4]){table | (uint64_t)config->substreams << 59 |
				      (uint64_t)config->cd_two_levels << 4 | 5 << 1 | 1,
			2 | 1 << 2 | 1 << 4 | 3 << 6 | (uint64_t)type << 28, 0, 0});
}

static void attach_pass(struct model *m, unsigned unit, qt_rid rid)
{
	write_entry(m, make_entry(m, unit, rid), (uint64_t[4]){4 << 1 | 1, 1ull << 44, 0, 0});
}

static void detach(struct model *m, unsigned unit, qt_rid rid)
{
	write_entry(m, make_entry(m, unit, rid), (uint64_t[4]){0});
}

const struct model_unit_kind model_kind_smmu = {
	.init = init,
	.view = view,
	.settle = settle,
	.read = read_register,
	.write = write_register,
	.translate = model_smmu_translate,
	.context = model_smmu_context,
	.in_width = model_smmu_in_width,
	.walk_tables = model_smmu_walk_tables,
	.caches_absent = model_smmu_caches_absent,
	.record_fault = record_fault,
	.registers_size = REGISTERS_SIZE,
	.enabled = enabled,
	.root = root,
	.each = each,
	.entry = model_smmu_decode,
	.start = start,
	.is_present = is_present,
	.is_leaf = is_leaf,
	.table_word = table_word,
	.leaf_word = leaf_word,
	.requester_entry = requester_entry,
	.attach = attach,
	.attach_pass = attach_pass,
	.detach = detach,
};
