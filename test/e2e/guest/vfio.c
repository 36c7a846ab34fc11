// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PCI_COMMAND    0x04
#define PCI_BUS_MASTER 0x4

#define INTERRUPT_WAIT_MS 10000

#define PIECE 0x10000u
#define STEP  0x200000u
#define PAGE  0x1000u

/* Linux, Documentation/admin-guide/mm/pagemap.rst */
#define PAGEMAP_FRAME 0x7fffffffffffffu

static int open_group(const char *device)
{
	char path[128], target[256] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", device);
	if (readlink(path, target, sizeof(target) - 1) < 0 || !strrchr(target, '/'))
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	return open(path, O_RDWR);
}

static bool map(int container, void *memory, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {.argsz = sizeof(map),
		.iova = iova,
		.vaddr = (uintptr_t)memory,
		.size = size,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE};

	return !ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

static bool unmap_piece(int container, uint64_t iova)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = PIECE};

	return !ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/* Memory of its own, each page at the IOVA that is its physical address, as DPDK can have it. */
static bool map_physical(int container, uint64_t size)
{
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE | MAP_LOCKED, -1, 0);
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool ok = memory != MAP_FAILED && pagemap >= 0;

	for (uint64_t at = 0; ok && at < size; at += PAGE) {
		off_t place = (off_t)((uintptr_t)(memory + at) / PAGE * sizeof(uint64_t));
		uint64_t entry = 0;

		ok = pread(pagemap, &entry, sizeof(entry), place) == sizeof(entry) &&
		     entry & PAGEMAP_FRAME &&
		     map(container, memory + at, (entry & PAGEMAP_FRAME) * PAGE, PAGE);
	}
	return ok;
}

/*
 * "keep:START+SIZE" leaves a piece mapped in every 2 MiB of the range;
 * "empty:START+SIZE" unmaps it again, which leaves the table it was in.
 * "physical:0+SIZE" maps memory at its physical addresses.
 */
static void apply(int container, void *memory, const char *item)
{
	bool keep = !strncmp(item, "keep:", 5);
	uint64_t start, size;
	char *end;
	bool ok = true;

	start = strtoull(strchr(item, ':') ? strchr(item, ':') + 1 : item, &end, 0);
	size = strtoull(*end ? end + 1 : end, NULL, 0);
	if (!strncmp(item, "physical:", 9))
		ok = map_physical(container, size);
	else
		for (uint64_t iova = start; ok && iova < start + size; iova += STEP)
			ok = map(container, memory, iova, PIECE) &&
			     (keep || unmap_piece(container, iova));
	if (!ok)
		say("error=vfio %s: %s", item, strerror(errno));
}

/* An MSI is a write to memory: vfio leaves it to its user to allow them. */
static bool enable_bus_master(int device)
{
	struct vfio_region_info config = {
		.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX};
	off_t at;
	uint16_t command;

	if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config))
		return false;
	at = (off_t)config.offset + PCI_COMMAND;
	if (pread(device, &command, 2, at) != 2)
		return false;
	command |= PCI_BUS_MASTER;
	return pwrite(device, &command, 2, at) == 2;
}

static bool is_signalled(int event)
{
	struct pollfd signal = {.fd = event, .events = POLLIN};

	return poll(&signal, 1, INTERRUPT_WAIT_MS) == 1;
}

/* As a user-space driver or a guest has it: MSI-X on, and interrupts arriving. */
static bool enable_msix(int device)
{
	union {
		struct vfio_irq_set header;
		uint8_t bytes[sizeof(struct vfio_irq_set) + sizeof(int)];
	} set = {.header = {.argsz = sizeof(set.bytes),
			 .flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			 .index = VFIO_PCI_MSIX_IRQ_INDEX,
			 .count = 1}};
	int event = eventfd(0, EFD_CLOEXEC);

	memcpy(set.bytes + sizeof(struct vfio_irq_set), &event, sizeof(event));
	return event >= 0 && enable_bus_master(device) &&
	       !ioctl(device, VFIO_DEVICE_SET_IRQS, &set) && is_signalled(event);
}

/* Container, group and device stay open until the kernel dies. */
void vfio_prepare(const char *device, const char *maps, bool msix)
{
	/* Without interrupt remapping vfio asks for this before it trusts a user. */
	bool trusted =
		write_file("/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts", "1");
	char list[512];
	int fd = -1;
	void *memory = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int container = open("/dev/vfio/vfio", O_RDWR);
	int group = pci_bind_to_vfio(device) ? open_group(device) : -1;

	if (!trusted || memory == MAP_FAILED || container < 0 || group < 0 ||
		ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
		ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ||
		(fd = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device)) < 0 ||
		(msix && !enable_msix(fd))) {
		say("error=vfio %s: %s", device, strerror(errno));
		return;
	}
	snprintf(list, sizeof(list), "%s", maps);
	for (char *item = strtok(list, " "); item; item = strtok(NULL, " "))
		apply(container, memory, item);
}
