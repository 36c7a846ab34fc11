# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The operator's tool on the dump and the report of a run, against what was seen
from outside: memory and tables at the stage's entry, frames that landed."""

import json
import os
import re
import subprocess

from . import cpio, dump, machine, vtd

NETWORK = "0x02"
ACCESS = {1: "r-", 2: "-w", 3: "rw"}


def quietus(run, *arguments):
    return subprocess.run([os.path.join(run.products, "quietus"), *arguments], cwd=run.folder,
                          capture_output=True, text=True, check=False, timeout=300)


def archive(products):
    """The tool and its libraries, for a guest on this host's architecture."""
    program = os.path.join(products, "quietus")
    listing = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    files = {"bin/quietus": program}
    files.update({path.lstrip("/"): path for path in re.findall(r"/\S+", listing)})
    contents = {}
    for name, path in files.items():
        with open(path, "rb") as file:
            contents[name] = file.read()
    return cpio.archive(contents, 0o755, folders=True)


def merged(leaves):
    """[iova, size, access] of IOVAs that follow one another with the same permissions."""
    ranges = []
    for iova, (_, size, permissions) in sorted(leaves.items()):
        access = ACCESS[permissions]
        if ranges and ranges[-1][0] + ranges[-1][1] == iova and ranges[-1][2] == access:
            ranges[-1][1] += size
        else:
            ranges.append([iova, size, access])
    return ranges


class Check:
    def __init__(self, run, report):
        self.run, self.report = run, report
        self.core = os.path.join(run.folder, "vmcore")
        self.words = {address: change for address, change in report["stores"].items()
                      if change[0] != change[1]}

    def all(self):
        self.in_capture_kernel()
        self.compare("as the stage left them")
        self.compressed()
        self.undo()
        self.show()
        self.writers()

    def fail(self, problem):
        self.run.fail("quietus " + problem)

    def in_capture_kernel(self):
        """The tool saw there what it sees here, and knew whether the unit was left alone."""
        if self.run.result.get("tool_show_status") or self.run.result.get("tool_report_status"):
            self.fail("failed in the capture kernel")
            return
        with open(os.path.join(self.run.folder, "tool_show"), encoding="ascii") as file:
            there = file.read()
        here = quietus(self.run, "show", "--plain", "vmcore").stdout
        if not there or there != here:
            self.fail("show: other ranges in the capture kernel than in the dump")
        with open(os.path.join(self.run.folder, "tool_report"), encoding="ascii") as file:
            units = json.load(file)["now"]
        # Intel's driver reserves the registers even where it is kept asleep.
        scenario = self.run.scenario
        readable = machine.is_amd(scenario) or "iomem=relaxed" in scenario.capture.split()
        for unit in units or [{}]:
            expected = True if readable else None
            if unit.get("left_alone") is not expected or unit.get("fault_count"):
                self.fail(f"report: {unit} of a unit that was left alone")

    def compare(self, state, core="vmcore"):
        done = quietus(self.run, "undo", "--check", "--journal", "report.bin", core)
        if done.returncode or f"{len(self.words)} {state}" not in done.stdout:
            self.fail(f"undo --check: {done.returncode} {done.stdout} {done.stderr}")

    def undo(self, core="vmcore"):
        done = quietus(self.run, "undo", "--journal", "report.bin", core)
        if done.returncode:
            self.fail(f"undo of {core}: {done.returncode} {done.stdout} {done.stderr}")
        self.compare("as the dead kernel had them", core)
        self._check_memory(os.path.join(self.run.folder, core))

    def _check_memory(self, path):
        """The pages that the stage changed are again as they were at its entry."""
        core = dump.open_core(path)
        pages = {address & -dump.PAGE for address in self.words}
        wrong = [page for page in sorted(pages)
                 if core.page(page) != self.run.watch.page_before(page)]
        if not pages or wrong:
            self.fail(f"undo: {len(wrong)} of {len(pages)} pages are not as they were")

    def show(self):
        """The ranges of every requester, as an independent walk at the stage's entry saw them (VT-d)."""
        done = quietus(self.run, "show", "--json", "vmcore")
        if done.returncode:
            self.fail(f"show: {done.returncode} {done.stderr}")
            return
        shown = json.loads(done.stdout)
        devices = {device["rid"]: device for device in shown["devices"]}
        seen = 0
        found = [item for unit in self.run.watch.domains for item in unit.items()]
        for requester, (kind, leaves) in found:
            if kind not in vtd.WALKED:
                continue
            name = f"0000:{requester >> 8:02x}:{requester >> 3 & 31:02x}.{requester & 7}"
            domain = devices.get(name, {}).get("domain")
            ranges = [] if domain is None else [
                [int(part["iova"], 16), part["size"], part["access"]]
                for part in shown["domains"][domain]["ranges"]]
            if ranges != merged(leaves):
                self.fail(f"show: {name} has other ranges than its tables")
            seen += len(ranges)
        if not seen and self.run.dma_is_known():
            self.fail("show: no ranges")

    def compressed(self):
        """What makedumpfile makes of the dump by default on Debian shows the same, and is undone."""
        small = os.path.join(self.run.folder, "vmcore.small")
        subprocess.run(["makedumpfile", "-c", "-d", "31", self.core, small], check=True,
                       capture_output=True, timeout=300)
        self.undo("vmcore.small")
        shown = [quietus(self.run, "show", "--plain", name).stdout
                 for name in ("vmcore", "vmcore.small")]
        os.unlink(small)
        if not shown[0] or shown[0] != shown[1]:
            self.fail("show: the compressed dump has other ranges")

    def writers(self):
        """Where a frame landed after the crash, a network device could write."""
        if not self.run.landed:
            self.fail("show --phys: no frame landed to ask about")
            return
        address = self.run.landed[0]
        done = quietus(self.run, "show", "--json", "--phys", hex(address), "vmcore")
        writers = json.loads(done.stdout)["reached_by"] if done.returncode == 0 else []
        if not any(one["class"].startswith(NETWORK) and "w" in one["access"] for one in writers):
            self.fail(f"show --phys {address:#x}: {done.returncode} {done.stdout} {done.stderr}")


def check(run, report):
    Check(run, report).all()


def check_undo(run, report):
    """The words that the stage changed are in the dump, and can be put back."""
    one = Check(run, report)
    known = len(run.problems)
    if report["outcome"] == "committed" and one.words:
        one.compare("as the stage left them")
        one.undo()
    run.result["words_restored"] = len(one.words) if len(run.problems) == known else 0
