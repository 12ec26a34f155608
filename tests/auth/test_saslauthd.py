"""A daemon of ours that answers as it is told; Debian's own is in tests/integration."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from angarium.auth import CredentialStamp, PasswordLogin
from angarium.auth.boundedcalls import BoundedCalls
from angarium.auth.saslauthd import PART_OCTETS_MAX, SaslauthdVerifier, is_right, serialize_question
from angarium.errors import AuthenticationUnavailable
from angarium.names import UserId

Answerer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def login(name: str = "alice", password: str = "secret", domain: str | None = None) -> PasswordLogin:
    return PasswordLogin(UserId(name, domain), name, password, "imap", "192.0.2.1")


async def verify(path: Path, answer: Answerer, wanted: PasswordLogin, timeout_s: float = 5) -> CredentialStamp | None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        finally:
            writer.close()

    async with await asyncio.start_unix_server(serve, path):
        return await SaslauthdVerifier(path, BoundedCalls(timeout_s=timeout_s)).verify(wanted)


async def read_question(reader: asyncio.StreamReader) -> list[str]:
    parts = []
    for _ in range(4):
        (length,) = struct.unpack(">H", await reader.readexactly(2))
        parts.append((await reader.readexactly(length)).decode())
    return parts


def saying(text: bytes) -> Answerer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_question(reader)
        writer.write(struct.pack(">H", len(text)) + text)

    return answer


@pytest.mark.parametrize(
    ("wanted", "asked"),
    [
        (login(), ["alice", "secret", "imap", ""]),
        (login("dörte", "größe", "example.org"), ["dörte", "größe", "imap", "example.org"]),
    ],
)
def test_it_is_told_the_user_with_her_domain_as_the_realm(
    tmp_path: Path, wanted: PasswordLogin, asked: list[str]
) -> None:
    heard: list[list[str]] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await read_question(reader))
        writer.write(b"\0\x02OK")

    stamp = asyncio.run(verify(tmp_path / "mux", answer, wanted))
    assert stamp == CredentialStamp(str(wanted.userid))
    assert heard == [asked]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("OK", True),
        ("OK remote authentication successful", True),
        ("NO", False),
        ("NO authentication failed", False),
        ("NO \0", False),
        ("NO PAM auth error", False),
        ("NO Account expired", False),
        ("NO PAM start error", None),
        ("NO saslauthd internal error", None),
        ("NO [ALERT] The remote authentication server is currently unavailable", None),
        ("NO NULL response from mechanism", None),
        ("YES", None),
        ("", None),
    ],
)
def test_a_fault_of_the_daemon_makes_no_password_wrong(answer: str, outcome: bool | None) -> None:
    if outcome is None:
        with pytest.raises(AuthenticationUnavailable):
            is_right(answer)
    else:
        assert is_right(answer) is outcome


def test_no_is_no(tmp_path: Path) -> None:
    assert asyncio.run(verify(tmp_path / "mux", saying(b"NO authentication failed"), login())) is None


async def hang_up(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None: ...


async def say_half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_question(reader)
    writer.write(b"\0\x10OK")


async def say_nothing(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


@pytest.mark.parametrize("answer", [hang_up, say_half, say_nothing, saying(b"x"), saying(b"OK" * 600)])
def test_a_dead_or_odd_daemon_is_a_temporary_failure(tmp_path: Path, answer: Answerer) -> None:
    with pytest.raises(AuthenticationUnavailable):
        asyncio.run(verify(tmp_path / "mux", answer, login(), timeout_s=0.2))


@pytest.mark.parametrize("is_file", [False, True])
def test_no_socket_is_a_temporary_failure_that_names_the_path(tmp_path: Path, is_file: bool) -> None:
    if is_file:
        (tmp_path / "mux").touch()
    with pytest.raises(AuthenticationUnavailable, match="mux"):
        asyncio.run(SaslauthdVerifier(tmp_path / "mux").verify(login()))


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("alice", ""),
        ("", "secret"),
        ("alice", "x" * (PART_OCTETS_MAX + 1)),
        ("a" * (PART_OCTETS_MAX + 1), "x"),
        ("alice", "secret\0"),
    ],
)
def test_what_the_daemon_would_never_find_right_is_not_asked(tmp_path: Path, name: str, password: str) -> None:
    assert serialize_question(name, password, "imap", "") is None
    assert asyncio.run(SaslauthdVerifier(tmp_path / "none").verify(login(name, password))) is None


def test_a_name_that_others_may_take_for_another_is_not_asked(tmp_path: Path) -> None:
    assert asyncio.run(SaslauthdVerifier(tmp_path / "none").verify(login(" alice"))) is None
