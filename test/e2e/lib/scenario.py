# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Scenario files: KEY=VALUE lines, every key and its default listed here."""

import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "scenarios")

DEFAULTS = {
    # One line for the tables.
    "title": "",
    # qemu: the Debian release it comes from, the host's own by default.
    "qemu": "",
    # The machine. iommu: options of QEMU's intel-iommu; "amd" and options of its
    # amd-iommu, which wants topology "flat"; or "none".
    "iommu": "aw-bits=39",
    "firmware": "",  # "ovmf": UEFI
    "cpu": "max",
    "smp": "1",
    "ram_mib": "1024",
    # "ports": one root port each; "switch": two root ports, one with an x3130
    # switch below it that holds disk and network; "pxb": root ports of a second
    # host bridge; "bridge": network on a conventional bus; "flat": all on bus 0.
    "topology": "ports",
    "disk": "nvme",  # or "ahci", "virtio"
    "disk_options": "",
    "drive_options": "",
    "net": "1",  # interfaces fed from the host
    "net_model": "e1000e",
    "uhci": "1",
    "sound": "0",
    "vfio_device": "",  # the PCI address of what is bound to vfio-pci
    "vfio_maps": "",
    # Adds a spare device for that, 0000:00:1c.0. "edu": one that does nothing; "bell":
    # one that never stops raising its MSI-X.
    "spare": "",
    # The kernels. suite: the Debian release they come from, the host's own by default.
    "suite": "",
    "crashkernel": "256M",
    "system": "intel_iommu=on",
    "capture": "intel_iommu=on",
    "kexec": "-s",
    # What happens before the crash.
    "churn_disk": "60",
    "churn_deep": "0",
    "churn_deep_kib": "512",
    "churn_net": "200",
    "background_disk": "1",  # reads until the crash, one at a time
    "background_deep": "0",  # reads until the crash, churn_deep at a time
    "patterns": "16",
    "vfs": "",  # the PCI address of a function whose two virtual functions are used
    "asleep": "",  # the PCI address of a device that is put into D3hot
    "hotplug": "",  # FROM TO: the last network interface is moved to an empty slot
    "yank": "",  # PORT DEVICE: the port's slot loses power at the crash
    # Drivers the capture kernel loads besides the disk's.
    "capture_modules": "",
    # What is done to the stage: KIND@SYMBOL+HITS (nmi, page-fault, gp), dead-unit
    # or reserved-memory.
    "stage_args": "",
    "inject": "",
    "snapshot": "1",  # compare memory at the stage's entry and exit
    "quiet": "0",  # let no device write meanwhile
    # What must hold. dump: saved and complete; faults: none after the panic;
    # leftover: DMA still lands where it did; window_empty, window_used: the system
    # kernel left that at the crash region's IOVAs; noreport: none is expected;
    # interrupts: the capture kernel is spared those of the bell (in stock kdump it is not).
    "checks": "dump faults leftover",
    "expect_decisions": "",  # REQUESTER=DECISION, "none" if there is no such requester
    "expect_console": "",  # what the system kernel must have said, as a regular expression
    "expect_outcome": "committed",  # the report's outcome, or several with | between
    # Seconds.
    "boot_timeout": "240",
    "dump_timeout": "240",
}

_LINE = re.compile(r"^([a-z_]+)=(?:\"([^\"]*)\"|(\S*))$")


class Scenario:
    """The values of one scenario, as attributes; numbers() where a number is meant."""

    def __init__(self, name, values):
        self.name = name
        self.values = values

    def __getattr__(self, key):
        try:
            return self.values[key]
        except KeyError:
            raise AttributeError(key) from None

    def number(self, key):
        return int(self.values[key], 0)


def parse(text, where):
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if not match or match.group(1) not in DEFAULTS:
            raise SystemExit(f"{where}:{number}: not understood: {line}")
        values[match.group(1)] = match.group(2) if match.group(2) is not None else match.group(3)
    return values


def load(name):
    path = os.path.join(FOLDER, name)
    try:
        with open(path, encoding="utf-8") as file:
            values = parse(file.read(), path)
    except OSError:
        raise SystemExit(f"no scenario {name}: see {FOLDER}") from None
    return Scenario(name, {**DEFAULTS, **values})


def names():
    return sorted(name for name in os.listdir(FOLDER) if not name.startswith("."))
