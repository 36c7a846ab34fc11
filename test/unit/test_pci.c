// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Enumeration, capabilities and aliases over configuration spaces made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <quietus/pci.h>

#define CONFIG_SIZE 4096
#define FAKES_MAX   1200
#define BUSES       256

/* One function of the fake machine. */
struct fake {
	qt_rid rid;
	uint8_t *config;
	unsigned last_cap; /* offset of the newest capability's pointer to the next */
	unsigned last_ext;
};

static struct fake fakes[FAKES_MAX];
static size_t fake_count;
static int16_t fake_index[2][1 << 16]; /* by segment and rest of the requester ID, -1: none */
static uint8_t noise;                  /* not 0: every function there is reads random bytes */
static bool no_extended;               /* as by configuration mechanism 1 */
static unsigned reads;
static unsigned bus_reads[BUSES];
static struct qt_host host;

static uint32_t fake_read(void *context, qt_rid rid, unsigned offset, unsigned width)
{
	assert_ptr_equal(context, &fakes);
	assert_true(width == 1 || width == 2 || width == 4);
	assert_true(offset < CONFIG_SIZE && offset % width == 0);
	reads++;
	bus_reads[QT_RID_BUS(rid)]++;

	uint32_t ones = width == 4 ? UINT32_MAX : (1u << 8 * width) - 1;
	int16_t index =
		QT_RID_SEGMENT(rid) < 2 ? fake_index[QT_RID_SEGMENT(rid)][rid & 0xffff] : -1;
	if (index < 0 || (no_extended && offset >= 256))
		return ones;
	if (noise)
		return (uint32_t)rand() & ones;

	uint32_t value = 0;
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)fakes[index].config[offset + i] << 8 * i;
	return value;
}

static void fake_write(void *context, qt_rid rid, unsigned offset, unsigned width, uint32_t value)
{
	(void)context, (void)rid, (void)offset, (void)width, (void)value;
	fail_msg("enumeration must not write");
}

/* Results */

static struct qt_pci_function functions[FAKES_MAX];
static struct qt_pci pci;

static int enumerate_segments(const struct qt_pci_segment *segments, size_t count)
{
	pci.host = &host;
	pci.functions = functions;
	if (pci.capacity == 0)
		pci.capacity = FAKES_MAX;
	return qt_pci_enumerate(&pci, segments, count);
}

static int enumerate(void)
{
	return enumerate_segments(&(struct qt_pci_segment){0, 0, 255}, 1);
}

static const struct qt_pci_function *found(qt_rid rid)
{
	const struct qt_pci_function *function = qt_pci_find(&pci, rid);

	assert_non_null(function);
	return function;
}

static int set_up(void **state)
{
	(void)state;
	memset(fakes, 0, sizeof(fakes));
	memset(fake_index, -1, sizeof(fake_index));
	memset(bus_reads, 0, sizeof(bus_reads));
	memset(&pci, 0, sizeof(pci));
	fake_count = reads = noise = 0;
	no_extended = false;
	host = (struct qt_host){.context = &fakes, .pci_read = fake_read, .pci_write = fake_write};
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (size_t i = 0; i < fake_count; i++)
		free(fakes[i].config);
	return 0;
}

/* Building the machine */

static void put(struct fake *fake, unsigned offset, uint32_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		fake->config[offset + i] = (uint8_t)(value >> 8 * i);
}

static struct fake *add(qt_rid rid, uint16_t vendor, uint16_t device)
{
	struct fake *fake = &fakes[fake_count];

	assert_true(fake_count < FAKES_MAX);
	fake_index[QT_RID_SEGMENT(rid)][rid & 0xffff] = (int16_t)fake_count++;
	fake->rid = rid;
	fake->config = calloc(1, CONFIG_SIZE);
	fake->last_cap = 0x34;
	put(fake, 0x00, vendor | (uint32_t)device << 16, 4);
	put(fake, 0x08, 0x02000001, 4);
	return fake;
}

static struct fake *add_function(qt_rid rid)
{
	return add(rid, 0x8086, 0x10d3);
}

static void multifunction(struct fake *fake)
{
	fake->config[0x0e] |= 0x80;
}

static void put_cap(struct fake *fake, unsigned offset, uint8_t id)
{
	fake->config[0x06] |= 1 << 4;
	fake->config[fake->last_cap] = (uint8_t)offset;
	fake->config[offset] = id;
	fake->last_cap = offset + 1;
}

/* The PCI Express capability, at 0x40, version 2. */
static struct fake *express(struct fake *fake, enum qt_pcie_type type)
{
	put_cap(fake, 0x40, 0x10);
	put(fake, 0x42, 2u | (unsigned)type << 4, 2);
	return fake;
}

static void put_ext(struct fake *fake, unsigned offset, uint16_t id)
{
	if (fake->last_ext)
		put(fake, fake->last_ext + 2, offset << 4 | 1, 2);
	put(fake, offset, id | 1u << 16, 4);
	fake->last_ext = offset;
}

