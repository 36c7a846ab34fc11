/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Resets in the model machine: functions that take them well, badly or never,
 * bridges that forget their bus numbers, and links that have to be waited for.
 *
 *   model_add_reset(function, MODEL_FLR | ...)->ready_us = ...;
 *   model_power_on(m);      from here on, registers behave, and resets are watched
 *   qt_reset_stop(...);
 *   model_restored_config() is every register back as it was?
 *
 * A complaint is: an access where the specification wants none (within 100 ms of a
 * Function Level Reset, below a bus in reset, ...); a function reset that must not
 * be, or with bus mastering, ATS or transactions going on; a bridge's bus
 * mastering turned off; an error or a hot-plug event that a port reports.
 */
#ifndef MODEL_RESET_H
#define MODEL_RESET_H

#include "model.h"

#define MODEL_NEVER UINT64_MAX

/* Ways to be reset, as its capabilities advertise them. */
enum model_ways {
	MODEL_FLR = 1 << 0,
	MODEL_AF = 1 << 1,
	MODEL_PM = 1 << 2,
};

/* A capability's offsets in the model. MSI and MSI-X: where the test likes. */
enum {
	MODEL_PM_AT = 0xc0,
	MODEL_AF_AT = 0xd0,
};

/* How a function takes its resets. What is zero is as it should be. */
struct model_reset {
	/* To be set by a test. */
	uint64_t ready_us;    /* from a reset until it answers; default 5 ms; MODEL_NEVER */
	uint64_t drain_us;    /* from bus mastering off until no transactions are pending */
	uint64_t train_us;    /* ports: until the link is active; default 5 ms; MODEL_NEVER */
	bool silent_link;     /* ports: it is never reported as active, though they say it is */
	bool rrs;             /* says that it is not ready, to who may see it */
	bool forgets_bus;     /* answers a read only once it has been written to */
	bool drops_link;      /* FLR takes the link above down for a while */
	bool keeps_pending;   /* transactions never end */
	bool keeps_mastering; /* bus mastering cannot be turned off */
	bool stays_in_d0;     /* ignores its power state */
	bool hidden_flr;      /* takes FLR, although it does not advertise it */
	bool needs_master;    /* never comes back from FLR without bus mastering and MSI-X */
	bool nvme;            /* never comes back from FLR while its controller is enabled */
	bool forbidden;       /* must not be reset in any way */
	bool swapped;         /* comes back as another device */
	bool ready_bit;       /* nvme: CSTS.RDY, falls 3 ms after CC.EN; set with CC.EN at first */

	/* What has happened to it. */
	unsigned flr, bus, pm;
	bool shown; /* somebody saw that it was not ready */

	/* The model's own. */
	struct model_function *above; /* the bridge above, NULL on a root bus */
	uint8_t writable[4096];
	uint8_t clears[4096]; /* bits that are cleared by writing ones */
	uint8_t original[4096];
	uint64_t untouchable_ns; /* nobody may look at it before that */
	uint64_t ready_ns;
	uint64_t drained_ns;
	uint64_t link_ns;  /* ports: since when the link is active */
	uint64_t reset_ns; /* ports: since when the bus has been in reset, 0 if it is not */
	uint64_t nvme_ns;
	uint32_t nvme_control;
	bool deaf; /* forgets_bus, and it has */
	bool gone; /* a virtual function whose physical one was reset */
};

/*
 * Adds the capabilities, and returns what there is to set. Without any way, the
 * function can be reset with its bus only.
 */
struct model_reset *model_add_reset(struct model_function *function, unsigned ways);

/*
 * Adds an extended capability of `size` bytes, header included, behind the others,
 * its registers zero. Returns its offset.
 */
unsigned model_add_extended(struct model_function *function, uint16_t id, unsigned size);

/* Gives a port a slot that can do hot-plug, with its events and their interrupt on. */
void model_add_slot(struct model_function *port);

/* Link capabilities of a port: its speed (1: 2.5 GT/s, 3: 8 GT/s), link active reported. */
void model_set_link(struct model_function *port, unsigned speed, bool reports);

/* To be called when all functions are there and set up. */
void model_power_on(struct model *m);

/* The first register that is not as at model_power_on, or -1. What must be off, is. */
int model_restored_config(const struct model_function *function);

/* Configuration access by the core, once the model has been powered on. */
uint32_t model_reset_read(
	struct model *m, struct model_function *function, unsigned offset, unsigned width);
void model_reset_write(struct model *m, struct model_function *function, unsigned offset,
	unsigned width, uint32_t value);

/* Registers of functions with `nvme`. False if there are none at this address. */
bool model_reset_register(struct model *m, qt_phys at, bool write, uint32_t *value);

#endif
