/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ACPI tables of the model machine. Sources: ACPI 6.5, sections 5.2.5 to 5.2.9;
 * PCI Firmware Specification 3.3, section 4.1.2; VT-d 4.1, chapter 8; AMD IOMMU
 * specification (48882) 3.08, section 5.2; IORT, DEN 0049, revision E.
 */
#include <stdlib.h>
#include <string.h>

#include "model.h"

#define TABLE_MAX 8192u

/* A table being written. */
struct table {
	uint8_t bytes[TABLE_MAX];
	size_t len;
};

static void put(struct table *table, uint64_t value, size_t width)
{
	if (table->len + width > TABLE_MAX)
		abort();
	for (size_t i = 0; i < width; i++)
		table->bytes[table->len++] = (uint8_t)(value >> 8 * i);
}

static void put_zeros(struct table *table, size_t count)
{
	while (count--)
		put(table, 0, 1);
}

static void put_text(struct table *table, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put(table, (uint8_t)text[i], 1);
}

static void set16(struct table *table, size_t at, uint64_t value)
{
	table->bytes[at] = (uint8_t)value;
	table->bytes[at + 1] = (uint8_t)(value >> 8);
}

static void start(struct table *table, const char *signature, uint8_t revision)
{
	table->len = 0;
	put_text(table, signature, 4);
	put(table, 0, 4); /* length, see finish */
	put(table, revision, 1);
	put(table, 0, 1); /* checksum */
	put_text(table, "MODEL MACHINE ", 14);
	put(table, 1, 4);
	put_text(table, "QT  ", 4);
	put(table, 1, 4);
}

static uint8_t checksum(const uint8_t *bytes, size_t len)
{
	uint8_t sum = 0;

	while (len--)
		sum = (uint8_t)(sum + *bytes++);
	return (uint8_t)-sum;
}

static void finish(struct table *table)
{
	uint32_t len = (uint32_t)table->len;

	memcpy(table->bytes + 4, &len, sizeof(len));
	table->bytes[9] = 0;
	table->bytes[9] = checksum(table->bytes, table->len);
}

/* Writes the table to the next free place of the firmware area. */
static qt_phys place(struct model *m, qt_phys *next, const struct table *table)
{
	qt_phys at = *next;

	if (at + table->len > m->firmware.end)
		abort();
	model_write(m, at, table->bytes, table->len);
	*next = (at + table->len + 15) & ~15ull;
	return at;
}

/* The bridge whose secondary bus this is, or NULL on a root bus. */
static const struct model_function *bridge_above(const struct model *m, qt_rid rid)
{
	for (size_t i = 0; i < m->function_count; i++) {
		const struct model_function *function = m->functions[i];

		if ((function->config[0x0e] & 0x7f) == 1 &&
			QT_RID_SEGMENT(function->rid) == QT_RID_SEGMENT(rid) &&
			function->config[0x19] == QT_RID_BUS(rid))
			return function;
	}
	return NULL;
}

/* Device scope structure: VT-d 4.1, section 8.3.1. */
static void put_scope(struct table *table, const struct model *m, qt_rid rid, bool hierarchy)
{
	qt_rid path[16];
	size_t steps = 0;

	path[steps++] = rid;
	for (const struct model_function *bridge = bridge_above(m, rid); bridge && steps < 16;
		bridge = bridge_above(m, bridge->rid))
		path[steps++] = bridge->rid;
	put(table, hierarchy ? 2 : 1, 1);
	put(table, 6 + 2 * steps, 1);
	put(table, 0, 3); /* flags or reserved, enumeration ID */
	put(table, QT_RID_BUS(path[steps - 1]), 1);
	while (steps--) {
		put(table, QT_RID_DEVICE(path[steps]), 1);
		put(table, QT_RID_FUNCTION(path[steps]), 1);
	}
}

static void put_unit(struct table *table, const struct model *m, unsigned index)
{
	const struct model_unit_config *config = &m->units[index].config;
	size_t at = table->len;

	put(table, 0, 4); /* DRHD; length below */
	put(table, config->include_all, 1);
	put(table, 0, 1); /* one 4 KiB page of registers */
	put(table, config->segment, 2);
	put(table, config->registers, 8);
	for (size_t i = 0; i < m->claim_count; i++)
		if (m->claims[i].unit == index)
			put_scope(table, m, m->claims[i].rid, m->claims[i].hierarchy);
	set16(table, at + 2, table->len - at);
}

