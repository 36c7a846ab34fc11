/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making an SMMUv3 forget what it has cached: entries and context descriptors, then
 * translations, then what devices cache. The dead kernel's command queue is stopped,
 * one of our own used, and the old one put back empty: its base may only be written
 * while the queue is off.
 *
 * Source: Arm SMMUv3 specification, IHI 0070, sections 3.5 and 4 (queues and
 * commands), 6.3.9 (CR0), 6.3.26 to 6.3.28 (command queue registers), 7.1 (errors).
 */
#include <quietus/memory.h>

#include "../device_tlb.h"
#include "smmuv3.h"

/* Longest waits, in microseconds: for CR0 to take effect, for the queue to be empty. */
#define WAIT_CONTROL_US  100000
#define WAIT_COMMANDS_US 500000

/* Entries of the queue, as a power of two: a page. */
#define QUEUE_LG2 8u

_Static_assert(SMMUV3_COMMAND_SIZE << QUEUE_LG2 <= QT_FLUSH_PAGE_SIZE, "the queue fits its page");

struct flush {
	struct qt_machine *machine;
	const struct qt_unit *unit;
	const struct qt_host *host;
	uint64_t (*queue)[2];
	unsigned used; /* commands in it */
};

static uint32_t read32(const struct flush *f, enum smmuv3_register at)
{
	return f->host->mmio_read32(f->host->context, f->unit->registers + at);
}

static void write32(const struct flush *f, enum smmuv3_register at, uint32_t value)
{
	f->host->mmio_write32(f->host->context, f->unit->registers + at, value);
}

static bool expired(const struct flush *f, uint64_t since, uint64_t limit_us)
{
	return f->host->now_us(f->host->context) - since > limit_us;
}

/* Turns the queue on or off; what else CR0 has stays. */
static int switch_queue(const struct flush *f, uint32_t on)
{
	uint32_t control = (read32(f, SMMUV3_CR0) & ~SMMUV3_CR0_COMMANDS) | on;
	uint64_t since = f->host->now_us(f->host->context);

	write32(f, SMMUV3_CR0, control);
	while ((read32(f, SMMUV3_CR0ACK) & SMMUV3_CR0_COMMANDS) != on)
		if (expired(f, since, WAIT_CONTROL_US))
			return QT_E_TIMEOUT;
	return QT_OK;
}

/* A command that failed ends the queue until that is acknowledged. */
static bool has_failed(const struct flush *f)
{
	return (read32(f, SMMUV3_GERROR) ^ read32(f, SMMUV3_GERRORN)) & SMMUV3_GERROR_COMMANDS;
}

static void acknowledge_failure(const struct flush *f)
{
	if (has_failed(f))
		write32(f, SMMUV3_GERRORN, read32(f, SMMUV3_GERRORN) ^ SMMUV3_GERROR_COMMANDS);
}

/* The registers have one bit more than the queue has entries: it tells empty from full. */
static bool is_empty(const struct flush *f, unsigned lg2)
{
	uint32_t mask = (2u << lg2) - 1;

	return ((read32(f, SMMUV3_CMDQ_PROD) ^ read32(f, SMMUV3_CMDQ_CONS)) & mask) == 0;
}

/* QT_E_IO: a command failed. */
static int wait_empty(const struct flush *f, unsigned lg2, uint64_t limit_us)
{
	uint64_t since = f->host->now_us(f->host->context);

	while (!is_empty(f, lg2)) {
		if (has_failed(f))
			return QT_E_IO;
		if (expired(f, since, limit_us))
			return QT_E_TIMEOUT;
	}
	return QT_OK;
}

static void set_queue(const struct flush *f, uint64_t base, uint32_t index)
{
	f->host->mmio_write64(f->host->context, f->unit->registers + SMMUV3_CMDQ_BASE, base);
	write32(f, SMMUV3_CMDQ_PROD, index);
	write32(f, SMMUV3_CMDQ_CONS, index);
}

