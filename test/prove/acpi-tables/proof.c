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
#define LENGTHS_OF(it) it##_LENGTHS
#define LENGTHS(it)    LENGTHS_OF(it)

int qt_acpi_table(const struct qt_acpi *acpi, struct qt_arena *arena, const char signature[4],
	unsigned instance, const uint8_t **table, size_t *len)
{
	const size_t lengths[] = {LENGTHS(VARIANT)};
	unsigned which = nondet_u8();

	(void)acpi;
	(void)signature;
	(void)instance;
	if (nondet_bool())
		return nondet_bool() ? QT_E_NOTFOUND : QT_E_BAD;
	ASSUME(which < QT_ARRAY_SIZE(lengths));
	arena->used = nondet_size();
	for (unsigned i = 0; i < QT_ARRAY_SIZE(lengths); i++)
		if (i == which) {
			*table = any_memory(lengths[i]);
			*len = lengths[i];
		}
	return QT_OK;
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

int main(void)
{
	VARIANT();
	return 0;
}
