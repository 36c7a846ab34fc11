/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "kind.h"

/* Register offsets: VT-d 4.1, section 11.4. */
enum {
	VER = 0x00,
	CAP = 0x08,
	ECAP = 0x10,
	GCMD = 0x18,
	GSTS = 0x1c,
	RTADDR = 0x20,
	CCMD = 0x28,
	FSTS = 0x34,
	FECTL = 0x38,
	PMEN = 0x64,
	PLMBASE = 0x68,
	PHMBASE = 0x70,
	PHMLIMIT = 0x78,
	IQH = 0x80,
	IQT = 0x88,
	IQA = 0x90,
	IECTL = 0xa0,
	IRTA = 0xb8,
	PECTL = 0xe0,
	IVA = 0x100, /* at ECAP.IRO */
	IOTLB = 0x108,
	FRCD = 0x200, /* fault recording, at CAP.FRO */
};

/* GCMD's lasting bits, and the ones that order something once. */
#define GCMD_LASTING                                                                               \
	(MODEL_GCMD_TE | MODEL_GCMD_EAFL | MODEL_GCMD_QIE | MODEL_GCMD_IRE | MODEL_GCMD_CFI)
#define GCMD_ONCE (MODEL_GCMD_SRTP | MODEL_GCMD_SFL | MODEL_GCMD_WBF | MODEL_GCMD_SIRTP)

#define IQA_WIDE 0x800u /* 256-bit descriptors */

struct model_unit_config model_unit_default(qt_phys registers)
{
	return (struct model_unit_config){
		.registers = registers,
		.include_all = true,
		.version_major = 1,
		.guest_bits = 48,
		.levels = 1 << 3 | 1 << 4,
		.domain_id_bits = 16,
		.large_2m = true,
		.large_1g = true,
		.coherent = true,
		.queued = true,
		.device_tlbs = true,
		.pass_through = true,
		.snoop = true,
		.latency_us = 3,
	};
}

struct model_unit_config model_unit_scalable(qt_phys registers)
{
	struct model_unit_config config = model_unit_default(registers);

	config.scalable = config.second_stage = config.walk_snoop = true;
	return config;
}

/* CAP: section 11.4.2. */
static uint64_t capability_of(const struct model_unit_config *config)
{
	uint64_t cap = config->more_capability;

	cap |= (config->domain_id_bits - 4u) / 2;
	cap |= (uint64_t)config->write_buffer << 4;
	cap |= (uint64_t)config->caching_mode << 7;
	cap |= (uint64_t)(config->levels >> 2) << 8; /* SAGAW bit 1: 3 levels */
	cap |= (uint64_t)(config->guest_bits - 1u) << 16;
	cap |= (uint64_t)(FRCD / 16) << 24;
	cap |= (uint64_t)(MODEL_FAULT_RECORDS - 1) << 40; /* NFR */
	cap |= (uint64_t)config->large_2m << 34;
	cap |= (uint64_t)config->large_1g << 35;
	cap |= 1ull << 39;              /* PSI */
	cap |= (uint64_t)0x12 << 48;    /* MAMV */
	cap |= 1ull << 54 | 1ull << 55; /* write and read draining */
	cap |= 1ull << 5 | 1ull << 6;   /* protected memory regions */
	cap |= (uint64_t)config->first_1g << 56;
	cap |= (uint64_t)config->first_5 << 60;
	return cap;
}

/* ECAP: section 11.4.3. */
static uint64_t extended_capability_of(const struct model_unit_config *config)
{
	uint64_t ecap = config->more_extended_capability;

	ecap |= config->coherent;
	ecap |= (uint64_t)config->queued << 1;
	ecap |= (uint64_t)config->device_tlbs << 2;
	ecap |= (uint64_t)1 << 3; /* interrupt remapping */
	ecap |= (uint64_t)config->pass_through << 6;
	ecap |= (uint64_t)config->snoop << 7;
	ecap |= (uint64_t)(IVA / 16) << 8;
	ecap |= (uint64_t)config->scalable << 43;
	ecap |= (uint64_t)config->scalable << 40; /* PASID */
	ecap |= (uint64_t)config->flags << 45;
	ecap |= (uint64_t)config->second_stage << 46;
	ecap |= (uint64_t)config->first_stage << 47;
	ecap |= (uint64_t)config->walk_snoop << 48;
	ecap |= (uint64_t)(config->rid_pasid != 0) << 49;
	return ecap;
}

