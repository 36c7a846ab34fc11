/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DMA that the unit refused, from its event log in the dead kernel's memory.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, sections 2.5 (event logging), 3.4.3 (event log base address).
 */
#include "amdvi.h"

static int visit_event(const struct qt_unit *unit, const uint64_t words[2],
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context)
{
	struct qt_unit_fault fault = {
		.rid = QT_RID(unit->segment, 0, 0) | AMDVI_EVENT_DEVICE(words[0]),
		.iova = words[1],
		.write = words[0] & AMDVI_EVENT_WRITE,
		.code = AMDVI_EVENT_CODE(words[0]),
	};

	/* Others are about commands and hardware. */
	if (words[0] & AMDVI_EVENT_INTERRUPT)
		return QT_OK;
	if (fault.code != AMDVI_EVENT_PAGE_FAULT && fault.code != AMDVI_EVENT_BAD_ENTRY)
		return QT_OK;
	return visit(context, &fault);
}

int amdvi_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context)
{
	const struct qt_host *host = machine->host;
	uint64_t base = qt_unit_read64(machine, unit, AMDVI_EVENT_BASE);
	uint32_t head = AMDVI_EVENT_OFFSET(qt_unit_read64(machine, unit, AMDVI_EVENT_HEAD));
	uint32_t tail = AMDVI_EVENT_OFFSET(qt_unit_read64(machine, unit, AMDVI_EVENT_TAIL));
	uint32_t size = AMDVI_EVENT_LOG_SIZE(base);
	int error = QT_OK;

	if (head >= size || tail >= size)
		return QT_E_BAD;
	if (machine->ram.count && !qt_ranges_contain(&machine->ram, AMDVI_EVENT_LOG(base),
					  AMDVI_EVENT_LOG(base) + size))
		return QT_E_OUTSIDE;
	for (; head != tail && error == QT_OK; head = (head + AMDVI_EVENT_SIZE) % size) {
		uint64_t words[2];

		error = host->read(
			host->context, AMDVI_EVENT_LOG(base) + head, words, sizeof(words));
		if (error == QT_OK)
			error = visit_event(unit, words, visit, context);
	}
	return error;
}

/* A log that has overflowed is not written any more until it was off (2.5, 3.4.16). */
static void restart_log(const struct qt_machine *machine, const struct qt_unit *unit)
{
	uint64_t control = qt_unit_read64(machine, unit, AMDVI_CONTROL);

	qt_unit_write64(machine, unit, AMDVI_CONTROL, control & ~AMDVI_CONTROL_EVENTS);
	qt_unit_write64(machine, unit, AMDVI_STATUS, AMDVI_STATUS_EVENTS_LOST);
	qt_unit_write64(machine, unit, AMDVI_CONTROL, control);
}

void amdvi_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit)
{
	uint64_t tail = qt_unit_read64(machine, unit, AMDVI_EVENT_TAIL);
	uint64_t status = qt_unit_read64(machine, unit, AMDVI_STATUS);

	if (qt_unit_read64(machine, unit, AMDVI_EVENT_HEAD) != tail)
		qt_unit_write64(machine, unit, AMDVI_EVENT_HEAD, tail);
	if (status & AMDVI_STATUS_EVENTS_LOST)
		restart_log(machine, unit);
}
