/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "live.h"
#include "live_files.h"
#include "system.h"

#define PAGE_SIZE UINT64_C(4096)

static int read_memory(void *context, qt_phys at, void *buffer, size_t len)
{
	struct live *live = context;

	if (at >= LIVE_ACPI_START)
		return live_read_tables(live, at, buffer, len);
	return live_read_core(live, at, buffer, len);
}

/* Mapping a file past its end gives a page that cannot be touched; devices have no end. */
static bool in_file(int fd, qt_phys page)
{
	struct stat st;

	return fstat(fd, &st) == 0 &&
	       (!S_ISREG(st.st_mode) || (uint64_t)st.st_size >= page + PAGE_SIZE);
}

static bool map_registers(struct live *live, qt_phys at)
{
	qt_phys page = at & ~(PAGE_SIZE - 1);
	void *mapped;

	if (live->page && live->page_at == page)
		return true;
	if (live->memory < 0 || !in_file(live->memory, page))
		return false;
	mapped = mmap(NULL, PAGE_SIZE, PROT_READ, MAP_SHARED, live->memory, (off_t)page);
	if (mapped == MAP_FAILED)
		return false;
	if (live->page)
		munmap(live->page, PAGE_SIZE);
	live->page = mapped;
	live->page_at = page;
	return true;
}

static uint32_t mmio_read32(void *context, qt_phys at)
{
	struct live *live = context;

	if (!map_registers(live, at))
		return UINT32_MAX;
	return *(volatile uint32_t *)((uint8_t *)live->page + (at - live->page_at));
}

static uint64_t mmio_read64(void *context, qt_phys at)
{
	struct live *live = context;

	if (!map_registers(live, at))
		return UINT64_MAX;
	return *(volatile uint64_t *)((uint8_t *)live->page + (at - live->page_at));
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
		return because(why, "/proc/kcore: %s", strerror(live->core_error));
	return live_read_core(live, at, &word, sizeof(word)) == QT_OK ||
	       because(why, "/proc/kcore does not have 0x%llx", (unsigned long long)at);
}

/* The kernel hides registers that a driver has claimed, and with lockdown all of them. */
bool live_registers_readable(struct live *live, qt_phys at, struct reason *why)
{
	if (live->memory < 0)
		return because(why, "/dev/mem: %s", strerror(live->memory_error));
	errno = ENXIO;
	return map_registers(live, at) ||
	       because(why,
		       "/dev/mem: registers at 0x%llx: %s; iomem=relaxed on the kernel's command "
		       "line lets them be read",
		       (unsigned long long)at, strerror(errno));
}

static int open_below(const char *root, const char *name)
{
	char path[PATH_MAX];

	return system_path(path, root, "%s", name) ? open(path, O_RDONLY | O_CLOEXEC | O_SYNC) : -1;
}

void live_open(struct live *live, const char *root)
{
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
	live->memory = open_below(root, "dev/mem");
	live->memory_error = errno;
	live_open_core(live);
}

void live_close(struct live *live)
{
	live_close_pci(live);
	live_close_core(live);
	if (live->page)
		munmap(live->page, PAGE_SIZE);
	if (live->memory >= 0)
		close(live->memory);
	free(live->tables);
}
