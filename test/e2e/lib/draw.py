# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A machine, what two kernels are told, and how the first one ends, drawn by a seed.

Each choice has a generator of its own, so that one more does not change the others.
"""

import random

from . import scenario

FAMILIES = ["amd", "scalable", "vtd"]  # those of a PC
TOPOLOGIES = ["ports", "ports", "switch", "bridge", "pxb", "dense", "flat"]
DISKS = ["nvme", "nvme", "ahci", "hba", "virtio", "usb-storage", "megasas"]
EXTRAS = ["nvme", "hba", "virtio", "usb-storage", "megasas", "sound", "vga"]
VTD_OPTIONS = ["", "", "", ",caching-mode=on", ",intremap=off"]
AMD_OPTIONS = ["", "", ",intremap=on"]
KERNEL_OPTIONS = ["", "", "", "intremap=off", "nox2apic", "iommu.strict=1", "iommu.strict=0",
                  "iommu.forcedac=1", "pci=nomsi", "iommu.strict=1 nox2apic"]
CAPTURE_OPTIONS = ["", "", "", "", "intremap=off", "nox2apic", "iommu.strict=1", "pci=nomsi"]
LOADS = {
    "idle": {"churn_disk": 0, "churn_net": 0, "background_disk": 0},
    "light": {},
    "heavy": {"churn_disk": 300, "churn_net": 2000},
}
NIC_FUNCTIONS = {
    "e1000e": ["e1000e_down", "e1000e_reset", "e1000e_free_rx_resources",
               "e1000e_setup_rx_resources", "e1000_configure"],
    "e1000": ["e1000_down", "e1000_reset", "e1000_configure"],
}
NIC_INTERRUPTS = {"e1000e": "e1000e:e1000_intr_msix_rx", "e1000": "e1000:e1000_intr"}
HOT_ADD_FUNCTIONS = ["nvme:nvme_probe", "nvme:nvme_reset_work",
                     "nvme_core:nvme_init_ctrl_finish", "nvme_core:nvme_start_ctrl",
                     "nvme_core:nvme_scan_work"]
DAMAGED = 0.3  # of all machines
VFIO = 0.12
WINDOW = 512 << 20  # where the crash region is when its IOVAs are to be used


class _Draw:
    def __init__(self, seed):
        self.seed = seed

    def _random(self, what):
        return random.Random(f"{self.seed} {what}")

    def one(self, what, options):
        return self._random(what).choice(options)

    def share(self, what, share):
        return self._random(what).random() < share

    def some(self, what, options, most):
        one = self._random(what)
        return [one.choice(options) for _ in range(one.randrange(most + 1))]


def _unit(draw):
    """The IOMMU, and what both kernels are told about it."""
    family = draw.one("family", FAMILIES)
    states = [draw.one(f"{kernel} state", scenario.STATES) for kernel in ("system", "capture")]
    values = scenario.cell("-".join([family, *states]))
    amd = family == "amd"
    iommu = values.get("iommu", scenario.DEFAULTS["iommu"])
    if family == "vtd":
        iommu = draw.one("width", ["aw-bits=39", "aw-bits=48"])
    values["iommu"] = iommu + draw.one("unit options", AMD_OPTIONS if amd else VTD_OPTIONS)
    values["topology"] = "flat" if amd else draw.one("topology", TOPOLOGIES)
    for kernel, options in (("system", KERNEL_OPTIONS), ("capture", CAPTURE_OPTIONS)):
        values[kernel] = f"{values[kernel]} {draw.one(f'{kernel} options', options)}".strip()
    return values, states[0] != "off"


def _memory(draw):
    """RAM, and the crash region: below 4 GiB, above with and without a part below."""
    place = draw.one("place", ["low"] * 6 + ["high and low", "high", "only high"])
    size = draw.one("crashkernel", [192, 256, 384, 512])
    if place == "low":
        ram = draw.one("RAM", [768, 1024, 2048] if size <= 256 else [1024, 2048])
        if size == 512:  # for which 1 GiB may have no gap
            ram = 2048
        return {"ram_mib": ram, "crashkernel": f"{size}M"}
    low = {"high and low": " crashkernel=64M,low", "high": "", "only high": " crashkernel=0,low"}
    return {"ram_mib": draw.one("RAM", [3072, 4096]),
            "crashkernel": f"{size}M,high{low[place]}"}


def _devices(draw):
    return {"disk": draw.one("disk", DISKS), "net": draw.one("net", [0, 1, 1, 2]),
            "uhci": draw.one("uhci", [0, 1]), "sound": draw.one("sound", [0, 0, 1]),
            "extra": " ".join(draw.some("extra", EXTRAS, 2)), "smp": draw.one("smp", [1, 1, 2])}


def _window(draw):
    """A device of a user-space driver, with IOVAs of the crash region in use or not any more."""
    size = 256 << 20
    kind = draw.one("vfio", ["keep", "empty"])
    return {"ram_mib": 1024, "crashkernel": f"{size >> 20}M@{WINDOW >> 20}M", "spare": "edu",
            "vfio_device": "0000:00:1c.0", "vfio_maps": f"{kind}:{WINDOW:#x}+{size:#x}"}


def _interrupts(values, model):
    """Functions that handle interrupts of devices in use."""
    found = [NIC_INTERRUPTS[model]] if values["net"] else []
    if "nvme" in [values["disk"], *values["extra"].split()] and values.get("background_disk", 1):
        found.append("nvme:nvme_irq")
    return [] if "pci=nomsi" in values["system"] else found


def _death(draw, values):
    model = "e1000" if values["topology"] == "bridge" else "e1000e"
    ways = ["sysrq", "null", "nmi", "keyboard", "hung"]
    if values["net"]:
        ways.append("nic")
    if values["topology"] != "flat":
        ways.append("hot-add")
    interrupts = _interrupts(values, model)
    if interrupts:
        ways.append("interrupt")
    way = draw.one("death", ways)
    if way == "interrupt":
        way += f" {draw.one('interrupt', interrupts)}+{draw.one('passes', [0, 1, 5])}"
    elif way == "nic":
        way += f" {model}:" + draw.one("nic function", NIC_FUNCTIONS[model])
    elif way == "hot-add":
        way += " " + draw.one("hot-add function", HOT_ADD_FUNCTIONS)
    return way


def _checks(draw, values):
    """What is looked at of all but damaged machines; there, nobody can tell."""
    if draw.share("damage", DAMAGED):
        return {"damage": draw.seed, "snapshot": 0, "checks": ""}
    checks = ["dump", "faults", "undo"]
    # An interface that is going down or up has no ring, or one that is not its last.
    if values["net"] and not values["death"].startswith("nic"):
        checks.append("leftover")
    return {"checks": " ".join(checks)}


def _title(values):
    options = [values["iommu"], values["topology"], f"{values['system'] or '-'} -> "
               f"{values['capture'] or '-'}", f"{values['ram_mib']} MiB, {values['crashkernel']}",
               f"dump to {values['disk']}", f"net={values['net']}", values["extra"],
               "vfio " + values["vfio_maps"] if "vfio_maps" in values else "",
               values["load"], f"smp={values['smp']}", values["kexec"], values["death"],
               "damaged" if "damage" in values else ""]
    return "; ".join(option for option in options if option)


def values(seed):
    """The keys of the scenario (scenario.py) that a seed stands for."""
    draw = _Draw(seed)
    drawn, translates = _unit(draw)
    drawn |= _memory(draw) | _devices(draw)
    if translates and draw.share("window", VFIO):
        drawn |= _window(draw)
        drawn["system"] += " nokaslr"
    drawn["load"] = draw.one("load", list(LOADS))
    drawn |= LOADS[drawn["load"]]
    drawn["kexec"] = draw.one("kexec", ["-s", "-s", "-c"])
    drawn["death"] = _death(draw, drawn)
    drawn |= _checks(draw, drawn)
    # What is undone was committed wrongly, and only damage excuses that.
    drawn |= {"dump_format": "elf", "title": _title(drawn),
              "expect_outcome": "committed|stock" + ("|undone" if "damage" in drawn else "")}
    del drawn["load"]
    return {key: str(value) for key, value in drawn.items()}
