/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The model machine as a struct qt_host. */
#include "host.h"

#include <stdlib.h>
#include <string.h>

#include "kind.h"
#include "reset.h"

/* What accesses cost, in ns of the model's clock. */
#define CLOCK_READ_NS 200u /* unless a test sets another */
#define REGISTER_NS   1000u

static bool fails(const struct model *m, uint64_t which, uint64_t number)
{
	return which && (number == which || (m->trouble.fail_from && number > which));
}

static bool in_firmware(const struct model *m, qt_phys at, uint64_t len)
{
	return at >= m->firmware.start && at < m->firmware.end && m->firmware.end - at >= len;
}

static int host_read(void *context, qt_phys at, void *buffer, size_t len)
{
	struct model *m = context;

	m->reads++;
	if (!model_in_ram(m, at, len) && !in_firmware(m, at, len)) {
		m->outside_reads++;
		return QT_E_OUTSIDE;
	}
	if (model_overlaps_crash(m, at, len) && !model_in_arena(m, at, len))
		m->crash_reads++;
	if (fails(m, m->trouble.fail_read, m->reads))
		return QT_E_IO;
	model_memory_read(&m->memory, at, buffer, len);
	return 0;
}

static void record_store(struct model *m, qt_phys at, uint64_t value)
{
	if (m->store_count == m->store_capacity) {
		m->store_capacity = m->store_capacity ? 2 * m->store_capacity : 256;
		m->stores = realloc(m->stores, m->store_capacity * sizeof(*m->stores));
		if (!m->stores)
			abort();
	}
	m->stores[m->store_count++] = (struct model_store){at, model_peek(m, at), value};
}

static int host_store64(void *context, qt_phys at, uint64_t value)
{
	struct model *m = context;

	m->store_attempts++;
	if (at % 8) {
		model_complain(m, "store64 to %llx is not aligned", (unsigned long long)at);
		return QT_E_IO;
	}
	if (!model_in_ram(m, at, 8) || (model_in_crash(m, at, 8) && !model_in_arena(m, at, 8))) {
		model_complain(m, "store64 to %llx, which is not the core's to change",
			(unsigned long long)at);
		return QT_E_IO;
	}
	if (fails(m, m->trouble.fail_store, m->store_attempts))
		return QT_E_IO;
	record_store(m, at, value);
	model_memory_store(&m->memory, at, value);
	model_changed(m);
	return 0;
}

static void host_write_back(void *context, qt_phys at, size_t len)
{
	struct model *m = context;

	m->write_backs++;
	if (!model_in_ram(m, at, len)) {
		model_complain(m, "write_back of %llx outside RAM", (unsigned long long)at);
		return;
	}
	if (model_memory_write_back(&m->memory, at, len))
		model_changed(m);
}

static void do_dma(struct model *m, qt_rid rid)
{
	struct model_translation translation;
	struct model_unit *unit = model_unit_of(m, rid);

	if (unit && model_unit_translate(m, unit, rid, 0, MODEL_CACHED, &translation))
		model_record_fault(m, unit, rid);
}

static void pass_time(struct model *m, uint64_t ns)
{
	m->clock_ns += ns;
	for (size_t i = 0; i < m->unit_count; i++)
		model_unit_settle(m, &m->units[i]);
	/* Any of them may be the first one. */
	m->turn = m->turn * 1103515245u + 12345u;
	for (size_t i = 0; i < m->function_count; i++) {
		const struct model_function *function =
			m->functions[(i + (m->turn >> 16)) % m->function_count];

		if (function->restless)
			do_dma(m, function->rid);
	}
}

static struct model_unit *unit_at(struct model *m, qt_phys at, unsigned *offset)
{
	for (size_t i = 0; i < m->unit_count; i++) {
		if (at < m->units[i].config.registers ||
			at - m->units[i].config.registers >= m->units[i].kind->registers_size)
			continue;
		*offset = (unsigned)(at - m->units[i].config.registers);
		return &m->units[i];
	}
	return NULL;
}

