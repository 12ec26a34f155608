"""Angarium as `angarium serve --dir DIR` starts it, with no configuration but its own."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from angarium import __version__
from bench.client import ImapClient
from bench.errors import BenchError
from bench.script import SCRIPT
from bench.servers.server import Server, Users, run, wait_until

_PASSWORD: Final = "correct-horse"
_HOME: Final = "angarium"
LOG: Final = "log"
"""Below the directory that a server is given."""


def start_angarium(directory: Path, users: Users, *, python: Path) -> Server:
    """Serve from below this directory, by an interpreter that Angarium is installed for."""
    server, told = _serve(python, directory, users.logins)
    home = directory / _HOME
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: _add_user(python, home, name), users.logins))
    _run_program(python, "sieve", "put", "--dir", home, "--activate", users.filtered, "rules", said=SCRIPT)
    admin = next(user for user in told["users"] if user["admin"])
    with ImapClient(server.imap, user=admin["name"], password=admin["password"]) as client:
        for name in users.recipients:
            client.command(f"CREATE user/{name}")
    return server


def start_angarium_on(processor: int, directory: Path, names: Sequence[str], *, python: Path) -> Server:
    """Serve these users from below this directory, by one processor alone."""
    server, _ = _serve(python, directory, names, processor=processor)
    accounts = directory / "accounts"
    accounts.write_text("".join(f"{name}:{{PLAIN}}{_PASSWORD}\n" for name in names))
    _run_program(python, "user", "import", "--dir", directory / _HOME, accounts)
    return server


def _serve(
    python: Path, directory: Path, names: Sequence[str], *, processor: int | None = None
) -> tuple[Server, Mapping[str, Any]]:
    """The server, and what it tells of itself; `names` will be able to log in."""
    home, log = directory / _HOME, directory / LOG
    endpoints = home / "run" / "endpoints.json"
    pinned = [] if processor is None else ["taskset", "-c", str(processor)]
    process = run([*pinned, _program(python), "serve", "--dir", home], log=log)
    wait_until(endpoints.exists, process, log)
    told = json.loads(endpoints.read_text())
    ports = {service["name"]: service["port"] for service in told["services"] if "port" in service}
    server = Server(
        name="angarium",
        version=__version__,
        process=process,
        directory=directory,
        imap=ports["imap"],
        imaps=ports["imaps"],
        lmtp=ports["lmtp"],
        passwords=dict.fromkeys(names, _PASSWORD),
        pop3=ports["pop3"],
        python=python,
    )
    return server, told


def _add_user(python: Path, home: Path, name: str) -> None:
    _run_program(python, "user", "add", "--dir", home, "--password-stdin", name, said=f"{_PASSWORD}\n")


def _program(python: Path) -> Path:
    return python.with_name("angarium")


def _run_program(python: Path, *arguments: str | Path, said: str = "") -> None:
    done = subprocess.run([_program(python), *arguments], input=said, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"angarium {' '.join(map(str, arguments))}: {done.stderr}")
