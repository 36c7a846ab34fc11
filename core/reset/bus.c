// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The bus below a bridge on its way through a reset (PCIe 6.0, 6.6.1 and
 * 7.5.1.3.13), and the same for buses further down, which come out of reset when
 * the bridge above them has its bus numbers again.
 */
#include "function.h"
#include "registers.h"
#include "stop.h"
#include "waits.h"

#define SPEED_5GT 2

/* How a bridge tells when what is below it may be looked at. */
struct link {
	bool none;    /* inside a switch: at once */
	bool reports; /* whether its link is active, and must be asked */
	uint64_t settle_us;
	unsigned express;
};

static struct link link_of(const struct qt_stop *stop, size_t index)
{
	const struct qt_pci_function *bridge = &stop->pci->functions[index];
	struct link link = {.settle_us = WAIT_CONVENTIONAL_US};
	uint32_t capability;

	link.none = bridge->flags & QT_PCI_EXPRESS && bridge->pcie_type == QT_PCIE_UPSTREAM;
	if (!qt_pci_link_below(bridge))
		return link;
	link.express = qt_pci_capability(stop->host, bridge->rid, CAP_ID_EXPRESS);
	link.settle_us = WAIT_BUS_US;
	if (!link.express)
		return link;
	capability = qt_pci_read32(stop->host, bridge->rid, link.express + EXPRESS_LNKCAP);
	if ((capability & LNKCAP_SPEED) > SPEED_5GT) {
		link.reports = capability & LNKCAP_ACTIVE && !stop->targets[index].silent_link;
		link.settle_us = link.reports ? WAIT_BUS_US : WAIT_NO_REPORT_US;
	}
	return link;
}

/* Reads the clock anew: what the step waits for was set off only just now. */
static void enter(struct qt_stop *stop, size_t bridge, enum bus_step step, uint64_t delay_us,
	uint64_t limit_us)
{
	struct target *target = &stop->targets[bridge];

	qt_stop_read_clock(stop);
	target->bus = (uint8_t)step;
	target->bus_due_us = stop->now_us + delay_us;
	target->bus_until_us = stop->now_us + limit_us;
}

void qt_stop_release_bus(struct qt_stop *stop, size_t index)
{
	struct link link = link_of(stop, index);

	if (link.none)
		enter(stop, index, BUS_OPEN, 0, 0);
	else if (link.reports)
		enter(stop, index, BUS_LINK, 0, WAIT_LINK_US);
	else
		enter(stop, index, BUS_SETTLE, link.settle_us, 0);
}

/* Whether something below is being reset in another way. */
static bool busy_below(const struct qt_stop *stop, size_t bridge)
{
	for (size_t i = bridge + 1; i < stop->pci->count; i++) {
		const struct target *target = &stop->targets[i];

		if (target->step != STEP_NONE && target->step != STEP_DONE &&
			target->step != STEP_GONE && target->carrier != (int32_t)bridge &&
			qt_function_below(stop->pci, i, (int32_t)bridge))
			return true;
	}
	return false;
}

/* Ends it for all that wait for this bus. */
static void end_held(struct qt_stop *stop, size_t bridge, enum qt_stop_result result)
{
	for (size_t i = bridge + 1; i < stop->pci->count; i++) {
		if (stop->targets[i].step == STEP_HELD &&
			stop->targets[i].carrier == (int32_t)bridge)
			qt_stop_finish(stop, i, result);
	}
	stop->targets[bridge].bus = BUS_NONE;
}

static int keep_below(struct qt_stop *stop, size_t bridge)
{
	for (size_t i = bridge + 1; i < stop->pci->count; i++) {
		if (!qt_function_below(stop->pci, i, (int32_t)bridge))
			continue;
		int error = qt_stop_keep(stop, i);
		if (error)
			return error;
	}
	return QT_OK;
}

static bool anything_answers_on(const struct qt_stop *stop, size_t bridge)
{
	for (size_t i = bridge + 1; i < stop->pci->count; i++) {
		if (stop->pci->functions[i].parent == (int32_t)bridge &&
			qt_function_answers(stop->host, &stop->pci->functions[i]) == ANSWER_IT)
			return true;
	}
	return false;
}

/*
 * Before a reset: a port whose link is not active while something behind it answers
 * will not tell later either (QEMU's, when ACPI does the hot-plug).
 */
static void note_link(struct qt_stop *stop, size_t bridge)
{
	struct link link = link_of(stop, bridge);

	if (!link.reports)
		return;
	stop->targets[bridge].silent_link =
		!(qt_pci_read16(stop->host, stop->pci->functions[bridge].rid,
			  link.express + EXPRESS_LNKSTA) &
			LNKSTA_ACTIVE) &&
		anything_answers_on(stop, bridge);
}

/* One function that the bus's reset will hit. */
static void hold(struct qt_stop *stop, size_t index, size_t bridge)
{
	struct qt_pci_function *function = &stop->pci->functions[index];
	struct target *target = &stop->targets[index];

	stop->resets[index].method = stop->targets[bridge].bus_method;
	target->began_us = stop->now_us;
	target->carrier = (int32_t)bridge;
	target->bus = BUS_NONE;
	target->guarded = false;
	target->step = function->flags & QT_PCI_VF ? STEP_GONE : STEP_HELD;
	if (function->flags & QT_PCI_BRIDGE)
		return note_link(stop, index);
	qt_function_master_off(stop->host, function);
	qt_function_ats_off(stop->host, function);
}