void model_vtd_init(struct model_unit *unit)
{
	const struct model_unit_config *config = &unit->config;

	unit->capability = capability_of(config);
	unit->extended_capability = extended_capability_of(config);
	unit->command_ns = unit->context_ns = unit->iotlb_ns = unit->queue_ns = MODEL_NEVER;
}

enum model_view model_vtd_view(const struct model_unit *unit)
{
	if (unit->config.write_buffer)
		return unit->config.coherent ? MODEL_BUFFERED_CPU : MODEL_BUFFERED_MEMORY;
	return unit->config.coherent ? MODEL_CPU : MODEL_MEMORY;
}

void model_unit_set_root(struct model_unit *unit, uint64_t root)
{
	unit->root_register = root;
	unit->root = root;
	unit->status |= MODEL_GCMD_SRTP;
}

void model_unit_enable(struct model_unit *unit, bool translation, qt_phys queue, unsigned tail)
{
	if (translation)
		unit->status |= MODEL_GCMD_TE;
	if (queue) {
		unit->status |= MODEL_GCMD_QIE;
		unit->queue_address = queue;
		unit->queue_head = unit->queue_tail = tail / 2 * 32u;
		if (unit->root & MODEL_RTADDR_SCALABLE)
			unit->queue_address |= IQA_WIDE;
	}
}

/* Which cached contexts a command names. */
struct context_choice {
	unsigned granularity;
	uint16_t domain;
	uint16_t source;
	uint16_t source_mask;
};

static bool context_matches(const struct model_cached *entry, const void *context)
{
	const struct context_choice *choice = context;

	if (entry->kind != MODEL_CACHE_CONTEXT)
		return false;
	if (choice->granularity == 1)
		return true;
	if (entry->domain != choice->domain)
		return false;
	return choice->granularity == 2 ||
	       ((entry->number ^ choice->source) & choice->source_mask & 0xffff) == 0;
}

void model_unit_forget_contexts(struct model_unit *unit, unsigned granularity, uint16_t domain,
	uint16_t source, unsigned mask)
{
	/* FM: which bits of the function number do not count (section 6.5.1.1). */
	static const uint16_t masks[] = {0xffff, 0xfffb, 0xfff9, 0xfff8};
	struct context_choice choice = {granularity, domain, source, masks[mask & 3]};

	unit->context_invalidations++;
	model_cache_drop(&unit->cache, context_matches, &choice);
}

/* Which cached PASID entries a command names. */
struct pasid_choice {
	unsigned granularity;
	uint16_t domain;
	uint32_t pasid;
};

static bool pasid_matches(const struct model_cached *entry, const void *context)
{
	const struct pasid_choice *choice = context;

	if (entry->kind != MODEL_CACHE_PASID)
		return false;
	if (choice->granularity == 3)
		return true;
	return entry->domain == choice->domain &&
	       (choice->granularity == 0 || entry->pasid == choice->pasid);
}

void model_unit_forget_pasids(
	struct model_unit *unit, unsigned granularity, uint16_t domain, uint32_t pasid)
{
	struct pasid_choice choice = {granularity, domain, pasid};

	unit->pasid_invalidations++;
	model_cache_drop(&unit->cache, pasid_matches, &choice);
}

/* Which cached translations a command names. */
struct leaf_choice {
	unsigned granularity;
	uint16_t domain;
	uint32_t space;
	qt_iova start;
	qt_iova last;
	bool keep_tables;
};

static bool in_window(const struct model_cached *entry, const struct leaf_choice *choice)
{
	qt_iova start = entry->number << entry->size_lg2;
	qt_iova last = start + (((qt_iova)1 << entry->size_lg2) - 1);

	return start <= choice->last && last >= choice->start;
}

