/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What tests of whole takeovers share: the machine to start from, what a dead kernel
 * does with it, and what is expected in the end. Also brings in cmocka.
 *
 *   struct model *m = machine_with(&unit);        a machine, its unit switched on
 *   add_device(m, NVME, CLASS_NVME, 4, 1);        what was in use at the crash
 *   run_sound(&s, m);                             a takeover; every invariant holds
 *   expect_decision(&s, NVME, ...);               whatever else is to be seen
 *   finish(&s);                                   undone, and nothing is left of it
 *
 * test_takeover.c has what holds for every kind of unit (kinds.h); what only one kind
 * has is in test_VENDOR_*.c.
 */
#ifndef TEST_TAKEOVER_H
#define TEST_TAKEOVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <machine/kind.h>
#include <machine/scenario.h>

#define NVME    QT_RID(0, 0, 0x08)
#define NIC     QT_RID(0, 0, 0x10)
#define USB     QT_RID(0, 0, 0x18)
#define DISPLAY QT_RID(0, 0, 0x20)
#define PORT    QT_RID(0, 0, 0x28)

#define CLASS_NVME        0x010802
#define CLASS_NIC         0x020000
#define CLASS_USB         0x0c0330
#define CLASS_DISPLAY     0x030000
#define CLASS_ACCELERATOR 0x120000 /* the capture kernel can do without it */

/* RAM below 640 KiB, from 1 MiB to 2 GiB, and from 4 GiB to 6 GiB. */
extern const struct qt_range small_ram[3];

/* The crash region [512 MiB, 528 MiB). */
extern const struct qt_range crash_512m[1];

/* A machine with its units switched on; small_ram and crash_512m if it is given no others. */
struct model *machine_new(struct model_config config);
struct model *machine_of(const struct model_unit_config *units, size_t count);
struct model *machine_with(const struct model_unit_config *unit);

/* With a crash region in two parts, of which one is at `high`, above 4 GiB, where RAM ends soon. */
struct model *machine_high(const struct model_unit_config *unit, uint64_t high);

/* Functions, which a dead kernel knows but has no domain for. The first finds one already there. */
struct model_function *add_function(struct model *m, qt_rid rid, uint32_t class_code);
struct model_function *add_endpoint(struct model *m, qt_rid rid, uint32_t class_code);

/* A bridge to one bus; type as for model_make_bridge(). */
void add_bridge(struct model *m, qt_rid rid, uint8_t bus, int type);

/* Gives a requester a domain and one MiB near 4 GiB in it, as drivers do. */
struct model_domain *give(struct model *m, qt_rid rid, struct model_domain *domain);

/* A function with a domain of its own, of unit 0. */
struct model_domain *add_device(
	struct model *m, qt_rid rid, uint32_t class_code, unsigned levels, uint16_t id);

/* Linux unmaps lazily and keeps emptied tables: the window was used, and is cached still. */
void churn(struct model *m, struct model_domain *domain, qt_rid rid, qt_iova iova, uint64_t size,
	unsigned leaf_level);

/* The requester's device caches translations itself, and has some of the crash region's IOVAs. */
void add_device_tlb(struct model *m, struct model_domain *domain, qt_rid rid);

/* Part of the crash region's IOVAs was used, what is right before it is: tables in the way. */
void use_window(struct model *m, struct model_domain *domain, qt_rid rid);

/* Changes a word that is there: an entry's, for instance. */
void poke_bits(struct model *m, qt_phys at, uint64_t clear, uint64_t set);

/* The takeover was committed, and every invariant holds. */
void expect_sound(struct scenario *s);
void run_sound(struct scenario *s, struct model *m);

/* Memory is as at the crash. */
void expect_untouched(struct scenario *s);

/* Nothing was stored, for this reason. */
void expect_stock(struct scenario *s, enum qt_reason reason);

void expect_decision(
	const struct scenario *s, qt_rid rid, enum qt_decision decision, enum qt_reason reason);

/* Ends of a test, which free it all: undone; not committed, or undone before; nothing stored. */
void finish(struct scenario *s);
void finish_untouched(struct scenario *s);
void finish_stock(struct scenario *s, enum qt_reason reason);

/* A whole test: taken over and undone. */
void expect_takeover(struct model *m);

/* A whole test: the NVMe drive is not reached, which is why nothing is taken over. */
void expect_refusal(struct model *m, enum qt_decision decision, enum qt_reason reason);

/*
 * A whole test: between planning and committing, hardware sets flags in emptied tables
 * of the NVMe drive's domain, which keeps them (no_preset) and has nothing else yet.
 */
void expect_flags_may_change(struct model *m, struct model_domain *domain);

/*
 * A takeover of the machine that `make` makes in which each store, or about `samples`
 * of all reads, fails in turn: everything is put back, or sound all the same.
 */
typedef struct model *(*make_machine_fn)(const void *context);
void expect_stores_may_fail(make_machine_fn make, const void *context);
void expect_reads_may_fail(make_machine_fn make, const void *context, unsigned samples);

#endif
