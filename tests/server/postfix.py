"""Debian's Postfix as an instance of its own: private configuration, queue, data and log, one port on loopback.

It sends everything for `example.org` to the given LMTP transport, and has nothing else to send to. Needs root.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.server.running import LOOPBACK, WAIT_S, wait_until

_MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {directory}/queue
data_directory = {directory}/data
maillog_file = {directory}/log
maillog_file_prefixes = {directory}
myhostname = mta.example.net
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.org
virtual_transport = {transport}
default_transport = error:there is no other host
message_size_limit = 0
virtual_mailbox_limit = 0
recipient_delimiter = +
"""

_MASTER_CF = """\
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running instance."""

    directory: Path
    port: int

    @property
    def log(self) -> str:
        """What it has logged."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, *words: str) -> None:
        """Until a line of the log has all these words."""
        wait_until(
            lambda: any(all(word in line for word in words) for line in self.log.splitlines()),
            f"{words!r} in the log:\n{self.log[-2000:]}",
        )

    def wait_for_removed(self, messages: int, *, within_s: float = WAIT_S) -> None:
        """Until so many messages have left the queue since the start: delivered, or given back by another message."""

        def are_removed() -> bool:
            return self.log.count(": removed\n") >= messages

        what = f"{messages} messages have left the queue; the log:\n{self.log[-2000:]}"
        wait_until(are_removed, what, within_s=within_s)

    def wait_for_deferred(self, messages: int) -> None:
        """Until so many messages wait in the queue for another attempt, so that `flush` finds them."""
        deferred = self.directory / "queue" / "deferred"
        wait_until(
            lambda: sum(path.is_file() for path in deferred.rglob("*")) == messages,
            f"{messages} messages are deferred; the log:\n{self.log[-2000:]}",
        )

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """It takes nothing and delivers nothing."""
        _postfix(self.directory, "stop")
        try:
            yield
        finally:
            _postfix(self.directory, "start")

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Whoever connects gets no word from it."""
        # The master leads a process group with all that it has started.
        master = int((self.directory / "queue" / "pid" / "master.pid").read_text())
        os.killpg(master, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(master, signal.SIGCONT)

    def flush(self) -> None:
        """Try again now what was put off."""
        _postfix(self.directory, "flush")

    def sendmail(self) -> Path:
        """The program that gives mail to this instance; works in `namespace` alone, but for root."""
        program = self.directory / "sendmail"
        program.write_text(f'#!/bin/sh\nexec /usr/sbin/sendmail -C {self.directory} "$@"\n')
        program.chmod(0o755)
        return program

    def namespace(self) -> tuple[str, ...]:
        """Words in front of a command, for which the machine's own main.cf knows of this instance then: else Postfix
        lets none but root name another instance."""
        known = self.directory / "machine.cf"
        known.write_text(f"compatibility_level = 3.6\nalternate_config_directories = {self.directory}\n")
        mount = f'mount --bind {known} /etc/postfix/main.cf && exec "$@"'
        return ("unshare", "--mount", "--propagation", "private", "sh", "-c", mount, "sh")


@contextlib.contextmanager
def running_postfix(transport: str, *, options: str = "") -> Iterator[Postfix]:
    """Start an instance, with more options in its main.cf where they are given, and stop it in the end."""
    directory = Path(tempfile.mkdtemp(prefix="postfix-", dir="/tmp"))
    directory.chmod(0o755)
    try:
        (directory / "queue").mkdir()
        (directory / "data").mkdir()
        shutil.chown(directory / "data", "postfix")
        port = _free_port()
        (directory / "main.cf").write_text(_MAIN_CF.format(directory=directory, transport=transport) + options)
        (directory / "master.cf").write_text(_MASTER_CF.format(port=f"{LOOPBACK}:{port}"))
        _postfix(directory, "start")
        try:
            yield Postfix(directory, port)
        finally:
            _postfix(directory, "stop")
    finally:
        shutil.rmtree(directory)


def _postfix(directory: Path, verb: str) -> None:
    done = subprocess.run(
        ["/usr/sbin/postfix", "-c", str(directory), verb],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    log = directory / "log"
    assert done.returncode == 0, f"{done.stdout}{log.read_text() if log.exists() else ''}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])
