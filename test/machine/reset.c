/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Resets: PCIe 6.0, sections 2.3.1, 5.9, 6.6, 7.5.1.3, 7.5.3. */
#include "reset.h"

#include <stdlib.h>
#include <string.h>

enum {
	COMMAND = 0x04,
	MASTER = 1 << 2,
	SERR = 1 << 8,
	HEADER = 0x0e,
	NUMBERS = 0x18,
	CONTROL = 0x3e,
	RESET = 1 << 6,
	DEVCAP = 0x04,
	DEVCAP_FLR = 1 << 28,
	DEVCTL = 0x08,
	DEVCTL_FLR = 1 << 15,
	DEVSTA = 0x0a,
	PENDING = 1 << 5,
	LNKCAP = 0x0c,
	SPEED = 0xf,
	REPORTS = 1 << 20,
	LNKSTA = 0x12,
	ACTIVE = 1 << 13,
	SLTCAP = 0x14,
	SLTCTL = 0x18,
	SLTSTA = 0x1a,
	SLOT_CHANGES = 1 << 3 | 1 << 8, /* presence, link */
	SLOT_ENABLES = 1 << 3 | 1 << 12 | 1 << 5,
	ROOTCTL = 0x1c,
	RRS = 1 << 4,
	SURPRISE_DOWN = 1 << 5, /* in AER's uncorrectable status */
	UNSUPPORTED = 1 << 20,
	NVME_CC = 0x14,
	NVME_CSTS = 0x1c,
};

#define CONFIG_NS 1000u /* what an access takes */

static const uint64_t us = 1000;
static const uint64_t ms = 1000000;

static uint32_t get(const struct model_function *function, unsigned offset, unsigned width)
{
	uint32_t value = 0;

	memcpy(&value, function->config + offset, width);
	return value;
}

static void put(struct model_function *function, unsigned offset, unsigned width, uint32_t value)
{
	memcpy(function->config + offset, &value, width);
}

static unsigned find(const struct model_function *function, uint8_t id)
{
	unsigned at = function->config[0x06] & 0x10 ? function->config[0x34] : 0;

	for (unsigned steps = 0; at && steps < 48; steps++) {
		if (function->config[at] == id)
			return at;
		at = function->config[at + 1];
	}
	return 0;
}

static unsigned find_extended(const struct model_function *function, uint16_t id)
{
	unsigned at = 0x100;

	for (unsigned steps = 0; at >= 0x100 && steps < 480; steps++) {
		uint32_t header = get(function, at, 4);

		if ((header & 0xffff) == id)
			return at;
		at = header >> 20 & 0xffc;
	}
	return 0;
}

static bool is_bridge(const struct model_function *function)
{
	return (function->config[HEADER] & 0x7f) == 1;
}

static unsigned pcie_type(const struct model_function *function)
{
	unsigned at = find(function, 0x10);

	return at ? function->config[at + 2] >> 4 : 16;
}

static bool has_link(const struct model_function *bridge)
{
	unsigned type = pcie_type(bridge);

	return type == QT_PCIE_ROOT_PORT || type == QT_PCIE_DOWNSTREAM;
}

static uint32_t link_capabilities(const struct model_function *bridge)
{
	return get(bridge, find(bridge, 0x10) + LNKCAP, 4);
}

/* Making them */

static void link_capability(
	struct model_function *function, uint8_t at, uint8_t id, uint16_t control)
{
	function->config[at] = id;
	function->config[at + 1u] = function->config[0x34];
	put(function, at + 2u, 2, control);
	function->config[0x34] = at;
	function->config[0x06] |= 0x10;
}

struct model_reset *model_add_reset(struct model_function *function, unsigned ways)
{
	unsigned express = find(function, 0x10);

	function->reset = calloc(1, sizeof(*function->reset));
	if (!function->reset)
		abort();
	if (ways & MODEL_FLR && express)
		put(function, express + DEVCAP, 4, DEVCAP_FLR);
	if (ways & MODEL_AF) {
		link_capability(function, MODEL_AF_AT, 0x13, 0x0306);
		function->config[MODEL_AF_AT + 3] = 3;
	}
	if (ways & MODEL_PM)
		link_capability(function, MODEL_PM_AT, 0x01, 0x0003);
	return function->reset;
}

