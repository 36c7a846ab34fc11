/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Making a VT-d unit forget what it has cached: contexts first, then PASID
 * entries, then translations, then what devices cache. Where queued invalidation
 * is on, the dead kernel's queue is stopped, one of our own used, and the old one
 * put back empty; register-based invalidation is not allowed then, does not reach
 * PASID entries, and does not exist from architecture version 6 on.
 *
 * Every step is global. A global IOTLB invalidation covers first-stage
 * translations and tables as well, under every PASID (table 23 of 6.5.2.3), so
 * none that goes by PASID is needed besides.
 *
 * Source: Intel VT-d specification, revision 4.1, sections 6.5.1 (registers),
 * 6.5.2 (queue), 6.5.3.3 (what to invalidate), 6.8 (write buffer).
 */
#include <quietus/memory.h>

#include "../device_tlb.h"
#include "vtd.h"

/*
 * Longest waits, in microseconds. A unit answers a command within a few; a
 * device may take its time over its own TLB.
 */
#define WAIT_COMMAND_US 100000
#define WAIT_QUEUE_US   500000

#define QUEUE_SIZE   QT_FLUSH_PAGE_SIZE
#define QUEUE_STATUS (QUEUE_SIZE - 16u) /* the status word, behind all descriptors ever used */

struct flush {
	struct qt_machine *machine;
	const struct qt_unit *unit;
	const struct qt_host *host;
	uint64_t *queue;
	bool scalable;
	unsigned used; /* descriptors in the queue */
	uint32_t cookie;
};

static uint32_t read32(const struct flush *f, enum vtd_register at)
{
	return f->host->mmio_read32(f->host->context, f->unit->registers + at);
}

static void write32(const struct flush *f, enum vtd_register at, uint32_t value)
{
	f->host->mmio_write32(f->host->context, f->unit->registers + at, value);
}

static uint64_t read64(const struct flush *f, uint64_t at)
{
	return f->host->mmio_read64(f->host->context, f->unit->registers + at);
}

static void write64(const struct flush *f, uint64_t at, uint64_t value)
{
	f->host->mmio_write64(f->host->context, f->unit->registers + at, value);
}

static bool expired(const struct flush *f, uint64_t since, uint64_t limit_us)
{
	return f->host->now_us(f->host->context) - since > limit_us;
}

/* Waits until (GSTS & mask) == want. */
static int wait_status(const struct flush *f, uint32_t mask, uint32_t want)
{
	uint64_t since = f->host->now_us(f->host->context);

	while ((read32(f, VTD_GSTS) & mask) != want)
		if (expired(f, since, WAIT_COMMAND_US))
			return QT_E_TIMEOUT;
	return QT_OK;
}

/* Waits until the `go` bit of a 64-bit command register is clear. */
static int wait_command(const struct flush *f, uint64_t at, uint64_t go)
{
	uint64_t since = f->host->now_us(f->host->context);

	while (read64(f, at) & go)
		if (expired(f, since, WAIT_COMMAND_US))
			return QT_E_TIMEOUT;
	return QT_OK;
}

static uint32_t carried(const struct flush *f)
{
	return read32(f, VTD_GSTS) & VTD_GSTS_CARRIED;
}

static int flush_write_buffer(const struct flush *f)
{
	if (!(f->unit->capability & VTD_CAP_RWBF))
		return QT_OK;
	write32(f, VTD_GCMD, carried(f) | VTD_GCMD_WBF);
	return wait_status(f, VTD_GCMD_WBF, 0);
}

static int stop_queue(const struct flush *f)
{
	uint64_t since = f->host->now_us(f->host->context);

	/* What the dead kernel had queued is let through, but not waited for for ever. */
	while (read32(f, VTD_IQH) != read32(f, VTD_IQT))
		if (expired(f, since, WAIT_COMMAND_US))
			break;
	write32(f, VTD_GCMD, carried(f) & ~VTD_GCMD_QIE);
	return wait_status(f, VTD_GCMD_QIE, 0);
}

static int start_queue(const struct flush *f, uint64_t iqa)
{
	write32(f, VTD_FSTS, VTD_FSTS_ERRORS);
	write32(f, VTD_IQT, 0);
	write64(f, VTD_IQA, iqa);
	write32(f, VTD_GCMD, carried(f) | VTD_GCMD_QIE);
	return wait_status(f, VTD_GCMD_QIE, VTD_GCMD_QIE);
}

/* Bytes of a descriptor: scalable mode takes wide ones only (6.5.2.11), filled up with zeros. */
static unsigned descriptor_size(const struct flush *f)
{
	return f->scalable ? 32 : 16;
}

/* The status word that wait descriptors write: in the queue's page, never reached by its tail. */
static volatile uint32_t *status_word(const struct flush *f)
{
	return (volatile uint32_t *)(f->queue + QUEUE_STATUS / sizeof(*f->queue));
}

static void queue_push(struct flush *f, uint64_t lo, uint64_t hi)
{
	uint64_t *descriptor = f->queue + f->used * descriptor_size(f) / sizeof(*f->queue);

	descriptor[0] = lo;
	descriptor[1] = hi;
	f->used++;
}

