/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * find: which units there are, what each has for every requester, and what each
 * domain's tables mean for the crash region. Reads only.
 */
#include <quietus/memory.h>
#include <quietus/unit.h>

/* Reads for one domain, 512 entries each: what 8 TiB in 4 KiB leaves take. */
#define DOMAIN_READS (1u << 22)

/* Reads for one unit's requester tables: an entry each, 256 buses of 256 functions. */
#define REQUESTER_READS 100000u

/* Reads for finding out whether a unit's entries use a domain ID. */
#define DOMAIN_ID_READS (1u << 20)

/* Reads for one requester's entry: a step for each of its tables. */
#define ENTRY_READS 16u

int qt_machine_init(struct qt_machine *machine)
{
	struct qt_arena *arena = machine->arena;
	struct qt_range *list, *doorbells;

	machine->units = qt_alloc(arena, QT_UNITS_MAX * sizeof(*machine->units), 8);
	machine->scopes = qt_alloc(arena, QT_SCOPES_MAX * sizeof(*machine->scopes), 8);
	machine->reserved = qt_alloc(arena, QT_RESERVED_MAX * sizeof(*machine->reserved), 8);
	machine->sources = qt_alloc(arena, QT_SOURCES_MAX * sizeof(*machine->sources), 8);
	machine->requesters = qt_alloc(arena, QT_REQUESTERS_MAX * sizeof(*machine->requesters), 8);
	machine->domains = qt_alloc(arena, QT_DOMAINS_MAX * sizeof(*machine->domains), 8);
	machine->captures = qt_alloc(arena, QT_CAPTURES_MAX * sizeof(*machine->captures), 8);
	machine->flush_page = qt_alloc(arena, QT_FLUSH_PAGE_SIZE, QT_FLUSH_PAGE_SIZE);
	list = qt_alloc(arena, QT_RANGES_MAX * sizeof(*list), 8);
	doorbells = qt_alloc(arena, QT_RANGES_MAX * sizeof(*list), 8);
	if (!machine->units || !machine->scopes || !machine->reserved || !machine->sources ||
		!machine->requesters || !machine->domains || !machine->captures ||
		!machine->flush_page || !list || !doorbells)
		return QT_E_NOMEM;
	machine->mapped = (struct qt_ranges){.list = list, .capacity = QT_RANGES_MAX};
	machine->doorbells = (struct qt_ranges){.list = doorbells, .capacity = QT_RANGES_MAX};
	for (size_t i = 0; i < machine->crash.count + machine->low.count; i++) {
		const struct qt_range *range =
			i < machine->crash.count ? &machine->crash.list[i]
						 : &machine->low.list[i - machine->crash.count];
		int error = qt_ranges_add(&machine->mapped, range->start, range->end);

		if (error)
			return error;
	}
	return QT_OK;
}

static uint64_t end_of(const struct qt_ranges *ranges)
{
	return ranges->count ? ranges->list[ranges->count - 1].end : 0;
}

/* First address past all that a domain must map: crash region and doorbells. 0: nothing. */
static uint64_t mapped_end(const struct qt_machine *machine)
{
	uint64_t crash = end_of(&machine->crash), doorbells = end_of(&machine->doorbells);

	return crash > doorbells ? crash : doorbells;
}

struct qt_reader qt_machine_reader(const struct qt_machine *machine, uint64_t reads)
{
	return (struct qt_reader){
		.host = machine->host,
		.ram = &machine->ram,
		.arena = machine->own_tables ? machine->arena : NULL,
		.reads_left = reads,
		.deadline_us = machine->deadline_us,
	};
}

static bool same_shape(const struct qt_geometry *a, const struct qt_geometry *b)
{
	return a->format == b->format && a->granule_lg2 == b->granule_lg2 &&
	       a->index_lg2 == b->index_lg2 && a->leaf_level == b->leaf_level &&
	       a->output_bits == b->output_bits && a->coherent == b->coherent &&
	       a->accessed_dirty == b->accessed_dirty && a->memory == b->memory &&
	       a->device_memory == b->device_memory;
}