static struct fake *add_bridge(qt_rid rid, uint8_t secondary, uint8_t subordinate)
{
	struct fake *fake = add(rid, 0x1b36, 0x0001);

	fake->config[0x0e] = 1;
	fake->config[0x18] = QT_RID_BUS(rid);
	fake->config[0x19] = secondary;
	fake->config[0x1a] = subordinate;
	return fake;
}

static struct fake *add_port(
	qt_rid rid, enum qt_pcie_type type, uint8_t secondary, uint8_t subordinate)
{
	return express(add_bridge(rid, secondary, subordinate), type);
}

static struct fake *add_endpoint(qt_rid rid)
{
	return express(add_function(rid), QT_PCIE_ENDPOINT);
}

#define AT(bus, device, function) QT_RID(0, bus, (device) << 3 | (function))

/* Functions */

static void a_function_is_described(void **state)
{
	(void)state;
	struct fake *fake = add_endpoint(AT(0, 3, 0));
	put(fake, 0x04, 0x0004, 2);
	put(fake, 0x08, 0x01080204, 4);

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 1);
	const struct qt_pci_function *function = &functions[0];
	assert_int_equal(function->rid, AT(0, 3, 0));
	assert_int_equal(function->alias, AT(0, 3, 0));
	assert_int_equal(function->vendor, 0x8086);
	assert_int_equal(function->device, 0x10d3);
	assert_int_equal(function->class_code, 0x010802);
	assert_int_equal(function->header_type, 0);
	assert_int_equal(function->pcie_type, QT_PCIE_ENDPOINT);
	assert_int_equal(function->flags, QT_PCI_EXPRESS | QT_PCI_BUS_MASTER);
	assert_int_equal(function->parent, -1);
	assert_int_equal(function->ats_offset, 0);

	assert_ptr_equal(qt_pci_find(&pci, AT(0, 3, 0)), function);
	assert_null(qt_pci_find(&pci, AT(0, 3, 1)));
	assert_null(qt_pci_find(&pci, QT_RID(1, 0, 3 << 3)));
}

static void functions_beyond_0_need_the_multifunction_bit(void **state)
{
	(void)state;
	add_function(AT(0, 1, 0));
	add_function(AT(0, 1, 1));
	multifunction(add_function(AT(0, 2, 0)));
	add_function(AT(0, 2, 3));
	add_function(AT(0, 2, 7));
	add_function(AT(0, 4, 1)); /* without function 0 there is no device */

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 4);
	assert_int_equal(functions[0].rid, AT(0, 1, 0));
	assert_int_equal(functions[1].rid, AT(0, 2, 0));
	assert_int_equal(functions[1].header_type, 0);
	assert_int_equal(functions[2].rid, AT(0, 2, 3));
	assert_int_equal(functions[3].rid, AT(0, 2, 7));
}

static void what_does_not_answer_is_not_there(void **state)
{
	(void)state;
	add(AT(0, 1, 0), 0xffff, 0xffff);
	add(AT(0, 2, 0), 0xffff, 0x1234);
	add(AT(0, 3, 0), 0x0000, 0xffff);
	add(AT(0, 4, 0), 0x0001, 0xffff); /* not ready yet */
	add_function(AT(0, 5, 0))->config[0x0e] = 0xff;
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 0);
}

static void an_unknown_header_is_kept_but_not_believed(void **state)
{
	(void)state;
	struct fake *fake = add_endpoint(AT(0, 1, 0));
	fake->config[0x0e] = 5;
	fake->config[0x19] = 1;
	fake->config[0x1a] = 2;
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 1);
	assert_int_equal(functions[0].flags, QT_PCI_DAMAGED_CAPS);
	assert_int_equal(functions[0].header_type, 5);
}

static void a_full_list_is_an_error_and_stays(void **state)
{
	(void)state;
	for (unsigned device = 0; device < 5; device++)
		add_function(AT(0, device, 0));
	pci.capacity = 3;
	assert_int_equal(enumerate(), QT_E_NOMEM);
	assert_int_equal(pci.count, 3);
	assert_int_equal(functions[2].rid, AT(0, 2, 0));
	pci.capacity = 5;
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 5);
}

/* Bridges */

static void ports_and_switches_are_walked(void **state)
{
	(void)state;
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 4);
	add_port(AT(1, 0, 0), QT_PCIE_UPSTREAM, 2, 4);
	add_port(AT(2, 0, 0), QT_PCIE_DOWNSTREAM, 3, 3);
	add_port(AT(2, 31, 0), QT_PCIE_DOWNSTREAM, 4, 4);
	add_endpoint(AT(3, 0, 0));
	multifunction(add_endpoint(AT(4, 0, 0)));
	add_endpoint(AT(4, 0, 1));

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 7);
	for (size_t i = 0; i < pci.count; i++) {
		assert_true(functions[i].parent < (int32_t)i);
		assert_int_equal(functions[i].alias, functions[i].rid);
		if (functions[i].parent >= 0)
			assert_int_equal(functions[functions[i].parent].secondary,
				QT_RID_BUS(functions[i].rid));
		else
			assert_int_equal(QT_RID_BUS(functions[i].rid), 0);
	}
	assert_int_equal(found(AT(0, 1, 0))->flags, QT_PCI_BRIDGE | QT_PCI_EXPRESS);
	assert_int_equal(found(AT(0, 1, 0))->subordinate, 4);
	assert_int_equal(found(AT(2, 31, 0))->pcie_type, QT_PCIE_DOWNSTREAM);
}

