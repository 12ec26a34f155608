"""Events of a real server (RFC 5423): told to a program, a socket and a web server, and told again after a kill."""

import json
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar, Final

from tests.server.running import LOOPBACK, RunningServer, directory_for_server, running_server, wait_until

_LETTER: Final = b"From: ann@example.org\r\nSubject: One\r\nMessage-ID: <one@example.org>\r\n\r\nText\r\n"
_ALL: Final = (
    "event_groups: message quota flags access mailbox subscription\n"
    "event_extra_params: timestamp service clientAddress modseq messageSize messages uidnext flagNames"
    " vnd.cmu.unseenMessages vnd.cmu.midset vnd.cmu.sessionId bodyStructure vnd.cmu.envelope\n"
)
Event = dict[str, Any]  # Any: what JSON holds


def _letter(number: int) -> bytes:
    return _LETTER.replace(b"<one@", b"<%d@" % number)


class Told:
    """A program that appends what it is told to a file."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "told"
        self.program = directory / "notify"
        directory.chmod(0o777)
        self.program.write_text(f"""#!/bin/sh
event=$(cat)
printf '%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\t%s\\n%s\\n' "$@" "$event" >> {self.path}
""")
        self.program.chmod(0o755)

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def events(self) -> list[Event]:
        """In the order in which they were told."""
        return [json.loads(line) for line in self.lines[1::2]]

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events() if event["event"] == name]

    def wait_for(self, name: str, count: int = 1) -> list[Event]:
        wait_until(lambda: len(self.named(name)) >= count, f"{count} of {name} in {self.lines}")
        return self.named(name)


@contextmanager
def _telling(options: str = _ALL) -> Iterator[tuple[RunningServer, Told]]:
    with directory_for_server() as directory:
        directory.mkdir()
        told = Told(directory)
        with running_server(f"event_notifier: external\nnotify_external: {told.program}\n{options}") as server:
            yield server, told


def test_everything_that_a_client_does_is_told() -> None:
    with _telling() as (server, told), server.imap() as client:
        user = server.user.name
        (login,) = told.wait_for("Login")
        assert (login["user"], login["serverPort"], login["serverDomain"]) == (user, server.port("imap"), LOOPBACK)
        assert login["clientAddress"] == LOOPBACK
        client.append("INBOX", "\\Flagged", "", _LETTER)
        (append,) = told.wait_for("MessageAppend")
        assert append["user"] == user
        assert append["messageSize"] == len(_LETTER)
        assert append["uri"].endswith(f"/user/{user};UIDVALIDITY={_uidvalidity(append)}/;UID=1")
        assert append["flagNames"] == "\\Flagged"
        assert append["vnd.cmu.midset"] == ["<one@example.org>"]
        assert append["bodyStructure"].upper().startswith('("TEXT" "PLAIN"')
        assert (append["messages"], append["uidnext"], append["vnd.cmu.unseenMessages"]) == (1, 2, 1)
        assert append["service"] == "imap"
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS", "(\\Seen $Label)")
        (read,) = told.wait_for("MessageRead")
        assert (read["uidset"], read["vnd.cmu.unseenMessages"]) == ("1", 0)
        assert [event["flagNames"] for event in told.wait_for("FlagsSet")] == ["$Label"]
        client.uid("STORE", "1", "-FLAGS", "(\\Seen \\Flagged)")
        assert told.wait_for("FlagsClear")[0]["flagNames"] == "\\Flagged \\Seen"
        client.create("Work")
        (created,) = told.wait_for("MailboxCreate")
        assert created["uri"].split(";")[0].endswith(f"/user/{user}/Work")
        client.uid("COPY", "1", "Work")
        (copy,) = told.wait_for("vnd.cmu.MessageCopy")
        assert (copy["uidset"], copy["vnd.cmu.oldUidset"], copy["mailboxID"]) == ("1", "1", created["mailboxID"])
        assert copy["oldMailboxID"].split(";")[0].endswith(f"/user/{user}")
        client.uid("MOVE", "1", "Work")
        (move,) = told.wait_for("vnd.cmu.MessageMove")
        assert (move["uidset"], move["vnd.cmu.oldUidset"]) == ("2", "1")
        client.select("Work")
        client.uid("STORE", "1", "+FLAGS", "(\\Deleted)")
        assert told.wait_for("MessageTrash")[0]["uidset"] == "1"
        client.expunge()
        assert told.wait_for("MessageExpunge")[0]["uidset"] == "1"
        client.subscribe("Work")
        assert told.wait_for("MailboxSubscribe")[0]["uri"].endswith(f"/user/{user}/Work")
        client.unsubscribe("Work")
        told.wait_for("MailboxUnSubscribe")
        client.setacl("Work", "bob", "lr")
        (acl,) = told.wait_for("AclChange")
        assert (acl["aclSubject"], acl["aclRights"]) == ("bob", "lr")
        client.unselect()
        client.rename("Work", "Play")
        (rename,) = told.wait_for("MailboxRename")
        assert rename["oldMailboxID"].split(";")[0].endswith("/Work")
        assert rename["uri"].split(";")[0].endswith("/Play")
        client.delete("Play")
        assert told.wait_for("MailboxDelete")[0]["uri"].split(";")[0].endswith("/Play")
        server.deliver(_LETTER, recipient=user)
        (new,) = told.wait_for("MessageNew")
        assert (new["user"], new["service"]) == (user, "lmtp")
        with server.imap(server.admin) as admin:
            admin.setquota(f"user/{user}", "(STORAGE 1)")
            (quota,) = told.wait_for("QuotaChange")
            assert quota["diskQuota"] == 1
        client.logout()
        told.wait_for("Logout")
        assert not told.named("MessageExpire")
        ids = [event["vnd.angarium.eventId"] for event in told.events()]
        assert len(ids) == len(set(ids))
        assert told.lines[0].split("\t")[:5] == ["-c", "EVENT", "-p", "", "-u"]


def _uidvalidity(event: Event) -> str:
    return str(event["uri"].partition(";UIDVALIDITY=")[2].partition("/")[0])


def test_a_full_mailbox_is_told_of() -> None:
    with _telling() as (server, told), server.imap(server.admin) as admin:
        user = server.user.name
        admin.setquota(f"user/{user}", "(STORAGE 1)")
        server.deliver(_letter(1) + b"x" * 2000 + b"\r\n", recipient=user)
        with server.imap() as client:
            status, _ = client.append("INBOX", "", "", _LETTER)
            assert status == "NO"
            exceeded = told.wait_for("QuotaExceed")[0]
            assert (exceeded["diskQuota"], exceeded["user"]) == (1, user)
            client.select("INBOX")
            client.store("1", "+FLAGS", "(\\Deleted)")
            client.expunge()
            assert told.wait_for("QuotaWithin")[0]["diskUsed"] == 0


def test_a_client_of_another_worker_is_told_of_too() -> None:
    with _telling("workers: 2\n") as (server, told):
        for number in range(20):
            server.deliver(_letter(number), recipient=server.user.name)
            told.wait_for("MessageNew", number + 1)
        assert [event["uri"].rpartition("=")[2] for event in told.events()] == [str(uid) for uid in range(1, 21)]


def test_kills_lose_no_event_and_repetitions_have_the_same_id() -> None:
    with _telling("workers: 2\n") as (server, told):
        sent = 0
        for _ in range(4):
            server.deliver(*[_letter(number) for number in range(sent, sent + 5)], recipient=server.user.name)
            sent += 5
            wait_until(lambda: bool(_leading(server)), "a worker has the lock")
            for worker in _leading(server):
                os.kill(worker, signal.SIGKILL)
        server.kill()
        server.start()
        by_id: dict[str, str] = {}

        def uids() -> set[str]:
            for event in told.named("MessageNew"):
                uid = event["uri"].rpartition("=")[2]
                assert by_id.setdefault(event["vnd.angarium.eventId"], uid) == uid
            return set(by_id.values())

        wait_until(lambda: uids() == {str(uid) for uid in range(1, sent + 1)}, "all are told")
        assert len(by_id) == sent


def _leading(server: RunningServer) -> list[int]:
    """The worker that has the lock of the events, as the kernel lists locks."""
    found = [path.stat().st_ino for path in server.directory.rglob("events.lock")]
    inode = str(found[0]) if found else "none"
    locks = [line.split() for line in Path("/proc/locks").read_text().splitlines() if "->" not in line]
    holders = [int(words[4]) for words in locks if words[1] == "FLOCK" and words[5].endswith(f":{inode}")]
    return [pid for pid in holders if pid in server.workers()]


class _Hook(BaseHTTPRequestHandler):
    received: ClassVar[list[Event]]
    statuses: ClassVar[list[int]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.statuses.pop(0) if self.statuses else 204
        if status == 204:
            self.received.append(json.loads(body))
        self.send_response(status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_dead_receiver_holds_up_no_other_and_hears_all_when_it_is_back() -> None:
    class Hook(_Hook):
        received: ClassVar[list[Event]] = []
        statuses: ClassVar[list[int]] = [503, 503, 302]

    with directory_for_server() as directory, HTTPServer((LOOPBACK, 0), Hook) as web:
        directory.mkdir()
        thread = threading.Thread(target=web.serve_forever, args=(0.01,))
        thread.start()
        path = directory / "events"
        options = (
            f"event_notifier: socket webhook\nnotifysocket: {path}\nevent_socket_format: json\n"
            f"event_webhook: http://{LOOPBACK}:{web.server_port}/hook\n"
        )
        try:
            with running_server(options) as server, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
                server.deliver(*[_letter(number) for number in range(3)], recipient=server.user.name)
                wait_until(lambda: len(Hook.received) == 3, "the web server is told")
                server.output.wait_for("event_sink_failed", "socket")
                server.kill()
                receiver.bind(str(path))
                path.chmod(0o777)
                receiver.settimeout(20)
                server.start()
                heard = [json.loads(receiver.recv(65536)) for _ in range(3)]
        finally:
            web.shutdown()
            thread.join()
    assert [event["uri"].rpartition("=")[2] for event in heard] == ["1", "2", "3"]
    # What was not noted before the kill is told again.
    assert _ids(Hook.received[:3]) == _ids(heard)
    assert set(_ids(Hook.received)) == set(_ids(heard))


def _ids(events: list[Event]) -> list[str]:
    return [event["vnd.angarium.eventId"] for event in events]


def test_nothing_is_opened_where_nobody_is_to_be_told(server: RunningServer) -> None:
    server.deliver(_LETTER, recipient=server.user.name)
    assert not list(server.directory.rglob("events.*"))
