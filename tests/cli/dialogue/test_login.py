"""Logins against servers that say what a script says, right and wrong; those of real servers are in integration."""

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.dialogue.scriptedserver import scripted_server

from angarium.cli.dialogue import (
    Identity,
    ImapWords,
    LmtpWords,
    Login,
    LoginRefused,
    LoginWords,
    Pop3Words,
    SieveWords,
    TlsWish,
    Wire,
    start_tls,
)
from angarium.cli.serverunavailable import ServerUnavailable

IMAP = b"* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256 AUTH=CRAM-MD5 AUTH=XOAUTH2] hello\r\n"
SECRET = "the-secret"


def encoded(text: str) -> bytes:
    return base64.b64encode(text.encode())


def identity(mechanism: str | None = None, *, name: str = "alice", secret: str = SECRET) -> Identity:
    return Identity(authname=name, secret=lambda _: secret, mechanism=mechanism)


class Tried:
    """A login against a script."""

    def __init__(self, directory: Path, words: Callable[[Wire], LoginWords], *script: bytes) -> None:
        self._directory = directory
        self._words = words
        self._script = script
        self.lines: list[bytes] = []
        self.shown: list[str] = []

    def log_in(self, who: Identity, *, sends_initial: bool = True, is_verbose: bool = False) -> None:
        with (
            scripted_server(self._directory, self._script[0], *self._script[1:]) as (address, self.lines),
            Wire(address, show=self.shown.append) as wire,
        ):
            words = self._words(wire)
            offer = words.greet()
            login = Login(words, wire, who, show=self.shown.append, sends_initial=sends_initial, is_verbose=is_verbose)
            login.log_in(offer)


PLAIN = encoded(f"\0alice\0{SECRET}")
POP3 = (b"+OK hello <1@x>\r\n", b"+OK\r\nSASL PLAIN CRAM-MD5\r\nSTLS\r\nUSER\r\n.\r\n")
LMTP = (b"220 hello\r\n", b"250-x\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n")
SIEVE = b'"SASL" "PLAIN LOGIN"\r\n"STARTTLS"\r\nOK\r\n'


@pytest.mark.parametrize(
    ("words", "script", "lines"),
    [
        (ImapWords, (IMAP, b"* x\r\nA01 OK done\r\n"), [b"A01 AUTHENTICATE PLAIN " + PLAIN]),
        (
            ImapWords,
            (b"* OK hello\r\n", b"* CAPABILITY AUTH=PLAIN\r\nC01 OK\r\n", b"+ \r\n", b"A01 OK done\r\n"),
            [b"C01 CAPABILITY", b"A01 AUTHENTICATE PLAIN", PLAIN],
        ),
        (Pop3Words, (*POP3, b"+OK done\r\n"), [b"CAPA", b"AUTH PLAIN " + PLAIN]),
        (LmtpWords, (*LMTP, b"235 done\r\n"), [b"LHLO lmtptest", b"AUTH PLAIN " + PLAIN]),
        (SieveWords, (SIEVE, b"", b"OK\r\n"), [b'AUTHENTICATE "PLAIN" {%d+}' % len(PLAIN), PLAIN]),
    ],
)
def test_a_login_in_one_step(
    tmp_path: Path, words: Callable[[Wire], LoginWords], script: tuple[bytes, ...], lines: list[bytes]
) -> None:
    tried = Tried(tmp_path, words, *script)
    tried.log_in(identity("plain"))
    assert tried.lines == lines


@pytest.mark.parametrize(
    ("words", "script", "command"),
    [
        (Pop3Words, (*POP3, b"+ \r\n", b"+OK done\r\n"), b"AUTH PLAIN"),
        (LmtpWords, (*LMTP, b"334 \r\n", b"235 done\r\n"), b"AUTH PLAIN"),
    ],
)
def test_what_is_too_long_for_a_command_answers_a_challenge(
    tmp_path: Path, words: Callable[[Wire], LoginWords], script: tuple[bytes, ...], command: bytes
) -> None:
    """RFC 5034 §4, RFC 4954 §4."""
    tried = Tried(tmp_path, words, *script)
    tried.log_in(identity("PLAIN", secret="x" * 600))
    assert tried.lines[1:] == [command, encoded(f"\0alice\0{'x' * 600}")]