static void put_reserved(struct table *table, const struct model *m, size_t index)
{
	const struct model_reserved *reserved = &m->reserved[index];
	size_t at = table->len;

	put(table, 1, 2); /* RMRR */
	put(table, 0, 4); /* length below; reserved */
	put(table, QT_RID_SEGMENT(reserved->rid), 2);
	put(table, reserved->range.start, 8);
	put(table, reserved->range.end - 1, 8);
	put_scope(table, m, reserved->rid, false);
	set16(table, at + 2, table->len - at);
}

static void make_dmar(struct table *table, const struct model *m)
{
	start(table, "DMAR", 1);
	put(table, m->address_bits - 1, 1);
	put(table, 1, 1); /* INTR_REMAP */
	put_zeros(table, 10);
	for (unsigned i = 0; i < m->unit_count; i++)
		if (m->units[i].config.vendor == MODEL_VTD)
			put_unit(table, m, i);
	for (size_t i = 0; i < m->reserved_count; i++)
		put_reserved(table, m, i);
	for (size_t i = 0; i < m->more_dmar_size; i++)
		put(table, m->more_dmar[i], 1);
	finish(table);
}

/* A device entry of 4 or 8 bytes. */
static void put_entry(struct table *table, uint8_t type, qt_rid rid, uint32_t more)
{
	put(table, type, 1);
	put(table, rid & 0xffff, 2);
	put(table, 0, 1);
	if (type >= 0x40)
		put(table, more, 4);
}

static void put_range(struct table *table, qt_rid first, qt_rid last)
{
	put_entry(table, 3, first, 0);
	put_entry(table, 4, last, 0);
}

/* What firmware gives one unit: what was claimed for it, or all that is left. */
static void put_entries(struct table *table, const struct model *m, unsigned unit)
{
	bool claimed = false;

	for (size_t i = 0; i < m->claim_count; i++) {
		const struct model_claim *claim = &m->claims[i];
		const struct model_function *bridge = model_function(m, claim->rid);

		if (claim->unit != unit)
			continue;
		claimed = true;
		put_entry(table, 2, claim->rid, 0);
		if (claim->hierarchy && bridge)
			put_range(table, QT_RID(0, bridge->config[0x19], 0),
				QT_RID(0, bridge->config[0x1a], 0xff));
	}
	if (!claimed && m->units[unit].config.amdvi.all)
		put_entry(table, 1, 0, 0);
	else if (!claimed)
		put_range(table, 0, 0xffff);
	for (size_t i = 0; i < m->alias_count; i++)
		if (m->aliases[i].unit == unit)
			put_entry(table, 0x42, m->aliases[i].rid,
				(m->aliases[i].alias & 0xffff) << 8);
	for (size_t i = 0; i < m->source_count; i++)
		if (m->sources[i].unit == unit)
			put_entry(table, 0x48, 0,
				(uint32_t)i | (m->sources[i].rid & 0xffff) << 8 |
					(uint32_t)m->sources[i].variety << 24);
}

static void put_amd_unit(struct table *table, const struct model *m, unsigned index, uint8_t type)
{
	const struct model_unit_config *config = &m->units[index].config;
	size_t at = table->len;

	put(table, type, 1);
	put(table, config->coherent ? 0x30 : 0x10, 1);
	put(table, 0, 2); /* length below */
	put(table, config->amdvi.function, 2);
	put(table, 0x40, 2);
	put(table, config->registers, 8);
	put(table, config->segment, 2);
	put(table, 0, 2);
	/* Attributes: HATDis; in the oldest type features, of which x2APIC support. */
	put(table, type == 0x10 || config->amdvi.no_host, 4);
	if (type != 0x10) {
		put(table, m->units[index].amdvi.features, 8);
		put(table, 0, 8);
	}
	put_entries(table, m, index);
	set16(table, at + 2, table->len - at);
}

static void put_amd_reserved(struct table *table, const struct model_reserved *reserved)
{
	put(table, 0x21, 1);
	put(table, 0x7, 1); /* unity, read and write */
	put(table, 32, 2);
	put(table, reserved->rid & 0xffff, 2);
	put(table, 0, 2);
	put(table, QT_RID_SEGMENT(reserved->rid), 2);
	put(table, 0, 6);
	put(table, reserved->range.start, 8);
	put(table, reserved->range.end - reserved->range.start, 8);
}

