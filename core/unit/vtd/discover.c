/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Units as firmware describes them: the DMAR table.
 *
 * Source: Intel VT-d specification, revision 4.1, chapter 8.
 */
#include <quietus/bytes.h>
#include <quietus/memory.h>

#include "vtd.h"

/* DMAR header (8.1). */
#define DMAR_WIDTH      36 /* host address width - 1 */
#define DMAR_STRUCTURES 48

/* Remapping structures (8.2): type and length, then what the type says. */
enum dmar_type {
	DMAR_DRHD = 0,
	DMAR_RMRR = 1,
	DMAR_ATSR = 2,
	DMAR_RHSA = 3,
	DMAR_ANDD = 4,
	DMAR_SATC = 5,
	DMAR_SIDP = 6,
};

#define DRHD_FLAGS   4 /* bit 0: INCLUDE_PCI_ALL (8.3) */
#define DRHD_SEGMENT 6
#define DRHD_BASE    8
#define DRHD_SCOPES  16
#define RMRR_SEGMENT 6 /* 8.4 */
#define RMRR_START   8
#define RMRR_LAST    16
#define RMRR_SCOPES  24
#define ATSR_SCOPES  8 /* 8.5; SATC's are at the same place (8.8) */
#define ANDD_NAME    8 /* 8.7 */

/* Device scope (8.3.1). */
#define SCOPE_TYPE   0
#define SCOPE_LENGTH 1
#define SCOPE_BUS    5
#define SCOPE_PATH   6 /* pairs of device and function */
enum scope_type { SCOPE_ENDPOINT = 1, SCOPE_BRIDGE = 2 };

/* A structure, and the device scopes at its end. */
struct structure {
	const uint8_t *at;
	size_t len;
	size_t scopes;
};

/*
 * Follows a scope's path: each hop but the last is a bridge whose secondary bus
 * the next one is on. QT_E_NOTFOUND where a bridge of the path is not there.
 */
static int scope_rid(
	const struct qt_machine *machine, uint16_t segment, const uint8_t *scope, qt_rid *rid)
{
	unsigned bus = scope[SCOPE_BUS];
	unsigned hops = (scope[SCOPE_LENGTH] - SCOPE_PATH) / 2u;
	const uint8_t *path = scope + SCOPE_PATH;

	for (unsigned i = 0; i < hops; i++, path += 2) {
		if (path[0] > 31 || path[1] > 7)
			return QT_E_BAD;
		*rid = QT_RID(segment, bus, path[0] << 3 | path[1]);
		if (i + 1 < hops) {
			const struct qt_pci_function *bridge = qt_pci_find(&machine->pci, *rid);

			if (!bridge || !(bridge->flags & QT_PCI_BRIDGE))
				return QT_E_NOTFOUND;
			bus = bridge->secondary;
		}
	}
	return QT_OK;
}

/* Calls `each` for every PCI function or hierarchy that a structure's scopes name. */
static int for_each_scope(struct qt_machine *machine, uint16_t segment, const struct structure *s,
	int (*each)(
		struct qt_machine *machine, const struct structure *s, qt_rid rid, bool hierarchy))
{
	for (size_t at = s->scopes; at < s->len;) {
		const uint8_t *scope = s->at + at;
		qt_rid rid = 0;
		int error;

		if (s->len - at < SCOPE_PATH + 2u || scope[SCOPE_LENGTH] < SCOPE_PATH + 2u ||
			scope[SCOPE_LENGTH] > s->len - at || scope[SCOPE_LENGTH] & 1)
			return QT_E_BAD;
		at += scope[SCOPE_LENGTH];
		if (scope[SCOPE_TYPE] != SCOPE_ENDPOINT && scope[SCOPE_TYPE] != SCOPE_BRIDGE)
			continue; /* IO-APIC, HPET, ACPI device: no PCI DMA to decide about */
		error = scope_rid(machine, segment, scope, &rid);
		if (error == QT_E_NOTFOUND)
			continue;
		if (error == QT_OK && each)
			error = each(machine, s, rid, scope[SCOPE_TYPE] == SCOPE_BRIDGE);
		if (error)
			return error;
	}
	return QT_OK;
}