static void below_a_port_only_device_0_is_looked_at(void **state)
{
	(void)state;
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 1);
	add_bridge(AT(0, 2, 0), 2, 2);
	for (unsigned device = 0; device < 32; device++) {
		add_endpoint(AT(1, device, 0)); /* one that answers to every number */
		add_function(AT(2, device, 0));
	}
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 2 + 1 + 32);
}

static void cardbus_bridges_are_walked(void **state)
{
	(void)state;
	add_bridge(AT(0, 1, 0), 5, 5)->config[0x0e] = 2;
	add_function(AT(5, 0, 0));
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 2);
	assert_int_equal(functions[0].flags, QT_PCI_BRIDGE);
	assert_int_equal(functions[1].alias, AT(0, 1, 0));
}

static void bridges_with_impossible_numbers_lead_nowhere(void **state)
{
	(void)state;
	add_bridge(AT(3, 1, 0), 0, 0);  /* not configured */
	add_bridge(AT(3, 2, 0), 3, 9);  /* its own bus */
	add_bridge(AT(3, 3, 0), 2, 9);  /* before its own */
	add_bridge(AT(3, 4, 0), 8, 7);  /* ends before it begins */
	add_bridge(AT(3, 5, 0), 5, 6);  /* right */
	add_bridge(AT(5, 0, 0), 7, 7);  /* beyond what the one above forwards */
	add_bridge(AT(5, 1, 0), 6, 99); /* ends beyond it, begins inside */
	add_function(AT(6, 0, 0));
	add_function(AT(8, 0, 0));

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 9);
	assert_int_equal(functions[found(AT(6, 0, 0))->parent].rid, AT(5, 1, 0));
	assert_int_equal(found(AT(8, 0, 0))->parent, -1);
	assert_int_equal(found(AT(3, 4, 0))->secondary, 8);
	assert_int_equal(found(AT(3, 4, 0))->subordinate, 7);
}

static void bridges_that_share_a_bus_lead_there_once(void **state)
{
	(void)state;
	add_bridge(AT(0, 1, 0), 1, 3);
	add_bridge(AT(0, 2, 0), 1, 3);
	add_bridge(AT(1, 0, 0), 2, 3);
	add_bridge(AT(1, 1, 0), 2, 3);
	add_bridge(AT(2, 0, 0), 1, 3); /* back up: a loop */
	add_bridge(AT(2, 1, 0), 2, 3);
	add_function(AT(2, 2, 0));

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 7);
	assert_int_equal(functions[found(AT(2, 2, 0))->parent].rid, AT(1, 0, 0));
}

static void bridges_claim_no_more_than_those_above_forward(void **state)
{
	(void)state;
	add_bridge(AT(0, 1, 0), 1, 2);
	add_bridge(AT(1, 0, 0), 2, 9);
	add_function(AT(5, 0, 0));

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 3);
	assert_int_equal(found(AT(5, 0, 0))->parent, -1);
}

static void other_root_buses_are_found(void **state)
{
	(void)state;
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 0x0f);
	add_endpoint(AT(1, 0, 0));
	add_port(AT(0x40, 0, 0), QT_PCIE_ROOT_PORT, 0x41, 0x41);
	add_endpoint(AT(0x41, 0, 0));
	add_endpoint(AT(0xff, 8, 0));
	add_endpoint(AT(5, 0, 0)); /* claimed by the first port, but not led to */
	add_endpoint(AT(0x0f, 0, 0));

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 5);
	assert_int_equal(found(AT(0x40, 0, 0))->parent, -1);
	assert_int_equal(functions[found(AT(0x41, 0, 0))->parent].rid, AT(0x40, 0, 0));
	assert_int_equal(found(AT(0xff, 8, 0))->parent, -1);
	assert_int_equal(bus_reads[5], 0);
	/* A bus nobody is on costs one read per device. */
	assert_int_equal(bus_reads[0x80], 32);
}

