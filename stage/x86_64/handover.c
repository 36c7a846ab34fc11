// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * boot_params for the capture kernel: the stage's memory reserved, before
 * anything is committed; its command line and the report at the end, in the order
 * of what it can do least without. Every step can be done twice, should an
 * exception end the first attempt.
 */
#include "entry.h"
#include "setup_data.h"
#include "setup_header.h"
#include "stage.h"

static qt_phys address_of(const void *at)
{
	return (qt_phys)(uintptr_t)at; /* the stage is mapped one to one */
}

static void put_back(struct stage *s)
{
	physical_write(&s->physical, s->boot_params_at, s->boot, sizeof(s->boot));
}

static void hand_over_command_line(struct stage *s)
{
	if (settle_command_line(&s->settle))
		setup_header_set_command_line(s->boot, address_of(s->settle.final_command_line));
}

static void hand_over_tables(struct stage *s)
{
	if (s->settle.rsdp)
		boot_set64(s->boot, BP_ACPI_RSDP, s->settle.rsdp);
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
	int error = e820_reserve(s->boot, &s->physical, s->settle.stage,
		exact ? NULL : s->e820_node, address_of(s->e820_node));

	return exact ? 0 : error;
}

static struct qt_report_header measured(struct stage *s)
{
	return (struct qt_report_header){
		.stage_version = QT_VERSION,
		.exception = s->exception,
		.exception_ip = s->exception_ip,
		.phase = s->settle.phase,
		.nmis = nmi_count,
		.stage_us = clock_now_us(&s->clock),
		.memory_used = s->header->arena_offset + s->settle.arena.used,
		.memory_size = QT_STAGE_MEMORY_SIZE,
		.clock_hz = s->clock.hz,
		.clock_source = s->clock.source,
	};
}

static void publish_report(struct stage *s)
{
	struct qt_report_header header = measured(s);
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
	setup_data_prepend(s->boot, node, address_of(node), QT_SETUP_DATA_TYPE, (uint32_t)size);
}

void hand_over(struct stage *s)
{
	if (!s->boot_valid)
		return;
	settle_conclude(&s->settle, clock_now_us(&s->clock));
	hand_over_command_line(s);
	hand_over_tables(s);
	put_back(s);
	publish_report(s);
	put_back(s);
}
