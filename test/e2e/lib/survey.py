# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""What PCI functions there are, and where their registers and buses are, from outside."""


def _regions(device):
    return tuple((region["bar"], region["type"], region["address"], region["size"])
                 for region in device["regions"])


def _ranges(bus):
    names = ("io_range", "memory_range", "prefetchable_range")
    return tuple((bus[name]["base"], bus[name]["limit"]) for name in names)


def _note(devices, found):
    for device in devices:
        rid = device["bus"] << 8 | device["slot"] << 3 | device["function"]
        one = {"id": (device["id"]["vendor"], device["id"]["device"],
                      device["class_info"]["class"]),
               "registers": _regions(device)}
        if "pci_bridge" in device:
            bus = device["pci_bridge"]["bus"]
            one["buses"] = (bus["number"], bus["secondary"], bus["subordinate"])
            one["windows"] = _ranges(bus)
            _note(device["pci_bridge"].get("devices", []), found)
        found[rid] = one


def functions(qmp):
    """{requester ID: {"id", "registers", and of a bridge "buses", "windows"}}"""
    found = {}
    for bus in qmp.command("query-pci"):
        _note(bus["devices"], found)
    return found


def differences(before, after):
    """What is not as it was, one line a function."""
    lines = []
    for rid in sorted(set(before) | set(after)):
        old, new = before.get(rid), after.get(rid)
        if old == new:
            continue
        if old is None or new is None:
            lines.append(f"{rid:#x} {'came' if old is None else 'is gone'}")
            continue
        lines += [f"{rid:#x} {key}: {old.get(key)} before, {new.get(key)} after"
                  for key in sorted(set(old) | set(new)) if old.get(key) != new.get(key)]
    return lines
