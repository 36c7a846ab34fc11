/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * prepare, commit, verify, undo. The preparation only reads, builds tables in
 * our own memory and fills the journal; the commit executes the journal.
 */
#include <quietus/limits.h>
#include <quietus/takeover.h>

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
	/* Two ranges can meet in one entry: then both want the same. */
	if (qt_journal_pending(takeover->journal, store->at, &pending))
		return pending == store->after ? QT_OK : QT_E_BUSY;
	return qt_journal_add(takeover->journal, store);
}

static bool pending_store(void *context, qt_phys at, uint64_t *value)
{
	struct qt_takeover *takeover = context;

	return qt_journal_pending(takeover->journal, at, value);
}

static bool is_adopted(const struct qt_machine *machine, int16_t domain)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].domain == domain &&
			machine->requesters[i].decision == QT_ADOPT)
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
		const struct qt_unit *unit = &machine->units[requester->unit];

		if (requester->domain != index || requester->decision != QT_ADOPT)
			continue;
		error = unit->ops->set_root ? unit->ops->set_root(machine, unit, requester->rid,
						      &domain->grown, add_store, takeover)
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

		if (!is_adopted(machine, (int16_t)i))
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

		if (requester->unit == unit && requester->decision == QT_ADMIT &&
			requester->domain >= 0 && same_reserved(machine, requester->rid, rid))
			return requester->domain;
	}
	return -1;
}

static int admit_one(struct qt_takeover *takeover, struct qt_requester *requester)
{
	struct qt_machine *machine = takeover->machine;
	const struct qt_unit *unit = &machine->units[requester->unit];
	const struct qt_domain *domain;
	int index = shared_domain(machine, requester->unit, requester->rid);

	if (index < 0) {
		int error = new_domain(machine, unit, requester->rid);

		if (error)
			return error;
		index = (int)machine->domain_count - 1;
	}
	domain = &machine->domains[index];
	requester->domain = (int16_t)index;
	requester->domain_id = domain->id;
	return unit->ops->admit(machine, unit, requester->rid, domain->id, &domain->table,
		pending_store, add_store, takeover);
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

int qt_takeover_prepare(struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;
	int error = adopt_all(takeover);

	for (size_t i = 0; i < machine->requester_count && error == QT_OK; i++)
		if (machine->requesters[i].decision == QT_ADMIT)
			error = admit_one(takeover, &machine->requesters[i]);
	return error ? error : release_interrupts(takeover);
}

static bool all_coherent(const struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].state == QT_UNIT_TRANSLATING && !machine->units[i].coherent)
			return false;
	/* A unit's own tables and a domain's can differ in this (VT-d scalable mode). */
	for (size_t i = 0; i < machine->domain_count; i++)
		if (!machine->domains[i].table.geometry.coherent)
			return false;
	return true;
}

/* Whether translations of this unit, or where interrupts go, matter to the capture kernel. */
static bool needs_flush(const struct qt_machine *machine, const struct qt_unit *unit)
{
	if (unit->state != QT_UNIT_TRANSLATING)
		return false;
	if (unit->ops->release_interrupts)
		return true;
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].unit == unit->index &&
			machine->requesters[i].domain >= 0)
			return true;
	return false;
}

/*
 * Flushes every unit that matters. The limit is for all units together, and a
 * unit's own waits come on top of it once: what hangs must not hold up the dump.
 */
static int flush_all(struct qt_machine *machine)
{
	const struct qt_host *host = machine->host;
	uint64_t since = host->now_us(host->context);
	int first = QT_OK;

	for (size_t i = 0; i < machine->unit_count; i++) {
		const struct qt_unit *unit = &machine->units[i];
		int error = QT_OK;

		if (!needs_flush(machine, unit))
			continue;
		if (host->now_us(host->context) - since > QT_FLUSH_LIMIT_US)
			error = QT_E_TIMEOUT;
		else
			error = unit->ops->flush(machine, unit);
		if (first == QT_OK)
			first = error;
	}
	return first;
}