int qt_machine_capture(
	struct qt_machine *machine, const struct qt_geometry *geometry, struct qt_capture **capture)
{
	for (size_t i = 0; i < machine->capture_count; i++) {
		*capture = &machine->captures[i];
		if (same_shape(&(*capture)->geometry, geometry))
			return QT_OK;
	}
	if (machine->capture_count == QT_CAPTURES_MAX)
		return QT_E_NOMEM;
	*capture = &machine->captures[machine->capture_count++];
	**capture = (struct qt_capture){
		.arena = machine->arena,
		.host = machine->host,
		.ranges = &machine->mapped,
		.optional = &machine->low,
		.devices = &machine->doorbells,
		.geometry = *geometry,
	};
	return QT_OK;
}

/* Whether a function is the bridge `rid` or below it. */
static bool below(
	const struct qt_machine *machine, const struct qt_pci_function *function, qt_rid rid)
{
	/* Each step goes to an earlier function, so this ends. */
	for (int32_t at = function->parent; function->rid != rid; at = function->parent) {
		if (at < 0)
			return false;
		function = &machine->pci.functions[at];
	}
	return true;
}

bool qt_machine_reserved_for(
	const struct qt_machine *machine, const struct qt_reserved *reserved, qt_rid rid)
{
	if (qt_reserved_is_for(reserved, rid))
		return true;
	for (size_t i = 0; i < machine->pci.count; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];

		if (function->rid != rid && function->alias != rid)
			continue;
		if (qt_reserved_is_for(reserved, function->rid) ||
			(reserved->hierarchy && below(machine, function, reserved->rid)))
			return true;
	}
	return false;
}

int qt_machine_unit_of(const struct qt_machine *machine, const struct qt_pci_function *function)
{
	/* Firmware knows nothing of virtual functions: they go where their physical one does. */
	if (function->flags & QT_PCI_VF)
		function = &machine->pci.functions[function->physical];
	for (size_t i = 0; i < machine->scope_count; i++) {
		const struct qt_scope *scope = &machine->scopes[i];

		if ((function->rid >= scope->rid && function->rid <= scope->last) ||
			(scope->hierarchy && below(machine, function, scope->rid)))
			return scope->unit;
	}
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].include_all &&
			machine->units[i].segment == QT_RID_SEGMENT(function->rid))
			return (int)i;
	return -1;
}

/* Whether a unit serves a requester ID, whatever function it belongs to. */
static bool claims(const struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid)
{
	for (size_t i = 0; i < machine->scope_count; i++)
		if (rid >= machine->scopes[i].rid && rid <= machine->scopes[i].last)
			return machine->scopes[i].unit == unit->index;
	return unit->include_all && unit->segment == QT_RID_SEGMENT(rid);
}

static struct qt_requester *find_requester(struct qt_machine *machine, qt_rid rid, unsigned unit)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].rid == rid && machine->requesters[i].unit == unit)
			return &machine->requesters[i];
	return NULL;
}

static struct qt_requester *new_requester(
	struct qt_machine *machine, qt_rid rid, unsigned unit, enum qt_entry_state state)
{
	struct qt_requester *requester;

	if (machine->requester_count == QT_REQUESTERS_MAX) {
		machine->problem = QT_WHY_TOO_MANY;
		return NULL;
	}
	requester = &machine->requesters[machine->requester_count++];
	*requester = (struct qt_requester){
		.rid = rid,
		.unit = (uint8_t)unit,
		.state = (uint8_t)state,
		.function = -1,
		.domain = -1,
	};
	return requester;
}

/*
 * The domain of an entry: the same root and shape make the same domain, also
 * behind two units; then new leaves must suit both.
 */
static int domain_of(
	struct qt_machine *machine, const struct qt_unit *unit, const struct qt_unit_entry *entry)
{
	struct qt_domain *domain;

