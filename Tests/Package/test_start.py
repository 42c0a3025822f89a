"""The zip's program in an empty root: with its own libraries and those that Amazon Linux has, nothing else is there."""

from __future__ import annotations

import contextlib
import http.server
import ssl
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from authority import Authority
from empty_root import CA_BUNDLE, EmptyRoot, namespace
from localcloud import events
from localcloud.runtime_api import RuntimeAPI

pytestmark = pytest.mark.skipif(
    namespace() is None,
    reason="not run: this user may neither mount nor make a user namespace here (run as root, or allow them)",
)

SECRET_ARN = "arn:aws:secretsmanager:us-east-1:012345678912:secret:qualys-AbCdEf"
DT_RPATH, DT_RUNPATH = 15, 29


@pytest.fixture
def root(task: Path, tmp_path: Path) -> EmptyRoot:
    """With other libraries of the zip's names on the system, as Amazon Linux has its own libcurl."""
    return EmptyRoot(tmp_path / "root", task, decoys=[path.name for path in task.glob("lib/*")])


@pytest.fixture
def api() -> Iterator[RuntimeAPI]:
    with RuntimeAPI() as running:
        yield running
        assert running.violations == []


def test_without_settings_it_says_what_is_missing(root: EmptyRoot, api: RuntimeAPI) -> None:
    with root.start(api) as process:
        assert process.wait(20) == 1, process.lines
    assert api.init_error is not None, process.lines
    assert api.init_error.error_type == "Settings.Invalid"
    assert "QUALYS_SECRET_ARN is not set" in api.init_error.json["errorMessage"]


def test_with_settings_it_asks_for_an_event_and_answers(root: EmptyRoot, api: RuntimeAPI) -> None:
    """An event of the scanner itself, which needs no call to AWS."""
    with root.start(api, QUALYS_SECRET_ARN=SECRET_ARN) as process:
        outcome = api.invoke(events.code_updated("scanner")).result(20)
        assert (outcome.kind, outcome.json["status"]) == ("response", "skipped")
        wait_for(lambda: api.next_calls == 2)
        assert process.is_alive and process.stderr == []


def test_every_library_it_maps_is_of_the_zip_or_on_the_list(root: EmptyRoot, task: Path, api: RuntimeAPI) -> None:
    with root.start(api, QUALYS_SECRET_ARN=SECRET_ARN) as process:
        wait_for(lambda: api.next_calls == 1)
        maps = Path(f"/proc/{process.pid}/maps").read_text()
    # Seen from outside of its root, or from within it.
    prefix = str(root.folder)
    mapped = {line.split()[-1].removeprefix(prefix) for line in maps.splitlines() if ".so" in line}
    packed = {path for path in mapped if path.startswith("/var/task/")}
    assert packed == {f"/var/task/lib/{path.name}" for path in task.glob("lib/*")}
    for path in mapped - packed:
        assert (root.folder / path.lstrip("/")).is_file(), path


def test_the_new_run_path_tag_would_find_other_libraries(root: EmptyRoot, api: RuntimeAPI) -> None:
    """Why the program has DT_RPATH: with DT_RUNPATH the system's libcurl comes first, which these decoys stand for."""
    program = root.folder / "var/task/bootstrap"
    program.write_bytes(with_new_tag(program.read_bytes()))
    with root.start(api) as process:
        assert process.wait(20) == 127
    assert "error while loading shared libraries" in "\n".join(process.stderr)


# --- TLS ---


def test_https_with_the_authority_that_was_given(root: EmptyRoot, api: RuntimeAPI, authority: Authority) -> None:
    root.write("tmp/own-ca.pem", authority.certificate)
    assert outcome_of_a_call(root, api, authority, AWS_CA_BUNDLE="/tmp/own-ca.pem") == ("response", "skipped")


def test_https_with_the_authorities_of_amazon_linux(root: EmptyRoot, api: RuntimeAPI, authority: Authority) -> None:
    root.write(CA_BUNDLE, authority.certificate)
    assert outcome_of_a_call(root, api, authority) == ("response", "skipped")


def test_https_with_a_server_of_another_authority(
    root: EmptyRoot, api: RuntimeAPI, authority: Authority, tmp_path: Path
) -> None:
    root.write(CA_BUNDLE, Authority.create(tmp_path / "other").certificate)
    kind, text = outcome_of_a_call(root, api, authority)
    assert kind == "error" and "certificate" in text


def test_https_without_any_authority(root: EmptyRoot, api: RuntimeAPI, authority: Authority) -> None:
    """What is built into Debian's libcurl and OpenSSL does not make it trust anybody."""
    kind, text = outcome_of_a_call(root, api, authority)
    assert kind == "error" and "certificate" in text


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.create(tmp_path_factory.mktemp("authority"))


def outcome_of_a_call(root: EmptyRoot, api: RuntimeAPI, authority: Authority, **settings: str) -> tuple[str, str]:
    """How the event of a function ends that AWS, reached over HTTPS by its name, no longer has."""
    with gone(authority) as port:
        endpoint = f"https://aws.test:{port}"
        with root.start(api, QUALYS_SECRET_ARN=SECRET_ARN, AWS_ENDPOINT_URL=endpoint, **settings):
            outcome = api.invoke(events.code_updated("orders"), timeout_s=20).result(30)
    return outcome.kind, outcome.json["status" if outcome.kind == "response" else "errorMessage"]


@contextlib.contextmanager
def gone(authority: Authority) -> Iterator[int]:
    """An AWS over TLS in which every function has just been deleted."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.server_certificate, authority.server_key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Gone)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


class Gone(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b'{"Message": "Function not found", "Type": "User"}'
        self.send_response(404)
        self.send_header("x-amzn-ErrorType", "ResourceNotFoundException")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The outcome tells."""


def with_new_tag(program: bytes) -> bytes:
    """The program with DT_RUNPATH in place of DT_RPATH."""
    (start,) = struct.unpack_from("<Q", program, 0x20)
    size, count = struct.unpack_from("<HH", program, 0x36)
    headers = [struct.unpack_from("<IIQQQQ", program, start + index * size) for index in range(count)]
    offset, length = next((header[2], header[5]) for header in headers if header[0] == 2)
    changed = bytearray(program)
    for place in range(offset, offset + length, 16):
        if struct.unpack_from("<q", program, place) == (DT_RPATH,):
            struct.pack_into("<q", changed, place, DT_RUNPATH)
    assert changed != program
    return bytes(changed)


def wait_for(fits: object, timeout: float = 20.0) -> None:
    end = time.monotonic() + timeout
    while not fits():  # type: ignore[operator]
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