static void make_ivrs(struct table *table, const struct model *m)
{
	start(table, "IVRS", 2);
	put(table, 0x00203040, 4);
	put_zeros(table, 8);
	/* Where there is a newer type, the older one stands before it. */
	for (unsigned i = 0; i < m->unit_count; i++)
		if (m->units[i].config.vendor == MODEL_AMDVI &&
			m->units[i].config.amdvi.block_type == 0x11)
			put_amd_unit(table, m, i, 0x10);
	for (unsigned i = 0; i < m->unit_count; i++)
		if (m->units[i].config.vendor == MODEL_AMDVI)
			put_amd_unit(table, m, i, m->units[i].config.amdvi.block_type);
	for (size_t i = 0; i < m->reserved_count; i++)
		put_amd_reserved(table, &m->reserved[i]);
	for (size_t i = 0; i < m->more_dmar_size; i++)
		put(table, m->more_dmar[i], 1);
	finish(table);
}

/* Node types of IORT. */
enum { IORT_ITS = 0, IORT_ROOT_COMPLEX = 2, IORT_SMMU = 4, IORT_RESERVED = 6 };

/* A node's header; its mappings follow it, behind `size` bytes. */
static size_t start_node(
	struct table *table, uint8_t type, uint8_t revision, unsigned mappings, unsigned size)
{
	size_t at = table->len;

	put(table, type, 1);
	put(table, size + 20 * mappings, 2);
	put(table, revision, 1);
	put(table, at, 4); /* identifier */
	put(table, mappings, 4);
	put(table, mappings ? size : 0, 4);
	return at;
}

static void put_mapping(
	struct table *table, uint32_t first, uint32_t count, uint32_t output, size_t node)
{
	put(table, first, 4);
	put(table, count - 1, 4);
	put(table, output, 4);
	put(table, node, 4);
	put(table, 0, 4);
}

static size_t put_smmu(struct table *table, const struct model_unit_config *config)
{
	size_t at = start_node(table, IORT_SMMU, 1, 1, 68);

	put(table, config->registers, 8);
	put(table, config->coherent, 4);
	put_zeros(table, 12);
	put(table, config->smmu.one_page ? 2 : 0, 4); /* model */
	put_zeros(table, 24);
	put_mapping(table, 0, 0x20000, 0, 48); /* to the ITS, the first node */
	return at;
}

static unsigned smmu_claims(
	const struct model *m, unsigned unit, size_t *nodes, struct table *table)
{
	const struct model_unit_config *config = &m->units[unit].config;
	unsigned count = 0;

	for (size_t i = 0; i < m->claim_count; i++) {
		const struct model_function *bridge = model_function(m, m->claims[i].rid);
		uint32_t rid = m->claims[i].rid & 0xffff;

		if (m->claims[i].unit != unit)
			continue;
		count++;
		if (table)
			put_mapping(table, rid, 1, config->smmu.first_stream + rid, nodes[unit]);
		if (!m->claims[i].hierarchy || !bridge)
			continue;
		count++;
		rid = (uint32_t)bridge->config[0x19] << 8;
		if (table)
			put_mapping(table, rid, (bridge->config[0x1a] + 1u) * 256 - rid,
				config->smmu.first_stream + rid, nodes[unit]);
	}
	if (count)
		return count;
	if (table)
		put_mapping(table, 0, 0x10000, config->smmu.first_stream, nodes[unit]);
	return 1;
}

/* A root complex for each unit: its segment's, as far as the unit has it. */
static void put_root_complex(
	struct table *table, const struct model *m, unsigned unit, size_t *nodes)
{
	start_node(table, IORT_ROOT_COMPLEX, 3, smmu_claims(m, unit, nodes, NULL), 40);
	put_zeros(table, 12);
	put(table, m->units[unit].config.segment, 4);
	put_zeros(table, 8);
	smmu_claims(m, unit, nodes, table);
}

static void put_smmu_reserved(
	struct table *table, struct model *m, const struct model_reserved *reserved, size_t *nodes)
{
	const struct model_unit *unit = model_unit_of(m, reserved->rid);

	start_node(table, IORT_RESERVED, 3, 1, 48);
	put(table, 0, 4);
	put(table, 1, 4);
	put(table, 28, 4);
	put(table, reserved->range.start, 8);
	put(table, reserved->range.end - reserved->range.start, 8);
	put(table, 0, 4);
	put_mapping(table, 0, 1, unit->config.smmu.first_stream + (reserved->rid & 0xffff),
		nodes[unit - m->units]);
}

