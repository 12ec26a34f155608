"""Scripts that run for what clients do in IMAP (RFC 6785), in a real server: annotated, triggered and seen by IMAP."""

import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import pytest
from tests.server.running import RunningServer, User, running_server, wait_until

_LETTER: Final = b"From: ann@example.org\r\nSubject: One\r\nMessage-ID: <%d@example.org>\r\n\r\nText\r\n"
_REQUIRE: Final = 'require ["imapsieve", "environment", "imap4flags", "fileinto", "copy"];\n'
_FLAGS: Final = re.compile(rb"FLAGS \(([^)]*)\)")


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


class Mailboxes:
    """A user's, over one connection that is told of what happens."""

    def __init__(self, server: RunningServer, user: User, client: imaplib.IMAP4) -> None:
        self.server = server
        self.user = user
        self.client = client

    def run_script(self, mailbox: str, text: str) -> None:
        """As a client annotates it."""
        done = self.server.command("sieve", "put", self.user.name, "events", "-", stdin=_REQUIRE + text)
        assert done.status == 0, done
        self.annotate(mailbox, '"events"')
        # With the first script of all a worker begins to look, and at nothing that was done before.
        self.server.output.wait_for(" event_scripts_led ")

    def annotate(self, mailbox: str, value: str) -> None:
        with self.server.imap(self.user) as client:
            answer, _ = client.xatom("SETMETADATA", mailbox, f"(/shared/imapsieve/script {value})")
            assert answer == "OK"

    def append(self, mailbox: str, number: int = 1) -> None:
        answer, _ = self.client.append(mailbox, "", "", _LETTER % number)
        assert answer == "OK"

    def flags(self, mailbox: str) -> list[set[bytes]]:
        """Of all messages; `\\Recent` is nobody's."""
        self.client.select(mailbox)
        _, data = self.client.fetch("1:*", "(FLAGS)")
        found = [_FLAGS.search(line) for line in data if isinstance(line, bytes)]
        return [set(each[1].split()) - {b"\\Recent"} for each in found if each is not None]

    def wait_for(self, mailbox: str, *expected: set[str]) -> None:
        wanted = [{flag.encode() for flag in flags} for flags in expected]
        wait_until(
            lambda: self.flags(mailbox) == wanted,
            f"{expected} in {mailbox}: {self.flags(mailbox)}\n{self.server.output.text[-3000:]}",
        )


@contextmanager
def _mailboxes(server: RunningServer, name: str) -> Iterator[Mailboxes]:
    user = server.add_user(name)
    with server.imap(user) as client:
        client.create("Archive")
        yield Mailboxes(server, user, client)


def test_append_copy_and_flags_each_run_the_script_of_the_mailbox(server: RunningServer) -> None:
    with _mailboxes(server, "events1") as user:
        user.run_script(
            "Archive",
            """
            if environment "imap.cause" "APPEND" { addflag "Appended"; }
            elsif environment "imap.cause" "COPY" { addflag "Copied"; }
            elsif environment :contains "imap.changedflags" "\\\\Flagged" { addflag "Changed"; }
            """,
        )
        user.append("Archive")
        user.wait_for("Archive", {"Appended"})
        user.append("INBOX")
        user.client.select("INBOX")
        user.client.copy("1", "Archive")
        user.client.select("INBOX")
        user.client.xatom("MOVE", "1", "Archive")
        user.wait_for("Archive", {"Appended"}, {"Copied"}, {"Copied"})
        user.client.store("1,3", "+FLAGS", "(\\Flagged)")
        changed = [{"Appended", "Changed", "\\Flagged"}, {"Copied"}, {"Copied", "Changed", "\\Flagged"}]
        user.wait_for("Archive", *changed)
        user.server.deliver(_LETTER % 7, recipient=user.user.name)
        user.append("Archive", 2)
        user.wait_for("Archive", *changed, {"Appended"})


def test_a_session_is_told_of_what_its_script_did(server: RunningServer) -> None:
    with _mailboxes(server, "events2") as user:
        user.run_script("INBOX", 'fileinto "Archive"; addflag "Never";')
        user.append("INBOX")
        user.client.select("INBOX")

        def told() -> bool:
            user.client.noop()
            _, data = user.client.response("FETCH")
            return any(b"\\Deleted" in line for line in data if isinstance(line, bytes)) or (
                b"\\Deleted" in user.flags("INBOX")[0]
            )

        wait_until(told, user.server.output.text[-3000:])
        user.wait_for("Archive", set())


def test_no_script_runs_once_it_is_not_annotated_any_more(server: RunningServer) -> None:
    with _mailboxes(server, "events3") as user:
        user.run_script("INBOX", 'addflag "Filtered";')
        user.append("INBOX")
        user.wait_for("INBOX", {"Filtered"})
        user.annotate("INBOX", "NIL")
        user.append("INBOX", 2)
        user.run_script("Archive", 'addflag "Filtered";')
        user.append("Archive")
        user.wait_for("Archive", {"Filtered"})
        user.wait_for("INBOX", {"Filtered"}, set())


def test_the_capability_names_the_service_that_manages_scripts(server: RunningServer) -> None:
    with server.imap() as client:
        (said,) = [str(each) for each in client.capabilities if "IMAPSIEVE" in str(each).upper()]
    assert said.upper().startswith("IMAPSIEVE=SIEVE://")
    assert said.endswith(f":{server.port('sieve')}")


def test_a_kill_in_the_midst_of_many_messages_loses_none_and_doubles_none() -> None:
    with running_server() as server:
        with _mailboxes(server, "events6") as user:
            user.run_script("INBOX", 'fileinto :copy "Archive"; addflag "Filtered";')
            user.client.create("Source")
            for number in range(120):
                user.append("Source", number)
            user.client.select("Source")
            for _ in range(2):
                user.client.copy("1:*", "INBOX")
            wait_until(lambda: len(user.flags("Archive")) > 30, "some are filed")
        for kills in range(2):
            server.kill()
            server.start()
            with server.imap(user.user) as client:
                again = Mailboxes(server, user.user, client)
                wait_until(lambda: len(again.flags("Archive")) > 90 * (kills + 1), "it goes on")  # noqa: B023
        with server.imap(user.user) as client:
            again = Mailboxes(server, user.user, client)
            again.wait_for("INBOX", *[{"Filtered"}] * 240)
            assert len(again.flags("Archive")) == 240
