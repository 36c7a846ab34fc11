/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A function's configuration space before a reset, to be put back after it:
 * everything that the dead kernel or firmware had set, except what makes the
 * function act. Left off: bus mastering (but not of bridges), MSI and MSI-X, ATS,
 * PRI and PASID, SR-IOV's virtual functions.
 */
#ifndef QUIETUS_CORE_RESET_SAVED_H
#define QUIETUS_CORE_RESET_SAVED_H

#include <quietus/arena.h>
#include <quietus/pci.h>

/* One register. */
struct saved {
	uint16_t offset;
	uint8_t width;
	uint8_t kind;   /* see saved.c */
	uint32_t mask;  /* the bits concerned */
	uint32_t value; /* of them */
};

struct saved_list {
	struct saved *list; /* in the order in which it is put back; NULL if not saved */
	size_t count;
};

/* QT_E_NOMEM when the arena is used up. Reads only. */
int qt_save(const struct qt_host *host, const struct qt_pci_function *function,
	struct qt_arena *arena, struct saved_list *saved);

/*
 * Writes what has changed, and clears status bits that were not set before.
 * Returns whether everything reads back as it was.
 */
bool qt_restore(const struct qt_host *host, qt_rid rid, const struct saved_list *saved);

/*
 * A bridge above something that is reset: makes it report no errors, contain none
 * (DPC) and raise no hot-plug events, and lets it show by vendor ID 0001h that a
 * function is not ready. qt_restore undoes it and clears what was noted meanwhile.
 */
void qt_guard(const struct qt_host *host, const struct qt_pci_function *bridge);

#endif