static uint64_t read_register(struct model *m, qt_phys at, unsigned width)
{
	uint32_t value;
	struct model_unit *unit;
	unsigned offset;

	pass_time(m, REGISTER_NS);
	unit = unit_at(m, at, &offset);
	if (at % width)
		model_complain(
			m, "register %llx read across its alignment", (unsigned long long)at);
	if (unit)
		return model_unit_read(m, unit, offset, width);
	if (width == 4 && model_reset_register(m, at, false, &value))
		return value;
	model_complain(m, "register %llx read, where nothing is", (unsigned long long)at);
	return UINT64_MAX;
}

static void write_register(struct model *m, qt_phys at, unsigned width, uint64_t value)
{
	uint32_t value32 = (uint32_t)value;
	struct model_unit *unit;
	unsigned offset;

	pass_time(m, REGISTER_NS);
	unit = unit_at(m, at, &offset);
	if (!unit && width == 4 && model_reset_register(m, at, true, &value32))
		return;
	if (at % width || !unit)
		model_complain(
			m, "register %llx written, where nothing is", (unsigned long long)at);
	else
		model_unit_write(m, unit, offset, width, value);
}

static uint32_t host_mmio_read32(void *context, qt_phys at)
{
	return (uint32_t)read_register(context, at, 4);
}

static uint64_t host_mmio_read64(void *context, qt_phys at)
{
	return read_register(context, at, 8);
}

static void host_mmio_write32(void *context, qt_phys at, uint32_t value)
{
	write_register(context, at, 4, value);
}

static void host_mmio_write64(void *context, qt_phys at, uint64_t value)
{
	write_register(context, at, 8, value);
}

static bool config_reaches(const struct model *m, unsigned offset, unsigned width)
{
	unsigned end = m->trouble.no_extended_pci ? 256 : 4096;

	return (width == 1 || width == 2 || width == 4) && offset % width == 0 && offset < end;
}

static uint32_t host_pci_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	struct model *m = context;
	struct model_function *function = model_function(m, rid);

	if (offset >= 4096 || (width & (width - 1)) || width > 4 || offset % width)
		model_complain(m, "config read of %u bytes at %x", width, offset);
	if (!function || !config_reaches(m, offset, width))
		return UINT32_MAX >> (32 - 8 * width);
	if (m->powered && !function->removed && !function->stuck)
		return model_reset_read(m, function, offset, width);
	return model_config_read(function, offset, width);
}

static void host_pci_write(
	void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	struct model *m = context;
	struct model_function *function = model_function(m, rid);

	m->pci_writes++;
	if (!function || !config_reaches(m, offset, width))
		return;
	if (m->powered && !function->removed && !function->stuck)
		model_reset_write(m, function, offset, width, value);
	else
		model_config_write(m, function, offset, width, value);
}

static uint64_t host_now_us(void *context)
{
	struct model *m = context;

	m->clock_calls++;
	if (m->trouble.jump_at && m->clock_calls == m->trouble.jump_at)
		m->clock_ns += m->trouble.jump_us * 1000;
	pass_time(m, m->clock_read_ns);
	return m->clock_ns / 1000;
}

static void host_log(void *context, const char *line)
{
	struct model *m = context;
	size_t len = strlen(line);

	if (strchr(line, '\n'))
		model_complain(m, "a logged line holds a newline");
	if (len + 2 > sizeof(m->log) - m->log_used)
		return;
	memcpy(m->log + m->log_used, line, len);
	m->log_used += len;
	m->log[m->log_used++] = '\n';
	m->log[m->log_used] = '\0';
}

void model_host_init(struct model *m)
{
	m->clock_read_ns = CLOCK_READ_NS;
	m->host = (struct qt_host){
		.context = m,
		.read = host_read,
		.store64 = host_store64,
		.write_back = host_write_back,
		.mmio_read32 = host_mmio_read32,
		.mmio_read64 = host_mmio_read64,
		.mmio_write32 = host_mmio_write32,
		.mmio_write64 = host_mmio_write64,
		.pci_read = host_pci_read,
		.pci_write = host_pci_write,
		.now_us = host_now_us,
		.log = host_log,
	};
}