static void only_the_buses_asked_for_are_touched(void **state)
{
	(void)state;
	const struct qt_pci_segment segments[] = {
		{0, 0x10, 0x1f}, {1, 0x00, 0x00}, {0, 0x80, 0x80}, {0, 9, 8}};

	add_bridge(AT(0x10, 0, 0), 0x11, 0x11);
	add_bridge(AT(0x10, 1, 0), 0x20, 0x20); /* out of the window */
	add_bridge(AT(0x10, 2, 0), 0x80, 0x80); /* in the other window of the segment */
	add_function(AT(0x11, 0, 0));
	add_function(AT(0x20, 0, 0));
	add_function(AT(0x80, 0, 0));
	add_function(AT(9, 0, 0));
	add_function(QT_RID(1, 0, 0));
	add_function(QT_RID(1, 1, 0));

	assert_int_equal(enumerate_segments(segments, QT_ARRAY_SIZE(segments)), 0);
	assert_int_equal(pci.count, 6);
	assert_int_equal(found(QT_RID(1, 0, 0))->parent, -1);
	assert_int_equal(functions[found(AT(0x80, 0, 0))->parent].rid, AT(0x10, 2, 0));
	assert_null(qt_pci_find(&pci, AT(0x20, 0, 0)));
	assert_int_equal(bus_reads[0x20], 0);
	assert_int_equal(bus_reads[0x09], 0);
	assert_int_equal(enumerate_segments(NULL, 0), 0);
	assert_int_equal(pci.count, 0);
}

static void segments_with_the_same_bus_numbers_are_kept_apart(void **state)
{
	(void)state;
	const struct qt_pci_segment segments[] = {{0, 0, 255}, {1, 0, 255}};

	add_bridge(QT_RID(0, 0, 0), 1, 1);
	add_bridge(QT_RID(1, 0, 0), 1, 1);
	add_function(QT_RID(0, 1, 0));
	add_function(QT_RID(1, 1, 0));
	assert_int_equal(enumerate_segments(segments, 2), 0);
	assert_int_equal(pci.count, 4);
	assert_int_equal(functions[found(QT_RID(1, 1, 0))->parent].rid, QT_RID(1, 0, 0));
	assert_int_equal(found(QT_RID(1, 1, 0))->alias, QT_RID(1, 0, 0));
}

/* ARI */

static struct fake *add_ari(unsigned function, uint8_t next)
{
	struct fake *fake = add_endpoint(QT_RID(0, 1, function));

	put_ext(fake, 0x100, 0x000b);
	put_ext(fake, 0x140, 0x000e);
	fake->config[0x145] = next;
	return fake;
}

static struct fake *add_ari_port(void)
{
	struct fake *port = add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 1);

	put(port, 0x40 + 0x28, 1u << 5, 2);
	return port;
}

static void ari_functions_are_followed(void **state)
{
	(void)state;
	add_ari_port();
	add_ari(0, 1);
	add_ari(1, 9);
	add_ari(9, 255);
	add_ari(255, 0);
	add_ari(2, 0); /* not in the list */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 5);
	assert_int_equal(found(QT_RID(0, 1, 9))->parent, 0);
	assert_int_equal(found(QT_RID(0, 1, 255))->parent, 0);
	for (pci.capacity = 1; pci.capacity < 5; pci.capacity++) {
		assert_int_equal(enumerate(), QT_E_NOMEM);
		assert_int_equal(pci.count, pci.capacity);
	}
}

static void ari_lists_that_go_astray_end(void **state)
{
	(void)state;
	add_ari_port();
	struct fake *zero = add_ari(0, 0x20);
	struct fake *other = add_ari(0x20, 0x20); /* itself */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 3);
	other->config[0x145] = 0x1f; /* backwards */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 3);
	zero->config[0x145] = 0x21; /* nobody */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 2);
}

static void ari_counts_only_where_the_port_forwards_it(void **state)
{
	(void)state;
	struct fake *port = add_ari_port();
	multifunction(add_ari(0, 9));
	add_ari(9, 0);
	add_ari(7, 0);
	put(port, 0x40 + 0x28, 0, 2);
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 3);
	assert_non_null(qt_pci_find(&pci, QT_RID(0, 1, 7)));

	/* A capability of version 1 has no such register. */
	put(port, 0x40 + 0x28, 1u << 5, 2);
	put(port, 0x42, 1u | QT_PCIE_ROOT_PORT << 4, 2);
	assert_int_equal(enumerate(), 0);
	assert_non_null(qt_pci_find(&pci, QT_RID(0, 1, 7)));
}

static void below_an_ari_port_plain_devices_stay_plain(void **state)
{
	(void)state;
	add_ari_port();
	multifunction(add_endpoint(AT(1, 0, 0)));
	add_endpoint(AT(1, 0, 3));
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 3);
}

/* SR-IOV */

static struct fake *add_physical(
	qt_rid rid, uint16_t total, uint16_t number, uint16_t offset, uint16_t stride)
{
	struct fake *fake = add_endpoint(rid);

	put_ext(fake, 0x100, 0x0001);
	put_ext(fake, 0x160, 0x0010);
	put(fake, 0x160 + 0x08, 1, 2);
	put(fake, 0x160 + 0x0e, total, 2);
	put(fake, 0x160 + 0x10, number, 2);
	put(fake, 0x160 + 0x14, offset, 2);
	put(fake, 0x160 + 0x16, stride, 2);
	put(fake, 0x160 + 0x1a, 0x10ca, 2);
	return fake;
}

