// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The stage as the core's host: see quietus/host.h. cpu.h is the architecture's
 * own.
 */
#include <quietus/memory.h>

#include "cpu.h"
#include "stage.h"

#define ALL_ONES_32 UINT32_MAX
#define ALL_ONES_64 UINT64_MAX

/* The part of [at, at + len) that lies in at's page. */
static size_t in_page(qt_phys at, size_t len)
{
	size_t rest = PAGE_SIZE - (at & (PAGE_SIZE - 1));

	return len < rest ? len : rest;
}

static bool in_width(const struct paging *paging, qt_phys at, size_t len)
{
	return at < paging->limit && len <= paging->limit - at;
}

static int read_physical(void *context, qt_phys at, void *buffer, size_t len)
{
	struct stage *s = context;
	uint8_t *to = buffer;

	if (!in_width(&s->paging, at, len))
		return QT_E_OUTSIDE;
	while (len) {
		size_t n = in_page(at, len);

		memcpy(to, paging_at(&s->paging, at), n);
		at += n;
		to += n;
		len -= n;
	}
	return 0;
}

static int write_physical(void *context, qt_phys at, const void *buffer, size_t len)
{
	struct stage *s = context;
	const uint8_t *from = buffer;

	if (!in_width(&s->paging, at, len))
		return QT_E_OUTSIDE;
	while (len) {
		size_t n = in_page(at, len);

		memcpy(paging_at(&s->paging, at), from, n);
		at += n;
		from += n;
		len -= n;
	}
	return 0;
}

/* A store that is neither to the dead kernel's RAM nor to the stage is never right. */
static int store64(void *context, qt_phys at, uint64_t value)
{
	struct stage *s = context;
	qt_phys end = at + sizeof(value);
	volatile uint64_t *to;

	if (at % sizeof(value) || end < at ||
		!(qt_ranges_contain(&s->ram, at, end) ||
			(at >= s->settle.stage.start && end <= s->settle.stage.end)))
		return QT_E_IO;
	to = paging_at(&s->paging, at);
	if (!to)
		return QT_E_IO;
	order_stores();
	*to = value;
	order_stores();
	return 0;
}

static void write_back(void *context, qt_phys at, size_t len)
{
	struct stage *s = context;
	size_t line = s->paging.line_size;
	qt_phys end = at + len;

	if (!in_width(&s->paging, at, len))
		return;
	memory_fence();
	for (at &= ~(qt_phys)(line - 1); at < end; at += line)
		flush_line(paging_at(&s->paging, at));
	memory_fence();
}

static uint32_t mmio_read32(void *context, qt_phys at)
{
	struct stage *s = context;
	volatile uint32_t *from = paging_at(&s->paging, at);

	return from ? device_read32(from) : ALL_ONES_32;
}

static uint64_t mmio_read64(void *context, qt_phys at)
{
	struct stage *s = context;
	volatile uint64_t *from = paging_at(&s->paging, at);

	return from ? device_read64(from) : ALL_ONES_64;
}

static void mmio_write32(void *context, qt_phys at, uint32_t value)
{
	struct stage *s = context;
	volatile uint32_t *to = paging_at(&s->paging, at);

	if (to)
		device_write32(to, value);
}

static void mmio_write64(void *context, qt_phys at, uint64_t value)
{
	struct stage *s = context;
	volatile uint64_t *to = paging_at(&s->paging, at);

	if (to)
		device_write64(to, value);
}

static uint32_t host_pci_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	const struct stage *s = context;

	return pci_read(&s->pci, rid, offset, width);
}

static void host_pci_write(
	void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	const struct stage *s = context;

	pci_write(&s->pci, rid, offset, width, value);
}

static uint64_t now_us(void *context)
{
	struct stage *s = context;

	return clock_now_us(&s->clock);
}

static void host_log(void *context, const char *line)
{
	struct stage *s = context;

	log_line(&s->log, line);
}

void access_init(struct stage *s)
{
	s->host = (struct qt_host){
		.context = s,
		.read = read_physical,
		.store64 = store64,
		.write_back = write_back,
		.mmio_read32 = mmio_read32,
		.mmio_read64 = mmio_read64,
		.mmio_write32 = mmio_write32,
		.mmio_write64 = mmio_write64,
		.pci_read = host_pci_read,
		.pci_write = host_pci_write,
		.now_us = now_us,
		.log = host_log,
	};
	s->physical = (struct physical){s, read_physical, write_physical};
	s->pci.paging = &s->paging;
}
