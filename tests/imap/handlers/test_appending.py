"""APPEND, beyond what the transcripts say."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.imap.transcript import Connection, log_in, open_services

from angarium.config.options import HookSettings
from angarium.engine.rows import Content, Uid
from angarium.fetchitem import BodySection
from angarium.flags import Flags
from angarium.imap.dialect import SERVED, Dialect, Extension
from angarium.imap.handlers import appending
from angarium.imap.services import ImapServices
from angarium.names import MailboxName, UserId
from angarium.operations.hooks import Annotator, GivenAnnotation, Proposal
from angarium.operations.messages import StoredPart, part_octets


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        (b"Subject: One\n\nFirst.\n", "a NO [CANNOT] Message contains bare newlines"),
        (b"Subject: One\r\n\r\nFir\0st.\r\n", "a NO [CANNOT] Message contains NUL characters"),
        (b"no header here\r\n", "a NO [CANNOT] Message contains invalid header"),
        (b"", "a NO [CANNOT] Zero-length message literal"),
        (b"Subject: One\r\n\r\n" + b"x" * 100, "a NO [TOOBIG] Message size exceeds fixed limit"),
    ],
)
@pytest.mark.parametrize("plus", [b"", b"+"])
def test_message_that_is_not_taken(message: bytes, answer: str, plus: bytes, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path, "maxmessagesize: 100") as services:
            alice = await log_in(services, "alice")
            command = b"a APPEND INBOX {%d%b}" % (len(message), plus)
            if plus:
                assert await alice.ask(command + b"\r\n" + message) == [answer]
            elif await alice.ask(command) == ["+ go ahead"]:
                assert await alice.ask(message) == [answer]
            assert (await alice.ask("a STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 0)"

    asyncio.run(talk())


def test_quota_counts(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            cyrus, alice = await log_in(services, "cyrus"), await log_in(services, "alice")
            await cyrus.ask("a SETQUOTA user/alice (STORAGE 1)")
            message = b"Subject: One\r\n\r\n" + b"x" * 1500
            (answer,) = await alice.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(message), message))
            assert answer == "a NO [OVERQUOTA] Over quota"

    asyncio.run(talk())


def test_right_that_goes_while_the_message_comes(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice, bob = await log_in(services, "alice"), await log_in(services, "bob")
            await alice.ask("a SETACL INBOX bob lri")
            assert await bob.ask('a APPEND "Other Users/alice" {16}') == ["+ go ahead"]
            await alice.ask("a SETACL INBOX bob lr")
            assert await bob.ask("Subject: One\r\n\r\n") == ["a NO [NOPERM] Permission denied"]
            assert await alice.ask("a STATUS INBOX (MESSAGES)") == ["* STATUS INBOX (MESSAGES 0)", "a OK Completed"]

    asyncio.run(talk())


def test_date_keeps_its_zone_and_the_day_before_1970(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            alice = await log_in(services, "alice")
            dates = ("31-Dec-1969 23:59:59 -1200", " 1-Jan-1969 00:00:00 +1345", "29-Feb-2024 12:00:00 +0000")
            for date in dates:
                await alice.ask(f'a APPEND INBOX "{date}" {{16+}}\r\nSubject: One\r\n\r\n')
            await alice.ask("a SELECT INBOX")
            lines = await alice.ask("a FETCH 1:* INTERNALDATE")
            assert lines[:-1] == [f'* {number} FETCH (INTERNALDATE "{date}")' for number, date in enumerate(dates, 1)]

    asyncio.run(talk())


async def _ask_in_turn(connection: Connection, *pieces: bytes) -> list[str]:
    """Send piece by piece, each when what stands before was answered; all answers."""
    answers = []
    for piece in pieces:
        await connection.send(piece)
        answers += connection.pending_lines()
    return answers


def test_quota_counts_the_sum_of_all_messages_and_refuses_before_they_are_sent(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            cyrus, alice = await log_in(services, "cyrus"), await log_in(services, "alice")
            await cyrus.ask("a SETQUOTA user/alice (STORAGE 1)")
            message = b"Subject: One\r\n\r\n" + b"x" * 600
            announced = b"{%d}\r\n" % len(message)
            assert await _ask_in_turn(alice, b"a APPEND INBOX " + announced, message, b" " + announced) == [
                "+ go ahead",
                "a NO [OVERQUOTA] Over quota",
            ]
            assert (await alice.ask("a STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 0)"
            assert await alice.ask(b"a APPEND INBOX {1025}") == ["a NO [OVERQUOTA] Over quota"]

    asyncio.run(talk())


def test_quota_counts_what_urls_refer_to(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            cyrus, alice = await log_in(services, "cyrus"), await log_in(services, "alice")
            message = b"Subject: One\r\n\r\n" + b"x" * 300
            await alice.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(message), message))
            await cyrus.ask("a SETQUOTA user/alice (STORAGE 1)")
            url = b'URL "/INBOX/;UID=1"'
            answers = await alice.ask(b"a APPEND INBOX CATENATE (%b)" % b" ".join([url] * 3))
            assert answers == ["a NO [OVERQUOTA] Over quota"]
            (answer,) = await alice.ask(b"a APPEND INBOX CATENATE (%b)" % b" ".join([url] * 2))
            assert answer.startswith("a OK [APPENDUID ")

    asyncio.run(talk())


def test_what_is_held_of_messages_that_wait_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "_PARSED_OCTETS", 20_000)

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            messages = b" {16+}\r\nSubject: One\r\n\r\n" * 20
            assert await alice.ask(b"a APPEND INBOX" + messages) == ["a NO [LIMIT] Too many messages in one command"]
            assert (await alice.ask("a STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 0)"

    asyncio.run(talk())


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (b"a APPEND INBOX ~{17+}\r\nSubject: One\r\n\r\n\0", "a NO [UNKNOWN-CTE] Message contains NUL characters"),
        (b"a APPEND INBOX CATENATE (TEXT {16+}\r\nSubject: One\r\n\r\n TEXT ~{1+}\r\n\0)", "a NO [UNKNOWN-CTE] "),
        (b"a APPEND INBOX ~{16+}\r\nSubject: One\r\n\r\n", "a OK "),
    ],
)
def test_literal8_may_hold_anything_but_what_cannot_be_stored(command: bytes, answer: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            assert (await alice.ask(command))[0].startswith(answer)

    asyncio.run(talk())


_UTF8 = "Subject: Grüße\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("command", "served", "enabled", "answer"),
    [
        # A client to which it is not announced goes on as ever
        (b"a APPEND INBOX {%d+}\r\n%b", False, False, "a OK "),
        # RFC 9755 §4: it has to say that it knows such messages
        (b"a APPEND INBOX {%d+}\r\n%b", True, False, "a NO [CANNOT] Message contains non-ASCII characters in headers"),
        (b"a APPEND INBOX CATENATE (TEXT {%d+}\r\n%b)", True, False, "a NO [CANNOT] Message contains non-ASCII"),
        (b"a APPEND INBOX {%d+}\r\n%b", True, True, "a OK "),
        (b"a APPEND INBOX UTF8 (~{%d+}\r\n%b)", True, True, "a OK "),
        (b"a APPEND INBOX UTF8 (~{%d+}\r\n%b)", True, False, "a NO [CANNOT] UTF8=ACCEPT is not enabled"),
        (b"a APPEND INBOX CATENATE (UTF8 (~{%d+}\r\n%b))", True, True, "a OK "),
        (b"a APPEND INBOX CATENATE (UTF8 (~{%d+}\r\n%b))", True, False, "a NO [CANNOT] UTF8=ACCEPT is not enabled"),
    ],
)
def test_headers_in_utf8(command: bytes, served: bool, enabled: bool, answer: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            utf8 = frozenset({Extension.UTF8_ACCEPT})
            extensions = SERVED | utf8 if served else SERVED - utf8
            alice.session.parser.dialect = Dialect(extensions, utf8 if enabled else frozenset())
            (line, *rest) = await alice.ask(command % (len(_UTF8), _UTF8))
            assert line.startswith(answer)
            assert not rest

    asyncio.run(talk())


def test_client_that_stops_in_the_middle_holds_up_nobody_and_leaves_nothing(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            slow, other = await log_in(services, "alice"), await log_in(services, "alice")
            await slow.send(b"a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n {1000000}\r\n")
            await slow.send(b"Subject: never whole\r\n")
            staged = [path for path in tmp_path.rglob("stage/*") if path.is_file()]
            assert len(staged) == 2
            (answer,) = await other.ask(b"a APPEND INBOX {16+}\r\nSubject: Two\r\n\r\n")
            assert answer.endswith(" 1] Completed")
            await slow.close()
            assert (await other.ask("a STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 1)"
            assert not [path for path in tmp_path.rglob("stage/*") if path.is_file()]

    asyncio.run(talk())


def test_large_message_is_never_held_in_memory(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("sqlite", tmp_path) as services:
            alice = await log_in(services, "alice")
            chunk = b"0123456789abcd\r\n" * 4096
            head = b"Subject: large\r\n\r\n"
            await alice.send(b"a APPEND INBOX {%d+}\r\n%b" % (len(head) + 1024 * len(chunk), head))
            before = most = _private_octets()
            for _ in range(1024):
                await alice.send(b"".join((chunk[:16], chunk[16:])))
                most = max(most, _private_octets())
            assert (await alice.ask(b""))[0].startswith("a OK ")
            task = asyncio.create_task(alice.ask('a APPEND INBOX CATENATE (URL "/INBOX/;UID=1")'))
            while not task.done():
                await asyncio.sleep(0)
                most = max(most, _private_octets())
            assert (await task)[0].startswith("a OK ")
            assert most - before < 32 << 20

    asyncio.run(talk())


def _private_octets() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) << 10


_STORED = b"Subject: stored\r\n\r\nbody\r\n"
_PARTS = [
    (b"TEXT {7+}\r\nFrom: a", b"From: a"),
    (b"TEXT {2}\r\n\r\n", b"\r\n"),
    (b"TEXT {0+}\r\n", b""),
    (b'URL "/INBOX/;UID=1"', _STORED),
    (b"URL {13+}\r\n/INBOX/;UID=1", _STORED),
    (b'URL "/INBOX/;UID=1/;SECTION=TEXT"', b"body\r\n"),
    (b"URL /INBOX/;UID=1/;SECTION=TEXT/;PARTIAL=1.2", b"od"),
]
"""What a client sends, and what it stands for."""


def _in_parts(parts: list[tuple[bytes, bytes]]) -> tuple[bytes, bytes]:
    return (
        b"CATENATE (TEXT {6+}\r\nA: b\r\n%b)" % b"".join([b" " + sent for sent, _ in parts]),
        b"A: b\r\n" + b"".join([octets for _, octets in parts]),
    )


_MESSAGES = st.lists(
    st.lists(st.sampled_from(_PARTS), max_size=4).map(_in_parts)
    | st.sampled_from([(b"{6}\r\nA: b\r\n", b"A: b\r\n"), (b"~{4+}\r\nA: b", b"A: b")]),
    min_size=1,
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(messages=_MESSAGES, cuts=st.lists(st.integers(0, 400), max_size=6))
def test_messages_are_what_was_sent_however_it_comes(messages: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    sent = b"a APPEND INBOX" + b"".join([b" " + command for command, _ in messages]) + b"\r\n"
    pieces = [sent[start:end] for start, end in pairwise([0, *sorted(cuts), len(sent)])]

    async def talk() -> None:
        async with open_services("memory", Path("/nowhere")) as services:
            alice = await log_in(services, "alice")
            await alice.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(_STORED), _STORED))
            *go_ahead, answer = await _ask_in_turn(alice, *pieces)
            if all(_is_message(octets) for _, octets in messages):
                assert answer.startswith("a OK ")
                stored = [await _octets(services, uid) for uid in range(2, 2 + len(messages))]
                assert stored == [octets for _, octets in messages]
            else:
                assert "a NO [CANNOT] Message contains invalid header" in (answer, *go_ahead)
                assert (await alice.ask("a STATUS INBOX (MESSAGES)"))[0] == "* STATUS INBOX (MESSAGES 1)"

    asyncio.run(talk())


def _is_message(octets: bytes) -> bool:
    """Whether each line of the header is a field."""
    header = octets.partition(b"\r\n\r\n")[0]
    return all(b":" in line for line in header.split(b"\r\n") if line)


async def _octets(services: ImapServices, uid: int) -> bytes:
    """A message of alice's INBOX, whole."""
    alice = await services.store.actor(UserId("alice"))
    part = StoredPart(MailboxName.from_internal("user.alice"), Uid(uid), BodySection(peek=True))
    return b"".join([piece async for piece in part_octets(services.store, services.cache, alice, part)])


