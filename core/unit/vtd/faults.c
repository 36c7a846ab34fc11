// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Fault recording registers (Intel VT-d specification, revision 4.1, sections 7.3 and 11.4.14). */
#include "vtd.h"

/* Third and fourth 32 bits of a recording register. */
#define SOURCE    0x8
#define INFO      0xc
#define INFO_FULL (1u << 31) /* F; written back to clear it */

void vtd_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	void (*visit)(void *context, qt_rid rid), void *context)
{
	const struct qt_host *host = machine->host;
	qt_phys at = unit->registers + VTD_CAP_FRO(unit->capability);
	unsigned count = VTD_CAP_NFR(unit->capability);

	for (unsigned i = 0; i < count; i++, at += VTD_FAULT_SIZE) {
		uint32_t info = host->mmio_read32(host->context, at + INFO);
		uint32_t source;

		if (!(info & INFO_FULL) || info == UINT32_MAX)
			continue;
		source = host->mmio_read32(host->context, at + SOURCE);
		host->mmio_write32(host->context, at + INFO, INFO_FULL);
		visit(context, QT_RID(unit->segment, source >> 8 & 0xff, source & 0xff));
	}
	/* While it says that one was lost, no more are recorded. */
	host->mmio_write32(host->context, unit->registers + VTD_FSTS, VTD_FSTS_PFO);
}
