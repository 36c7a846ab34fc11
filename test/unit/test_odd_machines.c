/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Machines that are put together oddly, each with VT-d units in legacy mode, in
 * scalable mode, and in scalable mode with first-stage tables, and with AMD-Vi.
 */

#include "takeover.h"

enum mode { VTD_LEGACY, VTD_SECOND_STAGE, VTD_FIRST_STAGE, AMD_VI, MODES };

static struct model_unit_config unit_at(unsigned mode, qt_phys registers)
{
	struct model_unit_config unit;

	if (mode == AMD_VI) {
		unit = model_amdvi_default(registers);
		unit.amdvi.entries = 4096; /* up to bus 15: checks look at all of it */
		return unit;
	}
	if (mode == VTD_LEGACY)
		return model_unit_default(registers);
	unit = model_unit_scalable(registers);
	if (mode == VTD_FIRST_STAGE) {
		unit.first_stage = unit.first_1g = true;
		unit.second_stage = false;
	}
	return unit;
}

static struct model *machine_in(unsigned mode)
{
	struct model_unit_config unit = unit_at(mode, 0xfed90000);

	return machine_with(&unit);
}

static struct model_domain *attach(struct model *m, unsigned unit, qt_rid rid, uint16_t id)
{
	return give(m, rid, model_domain_new(m, unit, 4, id));
}

/* What a requester that nothing was attached to is admitted for. Linux has AMD-Vi block it. */
static enum qt_reason not_attached(unsigned mode)
{
	return mode == AMD_VI ? QT_WHY_BLOCKED : QT_WHY_NO_ENTRY;
}

/* Registers above 4 GiB, above all RAM. */
static void test_units_at_high_addresses(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		struct model_unit_config unit = unit_at(mode, 0x7fffff000000);
		struct model *m = machine_with(&unit);
		struct scenario s;

		add_device(m, NVME, CLASS_NVME, 4, 1);
		add_function(m, NIC, CLASS_NIC);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		finish(&s);
	}
}

/* The same bus and device in two segments: two requesters, each behind its own unit. */
static void test_several_segments(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES * MODES; mode++) {
		const qt_rid other = QT_RID(1, 0, 0x08);
		struct model_unit_config units[] = {
			unit_at(mode / MODES, 0xfed90000), unit_at(mode % MODES, 0xfed98000)};
		struct scenario s;
		struct model *m;

		/* No machine has units of two vendors. */
		if ((mode / MODES == AMD_VI) != (mode % MODES == AMD_VI))
			continue;
		units[1].segment = 1;
		m = machine_of(units, 2);
		add_device(m, NVME, CLASS_NVME, 4, 1);
		add_function(m, other, CLASS_NVME);
		attach(m, 1, other, 1);
		add_function(m, QT_RID(1, 0, 0x10), CLASS_NIC);
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, other, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, QT_RID(1, 0, 0x10), QT_ADMIT, not_attached(mode % MODES));
		assert_int_equal(scenario_requester(&s, other)->unit, 1);
		finish(&s);
	}
}

/* Conventional PCI behind a bridge: its DMA has the bridge's secondary bus, device 0. */
static void test_alias_behind_a_bridge(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		for (int present = 0; present < 2; present++) {
			const qt_rid below = QT_RID(0, 4, 0x90);
			struct model *m = machine_in(mode);
			struct scenario s;

			add_bridge(m, PORT, 4, QT_PCIE_TO_PCI);
			add_function(m, below, CLASS_NIC);
			add_device(m, NVME, CLASS_NVME, 4, 1);
			if (present)
				attach(m, 0, QT_RID(0, 4, 0), 3);
			run_sound(&s, m);
			expect_decision(&s, QT_RID(0, 4, 0), present ? QT_ADOPT : QT_ADMIT,
				present ? QT_WHY_FREE : not_attached(mode));
			if (!present)
				expect_decision(&s, below, QT_ADMIT, not_attached(mode));
			assert_int_equal(
				qt_pci_find(&s.machine.pci, below)->alias, QT_RID(0, 4, 0));
			finish(&s);
		}
	}
}

