# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Watches the stage run: stops the machine at its entry and exit, compares what
memory and the tables hold at both, and makes things go wrong in between."""

import filecmp
import os
import re
import struct
import subprocess
import time
import typing

from . import machine, survey, vtd
from .memory import CHUNK

ALIGNMENT = 2 << 20
# include/quietus/stage_header.h
HEADER = 0x40
MAGIC = b"QuieTus\x01"
PREFIX_SIZE = HEADER + 64
OWN_SIZE = 2 << 20


class Entrance(typing.NamedTuple):
    """How a kernel is entered, and so the stage: how far into its image, the register with the
    argument, and what of QEMU's `info registers` must be as the loader left it."""
    offset: int
    argument: str
    state: re.Pattern


# Linux, Documentation/arch/x86/boot.rst and arm64/booting.rst. Of PSTATE all but the condition
# flags, which come first.
ENTRANCES = {"x86_64": Entrance(0x200, "rsi", re.compile(r"\bCR[034]=[0-9a-f]+")),
             "arm64": Entrance(0, "x0", re.compile(r"\bPSTATE=[0-9a-f]([0-9a-f]{7})"))}

# Linux, Documentation/arch/x86/zero-page.rst
E820_COUNT = 0x1E8
E820_TABLE = 0x2D0
E820_ENTRY = struct.Struct("<QQI")
E820_RAM = 1
LOW_END = 1 << 20  # kernels do no DMA below

ENTRY_SECONDS = 180
EXIT_SECONDS = 180

PPM_HEADER = 20  # bytes, more than "P6 1280 1024 255" and less than a line of pixels

# Addresses that no page table of the stage can map, and that no CPU of x86-64 can reach.
UNMAPPED = 0xFFFF900000000000
NON_CANONICAL = 0x9000000000000000

# How the report names what was injected: by the vector; by ESR_ELx.EC (DDI 0487, D23.2.45), here
# an instruction that cannot be fetched.
EXCEPTIONS = {"x86_64": {"page-fault": 14, "gp": 13}, "arm64": {"page-fault": 0x21}}


def find(memory, ranges):
    """Physical address of the stage in the loaded capture kernel, or None."""
    for start, end in ranges:
        for base in range(start + -start % ALIGNMENT, end - ALIGNMENT, ALIGNMENT):
            if memory.read(base + HEADER, len(MAGIC)) == MAGIC:
                return base
    return None


def symbols(products, arch):
    """{name: address} of the stage, which is linked at 0."""
    listing = subprocess.run(["nm", os.path.join(products, f"stage-{arch}.elf")], check=True,
                             capture_output=True, text=True).stdout
    fields = [line.split() for line in listing.splitlines()]
    return {field[2]: int(field[0], 16) for field in fields if len(field) == 3}


def usable(memory, boot_params):
    """The whole pages above 1 MiB that a kernel with these boot_params may use."""
    ranges = []
    for index in range(memory.read(boot_params + E820_COUNT, 1)[0]):
        entry = memory.read(boot_params + E820_TABLE + index * E820_ENTRY.size, E820_ENTRY.size)
        start, size, kind = E820_ENTRY.unpack(entry)
        first, last = (start + 4095) & -4096, (start + size) & -4096
        if kind == E820_RAM and first < last and first >= LOW_END:
            ranges.append((first, last))
    return ranges


def unused_pages(memory, count):
    """Firmware reserves the end of low RAM; its last pages are empty."""
    for page in range(memory.low - count * 0x1000, memory.low - 0x10000, -0x1000):
        if not any(memory.read(page, count * 0x1000)):
            return page
    raise RuntimeError("no unused pages in reserved memory")


class DeadUnit:
    """Firmware that, while the stage runs, points at a unit that never answers:
    an unused page of reserved memory that looks like the unit's registers."""

    REGISTERS = 0x100

    def __init__(self, memory, qmp):
        self.memory = memory
        self.address, self.table = vtd.find_dmar(memory)
        self.fake = fake = unused_pages(memory, 1)
        patched = bytearray(self.table)
        for field, base in vtd.drhd_entries(self.table):
            for register in range(0, self.REGISTERS, 8):
                value = qmp.read_register(base + register, 8)
                memory.write(fake + register, struct.pack("<Q", value))
            struct.pack_into("<Q", patched, field, fake)
        memory.write(self.address, vtd.with_checksum(patched))

    def restore(self):
        self.memory.write(self.address, self.table)

    def owned(self):
        """Memory that differs for reasons of its own."""
        return [(self.address, self.address + len(self.table)), (self.fake, self.fake + 4096)]