static unsigned queue_lg2(const struct flush *f)
{
	unsigned most = SMMUV3_IDR1_COMMANDS_LG2(SMMUV3_UNIT_IDR1(f->unit));

	return most < QUEUE_LG2 ? most : QUEUE_LG2;
}

static void push(struct flush *f, uint64_t first, uint64_t second)
{
	f->queue[f->used][0] = first;
	f->queue[f->used][1] = second;
	f->used++;
}

/* Has the commands executed, in a queue started anew. It is off again unless QT_E_TIMEOUT. */
static int run(struct flush *f)
{
	qt_phys queue = qt_arena_phys(f->machine->arena, f->queue);
	int error;

	push(f, SMMUV3_CMD_SYNC, 0);
	f->host->write_back(f->host->context, queue, QT_FLUSH_PAGE_SIZE);
	set_queue(f, queue | queue_lg2(f), 0);
	acknowledge_failure(f);
	error = switch_queue(f, SMMUV3_CR0_COMMANDS);
	if (error == QT_OK) {
		write32(f, SMMUV3_CMDQ_PROD, f->used);
		error = wait_empty(f, queue_lg2(f), WAIT_COMMANDS_US);
	}
	f->used = 0;
	return switch_queue(f, 0) ? QT_E_TIMEOUT : error;
}

static int flush_unit(struct flush *f)
{
	push(f, SMMUV3_CMD_CFGI_ALL, SMMUV3_CMD_CFGI_ALL_HI);
	push(f, SMMUV3_CMD_TLBI_NSNH_ALL, 0);
	if (SMMUV3_UNIT_IDR0(f->unit) & SMMUV3_IDR0_HYP)
		push(f, SMMUV3_CMD_TLBI_EL2_ALL, 0);
	return run(f);
}

static int flush_device(void *context, qt_rid rid)
{
	struct flush *f = context;
	uint32_t stream;
	int error = smmuv3_stream(f->unit, rid, &stream);

	if (error)
		return error;
	push(f, SMMUV3_CMD_ATC_INV(stream), SMMUV3_CMD_ATC_INV_ALL);
	return run(f);
}

static bool is_running(void *context)
{
	return read32(context, SMMUV3_CR0ACK) & SMMUV3_CR0_COMMANDS;
}

/* The next owner finds the dead kernel's queue where it was, and empty. */
static int put_back(const struct flush *f, uint64_t base, uint32_t index, bool was_on)
{
	set_queue(f, base, index);
	acknowledge_failure(f);
	return was_on ? switch_queue(f, SMMUV3_CR0_COMMANDS) : QT_OK;
}

int smmuv3_flush(struct qt_machine *machine, const struct qt_unit *unit)
{
	struct flush f = {.machine = machine,
		.unit = unit,
		.host = machine->host,
		.queue = machine->flush_page};
	uint64_t base = f.host->mmio_read64(f.host->context, unit->registers + SMMUV3_CMDQ_BASE);
	bool was_on = is_running(&f);
	uint32_t index;
	int error, restored;

	/* The smallest queue must hold the longest run: three commands and a CMD_SYNC, and stay
	 * short of full. */
	if (queue_lg2(&f) < 3)
		return QT_E_UNSUPPORTED;
	memset(f.queue, 0, QT_FLUSH_PAGE_SIZE);
	/* What the dead kernel had queued is let through, but not waited for for ever. */
	if (was_on)
		(void)wait_empty(&f, SMMUV3_QUEUE_LG2(base), WAIT_CONTROL_US);
	error = switch_queue(&f, 0);
	if (error)
		return error;
	index = read32(&f, SMMUV3_CMDQ_PROD);
	error = flush_unit(&f);
	if (error == QT_OK)
		error = qt_flush_device_tlbs(machine, unit, flush_device, is_running, &f);
	/* A queue that does not stop must not be moved under the unit's hands. */
	if (is_running(&f))
		return QT_E_TIMEOUT;
	restored = put_back(&f, base, index, was_on);
	return error ? error : restored;
}
