# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What Linux's drivers had mapped when the system kernel died, by probes of that kernel
(guest/trace.c), beside what `quietus show` finds in the dump."""

import json
import os
import re

from . import tool

PAGE = 4096

# What Linux maps for PCI-to-ISA bridges at boot, before there are probes
# (drivers/iommu/intel/iommu.c, CONFIG_INTEL_IOMMU_FLOPPY_WA): IOVA, size, access, address.
ISA = [(0, 16 << 20, "rw", 0)]

# It lets pages be read that it was told to let be written only: the same file's
# DMA_FL_PTE_PRESENT, which every entry has, is the read bit of second-stage tables.
READ = 1

ALL = re.compile(r"entries-in-buffer/entries-written: (\d+)/(\d+)")
EVENT = re.compile(r" (map|unmap|device): \(\w+\+\S+\) (.*)")


def _numbers(values):
    """The values of NAME=NUMBER words, in their order."""
    return [int(word.split("=")[1], 0) for word in values.split()]


class Account:
    """What is mapped in each of Linux's domains: {domain: {iova: (phys, size, permissions)}},
    by pages; and the devices that are known to be in a domain: {domain: names}."""

    def __init__(self, text):
        entries = ALL.search(text)
        self.whole = bool(entries) and entries[1] == entries[2]
        self.domains, self.names, device = {}, {}, None
        for kind, values in EVENT.findall(text):
            if kind == "map":
                self._map(device, *_numbers(values))
            elif kind == "unmap":
                self._unmap(*_numbers(values))
            # Whoever asks is the one for whom the next is done, unless another asks in between.
            device = values.split('"')[1] if kind == "device" else None

    def _map(self, device, domain, iova, phys, size, count, protection):
        pages = self.domains.setdefault(domain, {})
        for at in range(0, size * count, PAGE):
            pages[iova + at] = (phys + at, PAGE, protection & 3 | READ)
        if device:
            self.names.setdefault(domain, set()).add(device)

    def _unmap(self, domain, iova, size, count):
        for at in range(0, size * count, PAGE):
            self.domains[domain].pop(iova + at, None)


def _ranges(pages):
    """As show has them: the physical address only of what is in one piece."""
    ranges = []
    for iova, size, access in tool.merged(pages):
        phys = pages[iova][0]
        if any(pages[iova + at][0] != phys + at for at in range(0, size, PAGE)):
            phys = None
        ranges.append((iova, size, access, phys))
    return ranges


def _shown(run):
    """What show finds: {device: ranges}, without devices that have none; and network devices."""
    shown = json.loads(tool.quietus(run, "show", "--json", "vmcore").stdout)
    found = {}
    for device in shown["devices"]:
        domain = device["domain"]
        ranges = [] if domain is None else shown["domains"][domain]["ranges"]
        if ranges:
            found[device["rid"]] = [
                (int(one["iova"], 16), one["size"], one["access"],
                 None if one["phys"] is None else int(one["phys"], 16)) for one in ranges]
    return found, {device["rid"] for device in shown["devices"]
                   if (device["class"] or "").startswith(tool.NETWORK)}


def check(run):
    with open(os.path.join(run.folder, "linux_trace"), encoding="ascii") as file:
        account = Account(file.read())
    shown, network = _shown(run)
    explained = set()
    if not account.whole:
        run.fail("Linux's account of what it mapped is not whole")
    for domain, pages in account.domains.items():
        same = {device for device, ranges in shown.items() if ranges == _ranges(pages)}
        names = account.names.get(domain, set())
        if pages and not (same and names <= same):
            run.fail(f"Linux mapped {len(pages)} pages for {', '.join(names) or 'a device'} that "
                     f"show finds otherwise")
        explained |= same
    for device, ranges in shown.items():
        if device not in explained and ranges != ISA:
            run.fail(f"show: {device} has ranges that Linux did not map")
    if not any(names & network & explained for names in account.names.values()):
        run.fail("Linux mapped nothing for a network device")
    run.result["mapped_pages"] = sum(map(len, account.domains.values()))
    run.result["mapped_ranges"] = sum(map(len, map(_ranges, account.domains.values())))
