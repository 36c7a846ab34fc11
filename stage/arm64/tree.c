// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Source: Devicetree Specification 0.4, chapter 5; Linux,
 * Documentation/devicetree/bindings/iommu/iommu.txt and pci/pci-iommu.txt.
 */
#include <quietus/memory.h>

#include "tree.h"

#define MAGIC              0xd00dfeed
#define VERSION            17
#define VERSION_COMPATIBLE 16
#define RESERVATION_SIZE   16u
#define CELL               4u
#define MAP_ENTRY          (4 * CELL) /* of iommu-map: requester, phandle, stream, how many */

struct writer {
	const struct qt_dt *dt;
	const struct tree_edit *edit;
	uint8_t *to;
	size_t capacity;
	size_t at;
	bool full;
	/* What is left out. */
	qt_dt_node nodes[TREE_HIDDEN_MAX];
	size_t node_count;
	uint32_t phandles[TREE_HIDDEN_MAX];
	size_t phandle_count;
};

static size_t length(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}

static bool equal(const char *a, const char *b)
{
	size_t n = length(a);

	return n == length(b) && memcmp(a, b, n) == 0;
}

static void set32(uint8_t *at, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put(struct writer *w, const void *data, size_t len)
{
	if (w->full || len > w->capacity - w->at) {
		w->full = true;
		return;
	}
	memcpy(w->to + w->at, data, len);
	w->at += len;
}

static void put32(struct writer *w, uint32_t value)
{
	uint8_t bytes[4];

	set32(bytes, value);
	put(w, bytes, sizeof(bytes));
}

static void put64(struct writer *w, uint64_t value)
{
	put32(w, (uint32_t)(value >> 32));
	put32(w, (uint32_t)value);
}

static void pad(struct writer *w, size_t alignment)
{
	static const uint8_t zero;

	while (!w->full && w->at % alignment)
		put(w, &zero, 1);
}

static void put_property(struct writer *w, uint32_t name, const void *value, size_t len)
{
	put32(w, QT_DT_PROPERTY);
	put32(w, (uint32_t)len);
	put32(w, name);
	put(w, value, len);
	pad(w, CELL);
}

/* What is hidden */

static int find_hidden(struct writer *w)
{
	struct qt_dt_walk walk = {.dt = w->dt};
	int error;

	if (!w->edit->hide)
		return QT_OK;
	while (!(error = qt_dt_walk_next(&walk))) {
		qt_dt_node node = qt_dt_here(&walk);
		uint32_t phandle;

		if (!qt_dt_compatible(w->dt, node, w->edit->hide))
			continue;
		if (w->node_count == TREE_HIDDEN_MAX)
			return QT_E_LIMIT;
		w->nodes[w->node_count++] = node;
		if (!qt_dt_cell(w->dt, node, "phandle", &phandle) ||
			!qt_dt_cell(w->dt, node, "linux,phandle", &phandle))
			w->phandles[w->phandle_count++] = phandle;
	}
	return error == QT_E_NOTFOUND ? QT_OK : error;
}

static bool is_hidden_node(const struct writer *w, qt_dt_node node)
{
	for (size_t i = 0; i < w->node_count; i++)
		if (w->nodes[i] == node)
			return true;
	return false;
}

static bool is_hidden_phandle(const struct writer *w, const struct qt_dt_item *item, uint32_t at)
{
	if (at + CELL > item->len)
		return false;
	for (size_t i = 0; i < w->phandle_count; i++)
		if (qt_be32(item->value + at) == w->phandles[i])
			return true;
	return false;
}

/*
 * `iommus` begins with a phandle; each entry of `iommu-map`, of which any may lead to what
 * is hidden, has it behind the requester ID.
 */
static bool is_hidden_property(const struct writer *w, const struct qt_dt_item *item)
{
	if (equal(item->name, "iommus"))
		return is_hidden_phandle(w, item, 0);
	if (!equal(item->name, "iommu-map"))
		return false;
	for (uint32_t at = 0; at < item->len; at += MAP_ENTRY)
		if (is_hidden_phandle(w, item, at + CELL))
			return true;
	return false;
}

/* The copy */

static void write_reservations(struct writer *w)
{
	const struct qt_dt *dt = w->dt;

	put(w, dt->data + dt->reservations, dt->reservations_end - dt->reservations);
	put64(w, w->edit->reserve.start);
	put64(w, w->edit->reserve.end - w->edit->reserve.start);
	put64(w, 0);
	put64(w, 0);
}

/* The names that are new lie behind the old ones. */
static void write_strings(struct writer *w)
{
	put(w, w->dt->data + w->dt->strings, w->dt->strings_end - w->dt->strings);
	for (size_t i = 0; i < w->edit->count; i++)
		put(w, w->edit->set[i].name, length(w->edit->set[i].name) + 1);
}

static void write_chosen(struct writer *w)
{
	size_t name = w->dt->strings_end - w->dt->strings;

	for (size_t i = 0; i < w->edit->count; i++) {
		const struct tree_property *property = &w->edit->set[i];

		put_property(w, (uint32_t)name, property->value, property->size);
		name += length(property->name) + 1;
	}
}

/* Whether a property of /chosen makes room for another one. No report but ours may be there. */
static bool is_replaced(const struct writer *w, const char *name)
{
	for (size_t i = 0; i < w->edit->count; i++)
		if (equal(name, w->edit->set[i].name))
			return true;
	return equal(name, TREE_REPORT);
}

struct place {
	unsigned depth;  /* nodes around, the root included */
	unsigned chosen; /* depth of /chosen while in it, else 0 */
	unsigned hidden; /* depth of a hidden node while in it, else 0 */
	bool chosen_seen;
};

static void enter_node(
	struct writer *w, struct place *place, const struct qt_dt_item *item, qt_dt_node node)
{
	place->depth++;
	if (!place->hidden && is_hidden_node(w, node))
		place->hidden = place->depth;
	if (place->hidden)
		return;
	put32(w, QT_DT_BEGIN_NODE);
	put(w, item->name, length(item->name) + 1);
	pad(w, CELL);
	if (place->depth == 2 && equal(item->name, "chosen")) {
		place->chosen = place->depth;
		place->chosen_seen = true;
		write_chosen(w);
	}
}

static void leave_node(struct writer *w, struct place *place)
{
	if (!place->hidden)
		put32(w, QT_DT_END_NODE);
	if (place->hidden == place->depth)
		place->hidden = 0;
	if (place->chosen == place->depth)
		place->chosen = 0;
	place->depth--;
}

static void copy_property(
	struct writer *w, const struct place *place, const struct qt_dt_item *item)
{
	const char *strings = (const char *)w->dt->data + w->dt->strings;

	if (place->hidden || is_hidden_property(w, item) ||
		(place->chosen == place->depth && is_replaced(w, item->name)))
		return;
	put_property(w, (uint32_t)(item->name - strings), item->value, item->len);
}

static int write_structure(struct writer *w)
{
	struct place place = {0};
	struct qt_dt_item item;
	uint32_t at = w->dt->structure;
	int error;

	while (!(error = qt_dt_next(w->dt, &at, &item)) && item.token != QT_DT_END) {
		if (item.token == QT_DT_BEGIN_NODE)
			enter_node(w, &place, &item, at);
		else if (!place.depth)
			return QT_E_BAD;
		else if (item.token == QT_DT_END_NODE)
			leave_node(w, &place);
		else
			copy_property(w, &place, &item);
	}
	if (error || place.depth)
		return QT_E_BAD;
	put32(w, QT_DT_END);
	return place.chosen_seen ? QT_OK : QT_E_NOTFOUND;
}

/* The header's words, in their order (5.2). */
static void write_header(
	struct writer *w, uint32_t reservations, uint32_t structure, uint32_t strings, uint32_t end)
{
	const uint32_t words[] = {MAGIC, end, structure, strings, reservations, VERSION,
		VERSION_COMPATIBLE, w->dt->boot_cpu, end - strings, strings - structure};

	_Static_assert(sizeof(words) == QT_DT_HEADER_SIZE, "the header's words");
	w->at = 0;
	for (size_t i = 0; i < QT_ARRAY_SIZE(words); i++)
		put32(w, words[i]);
}

void tree_set(struct tree_edit *edit, const char *name, const void *value, size_t size)
{
	if (edit->count < QT_ARRAY_SIZE(edit->set))
		edit->set[edit->count++] = (struct tree_property){name, value, size};
}

/* A property: token, size, name, the value, and up to three bytes behind it. */
size_t tree_size_max(size_t size, const struct tree_edit *edit)
{
	size_t added = QT_DT_HEADER_SIZE + 2 * RESERVATION_SIZE + 64;

	for (size_t i = 0; i < edit->count; i++)
		added += 4 * CELL + edit->set[i].size + length(edit->set[i].name) + 1;
	return size + added;
}

int tree_write(const struct qt_dt *dt, const struct tree_edit *edit, uint8_t *to, size_t capacity,
	size_t *size)
{
	struct writer w = {.dt = dt, .edit = edit, .to = to, .capacity = capacity};
	uint32_t reservations, structure, strings;
	int error = find_hidden(&w);

	if (error)
		return error;
	write_header(&w, 0, 0, 0, 0);
	pad(&w, 8);
	reservations = (uint32_t)w.at;
	write_reservations(&w);
	structure = (uint32_t)w.at;
	error = write_structure(&w);
	strings = (uint32_t)w.at;
	write_strings(&w);
	if (w.full)
		return QT_E_NOMEM;
	if (error)
		return error;
	*size = w.at;
	write_header(&w, reservations, structure, strings, (uint32_t)*size);
	return QT_OK;
}