unsigned model_add_extended(struct model_function *function, uint16_t id, unsigned size)
{
	unsigned at = 0x100, last = 0;

	while (get(function, at, 4)) {
		last = at;
		at = get(function, at, 4) >> 20 ? get(function, at, 4) >> 20 : function->extended;
	}
	if (at + size > 4096)
		abort();
	put(function, at, 4, 0x10000u | id);
	if (last)
		put(function, last, 4, get(function, last, 4) | at << 20);
	function->extended = (uint16_t)(at + size);
	return at;
}

void model_add_slot(struct model_function *port)
{
	unsigned express = find(port, 0x10);

	port->config[express + 3] |= 1;          /* slot implemented */
	put(port, express + SLTCAP, 4, 1u << 6); /* hot-plug capable */
	put(port, express + SLTCTL, 2, SLOT_ENABLES);
}

void model_set_link(struct model_function *port, unsigned speed, bool reports)
{
	put(port, find(port, 0x10) + LNKCAP, 4, speed | (reports ? 1u << 20 : 0));
}

static void allow(uint8_t *bits, unsigned at, unsigned width, uint32_t mask)
{
	memcpy(bits + at, &mask, width);
}

/* Which bits of a capability software can write, or clear: id, offset, width, mask. */
struct bits {
	uint16_t id, offset, width;
	bool clears;
	uint32_t mask;
};

static const struct bits header_bits[] = {{0, 0x04, 2, false, 0x0547}, {0, 0x06, 2, true, 0xf900},
	{0, 0x0c, 2, false, 0xffff}, {0, 0x3c, 1, false, 0xff}};
static const struct bits function_bits[] = {{0, 0x10, 4, false, 0xfffff000},
	{0, 0x14, 4, false, 0xffffffff}, {0, 0x18, 4, false, 0xfffff000},
	{0, 0x1c, 4, false, 0xfffff000}, {0, 0x20, 4, false, 0xfffff000},
	{0, 0x24, 4, false, 0xfffff000}, {0, 0x30, 4, false, 0xfffff801}};
static const struct bits bridge_bits[] = {{0, 0x10, 4, false, 0xfffff000},
	{0, 0x18, 4, false, 0xffffffff}, {0, 0x1c, 2, false, 0xf0f0}, {0, 0x1e, 2, true, 0xf900},
	{0, 0x20, 4, false, 0xfff0fff0}, {0, 0x24, 4, false, 0xfff0fff0},
	{0, 0x28, 4, false, 0xffffffff}, {0, 0x2c, 4, false, 0xffffffff},
	{0, 0x30, 4, false, 0xffffffff}, {0, 0x3e, 2, false, 0x0bff}, {0, 0x3e, 2, true, 0x0400}};
static const struct bits capability_bits[] = {{0x10, 0x08, 2, false, 0x7fff},
	{0x10, 0x0a, 2, true, 0x000f}, {0x10, 0x10, 2, false, 0x0fdf},
	{0x10, 0x12, 2, true, 0xc000}, {0x10, 0x18, 2, false, 0x1fff},
	{0x10, 0x1a, 2, true, 0x011f}, {0x10, 0x1c, 2, false, 0x001f},
	{0x10, 0x28, 2, false, 0xffff}, {0x10, 0x30, 2, false, 0x0fff},
	{0x01, 0x04, 2, false, 0x0103}, {0x01, 0x04, 2, true, 0x8000},
	{0x05, 0x02, 2, false, 0x0071}, {0x11, 0x02, 2, false, 0xc000},
	{0x07, 0x02, 2, false, 0x007f}};
static const struct bits extended_bits[] = {{0x18, 0x04, 4, false, 0x1fff1fff},
	{0x1e, 0x08, 4, false, 0xe3ffff0f}, {0x1e, 0x0c, 4, false, 0xfb},
	{0x1f, 0x08, 4, false, 0xff03}, {0x0d, 0x06, 2, false, 0x7f},
	{0x0f, 0x06, 2, false, 0x801f}, {0x13, 0x04, 2, false, 0x3},
	{0x13, 0x0c, 4, false, 0xffffffff}, {0x1b, 0x06, 2, false, 0x7},
	{0x10, 0x08, 2, false, 0x1f}, {0x10, 0x10, 2, false, 0xffff},
	{0x10, 0x20, 4, false, 0xffffffff}, {0x10, 0x24, 4, false, 0xfffff000},
	{0x10, 0x2c, 4, false, 0xfffff000}, {0x01, 0x04, 4, true, 0x07fff030},
	{0x01, 0x08, 4, false, 0x07fff030}, {0x01, 0x0c, 4, false, 0x07fff030},
	{0x01, 0x10, 4, true, 0xf1c1}, {0x01, 0x14, 4, false, 0xf1c1},
	{0x01, 0x18, 4, false, 0x140}, {0x1d, 0x06, 2, false, 0xff}, {0x1d, 0x08, 2, true, 0x9},
	{0x02, 0x0c, 2, false, 0xe}, {0x02, 0x14, 4, false, 0x870e00ff},
	{0x02, 0x20, 4, false, 0x870e00ff}, {0x15, 0x08, 4, false, 0x3f00},
	{0x15, 0x10, 4, false, 0x3f00}};

