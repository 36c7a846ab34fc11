// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The device tree for the capture kernel: the stage's memory reserved, before
 * anything is committed; its command line, what is left out, and the report at the
 * end, in the order of what it can do least without. Every step can be done twice,
 * should an exception end the first attempt.
 */
#include "../common/stage.h"
#include "entry.h"

/* Writes the tree to `to`, and makes it the one that is handed on. */
static int hand_on(struct stage *s, const struct tree_edit *edit, uint8_t *to, size_t capacity)
{
	size_t size;
	int error = tree_write(&s->boot.tree, edit, to, capacity, &size);

	if (!error)
		entry_state.registers[0] = (uint64_t)(uintptr_t)to; /* mapped one to one */
	return error;
}

static void set_be(uint8_t *to, size_t size, uint64_t value)
{
	while (size--) {
		to[size] = (uint8_t)value;
		value >>= 8;
	}
}

/* A memory map in which ACPI tables can be where the stage is. */
static int make_map(struct stage *s)
{
	struct boot *boot = &s->boot;
	size_t room = firmware_map_room(&boot->map);
	int error;

	if (!boot->acpi)
		return QT_OK;
	boot->map_out = qt_alloc(&s->settle.arena, room, 8);
	if (!boot->map_out)
		return QT_E_NOMEM;
	error = firmware_map_copy(
		&s->physical, &boot->map, s->settle.stage, boot->map_out, room, &boot->map_size);
	set_be(boot->map_at, sizeof(boot->map_at), (uint64_t)(uintptr_t)boot->map_out);
	set_be(boot->map_bytes, sizeof(boot->map_bytes), boot->map_size);
	return error;
}

static void edit_tree(struct stage *s, struct tree_edit *edit)
{
	const char *line = s->settle.final_command_line;
	size_t len = 0;

	if (!settle_command_line(&s->settle))
		return;
	while (line[len++])
		;
	tree_set(edit, "bootargs", line, len);
	edit->hide = s->settle.hide_nodes;
	if (!s->settle.rsdp)
		return;
	tree_set(edit, "linux,uefi-mmap-start", s->boot.map_at, sizeof(s->boot.map_at));
	tree_set(edit, "linux,uefi-mmap-size", s->boot.map_bytes, sizeof(s->boot.map_bytes));
}

/* There is room for the longest command line, so that nothing can fail at the end. */
int reserve_memory(struct stage *s)
{
	struct tree_edit edit = {.reserve = s->settle.stage}, most = {0};
	int error = make_map(s);

	tree_set(&most, "bootargs", NULL, COMMAND_LINE_SIZE);
	tree_set(&most, "linux,uefi-mmap-start", NULL, sizeof(s->boot.map_at));
	tree_set(&most, "linux,uefi-mmap-size", NULL, sizeof(s->boot.map_bytes));
	s->boot.tree_capacity = tree_size_max(s->boot.tree_size, &most);
	s->boot.tree_out = qt_alloc(&s->settle.arena, s->boot.tree_capacity, 8);
	if (!s->boot.tree_out)
		return QT_E_NOMEM;
	if (!error)
		error = hand_on(s, &edit, s->boot.tree_out, s->boot.tree_capacity);
	return error;
}

/* Into another copy of the tree: the first one stays good until this one is whole. */
static void publish_report(struct stage *s, struct tree_edit *edit)
{
	struct qt_report_header header = stage_measured(s, 0);
	size_t capacity, size;
	const uint8_t *report;
	uint8_t *to;

	if (s->reported)
		return;
	s->reported = true; /* at once: the journal is moved, and cannot be written twice */
	report = settle_report(&s->settle, &header, &size);
	if (!report)
		return;
	tree_set(edit, TREE_REPORT, report, size);
	capacity = tree_size_max(s->boot.tree_size, edit);
	to = qt_alloc(&s->settle.arena, capacity, 8);
	if (to)
		hand_on(s, edit, to, capacity);
}

void hand_over(struct stage *s)
{
	struct tree_edit edit = {.reserve = s->settle.stage};

	if (!s->boot.tree_out)
		return;
	settle_conclude(&s->settle, clock_now_us(&s->clock));
	edit_tree(s, &edit);
	hand_on(s, &edit, s->boot.tree_out, s->boot.tree_capacity);
	publish_report(s, &edit);
}