/* The model's nodes: an ITS, units, who sends through them, reserved memory. */
static void make_iort(struct table *table, struct model *m)
{
	size_t nodes[MODEL_UNITS_MAX] = {0};
	uint32_t count = 1;

	start(table, "IORT", 6);
	put(table, 0, 4); /* number of nodes, below */
	put(table, 48, 4);
	put(table, 0, 4);
	start_node(table, IORT_ITS, 1, 0, 24);
	put(table, 1, 4);
	put(table, 0, 4);
	for (unsigned i = 0; i < m->unit_count; i++)
		if (m->units[i].config.vendor == MODEL_SMMU) {
			nodes[i] = put_smmu(table, &m->units[i].config);
			count++;
		}
	/* Of one segment the units with claims come first: others have what is left. */
	for (unsigned i = 0; i < m->unit_count; i++)
		if (m->units[i].config.vendor == MODEL_SMMU) {
			put_root_complex(table, m, i, nodes);
			count++;
		}
	for (size_t i = 0; i < m->reserved_count; i++) {
		put_smmu_reserved(table, m, &m->reserved[i], nodes);
		count++;
	}
	set16(table, 36, count);
	finish(table);
}

static void make_madt(struct table *table)
{
	start(table, "APIC", 5);
	put_zeros(table, 8);
	put(table, 15, 1); /* GIC ITS */
	put(table, 20, 1);
	put_zeros(table, 6);
	put(table, MODEL_ITS, 8);
	put_zeros(table, 4);
	finish(table);
}

static size_t units_of(const struct model *m, enum model_vendor vendor)
{
	size_t count = 0;

	for (size_t i = 0; i < m->unit_count; i++)
		count += m->units[i].config.vendor == vendor;
	return count;
}

static bool segment_seen(const struct model *m, size_t before, uint16_t segment)
{
	for (size_t i = 0; i < before; i++)
		if (QT_RID_SEGMENT(m->functions[i]->rid) == segment)
			return true;
	return false;
}

static void put_window(struct table *table, uint16_t segment)
{
	put(table, 0xe0000000u + ((uint64_t)segment << 28), 8);
	put(table, segment, 2);
	put(table, 0, 1);
	put(table, 0xff, 1);
	put(table, 0, 4);
}

static void make_mcfg(struct table *table, const struct model *m)
{
	start(table, "MCFG", 1);
	put_zeros(table, 8);
	if (!segment_seen(m, m->function_count, 0))
		put_window(table, 0);
	for (size_t i = 0; i < m->function_count; i++)
		if (!segment_seen(m, i, QT_RID_SEGMENT(m->functions[i]->rid)))
			put_window(table, QT_RID_SEGMENT(m->functions[i]->rid));
	finish(table);
}

static void make_fadt(struct table *table)
{
	start(table, "FACP", 6);
	put_zeros(table, 276 - table->len);
	set16(table, 76, 0x608);  /* PM_TMR_BLK */
	table->bytes[91] = 4;     /* PM_TMR_LEN */
	table->bytes[113] = 0x01; /* TMR_VAL_EXT */
	finish(table);
}

/* RSDP, ACPI 6.5, 5.2.5.3: the first 20 bytes and all 36 sum to 0. */
static void make_rsdp(struct table *table, qt_phys xsdt)
{
	table->len = 0;
	put_text(table, "RSD PTR ", 8);
	put(table, 0, 1);
	put_text(table, "MODEL ", 6);
	put(table, 2, 1);
	put(table, 0, 4);
	put(table, 36, 4);
	put(table, xsdt, 8);
	put_zeros(table, 4);
	table->bytes[8] = checksum(table->bytes, 20);
	table->bytes[32] = checksum(table->bytes, 36);
}

qt_phys model_build_acpi(struct model *m)
{
	qt_phys next = m->firmware.start + 64; /* RSDP first */
	qt_phys tables[6];
	size_t count = 2;
	struct table table;

	make_fadt(&table);
	tables[0] = place(m, &next, &table);
	make_mcfg(&table, m);
	tables[1] = place(m, &next, &table);
	if (units_of(m, MODEL_VTD)) {
		make_dmar(&table, m);
		m->dmar = tables[count++] = place(m, &next, &table);
	}
	if (units_of(m, MODEL_AMDVI)) {
		make_ivrs(&table, m);
		m->ivrs = tables[count++] = place(m, &next, &table);
	}
	if (units_of(m, MODEL_SMMU)) {
		make_iort(&table, m);
		m->iort = tables[count++] = place(m, &next, &table);
		make_madt(&table);
		m->madt = tables[count++] = place(m, &next, &table);
	}
	start(&table, "XSDT", 1);
	for (size_t i = 0; i < count; i++)
		put(&table, tables[i], 8);
	finish(&table);
	make_rsdp(&table, place(m, &next, &table));
	model_write(m, m->firmware.start, table.bytes, table.len);
	return m->rsdp = m->firmware.start;
}