static const struct bits root_bits[] = {{0x01, 0x2c, 4, false, 0x7}, {0x01, 0x30, 4, true, 0x7f}};

static void set_bits(struct model_function *function, const struct bits *list, size_t count,
	unsigned (*locate)(const struct model_function *function, uint16_t id))
{
	struct model_reset *reset = function->reset;

	for (size_t i = 0; i < count; i++) {
		unsigned at = locate ? locate(function, list[i].id) : 0;

		if (locate && !at)
			continue;
		allow(list[i].clears ? reset->clears : reset->writable, at + list[i].offset,
			list[i].width, list[i].mask);
	}
}

static unsigned locate(const struct model_function *function, uint16_t id)
{
	return find(function, (uint8_t)id);
}

static void set_all_bits(struct model_function *function)
{
	set_bits(function, header_bits, QT_ARRAY_SIZE(header_bits), NULL);
	if (is_bridge(function))
		set_bits(function, bridge_bits, QT_ARRAY_SIZE(bridge_bits), NULL);
	else
		set_bits(function, function_bits, QT_ARRAY_SIZE(function_bits), NULL);
	set_bits(function, capability_bits, QT_ARRAY_SIZE(capability_bits), locate);
	set_bits(function, extended_bits, QT_ARRAY_SIZE(extended_bits), find_extended);
	if (pcie_type(function) == QT_PCIE_ROOT_PORT)
		set_bits(function, root_bits, QT_ARRAY_SIZE(root_bits), find_extended);
}

static struct model_function *bridge_above(
	const struct model *m, const struct model_function *function)
{
	for (size_t i = 0; i < m->function_count; i++) {
		struct model_function *bridge = m->functions[i];

		if (is_bridge(bridge) && bridge->config[NUMBERS + 1] == QT_RID_BUS(function->rid) &&
			QT_RID_SEGMENT(bridge->rid) == QT_RID_SEGMENT(function->rid))
			return bridge;
	}
	return NULL;
}

void model_power_on(struct model *m)
{
	for (size_t i = 0; i < m->function_count; i++) {
		struct model_function *function = m->functions[i];

		if (!function->reset)
			model_add_reset(function, 0);
		set_all_bits(function);
		function->reset->above = bridge_above(m, function);
		if (!function->reset->ready_us)
			function->reset->ready_us = 5000;
		if (!function->reset->train_us)
			function->reset->train_us = 5000;
		function->reset->nvme_control = function->reset->ready_bit = function->reset->nvme;
		memcpy(function->reset->original, function->config, sizeof(function->config));
	}
	m->powered = true;
}

/* What they do */

static bool is_below(const struct model_function *function, const struct model_function *bridge)
{
	while (function && function != bridge)
		function = function->reset->above;
	return function;
}

/* An error that a port notes, and reports unless it is told not to. */
static void note_error(struct model *m, struct model_function *port, uint32_t error)
{
	unsigned express = find(port, 0x10), aer = find_extended(port, 0x01);

	if (!express)
		return;
	put(port, express + DEVSTA, 2, get(port, express + DEVSTA, 2) | 4);
	if (aer)
		put(port, aer + 4, 4, get(port, aer + 4, 4) | error);
	if ((get(port, express + DEVCTL, 2) & 0x6 || get(port, COMMAND, 2) & SERR) &&
		!(aer && get(port, aer + 8, 4) & error))
		model_complain(m, "port %x reports error %x", port->rid, error);
}

static void lose_link(struct model *m, struct model_function *port)
{
	unsigned express = find(port, 0x10), dpc = find_extended(port, 0x1d);

	if (!has_link(port))
		return;
	note_error(m, port, SURPRISE_DOWN);
	if (dpc && get(port, dpc + 6, 2) & 3)
		model_complain(m, "port %x contains what is below it", port->rid);
	if (!(port->config[express + 3] & 1))
		return;
	put(port, express + SLTSTA, 2, get(port, express + SLTSTA, 2) | SLOT_CHANGES);
	if (get(port, express + SLTCTL, 2) & (1 << 3 | 1 << 12))
		model_complain(m, "port %x takes a reset for a removal", port->rid);
}

