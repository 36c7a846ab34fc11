/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What firmware and the dead kernel left about the machine: ACPI tables, and the
 * ELF core header that says what is RAM. All of it is hostile input.
 *
 * Sources: ACPI Specification 6.5 section 5.2 (RSDP 5.2.5, XSDT 5.2.8, FADT
 * 5.2.9); PCI Firmware Specification 3.3 section 4.1.2 (MCFG); Intel VT-d
 * specification 4.1 chapter 8 (DMAR, in unit.h's VT-d unit).
 */
#ifndef QUIETUS_FIRMWARE_H
#define QUIETUS_FIRMWARE_H

#include <quietus/arena.h>
#include <quietus/host.h>
#include <quietus/range.h>

/* A table larger than this is refused (QT_E_BAD). Bytes. */
#define QT_ACPI_TABLE_MAX QT_KIB(256)

struct qt_acpi {
	const struct qt_host *host;
	qt_phys root;        /* XSDT or RSDT */
	unsigned entry_size; /* 8 (XSDT) or 4 (RSDT) */
	unsigned entries;
};

/*
 * Reads the RSDP at `rsdp` (signature, both checksums) and finds the root table,
 * XSDT before RSDT. Errors: QT_E_BAD, QT_E_OUTSIDE, QT_E_IO.
 */
int qt_acpi_open(struct qt_acpi *acpi, const struct qt_host *host, qt_phys rsdp);

/* Looks for an RSDP in [start, end), at 16-byte steps. QT_E_NOTFOUND if there is none. */
int qt_acpi_scan_rsdp(const struct qt_host *host, qt_phys start, qt_phys end, qt_phys *rsdp);

/*
 * Finds the table number `instance` (from 0) with this 4-character signature,
 * checks its length and checksum and copies it whole into the arena. A table whose
 * signature cannot be read is passed over; one that is damaged counts. *table and
 * *len (bytes, at least 36) are set on success. Errors: QT_E_NOTFOUND, QT_E_BAD,
 * QT_E_NOMEM, and those of host.read.
 */
int qt_acpi_table(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	unsigned instance, const uint8_t **table, size_t *len);

/*
 * Makes an RSDP and a root table in the arena that list all tables but those with
 * this signature, and the one at `instead` if that is not 0, and sets *rsdp to its
 * address. The tables themselves stay where they are. QT_E_NOMEM, QT_E_LIMIT (no
 * sound root table is that long), and those of host.read.
 */
int qt_acpi_replace(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	qt_phys instead, qt_phys *rsdp);

/* Puts the length and the checksum of a table that was made into its header. */
void qt_acpi_seal(uint8_t *table, size_t len);

/*
 * Makes an IORT in the arena that is as the machine's, but without SMMUv3 units, and
 * sets *without to its address: who sends through one sends to memory, and its
 * messages go where the unit would have sent them. Without that, devices wait for a
 * unit's driver that never comes; without the table, they get no messages. Units'
 * counters and reserved memory (PMCG, RMR) are left out as well. QT_E_NOTFOUND: no
 * IORT. QT_E_BAD. QT_E_LIMIT: it would not fit into a table. Others as qt_acpi_table's.
 * Source: DEN 0049, revision E, section 3.
 */
int qt_iort_without_units(const struct qt_acpi *acpi, struct qt_arena *arena, qt_phys *without);

/* One ECAM window: configuration space of the buses of one segment. */
struct qt_ecam {
	qt_phys base; /* address of bus 0's space, whether or not bus 0 is in the window */
	uint16_t segment;
	uint8_t first_bus;
	uint8_t last_bus; /* inclusive */
};

/*
 * Reads MCFG into list; *count is the capacity before, the number after. An entry
 * that cannot be right is passed over, and so is one that claims buses or memory
 * of an earlier one. QT_E_NOTFOUND: no MCFG. QT_E_BAD: no entry is left. QT_E_NOMEM:
 * the list is full (what fitted is kept), or the arena. Others as qt_acpi_table's.
 */
int qt_acpi_mcfg(
	const struct qt_acpi *acpi, struct qt_arena *arena, struct qt_ecam *list, size_t *count);

/*
 * Adds where messages to a GIC go, which devices reach like memory, to doorbells:
 * the translation frame of an ITS with registers at `base`; an MSI frame. In
 * multiples of 64 KiB, which suit every granule. QT_E_BAD, QT_E_NOMEM.
 */
int qt_doorbell_its(struct qt_ranges *doorbells, qt_phys base);
int qt_doorbell_frame(struct qt_ranges *doorbells, qt_phys base);

/* Adds all that MADT has. QT_E_NOTFOUND: no MADT. Others as qt_acpi_table's, and the above. */
int qt_acpi_doorbells(
	const struct qt_acpi *acpi, struct qt_arena *arena, struct qt_ranges *doorbells);

/* The ACPI power management timer: 3.579545 MHz. */
struct qt_pm_timer {
	uint64_t address;
	bool is_port;  /* I/O port, else memory */
	bool is_32bit; /* else 24 bits wide */
};

/* Reads FADT. QT_E_NOTFOUND: no FADT, or no timer. Others as qt_acpi_table's. */
int qt_acpi_pm_timer(const struct qt_acpi *acpi, struct qt_arena *arena, struct qt_pm_timer *timer);

/*
 * Reads the ELF core header of the dead kernel at `at` (`elfcorehdr=`; `size`
 * bytes if known, else 0) and adds its PT_LOAD segments' physical ranges to
 * `ram`; what was added before an error stays. Errors: QT_E_BAD (not a 64-bit
 * little-endian ELF core file, or ranges that wrap), QT_E_LIMIT, QT_E_NOMEM, and
 * those of host.read.
 */
int qt_elfcore_ram(const struct qt_host *host, qt_phys at, uint64_t size, struct qt_ranges *ram);

#endif
