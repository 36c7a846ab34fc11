# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""A running test machine: QEMU, its two serial lines and its controls."""

import ctypes
import glob
import os
import queue
import shutil
import signal
import subprocess
import tempfile
import threading
import time

from . import doorbell, machine, memory, remote, traffic

_PR_SET_PDEATHSIG = 1
LINES = ["console", "results"]
SOCKETS = ["bell", "go", "qmp", "gdb"]

EJECT_SECONDS = 30


class TimedOut(Exception):
    """What was waited for did not come in time."""


class Gone(Exception):
    """QEMU has ended."""


def _longest_wait(pid, known):
    """Seconds that a process's thread, the one it was most for, waited for a CPU of the host
    (Linux, Documentation/scheduler/sched-stats.rst); never less than what is known."""
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        try:
            with open(path, encoding="ascii") as file:
                known = max(known, int(file.read().split()[1]) / 1e9)
        except (OSError, IndexError):
            pass  # the thread has just ended
    return known


def _die_with_parent():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class _Line(threading.Thread):
    """Follows one serial line, stamps what arrives, and passes it on.

    QEMU writes it to a file: a socket would lose bytes whenever its reader is slow.
    """

    POLL_SECONDS = 0.01

    def __init__(self, folder, name, log, events, echo):
        super().__init__(daemon=True)
        self.output = os.path.join(folder, name)
        open(self.output, "wb").close()
        self.name, self.log, self.events, self.echo = name, log, events, echo
        self.ended = False

    def run(self):
        start = time.monotonic()
        rest = b""
        with open(self.log, "w", encoding="utf-8") as log, \
                open(self.output, "rb", buffering=0) as source:
            while True:
                last = self.ended
                data = source.read(1 << 20)
                if data:
                    rest = self._lines(rest + data, start, log)
                elif last:
                    break
                else:
                    time.sleep(self.POLL_SECONDS)
        self.events.put((self.name, time.monotonic(), time.time(), None))

    def _lines(self, data, start, log):
        now, wall = time.monotonic(), time.time()
        *lines, rest = data.split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").strip("\r")
            log.write(f"{now - start:9.3f} {text}\n")
            if self.echo:
                print(f"{self.name}: {text}", flush=True)
            self.events.put((self.name, now, wall, text))
        log.flush()
        return rest


class Guest:
    def __init__(self, scenario, folder, files, accel, token, echo=False):
        self.arch = scenario.arch
        self.interfaces = scenario.number("net")
        self.events = queue.Queue()
        self.backlog = []
        self.open_lines = 2
        self.paths = tempfile.mkdtemp(prefix="quietus-e2e-")
        sockets = {name: os.path.join(self.paths, name) for name in SOCKETS}
        self.sockets = sockets
        self.feeder = traffic.Feeder(self.interfaces, token)
        self.bell = None
        if scenario.spare == "bell":
            self.bell = doorbell.Doorbell(sockets["bell"])
        self.lines = {name: _Line(self.paths, name, os.path.join(folder, name + ".log"),
                                  self.events, echo and name == "console") for name in LINES}
        lines = {name: line.output for name, line in self.lines.items()}
        command = machine.command_line(scenario, {**files, **sockets, **lines},
                                       self.feeder.ports, accel)
        with open(os.path.join(folder, "command"), "w", encoding="utf-8") as file:
            file.write(" ".join(command) + "\n")
        with open(os.path.join(folder, "qemu.log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, start_new_session=True,
                                            preexec_fn=_die_with_parent)
        try:
            self.qmp = remote.Qmp(sockets["qmp"])
            self.go = remote.connect(sockets["go"], 20)
            self.memory = memory.Memory(self.process.pid, scenario.number("ram_mib") << 20,
                                        self.arch)
        except BaseException:
            self.close()
            raise
        self.gdb = None
        self.stopped_seconds = 0.0
        self.waited_seconds = 0.0
        for line in self.lines.values():
            line.start()
        self.feeder.start()

    def attach_gdb(self):
        """Connecting stops the machine; the caller lets it go on."""
        self.gdb = remote.Gdb(self.sockets["gdb"], self.arch)
        return self.gdb

    def clock(self):
        """Seconds on which limits are measured: without those in which the machine was
        stopped or waited for a CPU of a busy host."""
        self.waited_seconds = _longest_wait(self.process.pid, self.waited_seconds)
        return time.monotonic() - self.stopped_seconds - self.waited_seconds

    def wait(self, wanted, deadline):
        """The first event for which wanted(source, text) holds, as (source, time, wall, text);
        clock() tells the deadline."""
        while True:
            for index, event in enumerate(self.backlog):
                if wanted(event[0], event[3]):
                    del self.backlog[:index + 1]
                    return event
            self.backlog.clear()
            if self.clock() > deadline:
                raise TimedOut()
            if self.process.poll() is not None:
                self._end_lines()
            try:
                event = self.events.get(timeout=0.5)
            except queue.Empty:
                continue
            if event[3] is None:
                self.open_lines -= 1
                if self.open_lines == 0:
                    raise Gone()
                continue
            self.backlog.append(event)

    def go_on(self):
        """Answers the guest's wait_for_runner()."""
        self.go.sendall(b"g")

    def hotplug(self, step):
        """Takes the last network interface out, or puts it into the empty slot."""
        last = self.interfaces - 1
        if step == "remove":
            self.qmp.command("device_del", id=f"nic{last}")
            return
        deadline = time.monotonic() + EJECT_SECONDS
        while self._has_device(f"nic{last}") and time.monotonic() < deadline:
            time.sleep(0.1)
        self.qmp.command("device_add", driver="e1000e", id="added", netdev=f"net{last}",
                         romfile="", bus=machine.EMPTY_SLOT)

    def _has_device(self, name):
        """The guest lets go of a device before QEMU does."""
        devices = self.qmp.command("qom-list", path="/machine/peripheral")
        return any(device["name"] == name for device in devices)

    def stop(self):
        self.feeder.paused = True
        self.qmp.command("stop")

    def resume(self):
        self.qmp.command("cont")
        self.feeder.paused = False

    def wait_exit(self, seconds):
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass

    def _end_lines(self):
        for line in self.lines.values():
            line.ended = True

    def close(self):
        """Ends QEMU whatever state it is in."""
        self.feeder.running = False
        if self.bell:
            self.bell.silence()
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self._end_lines()
        for line in self.lines.values():
            if line.is_alive():
                line.join(5)
        shutil.rmtree(self.paths, ignore_errors=True)
