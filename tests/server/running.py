"""Real servers below directories of their own, as `angarium serve --dir` starts them, and what tests ask of them.

Everything that a server writes is read line by line, so that a test waits for what the server says and never sleeps.
A server and its workers are one process group, which ends with it.
"""

import contextlib
import imaplib
import json
import os
import poplib
import shutil
import signal
import smtplib
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

from tests.server.forkedcommands import ForkedCommands

ANGARIUM: Final = Path(sys.executable).with_name("angarium")
WAIT_S: Final = 20.0
LOOPBACK: Final = "127.0.0.1"
FREE_PORTS: Final = (
    "--port",
    "imap=0",
    "--port",
    "imaps=0",
    "--port",
    "pop3=0",
    "--port",
    "pop3s=0",
    "--port",
    "lmtp=0",
)

_PORT_TAKEN: Final = "in use"
_STARTS: Final = 3
_commands: Final = ForkedCommands()


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can log in."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended."""

    status: int
    output: str
    errors: str


class Endpoints(TypedDict):
    """`DIR/run/endpoints.json`."""

    services: list[dict[str, object]]
    users: list[dict[str, object]]
    pid: int


def run_angarium(*words: str | Path, stdin: str = "", run_as: str | None = None) -> Ended:
    """Run `angarium` to its end."""
    done = subprocess.run(
        [*_as_user(run_as), str(ANGARIUM), *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        start_new_session=True,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def run_client(*words: str | Path, stdin: str = "") -> Ended:
    """Run a command of `angarium` in a process that has imported it, without a terminal."""
    status, output, errors = _commands.run([str(word) for word in words], stdin=stdin.encode(), timeout_s=WAIT_S)
    return Ended(status, output.decode(errors="backslashreplace"), errors.decode(errors="backslashreplace"))


def _as_user(name: str | None) -> list[str]:
    """Words that give up root; `name` is a user of the machine."""
    if name is None:
        return []
    return ["setpriv", f"--reuid={name}", "--regid=nogroup", "--clear-groups"]


@contextlib.contextmanager
def directory_for_server() -> Iterator[Path]:
    """An absent directory with a name that is short, as paths of sockets must be, and with parents that any user may
    enter; removed in the end."""
    parent = Path(tempfile.mkdtemp(prefix="angarium-", dir="/tmp"))
    parent.chmod(0o777)
    try:
        yield parent / "d"
    finally:
        shutil.rmtree(parent)


class Output:
    """What a process prints, line by line."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._is_over = False
        self._changed = threading.Condition()

    def read(self, lines: Iterator[str]) -> None:
        """Take all there is; runs in a thread of its own."""
        for line in lines:
            with self._changed:
                self._lines.append(line.rstrip("\n"))
                self._changed.notify_all()
        with self._changed:
            self._is_over = True
            self._changed.notify_all()

    def wait_for(self, *words: str, after: int = 0) -> str:
        """The first line with all these words behind the first `after` lines; AssertionError where none comes."""
        return self.wait_for_lines(1, *words, after=after)[0]

    def wait_for_lines(self, number: int, *words: str, after: int = 0) -> list[str]:
        """The first lines with all these words behind the first `after` lines; AssertionError where fewer come."""
        deadline_s = time.monotonic() + WAIT_S
        found: list[str] = []
        looked_at = after
        with self._changed:
            while True:
                found += [line for line in self._lines[looked_at:] if all(word in line for word in words)]
                if len(found) >= number:
                    return found[:number]
                looked_at = max(after, len(self._lines))
                left_s = deadline_s - time.monotonic()
                if self._is_over or left_s <= 0:
                    raise AssertionError(f"{len(found)} of {number} lines with {words} in:\n{self.text}")
                self._changed.wait(left_s)

    def having(self, *words: str) -> list[str]:
        """The lines until now that have all these words."""
        with self._changed:
            return [line for line in self._lines if all(word in line for word in words)]

    def __len__(self) -> int:
        return len(self._lines)

    @property
    def text(self) -> str:
        return "\n".join(self._lines)


class RunningServer:
    """A server below one directory; it can be stopped, killed and started again on the same store."""

    def __init__(self, directory: Path, *, run_as: str | None = None) -> None:
        self.directory = directory
        self._run_as = run_as
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.output = Output()
        self.within: Sequence[str] = ()
        """Words in front of the command that starts it."""

    # Starting and ending

    def start(self) -> None:
        """Start, and wait until it serves; a port that another took since it was found free is chosen anew."""
        for attempt in range(1, _STARTS + 1):
            ports = FREE_PORTS if attempt > 1 or not (self.directory / "imapd.conf").exists() else ()
            self.launch(*ports)
            try:
                self.output.wait_for(" server_ready ")
            except AssertionError:
                self.kill()
                if attempt == _STARTS or _PORT_TAKEN not in self.output.text:
                    raise
            else:
                return

    def launch(self, *words: str) -> None:
        """Start, and wait for nothing."""
        assert self._process is None, "it runs already"
        self.output = Output()
        self._process = subprocess.Popen(
            [*self.within, *_as_user(self._run_as), str(ANGARIUM), "serve", "--dir", str(self.directory), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self.output.read, args=(self._process.stdout,), daemon=True)
        self._reader.start()

    def restart_with(self, options: str) -> None:
        """Stop, add options to imapd.conf, start."""
        self.stop()
        with (self.directory / "imapd.conf").open("a") as conf:
            conf.write(options)
        self.start()

    def stop(self) -> int:
        """Stop as an administrator does; gives the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait_ended()

    def wait_ended(self) -> int:
        """Wait for the end; gives the exit status."""
        assert self._process is not None
        try:
            return self._process.wait(timeout=WAIT_S)
        finally:
            self.kill()

    def kill(self) -> None:
        """End the master and all workers at once, as `kill -9` does."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._reader is not None
        self._reader.join(WAIT_S)
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process = None

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    @property
    def pid(self) -> int:
        """The master's."""
        assert self._process is not None
        return self._process.pid

    def workers(self) -> list[int]:
        """Pids of the processes that the master has started and that live."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(word) for word in children.split()]

    # Where it is, and who may enter

    @property
    def endpoints(self) -> Endpoints:
        found: Endpoints = json.loads((self.directory / "run" / "endpoints.json").read_text())
        return found

    def port(self, service: str) -> int:
        found = self._service(service)["port"]
        assert isinstance(found, int)
        return found

    def socket_path(self, service: str) -> str:
        found = self._service(service)["socket"]
        assert isinstance(found, str)
        return found

    def _service(self, name: str) -> dict[str, object]:
        return next(service for service in self.endpoints["services"] if service["name"] == name)

    @property
    def user(self) -> User:
        """The first user."""
        return self._first_user(is_admin=False)

    @property
    def admin(self) -> User:
        return self._first_user(is_admin=True)

    def _first_user(self, *, is_admin: bool) -> User:
        found = next(user for user in self.endpoints["users"] if user["admin"] is is_admin)
        return User(str(found["name"]), str(found["password"]))

    def command(self, *words: str | Path, stdin: str = "") -> Ended:
        """Run a command of `angarium` on this store."""
        words = (*words, "--dir", self.directory)
        if self._run_as is not None:
            return run_angarium(*words, stdin=stdin, run_as=self._run_as)
        return run_client(*words, stdin=stdin)

    def add_user(self, name: str) -> User:
        """Add a user while the server runs."""
        user = User(name, f"the-password-of-{name}")
        done = self.command("user", "add", name, "--password-stdin", stdin=f"{user.password}\n")
        assert done.status == 0, done
        return user

    # Connections

    def certificate(self) -> ssl.SSLContext:
        """Trust in the certificate that the server made for itself."""
        return ssl.create_default_context(cafile=str(self.directory / "tls" / "cert.pem"))

    @contextlib.contextmanager
    def imap(self, user: User | None = None) -> Iterator[imaplib.IMAP4]:
        """A session that is logged in."""
        user = user or self.user
        client = imaplib.IMAP4(LOOPBACK, self.port("imap"), timeout=WAIT_S)
        try:
            if user.name.isascii():
                client.login(user.name, user.password)
            else:  # for which imaplib has no LOGIN
                client.authenticate("PLAIN", lambda _: f"\0{user.name}\0{user.password}".encode())
            yield client
        finally:
            # A session that was logged out has closed its socket.
            with contextlib.suppress(OSError):
                client.shutdown()

    def log_in(self, user: User, service: str = "imap") -> str:
        """What the server answers to a login at `imap`, `imaps` (SASL's PLAIN) or `pop3` (USER and PASS)."""
        if service == "pop3":
            pop = poplib.POP3(LOOPBACK, self.port("pop3"), timeout=WAIT_S)
            try:
                pop.user(user.name)
                return pop.pass_(user.password).decode()
            except poplib.error_proto as error:
                return str(error)
            finally:
                pop.close()
        client: imaplib.IMAP4
        if service == "imaps":
            context = self.certificate()
            context.check_hostname = False
            client = imaplib.IMAP4_SSL(LOOPBACK, self.port("imaps"), ssl_context=context, timeout=WAIT_S)
        else:
            client = imaplib.IMAP4(LOOPBACK, self.port("imap"), timeout=WAIT_S)
        try:
            return client.authenticate("PLAIN", lambda _: f"\0{user.name}\0{user.password}".encode())[0]
        except client.error as error:
            return str(error)
        finally:
            with contextlib.suppress(OSError):
                client.shutdown()

    def open_sockets(self, services: dict[str, str]) -> Path:
        """Have services, by name with their `cmd`, listen at sockets of their name that any user may reach, as
        administrators do; gives the directory of these. All below DIR is private."""
        opened = self.directory.parent / "open"
        opened.mkdir(mode=0o755)
        owner = self.directory.stat()
        os.chown(opened, owner.st_uid, owner.st_gid)
        lines = "".join([f'  {name} cmd="{cmd}" listen="{opened}/{name}"\n' for name, cmd in services.items()])
        conf = self.directory / "cyrus.conf"
        conf.write_text(conf.read_text().replace("SERVICES {\n", f"SERVICES {{\n{lines}"))
        self.stop()
        self.start()
        return opened

    def lmtp(self) -> smtplib.LMTP:
        """A connection over TCP, past LHLO; also a context manager."""
        client = smtplib.LMTP(LOOPBACK, self.port("lmtp"), timeout=WAIT_S)
        client.ehlo_or_helo_if_needed()
        return client

    def deliver(self, *messages: bytes, recipient: str = "user@example.org") -> None:
        """Deliver messages over LMTP, all of which must be taken."""
        with self.lmtp() as client:
            for message in messages:
                client.sendmail("sender@example.org", [recipient], message)


@contextlib.contextmanager
def running_server(options: str = "", *, run_as: str | None = None) -> Iterator[RunningServer]:
    """A server on a new store, with more options in its imapd.conf where they are given."""
    with directory_for_server() as directory:
        server = RunningServer(directory, run_as=run_as)
        try:
            server.start()
            if options:
                server.restart_with(options)
            yield server
        finally:
            server.kill()


def wait_until(condition: Callable[[], bool], what: str, *, within_s: float = WAIT_S) -> None:
    """For what nobody announces: the end of another's process, a file of another program. Bounded."""
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, f"not in time: {what}"
        time.sleep(0.01)
