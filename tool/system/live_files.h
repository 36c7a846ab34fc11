/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The live host's sources, one file each: live_core.c, live_pci.c, live_acpi.c. */
#ifndef QUIETUS_TOOL_LIVE_FILES_H
#define QUIETUS_TOOL_LIVE_FILES_H

#include "live.h"

/* Where the core sees the ACPI tables: no address of the machine is that high. */
#define LIVE_ACPI_START (UINT64_C(1) << 60)

/* RAM by /proc/kcore; live->core stays -1 with no_core set where it cannot be read. */
void live_open_core(struct live *live);
void live_close_core(struct live *live);
int live_read_core(struct live *live, qt_phys at, void *buffer, size_t len);

void live_close_pci(struct live *live);
uint32_t live_pci_read(void *context, qt_rid rid, unsigned offset, unsigned width);

int live_read_tables(const struct live *live, qt_phys at, void *buffer, size_t len);

#endif
