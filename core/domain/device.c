/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Domains and the requesters that have them. */
#include <quietus/memory.h>

#include "edit.h"

/* Per operation: what 8 TiB in 4 KiB leaves take, 64 to a read. */
#define OPERATION_READS (1u << 25)

static int store_now(void *context, const struct qt_store *store)
{
	const struct qt_unit_change *change = context;
	const struct qt_host *host = change->machine->host;
	int error = host->store64(host->context, store->at, store->after);

	if (error == QT_OK && !change->unit->coherent)
		host->write_back(host->context, store->at, sizeof(store->after));
	return error;
}

static struct qt_unit *unit_of(const struct qt_machine *machine, size_t requester)
{
	uint8_t unit = machine->requesters[requester].unit;

	return unit < machine->unit_count ? &machine->units[unit] : NULL;
}

/* Prepares a change of what `unit` has for a requester; its stores are made at once. */
static void begin_change(struct qt_unit_change *change, struct qt_machine *machine,
	const struct qt_unit *unit, size_t requester)
{
	*change = (struct qt_unit_change){
		.machine = machine,
		.unit = unit,
		.rid = machine->requesters[requester].rid,
		.add = store_now,
		.context = change,
	};
}

/* Moves all requesters to a root that translates the same; each in one store. */
static int set_root(struct qt_live *live, const struct qt_table *table)
{
	struct qt_machine *machine = live->machine;

	for (size_t i = 0; i < machine->requester_count; i++) {
		const struct qt_unit *unit = unit_of(machine, i);

		if (machine->requesters[i].domain == live->domain && !(unit && unit->ops->set_root))
			return QT_E_UNSUPPORTED;
	}
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_unit_change change;
		int error;

		if (machine->requesters[i].domain != live->domain)
			continue;
		begin_change(&change, machine, &machine->units[machine->requesters[i].unit], i);
		change.table = table;
		error = change.unit->ops->set_root(&change);
		if (error)
			return error;
	}
	machine->domains[live->domain].table = *table;
	return QT_OK;
}

static void prepare(struct qt_live *live, struct qt_machine *machine, size_t domain,
	const struct qt_pages *pages, struct qt_range *list, size_t capacity)
{
	*live = (struct qt_live){
		.host = machine->host,
		.pages = pages,
		.ram = &machine->ram,
		.arena = machine->arena,
		.shared = {&machine->stage, 1, 1},
		.reads = OPERATION_READS,
		.table = machine->domains[domain].table,
		.occupancy = {.used = {list, 0, capacity},
			.granule_lg2 = machine->domains[domain].table.geometry.granule_lg2},
		.set_root = set_root,
		.machine = machine,
		.domain = (int16_t)domain,
	};
}

int qt_live_adopt(struct qt_live *live, struct qt_machine *machine, size_t domain,
	const struct qt_pages *pages, struct qt_range *list, size_t capacity)
{
	if (domain >= machine->domain_count)
		return QT_E_INVAL;
	prepare(live, machine, domain, pages, list, capacity);
	return qt_live_open(live);
}

/* A place in the list: that of a domain that was closed, or a new one. */
static int free_domain(struct qt_machine *machine, size_t *index)
{
	for (*index = 0; *index < machine->domain_count; (*index)++)
		if (machine->domains[*index].ours && machine->domains[*index].table.root == 0)
			return QT_OK;
	if (machine->domain_count == QT_DOMAINS_MAX)
		return QT_E_NOMEM;
	machine->domain_count++;
	return QT_OK;
}

int qt_live_new(struct qt_live *live, struct qt_machine *machine, unsigned unit, uint64_t limit,
	const struct qt_pages *pages, struct qt_range *list, size_t capacity)
{
	struct qt_domain domain = {.unit = (uint8_t)unit, .ours = true};
	const struct qt_unit *its = &machine->units[unit];
	size_t index, size;
	int error;

	if (unit >= machine->unit_count)
		return QT_E_INVAL;
	error = its->ops->geometry(its, limit, &domain.table.geometry);
	if (error == QT_OK)
		error = qt_machine_domain_id(machine, unit, &domain.id);
	if (error)
		return error;
	size = sizeof(uint64_t) << domain.table.geometry.index_lg2;
	if (!pages->alloc(pages->context, size, &domain.table.root, live))
		return QT_E_NOMEM;
	error = free_domain(machine, &index);
	if (error) {
		pages->reclaim(pages->context, live, true);
		return error;
	}
	if (!domain.table.geometry.coherent)
		machine->host->write_back(machine->host->context, domain.table.root, size);
	domain.directory = machine->domains[index].directory;
	machine->domains[index] = domain;
	prepare(live, machine, index, pages, list, capacity);
	return QT_OK;
}

int qt_live_attach(struct qt_live *live, size_t requester)
{
	struct qt_machine *machine = live->machine;
	struct qt_requester *its = &machine->requesters[requester];
	const struct qt_unit *unit = unit_of(machine, requester);
	struct qt_domain *domain = &machine->domains[live->domain];
	struct qt_unit_change change;
	uint32_t id = its->domain_id;
	int error;

	if (!unit || unit->index != domain->unit)
		return QT_E_INVAL;
	if (its->domain >= 0)
		return QT_E_BUSY;
	/* The domain's ID may be cached from a domain that had it before. */
	its->domain_id = domain->id;
	machine->own_tables = true;
	error = unit->ops->flush(machine, unit);
	begin_change(&change, machine, unit, requester);
	change.domain = domain;
	if (error == QT_OK)
		error = unit->ops->admit(&change);
	if (error) {
		its->domain_id = id;
		return error;
	}
	its->state = QT_REQ_TRANSLATED;
	its->domain = live->domain;
	return unit->ops->flush(machine, unit);
}

static bool has_requesters(const struct qt_machine *machine, int16_t domain)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].domain == domain)
			return true;
	return false;
}

static void close_domain(struct qt_live *live)
{
	live->pages->reclaim(live->pages->context, live, true);
	live->table.root = 0;
	live->machine->domains[live->domain].table.root = 0;
	live->occupancy.used.count = 0;
	live->stale = (struct qt_stale){0};
}

int qt_live_release(struct qt_machine *machine, size_t requester, struct qt_live *live)
{
	struct qt_requester *its = &machine->requesters[requester];
	const struct qt_unit *unit = unit_of(machine, requester);
	struct qt_unit_change change;
	int16_t domain = its->domain;
	int error;

	if (!unit || unit->state != QT_UNIT_TRANSLATING || !unit->ops->block)
		return QT_E_UNSUPPORTED;
	if (live && live->domain != domain)
		return QT_E_INVAL;
	begin_change(&change, machine, unit, requester);
	error = unit->ops->block(&change);
	if (error == QT_OK)
		error = unit->ops->flush(machine, unit);
	if (error)
		return error;
	its->state = QT_REQ_BLOCKED;
	its->domain = -1;
	its->domain_id = 0;
	its->ats = false;
	if (live && !has_requesters(machine, domain))
		close_domain(live);
	return QT_OK;
}

static bool serves(const struct qt_machine *machine, unsigned unit, int16_t domain)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].unit == unit && machine->requesters[i].domain == domain)
			return true;
	return false;
}

int qt_live_flush(struct qt_live *live)
{
	struct qt_machine *machine = live->machine;

	for (size_t i = 0; i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];
		int error = serves(machine, (unsigned)i, live->domain)
				    ? unit->ops->flush(machine, unit)
				    : QT_OK;

		if (error)
			return error;
	}
	qt_live_flushed(live);
	return QT_OK;
}