	for (size_t i = 0; i < machine->domain_count; i++) {
		struct qt_geometry *g = &machine->domains[i].table.geometry;

		if (machine->domains[i].table.root != entry->table.root ||
			g->format != entry->table.geometry.format ||
			g->levels != entry->table.geometry.levels ||
			g->denied != entry->table.geometry.denied ||
			g->granule_lg2 != entry->table.geometry.granule_lg2 ||
			g->root_lg2 != entry->table.geometry.root_lg2 ||
			g->memory != entry->table.geometry.memory ||
			g->device_memory != entry->table.geometry.device_memory)
			continue;
		if (entry->table.geometry.leaf_level < g->leaf_level)
			g->leaf_level = entry->table.geometry.leaf_level;
		if (entry->table.geometry.input_bits < g->input_bits)
			g->input_bits = entry->table.geometry.input_bits;
		if (entry->table.geometry.levels_max < g->levels_max)
			g->levels_max = entry->table.geometry.levels_max;
		if (entry->table.geometry.output_bits < g->output_bits)
			g->output_bits = entry->table.geometry.output_bits;
		g->coherent = g->coherent && entry->table.geometry.coherent;
		g->accessed_dirty = g->accessed_dirty || entry->table.geometry.accessed_dirty;
		g->break_before_make =
			g->break_before_make || entry->table.geometry.break_before_make;
		return (int)i;
	}
	if (machine->domain_count == QT_DOMAINS_MAX) {
		machine->problem = QT_WHY_TOO_MANY;
		return -1;
	}
	domain = &machine->domains[machine->domain_count];
	*domain = (struct qt_domain){
		.table = entry->table, .id = entry->domain_id, .unit = unit->index};
	return (int)machine->domain_count++;
}

struct entry_visit {
	struct qt_machine *machine;
	struct qt_unit *unit;
};

static int visit_entry(void *context, const struct qt_unit_entry *entry)
{
	struct entry_visit *visit = context;
	struct qt_requester *requester;

	if (visit->unit->shares_tables && !claims(visit->machine, visit->unit, entry->rid))
		return QT_OK;
	requester = new_requester(
		visit->machine, entry->rid, visit->unit->index, (enum qt_entry_state)entry->state);
	if (!requester)
		return QT_E_NOMEM;
	requester->reason = entry->reason;
	requester->ats = entry->ats;
	requester->domain_id = entry->domain_id;
	if (entry->table.geometry.levels) {
		requester->domain = (int16_t)domain_of(visit->machine, visit->unit, entry);
		if (requester->domain < 0)
			return QT_E_NOMEM;
	}
	return QT_OK;
}

/* A unit that is not taken over is not flushed: none of its requesters may be adopted then. */
static void give_up_on(struct qt_machine *machine, struct qt_unit *unit, enum qt_reason reason)
{
	unit->state = QT_UNIT_UNSUPPORTED;
	unit->reason = (uint8_t)reason;
	for (size_t i = 0; i < machine->requester_count; i++) {
		struct qt_requester *requester = &machine->requesters[i];

		if (requester->unit != unit->index)
			continue;
		requester->state = QT_REQ_UNSUPPORTED;
		requester->reason = (uint8_t)reason;
		requester->domain = -1;
	}
}

static void find_present_entries(struct qt_machine *machine, struct qt_unit *unit)
{
	struct qt_reader reader = qt_machine_reader(machine, REQUESTER_READS);
	struct entry_visit visit = {machine, unit};
	int error = unit->ops->scan(unit, &reader, visit_entry, &visit);

	if (error && !machine->problem)
		give_up_on(
			machine, unit, error == QT_E_LIMIT ? QT_WHY_NO_TIME : QT_WHY_TABLE_DAMAGED);
}

/* What a unit has for a requester that its scan did not visit. */
static enum qt_entry_state entry_not_visited(
	const struct qt_machine *machine, const struct qt_unit *unit, qt_rid rid)
{
	struct qt_reader reader = qt_machine_reader(machine, ENTRY_READS);
	struct qt_unit_entry entry;

	if (unit->ops->entry(unit, &reader, rid, &entry))
		return QT_REQ_DAMAGED;
	switch (entry.state) {
	case QT_REQ_ABSENT:
	case QT_REQ_BLOCKED:
	case QT_REQ_PASSTHROUGH:
	case QT_REQ_UNSUPPORTED:
		return (enum qt_entry_state)entry.state;
	default:
		return QT_REQ_DAMAGED;
	}
}

