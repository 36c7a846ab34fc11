/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A unit: registers, invalidation, translation with all its caches. What differs
 * from vendor to vendor is behind struct model_unit_kind (kind.h).
 *
 * A file NAME.c for each kind, with what a dead kernel writes, and its walk, NAME_walk.c;
 * walk.c has what walks have in common.
 *
 * VT-d, legacy and scalable mode: vtd*.c, step.c. Source:
 * Intel Virtualization Technology for Directed I/O, Architecture Specification 4.1.
 * AMD-Vi: amdvi.c, amdvi_walk.c. Source: AMD I/O Virtualization Technology (IOMMU)
 * Specification, 48882, revision 3.08.
 * SMMUv3: smmu.c, smmu_walk.c. Sources: Arm SMMUv3 specification,
 * IHI 0070; Arm Architecture Reference Manual, DDI 0487, D8.
 */
#ifndef MODEL_UNIT_H
#define MODEL_UNIT_H

#include <quietus/types.h>

#include "cache.h"
#include "memory.h"

struct model;

enum model_vendor { MODEL_VTD, MODEL_AMDVI, MODEL_SMMU };

/* What only an AMD-Vi unit has. */
struct model_amdvi_config {
	uint16_t function;      /* its own requester ID, as IVRS tells it */
	uint8_t block_type;     /* of its description in IVRS: 0x10, 0x11, 0x40 */
	uint8_t levels_max;     /* EFR.HATS: 4, 5 or 6 */
	uint8_t segments_lg2;   /* the device table is in so many pieces: 0 to 3 */
	uint32_t entries;       /* in each of them; default: all */
	bool np_cache;          /* caches what is not present, too */
	bool no_invalidate_all; /* EFR.IASup = 0 */
	uint8_t guest_levels;   /* EFR.GATS: guest tables of up to 4 or 5 levels; 0: no GTSup */
	uint8_t gcr3_levels;    /* EFR.GLXSup: 1 to 3 */
	bool no_guest_io;       /* EFR.GIoSup = 0 */
	bool no_host;           /* IVRS says that there are no host tables (HATDis) */
	bool all;               /* IVRS gives it all devices in one entry, else in one range */
};

/* What only an SMMUv3 has. */
struct model_smmu_config {
	bool stage2;           /* IDR0: stage 2 only; else both, and its domains are stage 1's */
	bool linear;           /* stream table of one level, for few_streams; else of two */
	uint8_t streams_lg2;   /* STRTAB_BASE_CFG.LOG2SIZE */
	uint8_t split;         /* of a table of two levels: 6, 8, 10 */
	uint32_t first_stream; /* of requester 0 of its segment */
	uint8_t substreams;    /* S1CDMax of every entry the dead kernel makes */
	bool cd_two_levels;    /* S1Fmt: a table of descriptors of two levels */
	bool abort;            /* entries that nobody is attached to are valid, and refuse */
	bool hyp;              /* IDR0.Hyp */
	bool says_coherent;    /* IDR0.COHACC, where it is not; firmware knows */
	bool one_page;         /* page 1's registers are in page 0: Cavium's CN99xx */
	uint8_t stalls;        /* IDR0.STALL_MODEL: 0 as entries say, 1 never, 2 always */
	uint8_t output;        /* IDR5.OAS; default 5, 48 bits */
	uint8_t bbm;           /* IDR3.BBML; default 2 */
	uint8_t commands_lg2;  /* IDR1.CMDQS; default 8 */
	uint8_t granule_lg2;   /* the only one it has: 12, 14 or 16; default 12 */
};

