"""What was read is given again until somebody announces a change of it."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import apsw
import pytest
from tests.engine.announcements import Announcements

from angarium.engine.commands import (
    Author,
    CreateMailboxes,
    Deliver,
    EraseMailboxes,
    NewMailbox,
    PruneMarks,
    SetAcl,
    SetAnnotations,
)
from angarium.engine.delivery import Mark, MarkKind
from angarium.engine.rows import (
    AccountId,
    AccountState,
    AnnotationChange,
    AnnotationRow,
    CredentialRow,
    MailboxId,
    ModSeq,
)
from angarium.engine.sources import SystemSources
from angarium.engine.sqlite import SqliteEngine, SqliteOptions, annotations, catalogue, reads, users
from angarium.engine.sqlite.remembered import Freshness, Remembered, Settled
from angarium.engine.users import AddCredential, SetDisabled
from angarium.errors import AclChanged
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
BOX = MailboxId("box")
CREDENTIAL = CredentialRow("alice", "hash", "", 1, disabled=False, created_at_s=1, changed_at_s=1)


class Database:
    """A file with one number, which another connection may change unannounced."""

    def __init__(self, path: Path) -> None:
        self.writer = apsw.Connection(str(path))
        self.writer.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (n); INSERT INTO t VALUES (0)").fetchall()
        self.reader = apsw.Connection(str(path))
        self.reads = 0

    def change(self) -> None:
        self.writer.execute("UPDATE t SET n = n + 1")

    def read(self) -> int:
        self.reads += 1
        number = self.reader.execute("SELECT n FROM t").get
        assert isinstance(number, int)
        return number


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(tmp_path / "numbers.db")
    yield database
    database.reader.close()
    database.writer.close()


def test_a_value_is_read_once_until_a_change_is_announced(database: Database) -> None:
    remembered: Remembered[str, int] = Remembered(database.reader, limit=10)
    assert [remembered.get((1, 0), "a", database.read) for _ in range(3)] == [0, 0, 0]
    database.change()
    assert [remembered.get((1, 0), "a", database.read), remembered.get((2, 0), "a", database.read)] == [0, 1]
    assert database.reads == 2
    remembered.put((5, 0), "a", 77)
    assert [remembered.get((5, 0), "a", database.read), remembered.get((6, 0), "a", database.read)] == [77, 1]


def test_what_was_not_announced_is_found_within_a_second(database: Database) -> None:
    remembered: Remembered[str, int] = Remembered(database.reader, limit=10)
    for second in range(5):
        assert remembered.get((1, second), "a", database.read) == 0
    # Once to remember it, and once more to know which version of the database that is.
    assert database.reads == 2
    database.change()
    assert remembered.get((1, 4), "a", database.read) == 0
    assert remembered.get((1, 5), "a", database.read) == 1
    remembered.put((2, 5), "a", 1)
    database.change()
    assert remembered.get((2, 6), "a", database.read) == 2


def test_nothing_is_remembered_where_nobody_can_tell(database: Database) -> None:
    remembered: Remembered[str, int] = Remembered(database.reader, limit=10)
    for expected in range(3):
        assert remembered.get(None, "a", database.read) == expected
        database.change()


def test_what_is_known_without_a_read_is_what_is_of_this_moment(database: Database) -> None:
    remembered: Remembered[str, int] = Remembered(database.reader, limit=10)
    assert remembered.known((1, 0), "a") is None
    remembered.get((1, 0), "a", database.read)
    assert remembered.known((1, 0), "a") == 0
    assert [remembered.known(stamp, "a") for stamp in ((2, 0), (1, 1), None)] == [None, None, None]
    assert remembered.known((1, 0), "b") is None


def test_no_more_is_remembered_than_the_limit(database: Database) -> None:
    remembered: Remembered[int, int] = Remembered(database.reader, limit=3)
    for key in (1, 2, 3, 1, 4, 4, 1):
        remembered.get((1, 0), key, database.read)
    assert database.reads == 5


@dataclass
class Pair:
    """Two workers' engines on one store, with an account and a mailbox."""

    first: SqliteEngine
    second: SqliteEngine
    account: AccountId
    announcements: Announcements

    @property
    def both(self) -> tuple[SqliteEngine, SqliteEngine]:
        return self.first, self.second


