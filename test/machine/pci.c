/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* PCI functions: PCI Local Bus 3.0, section 6.1; PCIe 6.0, sections 7.5.3 and 10.5.1. */
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
	PCIE_CAPABILITY = 0x40,
	ATS_CAPABILITY = 0x100,
};

static void put16(struct model_function *function, unsigned offset, uint16_t value)
{
	memcpy(function->config + offset, &value, sizeof(value));
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

void model_add_pcie(struct model_function *function, unsigned type)
{
	uint8_t *capability = function->config + PCIE_CAPABILITY;

	capability[0] = 0x10;
	capability[1] = 0;
	put16(function, PCIE_CAPABILITY + 2, (uint16_t)(2 | type << 4));
	function->config[CAPABILITIES] = PCIE_CAPABILITY;
	put16(function, STATUS, 0x10);
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