static void virtual_functions_are_found_where_enabled(void **state)
{
	(void)state;
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 2);
	struct fake *physical = add_physical(AT(1, 0, 0), 8, 3, 0x80, 0x40);
	/* Identity of a virtual function reads all ones; the rest is its own. */
	struct fake *virtual = express(add(QT_RID(0, 1, 0xc0), 0xffff, 0xffff), QT_PCIE_ENDPOINT);
	put(virtual, 0x04, 4, 2);
	put_ext(virtual, 0x100, 0x000f);
	put(virtual, 0x106, 0x8000, 2);

	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 5);
	const struct qt_pci_function *function = found(QT_RID(0, 1, 0xc0));
	assert_int_equal(function->vendor, 0x8086);
	assert_int_equal(function->device, 0x10ca);
	assert_int_equal(function->class_code, 0x020000);
	assert_int_equal(
		function->flags, QT_PCI_VF | QT_PCI_EXPRESS | QT_PCI_BUS_MASTER | QT_PCI_ATS);
	assert_int_equal(function->ats_offset, 0x100);
	assert_int_equal(function->alias, function->rid);
	assert_int_equal(functions[function->parent].rid, AT(0, 1, 0));
	/* One bus further than the physical function. */
	assert_true(found(QT_RID(0, 2, 0))->flags & QT_PCI_VF);

	put(physical, 0x160 + 0x08, 0x10, 2); /* memory space, but no functions */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 2);
}

static void virtual_function_numbers_are_bounded(void **state)
{
	(void)state;
	struct fake *physical = add_physical(AT(0x10, 0, 0), 4, 0xffff, 1, 1);
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 5);

	put(physical, 0x160 + 0x16, 0, 2); /* stride 0 */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 2);

	put(physical, 0x160 + 0x16, 0x8000, 2); /* past the last bus */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 3);

	put(physical, 0x160 + 0x14, 0xefff, 2); /* the very last */
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 2);
	assert_true(found(QT_RID(0, 0xff, 0xff))->flags & QT_PCI_VF);

	put(physical, 0x160 + 0x14, 0xffff, 2);
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 1);

	/* Out of the window that the caller asked for. */
	put(physical, 0x160 + 0x14, 0xff, 2);
	put(physical, 0x160 + 0x16, 1, 2);
	assert_int_equal(enumerate_segments(&(struct qt_pci_segment){0, 0x10, 0x10}, 1), 0);
	assert_int_equal(pci.count, 2);
}

static void virtual_functions_do_not_displace_real_ones(void **state)
{
	(void)state;
	add_physical(AT(0, 1, 0), 0xffff, 0xffff, 0, 8);
	add_function(AT(0, 2, 0));
	add_function(AT(3, 0, 0));
	pci.capacity = 100;
	assert_int_equal(enumerate(), 0);
	assert_int_equal(pci.count, 100);
	assert_false(found(AT(0, 1, 0))->flags & QT_PCI_VF);
	assert_false(found(AT(0, 2, 0))->flags & QT_PCI_VF);
	assert_false(found(AT(3, 0, 0))->flags & QT_PCI_VF);
	assert_true(found(AT(0, 3, 0))->flags & QT_PCI_VF);
}

/* Capability lists */

static void capabilities_are_found(void **state)
{
	(void)state;
	struct fake *fake = add_function(AT(0, 1, 0));
	put_cap(fake, 0x50, 0x01);
	put_cap(fake, 0xfc, 0x05);
	put_cap(fake, 0x40, 0x11);
	fake->config[0x51] |= 3; /* reserved bits of a pointer */

	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x01), 0x50);
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x05), 0xfc);
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x11), 0x40);
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x10), 0);
	assert_int_equal(qt_pci_capability(&host, AT(0, 2, 0), 0x01), 0);

	fake->config[0x06] = 0; /* says that it has no list */
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x01), 0);

	fake->config[0x06] = 0x10;
	fake->config[0x0e] = 2;
	fake->config[0x14] = 0x50;
	fake->config[0x34] = 0;
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x05), 0xfc);
	assert_int_equal(enumerate(), 0);
	assert_int_equal(functions[0].flags, QT_PCI_BRIDGE);
}

static uint16_t flags_now(void)
{
	assert_int_equal(enumerate(), 0);
	return functions[0].flags;
}

