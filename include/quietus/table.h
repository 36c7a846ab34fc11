/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Translation tables: what one entry means (a format), and the one walker that
 * serves every format: look up, scan, install.
 *
 * Words: a *table* is a page of *entries*; an entry is empty, leads to a table,
 * or is a *leaf* that translates. *Level* 0 is the table whose leaves have the
 * size of the granule; the root is at levels - 1.
 */
#ifndef QUIETUS_TABLE_H
#define QUIETUS_TABLE_H

#include <quietus/arena.h>
#include <quietus/host.h>
#include <quietus/pages.h>
#include <quietus/range.h>

#define QT_LEVELS_MAX 6

enum qt_perm {
	QT_READ = 1,
	QT_WRITE = 2,
	QT_RW = 3,
};

enum qt_entry_kind {
	QT_ENTRY_EMPTY, /* translates nothing */
	QT_ENTRY_TABLE,
	QT_ENTRY_LEAF,
	QT_ENTRY_BAD, /* reserved bits set, or an encoding that means nothing */
};

/* One decoded entry. */
struct qt_entry {
	uint8_t kind; /* enum qt_entry_kind */
	/*
	 * enum qt_perm; for a table: what it lets its leaves have. 0 where there is
	 * an entry, but not for the DMA of devices (a supervisor's page): it translates
	 * nothing, and is somebody's all the same.
	 */
	uint8_t perms;
	uint8_t next_level; /* table: level of the table it leads to, lower than its own */
	uint8_t size_lg2;   /* leaf: bytes it translates, as a power of two */
	qt_phys output;     /* table: address of the next table; leaf: first byte translated to */
};

struct qt_geometry;

/*
 * A table format. decode takes a run of entries at a time, so that walking costs
 * one indirect call per run and not per entry.
 */
struct qt_format {
	const char *name;
	/*
	 * Bits of an entry that hardware sets by itself when it uses it: accessed and
	 * dirty flags. They are below bit 32.
	 */
	uint32_t hardware_bits;
	/*
	 * Address bits of leaves that stand for themselves: two leaves of one level that differ
	 * in nothing else, and not in bits below their size, translate alike but for these.
	 */
	uint64_t address_bits;
	/* Decodes n raw entries of a table at `level`. Never fails: what is wrong is QT_ENTRY_BAD.
	 * 0 is empty in every format.
	 */
	void (*decode)(const struct qt_geometry *geometry, unsigned level, const uint64_t *raw,
		unsigned n, struct qt_entry *entries);
	/* An entry at `level` that leads to the table at `next`, one level down, read-write. */
	uint64_t (*make_table)(const struct qt_geometry *geometry, unsigned level, qt_phys next);
	/* A read-write leaf at `level` for `output`, aligned to the size of that level. */
	uint64_t (*make_leaf)(const struct qt_geometry *geometry, unsigned level, qt_phys output);
	/*
	 * The same for registers instead of memory, as devices' messages are sent to.
	 * NULL: leaves do not tell the two apart.
	 */
	uint64_t (*make_device_leaf)(
		const struct qt_geometry *geometry, unsigned level, qt_phys output);
	/*
	 * The leaf at piece_level that translates what comes `offset` bytes into the
	 * leaf `raw` at `level`, as that does: same permissions and attributes.
	 * piece_level is level - 1, or level where a leaf can take up several slots.
	 */
	uint64_t (*make_piece)(const struct qt_geometry *geometry, unsigned level, uint64_t raw,
		unsigned piece_level, uint64_t offset);
	/*
	 * A leaf made by make_leaf with these permissions instead, 0 if there is none
	 * such. NULL: only read-write leaves can be made.
	 */
	uint64_t (*with_perms)(
		const struct qt_geometry *geometry, unsigned level, uint64_t leaf, unsigned perms);
};

