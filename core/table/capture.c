/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The capture subtree: tables that map the crash region one to one, made once
 * per shape of table and then shared.
 */
#include <quietus/memory.h>
#include <quietus/table.h>

#define PAGES_AT_A_TIME 64u

struct qt_capture_page {
	struct qt_capture_page *next;
	uint64_t base;
	uint64_t *entries;
	uint8_t level;
};

static size_t page_size(const struct qt_capture *capture)
{
	return sizeof(uint64_t) << capture->geometry.index_lg2;
}

static struct qt_capture_page *find_page(
	const struct qt_capture *capture, unsigned level, uint64_t base)
{
	for (struct qt_capture_page *page = capture->pages; page; page = page->next)
		if (page->level == level && page->base == base)
			return page;
	return NULL;
}

/* Many at a time: one beside each table would cost another page for its alignment. */
static struct qt_capture_page *new_page(struct qt_capture *capture)
{
	if (capture->spares == 0) {
		capture->spare = qt_alloc(capture->arena, PAGES_AT_A_TIME * sizeof(*capture->spare),
			sizeof(uint64_t));
		if (!capture->spare)
			return NULL;
		capture->spares = PAGES_AT_A_TIME;
	}
	capture->spares--;
	return capture->spare++;
}

static int make_page(
	struct qt_capture *capture, unsigned level, uint64_t base, struct qt_capture_page **made)
{
	struct qt_capture_page *page = new_page(capture);
	size_t size = page_size(capture);
	unsigned lg2 = qt_level_lg2(&capture->geometry, level);

	if (!page)
		return QT_E_NOMEM;
	*page = (struct qt_capture_page){.base = base, .level = (uint8_t)level};
	page->entries = qt_alloc(capture->arena, size, size);
	if (!page->entries)
		return QT_E_NOMEM;
	for (uint64_t i = 0; i < 1ull << capture->geometry.index_lg2; i++) {
		uint64_t slot = base + (i << lg2);
		int error;

		/* A six-level root has more entries than 64 bits of addresses need. */
		if (lg2 + capture->geometry.index_lg2 > 64 && i >> (64 - lg2))
			break;
		error = qt_capture_entry(capture, level, slot, &page->entries[i]);
		if (error)
			return error;
	}
	if (!capture->geometry.coherent)
		capture->host->write_back(
			capture->host->context, qt_arena_phys(capture->arena, page->entries), size);
	page->next = capture->pages;
	capture->pages = page;
	*made = page;
	return QT_OK;
}

int qt_capture_table(struct qt_capture *capture, unsigned level, uint64_t base, qt_phys *table)
{
	struct qt_capture_page *page = find_page(capture, level, base);

	if (!page) {
		int error = make_page(capture, level, base, &page);

		if (error)
			return error;
	}
	*table = qt_arena_phys(capture->arena, page->entries);
	return QT_OK;
}

void qt_table_add_level(
	const struct qt_host *host, struct qt_table *table, uint64_t *page, qt_phys at)
{
	struct qt_geometry *g = &table->geometry;

	page[0] = g->format->make_table(g, g->levels, table->root);
	g->levels++;
	table->root = at;
	if (!g->coherent)
		host->write_back(host->context, at, sizeof(*page) << g->index_lg2);
}

int qt_table_grow(struct qt_arena *arena, const struct qt_host *host, const struct qt_table *table,
	unsigned levels, struct qt_table *grown)
{
	const struct qt_geometry *g = &grown->geometry;
	size_t size = sizeof(uint64_t) << table->geometry.index_lg2;

	*grown = *table;
	if (levels <= g->levels || levels > g->levels_max || levels > QT_LEVELS_MAX)
		return QT_E_INVAL;
	while (g->levels < levels) {
		uint64_t *page = qt_alloc(arena, size, size);

		if (!page)
			return QT_E_NOMEM;
		qt_table_add_level(host, grown, page, qt_arena_phys(arena, page));
	}
	return QT_OK;
}

/* A leaf for all of a slot, 0 where it must be smaller ones. */
static uint64_t leaf_for(
	const struct qt_capture *capture, unsigned level, uint64_t base, uint64_t end)
{
	const struct qt_geometry *g = &capture->geometry;

	if (level > g->leaf_level || !qt_ranges_contain(capture->ranges, base, end))
		return 0;
	if (!g->format->make_device_leaf || !capture->devices ||
		!qt_ranges_overlap(capture->devices, base, end))
		return g->format->make_leaf(g, level, base);
	return qt_ranges_contain(capture->devices, base, end)
		       ? g->format->make_device_leaf(g, level, base)
		       : 0;
}

int qt_capture_entry(struct qt_capture *capture, unsigned level, uint64_t base, uint64_t *entry)
{
	const struct qt_geometry *g = &capture->geometry;
	uint64_t end = base + (1ull << qt_level_lg2(g, level));
	qt_phys next;
	int error;

	if (end < base)
		end = UINT64_MAX;
	*entry = 0;
	if (!qt_ranges_overlap(capture->ranges, base, end))
		return QT_OK;
	*entry = leaf_for(capture, level, base, end);
	if (*entry)
		return QT_OK;
	if (level == 0) /* a part of a granule is wanted */
		return capture->optional && qt_ranges_overlap(capture->optional, base, end)
			       ? QT_OK
			       : QT_E_INVAL;
	error = qt_capture_table(capture, level - 1, base, &next);
	if (error == QT_OK)
		*entry = g->format->make_table(g, level, next);
	return error;
}
