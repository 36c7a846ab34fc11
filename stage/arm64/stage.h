/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stage's state, all of it: there is one, and it outlives exceptions. */
#ifndef QUIETUS_STAGE_STAGE_H
#define QUIETUS_STAGE_STAGE_H

#include <quietus/stage_header.h>

#include "../common/clock.h"
#include "../common/ecam.h"
#include "../common/log.h"
#include "../common/physical.h"
#include "../common/settle.h"
#include "paging.h"
#include "serial.h"
#include "tree.h"

/* Entries in each set of addresses. A firmware's memory map has some hundreds at most. */
#define RANGES_MAX 1024

#define NO_EXCEPTION 0xff

struct stage {
	const struct qt_stage_header *header;
	struct qt_dt tree; /* a copy of the one handed over; data is NULL where there is none */
	size_t tree_size;  /* of the copy, bytes */
	uint8_t *tree_out; /* room for the one handed on, of tree_capacity bytes */
	size_t tree_capacity;
	bool reported; /* the report has been written, or was begun */
	bool leaving;  /* all is handed over: nothing may be done any more */

	struct clock clock;
	struct paging paging;
	struct pci_access pci;
	struct serial serial;
	struct log log;
	struct qt_host host;
	struct physical physical;
	struct settle settle;

	struct qt_ranges usable; /* RAM that the capture kernel may use */
	struct qt_ranges memory; /* that, the stage, the ELF core header */
	struct qt_ranges ram;    /* the dead kernel's */
	struct qt_range usable_list[RANGES_MAX];
	struct qt_range memory_list[RANGES_MAX];
	struct qt_range ram_list[RANGES_MAX];

	/* The first exception, and how many there were. */
	uint8_t exception;
	unsigned exceptions;
	uint64_t exception_ip; /* from the stage's start */
};

extern struct stage stage;

/* access.c: fills in stage.host and stage.physical. */
void access_init(struct stage *s);

/* clock_source.c: starts the clock. */
void clock_start(struct clock *clock);

/* boot.c: what the loader handed over. */

/* Copies the device tree at `at`, and its command line. To be called before caches are on. */
int boot_read(struct stage *s, qt_phys at);

/* Reads the memory map, in which the stage and the ELF core header are memory too. */
int boot_read_memory_map(struct stage *s);

/* Reads the ELF core header and the PCI windows. */
void boot_read_machine(struct stage *s);

/* handover.c: the device tree for the capture kernel. */

/*
 * Makes one in which the stage's memory is reserved. Without that nothing may be
 * committed: the capture kernel would use the tables as it likes. QT_E_NOMEM,
 * QT_E_BAD.
 */
int reserve_memory(struct stage *s);

/* Command line, report, and what is left out. */
void hand_over(struct stage *s);

#endif
