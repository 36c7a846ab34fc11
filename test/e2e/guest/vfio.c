// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE 0x10000u
#define STEP  0x200000u

static bool bind_to_vfio(const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override", device);
	if (!write_file(path, "vfio-pci"))
		return false;
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver/unbind", device);
	write_file(path, device);
	return write_file("/sys/bus/pci/drivers_probe", device);
}

static int open_group(const char *device)
{
	char path[128], target[256] = "";

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", device);
	if (readlink(path, target, sizeof(target) - 1) < 0 || !strrchr(target, '/'))
		return -1;
	snprintf(path, sizeof(path), "/dev/vfio%s", strrchr(target, '/'));
	return open(path, O_RDWR);
}

static bool map_piece(int container, void *memory, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {.argsz = sizeof(map),
		.iova = iova,
		.vaddr = (uintptr_t)memory,
		.size = PIECE,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE};

	return !ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

static bool unmap_piece(int container, uint64_t iova)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = PIECE};

	return !ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/*
 * "keep:START+SIZE" leaves a piece mapped in every 2 MiB of the range;
 * "empty:START+SIZE" unmaps it again, which leaves the table it was in.
 */
static void apply(int container, void *memory, const char *item)
{
	bool keep = !strncmp(item, "keep:", 5);
	uint64_t start, size;
	char *end;
	bool ok = true;

	start = strtoull(strchr(item, ':') ? strchr(item, ':') + 1 : item, &end, 0);
	size = strtoull(*end ? end + 1 : end, NULL, 0);
	for (uint64_t iova = start; ok && iova < start + size; iova += STEP)
		ok = map_piece(container, memory, iova) && (keep || unmap_piece(container, iova));
	say("vfio=%s %s", item, ok ? "done" : strerror(errno));
}

/* Container, group and device stay open until the kernel dies. */
void vfio_prepare(const char *device, const char *maps)
{
	char list[512];
	void *memory = mmap(NULL, PIECE, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	int container = open("/dev/vfio/vfio", O_RDWR);
	int group = bind_to_vfio(device) ? open_group(device) : -1;

	if (memory == MAP_FAILED || container < 0 || group < 0 ||
		ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
		ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ||
		ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device) < 0) {
		say("error=vfio %s: %s", device, strerror(errno));
		return;
	}
	snprintf(list, sizeof(list), "%s", maps);
	for (char *item = strtok(list, " "); item; item = strtok(NULL, " "))
		apply(container, memory, item);
}
