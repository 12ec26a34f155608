"""What of a session is recorded: everything but credentials, in whatever pieces it comes."""

import asyncio
import re
import zlib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.imap.sockets import eventually, serve
from tests.operations.logins.plainlogins import PASSWORD

from angarium.imap.telemetry import CredentialFilter
from angarium.worker import Telemetry

_OUT = b" (not recorded)\r\n"


def _filtered(*pieces: bytes, is_within: bool = False) -> bytes:
    credential_filter = CredentialFilter(is_within=is_within)
    return b"".join([credential_filter.filter(piece) for piece in pieces])


@pytest.mark.parametrize(
    ("sent", "recorded"),
    [
        (b"a NOOP\r\n", b"a NOOP\r\n"),
        (b"a LOGIN alice secret\r\nb NOOP\r\n", b"a LOGIN" + _OUT + b"b NOOP\r\n"),
        (b"a login alice secret\r\n", b"a login" + _OUT),
        (b" LOGIN alice secret\r\n", b" LOGIN" + _OUT),
        (b"a LOGIN\r\nb NOOP\r\n", b"a LOGIN" + _OUT + b"b NOOP\r\n"),
        (b"a LOGIN {5}\r\nalice {6}\r\nsecret\r\nb NOOP\r\n", b"a LOGIN" + _OUT + b"b NOOP\r\n"),
        (b"a LOGIN alice {8+}\r\nsec\r\nret\r\nb NOOP\r\n", b"a LOGIN" + _OUT + b"b NOOP\r\n"),
        (b"a LOGIN {9999999999}\r\nsecret\r\nsecret", b"a LOGIN" + _OUT),
        (b"a AUTHENTICATE PLAIN c2VjcmV0\r\nb NOOP\r\n", b"a AUTHENTICATE" + _OUT + b"b NOOP\r\n"),
        (b"a AUTHENTICATE PLAIN\r\nc2VjcmV0\r\nb NOOP\r\n", b"a AUTHENTICATE" + _OUT + _OUT + b"b NOOP\r\n"),
        (b"a AUTHENTICATE PLAIN\r\n" + b"c2VjcmV0" * 1000 + b"\r\n*\r\n", b"a AUTHENTICATE" + _OUT * 3),
        (b"a APPEND x {23}\r\nb LOGIN alice secret\r\n\r\n", b"a APPEND x {23}\r\nb LOGIN" + _OUT + b"\r\n"),
        (b"a LOGINS alice\r\n", b"a LOGINS alice\r\n"),
        (b"a SELECT LOGIN alice\r\n", b"a SELECT LOGIN alice\r\n"),
        (b"DONE\r\n", b"DONE\r\n"),
    ],
)
def test_credentials_are_left_out(sent: bytes, recorded: bytes) -> None:
    assert _filtered(sent) == recorded
    if len(sent) < 1000:
        assert _filtered(*[sent[at : at + 1] for at in range(len(sent))]) == recorded


def test_the_rest_of_a_line_that_began_before_is_left_out() -> None:
    assert _filtered(b"NTICATE PLAIN c2Vj", b"cmV0\r\na NOOP\r\n", is_within=True) == b"a NOOP\r\n"


def test_a_line_that_may_be_credentials_is_not_held_for_ever() -> None:
    pieces = [b"a" * 600, b"a" * 600, b" LOGIN alice secret\r\nb NOOP\r\n"]
    assert _filtered(*pieces) == _OUT + b"b NOOP\r\n"
    assert _filtered(b"a NOOP", b"\r\n") == b"a NOOP\r\n"


_LINES = st.lists(
    st.sampled_from(
        [b"a LOGIN u secret\r\n", b"a AUTHENTICATE PLAIN c2VjcmV0secret\r\n", b"b NOOP\r\n", b"DONE\r\n", b"x {6}\r\n"]
    ),
    max_size=8,
)


@given(lines=_LINES, cuts=st.lists(st.integers(0, 200), max_size=10))
def test_how_it_is_cut_into_pieces_does_not_matter(lines: list[bytes], cuts: list[int]) -> None:
    sent = b"".join(lines)
    edges = [0, *sorted(min(cut, len(sent)) for cut in cuts), len(sent)]
    pieces = [sent[start:end] for start, end in pairwise(edges)]
    recorded = _filtered(*pieces)
    assert recorded == _filtered(sent)
    assert b"secret" not in recorded


@given(st.binary(max_size=300), st.integers(0, 300))
def test_any_octets_pass(octets: bytes, cut: int) -> None:
    _filtered(octets[:cut], octets[cut:])


def _recorded(directory: Path) -> bytes:
    return b"".join([path.read_bytes() for path in (directory / "alice").iterdir()])


def test_sessions_are_recorded_from_login_on_or_from_when_the_directory_comes(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def talk() -> None:
        async with serve(tmp_path) as server:
            telemetry = server.services.telemetry
            assert isinstance(telemetry, Telemetry)

            def look() -> None:
                assert telemetry.look(log) == {"alice"}
                for seat in server.door.seats:
                    seat.connection.wake()

            early, bob = await server.log_in(), await server.log_in(b"bob")
            (log / "alice").mkdir(parents=True)
            look()
            late = await server.log_in()
            for client in (early, bob, late):
                await client.ask(b"CAPABILITY")
                await client.ask(b"AUTHENTICATE PLAIN AGFsaWNlAHNlY3JldA==")
            (log / "alice").rename(tmp_path / "removed")
            look()
            await late.ask(b"NOOP")
            (tmp_path / "removed").rename(log / "alice")
            look()
            await early.ask(b"LOGOUT")
            await eventually(server.door.seats[0].left.is_set)
            telemetry.write()

    asyncio.run(talk())
    recorded = _recorded(log)
    assert len(list((log / "alice").iterdir())) == 2
    assert recorded.count(b"<t CAPABILITY\r\n") == 2
    assert recorded.count(b">* CAPABILITY ") == 2
    assert recorded.count(b"<t AUTHENTICATE (not recorded)\r\n") == 2
    assert recorded.count(b"<t LOGOUT\r\n") == recorded.count(b">* BYE LOGOUT received\r\n") == 1
    assert b"NOOP" not in recorded
    assert b"AGFsaWNl" not in recorded
    assert PASSWORD.encode() not in recorded


def test_compressed_sessions_are_recorded_as_what_was_said(tmp_path: Path) -> None:
    log = tmp_path / "log"

    async def talk() -> None:
        async with serve(tmp_path) as server:
            telemetry = server.services.telemetry
            assert isinstance(telemetry, Telemetry)
            (log / "alice").mkdir(parents=True)
            telemetry.look(log)
            alice = await server.log_in()
            await alice.ask(b"COMPRESS DEFLATE")
            out = zlib.compressobj(6, zlib.DEFLATED, -15)
            alice.send(out.compress(b"a NOOP\r\nb UNAUTHENTICATE\r\n") + out.flush(zlib.Z_SYNC_FLUSH))
            alice.send(b"c NOOP\r\nd LOGOUT\r\n")
            await eventually(server.door.seats[0].left.is_set)
            telemetry.write()

    asyncio.run(talk())
    recorded = _recorded(log)
    assert b"<t COMPRESS DEFLATE\r\n" in recorded
    assert recorded.count(b"NOOP") == 1
    # Where answers go out one by one, the time stands between them.
    assert b"a OK Completed\r\nb OK [CAPABILITY " in re.sub(rb">\d+>", b"", recorded)
    assert b"LOGOUT" not in recorded
