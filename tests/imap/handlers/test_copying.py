"""COPY and MOVE, beyond what the transcripts say."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.imap.transcript import log_in, open_services

from angarium.engine.rows import ModSeq, Uid, UidValidity
from angarium.imap.handlers.copying import _ordered_set
from angarium.imap.services import ImapServices
from angarium.operations.messages import CopyUid


@given(st.lists(st.integers(1, 40), unique=True, min_size=1))
def test_sets_keep_the_order_of_copying(uids: list[int]) -> None:
    spelt: list[int] = []
    for element in _ordered_set(uids).split(b","):
        first, _, last = element.partition(b":")
        spelt += range(int(first), int(last or first) + 1)
    assert spelt == uids


def test_copies_need_not_ascend_in_the_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def moved(*_: object) -> CopyUid:
        return CopyUid(UidValidity(7), (Uid(1), Uid(2), Uid(4)), (Uid(9), Uid(3), Uid(4)), ModSeq(5), is_readable=True)

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a APPEND INBOX {16+}\r\nSubject: One\r\n\r\n")
            await alice.ask("a SELECT INBOX")
            monkeypatch.setattr("angarium.operations.messages.move", moved)
            assert await alice.ask("a MOVE 1 INBOX") == [
                "* OK [COPYUID 7 1:2,4 9,3:4] Completed",
                "a OK [HIGHESTMODSEQ 5] Completed",
            ]

    asyncio.run(talk())


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@pytest.mark.parametrize("target", ["Work", '"Other Users/bob"'])
def test_over_quota_copies_nothing(kind: str, target: str, tmp_path: Path) -> None:
    async def fill(services: ImapServices) -> None:
        cyrus, bob = await log_in(services, "cyrus"), await log_in(services, "bob")
        await bob.ask("a SETACL INBOX alice lrswi")
        await cyrus.ask("a SETQUOTA user/alice (STORAGE 2)")
        await cyrus.ask("a SETQUOTA user/bob (STORAGE 1)")

    async def talk() -> None:
        async with open_services(kind, tmp_path) as services:
            await fill(services)
            alice = await log_in(services, "alice")
            message = b"Subject: One\r\n\r\n" + b"x" * 800
            for _ in range(2):
                await alice.ask(b"a APPEND INBOX {%d+}\r\n%b" % (len(message), message))
            await alice.ask("a CREATE Work")
            await alice.ask("a SELECT INBOX")
            assert await alice.ask(f"a COPY 1:2 {target}") == ["a NO [OVERQUOTA] Over quota"]
            assert (await alice.ask(f"a STATUS {target} (MESSAGES)"))[0].endswith("(MESSAGES 0)")

    asyncio.run(talk())


def test_a_set_of_many_single_messages_is_copied_whole(tmp_path: Path) -> None:
    """The set alone has more than 30,000 octets; each of its messages comes, and no other."""

    async def talk() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            message = b"{16+}\r\nSubject: One\r\n\r\n"
            await alice.ask(b"a APPEND INBOX " + b" ".join([message] * 400))
            await alice.ask("a CREATE Odd")
            await alice.ask("a SELECT INBOX")
            odd = ",".join([str(uid) for uid in range(1, 12_001, 2)])
            assert len(odd) > 30_000
            (*_, answer) = await alice.ask(f"a UID COPY {odd} Odd")
            source = ",".join([str(uid) for uid in range(1, 401, 2)])
            assert f" {source} 1:200] Completed" in answer
            assert "* STATUS Odd (MESSAGES 200)" in await alice.ask("a STATUS Odd (MESSAGES)")

    asyncio.run(talk())
