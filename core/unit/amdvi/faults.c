// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The event log (AMD IOMMU specification, 48882 revision 3.08, section 2.5). */
#include "registers.h"

/* Events that are about one device's DMA (2.5.2, 2.5.3). */
enum { ILLEGAL_ENTRY = 1, PAGE_FAULT = 2 };

struct event_log {
	qt_phys base;
	uint64_t size; /* bytes, a power of two */
	uint64_t head, tail;
};

static uint64_t read64(
	const struct qt_machine *machine, const struct qt_unit *unit, enum amdvi_register at)
{
	return machine->host->mmio_read64(machine->host->context, unit->registers + at);
}

/* False if it is off, empty, or nothing that a log can be. */
static bool find_log(
	const struct qt_machine *machine, const struct qt_unit *unit, struct event_log *log)
{
	uint64_t base = read64(machine, unit, AMDVI_EVENT_BASE);
	unsigned lg2 = AMDVI_EVENT_LENGTH(base);

	*log = (struct event_log){
		.base = AMDVI_TABLE_BASE(base),
		.size = (uint64_t)AMDVI_EVENT_SIZE << lg2,
		.head = read64(machine, unit, AMDVI_EVENT_HEAD) & AMDVI_POINTER,
		.tail = read64(machine, unit, AMDVI_EVENT_TAIL) & AMDVI_POINTER,
	};
	return read64(machine, unit, AMDVI_CONTROL) & AMDVI_CONTROL_EVENTS &&
	       lg2 >= AMDVI_EVENT_LENGTH_MIN && log->head < log->size && log->tail < log->size &&
	       log->head != log->tail;
}

void amdvi_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	void (*visit)(void *context, qt_rid rid), void *context)
{
	struct event_log log;
	struct qt_reader reader;

	if (!find_log(machine, unit, &log))
		return;
	reader = qt_machine_reader(machine, log.size / AMDVI_EVENT_SIZE);
	for (; log.head != log.tail; log.head = (log.head + AMDVI_EVENT_SIZE) & (log.size - 1)) {
		uint64_t word;

		if (qt_reader_words(&reader, log.base + log.head, &word, 1))
			break;
		if (AMDVI_EVENT_CODE(word) == ILLEGAL_ENTRY || AMDVI_EVENT_CODE(word) == PAGE_FAULT)
			visit(context, QT_RID(unit->segment, 0, AMDVI_EVENT_DEVICE(word)));
	}
	machine->host->mmio_write64(
		machine->host->context, unit->registers + AMDVI_EVENT_HEAD, log.tail);
}
