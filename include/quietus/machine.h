/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The machine as it was found: units, domains, requesters, functions. `find`
 * fills it in by reading only; `plan` decides from it alone; `takeover` acts.
 */
#ifndef QUIETUS_MACHINE_H
#define QUIETUS_MACHINE_H

#include <quietus/device_tree.h>
#include <quietus/reset.h>
#include <quietus/table.h>

#define QT_UNITS_MAX      64
#define QT_REQUESTERS_MAX 2048
#define QT_DOMAINS_MAX    1024
#define QT_FUNCTIONS_MAX  1024
#define QT_SCOPES_MAX     512
#define QT_RESERVED_MAX   64
#define QT_ECAM_MAX       32
#define QT_CAPTURES_MAX   32
#define QT_RANGES_MAX     64
#define QT_SOURCES_MAX    64
#define QT_PATH_MAX       64

/* Bytes of the page that a unit's flush may use for its queue. */
#define QT_FLUSH_PAGE_SIZE 4096u

struct qt_unit_ops;

enum qt_unit_state {
	QT_UNIT_OFF,         /* not translating: DMA passes as it is */
	QT_UNIT_TRANSLATING, /* in a mode that the core can take over */
	QT_UNIT_UNSUPPORTED, /* translating in a mode that it cannot */
	QT_UNIT_DEAD,        /* does not answer, or answers nonsense */
};

struct qt_unit {
	const struct qt_unit_ops *ops;
	qt_phys registers;
	uint16_t segment;
	uint8_t index;      /* in machine.units */
	uint8_t state;      /* enum qt_unit_state */
	uint8_t reason;     /* enum qt_reason: why unsupported or dead, else 0 */
	bool include_all;   /* has every function of its segment that no other unit claims */
	bool shares_tables; /* what its requester tables hold is its own only where it claims it */
	bool snoops;        /* firmware says that it sees what is in the CPU's caches (SMMUv3) */
	bool one_page; /* firmware says that its second page of registers is the first (SMMUv3) */
	/* Filled in by ops->inspect. */
	uint64_t capability;          /* the unit's own capability registers, raw: */
	uint64_t extended_capability; /* their meaning is its unit's code alone */
	qt_phys root;                 /* requester tables */
	uint8_t mode;                 /* their kind, as the unit's code numbers it */
	bool coherent;
	uint32_t domain_ids; /* how many domain IDs it has; 0: no such thing */
	uint8_t output_bits; /* width of physical addresses in its tables */
	uint32_t version;    /* architecture version register, raw */
	uint64_t tables[8];  /* registers of its requester tables, raw, where it has several */
	/* All of the machine's, for units that have numbers of their own for requesters. */
	const struct qt_scope *scopes;
	size_t scope_count;
};

/* A function, a range of requester IDs, or a whole hierarchy below a bridge, that a unit claims. */
struct qt_scope {
	uint8_t unit;
	bool hierarchy; /* all buses below the bridge as well */
	qt_rid rid;
	qt_rid last;     /* inclusive; equal to rid where it is one function */
	uint32_t stream; /* the unit's own number for rid; the others follow in order */
};

/* Memory that firmware reserved for the DMA of one requester, or of a range (RMRR, IVMD, RMR). */
struct qt_reserved {
	qt_rid rid;
	qt_rid last;           /* inclusive; equal to rid where it is one */
	bool hierarchy;        /* rid is a bridge: for all below it */
	struct qt_range range; /* granule-aligned */
};

static inline bool qt_reserved_is_for(const struct qt_reserved *reserved, qt_rid rid)
{
	return rid >= reserved->rid && rid <= reserved->last;
}

/* What sends interrupts through a unit without being a PCI function: an IO-APIC, an HPET. */
struct qt_source {
	uint8_t unit;
	qt_rid rid; /* under which the unit sees it */
};

