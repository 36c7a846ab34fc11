/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * prepare: reads, builds tables in our own memory and fills the journal with the
 * stores that the commit will make.
 */
#include "takeover.h"

/* Reads for cutting one domain's leaves: as for surveying it, and a walk for each leaf. */
#define CUT_READS (1u << 26)

/* Into the journal, or at once into memory of our own. */
static int add_store(void *context, const struct qt_store *store)
{
	struct qt_takeover *takeover = context;
	uint64_t *own = qt_arena_pointer(takeover->machine->arena, store->at, sizeof(*own));
	uint64_t pending;

	/* A table of our own, that nothing leads to yet. */
	if (own) {
		*own = store->after;
		takeover->machine->host->write_back(
			takeover->machine->host->context, store->at, sizeof(*own));
		return QT_OK;
	}
	/* Two ranges can meet in one entry: then both want the same, or one follows the other. */
	if (qt_journal_pending(takeover->journal, store->at, &pending) && pending != store->before)
		return pending == store->after ? QT_OK : QT_E_BUSY;
	return qt_journal_add(takeover->journal, store);
}

static bool pending_store(void *context, qt_phys at, uint64_t *value)
{
	struct qt_takeover *takeover = context;

	return qt_journal_pending(takeover->journal, at, value);
}

struct qt_unit_change qt_takeover_change(
	struct qt_takeover *takeover, const struct qt_requester *requester)
{
	return (struct qt_unit_change){
		.machine = takeover->machine,
		.unit = &takeover->machine->units[requester->unit],
		.rid = requester->rid,
		.pending = pending_store,
		.add = add_store,
		.context = takeover,
	};
}

bool qt_takeover_has(const struct qt_machine *machine, int16_t domain, enum qt_decision decision)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].domain == domain &&
			machine->requesters[i].decision == decision)
			return true;
	return false;
}

/*
 * A domain that is too narrow: the tables that it has first, then, one by one, the
 * entries that lead to it, to a table on top that leads to the same.
 */
static int adopt_grown(struct qt_takeover *takeover, int16_t index)
{
	struct qt_machine *machine = takeover->machine;
	struct qt_domain *domain = &machine->domains[index];
	int error = qt_domain_install(
		machine, &domain->grown, add_store, takeover, &domain->taken_iova);

	for (size_t i = 0; i < machine->requester_count && error == QT_OK; i++) {
		const struct qt_requester *requester = &machine->requesters[i];
		struct qt_unit_change change = qt_takeover_change(takeover, requester);

		if (requester->domain != index || requester->decision != QT_ADOPT)
			continue;
		change.table = &domain->grown;
		error = change.unit->ops->set_root ? change.unit->ops->set_root(&change)
						   : QT_E_UNSUPPORTED;
	}
	domain->table = domain->grown;
	return error;
}

static int adopt_all(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;

	for (size_t i = 0; i < machine->domain_count; i++) {
		struct qt_domain *domain = &machine->domains[i];
		size_t before = takeover->journal->stores;
		int error;

		if (!qt_takeover_has(machine, (int16_t)i, QT_ADOPT))
			continue;
		error = domain->grown.root ? adopt_grown(takeover, (int16_t)i)
					   : qt_domain_install(machine, &domain->table, add_store,
						     takeover, &domain->taken_iova);
		if (error)
			return error;
		domain->stores = (uint32_t)(takeover->journal->stores - before);
	}
	return QT_OK;
}

static bool has_reserved(const struct qt_machine *machine, qt_rid rid)
{
	for (size_t i = 0; i < machine->reserved_count; i++)
		if (qt_machine_reserved_for(machine, &machine->reserved[i], rid))
			return true;
	return false;
}

/* Whether two requesters have the same memory reserved for them. */
static bool same_reserved(const struct qt_machine *machine, qt_rid a, qt_rid b)
{
	for (size_t i = 0; i < machine->reserved_count; i++)
		if (qt_machine_reserved_for(machine, &machine->reserved[i], a) !=
			qt_machine_reserved_for(machine, &machine->reserved[i], b))
			return false;
	return true;
}

/* All that an admitted requester may reach: the crash region, and what firmware reserved for it. */
static int admitted_ranges(const struct qt_machine *machine, qt_rid rid, struct qt_ranges *ranges)
{
	int error = QT_OK;

	for (size_t i = 0; i < machine->mapped.count && error == QT_OK; i++)
		error = qt_ranges_add(
			ranges, machine->mapped.list[i].start, machine->mapped.list[i].end);
	for (size_t i = 0; i < machine->reserved_count && error == QT_OK; i++)
		if (qt_machine_reserved_for(machine, &machine->reserved[i], rid))
			error = qt_ranges_add(ranges, machine->reserved[i].range.start,
				machine->reserved[i].range.end);
	return error;
}