class ReservedMemory:
    """Firmware that, while the stage runs, reserves memory for the spare device, which
    has no entry: it is to be admitted, and its domain to map that memory as well. The
    table is a copy with a structure more, in an unused page of reserved memory."""

    REQUESTER = int(machine.SPARE_SLOT, 16) << 3
    PAGES = 2

    def __init__(self, memory, qmp):
        self.memory = memory
        dmar, table = vtd.find_dmar(memory)
        self.rsdt, self.original = vtd.find_table(memory, b"RSDT")
        copy = unused_pages(memory, 1 + self.PAGES)
        self.start, self.end = copy + 4096, copy + 4096 * (1 + self.PAGES)
        memory.write(copy, vtd.with_reserved(table, self.start, self.end, self.REQUESTER))
        patched = self.original.replace(struct.pack("<I", dmar), struct.pack("<I", copy))
        memory.write(self.rsdt, vtd.with_checksum(patched))
        for unit in vtd.units(memory, qmp):
            memory.write(unit.legacy_entry(self.REQUESTER), bytes(16))

    def restore(self):
        self.memory.write(self.rsdt, self.original)

    def owned(self):
        return [(self.rsdt, self.rsdt + len(self.original))]

    def reached(self, domains):
        _, leaves = domains.get(self.REQUESTER, (None, {}))
        return vtd.covered(leaves, self.start, self.end)


