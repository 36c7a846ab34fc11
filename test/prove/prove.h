/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the harnesses share: a world of which nothing is known. Every function of a
 * harness's host may be called with anything the interface allows, is checked to be, and
 * answers anything, each time anew.
 */
#ifndef PROVE_H
#define PROVE_H

#include <quietus/arena.h>
#include <quietus/host.h>
#include <quietus/memory.h>
#include <quietus/range.h>

/* CBMC takes functions of such a name to return any value. */
bool nondet_bool(void);
uint8_t nondet_u8(void);
uint16_t nondet_u16(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
size_t nondet_size(void);

#define CHECK(condition, what) __CPROVER_assert(condition, what)
#define ASSUME(condition)      __CPROVER_assume(condition)

/* Memory of exactly `size` bytes, which hold anything: one byte further is out of bounds. */
static inline void *any_memory(size_t size)
{
	void *memory = __CPROVER_allocate(size, false);

	__CPROVER_havoc_object(memory);
	return memory;
}

/* For qt_ranges_add, of which `ranges` proves the rest, where a set only takes what is found. */
static inline int any_ranges_add(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	(void)set;
	CHECK(start < end, "a range that is added");
	return nondet_bool() ? QT_OK : QT_E_NOMEM;
}

/* One of the 16 lowest addresses or of the 16 highest. */
static inline uint64_t extreme_address(void)
{
	uint64_t address = nondet_u8() & 0x1f;

	return address < 16 ? address : address | ~0xfull;
}

/*
 * memmove as lists of ranges want it, up to `most` of them: CBMC's own is slow where
 * the length is not a constant.
 */
static inline void *move_ranges(void *to, const void *from, size_t len, size_t most)
{
	struct qt_range *target = to;
	const struct qt_range *source = from;
	size_t count = len / sizeof(*target);

	CHECK(len % sizeof(*target) == 0 && count <= most, "ranges that are moved");
	CHECK(len == 0 || __CPROVER_w_ok(to, len), "moved past the list");
	CHECK(len == 0 || __CPROVER_r_ok(from, len), "moved from past the list");
	for (size_t i = 0; i < most; i++) {
		size_t at = target < source ? i : most - 1 - i;

		if (at < count)
			target[at] = source[at];
	}
	return to;
}

/* host.read: also leaves anything behind when it fails. */
static inline int any_read(void *context, qt_phys at, void *buffer, size_t len)
{
	(void)context;
	CHECK(len > 0 && at <= UINT64_MAX - (len - 1), "host: read wraps around");
	CHECK(__CPROVER_w_ok(buffer, len), "host: read past the buffer");
	__CPROVER_havoc_slice(buffer, len);
	return nondet_bool() ? QT_OK : nondet_bool() ? QT_E_OUTSIDE : QT_E_IO;
}

/* Any content, in memory of exactly one of `count` lengths. */
static inline const uint8_t *any_bytes(const size_t *lengths, unsigned count, size_t *len)
{
	const uint8_t *bytes = NULL;
	unsigned which = nondet_u8();

	ASSUME(which < count);
	for (unsigned i = 0; i < count; i++)
		if (i == which) {
			bytes = any_memory(lengths[i]);
			*len = lengths[i];
		}
	return bytes;
}

/* For qt_acpi_table, which `acpi` proves: such a table, or none. */
static inline int any_table(const size_t *lengths, unsigned count, struct qt_arena *arena,
	const uint8_t **table, size_t *len)
{
	if (nondet_bool())
		return nondet_bool() ? QT_E_NOTFOUND : QT_E_BAD;
	arena->used = nondet_size();
	*table = any_bytes(lengths, count, len);
	return QT_OK;
}

/* host.pci_read */
static inline uint32_t any_pci_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	uint32_t value = nondet_u32();

	(void)context;
	(void)rid;
	CHECK(width == 1 || width == 2 || width == 4, "host: width of a PCI read");
	CHECK(offset < 4096 && (offset & (width - 1)) == 0, "host: offset of a PCI read");
	return width == 4 ? value : value & ((1u << 8 * width) - 1);
}

#endif