/* What kind of hardware it is. model_unit_default() is a 2020 server's. */
struct model_unit_config {
	uint8_t vendor;    /* enum model_vendor */
	qt_phys registers; /* page-aligned, outside RAM */
	uint16_t segment;
	bool include_all;       /* has every function of its segment that no other unit claims */
	uint8_t version_major;  /* default 1; from 6 on there is no register-based invalidation */
	uint8_t guest_bits;     /* CAP.MGAW + 1: default 48 */
	uint8_t levels;         /* CAP.SAGAW: bit mask of level counts, 1 << 3, 1 << 4, 1 << 5 */
	uint8_t domain_id_bits; /* CAP.ND: 4, 6, 8 ... 16 */
	bool large_2m;          /* CAP.SLLPS */
	bool large_1g;
	bool caching_mode; /* CAP.CM: caches what is not present, too */
	bool write_buffer; /* CAP.RWBF: stores reach it only after GCMD.WBF */
	bool coherent;     /* ECAP.C: its walks snoop CPU caches */
	bool queued;       /* ECAP.QI */
	bool device_tlbs;  /* ECAP.DT */
	bool pass_through; /* ECAP.PT */
	bool snoop;        /* ECAP.SC */
	/* Scalable mode: model_start_unit() switches it on. */
	bool scalable;      /* ECAP.SMTS */
	bool second_stage;  /* ECAP.SSTS */
	bool first_stage;   /* ECAP.FSTS */
	bool first_5;       /* CAP.FS5LP */
	bool first_1g;      /* CAP.FS1GP */
	bool walk_snoop;    /* ECAP.SMPWC: walks below PASID entries can snoop */
	bool flags;         /* ECAP.SSADS: second-stage accessed and dirty flags */
	uint32_t rid_pasid; /* what the dead kernel puts into RID_PASID; not 0: ECAP.RPS */
	uint64_t more_capability;
	uint64_t more_extended_capability; /* ORed into the registers, e.g. ECAP.SMTS */
	uint32_t latency_us;               /* from a command to its completion; default 3 */
	struct model_amdvi_config amdvi;
	struct model_smmu_config smmu;
};

enum model_path {
	MODEL_WALK,   /* no caches: what the tables in memory say */
	MODEL_PAGING, /* contexts and tables from the caches, leaves from memory */
	MODEL_CACHED, /* everything from the caches; they are filled on the way */
};

/* Why a DMA is refused: VT-d 4.1, section 7.1.3, legacy mode fault reasons. */
enum model_fault {
	MODEL_FAULT_ROOT_ABSENT = 0x1,
	MODEL_FAULT_CONTEXT_ABSENT = 0x2,
	MODEL_FAULT_CONTEXT_INVALID = 0x3,
	MODEL_FAULT_WIDTH = 0x4,
	MODEL_FAULT_WRITE =
		0x5, /* nothing there, or not writable: the model tells no reads apart */
	MODEL_FAULT_TABLE_ACCESS = 0x7,
	MODEL_FAULT_ROOT_ACCESS = 0x8,
	MODEL_FAULT_CONTEXT_ACCESS = 0x9,
	MODEL_FAULT_ROOT_RESERVED = 0xa,
	MODEL_FAULT_CONTEXT_RESERVED = 0xb,
	MODEL_FAULT_TABLE_RESERVED = 0xc,
	MODEL_FAULT_BLOCKED = 0xd,
	MODEL_FAULT_FLAGS = 0x7c, /* an accessed flag is missing, and walks do not snoop */
	MODEL_FAULT_PROTECTED =
		0x81, /* ours: a protected memory region, which hardware does not record */
	MODEL_FAULT_MODE = 0x80, /* ours: a root table mode that the model does not walk */
};

struct model_translation {
	qt_phys phys;
	uint8_t perms;    /* enum qt_perm; never 0 when there was no fault */
	uint8_t size_lg2; /* of the leaf */
};

/* Registers of an AMD-Vi unit. */
struct model_amdvi {
	uint64_t control;
	uint64_t features;
	uint64_t tables[8];
	uint64_t command_base;
	uint64_t command_head;
	uint64_t command_tail;
	bool running;        /* status: CmdBufRun */
	bool wanted;         /* control: CmdBufEn as last written */
	uint64_t running_ns; /* when running follows wanted */
	uint64_t fetch_ns;   /* when commands are next executed */
	uint64_t event_base;
	uint64_t event_head;
	uint64_t event_tail;
	bool events_lost; /* status: EventOverflow */
};

/* Registers of an SMMUv3. */
struct model_smmu {
	uint32_t control;                   /* CR0 */
	uint32_t acknowledged;              /* CR0ACK */
	uint32_t error, error_acknowledged; /* GERROR, GERRORN */
	uint32_t interrupts;                /* IRQ_CTRL */
	uint32_t gbpa;
	uint64_t tables; /* STRTAB_BASE */
	uint32_t tables_config;
	uint64_t commands; /* CMDQ_BASE */
	uint32_t producer, consumer;
	uint64_t events; /* EVENTQ_BASE */
	uint32_t event_producer, event_consumer;
	uint64_t control_ns; /* when CR0ACK follows */
	uint64_t fetch_ns;
	bool failed_device; /* the next CMD_SYNC is an error */
};

