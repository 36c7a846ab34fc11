# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Clients for QEMU's machine protocol (QMP) and its gdb stub."""

import json
import socket
import time


def connect(path, timeout):
    deadline = time.monotonic() + timeout
    while True:
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(path)
            return sock
        except OSError:
            sock.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


class Qmp:
    """Commands to QEMU, one at a time; events are skipped."""

    def __init__(self, path):
        self.sock = connect(path, 20)
        self.sock.settimeout(60)
        self.file = self.sock.makefile("rw")
        json.loads(self.file.readline())
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.file.flush()
        while True:
            answer = json.loads(self.file.readline())
            if "error" in answer:
                raise RuntimeError(f"{name}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    def monitor(self, line):
        return self.command("human-monitor-command", **{"command-line": line})

    def limit(self, drive, bytes_a_second):
        """How fast a drive may be, 0 for as fast as it can."""
        others = ("bps_rd", "bps_wr", "iops", "iops_rd", "iops_wr")
        self.command("block_set_io_throttle", device=drive, bps=bytes_a_second,
                     **dict.fromkeys(others, 0))

    def lift_limits(self, drive):
        self.limit(drive, 0)

    def read_register(self, address, size):
        """One aligned read of physical memory or of a device's register."""
        text = self.monitor(f"xp /1{'g' if size == 8 else 'w'}x {address:#x}")
        return int(text.split(":")[1], 16)


class Gdb:
    """The gdb remote serial protocol, as far as stopping at addresses needs it."""

    # By their numbers in the stub; pc is where the CPU is, on both.
    REGISTERS = {"x86_64": ["rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9",
                            "r10", "r11", "r12", "r13", "r14", "r15", "pc"],
                 "arm64": [*(f"x{number}" for number in range(31)), "sp", "pc"]}

    def __init__(self, path, arch):
        self.registers = self.REGISTERS[arch]
        self.sock = connect(path, 20)
        self.buffer = b""
        self._send("?")
        while self.wait_stop(0.5):  # connecting reports a stop as well, sooner or later
            pass
        # QEMU answers for single registers only once it was asked to describe them.
        self.request("qXfer:features:read:target.xml:0,1000")

    def _byte(self, timeout):
        if not self.buffer:
            self.sock.settimeout(timeout)
            self.buffer = self.sock.recv(65536)
            if not self.buffer:
                raise EOFError("gdb stub closed the connection")
        byte, self.buffer = self.buffer[:1], self.buffer[1:]
        return byte

    def _send(self, payload):
        data = payload.encode()
        self.sock.sendall(b"$" + data + b"#%02x" % (sum(data) & 0xFF))

    def _receive(self, timeout):
        while self._byte(timeout) != b"$":
            pass
        data = b""
        while (byte := self._byte(timeout)) != b"#":
            data += byte
        self._byte(timeout)
        self._byte(timeout)
        self.sock.sendall(b"+")
        return data.decode()

    def request(self, payload, timeout=20):
        """The answer to a command that does not let the machine run."""
        self._send(payload)
        while (answer := self._receive(timeout)).startswith("T"):
            pass
        return answer

    def set_break(self, address):
        if self.request(f"Z1,{address:x},1") != "OK":
            raise RuntimeError(f"no breakpoint at {address:#x}")

    def clear_break(self, address):
        self.request(f"z1,{address:x},1")

    def resume(self):
        self._send("c")

    def wait_stop(self, timeout):
        """True when the machine stopped, False when it did not in time."""
        try:
            self._receive(timeout)
            return True
        except (socket.timeout, TimeoutError):
            return False

    def step(self):
        self._send("s")
        self._receive(20)

    def register(self, name):
        raw = bytes.fromhex(self.request(f"p{self.registers.index(name):x}"))
        return int.from_bytes(raw[:8], "little")

    def set_register(self, name, value):
        raw = (value & (2**64 - 1)).to_bytes(8, "little").hex()
        if self.request(f"P{self.registers.index(name):x}={raw}") != "OK":
            raise RuntimeError(f"cannot set {name}")

    def detach(self):
        self.request("D")
        self.sock.close()