class Proposing(Annotator):
    """Has each message get the same."""

    def __init__(self, proposal: Proposal, *, is_asked: bool = True) -> None:
        super().__init__(HookSettings())
        self.is_asked_of_appends = is_asked
        self.proposal = proposal
        self.told: list[tuple[Flags, tuple[GivenAnnotation, ...]]] = []

    async def ask(
        self,
        path: str,
        content: Content,
        flags: Flags,
        annotations: Sequence[GivenAnnotation] = (),
        *,
        session: str = "",
    ) -> Proposal:
        self.told.append((flags, tuple(annotations)))
        return self.proposal


_LETTER = b"Subject: One\r\n\r\nFirst.\r\n"


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_annotator_says_what_a_message_gets(kind: str, tmp_path: Path) -> None:
    proposal = Proposal(
        Flags.of(["\\Flagged", "annotated"]),
        (GivenAnnotation("/comment", True, b"theirs"), GivenAnnotation("/altsubject", False, b"hers")),
    )

    async def talk() -> None:
        async with open_services(kind, tmp_path) as services:
            annotator = Proposing(proposal)
            alice = await log_in(replace(services, annotator=annotator), "alice")
            # She may not set what all share, and no keywords.
            cyrus = await log_in(services, "cyrus")
            await cyrus.ask("a SETACL user/alice alice lrsit")
            command = b"a APPEND INBOX (\\Seen own) {%d+}\r\n%b" % (len(_LETTER), _LETTER)
            (answer,) = await alice.ask(command)
            assert answer.startswith("a OK [APPENDUID ")
            assert annotator.told == [(Flags.of(["\\Seen", "own"]), ())]
            await alice.ask("a SELECT INBOX (ANNOTATE)")
            line, _ = await alice.ask("a FETCH 1 (FLAGS ANNOTATION (* (value.priv value.shared)))")
            assert '/comment (value.priv NIL value.shared "theirs")' in line
            assert '/altsubject (value.priv "hers" value.shared NIL)' in line
            assert "annotated" not in line
            await cyrus.ask("a SETACL user/alice alice lrswipkxtecdan")
            await alice.ask(command)
            *_, line, _ = await alice.ask("a FETCH 2 FLAGS")
            assert "annotated" in line
            assert "own" not in line

    asyncio.run(talk())


def test_an_annotator_is_not_asked_where_the_option_says_so(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            annotator = Proposing(Proposal(Flags.of(["annotated"])), is_asked=False)
            alice = await log_in(replace(services, annotator=annotator), "alice")
            await alice.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(_LETTER), _LETTER))
            assert annotator.told == []

    asyncio.run(talk())


def test_what_an_annotator_adds_keeps_no_message_out(tmp_path: Path) -> None:
    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            annotator = Proposing(Proposal(Flags.of([f"k{number}" for number in range(10_000)])))
            alice = await log_in(replace(services, annotator=annotator), "alice")
            (answer,) = await alice.ask(b"a APPEND INBOX (own) {%d+}\r\n%b" % (len(_LETTER), _LETTER))
            assert answer.startswith("a OK [APPENDUID ")
            await alice.ask("a SELECT INBOX")
            line, _ = await alice.ask("a FETCH 1 FLAGS")
            assert line == "* 1 FETCH (FLAGS (\\Recent own))"

    asyncio.run(talk())