static bool leaf_matches(const struct model_cached *entry, const void *context)
{
	const struct leaf_choice *choice = context;

	if (entry->kind != MODEL_CACHE_LEAF && entry->kind != MODEL_CACHE_TABLE)
		return false;
	if (choice->granularity != 1 && entry->domain != choice->domain)
		return false;
	/* Pages of a domain: all of its first-stage entries go (table 23 of 6.5.2.3). */
	if (choice->granularity != 3 || entry->first_stage)
		return true;
	if (entry->kind == MODEL_CACHE_TABLE && choice->keep_tables)
		return false;
	return in_window(entry, choice);
}

static void set_window(struct leaf_choice *choice, qt_iova iova, unsigned pages_lg2)
{
	uint64_t size_lg2 = pages_lg2 + 12;
	uint64_t mask = size_lg2 > 63 ? UINT64_MAX : ((uint64_t)1 << size_lg2) - 1;

	choice->start = iova & ~mask;
	choice->last = iova | mask;
}

void model_unit_forget_leaves(struct model_unit *unit, unsigned granularity, uint16_t domain,
	qt_iova iova, unsigned pages_lg2, bool keep_tables)
{
	struct leaf_choice choice = {
		.granularity = granularity, .domain = domain, .keep_tables = keep_tables};

	set_window(&choice, iova, pages_lg2);
	unit->iotlb_invalidations++;
	model_cache_drop(&unit->cache, leaf_matches, &choice);
}

static bool device_matches(const struct model_cached *entry, const void *context)
{
	const struct leaf_choice *choice = context;

	return entry->kind == MODEL_CACHE_DEVICE && entry->space == choice->space &&
	       in_window(entry, choice);
}

void model_unit_forget_device(
	struct model_unit *unit, uint32_t rid, qt_iova iova, unsigned pages_lg2)
{
	struct leaf_choice choice = {.space = rid};

	set_window(&choice, iova, pages_lg2);
	unit->device_invalidations++;
	model_cache_drop(&unit->cache, device_matches, &choice);
}

/* Context command register: section 11.4.6. */
static void run_context_command(struct model *m, struct model_unit *unit)
{
	uint64_t command = unit->context_command;
	unsigned granularity = command >> 61 & 3;

	if (granularity)
		model_unit_forget_contexts(unit, granularity, (uint16_t)command,
			(uint16_t)(command >> 16), command >> 32 & 3);
	unit->context_command &= ~(1ull << 63 | 3ull << 59);
	if (!unit->register_invalidation_broken)
		unit->context_command |= (uint64_t)granularity << 59;
	model_changed(m);
}

/* IOTLB invalidate register: section 11.4.8. */
static void run_iotlb_command(struct model *m, struct model_unit *unit)
{
	uint64_t command = unit->iotlb_command;
	unsigned granularity = command >> 60 & 3;

	if (granularity)
		model_unit_forget_leaves(unit, granularity, (uint16_t)(command >> 32),
			unit->iotlb_address & ~0xfffull, unit->iotlb_address & 0x3f,
			unit->iotlb_address & 0x40);
	unit->iotlb_command &= ~(1ull << 63 | 3ull << 57);
	if (!unit->register_invalidation_broken)
		unit->iotlb_command |= (uint64_t)granularity << 57;
	model_changed(m);
}

/* Invalidation descriptors: section 6.5.2. */
enum {
	DESCRIPTOR_CONTEXT = 1,
	DESCRIPTOR_IOTLB = 2,
	DESCRIPTOR_DEVICE = 3,
	DESCRIPTOR_INTERRUPT = 4,
	DESCRIPTOR_WAIT = 5,
	DESCRIPTOR_PASID = 7,
};

static unsigned descriptor_size(const struct model_unit *unit)
{
	return unit->queue_address & IQA_WIDE ? 32 : 16;
}

/* Scalable mode takes wide descriptors only; wide ones need scalable mode to exist (11.4.9.9). */
static bool width_allowed(const struct model_unit *unit)
{
	bool wide = unit->queue_address & IQA_WIDE;

	return wide ? unit->config.scalable : !(unit->root & MODEL_RTADDR_SCALABLE);
}

static bool run_context_descriptor(struct model_unit *unit, uint64_t lo)
{
	unsigned granularity = lo >> 4 & 3;

	if (!granularity)
		return false;
	model_unit_forget_contexts(
		unit, granularity, (uint16_t)(lo >> 16), (uint16_t)(lo >> 32), lo >> 48 & 3);
	return true;
}