/* What is known of the kernel that comes next, and of the CPU that it starts on. */
struct qt_capture_kernel {
	uint32_t version; /* QT_LINUX_VERSION; 0: unknown */
	bool x2apic;      /* the CPU is in x2APIC mode */
	uint32_t apic_id;
	/* It takes the firmware's ACPI tables only, because it is locked down. */
	bool firmware_tables_only;
};

#define QT_LINUX_VERSION(major, minor) ((uint32_t)(major) << 16 | (minor))

/* What a unit has for a requester. */
enum qt_entry_state {
	QT_REQ_DIRECT,      /* unit is off: DMA passes */
	QT_REQ_PASSTHROUGH, /* unit is on, entry lets DMA pass untranslated */
	QT_REQ_ABSENT,      /* no entry: DMA is refused */
	QT_REQ_BLOCKED,     /* an entry that refuses DMA */
	QT_REQ_TRANSLATED,  /* an entry with a table: domain is set */
	QT_REQ_UNSUPPORTED, /* an entry, or a unit, of a kind the core does not handle */
	QT_REQ_DAMAGED,     /* an entry that cannot be right */
};

enum qt_decision {
	QT_UNDECIDED,
	QT_DIRECT,
	QT_ADOPT,
	QT_ADMIT,
	QT_STOP,
	QT_LEAVE,
	QT_FENCE,
};

/* Why. Each has a sentence, see qt_reason_text. The numbers are part of the report's format. */
enum qt_reason {
	QT_WHY_NONE = 0,
	/* decisions about a requester */
	QT_WHY_UNIT_OFF = 1,
	QT_WHY_NO_UNIT = 2,
	QT_WHY_PASSTHROUGH = 3,
	QT_WHY_ALREADY_MAPPED = 4,
	QT_WHY_FREE = 5,
	QT_WHY_NO_ENTRY = 6,
	QT_WHY_BLOCKED = 7,
	QT_WHY_IOVAS_TAKEN = 8,
	QT_WHY_TOO_NARROW = 9,
	QT_WHY_TABLE_DAMAGED = 10,
	QT_WHY_GUARD_BROKEN = 11,
	QT_WHY_VIRTUAL_FUNCTION = 12,
	QT_WHY_ENTRY_DAMAGED = 13,
	QT_WHY_ENTRY_UNSUPPORTED = 14,
	QT_WHY_NO_TIME = 15,
	QT_WHY_NO_PERMISSION = 16,
	QT_WHY_GUARD_UNKNOWN = 17,
	QT_WHY_GROWN = 18,          /* free, once its table has more levels */
	QT_WHY_NESTED = 19,         /* a guest's tables on top of its hypervisor's */
	QT_WHY_SHARED_MEMORY = 20,  /* untranslated, and the dead kernel used crash memory too */
	QT_WHY_PARTS_OF_PAGES = 21, /* the crash region ends within pages of its table */
	/* states of a unit, and outcomes */
	QT_WHY_UNIT_DEAD = 32,
	QT_WHY_ABORT_MODE = 34,
	QT_WHY_UNIT_UNSUPPORTED = 35,
	QT_WHY_ASKED_OFF = 48,
	QT_WHY_ASKED_OBSERVE = 49,
	QT_WHY_NO_UNITS = 50,
	QT_WHY_FIRMWARE_BAD = 51,
	QT_WHY_NO_CRASH_REGION = 52,
	QT_WHY_NO_RAM_MAP = 53,
	QT_WHY_FUNCTION_UNREACHED = 54, /* a storage, network or USB function would be lost */
	QT_WHY_NO_LOW_MEMORY = 55,      /* nothing below 4 GiB for 32-bit devices */
	QT_WHY_NO_MEMORY = 56,
	QT_WHY_TOO_MANY = 57, /* more of something than there is room for */
	QT_WHY_VERIFY_FAILED = 58,
	QT_WHY_FLUSH_FAILED = 59,
	QT_WHY_STORE_FAILED = 60,
	QT_WHY_EXCEPTION = 61,
	QT_WHY_VENDOR_UNSUPPORTED = 62, /* an IOMMU of a kind not supported */
	QT_WHY_COMMAND_LINE_FULL = 63,
	QT_WHY_NOT_RESERVED = 64,
	QT_WHY_PROTECTED_MEMORY = 65, /* a protected memory region covers the crash region */
	QT_WHY_ENCRYPTED = 66,        /* SME, SNP, or a guest with SEV or TDX */
	QT_WHY_NOT_MAPPED = 67,       /* the stage has no page tables for the machine's memory */
	QT_WHY_X2APIC_ID = 72,        /* the CPU's APIC ID needs interrupt remapping */
	QT_WHY_KERNEL_TOO_OLD = 73,   /* the capture kernel cannot be kept from the units */
	QT_WHY_LOCKED_DOWN = 74,      /* the same, because it is locked down */
	QT_WHY_DOORBELL_UNSUPPORTED = 75, /* messages go to a controller of a kind not supported */
};

