/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stage's state, all of it: there is one, and it outlives exceptions. */
#ifndef QUIETUS_STAGE_STAGE_H
#define QUIETUS_STAGE_STAGE_H

#include <quietus/stage_header.h>

#include "../common/log.h"
#include "../common/settle.h"
#include "boot_params.h"
#include "clock_source.h"
#include "e820.h"
#include "paging.h"
#include "pci.h"
#include "serial.h"

/* Entries in each set of addresses. A firmware's memory map has some hundreds at most. */
#define RANGES_MAX 1024

#define NO_EXCEPTION 0xff

/* Longest words for every command line: memmap=2048K$0x1234567812345678. */
#define ALWAYS_SIZE 48

struct stage {
	const struct qt_stage_header *header;
	uint8_t *boot_params; /* as kexec mapped it; only until paging is on */
	qt_phys boot_params_at;
	uint8_t boot[BOOT_PARAMS_SIZE]; /* a copy, which is edited and put back at the end */
	bool boot_valid;                /* the copy was made */
	bool reported;                  /* the report has been written, or was begun */
	bool leaving;                   /* all is handed over: nothing may be done any more */

	struct clock clock;
	struct paging paging;
	struct pci_access pci;
	struct serial serial;
	struct log log;
	struct qt_host host;
	struct physical physical;
	struct settle settle;
	char always[ALWAYS_SIZE];

	struct qt_ranges usable; /* RAM that the capture kernel may use */
	struct qt_ranges memory; /* that, firmware's tables, the stage, the ELF core header */
	struct qt_ranges ram;    /* the dead kernel's */
	struct qt_range usable_list[RANGES_MAX];
	struct qt_range memory_list[RANGES_MAX];
	struct qt_range ram_list[RANGES_MAX];

	uint8_t e820_node[E820_NODE_SIZE] __attribute__((aligned(8)));

	/* The first exception, and how many there were. */
	uint8_t exception;
	unsigned exceptions;
	uint64_t exception_ip; /* from the stage's start */
};

extern struct stage stage;

/* access.c: fills in stage.host and stage.physical. */
void access_init(struct stage *s);

/* boot.c: what the loader handed over. */

/* Copies boot_params and the command line. Errors: those of reading. */
int boot_read(struct stage *s);

/* Reads the memory map, in which the stage and the ELF core header are memory too. */
int boot_read_memory_map(struct stage *s);

/* Reads the ELF core header, ACPI's tables and the PCI windows, and measures the clock. */
void boot_read_machine(struct stage *s);

/* handover.c: edits boot_params for the capture kernel. */

/*
 * Reserves the stage's memory in the copy of boot_params. Without that nothing
 * may be committed: the capture kernel would use the tables as it likes. Errors:
 * those of e820_reserve.
 */
int reserve_memory(struct stage *s);

/* Command line, report, and boot_params put back. */
void hand_over(struct stage *s);

#endif
