"""The server process: one port, one moto, one gateway."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from .control import new_identity
from .gateway import Gateway
from .identities import Identity
from .wire import Server


@dataclass
class CloudServer:
    """A running local cloud inside this process."""

    root: Identity
    gateway: Gateway
    server: Server

    @classmethod
    def bind(cls, port: int, account: str) -> CloudServer:
        """Takes the port (0 for a free one); `serve` then blocks until `stop`."""
        stopping = threading.Event()
        root = new_identity(account)
        gateway = Gateway(root, stopping)
        return cls(root, gateway, Server(port, stopping, gateway))

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def serve(self) -> None:
        self.server.serve()

    def stop(self) -> None:
        """Safe to call from a signal handler: shutting down waits for the serving thread."""
        threading.Thread(target=self.server.stop).start()