static void capability_lists_that_go_astray_are_noticed(void **state)
{
	(void)state;
	struct fake *fake = add_function(AT(0, 1, 0));
	put_cap(fake, 0x50, 0x01);
	put_cap(fake, 0x60, 0x05);
	assert_int_equal(flags_now(), 0);

	fake->config[0x61] = 0x50; /* a loop */
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x05), 0x60);
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x11), 0);
	assert_int_equal(flags_now(), QT_PCI_DAMAGED_CAPS);
	fake->config[0x61] = 0x60; /* itself */
	assert_int_equal(flags_now(), QT_PCI_DAMAGED_CAPS);
	fake->config[0x61] = 0x3c; /* into the header */
	assert_int_equal(flags_now(), QT_PCI_DAMAGED_CAPS);
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x11), 0);
	fake->config[0x61] = 0x70; /* all ones */
	fake->config[0x70] = fake->config[0x71] = 0xff;
	assert_int_equal(flags_now(), QT_PCI_DAMAGED_CAPS);
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0xff), 0);
	fake->config[0x34] = 0x04;
	assert_int_equal(flags_now(), QT_PCI_DAMAGED_CAPS);
	fake->config[0x34] = 0x03; /* only reserved bits: no list */
	assert_int_equal(flags_now(), 0);
}

static void the_longest_capability_list_is_sound(void **state)
{
	(void)state;
	struct fake *fake = add_function(AT(0, 1, 0));
	for (unsigned offset = 0x40; offset < 0x100; offset += 4)
		put_cap(fake, offset, (uint8_t)(0x20 + offset / 4));
	assert_int_equal(qt_pci_capability(&host, fake->rid, 0x20 + 0xfc / 4), 0xfc);
	assert_int_equal(flags_now(), 0);
}

static void extended_capabilities_are_found(void **state)
{
	(void)state;
	struct fake *fake = add_endpoint(AT(0, 1, 0));
	put_ext(fake, 0x100, 0x0001);
	put_ext(fake, 0xffc, 0x0003);
	put_ext(fake, 0x200, 0x000f);
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x0001), 0x100);
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x0003), 0xffc);
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x000f), 0x200);
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x0010), 0);
	assert_int_equal(flags_now(), QT_PCI_EXPRESS);
	assert_int_equal(functions[0].ats_offset, 0x200);

	put(fake, 0x206, 0x8000, 2);
	assert_int_equal(flags_now(), QT_PCI_EXPRESS | QT_PCI_ATS);
	put(fake, 0x206, 0x7fff, 2);
	assert_int_equal(flags_now(), QT_PCI_EXPRESS);

	no_extended = true;
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x0001), 0);
	assert_int_equal(flags_now(), QT_PCI_EXPRESS);
}

static void extended_lists_where_there_can_be_none_are_not_read(void **state)
{
	(void)state;
	struct fake *plain = add_function(AT(0, 1, 0));
	put_ext(plain, 0x100, 0x000f);
	assert_int_equal(qt_pci_ext_capability(&host, plain->rid, 0x000f), 0);

	/* A bridge above drops the upper address bits: the header appears again. */
	struct fake *mirrored = express(add(AT(0, 2, 0), 0x000f, 0x2001), QT_PCIE_ENDPOINT);
	put(mirrored, 0x100, 0x000f | 0x2001 << 16, 4);
	assert_int_equal(qt_pci_ext_capability(&host, mirrored->rid, 0x000f), 0);

	struct fake *empty = add_endpoint(AT(0, 3, 0));
	assert_int_equal(qt_pci_ext_capability(&host, empty->rid, 0x0000), 0);
	assert_int_equal(enumerate(), 0);
	assert_int_equal(found(empty->rid)->flags, QT_PCI_EXPRESS);
	assert_int_equal(found(mirrored->rid)->ats_offset, 0);
}

static void extended_lists_that_go_astray_are_noticed(void **state)
{
	(void)state;
	const uint16_t damaged = QT_PCI_EXPRESS | QT_PCI_DAMAGED_CAPS;
	struct fake *fake = add_endpoint(AT(0, 1, 0));
	put_ext(fake, 0x100, 0x0001);
	put_ext(fake, 0x140, 0x0003);
	assert_int_equal(flags_now(), QT_PCI_EXPRESS);

	put(fake, 0x142, 0x100 << 4, 2); /* a loop */
	assert_int_equal(flags_now(), damaged);
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x0003), 0x140);
	put(fake, 0x142, 0x0fc << 4, 2); /* into the first 256 bytes */
	assert_int_equal(flags_now(), damaged);
	put(fake, 0x142, 0x200 << 4, 2);
	put(fake, 0x200, UINT32_MAX, 4);
	assert_int_equal(flags_now(), damaged);
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0xffff), 0);
}

static void the_longest_extended_list_is_sound(void **state)
{
	(void)state;
	struct fake *fake = add_endpoint(AT(0, 1, 0));
	for (unsigned offset = 0x100; offset < 0x1000; offset += 8)
		put_ext(fake, offset, (uint16_t)(0x1000 + offset));
	assert_int_equal(qt_pci_ext_capability(&host, fake->rid, 0x1ff8), 0xff8);
	assert_int_equal(flags_now(), QT_PCI_EXPRESS);
}

/* Aliases */

static qt_rid alias_of(qt_rid rid)
{
	assert_int_equal(enumerate(), 0);
	return found(rid)->alias;
}

