/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "dead.h"
#include "host.h"

static bool inside(const struct qt_range *list, size_t count, uint64_t at, uint64_t len)
{
	for (size_t i = 0; i < count; i++)
		if (at >= list[i].start && at < list[i].end && list[i].end - at >= len)
			return true;
	return false;
}

bool model_in_ram(const struct model *m, qt_phys at, uint64_t len)
{
	return inside(m->ram, m->ram_count, at, len);
}

bool model_in_crash(const struct model *m, qt_phys at, uint64_t len)
{
	return inside(m->crash, m->crash_count, at, len);
}

bool model_overlaps_crash(const struct model *m, qt_phys at, uint64_t len)
{
	for (size_t i = 0; i < m->crash_count; i++)
		if (at < m->crash[i].end && at + len > m->crash[i].start)
			return true;
	return false;
}

bool model_in_arena(const struct model *m, qt_phys at, uint64_t len)
{
	struct qt_range arena = {m->arena.phys, m->arena.phys + m->arena.size};

	return inside(&arena, 1, at, len);
}

void model_complain(struct model *m, const char *format, ...)
{
	va_list arguments;

	if (m->complaints++)
		return;
	va_start(arguments, format);
	vsnprintf(m->complaint, sizeof(m->complaint), format, arguments);
	va_end(arguments);
}

void model_changed(struct model *m)
{
	if (!m->on_change || m->in_hook || !m->crashed)
		return;
	m->in_hook = true;
	m->on_change(m, m->on_change_context);
	m->in_hook = false;
}

static void set_ranges(
	struct qt_range *to, size_t *to_count, const struct qt_range *from, size_t count)
{
	if (count == 0 || count > MODEL_RANGES_MAX)
		abort();
	memcpy(to, from, count * sizeof(*from));
	*to_count = count;
}

static void make_arena(struct model *m, const struct model_config *config)
{
	struct qt_range arena = config->arena;

	if (!arena.end) {
		arena.end = m->crash[m->crash_count - 1].end;
		arena.start = arena.end - QT_MIB(1);
	}
	m->arena.phys = arena.start;
	m->arena.size = arena.end - arena.start;
	m->arena.base = calloc(1, m->arena.size);
	if (!m->arena.base || !model_in_crash(m, arena.start, m->arena.size))
		abort();
	/* What a caller need not have zeroed is not zero. */
	memset(m->arena.base, 0xa5, m->arena.size);
	model_memory_overlay(&m->memory, m->arena.phys, m->arena.base, m->arena.size);
}

static void make_units(struct model *m, const struct model_config *config)
{
	if (config->unit_count > MODEL_UNITS_MAX)
		abort();
	for (size_t i = 0; i < config->unit_count; i++)
		model_unit_init(&m->units[i], &config->units[i]);
	m->unit_count = config->unit_count;
}

struct model *model_new(const struct model_config *config)
{
	struct model *m = calloc(1, sizeof(*m));
	bool cached = false, buffered = false;

	if (!m)
		abort();
	for (size_t i = 0; i < config->unit_count; i++) {
		cached |= !config->units[i].coherent ||
			  (config->units[i].scalable && !config->units[i].walk_snoop);
		buffered |= config->units[i].write_buffer;
	}
	m->random.state = config->seed;
	model_memory_init(&m->memory, config->seed, cached, buffered);
	set_ranges(m->ram, &m->ram_count, config->ram, config->ram_count);
	set_ranges(m->crash, &m->crash_count, config->crash, config->crash_count);
	m->address_bits = config->address_bits ? config->address_bits : 39;
	m->firmware = config->firmware;
	if (!m->firmware.end)
		m->firmware = (struct qt_range){0xe0000, 0x100000};
	make_arena(m, config);
	make_units(m, config);
	model_host_init(m);
	m->dead = model_dead_new();
	return m;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	model_snapshot_free(m->snapshot);
	model_dead_free(m->dead);
	for (size_t i = 0; i < m->unit_count; i++)
		model_cache_free(&m->units[i].cache);
	for (size_t i = 0; i < m->function_count; i++) {
		free(m->functions[i]->reset);
		free(m->functions[i]);
	}
	model_memory_free(&m->memory);
	free(m->arena.base);
	free(m->stores);
	free(m);
}

void model_crash(struct model *m)
{
	if (!m->rsdp)
		m->rsdp = model_build_acpi(m);
	model_memory_settle(&m->memory);
	m->memory.watched = true;
	m->reads = m->outside_reads = m->crash_reads = m->store_attempts = 0;
	m->store_count = 0;
	m->crashed = true;
	model_snapshot_take(m);
}

uint64_t model_peek(struct model *m, qt_phys at)
{
	return model_memory_load(&m->memory, at, MODEL_CPU);
}

void model_poke(struct model *m, qt_phys at, uint64_t value)
{
	model_memory_write(&m->memory, at, &value, sizeof(value));
}

void model_write(struct model *m, qt_phys at, const void *bytes, size_t len)
{
	model_memory_write(&m->memory, at, bytes, len);
}

void model_sleep(struct model *m, uint64_t us)
{
	m->clock_ns += us * 1000;
	for (size_t i = 0; i < m->unit_count; i++)
		model_unit_settle(m, &m->units[i]);
}

void model_claim(struct model *m, unsigned unit, qt_rid rid, bool hierarchy)
{
	if (m->claim_count == MODEL_CLAIMS_MAX)
		abort();
	m->claims[m->claim_count++] = (struct model_claim){unit, rid, hierarchy};
}

