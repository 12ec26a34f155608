"""Real servers with a small echo service, and clients of it."""

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

WAIT_S = 15.0


@dataclass
class EchoClient:
    """A connection to the echo service, past its greeting."""

    socket: socket.socket
    greeting: str = ""
    rest: bytes = b""

    def line(self) -> str:
        while b"\n" not in self.rest:
            data = self.socket.recv(4096)
            if not data:
                return ""
            self.rest += data
        text, _, self.rest = self.rest.partition(b"\n")
        return text.decode()

    def ask(self, word: str) -> str:
        self.socket.sendall(word.encode() + b"\n")
        return self.line()

    @property
    def worker(self) -> int:
        return int(self.greeting.split()[2])


@dataclass
class RunningServer:
    """A server process; waits look at its log."""

    directory: Path
    process: subprocess.Popen[str] | None = None
    clients: list[EchoClient] = field(default_factory=list)
    seen: int = 0

    def write(self, cyrus_conf: str, imapd_conf: str = "") -> None:
        if os.geteuid() == 0:
            # The user whom the workers run as.
            shutil.chown(self.directory, "nobody")
        (self.directory / "cyrus.conf").write_text(cyrus_conf)
        (self.directory / "imapd.conf").write_text(
            f"configdirectory: {self.directory}/state\npartition-default: {self.directory}/spool\n"
            f"cyrus_user: nobody\n{imapd_conf}\n"
        )

    def launch(self, *, silence_max_s: float = 5.0, daemonise: bool = False) -> "subprocess.Popen[str]":
        arguments = f"pathlib.Path({str(self.directory)!r}), {silence_max_s}, daemonise={daemonise}"
        body = f"import echo_server, pathlib; raise SystemExit(echo_server.run_server({arguments}))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", body],
            cwd=Path(__file__).parent,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "OPENBLAS_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        return self.process

    def launch_another(self, *, daemonise: bool = False) -> tuple[int, str]:
        """Status and errors of one that is to fail beside the one that runs."""
        first = self.process
        process = self.launch(daemonise=daemonise)
        _, errors = process.communicate(timeout=WAIT_S)
        self.process = first
        return process.returncode, errors

    def restart_after_kill(self) -> None:
        """Start on what a dead server left."""
        assert self.process is not None
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.seen = len(self.events())
        self.start()

    def start(self, *, silence_max_s: float = 5.0) -> None:
        self.launch(silence_max_s=silence_max_s)
        self.wait_for("server_ready")

    def events(self) -> list[dict[str, object]]:
        with contextlib.suppress(FileNotFoundError):
            text = (self.directory / "log").read_text()
            return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        return []

    def wait_for(self, event: str, **fields: object) -> dict[str, object]:
        """The next such event after those that were waited for."""
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            for number, found in enumerate(self.events()[self.seen :]):
                if found["event"] == event and fields.items() <= found.items():
                    self.seen += number + 1
                    return found
            assert self.process is not None
            if self.process.poll() not in (None, 0) and event != "start_failed":
                break
            select.select([], [], [], 0.01)
        raise AssertionError(f"no {event} {fields} in {self.events()}")

    def endpoint(self, service: str) -> int | str:
        found = json.loads((self.directory / "endpoints").read_text())[service]
        assert isinstance(found, int | str)
        return found

    def connect(self, service: str = "imap") -> EchoClient:
        endpoint = self.endpoint(service)
        if isinstance(endpoint, int):
            made = socket.create_connection(("127.0.0.1", endpoint), timeout=WAIT_S)
        else:
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            made.settimeout(WAIT_S)
            made.connect(endpoint)
        client = EchoClient(made)
        self.clients.append(client)
        client.greeting = client.line()
        return client

    @property
    def pid(self) -> int:
        return int((self.directory / "state" / "master.pid").read_text())

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def workers(self) -> list[int]:
        """Pids of the workers that have started, the newest of each slot."""
        slots: dict[object, object] = {}
        for event in self.events():
            if event["event"] == "worker_started":
                slots[event["slot"]] = event["worker"]
        return [int(str(pid)) for pid in slots.values()]

    def wait_ended(self) -> int:
        assert self.process is not None
        return self.process.wait(timeout=WAIT_S)

    def close(self) -> None:
        for client in self.clients:
            client.socket.close()
        if self.process is not None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                ended = os.pidfd_open(self.pid)
                os.kill(self.pid, signal.SIGTERM)
                os.kill(self.pid, signal.SIGTERM)
                # A daemon is not our child.
                select.select([ended], [], [], 5)
                os.close(ended)
            if self.process.poll() is None:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout=5)
            for pid in self.workers():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            assert self.process.stderr is not None
            self.process.stderr.close()


@pytest.fixture
def server() -> Iterator[RunningServer]:
    # Short, as the paths of sockets must be; and open to the user that workers run as.
    directory = Path(tempfile.mkdtemp(prefix="angarium-"))
    directory.chmod(0o755)
    running = RunningServer(directory)
    yield running
    running.close()
    shutil.rmtree(directory)
