/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one place that decides: from what was found to what will be done, per
 * requester, and whether any of it will be.
 */
#include <quietus/takeover.h>

#define CLASS_BASE(function) ((function)->class_code >> 16)
#define CLASS_SUB(function)  ((function)->class_code >> 8)

/* PCI Code and ID Assignment Specification 1.15, section 1: base classes. */
#define CLASS_STORAGE 0x01
#define CLASS_NETWORK 0x02
#define CLASS_USB     0x0c03
#define CLASS_SD_HOST 0x0805

static bool is_virtual(const struct qt_machine *machine, const struct qt_requester *requester)
{
	return requester->function >= 0 &&
	       machine->pci.functions[requester->function].flags & QT_PCI_VF;
}

/* A function whose DMA comes under this requester ID; bridges only pass on what is others'. */
static bool sends_as(const struct qt_pci_function *function, const struct qt_requester *requester)
{
	return (function->rid == requester->rid || function->alias == requester->rid) &&
	       !(function->flags & QT_PCI_BRIDGE);
}

/* One that was left out, for want of memory, is not tried again. */
static bool may_be_stopped(const struct qt_reset *reset)
{
	if (reset->result == QT_STOP_NOT_TRIED)
		return reset->methods && !reset->wanted;
	return reset->methods && reset->result == QT_STOP_QUIET;
}

/* Whether all that sends under a requester ID can be stopped, or has been. */
static bool can_stop(const struct qt_machine *machine, const struct qt_requester *requester)
{
	bool any = false;

	for (size_t i = 0; machine->resets && i < machine->pci.count; i++) {
		if (!sends_as(&machine->pci.functions[i], requester))
			continue;
		if (!may_be_stopped(&machine->resets[i]))
			return false;
		any = true;
	}
	return any;
}

/*
 * With no translation there is no GUARD: a function that may still write to memory
 * which the capture kernel got, but not for itself alone.
 */
static bool may_reach_shared(const struct qt_machine *machine, const struct qt_requester *requester)
{
	for (size_t i = 0; machine->shared.count && i < machine->pci.count; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];

		if (sends_as(function, requester) && function->flags & QT_PCI_BUS_MASTER)
			return true;
	}
	return false;
}

static enum qt_decision decide_direct(
	const struct qt_machine *machine, const struct qt_requester *requester, enum qt_reason *why)
{
	if (!may_reach_shared(machine, requester))
		return QT_DIRECT;
	*why = QT_WHY_SHARED_MEMORY;
	return can_stop(machine, requester) ? QT_STOP : QT_DIRECT;
}

/* A requester with a table: direct, adopt, or neither. */
static enum qt_decision decide_domain(const struct qt_domain *domain, enum qt_reason *why)
{
	/* First: what was found before a scan ended early was found all the same. */
	if (domain->guard_broken)
		*why = QT_WHY_GUARD_BROKEN;
	else if (domain->scan_error)
		*why = domain->scan_error == QT_E_LIMIT ? QT_WHY_NO_TIME : QT_WHY_TABLE_DAMAGED;
	else if (domain->too_narrow && !domain->grown.root)
		*why = domain->taken ? QT_WHY_IOVAS_TAKEN : QT_WHY_TOO_NARROW;
	else if (domain->identity)
		*why = QT_WHY_ALREADY_MAPPED;
	else if (domain->taken)
		*why = QT_WHY_IOVAS_TAKEN;
	else if (domain->install_error == QT_E_BUSY)
		*why = QT_WHY_NO_PERMISSION;
	else if (domain->install_error == QT_E_INVAL)
		*why = QT_WHY_PARTS_OF_PAGES;
	else if (domain->install_error)
		*why = domain->install_error == QT_E_NOMEM ? QT_WHY_NO_MEMORY
							   : QT_WHY_TABLE_DAMAGED;
	else
		*why = domain->grown.root ? QT_WHY_GROWN : QT_WHY_FREE;

	switch (*why) {
	case QT_WHY_ALREADY_MAPPED:
		return QT_DIRECT;
	case QT_WHY_FREE:
	case QT_WHY_GROWN:
		return QT_ADOPT;
	default:
		return QT_LEAVE;
	}
}

