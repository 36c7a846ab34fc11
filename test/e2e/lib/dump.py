# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The saved dump: taken off the disk image, rearranged, and looked into."""

import mmap
import os
import random
import re
import struct
import subprocess
import zlib

# guest/guest.h
DUMP_OFFSET = 1 << 20
HEADER = struct.Struct("<8sQ64s")
MAGIC = b"QTDUMP1\n"
PAGE = 4096

# What is looked for of the kernel's log, with what follows.
LOG_TEXTS = [b"quietus-e2e crash token ", b"Kernel panic - not syncing"]

# Pages compared between the dump and memory, and the share that may differ.
SAMPLES = 4000
MAX_DIFFERENT = 0.02

# makedumpfile's diskdump_mod.h
_STATUS_OFFSET = 424
_DESCRIPTOR = struct.Struct("<QIIQ")
_ZLIB = 1


def extract(disk, folder, token):
    """Writes folder/vmcore.flat from the disk image; returns an error or None."""
    with open(disk, "rb") as image:
        magic, length, owner = HEADER.unpack(image.read(HEADER.size))
        if magic != MAGIC:
            return "no dump on the disk"
        if owner.rstrip(b"\0").decode() != token:
            return "the dump on the disk is another run's"
        image.seek(DUMP_OFFSET)
        with open(os.path.join(folder, "vmcore.flat"), "wb") as flat:
            while length:
                data = image.read(min(length, 1 << 22))
                if not data:
                    return "dump truncated"
                flat.write(data)
                length -= len(data)
    return None


def _copy_log(data, dmesg):
    """What memory holds of the log, where makedumpfile cannot find it."""
    with open(dmesg, "wb") as log:
        for match in re.finditer(b"|".join(LOG_TEXTS), data):
            log.write(data[match.start():match.start() + 200].split(b"\0")[0] + b"\n")


