/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ending translations. */
#include "edit.h"

static int unmap_slot(struct qt_edit *edit, struct qt_slot *slot);

/* Takes a slot's entry out. */
static int clear(struct qt_edit *edit, const struct qt_slot *slot, unsigned what)
{
	qt_edit_stale(edit, what, slot->base, slot->last);
	return qt_edit_put(edit, slot->at, 0);
}

static bool leaf_in_range(const struct qt_edit *edit, const struct qt_slot *slot)
{
	uint64_t mask = (1ull << slot->entry.size_lg2) - 1;

	return (slot->base & ~mask) >= edit->first && (slot->base | mask) <= edit->last;
}

static int unmap_leaf(struct qt_edit *edit, struct qt_slot *slot)
{
	int error;

	if (leaf_in_range(edit, slot))
		return clear(edit, slot, QT_STALE_CHANGED);
	error = qt_edit_split(edit, slot);
	return error ? error : unmap_slot(edit, slot);
}

/* Only tables of our own: what the dead kernel made stays its memory. */
static int drop_if_empty(struct qt_edit *edit, const struct qt_slot *slot)
{
	const struct qt_pages *pages = edit->live->pages;
	size_t entries = (size_t)1 << edit->geometry->index_lg2;
	const uint64_t *words =
		pages->pointer(pages->context, slot->entry.output, entries * sizeof(uint64_t));
	int error;

	if (!words)
		return QT_OK;
	for (size_t i = 0; i < entries; i++) {
		struct qt_entry entry;

		edit->geometry->format->decode(
			edit->geometry, slot->entry.next_level, &words[i], 1, &entry);
		if (entry.kind != QT_ENTRY_EMPTY)
			return QT_OK;
	}
	error = clear(edit, slot, QT_STALE_TABLES);
	if (error == QT_OK)
		qt_edit_retire(edit, slot->entry.output);
	return error;
}

static int unmap_below(struct qt_edit *edit, struct qt_slot *slot)
{
	int error;

	/* What is shared has nothing of ours below it. */
	if (qt_edit_covers(edit, slot) && qt_edit_is_shared(edit, slot->entry.output))
		return clear(edit, slot, QT_STALE_CHANGED | QT_STALE_TABLES);
	error = qt_edit_unshare(edit, slot);
	if (error)
		return error;
	error = qt_edit_slots(
		edit, slot->entry.next_level, slot->entry.output, slot->base, unmap_slot);
	return error ? error : drop_if_empty(edit, slot);
}

static int unmap_slot(struct qt_edit *edit, struct qt_slot *slot)
{
	switch (slot->entry.kind) {
	case QT_ENTRY_EMPTY:
		return QT_OK;
	case QT_ENTRY_LEAF:
		return unmap_leaf(edit, slot);
	case QT_ENTRY_TABLE:
		return unmap_below(edit, slot);
	default:
		return QT_E_BAD;
	}
}

struct extent {
	uint64_t bytes;
	uint64_t first, last;
};

static int measure(void *context, const struct qt_mapping *mapping)
{
	struct extent *extent = context;

	/* Something that is there, but not for devices: not ours to end. */
	if (mapping->perms == 0)
		return QT_E_BUSY;
	if (extent->bytes == 0)
		extent->first = mapping->iova;
	extent->last = mapping->iova + (mapping->size - 1);
	extent->bytes += mapping->size;
	return 0;
}

/*
 * Looks first, so that nothing is changed, unshared above all, where nothing
 * translates.
 */
int qt_edit_unmap(struct qt_edit *edit)
{
	struct extent extent = {0};
	int error = qt_scan(&edit->reader, &edit->live->table,
		(struct qt_range){edit->first, edit->last + 1}, &qt_nowhere, measure, &extent,
		&edit->live->fault);

	edit->bytes = extent.bytes;
	if (error || extent.bytes == 0)
		return error;
	edit->first = extent.first;
	edit->last = extent.last;
	error = qt_edit_unshare_root(edit);
	if (error)
		return error;
	return qt_edit_slots(
		edit, edit->geometry->levels - 1u, edit->live->table.root, 0, unmap_slot);
}
