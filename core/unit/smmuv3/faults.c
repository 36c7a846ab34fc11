/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The event queue (Arm SMMUv3 specification, IHI 0070, sections 3.5 and 7.3). */
#include "smmuv3.h"

/* Events that are about one stream's DMA (7.3). */
static bool is_fault(unsigned type)
{
	switch (type) {
	case 0x02: /* C_BAD_STREAMID */
	case 0x04: /* C_BAD_STE */
	case 0x06: /* F_STREAM_DISABLED */
	case 0x0a: /* C_BAD_CD */
	case 0x10: /* F_TRANSLATION */
	case 0x11: /* F_ADDR_SIZE */
	case 0x12: /* F_ACCESS */
	case 0x13: /* F_PERMISSION */
		return true;
	default:
		return false;
	}
}

/* The offset of a register of page 1. */
static uint64_t page1(const struct qt_unit *unit, enum smmuv3_register at)
{
	return unit->one_page ? at - SMMUV3_PAGE1 : at;
}

struct event_queue {
	qt_phys base;
	uint32_t mask; /* of an index with its wrap bit */
	uint32_t slots;
	uint32_t producer, consumer; /* raw */
};

/* Empty where it is off. QT_E_BAD: nothing that a queue can be. */
static int find_queue(
	const struct qt_machine *machine, const struct qt_unit *unit, struct event_queue *queue)
{
	uint64_t base = qt_unit_read64(machine, unit, SMMUV3_EVENTQ_BASE);
	unsigned lg2 = SMMUV3_QUEUE_LG2(base);

	*queue = (struct event_queue){0};
	if (!(qt_unit_read32(machine, unit, SMMUV3_CR0ACK) & SMMUV3_CR0_EVENTS))
		return QT_OK;
	if (lg2 > SMMUV3_QUEUE_LG2_MAX)
		return QT_E_BAD;
	*queue = (struct event_queue){
		.base = base & SMMUV3_QUEUE_ADDRESS,
		.mask = (2u << lg2) - 1,
		.slots = 1u << lg2,
		.producer = qt_unit_read32(machine, unit, page1(unit, SMMUV3_EVENTQ_PROD)),
		.consumer = qt_unit_read32(machine, unit, page1(unit, SMMUV3_EVENTQ_CONS)),
	};
	if (machine->ram.count && !qt_ranges_contain(&machine->ram, queue->base,
					  queue->base + (uint64_t)queue->slots * SMMUV3_EVENT_SIZE))
		return QT_E_OUTSIDE;
	return ((queue->producer - queue->consumer) & queue->mask) > queue->slots ? QT_E_BAD
										  : QT_OK;
}

static int visit_event(const struct qt_unit *unit, const uint64_t *words,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context)
{
	struct qt_unit_fault fault = {
		.iova = words[2],
		.write = !(words[1] & SMMUV3_EVENT1_READ),
		.code = (uint8_t)SMMUV3_EVENT_TYPE(words[0]),
	};

	if (!is_fault(fault.code) ||
		smmuv3_rid(unit, SMMUV3_EVENT_STREAM(words[0]), &fault.rid) != QT_OK)
		return QT_OK;
	return visit(context, &fault);
}

int smmuv3_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context)
{
	const struct qt_host *host = machine->host;
	struct event_queue queue;
	int error = find_queue(machine, unit, &queue);
	uint32_t count = (queue.producer - queue.consumer) & queue.mask;

	for (uint32_t i = 0; i < count && error == QT_OK; i++) {
		uint32_t slot = (queue.consumer + i) & (queue.slots - 1);
		uint64_t words[3];

		error = host->read(host->context, queue.base + (uint64_t)slot * SMMUV3_EVENT_SIZE,
			words, sizeof(words));
		if (error == QT_OK)
			error = visit_event(unit, words, visit, context);
	}
	return error;
}

/* With that an overflow is acknowledged too. */
void smmuv3_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit)
{
	uint64_t consumer = page1(unit, SMMUV3_EVENTQ_CONS);
	uint32_t producer = qt_unit_read32(machine, unit, page1(unit, SMMUV3_EVENTQ_PROD));

	if (qt_unit_read32(machine, unit, SMMUV3_CR0ACK) & SMMUV3_CR0_EVENTS &&
		qt_unit_read32(machine, unit, consumer) != producer)
		qt_unit_write32(machine, unit, consumer, producer);
}
