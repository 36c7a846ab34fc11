# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""`quietus audit` in the system kernel, against what the stage did after the crash."""

import json

from . import cpio

# What a Debian system would have in /etc/default/kdump-tools.
KDUMP_CONFIG = 'KDUMP_KERNEL=/boot/capture\nKDUMP_CMDLINE="{}"\n'


def configuration(capture_cmdline):
    """kdump's, for the system kernel."""
    return cpio.archive({"etc/default/kdump-tools": KDUMP_CONFIG.format(capture_cmdline).encode()},
                        folders=True)


def _name(rid):
    return f"{rid >> 16:04x}:{rid >> 8 & 0xff:02x}:{rid >> 3 & 0x1f:02x}.{rid & 7:x}"


def problems(path, report):
    """What the audit foretold otherwise than it came."""
    try:
        with open(path, encoding="utf-8") as file:
            audit = json.load(file)
    except (OSError, ValueError) as error:
        return [f"no audit: {error}"]
    foretold = {one["rid"]: one["decision"] for one in audit["requesters"]}
    came = {_name(rid): decision for rid, decision in report["requester_list"]}
    found = [f"audit: {rid}: {foretold.get(rid)} foretold, {came.get(rid)} came"
             for rid in sorted(foretold.keys() | came.keys())
             if foretold.get(rid) != came.get(rid)]
    if audit["commit"] != (report["outcome"] == "committed"):
        found.append(f"audit: commit {audit['commit']} foretold, {report['outcome']} came")
    found += [f"audit: {one['id']}" for one in audit["findings"] if one["id"].startswith("image-")]
    if audit["loaded"] != "wrapped":
        found.append(f"audit: loaded: {audit['loaded']}")
    return found


def was_read(path):
    """Whether the audit read the live tables, instead of deriving what they would say."""
    with open(path, encoding="utf-8") as file:
        return json.load(file)["tables_read"]
