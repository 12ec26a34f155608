"""`kill -9` during deliveries by scripts: senders try again, as MTAs do, and in the end all is there once.

Each message is filed into two mailboxes and sent on. What was acknowledged must be in both, once; the quota must be the
sum of what is there; and what is sent on must have come to the program of `sendmail`, if more than once, then the same.
"""

import contextlib
import os
import re
import signal
import smtplib
import threading
from collections import Counter
from pathlib import Path
from random import Random
from typing import Self

from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, running_server, wait_until

SENDERS = 3
KILLS = 6
ACKNOWLEDGED_BETWEEN_KILLS = 8
SCRIPT = 'require ["fileinto","copy"]; fileinto :copy "copies"; redirect :copy "elsewhere@example.net";'
_ID = re.compile(rb"^Message-ID: <([0-9-]+)@example\.org>\r$", re.MULTILINE | re.IGNORECASE)


class Senders:
    """Send messages until each is acknowledged, over new connections where old ones are lost."""

    def __init__(self, server: RunningServer, user: User) -> None:
        self._server = server
        self._user = user
        self._port = server.port("lmtp")
        self._threads = [threading.Thread(target=self._send_all, args=(number,)) for number in range(SENDERS)]
        self._changed = threading.Condition()
        self._is_over = False
        self._allowed = 0
        """How many messages may be begun; what is to be sent on goes one after another, and is waited for."""
        self._begun = 0
        self.acknowledged: set[bytes] = set()
        self.attempts = 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, messages: int) -> None:
        with self._changed:
            wanted = len(self.acknowledged) + messages
            self._allowed = wanted + SENDERS
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= wanted, WAIT_S), (
                f"{len(self.acknowledged)} of {wanted}\n{self._server.output.text[-3000:]}"
            )

    def _send_all(self, sender: int) -> None:
        number = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_over or self._begun < self._allowed)
                if self._is_over:
                    return
                self._begun += 1
            number += 1
            self._send(f"{sender}-{number}", Random(f"{sender}-{number}"))

    def _send(self, name: str, random: Random) -> None:
        """What was begun is carried through, also when all is over: else nobody knew whether it is there."""
        body = "x" * 70 + "\r\n"
        message = f"Subject: {name}\r\nMessage-ID: <{name}@example.org>\r\n\r\n{body * random.choice((1, 20, 1000))}"
        while True:
            self.attempts += 1
            try:
                with smtplib.LMTP(LOOPBACK, self._port, timeout=WAIT_S) as client:
                    client.sendmail("a@example.org", [self._user.name], message.encode())
            except smtplib.SMTPResponseException as error:
                codes = [error.smtp_code]
            except smtplib.SMTPRecipientsRefused as error:
                codes = [code for code, _ in error.recipients.values()]
            except OSError:
                continue
            else:
                break
            assert all(code < 500 for code in codes), codes
        with self._changed:
            self.acknowledged.add(name.encode())
            self._changed.notify_all()


def ids_in(server: RunningServer, user: User, mailbox: str) -> tuple[Counter[bytes], int]:
    """The messages of a mailbox by id, and their octets."""
    with server.imap(user) as client:
        client.select(mailbox, readonly=True)
        _, data = client.fetch("1:*", "(RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
    found: Counter[bytes] = Counter()
    octets = 0
    for item in data:
        if isinstance(item, tuple):
            found[_ID.findall(item[1])[0]] += 1
            octets += int(re.findall(rb"RFC822.SIZE (\d+)", item[0])[0])
    return found, octets


def storage_used(server: RunningServer, user: User) -> int:
    with server.imap(user) as client:
        _, (_, quotas) = client.getquotaroot("INBOX")
    return int(re.findall(rb"STORAGE (\d+)", quotas[0])[0])


def test_what_scripts_do_is_done_once_whatever_is_killed() -> None:
    with running_server() as server:
        sent = server.directory.parent / "sent"
        sent.mkdir(mode=0o777)
        sent.chmod(0o777)
        program = server.directory.parent / "sendmail"
        program.write_text(f"#!/bin/sh\nexec cat > {sent}/$$.$(date +%N)\n")
        program.chmod(0o755)
        server.restart_with(f"sendmail: {program}\n")
        user = server.add_user("filtered")
        put = server.command("sieve", "put", user.name, "main", "-", stdin=SCRIPT)
        assert put.status == 0, put
        assert server.command("sieve", "activate", user.name, "main").status == 0
        with server.imap(user) as client:
            client.create("copies")
        with server.imap(server.admin) as admin:
            admin.setquota(f"user/{user.name}", "(STORAGE 1000000)")

        random = Random(11)
        with Senders(server, user) as senders:
            for number in range(KILLS):
                senders.wait_for_more(ACKNOWLEDGED_BETWEEN_KILLS)
                if number % 3 == 2:
                    server.kill()
                    server.start()
                else:
                    _kill_a_worker(server, random)
            senders.wait_for_more(ACKNOWLEDGED_BETWEEN_KILLS)

        assert senders.attempts > len(senders.acknowledged), "no delivery was disturbed"
        octets = 0
        for mailbox in ("INBOX", "copies"):
            found, size_octets = ids_in(server, user, mailbox)
            octets += size_octets
            assert found.keys() == senders.acknowledged
            assert set(found.values()) == {1}, f"{found.most_common(3)} in {mailbox}"
        used_kib = storage_used(server, user)
        assert used_kib in (octets // 1024, -(-octets // 1024))

        wait_until(lambda: _ids_sent(sent).keys() >= senders.acknowledged, "all is sent on")
        wait_until(lambda: "empty" in server.command("queue", "list").errors, "the queue is empty")
        assert _ids_sent(sent).keys() == senders.acknowledged
        assert not list((server.directory / "spool").rglob("queue/*/*/*")), "no file is left of the queue"


def _ids_sent(directory: Path) -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    for path in directory.iterdir():
        with contextlib.suppress(FileNotFoundError):
            found.update(_ID.findall(path.read_bytes())[:1])
    return found


def _kill_a_worker(server: RunningServer, random: Random) -> None:
    before = len(server.output)
    victim = random.choice(_workers(server))
    os.kill(victim, signal.SIGKILL)
    server.output.wait_for(" worker_exited ", f"worker={victim}", after=before)
    wait_until(lambda: len(_workers(server)) == 2, "there are two workers")


def _workers(server: RunningServer) -> list[int]:
    """Those that serve: the master's other children run `sendmail`, or are about to, and have no threads."""
    return [pid for pid in server.workers() if _threads_of(pid) > 1]


def _threads_of(pid: int) -> int:
    try:
        return len(os.listdir(f"/proc/{pid}/task"))
    except FileNotFoundError:
        return 0
