"""Mail in the store of a test, without a server; and a machine that has no store of its own."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from angarium.cli.location import location_of
from angarium.cli.openstore import open_store
from angarium.config import load_settings
from angarium.engine.rows import InternalDate
from angarium.flags import Flags
from angarium.names import MailboxName
from angarium.operations.mailboxes import create
from angarium.operations.messages import AppendedMessage, IncomingMessage, MessageLimits, append, append_target
from angarium.store import Actor

_ACTOR = Actor.program("test")


@pytest.fixture(autouse=True)
def no_store(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Whatever imapd.conf the machine has, it is not found."""
    nowhere = tmp_path / "nowhere"
    elsewhere = partial(location_of, environment={"HOME": str(nowhere)}, system=(nowhere, nowhere))
    monkeypatch.setattr("angarium.cli.sievefiles.location_of", elsewhere)


def append_mail(store: Path, name: str, *messages: str, date_s: int = 1_700_000_000) -> None:
    """Puts messages into a user's mailbox, by its internal name."""

    async def work() -> None:
        async with open_store(load_settings(store / "imapd.conf").settings) as opened:
            mailbox = MailboxName.from_internal(name)
            assert mailbox.userid is not None
            actor = await opened.store.actor(mailbox.userid)
            for number, text in enumerate(messages):
                target = await append_target(opened.store, actor, mailbox)
                limits = MessageLimits()
                async with IncomingMessage.appended(opened.store, target.partition, limits=limits) as incoming:
                    incoming.write(text.replace("\n", "\r\n").encode())
                    date = InternalDate(date_s + 60 * number)
                    message = AppendedMessage(await incoming.finish(), Flags.of([]), date)
                    await append(opened.store, actor, target, [message])

    asyncio.run(work())


def create_mailbox(store: Path, name: str) -> None:
    """Makes a mailbox, by its internal name."""

    async def work() -> None:
        async with open_store(load_settings(store / "imapd.conf").settings) as opened:
            await create(opened.store, _ACTOR, MailboxName.from_internal(name))

    asyncio.run(work())