/* Pulled out, with its entry left; the slot reads all ones. */
static void test_removed_device(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		const qt_rid gone = QT_RID(0, 7, 0), damaged = QT_RID(0, 7, 0x80);
		struct model *m = machine_in(mode);
		struct model_domain *d;
		struct scenario s;

		add_bridge(m, PORT, 7, QT_PCIE_ROOT_PORT);
		add_device(m, NVME, CLASS_NVME, 4, 1);
		attach(m, 0, gone, 2);
		/* Another one, whose IOVAs are in the way: no reason to give up. */
		d = attach(m, 0, damaged, 3);
		model_map(m, d, QT_MIB(514), QT_MIB(300), 0x1000, QT_RW, 0);
		run_sound(&s, m);
		expect_decision(&s, gone, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, damaged, QT_LEAVE, QT_WHY_IOVAS_TAKEN);
		assert_int_equal(scenario_requester(&s, gone)->function, -1);
		finish(&s);
	}
}

static void put16(struct model_function *function, unsigned offset, unsigned value)
{
	function->config[offset] = (uint8_t)value;
	function->config[offset + 1] = (uint8_t)(value >> 8);
}

/* An extended capability, version 1, and where the next one is. */
static void put_extended(
	struct model_function *function, unsigned offset, unsigned id, unsigned next)
{
	put16(function, offset, id);
	put16(function, offset + 2, next << 4 | 1);
}

/* SR-IOV (PCIe 6.0, 9.3.3): virtual functions on, the first at +0x80, 2 apart. */
static void put_sriov(struct model_function *function, unsigned offset, unsigned count)
{
	put16(function, offset + 0x08, 1);
	put16(function, offset + 0x0e, count);
	put16(function, offset + 0x10, count);
	put16(function, offset + 0x14, 0x80);
	put16(function, offset + 0x16, 2);
	put16(function, offset + 0x1a, 0x10ca);
}

static void add_virtual_functions(struct model *m, qt_rid physical, unsigned count)
{
	struct model_function *function = model_function(m, physical);

	model_add_pcie(function, QT_PCIE_ENDPOINT);
	put_extended(function, 0x100, 0x0010, 0);
	put_sriov(function, 0x100, count);
	for (unsigned i = 0; i < count; i++)
		model_add_pcie(model_add_function(m, physical + 0x80 + 2 * i, 0xffff, 0xffff, 0),
			QT_PCIE_ENDPOINT);
}

/* Virtual functions in guests' hands, which map what they like, are left; only GUARD counts. */
static void test_virtual_functions_in_use(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		for (int breach = 0; breach < 2; breach++) {
			const qt_rid physical = QT_RID(0, 9, 0), guest = QT_RID(0, 9, 0x80);
			struct model *m = machine_in(mode);
			struct model_domain *d;
			struct scenario s;

			add_bridge(m, PORT, 9, QT_PCIE_ROOT_PORT);
			add_device(m, physical, CLASS_NIC, 4, 1);
			add_virtual_functions(m, physical, 2);
			d = attach(m, 0, guest, 2);
			model_map(m, d, 0, QT_MIB(1024), QT_MIB(700), QT_RW, 1);
			if (breach)
				model_map(m, d, QT_GIB(1), QT_MIB(520), 0x1000, QT_READ, 0);
			run_sound(&s, m);
			expect_decision(&s, physical, QT_ADOPT, QT_WHY_FREE);
			expect_decision(&s, guest, breach ? QT_FENCE : QT_LEAVE,
				breach ? QT_WHY_GUARD_BROKEN : QT_WHY_VIRTUAL_FUNCTION);
			finish(&s);
		}
	}
}