static void express_to_pci_bridges_put_their_bus_on_it(void **state)
{
	(void)state;
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 3);
	add_port(AT(1, 0, 0), QT_PCIE_TO_PCI, 2, 3);
	add_function(AT(2, 4, 0));
	add_bridge(AT(2, 5, 0), 3, 3);
	add_function(AT(3, 7, 0));
	assert_int_equal(alias_of(AT(1, 0, 0)), AT(1, 0, 0));
	assert_int_equal(alias_of(AT(2, 4, 0)), AT(2, 0, 0));
	assert_int_equal(alias_of(AT(2, 5, 0)), AT(2, 0, 0));
	assert_int_equal(alias_of(AT(3, 7, 0)), AT(2, 0, 0));
}

static void conventional_bridges_put_their_own_on_it(void **state)
{
	(void)state;
	add_bridge(AT(0, 30, 0), 1, 2);
	add_function(AT(1, 4, 0));
	add_bridge(AT(1, 5, 0), 2, 2);
	add_function(AT(2, 6, 0));
	assert_int_equal(alias_of(AT(0, 30, 0)), AT(0, 30, 0));
	assert_int_equal(alias_of(AT(1, 4, 0)), AT(0, 30, 0));
	assert_int_equal(alias_of(AT(2, 6, 0)), AT(0, 30, 0));
}

static void the_topmost_owner_counts(void **state)
{
	(void)state;
	/* Express, to PCI, to Express, to PCI again. */
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 9);
	add_port(AT(1, 0, 0), QT_PCIE_TO_PCI, 2, 9);
	add_port(AT(2, 0, 0), QT_PCI_TO_PCIE, 3, 9);
	add_port(AT(3, 0, 0), QT_PCIE_TO_PCI, 4, 9);
	add_function(AT(4, 1, 0));
	assert_int_equal(alias_of(AT(4, 1, 0)), AT(2, 0, 0));

	/* Express below a PCI root bus: only the bridge is known there. */
	add_port(AT(0, 2, 0), QT_PCI_TO_PCIE, 0x10, 0x10);
	add_endpoint(AT(0x10, 0, 0));
	assert_int_equal(alias_of(AT(0x10, 0, 0)), AT(0, 2, 0));
}

static void bridges_that_hide_what_they_are_count_as_express(void **state)
{
	(void)state;
	add_port(AT(0, 1, 0), QT_PCIE_ROOT_PORT, 1, 2);
	struct fake *bridge = add_bridge(AT(1, 0, 0), 2, 2);
	add_function(AT(2, 3, 0));
	assert_int_equal(alias_of(AT(2, 3, 0)), AT(1, 0, 0));
	put(bridge, 0, 0x10801b21, 4);
	assert_int_equal(alias_of(AT(2, 3, 0)), AT(2, 0, 0));

	/* The same bridge on a root bus, or below a bridge to PCI, is a conventional one. */
	put(add_bridge(AT(0, 30, 0), 5, 5), 0, 0x244e8086, 4);
	add_function(AT(5, 3, 0));
	assert_int_equal(alias_of(AT(5, 3, 0)), AT(0, 30, 0));
	add_port(AT(0, 31, 0), QT_PCIE_TO_PCI, 6, 7);
	put(add_bridge(AT(6, 0, 0), 7, 7), 0, 0x244e8086, 4);
	add_function(AT(7, 1, 0));
	assert_int_equal(alias_of(AT(7, 1, 0)), AT(6, 0, 0));
}

static void devices_that_use_another_function_number_are_known(void **state)
{
	(void)state;
	add(AT(0, 3, 0), 0x1b4b, 0x9230);
	multifunction(add(AT(0, 4, 0), 0x1180, 0x1234));
	add(AT(0, 4, 1), 0x1180, 0xe832);
	add(AT(0, 5, 0), 0x1b4b, 0x9231);
	assert_int_equal(alias_of(AT(0, 3, 0)), AT(0, 3, 1));
	assert_int_equal(alias_of(AT(0, 5, 0)), AT(0, 5, 0));
	assert_int_equal(alias_of(AT(0, 4, 0)), AT(0, 4, 0));
	assert_int_equal(alias_of(AT(0, 4, 1)), AT(0, 4, 0));
}

/* Everything at once */

/* What must hold of any result, however damaged the machine. */
static void assert_sane(void)
{
	assert_true(pci.count <= pci.capacity);
	for (size_t i = 0; i < pci.count; i++) {
		assert_true(functions[i].parent >= -1 && functions[i].parent < (int32_t)i);
		assert_ptr_equal(qt_pci_find(&pci, functions[i].rid), &functions[i]);
	}
}

