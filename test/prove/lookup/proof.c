/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Looking one address up in tables of any format, full size: memory answers anything,
 * another thing each time, loops and all.
 *
 * Bounds: tables of LEVELS levels. What is left out: deeper ones, walked the same way. RAM is
 * one range.
 */
#include <quietus/table.h>

#include "../prove.h"

#define FORMAT_OF(name) qt_format_##name
#define FORMAT(name)    FORMAT_OF(name)

#define LEVELS 3u

static struct qt_range ram_range;
static const struct qt_ranges ram = {&ram_range, 1, 1};
static unsigned reads;

bool qt_ranges_contain(const struct qt_ranges *set, uint64_t start, uint64_t end)
{
	CHECK(set == &ram && start < end, "a range that is asked for");
	return ram_range.start <= start && end <= ram_range.end;
}

static int read_table(void *context, qt_phys at, void *buffer, size_t len)
{
	CHECK(at % 8 == 0 && len == 8, "one entry is read");
	CHECK(at >= ram_range.start && at + len <= ram_range.end, "only RAM is read");
	reads++;
	return any_read(context, at, buffer, len);
}

int main(void)
{
	const struct qt_host host = {.read = read_table};
	struct qt_reader reader = {.host = &host, .ram = &ram, .reads_left = nondet_u64()};
	struct qt_table table = {
		.geometry = {.format = &FORMAT(VARIANT),
			.levels = LEVELS,
			.granule_lg2 = 12,
			.index_lg2 = 9,
			.leaf_level = 2,
			.input_bits = nondet_u8(),
			.output_bits = 52,
			.denied = nondet_u8() & QT_RW,
			.sign_extended = nondet_bool(),
			.accessed_dirty = nondet_bool()},
		.root = nondet_u64(),
	};
	qt_iova iova = nondet_u64();
	struct qt_mapping mapping;
	struct qt_table_fault fault;

	ASSUME(table.geometry.input_bits <= 64);
	ram_range = (struct qt_range){nondet_u64(), nondet_u64()};
	if (qt_lookup(&reader, &table, iova, &mapping, &fault) == QT_OK) {
		CHECK(mapping.size >= 4096 && iova - mapping.iova < mapping.size,
			"a leaf that holds it");
		CHECK((mapping.iova & (mapping.size - 1)) == 0 &&
				(mapping.phys & (mapping.size - 1)) == 0,
			"a leaf that is aligned");
		CHECK(mapping.perms != 0 && !(mapping.perms & table.geometry.denied),
			"permissions that a device can have");
		CHECK(iova < qt_table_span(&table) || qt_table_span(&table) == UINT64_MAX,
			"an address that the tables span");
	}
	CHECK(reads <= table.geometry.levels, "one read for each level at the most");
	return 0;
}