/* What a requester without a present entry meets at its unit. */
static enum qt_entry_state state_without_entry(
	const struct qt_machine *machine, int unit, qt_rid rid)
{
	if (unit < 0)
		return QT_REQ_DIRECT;
	switch (machine->units[unit].state) {
	case QT_UNIT_OFF:
		return QT_REQ_DIRECT;
	case QT_UNIT_TRANSLATING:
		return entry_not_visited(machine, &machine->units[unit], rid);
	default:
		return QT_REQ_UNSUPPORTED;
	}
}

static void add_function_requester(struct qt_machine *machine, size_t index, qt_rid rid, int unit)
{
	const struct qt_pci_function *function = &machine->pci.functions[index];
	unsigned known_unit = unit < 0 ? UINT8_MAX : (unsigned)unit;
	struct qt_requester *requester = find_requester(machine, rid, known_unit);

	if (!requester) {
		/* A bridge that has no entry does no DMA of its own. */
		if (function->flags & QT_PCI_BRIDGE)
			return;
		requester = new_requester(
			machine, rid, known_unit, state_without_entry(machine, unit, rid));
		if (!requester)
			return;
		if (requester->state == QT_REQ_DAMAGED)
			requester->reason = QT_WHY_ENTRY_DAMAGED;
		if (requester->state == QT_REQ_UNSUPPORTED)
			requester->reason = machine->units[unit].reason
						    ? machine->units[unit].reason
						    : QT_WHY_ENTRY_UNSUPPORTED;
	}
	if (requester->function < 0)
		requester->function = (int16_t)index;
	/* ATS has to be on at both ends for a device to cache anything. */
	requester->ats = requester->ats && function->flags & QT_PCI_ATS;
}

static void find_functions(struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->pci.count; i++) {
		const struct qt_pci_function *function = &machine->pci.functions[i];
		int unit = qt_machine_unit_of(machine, function);

		add_function_requester(machine, i, function->rid, unit);
		if (function->alias != function->rid)
			add_function_requester(machine, i, function->alias, unit);
	}
	/* What is not there caches nothing. */
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].function < 0)
			machine->requesters[i].ats = false;
}

struct survey {
	const struct qt_machine *machine;
	struct qt_domain *domain;
	uint64_t identical; /* bytes of the crash region that map one to one, read-write */
	uint64_t reached;   /* of the doorbells, writable */
};