static int make_store(const struct qt_machine *machine, qt_phys at, uint64_t value, bool coherent)
{
	const struct qt_host *host = machine->host;
	int error = host->store64(host->context, at, value);

	if (error == QT_OK && !coherent)
		host->write_back(host->context, at, sizeof(value));
	return error;
}

/*
 * A domain ID that no entry uses may still be cached, from a domain that is gone:
 * a requester that comes in under it must not hit that.
 */
static int forget_new_domain_ids(const struct qt_takeover *takeover)
{
	struct qt_machine *machine = takeover->machine;

	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].decision == QT_ADMIT)
			return flush_all(machine);
	return QT_OK;
}

/* Whether a word is what it was when it was planned on, but for bits that hardware sets. */
static bool unchanged(const struct qt_store *store, uint64_t now)
{
	uint64_t set = now & ~store->before, cleared = store->before & ~now;

	return cleared == 0 && (set & ~(uint64_t)store->hardware_bits) == 0;
}

int qt_takeover_commit(struct qt_takeover *takeover)
{
	const struct qt_host *host = takeover->machine->host;
	struct qt_journal *journal = takeover->journal;
	bool coherent = all_coherent(takeover->machine);
	struct qt_journal_cursor cursor;
	struct qt_store store;
	int error = forget_new_domain_ids(takeover);

	if (error)
		return error;
	takeover->machine->own_tables = true;
	qt_journal_seek(journal, 0, &cursor);
	while (qt_journal_next(journal, &cursor, &store)) {
		uint64_t now;

		error = host->read(host->context, store.at, &now, sizeof(now));
		if (error == QT_OK && !unchanged(&store, now))
			error = QT_E_BAD;
		if (error)
			return error;
		/* Counted first: an exception in the middle of the store must undo it too. */
		journal->done++;
		error = make_store(takeover->machine, store.at, store.after, coherent);
		if (error)
			return error;
	}
	return flush_all(takeover->machine);
}

int qt_takeover_undo(struct qt_takeover *takeover)
{
	struct qt_journal *journal = takeover->journal;
	bool coherent = all_coherent(takeover->machine);
	bool changed = journal->done > 0;
	struct qt_journal_cursor cursor;
	struct qt_store store;
	int first = QT_OK;

	qt_journal_seek(journal, journal->done, &cursor);
	while (qt_journal_previous(journal, &cursor, &store)) {
		int error = make_store(takeover->machine, store.at, store.before, coherent);

		journal->done--;
		if (first == QT_OK)
			first = error;
	}
	takeover->machine->own_tables = false;
	if (changed) {
		int error = flush_all(takeover->machine);

		if (first == QT_OK)
			first = error;
	}
	return first;
}

/* The hardware's own entry must lead to the domain that was decided on. */
static bool entry_leads_there(
	const struct qt_machine *machine, const struct qt_requester *requester)
{
	const struct qt_unit *unit = &machine->units[requester->unit];
	const struct qt_domain *domain = &machine->domains[requester->domain];
	struct qt_reader reader = qt_machine_reader(machine, 16);
	struct qt_unit_entry entry;
	int error = unit->ops->entry(unit, &reader, requester->rid, &entry);

	return error == QT_OK && entry.state == QT_REQ_TRANSLATED &&
	       entry.table.root == domain->table.root &&
	       entry.table.geometry.levels == domain->table.geometry.levels;
}

int qt_takeover_verify(struct qt_takeover *takeover, size_t *failed)
{
	struct qt_machine *machine = takeover->machine;

	for (size_t i = 0; i < machine->domain_count; i++)
		if (machine->domains[i].ours || is_adopted(machine, (int16_t)i))
			qt_domain_survey(machine, &machine->domains[i]);
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];
		const struct qt_domain *domain;

		if (requester->decision == QT_LEAVE || requester->domain < 0)
			continue;
		domain = &machine->domains[requester->domain];
		if (!domain->identity || domain->guard_broken ||
			!entry_leads_there(machine, requester)) {
			*failed = i;
			return QT_E_BAD;
		}
		requester->verified = true;
	}
	return QT_OK;
}
