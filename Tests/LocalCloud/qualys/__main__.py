"""`python -m qualys`: runs the stand-in until it is told to stop."""

from __future__ import annotations

import argparse
import asyncio
import json
import selectors
import signal
import socket
import sys
import threading

from .options import add_arguments, from_arguments
from .server import Qualys, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="qualys", description="A stand-in for Qualys, for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="stop when the starting process is gone"
    )
    add_arguments(parser)
    arguments = parser.parse_args()
    # epoll waits whole milliseconds, which makes a latency of 20 ms one of 21.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(_run(arguments))


async def _run(arguments: argparse.Namespace) -> None:
    options = from_arguments(arguments)
    with socket.create_server(("127.0.0.1", arguments.port), backlog=512) as server:
        server.setblocking(False)
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        if arguments.until_stdin_ends:
            threading.Thread(target=_stop_with_stdin, args=(loop, stopping), daemon=True).start()
        ready = {
            "api_url": url,
            "gateway_url": url,
            "username": options.username,
            "password": options.password,
            "seed": options.seed,
            "now": options.now,
        }
        print("qualys: a stand-in for Qualys, for tests only; it keeps nothing.", file=sys.stderr)
        print(json.dumps(ready), flush=True)
        await serve(server, Qualys(options, url), stopping)


def _stop_with_stdin(loop: asyncio.AbstractEventLoop, stopping: asyncio.Event) -> None:
    sys.stdin.read()
    loop.call_soon_threadsafe(stopping.set)


if __name__ == "__main__":
    main()
