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

/* There is room for the longest command line, so that nothing can fail at the end. */
int reserve_memory(struct stage *s)
{
	struct tree_edit edit = {.reserve = s->settle.stage};

	s->boot.tree_capacity = tree_size_max(s->boot.tree_size, &edit) + COMMAND_LINE_SIZE;
	s->boot.tree_out = qt_alloc(&s->settle.arena, s->boot.tree_capacity, 8);
	if (!s->boot.tree_out)
		return QT_E_NOMEM;
	return hand_on(s, &edit, s->boot.tree_out, s->boot.tree_capacity);
}

/* Into another copy of the tree: the first one stays good until this one is whole. */
static void publish_report(struct stage *s, struct tree_edit *edit)
{
	struct qt_report_header header = stage_measured(s, 0);
	size_t capacity;
	uint8_t *to;

	if (s->reported)
		return;
	s->reported = true; /* at once: the journal is moved, and cannot be written twice */
	edit->report = settle_report(&s->settle, &header, &edit->report_size);
	if (!edit->report)
		return;
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
	if (settle_command_line(&s->settle)) {
		edit.command_line = s->settle.final_command_line;
		edit.hide = s->settle.hide_nodes;
	}
	hand_on(s, &edit, s->boot.tree_out, s->boot.tree_capacity);
	publish_report(s, &edit);
}
