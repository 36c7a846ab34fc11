/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The model machine: a PC in plain C for testing the core. Sparse physical
 * memory behind a CPU cache, PCI functions, ACPI tables, and VT-d units that
 * walk tables and cache what they find, as hardware does.
 *
 *   struct model *m = model_new(&config);     a machine that has just been built
 *   model_map(), model_attach(), ...          what the dead kernel did (dead.h)
 *   model_crash(m);                           from here on, everything is watched
 *   qt_...(&m->host, ...)                     the core at work
 *   assert_sound(m);                          what it did (check.h)
 *
 * Whatever no sound program would do (a store outside the memory it may change,
 * a register written against its rules, a requester table moved) is a
 * *complaint*: the first one is kept as text, all are counted.
 */
#ifndef MODEL_H
#define MODEL_H

#include <quietus/machine.h>

#include "memory.h"
#include "random.h"
#include "unit.h"

#define MODEL_UNITS_MAX     8
#define MODEL_FUNCTIONS_MAX 1024
#define MODEL_CLAIMS_MAX    64
#define MODEL_RESERVED_MAX  16
#define MODEL_RANGES_MAX    16
#define MODEL_LOG_SIZE      16384

/* All the model is told when it is made. Zero means the default, where one is given. */
struct model_config {
	/* RAM, the crash region included: page-aligned, ascending. Needed. */
	const struct qt_range *ram;
	size_t ram_count;
	/* Crash region: page-aligned, inside RAM, ascending. Needed. */
	const struct qt_range *crash;
	size_t crash_count;
	/*
	 * The core's own memory: page-aligned, inside the crash region.
	 * Default: 1 MiB at the end of the last crash range.
	 */
	struct qt_range arena;
	/* VT-d units; model_unit_default() gives one to start from. */
	const struct model_unit_config *units;
	size_t unit_count;
	/* Width of a physical address, as DMAR tells it. Default: 39. At most 52. */
	unsigned address_bits;
	/* ACPI tables and RSDP go here, outside RAM. Default: [0xe0000, 0x100000). */
	struct qt_range firmware;
	/* Seed of everything random in this machine. */
	uint64_t seed;
};

/* A PCI function. Configuration space is little-endian bytes; all of it writable, but see reset.h.
 */
struct model_function {
	qt_rid rid;
	uint8_t config[4096];
	bool ats;        /* caches translations when its entry lets it (TT = 01b) */
	bool ats_deaf;   /* never answers an invalidation of its device TLB: a time-out error */
	bool ats_silent; /* the same, and the unit goes on waiting, its queue with it */
	bool removed;    /* its configuration space reads all ones */
	const struct model_function *physical; /* a virtual function's */
	bool stuck;    /* writes to its configuration space change nothing */
	bool restless; /* does DMA at 0 all the time, whatever is done to it */
	uint8_t msi;   /* offsets of its capabilities, 0 if it has none */
	uint8_t msix;
	uint16_t extended;         /* end of its last extended capability */
	struct model_reset *reset; /* how it takes resets, see reset.h; NULL: not modelled */
};

/* A requester, or a bridge with all below it, that firmware gives to one unit. */
struct model_claim {
	unsigned unit;
	qt_rid rid;
	bool hierarchy; /* rid is a bridge */
};

/* Firmware's reserved memory for one requester (RMRR). */
struct model_reserved {
	qt_rid rid;
	struct qt_range range;
};

/* Something that sends interrupts without being a function (IVRS special device). */
struct model_source {
	unsigned unit;
	qt_rid rid;
	uint8_t variety; /* 1: IO-APIC, 2: HPET */
};

/* Functions that AMD-Vi sees under another one's requester ID (IVRS alias entry). */
struct model_alias {
	unsigned unit;
	qt_rid rid;
	qt_rid alias;
};

/* A store the core made through the host. */
struct model_store {
	qt_phys at;
	uint64_t before;
	uint64_t after;
};

/* Accesses that fail on demand. Counted from 1 and from model_crash; 0: never. */
struct model_trouble {
	uint64_t fail_read;   /* this host.read gives QT_E_IO */
	uint64_t fail_store;  /* this store64 gives QT_E_IO and stores nothing */
	bool fail_from;       /* as above, and all the following ones too */
	uint64_t jump_at;     /* at this call of now_us the clock jumps */
	uint64_t jump_us;     /* by so much */
	bool no_extended_pci; /* offsets from 256 up read all ones: no ECAM */
};

struct model {
	struct qt_host host;
	struct qt_arena arena;
	struct model_random random;
	struct model_memory memory;
	struct model_trouble trouble;

	struct qt_range ram[MODEL_RANGES_MAX];
	size_t ram_count;
	struct qt_range crash[MODEL_RANGES_MAX];
	size_t crash_count;
	struct qt_range firmware;
	unsigned address_bits;

	struct model_unit units[MODEL_UNITS_MAX];
	size_t unit_count;
	struct model_function *functions[MODEL_FUNCTIONS_MAX];
	size_t function_count;
	struct model_claim claims[MODEL_CLAIMS_MAX];
	size_t claim_count;
	struct model_reserved reserved[MODEL_RESERVED_MAX];
	size_t reserved_count;
	struct model_source sources[MODEL_RESERVED_MAX];
	size_t source_count;
	struct model_alias aliases[MODEL_RESERVED_MAX];
	size_t alias_count;
	/* More DMAR structures or IVRS blocks, put behind the others as they are. */
	uint8_t more_dmar[512];
	size_t more_dmar_size;
	/* Where model_build_acpi put them. */
	qt_phys rsdp;
	qt_phys dmar;
	qt_phys ivrs;
	qt_phys iort;
	qt_phys madt;

