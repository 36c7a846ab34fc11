// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Stops all that is wanted, at once. Functions that must be reset through the
 * bridge above them have it reset once for all of them; the others are reset by
 * themselves, unless that bridge does it anyway.
 */
#include "stop.h"

#include "function.h"
#include "waits.h"

static int save(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];

	if (target->saved.list)
		return QT_OK;
	return qt_save(stop->host, &stop->pci->functions[index], stop->arena, &target->saved);
}

static int guard_above(struct qt_stop *stop, size_t index)
{
	for (int32_t i = stop->pci->functions[index].parent; i >= 0;
		i = stop->pci->functions[i].parent) {
		int error = save(stop, (size_t)i);

		if (error)
			return error;
		if (!stop->targets[i].guarded)
			qt_guard(stop->host, &stop->pci->functions[i]);
		stop->targets[i].guarded = true;
	}
	return QT_OK;
}

int qt_stop_keep(struct qt_stop *stop, size_t index)
{
	int error = save(stop, index);

	if (!error)
		error = guard_above(stop, index);
	if (error)
		stop->error = error;
	return error;
}

void qt_stop_finish(struct qt_stop *stop, size_t index, enum qt_stop_result result)
{
	struct target *target = &stop->targets[index];

	stop->resets[index].result = (uint8_t)result;
	stop->resets[index].us = (uint32_t)(stop->now_us - target->began_us);
	target->step = STEP_DONE;
	if (stop->pci->functions[index].flags & QT_PCI_BRIDGE && result != QT_STOP_QUIET)
		target->bus = BUS_DEAD;
}

/* The topmost bridge above whose bus is about to be reset, or -1. */
static int32_t carrier_of(const struct qt_stop *stop, size_t index)
{
	int32_t carrier = -1;

	for (int32_t i = stop->pci->functions[index].parent; i >= 0;
		i = stop->pci->functions[i].parent) {
		if (stop->targets[i].bus == BUS_BEGIN)
			carrier = i;
	}
	return carrier;
}

static void want_bus(struct qt_stop *stop, size_t index)
{
	struct target *bridge = &stop->targets[stop->resets[index].bridge];

	bridge->bus = BUS_BEGIN;
	bridge->bus_method =
		stop->resets[index].methods & 1u << QT_RESET_SLOT ? QT_RESET_SLOT : QT_RESET_BUS;
}

void qt_stop_by_bus(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];
	int32_t bridge = stop->resets[index].bridge;

	if (carrier_of(stop, index) < 0 && stop->targets[bridge].bus != BUS_DEAD)
		want_bus(stop, index);
	target->carrier = carrier_of(stop, index);
	target->step = STEP_HELD;
}

static bool is_to_be_stopped(const struct qt_reset *reset)
{
	return reset->wanted && reset->methods;
}

/* Buses to be reset, each within no other. */
static void choose_buses(struct qt_stop *stop)
{
	for (size_t i = 0; i < stop->pci->count; i++) {
		if (is_to_be_stopped(&stop->resets[i]) && !(stop->resets[i].methods & OWN_METHODS))
			want_bus(stop, i);
	}
	for (size_t i = 0; i < stop->pci->count; i++) {
		if (stop->targets[i].bus == BUS_BEGIN && carrier_of(stop, i) >= 0)
			stop->targets[i].bus = BUS_NONE;
	}
}

static void choose(struct qt_stop *stop, size_t index)
{
	const struct qt_pci_function *function = &stop->pci->functions[index];
	struct target *target = &stop->targets[index];

	target->methods = stop->resets[index].methods;
	target->quirks = qt_quirks(stop->host, function);
	target->began_us = stop->now_us;
	target->carrier = carrier_of(stop, index);
	if (function->flags & QT_PCI_VF && stop->targets[function->physical].step)
		target->step = STEP_GONE;
	else if (target->carrier >= 0)
		target->step = STEP_HELD;
	else
		target->step = STEP_BEGIN;
}

