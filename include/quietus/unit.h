/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Units: one struct of functions per vendor's IOMMU, listed in
 * core/unit/registry.c. A unit knows its registers, its requester tables and how
 * it is flushed; what is decided is not its business (plan.h), nor are devices.
 */
#ifndef QUIETUS_UNIT_H
#define QUIETUS_UNIT_H

#include <quietus/machine.h>

/* What a unit's tables say of one requester. */
struct qt_unit_entry {
	qt_rid rid;
	uint8_t state;  /* enum qt_entry_state */
	uint8_t reason; /* enum qt_reason, for unsupported and damaged ones */
	bool ats;       /* device may send translated requests */
	uint32_t domain_id;
	/*
	 * What translates its DMA, with QT_REQ_TRANSLATED. Otherwise levels is 0, or it
	 * is the last of several tables that do, for GUARD to be checked on.
	 */
	struct qt_table table;
};

/* A refused DMA that a unit recorded. */
struct qt_unit_fault {
	qt_rid rid;
	qt_iova iova;
	bool write;
	uint8_t code; /* the unit's own number for why */
};

/* What keeps the capture kernel's driver away from units of one kind. */
struct qt_keep_away {
	const char *command_line; /* words for its command line, NULL: none */
	const char *hide_table;   /* signature of the ACPI table it must not find, NULL: none */
	/* Makes what it is to find in that one's place, in the arena. NULL: nothing. */
	int (*table_instead)(const struct qt_acpi *acpi, struct qt_arena *arena, qt_phys *instead);
	/*
	 * Where the machine is described by a device tree: nodes that are compatible with
	 * this must not be found, nor what leads to them. NULL: none.
	 */
	const char *hide_nodes;
};

typedef int (*qt_store_fn)(void *context, const struct qt_store *store);

/* A change of a requester's entry: what it is to have, and who takes the stores. */
struct qt_unit_change {
	struct qt_machine *machine;
	const struct qt_unit *unit;
	qt_rid rid;
	struct qt_domain *domain;     /* admit: of the machine, that rid gets */
	const struct qt_table *table; /* set_root: that rid gets in place of its own */
	/*
	 * Looks up stores that were handed to `add` and are not made yet: the value that
	 * a word will have, or false. NULL: each is made at once.
	 */
	bool (*pending)(void *context, qt_phys at, uint64_t *value);
	qt_store_fn add;
	void *context; /* of pending and add */
};

struct qt_unit_ops {
	const char *name;

	/*
	 * Adds the units of this kind that firmware describes, with their scopes and
	 * reserved memory, to the machine. QT_E_NOTFOUND: none. Other errors mean
	 * that the description cannot be trusted: then nothing will be committed.
	 */
	int (*discover)(struct qt_machine *machine);

	/* Reads the unit's registers; sets state, reason and the rest. Reads only. */
	void (*inspect)(const struct qt_machine *machine, struct qt_unit *unit);

	/* What the unit has for `rid`, from the hardware's root down. Errors: as qt_lookup's. */
	int (*entry)(const struct qt_unit *unit, struct qt_reader *reader, qt_rid rid,
		struct qt_unit_entry *entry);

	/*
	 * Calls visit for every present entry. A visit that returns non-zero ends it
	 * with that value. Errors as qt_lookup's.
	 */
	int (*scan)(const struct qt_unit *unit, struct qt_reader *reader,
		int (*visit)(void *context, const struct qt_unit_entry *entry), void *context);

	/*
	 * The shape of tables for a domain of admit that spans up to `limit`.
	 * QT_E_UNSUPPORTED if the unit has none that wide.
	 */
	int (*geometry)(const struct qt_unit *unit, uint64_t limit, struct qt_geometry *geometry);

	/*
	 * Whether an entry that no requester stands for uses a domain ID. NULL where
	 * there is no such entry. Errors as qt_lookup's.
	 */
	int (*domain_id_used)(
		const struct qt_unit *unit, struct qt_reader *reader, uint32_t id, bool *used);

	/*
	 * Hands the stores that give `rid`, which has no entry, its domain to `add`, in
	 * an order in which the hardware never sees half of it. Table pages it needs
	 * come from the arena and are shared by later calls. QT_E_BUSY: it has an entry
	 * that lets DMA through, and that is another one. Errors as qt_lookup's and
	 * add's, QT_E_NOMEM.
	 */
	int (*admit)(const struct qt_unit_change *change);

	/*
	 * Hands the one store that gives `rid`, whose entry has a table, the table
	 * `table` in its place to `add`. NULL where that takes more than one store.
	 * Only ever called with a table that translates the same, and may translate more.
	 * QT_E_UNSUPPORTED: the entry has no table, or not one with so many levels.
	 */
	int (*set_root)(const struct qt_unit_change *change);

	/*
	 * Hands the stores after which all DMA of `rid` is refused, and which leave it
	 * an entry that `admit` can fill, to `add`. The first one has that effect, once
	 * the unit is flushed: on its DMA with a PASID as well, and on what it sends as
	 * translated. Whatever the entry was; nothing that it leads to is written, for
	 * others may use that. Its interrupts are left as they are. QT_E_NOTFOUND: it
	 * has no entry. NULL where requesters cannot be released.
	 */
	int (*block)(const struct qt_unit_change *change);

	/*
	 * Hands the stores after which interrupts pass the unit as they were sent to
	 * `add`: for functions, sources and requesters of this unit, where the
	 * capture kernel will have no driver that remaps them. To be made when no
	 * endpoint sends messages any more. NULL: its remapping goes on being used.
	 */
	int (*release_interrupts)(struct qt_machine *machine, const struct qt_unit *unit,
		qt_store_fn add, void *context);

	/*
	 * Makes the unit forget every translation and entry it has cached, and those
	 * that devices with ATS cache. Bounded. QT_E_TIMEOUT, QT_E_NOMEM, QT_E_IO.
	 */
	int (*flush)(struct qt_machine *machine, const struct qt_unit *unit);

	/*
	 * Calls visit for every refused DMA that the unit has recorded and that nobody
	 * has taken from it, oldest first as far as it tells. Reads only. A visit that
	 * returns non-zero ends it with that value. QT_E_BAD: its pointers
	 * make no sense; others as host.read's.
	 */
	int (*faults)(const struct qt_machine *machine, const struct qt_unit *unit,
		int (*visit)(void *context, const struct qt_unit_fault *fault), void *context);

	/* Has the unit forget the refused DMA that it recorded, so that there is room for more. */
	void (*forget_faults)(const struct qt_machine *machine, const struct qt_unit *unit);

	/* Masks the unit's own interrupts: they point at the dead kernel's vectors. */
	void (*mask_interrupts)(const struct qt_machine *machine, const struct qt_unit *unit);

	/*
	 * How the capture kernel is made to leave translation alone. Returns 0, or
	 * the enum qt_reason why it cannot be.
	 */
	unsigned (*keep_away)(
		const struct qt_capture_kernel *kernel, struct qt_keep_away *keep_away);
};

/* NULL-terminated. */
extern const struct qt_unit_ops *const qt_unit_registry[];

extern const struct qt_unit_ops qt_unit_vtd;
extern const struct qt_unit_ops qt_unit_amdvi;
extern const struct qt_unit_ops qt_unit_smmuv3;

#endif
