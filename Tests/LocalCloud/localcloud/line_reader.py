"""Reads the lines of a pipe as they come, and knows when none is left in it."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import termios
import threading
import time
from typing import IO


class LineReader(threading.Thread):
    """Reading and keeping is one step, so that an empty pipe means that all of it has been kept."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._lock = threading.Lock()
        self._kept = bytearray()
        self.start()

    def run(self) -> None:
        ready = select.poll()
        ready.register(self._stream, select.POLLIN | select.POLLHUP)
        with self._stream:
            while True:
                ready.poll()
                with self._lock:
                    chunk = os.read(self._stream.fileno(), 1 << 16)
                    if not chunk:
                        return
                    self._kept += chunk

    @property
    def lines(self) -> list[str]:
        """All whole lines that were written before this was asked for."""
        while True:
            with self._lock:
                if self._unread() == 0:
                    return self._kept.decode("utf-8", "replace").split("\n")[:-1]
            # Lets the reader have the lock.
            time.sleep(0.001)

    def _unread(self) -> int:
        if self._stream.closed:
            return 0
        try:
            return int(struct.unpack("i", fcntl.ioctl(self._stream, termios.FIONREAD, b"\0\0\0\0"))[0])
        except (OSError, ValueError):
            return 0