def test_the_strongest_mechanism_that_there_is_all_for_is_chosen(tmp_path: Path) -> None:
    tried = Tried(tmp_path, ImapWords, IMAP, b"A01 NO no\r\n")
    with pytest.raises(LoginRefused) as refused:
        tried.log_in(identity())
    assert tried.lines[0].startswith(b"A01 AUTHENTICATE SCRAM-SHA-256 ")
    assert (str(refused.value), refused.value.said) == ("generic failure", "A01 NO no")


def test_external_is_tried_without_a_certificate_where_there_is_nothing_else(tmp_path: Path) -> None:
    """So does LMTP announce it to whom it knows by the address."""
    tried = Tried(tmp_path, LmtpWords, LMTP[0], b"250-x\r\n250 AUTH EXTERNAL\r\n", b"235 done\r\n")
    tried.log_in(identity())
    assert tried.lines == [b"LHLO lmtptest", b"AUTH EXTERNAL ="]


def test_nothing_is_announced_that_we_have(tmp_path: Path) -> None:
    tried = Tried(tmp_path, SieveWords, b'"SASL" "SOMETHING"\r\nOK\r\n')
    with pytest.raises(LoginRefused, match="no mechanism available"):
        tried.log_in(identity())


def test_a_token_is_sent_and_the_refusal_answered(tmp_path: Path) -> None:
    challenge = b"+ " + encoded('{"status":"400"}') + b"\r\n"
    tried = Tried(tmp_path, ImapWords, IMAP, challenge, b"A01 NO no\r\n")
    with pytest.raises(LoginRefused):
        tried.log_in(identity("XOAUTH2"), is_verbose=True)
    assert tried.lines[:1] == [b"A01 AUTHENTICATE XOAUTH2 " + encoded(f"user=alice\1auth=Bearer {SECRET}\1\1")]
    assert '[server: {"status":"400"}]' in tried.shown


@pytest.mark.parametrize(
    ("words", "script", "cancelled"),
    [
        (ImapWords, (IMAP, b"+ *!*\r\n", b"A01 BAD cancelled\r\n"), b"*"),
        (Pop3Words, (*POP3, b"+ *!*\r\n", b"-ERR cancelled\r\n"), b"*"),
        (LmtpWords, (*LMTP, b"334 *!*\r\n", b"501 cancelled\r\n"), b"*"),
        (SieveWords, (SIEVE, b"", b'"*!*"\r\n', b"NO\r\n"), b'"*"'),
    ],
)
def test_a_challenge_that_is_not_base64_cancels(
    tmp_path: Path, words: Callable[[Wire], LoginWords], script: tuple[bytes, ...], cancelled: bytes
) -> None:
    tried = Tried(tmp_path, words, *script)
    with pytest.raises(LoginRefused, match="not base64"):
        tried.log_in(identity("PLAIN"))
    assert tried.lines[-1] == cancelled


def test_a_success_without_its_proof_is_not_believed(tmp_path: Path) -> None:
    tried = Tried(tmp_path, ImapWords, IMAP, b"A01 OK welcome\r\n")
    with pytest.raises(LoginRefused, match="has not proven"):
        tried.log_in(identity("SCRAM-SHA-256"))


@pytest.mark.parametrize(
    ("words", "script"),
    [
        (ImapWords, (b"* BYE no\r\n",)),
        (ImapWords, (b"hello\r\n",)),
        (ImapWords, (IMAP, b"* BYE no\r\n")),
        (Pop3Words, (b"-ERR no\r\n",)),
        (Pop3Words, (b"hello\r\n",)),
        (Pop3Words, (POP3[0], b"+OK\r\n" + b"X\r\n" * 1000)),
        (LmtpWords, (b"421 no\r\n",)),
        (LmtpWords, (b"hello\r\n",)),
        (LmtpWords, (LMTP[0], b"500 no\r\n")),
        (LmtpWords, (LMTP[0], b"250-x\r\n" * 1001)),
        (SieveWords, (b'BYE "no"\r\n',)),
        (SieveWords, (b'NO "no"\r\n',)),
        (SieveWords, (b"* OK hello\r\n",)),
        (SieveWords, (b"{99999999999}\r\n",)),
        (SieveWords, (b'"X" "x"\r\n' * 1001,)),
        (SieveWords, (b"{0}\r\n" * 17 + b"OK\r\n",)),
    ],
)
def test_a_server_that_does_not_want_us_or_is_none(
    tmp_path: Path, words: Callable[[Wire], LoginWords], script: tuple[bytes, ...]
) -> None:
    with pytest.raises(ServerUnavailable):
        Tried(tmp_path, words, *script).log_in(identity("PLAIN"))


