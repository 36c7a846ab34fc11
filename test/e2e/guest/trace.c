// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "guest.h"

#include <sys/mount.h>

#define TRACING "/sys/kernel/tracing/"

/*
 * Probes (Linux, Documentation/trace/kprobetrace.rst) where Intel's driver is told to map and
 * unmap, with the arguments of struct iommu_domain_ops' map_pages and unmap_pages; and where
 * a driver of a device asks for it: struct device begins with its name.
 */
static const char *const probes[] = {
	"p:dma/map intel_iommu_map_pages domain=%di iova=%si phys=%dx size=%cx count=%r8 prot=%r9",
	"p:dma/unmap intel_iommu_unmap_pages domain=%di iova=%si size=%dx count=%cx",
	"p:dma/device iommu_dma_map_page name=+0(+0(%di)):string",
};

/* Before drivers come. */
void trace_start(void)
{
	bool written = !mount("tracefs", TRACING, "tracefs", 0, NULL) &&
		       write_file(TRACING "buffer_size_kb", "8192");

	for (unsigned int i = 0; i < sizeof(probes) / sizeof(*probes); i++)
		written = written && write_file(TRACING "kprobe_events", probes[i]);
	if (!written || !write_file(TRACING "events/dma/enable", "1"))
		say("error=no probes");
}

void trace_send(void)
{
	write_file(TRACING "tracing_on", "0");
	say_file_hex("trace", TRACING "trace");
}
