/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The host: all that the core may ask of the world it runs in. The stage, the
 * model machine of the tests, the audit on a live system and a dump reader each
 * fill one in.
 */
#ifndef QUIETUS_HOST_H
#define QUIETUS_HOST_H

#include <quietus/types.h>

struct qt_host {
	/* Handed back to every function below, untouched by the core. */
	void *context;

	/*
	 * Physical memory. The core calls these for addresses that it has checked
	 * against the RAM map, or that firmware tables gave; len is in bytes and
	 * nothing needs to be aligned. Return 0, QT_E_OUTSIDE or QT_E_IO.
	 */
	int (*read)(void *context, qt_phys at, void *buffer, size_t len);

	/*
	 * One naturally aligned 8-byte store, seen by devices as a whole or not at
	 * all, and ordered after all earlier stores of the core (its own memory
	 * included). NULL where nothing may be changed. Returns 0 or QT_E_IO.
	 */
	int (*store64)(void *context, qt_phys at, uint64_t value);

	/*
	 * Makes earlier stores to [at, at + len) visible to an agent that does not
	 * snoop the CPU's caches. No-op where there is none.
	 */
	void (*write_back)(void *context, qt_phys at, size_t len);

	/*
	 * Device registers, uncached; `at` naturally aligned. An access that nothing
	 * answers reads all ones, as on the bus.
	 */
	uint32_t (*mmio_read32)(void *context, qt_phys at);
	uint64_t (*mmio_read64)(void *context, qt_phys at);
	void (*mmio_write32)(void *context, qt_phys at, uint32_t value);
	void (*mmio_write64)(void *context, qt_phys at, uint64_t value);

	/*
	 * PCI configuration space of the function `rid`: width is 1, 2 or 4 bytes,
	 * offset is below 4096 and aligned to width. A function that is not there,
	 * or an offset that cannot be reached (256 and up without ECAM), reads all
	 * ones.
	 */
	uint32_t (*pci_read)(void *context, qt_rid rid, unsigned offset, unsigned width);
	void (*pci_write)(
		void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value);

	/* Microseconds since some fixed instant; never runs backwards. */
	uint64_t (*now_us)(void *context);

	/* Takes one line for the operator, without a newline. */
	void (*log)(void *context, const char *line);
};

#endif
