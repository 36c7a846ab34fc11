/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stage's state, all of it: there is one, and it outlives exceptions. And what
 * each architecture does for it: to add one, define struct boot in its boot.h,
 * struct serial in its serial.h, and the functions below.
 */
#ifndef QUIETUS_STAGE_STAGE_H
#define QUIETUS_STAGE_STAGE_H

#include <quietus/stage_header.h>

#include "boot.h"
#include "clock.h"
#include "ecam.h"
#include "log.h"
#include "paging.h"
#include "physical.h"
#include "serial.h"
#include "settle.h"

/* Entries in each set of addresses. A firmware's memory map has some hundreds at most. */
#define RANGES_MAX 1024

#define NO_EXCEPTION 0xff

struct stage {
	const struct qt_stage_header *header;
	struct boot boot; /* what the loader handed over */
	bool reported;    /* the report has been written, or was begun */
	bool leaving;     /* all is handed over: nothing may be done any more */

	struct clock clock;
	struct paging paging;
	struct pci_access pci;
	struct serial serial;
	struct log log;
	struct qt_host host;
	struct physical physical;
	struct settle settle;

	struct qt_ranges usable; /* RAM that the capture kernel may use */
	struct qt_ranges memory; /* that, what firmware keeps, the stage, the ELF core header */
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

/*
 * main.c: counts an exception, and keeps the first one's kind (a vector, or what
 * the architecture has for it) and address. False where there were so many that
 * even handing over has failed: nothing may be tried any more.
 */
bool exception_note(struct stage *s, uint8_t kind, uint64_t ip);

/* main.c: what the report says of the stage itself. `nmis`: how many it has seen. */
struct qt_report_header stage_measured(struct stage *s, uint32_t nmis);

/* main.c: adds the whole pages around [at, at + size). QT_E_BAD where that wraps, QT_E_NOMEM. */
int add_pages(struct qt_ranges *ranges, qt_phys at, uint64_t size);

/* Below: the architecture's own. */

/* exception.c: every exception ends in stage_recover from here on. */
void exceptions_take_over(void);

/* Makes the console that the command line names the log's, if there is one. */
void console_open(struct stage *s);

/* boot.c: what the loader handed over. */

/*
 * Where the capture kernel begins in its image; what it could not start without is
 * put right. False where that cannot be: then there is nothing but to go on.
 */
bool boot_begin(struct stage *s);

/* Copies what was handed over, and the command line. Errors: those of reading it. */
int boot_read(struct stage *s);

/* Switches to the stage's own tables. Returns why not (enum qt_reason), or 0. */
uint8_t boot_map(struct stage *s);

/* Reads stage.usable and stage.memory from the memory map. */
int boot_read_memory(struct stage *s);

/* Where the ELF core header is; *size is 0 where that was not said. False: nobody said. */
bool boot_elfcore(const struct stage *s, qt_phys *at, uint64_t *size);

/* Reads where firmware says that the machine's parts are: tables, PCI windows, clocks. */
void boot_read_machine(struct stage *s);

/* handover.c: what the capture kernel is handed. */

/*
 * Reserves the stage's memory in it. Without that nothing may be committed: the
 * capture kernel would use the tables as it likes. Errors: QT_E_NOMEM, QT_E_BAD, and
 * those of reading.
 */
int reserve_memory(struct stage *s);

/* Command line, report, and what is left out. */
void hand_over(struct stage *s);

#endif
