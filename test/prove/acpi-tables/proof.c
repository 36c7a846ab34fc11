/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tables that core/firmware reads itself: any content, in memory of exactly the length
 * that qt_acpi_table gives (proof `acpi`).
 *
 * Bounds: three lengths of each table; a list of LIST_MAX ECAM windows. What is left out:
 * loops over more entries of the same, and lengths that end elsewhere.
 */
#include <quietus/pci.h>

#include "../prove.h"

#define LIST_MAX 2u

/* Three lengths each: with an entry cut off, with whole ones, and with some bytes over. */
#define mcfg_LENGTHS   92, 55, 76
#define fadt_LENGTHS   244, 115, 219
#define madt_LENGTHS   60, 43, 51
#define LENGTHS_OF(it) it##_LENGTHS
#define LENGTHS(it)    LENGTHS_OF(it)

int qt_acpi_table(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	unsigned instance, const uint8_t **table, size_t *len)
{
	const size_t lengths[] = {LENGTHS(VARIANT)};

	(void)acpi;
	(void)signature;
	(void)instance;
	return any_table(lengths, QT_ARRAY_SIZE(lengths), arena, table, len);
}

int qt_ranges_add(struct qt_ranges *set, uint64_t start, uint64_t end)
{
	return any_ranges_add(set, start, end);
}

static struct qt_arena arena;

static bool same_place(const struct qt_ecam *a, const struct qt_ecam *b)
{
	return a->segment == b->segment && a->first_bus <= b->last_bus &&
	       b->first_bus <= a->last_bus;
}

static void mcfg(void)
{
	struct qt_ecam list[LIST_MAX];
	size_t count = LIST_MAX;
	qt_rid rid = nondet_u32();
	qt_phys at;

	if (qt_acpi_mcfg(NULL, &arena, list, &count) != QT_OK)
		return;
	CHECK(count > 0 && count <= LIST_MAX, "what is in the list");
	CHECK(count < 2 || !same_place(&list[0], &list[1]), "a bus is in one window only");
	if (qt_ecam_address(list, count, rid, &at) == QT_OK)
		CHECK((at & 0xfffff) == (uint64_t)(rid & 0xff) << 12, "address of a function");
}

static void fadt(void)
{
	struct qt_pm_timer timer;

	if (qt_acpi_pm_timer(NULL, &arena, &timer) == QT_OK)
		CHECK(timer.address != 0 &&
				(timer.is_port ? timer.address <= 0xfffc : timer.address % 4 == 0),
			"a timer that can be read");
}

static void madt(void)
{
	size_t used = nondet_size();
	struct qt_ranges doorbells;

	arena.used = used;
	qt_acpi_doorbells(NULL, &arena, &doorbells);
	CHECK(arena.used == used, "the table's memory is given back");
}

int main(void)
{
	VARIANT();
	return 0;
}