static void choose_all(struct qt_stop *stop)
{
	choose_buses(stop);
	for (size_t i = 0; i < stop->pci->count; i++) {
		const struct qt_pci_function *function = &stop->pci->functions[i];
		bool with_its_physical = function->flags & QT_PCI_VF &&
					 stop->targets[function->physical].step != STEP_NONE;

		stop->targets[i].carrier = -1;
		if (is_to_be_stopped(&stop->resets[i]) || with_its_physical)
			choose(stop, i);
	}
}

static void sooner(uint64_t *next, uint64_t due)
{
	if (due < *next)
		*next = due;
}

/* One look at everything, bridges before what is below them. Returns whether to go on. */
static bool look(struct qt_stop *stop, uint64_t *next)
{
	bool goes_on = false;

	qt_stop_read_clock(stop);
	*next = UINT64_MAX;
	for (size_t i = 0; i < stop->pci->count; i++) {
		struct target *target = &stop->targets[i];

		if (qt_stop_function(stop, i)) {
			goes_on = true;
			sooner(next, target->due_us);
		}
		if (qt_stop_bus(stop, i)) {
			goes_on = true;
			sooner(next, target->bus_due_us);
		}
	}
	return goes_on;
}

/* Bridges report again what they reported before. */
static void lift_guards(struct qt_stop *stop)
{
	for (size_t i = 0; i < stop->pci->count; i++) {
		const struct qt_pci_function *bridge = &stop->pci->functions[i];

		if (stop->targets[i].guarded &&
			qt_function_answers(stop->host, bridge) == ANSWER_IT)
			qt_restore(stop->host, bridge->rid, &stop->targets[i].saved);
	}
}

/* To its end, from wherever it is. */
static int go_on(struct qt_stop *stop)
{
	uint64_t next;

	while (look(stop, &next)) {
		while (stop->now_us < next && stop->now_us < stop->deadline_us)
			qt_stop_read_clock(stop);
	}
	lift_guards(stop);
	stop->arena->used = stop->arena_used;
	return stop->error;
}

static struct qt_stop *make(
	struct qt_pci *pci, struct qt_reset *resets, struct qt_arena *arena, uint64_t limit_us)
{
	size_t used = arena->used;
	struct qt_stop *stop = qt_alloc(arena, sizeof(*stop), sizeof(uint64_t));
	struct target *targets = qt_alloc(arena, pci->count * sizeof(*targets), sizeof(uint64_t));

	if (!stop || !targets) {
		arena->used = used;
		return NULL;
	}
	*stop = (struct qt_stop){.host = pci->host,
		.pci = pci,
		.resets = resets,
		.targets = targets,
		.arena = arena,
		.arena_used = used};
	qt_stop_read_clock(stop);
	stop->deadline_us =
		limit_us < UINT64_MAX - stop->now_us ? stop->now_us + limit_us : UINT64_MAX;
	return stop;
}

int qt_reset_stop(struct qt_pci *pci, struct qt_reset *resets, struct qt_arena *arena,
	uint64_t limit_us, struct qt_stop **under_way)
{
	int error = QT_E_NOMEM;

	for (size_t i = 0; i < pci->count; i++) {
		resets[i].method = resets[i].result = 0;
		resets[i].us = 0;
	}
	*under_way = make(pci, resets, arena, limit_us);
	if (*under_way) {
		choose_all(*under_way);
		error = go_on(*under_way);
	}
	*under_way = NULL;
	return error;
}

/* The one that was just being reset, and it may be any, is not to be touched yet. */
static void hold_off(struct qt_stop *stop)
{
	qt_stop_read_clock(stop);
	for (size_t i = 0; i < stop->pci->count; i++) {
		struct target *target = &stop->targets[i];
		uint64_t due_us = stop->now_us + WAIT_FLR_US + target->quirks.delay_us;

		if (target->due_us < due_us)
			target->due_us = due_us;
	}
}

void qt_reset_resume(struct qt_stop **under_way)
{
	struct qt_stop *stop = *under_way;

	*under_way = NULL;
	if (!stop)
		return;
	hold_off(stop);
	go_on(stop);
}