struct model_unit_kind;

/* Fault recording registers of a VT-d unit. */
#define MODEL_FAULT_RECORDS 2

struct model_unit {
	const struct model_unit_kind *kind;
	struct model_unit_config config;
	struct model_amdvi amdvi;
	struct model_smmu smmu;
	uint64_t capability;
	uint64_t extended_capability;
	/* Registers. */
	uint32_t status; /* GSTS: also what GCMD should hold */
	uint32_t fault_status;
	uint64_t fault_records[MODEL_FAULT_RECORDS]; /* upper halves of the recording registers */
	uint32_t fault_control;
	uint32_t queue_control;
	uint32_t page_request_control;
	uint64_t root_register; /* RTADDR as written */
	uint64_t root;          /* as it took effect with GCMD.SRTP */
	uint64_t context_command;
	uint64_t iotlb_address;
	uint64_t iotlb_command;
	uint64_t queue_address;
	uint64_t queue_head;
	uint64_t queue_tail;
	uint64_t remap_table;
	bool protected_enable; /* PMEN.EPM, and what it protects: low and high region */
	uint64_t protected_base[2];
	uint64_t protected_limit[2]; /* inclusive, low bits count as ones */
	/* Commands under way: what, and when they are done. */
	uint32_t command;
	uint64_t command_ns, context_ns, iotlb_ns, queue_ns;
	bool queue_stalled; /* a device does not answer: the queue neither goes on nor stops */
	struct model_cache cache;
	uint64_t sizes; /* bit n: leaves of 2^n bytes were cached */
	/* Trouble on demand. */
	bool all_ones; /* every register reads all ones, writes do nothing */
	/* A core that gives up on a command may order the next: no complaint then. */
	bool deaf;                         /* no invalidation ever ends */
	bool command_deaf;                 /* GSTS never follows GCMD */
	bool status_stuck;                 /* FSTS errors cannot be cleared */
	bool register_invalidation_broken; /* claims a granularity of 0 performed */
	/* What it did. */
	uint64_t register_reads;
	uint64_t register_writes;
	uint64_t context_invalidations;
	uint64_t pasid_invalidations;
	uint64_t iotlb_invalidations;
	uint64_t device_invalidations;
	uint64_t interrupt_invalidations;
	uint64_t buffer_flushes;
	uint64_t waits;
};

/*
 * AMD-Vi at `at`, whole device table, type 11h, 6 levels, coherent, invalidates all
 * at once, guest tables of up to 5 levels for 20 bits of PASID.
 */
struct model_unit_config model_amdvi_default(qt_phys registers);

/* SMMUv3 at `at`: both stages, two-level stream table for 16 bits of streams, coherent. */
struct model_unit_config model_smmu_default(qt_phys registers);

/* Registers at `at`, INCLUDE_PCI_ALL, 3 and 4 levels, 2 MiB and 1 GiB pages, queue, coherent. */
struct model_unit_config model_unit_default(qt_phys registers);

void model_unit_init(struct model_unit *unit, const struct model_unit_config *config);

/* The view of memory its walks have. */
enum model_view model_unit_view(const struct model_unit *unit);

/* Finishes what is due by now. */
void model_unit_settle(struct model *m, struct model_unit *unit);

/* Registers; width is 4 or 8. */
uint64_t model_unit_read(struct model *m, struct model_unit *unit, unsigned offset, unsigned width);
void model_unit_write(
	struct model *m, struct model_unit *unit, unsigned offset, unsigned width, uint64_t value);

/* Scalable mode on: second-stage tables, PASIDs, walks that snoop. */
struct model_unit_config model_unit_scalable(qt_phys registers);

/* The dead kernel's switches: root table, translation, queue. They take effect at once. */
void model_unit_set_root(struct model_unit *unit, uint64_t root);
void model_unit_enable(struct model_unit *unit, bool translation, qt_phys queue, unsigned tail);

/* PASID entries. Granularity: 0 domain, 1 domain and PASID, 3 global. */
void model_unit_forget_pasids(
	struct model_unit *unit, unsigned granularity, uint16_t domain, uint32_t pasid);