/* Whether its entry could be replaced, once it is quiet. */
static bool can_release(const struct qt_machine *machine, const struct qt_requester *requester)
{
	const struct qt_unit *unit = &machine->units[requester->unit];

	/* One that stands for a whole bus cannot be. */
	if (requester->state == QT_REQ_DAMAGED && requester->reason == QT_WHY_GUARD_UNKNOWN)
		return false;
	return unit->state == QT_UNIT_TRANSLATING && unit->ops->block && !requester->unreleasable;
}

static enum qt_decision decide(
	const struct qt_machine *machine, const struct qt_requester *requester, enum qt_reason *why)
{
	enum qt_decision decision;

	*why = (enum qt_reason)requester->reason;
	if (requester->released)
		return QT_STOP;
	switch (requester->state) {
	case QT_REQ_DIRECT:
		*why = requester->unit == UINT8_MAX ? QT_WHY_NO_UNIT : QT_WHY_UNIT_OFF;
		return decide_direct(machine, requester, why);
	case QT_REQ_PASSTHROUGH:
		*why = QT_WHY_PASSTHROUGH;
		return decide_direct(machine, requester, why);
	case QT_REQ_ABSENT:
	case QT_REQ_BLOCKED:
		*why = requester->state == QT_REQ_ABSENT ? QT_WHY_NO_ENTRY : QT_WHY_BLOCKED;
		decision = QT_ADMIT;
		break;
	case QT_REQ_TRANSLATED:
		decision = decide_domain(&machine->domains[requester->domain], why);
		break;
	case QT_REQ_DAMAGED:
		decision = QT_LEAVE;
		break;
	case QT_REQ_UNSUPPORTED:
		/* Nested translation: of interest for where it leads only. */
		if (requester->domain < 0 || !machine->domains[requester->domain].guard_broken)
			return QT_LEAVE;
		*why = QT_WHY_GUARD_BROKEN;
		decision = QT_LEAVE;
		break;
	default:
		return QT_LEAVE;
	}
	if (is_virtual(machine, requester) && *why != QT_WHY_GUARD_BROKEN) {
		if (requester->state != QT_REQ_DAMAGED)
			*why = QT_WHY_VIRTUAL_FUNCTION;
		return QT_LEAVE;
	}
	if (decision == QT_DIRECT)
		return decide_direct(machine, requester, why);
	if (decision != QT_LEAVE)
		return decision;
	if (can_release(machine, requester) && can_stop(machine, requester))
		return QT_STOP;
	return *why == QT_WHY_GUARD_BROKEN ? QT_FENCE : QT_LEAVE;
}

static bool is_needed_class(const struct qt_pci_function *function)
{
	return CLASS_BASE(function) == CLASS_STORAGE || CLASS_BASE(function) == CLASS_NETWORK ||
	       CLASS_SUB(function) == CLASS_USB || CLASS_SUB(function) == CLASS_SD_HOST;
}

/* A dump path counts if it is this machine's: a bus may have got another number since. */
static bool knows_path(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->path_count; i++)
		if (!qt_pci_find(&machine->pci, machine->path[i]))
			return false;
	return machine->path_count > 0;
}

static bool is_on_path(const struct qt_machine *machine, const struct qt_pci_function *function)
{
	for (size_t i = 0; i < machine->path_count; i++)
		if (machine->path[i] == function->rid)
			return true;
	return false;
}

/*
 * The capture kernel needs it: it is on the dump path. Where that is not known, it
 * may need it: a disk to dump to, a network, a USB stick. A requester ID that a
 * bridge takes for all below it stands for each of them.
 */
static bool is_needed(
	const struct qt_machine *machine, bool by_path, const struct qt_requester *requester)
{
	for (size_t i = 0; i < machine->pci.count; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];

		if (function->rid != requester->rid && function->alias != requester->rid)
			continue;
		if (by_path ? is_on_path(machine, function)
			    : !(function->flags & QT_PCI_VF) && is_needed_class(function))
			return true;
	}
	return false;
}

static bool has_memory_below_4g(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->crash.count; i++)
		if (machine->crash.list[i].start < QT_GIB(4))
			return true;
	return false;
}

