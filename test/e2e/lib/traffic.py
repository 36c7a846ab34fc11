# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Frames fed to the guest's network devices, numbered and marked."""

import socket
import struct
import threading
import time

ETHERTYPE = b"\x88\xb5"  # IEEE 802 local experimental
MARK = b"QTFRAME!"
_FRAME = struct.Struct("<8s8sQ")


class Feeder(threading.Thread):
    """Sends numbered frames to every interface at a pace, until the budget is used up.

    A dead kernel's receive ring takes some 250 frames and is never refilled, so
    what is sent after the crash is rationed: some until the capture kernel is up,
    the rest while it saves the dump.
    """

    def __init__(self, interfaces, token):
        super().__init__(daemon=True)
        self.token = token.encode()[:8].ljust(8)
        self.sent_at = []
        self.running = True
        self.paused = False
        self.pace(0.02, 1 << 30)
        self.sockets = []
        self.ports = []
        for _ in range(interfaces):
            self._open()

    def pace(self, interval, budget):
        self.interval, self.budget = interval, budget

    def _open(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        probe.bind(("127.0.0.1", 0))
        guest = probe.getsockname()[1]
        probe.close()
        sock.connect(("127.0.0.1", guest))
        self.sockets.append(sock)
        self.ports.append((sock.getsockname()[1], guest))

    def _frame(self):
        body = _FRAME.pack(MARK, self.token, len(self.sent_at))
        return b"\xff" * 6 + b"\x52\x54\x00\xff\xff\xff" + ETHERTYPE + body.ljust(242, b"\xa5")

    def _send(self):
        frame = self._frame()
        for sock in self.sockets:
            try:
                sock.send(frame)
            except OSError:
                pass  # nobody listens yet, or any more
        self.sent_at.append(time.monotonic())
        self.budget -= 1

    def run(self):
        while self.running and self.sockets:
            if not self.paused and self.budget > 0:
                self._send()
            time.sleep(self.interval)

    def sent_between(self, start, end):
        """Numbers of the frames sent in that time."""
        return {n for n, at in enumerate(self.sent_at) if start <= at < end}

    def found_in(self, memory):
        """{number: [addresses]} of the frames that lie in memory."""
        found = {}
        for address in memory.find_all(MARK + self.token):
            number = int.from_bytes(memory.read(address + 16, 8), "little")
            found.setdefault(number, []).append(address)
        return found
