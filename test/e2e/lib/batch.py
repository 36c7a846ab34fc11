# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Many runs, some at a time, and how their results are shown."""

import concurrent.futures
import ctypes
import json
import os
import signal
import subprocess
import time

from . import crash, report, scenario

# Not a limit of any step (the runner has those): only against a runner that hangs.
RUN_LIMIT = 900

NAMES = {"stock": "stock kdump", "quietus": "Quietus"}

_PR_SET_PDEATHSIG = 1


def add_arguments(parser):
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("E2E_JOBS", "2")),
                        help="runs at a time")
    parser.add_argument("--resume", action="store_true",
                        help="keep results that are newer than what they are about")


def _die_with_parent():
    """No runner outlives its batch; its QEMU does not outlive the runner."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _run_one(name, kind, path, arguments):
    if os.path.exists(path):
        os.unlink(path)
    try:
        done = subprocess.run([os.path.join(report.TOP, "test", "e2e", "run"), name, f"--{kind}",
                               *arguments], timeout=RUN_LIMIT, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False,
                              preexec_fn=_die_with_parent)
        text = done.stdout + done.stderr
    except subprocess.TimeoutExpired:
        text = f"{name}: the runner itself did not end in {RUN_LIMIT} s"
    if not os.path.exists(path):
        return {"scenario": name, "kind": kind, "passed": False, "saved": False, "exit": 2,
                "problems": text.strip().splitlines()[-3:]}
    return _load(path)


def _load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _is_fresh(path, name, kind):
    """Whether there is a result that got to the crash, of the products as they are. Stock
    kdump has nothing to do with them."""
    stage = crash.stage_file(scenario.load(name))
    products = ["quietus", stage] if kind == "quietus" else []
    return os.path.exists(path) and _load(path)["exit"] != 2 and all(
        os.path.getmtime(path) > os.path.getmtime(os.path.join(crash.PRODUCTS, product))
        for product in products)


def _result(name, kind, options, arguments):
    path = os.path.join(crash.run_folder(name, kind), "result.json")
    start = time.monotonic()
    if options.resume and _is_fresh(path, name, kind):
        return _load(path), 0
    return _run_one(name, kind, path, arguments), time.monotonic() - start


def prepare(names):
    """Obtains what the scenarios need; checks that they are there."""
    scenarios = [scenario.load(name) for name in names]
    for arch in sorted({one.arch for one in scenarios}):
        crash.kernel_folder(arch, "", "")
    # Building takes longer than any run.
    for arch, suite, kernel in sorted({(one.arch, one.suite, one.kernel) for one in scenarios
                                       if one.kernel}):
        crash.kernel_folder(arch, suite, "", config=kernel)


def run(wanted, options, tell, arguments=()):
    """Runs each (scenario, kind) and calls tell("[1/8]", result, seconds) as they end.
    Returns the results in the order wanted."""
    results = {}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = {pool.submit(_result, *one, options, arguments): one for one in wanted}
        for job in concurrent.futures.as_completed(jobs):
            result, seconds = job.result()
            results[jobs[job]] = result
            tell(f"[{len(results)}/{len(wanted)}]", result, seconds)
    return [results[one] for one in wanted]


def saved_whole(result):
    return bool(result["saved"] and result.get("dump_complete"))


def verdict(result):
    if result["exit"] == 2:
        return "did not get to the crash: " + "; ".join(result["problems"])
    saved = f"dump saved after {result['panic_to_saved']:.1f} s" if saved_whole(result) \
        else "dump lost"
    return f"{saved}, {result['faults']} DMA faults"


def lost_after(seconds):
    return (f"A dump counts as lost {seconds} s after the panic, waits for a CPU of the host not "
            "counted.")


def columns(rows):
    """The rows as lines, each column as wide as it needs."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
                     for row in rows)