/* A capture subtree of its own for a requester with reserved memory. */
static int private_capture(struct qt_machine *machine, qt_rid rid,
	const struct qt_geometry *geometry, struct qt_capture **capture)
{
	struct qt_ranges *ranges = qt_alloc(machine->arena, sizeof(*ranges), 8);

	*capture = qt_alloc(machine->arena, sizeof(**capture), 8);
	if (!ranges || !*capture)
		return QT_E_NOMEM;
	ranges->capacity = machine->mapped.count + machine->reserved_count;
	ranges->list = qt_alloc(machine->arena, ranges->capacity * sizeof(*ranges->list), 8);
	if (!ranges->list)
		return QT_E_NOMEM;
	**capture = (struct qt_capture){
		.arena = machine->arena,
		.host = machine->host,
		.ranges = ranges,
		.optional = &machine->low,
		.devices = &machine->doorbells,
		.geometry = *geometry,
	};
	return admitted_ranges(machine, rid, ranges);
}

static uint64_t highest_end(const struct qt_machine *machine, qt_rid rid)
{
	uint64_t end = machine->mapped.list[machine->mapped.count - 1].end;

	for (size_t i = 0; i < machine->reserved_count; i++)
		if (qt_machine_reserved_for(machine, &machine->reserved[i], rid) &&
			machine->reserved[i].range.end > end)
			end = machine->reserved[i].range.end;
	return end;
}

/* Makes the domain of admit for a requester. */
static int new_domain(struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid)
{
	struct qt_domain *domain = &machine->domains[machine->domain_count];
	struct qt_capture *capture;
	int error;

	if (machine->domain_count == QT_DOMAINS_MAX)
		return QT_E_NOMEM;
	*domain = (struct qt_domain){.unit = unit->index, .ours = true};
	error = unit->ops->geometry(unit, highest_end(machine, rid), &domain->table.geometry);
	if (error == QT_OK)
		error = qt_machine_domain_id(machine, unit->index, &domain->id);
	if (error == QT_OK)
		error = has_reserved(machine, rid)
				? private_capture(machine, rid, &domain->table.geometry, &capture)
				: qt_machine_capture(machine, &domain->table.geometry, &capture);
	if (error == QT_OK)
		error = qt_capture_table(
			capture, domain->table.geometry.levels - 1u, 0, &domain->table.root);
	if (error == QT_OK)
		machine->domain_count++;
	return error;
}

/* The unit's domain of admit, shared by all that have the same reserved memory, mostly none. */
static int shared_domain(const struct qt_machine *machine, unsigned unit, qt_rid rid)
{
	for (size_t i = 0; i < machine->requester_count; i++) {
		const struct qt_requester *requester = &machine->requesters[i];

		if (requester->unit == unit && qt_takeover_admits(requester) &&
			requester->domain >= 0 && same_reserved(machine, requester->rid, rid))
			return requester->domain;
	}
	return -1;
}

static int admit_one(struct qt_takeover *takeover, struct qt_requester *requester)
{
	struct qt_machine *machine = takeover->machine;
	struct qt_unit_change change = qt_takeover_change(takeover, requester);
	int index = shared_domain(machine, requester->unit, requester->rid);

	if (index < 0) {
		int error = new_domain(machine, change.unit, requester->rid);

		if (error)
			return error;
		index = (int)machine->domain_count - 1;
	}
	change.domain = &machine->domains[index];
	requester->domain = (int16_t)index;
	requester->domain_id = change.domain->id;
	return change.unit->ops->admit(&change);
}

/* Last, so that a takeover that fails half way has left interrupts alone longest. */
static int release_interrupts(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;
	int error = QT_OK;

	for (size_t i = 0; i < machine->unit_count && error == QT_OK; i++) {
		const struct qt_unit *unit = &machine->units[i];

		if (unit->state == QT_UNIT_TRANSLATING && unit->ops->release_interrupts)
			error = unit->ops->release_interrupts(machine, unit, add_store, takeover);
	}
	return error;
}

/* What leads into the crash region, and cannot be stopped, is cut off there. */
static int fence_all(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;
	int error = QT_OK;

	for (size_t i = 0; i < machine->domain_count && error == QT_OK; i++) {
		struct qt_domain *domain = &machine->domains[i];
		struct qt_reader reader = qt_machine_reader(machine, CUT_READS);
		size_t before = takeover->journal->stores;

		if (!qt_takeover_has(machine, (int16_t)i, QT_FENCE))
			continue;
		error = qt_cut(&reader, &domain->table, &machine->crash, add_store, takeover,
			&domain->fault);
		domain->stores = (uint32_t)(takeover->journal->stores - before);
	}
	return error;
}

int qt_takeover_prepare(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;
	int error = adopt_all(takeover);

	if (error == QT_OK)
		error = fence_all(takeover);
	for (size_t i = 0; i < machine->requester_count && error == QT_OK; i++)
		if (qt_takeover_admits(&machine->requesters[i]))
			error = admit_one(takeover, &machine->requesters[i]);
	if (error == QT_OK)
		error = release_interrupts(takeover);
	return error ? error : qt_takeover_check_tangles(takeover);
}
