#!/usr/bin/env python3
"""Builds the libcurl that is packed, from Debian's source of the one that is installed: libcurl.py TARGET SOURCES

Debian's own libcurl loads 28 libraries for all the protocols that it speaks: half of the time that `bootstrap` takes to
start. This one has Debian's patches, options that harden, and symbol versions, but speaks HTTP and HTTPS only. It is
built once for each version; SOURCES keeps what was fetched.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

# https://curl.se/docs/install.html: what bootstrap needs is HTTP/1.1, TLS, gzip and proxies.
_OPTIONS = """
    --disable-static --enable-versioned-symbols --disable-dependency-tracking --with-openssl --with-zlib
    --with-ca-path=/etc/ssl/certs --with-ca-bundle=/etc/ssl/certs/ca-certificates.crt
    --without-brotli --without-zstd --without-libpsl --without-libidn2 --without-librtmp --without-libssh2
    --without-nghttp2 --disable-ldap --disable-ldaps --disable-ftp --disable-file --disable-dict --disable-telnet
    --disable-tftp --disable-pop3 --disable-imap --disable-smb --disable-smtp --disable-gopher --disable-mqtt
    --disable-rtsp --disable-ntlm --disable-tls-srp --disable-unix-sockets --disable-cookies --disable-alt-svc
    --disable-hsts --disable-doh --disable-netrc --disable-mime --disable-manual --disable-openssl-auto-load-config
""".split()
# The last of Debian's patches make the library for GnuTLS of it, and then that for NSS.
_OTHER_FLAVOURS = ("99_nss.patch", "90_gnutls.patch")
_KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def main(target: Path, sources: Path) -> None:
    version = installed()
    recipe = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    stamp = target.with_name("built-from")
    made_of = f"{version} {recipe}\n"
    if target.exists() and stamp.exists() and stamp.read_text() == made_of:
        return
    print(f"Building libcurl {version} from Debian's source, once ...", flush=True)
    description = fetched(version, sources.absolute())
    target.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        library = built(description, Path(folder))
        strip(library, target)
    stamp.write_text(made_of)


def installed() -> str:
    """The version of the libcurl that `bootstrap` is linked with here."""
    asked = ["dpkg-query", "--show", "--showformat=${source:Version}\n", "libcurl4-openssl-dev"]
    try:
        return run(asked, "libcurl4-openssl-dev is not installed").split()[0]
    except FileNotFoundError:
        sys.exit("The package is made on Debian: dpkg-query is not here.")


def fetched(version: str, sources: Path) -> Path:
    """The .dsc of the source package, with its files beside it; apt checks what Debian signed."""
    kept = sources / version
    if not kept.exists():
        release = dict(re.findall(r'^(\w+)="?([^"\n]*)', Path("/etc/os-release").read_text(), re.MULTILINE))
        if release.get("ID") != "debian":
            sys.exit(f"The package is made on Debian 12, with a glibc as old as Lambda's; this is {release.get('NAME')}.")
        sources.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=sources) as folder:
            download(version, release["VERSION_CODENAME"], Path(folder))
            (Path(folder) / "files").rename(kept)
    (description,) = kept.glob("*.dsc")
    return description


def download(version: str, suite: str, folder: Path) -> None:
    """Into `files`, with lists and settings of its own: those of the machine stay as they are."""
    for name in ("lists/partial", "cache", "files"):
        (folder / name).mkdir(parents=True)
    (folder / "sources.list").write_text(
        f"deb-src [signed-by={_KEYS}] http://deb.debian.org/debian {suite} main\n"
        f"deb-src [signed-by={_KEYS}] http://deb.debian.org/debian {suite}-updates main\n"
        f"deb-src [signed-by={_KEYS}] http://deb.debian.org/debian-security {suite}-security main\n"
    )
    settings = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        # Or apt, when root, would fetch as a user who may not write here.
        "APT::Sandbox::User": "root",
        # Or it says that it could not reach the network, and succeeds.
        "APT::Update::Error-Mode": "any",
        "Acquire::Retries": 3,
    }
    apt = ["apt-get", "-qq", *(f"--option={name}={value}" for name, value in settings.items())]
    run([*apt, "update"], "Debian's list of sources could not be fetched; the first make package needs the network")
    run(
        [*apt, "source", "--download-only", f"curl={version}"],
        f"The source of libcurl {version}, which is installed, could not be fetched. When Debian has a newer one by now,\n"
        "`apt-get update && apt-get install libcurl4-openssl-dev` brings it",
        folder / "files",
    )


def built(description: Path, folder: Path) -> Path:
    source = folder / "curl"
    run(["dpkg-source", "--extract", description, source], "libcurl's source could not be unpacked")
    for name in _OTHER_FLAVOURS:
        patch = source / "debian/patches" / name
        run(["patch", "--reverse", "--strip=1", "--input", patch], f"{name} could not be taken back", source)
    # No folder of this machine gets into the library.
    flags = {
        name: f"{hardened(name)} {more}".strip()
        for name, more in (
            ("CPPFLAGS", ""),
            ("CFLAGS", f"-g0 -ffile-prefix-map={source}=."),
            ("LDFLAGS", "-Wl,-O1,--as-needed,-Bsymbolic-functions,--build-id=none"),
        )
    }
    configure = ["./configure", "--quiet", *_OPTIONS, *(f"{name}={value}" for name, value in flags.items())]
    run(configure, "libcurl could not be configured", source)
    run(["make", "--silent", f"--jobs={os.cpu_count()}", "--directory=lib"], "libcurl could not be built", source)
    return (source / "lib/.libs/libcurl.so.4").resolve()


def hardened(name: str) -> str:
    """The flags of that name with which Debian builds curl, but for the folder that they name."""
    environment = {**os.environ, "DEB_BUILD_MAINT_OPTIONS": "hardening=+all"}
    flags = subprocess.run(
        ["dpkg-buildflags", "--get", name], env=environment, check=True, capture_output=True, text=True
    ).stdout
    return " ".join(flag for flag in shlex.split(flags) if "prefix-map" not in flag)


def strip(library: Path, target: Path) -> None:
    """Whole or not at all."""
    scratch = target.with_suffix(".new")
    run(["strip", "--strip-unneeded", "-o", scratch, library], "libcurl could not be stripped")
    scratch.chmod(0o644)
    scratch.replace(target)


def run(command: list[str | Path], failure: str, folder: Path | None = None) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-5:]
        sys.exit("\n  ".join([f"{failure}:", *said]))
    return done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
