/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making an AMD-Vi unit forget what it has cached: device table entries,
 * interrupt tables and translations, then what devices cache. The dead kernel's
 * command buffer is stopped, one of our own used, and the old one put back empty.
 *
 * Source: AMD I/O Virtualization Technology (IOMMU) Specification, 48882,
 * revision 3.08, sections 2.4 (commands), 2.4.9 (IOMMU ordering), 3.4.2 and
 * 3.4.13 (command buffer registers).
 */
#include <quietus/memory.h>

#include "../device_tlb.h"
#include "amdvi.h"

/*
 * Longest waits, in microseconds. A unit stops fetching within a few; a device
 * may take its time over its own TLB, but a hung one must not hold up the dump.
 */
#define WAIT_BUFFER_US   100000
#define WAIT_COMMANDS_US 500000

/* After that no further buffer is begun: entry by entry, there can be hundreds of them. */
#define BUFFERS_US 500000

/* The smallest buffer there is: 256 commands (3.4.2). */
#define BUFFER_LG2   8u
#define BUFFER_SIZE  (16u << BUFFER_LG2)
#define BUFFER_SLOTS ((1u << BUFFER_LG2) - 2u) /* the last is the status word, one is the wait */

/* Device table entries looked at at a time. */
#define RUN_ENTRIES 16u

_Static_assert(BUFFER_SIZE <= QT_FLUSH_PAGE_SIZE, "the queue fits its page");

struct flush {
	struct qt_machine *machine;
	const struct qt_unit *unit;
	const struct qt_host *host;
	uint64_t (*buffer)[2];
	unsigned used; /* commands in it */
	uint64_t cookie;
	uint64_t since_us; /* when it was begun */
};

static uint64_t read64(const struct flush *f, enum amdvi_register at)
{
	return f->host->mmio_read64(f->host->context, f->unit->registers + at);
}

static void write64(const struct flush *f, enum amdvi_register at, uint64_t value)
{
	f->host->mmio_write64(f->host->context, f->unit->registers + at, value);
}

static bool expired(const struct flush *f, uint64_t since, uint64_t limit_us)
{
	return f->host->now_us(f->host->context) - since > limit_us;
}

static int wait_running(const struct flush *f, bool running)
{
	uint64_t since = f->host->now_us(f->host->context);

	while (!(read64(f, AMDVI_STATUS) & AMDVI_STATUS_COMMANDS_RUN) == running)
		if (expired(f, since, WAIT_BUFFER_US))
			return QT_E_TIMEOUT;
	return QT_OK;
}

static int stop_buffer(const struct flush *f)
{
	write64(f, AMDVI_CONTROL, read64(f, AMDVI_CONTROL) & ~AMDVI_CONTROL_COMMANDS);
	return wait_running(f, false);
}

/* Head and tail may only be written while the buffer is stopped. */
static int start_buffer(const struct flush *f, uint64_t base)
{
	write64(f, AMDVI_COMMAND_BASE, base);
	write64(f, AMDVI_COMMAND_HEAD, 0);
	write64(f, AMDVI_COMMAND_TAIL, 0);
	write64(f, AMDVI_CONTROL, read64(f, AMDVI_CONTROL) | AMDVI_CONTROL_COMMANDS);
	return wait_running(f, true);
}

/* What the dead kernel had queued is let through, but not waited for for ever. */
static void drain_buffer(const struct flush *f)
{
	uint64_t since = f->host->now_us(f->host->context);

	while (read64(f, AMDVI_COMMAND_HEAD) != read64(f, AMDVI_COMMAND_TAIL) &&
		read64(f, AMDVI_STATUS) & AMDVI_STATUS_COMMANDS_RUN)
		if (expired(f, since, WAIT_BUFFER_US))
			return;
}

/* The word that completion waits store to: in the buffer's last slot. */
static volatile uint64_t *status_word(const struct flush *f)
{
	return (volatile uint64_t *)f->buffer[BUFFER_SLOTS + 1];
}

/* Waits until the unit has stored the cookie. QT_E_IO: it stopped at a command. */
static int wait_cookie(const struct flush *f)
{
	uint64_t since = f->host->now_us(f->host->context);

	while (*status_word(f) != f->cookie) {
		if (!(read64(f, AMDVI_STATUS) & AMDVI_STATUS_COMMANDS_RUN) &&
			*status_word(f) != f->cookie)
			return QT_E_IO;
		if (expired(f, since, WAIT_COMMANDS_US))
			return QT_E_TIMEOUT;
	}
	return QT_OK;
}

static void push(struct flush *f, uint64_t first, uint64_t second)
{
	f->buffer[f->used][0] = first;
	f->buffer[f->used][1] = second;
	f->used++;
}

