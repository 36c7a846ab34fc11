/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PCI functions: PCI Local Bus 3.0, section 6.1; PCIe 6.0, sections 7.5.3, 7.7.1, 7.7.2, 10.5.1. */
#include <stdlib.h>
#include <string.h>

#include "model.h"

enum {
	VENDOR = 0x00,
	DEVICE = 0x02,
	COMMAND = 0x04,
	STATUS = 0x06,
	CLASS = 0x09,
	HEADER_TYPE = 0x0e,
	PRIMARY_BUS = 0x18,
	CAPABILITIES = 0x34,
	INTERRUPT_PIN = 0x3d,
	PCIE_CAPABILITY = 0x40,
	ATS_CAPABILITY = 0x100,
	SRIOV_CAPABILITY = 0x160, /* behind that of ATS, or else in its place */
};

enum {
	INTX_DISABLE = 1 << 10, /* in COMMAND */
	MSI_ENABLE = 1 << 0,    /* in message control, 2 bytes into the capability */
	MSIX_ENABLE = 1 << 15,
};

static void put16(struct model_function *function, unsigned offset, uint16_t value)
{
	memcpy(function->config + offset, &value, sizeof(value));
}

static uint16_t get16(const struct model_function *function, unsigned offset)
{
	uint16_t value;

	memcpy(&value, function->config + offset, sizeof(value));
	return value;
}

struct model_function *model_function(const struct model *m, qt_rid rid)
{
	for (size_t i = 0; i < m->function_count; i++)
		if (m->functions[i]->rid == rid)
			return m->functions[i];
	return NULL;
}

/* Function 0 says that the device has more functions. */
static void mark_multifunction(struct model *m, qt_rid rid)
{
	struct model_function *first = model_function(m, rid & ~(qt_rid)7);

	for (unsigned i = 1; first && i < 8; i++)
		if (model_function(m, (rid & ~(qt_rid)7) | i))
			first->config[HEADER_TYPE] |= 0x80;
}

struct model_function *model_add_function(
	struct model *m, qt_rid rid, uint16_t vendor, uint16_t device, uint32_t class_code)
{
	struct model_function *function = calloc(1, sizeof(*function));

	if (!function || m->function_count == MODEL_FUNCTIONS_MAX || model_function(m, rid))
		abort();
	function->rid = rid;
	put16(function, VENDOR, vendor);
	put16(function, DEVICE, device);
	put16(function, COMMAND, 0x6); /* memory space, bus master */
	memcpy(function->config + CLASS, &class_code, 3);
	m->functions[m->function_count++] = function;
	mark_multifunction(m, rid);
	return function;
}

/* Puts a capability at the head of the list. */
static void add_capability(
	struct model_function *function, uint8_t offset, uint8_t id, uint16_t control)
{
	function->config[offset] = id;
	function->config[offset + 1u] = function->config[CAPABILITIES];
	put16(function, offset + 2u, control);
	function->config[CAPABILITIES] = offset;
	put16(function, STATUS, 0x10);
}

void model_add_pcie(struct model_function *function, unsigned type)
{
	add_capability(function, PCIE_CAPABILITY, 0x10, (uint16_t)(2 | type << 4));
}

void model_add_intx(struct model_function *function)
{
	function->config[INTERRUPT_PIN] = 1;
}

void model_add_msi(struct model_function *function, uint8_t offset, bool on)
{
	add_capability(function, offset, 0x05, 0x0180 | (on ? MSI_ENABLE : 0));
	function->msi = offset;
}

void model_add_msix(struct model_function *function, uint8_t offset, bool on)
{
	add_capability(function, offset, 0x11, 0x0007 | (on ? MSIX_ENABLE : 0));
	function->msix = offset;
}

static bool has_messages_on(const struct model_function *function)
{
	return (function->msi && get16(function, function->msi + 2u) & MSI_ENABLE) ||
	       (function->msix && get16(function, function->msix + 2u) & MSIX_ENABLE);
}

uint32_t model_config_read(const struct model_function *function, unsigned offset, unsigned width)
{
	uint32_t value = 0;

	if (function->removed)
		return UINT32_MAX >> (32 - 8 * width);
	memcpy(&value, function->config + offset, width);
	return value;
}

void model_config_write(struct model *m, struct model_function *function, unsigned offset,
	unsigned width, uint32_t value)
{
	bool messages = has_messages_on(function);

	if (function->removed || function->stuck)
		return;
	memcpy(function->config + offset, &value, width);
	if (messages && !has_messages_on(function) && function->config[INTERRUPT_PIN] &&
		!(get16(function, COMMAND) & INTX_DISABLE))
		model_complain(m, "function %x falls back to INTx", function->rid);
}

void model_make_bridge(
	struct model_function *function, uint8_t secondary, uint8_t subordinate, int pcie_type)
{
	static const uint8_t class_code[] = {0x00, 0x04, 0x06};

	memcpy(function->config + CLASS, class_code, sizeof(class_code));
	function->config[HEADER_TYPE] = (function->config[HEADER_TYPE] & 0x80) | 1;
	function->config[PRIMARY_BUS] = QT_RID_BUS(function->rid);
	function->config[PRIMARY_BUS + 1] = secondary;
	function->config[PRIMARY_BUS + 2] = subordinate;
	if (pcie_type >= 0)
		model_add_pcie(function, (unsigned)pcie_type);
}

void model_add_ats(struct model_function *function)
{
	const uint32_t header = 0x0001000f;

	memcpy(function->config + ATS_CAPABILITY, &header, sizeof(header));
	put16(function, ATS_CAPABILITY + 6, 0x8000);
	function->ats = true;
}

/* PCIe 6.0, 9.3.3 and 9.3.4: it has no identity of its own, and is no function of a device. */
struct model_function *model_add_virtual(
	struct model *m, struct model_function *physical, qt_rid rid)
{
	unsigned at = get16(physical, ATS_CAPABILITY) ? SRIOV_CAPABILITY : ATS_CAPABILITY;
	struct model_function *first = model_function(m, rid & ~(qt_rid)7);
	uint8_t header_type = first ? first->config[HEADER_TYPE] : 0;
	struct model_function *function = model_add_function(m, rid, 0xffff, 0xffff, 0);

	function->physical = physical;
	model_add_pcie(function, 0);
	put16(function, COMMAND, 0x4);
	if (first)
		first->config[HEADER_TYPE] = header_type;
	if (at != ATS_CAPABILITY)
		put16(physical, ATS_CAPABILITY + 2, (uint16_t)(1 | at << 4));
	put16(physical, at, 0x0010);
	put16(physical, at + 2, 1);
	put16(physical, at + 0x08, 1); /* VF Enable */
	put16(physical, at + 0x0c, 1); /* InitialVFs, TotalVFs, NumVFs */
	put16(physical, at + 0x0e, 1);
	put16(physical, at + 0x10, 1);
	put16(physical, at + 0x14, (uint16_t)(rid - physical->rid));
	put16(physical, at + 0x16, 1);
	put16(physical, at + 0x1a, 0x10ca);
	return function;
}
