"""A certificate authority, and the server certificate that it signed, made with the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

NAME = "aws.test"


@dataclass(frozen=True)
class Authority:
    certificate: bytes
    server_certificate: Path
    server_key: Path

    @staticmethod
    def create(folder: Path) -> Authority:
        folder.mkdir(exist_ok=True)
        (folder / "server.ext").write_text(f"subjectAltName=DNS:{NAME}\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        _openssl(folder, "req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")  # fmt: skip
        _openssl(folder, "req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", f"/CN={NAME}")
        _openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "server.ext", "-out", "server.pem")  # fmt: skip
        return Authority((folder / "ca.pem").read_bytes(), folder / "server.pem", folder / "server.key")


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)