def _copy_log_of_elf(core, dmesg):
    with open(core, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        _copy_log(data, dmesg)


def rearrange(folder, foreign):
    """vmcore.flat -> vmcore and dmesg; returns an error or None. foreign: of an architecture
    whose addresses the host's makedumpfile does not know."""
    flat, core, dmesg = (os.path.join(folder, name) for name in ("vmcore.flat", "vmcore", "dmesg"))
    for stale in (core, dmesg):
        if os.path.exists(stale):
            os.unlink(stale)
    if is_elf(flat):  # all of /proc/vmcore as it was
        os.rename(flat, core)
        _copy_log_of_elf(core, dmesg)
        return None
    with open(flat, "rb") as source:
        done = subprocess.run(["makedumpfile", "-R", core], stdin=source, timeout=300,
                              capture_output=True, check=False)
    if done.returncode:
        return "makedumpfile -R: " + done.stderr.decode(errors="replace").strip()
    os.unlink(flat)
    if foreign:
        _copy_log(b"".join(Kdump(core).pages()), dmesg)
        return None
    done = subprocess.run(["makedumpfile", "--dump-dmesg", core, dmesg], timeout=300,
                          capture_output=True, check=False)
    if done.returncode:
        return "makedumpfile --dump-dmesg: " + done.stderr.decode(errors="replace").strip()
    return None


class Kdump:
    """Pages of a kdump-compressed file by physical address."""

    def __init__(self, path):
        self.file = open(path, "rb")
        header = self.file.read(PAGE)
        if header[:8] != b"KDUMP   ":
            raise ValueError("not a kdump file")
        (self.block, sub_blocks, bitmap_blocks) = struct.unpack_from("<iii", header,
                                                                    _STATUS_OFFSET + 4)
        bitmaps_at = (1 + sub_blocks) * self.block
        half = bitmap_blocks * self.block // 2
        self.file.seek(bitmaps_at + half)
        self.dumped = self.file.read(half)
        self.descriptors_at = bitmaps_at + 2 * half
        # Dumped pages before each block of the bitmap, to find a page's rank.
        self.before = [0]
        for at in range(0, half, PAGE):
            self.before.append(self.before[-1] + self._count(at, at + PAGE))

    def _count(self, start, end):
        return bin(int.from_bytes(self.dumped[start:end], "little")).count("1")

    def page_count(self):
        return self.before[-1]

    def page(self, address):
        frame = address // PAGE
        byte, bit = divmod(frame, 8)
        if byte >= len(self.dumped) or not self.dumped[byte] >> bit & 1:
            return None
        block = byte // PAGE
        rank = self.before[block] + self._count(block * PAGE, byte)
        rank += bin(self.dumped[byte] & ((1 << bit) - 1)).count("1")
        return self._read(rank)

    def pages(self):
        """All of them, in the order of their addresses."""
        return map(self._read, range(self.page_count()))

    def _read(self, rank):
        self.file.seek(self.descriptors_at + rank * _DESCRIPTOR.size)
        offset, size, flags, _ = _DESCRIPTOR.unpack(self.file.read(_DESCRIPTOR.size))
        self.file.seek(offset)
        data = self.file.read(size)
        return zlib.decompress(data) if flags & _ZLIB else data


class Elf:
    """Pages of an ELF core by physical address."""

    def __init__(self, path):
        self.file = open(path, "rb")
        header = self.file.read(64)
        at, = struct.unpack_from("<Q", header, 32)
        size, count = struct.unpack_from("<HH", header, 54)
        self.segments = []
        for index in range(count):
            self.file.seek(at + index * size)
            kind, _, offset, _, physical, length = struct.unpack("<IIQQQQ", self.file.read(40))
            if kind == 1:  # PT_LOAD
                self.segments.append((physical, length, offset))

    def page(self, address):
        for physical, length, offset in self.segments:
            if physical <= address and address + PAGE <= physical + length:
                self.file.seek(offset + address - physical)
                return self.file.read(PAGE)
        return None


def is_elf(path):
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def open_core(path):
    return Elf(path) if is_elf(path) else Kdump(path)


def pattern_page(seed, index):
    """The page that guest/pattern.c plants."""
    mask = 2**64 - 1
    words = []
    for at in range(index * 512, (index + 1) * 512):
        x = (seed + at + 0x9E3779B97F4A7C15) & mask
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & mask
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
        words.append(x ^ (x >> 31))
    return struct.pack("<512Q", *words)


def sample(memory, excluded):
    """{address: bytes} of pages all over memory, except where the capture kernel lives."""
    pages = {}
    for _ in range(SAMPLES):
        offset = random.randrange(memory.size // PAGE) * PAGE
        address = memory.address(offset)
        if not any(start <= address < end for start, end in excluded):
            pages[address] = memory.read(address, PAGE)
    return pages


def _check_sample(core, pages):
    """The dump's pages are those in memory; leftover DMA may have changed a few since."""
    in_dump = {address: core.page(address) for address in pages}
    kept = {address: page for address, page in in_dump.items() if page is not None}
    different = [address for address, page in kept.items() if page != pages[address]]
    if not kept:
        return ["no sampled page is in the dump"]
    if len(different) > MAX_DIFFERENT * len(kept):
        return [f"{len(different)} of {len(kept)} sampled pages differ, e.g. {different[0]:#x}"]
    return []


def check(folder, token, last_words, patterns, seed, pages):
    """Problems with the dump in folder: an empty list means complete."""
    problems = []
    with open(os.path.join(folder, "dmesg"), encoding="utf-8", errors="replace") as file:
        dmesg = file.read()
    if f"crash token {token}" not in dmesg or last_words not in dmesg:
        problems.append("this panic is not in the dump's log")
    try:
        core = open_core(os.path.join(folder, "vmcore"))
    except (OSError, ValueError, struct.error) as error:
        return problems + [f"vmcore: {error}"]
    if not patterns:
        problems.append("no pattern was planted")
    for index, address in patterns.items():
        if core.page(address) != pattern_page(seed, index):
            problems.append(f"pattern {index} not found at {address:#x}")
    return problems + _check_sample(core, pages)
