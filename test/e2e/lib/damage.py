# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What a crash, or what led to it, may have left behind: words of the IOMMU's tables, bytes
of firmware tables and registers of PCI functions overwritten, chosen by a seed.

VT-d: section numbers as in vtd.py. AMD-Vi: AMD's specification 48882, revision 3.08.
"""

import random

from . import survey, vtd

_ADDRESS = (1 << 52) - (1 << 12)
_WORD = (1 << 64) - 1
_PRESENT = 3  # either bit: readable or writable; present

# How often something is overwritten.
BLOWS = (1, 2, 4, 8)

FIRMWARE = [b"DMAR", b"IVRS", b"MCFG", b"RSDT"]
_HEADER = 36
_SIGNATURE = 4

# 48882, 3.4 and 5.2.2.1: the device table's base, and where IVRS has a unit's registers.
_DEVICE_TABLE = 0x0
_IVHD_FIRST = 48
_IVHD_TYPES = (0x10, 0x11, 0x40)
_DEVICE_ENTRY = 32
_TRANSLATES = 3  # V and TV
_LEVEL = 7 << 9  # of an entry of the device table, and below: of what it leads to

# PCI Local Bus Specification 3.0, 3.2.2.3.2.
_CONFIG_ADDRESS, _CONFIG_DATA = 0xCF8, 0xCFC


class _Tables:
    """Where the words of requesters' entries and the pages of their tables are."""

    def __init__(self, memory):
        self.memory = memory
        self.entries = []
        self.pages = set()

    def word(self, address):
        return self.memory.word(address) if self.memory.holds(address, 8) else 0

    def note_entries(self, *addresses):
        self.entries += [address for address in addresses if self.memory.holds(address, 8)]

    def note_pages(self, table, level, leads):
        """leads(entry, level): the level of the table that it leads to, 0 for none."""
        if table in self.pages or not self.memory.holds(table, 4096) or level < 1:
            return
        self.pages.add(table)
        for index in range(512 if level > 1 else 0):
            entry = self.word(table + 8 * index)
            if entry & _PRESENT:
                self.note_pages(entry & _ADDRESS, min(leads(entry, level), level - 1), leads)


def _note_vtd(tables, unit):
    root = unit.rtaddr & _ADDRESS
    for requester, kind, table, levels in unit.requesters():
        bus, function = requester >> 8, requester & 0xFF
        if not unit.scalable:
            entry = unit.legacy_entry(requester)
            tables.note_entries(root + 16 * bus, entry, entry + 8)
        else:  # 9.2, 9.4 to 9.6
            half = root + 16 * bus + 8 * (function >> 7)
            context = (tables.word(half) & _ADDRESS) + 32 * (function & 0x7F)
            directory = tables.word(context) & _ADDRESS
            entry = tables.word(directory) & _ADDRESS
            tables.note_entries(half, context, context + 8, directory, entry, entry + 8,
                                entry + 16)
        if kind in vtd.WALKED:
            tables.note_pages(table, levels, lambda entry, level: 0 if entry & 1 << 7
                              else level - 1)


def _ivhd_bases(table):
    at = _IVHD_FIRST
    while at + 16 <= len(table):
        length = int.from_bytes(table[at + 2:at + 4], "little")
        if table[at] in _IVHD_TYPES:
            yield int.from_bytes(table[at + 8:at + 16], "little")
        if length < 4:
            return
        at += length


def _note_amd(tables, qmp, base):
    register = qmp.read_register(base + _DEVICE_TABLE, 8)
    start, size = register & _ADDRESS, ((register & 0x1FF) + 1) << 12
    for entry in range(start, start + size, _DEVICE_ENTRY):
        low = tables.word(entry)
        if low & _TRANSLATES:
            tables.note_entries(entry, entry + 8, entry + 16)
        if low & _TRANSLATES == _TRANSLATES:
            tables.note_pages(low & _ADDRESS, (low & _LEVEL) >> 9,
                              lambda entry, _: (entry & _LEVEL) >> 9)


def _find_tables(guest):
    tables = _Tables(guest.memory)
    for unit in vtd.units(guest.memory, guest.qmp):
        _note_vtd(tables, unit)
    _, ivrs = vtd.find_table(guest.memory, b"IVRS")
    for base in sorted(set(_ivhd_bases(ivrs or b""))):
        _note_amd(tables, guest.qmp, base)
    return tables


class _Blows:
    def __init__(self, guest, seed):
        self.guest, self.memory = guest, guest.memory
        self.random = random.Random(f"damage {seed}")
        self.tables = _find_tables(guest)
        self.pages = sorted(self.tables.pages)
        self.functions = sorted(survey.functions(guest.qmp))

    def _value(self, old, address):
        """What stands there afterwards."""
        return self.random.choice([
            0, _WORD, self.random.getrandbits(64), old ^ 1 << self.random.randrange(64),
            address & _ADDRESS | old & ~_ADDRESS,  # to itself
            self.random.getrandbits(40) & _ADDRESS | old & ~_ADDRESS,
            0xFEE00000 | old & ~_ADDRESS])

    def _overwrite(self, what, address):
        old = self.memory.word(address)
        new = self._value(old, address)
        self.memory.write(address, new.to_bytes(8, "little"))
        return f"{what} at {address:#x}: {old:#x} -> {new:#x}"

    def entry(self):
        if not self.tables.entries:
            return self.config()
        return self._overwrite("requester's entry", self.random.choice(self.tables.entries))

    def page(self):
        if not self.pages:
            return self.config()
        page = self.random.choice(self.pages)
        used = [page + 8 * index for index in range(512) if self.memory.word(page + 8 * index)]
        return self._overwrite("table entry", self.random.choice(
            used or [page + 8 * self.random.randrange(512)]))

    def firmware(self):
        address, table = vtd.find_table(self.memory, self.random.choice(FIRMWARE))
        if not table or len(table) <= _HEADER:
            return self.config()
        at = self.random.choice([_SIGNATURE, self.random.randrange(_SIGNATURE, len(table)),
                                 self.random.randrange(_HEADER, len(table))])
        new = bytearray(table)
        new[at] = self.random.getrandbits(8)
        fix = self.random.getrandbits(1)
        self.memory.write(address, vtd.with_checksum(new) if fix else bytes(new))
        return (f"{table[:4].decode()} byte {at}: {table[at]:#x} -> {new[at]:#x}, checksum "
                f"{'right' if fix else 'as it was'}")

    def config(self):
        rid = self.random.choice(self.functions)
        register = 4 * self.random.randrange(1, 64)
        value = self.random.choice([0, 0xFFFFFFFF, self.random.getrandbits(32)])
        for port, word in ((_CONFIG_ADDRESS, 1 << 31 | rid << 8 | register),
                           (_CONFIG_DATA, value)):
            self.guest.qmp.monitor(f"o/w {port:#x} {word:#x}")
        return f"function {rid:#x} register {register:#x}: {value:#x} written"


def inflict(guest, seed):
    """Overwrites, while the machine is stopped; returns a line for each blow."""
    blows = _Blows(guest, seed)
    tables, others = [blows.entry, blows.page], [blows.firmware, blows.config]
    # A wrong byte of DMAR keeps the stage from ever looking at tables: half have none.
    kinds = blows.random.choice([tables, tables + others])
    return [blows.random.choice(kinds)() for _ in range(blows.random.choice(BLOWS))]
