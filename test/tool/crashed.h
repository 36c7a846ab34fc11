/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A model machine that crashed, and was taken over: its report, and dumps of its
 * memory in the formats that makedumpfile writes.
 */
#ifndef TEST_TOOL_CRASHED_H
#define TEST_TOOL_CRASHED_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <machine/scenario.h>

#define CRASHED_NVME   QT_RID(0, 0, 0x08)
#define CRASHED_NIC    QT_RID(0, 0, 0x10)
#define CRASHED_USB    QT_RID(0, 0, 0x18) /* in the NIC's domain */
#define CRASHED_PASS   QT_RID(0, 0, 0x20) /* untranslated */
#define CRASHED_ABSENT QT_RID(0, 0, 0x28) /* without an entry: admitted */

/* Of the NIC: a receive buffer, and one that it only reads. */
#define CRASHED_RX_IOVA UINT64_C(0xffe00000)
#define CRASHED_RX_PHYS QT_MIB(100)
#define CRASHED_RX_SIZE UINT64_C(0x4000)
#define CRASHED_TX_IOVA UINT64_C(0xffd00000)
#define CRASHED_TX_PHYS QT_MIB(200)

enum dump_kind {
	DUMP_ELF,
	DUMP_KDUMP, /* what makedumpfile writes unless told otherwise */
};

struct crashed {
	struct scenario scenario;
	qt_phys excluded;  /* this page is left out of the dump; 0: none */
	qt_phys twice;     /* ELF: this page is in the dump twice, as kernels' text is; 0: none */
	qt_phys no_memory; /* this page is no memory in the dump; 0: none */
	size_t words;      /* that the takeover changed */
};

/* A machine whose unit is of this kind, crashed and taken over. */
void crash(struct crashed *crashed, const struct model_unit_config *unit);
void crashed_free(struct crashed *crashed);

/* Its report, as the capture kernel has it. */
void crashed_write_report(const struct crashed *crashed, const char *path);

/* Its memory as it is now, the crash region excepted. */
void crashed_write_dump(const struct crashed *crashed, enum dump_kind kind, const char *path);

/* Its memory when it crashed. */
void crashed_write_original(const struct crashed *crashed, enum dump_kind kind, const char *path);

/* Address of a word that the takeover changed. */
qt_phys crashed_word(const struct crashed *crashed, size_t index);

/* Where an ELF dump has an address, 0 if nowhere. */
size_t elf_dump_offset(const uint8_t *dump, qt_phys at);

#endif
