// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "e820.h"
#include "setup_data.h"

/* More entries than this in one node are passed over. A firmware's map has some hundreds. */
#define NODE_ENTRIES_MAX 4096

typedef int (*visit_fn)(
	void *context, const struct e820_entry *entry, bool in_table, qt_phys place);

static void get_entry(struct e820_entry *entry, const uint8_t *raw)
{
	entry->start = boot_get64(raw, 0);
	entry->size = boot_get64(raw, 8);
	entry->type = boot_get32(raw, 16);
}

static void put_entry(uint8_t *raw, const struct e820_entry *entry)
{
	boot_set64(raw, 0, entry->start);
	boot_set64(raw, 8, entry->size);
	boot_set32(raw, 16, entry->type);
}

static unsigned table_entries(const uint8_t *boot_params)
{
	uint8_t n = boot_params[BP_E820_ENTRIES];

	return n > E820_TABLE_MAX ? E820_TABLE_MAX : n;
}

static int each_in_node(const struct physical *physical, const struct setup_data *node,
	visit_fn visit, void *context)
{
	uint32_t n = node->len / E820_ENTRY_SIZE;

	for (uint32_t i = 0; i < n && i < NODE_ENTRIES_MAX; i++) {
		qt_phys place = node->at + SETUP_DATA_HEADER_SIZE + i * E820_ENTRY_SIZE;
		uint8_t raw[E820_ENTRY_SIZE];
		struct e820_entry entry;
		int error = physical_read(physical, place, raw, sizeof(raw));

		if (error)
			return error;
		get_entry(&entry, raw);
		error = visit(context, &entry, false, place);
		if (error)
			return error;
	}
	return 0;
}

int e820_each(
	const uint8_t *boot_params, const struct physical *physical, visit_fn visit, void *context)
{
	qt_phys at = boot_get64(boot_params, BP_SETUP_DATA);
	unsigned left = SETUP_DATA_NODES_MAX;
	struct setup_data node;
	int error;

	for (unsigned i = 0; i < table_entries(boot_params); i++) {
		size_t place = BP_E820_TABLE + i * E820_ENTRY_SIZE;
		struct e820_entry entry;

		get_entry(&entry, boot_params + place);
		error = visit(context, &entry, true, place);
		if (error)
			return error;
	}
	while ((error = setup_data_next(physical, &at, &left, &node)) == 0) {
		if (node.type != SETUP_E820_EXT)
			continue;
		error = each_in_node(physical, &node, visit, context);
		if (error)
			return error;
	}
	return error == QT_E_NOTFOUND ? 0 : error;
}

/* Reading */

struct reading {
	struct qt_ranges *usable;
	struct qt_ranges *memory;
};

static int read_entry(void *context, const struct e820_entry *entry, bool in_table, qt_phys place)
{
	const struct reading *reading = context;
	uint64_t end;
	int error = 0;

	(void)in_table;
	(void)place;
	if (!entry->size || __builtin_add_overflow(entry->start, entry->size, &end))
		return 0;
	switch (entry->type) {
	case E820_RAM:
		error = qt_ranges_add(reading->usable, entry->start, end);
		if (error)
			return error;
		/* fall through */
	case E820_ACPI:
	case E820_NVS:
	case E820_RESERVED_KERNEL:
		error = qt_ranges_add(reading->memory, entry->start, end);
		break;
	default:
		break;
	}
	return error;
}

int e820_read(const uint8_t *boot_params, const struct physical *physical, struct qt_ranges *usable,
	struct qt_ranges *memory)
{
	struct reading reading = {usable, memory};

	return e820_each(boot_params, physical, read_entry, &reading);
}

/* Reserving */

struct search {
	struct qt_range range;
	struct e820_entry entry;
	bool in_table;
	qt_phys place;
};

static int is_it(void *context, const struct e820_entry *entry, bool in_table, qt_phys place)
{
	struct search *search = context;

	if (entry->type != E820_RAM || search->range.start < entry->start ||
		search->range.end - entry->start > entry->size)
		return 0;
	search->entry = *entry;
	search->in_table = in_table;
	search->place = place;
	return 1;
}

/* What the entry becomes: up to three, in order. Returns how many. */
static unsigned split(
	const struct e820_entry *entry, struct qt_range range, struct e820_entry pieces[3])
{
	uint64_t end = entry->start + entry->size;
	unsigned n = 0;

	if (entry->start < range.start)
		pieces[n++] =
			(struct e820_entry){entry->start, range.start - entry->start, E820_RAM};
	pieces[n++] = (struct e820_entry){range.start, range.end - range.start, E820_RESERVED};
	if (range.end < end)
		pieces[n++] = (struct e820_entry){range.end, end - range.end, E820_RAM};
	return n;
}

/* In the table in order of address, as boot loaders leave it. */
static void insert_in_table(uint8_t *boot_params, const struct e820_entry *entry)
{
	uint8_t *table = boot_params + BP_E820_TABLE;
	unsigned n = table_entries(boot_params);
	unsigned i = 0;

	while (i < n && boot_get64(table, i * E820_ENTRY_SIZE) < entry->start)
		i++;
	memmove(table + (i + 1) * E820_ENTRY_SIZE, table + i * E820_ENTRY_SIZE,
		(n - i) * E820_ENTRY_SIZE);
	put_entry(table + i * E820_ENTRY_SIZE, entry);
	boot_params[BP_E820_ENTRIES] = (uint8_t)(n + 1);
}

/*
 * Adds entries: all of them to the table if they fit, else to a node, for a
 * kernel that picks its place at random looks at the table alone, where the
 * stage must then be missing rather than split in half.
 */
static void add_pieces(uint8_t *boot_params, const struct e820_entry *pieces, unsigned n,
	uint8_t *node, qt_phys node_at)
{
	if (table_entries(boot_params) + n <= E820_TABLE_MAX) {
		for (unsigned i = 0; i < n; i++)
			insert_in_table(boot_params, &pieces[i]);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		put_entry(node + SETUP_DATA_HEADER_SIZE + i * E820_ENTRY_SIZE, &pieces[i]);
	setup_data_prepend(boot_params, node, node_at, SETUP_E820_EXT, n * E820_ENTRY_SIZE);
}

int e820_reserve(uint8_t *boot_params, const struct physical *physical, struct qt_range reserve,
	uint8_t *node, qt_phys node_at)
{
	struct search search = {.range = reserve};
	struct e820_entry pieces[3];
	uint8_t raw[E820_ENTRY_SIZE];
	unsigned n;
	int found = e820_each(boot_params, physical, is_it, &search);

	if (found != 1)
		return found ? found : QT_E_NOTFOUND;
	n = split(&search.entry, reserve, pieces);
	if (!node && table_entries(boot_params) + n - 1 > E820_TABLE_MAX)
		return QT_E_NOMEM;
	if (search.in_table) {
		put_entry(boot_params + search.place, &pieces[0]);
	} else {
		int error;

		put_entry(raw, &pieces[0]);
		error = physical_write(physical, search.place, raw, sizeof(raw));
		if (error)
			return error;
	}
	add_pieces(boot_params, pieces + 1, n - 1, node, node_at);
	return 0;
}
