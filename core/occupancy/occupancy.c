/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <quietus/occupancy.h>

static int take(void *context, const struct qt_mapping *mapping)
{
	struct qt_occupancy *occupancy = context;

	return qt_ranges_add(&occupancy->used, mapping->iova, mapping->iova + mapping->size);
}

int qt_occupancy_rebuild(struct qt_occupancy *occupancy, struct qt_reader *reader,
	const struct qt_table *table, struct qt_table_fault *fault)
{
	struct qt_range all = {0, qt_table_span(table)};

	occupancy->used.count = 0;
	occupancy->granule_lg2 = table->geometry.granule_lg2;
	return qt_scan(reader, table, all, &qt_nowhere, take, occupancy, fault);
}

/* Highest aligned start for `size` bytes inside [start, end), if there is one. */
static bool fit_top_down(
	uint64_t start, uint64_t end, uint64_t size, uint64_t align, uint64_t *found)
{
	if (end < start || end - start < size)
		return false;
	*found = (end - size) & ~(align - 1);
	return *found >= start;
}

int qt_occupancy_allocate(struct qt_occupancy *occupancy, uint64_t size, uint64_t align,
	qt_iova floor, qt_iova limit, qt_iova *iova)
{
	uint64_t granule = 1ull << occupancy->granule_lg2;
	const struct qt_ranges *used = &occupancy->used;
	uint64_t end = limit & ~(granule - 1);

	if (size == 0 || align == 0 || align & (align - 1) || size > UINT64_MAX - granule)
		return QT_E_INVAL;
	size = (size + granule - 1) & ~(granule - 1);
	if (align < granule)
		align = granule;
	/* Gaps from the top: above the last range in use, between two, below the first. */
	for (size_t i = used->count + 1; i-- > 0;) {
		uint64_t start = i ? used->list[i - 1].end : 0;

		if (start < floor)
			start = floor;
		if (i < used->count && used->list[i].start < end)
			end = used->list[i].start;
		if (fit_top_down(start, end, size, align, iova))
			return qt_ranges_add(&occupancy->used, *iova, *iova + size);
	}
	return QT_E_NOTFOUND;
}

int qt_occupancy_free(struct qt_occupancy *occupancy, qt_iova iova, uint64_t size)
{
	uint64_t granule = 1ull << occupancy->granule_lg2;

	if (size == 0 || size > UINT64_MAX - granule || iova & (granule - 1))
		return QT_E_INVAL;
	size = (size + granule - 1) & ~(granule - 1);
	if (iova + size < iova || !qt_ranges_contain(&occupancy->used, iova, iova + size))
		return QT_E_INVAL;
	return qt_ranges_remove(&occupancy->used, iova, iova + size);
}