static void forget(struct model_function *function)
{
	for (unsigned i = 0; i < sizeof(function->config); i++)
		function->config[i] &= (uint8_t)~function->reset->writable[i];
	if (function->reset->keeps_mastering)
		function->config[COMMAND] |= MASTER;
	if (function->reset->swapped)
		function->config[2] ^= 1;
	function->reset->deaf = function->reset->forgets_bus;
	function->reset->drained_ns = 0;
}

static uint64_t after(uint64_t since_ns, uint64_t delay_us)
{
	return delay_us == MODEL_NEVER || since_ns == MODEL_NEVER ? MODEL_NEVER
								  : since_ns + delay_us * us;
}

/* Its virtual functions are no more. */
static void drop_virtuals(struct model *m, const struct model_function *physical)
{
	unsigned at = find_extended(physical, 0x10);
	qt_rid first;

	if (!at)
		return;
	first = physical->rid + get(physical, at + 0x14, 2);
	for (unsigned i = 0; i < get(physical, at + 0x0e, 2); i++) {
		struct model_function *function =
			model_function(m, first + i * get(physical, at + 0x16, 2));

		if (function)
			function->reset->gone = true;
	}
}

static void reset_function(struct model *m, struct model_function *function)
{
	if (function->reset->forbidden)
		model_complain(m, "function %x reset, which must not be", function->rid);
	drop_virtuals(m, function);
	forget(function);
}

static bool is_pending(const struct model *m, const struct model_function *function)
{
	const struct model_reset *reset = function->reset;

	if (reset->keeps_pending)
		return true;
	if (reset->drain_us && get(function, COMMAND, 2) & MASTER)
		return true;
	return m->clock_ns < reset->drained_ns;
}

static void check_before_flr(struct model *m, const struct model_function *function)
{
	const struct model_reset *reset = function->reset;
	unsigned ats = find_extended(function, 0x0f);
	bool master = get(function, COMMAND, 2) & MASTER && !reset->keeps_mastering;
	bool lasts = reset->keeps_pending || reset->keeps_mastering || reset->drain_us > 400000;

	if (master && !reset->needs_master)
		model_complain(m, "function %x reset with bus mastering on", function->rid);
	if (is_pending(m, function) && !lasts)
		model_complain(m, "function %x reset with transactions pending", function->rid);
	if (ats && get(function, ats + 6, 2) & 0x8000)
		model_complain(m, "function %x reset with ATS on", function->rid);
}

static void reset_by_flr(struct model *m, struct model_function *function)
{
	struct model_reset *reset = function->reset;
	bool wedged = reset->nvme && reset->nvme_control & 1;

	if (reset->needs_master && !(get(function, COMMAND, 2) & MASTER && function->msix &&
					   get(function, function->msix + 2u, 2) & 0x8000))
		wedged = true;
	check_before_flr(m, function);
	reset->flr++;
	reset_function(m, function);
	reset->untouchable_ns = m->clock_ns + 100 * ms;
	reset->ready_ns = wedged ? MODEL_NEVER : after(m->clock_ns, reset->ready_us);
	if (reset->drops_link && reset->above) {
		lose_link(m, reset->above);
		reset->above->reset->link_ns = m->clock_ns + 30 * ms;
		reset->deaf = true;
	}
}

/* From when on what is below a bridge may be looked at, if its bus comes out of reset now. */
static uint64_t settled(const struct model_function *bridge, uint64_t now_ns, uint64_t link_ns)
{
	if (pcie_type(bridge) == QT_PCIE_UPSTREAM)
		return now_ns;
	if (!has_link(bridge))
		return now_ns + 1000 * ms;
	if ((link_capabilities(bridge) & SPEED) <= 2)
		return now_ns + 100 * ms;
	/* Who cannot ask for the link's state waits as long as it may take. */
	return link_capabilities(bridge) & REPORTS && !bridge->reset->silent_link
		       ? after(link_ns, 100000)
		       : now_ns + 1100 * ms;
}