/* One sentence without a full stop, never NULL. */
const char *qt_reason_text(unsigned reason);
const char *qt_decision_name(unsigned decision);
const char *qt_unit_state_name(unsigned state);
const char *qt_entry_state_name(unsigned state);

/* One translation tree, shared by every requester whose entry leads to it. */
struct qt_domain {
	struct qt_table table;
	uint32_t id;       /* the hardware's domain ID (of the first requester seen) */
	uint8_t unit;      /* of the first requester seen */
	bool ours;         /* made by the stage: the domain of admit */
	qt_phys directory; /* ours: what the unit's entries lead to it through, the unit's business
			    */
	/* Filled in by find. */
	int scan_error; /* why the scan of its tables ended early, 0 if it did not */
	struct qt_table_fault fault;
	uint64_t mapped;       /* bytes that translate */
	uint64_t pieces;       /* stretches of IOVAs that they are in */
	bool guard_broken;     /* something not one-to-one leads into the crash region */
	qt_iova guard_iova;    /* the first such IOVA */
	bool too_narrow;       /* the crash region lies beyond its span */
	struct qt_table grown; /* too narrow: the same with levels on top, root 0 if it cannot be */
	bool taken; /* IOVAs of the crash region translate, not one-to-one or not read-write */
	qt_iova taken_iova; /* the first such IOVA */
	int install_error;  /* why the capture mapping cannot be installed, 0 if it can */
	bool identity;      /* all of the crash region already maps one to one, read-write */
	uint32_t stores;    /* foreign words that the capture mapping takes */
};

struct qt_requester {
	qt_rid rid;
	uint8_t unit;     /* index; UINT8_MAX: no unit */
	uint8_t state;    /* enum qt_entry_state */
	uint8_t decision; /* enum qt_decision */
	uint8_t reason;   /* enum qt_reason */
	bool ats;         /* its entry lets it cache translations, and it has ATS on */
	bool verified;
	bool released;      /* stopped, and its entry taken away: see qt_takeover_stop */
	bool unreleasable;  /* its entry cannot be taken away, or had to be put back */
	int16_t function;   /* index into pci.functions; -1: no function visible */
	int16_t domain;     /* index into domains; -1: none */
	int16_t old_domain; /* released: the one it had */
	uint32_t domain_id; /* the hardware\'s, of its present entry */
};

struct qt_machine {
	const struct qt_host *host;
	struct qt_arena *arena;
	struct qt_acpi acpi;             /* no entries where there are no tables */
	const struct qt_dt *device_tree; /* NULL: none. What ACPI describes counts first. */
	struct qt_ranges ram;            /* the dead kernel's */
	struct qt_ranges crash;          /* crash region: pages from 1 MiB up, granule-aligned */
	/*
	 * Parts of it that the dead kernel used as well (crashkernel=,cma): leftover DMA
	 * that is not translated may lead there.
	 */
	struct qt_ranges shared;
	struct qt_ranges
		low; /* crash region below 1 MiB: mapped where free, never a reason to stop */
	struct qt_range stage; /* memory of our own; inside the crash region */
	uint64_t deadline_us;  /* of all finding */
	struct qt_capture_kernel capture_kernel;
	/*
	 * The dump path: functions that the dump needs, as recorded when the capture
	 * kernel was loaded. None: not known. Set by the caller before the plan.
	 */
	qt_rid path[QT_PATH_MAX];
	size_t path_count;
	struct qt_pci pci;