static void random_machines_end_in_bounded_time(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 12; seed++) {
		tear_down(NULL);
		set_up(NULL);
		srand(seed);
		for (unsigned i = 0; i < 600; i++) {
			qt_rid rid = (qt_rid)rand() & (seed % 2 ? 0xffff : 0x0fff);
			if (fake_index[0][rid] >= 0)
				continue;
			struct fake *fake = add_function(rid & (i % 3 ? ~7u : ~0u));
			for (unsigned offset = 4; offset < CONFIG_SIZE; offset++)
				fake->config[offset] = (uint8_t)rand();
			fake->config[0x0e] = (uint8_t)(rand() % 3 | (rand() & 0x80));
			if (rand() % 2)
				express(fake, (enum qt_pcie_type)(rand() % 11));
		}
		int error = enumerate();
		assert_true(error == 0 || error == QT_E_NOMEM);
		assert_sane();
		assert_in_range(reads, 1, 1200 * 4096);
	}
}

static void reads_that_change_every_time_end_too(void **state)
{
	(void)state;
	for (unsigned id = 0; id < 1000; id++)
		add_function(id * 8);
	noise = 1;
	for (unsigned seed = 0; seed < 20; seed++) {
		srand(seed);
		reads = 0;
		int error = enumerate();
		assert_true(error == 0 || error == QT_E_NOMEM);
		assert_sane();
		assert_in_range(reads, 1, 1200 * 4096);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void addresses_are_read(void **state)
{
	static const char most[] = "ffff:ff:1f.7,0001:02:03.4";
	qt_rid list[3];
	size_t count;

	(void)state;
	assert_int_equal(qt_pci_read_addresses(most, strlen(most), list, 3, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(list[0], QT_RID(0xffff, 0xff, 0xff));
	assert_int_equal(list[1], QT_RID(1, 2, 3 << 3 | 4));
	assert_int_equal(qt_pci_read_addresses(most, 12, list, 1, &count), 0);
	assert_int_equal(count, 1);
	assert_int_equal(qt_pci_read_addresses(most, strlen(most), list, 1, &count), QT_E_NOMEM);
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const texts[] = {"", "0", ",", "0000:02:00.0,", ",0000:02:00.0",
		"0000:02:00.0,0000:02:00.", "0000:02:00.0 0000:02:00.0", "0000:02:00.00000:02:00.0",
		"0000:02:20.0", "0000:02:00.8", "0000:02:00.f", "00g0:02:00.0", "0000:0G:00.0",
		"0000-02:00.0", "0000:02-00.0", "0000:02:00:0", "0000:02:00.-", "10000:02:00.0",
		"000A:02:00.0", "\xff\xff\xff\xff:02:00.0"};

	(void)state;
	for (size_t i = 0; i < QT_ARRAY_SIZE(texts); i++) {
		/* To the byte, so that a sanitizer sees a read too far. */
		size_t length = strlen(texts[i]);
		char *exact = malloc(length + !length);
		qt_rid list[2];
		size_t count;

		memcpy(exact, texts[i], length);
		if (qt_pci_read_addresses(exact, length, list, 2, &count) != QT_E_BAD)
			fail_msg("\"%s\" is taken for addresses", texts[i]);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_function_is_described),
		TEST(functions_beyond_0_need_the_multifunction_bit),
		TEST(what_does_not_answer_is_not_there),
		TEST(an_unknown_header_is_kept_but_not_believed),
		TEST(a_full_list_is_an_error_and_stays),
		TEST(ports_and_switches_are_walked),
		TEST(below_a_port_only_device_0_is_looked_at),
		TEST(cardbus_bridges_are_walked),
		TEST(bridges_with_impossible_numbers_lead_nowhere),
		TEST(bridges_that_share_a_bus_lead_there_once),
		TEST(bridges_claim_no_more_than_those_above_forward),
		TEST(other_root_buses_are_found),
		TEST(only_the_buses_asked_for_are_touched),
		TEST(segments_with_the_same_bus_numbers_are_kept_apart),
		TEST(ari_functions_are_followed),
		TEST(ari_lists_that_go_astray_end),
		TEST(ari_counts_only_where_the_port_forwards_it),
		TEST(below_an_ari_port_plain_devices_stay_plain),
		TEST(virtual_functions_are_found_where_enabled),
		TEST(virtual_function_numbers_are_bounded),
		TEST(virtual_functions_do_not_displace_real_ones),
		TEST(capabilities_are_found),
		TEST(capability_lists_that_go_astray_are_noticed),
		TEST(the_longest_capability_list_is_sound),
		TEST(extended_capabilities_are_found),
		TEST(extended_lists_where_there_can_be_none_are_not_read),
		TEST(extended_lists_that_go_astray_are_noticed),
		TEST(the_longest_extended_list_is_sound),
		TEST(express_to_pci_bridges_put_their_bus_on_it),
		TEST(conventional_bridges_put_their_own_on_it),
		TEST(the_topmost_owner_counts),
		TEST(bridges_that_hide_what_they_are_count_as_express),
		TEST(devices_that_use_another_function_number_are_known),
		TEST(addresses_are_read),
		TEST(what_is_no_address_is_refused),
		TEST(random_machines_end_in_bounded_time),
		TEST(reads_that_change_every_time_end_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