class Watch:
    def __init__(self, run):
        self.run = run
        self.guest = run.guest
        self.memory = run.guest.memory
        self.arm64 = machine.is_arm64(run.scenario)
        self.entrance = ENTRANCES[run.scenario.arch]
        self.base = find(self.memory, run.crash_region)
        if self.base is None:
            raise RuntimeError("no stage in the loaded capture kernel")
        self.prefix = int.from_bytes(self.memory.read(self.base + PREFIX_SIZE, 4), "little")
        self.changes = None
        self.firmware = None
        self.targets = None
        self.lost = []
        self.kind, _, self.place = run.scenario.inject.partition("@")
        let_go = self.guest.gdb is None
        self.gdb = self.guest.gdb or self.guest.attach_gdb()
        self.gdb.set_break(self.base + self.entrance.offset)
        if let_go:
            self.gdb.resume()

    def _stop_at(self, address, seconds, what):
        """Runs until the breakpoint, then accounts for the time spent looking."""
        if not self.gdb.wait_stop(seconds):
            raise RuntimeError(f"{what} not reached in {seconds} s")
        self.stopped_at = time.monotonic()
        self.guest.feeder.paused = True
        self.gdb.clear_break(address)
        found = self.gdb.register("pc")
        if found != address:
            raise RuntimeError(f"stopped at {found:#x} instead of {what}")

    def _go_on(self):
        self.gdb.resume()
        self.guest.feeder.paused = False
        self.guest.stopped_seconds += time.monotonic() - self.stopped_at

    def follow(self):
        """From the panic until the capture kernel's entry."""
        self._stop_at(self.base + self.entrance.offset, ENTRY_SECONDS, "the stage's entry")
        self._look_at_entry()
        if self.place:
            self._run_to_place()
            self._check_keep()
            self._inject()
        exit_address = self.base + self.prefix + self.entrance.offset
        self.gdb.set_break(exit_address)
        self._go_on()
        self._stop_at(exit_address, EXIT_SECONDS, "the stage's exit")
        self._look_at_exit()
        self.gdb.detach()
        self.guest.feeder.paused = False
        self.guest.stopped_seconds += time.monotonic() - self.stopped_at

    def _cpu(self):
        """What the capture kernel must find as the loader left it."""
        return self.entrance.state.findall(self.guest.qmp.monitor("info registers"))

    def _domains(self):
        return [unit.domains() for unit in vtd.units(self.memory, self.guest.qmp)]

    def _look_at_entry(self):
        self.argument = self.gdb.register(self.entrance.argument)
        self.cpu = self._cpu()
        if self.kind == "reserved-memory":
            self.firmware = ReservedMemory(self.memory, self.guest.qmp)
        self.domains = self._domains()
        if self.kind == "dead-unit":
            self.firmware = DeadUnit(self.memory, self.guest.qmp)
        self.functions = survey.functions(self.guest.qmp)
        if "screen" in self.run.checks:
            self._shoot("entry")
        self.before = self.memory.snapshot()

    def _look_at_exit(self):
        if self._cpu() != self.cpu:
            self.run.fail(f"the CPU's state changed: {self.cpu} before, {self._cpu()} after")
        if self.firmware:
            self.firmware.restore()
        own = [(self.base, self.base + OWN_SIZE)]
        if not self.arm64:
            self._look_at_boot_params()
            own.append((self.argument, self.argument + 4096))
        own += self.firmware.owned() if self.firmware else []
        self.changes = {address: (old, new)
                        for address, old, new in self.memory.changed_words(self.before)
                        if not any(start <= address < end for start, end in own)}
        self.after = self._check_keep()
        for line in survey.differences(self.functions, survey.functions(self.guest.qmp)):
            self.run.fail("when the stage ends: " + line)
        if "screen" in self.run.checks:
            self._check_screen()

    def _look_at_boot_params(self):
        """Changed in place, where arm64's capture kernel gets another device tree."""
        if self.gdb.register(self.entrance.argument) != self.argument:
            self.run.fail("the capture kernel gets other boot parameters")
        self.usable = usable(self.memory, self.argument)
        if not self.usable:
            self.run.fail("the capture kernel was left no memory")

    def _shoot(self, when):
        """A picture of the first display."""
        path = os.path.join(self.run.folder, f"screen-{when}.ppm")
        self.guest.qmp.command("screendump", filename=path)
        return path

    def _check_screen(self):
        before, after = os.path.join(self.run.folder, "screen-entry.ppm"), self._shoot("exit")
        with open(before, "rb") as file:
            if len(set(file.read()[PPM_HEADER:])) == 1:
                self.run.fail("nothing on the screen")
        if not filecmp.cmp(before, after, shallow=False):
            self.run.fail("the screen changed while the stage ran")

    def _run_to_place(self):
        """Runs on to a symbol of the stage: SYMBOL, or SYMBOL+HITS to skip some."""
        name, _, skip = self.place.partition("+")
        table = symbols(self.run.products, self.run.scenario.arch)
        if name not in table:
            raise RuntimeError(f"the stage has no symbol {name}")
        address = self.base + table[name]
        for _ in range(int(skip or 0) + 1):
            self.gdb.set_break(address)
            self._go_on()
            self._stop_at(address, EXIT_SECONDS, name)
            self.gdb.step()

    def _inject(self):
        if self.kind == "nmi":
            self.guest.qmp.command("inject-nmi")
        elif self.kind == "page-fault":
            self.gdb.set_register("pc", UNMAPPED)
        elif self.kind == "gp":
            self.gdb.set_register("pc", NON_CANONICAL)
        else:
            raise RuntimeError(f"unknown fault {self.kind}")

    def _check_keep(self):
        """Notes what breaks KEEP at this instant; returns the domains as they are."""
        now = self._domains()
        for before, after in zip(self.domains, now):
            self.lost += vtd.lost_translations(before, after)
        self.run.result["translations_kept"] = sum(
            len(leaves) for before in self.domains for _, leaves in before.values())
        return now

    def page_before(self, address):
        """A page of memory at the stage's entry."""
        offset = self.memory.offset(address)
        chunk = self.before.get(offset & -CHUNK, bytes(CHUNK))
        at = offset & (CHUNK - 1)
        return chunk[at:at + 4096]

    # Against the report.

    def check_keep(self, stopped):
        """Only those of stopped devices may be gone."""
        lost = [one for one in self.lost if one[0] not in stopped]
        if lost:
            self.run.fail(f"{len(lost)} leftover translations lost, first {lost[0][0]:#x} at "
                          f"{lost[0][1]:#x}")
        self.run.result["translations_released"] = len(self.lost) - len(lost)

    def check_against(self, report):
        committed = report["outcome"] == "committed"
        self._check_ledger(report["stores"] if committed else {})
        if committed:
            self._check_reach(report)
            if self.kind == "reserved-memory" and not self.firmware.reached(self.after[0]):
                self.run.fail("the admitted device does not reach its reserved memory")
        self._check_injected(report)

    def _check_ledger(self, stores):
        """LEDGER: what differs outside the stage's memory is what the journal says."""
        journal = {address: change for address, change in stores.items()
                   if change[0] != change[1]}
        unknown = sorted(address for address in set(self.changes) - set(journal)
                         if not self._leftover_may_write(address))
        missing = sorted(set(journal) - set(self.changes))
        wrong = [address for address in set(journal) & set(self.changes)
                 if journal[address] != self.changes[address]]
        self.run.result["words_changed_seen"] = len(self.changes)
        with open(os.path.join(self.run.folder, "changes"), "w", encoding="ascii") as file:
            for address, (old, new) in sorted(self.changes.items()):
                known = "" if address in journal else " not in the journal"
                file.write(f"{address:#x} {old:#x} {new:#x}{known}\n")
        for what, addresses in (("changed but not in the journal", unknown),
                                ("in the journal but not changed", missing),
                                ("in the journal with other values", wrong)):
            if addresses:
                self.run.fail(f"{len(addresses)} words {what}, first {addresses[0]:#x}")

    def _leftover_may_write(self, address):
        """Whether leftover DMA, which goes on meanwhile, has a translation to an address."""
        if self.targets is None:
            self.targets = vtd.writable(self.domains) if self.run.dma_is_known() else []
        return any(start <= address < start + size for start, size in self.targets)

    def _check_reach(self, report):
        """REACH for every requester that was served."""
        served = {rid & 0xFFFF for rid, decision in report["requester_list"]
                  if decision in ("adopt", "admit")}
        for after in self.after:
            unreached = set(vtd.unreached(after, self.usable)) & served
            if unreached:
                self.run.fail("no capture mapping for requesters "
                              + " ".join(f"{rid:#x}" for rid in sorted(unreached)))

    def _check_injected(self, report):
        if self.kind == "nmi" and not report["nmis"]:
            self.run.fail("the injected NMI is not in the report")
        expected = EXCEPTIONS[self.run.scenario.arch].get(self.kind)
        if expected is not None and report["exception"] != expected:
            self.run.fail(f"exception {report['exception']} in the report, not {expected}")
