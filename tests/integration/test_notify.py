"""NOTIFY over the workers of a real server: what one of them changes, clients of the others are told."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.server.imapwire import ImapWire
from tests.server.running import LOOPBACK, RunningServer

_CLIENTS = 12
_PATIENCE_S = 10.0


@contextmanager
def _client(server: RunningServer) -> Iterator[ImapWire]:
    wire = ImapWire(LOOPBACK, server.port("imap"), timeout_s=_PATIENCE_S)
    try:
        _ask(wire, f"LOGIN {server.user.name} {server.user.password}")
        yield wire
    finally:
        wire.close()


def _ask(wire: ImapWire, command: str) -> list[bytes]:
    tag = wire.new_tag()
    wire.send(f"{tag} {command}\r\n".encode())
    *lines, answer = [response.octets for response in wire.receive_until(tag)]
    assert answer.startswith(b"OK"), answer
    return lines


def _line(wire: ImapWire) -> str:
    """What is told next."""
    response = wire.receive()
    return f"{response.tag} {response.octets.decode()}".removesuffix("\r\n")


def _connections_of(pid: int, port: int) -> int:
    """How many established connections to a port a process holds."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[1].endswith(f":{port:04X}") and words[3] == "01":
                inodes.add(f"socket:[{words[9]}]")
    held = 0
    for entry in os.scandir(f"/proc/{pid}/fd"):
        try:
            held += os.readlink(entry.path) in inodes
        except FileNotFoundError:
            continue
    return held


def test_a_delivery_by_any_worker_is_told_by_all(server: RunningServer) -> None:
    with ExitStack() as clients:
        wires = [clients.enter_context(_client(server)) for _ in range(_CLIENTS)]
        port = server.port("imap")
        assert len([pid for pid in server.workers() if _connections_of(pid, port)]) > 1, "one worker has them all"
        for wire in wires:
            _ask(wire, "NOTIFY SET (selected (MessageNew (UID) MessageExpunge)) (personal (MessageNew MessageExpunge))")
        for wire in wires[::2]:
            _ask(wire, "SELECT INBOX")
        server.deliver(b"Subject: One\r\n\r\nText\r\n", recipient=server.user.name)
        for wire in wires[::2]:
            assert _line(wire) == "* 1 EXISTS"
            assert _line(wire).endswith(" RECENT")
            assert _line(wire) == "* 1 FETCH (UID 1)"
        for wire in wires[1::2]:
            assert _line(wire).startswith("* STATUS INBOX (MESSAGES 1 UIDNEXT 2 ")


def test_names_and_rights_are_told_by_all(server: RunningServer) -> None:
    other = server.add_user("other")
    with ExitStack() as clients:
        wires = [clients.enter_context(_client(server)) for _ in range(_CLIENTS)]
        for wire in wires:
            _ask(wire, 'NOTIFY SET (personal (MailboxName)) (subtree "Other Users" (MailboxName))')
        with server.imap() as client:
            client.create("Work")
        for wire in wires:
            assert _line(wire) == '* LIST (\\HasNoChildren) "/" Work'
        with server.imap(other) as client:
            client.create("Shared")
            client.setacl("Shared", server.user.name, "lr")
        for wire in wires:
            assert _line(wire) == '* LIST (\\HasNoChildren) "/" "Other Users/other/Shared"'
