"""Whatever a server says, a login ends in success, in a refusal, or without a server."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from angarium.cli.dialogue import (
    Address,
    Identity,
    ImapWords,
    LmtpWords,
    Login,
    LoginRefused,
    LoginWords,
    Pop3Words,
    SieveWords,
    Wire,
)
from angarium.cli.managesieveclient import ManageSieveClient, ScriptRefused
from angarium.cli.serverunavailable import ServerUnavailable

LINES = st.one_of(
    st.sampled_from(
        [
            b"* OK [CAPABILITY SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-1 AUTH=DIGEST-MD5 AUTH=CRAM-MD5]",
            b"* CAPABILITY AUTH=PLAIN",
            b"A01 OK",
            b"A01 NO",
            b"C01 OK",
            b"+ ",
            b"+ cj1hLHM9YSxpPTE=",
            b"+OK <a@b>",
            b"SASL PLAIN CRAM-MD5",
            b".",
            b"220 x",
            b"250-AUTH PLAIN LOGIN",
            b"250 x",
            b"334 ",
            b"334 YQ==",
            b"235 x",
            b'"SASL" "PLAIN SCRAM-SHA-1"',
            b'"YQ=="',
            b"OK",
            b'OK (SASL "dj1h")',
            b"{3}",
            b"NO {2}",
        ]
    ),
    st.binary(max_size=30).map(lambda octets: octets.replace(b"\n", b"")),
)


class Told(Wire):
    """A wire that nobody is at the end of."""

    def __init__(self, lines: list[bytes]) -> None:
        self.address = Address("/told", "0")
        self._lines = lines

    def read_line(self) -> bytes:
        if not self._lines:
            raise ServerUnavailable("the server closed the connection")
        return self._lines.pop(0)

    def read_exactly(self, count: int) -> bytes:
        if count > 1000:
            raise ServerUnavailable("the server closed the connection")
        return bytes(count)

    def send_line(self, line: bytes, *, shown: str | None = None) -> None:
        assert b"\n" not in line or b"+}\r\n" in line

    def send(self, octets: bytes) -> None:
        pass

    @property
    def bindings(self) -> Mapping[str, bytes]:
        return {}


@pytest.mark.parametrize("words", [ImapWords, Pop3Words, LmtpWords, SieveWords])
@given(
    lines=st.lists(LINES, max_size=12),
    mechanism=st.sampled_from(
        [None, "PLAIN", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "LOGIN", "login", "user", "apop"]
    ),
)
def test_a_login_ends(words: Callable[[Wire], LoginWords], lines: list[bytes], mechanism: str | None) -> None:
    wire = Told(list(lines))
    who = Identity(authname="alice", secret=lambda _: "secret", mechanism=mechanism)
    try:
        spoken = words(wire)
        Login(spoken, wire, who, show=lambda _: None).log_in(spoken.greet())
    except (LoginRefused, ServerUnavailable):
        pass


@pytest.mark.parametrize(
    ("words", "command", "greeting"),
    [
        (ImapWords, "login", b"* OK " + b"[CAPABILITY " * 5000),
        (Pop3Words, "apop", b"+OK <a" + b"@" * 60_000),
        (Pop3Words, "apop", b"+OK " + b"<a@" * 20_000),
    ],
)
def test_a_long_greeting_takes_no_longer_than_its_length_does(
    words: Callable[[Wire], LoginWords], command: str, greeting: bytes
) -> None:
    """A hundred of them would take minutes each if every place in it were looked at from every other."""
    who = Identity(authname="alice", secret=lambda _: "secret", mechanism=command)
    for _ in range(100):
        spoken = words(wire := Told([greeting, b"C01 OK", b"-ERR"]))
        with pytest.raises((LoginRefused, ServerUnavailable)):
            Login(spoken, wire, who, show=lambda _: None).log_in(spoken.greet())


@given(lines=st.lists(LINES, max_size=6))
def test_a_command_on_scripts_ends(lines: list[bytes]) -> None:
    wire = Told(list(lines))
    client = ManageSieveClient(wire, SieveWords(wire))
    for command in (client.scripts, lambda: client.get("x"), lambda: client.put("x", b"keep;")):
        try:
            command()
        except (ScriptRefused, ServerUnavailable):
            pass
