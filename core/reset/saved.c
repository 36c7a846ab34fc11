// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "saved.h"

#include "registers.h"

#define SAVED_MAX 160 /* more than all tables below together */

enum kind {
	KIND_VALUE,  /* written back if it differs */
	KIND_ALWAYS, /* written in any case: a write tells the function its bus number (2.2.6.2) */
	KIND_STATUS, /* bits set since are cleared by writing ones */
};

/* What a register of the PCI Express capability needs to exist (7.5.3). */
enum needs {
	NEEDS_NOTHING = 0,
	NEEDS_LINK = 1 << 0,
	NEEDS_SLOT = 1 << 1,
	NEEDS_ROOT = 1 << 2,
	NEEDS_V2 = 1 << 3,
};

struct row {
	uint16_t id; /* of the extended capability; 0 for the others */
	uint8_t offset;
	uint8_t width;
	uint8_t kind;
	uint8_t needs; /* of the PCI Express capability */
	uint32_t mask;
};

/*
 * Extended capabilities, in the order in which they are put back. Resizable BARs
 * and virtual channels are of varying length: see below. Arbitration tables of
 * virtual channels are not kept: only what selects one.
 */
static const struct row extended[] = {
	{EXT_ID_LTR, 0x04, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_L1SS, 0x0c, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_L1SS, 0x08, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_PTM, 0x08, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_ACS, 0x06, 2, KIND_VALUE, 0, UINT16_MAX},
	{EXT_ID_ATS, ATS_CONTROL, 2, KIND_VALUE, 0, UINT16_MAX & ~ATS_ENABLED},
	{EXT_ID_PRI, 0x0c, 4, KIND_VALUE, 0, UINT32_MAX},        /* outstanding requests allowed */
	{EXT_ID_SRIOV, SRIOV_CONTROL, 2, KIND_VALUE, 0, 0x0010}, /* ARI capable hierarchy */
	{EXT_ID_SRIOV, 0x20, 4, KIND_VALUE, 0, UINT32_MAX},      /* page size */
	{EXT_ID_SRIOV, 0x24, 4, KIND_VALUE, 0, UINT32_MAX},      /* VF BARs */
	{EXT_ID_SRIOV, 0x28, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_SRIOV, 0x2c, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_SRIOV, 0x30, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_SRIOV, 0x34, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_SRIOV, 0x38, 4, KIND_VALUE, 0, UINT32_MAX},
	/* Status before what lets it be reported. */
	{EXT_ID_AER, AER_STATUS, 4, KIND_STATUS, 0, UINT32_MAX},
	{EXT_ID_AER, 0x10, 4, KIND_STATUS, 0, UINT32_MAX}, /* correctable */
	{EXT_ID_AER, 0x30, 4, KIND_STATUS, NEEDS_ROOT, 0x7f},
	{EXT_ID_AER, AER_MASK, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_AER, 0x0c, 4, KIND_VALUE, 0, UINT32_MAX}, /* severity */
	{EXT_ID_AER, AER_CORR_MASK, 4, KIND_VALUE, 0, UINT32_MAX},
	{EXT_ID_AER, 0x18, 4, KIND_VALUE, 0, UINT32_MAX}, /* ECRC */
	{EXT_ID_AER, AER_ROOT_COMMAND, 4, KIND_VALUE, NEEDS_ROOT, 0x7},
	{EXT_ID_DPC, 0x08, 2, KIND_STATUS, 0, 0x9}, /* triggered, interrupt */
	{EXT_ID_DPC, DPC_CONTROL, 2, KIND_VALUE, 0, UINT16_MAX},
};

/* The PCI Express capability. */
static const struct row express[] = {
	{0, EXPRESS_DEVSTA, 2, KIND_STATUS, NEEDS_NOTHING, DEVSTA_ERRORS},
	{0, EXPRESS_LNKSTA, 2, KIND_STATUS, NEEDS_LINK, LNKSTA_EVENTS},
	{0, EXPRESS_SLTSTA, 2, KIND_STATUS, NEEDS_SLOT, SLTSTA_EVENTS},
	{0, EXPRESS_DEVCTL2, 2, KIND_VALUE, NEEDS_V2, UINT16_MAX},
	{0, EXPRESS_LNKCTL2, 2, KIND_VALUE, NEEDS_V2 | NEEDS_LINK, UINT16_MAX},
	{0, EXPRESS_SLTCTL2, 2, KIND_VALUE, NEEDS_V2 | NEEDS_SLOT, UINT16_MAX},
	{0, EXPRESS_DEVCTL, 2, KIND_VALUE, NEEDS_NOTHING, UINT16_MAX & ~DEVCTL_FLR},
	{0, EXPRESS_LNKCTL, 2, KIND_VALUE, NEEDS_LINK, UINT16_MAX & ~LNKCTL_RETRAIN},
	{0, EXPRESS_SLTCTL, 2, KIND_VALUE, NEEDS_SLOT, UINT16_MAX},
	{0, EXPRESS_ROOTCTL, 2, KIND_VALUE, NEEDS_ROOT, UINT16_MAX},
};

