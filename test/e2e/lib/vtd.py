# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""VT-d tables read from guest memory, independently of the code under test.

Section numbers are those of the Intel VT-d specification, revision 4.1.
"""

import struct

# 11.4: register offsets.
REG_GSTS = 0x1C
REG_RTADDR = 0x20
GSTS_TES = 1 << 31
GSTS_IRES = 1 << 25
RTADDR_MODE = 3 << 10  # 11.4.5: 0 legacy, 1 scalable

_PRESENT = 1
_ADDRESS = (1 << 52) - (1 << 12)
_READ, _WRITE = 1, 2
_LARGE = 1 << 7

# 9.3: translation types of a legacy context entry.
TYPES = {0: "second stage", 1: "second stage", 2: "passthrough", 3: "reserved"}

# 9.6: translation types of a PASID entry. Nested ones have two tables to walk.
PASID_TYPES = {1: "first stage", 2: "second stage", 3: "nested", 4: "passthrough"}

WALKED = ("first stage", "second stage")


def find_dmar(memory):
    """(address, bytes) of the DMAR table."""
    return find_table(memory, b"DMAR")


def find_table(memory, signature):
    """(address, bytes) of an ACPI table: the one whose checksum holds."""
    for address in memory.find_all(signature):
        if not memory.holds(address, 36):
            continue
        length = int.from_bytes(memory.read(address + 4, 4), "little")
        if 36 < length <= 4096 and memory.holds(address, length):
            table = memory.read(address, length)
            if sum(table) & 0xFF == 0:
                return address, table
    return None, None


def drhd_entries(table):
    """(offset of the register base address field, base) of each unit; 8.3."""
    at = 48
    while at + 4 <= len(table):
        kind, length = struct.unpack_from("<HH", table, at)
        if length < 4:
            return
        if kind == 0:
            yield at + 8, struct.unpack_from("<Q", table, at + 8)[0]
        at += length


def with_checksum(table):
    """The ACPI table with its checksum (byte 9) made right."""
    fixed = bytearray(table)
    fixed[9] = 0
    fixed[9] = -sum(fixed) & 0xFF
    return bytes(fixed)


def with_reserved(table, start, end, requester):
    """The DMAR table with memory reserved for a device on bus 0: RMRR, 8.4."""
    scope = struct.pack("<BBHBBBB", 1, 8, 0, 0, 0, requester >> 3, requester & 7)
    added = table + struct.pack("<HHHHQQ", 1, 24 + len(scope), 0, 0, start, end - 1) + scope
    return with_checksum(added[:4] + struct.pack("<I", len(added)) + added[8:])


class Unit:
    """The state of one unit's tables at the instant of construction."""

    def __init__(self, memory, qmp, base):
        self.memory = memory
        self.status = qmp.read_register(base + REG_GSTS, 4)
        self.rtaddr = qmp.read_register(base + REG_RTADDR, 8)
        self.translating = bool(self.status & GSTS_TES)
        self.scalable = bool(self.rtaddr & RTADDR_MODE)
        self._leaves = {}

    def requesters(self):
        """(requester ID, type, table, levels) of every present entry."""
        if not self.translating:
            return
        for bus in range(256):
            low, high = self._pair((self.rtaddr & _ADDRESS) + 16 * bus)
            if not self.scalable:
                yield from self._legacy(bus, low)
                continue
            for half, pointer in enumerate((low, high)):  # 9.2: devices 0-15 and 16-31
                yield from self._scalable(bus << 8 | half << 7, pointer)

    def legacy_entry(self, requester):
        """Address of the context entry of a requester whose bus has a table."""
        return (self._word((self.rtaddr & _ADDRESS) + 16 * (requester >> 8)) & _ADDRESS) \
            + 16 * (requester & 0xFF)

    def _legacy(self, bus, pointer):
        """9.3: 256 entries of 16 bytes."""
        if not pointer & _PRESENT:
            return
        for function in range(256):
            low, high = self._pair((pointer & _ADDRESS) + 16 * function)
            if low & _PRESENT:
                yield bus << 8 | function, TYPES[low >> 2 & 3], low & _ADDRESS, (high & 7) + 2

    def _scalable(self, first, pointer):
        """9.4 to 9.6: 128 entries of 32 bytes, each with a PASID directory, of which
        only the entry for requests without PASID is looked at."""
        if not pointer & _PRESENT:
            return
        for function in range(128):
            low, high = self._pair((pointer & _ADDRESS) + 32 * function)
            pasid = high & 0xFFFFF
            directory = self._word((low & _ADDRESS) + 8 * (pasid >> 6)) if low & _PRESENT else 0
            if not directory & _PRESENT:
                continue
            at = (directory & _ADDRESS) + 64 * (pasid & 63)
            entry, first_stage = self._word(at), self._word(at + 16)
            if not entry & _PRESENT:
                continue
            kind = PASID_TYPES.get(entry >> 6 & 7, "reserved")
            if kind == "first stage":
                yield first | function, kind, first_stage & _ADDRESS, (first_stage >> 2 & 3) + 4
            else:
                yield first | function, kind, entry & _ADDRESS, (entry >> 2 & 7) + 2

    def domains(self):
        """{requester ID: (type, {iova: (physical, size, permissions)})}"""
        result = {}
        for requester, kind, table, levels in self.requesters():
            key = (table, levels)
            if key not in self._leaves:
                self._leaves[key] = {}
                if kind in WALKED:
                    self._walk(table, levels, 0, _READ | _WRITE, self._leaves[key])
            result[requester] = (kind, self._leaves[key])
        return result

    def tables(self, table, level, base=0):
        """(iova, bytes covered, entries in use) of each present last-level table."""
        if not self.memory.holds(table, 4096):
            return
        entries = struct.unpack("<512Q", self.memory.read(table, 4096))
        if level == 1:
            yield base, 1 << 21, sum(1 for entry in entries if entry & (_READ | _WRITE))
            return
        shift = 12 + 9 * (level - 1)
        for index, entry in enumerate(entries):
            if entry & (_READ | _WRITE) and not entry & _LARGE:
                yield from self.tables(entry & _ADDRESS, level - 1, base | index << shift)

    def _word(self, address):
        return self.memory.word(address) if self.memory.holds(address, 8) else 0

    def _pair(self, address):
        return self._word(address), self._word(address + 8)

    def _walk(self, table, level, base, allowed, leaves):
        """9.8: second-stage entries; permissions are ANDed on the way down. In 9.7's
        first-stage entries, Present and Read/Write are where Read and Write are here."""
        if not self.memory.holds(table, 4096):
            return
        shift = 12 + 9 * (level - 1)
        page = self.memory.read(table, 4096)
        if not any(page):
            return
        for index, entry in enumerate(struct.unpack("<512Q", page)):
            permissions = entry & (_READ | _WRITE) & allowed
            if not permissions:
                continue
            iova = base | index << shift
            if level == 1 or entry & _LARGE:
                leaves[iova] = (entry & _ADDRESS & -(1 << shift), 1 << shift, permissions)
            else:
                self._walk(entry & _ADDRESS, level - 1, iova, permissions, leaves)