/* The shape of one table tree, and what its hardware can do. */
struct qt_geometry {
	const struct qt_format *format;
	uint8_t levels;      /* 1 to QT_LEVELS_MAX */
	uint8_t granule_lg2; /* bytes of the smallest leaf: 12, 14 or 16 */
	uint8_t index_lg2;   /* entries per table: 9 for 4 KiB tables of 8-byte entries */
	uint8_t leaf_level;  /* highest level at which new leaves may be made */
	uint8_t input_bits;  /* width of an IOVA where hardware takes fewer bits than the levels
				span;  0: as many as they span */
	uint8_t output_bits; /* width of a physical address; higher bits are reserved */
	uint8_t levels_max;  /* levels that a table can grow to on top; 0: it cannot grow */
	uint8_t denied;      /* enum qt_perm: what the requester's entry takes from every leaf */
	uint8_t root_lg2;    /* the root is so many tables in a row, as a power of two */
	uint8_t memory;      /* what leaves made for memory say of it, where the format has that */
	uint8_t device_memory; /* the same of leaves made for registers */
	bool coherent;         /* table walks snoop the CPU's caches */
	bool sign_extended;    /* bits above the span repeat its highest bit, as in CPUs' tables */
	bool accessed_dirty;   /* hardware sets the format's hardware_bits in entries it uses */
	/*
	 * A leaf cannot be exchanged for a table that translates the same, nor the table for
	 * the leaf, in one store: hardware wants nothing there between the two ("break before
	 * make"). What is one leaf stays one.
	 */
	bool break_before_make;
};

/* Size in bytes that one entry at `level` spans. Level may be 0 to levels. */
static inline unsigned qt_level_lg2(const struct qt_geometry *g, unsigned level)
{
	return g->granule_lg2 + level * g->index_lg2;
}

/* Entries of a table. The root may have fewer, see input_bits. */
static inline unsigned qt_table_entries(const struct qt_geometry *g, unsigned level)
{
	return 1u << (g->index_lg2 + (level + 1u == g->levels ? g->root_lg2 : 0u));
}

/* One tree of tables: a domain's translations. */
struct qt_table {
	struct qt_geometry geometry;
	qt_phys root;
};

/* What the walker may read, and how long it may go on. */
struct qt_reader {
	const struct qt_host *host;
	const struct qt_ranges *ram;  /* dead kernel's RAM: pointers elsewhere are not followed */
	const struct qt_arena *arena; /* our own tables; may be NULL */
	const struct qt_pages *pages; /* more of them; may be NULL */
	uint64_t reads_left;          /* calls of qt_reader_words still allowed */
	uint64_t deadline_us;         /* host clock; 0: none */
};

/* Where a walk met something wrong; for the report. */
struct qt_table_fault {
	qt_iova iova;
	qt_phys entry; /* address of the entry */
	uint64_t raw;  /* its value */
	uint8_t level;
};

/* A piece of a translation. */
struct qt_mapping {
	qt_iova iova;
	qt_phys phys;
	uint64_t size;
	uint8_t perms;  /* enum qt_perm, all levels' permissions combined; 0: see qt_scan */
	bool elsewhere; /* of a scan: leads to no output that matters, phys means nothing */
};

/*
 * Reads 8-byte-aligned words of a table, from RAM, the arena or pages only.
 * Errors: QT_E_OUTSIDE, QT_E_IO, QT_E_LIMIT (budget used up or deadline passed).
 */
int qt_reader_words(struct qt_reader *reader, qt_phys at, uint64_t *words, unsigned n);

/*
 * Looks one address up. On success *mapping is the whole leaf that holds `iova`.
 * QT_E_NOTFOUND: it translates to nothing. QT_E_BAD, QT_E_OUTSIDE, QT_E_LIMIT,
 * QT_E_IO: *fault (may be NULL) says where.
 */
int qt_lookup(struct qt_reader *reader, const struct qt_table *table, qt_iova iova,
	struct qt_mapping *mapping, struct qt_table_fault *fault);

/*
 * Calls visit for everything that translates in `window` (clipped to what the
 * table spans), in ascending order, neighbours that continue one another joined,
 * pieces cut to the window. A visit that returns non-zero ends the scan with
 * that value. NULL for visit: QT_E_BUSY at the first entry that would have been visited.
 *
 * Where it leads matters only in `outputs` (NULL: everywhere). What leads to none of
 * them is `elsewhere`, and joined by its IOVAs alone: that makes a scan about as fast as
 * memory can be read.
 *
 * QT_E_BAD: the scan is complete, but passed over entries that hardware refuses;
 * *fault (may be NULL) is the first. QT_E_OUTSIDE, QT_E_LIMIT (a loop, too), and
 * QT_E_IO: it ended early, *fault says where, and what lies behind is not known.
 *
 * What an entry takes that is not for devices (qt_entry.perms of 0) is visited as
 * well, `elsewhere` with perms 0: a table's whole span, without going into it.
 */
int qt_scan(struct qt_reader *reader, const struct qt_table *table, struct qt_range window,
	const struct qt_ranges *outputs,
	int (*visit)(void *context, const struct qt_mapping *mapping), void *context,
	struct qt_table_fault *fault);

