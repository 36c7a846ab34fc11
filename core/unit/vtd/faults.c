/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DMA that the unit refused, from its fault recording registers.
 *
 * Source: Intel VT-d specification, revision 4.1, sections 7.2 (fault reporting),
 * 11.4.14 (fault recording registers).
 */
#include "vtd.h"

/* The registers are a ring, and FSTS has the number of the oldest fault. */
int vtd_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context)
{
	unsigned count = VTD_CAP_NFR(unit->capability);
	unsigned first = VTD_FSTS_FRI(qt_unit_read32(machine, unit, VTD_FSTS));

	for (unsigned i = 0; i < count; i++) {
		uint64_t at =
			VTD_CAP_FRO(unit->capability) * 16u + (first + i) % count * VTD_FAULT_SIZE;
		uint64_t high = qt_unit_read64(machine, unit, at + 8);
		struct qt_unit_fault fault = {
			.rid = QT_RID(unit->segment, 0, 0) | VTD_FAULT_SID(high),
			.write = !(high & VTD_FAULT_READ),
			.code = VTD_FAULT_FR(high),
		};
		int error;

		if (!(high & VTD_FAULT_F) || VTD_FAULT_IS_INTERRUPT(fault.code))
			continue;
		fault.iova = qt_unit_read64(machine, unit, at) & VTD_FAULT_ADDRESS;
		error = visit(context, &fault);
		if (error)
			return error;
	}
	return QT_OK;
}

/* Nothing more is recorded while a register is full, or FSTS says that one was lost. */
void vtd_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit)
{
	uint64_t at = VTD_CAP_FRO(unit->capability) * 16u + VTD_FAULT_F_AT;

	for (unsigned i = 0; i < VTD_CAP_NFR(unit->capability); i++, at += VTD_FAULT_SIZE)
		if (qt_unit_read32(machine, unit, at) & VTD_FAULT_F_BIT)
			qt_unit_write32(machine, unit, at, VTD_FAULT_F_BIT);
	qt_unit_write32(machine, unit, VTD_FSTS, VTD_FSTS_PFO);
}
