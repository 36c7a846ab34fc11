// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The one table of devices that cannot be reset as they claim. What applies to a
 * function is all lines that match it, together.
 */
#include "quirks.h"
#include "registers.h"

#define REVISION_ANY (-1)
#define CLASS_NVME   0x010802
#define CLASS_VGA    0x030000

#define NO_FLR (1u << QT_RESET_FLR | 1u << QT_RESET_AF)
#define NO_PM  (1u << QT_RESET_PM)
#define NO_BUS (1u << QT_RESET_BUS | 1u << QT_RESET_SLOT)

/* Which functions: this vendor, device & mask, any or one revision, class & mask. */
#define DEVICE(v, d)             .vendor = (v), .device = (d), .mask = 0xffff, .revision = REVISION_ANY
#define DEVICES(v, d, m)         .vendor = (v), .device = (d), .mask = (m), .revision = REVISION_ANY
#define DEVICE_REVISION(v, d, r) .vendor = (v), .device = (d), .mask = 0xffff, .revision = (r)
#define OF_CLASS(c, m)           .class_code = (c), .class_mask = (m)

struct line {
	uint16_t vendor, device, mask;
	int16_t revision;
	uint32_t class_code, class_mask;
	struct quirks quirks;
};

/*
 * Sources, unless a line says more: the reset quirks of Linux
 * (drivers/pci/quirks.c) and the reports named there.
 */
static const struct line table[] = {
	/* The port's link may not come up again (GB10 root ports). */
	{DEVICE(0x10de, 0x22ce), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x10de, 0x22d0), .quirks = {.forbidden = NO_BUS}},
	/* NVIDIA 2340 to 237f do not survive it. */
	{DEVICES(0x10de, 0x2340, 0xffc0), .quirks = {.forbidden = NO_BUS}},
	/* Atheros AR9xxx and QCA988x: config space is never accessible again. */
	{DEVICE(0x168c, 0x0030), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x168c, 0x0032), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x168c, 0x0033), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x168c, 0x0034), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x168c, 0x003c), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x168c, 0x003e), .quirks = {.forbidden = NO_BUS}},
	/* Qualcomm WCN6855, WCN7850, SDX62 and SDX65: do not come back. */
	{DEVICE(0x17cb, 0x1103), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x17cb, 0x1107), .quirks = {.forbidden = NO_BUS}},
	{DEVICE(0x17cb, 0x0308), .quirks = {.forbidden = NO_BUS}},
	/* Cavium CN8xxx root port: with some devices below, config access fails then. */
	{DEVICE(0x177d, 0xa100), .quirks = {.forbidden = NO_BUS}},
	/* TI KeyStone C667x: shuts its link down for good. */
	{DEVICE(0x104c, 0xb005), .quirks = {.forbidden = NO_BUS}},
	/* ASMedia ASM1164: fails to retrain. */
	{DEVICE(0x1b21, 0x1164), .quirks = {.forbidden = NO_BUS}},

	/* AMD Starship and Matisse audio, USB; NPUs; FCH AHCI: hang. */
	{DEVICE(0x1022, 0x1487), .quirks = {.forbidden = NO_FLR}},
	{DEVICE(0x1022, 0x148c), .quirks = {.forbidden = NO_FLR}},
	{DEVICE(0x1022, 0x149c), .quirks = {.forbidden = NO_FLR}},
	{DEVICE(0x1022, 0x1502), .quirks = {.forbidden = NO_FLR}},
	{DEVICE(0x1022, 0x17f0), .quirks = {.forbidden = NO_FLR}},
	{DEVICE(0x1022, 0x7901), .quirks = {.forbidden = NO_FLR}},
	/* Intel 82579: hang. */
	{DEVICE(0x8086, 0x1502), .quirks = {.forbidden = NO_FLR}},
	{DEVICE(0x8086, 0x1503), .quirks = {.forbidden = NO_FLR}},
	/* MediaTek MT7922: config reads fail for ever after. */
	{DEVICE(0x14c3, 0x0616), .quirks = {.forbidden = NO_FLR}},
	/* SolidRun SNET DPU: its first revision hangs. */
	{DEVICE_REVISION(0xd063, 0x1000, 1), .quirks = {.forbidden = NO_FLR}},

	/* Mellanox Spectrum 1 to 4: it does nothing, ports stay up. */
	{DEVICE(0x15b3, 0xcb84), .quirks = {.forbidden = NO_PM}},
	{DEVICE(0x15b3, 0xcf6c), .quirks = {.forbidden = NO_PM}},
	{DEVICE(0x15b3, 0xcf70), .quirks = {.forbidden = NO_PM}},
	{DEVICE(0x15b3, 0xcf80), .quirks = {.forbidden = NO_PM}},

	/* ATI's displays: it does nothing. */
	{DEVICES(0x1002, 0, 0), OF_CLASS(CLASS_VGA, 0xffff00), .quirks = {.forbidden = NO_PM}},
	/*
	 * Intel Ivy Bridge graphics: only a sequence of their own registers does it, which
	 * nobody needs here, for displays are not reset.
	 */
	{DEVICE(0x8086, 0x0156), .quirks = {.forbidden = NO_FLR | NO_PM | NO_BUS}},
	{DEVICE(0x8086, 0x0166), .quirks = {.forbidden = NO_FLR | NO_PM | NO_BUS}},

	/* Intel 82599 VF: FLR is told in the PF only (datasheet 9.3.10.4, 9.5). */
	{DEVICE(0x8086, 0x10ed), .quirks = {.routine = ROUTINE_UNADVERTISED}},
	/* Samsung SM961, PM961: may read as all ones for ever if FLR meets it enabled. */
	{DEVICE(0x144d, 0xa804), OF_CLASS(CLASS_NVME, 0xffffff),
		.quirks = {.routine = ROUTINE_NVME_DISABLE}},
	/* Intel DC P3700 and its successor, Solidigm P44 Pro: never ready if enabled too soon. */
	{DEVICE(0x8086, 0x0953), .quirks = {.delay_us = 250000}},
	{DEVICE(0x8086, 0x0a54), .quirks = {.delay_us = 250000}},
	{DEVICE(0x025e, 0xf1ac), .quirks = {.delay_us = 250000}},
	/* Chelsio T4: wedges with DMA or MSI-X messages under way and these off. */
	{DEVICES(0x1425, 0x4000, 0xf000), .quirks = {.routine = ROUTINE_MASTER_ON}},
	/*
	 * Huawei HiNIC VF: no completions without a bus number. Its firmware could say
	 * in a BAR that the reset is over: whether the function answers is enough here.
	 */
	{DEVICE(0x19e5, 0x375e), .quirks = {.routine = ROUTINE_RECAPTURE}},
};

static bool matches(
	const struct line *line, const struct qt_host *host, const struct qt_pci_function *function)
{
	if (function->vendor != line->vendor || (function->device & line->mask) != line->device ||
		(function->class_code & line->class_mask) != line->class_code)
		return false;
	return line->revision == REVISION_ANY ||
	       qt_pci_read8(host, function->rid, PCI_CLASS) == line->revision;
}

struct quirks qt_quirks(const struct qt_host *host, const struct qt_pci_function *function)
{
	struct quirks all = {0};

	for (size_t i = 0; i < QT_ARRAY_SIZE(table); i++) {
		const struct quirks *one = &table[i].quirks;

		if (!matches(&table[i], host, function))
			continue;
		all.forbidden |= one->forbidden;
		all.delay_us += one->delay_us;
		if (one->routine)
			all.routine = one->routine;
	}
	return all;
}
