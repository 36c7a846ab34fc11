/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Functions and buses on their way through a reset. Each is a small state machine
 * that looks at the clock and its registers and never waits: so all wait together. Any
 * step can be taken again where an exception has ended it.
 */
#ifndef QUIETUS_CORE_RESET_STOP_H
#define QUIETUS_CORE_RESET_STOP_H

#include <quietus/reset.h>

#include "quirks.h"
#include "saved.h"

#define OWN_METHODS                                                                                \
	(1u << QT_RESET_DEVICE | 1u << QT_RESET_FLR | 1u << QT_RESET_AF | 1u << QT_RESET_PM)
#define BUS_METHODS (1u << QT_RESET_BUS | 1u << QT_RESET_SLOT)

/* Where a function is. */
enum step {
	STEP_NONE = 0, /* not concerned */
	STEP_BEGIN,    /* its next method is due */
	STEP_DRAIN,    /* bus mastering is off, transactions are to end */
	STEP_ROUTINE,  /* its own routine prepares it */
	STEP_D3,       /* in D3hot */
	STEP_D0,       /* was there, and comes out of it */
	STEP_SETTLE,   /* reset: not to be touched */
	STEP_HELD,     /* reset with its bus, which is not open yet */
	STEP_RETURN,   /* looked at until it answers */
	STEP_RESTORE,  /* its configuration is put back */
	STEP_CHECK,    /* is it quiet? */
	STEP_GONE,     /* a virtual function: as its physical one ends, so does it */
	STEP_DONE,
};

/* Where the bus below a bridge is. */
enum bus_step {
	BUS_NONE = 0,
	BUS_BEGIN,    /* to be reset once nothing below is at something else */
	BUS_HELD,     /* nothing below is at anything: the reset is due */
	BUS_ASSERTED, /* in reset */
	BUS_LINK,     /* looked at until its link is active */
	BUS_SETTLE,   /* nothing below may be touched */
	BUS_OPEN,
	BUS_DEAD, /* its link does not come up, or the bridge did not come back */
};

struct target {
	struct saved_list saved;
	struct quirks quirks;
	uint64_t began_us;
	uint64_t due_us;   /* nothing to be done before that */
	uint64_t until_us; /* the step's limit */
	uint64_t bus_due_us;
	uint64_t bus_until_us;
	int32_t carrier; /* with STEP_HELD: the bridge whose bus is reset */
	uint8_t step;    /* enum step */
	uint8_t bus;     /* enum bus_step */
	uint8_t methods; /* those not tried yet */
	uint8_t bus_method;
	bool guarded;
	bool silent_link; /* of a bridge: its link is never reported as active */
};

struct qt_stop {
	const struct qt_host *host;
	struct qt_pci *pci;
	struct qt_reset *resets;
	struct target *targets; /* beside pci->functions */
	struct qt_arena *arena;
	size_t arena_used; /* before, and after */
	uint64_t now_us;
	uint64_t deadline_us;
	int error;
};

/* Saves a function, and guards all bridges above it. QT_E_NOMEM: neither may be reset. */
int qt_stop_keep(struct qt_stop *stop, size_t index);

/* Ends it for this function. */
void qt_stop_finish(struct qt_stop *stop, size_t index, enum qt_stop_result result);

/* Take one look. Return whether another is to be taken, at its due_us or bus_due_us. */
bool qt_stop_function(struct qt_stop *stop, size_t index);
bool qt_stop_bus(struct qt_stop *stop, size_t index);

/* Lets the bus of a bridge come out of reset, from now on. */
void qt_stop_release_bus(struct qt_stop *stop, size_t index);

/* Nothing more specific is left for this function than the reset of its bus. */
void qt_stop_by_bus(struct qt_stop *stop, size_t index);

/* What a device's own routine does before its Function Level Reset. Can be asked again. */
enum preparation {
	PREPARATION_DONE,
	PREPARATION_GOES_ON,
	PREPARATION_NOT_SUPPORTED,
};
enum preparation qt_routine_prepare(const struct qt_stop *stop, size_t index);

/* And right after it, when it may be touched again. */
void qt_routine_follow(const struct qt_stop *stop, size_t index);

static inline void qt_stop_read_clock(struct qt_stop *stop)
{
	stop->now_us = stop->host->now_us(stop->host->context);
}

static inline bool qt_stop_no_time(const struct qt_stop *stop, uint64_t needed_us)
{
	return stop->now_us > stop->deadline_us || stop->deadline_us - stop->now_us < needed_us;
}

static inline bool qt_stop_over(const struct qt_stop *stop, uint64_t until_us)
{
	return stop->now_us >= until_us || stop->now_us >= stop->deadline_us;
}

#endif
