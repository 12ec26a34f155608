"""`angarium serve --dir`, as a process."""

import imaplib
import json
import os
import shutil
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.stores import CommandLine

WAIT_S = 30


@dataclass
class Running:
    """A server that serves."""

    process: subprocess.Popen[str]
    directory: Path
    welcome: str
    endpoints: dict[str, Any]  # Any: JSON

    def service(self, name: str) -> dict[str, Any]:
        (found,) = [each for each in self.endpoints["services"] if each["name"] == name]
        return dict(found)

    def password(self, name: str) -> str:
        (found,) = [each["password"] for each in self.endpoints["users"] if each["name"] == name]
        return str(found)

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(WAIT_S)


@contextmanager
def serving(directory: Path, *words: str) -> Iterator[Running]:
    process = subprocess.Popen(
        [sys.executable, "-m", "angarium", "serve", "--dir", str(directory), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if " server_ready " in line:
                break
        else:
            pytest.fail("".join(lines))
        endpoints = json.loads((directory / "run" / "endpoints.json").read_text())
        yield Running(process, directory, "".join(lines), endpoints)
    finally:
        if process.poll() is None:
            process.terminate()
        process.stdout.read()
        process.stdout.close()
        process.wait(WAIT_S)


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """One server for the tests that leave it running."""
    directory = Path(tempfile.mkdtemp(prefix="angarium-"))
    directory.chmod(0o755)
    with serving(directory / "store") as running:
        yield running
    shutil.rmtree(directory)


def test_a_store_comes_out_of_nothing_takes_mail_and_shows_it(running: Running) -> None:
    password = running.password("user")
    assert [(each["name"], each["admin"]) for each in running.endpoints["users"]] == [("user", False), ("admin", True)]
    assert running.endpoints["pid"] == running.process.pid
    assert [each["name"] for each in running.endpoints["services"]] == [
        *("imap", "imaps", "pop3", "pop3s", "lmtp", "lmtpunix", "sieve"),
    ]
    assert running.service("imaps")["tls"]
    endpoints = running.directory / "run" / "endpoints.json"
    assert stat.S_IMODE(endpoints.stat().st_mode) == 0o600

    imap = running.service("imap")
    assert f"  Try it: curl --user user imap://127.0.0.1:{imap['port']}/\n" in running.welcome
    lmtp = running.service("lmtp")
    with smtplib.LMTP(lmtp["host"], lmtp["port"]) as sender:
        assert sender.sendmail("ann@example.org", ["user@localhost"], b"Subject: hello\r\n\r\nhello\r\n") == {}
    with imaplib.IMAP4(imap["host"], imap["port"]) as client:
        client.login("user", password)
        assert client.select() == ("OK", [b"1"])


def run(*words: str | Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "angarium", *[str(word) for word in words]]
    return subprocess.run(command, input=stdin, capture_output=True, text=True)


def test_users_come_and_go_while_it_runs(running: Running) -> None:
    directory, imap = running.directory, running.service("imap")
    assert run("user", "add", "ann", "--password-stdin", "--dir", directory, stdin="secret").returncode == os.EX_OK
    with socket.create_connection((imap["host"], imap["port"]), WAIT_S) as client, client.makefile("rb") as answers:
        assert answers.readline().startswith(b"* OK")
        client.sendall(b"a LOGIN ann secret\r\n")
        assert answers.readline().startswith(b"a OK")
        assert "\timap\t127.0.0.1\tann\t-\t" in run("who", "--dir", directory).stdout
        assert run("user", "delete", "ann", "--dir", directory).returncode == os.EX_OK
        assert answers.readline().startswith(b"* BYE")
        assert answers.readline() == b""


def test_ports_and_passwords_are_kept_from_start_to_start(reachable: Path) -> None:
    with serving(reachable / "store") as first:
        assert first.stop() == os.EX_OK
        assert not (reachable / "store" / "run" / "endpoints.json").exists()
    with serving(reachable / "store") as again:
        assert again.endpoints | {"pid": 0} == first.endpoints | {"pid": 0}


def test_a_second_server_is_refused_with_the_pid_of_the_first(running: Running) -> None:
    second = run("serve", "--dir", running.directory)
    assert second.returncode == os.EX_UNAVAILABLE
    (line,) = second.stderr.splitlines()
    assert line == f"angarium: another server runs on {running.directory}/state, process {running.process.pid}"
    assert line.removeprefix("angarium: ") not in second.stdout
    assert (running.directory / "run" / "endpoints.json").exists()


def test_a_port_in_use_is_refused_in_a_line(reachable: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused = run("serve", "--dir", reachable / "store", "--port", f"imap={port}")
    assert refused.returncode == os.EX_CONFIG
    (line,) = refused.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line


def test_ports_of_other_stores_stand_in_their_files(angarium: CommandLine, store: Path) -> None:
    answer = angarium("serve", "-C", store / "imapd.conf", "--port", "imap=0")
    assert answer.status == os.EX_USAGE
    assert answer.err.startswith("angarium: --port goes with --dir")
