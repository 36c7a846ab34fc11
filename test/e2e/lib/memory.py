# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Guest physical memory, seen from outside through QEMU's shared memory file."""

import glob
import mmap
import os

# hw/i386/pc_q35.c: RAM below 4 GiB ends here at most.
LOW_LIMIT_FULL = 0x80000000
LOW_LIMIT_FITS = 0xB0000000
HIGH_START = 1 << 32
CHUNK = 1 << 20


class Memory:
    def __init__(self, qemu_pid, size):
        self.size = size
        self.low = size if size < LOW_LIMIT_FITS else LOW_LIMIT_FULL
        path = next(link for link in glob.glob(f"/proc/{qemu_pid}/fd/*")
                    if "memory-backend-memfd" in os.readlink(link))
        fd = os.open(path, os.O_RDWR)
        self.map = mmap.mmap(fd, size)
        os.close(fd)

    def offset(self, address):
        return address if address < self.low else address - HIGH_START + self.low

    def address(self, offset):
        return offset if offset < self.low else offset - self.low + HIGH_START

    def holds(self, address, length=1):
        end = address + length
        return end <= self.low or (address >= HIGH_START and self.offset(end - 1) < self.size)

    def read(self, address, length):
        if not self.holds(address, length):
            raise ValueError(f"not RAM: {address:#x}")
        start = self.offset(address)
        return self.map[start:start + length]

    def write(self, address, data):
        start = self.offset(address)
        self.map[start:start + len(data)] = data

    def word(self, address):
        return int.from_bytes(self.read(address, 8), "little")

    def find_all(self, needle):
        """Addresses of every occurrence."""
        at = self.map.find(needle)
        while at >= 0:
            yield self.address(at)
            at = self.map.find(needle, at + 1)

    def snapshot(self):
        return self.map[:]

    def changed_words(self, before, after):
        """(address, old, new) of every aligned 8-byte word that differs."""
        for start in range(0, self.size, CHUNK):
            old, new = before[start:start + CHUNK], after[start:start + CHUNK]
            if old == new:
                continue
            for at in range(0, len(old), 8):
                if old[at:at + 8] != new[at:at + 8]:
                    yield (self.address(start + at), int.from_bytes(old[at:at + 8], "little"),
                           int.from_bytes(new[at:at + 8], "little"))
