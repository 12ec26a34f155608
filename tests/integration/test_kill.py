"""`kill -9` of a worker, and of everything, during a load of deliveries: what LMTP acknowledged is there once."""

import contextlib
import os
import re
import signal
import smtplib
import threading
from collections import Counter
from random import Random
from typing import Self

from tests.server.imapwire import ImapWire, parse_uids
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User, wait_until

SENDERS = 4
KILLS = 12
ACKNOWLEDGED_BETWEEN_KILLS = 15


class Load:
    """Senders that deliver messages of many sizes until they are told to stop, and go on after every lost connection.

    A message is sent once: what the server did not acknowledge may be there or not, and is not sent again.
    """

    def __init__(self, server: RunningServer, recipients: list[User]) -> None:
        self._server = server
        self._port = server.port("lmtp")
        self._recipients = recipients
        self._threads = [threading.Thread(target=self._send_all, args=(number,)) for number in range(SENDERS)]
        self._changed = threading.Condition()
        self._is_over = False
        self.begun: dict[bytes, User] = {}
        """Recipients by body, of all messages that were handed over."""
        self.acknowledged: set[bytes] = set()
        self.lost_connections = 0
        self.refused: list[str] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._is_over = True
        for thread in self._threads:
            thread.join()

    def wait_for_more(self, messages: int) -> None:
        """Until so many more are acknowledged."""
        with self._changed:
            wanted = len(self.acknowledged) + messages
            assert self._changed.wait_for(lambda: len(self.acknowledged) >= wanted, WAIT_S), (
                f"{len(self.acknowledged)} of {wanted} were acknowledged: {self.refused[-5:]}\n"
                f"{self._server.output.text[-3000:]}"
            )

    def _send_all(self, sender: int) -> None:
        random = Random(sender)
        number = 0
        while not self._is_over:
            try:
                with smtplib.LMTP(LOOPBACK, self._port, timeout=WAIT_S) as client:
                    while not self._is_over:
                        number += 1
                        self._send(client, random, f"{sender}-{number}")
            except (OSError, smtplib.SMTPException) as error:
                with self._changed:
                    self.lost_connections += 1
                if isinstance(error, smtplib.SMTPResponseException):
                    self.refused.append(str(error))

    def _send(self, client: smtplib.LMTP, random: Random, name: str) -> None:
        lines = random.choice((1, 30, 1000, 5000))
        body = b"".join([f"Message {name}, {random.getrandbits(256):064x}\r\n".encode() for _ in range(lines)])
        recipient = random.choice(self._recipients)
        with self._changed:
            self.begun[body] = recipient
        client.sendmail(f"{name}@example.org", [recipient.name], _header(name) + body)
        with self._changed:
            self.acknowledged.add(body)
            self._changed.notify_all()


_HEADER = (
    rb"From: a@example\.org\r\nDate: Sat, 14 Nov 2026 10:11:12 \+0100\r\nMessage-ID: <[0-9-]+@example\.org>\r\n\r\n"
)


def _header(name: str) -> bytes:
    return (
        f"From: a@example.org\r\nDate: Sat, 14 Nov 2026 10:11:12 +0100\r\nMessage-ID: <{name}@example.org>\r\n\r\n"
    ).encode()


def delivered_to(server: RunningServer, user: User) -> Counter[bytes]:
    """Bodies in the INBOX; whatever stands before them must be our trace and the header as it was sent."""
    wire = ImapWire(LOOPBACK, server.port("imap"), timeout_s=WAIT_S)
    found: Counter[bytes] = Counter()
    uids: list[int] = []
    with contextlib.closing(wire):
        for command in (f"LOGIN {user.name} {user.password}", "SELECT INBOX", "UID FETCH 1:* BODY.PEEK[]"):
            tag = wire.new_tag()
            wire.send(f"{tag} {command}\r\n".encode())
            for response in wire.receive_until(tag):
                literal = re.search(rb" FETCH \(.*?BODY\[\] \{(\d+)\}\r\n", response.octets, re.DOTALL)
                if literal is not None:
                    message = response.octets[literal.end() : literal.end() + int(literal[1])]
                    header = re.match(
                        rb"Return-Path: .*?Received: .*?X-Sieve: [^\n]*\r\n" + _HEADER, message, re.DOTALL
                    )
                    assert header, f"not as it was sent: {message[:500]!r}"
                    found[message[header.end() :]] += 1
                    uid = re.search(rb"UID (\d+)", response.octets[: literal.end()])
                    uids += parse_uids(uid[1]) if uid else []
            assert response.octets.startswith(b"OK "), response
    assert len(uids) == sum(found.values()) == len(set(uids))
    return found


def kill_a_worker(server: RunningServer, random: Random) -> None:
    """Kill one, and wait for the one in its place."""
    before = len(server.output)
    victim = random.choice(server.workers())
    os.kill(victim, signal.SIGKILL)
    server.output.wait_for(" worker_exited ", f"worker={victim}", after=before)
    wait_until(lambda: len(server.workers()) == 2, "there are two workers")


def kill_everything(server: RunningServer) -> None:
    server.kill()
    server.start()


def test_what_was_acknowledged_is_there_once_after_kills(shared_server: RunningServer) -> None:
    server = shared_server
    recipients = [server.add_user(name) for name in ("anna", "bert")]
    random = Random(7)
    with Load(server, recipients) as load:
        for number in range(KILLS):
            load.wait_for_more(ACKNOWLEDGED_BETWEEN_KILLS)
            if number % 3 == 2:
                kill_everything(server)
            else:
                kill_a_worker(server, random)
        load.wait_for_more(ACKNOWLEDGED_BETWEEN_KILLS)

    assert load.lost_connections >= KILLS / 3, "no delivery was disturbed"
    for user in recipients:
        found = delivered_to(server, user)
        sent = {body for body, recipient in load.begun.items() if recipient == user}
        acknowledged = load.acknowledged & sent
        assert not acknowledged - found.keys(), f"{len(acknowledged - found.keys())} acknowledged messages are lost"
        assert not found.keys() - sent, "a message is not as it was sent"
        assert set(found.values()) == {1}, "a message is there twice"
    assert not server.output.having("Traceback")
