# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""The stage's report, decoded by report_dump.c."""

import fcntl
import os
import subprocess

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
OUTCOMES = {0: "none", 1: "committed", 2: "stock", 3: "undone", 4: "observed", 5: "off"}
# include/quietus/machine.h
DECISIONS = {1: "direct", 2: "adopt", 3: "admit", 4: "stop", 5: "leave", 6: "fence"}
# include/quietus/reset.h
METHODS = {1: "device", 2: "flr", 3: "af", 4: "pm", 5: "bus", 6: "slot"}
OBSTACLES = {1: "no-method", 2: "display", 3: "bridge", 4: "forbidden", 5: "neighbour",
             6: "absent", 7: "damaged", 8: "platform"}
RESULTS = {1: "quiet", 2: "pending", 3: "lost", 4: "mastering", 5: "refused", 6: "no-time"}
MAGIC = b"QtReport"


def _decoder(build):
    """Compiles report_dump once, and again when the report's header changes."""
    source = os.path.join(TOP, "test", "e2e", "report_dump.c")
    headers = os.path.join(TOP, "include", "quietus")
    program = os.path.join(build, "report_dump")
    newest = max(os.path.getmtime(path) for path in
                 [source] + [os.path.join(headers, name) for name in os.listdir(headers)])
    with open(program + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(program) or os.path.getmtime(program) < newest:
            subprocess.run([os.environ.get("CC", "gcc"), "-std=c11", "-Wall", "-Wextra", "-Werror",
                            "-O1", "-I", os.path.join(TOP, "include"), "-o", program, source],
                           check=True, capture_output=True, text=True)
    return program


def _fate(obstacle, method, result):
    if obstacle:
        return OBSTACLES.get(obstacle, str(obstacle))
    if RESULTS.get(result) == "quiet":
        return METHODS.get(method, str(method))
    return RESULTS.get(result, str(result)) if result else "untried"


def decode(path, build):
    """The report's values; stores as {address: (old, new)}, requesters as
    (requester ID, decision), functions as {requester ID: (what became of it, microseconds)}:
    the method by which it was stopped, how trying ended, the obstacle, or "untried"."""
    lines = subprocess.run([_decoder(build), path], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    report = {"stores": {}, "requester_list": [], "function_list": {},
              "text": []}
    for line in lines:
        key, _, rest = line.partition(" ")
        if key == "store":
            address, old, new = (int(value, 0) for value in rest.split())
            first_old = report["stores"].get(address, (old, new))[0]
            report["stores"][address] = (first_old, new)
        elif key == "requester":
            words = rest.split()
            decision = DECISIONS.get(int(words[2]), words[2])
            report["requester_list"].append((int(words[0], 0), decision))
        elif key == "function":
            rid, obstacle, method, result, taken = (int(value, 0) for value in rest.split())
            report["function_list"][rid] = (_fate(obstacle, method, result), taken)
        elif key == "text":
            report["text"].append(rest)
        else:
            report[key] = int(rest, 0)
    report["outcome"] = OUTCOMES.get(report["outcome"], str(report["outcome"]))
    return report
