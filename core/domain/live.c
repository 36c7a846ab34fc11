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

int qt_live_allocate(struct qt_live *live, uint64_t size, uint64_t align, qt_iova floor,
	qt_iova limit, qt_iova *iova)
{
	uint64_t span = qt_table_reach(&live->table);

	return qt_occupancy_allocate(
		&live->occupancy, size, align, floor, limit < span ? limit : span, iova);
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
	int error = qt_edit_begin(&edit, live, iova, size);

	if (error)
		return error;
	if (perms == 0 || perms & ~(unsigned)QT_RW || !output_fits(edit.geometry, phys, size))
		return QT_E_INVAL;
	if (!has_room(used) && !qt_ranges_contain(used, iova, iova + size))
		return QT_E_NOMEM;
	edit.phys = phys;
	edit.perms = perms;
	error = qt_edit_map(&edit);
	if (error == QT_OK)
		return qt_ranges_add(used, iova, iova + size);
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
	int error = qt_edit_begin(&edit, live, iova, size);

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
