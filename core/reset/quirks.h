/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is known of single devices' resets. */
#ifndef QUIETUS_CORE_RESET_QUIRKS_H
#define QUIETUS_CORE_RESET_QUIRKS_H

#include <quietus/reset.h>

/* A device's own routine: Function Level Reset, with something about it. */
enum routine {
	ROUTINE_NONE = 0,
	ROUTINE_UNADVERTISED, /* it has FLR, although it does not say so */
	ROUTINE_NVME_DISABLE, /* the NVMe controller is disabled first */
	ROUTINE_MASTER_ON,    /* bus mastering and MSI-X, masked, stay on for it */
	ROUTINE_RECAPTURE,    /* answers only once a write has told it its bus number */
};

/* All that applies to one function. */
struct quirks {
	uint8_t forbidden; /* 1 << enum qt_reset_method */
	uint8_t routine;   /* enum routine */
	uint32_t delay_us; /* after FLR, besides what every function gets */
};

struct quirks qt_quirks(const struct qt_host *host, const struct qt_pci_function *function);

#endif