/* Outputs for scans to which it does not matter where anything leads. */
extern const struct qt_ranges qt_nowhere;

/* First address past what the table spans; UINT64_MAX where that is 2^64. */
uint64_t qt_table_span(const struct qt_table *table);

/* First address past what can be mapped one to one: the lower half where addresses are
 * sign-extended. */
uint64_t qt_table_reach(const struct qt_table *table);

/*
 * The capture subtree: tables that map ranges one to one, read-write, made in
 * the arena when first wanted and then shared by every domain of the same shape.
 */
struct qt_capture_page;
struct qt_capture {
	struct qt_arena *arena;
	const struct qt_host *host;
	const struct qt_ranges *ranges;   /* what to map, granule-aligned */
	const struct qt_ranges *optional; /* of that, where parts of granules are left out */
	const struct qt_ranges *devices;  /* of that, what is no memory; both NULL: nothing */
	struct qt_geometry geometry;      /* levels does not matter here */
	struct qt_capture_page *pages;    /* made so far; in the arena */
	struct qt_capture_page *spare;    /* room for more of them */
	size_t spares;
};

/*
 * The entry that belongs at `level` for the slot that starts at `base` (aligned
 * to the slot): a leaf where the whole slot is in the ranges and the hardware
 * takes a leaf there, an entry that leads to a shared table where part of it is,
 * 0 where none is. The tables it leads to are complete and written back.
 * QT_E_NOMEM; QT_E_INVAL: what must be mapped is not in whole granules.
 */
int qt_capture_entry(struct qt_capture *capture, unsigned level, uint64_t base, uint64_t *entry);

/*
 * Address of the shared table at `level` for the range of addresses that starts
 * at `base`: with levels - 1 and 0, the root of a domain that has the capture
 * mapping and nothing else. QT_E_NOMEM, QT_E_INVAL as above.
 */
int qt_capture_table(struct qt_capture *capture, unsigned level, uint64_t base, qt_phys *table);

/*
 * Puts a level on top of `table`: `page`, zeroed and at `at`, gets one entry, which
 * leads to what was the root. Nothing leads to the page yet.
 */
void qt_table_add_level(
	const struct qt_host *host, struct qt_table *table, uint64_t *page, qt_phys at);

/*
 * Makes a table of `levels` levels whose first entry leads to `table`, in the
 * arena; its other entries are empty. Nothing leads to it yet. QT_E_INVAL if
 * that is not more levels than it has or than it can grow to, QT_E_NOMEM.
 */
int qt_table_grow(struct qt_arena *arena, const struct qt_host *host, const struct qt_table *table,
	unsigned levels, struct qt_table *grown);

/* One foreign word to change. */
struct qt_store {
	qt_phys at;
	uint64_t before;
	uint64_t after;
	uint32_t hardware_bits; /* of before: hardware may set them at any time */
};

/*
 * Finds the stores that give `table` the capture mapping of `range`, and hands
 * each to `add` in an order in which they can be made one by one. Changes
 * nothing itself. An entry that translates is never among them; an entry whose
 * whole subtree translates nothing may be.
 *
 * QT_E_BUSY: something else translates there, or the way down does not allow
 * read and write; nothing that was handed to `add` may then be used. With
 * `partial` what is in the way is left out instead, and so are parts of granules at
 * the range's ends. Other errors as qt_lookup's,
 * qt_capture_entry's and add's.
 */
int qt_install(struct qt_reader *reader, const struct qt_table *table, struct qt_capture *capture,
	struct qt_range range, bool partial,
	int (*add)(void *context, const struct qt_store *store), void *context,
	struct qt_table_fault *fault);

/*
 * Finds the stores that take every leaf out of `table` of which a part leads into
 * `outputs`, unless it maps one to one, and hands each to `add`. Whole leaves
 * only: what else a large one translates goes with it. Changes nothing itself.
 * Errors as qt_scan's and add's.
 */
int qt_cut(struct qt_reader *reader, const struct qt_table *table, const struct qt_ranges *outputs,
	int (*add)(void *context, const struct qt_store *store), void *context,
	struct qt_table_fault *fault);

/* Formats. Sources are cited where they are defined, core/format/. */
extern const struct qt_format qt_format_vtd_second_stage;
extern const struct qt_format qt_format_x86_64_first_stage;
extern const struct qt_format qt_format_amd_v1;
extern const struct qt_format qt_format_vmsav8_64; /* stage 1 */
extern const struct qt_format qt_format_vmsav8_64_stage2;

#endif
