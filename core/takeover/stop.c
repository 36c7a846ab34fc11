/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * stop: resets what the plan wants stopped, takes away the entries of its
 * requesters, and watches whether they are as quiet as they seem.
 */
#include <quietus/limits.h>

#include "takeover.h"

/* A direct one that was stopped keeps what lets it through: nothing is in its way. */
static bool is_to_be_released(const struct qt_requester *requester)
{
	return requester->decision == QT_STOP && requester->reason != QT_WHY_SHARED_MEMORY;
}

/* Those whose entry cannot be taken away are marked. QT_E_BUSY if there are any. */
static int block_all(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;
	int result = QT_OK;

	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];
		struct qt_unit_change change = qt_takeover_change(takeover, requester);
		int error;

		if (!is_to_be_released(requester))
			continue;
		error = change.unit->ops->block(&change);
		if (error == QT_E_NOMEM)
			return error;
		requester->unreleasable = error != QT_OK;
		if (error)
			result = QT_E_BUSY;
		requester->released = true;
		requester->old_domain = requester->domain;
		requester->domain = -1;
	}
	return result;
}

struct watch {
	struct qt_machine *machine;
	uint8_t unit;
	bool seen;
};

static int see_fault(void *context, const struct qt_unit_fault *fault)
{
	struct watch *watch = context;

	for (size_t i = 0; i < watch->machine->requester_count; i++) {
		struct qt_requester *requester = &watch->machine->requesters[i];

		if (!requester->released || requester->unit != watch->unit ||
			requester->rid != fault->rid)
			continue;
		requester->unreleasable = true;
		watch->seen = true;
	}
	return 0;
}

static bool is_watched(const struct qt_unit *unit)
{
	return unit->state == QT_UNIT_TRANSLATING && unit->ops->faults;
}

/* What units have recorded since the last time; it makes room for more. */
static void look_at_faults(struct watch *watch)
{
	struct qt_machine *machine = watch->machine;

	for (size_t i = 0; i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];

		if (!is_watched(unit))
			continue;
		watch->unit = unit->index;
		unit->ops->faults(machine, unit, see_fault, watch);
		unit->ops->forget_faults(machine, unit);
	}
}

/*
 * Whether one that is refused its DMA goes on trying. Looked for all the time: units
 * record few faults at once, and others may fill that with theirs.
 */
static bool any_goes_on(struct qt_machine *machine)
{
	const struct qt_host *host = machine->host;
	uint64_t since = host->now_us(host->context);
	struct watch watch = {.machine = machine};

	/* Old faults, and those of DMA that was under way when its entry went. */
	for (size_t i = 0; i < machine->unit_count; i++)
		if (is_watched(&machine->units[i]))
			machine->units[i].ops->forget_faults(machine, &machine->units[i]);
	while (host->now_us(host->context) - since < QT_WATCH_US)
		look_at_faults(&watch);
	return watch.seen;
}

static bool any_to_release(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (is_to_be_released(&machine->requesters[i]))
			return true;
	return false;
}

/* QT_E_BUSY: some keep their entries and are marked; plan again. */
static int release(struct qt_takeover *takeover)
{
	int error, undone;

	if (!any_to_release(takeover->machine))
		return QT_OK;
	error = block_all(takeover);
	if (error == QT_OK)
		error = qt_takeover_make_stores(takeover);
	if (error == QT_OK)
		error = qt_takeover_flush(takeover->machine);
	if (error == QT_OK && any_goes_on(takeover->machine))
		error = QT_E_BUSY;
	if (error == QT_OK)
		return QT_OK;
	undone = qt_takeover_undo(takeover);
	qt_journal_truncate(takeover->journal, 0);
	return undone ? undone : error;
}

/* A device that was reset caches no translations any more, nor does it answer when asked to. */
static void forget_device_tlbs(struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];

		if (requester->ats &&
			!(machine->pci.functions[requester->function].flags & QT_PCI_ATS))
			requester->ats = false;
	}
}

int qt_takeover_stop(
	struct qt_takeover *takeover, struct qt_plan *plan, bool all, uint64_t limit_us)
{
	struct qt_machine *machine = takeover->machine;
	const struct qt_host *host = machine->host;
	uint64_t since = host->now_us(host->context);
	int error;

	if (!qt_plan_stops(machine, plan, all))
		return QT_OK;
	error = qt_reset_stop(
		&machine->pci, machine->resets, machine->arena, limit_us, &machine->stops);
	/* Without room some are left out: the plan knows which. */
	if (error && error != QT_E_NOMEM)
		return error;
	forget_device_tlbs(machine);
	/* Each try that fails leaves one requester less to be tried. */
	do {
		qt_plan(machine, plan);
		error = plan->commit ? release(takeover) : QT_OK;
		if (error != QT_E_BUSY)
			return error;
	} while (host->now_us(host->context) - since <= limit_us);
	return QT_E_LIMIT;
}
