/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The report: what the stage found, decided and did. One contiguous, versioned,
 * little-endian structure, written once by the stage and decoded by `quietus
 * report`. On x86-64 the capture kernel gets it as a setup_data node, on arm64 in its
 * device tree.
 *
 *   struct qt_report_header
 *   units, requesters, domains, functions, text, and the journal's runs and old values: at
 *   the offsets the header gives, each record of the size the header gives
 */
#ifndef QUIETUS_REPORT_H
#define QUIETUS_REPORT_H

#include <quietus/takeover.h>

#define QT_REPORT_MAGIC   "QtReport"
#define QT_REPORT_VERSION 2

/* setup_data type of the node (Linux: unknown types are kept and published). "QUTS". */
#define QT_SETUP_DATA_TYPE 0x53545551u

/* Property of /chosen in the device tree that holds it on arm64. */
#define QT_DT_REPORT "quietus,report"

enum qt_outcome {
	QT_OUTCOME_NONE = 0,      /* the stage did not get that far */
	QT_OUTCOME_COMMITTED = 1, /* translation taken over, capture kernel's IOMMU driver asleep */
	QT_OUTCOME_STOCK = 2,     /* nothing changed, the capture kernel starts as in stock kdump */
	QT_OUTCOME_UNDONE = 3,    /* begun, and put back: as in stock kdump */
	QT_OUTCOME_OBSERVED = 4,  /* quietus=observe: planned, nothing changed */
	QT_OUTCOME_OFF = 5,       /* quietus=off */
};

/* A list inside the report. */
struct qt_report_list {
	uint32_t offset; /* bytes from the start of the report */
	uint32_t count;
	uint32_t record_size; /* bytes */
};

struct qt_report_header {
	uint8_t magic[8];
	uint32_t version;
	uint32_t size; /* of the whole report, bytes */
	char stage_version[32];
	uint8_t outcome;       /* enum qt_outcome */
	uint8_t reason;        /* enum qt_reason */
	uint8_t exception;     /* CPU exception vector that ended it, 0xff if none */
	uint8_t phase;         /* enum qt_phase: how far the stage got */
	int32_t error;         /* enum qt_error of the step that failed, 0 if none */
	int32_t blocker;       /* index of the requester that prevented the commit, or -1 */
	uint32_t nmis;         /* NMIs counted */
	uint64_t exception_ip; /* address of the exception, from the stage's start */
	uint64_t stage_us;     /* from entry to just before the jump */
	uint64_t memory_used;  /* bytes of the stage's memory, image included */
	uint64_t memory_size;
	uint64_t stage_start;   /* physical address of the stage */
	uint64_t clock_hz;      /* of the clock that measured stage_us */
	uint32_t clock_source;  /* enum qt_clock_source */
	uint32_t words_changed; /* foreign words changed: stores made and not undone */
	uint64_t crash_start;   /* lowest and highest address of the crash region above 1 MiB */
	uint64_t crash_end;
	uint64_t ram_bytes; /* dead kernel's RAM by the ELF core header */
	struct qt_report_list units;
	struct qt_report_list requesters;
	struct qt_report_list domains;
	struct qt_report_list functions; /* every one that was found */
	struct qt_report_list text;      /* bytes: lines ending in '\n' */
	struct qt_report_list runs;      /* struct qt_journal_run */
	struct qt_report_list olds;      /* 8-byte words; run.olds counts from the first of these */
	uint32_t reserved;
};

enum qt_phase {
	QT_PHASE_ENTRY = 0,
	QT_PHASE_FIND = 1,
	QT_PHASE_PLAN = 2,
	QT_PHASE_PREPARE = 3,
	QT_PHASE_COMMIT = 4,
	QT_PHASE_VERIFY = 5,
	QT_PHASE_HANDOVER = 6,
	QT_PHASE_STOP = 7, /* between plan and prepare */
};

enum qt_clock_source {
	QT_CLOCK_CPUID = 1,    /* TSC, frequency from CPUID */
	QT_CLOCK_PM_TIMER = 2, /* TSC, measured against the ACPI PM timer */
	QT_CLOCK_PIT = 3,      /* TSC, measured against the 8254 */
	QT_CLOCK_GUESS = 4,    /* TSC, pessimistic guess: times are upper bounds */
	QT_CLOCK_CNTFRQ = 5,   /* Arm's virtual counter, frequency from its register */
	QT_CLOCK_CNTVCT_GUESS =
		6, /* the same, guessed: no wait ends early, times are lower bounds */
};

