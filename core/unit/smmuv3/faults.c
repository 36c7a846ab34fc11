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

struct event_queue {
	qt_phys base;
	uint32_t mask; /* of an index with its wrap bit */
	uint32_t slots;
	uint32_t producer, consumer; /* raw */
};

static uint32_t read32(
	const struct qt_machine *machine, const struct qt_unit *unit, enum smmuv3_register at)
{
	return machine->host->mmio_read32(machine->host->context, unit->registers + at);
}

/* False if it is off, empty, or nothing that a queue can be. */
static bool find_queue(
	const struct qt_machine *machine, const struct qt_unit *unit, struct event_queue *queue)
{
	uint64_t base = machine->host->mmio_read64(
		machine->host->context, unit->registers + SMMUV3_EVENTQ_BASE);
	unsigned lg2 = SMMUV3_QUEUE_LG2(base);

	if (lg2 > SMMUV3_QUEUE_LG2_MAX ||
		!(read32(machine, unit, SMMUV3_CR0ACK) & SMMUV3_CR0_EVENTS))
		return false;
	*queue = (struct event_queue){
		.base = base & SMMUV3_QUEUE_ADDRESS,
		.mask = (2u << lg2) - 1,
		.slots = 1u << lg2,
		.producer = read32(machine, unit, SMMUV3_EVENTQ_PROD),
		.consumer = read32(machine, unit, SMMUV3_EVENTQ_CONS),
	};
	return ((queue->producer ^ queue->consumer) & queue->mask) != 0;
}

int smmuv3_faults(const struct qt_machine *machine, const struct qt_unit *unit,
	int (*visit)(void *context, const struct qt_unit_fault *fault), void *context)
{
	struct event_queue queue;
	struct qt_reader reader;
	uint32_t count;

	if (!find_queue(machine, unit, &queue))
		return QT_OK;
	count = (queue.producer - queue.consumer) & queue.mask;
	if (count > queue.slots)
		count = queue.slots;
	reader = qt_machine_reader(machine, count);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t slot = (queue.consumer + i) & (queue.slots - 1);
		uint64_t words[SMMUV3_EVENT_ADDRESS + 1];
		struct qt_unit_fault fault;
		int error =
			qt_reader_words(&reader, queue.base + (uint64_t)slot * SMMUV3_EVENT_SIZE,
				words, QT_ARRAY_SIZE(words));

		if (error)
			return error;
		fault = (struct qt_unit_fault){
			.iova = words[SMMUV3_EVENT_ADDRESS],
			.write = !(words[1] & SMMUV3_EVENT_READ),
			.code = (uint8_t)SMMUV3_EVENT_TYPE(words[0]),
		};
		if (!is_fault(SMMUV3_EVENT_TYPE(words[0])) ||
			smmuv3_rid(unit, SMMUV3_EVENT_STREAM(words[0]), &fault.rid) != QT_OK)
			continue;
		error = visit(context, &fault);
		if (error)
			return error;
	}
	return QT_OK;
}

/* With that an overflow is acknowledged too. */
void smmuv3_forget_faults(const struct qt_machine *machine, const struct qt_unit *unit)
{
	struct event_queue queue;

	if (find_queue(machine, unit, &queue))
		machine->host->mmio_write32(machine->host->context,
			unit->registers + SMMUV3_EVENTQ_CONS, queue.producer);
}
