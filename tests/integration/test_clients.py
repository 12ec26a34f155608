"""Clients over TLS, in IDLE, and several on one mailbox in different workers."""

import imaplib
import itertools
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.integration.letters import note
from tests.server.clientmodel import parse_fetch
from tests.server.imapwire import ImapWire, Response
from tests.server.running import LOOPBACK, WAIT_S, RunningServer, User

_CONNECTIONS_MAX = 60
_NUMBERS = itertools.count(1)


class Session:
    """A connection that is logged in; it says which worker serves it."""

    def __init__(self, server: RunningServer, user: User) -> None:
        self._wire = ImapWire(LOOPBACK, server.port("imap"), timeout_s=WAIT_S)
        self._wire.receive()
        self._tag = ""
        code = self.ask(f"LOGIN {user.name} {user.password}")[-1].octets.decode()
        session = re.search(r"SESSIONID=<([^>]+)>", code)
        assert session is not None, code
        line = server.output.wait_for(" login ", session[1])
        self.worker = int(re.search(r"imap\[(\d+)\]", line)[1])  # type: ignore[index]

    def close(self) -> None:
        self._wire.close()

    def ask(self, command: str, literal: bytes = b"") -> list[Response]:
        """All responses, the tagged one last; it must be OK."""
        self.send(command, literal)
        responses = list(self._wire.receive_until(self._tag))
        assert responses[-1].octets.startswith(b"OK "), responses
        return responses

    def send(self, command: str, literal: bytes = b"") -> None:
        self._tag = self._wire.new_tag()
        self._wire.send(f"{self._tag} {command}\r\n".encode() + (literal + b"\r\n" if literal else b""))

    def idle(self) -> None:
        self.send("IDLE")
        while self._wire.receive().tag != "+":
            pass

    def hear(self, *wanted: bytes) -> list[bytes]:
        """Untagged responses until each of these has come."""
        heard: list[bytes] = []
        while not all(any(octets.startswith(each) for octets in heard) for each in wanted):
            heard.append(self._wire.receive().octets)
        return heard

    def done(self) -> list[Response]:
        self._wire.send(b"DONE\r\n")
        responses = list(self._wire.receive_until(self._tag))
        assert responses[-1].octets.startswith(b"OK "), responses
        return responses

    def append(self, message: bytes) -> None:
        self.ask(f"APPEND INBOX {{{len(message)}+}}", message)


def told(responses: list[Response]) -> list[bytes]:
    """What the untagged responses say, RECENT aside, which belongs to one session."""
    lines = [response.octets.rstrip(b"\r\n") for response in responses if response.tag == "*"]
    return [line for line in lines if not line.endswith(b" RECENT")]


@pytest.fixture
def user(shared_server: RunningServer) -> User:
    """A user of this test alone."""
    return shared_server.add_user(f"user-{next(_NUMBERS)}")


@pytest.fixture
def two_workers(shared_server: RunningServer, user: User) -> Iterator[tuple[Session, Session]]:
    """Two sessions of the user, in two workers."""
    with ExitStack() as stack:
        first = Session(shared_server, user)
        stack.callback(first.close)
        for _ in range(_CONNECTIONS_MAX):
            second = Session(shared_server, user)
            stack.callback(second.close)
            if second.worker != first.worker:
                yield first, second
                return
    raise AssertionError(f"{_CONNECTIONS_MAX} connections came to one worker")


def test_imaps_is_served_with_the_certificate_that_was_made(shared_server: RunningServer) -> None:
    with imaplib.IMAP4_SSL(
        LOOPBACK, shared_server.port("imaps"), ssl_context=shared_server.certificate(), timeout=WAIT_S
    ) as client:
        assert client.login(shared_server.user.name, shared_server.user.password)[0] == "OK"
        assert client.select()[0] == "OK"


def test_a_client_that_does_not_trust_the_certificate_stays_away(shared_server: RunningServer) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        imaplib.IMAP4_SSL(
            LOOPBACK, shared_server.port("imaps"), ssl_context=ssl.create_default_context(), timeout=WAIT_S
        )


def test_imaplib_authenticates_by_sasl(shared_server: RunningServer) -> None:
    user = shared_server.user
    client = imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S)
    with client:
        plain = f"\0{user.name}\0{user.password}".encode()
        assert client.authenticate("PLAIN", lambda _: plain)[0] == "OK"