/* Lets all below a bridge come up, from `now_ns` on. */
static void come_up(struct model *m, struct model_function *bridge, uint64_t now_ns)
{
	uint64_t link_ns = after(now_ns, bridge->reset->train_us);

	bridge->reset->link_ns = link_ns;
	for (size_t i = 0; i < m->function_count; i++) {
		struct model_function *function = m->functions[i];
		struct model_reset *reset = function->reset;

		if (reset->above != bridge)
			continue;
		reset->untouchable_ns = settled(bridge, now_ns, link_ns);
		reset->ready_ns = after(has_link(bridge) ? link_ns : now_ns, reset->ready_us);
		if (is_bridge(function))
			come_up(m, function, has_link(bridge) ? link_ns : now_ns);
	}
}

static void assert_reset(struct model *m, struct model_function *bridge)
{
	bridge->reset->reset_ns = m->clock_ns;
	bridge->reset->link_ns = MODEL_NEVER;
	lose_link(m, bridge);
	for (size_t i = 0; i < m->function_count; i++) {
		if (m->functions[i] == bridge || !is_below(m->functions[i], bridge))
			continue;
		m->functions[i]->reset->bus++;
		reset_function(m, m->functions[i]);
	}
}

static void release_reset(struct model *m, struct model_function *bridge)
{
	if (m->clock_ns - bridge->reset->reset_ns < 1 * ms)
		model_complain(m, "bus below %x reset for too short a time", bridge->rid);
	bridge->reset->reset_ns = 0;
	come_up(m, bridge, m->clock_ns);
}

static void set_power(struct model *m, struct model_function *function, unsigned before)
{
	struct model_reset *reset = function->reset;
	unsigned at = find(function, 0x01) + 4;
	unsigned state = get(function, at, 2) & 3;

	if (state == before)
		return;
	if (reset->stays_in_d0)
		return put(function, at, 2, get(function, at, 2) & ~3u);
	reset->untouchable_ns = m->clock_ns + 10 * ms;
	if (state == 0 && before == 3) {
		reset->pm++;
		reset_function(m, function);
		reset->ready_ns = after(m->clock_ns, reset->ready_us);
	}
}

/* Access */

/* By the bus numbers that the bridges above hold now. */
static bool is_routed(const struct model_function *function)
{
	unsigned bus = QT_RID_BUS(function->rid);
	const struct model_function *bridge = function->reset->above;

	if (bridge && bridge->config[NUMBERS + 1] != bus)
		return false;
	for (; bridge; bridge = bridge->reset->above) {
		if (bus < bridge->config[NUMBERS + 1] || bus > bridge->config[NUMBERS + 2])
			return false;
	}
	return true;
}

static bool sees_rrs(const struct model_function *function)
{
	while (function->reset->above)
		function = function->reset->above;
	return pcie_type(function) == QT_PCIE_ROOT_PORT &&
	       get(function, find(function, 0x10) + ROOTCTL, 2) & RRS;
}

static void check_touch(struct model *m, const struct model_function *function)
{
	const struct model_function *bridge = function->reset->above;

	if (m->clock_ns < function->reset->untouchable_ns)
		model_complain(m, "function %x touched too soon after a reset", function->rid);
	for (; bridge; bridge = bridge->reset->above) {
		if (bridge->reset->reset_ns)
			model_complain(
				m, "function %x touched below a bus in reset", function->rid);
	}
}

/* Whether the function answers at all; if not, the port above it notes so. */
static bool is_there(struct model *m, struct model_function *function)
{
	struct model_reset *reset = function->reset;

	if (!is_routed(function))
		return false;
	check_touch(m, function);
	if (reset->gone)
		return false;
	if (m->clock_ns >= reset->ready_ns &&
		(!reset->above || m->clock_ns >= reset->above->reset->link_ns))
		return true;
	if (reset->above && !reset->rrs)
		note_error(m, reset->above, UNSUPPORTED);
	return false;
}

uint32_t model_reset_read(
	struct model *m, struct model_function *function, unsigned offset, unsigned width)
{
	struct model_reset *reset = function->reset;
	uint32_t value = UINT32_MAX >> (32 - 8 * width);
	unsigned express = find(function, 0x10);

	m->clock_ns += CONFIG_NS;
	if (!is_there(m, function) || reset->deaf) {
		bool shows = offset == 0 && width >= 2 && reset->rrs && is_routed(function) &&
			     sees_rrs(function);

		reset->shown |= shows;
		return shows ? value & 0xffff0001 : value;
	}
	value = get(function, offset, width);
	if (express && offset == express + DEVSTA && is_pending(m, function))
		value |= PENDING;
	if (find(function, 0x13) && offset == find(function, 0x13) + 5u && is_pending(m, function))
		value |= 1;
	if (express && offset == express + LNKSTA && m->clock_ns >= reset->link_ns &&
		!reset->silent_link)
		value |= ACTIVE;
	return value;
}