@pytest.mark.parametrize(
    ("greeting", "mechanisms"),
    [
        (b"* OK [CAPABILITY AUTH=PLAIN AUTH=LOGIN] x", ("PLAIN", "LOGIN")),
        (b"* ok [capability auth=plain] x]", ("PLAIN",)),
        (b"* OK [CAPABILITY AUTH=PLAIN x", ("ASKED",)),
        (b"* OK ] [X] x", ("ASKED",)),
    ],
)
def test_what_a_greeting_announces(tmp_path: Path, greeting: bytes, mechanisms: tuple[str, ...]) -> None:
    answers = (greeting + b"\r\n", b"* CAPABILITY AUTH=ASKED\r\nC01 OK\r\n")
    with scripted_server(tmp_path, *answers) as (address, _), Wire(address, show=print) as wire:
        assert ImapWords(wire).greet().mechanisms == mechanisms


# Commands


def test_login_sends_what_is_no_atom_as_a_literal(tmp_path: Path) -> None:
    tried = Tried(tmp_path, ImapWords, IMAP, b"+ go\r\n", b"+ go\r\n", b"L01 OK\r\n")
    tried.log_in(identity("login", name="al ice"))
    assert tried.lines == [b"L01 LOGIN {6}", b"al ice {10}", SECRET.encode()]
    assert f"C: {SECRET}" not in tried.shown
    assert "C: <omitted>" in tried.shown


def test_login_may_be_refused_before_the_password(tmp_path: Path) -> None:
    tried = Tried(tmp_path, ImapWords, IMAP, b"L01 NO [PRIVACYREQUIRED] no\r\n")
    with pytest.raises(LoginRefused):
        tried.log_in(identity("Login".lower()))
    assert tried.lines == [b"L01 LOGIN alice {10}"]


def test_login_in_capitals_is_the_mechanism(tmp_path: Path) -> None:
    tried = Tried(tmp_path, ImapWords, b"* OK [CAPABILITY AUTH=LOGIN] x\r\n", b"+ \r\n", b"+ \r\n", b"A01 OK\r\n")
    tried.log_in(identity("LOGIN"))
    assert tried.lines == [b"A01 AUTHENTICATE LOGIN", encoded("alice"), encoded(SECRET)]


@pytest.mark.parametrize(
    ("words", "script", "command", "shown"),
    [
        (
            ImapWords,
            (b"* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN] x\r\n",),
            "login",
            "[Server advertised LOGINDISABLED]",
        ),
        (Pop3Words, (b"+OK\r\n", b"+OK\r\nSASL PLAIN\r\n.\r\n"), "user", "[Server did not advertise USER]"),
    ],
)
def test_no_password_is_sent_to_a_server_that_says_it_takes_none(
    tmp_path: Path, words: Callable[[Wire], LoginWords], script: tuple[bytes, ...], command: str, shown: str
) -> None:
    """RFC 9051 §6.2.3."""
    tried = Tried(tmp_path, words, *script)
    with pytest.raises(LoginRefused, match="generic failure"):
        tried.log_in(identity(command))
    assert not any(SECRET.encode() in line for line in tried.lines)
    assert tried.shown[-1] == shown


def test_a_server_that_says_nothing_of_itself_is_given_user_and_pass(tmp_path: Path) -> None:
    tried = Tried(tmp_path, Pop3Words, b"+OK\r\n", b"-ERR what?\r\n", b"+OK\r\n", b"+OK\r\n")
    tried.log_in(identity("user"))
    assert tried.lines == [b"CAPA", b"USER alice", f"PASS {SECRET}".encode()]


