/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A domain in use: its tables and its IOVAs kept in step. */
#include "edit.h"

static struct qt_reader reader_of(const struct qt_live *live)
{
	return (struct qt_reader){
		.host = live->host,
		.ram = live->ram,
		.arena = live->arena,
		.pages = live->pages,
		.reads_left = live->reads,
	};
}

int qt_live_open(struct qt_live *live)
{
	struct qt_reader reader = reader_of(live);

	live->stale = (struct qt_stale){0};
	live->fault = (struct qt_table_fault){0};
	return qt_occupancy_rebuild(&live->occupancy, &reader, &live->table, &live->fault);
}

int qt_live_lookup(struct qt_live *live, qt_iova iova, struct qt_mapping *mapping)
{
	struct qt_reader reader = reader_of(live);

	return qt_lookup(&reader, &live->table, iova, mapping, &live->fault);
}

/* How far the table can be made to reach. */
static uint64_t reach_grown(const struct qt_live *live)
{
	struct qt_table table = live->table;

	if (live->set_root && table.geometry.levels_max > table.geometry.levels)
		table.geometry.levels = table.geometry.levels_max;
	return qt_table_reach(&table);
}

static uint64_t lower(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

int qt_live_allocate(struct qt_live *live, uint64_t size, uint64_t align, qt_iova floor,
	qt_iova limit, qt_iova *iova)
{
	int error = qt_occupancy_allocate(&live->occupancy, size, align, floor,
		lower(limit, qt_table_reach(&live->table)), iova);

	if (error == QT_E_NOTFOUND)
		error = qt_occupancy_allocate(&live->occupancy, size, align, floor,
			lower(limit, reach_grown(live)), iova);
	return error;
}

static bool output_fits(const struct qt_geometry *g, qt_phys phys, uint64_t size)
{
	qt_phys last = phys + (size - 1);

	return (phys & ((1ull << g->granule_lg2) - 1)) == 0 && last >= phys &&
	       (g->output_bits >= 64 || last >> g->output_bits == 0);
}

/* Whether one more range fits into the list of IOVAs. */
static bool has_room(const struct qt_ranges *used)
{
	return used->count < used->capacity;
}

int qt_live_map(struct qt_live *live, qt_iova iova, qt_phys phys, uint64_t size, unsigned perms)
{
	struct qt_ranges *used = &live->occupancy.used;
	struct qt_edit edit;
	int error = qt_edit_begin(&edit, live, iova, size, reach_grown(live));

	if (error)
		return error;
	if (perms == 0 || perms & ~(unsigned)QT_RW || !output_fits(edit.geometry, phys, size))
		return QT_E_INVAL;
	if (perms & edit.geometry->denied)
		return QT_E_BUSY;
	if (!has_room(used) && !qt_ranges_contain(used, iova, iova + size))
		return QT_E_NOMEM;
	edit.phys = phys;
	edit.perms = perms;
	error = qt_edit_map(&edit);
	if (error == QT_OK) {
		/* All is mapped now, whether in as few leaves as there could be or not. */
		edit.reader.reads_left = live->reads;
		qt_edit_fold(&edit);
		return qt_ranges_add(used, iova, iova + size);
	}
	/* Nothing in the range translated before, so all that does now goes again. */
	if (edit.begun) {
		edit.reader.reads_left = live->reads;
		qt_edit_unmap(&edit);
	}
	return error;
}

int qt_live_unmap(struct qt_live *live, qt_iova iova, uint64_t size, uint64_t *unmapped)
{
	struct qt_ranges *used = &live->occupancy.used;
	struct qt_edit edit;
	int error = qt_edit_begin(&edit, live, iova, size, qt_table_reach(&live->table));

	if (unmapped)
		*unmapped = 0;
	if (error)
		return error;
	if (!has_room(used))
		return QT_E_NOMEM;
	error = qt_edit_unmap(&edit);
	if (error)
		return error;
	if (unmapped)
		*unmapped = edit.bytes;
	return qt_ranges_remove(used, iova, iova + size);
}

void qt_live_flushed(struct qt_live *live)
{
	live->stale = (struct qt_stale){0};
	live->pages->reclaim(live->pages->context, live, false);
}