/* What a write sets off. `before`: the register's value before it. */
static void act(struct model *m, struct model_function *function, unsigned offset, uint32_t before,
	uint32_t written)
{
	struct model_reset *reset = function->reset;
	unsigned express = find(function, 0x10), af = find(function, 0x13);
	bool has_flr =
		reset->hidden_flr || (express && get(function, express + DEVCAP, 4) & DEVCAP_FLR);

	if (offset == COMMAND && before & MASTER && !(written & MASTER)) {
		if (is_bridge(function))
			model_complain(m, "bus mastering of bridge %x turned off", function->rid);
		if (reset->keeps_mastering)
			function->config[COMMAND] |= MASTER;
		reset->drained_ns = m->clock_ns + reset->drain_us * us;
	}
	if (is_bridge(function) && offset == CONTROL && (before ^ written) & RESET)
		(written & RESET ? assert_reset : release_reset)(m, function);
	if (express && offset == express + DEVCTL && written & DEVCTL_FLR) {
		if (has_flr)
			reset_by_flr(m, function);
		else
			model_complain(m, "FLR of %x, which has none", function->rid);
	}
	if (af && offset == af + 4 && written & 1)
		reset_by_flr(m, function);
	if (find(function, 0x01) && offset == find(function, 0x01) + 4)
		set_power(m, function, before & 3);
}

void model_reset_write(struct model *m, struct model_function *function, unsigned offset,
	unsigned width, uint32_t value)
{
	struct model_reset *reset = function->reset;
	uint32_t before, writable = 0, clears = 0;

	m->clock_ns += CONFIG_NS;
	if (!is_there(m, function))
		return;
	reset->deaf = false;
	before = get(function, offset, width);
	memcpy(&writable, reset->writable + offset, width);
	memcpy(&clears, reset->clears + offset, width);
	put(function, offset, width,
		((before & ~writable) | (value & writable)) & ~(value & clears));
	act(m, function, offset, before, value);
}

/* Bits that a stop leaves off: bus mastering, messages, ATS, PRI, PASID, SR-IOV. */
static uint32_t left_off(const struct model_function *function, unsigned at)
{
	static const struct bits off[] = {{0x0f, 0x06, 2, false, 0x8000}, {0x13, 0x04, 2, false, 3},
		{0x1b, 0x06, 2, false, 7}, {0x10, 0x08, 2, false, 0xf},
		{0x10, 0x10, 2, false, 0xffff}};

	if (at == COMMAND)
		return is_bridge(function) ? 0 : MASTER;
	if (find(function, 0x05) && at == find(function, 0x05) + 2)
		return 0x71;
	if (find(function, 0x11) && at == find(function, 0x11) + 2)
		return 0xc000;
	for (size_t i = 0; i < QT_ARRAY_SIZE(off); i++) {
		unsigned capability = find_extended(function, off[i].id);

		if (capability && at == capability + off[i].offset)
			return off[i].mask;
	}
	return 0;
}

int model_restored_config(const struct model_function *function)
{
	for (unsigned at = 0; at < sizeof(function->config); at += 2) {
		uint32_t now = get(function, at, 2), off = left_off(function, at);
		uint32_t original = 0;

		memcpy(&original, function->reset->original + at, 2);
		if ((now ^ original) & ~off || (now & off && !is_bridge(function)))
			return (int)at;
	}
	return -1;
}

bool model_reset_register(struct model *m, qt_phys at, bool write, uint32_t *value)
{
	for (size_t i = 0; m->powered && i < m->function_count; i++) {
		struct model_reset *reset = m->functions[i]->reset;
		qt_phys bar = get(m->functions[i], 0x10, 4) & 0xfffff000;

		if (!reset->nvme || !bar || at < bar || at >= bar + 4096)
			continue;
		if (m->clock_ns >= reset->nvme_ns)
			reset->ready_bit = reset->nvme_control & 1;
		if (write && at - bar == NVME_CC) {
			reset->nvme_control = *value;
			reset->nvme_ns = m->clock_ns + 3 * ms;
		}
		if (!write)
			*value = at - bar == NVME_CC     ? reset->nvme_control
				 : at - bar == NVME_CSTS ? reset->ready_bit
							 : 0;
		return true;
	}
	return false;
}