/* A slot with a device in it, and one where nothing ever was. */
static void test_hot_plug_slots(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		const qt_rid full = QT_RID(0, 7, 0);
		struct model *m = machine_in(mode);
		struct scenario s;

		for (unsigned i = 0; i < 2; i++)
			add_bridge(m, PORT + i * 8, (uint8_t)(7 + i), QT_PCIE_ROOT_PORT);
		add_device(m, full, CLASS_NVME, 4, 1);
		run_sound(&s, m);
		expect_decision(&s, full, QT_ADOPT, QT_WHY_FREE);
		assert_int_not_equal(scenario_requester(&s, full)->function, -1);
		for (size_t i = 0; i < s.machine.requester_count; i++)
			assert_int_not_equal(QT_RID_BUS(s.machine.requesters[i].rid), 8);
		finish(&s);
	}
}

/* Power management capability (PCIe 6.0, 7.5.2), in state D3hot. */
static void put_to_sleep(struct model_function *function)
{
	const uint8_t capability[] = {0x01, function->config[0x34], 3, 0, 3, 0};

	memcpy(function->config + 0x80, capability, sizeof(capability));
	function->config[0x34] = 0x80;
	function->config[0x06] = 0x10;
}

/* Nobody is woken: config space answers in D3hot, and a port in D3hot hides what is below it. */
static void test_devices_in_d3(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		const qt_rid hidden = QT_RID(0, 7, 0);
		struct model *m = machine_in(mode);
		struct model_function *port = model_add_function(m, PORT, 0x8086, 2, 0);
		struct scenario s;

		model_make_bridge(port, 7, 7, QT_PCIE_ROOT_PORT);
		put_to_sleep(port);
		add_device(m, hidden, CLASS_NIC, 4, 2);
		model_function(m, hidden)->removed = true;
		add_device(m, NVME, CLASS_NVME, 4, 1);
		put_to_sleep(model_function(m, NVME));
		run_sound(&s, m);
		expect_decision(&s, NVME, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, hidden, QT_ADOPT, QT_WHY_FREE);
		assert_int_equal(scenario_requester(&s, hidden)->function, -1);
		assert_int_equal(m->pci_writes, 0);
		finish(&s);
	}
}

/*
 * Resizable BARs of a function and of its virtual functions (7.8.6, 9.3.7.5), as sized
 * as its driver wanted them: they stay, and what is behind them in the chain is found.
 */
static void test_resizable_bars(void **state)
{
	(void)state;
	for (unsigned mode = 0; mode < MODES; mode++) {
		const qt_rid physical = QT_RID(0, 9, 0), guest = QT_RID(0, 9, 0x80);
		struct model *m = machine_in(mode);
		struct model_function *function;
		struct scenario s;

		add_bridge(m, PORT, 9, QT_PCIE_ROOT_PORT);
		add_device(m, physical, CLASS_NIC, 4, 1);
		function = model_function(m, physical);
		add_virtual_functions(m, physical, 1);
		put_extended(function, 0x100, 0x0015, 0x180);
		put16(function, 0x104, 0xfff0);
		put16(function, 0x108, 0x0d20);
		put_extended(function, 0x180, 0x0024, 0x200);
		put16(function, 0x184, 0xfff0);
		put16(function, 0x188, 0x0420);
		put_extended(function, 0x200, 0x0010, 0);
		put_sriov(function, 0x200, 1);
		attach(m, 0, guest, 2);
		run_sound(&s, m);
		expect_decision(&s, physical, QT_ADOPT, QT_WHY_FREE);
		expect_decision(&s, guest, QT_LEAVE, QT_WHY_VIRTUAL_FUNCTION);
		assert_int_equal(m->pci_writes, 0);
		finish(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_units_at_high_addresses),
		cmocka_unit_test(test_several_segments),
		cmocka_unit_test(test_alias_behind_a_bridge),
		cmocka_unit_test(test_removed_device),
		cmocka_unit_test(test_virtual_functions_in_use),
		cmocka_unit_test(test_hot_plug_slots),
		cmocka_unit_test(test_devices_in_d3),
		cmocka_unit_test(test_resizable_bars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
