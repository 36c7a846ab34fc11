// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * boot_params for the capture kernel: the stage's memory reserved, before
 * anything is committed; its command line and the report at the end, in the order
 * of what it can do least without. Every step can be done twice, should an
 * exception end the first attempt.
 */
#include "../common/stage.h"
#include "entry.h"
#include "setup_data.h"
#include "setup_header.h"

static qt_phys address_of(const void *at)
{
	return (qt_phys)(uintptr_t)at; /* the stage is mapped one to one */
}

static void put_back(struct stage *s)
{
	physical_write(&s->physical, s->boot.params_at, s->boot.copy, sizeof(s->boot.copy));
}

static void hand_over_command_line(struct stage *s)
{
	if (settle_command_line(&s->settle))
		setup_header_set_command_line(
			s->boot.copy, address_of(s->settle.final_command_line));
}

static void hand_over_tables(struct stage *s)
{
	if (s->settle.rsdp)
		boot_set64(s->boot.copy, BP_ACPI_RSDP, s->settle.rsdp);
}

/*
 * A kernel that takes its map from the command line is told of the stage there,
 * which is checked before a commit; it still looks at the table when it picks its
 * place at random. A node inside what the command line reserves would make it
 * forget that part of the reservation, so there it gets none.
 */
int reserve_memory(struct stage *s)
{
	bool exact = s->settle.always != NULL;
	int error = e820_reserve(s->boot.copy, &s->physical, s->settle.stage,
		exact ? NULL : s->boot.e820_node, address_of(s->boot.e820_node));

	return exact ? 0 : error;
}

static void publish_report(struct stage *s)
{
	struct qt_report_header header = stage_measured(s, nmi_count);
	uint8_t *report, *node;
	size_t size;

	_Static_assert(REPORT_HEAD == SETUP_DATA_HEADER_SIZE, "the node's header precedes it");
	if (s->reported)
		return;
	s->reported = true; /* at once: the journal is moved, and cannot be written twice */
	report = settle_report(&s->settle, &header, &size);
	if (!report)
		return;
	node = report - SETUP_DATA_HEADER_SIZE;
	setup_data_prepend(
		s->boot.copy, node, address_of(node), QT_SETUP_DATA_TYPE, (uint32_t)size);
}

void hand_over(struct stage *s)
{
	if (!s->boot.copied)
		return;
	settle_conclude(&s->settle, clock_now_us(&s->clock));
	hand_over_command_line(s);
	hand_over_tables(s);
	put_back(s);
	publish_report(s);
	put_back(s);
}
