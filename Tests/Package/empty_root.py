"""A root folder with what Amazon Linux has of what the zip needs, and nothing else of this machine."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import amazon_linux
from elf import Elf
from localcloud.process import BootstrapProcess
from localcloud.runtime_api import RuntimeAPI

# Where Amazon Linux 2023 has its certificate authorities, and the link by which Debian's programs come to them.
CA_BUNDLE = "etc/pki/tls/certs/ca-bundle.crt"

# A view of the file system of its own, which is gone with the process: as root, or as one who is root in it only.
_NAMESPACES = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])
_ENTER = """
set -e
mount --bind /dev/null "$0/dev/null"
mount --bind /dev/urandom "$0/dev/urandom"
mount --rbind /proc "$0/proc"
exec chroot "$0" "$@"
"""


@cache
def namespace() -> list[str] | None:
    """The first way that this machine allows; nil when it allows none."""
    for way in _NAMESPACES:
        probe = [*way, "sh", "-c", "mount --bind /dev/null /dev/null && chroot / true"]
        if subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return way
    return None


class EmptyRoot:
    """`decoys` are put where Lambda's LD_LIBRARY_PATH looks first; to map one is an error."""

    def __init__(self, folder: Path, task: Path, decoys: Sequence[str] = ()) -> None:
        self.folder = folder
        shutil.copytree(task, folder / "var/task")
        for name in ("tmp", "proc", "dev", "lib64", "etc/pki/tls/certs", "etc/ssl"):
            (folder / name).mkdir(parents=True)
        for name in ("dev/null", "dev/urandom"):
            (folder / name).touch()
        (folder / "etc/ssl/certs").symlink_to("../pki/tls/certs")
        (folder / "etc/hosts").write_text("127.0.0.1 localhost aws.test\n")
        for name, path in _system_libraries(task).items():
            shutil.copy(path, folder / "lib64" / name)
        for name in decoys:
            (folder / "lib64" / name).write_text("not a library")
        loader = Elf.read(task / "bootstrap").loader
        assert loader is not None
        place = folder / loader.lstrip("/")
        place.parent.mkdir(exist_ok=True)
        shutil.copy(loader, place)

    def write(self, name: str, content: bytes) -> None:
        (self.folder / name).write_bytes(content)

    def command(self, *words: str) -> list[str]:
        way = namespace()
        assert way is not None
        return [*way, "sh", "-c", _ENTER, str(self.folder), *words]

    def start(self, api: RuntimeAPI, **settings: str) -> BootstrapProcess:
        return BootstrapProcess(self.command("/var/task/bootstrap"), {**_lambda(), **settings}, api)


def _lambda() -> Mapping[str, str]:
    """What Lambda sets, as far as programs and their libraries read it."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/bin:/usr/sbin:/sbin",
        "LD_LIBRARY_PATH": amazon_linux.LIBRARY_PATH,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "LAMBDA_TASK_ROOT": "/var/task",
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_LAMBDA_FUNCTION_NAME": "scanner",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }


def _system_libraries(task: Path) -> dict[str, str]:
    """The libraries of Amazon Linux's list that the program or its libraries name, as this machine has them."""
    listed = subprocess.run(["ldd", task / "bootstrap"], check=True, capture_output=True, text=True).stdout
    words = [line.split() for line in listed.splitlines()]
    found = {line[0]: line[2] for line in words if line[1:2] == ["=>"]}
    return {name: path for name, path in found.items() if amazon_linux.gives(name)}