static uint64_t max64(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Messages are only written, and anybody's may be sent there: GUARD says nothing of doorbells. */
static void survey_doorbells(struct survey *survey, const struct qt_mapping *m)
{
	const struct qt_ranges *doorbells = &survey->machine->doorbells;
	bool same = !m->elsewhere && m->iova == m->phys && m->perms & QT_WRITE;

	for (size_t i = 0; i < doorbells->count; i++) {
		uint64_t start = max64(doorbells->list[i].start, m->iova);
		uint64_t end = min64(doorbells->list[i].end, m->iova + m->size);

		if (start < end && same)
			survey->reached += end - start;
		if (start < end && !same && !survey->domain->taken) {
			survey->domain->taken = true;
			survey->domain->taken_iova = start;
		}
	}
}

static int survey_mapping(void *context, const struct qt_mapping *m)
{
	struct survey *survey = context;
	struct qt_domain *domain = survey->domain;
	const struct qt_ranges *crash = &survey->machine->crash;
	bool same = !m->elsewhere && m->iova == m->phys && (m->perms & QT_RW) == QT_RW;

	if (m->perms) {
		domain->mapped += m->size;
		domain->pieces++;
	}
	for (size_t i = 0; i < crash->count; i++) {
		const struct qt_range *c = &crash->list[i];
		uint64_t start = max64(c->start, m->iova);
		uint64_t end = min64(c->end, m->iova + m->size);

		if (start < end && same)
			survey->identical += end - start;
		if (start < end && !same && !domain->taken) {
			domain->taken = true;
			domain->taken_iova = start;
		}
		if (m->elsewhere)
			continue;
		start = max64(c->start, m->phys);
		end = min64(c->end, m->phys + m->size);
		if (start < end && m->iova != m->phys && !domain->guard_broken) {
			domain->guard_broken = true;
			domain->guard_iova = m->iova + (start - m->phys);
		}
	}
	survey_doorbells(survey, m);
	return 0;
}

static uint64_t total_size(const struct qt_ranges *ranges)
{
	uint64_t total = 0;

	for (size_t i = 0; i < ranges->count; i++)
		total += ranges->list[i].end - ranges->list[i].start;
	return total;
}

void qt_domain_survey(const struct qt_machine *machine, struct qt_domain *domain)
{
	struct qt_reader reader = qt_machine_reader(machine, DOMAIN_READS);
	struct qt_range all = {0, qt_table_span(&domain->table)};
	struct survey survey = {.machine = machine, .domain = domain};
	const struct qt_ranges *crash = &machine->crash;

	domain->mapped = domain->pieces = 0;
	domain->taken = domain->guard_broken = domain->identity = false;
	domain->scan_error = qt_scan(&reader, &domain->table, all, &machine->mapped, survey_mapping,
		&survey, &domain->fault);
	domain->too_narrow = mapped_end(machine) > qt_table_reach(&domain->table);
	domain->identity = domain->scan_error == QT_OK && survey.identical == total_size(crash) &&
			   survey.reached == total_size(&machine->doorbells);
}

struct counting {
	const struct qt_arena *arena;
	uint32_t stores;
};

static int count_store(void *context, const struct qt_store *store)
{
	struct counting *counting = context;

	if (!qt_arena_pointer(counting->arena, store->at, sizeof(store->after)))
		counting->stores++;
	return QT_OK;
}

/* A table that can grow is not too narrow: it is given levels on top, in our memory. */
static void survey_growth(struct qt_machine *machine, struct qt_domain *domain)
{
	const struct qt_geometry *g = &domain->table.geometry;
	uint64_t end = mapped_end(machine);
	unsigned levels = g->levels + 1u;
	struct qt_table wider = domain->table;
	int error;

	if (!domain->too_narrow || domain->scan_error || domain->guard_broken || domain->taken)
		return;
	for (; levels <= g->levels_max; levels++) {
		wider.geometry.levels = (uint8_t)levels;
		if (qt_table_span(&wider) >= end)
			break;
	}
	if (levels > g->levels_max)
		return;
	error = qt_table_grow(
		machine->arena, machine->host, &domain->table, levels, &domain->grown);
	if (error) {
		domain->grown = (struct qt_table){0};
		machine->problem = QT_WHY_NO_MEMORY;
	}
}

/* The table that a domain will have. */
static const struct qt_table *future_table(const struct qt_domain *domain)
{
	return domain->grown.root ? &domain->grown : &domain->table;
}

/* What the capture mapping would take; its tables are made on the way, in our memory. */
static void survey_install(struct qt_machine *machine, struct qt_domain *domain)
{
	struct counting counting = {.arena = machine->arena};

	survey_growth(machine, domain);
	if (domain->scan_error || (domain->too_narrow && !domain->grown.root) || domain->taken ||
		domain->identity)
		return;
	domain->install_error = qt_domain_install(
		machine, future_table(domain), count_store, &counting, &domain->taken_iova);
	if (domain->install_error == QT_OK)
		domain->stores = counting.stores;
	if (domain->install_error == QT_E_NOMEM)
		machine->problem = QT_WHY_NO_MEMORY;
}

/* A table that has grown begins in our own memory; all below has been surveyed before. */
static struct qt_reader install_reader(
	const struct qt_machine *machine, const struct qt_table *table)
{
	struct qt_reader reader = qt_machine_reader(machine, DOMAIN_READS);

	if (qt_arena_pointer(machine->arena, table->root, sizeof(uint64_t)))
		reader.arena = machine->arena;
	return reader;
}

int qt_domain_install(struct qt_machine *machine, const struct qt_table *table,
	int (*add)(void *context, const struct qt_store *store), void *context, qt_iova *iova)
{
	struct qt_table_fault fault = {0};
	struct qt_capture *capture;
	int error = qt_machine_capture(machine, &table->geometry, &capture);

	for (size_t i = 0; i < machine->crash.count && error == QT_OK; i++) {
		struct qt_reader reader = install_reader(machine, table);

		error = qt_install(&reader, table, capture, machine->crash.list[i], false, add,
			context, &fault);
		*iova = fault.iova;
	}
	for (size_t i = 0; i < machine->doorbells.count && error == QT_OK; i++) {
		struct qt_reader reader = install_reader(machine, table);

		error = qt_install(&reader, table, capture, machine->doorbells.list[i], false, add,
			context, &fault);
		*iova = fault.iova;
	}
	/* Low memory where it is free: it is never a reason to give up. */
	for (size_t i = 0; i < machine->low.count && error == QT_OK; i++) {
		struct qt_reader reader = install_reader(machine, table);

		error = qt_install(
			&reader, table, capture, machine->low.list[i], true, add, context, &fault);
	}
	return error;
}

/* Whether any entry of the unit uses a domain ID, those of other PASIDs included. */
static int domain_id_used(
	const struct qt_machine *machine, const struct qt_unit *unit, uint32_t id, bool *used)
{
	struct qt_reader reader = qt_machine_reader(machine, DOMAIN_ID_READS);

	*used = false;
	for (size_t i = 0; i < machine->requester_count && !*used; i++)
		*used = machine->requesters[i].unit == unit->index &&
			machine->requesters[i].domain_id == id;
	/* Domains that no requester has yet. */
	for (size_t i = 0; i < machine->domain_count && !*used; i++)
		*used = machine->domains[i].ours && machine->domains[i].table.root &&
			machine->domains[i].unit == unit->index && machine->domains[i].id == id;
	if (*used || !unit->ops->domain_id_used)
		return QT_OK;
	return unit->ops->domain_id_used(unit, &reader, id, used);
}

int qt_machine_domain_id(const struct qt_machine *machine, unsigned unit, uint32_t *id)
{
	for (*id = machine->units[unit].domain_ids - 1; *id > 0; (*id)--) {
		bool used;
		int error = domain_id_used(machine, &machine->units[unit], *id, &used);

		if (error || !used)
			return error;
	}
	return QT_E_LIMIT;
}

/* One over the crash region would be mapped as no memory. */
static void add_doorbells(struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->doorbells.count; i++) {
		const struct qt_range *range = &machine->doorbells.list[i];

		if (qt_ranges_overlap(&machine->ram, range->start, range->end) ||
			qt_ranges_overlap(&machine->mapped, range->start, range->end))
			machine->problem = QT_WHY_FIRMWARE_BAD;
		else if (qt_ranges_add(&machine->mapped, range->start, range->end))
			machine->problem = QT_WHY_TOO_MANY;
	}
}

