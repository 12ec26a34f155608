"""How much of annotations is held at once."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.imap.transcript import log_in, open_services

from angarium.fetchitem import Annotation
from angarium.imap.handlers.annotationcolumn import annotated_at_once

ITEM = Annotation(("/comment",), ("value.priv",))
OTHER = Annotation(("*",), ("value.shared",))


@pytest.mark.parametrize(
    ("octets", "items", "messages"),
    [
        (0, [], None),
        (1 << 40, [], None),
        (0, [ITEM], 32),
        (8 << 20, [ITEM], 32),
        (16 << 20, [ITEM], 16),
        (8 << 20, [ITEM, OTHER], 16),
        (1 << 40, [ITEM], 1),
    ],
)
def test_a_batch_is_smaller_where_annotations_are_large(
    tmp_path: Path, octets: int, items: list[Annotation], messages: int | None
) -> None:
    async def ask() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a SELECT INBOX")
            selected = alice.session.mailbox
            await selected.refresh()
            mailbox = selected.mailbox
            selected.mailbox = replace(mailbox, row=replace(mailbox.row, annotation_octets=octets))
            assert annotated_at_once(selected, items) == messages

    asyncio.run(ask())


def test_annotations_can_be_asked_for_a_few_times_only(tmp_path: Path) -> None:
    async def ask() -> None:
        async with open_services("memory", tmp_path) as services:
            alice = await log_in(services, "alice")
            await alice.ask("a SELECT INBOX")
            items = [f"ANNOTATION (/{number}/comment (value.priv))" for number in range(1, 6)]
            assert await alice.ask(f"a UID FETCH 1 ({' '.join(items)})") == ["a BAD Too many annotations"]
            (answer,) = await alice.ask(f"a UID FETCH 1 ({' '.join(items[:4])})")
            assert answer.startswith("a OK ")

    asyncio.run(ask())
