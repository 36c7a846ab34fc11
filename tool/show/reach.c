/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/progress.h"
#include "reach.h"

/* As for the stage (core/machine/find.c), whose time is shorter. */
#define DOMAIN_READS (UINT64_C(1) << 25)
#define ENTRY_READS  16u

/* Every address is looked for in the dump; what is not there it says by itself. */
static struct qt_range everywhere = {0, UINT64_MAX};
static const struct qt_ranges all_memory = {&everywhere, 1, 1};

struct walk {
	const struct reach_source *source;
	struct reach *reach;
	struct reach_domain *domain; /* that is being read */
	struct progress progress;
	struct qt_host host;
};

static int read_memory(void *context, qt_phys at, void *buffer, size_t size)
{
	const struct reach_source *source = context;

	switch (dump_read(source->dump, at, buffer, size)) {
	case DUMP_READ:
		journal_restore(source->journal, at, buffer, size);
		return QT_OK;
	case DUMP_OUTSIDE:
		return QT_E_OUTSIDE;
	default:
		return QT_E_IO;
	}
}

static struct qt_reader reader_of(const struct walk *walk, uint64_t reads)
{
	return (struct qt_reader){.host = &walk->host, .ram = &all_memory, .reads_left = reads};
}

/* The list, with room for one more. NULL where there is no memory; the list stays. */
static void *with_room(void *list, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? 2 * *room : 64;

	if (count < *room)
		return list;
	list = realloc(list, wanted * size);
	if (list)
		*room = wanted;
	return list;
}

static bool add_hit(struct walk *walk, const struct qt_mapping *m)
{
	struct reach_domain *domain = walk->domain;
	qt_phys phys = walk->source->phys;
	struct reach_hit *hits;

	if (!walk->source->wants_phys || phys < m->phys || phys - m->phys >= m->size)
		return true;
	hits = with_room(domain->hits, domain->hit_count, &domain->hit_room, sizeof(*hits));
	if (!hits)
		return false;
	domain->hits = hits;
	hits[domain->hit_count++] =
		(struct reach_hit){.iova = m->iova + (phys - m->phys), .perms = m->perms};
	return true;
}

static int visit_mapping(void *context, const struct qt_mapping *m)
{
	struct walk *walk = context;
	struct reach_domain *domain = walk->domain;
	struct reach_range *last = domain->count ? &domain->ranges[domain->count - 1] : NULL;
	struct reach_range *ranges;

	if (!m->perms)
		return 0;
	if (!add_hit(walk, m))
		return QT_E_NOMEM;
	domain->bytes += m->size;
	if (last && last->iova + last->size == m->iova && last->perms == m->perms) {
		last->size += m->size;
		last->pieces++;
		return 0;
	}
	ranges = with_room(domain->ranges, domain->count, &domain->room, sizeof(*ranges));
	if (!ranges)
		return QT_E_NOMEM;
	domain->ranges = ranges;
	ranges[domain->count++] = (struct reach_range){
		.iova = m->iova, .size = m->size, .phys = m->phys, .pieces = 1, .perms = m->perms};
	return 0;
}

static bool same_table(const struct qt_table *a, const struct qt_table *b)
{
	return a->root == b->root && a->geometry.format == b->geometry.format &&
	       a->geometry.levels == b->geometry.levels && a->geometry.denied == b->geometry.denied;
}

/* The domain with this table, read now if it has not been. QT_E_NOMEM. */
static int domain_of(struct walk *walk, const struct qt_table *table, int *index)
{
	struct reach *reach = walk->reach;
	struct qt_reader reader = reader_of(walk, DOMAIN_READS);
	struct qt_range all = {0, qt_table_span(table)};

	for (size_t i = 0; i < reach->domain_count; i++) {
		*index = (int)i;
		if (same_table(&reach->domains[i].table, table))
			return QT_OK;
	}
	*index = (int)reach->domain_count;
	walk->domain = &reach->domains[reach->domain_count++];
	walk->domain->table = *table;
	walk->domain->error =
		qt_scan(&reader, table, all, NULL, visit_mapping, walk, &walk->domain->fault);
	/* What hardware refuses (QT_E_BAD) is no way for a device either. */
	if (walk->domain->error && walk->domain->error != QT_E_BAD)
		reach->complete = false;
	return walk->domain->error == QT_E_NOMEM ? QT_E_NOMEM : QT_OK;
}

/* What the unit has for the device. A unit that was off, or is not known, has no entries. */
static int read_entry(
	const struct walk *walk, const struct reach_device *device, struct qt_unit_entry *entry)
{
	const struct qt_report_requester *requester = device->requester;
	struct qt_reader reader = reader_of(walk, ENTRY_READS);
	struct qt_unit unit;
	int error;

	*entry = (struct qt_unit_entry){.state = requester->state};
	if (requester->unit == UINT8_MAX)
		return QT_OK;
	error = qt_report_unit(walk->source->report->file.data, requester->unit, &unit);
	if (error || unit.state == QT_UNIT_OFF)
		return error;
	if (unit.state != QT_UNIT_TRANSLATING)
		return QT_E_UNSUPPORTED;
	return unit.ops->entry(&unit, &reader, requester->rid, entry);
}

static int read_device(struct walk *walk, struct reach_device *device)
{
	struct qt_unit_entry entry;

	device->domain = -1;
	device->error = read_entry(walk, device, &entry);
	device->state = entry.state;
	if (device->error || entry.state == QT_REQ_UNSUPPORTED || entry.state == QT_REQ_DAMAGED)
		walk->reach->complete = false;
	if (device->error || entry.state != QT_REQ_TRANSLATED)
		return QT_OK;
	return domain_of(walk, &entry.table, &device->domain);
}

bool reach_read(struct reach *reach, const struct reach_source *source, struct reason *why)
{
	const struct qt_report_list *list = &source->report->header.requesters;
	struct walk walk = {.source = source,
		.reach = reach,
		.host = {.context = (void *)(uintptr_t)source, .read = read_memory},
		.progress = progress_begin("reading translations", list->count, source->chatty)};
	int error = QT_OK;

	*reach = (struct reach){.complete = true};
	reach->devices = calloc(list->count + 1u, sizeof(*reach->devices));
	reach->domains = calloc(list->count + 1u, sizeof(*reach->domains));
	if (!reach->devices || !reach->domains)
		error = QT_E_NOMEM;
	for (size_t i = 0; error == QT_OK && i < list->count; i++) {
		struct reach_device *device = &reach->devices[reach->device_count++];

		device->requester = (const void *)report_record(source->report, list, i);
		error = read_device(&walk, device);
		progress_step(&walk.progress);
	}
	progress_end(&walk.progress);
	if (!error)
		return true;
	reach_free(reach);
	return because_of(why, ENOMEM);
}

void reach_free(struct reach *reach)
{
	for (size_t i = 0; reach->domains && i < reach->domain_count; i++) {
		free(reach->domains[i].ranges);
		free(reach->domains[i].hits);
	}
	free(reach->domains);
	free(reach->devices);
	memset(reach, 0, sizeof(*reach));
}