static bool run_pasid_descriptor(struct model_unit *unit, uint64_t lo)
{
	unsigned granularity = lo >> 4 & 3;

	if (granularity == 2 || !(unit->queue_address & IQA_WIDE))
		return false;
	model_unit_forget_pasids(
		unit, granularity, (uint16_t)(lo >> 16), (uint32_t)(lo >> 32) & 0xfffff);
	return true;
}

static bool run_iotlb_descriptor(struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	unsigned granularity = lo >> 4 & 3;

	if (!granularity)
		return false;
	model_unit_forget_leaves(
		unit, granularity, (uint16_t)(lo >> 16), hi & ~0xfffull, hi & 0x3f, hi & 0x40);
	return true;
}

/* False when the device does not answer: a time-out is reported then. */
static bool run_device_descriptor(
	struct model *m, struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	qt_rid rid = QT_RID(unit->config.segment, 0, 0) | (uint16_t)(lo >> 32);
	struct model_function *function = model_function(m, rid);
	unsigned pages_lg2 = 0;
	uint16_t physical = 0;

	if (!unit->config.device_tlbs)
		model_complain(m, "device TLB invalidation on a unit without device TLBs");
	if (!function || function->ats_deaf)
		return false;
	if (!function->ats)
		model_complain(m, "device TLB invalidation for %x, which has no ATS on", rid);
	/* Section 6.5.2.5: PFSID, where ECAP.DIT gives it a meaning. */
	if (unit->extended_capability >> 41 & 1)
		physical = (uint16_t)(function->physical ? function->physical->rid : rid);
	if ((lo >> 12 & 0xf) != (physical & 0xf) || lo >> 52 != physical >> 4)
		model_complain(
			m, "device TLB invalidation for %x names another physical function", rid);
	if (hi & 1)
		for (pages_lg2 = 1; pages_lg2 < 52 && hi >> (pages_lg2 + 11) & 1; pages_lg2++)
			;
	model_unit_forget_device(unit, rid, hi & ~0xfffull, pages_lg2);
	return true;
}

static bool run_wait_descriptor(struct model *m, struct model_unit *unit, uint64_t lo, uint64_t hi)
{
	uint32_t data = (uint32_t)(lo >> 32);
	qt_phys at = hi & ~3ull;

	unit->waits++;
	if (lo & 0x10)
		model_complain(m, "a wait descriptor asks for an interrupt");
	if (!(lo & 0x20))
		return true;
	if (!model_in_arena(m, at, 4))
		model_complain(
			m, "a wait descriptor's status is written to %llx", (unsigned long long)at);
	if (model_in_ram(m, at, 4))
		model_memory_write(&m->memory, at, &data, 4);
	return true;
}

/*
 * False if the descriptor was refused. Hardware fetches descriptors coherently
 * whatever ECAP.C says (section 6.5.2), so they come from the CPU's view.
 */
static bool run_descriptor(struct model *m, struct model_unit *unit, qt_phys at)
{
	uint64_t lo, hi;

	if (!width_allowed(unit) || !model_in_ram(m, at, descriptor_size(unit)))
		return false;
	lo = model_memory_load(&m->memory, at, MODEL_CPU);
	hi = model_memory_load(&m->memory, at + 8, MODEL_CPU);
	/* The upper half of those that are used here is reserved. */
	if (descriptor_size(unit) == 32 &&
		(model_memory_load(&m->memory, at + 16, MODEL_CPU) ||
			model_memory_load(&m->memory, at + 24, MODEL_CPU)))
		return false;
	switch (lo & 0xf) {
	case DESCRIPTOR_CONTEXT:
		return run_context_descriptor(unit, lo);
	case DESCRIPTOR_IOTLB:
		return run_iotlb_descriptor(unit, lo, hi);
	case DESCRIPTOR_DEVICE:
		if (!run_device_descriptor(m, unit, lo, hi))
			unit->fault_status |= MODEL_FSTS_ITE;
		return true;
	case DESCRIPTOR_INTERRUPT:
		unit->interrupt_invalidations++;
		return true;
	case DESCRIPTOR_WAIT:
		return run_wait_descriptor(m, unit, lo, hi);
	case DESCRIPTOR_PASID:
		return run_pasid_descriptor(unit, lo);
	default:
		return false;
	}
}