/*
 * Has the queue executed: it is started anew each time, so that descriptors
 * always begin at its head. QT_E_TIMEOUT, QT_E_IO (the unit refused one).
 */
static int queue_run(struct flush *f)
{
	qt_phys queue = qt_arena_phys(f->machine->arena, f->queue);
	uint64_t since;
	int error;

	*status_word(f) = 0;
	f->cookie++;
	queue_push(f, VTD_QI_WAIT(f->cookie), queue + QUEUE_STATUS);
	f->host->write_back(f->host->context, queue, QUEUE_SIZE);
	error = start_queue(f, queue | (f->scalable ? VTD_IQA_WIDE : 0));
	if (error)
		return error;
	write32(f, VTD_IQT, f->used * descriptor_size(f));
	f->used = 0;

	since = f->host->now_us(f->host->context);
	while (error == QT_OK && *status_word(f) != f->cookie) {
		if (read32(f, VTD_FSTS) & VTD_FSTS_ERRORS)
			error = QT_E_IO;
		else if (expired(f, since, WAIT_QUEUE_US))
			error = QT_E_TIMEOUT;
	}
	if (stop_queue(f))
		return QT_E_TIMEOUT;
	return error;
}

/*
 * Units that hold back for devices with much to do count by physical function: its
 * ID goes along, a virtual function's or its own (6.5.2.5).
 */
static uint64_t throttled_as(const struct flush *f, qt_rid rid)
{
	const struct qt_pci *pci = &f->machine->pci;
	const struct qt_pci_function *function = qt_pci_find(pci, rid);

	if (!(f->unit->extended_capability & VTD_ECAP_DIT))
		return 0;
	if (function && function->flags & QT_PCI_VF)
		rid = pci->functions[function->physical].rid;
	return VTD_QI_DEVICE_PHYSICAL(rid & 0xffff);
}

static int flush_device(void *context, qt_rid rid)
{
	struct flush *f = context;

	queue_push(f, VTD_QI_DEVICE(rid & 0xffff) | throttled_as(f, rid), VTD_QI_DEVICE_ALL);
	return queue_run(f);
}

static bool queue_is_on(void *context)
{
	return read32(context, VTD_GSTS) & VTD_GCMD_QIE;
}

static int flush_by_queue(struct flush *f)
{
	bool was_on = read32(f, VTD_GSTS) & VTD_GCMD_QIE;
	uint64_t old_queue = read64(f, VTD_IQA);
	int error = was_on ? stop_queue(f) : QT_OK;
	int restored = QT_OK;

	if (error)
		return error;
	queue_push(f, VTD_QI_CONTEXT_GLOBAL, 0);
	if (f->scalable)
		queue_push(f, VTD_QI_PASID_GLOBAL, 0);
	queue_push(f, VTD_QI_IOTLB_GLOBAL, 0);
	error = queue_run(f);
	if (error == QT_OK)
		error = qt_flush_device_tlbs(f->machine, f->unit, flush_device, queue_is_on, f);
	/* A queue that does not stop, because it waits for a device for ever, must not be moved. */
	if (read32(f, VTD_GSTS) & VTD_GCMD_QIE)
		return QT_E_TIMEOUT;
	/* The next owner finds the dead kernel's queue as it was, and empty. */
	if (was_on)
		restored = start_queue(f, old_queue);
	else
		write64(f, VTD_IQA, old_queue);
	return error ? error : restored;
}

/* A command that was carried out says at what granularity; none means it was not. */
static int flush_by_registers(const struct flush *f)
{
	uint64_t iotlb = VTD_ECAP_IRO(f->unit->extended_capability) * 16u + 8u;
	int error;

	write64(f, VTD_CCMD, VTD_CCMD_GO | VTD_CCMD_GLOBAL);
	error = wait_command(f, VTD_CCMD, VTD_CCMD_GO);
	if (error)
		return error;
	if (VTD_CCMD_ACTUAL(read64(f, VTD_CCMD)) == 0)
		return QT_E_IO;
	write64(f, iotlb, VTD_IOTLB_GO | VTD_IOTLB_GLOBAL | VTD_IOTLB_DRAIN);
	error = wait_command(f, iotlb, VTD_IOTLB_GO);
	if (error)
		return error;
	return VTD_IOTLB_ACTUAL(read64(f, iotlb)) == 0 ? QT_E_IO : QT_OK;
}

int vtd_flush(struct qt_machine *machine, const struct qt_unit *unit)
{
	struct flush f = {
		.machine = machine,
		.unit = unit,
		.host = machine->host,
		.scalable = unit->mode == VTD_MODE_SCALABLE,
	};
	bool queue_on = read32(&f, VTD_GSTS) & VTD_GCMD_QIE;
	int error = flush_write_buffer(&f);

	if (error)
		return error;
	if (!queue_on && !f.scalable && VTD_VER_MAJOR(unit->version) < 6)
		return flush_by_registers(&f);
	if (!(unit->extended_capability & VTD_ECAP_QI))
		return QT_E_UNSUPPORTED;
	f.queue = machine->flush_page;
	memset(f.queue, 0, QUEUE_SIZE);
	return flush_by_queue(&f);
}
