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

static bool map_range(int container, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map map = {.argsz = sizeof(map),
		.iova = iova,
		.size = size,
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE};
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	map.vaddr = (uintptr_t)memory;
	return memory != MAP_FAILED && !ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

static bool unmap_range(int container, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap), .iova = iova, .size = size};

	return !ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);
}

/* "keep:IOVA+SIZE" stays mapped; "empty:IOVA+SIZE" leaves only its tables. */
static void apply(int container, const char *item)
{
	uint64_t iova, size;
	char *end;
	bool ok;

	if (!strchr(item, ':'))
		return;
	iova = strtoull(strchr(item, ':') + 1, &end, 0);
	size = strtoull(end + 1, NULL, 0);
	ok = map_range(container, iova, size);
	if (ok && !strncmp(item, "empty:", 6))
		ok = unmap_range(container, iova, size);
	say("vfio=%s %s", item, ok ? "done" : strerror(errno));
}

/* Container, group and device stay open until the kernel dies. */
void vfio_prepare(const char *device, const char *maps)
{
	char list[512];
	int container = open("/dev/vfio/vfio", O_RDWR);
	int group = bind_to_vfio(device) ? open_group(device) : -1;

	if (container < 0 || group < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
		ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU) ||
		ioctl(group, VFIO_GROUP_GET_DEVICE_FD, device) < 0) {
		say("error=vfio %s: %s", device, strerror(errno));
		return;
	}
	snprintf(list, sizeof(list), "%s", maps);
	for (char *item = strtok(list, " "); item; item = strtok(NULL, " "))
		apply(container, item);
}
