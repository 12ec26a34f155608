"""Angarium as `angarium serve --dir DIR` starts it, with no configuration but its own."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from angarium import __version__
from bench.client import ImapClient
from bench.errors import BenchError
from bench.script import SCRIPT
from bench.servers.server import Server, Users, run, wait_until

_PASSWORD: Final = "correct-horse"


def start_angarium(directory: Path, users: Users) -> Server:
    """Serve from below this directory."""
    program = Path(sys.executable).parent / "angarium"
    home, log = directory / "angarium", directory / "log"
    endpoints = home / "run" / "endpoints.json"
    process = run([program, "serve", "--dir", home], log=log)
    wait_until(endpoints.exists, process, log)
    told = json.loads(endpoints.read_text())
    ports = {service["name"]: service["port"] for service in told["services"] if "port" in service}
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda name: _add_user(program, home, name), users.logins))
    _run_program(program, "sieve", "put", "--dir", home, "--activate", users.filtered, "rules", said=SCRIPT)
    admin = next(user for user in told["users"] if user["admin"])
    with ImapClient(ports["imap"], user=admin["name"], password=admin["password"]) as client:
        for name in users.recipients:
            client.command(f"CREATE user/{name}")
    return Server(
        name="angarium",
        version=__version__,
        process=process,
        directory=directory,
        imap=ports["imap"],
        imaps=ports["imaps"],
        lmtp=ports["lmtp"],
        passwords=dict.fromkeys(users.logins, _PASSWORD),
        pop3=ports["pop3"],
    )


def _add_user(program: Path, home: Path, name: str) -> None:
    _run_program(program, "user", "add", "--dir", home, "--password-stdin", name, said=f"{_PASSWORD}\n")


def _run_program(program: Path, *arguments: str | Path, said: str) -> None:
    done = subprocess.run([program, *arguments], input=said, capture_output=True, text=True)
    if done.returncode != 0:
        raise BenchError(f"angarium {' '.join(map(str, arguments))}: {done.stderr}")