/* Whether the descriptor is for a device that lets the queue wait for ever. */
static bool is_silent(struct model *m, const struct model_unit *unit, qt_phys at)
{
	uint64_t lo = model_in_ram(m, at, 16) ? model_memory_load(&m->memory, at, MODEL_CPU) : 0;
	const struct model_function *function;

	if ((lo & 0xf) != DESCRIPTOR_DEVICE)
		return false;
	function = model_function(m, QT_RID(unit->config.segment, 0, 0) | (uint16_t)(lo >> 32));
	return function && function->ats_silent;
}

/* Runs the queue from head to tail, or to the first error. */
static void run_queue(struct model *m, struct model_unit *unit)
{
	qt_phys base = unit->queue_address & ~0xfffull;
	uint64_t size = (uint64_t)MODEL_PAGE << (unit->queue_address & 7);
	const uint32_t errors = MODEL_FSTS_IQE | MODEL_FSTS_ITE | MODEL_FSTS_ICE;

	while (unit->status & MODEL_GCMD_QIE && unit->queue_head != unit->queue_tail &&
		!(unit->fault_status & errors)) {
		unit->queue_stalled = is_silent(m, unit, base + unit->queue_head);
		if (unit->queue_stalled)
			break;
		if (unit->queue_tail % descriptor_size(unit) ||
			!run_descriptor(m, unit, base + unit->queue_head)) {
			unit->fault_status |= MODEL_FSTS_IQE;
			break;
		}
		unit->queue_head = (unit->queue_head + descriptor_size(unit)) % size;
		model_changed(m);
	}
}

static void change_queue(struct model *m, struct model_unit *unit, bool on)
{
	if (!on) {
		if (unit->queue_head != unit->queue_tail && !unit->deaf && !unit->fault_status)
			model_complain(m, "invalidation queue stopped with descriptors pending");
		unit->queue_head = 0; /* IQH is reset while the queue is off */
	} else if (unit->queue_tail) {
		model_complain(m, "invalidation queue started with its tail at %llx",
			(unsigned long long)unit->queue_tail);
	}
}

/* GCMD takes effect. */
static void run_command(struct model *m, struct model_unit *unit)
{
	uint32_t value = unit->command;
	bool queue_was = unit->status & MODEL_GCMD_QIE;

	unit->status = (unit->status & ~GCMD_LASTING) | (value & GCMD_LASTING);
	if (queue_was != !!(value & MODEL_GCMD_QIE))
		change_queue(m, unit, !queue_was);
	if (value & MODEL_GCMD_SRTP) {
		unit->root = unit->root_register;
		unit->status |= MODEL_GCMD_SRTP;
	}
	if (value & MODEL_GCMD_SIRTP)
		unit->status |= MODEL_GCMD_SIRTP;
	if (value & MODEL_GCMD_WBF) {
		model_memory_drain(&m->memory);
		unit->status &= ~MODEL_GCMD_WBF;
		unit->buffer_flushes++;
	}
	model_changed(m);
}

void model_vtd_settle(struct model *m, struct model_unit *unit)
{
	if (model_due(m, &unit->command_ns))
		run_command(m, unit);
	if (model_due(m, &unit->context_ns))
		run_context_command(m, unit);
	if (model_due(m, &unit->iotlb_ns))
		run_iotlb_command(m, unit);
	if (model_due(m, &unit->queue_ns))
		run_queue(m, unit);
}

static unsigned bits_in(uint32_t value)
{
	return (unsigned)__builtin_popcount(value);
}

/*
 * A store to GCMD is the whole register (section 11.4.4): lasting bits that it
 * leaves out are turned off, and only one thing may be ordered at a time.
 */