@pytest.mark.parametrize("command", ["user", "USER"])
def test_user_and_pass(tmp_path: Path, command: str) -> None:
    tried = Tried(tmp_path, Pop3Words, *POP3, b"+OK\r\n", b"+OK\r\n")
    tried.log_in(identity(command))
    assert tried.lines == [b"CAPA", b"USER alice", f"PASS {SECRET}".encode()]
    assert tried.shown[-2] == "C: PASS <omitted>"


def test_apop(tmp_path: Path) -> None:
    """The example of RFC 1939 §7."""
    greeting = b"+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n"
    tried = Tried(tmp_path, Pop3Words, greeting, b"-ERR\r\n", b"+OK\r\n")
    tried.log_in(identity("apop", name="mrose", secret="tanstaaf"))
    assert tried.lines[1:] == [b"APOP mrose c4c9334bac560ecc979e58001b3e22fb"]


@pytest.mark.parametrize(
    ("greeting", "timestamp"),
    [
        (b"+OK <x> < 1@x> <a b@x> <@x> a@b <1@x> <2@x>", b"<1@x>"),
        (b"+OK <<1@x>", b"<1@x>"),
        (b"+OK <1@>", b"<1@>"),
        (b"+OK <1@x", None),
        (b"+OK", None),
    ],
)
def test_what_apop_takes_for_the_timestamp(tmp_path: Path, greeting: bytes, timestamp: bytes | None) -> None:
    tried = Tried(tmp_path, Pop3Words, greeting + b"\r\n", b"-ERR\r\n", b"+OK\r\n")
    if timestamp is None:
        with pytest.raises(LoginRefused, match="has nothing for APOP"):
            tried.log_in(identity("apop"))
    else:
        tried.log_in(identity("apop"))
        assert tried.lines[1:] == [b"APOP alice " + hashlib.md5(timestamp + SECRET.encode()).hexdigest().encode()]


@pytest.mark.parametrize(
    ("greeting", "name", "command"), [(b"+OK\r\n", "alice", "apop"), (POP3[0], "a\r\nDELE 1", "user")]
)
def test_what_cannot_be_a_command_is_not_sent(tmp_path: Path, greeting: bytes, name: str, command: str) -> None:
    tried = Tried(tmp_path, Pop3Words, greeting, b"-ERR\r\n")
    with pytest.raises(LoginRefused):
        tried.log_in(identity(command, name=name))
    assert tried.lines == [b"CAPA"]


# TLS


@pytest.mark.parametrize(
    ("words", "script", "reason"),
    [
        (ImapWords, (IMAP,), "does not offer"),
        (SieveWords, (SIEVE, b'NO "no"\r\n'), "refuses"),
        (Pop3Words, (*POP3, b"-ERR\r\n"), "refuses"),
        (LmtpWords, (*LMTP, b"454 no\r\n"), "refuses"),
    ],
)
def test_without_tls_nothing_goes_on(
    tmp_path: Path, words: Callable[[Wire], LoginWords], script: tuple[bytes, ...], reason: str
) -> None:
    with scripted_server(tmp_path, script[0], *script[1:]) as (address, _), Wire(address, show=print) as wire:
        spoken = words(wire)
        with pytest.raises(ServerUnavailable, match=reason):
            start_tls(spoken, wire, spoken.greet(), TlsWish().context())


@pytest.mark.parametrize("wish", ["keyfile", "authorities"])
def test_files_without_certificates_are_named(tmp_path: Path, wish: str) -> None:
    file = tmp_path / "file"
    with pytest.raises(FileNotFoundError):
        TlsWish(**{wish: file}).context()  # type: ignore[arg-type]  # both are paths
    file.write_text("nothing\n")
    with pytest.raises(OSError, match="no certificate of use") as error:
        TlsWish(**{wish: file}).context()  # type: ignore[arg-type]
    assert error.value.filename == str(file)


def test_the_password_is_in_no_representation() -> None:
    assert SECRET not in repr(identity())
