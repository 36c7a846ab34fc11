# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Makes QEMU's ivshmem-doorbell device raise its interrupt, over and over.

The device is told by a server which eventfds raise which of its vectors (QEMU,
docs/specs/ivshmem-spec.txt, "Client-Server protocol"). This is the server, with one
client and one vector.
"""

import array
import os
import socket
import struct
import threading
import time

PROTOCOL_VERSION = 0
CLIENT = 0
SHARED_MEMORY = -1
SHARED_MEMORY_SIZE = 1 << 20


def _send(client, number, fd=None):
    rights = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                     array.array("i", [fd]))]
    client.sendmsg([struct.pack("<q", number)], rights)


class Doorbell(threading.Thread):
    """Rings every millisecond, heard or not, until silence()."""

    INTERVAL = 0.001

    def __init__(self, path):
        super().__init__(daemon=True)
        self.rung_at = []
        self.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.ended = threading.Event()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.start()

    def _greet(self, client):
        memory = os.memfd_create("ivshmem", os.MFD_CLOEXEC)
        os.truncate(memory, SHARED_MEMORY_SIZE)
        _send(client, PROTOCOL_VERSION)
        _send(client, CLIENT)
        _send(client, SHARED_MEMORY, memory)
        _send(client, CLIENT, self.bell)
        os.close(memory)

    def run(self):
        client, _ = self.listener.accept()
        self._greet(client)
        while not self.ended.wait(self.INTERVAL):
            try:
                os.eventfd_write(self.bell, 1)
                self.rung_at.append(time.monotonic())
            except BlockingIOError:
                pass  # not answered for 2^64 times
        client.close()

    def silence(self):
        self.ended.set()

    def rung_between(self, start, end):
        return sum(start <= at < end for at in list(self.rung_at))
