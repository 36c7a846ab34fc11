// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The flattened device tree; sections are those of the Devicetree Specification 0.4. */
#include <quietus/device_tree.h>
#include <quietus/memory.h>

/* Header (5.2): 32-bit words. */
#define MAGIC                 0xd00dfeed
#define HEADER_MAGIC          0
#define HEADER_TOTAL_SIZE     4
#define HEADER_STRUCTURE      8
#define HEADER_STRINGS        12
#define HEADER_RESERVED       16
#define HEADER_VERSION        20
#define HEADER_COMPATIBLE     24
#define HEADER_BOOT_CPU       28
#define HEADER_STRINGS_SIZE   32
#define HEADER_STRUCTURE_SIZE 36

/* The version that has all fields above, and the one that a reader of it can be asked for. */
#define VERSION_MIN        17
#define VERSION_COMPATIBLE 17

/* A memory reservation: address and size; one of zeros is the last (5.3). */
#define RESERVATION_SIZE 16u

#define CELL 4u

/* An address or a size has one or two cells; PCI's addresses have three, the first of flags. */
#define CELLS_MAX 2u

/* Where #address-cells and #size-cells are missing (2.3.5). */
#define ADDRESS_CELLS_DEFAULT 2
#define SIZE_CELLS_DEFAULT    1

static uint32_t align(uint32_t at)
{
	return (at + CELL - 1) & ~(CELL - 1);
}

static bool inside(uint32_t at, uint32_t size, uint32_t total)
{
	return at <= total && size <= total - at;
}

static uint32_t max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

int qt_dt_size(const uint8_t header[QT_DT_HEADER_SIZE], size_t *size)
{
	uint32_t total = qt_be32(header + HEADER_TOTAL_SIZE);
	uint32_t structure = qt_be32(header + HEADER_STRUCTURE);
	uint32_t structure_size = qt_be32(header + HEADER_STRUCTURE_SIZE);
	uint32_t strings = qt_be32(header + HEADER_STRINGS);
	uint32_t strings_size = qt_be32(header + HEADER_STRINGS_SIZE);

	if (qt_be32(header + HEADER_MAGIC) != MAGIC || total > QT_DT_SIZE_MAX ||
		qt_be32(header + HEADER_VERSION) < VERSION_MIN ||
		qt_be32(header + HEADER_COMPATIBLE) > VERSION_COMPATIBLE)
		return QT_E_BAD;
	if (structure % CELL || structure < QT_DT_HEADER_SIZE || strings < QT_DT_HEADER_SIZE ||
		!inside(structure, structure_size, total) || !inside(strings, strings_size, total))
		return QT_E_BAD;
	*size = max32(structure + structure_size, strings + strings_size);
	return QT_OK;
}

/* Sets where the memory reservations end: at an entry of zeros, which is not counted. */
static int find_reservations(struct qt_dt *dt, uint32_t at, size_t size)
{
	dt->reservations = at;
	if (at % 8 || at < QT_DT_HEADER_SIZE)
		return QT_E_BAD;
	for (; at <= size && size - at >= RESERVATION_SIZE; at += RESERVATION_SIZE) {
		dt->reservations_end = at;
		if (!qt_be64(dt->data + at) && !qt_be64(dt->data + at + 8))
			return QT_OK;
	}
	return QT_E_BAD;
}

int qt_dt_open(struct qt_dt *dt, const void *data, size_t size)
{
	const uint8_t *header = data;
	size_t used;

	if (size < QT_DT_HEADER_SIZE || qt_dt_size(header, &used) || used > size)
		return QT_E_BAD;
	*dt = (struct qt_dt){
		.data = data,
		.structure = qt_be32(header + HEADER_STRUCTURE),
		.strings = qt_be32(header + HEADER_STRINGS),
		.boot_cpu = qt_be32(header + HEADER_BOOT_CPU),
	};
	dt->structure_end = dt->structure + qt_be32(header + HEADER_STRUCTURE_SIZE);
	dt->strings_end = dt->strings + qt_be32(header + HEADER_STRINGS_SIZE);
	return find_reservations(dt, qt_be32(header + HEADER_RESERVED), used);
}

