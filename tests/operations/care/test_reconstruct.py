"""Rebuilding an account whose file was lost or damaged, from its mailbox directories."""

import asyncio
from pathlib import Path

import pytest
from tests.engine.rows import message_rows

from angarium import mime
from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    CreateMailboxes,
    FlagOperation,
    MailboxRename,
    NewMailbox,
    NewMessage,
    RenameMailboxes,
    SetAccountName,
    StoreFlags,
)
from angarium.engine.rows import AccountId, InternalDate, MailboxId
from angarium.engine.sources import SystemSources
from angarium.engine.spool import HEADER_NAME
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.errors import AccountNotFound, PermissionDenied
from angarium.flags import Flags
from angarium.names import UserId
from angarium.operations.care import Reconstructed, reconstruct_account
from angarium.operations.messages import hash_message, parse_message
from angarium.sequenceset import UidSet
from angarium.store import Actor, Store, StorePolicy

PROGRAM = Actor.program("reconstruct")
AUTHOR = Author("test")
ALL = UidSet(((1, 0xFFFFFFFF),))
MAIL = b"From: a@example.org\r\nSubject: kept\r\nDate: Mon, 1 Jan 2024 10:00:00 +0000\r\n\r\nbody %d\r\n"


class Place:
    """A store on disk with one account: INBOX of three messages, `work` of one, and a deleted mailbox."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sources = SystemSources()
        self.options = SqliteOptions(str(path / "state"), {"default": str(path / "spool")})
        self.inbox, self.work, self.old = (MailboxId(self.sources.random_id()) for _ in range(3))
        self.account = AccountId("")
        self.uidvalidity = 0
        self.modseq = 0

    async def open(self) -> SqliteEngine:
        return await SqliteEngine.open(self.options, self.sources)

    async def fill(self) -> None:
        engine = await self.open()
        self.account = await engine.create_account("user.alice")
        mailboxes = tuple(
            NewMailbox(mailbox, name, "default", "alice\tlrswipkxtecdan\t")
            for mailbox, name in ((self.inbox, ""), (self.work, "work"), (self.old, "old"))
        )
        await engine.write(self.account, CreateMailboxes(mailboxes, AUTHOR))
        for number in range(3):
            await self.add(engine, self.inbox, number)
        await self.add(engine, self.work, 7)
        deleted = MailboxRename(self.old, "old.655f1c00", 0x655F1C00)
        await engine.write(self.account, RenameMailboxes((deleted,), AUTHOR))
        row = await engine.mailbox(self.account, self.inbox)
        assert row is not None
        self.uidvalidity = row.uidvalidity
        self.modseq = (await engine.state(self.account)).modseq
        await engine.checkpoint()
        await engine.close()

    async def add(self, engine: SqliteEngine, mailbox: MailboxId, number: int) -> int:
        text = MAIL % number
        async with engine.stage("default") as staged:
            staged.write(text)
            content, search = await parse_message(
                memoryview(text), digest=hash_message(memoryview(text)), limits=mime.Limits()
            )
            message = NewMessage(await staged.finish(), Flags(), InternalDate(1), content, search)
            added = await engine.write(self.account, AddMessages(mailbox, (message,), AUTHOR))
        assert isinstance(added, Added)
        return added.uids[0]

    @property
    def account_file(self) -> Path:
        return self.path / "state" / "account" / self.account[0] / self.account[1] / f"{self.account}.db"

    def directory(self, mailbox: MailboxId) -> Path:
        return self.path / "spool" / "uuid" / mailbox[0] / mailbox[1] / mailbox

    async def rebuild(self, engine: SqliteEngine) -> Reconstructed:
        store = Store(engine, StorePolicy(), self.sources)
        return await reconstruct_account(store, PROGRAM, engine, self.account, limits=mime.Limits())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path)
    asyncio.run(made.fill())
    return made


def test_a_damaged_account_comes_back_and_goes_on_above_its_ceilings(place: Place) -> None:
    async def main() -> None:
        place.account_file.write_bytes(b"no database" * 1000)
        engine = await place.open()
        rebuilt = await place.rebuild(engine)
        assert (rebuilt.mailboxes, rebuilt.messages, rebuilt.failures) == (3, 4, ())
        assert rebuilt.put_aside is not None
        assert Path(rebuilt.put_aside).read_bytes().startswith(b"no database")
        rows = {row.id: row for row in await engine.mailboxes(place.account)}
        assert {row.name: row.messages for row in rows.values()} == {"": 3, "work": 1, "old.655f1c00": 0}
        assert rows[place.inbox].uidvalidity == place.uidvalidity
        assert rows[place.inbox].acl == "alice\tlrswipkxtecdan\t"
        assert rows[place.old].deleted_at_s == 0x655F1C00
        assert (await engine.state(place.account)).modseq > place.modseq
        assert rows[place.inbox].uidnext > 3
        assert await place.add(engine, place.inbox, 9) == rows[place.inbox].uidnext
        messages = await message_rows(engine, place.account, place.inbox)
        assert [row.uid for row in messages][:3] == [1, 2, 3]
        with await engine.open_message(place.account, place.inbox, messages[0].uid) as file:
            assert await file.read(0, 1000) == MAIL % 0
        contents = await engine.contents(place.account, [messages[0].content])
        assert contents[messages[0].content].envelope == mime.scan(MAIL % 0).envelope
        assert len(await engine.catalogue(account=place.account)) == 3
        await engine.close()

    asyncio.run(main())


def test_an_account_rebuilt_twice_still_gives_no_number_twice(place: Place) -> None:
    async def main() -> None:
        given: set[int] = {1, 2, 3}
        modseq = place.modseq
        for number in range(2):
            place.account_file.unlink()
            for suffix in ("-wal", "-shm"):
                Path(f"{place.account_file}{suffix}").unlink(missing_ok=True)
            engine = await place.open()
            await place.rebuild(engine)
            assert (await engine.state(place.account)).modseq > modseq
            uid = await place.add(engine, place.inbox, number)
            assert uid not in given
            given.add(uid)
            modseq = (await engine.state(place.account)).modseq
            await engine.close()

    asyncio.run(main())


def test_no_mailbox_comes_back_below_the_highest_ceiling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("angarium.engine.sqlite.transaction.CEILING_STEP", 1)
    place = Place(tmp_path)

    async def main() -> None:
        await place.fill()
        engine = await place.open()
        await engine.write(place.account, SetAccountName("user.alice", AUTHOR))
        # From here on the header of INBOX alone is raised.
        for number in range(5):
            flag = FlagOperation.ADD if number % 2 else FlagOperation.REMOVE
            await engine.write(place.account, StoreFlags(place.inbox, ALL, flag, Flags.of(["a"]), AUTHOR))
        modseq = (await engine.state(place.account)).modseq
        await place.rebuild(engine)
        assert all(row.highestmodseq > modseq for row in await engine.mailboxes(place.account))
        await engine.close()

    asyncio.run(main())


def test_a_renamed_account_comes_back_under_its_last_name(place: Place) -> None:
    async def main() -> None:
        engine = await place.open()
        await engine.rename_account(place.account, "user.alicia")
        await engine.write(place.account, SetAccountName("user.alicia", AUTHOR))
        await place.rebuild(engine)
        assert await engine.account_name(place.account) == "user.alicia"
        await engine.close()

    asyncio.run(main())


def test_a_directory_without_a_readable_header_is_named_and_stops_nothing(place: Place) -> None:
    async def main() -> None:
        (place.directory(place.work) / HEADER_NAME).write_bytes(b"{")
        engine = await place.open()
        rebuilt = await place.rebuild(engine)
        assert (rebuilt.mailboxes, rebuilt.messages) == (2, 3)
        assert [name for name, _ in rebuilt.failures] == [str(place.directory(place.work))]
        await engine.close()

    asyncio.run(main())


def test_an_account_without_directories_is_left_alone(place: Place) -> None:
    async def main() -> None:
        engine = await place.open()
        store = Store(engine, StorePolicy(), place.sources)
        with pytest.raises(AccountNotFound):
            await reconstruct_account(store, PROGRAM, engine, AccountId("x" * 24), limits=mime.Limits())
        assert len(await engine.mailboxes(place.account)) == 3
        await engine.close()

    asyncio.run(main())


def test_only_administrators_may(place: Place) -> None:
    async def main() -> None:
        engine = await place.open()
        store = Store(engine, StorePolicy(), place.sources)
        alice = Actor(UserId("alice"))
        with pytest.raises(PermissionDenied):
            await reconstruct_account(store, alice, engine, place.account, limits=mime.Limits())
        await engine.close()

    asyncio.run(main())