def units(memory, qmp):
    """Every unit the firmware describes."""
    _, table = find_dmar(memory)
    return [Unit(memory, qmp, base) for _, base in drhd_entries(table)] if table else []


def lost_translations(before, after):
    """Translations of `before` that `after` gives differently: KEEP must leave none."""
    lost = []
    for requester, (_, leaves) in before.items():
        now = after.get(requester, (None, {}))[1]
        lost += [(requester, iova) for iova, leaf in leaves.items() if now.get(iova) != leaf]
    return lost


def writable(domains):
    """(physical, size) of all that the translations of any requester let it write."""
    return sorted({(physical, size) for unit in domains for _, leaves in unit.values()
                   for physical, size, permissions in leaves.values() if permissions & _WRITE})


def covered(leaves, start, end):
    """Whether [start, end) is mapped one to one, read and write."""
    at = start
    while at < end:
        for size in (1 << 12, 1 << 21, 1 << 30):
            leaf = leaves.get(at & -size)
            if leaf and leaf[1] == size and leaf[0] == at & -size and leaf[2] == 3:
                at = (at & -size) + size
                break
        else:
            return False
    return True


def unreached(domains, ranges):
    """Requesters that do not reach all of the ranges one to one: REACH."""
    verdict = {}
    missing = []
    for requester, (kind, leaves) in domains.items():
        if kind == "passthrough":
            continue
        if id(leaves) not in verdict:
            verdict[id(leaves)] = all(covered(leaves, *span) for span in ranges)
        if not verdict[id(leaves)]:
            missing.append(requester)
    return missing


def window(unit, start, end):
    """What the tables hold at IOVAs in [start, end), over all domains: entries in
    use, and last-level tables that are present but empty."""
    used = empty = 0
    tables = {(table, levels) for _, kind, table, levels in unit.requesters() if kind in WALKED}
    for table, levels in tables:
        for iova, size, count in unit.tables(table, levels):
            if iova < end and iova + size > start:
                used += count
                empty += count == 0
    return used, empty