/* Whether leftover DMA of a requester may lead into the crash region: why, or QT_WHY_NONE. */
static enum qt_reason why_unsafe(
	const struct qt_machine *machine, const struct qt_requester *requester)
{
	const struct qt_domain *domain =
		requester->domain < 0 ? NULL : &machine->domains[requester->domain];

	if (requester->decision == QT_STOP)
		return QT_WHY_NONE;
	/* A scan that met bad entries is complete; any other error ended it early. */
	if (domain && domain->scan_error && domain->scan_error != QT_E_BAD)
		return QT_WHY_GUARD_UNKNOWN;
	return requester->reason == QT_WHY_GUARD_UNKNOWN ? QT_WHY_GUARD_UNKNOWN : QT_WHY_NONE;
}

/* Why one requester prevents the commit, or QT_WHY_NONE. */
static enum qt_reason why_it_blocks(
	const struct qt_machine *machine, bool by_path, const struct qt_requester *requester)
{
	enum qt_reason unsafe = why_unsafe(machine, requester);

	if (unsafe != QT_WHY_NONE)
		return unsafe;
	return (requester->decision == QT_LEAVE || requester->decision == QT_FENCE) &&
			       is_needed(machine, by_path, requester)
		       ? QT_WHY_FUNCTION_UNREACHED
		       : QT_WHY_NONE;
}

/* Whether the capture kernel can be kept from every unit; or why not. */
static enum qt_reason why_not_asleep(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];
		bool given_up = unit->state != QT_UNIT_OFF && unit->state != QT_UNIT_TRANSLATING;
		struct qt_keep_away keep_away = {0};
		unsigned why = unit->ops->keep_away(&machine->capture_kernel, &keep_away);

		if (why)
			return (enum qt_reason)why;
		/* Without its driver nobody would get interrupts through this one. */
		if (given_up && unit->ops->release_interrupts)
			return (enum qt_reason)unit->reason;
	}
	return QT_WHY_NONE;
}

/* The commit rule: it is all or nothing, because putting the driver to sleep is machine-wide. */
static enum qt_reason why_not(const struct qt_machine *machine, struct qt_plan *plan)
{
	if (machine->problem)
		return (enum qt_reason)machine->problem;
	if (machine->ram.count == 0)
		return QT_WHY_NO_RAM_MAP;
	if (machine->crash.count == 0)
		return QT_WHY_NO_CRASH_REGION;
	if (machine->unit_count == 0)
		return QT_WHY_NO_UNITS;
	for (size_t i = 0; i < machine->requester_count; i++) {
		enum qt_reason why = why_it_blocks(machine, plan->by_path, &machine->requesters[i]);

		if (why == QT_WHY_NONE)
			continue;
		plan->blocker = (int16_t)i;
		return why;
	}
	/* What translates in a way that is not understood may lead anywhere. */
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].state == QT_UNIT_UNSUPPORTED)
			return (enum qt_reason)machine->units[i].reason;
	/* With its driver asleep, no IOMMU helps a 32-bit device to memory above 4 GiB. */
	if (!has_memory_below_4g(machine))
		return QT_WHY_NO_LOW_MEMORY;
	return why_not_asleep(machine);
}

void qt_plan(struct qt_machine *machine, struct qt_plan *plan)
{
	*plan = (struct qt_plan){.by_path = knows_path(machine), .blocker = -1};
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];
		enum qt_reason why;

		requester->decision = (uint8_t)decide(machine, requester, &why);
		requester->reason = (uint8_t)why;
		plan->counts[requester->decision]++;
	}
	plan->reason = (uint8_t)why_not(machine, plan);
	plan->commit = plan->reason == QT_WHY_NONE;
}

/*
 * What a stop is good for without a commit: the capture kernel's own driver keeps
 * leftover translations as they are.
 */
static bool stop_helps_stock(const struct qt_requester *requester)
{
	return requester->reason == QT_WHY_GUARD_BROKEN ||
	       requester->reason == QT_WHY_SHARED_MEMORY;
}

size_t qt_plan_stops(struct qt_machine *machine, const struct qt_plan *plan, bool all)
{
	size_t wanted = 0;

	for (size_t i = 0; machine->resets && i < machine->pci.count; i++) {
		struct qt_reset *reset = &machine->resets[i];

		reset->wanted = all && reset->methods;
		for (size_t r = 0; r < machine->requester_count && !reset->wanted; r++) {
			const struct qt_requester *requester = &machine->requesters[r];

			reset->wanted = requester->decision == QT_STOP &&
					sends_as(&machine->pci.functions[i], requester) &&
					(plan->commit || stop_helps_stock(requester));
		}
		wanted += reset->wanted;
	}
	return wanted;
}