/* A string that ends before `end`; NULL if there is none. Sets *len to its characters. */
static const char *string_at(const struct qt_dt *dt, uint32_t at, uint32_t end, uint32_t *len)
{
	for (uint32_t i = at; i < end; i++)
		if (!dt->data[i]) {
			*len = i - at;
			return (const char *)dt->data + at;
		}
	return NULL;
}

static int read_node(const struct qt_dt *dt, uint32_t *at, struct qt_dt_item *item)
{
	uint32_t len;

	item->name = string_at(dt, *at, dt->structure_end, &len);
	if (!item->name)
		return QT_E_BAD;
	*at = align(*at + len + 1);
	return QT_OK;
}

static int read_property(const struct qt_dt *dt, uint32_t *at, struct qt_dt_item *item)
{
	uint32_t name, len;

	if (!inside(*at, 2 * CELL, dt->structure_end))
		return QT_E_BAD;
	item->len = qt_be32(dt->data + *at);
	name = qt_be32(dt->data + *at + CELL);
	*at += 2 * CELL;
	if (!inside(*at, item->len, dt->structure_end) || name > dt->strings_end - dt->strings)
		return QT_E_BAD;
	item->value = dt->data + *at;
	item->name = string_at(dt, dt->strings + name, dt->strings_end, &len);
	*at = align(*at + item->len);
	return item->name ? QT_OK : QT_E_BAD;
}

