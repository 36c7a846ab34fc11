// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A function on its way through a reset. */
#include "function.h"
#include "stop.h"
#include "waits.h"

static unsigned next_method(const struct target *target)
{
	for (unsigned method = QT_RESET_DEVICE; method < QT_RESET_METHODS; method++) {
		if (target->methods & 1u << method)
			return method;
	}
	return QT_RESET_NONE;
}

/* How long the function is out of reach at least. */
static uint64_t least_us(const struct target *target, unsigned method)
{
	return method == QT_RESET_PM ? WAIT_D3_US + WAIT_D0_US
				     : WAIT_FLR_US + target->quirks.delay_us;
}

/* Reads the clock anew: what the step waits for was set off only just now. */
static void enter(
	struct qt_stop *stop, size_t index, enum step step, uint64_t delay_us, uint64_t limit_us)
{
	struct target *target = &stop->targets[index];

	qt_stop_read_clock(stop);
	target->step = (uint8_t)step;
	target->due_us = stop->now_us + delay_us;
	target->until_us = stop->now_us + limit_us;
}

static void look_again(struct qt_stop *stop, size_t index)
{
	qt_stop_read_clock(stop);
	stop->targets[index].due_us = stop->now_us + WAIT_POLL_US;
}

static void not_supported(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];

	target->methods &= (uint8_t) ~(1u << stop->resets[index].method);
	enter(stop, index, STEP_BEGIN, 0, 0);
}

static void begin(struct qt_stop *stop, size_t index)
{
	struct qt_pci_function *function = &stop->pci->functions[index];
	struct target *target = &stop->targets[index];
	unsigned method = next_method(target);

	if (method == QT_RESET_NONE)
		return qt_stop_finish(stop, index, QT_STOP_REFUSED);
	if (1u << method & BUS_METHODS)
		return qt_stop_by_bus(stop, index);
	if (qt_stop_no_time(stop, least_us(target, method)))
		return qt_stop_finish(stop, index, QT_STOP_NO_TIME);
	if (qt_stop_keep(stop, index))
		return qt_stop_finish(stop, index, QT_STOP_NOT_TRIED);
	stop->resets[index].method = (uint8_t)method;
	if (qt_function_answers(stop->host, function) != ANSWER_IT)
		return qt_stop_finish(stop, index, QT_STOP_REFUSED);
	qt_function_master_off(stop->host, function);
	qt_function_ats_off(stop->host, function);
	enter(stop, index, STEP_DRAIN, 0, WAIT_PENDING_US);
}

static void trigger(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];
	qt_rid rid = stop->pci->functions[index].rid;
	unsigned method = stop->resets[index].method;

	if (qt_stop_no_time(stop, least_us(target, method)))
		return qt_stop_finish(stop, index, QT_STOP_NO_TIME);
	if (method == QT_RESET_PM) {
		qt_function_set_power(stop->host, rid, 3);
		return enter(stop, index, STEP_D3, WAIT_D3_US, 0);
	}
	if (method == QT_RESET_AF)
		qt_function_af(stop->host, rid);
	else
		qt_function_flr(stop->host, rid);
	enter(stop, index, STEP_SETTLE, least_us(target, method), 0);
}

/* A function whose transactions do not end is reset all the same: that may end them. */
static void drain(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];

	if (qt_function_pending(stop->host, stop->pci->functions[index].rid) &&
		!qt_stop_over(stop, target->until_us))
		look_again(stop, index);
	else if (stop->resets[index].method == QT_RESET_DEVICE)
		enter(stop, index, STEP_ROUTINE, 0, WAIT_NVME_US);
	else
		trigger(stop, index);
}

static void prepare(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];

	if (qt_stop_no_time(stop, least_us(target, QT_RESET_DEVICE)))
		return qt_stop_finish(stop, index, QT_STOP_NO_TIME);
	switch (qt_routine_prepare(stop, index)) {
	case PREPARATION_NOT_SUPPORTED:
		not_supported(stop, index);
		break;
	case PREPARATION_GOES_ON:
		look_again(stop, index);
		if (!qt_stop_over(stop, target->until_us))
			break;
		/* FALLTHROUGH */
	case PREPARATION_DONE:
		trigger(stop, index);
	}
}

/* A function that did not go to D3hot has not been reset by it. */
static void leave_d3(struct qt_stop *stop, size_t index)
{
	qt_rid rid = stop->pci->functions[index].rid;

	if (qt_function_power(stop->host, rid) == 3)
		return enter(stop, index, STEP_D0, 0, 0);
	qt_function_set_power(stop->host, rid, 0);
	not_supported(stop, index);
}

