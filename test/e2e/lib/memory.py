# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Guest physical memory, seen from outside through QEMU's shared memory file.

Holes of the file are memory the guest never touched; they are skipped, and only
read with pread(), because a read through a mapping would fill them in.
"""

import glob
import os

# hw/i386/pc_q35.c: RAM below 4 GiB ends here at most.
LOW_LIMIT_FULL = 0x80000000
LOW_LIMIT_FITS = 0xB0000000
HIGH_START = 1 << 32
# hw/arm/virt.c: VIRT_MEM.
ARM64_START = 1 << 30
CHUNK = 1 << 20


def regions(arch, size):
    """[(address, bytes)] of the machine's RAM, in the order of the file."""
    if arch == "arm64":
        return [(ARM64_START, size)]
    low = size if size <= LOW_LIMIT_FITS else LOW_LIMIT_FULL
    return [(0, low), (HIGH_START, size - low)]


class Memory:
    def __init__(self, qemu_pid, size, arch):
        self.size = size
        self.regions = regions(arch, size)
        path = next(link for link in glob.glob(f"/proc/{qemu_pid}/fd/*")
                    if "memory-backend-memfd" in os.readlink(link))
        self.fd = os.open(path, os.O_RDWR)

    def close(self):
        os.close(self.fd)

    def offset(self, address):
        """None where there is no RAM."""
        before = 0
        for start, size in self.regions:
            if start <= address < start + size:
                return before + address - start
            before += size
        return None

    def address(self, offset):
        for start, size in self.regions:
            if offset < size:
                return start + offset
            offset -= size
        raise ValueError(f"past the end of RAM: {offset:#x}")

    def holds(self, address, length=1):
        return any(start <= address and address + length <= start + size
                   for start, size in self.regions)

    def read(self, address, length):
        if not self.holds(address, length):
            raise ValueError(f"not RAM: {address:#x}")
        return os.pread(self.fd, length, self.offset(address))

    def write(self, address, data):
        if not self.holds(address, len(data)):
            raise ValueError(f"not RAM: {address:#x}")
        os.pwrite(self.fd, data, self.offset(address))

    def word(self, address):
        return int.from_bytes(self.read(address, 8), "little")

    def _chunks(self):
        """File offsets of the chunks that hold data."""
        at = 0
        while at < self.size:
            try:
                at = os.lseek(self.fd, at, os.SEEK_DATA)
            except OSError:
                return
            at -= at % CHUNK
            yield at
            at += CHUNK

    def find_all(self, needle):
        """Addresses of every occurrence; those across a chunk's end are missed."""
        for start in self._chunks():
            data = os.pread(self.fd, CHUNK, start)
            at = data.find(needle)
            while at >= 0:
                yield self.address(start + at)
                at = data.find(needle, at + 1)

    def snapshot(self):
        return {start: os.pread(self.fd, CHUNK, start) for start in self._chunks()}

    def changed_words(self, before):
        """(address, old, new) of every aligned 8-byte word that differs from a snapshot."""
        empty = bytes(CHUNK)
        for start in sorted(set(self._chunks()) | set(before)):
            old, new = before.get(start, empty), os.pread(self.fd, CHUNK, start)
            if old == new:
                continue
            for at in range(0, len(old), 8):
                if old[at:at + 8] != new[at:at + 8]:
                    yield (self.address(start + at), int.from_bytes(old[at:at + 8], "little"),
                           int.from_bytes(new[at:at + 8], "little"))