def test_a_wrong_password_is_refused(shared_server: RunningServer) -> None:
    with (
        imaplib.IMAP4(LOOPBACK, shared_server.port("imap"), timeout=WAIT_S) as client,
        pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"),
    ):
        client.login(shared_server.user.name, "wrong")


def test_idle_hears_what_another_worker_does(two_workers: tuple[Session, Session]) -> None:
    listener, other = two_workers
    listener.ask("SELECT INBOX")
    other.ask("SELECT INBOX")
    listener.idle()

    other.append(note("new"))
    listener.hear(b"1 EXISTS")
    other.ask("STORE 1 +FLAGS (\\Flagged)")
    heard = listener.hear(b"1 FETCH ")
    assert b"\\Flagged" in heard[-1]
    other.ask("STORE 1 +FLAGS (\\Deleted)")
    listener.hear(b"1 FETCH ")
    other.ask("EXPUNGE")
    listener.hear(b"1 EXPUNGE")

    assert told(listener.done()) == []


def test_idle_hears_of_deliveries(
    shared_server: RunningServer, user: User, two_workers: tuple[Session, Session]
) -> None:
    for session in two_workers:
        session.ask("SELECT INBOX")
        session.idle()

    shared_server.deliver(note("delivered"), recipient=f"{user.name}@example.org")

    for session in two_workers:
        session.hear(b"1 EXISTS")
        session.done()


def test_what_one_worker_has_answered_the_other_tells_with_the_next_command(
    two_workers: tuple[Session, Session],
) -> None:
    writer, reader = two_workers
    for session in two_workers:
        session.ask("SELECT INBOX")
    for number in range(1, 21):
        writer.append(note(f"message {number}"))
        assert told(reader.ask("NOOP"))[0] == b"%d EXISTS" % number
    for number in range(1, 21):
        writer.ask(f"STORE {number} +FLAGS.SILENT (\\Deleted)")
        (line,) = told(reader.ask("NOOP"))
        assert line.startswith(b"%d FETCH (FLAGS (" % number)
        assert b"\\Deleted" in line


def test_numbers_stay_until_the_client_was_told_of_the_expunge(two_workers: tuple[Session, Session]) -> None:
    writer, reader = two_workers
    for subject in ("one", "two", "three"):
        writer.append(note(subject))
    for session in two_workers:
        session.ask("SELECT INBOX")
    writer.ask("STORE 1 +FLAGS (\\Deleted)")
    reader.ask("NOOP")
    writer.ask("EXPUNGE")

    # Commands by number say nothing of it, and mean what the client knows.
    lines = told(reader.ask("FETCH 2:3 (UID)"))
    assert lines == [b"2 FETCH (UID 2)", b"3 FETCH (UID 3)"]
    lines = told(reader.ask("STORE 3 +FLAGS (\\Answered)"))
    assert [line.split()[0] for line in lines] == [b"3"]
    assert b"\\Answered" in lines[0]

    assert told(reader.ask("NOOP")) == [b"1 EXPUNGE"]
    assert told(reader.ask("FETCH 1:2 (UID)")) == [b"1 FETCH (UID 2)", b"2 FETCH (UID 3)"]
    assert b"\\Answered" in told(writer.ask("NOOP"))[0]


def test_many_writers_of_one_flag_lose_nothing(
    shared_server: RunningServer, two_workers: tuple[Session, Session]
) -> None:
    first, second = two_workers
    first.append(note("contended"))
    for session in two_workers:
        session.ask("SELECT INBOX")

    def add_keywords(session: Session, prefix: str) -> None:
        for number in range(20):
            session.ask(f"STORE 1 +FLAGS.SILENT ({prefix}{number})")

    threads = [threading.Thread(target=add_keywords, args=arguments) for arguments in ((first, "one"), (second, "two"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wanted = {f"{prefix}{number}" for prefix in ("one", "two") for number in range(20)}
    for session in two_workers:
        (response,) = [each for each in session.ask("FETCH 1 (FLAGS)") if b" FETCH " in each.octets][:1]
        flags = parse_fetch(response)["FLAGS"]
        assert isinstance(flags, list)
        assert wanted <= {flag.decode() for flag in flags if isinstance(flag, bytes)}
