# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Scenario files: KEY=VALUE lines, every key and its default listed here.

A file of families/ stands for several scenarios, named FAMILY-SYSTEM-CAPTURE: what the
two kernels were told about the IOMMU, each one of STATES. Besides those keys it has one for
each state that its kernels can be in, the words that say so on a kernel's command line.
seed-N is the machine that draw.py makes of that number.
"""

import os
import re

_E2E = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FOLDER = os.path.join(_E2E, "scenarios")
FAMILIES = os.path.join(_E2E, "families")

STATES = ["off", "pt", "on"]  # no translation, pass-through, translated

DEFAULTS = {
    # One line for the tables.
    "title": "",
    # qemu: the Debian release it comes from, the host's own by default.
    "qemu": "",
    # The machine. arch: x86_64, or arm64, with Debian 13's kernel; machine: QEMU's, and its
    # options.
    "arch": "x86_64",
    "machine": "q35",
    # iommu: options of QEMU's intel-iommu; "amd" and options of its
    # amd-iommu, which wants topology "flat"; on arm64 "smmuv3" and options of its
    # arm-smmuv3; "none".
    "iommu": "aw-bits=39",
    # "ovmf": UEFI; "secure-boot": the same, and it starts signed kernels only, which are then
    # locked down (in such a guest no user space may use I/O ports: see test/e2e/debian);
    # "qemu-efi-aarch64": UEFI on arm64, with ACPI tables in place of a device tree.
    "firmware": "",
    "cpu": "max",
    "icount": "0",  # virtual time counts instructions, 1 ns each
    "smp": "1",
    "ram_mib": "1024",
    # "ports": one root port each; "switch": two root ports, one with an x3130
    # switch below it that holds disk and network; "pxb": root ports of a second
    # host bridge; "bridge": network on a conventional bus; "flat": all on bus 0; "dense":
    # as "ports", eight of them to a slot.
    "topology": "ports",
    # What takes the dump: "nvme", "virtio", "ahci" (the chipset's), "hba" (AHCI, in a slot),
    # "usb-storage" (at an xHCI), "megasas".
    "disk": "nvme",
    "disk_options": "",
    "drive_options": "",
    "net": "1",  # interfaces fed from the host
    "net_model": "e1000e",
    "uhci": "1",
    "sound": "0",
    "vfio_device": "",  # the PCI address of what is bound to vfio-pci
    "vfio_maps": "",
    # More devices, each in a slot of its own: disks as above, "sound", or "vga", a display
    # with a sound function beside it.
    "extra": "",
    "idle_extra": "0",  # no kernel has a driver for them
    # Adds a spare device for that, 0000:00:1c.0. "edu": one that does nothing; "bell":
    # one that never stops raising its MSI-X.
    "spare": "",
    # The kernels. suite: the Debian release they come from, the host's own by default;
    # flavour: where it is not the architecture's own; capture_suite: where the capture
    # kernel's release is another. kernel: a file of kernels/ to build the system kernel with,
    # from that release's source; then the capture kernel's image is signed with its key.
    # gzip: 1 if what is wrapped is compressed, as some distributions' arm64 kernels are.
    "suite": "",
    "flavour": "",
    "capture_suite": "",
    "kernel": "",
    "gzip": "0",
    "crashkernel": "256M",
    "system": "intel_iommu=on",
    "capture": "intel_iommu=on",
    "kexec": "-s",
    "kexec_checks": "1",  # 0: the purgatory does not compute checksums
    # 1: kexec is told where _text is, which an arm64 kernel without CONFIG_KALLSYMS_ALL does
    # not, Debian 12's: the dump's headers are wrong without, and makedumpfile can read none.
    "kexec_text": "0",
    # What happens before the crash. audit: the tool foretells what the stage will do, from
    # tables "read" (with iomem=relaxed in system, or registers cannot be) or "derived".
    "audit": "",
    "churn_disk": "60",
    "churn_deep": "0",  # reads in flight at once; the disk's limits are lifted when they are
    "churn_net": "200",
    "background_disk": "1",  # reads until the crash, one at a time
    "background_deep": "0",  # reads in flight at the crash, with a disk limited until then
    "patterns": "16",
    "vfs": "",  # the PCI address of a function whose two virtual functions are used
    "asleep": "",  # the PCI address of a device that is put into D3hot
    "hotplug": "",  # FROM TO: the last network interface is moved to an empty slot
    # How the system kernel ends, by what a scenario has for it: "sysrq"; "null", a NULL
    # dereference in a system call; "nmi", one of no known cause; "hung", a task that waits
    # for a disk which stopped answering; "keyboard", sysrq-c from its interrupt; and a NULL
    # dereference in a function, FUNCTION or MODULE:FUNCTION with +N if it is to be passed N
    # times before: "interrupt FUNCTION", of a device in use; "nic FUNCTION", while network
    # interfaces go down and up; "hot-add FUNCTION", while an NVMe disk comes into a slot.
    "death": "sysrq",
    # A seed: something is overwritten in the dead kernel's last function (damage.py).
    "damage": "",
    "yank": "",  # PORT DEVICE: the port's slot loses power at the crash
    # "elf"; or "raw": /proc/vmcore as it is, for kernels that makedumpfile does not know.
    "dump_format": "kdump",
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
    # silent: no DMA of the network interfaces lands any more; survey: the capture kernel
    # finds all functions where they were, and can use all disks and interfaces that it
    # has drivers for; disks: it can use all disks; screen: what the display shows is as it
    # was when the stage began; interrupts: the capture kernel is spared those of the bell
    # (in stock kdump it is not).
    # mapped: show finds what Linux's drivers had mapped, by its own account (mapped.py).
    # tool: quietus report, undo and show agree with what was seen. undo: that alone, in a
    # dump in the format "elf" or "raw".
    "checks": "dump faults leftover",
    "expect_decisions": "",  # REQUESTER=DECISION, "none" if there is no such requester
    # METHOD=COUNT or OBSTACLE=COUNT (report.py): how many functions were stopped by a method
    # or could not be for a reason, "untried" for those that could have been. Any other
    # method or result, and any other count, is a failure; obstacles are not, unless named.
    "expect_stops": "",
    "expect_console": "",  # what the system kernel must have said, as a regular expression
    "expect_outcome": "committed",  # the report's outcome, or several with | between
    # Seconds.
    "boot_timeout": "240",
    "dump_timeout": "240",
}

# What is different where nothing else is said. Debian's kernels for arm64 have no
# kexec_file_load, and makedumpfile (1.7.8) does not know 52-bit addresses with 4 KiB or 16 KiB
# pages, as Debian 13's have; purgatories' checksums take minutes, with caches off and emulated; no UHCI.
ARCH_DEFAULTS = {
    "x86_64": {},
    "arm64": {
        "machine": "virt", "iommu": "smmuv3", "cpu": "cortex-a72", "system": "", "capture": "", "uhci": "0",
        "kexec": "-c", "kexec_checks": "0", "dump_format": "raw", "ram_mib": "768",
        "checks": "dump faults leftover undo", "boot_timeout": "600", "dump_timeout": "600",
    },
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


def parse(text, where, keys):
    values = {}
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        match = _LINE.match(line)
        if not match or match.group(1) not in keys:
            raise SystemExit(f"{where}:{number}: not understood: {line}")
        values[match.group(1)] = match.group(2) if match.group(2) is not None else match.group(3)
    return values


def _read(folder, name, keys):
    """The values in a file, None if there is no such file."""
    path = os.path.join(folder, name)
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8") as file:
        return parse(file.read(), path, keys)


def _family(family):
    return _read(FAMILIES, family, [*DEFAULTS, *STATES]) or {}


def cell(name):
    """The values of a family's scenario, None if there is no such family."""
    if name not in cells(name.rsplit("-", 2)[0]):
        return None
    family, system, capture = name.rsplit("-", 2)
    values = _family(family)
    words = {state: values.pop(state) for state in STATES if state in values}
    values["title"] += f" {system} -> {capture}"
    return {**values, "system": words[system], "capture": words[capture]}


def _drawn(name):
    """The values of seed-N, a machine of the campaign; None for other names."""
    from . import draw  # it needs the families from here
    match = re.fullmatch(r"seed-(\d+)", name)
    return draw.values(int(match.group(1))) if match else None


def load(name):
    values = _read(FOLDER, name, DEFAULTS) or cell(name) or _drawn(name)
    if values is None:
        raise SystemExit(f"no scenario {name}: see {FOLDER} and {FAMILIES}")
    arch = values.get("arch", DEFAULTS["arch"])
    return Scenario(name, {**DEFAULTS, **ARCH_DEFAULTS[arch], **values})


def _files(folder):
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def cells(family):
    states = [state for state in STATES if state in _family(family)]
    return [f"{family}-{system}-{capture}" for system in states for capture in states]


def families():
    return _files(FAMILIES)


def names():
    return _files(FOLDER) + [name for family in families() for name in cells(family)]
