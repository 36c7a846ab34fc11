/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "live.h"
#include "live_files.h"
#include "system.h"

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	struct live *live = context;

	if (at >= LIVE_ACPI_START)
		return live_read_tables(live, at, buffer, len);
	return live_read_core(live, at, buffer, len);
}

static uint32_t mmio_read32(void *context, qt_phys at)
{
	struct live *live = context;

	return (uint32_t)registers_read(&live->registers, at, 4);
}

static uint64_t mmio_read64(void *context, qt_phys at)
{
	struct live *live = context;

	return registers_read(&live->registers, at, 8);
}

/* Nothing here is ever written; the core does not ask for it before a takeover. */
static void mmio_write32(void *context, qt_phys at, uint32_t value)
{
	(void)context, (void)at, (void)value;
}

static void mmio_write64(void *context, qt_phys at, uint64_t value)
{
	(void)context, (void)at, (void)value;
}

static void pci_write(void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	(void)context, (void)rid, (void)offset, (void)width, (void)value;
}

/* Our own memory, which no device reads. */
static void write_back(void *context, qt_phys at, size_t len)
{
	(void)context, (void)at, (void)len;
}

static uint64_t now_us(void *context)
{
	struct timespec now;

	(void)context;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void say(void *context, const char *line)
{
	(void)context;
	fprintf(stderr, "quietus: audit: %s\n", line);
}

bool live_ram_readable(struct live *live, qt_phys at, struct reason *why)
{
	uint64_t word;

	if (live->core < 0)
		return because(why, "/proc/kcore: %s", live->no_core.text);
	return live_read_core(live, at, &word, sizeof(word)) == QT_OK ||
	       because(why, "/proc/kcore does not have 0x%llx", (unsigned long long)at);
}

/* The kernel hides registers that a driver has claimed, and with lockdown all of them. */
bool live_registers_readable(struct live *live, qt_phys at, struct reason *why)
{
	struct registers *registers = &live->registers;

	if (registers->fd < 0)
		return because(why, MEMORY_DEVICE ": %s", strerror(registers->error));
	registers->error = 0;
	registers_read(registers, at, 4);
	return !registers->error ||
	       because(why,
		       MEMORY_DEVICE
		       ": registers at 0x%llx: %s; iomem=relaxed on the kernel's command "
		       "line lets them be read",
		       (unsigned long long)at, strerror(registers->error));
}

void live_open(struct live *live, const char *root)
{
	char path[PATH_MAX];

	*live = (struct live){
		.root = root,
		.host = {.context = live,
			.read = read_memory,
			.write_back = write_back,
			.mmio_read32 = mmio_read32,
			.mmio_read64 = mmio_read64,
			.mmio_write32 = mmio_write32,
			.mmio_write64 = mmio_write64,
			.pci_read = live_pci_read,
			.pci_write = pci_write,
			.now_us = now_us,
			.log = say},
		.core = -1,
	};
	system_path(path, root, "%s", &MEMORY_DEVICE[1]);
	registers_open(&live->registers, path);
	live_open_core(live);
}

void live_close(struct live *live)
{
	live_close_pci(live);
	live_close_core(live);
	registers_close(&live->registers);
	free(live->tables);
	file_free(&live->tree);
}
