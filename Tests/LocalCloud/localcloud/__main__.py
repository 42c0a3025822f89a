"""`python -m localcloud`: runs the local cloud until it is told to stop."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .server import CloudServer

DEFAULT_ACCOUNT = "012345678912"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="localcloud", description="A stand-in for AWS, for tests."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free port")
    parser.add_argument("--ready-file", type=Path, help="written when the port listens")
    parser.add_argument("--account", default=os.environ.get("MOTO_ACCOUNT_ID", DEFAULT_ACCOUNT))
    parser.add_argument(
        "--until-stdin-ends", action="store_true", help="stop when the starting process is gone"
    )
    options = parser.parse_args()

    # moto takes its default account from here while it is imported, and would later
    # see nothing but that account if the variable stayed.
    os.environ["MOTO_ACCOUNT_ID"] = options.account
    from .server import CloudServer

    del os.environ["MOTO_ACCOUNT_ID"]

    cloud = CloudServer.bind(options.port, options.account)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: cloud.stop())
    if options.until_stdin_ends:
        threading.Thread(target=_stop_with_stdin, args=(cloud,), daemon=True).start()
    print("localcloud: a stand-in for AWS, for tests only; it keeps nothing.", file=sys.stderr)
    ready = json.dumps(
        {
            "endpoint": cloud.endpoint,
            "account": options.account,
            "access_key_id": cloud.root.access_key_id,
            "secret_access_key": cloud.root.secret_access_key,
        }
    )
    print(ready, flush=True)
    if options.ready_file:
        scratch = options.ready_file.with_suffix(".part")
        scratch.write_text(ready)
        scratch.replace(options.ready_file)
    cloud.serve()


def _stop_with_stdin(cloud: CloudServer) -> None:
    sys.stdin.read()
    cloud.stop()


if __name__ == "__main__":
    main()