static void write_command(struct model *m, struct model_unit *unit, uint32_t value)
{
	uint32_t changed = (value ^ unit->status) & GCMD_LASTING;

	if (unit->command_ns != MODEL_NEVER)
		model_complain(m, "GCMD written before the last command was done");
	if (bits_in(changed) + bits_in(value & GCMD_ONCE) > 1)
		model_complain(m, "GCMD %08x orders more than one thing at a time", value);
	if (changed & MODEL_GCMD_TE)
		model_complain(m, "STILL: GCMD %08x switches translation", value);
	if (changed & MODEL_GCMD_IRE)
		model_complain(m, "GCMD %08x switches interrupt remapping", value);
	if (value & MODEL_GCMD_SRTP)
		model_complain(m, "STILL: GCMD %08x moves the root table", value);
	unit->command = value;
	if (value & MODEL_GCMD_WBF)
		unit->status |= MODEL_GCMD_WBF;
	unit->command_ns = model_after_latency(
		m, unit, unit->command_deaf || (unit->queue_stalled && changed & MODEL_GCMD_QIE));
}

/* Register-based invalidation has its conditions (section 6.5.1, and version 6 has none). */
static void expect_registers_allowed(struct model *m, const struct model_unit *unit)
{
	if (unit->status & MODEL_GCMD_QIE)
		model_complain(m, "register-based invalidation while the queue is on");
	if (unit->config.version_major >= 6)
		model_complain(m, "register-based invalidation on a unit that has none");
	if (unit->root & MODEL_RTADDR_SCALABLE)
		model_complain(m, "register-based invalidation in scalable mode");
}

static void write_context_command(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (!(value & 1ull << 63))
		return;
	expect_registers_allowed(m, unit);
	if (unit->context_command & 1ull << 63 && !unit->deaf)
		model_complain(m, "CCMD written while a command is under way");
	unit->context_command = value;
	unit->context_ns = model_after_latency(m, unit, unit->deaf);
}

static void write_iotlb_command(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (!(value & 1ull << 63))
		return;
	expect_registers_allowed(m, unit);
	if (unit->iotlb_command & 1ull << 63 && !unit->deaf)
		model_complain(m, "IOTLB register written while a command is under way");
	unit->iotlb_command = value;
	unit->iotlb_ns = model_after_latency(m, unit, unit->deaf);
}

static void write_queue_tail(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (value & ~0x7fff0ull)
		model_complain(m, "IQT: reserved bits in %llx", (unsigned long long)value);
	unit->queue_tail = value & 0x7fff0;
	if (unit->status & MODEL_GCMD_QIE)
		unit->queue_ns = model_after_latency(m, unit, unit->deaf);
}

static void write_queue_address(struct model *m, struct model_unit *unit, uint64_t value)
{
	if (unit->status & MODEL_GCMD_QIE)
		model_complain(m, "IQA written while the queue is on");
	if (value & (unit->config.scalable ? 0x7f8 : 0xff8))
		model_complain(m, "IQA: reserved bits in %llx", (unsigned long long)value);
	unit->queue_address = value;
}

static void write_fault_status(struct model *m, struct model_unit *unit, uint32_t value)
{
	const uint32_t clearable =
		MODEL_FSTS_PFO | MODEL_FSTS_IQE | MODEL_FSTS_ICE | MODEL_FSTS_ITE;

	if (unit->status_stuck)
		return;
	unit->fault_status &= ~(value & clearable);
	if (unit->status & MODEL_GCMD_QIE && unit->queue_head != unit->queue_tail)
		unit->queue_ns = model_after_latency(m, unit, unit->deaf);
}

/* Fault recording register (11.4.14.2): F is the top bit, the source ID the lowest ones. */
#define FAULT_FULL (1ull << 63)

/* Which recording register's upper half holds an offset, -1 if none does. */
static int fault_record(unsigned offset)
{
	unsigned n = (offset - FRCD) / 16;

	return offset >= FRCD && n < MODEL_FAULT_RECORDS && offset & 8 ? (int)n : -1;
}

void model_vtd_record_fault(struct model *m, struct model_unit *unit, qt_rid rid)
{
	(void)m;
	for (unsigned i = 0; i < MODEL_FAULT_RECORDS; i++) {
		if (unit->fault_records[i] & FAULT_FULL)
			continue;
		unit->fault_records[i] = FAULT_FULL | (uint16_t)rid;
		unit->fault_status |= MODEL_FSTS_PPF;
		return;
	}
	unit->fault_status |= MODEL_FSTS_PFO;
}