/* Invalidation, as commands do it. Granularity: 1 global, 2 domain, 3 device or page. */
void model_unit_forget_contexts(struct model_unit *unit, unsigned granularity, uint16_t domain,
	uint16_t source, unsigned mask);
void model_unit_forget_leaves(struct model_unit *unit, unsigned granularity, uint16_t domain,
	qt_iova iova, unsigned pages_lg2, bool keep_tables);
void model_unit_forget_device(
	struct model_unit *unit, uint32_t rid, qt_iova iova, unsigned pages_lg2);

/* A unit records that it refused this requester. */
void model_record_fault(struct model *m, struct model_unit *unit, qt_rid rid);

/* Translation of one DMA of a requester behind this unit. 0 or enum model_fault. */
int model_unit_translate(struct model *m, struct model_unit *unit, qt_rid rid, qt_iova iova,
	enum model_path path, struct model_translation *translation);

/* AMD-Vi: whether a fixed interrupt that `rid` sends gets through as it was sent. */
bool model_amdvi_interrupt_passes(
	struct model *m, struct model_unit *unit, qt_rid rid, enum model_path path);

/* One 8-byte word of second-stage tables as bits, for builders and the walk. */
#define MODEL_SS_READ  0x1u
#define MODEL_SS_WRITE 0x2u
#define MODEL_SS_LARGE 0x80u
#define MODEL_SS_SNOOP 0x800u

#define MODEL_SS_ACCESSED 0x100u
#define MODEL_SS_DIRTY    0x200u

/* And of first-stage tables. */
#define MODEL_FS_PRESENT  0x1u
#define MODEL_FS_WRITE    0x2u
#define MODEL_FS_USER     0x4u
#define MODEL_FS_ACCESSED 0x20u
#define MODEL_FS_DIRTY    0x40u
#define MODEL_FS_LARGE    0x80u
#define MODEL_FS_NX       (1ull << 63)

/* Low bits of protected memory registers that are not implemented. */
#define MODEL_PROTECTED_MASK 0x1fffffu

/* GCMD and GSTS (VT-d 4.1, 11.4.4). */
#define MODEL_GCMD_TE    (1u << 31)
#define MODEL_GCMD_SRTP  (1u << 30)
#define MODEL_GCMD_SFL   (1u << 29)
#define MODEL_GCMD_EAFL  (1u << 28)
#define MODEL_GCMD_WBF   (1u << 27)
#define MODEL_GCMD_QIE   (1u << 26)
#define MODEL_GCMD_IRE   (1u << 25)
#define MODEL_GCMD_SIRTP (1u << 24)
#define MODEL_GCMD_CFI   (1u << 23)

/* FSTS (11.4.9). */
#define MODEL_FSTS_PFO 0x01u
#define MODEL_FSTS_PPF 0x02u
#define MODEL_FSTS_IQE 0x10u
#define MODEL_FSTS_ICE 0x20u
#define MODEL_FSTS_ITE 0x40u

/* Interrupt masks of FECTL, IECTL, PECTL. */
#define MODEL_CONTROL_MASK    (1u << 31)
#define MODEL_CONTROL_PENDING (1u << 30)

/* CAP and ECAP bits that tests refer to. */
#define MODEL_ECAP_SMTS (1ull << 43)

/* Control register of AMD-Vi (48882, 3.4.4). */
#define MODEL_AMDVI_ENABLE    (1ull << 0)
#define MODEL_AMDVI_EVENTS    (1ull << 2)
#define MODEL_AMDVI_EVENT_INT (1ull << 3)
#define MODEL_AMDVI_WAIT_INT  (1ull << 4)
#define MODEL_AMDVI_COMMANDS  (1ull << 12)
#define MODEL_AMDVI_PPR_INT   (1ull << 14)
#define MODEL_AMDVI_GUEST     (1ull << 16)
#define MODEL_AMDVI_GA_INT    (1ull << 29)

/* CR0 of an SMMUv3 (IHI 0070, 6.3.9). */
#define MODEL_SMMU_ENABLE   (1u << 0)
#define MODEL_SMMU_EVENTS   (1u << 2)
#define MODEL_SMMU_COMMANDS (1u << 3)

/* RTADDR's translation table mode (11.4.5). */
#define MODEL_RTADDR_SCALABLE 0x400u
#define MODEL_RTADDR_ABORT    0xc00u

#endif