int qt_dt_next(const struct qt_dt *dt, uint32_t *at, struct qt_dt_item *item)
{
	do {
		if (*at % CELL || !inside(*at, CELL, dt->structure_end))
			return QT_E_BAD;
		*item = (struct qt_dt_item){
			.token = (enum qt_dt_token)qt_be32(dt->data + *at), .name = ""};
		*at += CELL;
	} while (item->token == QT_DT_NOP);

	switch (item->token) {
	case QT_DT_BEGIN_NODE:
		return read_node(dt, at, item);
	case QT_DT_PROPERTY:
		return read_property(dt, at, item);
	case QT_DT_END_NODE:
	case QT_DT_END:
		return QT_OK;
	default:
		return QT_E_BAD;
	}
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

int qt_dt_property(const struct qt_dt *dt, qt_dt_node node, const char *name, const uint8_t **value,
	uint32_t *len)
{
	struct qt_dt_item item;
	int error;

	/* Properties come before children (5.4.2). */
	while (!(error = qt_dt_next(dt, &node, &item)) && item.token == QT_DT_PROPERTY) {
		if (!equal(item.name, name))
			continue;
		*value = item.value;
		*len = item.len;
		return QT_OK;
	}
	return error ? error : QT_E_NOTFOUND;
}

int qt_dt_cell(const struct qt_dt *dt, qt_dt_node node, const char *name, uint32_t *cell)
{
	const uint8_t *value;
	uint32_t len;
	int error = qt_dt_property(dt, node, name, &value, &len);

	if (error)
		return error;
	if (len != CELL)
		return QT_E_BAD;
	*cell = qt_be32(value);
	return QT_OK;
}

bool qt_dt_compatible(const struct qt_dt *dt, qt_dt_node node, const char *string)
{
	const uint8_t *value;
	uint32_t len;

	if (qt_dt_property(dt, node, "compatible", &value, &len) || !len || value[len - 1])
		return false;
	for (uint32_t at = 0; at < len; at++)
		if ((at == 0 || !value[at - 1]) && equal((const char *)value + at, string))
			return true;
	return false;
}

bool qt_dt_enabled(const struct qt_dt *dt, qt_dt_node node)
{
	const uint8_t *value;
	uint32_t len;

	if (qt_dt_property(dt, node, "status", &value, &len))
		return true;
	if (!len || value[len - 1])
		return false;
	return equal((const char *)value, "okay") || equal((const char *)value, "ok");
}

int qt_dt_walk_next(struct qt_dt_walk *walk)
{
	struct qt_dt_item item;
	int error;

	if (!walk->at)
		walk->at = walk->dt->structure;
	while (!(error = qt_dt_next(walk->dt, &walk->at, &item))) {
		switch (item.token) {
		case QT_DT_BEGIN_NODE:
			if (walk->depth == QT_DT_DEPTH_MAX)
				return QT_E_LIMIT;
			walk->path[walk->depth++] = walk->at;
			walk->name = item.name;
			return QT_OK;
		case QT_DT_END_NODE:
			if (!walk->depth)
				return QT_E_BAD;
			walk->depth--;
			break;
		case QT_DT_END:
			return walk->depth ? QT_E_BAD : QT_E_NOTFOUND;
		default:
			break;
		}
	}
	return error;
}

/* Whether a node's name is `name`, or that with an address. */
static bool is_named(const char *node, const char *name)
{
	while (*name && *node == *name) {
		node++;
		name++;
	}
	return !*name && (!*node || *node == '@');
}

int qt_dt_top_node(const struct qt_dt *dt, const char *name, qt_dt_node *node)
{
	struct qt_dt_walk walk = {.dt = dt};
	int error;

	while (!(error = qt_dt_walk_next(&walk))) {
		if (walk.depth != 2 || !is_named(walk.name, name))
			continue;
		*node = qt_dt_here(&walk);
		return QT_OK;
	}
	return error;
}

/* The node's name as the next part of a path, which *path is moved behind. */
static bool take_name(const char **path, const char *end, const char *name)
{
	const char *p = *path;

	if (p == end || *p != '/')
		return false;
	for (p++; *name; name++, p++)
		if (p == end || *p != *name)
			return false;
	if (p != end && *p && *p != '/' && *p != ':')
		return false;
	*path = p;
	return true;
}

int qt_dt_walk_to(struct qt_dt_walk *walk, const char *path, const char *end)
{
	unsigned matched = 1; /* nodes of the walk's path, from the root on */
	int error = qt_dt_walk_next(walk);

	while (!error && path < end && *path == '/') {
		error = qt_dt_walk_next(walk);
		if (error || walk->depth <= matched)
			return error ? error : QT_E_NOTFOUND;
		if (walk->depth == matched + 1 && take_name(&path, end, walk->name))
			matched++;
	}
	return error;
}

/* Numbers of cells of what is below a node. */
struct cells {
	uint32_t address;
	uint32_t size;
};

static struct cells cells_below(const struct qt_dt *dt, qt_dt_node node)
{
	struct cells cells;

	if (qt_dt_cell(dt, node, "#address-cells", &cells.address))
		cells.address = ADDRESS_CELLS_DEFAULT;
	if (qt_dt_cell(dt, node, "#size-cells", &cells.size))
		cells.size = SIZE_CELLS_DEFAULT;
	return cells;
}

static uint64_t read_cells(const uint8_t *at, uint32_t cells)
{
	return cells == 2 ? qt_be64(at) : cells == 1 ? qt_be32(at) : 0;
}

/* Entry `index` of an array of addresses and sizes. */
static int read_range(const uint8_t *value, uint32_t len, struct cells cells, unsigned index,
	struct qt_range *range)
{
	uint32_t step = (cells.address + cells.size) * CELL;
	uint64_t size;

	if (!cells.address || cells.address > CELLS_MAX || !cells.size || cells.size > CELLS_MAX)
		return QT_E_BAD;
	if (index >= len / step)
		return QT_E_NOTFOUND;
	value += index * step;
	range->start = read_cells(value, cells.address);
	size = read_cells(value + cells.address * CELL, cells.size);
	if (!size || __builtin_add_overflow(range->start, size, &range->end))
		return QT_E_BAD;
	return QT_OK;
}

int qt_dt_range(const struct qt_dt *dt, const uint8_t *value, uint32_t len, unsigned index,
	struct qt_range *range)
{
	struct qt_dt_walk walk = {.dt = dt};
	int error = qt_dt_walk_next(&walk);

	return error ? error
		     : read_range(value, len, cells_below(dt, qt_dt_here(&walk)), index, range);
}

/* Moves a range from below `bus` to above it. */
static int translate(
	const struct qt_dt *dt, qt_dt_node bus, qt_dt_node parent, struct qt_range *range)
{
	struct cells below = cells_below(dt, bus);
	struct cells above = cells_below(dt, parent);
	uint32_t step = (below.address + above.address + below.size) * CELL;
	const uint8_t *value;
	uint32_t len;
	int error = qt_dt_property(dt, bus, "ranges", &value, &len);

	if (error)
		return error == QT_E_NOTFOUND ? QT_E_OUTSIDE : error;
	if (!len)
		return QT_OK; /* one to one */
	if (!below.address || below.address > CELLS_MAX || !above.address ||
		above.address > CELLS_MAX || !below.size || below.size > CELLS_MAX)
		return QT_E_OUTSIDE;
	for (; len >= step; len -= step, value += step) {
		const uint8_t *to = value + below.address * CELL;
		uint64_t start = read_cells(value, below.address);
		uint64_t out = read_cells(to, above.address);
		uint64_t size = read_cells(to + above.address * CELL, below.size);

		if (range->start < start || range->end - start > size)
			continue;
		range->start += out - start;
		range->end += out - start;
		return range->start < range->end ? QT_OK : QT_E_BAD;
	}
	return QT_E_OUTSIDE;
}

int qt_dt_reg(const struct qt_dt_walk *walk, unsigned index, struct qt_range *range)
{
	const uint8_t *value;
	uint32_t len;
	int error;

	if (walk->depth < 2)
		return QT_E_NOTFOUND;
	error = qt_dt_property(walk->dt, qt_dt_here(walk), "reg", &value, &len);
	if (!error)
		error = read_range(value, len, cells_below(walk->dt, walk->path[walk->depth - 2]),
			index, range);
	for (unsigned i = walk->depth - 2; i > 0 && !error; i--)
		error = translate(walk->dt, walk->path[i], walk->path[i - 1], range);
	return error;
}

/* A host bridge's window, where it is sound. */
static int read_ecam(const struct qt_dt_walk *walk, uint32_t segment, struct qt_ecam *ecam)
{
	const struct qt_dt *dt = walk->dt;
	uint32_t first = 0, last = UINT8_MAX, len, buses;
	struct qt_range range;
	const uint8_t *value;

	if (qt_dt_reg(walk, 0, &range))
		return QT_E_BAD;
	if (!qt_dt_property(dt, qt_dt_here(walk), "bus-range", &value, &len) && len == 2 * CELL) {
		first = qt_be32(value);
		last = qt_be32(value + CELL);
	}
	if (first > last || last > UINT8_MAX || segment > UINT16_MAX)
		return QT_E_BAD;
	/* The window begins with the first bus; one that is short holds fewer. */
	buses = (uint32_t)((range.end - range.start) >> 20 > 256 ? 256
								 : (range.end - range.start) >> 20);
	if (!buses || range.start < (uint64_t)first << 20)
		return QT_E_BAD;
	if (last - first >= buses)
		last = first + buses - 1;
	*ecam = (struct qt_ecam){.base = range.start - ((uint64_t)first << 20),
		.segment = (uint16_t)segment,
		.first_bus = (uint8_t)first,
		.last_bus = (uint8_t)last};
	return QT_OK;
}

static bool same_buses(const struct qt_ecam *a, const struct qt_ecam *b)
{
	return a->segment == b->segment && a->first_bus <= b->last_bus &&
	       b->first_bus <= a->last_bus;
}

int qt_dt_ecam(const struct qt_dt *dt, struct qt_ecam *list, size_t *count)
{
	struct qt_dt_walk walk = {.dt = dt};
	size_t capacity = *count;
	bool seen = false;
	int error;

	*count = 0;
	while (!(error = qt_dt_walk_next(&walk))) {
		struct qt_ecam ecam;
		uint32_t segment = 0;
		size_t same = 0;

		if (!qt_dt_compatible(dt, qt_dt_here(&walk), "pci-host-ecam-generic") ||
			!qt_dt_enabled(dt, qt_dt_here(&walk)))
			continue;
		seen = true;
		qt_dt_cell(dt, qt_dt_here(&walk), "linux,pci-domain", &segment);
		if (read_ecam(&walk, segment, &ecam))
			continue;
		while (same < *count && !same_buses(&ecam, &list[same]))
			same++;
		if (same < *count)
			continue;
		if (*count == capacity)
			return QT_E_NOMEM;
		list[(*count)++] = ecam;
	}
	if (error != QT_E_NOTFOUND)
		return error;
	return *count ? QT_OK : seen ? QT_E_BAD : QT_E_NOTFOUND;
}
