# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Initramfs archives ("newc" format): the kernel unpacks several in a row."""


def _member(name, data, mode):
    encoded = name.encode() + b"\0"
    fields = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0]
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _pad(header + encoded) + _pad(data)


def _pad(data):
    return data + bytes(-len(data) % 4)


def _folders(files):
    found = set()
    for name in files:
        while "/" in name:
            name = name.rpartition("/")[0]
            found.add(name)
    return sorted(found)


def archive(files, mode=0o644, folders=False):
    """An archive of {path: bytes}; folders: with those that earlier archives may not have."""
    members = [_member(name, b"", 0o040755) for name in _folders(files)] if folders else []
    members += [_member(name, data, 0o100000 | mode) for name, data in files.items()]
    whole = b"".join(members) + _member("TRAILER!!!", b"", 0)
    return whole + bytes(-len(whole) % 512)