static const struct row function_header[] = {
	{0, PCI_BAR, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR + 4, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR + 8, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR + 12, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR + 16, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR + 20, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, FUNCTION_ROM, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_CACHE_LINE, 2, KIND_VALUE, 0, UINT16_MAX},
	{0, PCI_INTERRUPT_LINE, 1, KIND_VALUE, 0, UINT8_MAX},
	{0, PCI_STATUS, 2, KIND_STATUS, 0, STATUS_ERRORS},
	{0, PCI_COMMAND, 2, KIND_ALWAYS, 0, UINT16_MAX & ~COMMAND_BUS_MASTER},
};

/* Bus numbers and windows before the command, by which they begin to count. */
static const struct row bridge_header[] = {
	{0, BRIDGE_NUMBERS, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_BAR + 4, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, BRIDGE_IO, 2, KIND_VALUE, 0, UINT16_MAX},
	{0, BRIDGE_IO_UPPER, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, BRIDGE_MEMORY, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, BRIDGE_PREFETCH_BASE, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, BRIDGE_PREFETCH_LIMIT, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, BRIDGE_PREFETCH, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, BRIDGE_ROM, 4, KIND_VALUE, 0, UINT32_MAX},
	{0, PCI_CACHE_LINE, 2, KIND_VALUE, 0, UINT16_MAX},
	{0, PCI_INTERRUPT_LINE, 1, KIND_VALUE, 0, UINT8_MAX},
	{0, PCI_STATUS, 2, KIND_STATUS, 0, STATUS_ERRORS},
	{0, BRIDGE_SECONDARY_STATUS, 2, KIND_STATUS, 0, STATUS_ERRORS},
	{0, BRIDGE_CONTROL, 2, KIND_VALUE, 0,
		UINT16_MAX & ~(BRIDGE_CONTROL_RESET | BRIDGE_CONTROL_TIMEOUT)},
	{0, PCI_COMMAND, 2, KIND_ALWAYS, 0, UINT16_MAX},
};

/* A list under way. */
struct save {
	const struct qt_host *host;
	const struct qt_pci_function *function;
	struct saved list[SAVED_MAX];
	size_t count;
};

static uint32_t read(const struct qt_host *host, qt_rid rid, unsigned offset, unsigned width)
{
	return host->pci_read(host->context, rid, offset, width);
}

/* `end`: of the space the register must be in, whatever its capability's offset. */
static void save_register(struct save *save, unsigned at, const struct row *row, unsigned end)
{
	unsigned offset = at + row->offset;

	if (offset + row->width > end || offset % row->width || save->count == SAVED_MAX)
		return;
	save->list[save->count++] = (struct saved){
		.offset = (uint16_t)offset,
		.width = row->width,
		.kind = row->kind,
		.mask = row->mask,
		.value = read(save->host, save->function->rid, offset, row->width) & row->mask,
	};
}

static void save_rows(struct save *save, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		save_register(save, 0, &rows[i], CONFIG_SIZE);
}

static unsigned has_registers(const struct qt_pci_function *function, uint16_t flags)
{
	unsigned type = function->pcie_type;
	bool port = type == QT_PCIE_ROOT_PORT || type == QT_PCIE_DOWNSTREAM;
	unsigned has = 0;

	if (type != QT_PCIE_RC_ENDPOINT && type != QT_PCIE_RC_EVENT_COLLECTOR)
		has |= NEEDS_LINK;
	if (port && flags & EXPRESS_SLOT)
		has |= NEEDS_SLOT;
	if (type == QT_PCIE_ROOT_PORT || type == QT_PCIE_RC_EVENT_COLLECTOR)
		has |= NEEDS_ROOT;
	if ((flags & EXPRESS_VERSION) >= 2)
		has |= NEEDS_V2;
	return has;
}

static void save_express(struct save *save)
{
	const struct qt_pci_function *function = save->function;
	unsigned at = qt_pci_capability(save->host, function->rid, CAP_ID_EXPRESS);
	unsigned has;

	if (!at)
		return;
	has = has_registers(function, qt_pci_read16(save->host, function->rid, at + EXPRESS_FLAGS));
	for (size_t i = 0; i < QT_ARRAY_SIZE(express); i++) {
		if (!(express[i].needs & ~has))
			save_register(save, at, &express[i], CONFIG_SIZE);
	}
}

