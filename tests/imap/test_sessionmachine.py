"""Sessions that are told anything, one after another and at one time, answer cleanly and stay as small as they were."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from tests.imap.commandtexts import COMMANDS, HOSTILE, MOST, UID_COMMANDS
from tests.imap.fuzzedsessions import Client, FuzzedSessions

pytestmark = pytest.mark.timeout(600)
"""For five minutes hypothesis makes smaller what it has found."""

_CLIENTS_MAX = 5
_USERS = st.sampled_from(["alice", "alice", "bob", "cyrus"])

_CHANGING = st.one_of(
    *[COMMANDS[name] for name in (b"STORE", b"APPEND", b"COPY", b"MOVE", b"EXPUNGE", b"REPLACE", b"SELECT")],
    *[UID_COMMANDS[name] for name in (b"STORE", b"MOVE", b"COPY", b"EXPUNGE")],
)
_MANAGING = st.one_of(*[COMMANDS[name] for name in (b"CREATE", b"DELETE", b"RENAME", b"SETACL", b"SUBSCRIBE")])
_READING = st.one_of(
    *[COMMANDS[name] for name in (b"FETCH", b"SEARCH", b"SORT", b"THREAD", b"STATUS", b"LIST", b"IDLE", b"ENABLE")],
    *[UID_COMMANDS[name] for name in (b"FETCH", b"SEARCH", b"SORT")],
)
# Each kind as often as the others, however many commands are in it.
_ANY = (_CHANGING, _READING, _READING, _MANAGING, MOST)
_HARMFUL = (_CHANGING, _MANAGING)


# Functions, since hypothesis tells a strategy by all that is in it, and the grammar is much to tell.


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Any command, those that end a session left out."""
    text: bytes = draw(draw(st.sampled_from(_ANY)))
    return text


@st.composite
def harmful_texts(draw: st.DrawFn) -> bytes:
    """A command that changes something for others."""
    text: bytes = draw(draw(st.sampled_from(_HARMFUL)))
    return text


@st.composite
def hostile_octets(draw: st.DrawFn) -> bytes:
    """What is perhaps no command."""
    return draw(HOSTILE)


class SessionMachine(RuleBasedStateMachine):
    """Sessions over an engine."""

    kind = "suspending"
    clients = Bundle("clients")

    def __init__(self) -> None:
        super().__init__()
        self._directory = tempfile.TemporaryDirectory(prefix="angarium-")
        self.sessions = FuzzedSessions(self.kind, Path(self._directory.name))

    @initialize(target=clients)
    def begin(self) -> object:
        found = []
        for user in ("alice", "bob"):
            client = self.sessions.open(user)
            self.sessions.say(client, b"SELECT INBOX")
            found.append(client)
        return multiple(*found)

    @precondition(lambda self: len(self.sessions.clients) < _CLIENTS_MAX)
    @rule(
        target=clients, user=_USERS, enabled=st.sampled_from([b"", b"CONDSTORE", b"QRESYNC", b"UIDONLY", b"IMAP4rev2"])
    )
    def open(self, user: str, enabled: bytes) -> Client:
        client = self.sessions.open(user)
        if enabled:
            self.sessions.say(client, b"ENABLE " + enabled)
        self.sessions.say(client, b"SELECT INBOX")
        return client

    @precondition(lambda self: len(self.sessions.clients) < _CLIENTS_MAX)
    @rule(target=clients)
    def open_stranger(self) -> Client:
        return self.sessions.open()

    @rule(client=clients, said=st.lists(texts(), min_size=1, max_size=4))
    def say(self, client: Client, said: list[bytes]) -> None:
        for text in said:
            if client in self.sessions.clients and not client.is_lost:
                self.sessions.say(client, text)
                self.sessions.check()

    @rule(one=clients, first=texts(), other=clients, second=harmful_texts())
    def say_at_one_time(self, one: Client, first: bytes, other: Client, second: bytes) -> None:
        pairs = {one.number: (one, first), other.number: (other, second)}
        self.sessions.say_together(
            *[
                (client, text)
                for client, text in pairs.values()
                if client in self.sessions.clients and not client.is_lost
            ]
        )

    @rule(client=clients, octets=hostile_octets())
    def say_hostile(self, client: Client, octets: bytes) -> None:
        if client in self.sessions.clients and not client.is_lost:
            self.sessions.say_hostile(client, octets)

    @rule(client=consumes(clients), text=harmful_texts(), part=st.floats(0, 1))
    def drop(self, client: Client, text: bytes, part: float) -> None:
        if client in self.sessions.clients:
            unfinished = b"lost " + text
            self.sessions.drop(client, unfinished[: int(part * len(unfinished))])

    @invariant()
    def check(self) -> None:
        self.sessions.check()

    def teardown(self) -> None:
        try:
            if self.sessions.is_sound:
                self.sessions.settle()
        finally:
            self.sessions.abandon()
            self._directory.cleanup()


class SqliteSessionMachine(SessionMachine):
    """The same over the real engine."""

    kind = "sqlite"


_PLAIN = settings(deadline=None, suppress_health_check=list(HealthCheck))

TestSessions = SessionMachine.TestCase
TestSessions.settings = settings(_PLAIN, max_examples=25, stateful_step_count=30)
TestSqliteSessions = SqliteSessionMachine.TestCase
TestSqliteSessions.settings = settings(_PLAIN, max_examples=8, stateful_step_count=30)