	/* What happened since model_crash. */
	bool crashed;
	bool powered; /* see reset.h */
	uint64_t clock_ns;
	uint64_t clock_read_ns; /* what reading the clock takes */
	uint64_t clock_calls;
	uint32_t turn;           /* which restless function is the first one next */
	uint64_t reads;          /* host.read calls */
	uint64_t outside_reads;  /* of them, outside RAM and firmware: refused */
	uint64_t crash_reads;    /* of them, in the crash region outside the arena */
	uint64_t store_attempts; /* store64 calls */
	struct model_store *stores;
	size_t store_count;
	size_t store_capacity;
	uint64_t walks; /* translations, whoever asked for them */
	uint64_t pci_writes;
	uint64_t write_backs;
	uint64_t complaints;
	char complaint[512]; /* the first one */
	char log[MODEL_LOG_SIZE];
	size_t log_used;

	/*
	 * Called after every change that a device could notice: each single store,
	 * each write_back, each invalidation that a unit carried out.
	 */
	void (*on_change)(struct model *m, void *context);
	void *on_change_context;
	bool in_hook;

	/* The dead kernel's doings, see dead.c. */
	struct model_dead *dead;
	/* What was live when it crashed, see check.c. */
	struct model_snapshot *snapshot;
};

struct model *model_new(const struct model_config *config);
void model_free(struct model *m);

/* From now on counts run, stores are recorded and memory's contents are remembered. */
void model_crash(struct model *m);

/* Records something that must not happen. printf-like. */
void model_complain(struct model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Calls on_change, unless it is running. */
void model_changed(struct model *m);

/* Whether [at, at + len) lies in RAM, in the crash region, in the arena. */
bool model_in_ram(const struct model *m, qt_phys at, uint64_t len);
bool model_in_crash(const struct model *m, qt_phys at, uint64_t len);
bool model_overlaps_crash(const struct model *m, qt_phys at, uint64_t len);
bool model_in_arena(const struct model *m, qt_phys at, uint64_t len);

/* Memory as the dead kernel, firmware or a test sees it: no checks, no journal, all views at once.
 */
uint64_t model_peek(struct model *m, qt_phys at);
void model_poke(struct model *m, qt_phys at, uint64_t value);
void model_write(struct model *m, qt_phys at, const void *bytes, size_t len);

/* PCI. The function's header is filled in as its class code wants it. */
struct model_function *model_add_function(
	struct model *m, qt_rid rid, uint16_t vendor, uint16_t device, uint32_t class_code);
/* Turns a function into a bridge for buses secondary to subordinate. pcie_type < 0: not PCIe. */
void model_make_bridge(
	struct model_function *function, uint8_t secondary, uint8_t subordinate, int pcie_type);
/* Adds a PCI Express capability of this device/port type (enum qt_pcie_type). */
void model_add_pcie(struct model_function *function, unsigned type);
/* Adds an ATS extended capability and turns it on. */
void model_add_ats(struct model_function *function);
/*
 * Adds an SR-IOV extended capability with one virtual function, `rid`, switched on.
 * Capabilities of its own, and ATS of the physical one, come before that.
 */
struct model_function *model_add_virtual(
	struct model *m, struct model_function *physical, qt_rid rid);
/* Interrupts: INTx by pin A, and MSI or MSI-X capabilities (their offset), turned on or off. */
void model_add_intx(struct model_function *function);
void model_add_msi(struct model_function *function, uint8_t offset, bool on);
void model_add_msix(struct model_function *function, uint8_t offset, bool on);
struct model_function *model_function(const struct model *m, qt_rid rid);

/*
 * Configuration space as the bus has it. A function that is made to fall back
 * from MSI or MSI-X to INTx is a complaint: it would flood the capture kernel.
 */
uint32_t model_config_read(const struct model_function *function, unsigned offset, unsigned width);
void model_config_write(struct model *m, struct model_function *function, unsigned offset,
	unsigned width, uint32_t value);

/* Firmware's claims: this function, or bridge with all below it, belongs to the unit. */
void model_claim(struct model *m, unsigned unit, qt_rid rid, bool hierarchy);
void model_add_source(struct model *m, unsigned unit, qt_rid rid, uint8_t variety);
void model_alias(struct model *m, unsigned unit, qt_rid rid, qt_rid alias);
void model_reserve(struct model *m, qt_rid rid, uint64_t start, uint64_t end);

/* The unit a requester's DMA goes through, or NULL. */
struct model_unit *model_unit_of(struct model *m, qt_rid rid);

/* Registers of the ITS that machines with an SMMUv3 have, and where it takes messages. */
#define MODEL_ITS          0xfe800000u
#define MODEL_DOORBELL     (MODEL_ITS + 0x10000u)
#define MODEL_DOORBELL_END (MODEL_ITS + 0x20000u)

/* Lets `us` microseconds pass; units finish what is due. */
void model_sleep(struct model *m, uint64_t us);

/*
 * Translates as the hardware would for a DMA of `rid`. A unit that is off passes
 * everything. Returns 0 or enum model_fault.
 */
int model_translate(struct model *m, qt_rid rid, qt_iova iova, enum model_path path,
	struct model_translation *translation);

/*
 * ACPI: writes RSDP, XSDT, MCFG, DMAR and FADT into the firmware area. Returns
 * the RSDP's address. model_crash does it if a test has not.
 */
qt_phys model_build_acpi(struct model *m);

/*
 * Fills in a struct qt_machine as the stage would: host, arena, ACPI, RAM without
 * the crash region, crash region, PCI, and its lists. Returns what failed first.
 */
int model_open(struct model *m, struct qt_machine *machine);

#endif