static void clear_fault_record(struct model_unit *unit, unsigned n, uint32_t value)
{
	if (!(value >> 31))
		return;
	unit->fault_records[n] = 0;
	unit->fault_status &= ~MODEL_FSTS_PPF;
	for (unsigned i = 0; i < MODEL_FAULT_RECORDS; i++)
		if (unit->fault_records[i])
			unit->fault_status |= MODEL_FSTS_PPF;
}

static uint32_t write_control(uint32_t old, uint32_t value)
{
	return (old & ~MODEL_CONTROL_MASK) | (value & MODEL_CONTROL_MASK);
}

static void write32(struct model *m, struct model_unit *unit, unsigned offset, uint32_t value)
{
	int record = fault_record(offset);

	if (record >= 0 && offset & 4) {
		clear_fault_record(unit, (unsigned)record, value);
		return;
	}
	switch (offset) {
	case GCMD:
		write_command(m, unit, value);
		break;
	case FSTS:
		write_fault_status(m, unit, value);
		break;
	case FECTL:
		unit->fault_control = write_control(unit->fault_control, value);
		break;
	case IECTL:
		unit->queue_control = write_control(unit->queue_control, value);
		break;
	case PECTL:
		unit->page_request_control = write_control(unit->page_request_control, value);
		break;
	case IQT:
		write_queue_tail(m, unit, value);
		break;
	default:
		model_complain(m, "32-bit write of %x to the unit's register %x", value, offset);
	}
}

static void write64(struct model *m, struct model_unit *unit, unsigned offset, uint64_t value)
{
	switch (offset) {
	case RTADDR:
		model_complain(m, "STILL: RTADDR written");
		unit->root_register = value;
		break;
	case CCMD:
		write_context_command(m, unit, value);
		break;
	case IQT:
		write_queue_tail(m, unit, value);
		break;
	case IQA:
		write_queue_address(m, unit, value);
		break;
	case IVA:
		unit->iotlb_address = value;
		break;
	case IOTLB:
		write_iotlb_command(m, unit, value);
		break;
	default:
		model_complain(m, "64-bit write of %llx to the unit's register %x",
			(unsigned long long)value, offset);
	}
}

void model_vtd_write(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width, uint64_t value)
{
	unit->register_writes++;
	if (unit->all_ones)
		return;
	if (width == 8)
		write64(m, unit, offset, value);
	else
		write32(m, unit, offset, (uint32_t)value);
}

/* The 8 bytes of registers at an 8-byte aligned offset. */
static uint64_t read_pair(const struct model_unit *unit, unsigned offset)
{
	switch (offset) {
	case VER:
		return (uint64_t)unit->config.version_major << 4;
	case CAP:
		return unit->capability;
	case ECAP:
		return unit->extended_capability;
	case GCMD: /* write-only: reads as 0; GSTS is its upper half */
		return (uint64_t)unit->status << 32;
	case RTADDR:
		return unit->root_register;
	case CCMD:
		return unit->context_command;
	case FSTS & ~7:
		return (uint64_t)unit->fault_status << 32;
	case FECTL:
		return unit->fault_control;
	case PMEN & ~7: /* its upper half */
		return (unit->protected_enable ? 0x80000001ull : 0) << 32;
	case PLMBASE:
		return (uint32_t)unit->protected_base[0] | unit->protected_limit[0] << 32;
	case PHMBASE:
		return unit->protected_base[1];
	case PHMLIMIT:
		return unit->protected_limit[1];
	case IQH:
		return unit->queue_head;
	case IQT:
		return unit->queue_tail;
	case IQA:
		return unit->queue_address;
	case IECTL:
		return unit->queue_control;
	case IRTA:
		return unit->remap_table;
	case PECTL:
		return unit->page_request_control;
	case IVA:
		return unit->iotlb_address;
	case IOTLB:
		return unit->iotlb_command;
	default:
		return 0;
	}
}

uint64_t model_vtd_read(struct model *m, struct model_unit *unit, unsigned offset, unsigned width)
{
	uint64_t pair;

	(void)m;
	unit->register_reads++;
	if (unit->all_ones)
		return width == 8 ? UINT64_MAX : UINT32_MAX;
	pair = fault_record(offset) >= 0 ? unit->fault_records[fault_record(offset)]
					 : read_pair(unit, offset & ~7u);
	if (width == 8)
		return pair;
	return offset & 4 ? pair >> 32 : (uint32_t)pair;
}
