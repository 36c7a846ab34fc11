// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds all functions. Bridges are followed by the bus numbers they hold, which
 * are hostile input: every bus is visited once at most, and the list of functions
 * is its own queue, so nothing recurses.
 */
#include "config.h"

#define BUSES     256
#define DEVICES   32
#define FUNCTIONS 8 /* per device, without ARI */

/* One bit per bus of a segment. */
struct buses {
	uint8_t bits[BUSES / 8];
};

struct walk {
	struct qt_pci *pci;
	const struct qt_pci_segment *segments;
	size_t segment_count;
	uint16_t segment;     /* being walked */
	struct buses visited; /* scanned for functions */
	struct buses claimed; /* below some bridge: no root buses among them */
	size_t next;          /* first function that has not been looked at as a bridge */
};

static void mark(struct buses *buses, unsigned bus)
{
	buses->bits[bus / 8] |= (uint8_t)(1u << bus % 8);
}

static bool marked(const struct buses *buses, unsigned bus)
{
	return buses->bits[bus / 8] >> bus % 8 & 1;
}

/* Whether the caller wants this bus looked at. */
static bool covered(const struct walk *walk, unsigned bus)
{
	for (size_t i = 0; i < walk->segment_count; i++) {
		const struct qt_pci_segment *s = &walk->segments[i];
		if (s->segment == walk->segment && bus >= s->first_bus && bus <= s->last_bus)
			return true;
	}
	return false;
}

/* Reads who is there; false if nobody. */
static bool identify(
	const struct qt_host *host, struct qt_pci_function *function, bool *multifunction)
{
	uint32_t id = qt_pci_read32(host, function->rid, PCI_VENDOR_DEVICE);
	function->vendor = (uint16_t)id;
	function->device = (uint16_t)(id >> 16);
	if (function->vendor == VENDOR_NONE || function->vendor == VENDOR_ZERO ||
		function->vendor == VENDOR_NOT_READY)
		return false;

	uint8_t header = qt_pci_read8(host, function->rid, PCI_HEADER_TYPE);
	function->header_type = header & HEADER_LAYOUT;
	*multifunction = header & HEADER_MULTIFUNCTION;
	function->class_code = qt_pci_read32(host, function->rid, PCI_CLASS) >> 8;
	return function->header_type != HEADER_NOTHING;
}

static void describe_express(const struct qt_host *host, struct qt_pci_function *function)
{
	bool damaged = false;
	unsigned express = qt_pci_follow(host, function->rid, CAP_ID_EXPRESS, &damaged);

	if (express) {
		uint16_t flags = qt_pci_read16(host, function->rid, express + EXPRESS_FLAGS);
		function->flags |= QT_PCI_EXPRESS;
		function->pcie_type = flags >> EXPRESS_TYPE_SHIFT & EXPRESS_TYPE;

		unsigned ats = qt_pci_follow_ext(host, function->rid, EXT_ID_ATS, &damaged);
		function->ats_offset = (uint16_t)ats;
		if (ats && qt_pci_read16(host, function->rid, ats + ATS_CONTROL) & ATS_ENABLED)
			function->flags |= QT_PCI_ATS;
		qt_pci_follow_ext(host, function->rid, FOLLOW_TO_END, &damaged);
	}
	qt_pci_follow(host, function->rid, FOLLOW_TO_END, &damaged);
	if (damaged)
		function->flags |= QT_PCI_DAMAGED_CAPS;
}

/* Everything but the identity, which virtual functions have from elsewhere. */
static void describe(const struct qt_host *host, struct qt_pci_function *function)
{
	if (qt_pci_read16(host, function->rid, PCI_COMMAND) & COMMAND_BUS_MASTER)
		function->flags |= QT_PCI_BUS_MASTER;

	switch (function->header_type) {
	case HEADER_BRIDGE:
	case HEADER_CARDBUS:
		function->flags |= QT_PCI_BRIDGE;
		function->secondary = qt_pci_read8(host, function->rid, BRIDGE_SECONDARY);
		function->subordinate = qt_pci_read8(host, function->rid, BRIDGE_SUBORDINATE);
		break;
	case HEADER_FUNCTION:
		break;
	default:
		/* An unknown layout: it can do DMA, but its registers mean nothing. */
		function->flags |= QT_PCI_DAMAGED_CAPS;
		return;
	}
	describe_express(host, function);
}

