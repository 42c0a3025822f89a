"""`python -m car`: runs the stand-in CAR server until it is told to stop."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading

from .service import Service
from .settings import Credentials
from .wire import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="car", description="A stand-in for CAR, for tests.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--key", default="car-key")
    parser.add_argument("--password", default="car-password")
    parser.add_argument("--token", default="car-token-value")
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="stop when the starting process is gone"
    )
    options = parser.parse_args()

    stopping = threading.Event()
    credentials = Credentials(options.key, options.password, options.token)
    server = Server(options.port, Service(credentials, stopping))

    def stop() -> None:
        stopping.set()
        server.stop()

    def stop_with_stdin() -> None:
        sys.stdin.read()
        stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop())
    if options.until_stdin_ends:
        threading.Thread(target=stop_with_stdin, daemon=True).start()
    print("car: a stand-in for CAR, for tests only; it keeps nothing.", file=sys.stderr)
    ready = {
        "url": f"http://127.0.0.1:{server.port}/api/car/v2",
        "key": options.key,
        "password": options.password,
        "token": options.token,
    }
    print(json.dumps(ready), flush=True)
    server.serve()


if __name__ == "__main__":
    main()