static void enter_d0(struct qt_stop *stop, size_t index)
{
	qt_function_set_power(stop->host, stop->pci->functions[index].rid, 0);
	enter(stop, index, STEP_SETTLE, WAIT_D0_US, 0);
}

static void settle(struct qt_stop *stop, size_t index)
{
	qt_routine_follow(stop, index);
	enter(stop, index, STEP_RETURN, 0, WAIT_RETURN_US);
}

/*
 * Who waits for another's end waits for the ceiling at most, and what that other one
 * needs to see it.
 */
static bool waits_in_vain(const struct qt_stop *stop)
{
	return stop->now_us > stop->deadline_us && stop->now_us - stop->deadline_us > WAIT_BUS_US;
}

static void held(struct qt_stop *stop, size_t index)
{
	const struct qt_pci_function *function = &stop->pci->functions[index];
	struct target *target = &stop->targets[index];

	target->due_us = UINT64_MAX; /* as its bus goes, so does it */
	if (stop->targets[function->parent].bus == BUS_OPEN)
		enter(stop, index, STEP_RETURN, 0, WAIT_RETURN_US);
	else if (stop->targets[function->parent].bus == BUS_DEAD || waits_in_vain(stop))
		qt_stop_finish(stop, index, QT_STOP_LOST);
}

static void look_for_it(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];

	switch (qt_function_answers(stop->host, &stop->pci->functions[index])) {
	case ANSWER_IT:
		enter(stop, index, STEP_RESTORE, 0, WAIT_RESTORE_US);
		break;
	case ANSWER_OTHER:
		qt_stop_finish(stop, index, QT_STOP_REFUSED);
		break;
	case ANSWER_NONE:
		look_again(stop, index);
		if (qt_stop_over(stop, target->until_us))
			qt_stop_finish(stop, index, QT_STOP_LOST);
	}
}

static void restore(struct qt_stop *stop, size_t index)
{
	const struct qt_pci_function *function = &stop->pci->functions[index];
	struct target *target = &stop->targets[index];

	if (!qt_restore(stop->host, function->rid, &target->saved) &&
		!qt_stop_over(stop, target->until_us)) {
		look_again(stop, index);
		return;
	}
	if (!(function->flags & QT_PCI_BRIDGE))
		return enter(stop, index, STEP_CHECK, 0, WAIT_QUIET_US);
	/* What is below it comes out of reset only now. */
	qt_guard(stop->host, function);
	target->guarded = true;
	qt_stop_release_bus(stop, index);
	qt_stop_finish(stop, index, QT_STOP_QUIET);
}

static void check(struct qt_stop *stop, size_t index)
{
	struct qt_pci_function *function = &stop->pci->functions[index];
	struct target *target = &stop->targets[index];
	bool mastering = !qt_function_master_off(stop->host, function);

	if (!mastering && !qt_function_pending(stop->host, function->rid))
		qt_stop_finish(stop, index, QT_STOP_QUIET);
	else if (qt_stop_over(stop, target->until_us))
		qt_stop_finish(stop, index, mastering ? QT_STOP_MASTERING : QT_STOP_PENDING);
	else
		look_again(stop, index);
}

/* A reset physical function has no virtual ones any more: they end as it does. */
static void gone(struct qt_stop *stop, size_t index)
{
	int32_t physical = stop->pci->functions[index].physical;
	struct qt_reset *reset = &stop->resets[index];

	stop->targets[index].due_us = UINT64_MAX;
	if (stop->targets[physical].step == STEP_DONE) {
		reset->method = stop->resets[physical].method;
		qt_stop_finish(stop, index, stop->resets[physical].result);
	} else if (stop->targets[physical].step == STEP_NONE || waits_in_vain(stop)) {
		qt_stop_finish(stop, index, QT_STOP_LOST);
	}
}

typedef void stop_step(struct qt_stop *stop, size_t index);

bool qt_stop_function(struct qt_stop *stop, size_t index)
{
	static stop_step *const steps[STEP_DONE] = {
		[STEP_BEGIN] = begin,
		[STEP_DRAIN] = drain,
		[STEP_ROUTINE] = prepare,
		[STEP_D3] = leave_d3,
		[STEP_D0] = enter_d0,
		[STEP_SETTLE] = settle,
		[STEP_HELD] = held,
		[STEP_RETURN] = look_for_it,
		[STEP_RESTORE] = restore,
		[STEP_CHECK] = check,
		[STEP_GONE] = gone,
	};
	struct target *target = &stop->targets[index];

	while (target->step != STEP_NONE && target->step != STEP_DONE) {
		uint8_t before = target->step;

		if (before != STEP_HELD && before != STEP_GONE && stop->now_us < target->due_us)
			return true;
		steps[before](stop, index);
		if (target->step == before)
			return true;
	}
	return false;
}