static int add(struct qt_pci *pci, struct qt_pci_function *function)
{
	if (pci->count >= pci->capacity)
		return QT_E_NOMEM;

	describe(pci->host, function);
	function->alias = qt_pci_alias(pci, function);
	pci->functions[pci->count++] = *function;
	return QT_OK;
}

/* Adds the function at `rid` if there is one; *found says so. */
static int try_add(struct qt_pci *pci, qt_rid rid, int32_t parent, bool *found, bool *multifunction)
{
	struct qt_pci_function function = {.rid = rid, .parent = parent};

	*found = identify(pci->host, &function, multifunction);
	return *found ? add(pci, &function) : QT_OK;
}

/* Whether the port forwards by 8-bit function numbers. */
static bool ari_forwarding(const struct qt_host *host, const struct qt_pci_function *port)
{
	unsigned express = qt_pci_capability(host, port->rid, CAP_ID_EXPRESS);

	if (!express ||
		(qt_pci_read16(host, port->rid, express + EXPRESS_FLAGS) & EXPRESS_VERSION) < 2)
		return false;
	return qt_pci_read16(host, port->rid, express + EXPRESS_DEVCTL2) & DEVCTL2_ARI;
}

/* The next function in an ARI device's list, 0 at its end. */
static unsigned ari_next(const struct qt_host *host, qt_rid rid)
{
	unsigned ari = qt_pci_ext_capability(host, rid, EXT_ID_ARI);

	return ari ? qt_pci_read16(host, rid, ari + ARI_CAPABILITY) >> ARI_NEXT_FUNCTION : 0;
}

/* Function 0 has been added; the list must ascend, so it ends. */
static int scan_ari(struct qt_pci *pci, qt_rid rid, int32_t parent)
{
	qt_rid bus = rid & ~(qt_rid)0xff;
	unsigned last = 0;

	for (;;) {
		bool found, multifunction;
		unsigned function = ari_next(pci->host, bus | last);
		if (function <= last)
			return QT_OK;
		int error = try_add(pci, bus | function, parent, &found, &multifunction);
		if (error || !found)
			return error;
		last = function;
	}
}

static int scan_device(struct qt_pci *pci, qt_rid rid, int32_t parent, bool ari)
{
	bool found, multifunction;

	int error = try_add(pci, rid, parent, &found, &multifunction);
	if (error || !found)
		return error;
	if (ari && qt_pci_ext_capability(pci->host, rid, EXT_ID_ARI))
		return scan_ari(pci, rid, parent);
	if (!multifunction)
		return QT_OK;

	for (unsigned function = 1; function < FUNCTIONS && !error; function++) {
		bool ignored;
		error = try_add(pci, rid + function, parent, &found, &ignored);
	}
	return error;
}

static int scan_bus(struct walk *walk, unsigned bus, int32_t parent)
{
	struct qt_pci *pci = walk->pci;
	unsigned devices = DEVICES;
	bool ari = false;

	mark(&walk->visited, bus);
	if (parent >= 0 && qt_pci_link_below(&pci->functions[parent])) {
		/* Some devices answer to all 32 numbers: they must not be found 32 times. */
		devices = 1;
		ari = ari_forwarding(pci->host, &pci->functions[parent]);
	}

	int error = QT_OK;
	for (unsigned device = 0; device < devices && !error; device++)
		error = scan_device(pci, QT_RID(walk->segment, bus, device << 3), parent, ari);
	return error;
}

/* Highest bus that reaches this bridge through all those above it. */
static uint8_t last_reached(const struct qt_pci *pci, const struct qt_pci_function *bridge)
{
	uint8_t last = bridge->subordinate;

	for (int32_t i = bridge->parent; i >= 0; i = pci->functions[i].parent) {
		if (pci->functions[i].subordinate < last)
			last = pci->functions[i].subordinate;
	}
	return last;
}

static int scan_below(struct walk *walk, size_t index)
{
	const struct qt_pci_function *bridge = &walk->pci->functions[index];
	uint8_t first = bridge->secondary;
	uint8_t last = last_reached(walk->pci, bridge);

	/* Not configured, or numbers that nothing could be routed by. */
	if (first <= QT_RID_BUS(bridge->rid) || first > last)
		return QT_OK;
	for (unsigned bus = first; bus <= last; bus++)
		mark(&walk->claimed, bus);
	if (marked(&walk->visited, first) || !covered(walk, first))
		return QT_OK;
	return scan_bus(walk, first, (int32_t)index);
}

