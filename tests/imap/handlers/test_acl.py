"""Identifiers and rights as octets; the rest is in the transcripts."""

import asyncio
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services


def _answer(directory: Path, command: bytes, options: str = "") -> list[str]:
    async def talk() -> list[str]:
        async with open_services("memory", directory, options) as services:
            alice = await log_in(services, "alice")
            return await alice.ask(b"a " + command)

    return asyncio.run(talk())


@pytest.mark.parametrize(
    "rights", [b'"?"', b"{2+}\r\nl\x01", b"{3+}\r\nl\r\n", b"{3+}\r\nl\xc3\xa9", b"{2+}\r\nl\xff", b'"l\x7f"']
)
def test_letter_that_cannot_be_in_a_line_is_told_as_a_question_mark(rights: bytes, tmp_path: Path) -> None:
    assert _answer(tmp_path, b"SETACL INBOX bob " + rights) == ["a BAD The ? right is not supported"]


@pytest.mark.parametrize("command", [b"SETACL INBOX %b lr", b"DELETEACL INBOX %b", b"LISTRIGHTS INBOX %b"])
def test_identifier_that_is_not_utf8_is_none(command: bytes, tmp_path: Path) -> None:
    line = command % b"{2+}\r\n\xff\xfe"
    assert _answer(tmp_path, line) == ["a NO [CANNOT] Invalid identifier"]


@pytest.mark.parametrize(("letter", "kept"), [("c", "kxcn"), ("d", "kcn")])
def test_old_rights_stand_for_what_deleteright_says(letter: str, kept: str, tmp_path: Path) -> None:
    async def talk() -> list[str]:
        async with open_services("memory", tmp_path, f"deleteright: {letter}\n") as services:
            alice = await log_in(services, "alice")
            await alice.ask("a SETACL INBOX bob cn")
            return await alice.ask("a GETACL INBOX")

    (line, _) = asyncio.run(talk())
    assert line.split(" bob ")[1].replace("d", "") == kept
