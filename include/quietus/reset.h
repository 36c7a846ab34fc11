/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Stopping functions by resetting them, so that their leftover DMA ends. A reset
 * never looks at an IOMMU; whether a function is to be stopped is the plan's
 * business.
 *
 * Sources: PCI Express Base Specification 6.0 (2.3.1 and 6.6 for resets and
 * readiness, 7.5 for registers), PCI Bus Power Management Interface
 * Specification 1.2 (5.4), Advanced Capabilities for Conventional PCI ECN.
 */
#ifndef QUIETUS_RESET_H
#define QUIETUS_RESET_H

#include <quietus/arena.h>
#include <quietus/pci.h>

/*
 * In the order in which they are tried; a function has BUS or SLOT, never both. The
 * numbers are part of the report's format. ACPI _RST would come behind the first:
 * it needs an AML interpreter.
 */
enum qt_reset_method {
	QT_RESET_NONE = 0,
	QT_RESET_DEVICE = 1, /* a routine of its own, see the quirks */
	QT_RESET_FLR = 2,    /* Function Level Reset, PCI Express capability (6.6.2) */
	QT_RESET_AF = 3,     /* the same by the Advanced Features capability */
	QT_RESET_PM = 4,     /* D3hot and back, where that is not a soft reset only */
	QT_RESET_BUS = 5,    /* Secondary Bus Reset of the bridge above (7.5.1.3.13) */
	QT_RESET_SLOT = 6,   /* the same with hot-plug events masked meanwhile (7.5.3.10) */
};
#define QT_RESET_METHODS 7

/* Why a function cannot be stopped. The numbers are part of the report's format. */
enum qt_reset_obstacle {
	QT_OBSTACLE_NONE = 0,
	QT_OBSTACLE_NO_METHOD = 1, /* it has none, and no bridge above it can reset it */
	QT_OBSTACLE_DISPLAY = 2,   /* a display, or a serial port: it may be the console */
	QT_OBSTACLE_BRIDGE = 3,    /* bridges are not stopped, what is below them is */
	QT_OBSTACLE_FORBIDDEN = 4, /* the quirks forbid every method that it has */
	QT_OBSTACLE_NEIGHBOUR = 5, /* only with what must not be reset, below the same bridge */
	QT_OBSTACLE_ABSENT = 6,    /* does not answer */
	QT_OBSTACLE_DAMAGED = 7,   /* its configuration space cannot be right */
	QT_OBSTACLE_PLATFORM = 8,  /* host bridge, memory or interrupt controller, IOMMU... */
};

/* How a stop ended. The numbers are part of the report's format. */
enum qt_stop_result {
	QT_STOP_NOT_TRIED = 0,
	QT_STOP_QUIET = 1,     /* bus mastering off, no transactions pending: checked */
	QT_STOP_PENDING = 2,   /* transactions pending to the end */
	QT_STOP_LOST = 3,      /* did not become ready again in time */
	QT_STOP_MASTERING = 4, /* bus mastering cannot be turned off */
	QT_STOP_REFUSED = 5,   /* the method failed in another way */
	QT_STOP_NO_TIME = 6,   /* the ceiling was reached before it was begun */
};

/* One function's side of it: an array of these goes beside qt_pci.functions. */
struct qt_reset {
	/* Filled in by qt_reset_probe. */
	uint8_t methods;  /* 1 << enum qt_reset_method for each that it supports and that no quirk
			     forbids */
	uint8_t obstacle; /* enum qt_reset_obstacle: why methods is 0 */
	bool closed;      /* of a bridge: something below it must not be hit by a bus reset */
	int32_t bridge;   /* with QT_RESET_BUS or _SLOT: index of the bridge to reset, else -1 */
	/* The caller's. */
	bool wanted; /* qt_reset_stop is to stop it, or was */
	/* Filled in by qt_reset_stop, for those wanted and for all that a bus reset hit beside. */
	uint8_t method; /* enum qt_reset_method: the last one tried */
	uint8_t result; /* enum qt_stop_result */
	uint32_t us;    /* from when it was begun until its result was known, microseconds */
};

/* Stops under way: core/reset's own, in the arena. */
struct qt_stop;

/*
 * Which functions could be stopped and how, told without doing it: reads only.
 * `resets` has pci->count elements, which are overwritten.
 */
void qt_reset_probe(const struct qt_pci *pci, struct qt_reset *resets);

/*
 * Stops every function that is wanted and has a method: bus mastering off, reset,
 * configuration restored but for what makes it act, checked. A method that the
 * function turns out not to support is followed by the next; any other failure
 * ends it. All functions and bridges wait together, `limit_us` at most in all;
 * what is not done by then gets QT_STOP_NO_TIME or what it has come to. A reset
 * bus has all below it reset: QT_STOP_QUIET of a bridge there means that it is back
 * and restored. Virtual functions end with their physical one.
 *
 * Clears QT_PCI_BUS_MASTER and QT_PCI_ATS of functions for which it has turned
 * these off. Configuration space that must be saved goes to the arena, up to 2 KiB
 * for a function, and is given back. QT_E_NOMEM: some were left out for that
 * (QT_STOP_NOT_TRIED), the others are done.
 *
 * *under_way is NULL before and after, and what qt_reset_resume goes on with if this
 * is left in its middle, by an exception.
 */
int qt_reset_stop(struct qt_pci *pci, struct qt_reset *resets, struct qt_arena *arena,
	uint64_t limit_us, struct qt_stop **under_way);

/*
 * Goes on where qt_reset_stop was left, within the same limit: what was reset is
 * restored. Only once: *under_way is NULL from the beginning.
 */
void qt_reset_resume(struct qt_stop **under_way);

/*
 * Where that was left as well: lets every bus that is in reset come out of it, so that
 * the next owner finds what is there. Nothing is restored.
 */
void qt_reset_release_buses(const struct qt_pci *pci);

/* Names, never NULL. */
const char *qt_reset_method_name(unsigned method);
const char *qt_stop_result_name(unsigned result);
const char *qt_reset_obstacle_text(unsigned obstacle);

#endif