/* Scans a root bus and all that is below it. */
static int scan_root(struct walk *walk, unsigned bus)
{
	int error = scan_bus(walk, bus, -1);

	while (!error && walk->next < walk->pci->count) {
		size_t index = walk->next++;
		if (walk->pci->functions[index].flags & QT_PCI_BRIDGE)
			error = scan_below(walk, index);
	}
	return error;
}

/*
 * Buses that no bridge leads to may be root buses of other host bridges: firmware
 * describes those in AML only, so all of them are tried.
 */
static int scan_segment(struct walk *walk)
{
	for (unsigned bus = 0; bus < BUSES; bus++) {
		if (!covered(walk, bus) || marked(&walk->visited, bus) ||
			marked(&walk->claimed, bus))
			continue;
		int error = scan_root(walk, bus);
		if (error)
			return error;
	}
	return QT_OK;
}

/* What an SR-IOV capability says of the virtual functions in use. */
struct virtuals {
	unsigned number; /* 0 if none */
	unsigned offset;
	unsigned stride;
	uint16_t device;
};

static struct virtuals read_virtuals(const struct qt_host *host, qt_rid rid)
{
	unsigned at = qt_pci_ext_capability(host, rid, EXT_ID_SRIOV);

	if (!at || !(qt_pci_read16(host, rid, at + SRIOV_CONTROL) & SRIOV_VF_ENABLED))
		return (struct virtuals){0};

	unsigned total = qt_pci_read16(host, rid, at + SRIOV_TOTAL_VFS);
	struct virtuals virtuals = {
		.number = qt_pci_read16(host, rid, at + SRIOV_NUM_VFS),
		.offset = qt_pci_read16(host, rid, at + SRIOV_OFFSET),
		.stride = qt_pci_read16(host, rid, at + SRIOV_STRIDE),
		.device = qt_pci_read16(host, rid, at + SRIOV_VF_DEVICE),
	};
	if (virtuals.number > total)
		virtuals.number = total;
	/* A stride of 0 is right for one virtual function only (9.3.3.10). */
	if (virtuals.stride == 0 && virtuals.number > 1)
		virtuals.number = 1;
	return virtuals;
}

/*
 * Adds the virtual functions of a physical one (9.2.1.2). Their own vendor and
 * device ID registers read all ones (9.3.4.1.1).
 */
static void add_virtuals(struct walk *walk, size_t index)
{
	struct qt_pci *pci = walk->pci;
	const struct qt_pci_function *physical = &pci->functions[index];
	struct virtuals virtuals = read_virtuals(pci->host, physical->rid);
	unsigned id = (physical->rid & 0xffff) + virtuals.offset;

	walk->segment = QT_RID_SEGMENT(physical->rid);
	for (unsigned i = 0; i < virtuals.number; i++, id += virtuals.stride) {
		if (id > 0xffff || !covered(walk, id >> 8))
			break;

		struct qt_pci_function function = {
			.rid = (qt_rid)walk->segment << 16 | id,
			.vendor = physical->vendor,
			.device = virtuals.device,
			.class_code = physical->class_code,
			.header_type = HEADER_FUNCTION,
			.flags = QT_PCI_VF,
			.parent = physical->parent,
			.physical = (int32_t)index,
		};
		if (qt_pci_find(pci, function.rid))
			continue;
		if (add(pci, &function))
			return; /* no room: they are only ever left alone */
	}
}

static bool seen_before(const struct qt_pci_segment *segments, size_t index)
{
	for (size_t i = 0; i < index; i++) {
		if (segments[i].segment == segments[index].segment)
			return true;
	}
	return false;
}

int qt_pci_enumerate(struct qt_pci *pci, const struct qt_pci_segment *segments, size_t count)
{
	struct walk walk = {.pci = pci, .segments = segments, .segment_count = count};

	pci->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (seen_before(segments, i))
			continue;
		walk.segment = segments[i].segment;
		walk.visited = walk.claimed = (struct buses){{0}};
		int error = scan_segment(&walk);
		if (error)
			return error;
	}

	/* Last, so that a wrong offset cannot take the place of a function that is there. */
	size_t physical = pci->count;
	for (size_t i = 0; i < physical; i++) {
		if (!(pci->functions[i].flags & QT_PCI_EXPRESS))
			continue;
		add_virtuals(&walk, i);
	}
	return QT_OK;
}

const struct qt_pci_function *qt_pci_find(const struct qt_pci *pci, qt_rid rid)
{
	for (size_t i = 0; i < pci->count; i++) {
		if (pci->functions[i].rid == rid)
			return &pci->functions[i];
	}
	return NULL;
}