@asynccontextmanager
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    options = SqliteOptions(str(tmp_path / "config"), {"default": str(tmp_path / "default")})
    engines = [await SqliteEngine.open(options, SystemSources()) for _ in range(2)]
    announcements = Announcements()
    for engine in engines:
        announcements.join(engine)
    first, second = engines
    try:
        account = await first.create_account("user.alice")
        await first.write(account, CreateMailboxes((NewMailbox(BOX, "", "default", ""),), AUTHOR))
        yield Pair(first, second, account, announcements)
    finally:
        for engine in engines:
            await engine.close()


def test_what_nobody_changed_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    for module, name in (
        (reads, "read_freshness"),
        (reads, "read_mailbox"),
        (catalogue, "account_id"),
        (users, "credential"),
    ):

        def counting(*arguments: object, function: object = getattr(module, name), name: str = name) -> object:
            read.append(name)
            return function(*arguments)  # type: ignore[operator]

        monkeypatch.setattr(module, name, counting)

    async def check() -> None:
        async with pair(tmp_path) as store:
            await store.first.change_user(AddCredential(CREDENTIAL))
            await store.second.state(store.account)
            read.clear()
            for _ in range(3):
                await store.second.state(store.account)
                await store.second.mailbox(store.account, BOX)
                await store.second.account_id("user.alice")
                await store.second.credential("alice")
            assert sorted(read) == ["account_id", "credential", "read_mailbox"]
            read.clear()
            await store.second.write(store.account, SetAcl(BOX, "alice\tlr\t", 1, AUTHOR))
            await store.second.state(store.account)
            assert read == []  # a writer knows how the account stands behind its own commit
            await store.first.state(store.account)
            assert read == ["read_freshness"]

    asyncio.run(check())


def test_a_change_is_seen_by_all_as_soon_as_it_is_answered(tmp_path: Path) -> None:
    async def check() -> None:
        async with pair(tmp_path) as store:
            for engine, other in (store.both, store.both[::-1]):
                before = await other.state(store.account)
                row = await engine.mailbox(store.account, BOX)
                assert row is not None
                await engine.write(store.account, SetAcl(BOX, f"{id(engine)}\tl\t", row.acl_version, AUTHOR))
                for each in store.both:
                    assert (await each.state(store.account)).modseq > before.modseq
                    row = await each.mailbox(store.account, BOX)
                    assert row is not None
                    assert str(id(engine)) in row.acl

    asyncio.run(check())


def test_who_could_change_nothing_for_the_change_of_another_reads_that_one(tmp_path: Path) -> None:
    async def check() -> None:
        async with pair(tmp_path) as store:
            before = await store.first.mailbox(store.account, BOX)
            state = await store.first.state(store.account)
            assert before is not None
            await store.second.write(store.account, SetAcl(BOX, "alice\tlr\t", before.acl_version, AUTHOR))
            store.announcements.hold_back(store.account)
            assert await store.first.mailbox(store.account, BOX) == before
            with pytest.raises(AclChanged):
                await store.first.write(store.account, SetAcl(BOX, "alice\tl\t", before.acl_version, AUTHOR))
            row = await store.first.mailbox(store.account, BOX)
            assert row is not None
            assert row.acl == "alice\tlr\t"
            assert (await store.first.state(store.account)).modseq > state.modseq

    asyncio.run(check())


def test_names_and_credentials_are_those_of_this_moment(tmp_path: Path) -> None:
    async def check() -> None:
        async with pair(tmp_path) as store:
            for engine in store.both:
                assert await engine.account_id("user.bob") is None
                assert await engine.credential("alice") is None
            bob = await store.first.create_account("user.bob")
            await store.first.change_user(AddCredential(CREDENTIAL))
            assert [await engine.account_id("user.bob") for engine in store.both] == [bob, bob]
            assert [await engine.credential("alice") for engine in store.both] == [CREDENTIAL] * 2
            await store.second.rename_account(bob, "user.robert")
            await store.second.change_user(SetDisabled("alice", True, CREDENTIAL.changed_at_s))
            for engine in store.both:
                assert await engine.account_id("user.bob") is None
                assert await engine.account_id("user.robert") == bob
                assert (await engine.credential("alice")) == replace(CREDENTIAL, disabled=True)
            await store.first.forget_account(bob)
            await store.first.remove_credential("alice")
            for engine in store.both:
                assert await engine.account_id("user.robert") is None
                assert await engine.credential("alice") is None

    asyncio.run(check())


