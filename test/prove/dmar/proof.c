/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DMAR: any content, in memory of exactly the length that qt_acpi_table gives (proof
 * `acpi`). First which structures are found in the table, then what is made of one.
 *
 * Bounds: LENGTHS of the table, and of one structure. What is left out: loops over more of
 * the same.
 */
#include "../../../core/unit/vtd/vtd.h"

/* Some structures; less than the header. */
#define LENGTHS 80, 47

#include "../discover.h"

struct structure;
static int found_structure(
	struct qt_machine *to, unsigned type, struct structure *s, unsigned width);

#include "../../../core/unit/vtd/discover.c"

static void any_log(void *context, const char *line)
{
	(void)context;
	CHECK(line != NULL, "a line");
}

static struct qt_arena arena;
static const struct qt_host host = {.log = any_log};
static struct qt_machine machine = {.host = &host, .arena = &arena};

int qt_discover_unit(struct qt_machine *to, const struct qt_unit *unit)
{
	CHECK((unit->registers & 0xfff) == 0, "registers are whole pages");
	to->unit_count = 1;
	return any_result();
}

/* Any function at all may be on a path, or none, and after two there is none. */
const struct qt_pci_function *qt_pci_find(const struct qt_pci *pci, qt_rid rid)
{
	static struct qt_pci_function function;
	static unsigned found;

	(void)pci;
	(void)rid;
	function.flags = nondet_u32();
	function.secondary = nondet_u8();
	return found++ < 2 && nondet_bool() ? &function : NULL;
}

static int found_structure(
	struct qt_machine *to, unsigned type, struct structure *s, unsigned width)
{
	(void)type;
	CHECK(to == &machine && width >= 32 && width <= 52, "width of an address");
	CHECK(s->len >= 4 && __CPROVER_r_ok(s->at, s->len), "a structure inside the table");
	return any_result();
}

static void table(void)
{
	vtd_discover(&machine);
}

static void structure(void)
{
	/* With some scopes; too short for most types. */
	const size_t lengths[] = {40, 15};
	struct structure s;

	s.at = any_bytes(lengths, QT_ARRAY_SIZE(lengths), &s.len);
	add_structure(&machine, nondet_u16(), &s, 48);
}

int main(void)
{
	VARIANT();
	return 0;
}