	struct qt_unit *units;
	size_t unit_count;
	struct qt_scope *scopes;
	size_t scope_count;
	struct qt_reserved *reserved;
	size_t reserved_count;
	struct qt_source *sources;
	size_t source_count;
	struct qt_requester *requesters;
	size_t requester_count;
	struct qt_domain *domains;
	size_t domain_count;
	/*
	 * Registers that devices reach through translation, as messages do where they are
	 * DMA (Arm): every domain has to map them. Filled in by find, granule-aligned.
	 */
	struct qt_ranges doorbells;
	struct qt_ranges mapped;     /* crash, low, doorbells: what the capture mapping maps */
	struct qt_capture *captures; /* one for each shape of table met so far */
	size_t capture_count;
	/*
	 * Stores have been made that lead into the arena. Before that, a pointer into
	 * it is as unsound as one into the rest of the crash region.
	 */
	bool own_tables;
	void *flush_page; /* a page for the queue of a unit's flush */
	/*
	 * The caller's, after qt_machine_find: how each of pci.functions could be
	 * stopped, or was (qt_reset_probe, qt_reset_stop). NULL: none can be.
	 */
	struct qt_reset *resets;
	struct qt_stop *stops; /* under way: see qt_reset_stop */
	uint8_t problem;       /* enum qt_reason: what makes the machine one to keep hands off, 0 if
				  nothing */
};

/*
 * Allocates the lists above from the arena. The caller has set host, arena, acpi,
 * ram, crash, low, stage, deadline_us and pci (enumerated). QT_E_NOMEM.
 */
int qt_machine_init(struct qt_machine *machine);

/*
 * find: units from firmware, their state, every requester and domain, and what
 * each domain means for the crash region. Reads only. Never fails for what it
 * finds: that is recorded per unit, requester and domain, or in machine->problem.
 */
void qt_machine_find(struct qt_machine *machine);

/*
 * The two halves of find: units as firmware describes them, without touching one;
 * then all that is read from them and from their tables.
 */
void qt_machine_discover(struct qt_machine *machine);
void qt_machine_look(struct qt_machine *machine);

/* A reader over the machine's RAM that may read `reads` times (up to 64 entries each). */
struct qt_reader qt_machine_reader(const struct qt_machine *machine, uint64_t reads);

/*
 * The capture subtree for tables of this shape, made on first use.
 * QT_E_NOMEM.
 */
int qt_machine_capture(struct qt_machine *machine, const struct qt_geometry *geometry,
	struct qt_capture **capture);

/*
 * Reads all of a domain's tables and sets what find sets in it, as they are now.
 */
void qt_domain_survey(const struct qt_machine *machine, struct qt_domain *domain);

/*
 * Hands the stores that give a table the capture mapping to `add` (qt_install
 * for every range). QT_E_BUSY with *iova set where the crash region is taken.
 */
int qt_domain_install(struct qt_machine *machine, const struct qt_table *table,
	int (*add)(void *context, const struct qt_store *store), void *context, qt_iova *iova);

/*
 * Whether memory reserved by firmware is for a requester: for a function that it
 * may stand for, or for a bridge above one.
 */
bool qt_machine_reserved_for(
	const struct qt_machine *machine, const struct qt_reserved *reserved, qt_rid rid);

/*
 * The highest domain ID of the unit that no entry has; never 0, which has a
 * meaning of its own. Hardware may have something cached under it. QT_E_LIMIT if
 * there is none.
 */
int qt_machine_domain_id(const struct qt_machine *machine, unsigned unit, uint32_t *id);

/* Index of the unit that a function's DMA goes through, or -1. */
int qt_machine_unit_of(const struct qt_machine *machine, const struct qt_pci_function *function);

#endif