void model_reserve(struct model *m, qt_rid rid, uint64_t start, uint64_t end)
{
	if (m->reserved_count == MODEL_RESERVED_MAX)
		abort();
	m->reserved[m->reserved_count++] = (struct model_reserved){rid, {start, end}};
}

void model_add_source(struct model *m, unsigned unit, qt_rid rid, uint8_t variety)
{
	if (m->source_count == MODEL_RESERVED_MAX)
		abort();
	m->sources[m->source_count++] = (struct model_source){unit, rid, variety};
}

void model_alias(struct model *m, unsigned unit, qt_rid rid, qt_rid alias)
{
	if (m->alias_count == MODEL_RESERVED_MAX)
		abort();
	m->aliases[m->alias_count++] = (struct model_alias){unit, rid, alias};
}

static bool claim_holds(const struct model *m, const struct model_claim *claim, qt_rid rid)
{
	const struct model_function *bridge;

	if (claim->rid == rid)
		return true;
	if (!claim->hierarchy || QT_RID_SEGMENT(claim->rid) != QT_RID_SEGMENT(rid))
		return false;
	bridge = model_function(m, claim->rid);
	return bridge && QT_RID_BUS(rid) >= bridge->config[0x19] &&
	       QT_RID_BUS(rid) <= bridge->config[0x1a];
}

static bool has_claims(const struct model *m, size_t unit)
{
	for (size_t i = 0; i < m->claim_count; i++)
		if (m->claims[i].unit == unit)
			return true;
	return false;
}

struct model_unit *model_unit_of(struct model *m, qt_rid rid)
{
	for (size_t i = 0; i < m->claim_count; i++)
		if (claim_holds(m, &m->claims[i], rid))
			return &m->units[m->claims[i].unit];
	for (size_t i = 0; i < m->unit_count; i++)
		if (m->units[i].config.include_all &&
			m->units[i].config.segment == QT_RID_SEGMENT(rid))
			return &m->units[i];
	/* One that nothing is claimed for has all the rest, where firmware has no such flag. */
	for (size_t i = 0; i < m->unit_count; i++)
		if (m->units[i].config.vendor != MODEL_VTD &&
			m->units[i].config.segment == QT_RID_SEGMENT(rid) && !has_claims(m, i))
			return &m->units[i];
	return NULL;
}

static int add_ram(struct model *m, struct qt_machine *machine)
{
	int error = 0;

	for (size_t i = 0; i < m->ram_count && !error; i++)
		error = qt_ranges_add(&machine->ram, m->ram[i].start, m->ram[i].end);
	for (size_t i = 0; i < m->crash_count && !error; i++)
		error = qt_ranges_remove(&machine->ram, m->crash[i].start, m->crash[i].end);
	return error;
}

static int add_crash(struct model *m, struct qt_machine *machine)
{
	int error = 0;

	for (size_t i = 0; i < m->crash_count && !error; i++) {
		struct qt_range range = m->crash[i];

		if (range.start < QT_MIB(1))
			error = qt_ranges_add(&machine->low, range.start,
				range.end < QT_MIB(1) ? range.end : QT_MIB(1));
		if (range.start < QT_MIB(1))
			range.start = QT_MIB(1);
		if (!error && range.start < range.end)
			error = qt_ranges_add(&machine->crash, range.start, range.end);
	}
	return error;
}

static struct qt_ranges list_in(struct qt_arena *arena)
{
	const size_t capacity = 4 * MODEL_RANGES_MAX;

	return (struct qt_ranges){
		.list = qt_alloc(arena, capacity * sizeof(struct qt_range), 8),
		.capacity = capacity,
	};
}

static int enumerate(struct model *m, struct qt_machine *machine)
{
	struct qt_ecam windows[8];
	size_t count = QT_ARRAY_SIZE(windows);
	struct qt_pci_segment segments[8];
	int error = qt_acpi_mcfg(&machine->acpi, machine->arena, windows, &count);

	if (error)
		return error;
	for (size_t i = 0; i < count; i++)
		segments[i] = (struct qt_pci_segment){
			windows[i].segment, windows[i].first_bus, windows[i].last_bus};
	machine->pci.host = &m->host;
	machine->pci.capacity = m->function_count + 16;
	machine->pci.functions = qt_alloc(
		machine->arena, machine->pci.capacity * sizeof(*machine->pci.functions), 8);
	if (!machine->pci.functions)
		return QT_E_NOMEM;
	return qt_pci_enumerate(&machine->pci, segments, count);
}

int model_open(struct model *m, struct qt_machine *machine)
{
	int error;

	if (!m->rsdp)
		m->rsdp = model_build_acpi(m);
	memset(machine, 0, sizeof(*machine));
	machine->host = &m->host;
	machine->arena = &m->arena;
	machine->ram = list_in(&m->arena);
	machine->crash = list_in(&m->arena);
	machine->low = list_in(&m->arena);
	machine->stage = (struct qt_range){m->arena.phys, m->arena.phys + m->arena.size};
	machine->deadline_us = m->clock_ns / 1000 + 60000000;
	error = add_ram(m, machine);
	if (!error)
		error = add_crash(m, machine);
	if (!error)
		error = qt_acpi_open(&machine->acpi, &m->host, m->rsdp);
	if (!error)
		error = enumerate(m, machine);
	if (!error)
		error = qt_machine_init(machine);
	return error;
}