static void save_extended(struct save *save)
{
	const struct qt_pci_function *function = save->function;
	unsigned has = has_registers(function, 0);
	unsigned at = 0;

	for (size_t i = 0; i < QT_ARRAY_SIZE(extended); i++) {
		if (i == 0 || extended[i].id != extended[i - 1].id)
			at = qt_pci_ext_capability(save->host, function->rid, extended[i].id);
		if (at && !(extended[i].needs & ~has))
			save_register(save, at, &extended[i], CONFIG_SIZE_EXT);
	}
}

static void save_resizable(struct save *save, uint16_t id)
{
	const struct row row = {id, REBAR_CONTROL, 4, KIND_VALUE, 0, REBAR_SIZE};
	unsigned at = qt_pci_ext_capability(save->host, save->function->rid, id);
	unsigned count;

	if (!at || at + REBAR_CONTROL + 4 > CONFIG_SIZE_EXT)
		return;
	count = qt_pci_read32(save->host, save->function->rid, at + REBAR_CONTROL) >>
			REBAR_COUNT_SHIFT &
		REBAR_COUNT;
	for (unsigned i = 0; i < count; i++)
		save_register(save, at + i * REBAR_ENTRY, &row, CONFIG_SIZE_EXT);
}

static void save_channels(struct save *save, uint16_t id)
{
	const struct row control = {id, VC_CONTROL, 2, KIND_VALUE, 0, VC_SELECT};
	const struct row resource = {id, VC_RESOURCE, 4, KIND_VALUE, 0, VC_RESOURCE_BITS};
	unsigned at = qt_pci_ext_capability(save->host, save->function->rid, id);
	unsigned count;

	if (!at || at + VC_CAPABILITY + 4 > CONFIG_SIZE_EXT)
		return;
	count = 1 + (qt_pci_read32(save->host, save->function->rid, at + VC_CAPABILITY) & VC_COUNT);
	for (unsigned i = 0; i < count; i++)
		save_register(save, at + i * VC_RESOURCE_SIZE, &resource, CONFIG_SIZE_EXT);
	save_register(save, at, &control, CONFIG_SIZE_EXT);
}

static void save_pcix(struct save *save)
{
	static const struct row command = {0, PCIX_COMMAND, 2, KIND_VALUE, 0, UINT16_MAX};
	unsigned at = qt_pci_capability(save->host, save->function->rid, CAP_ID_PCIX);

	/* At this place a bridge has a status register. */
	if (at && !(save->function->flags & QT_PCI_BRIDGE))
		save_register(save, at, &command, CONFIG_SIZE);
}

/*
 * L1 substates before the link control that lets them be entered, BAR sizes
 * before BARs, the command last.
 */
static void save_all(struct save *save)
{
	save_extended(save);
	save_resizable(save, EXT_ID_REBAR);
	save_resizable(save, EXT_ID_VF_REBAR);
	save_channels(save, EXT_ID_VC);
	save_channels(save, EXT_ID_MFVC);
	save_channels(save, EXT_ID_VC_MFVC);
	save_express(save);
	save_pcix(save);
	if (save->function->flags & QT_PCI_BRIDGE)
		save_rows(save, bridge_header, QT_ARRAY_SIZE(bridge_header));
	else
		save_rows(save, function_header, QT_ARRAY_SIZE(function_header));
}

int qt_save(const struct qt_host *host, const struct qt_pci_function *function,
	struct qt_arena *arena, struct saved_list *saved)
{
	struct save save = {.host = host, .function = function};

	save_all(&save);
	saved->list = qt_alloc(arena, save.count * sizeof(*saved->list), sizeof(uint64_t));
	if (!saved->list)
		return QT_E_NOMEM;
	for (size_t i = 0; i < save.count; i++)
		saved->list[i] = save.list[i];
	saved->count = save.count;
	return QT_OK;
}

/* Bits outside the mask are written as zero: what they would set off is not to happen. */
static void restore_register(
	const struct qt_host *host, qt_rid rid, const struct saved *saved, uint32_t now)
{
	uint32_t value = saved->value;
	bool due = saved->kind == KIND_ALWAYS || (now & saved->mask) != value;

	if (saved->kind == KIND_STATUS) {
		value = now & saved->mask & ~saved->value;
		due = value != 0;
	}
	if (due)
		host->pci_write(host->context, rid, saved->offset, saved->width, value);
}

bool qt_restore(const struct qt_host *host, qt_rid rid, const struct saved_list *saved)
{
	bool same = true;

	for (size_t i = 0; i < saved->count; i++) {
		const struct saved *one = &saved->list[i];

		restore_register(host, rid, one, read(host, rid, one->offset, one->width));
	}
	for (size_t i = 0; i < saved->count; i++) {
		const struct saved *one = &saved->list[i];
		uint32_t now = read(host, rid, one->offset, one->width);

		if (one->kind != KIND_STATUS && (now & one->mask) != one->value)
			same = false;
	}
	return same;
}