/* What does not answer now is not waited for later. */
static void hold_below(struct qt_stop *stop, size_t bridge)
{
	for (size_t i = bridge + 1; i < stop->pci->count; i++) {
		if (!qt_function_below(stop->pci, i, (int32_t)bridge))
			continue;
		if (qt_function_answers(stop->host, &stop->pci->functions[i]) == ANSWER_IT)
			hold(stop, i, bridge);
		else if (stop->targets[i].step == STEP_HELD)
			qt_stop_finish(stop, i, QT_STOP_REFUSED);
		else if (stop->pci->functions[i].flags & QT_PCI_BRIDGE)
			stop->targets[i].bus = BUS_DEAD;
	}
}

static void write_reset(const struct qt_stop *stop, size_t bridge, bool on)
{
	qt_rid rid = stop->pci->functions[bridge].rid;
	unsigned control = qt_pci_read16(stop->host, rid, BRIDGE_CONTROL);

	control &= ~(BRIDGE_CONTROL_RESET | BRIDGE_CONTROL_TIMEOUT);
	if (on)
		control |= BRIDGE_CONTROL_RESET;
	qt_pci_write16(stop->host, rid, BRIDGE_CONTROL, (uint16_t)control);
}

static void begin(struct qt_stop *stop, size_t bridge)
{
	note_link(stop, bridge);
	if (qt_stop_no_time(stop, WAIT_ASSERT_US + link_of(stop, bridge).settle_us))
		return end_held(stop, bridge, QT_STOP_NO_TIME);
	if (busy_below(stop, bridge)) {
		stop->targets[bridge].bus_due_us = stop->now_us + WAIT_POLL_US;
		return;
	}
	if (qt_function_answers(stop->host, &stop->pci->functions[bridge]) != ANSWER_IT)
		return end_held(stop, bridge, QT_STOP_REFUSED);
	if (keep_below(stop, bridge))
		return end_held(stop, bridge, QT_STOP_NOT_TRIED);
	hold_below(stop, bridge);
	enter(stop, bridge, BUS_HELD, 0, 0);
}

static void look_at_link(struct qt_stop *stop, size_t bridge)
{
	struct target *target = &stop->targets[bridge];
	struct link link = link_of(stop, bridge);
	uint16_t status = qt_pci_read16(
		stop->host, stop->pci->functions[bridge].rid, link.express + EXPRESS_LNKSTA);

	if (status & LNKSTA_ACTIVE)
		enter(stop, bridge, BUS_SETTLE, link.settle_us, 0);
	else if (qt_stop_over(stop, target->bus_until_us))
		target->bus = BUS_DEAD;
	else
		target->bus_due_us = stop->now_us + WAIT_POLL_US;
}

bool qt_stop_bus(struct qt_stop *stop, size_t index)
{
	struct target *target = &stop->targets[index];

	switch (target->bus) {
	case BUS_BEGIN:
		begin(stop, index);
		break;
	case BUS_HELD:
		write_reset(stop, index, true);
		enter(stop, index, BUS_ASSERTED, WAIT_ASSERT_US, 0);
		break;
	case BUS_ASSERTED:
		if (stop->now_us < target->bus_due_us)
			break;
		write_reset(stop, index, false);
		qt_stop_release_bus(stop, index);
		break;
	case BUS_LINK:
		look_at_link(stop, index);
		break;
	case BUS_SETTLE:
		if (stop->now_us >= target->bus_due_us)
			target->bus = BUS_OPEN;
		else if (stop->now_us >= stop->deadline_us)
			target->bus = BUS_DEAD;
		break;
	default:
		break;
	}
	return target->bus != BUS_NONE && target->bus < BUS_OPEN;
}

static bool is_in_reset(const struct qt_host *host, const struct qt_pci_function *bridge)
{
	return bridge->header_type == HEADER_BRIDGE &&
	       qt_function_answers(host, bridge) == ANSWER_IT &&
	       qt_pci_read16(host, bridge->rid, BRIDGE_CONTROL) & BRIDGE_CONTROL_RESET;
}

/* Nobody knows since when: too short a reset is none that a device has to understand. */
static void wait_asserted(const struct qt_host *host)
{
	uint64_t since = host->now_us(host->context);

	while (host->now_us(host->context) - since < WAIT_ASSERT_US)
		;
}

void qt_reset_release_buses(const struct qt_pci *pci)
{
	const struct qt_host *host = pci->host;
	bool waited = false;

	for (size_t i = 0; i < pci->count; i++) {
		qt_rid rid = pci->functions[i].rid;

		if (!is_in_reset(host, &pci->functions[i]))
			continue;
		if (!waited)
			wait_asserted(host);
		waited = true;
		qt_pci_write16(host, rid, BRIDGE_CONTROL,
			(uint16_t)(qt_pci_read16(host, rid, BRIDGE_CONTROL) &
				   ~(BRIDGE_CONTROL_RESET | BRIDGE_CONTROL_TIMEOUT)));
	}
}