static int add_scope(
	struct qt_machine *machine, const struct structure *s, qt_rid rid, bool hierarchy)
{
	(void)s;
	return qt_discover_scope(machine, &(struct qt_scope){
						  .unit = (uint8_t)(machine->unit_count - 1),
						  .hierarchy = hierarchy,
						  .rid = rid,
						  .last = rid,
					  });
}

static int add_drhd(struct qt_machine *machine, const struct structure *s, unsigned width)
{
	const struct qt_unit unit = {
		.ops = &qt_unit_vtd,
		.registers = qt_le64(s->at + DRHD_BASE),
		.segment = qt_le16(s->at + DRHD_SEGMENT),
		.include_all = s->at[DRHD_FLAGS] & 1,
		.output_bits = (uint8_t)width,
	};
	int error = unit.registers & 0xfff ? QT_E_BAD : qt_discover_unit(machine, &unit);

	return error ? error : for_each_scope(machine, unit.segment, s, add_scope);
}

static int add_reserved(
	struct qt_machine *machine, const struct structure *s, qt_rid rid, bool hierarchy)
{
	struct qt_range range = {
		qt_le64(s->at + RMRR_START) & ~0xfffull,
		(qt_le64(s->at + RMRR_LAST) | 0xfff) + 1,
	};

	return qt_discover_reserved(
		machine, &(struct qt_reserved){
				 .rid = rid, .last = rid, .hierarchy = hierarchy, .range = range});
}

static int add_rmrr(struct qt_machine *machine, const struct structure *s)
{
	uint64_t start = qt_le64(s->at + RMRR_START);
	uint64_t last = qt_le64(s->at + RMRR_LAST);

	/* Firmware that says this is common, and Linux ignores it too. */
	if (start > last || (last | 0xfff) == UINT64_MAX) {
		machine->host->log(machine->host->context, "a reserved region that makes no sense");
		return QT_OK;
	}
	return for_each_scope(machine, qt_le16(s->at + RMRR_SEGMENT), s, add_reserved);
}

static int add_structure(
	struct qt_machine *machine, unsigned type, struct structure *s, unsigned width)
{
	switch (type) {
	case DMAR_DRHD:
		s->scopes = DRHD_SCOPES;
		return s->len < DRHD_SCOPES ? QT_E_BAD : add_drhd(machine, s, width);
	case DMAR_RMRR:
		s->scopes = RMRR_SCOPES;
		return s->len < RMRR_SCOPES ? QT_E_BAD : add_rmrr(machine, s);
	case DMAR_ATSR:
	case DMAR_SATC:
		/* Which devices may use ATS is for a driver to know; only soundness is checked. */
		s->scopes = ATSR_SCOPES;
		return s->len < ATSR_SCOPES ? QT_E_BAD : for_each_scope(machine, 0, s, NULL);
	case DMAR_ANDD:
		return s->len < ANDD_NAME ? QT_E_BAD : QT_OK;
	default:
		return QT_OK; /* RHSA, SIDP and later ones say nothing about what is decided here */
	}
}

int vtd_discover(struct qt_machine *machine)
{
	const uint8_t *table;
	size_t len;
	unsigned width;
	int error = qt_acpi_table(&machine->acpi, machine->arena, "DMAR", 0, &table, &len);

	if (error)
		return error;
	if (len < DMAR_STRUCTURES)
		return QT_E_BAD;
	width = table[DMAR_WIDTH] + 1u;
	if (width < 32 || width > 52)
		return QT_E_BAD;
	for (size_t at = DMAR_STRUCTURES; at < len;) {
		struct structure s = {.at = table + at};

		/* Padding ends the list: Linux reads it so, and firmware relies on that. */
		if (len - at < 4 || qt_le16(s.at + 2) == 0)
			break;
		s.len = qt_le16(s.at + 2);
		if (s.len < 4 || s.len > len - at)
			return QT_E_BAD;
		error = add_structure(machine, qt_le16(s.at), &s, width);
		if (error)
			return error;
		at += s.len;
	}
	return machine->unit_count ? QT_OK : QT_E_NOTFOUND;
}