struct qt_report_unit {
	uint64_t registers;
	uint64_t capability;
	uint64_t extended_capability;
	uint16_t segment;
	uint8_t state;  /* enum qt_unit_state */
	uint8_t reason; /* enum qt_reason */
	uint32_t version;
	char kind[16];
	/* What it takes to read its requester tables again, from a dump: see qt_report_unit. */
	uint64_t root;
	uint64_t tables[8];
	uint32_t domain_ids;
	uint8_t mode;
	uint8_t output_bits;
	uint8_t flags; /* enum qt_report_unit_flags */
	uint8_t reserved;
};

enum qt_report_unit_flags {
	QT_UNIT_COHERENT = 1,
};

struct qt_report_requester {
	uint32_t rid;
	uint8_t state;    /* enum qt_entry_state */
	uint8_t decision; /* enum qt_decision */
	uint8_t reason;   /* enum qt_reason */
	uint8_t verified;
	uint8_t unit;    /* index, 0xff: none */
	uint8_t visible; /* 1: PCI enumeration found a function */
	int16_t domain;  /* index, -1: none */
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
};

struct qt_report_domain {
	uint64_t root;
	uint64_t mapped; /* bytes */
	uint64_t pieces;
	uint64_t detail; /* first IOVA taken, or that breaks GUARD, or at which the table is damaged
			  */
	uint32_t id;
	int32_t error; /* of the scan */
	uint32_t stores;
	uint8_t levels;
	uint8_t unit;
	uint8_t flags; /* enum qt_report_domain_flags */
	uint8_t reserved;
};

enum qt_report_domain_flags {
	QT_DOMAIN_OURS = 1,
	QT_DOMAIN_GUARD_BROKEN = 2,
	QT_DOMAIN_TOO_NARROW = 4,
	QT_DOMAIN_TAKEN = 8,
	QT_DOMAIN_IDENTITY = 16,
};

struct qt_report_function {
	uint32_t rid;
	uint8_t interrupts; /* enum qt_pci_quieted */
	uint8_t methods;    /* by which it could be stopped: 1 << enum qt_reset_method */
	uint8_t obstacle;   /* enum qt_reset_obstacle: why by none */
	uint8_t method;     /* enum qt_reset_method: tried last */
	uint8_t result;     /* enum qt_stop_result */
	uint8_t reserved[3];
	uint32_t stop_us; /* microseconds from when its stop was begun until its result was known */
};

/* Bytes that everything but the journal needs at most, with `text_len` bytes of text. */
#define QT_REPORT_RECORDS_MAX(text_len)                                                            \
	(sizeof(struct qt_report_header) + QT_UNITS_MAX * sizeof(struct qt_report_unit) +          \
		QT_REQUESTERS_MAX * sizeof(struct qt_report_requester) +                           \
		QT_DOMAINS_MAX * sizeof(struct qt_report_domain) +                                 \
		QT_FUNCTIONS_MAX * sizeof(struct qt_report_function) + (text_len) + 64)

/*
 * Writes the report. `header` has outcome, reason and the measured values; lists,
 * magic, version and size are filled in. machine and journal may be NULL. The
 * journal's buffer may be the end of `buffer` itself, from
 * QT_REPORT_RECORDS_MAX(text_len) on: then its contents are moved down, and the
 * journal cannot be used afterwards. Returns the bytes written, or 0 if they do
 * not fit into `size`.
 */
size_t qt_report_write(void *buffer, size_t size, const struct qt_report_header *header,
	const struct qt_machine *machine, const struct qt_journal *journal, const char *text,
	size_t text_len);

/* Names of a report's numbers, for people and scripts: never NULL, "unknown" for a new number. */
const char *qt_outcome_name(unsigned outcome);
const char *qt_phase_name(unsigned phase);
const char *qt_clock_source_name(unsigned source);

/*
 * Store number `index` of a checked report's journal; false past the last.
 */
bool qt_report_store(const void *report, size_t index, struct qt_store *store);

/* The store at the cursor (all zero: the first), which then moves on; false past the last. */
bool qt_report_next(const void *report, struct qt_journal_cursor *cursor, struct qt_store *store);

/* Words in a journal, at most: far above what a stage's memory holds, so that listing them ends. */
#define QT_REPORT_STORES_MAX (UINT64_C(1) << 24)

/*
 * Sets *unit to unit number `index` of a checked report, as far as its ops need it
 * to read requester tables and registers. QT_E_NOTFOUND past the last;
 * QT_E_UNSUPPORTED: a kind that this core does not know; QT_E_BAD: a width that no
 * address has. What it holds else is as hostile as the report.
 */
int qt_report_unit(const void *report, size_t index, struct qt_unit *unit);

/*
 * Checks a report that came from elsewhere: magic, version, that every list lies
 * inside `size`, and that the journal is sound. QT_E_BAD, QT_E_UNSUPPORTED (another version).
 */
int qt_report_check(const void *report, size_t size);

#endif