/* Has the commands executed; the buffer is started anew each time, so they begin at its head. */
static int run(struct flush *f)
{
	qt_phys buffer = qt_arena_phys(f->machine->arena, f->buffer);
	int error;

	*status_word(f) = 0;
	f->cookie++;
	push(f, AMDVI_COMMAND_WAIT(buffer + (BUFFER_SLOTS + 1) * 16), f->cookie);
	f->host->write_back(f->host->context, buffer, BUFFER_SIZE);
	error = start_buffer(f, buffer | AMDVI_COMMAND_LENGTH(BUFFER_LG2));
	if (error == QT_OK) {
		write64(f, AMDVI_COMMAND_TAIL, f->used * 16);
		error = wait_cookie(f);
	}
	f->used = 0;
	return stop_buffer(f) ? QT_E_TIMEOUT : error;
}

/* One of the buffers that it takes to flush the unit itself. */
static int run_in_time(struct flush *f)
{
	return expired(f, f->since_us, BUFFERS_US) ? QT_E_TIMEOUT : run(f);
}

/* Makes room for `n` more commands. */
static int reserve(struct flush *f, unsigned n)
{
	return f->used + n > BUFFER_SLOTS ? run_in_time(f) : QT_OK;
}

/* Entries that were never set up are all zero, and nothing is cached of them that was changed. */
static int flush_entries(struct flush *f)
{
	for (unsigned device = 0; device < 0x10000; device += RUN_ENTRIES) {
		qt_phys at = amdvi_entry_address(f->unit, device);
		uint64_t words[RUN_ENTRIES][AMDVI_ENTRY_WORDS];
		int error = at ? f->host->read(f->host->context, at, words, sizeof(words)) : QT_OK;

		for (unsigned i = 0; at && i < RUN_ENTRIES && error == QT_OK; i++) {
			if (!(words[i][0] | words[i][1] | words[i][2] | words[i][3]))
				continue;
			error = reserve(f, 2);
			if (error)
				break;
			push(f, AMDVI_COMMAND_ENTRY(device + i), 0);
			push(f, AMDVI_COMMAND_INTERRUPTS(device + i), 0);
		}
		if (error)
			return error;
	}
	return QT_OK;
}

static bool domain_seen(const struct flush *f, size_t before)
{
	const struct qt_requester *requesters = f->machine->requesters;

	for (size_t i = 0; i < before; i++)
		if (requesters[i].unit == f->unit->index &&
			requesters[i].domain_id == requesters[before].domain_id)
			return true;
	return false;
}

static int flush_domains(struct flush *f)
{
	const struct qt_machine *machine = f->machine;

	for (size_t i = 0; i < machine->requester_count; i++) {
		int error;

		if (machine->requesters[i].unit != f->unit->index || domain_seen(f, i))
			continue;
		error = reserve(f, 2);
		if (error)
			return error;
		push(f, AMDVI_COMMAND_PAGES(machine->requesters[i].domain_id),
			AMDVI_EVERY_PAGE_TABLE);
		/* Guest translations go by PASID too: those without count as PASID 0's. */
		if (f->unit->extended_capability & AMDVI_CONTROL_GUEST)
			push(f, AMDVI_COMMAND_PAGES(machine->requesters[i].domain_id),
				AMDVI_EVERY_PAGE_TABLE | AMDVI_OF_GUEST);
	}
	return QT_OK;
}

static int flush_unit(struct flush *f)
{
	int error;

	if (f->unit->capability & AMDVI_FEATURE_INVALIDATE_ALL) {
		push(f, AMDVI_COMMAND_ALL, 0);
		return run(f);
	}
	error = flush_entries(f);
	if (error == QT_OK)
		error = flush_domains(f);
	return error ? error : run_in_time(f);
}

/* What a device caches for requests without a PASID goes without one, guest tables or not. */
static int flush_device(void *context, qt_rid rid)
{
	struct flush *f = context;

	push(f, AMDVI_COMMAND_DEVICE(rid & 0xffff), AMDVI_EVERY_PAGE);
	return run(f);
}

static bool is_running(void *context)
{
	return read64(context, AMDVI_STATUS) & AMDVI_STATUS_COMMANDS_RUN;
}

/* The next owner finds the dead kernel's buffer where it was, and empty. */
static int put_back(const struct flush *f, uint64_t base, bool was_on)
{
	if (was_on)
		return start_buffer(f, base);
	write64(f, AMDVI_COMMAND_BASE, base);
	return QT_OK;
}

int amdvi_flush(struct qt_machine *machine, const struct qt_unit *unit)
{
	struct flush f = {.machine = machine, .unit = unit, .host = machine->host};
	uint64_t base = read64(&f, AMDVI_COMMAND_BASE);
	bool was_on = read64(&f, AMDVI_CONTROL) & AMDVI_CONTROL_COMMANDS;
	int error, restored;

	f.buffer = machine->flush_page;
	memset(f.buffer, 0, BUFFER_SIZE);
	drain_buffer(&f);
	error = stop_buffer(&f);
	if (error)
		return error;
	f.since_us = f.host->now_us(f.host->context);
	error = flush_unit(&f);
	if (error == QT_OK)
		error = qt_flush_device_tlbs(f.machine, f.unit, flush_device, is_running, &f);
	/* A buffer that does not stop must not be moved under the unit's hands. */
	if (is_running(&f))
		return QT_E_TIMEOUT;
	restored = put_back(&f, base, was_on);
	return error ? error : restored;
}
