"""The peers from Debian's packages, and the interpreter that Angarium is compared to them by.

Debian lets only one IMAP server be installed. So Cyrus is installed; of Dovecot all that goes beside it is, and the
package with its IMAP programs is unpacked into a directory of its own, from where Dovecot's configuration starts them.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.errors import BenchError

DOVECOT_IMAP: Final = Path("/var/cache/angarium-bench/dovecot-imapd")
"""Where dovecot-imapd is unpacked."""
DEBIAN_PYTHON: Final = Path("/usr/bin/python3")

_CYRUS: Final = ("cyrus-imapd",)
_DOVECOT: Final = ("dovecot-core", "dovecot-lmtpd", "dovecot-sieve")
_POLICY: Final = Path("/usr/sbin/policy-rc.d")


def install_peers(peers: Sequence[str]) -> None:
    """Make sure that these are there; BenchError where something is missing and this is not root, or apt fails."""
    wanted = [*(_CYRUS if "cyrus" in peers else ()), *(_DOVECOT if "dovecot" in peers else ())]
    missing = [package for package in wanted if not _is_installed(package)]
    is_unpacked = "dovecot" not in peers or DOVECOT_IMAP.exists()
    if not missing and is_unpacked:
        return
    if os.geteuid() != 0:
        raise BenchError(f"root must install {', '.join([*missing, 'dovecot-imapd'])}; or leave them out by --peers")
    if missing:
        _install(*missing)
    if not is_unpacked:
        _run("apt-get", "update", "-qq")
        _unpack("dovecot-imapd", DOVECOT_IMAP)


def install_python() -> None:
    """Make sure that Debian's interpreter is there; BenchError as for peers."""
    if DEBIAN_PYTHON.exists():
        return
    if os.geteuid() != 0:
        raise BenchError(
            f"root must install python3, which is {DEBIAN_PYTHON}; or name another interpreter by --python"
        )
    _install("python3")


def version_of(package: str) -> str:
    """Debian's version of an installed package; empty for one that is not there."""
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True)
    return found.stdout if found.returncode == 0 else ""


def package_version(program: Path) -> str:
    """Debian's version of the package that a program is of; empty for one of no package, and where Debian is not."""
    if shutil.which("dpkg-query") is None:
        return ""
    found = subprocess.run(["dpkg-query", "-S", program.resolve()], capture_output=True, text=True)
    return version_of(found.stdout.partition(":")[0]) if found.returncode == 0 else ""


def _is_installed(package: str) -> bool:
    found = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True)
    return "install ok installed" in found.stdout


def _install(*packages: str) -> None:
    _run("apt-get", "update", "-qq")
    with _no_services():
        _run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages)


def _unpack(package: str, directory: Path) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        _run("apt-get", "download", "-qq", package, directory=temporary)
        archive = next(Path(temporary).glob("*.deb"))
        unpacked = Path(temporary) / "unpacked"
        _run("dpkg-deb", "-x", str(archive), str(unpacked))
        directory.parent.mkdir(parents=True, exist_ok=True)
        _run("cp", "-a", str(unpacked), str(directory))


@contextmanager
def _no_services() -> Iterator[None]:
    """The packages' own services are not wanted: each run starts what it needs, on ports and directories of its own."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink()


def _run(*command: str, directory: str | None = None) -> None:
    done = subprocess.run(
        command, cwd=directory, capture_output=True, text=True, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    )
    if done.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