def test_among_many_writers_nobody_who_was_answered_reads_an_older_state(tmp_path: Path) -> None:
    chance = random.Random(7)

    async def check() -> None:
        async with pair(tmp_path) as store:

            async def write(writer: SqliteEngine, label: str) -> None:
                for number in range(15):
                    await asyncio.sleep(chance.random() / 500)
                    before = [(await reader.state(store.account)).modseq for reader in store.both]
                    box = NewMailbox(MailboxId(f"{label}{number}"), f"{label}{number}", "default", "")
                    assert [await reader.mailbox(store.account, box.id) for reader in store.both] == [None, None]
                    await writer.write(store.account, CreateMailboxes((box,), AUTHOR))
                    after = [(await reader.state(store.account)).modseq for reader in store.both]
                    assert min(after) > max(before)
                    assert None not in [await reader.mailbox(store.account, box.id) for reader in store.both]

            await asyncio.gather(write(store.first, "a"), write(store.first, "b"), write(store.second, "c"))
            true_state = [await engine.state(store.account) for engine in store.both]
            store.announcements.seconds += 1
            assert [await engine.state(store.account) for engine in store.both] == true_state
            store.announcements.changed(store.account)
            assert [await engine.state(store.account) for engine in store.both] == true_state

    asyncio.run(check())


def test_annotations_of_mailboxes_are_read_once_until_they_or_names_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[MailboxId | None] = []
    read_annotations = annotations.read_annotations

    def counting(connection: apsw.Connection, mailbox: MailboxId | None, uids: UidSet | None) -> list[AnnotationRow]:
        read.append(mailbox)
        return read_annotations(connection, mailbox, uids)

    monkeypatch.setattr(annotations, "read_annotations", counting)

    async def values(store: Pair, engine: SqliteEngine, mailbox: MailboxId | None = BOX) -> list[bytes]:
        return [row.value for row in await engine.annotations(store.account, mailbox)]

    async def check() -> None:
        async with pair(tmp_path) as store:
            for number, (engine, other) in enumerate((store.both, store.both[::-1])):
                for mailbox in (BOX, None):
                    await values(store, other, mailbox)
                    change = AnnotationChange("/comment", None, b"%d" % number)
                    await engine.write(store.account, SetAnnotations(mailbox, (change,), AUTHOR))
                    for each in store.both:
                        assert await values(store, each, mailbox) == [b"%d" % number]
            await values(store, store.second)
            read.clear()
            await store.first.write(store.account, Deliver(AUTHOR, marks=(Mark(MarkKind.TRACKED, "a", 2**40),)))
            await store.first.write(store.account, PruneMarks(2**41))
            for _ in range(3):
                assert await values(store, store.second) == [b"1"]
            assert read == []
            (await store.second.annotations(store.account, BOX)).clear()
            assert await values(store, store.second) == [b"1"]
            large = AnnotationChange("/comment", None, b"x" * 5_000)
            await store.first.write(store.account, SetAnnotations(BOX, (large,), AUTHOR))
            read.clear()
            assert await values(store, store.second) == await values(store, store.second) == [b"x" * 5_000]
            assert read == [BOX, BOX]  # large: not kept
            await store.first.write(store.account, EraseMailboxes((BOX,), AUTHOR))
            assert await values(store, store.second) == []

    asyncio.run(check())


def test_settings_are_read_again_where_either_modseq_changed() -> None:
    numbers = iter(range(10))

    def get(modseq: int, folder_modseq: int, settings_modseq: int) -> int:
        state = AccountState(ModSeq(modseq), ModSeq(folder_modseq))
        return settled.get(Freshness(state, ModSeq(settings_modseq)), "a", lambda: next(numbers))

    settled: Settled[str, int] = Settled(2)
    assert [get(1, 1, 1), get(2, 1, 1), get(3, 3, 1), get(4, 3, 4), get(5, 3, 4)] == [0, 0, 1, 2, 2]


def test_no_more_settings_are_kept_than_there_may_be() -> None:
    freshness = Freshness(AccountState(ModSeq(1), ModSeq(1)), ModSeq(1))
    settled: Settled[str, str] = Settled(2)
    for key in "abc":
        settled.get(freshness, key, lambda: "first")
    assert [settled.get(freshness, key, lambda: "second") for key in "ca"] == ["first", "second"]
