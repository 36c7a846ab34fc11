/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flattened device tree: its header, and its items one by one. Each item that is
 * read moves the reader forward, which is why every walk ends.
 *
 * Bounds: a blob of SIZE bytes, all of them anything. What is left out: longer strings and
 * values. Nodes' addresses (qt_dt_reg) are left to test/unit and the fuzzer.
 */
#include <quietus/device_tree.h>

#include "../prove.h"

/* A header, and a memory reservation or a few items. */
#define opening_SIZE  64u
#define items_SIZE    52u
#define SIZE_OF(name) name##_SIZE
#define SIZE_FOR(it)  SIZE_OF(it)
#define SIZE          SIZE_FOR(VARIANT)

static uint8_t blob[SIZE];

/* What qt_dt_open leaves, and the others rely on. */
static bool is_open(const struct qt_dt *dt, size_t size)
{
	return dt->data == blob && dt->structure % 4 == 0 && dt->structure >= QT_DT_HEADER_SIZE &&
	       dt->strings >= QT_DT_HEADER_SIZE && dt->structure <= dt->structure_end &&
	       dt->structure_end <= size && dt->strings <= dt->strings_end &&
	       dt->strings_end <= size;
}

static struct qt_dt any_dt(void)
{
	struct qt_dt dt = {.data = blob,
		.structure = nondet_u8(),
		.structure_end = nondet_u8(),
		.strings = nondet_u8(),
		.strings_end = nondet_u8()};

	ASSUME(is_open(&dt, SIZE));
	return dt;
}

static void opening(void)
{
	size_t size = nondet_size();
	struct qt_dt dt;

	ASSUME(size <= SIZE);
	if (qt_dt_open(&dt, blob, size) != QT_OK)
		return;
	CHECK(is_open(&dt, size), "what is open");
	CHECK(dt.reservations <= dt.reservations_end && dt.reservations_end <= size - 16,
		"memory reservations");
}

static void items(void)
{
	struct qt_dt dt = any_dt();
	uint32_t at = nondet_u32(), before = at;
	struct qt_dt_item item;

	ASSUME(at >= dt.structure);
	if (qt_dt_next(&dt, &at, &item) != QT_OK)
		return;
	CHECK(at > before && at % 4 == 0, "every item moves forward");
	CHECK(before <= dt.structure_end - 4, "no item begins behind the structure");
	if (item.token == QT_DT_PROPERTY)
		CHECK(__CPROVER_r_ok(item.value, item.len) &&
				item.value + item.len <= blob + dt.structure_end,
			"a property's value");
	if (item.token == QT_DT_PROPERTY || item.token == QT_DT_BEGIN_NODE)
		CHECK(item.name >= (char *)blob && item.name < (char *)blob + SIZE, "a name");
}

int main(void)
{
	__CPROVER_havoc_object(blob);
	VARIANT();
	return 0;
}