void qt_machine_discover(struct qt_machine *machine)
{
	for (size_t i = 0; qt_unit_registry[i]; i++) {
		int error = qt_unit_registry[i]->discover(machine);

		if (error == QT_OK || error == QT_E_NOTFOUND || machine->problem)
			continue;
		machine->problem = error == QT_E_UNSUPPORTED ? QT_WHY_VENDOR_UNSUPPORTED
				   : error == QT_E_LIMIT     ? QT_WHY_TOO_MANY
				   : error == QT_E_NOMEM     ? QT_WHY_NO_MEMORY
							     : QT_WHY_FIRMWARE_BAD;
	}
	add_doorbells(machine);
}

/* Others are left alone whatever they translate: theirs are looked at for GUARD only. */
static bool is_translated(const struct qt_machine *machine, size_t domain)
{
	for (size_t i = 0; i < machine->requester_count; i++)
		if (machine->requesters[i].domain == (int16_t)domain &&
			machine->requesters[i].state == QT_REQ_TRANSLATED)
			return true;
	return false;
}

void qt_machine_find(struct qt_machine *machine)
{
	qt_machine_discover(machine);
	qt_machine_look(machine);
}

void qt_machine_look(struct qt_machine *machine)
{
	for (size_t i = 0; i < machine->unit_count; i++)
		machine->units[i].ops->inspect(machine, &machine->units[i]);
	for (size_t i = 0; i < machine->unit_count; i++)
		if (machine->units[i].state == QT_UNIT_TRANSLATING)
			find_present_entries(machine, &machine->units[i]);
	find_functions(machine);
	for (size_t i = 0; i < machine->domain_count; i++)
		qt_domain_survey(machine, &machine->domains[i]);
	for (size_t i = 0; i < machine->domain_count; i++)
		if (is_translated(machine, i))
			survey_install(machine, &machine->domains[i]);
}
