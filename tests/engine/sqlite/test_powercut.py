"""No acknowledged mail is lost, whatever a power cut leaves: every state after every operation is built and opened."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.powercut.record import Mark, Record, RecordingDisk, RecordingVFS
from tests.powercut.states import CrashState, crash_states

from angarium.engine.commands import (
    Added,
    AddMessages,
    Author,
    Copied,
    CopyMessages,
    CreateMailboxes,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    MailboxRename,
    NewMailbox,
    NewMessage,
    PurgeMessages,
    RenameMailboxes,
    StoreFlags,
)
from angarium.engine.rows import AccountId, Content, InternalDate, MailboxId, MessageRow, SearchFields, Uid
from angarium.engine.sources import SystemSources
from angarium.engine.spool import HEADER_NAME, MailboxHeader
from angarium.engine.sqlite import SqliteEngine, SqliteOptions
from angarium.flags import Flags, SystemFlags
from angarium.sequenceset import UidSet

AUTHOR = Author("alice")
SAMPLES = 2


@dataclass
class Promised:
    """What has been acknowledged: the model that a store after a cut is held against."""

    messages: dict[tuple[MailboxId, int], bytes] = field(default_factory=dict)
    flags: dict[tuple[MailboxId, int], int] = field(default_factory=dict)
    gone: set[tuple[MailboxId, int]] = field(default_factory=set)
    names: dict[MailboxId, str] = field(default_factory=dict)
    erased: set[MailboxId] = field(default_factory=set)
    highest_uid: dict[MailboxId, int] = field(default_factory=dict)
    highest_modseq: int = 0

    def copy(self) -> "Promised":
        return Promised(
            dict(self.messages),
            dict(self.flags),
            set(self.gone),
            dict(self.names),
            set(self.erased),
            dict(self.highest_uid),
            self.highest_modseq,
        )


class Client:
    """Does things to a recorded store, and marks what it was promised."""

    def __init__(self, engine: SqliteEngine, account: AccountId, record: Record, sources: SystemSources) -> None:
        self.engine = engine
        self.account = account
        self.record = record
        self.sources = sources
        self.promised = Promised()

    def acknowledge(self, modseq: int | None = None) -> None:
        self.promised.highest_modseq = max(self.promised.highest_modseq, modseq or 0)
        self.record.mark(self.promised.copy())

    async def create(self, name: str) -> MailboxId:
        mailbox = MailboxId(self.sources.random_id())
        new = NewMailbox(mailbox, name, "default", "alice\tlrswipkxtecdan\t")
        await self.engine.write(self.account, CreateMailboxes((new,), AUTHOR))
        await self.engine.refresh_catalogue(self.account)
        self.promised.names[mailbox] = name
        self.acknowledge()
        return mailbox

    async def deliver(self, mailbox: MailboxId, text: bytes) -> Uid:
        async with self.engine.stage("default") as staged:
            staged.write(text)
            message = NewMessage(await staged.finish(), Flags(), InternalDate(1), CONTENT, SEARCH)
            added = await self.engine.write(self.account, AddMessages(mailbox, (message,), AUTHOR))
        assert isinstance(added, Added)
        self._has(mailbox, added.uids[0], text, 0)
        self.acknowledge(added.modseq)
        return added.uids[0]

    async def copy(self, source: MailboxId, uid: Uid, target: MailboxId, *, move: bool = False) -> None:
        uids = UidSet(((uid, uid),))
        copied = await self.engine.write(self.account, CopyMessages(source, uids, target, AUTHOR, move=move))
        assert isinstance(copied, Copied)
        text = self.promised.messages[source, uid]
        self._has(target, copied.target[0], text, self.promised.flags[source, uid])
        if move:
            self._forget(source, uid)
        self.acknowledge()

    async def flag(self, mailbox: MailboxId, uid: Uid, flags: SystemFlags) -> None:
        command = StoreFlags(mailbox, UidSet(((uid, uid),)), FlagOperation.REPLACE, Flags(flags), AUTHOR)
        await self.engine.write(self.account, command)
        self.promised.flags[mailbox, uid] = int(flags)
        self.acknowledge()

    async def expunge(self, mailbox: MailboxId, uid: Uid) -> None:
        await self.engine.write(self.account, Expunge(mailbox, AUTHOR, UidSet(((uid, uid),)), only_deleted=False))
        self._forget(mailbox, uid)
        self.acknowledge()

    async def rename(self, mailbox: MailboxId, name: str) -> None:
        await self.engine.write(self.account, RenameMailboxes((MailboxRename(mailbox, name),), AUTHOR))
        await self.engine.refresh_catalogue(self.account)
        self.promised.names[mailbox] = name
        self.acknowledge()

    async def erase(self, mailbox: MailboxId) -> None:
        await self.engine.write(self.account, EraseMailboxes((mailbox,), AUTHOR))
        await self.engine.refresh_catalogue(self.account)
        for key in [key for key in self.promised.messages if key[0] == mailbox]:
            self._forget(*key)
        del self.promised.names[mailbox]
        self.promised.erased.add(mailbox)
        self.acknowledge()

    async def purge(self, mailbox: MailboxId) -> None:
        await self.engine.write(self.account, PurgeMessages(mailbox, 1 << 40))
        self.acknowledge()

    def _has(self, mailbox: MailboxId, uid: int, text: bytes, flags: int) -> None:
        self.promised.messages[mailbox, uid] = text
        self.promised.flags[mailbox, uid] = flags
        self.promised.highest_uid[mailbox] = max(self.promised.highest_uid.get(mailbox, 0), uid)

    def _forget(self, mailbox: MailboxId, uid: int) -> None:
        del self.promised.messages[mailbox, uid], self.promised.flags[mailbox, uid]
        self.promised.gone.add((mailbox, uid))


CONTENT = Content(b"hash", 1, b"(e)", b"(b)", b"(bs)", b"p")
SEARCH = SearchFields("a", "b", "", "", "s", "s", None, "<1@x>")


def text_of(number: int, size: int = 1500) -> bytes:
    return b"Subject: %d\r\n\r\n" % number + (b"%d " % number * size)[:size]


async def deliveries(client: Client) -> None:
    inbox = await client.create("")
    await client.deliver(inbox, text_of(1))
    await asyncio.gather(client.deliver(inbox, text_of(2)), client.deliver(inbox, text_of(3)))
    await client.deliver(inbox, text_of(4, 5000))


async def flags_and_expunges(client: Client) -> None:
    inbox = await client.create("")
    first, second = await client.deliver(inbox, text_of(1)), await client.deliver(inbox, text_of(2))
    await client.flag(inbox, first, SystemFlags.SEEN)
    await client.flag(inbox, first, SystemFlags.FLAGGED)
    await client.expunge(inbox, first)
    await client.purge(inbox)
    await client.flag(inbox, second, SystemFlags.DELETED)
    await client.expunge(inbox, second)
    await client.deliver(inbox, text_of(3))


async def copies_and_moves(client: Client) -> None:
    inbox, work = await client.create(""), await client.create("work")
    uid = await client.deliver(inbox, text_of(1))
    await client.copy(inbox, uid, work)
    await client.copy(inbox, uid, work, move=True)
    await client.purge(inbox)


async def names(client: Client) -> None:
    await client.create("")
    work = await client.create("work")
    await client.deliver(work, text_of(1))
    await client.rename(work, "play")
    again = await client.create("work")
    await client.deliver(again, text_of(2))
    await client.erase(again)
    await client.rename(work, "work")


SCENARIOS: list[Callable[[Client], Awaitable[None]]] = [deliveries, flags_and_expunges, copies_and_moves, names]


async def record_scenario(base: str, record: Record, scenario: Callable[[Client], Awaitable[None]]) -> AccountId:
    vfs_name = f"recording-{os.getpid()}-{id(record)}"
    vfs = RecordingVFS(vfs_name, record)
    sources = SystemSources()
    options = SqliteOptions(f"{base}/state", {"default": f"{base}/spool"}, vfs=vfs_name, checkpoint_pages=20)
    engine = await SqliteEngine.open(options, sources, RecordingDisk(record))
    account = await engine.create_account("user.alice")
    await scenario(Client(engine, account, record, sources))
    await engine.close()
    vfs.unregister()
    return account


async def check_state(root: str, base: str, account: AccountId, state: CrashState, coming: Promised) -> None:
    """Open what the cut left, and hold it against what was promised, or would have been `coming` next."""
    promised = state.marks[-1] if state.marks else Promised()
    assert isinstance(promised, Promised)
    options = SqliteOptions(f"{root}{base}/state", {"default": f"{root}{base}/spool"})
    engine = await SqliteEngine.open(options, SystemSources())
    try:
        if not promised.names:
            return
        assert await engine.account_id("user.alice") == account
        rows = {row.id: row for row in await engine.mailboxes(account)}
        present: dict[MailboxId, list[MessageRow]] = {
            mailbox: await engine.messages(account, mailbox) for mailbox in rows
        }
        for mailbox, name in promised.names.items():
            if mailbox not in rows:
                assert mailbox not in coming.names, f"{name} is lost"
                continue
            assert rows[mailbox].name in (name, coming.names.get(mailbox))
            assert rows[mailbox].uidnext > promised.highest_uid.get(mailbox, 0)
        await check_messages(engine, account, promised, coming, present)
        assert (await engine.state(account)).modseq >= promised.highest_modseq
        for mailbox, row in rows.items():
            check_header(f"{root}{base}/spool", mailbox, row.uidnext, (await engine.state(account)).modseq)
            counted = present[mailbox]
            assert row.messages == len(counted)
            assert row.octets == sum(message.size_octets for message in counted)
        catalogue = {row.mailbox: row.name for row in await engine.catalogue(account=account)}
        assert catalogue == {mailbox: row.name for mailbox, row in rows.items()}
    finally:
        await engine.close()


async def check_messages(
    engine: SqliteEngine,
    account: AccountId,
    promised: Promised,
    coming: Promised,
    present: dict[MailboxId, list[MessageRow]],
) -> None:
    found = {(mailbox, row.uid): row for mailbox, messages in present.items() for row in messages}
    for key, text in promised.messages.items():
        if key not in found:
            assert key not in coming.messages, f"message {key} is lost"
            continue  # an expunge, move or erase had taken effect, and was not acknowledged yet
        row = found[key]
        assert row.system_flags in (promised.flags[key], coming.flags.get(key))
        with await engine.open_message(account, key[0], row.uid) as file:
            assert await file.read(0, file.size_octets) == text
    for mailbox, uid in found:
        assert (mailbox, uid) not in promised.gone, "an expunged message came back"
        with await engine.open_message(account, mailbox, Uid(uid)) as file:
            data = await file.read(0, file.size_octets)
            assert data.startswith(b"Subject: ")
            assert len(data) == found[mailbox, uid].size_octets, "an unacknowledged message is not whole"


def check_header(spool: str, mailbox: MailboxId, uidnext: int, modseq: int) -> None:
    header = MailboxHeader.parse(Path(spool, "uuid", mailbox[0], mailbox[1], mailbox, HEADER_NAME).read_bytes())
    assert header.uid_ceiling >= uidnext
    assert header.mailbox == mailbox
    assert modseq > 0


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: str(getattr(scenario, "__name__", scenario)))
def test_every_state_of_a_power_cut_keeps_what_was_promised(
    scenario: Callable[[Client], Awaitable[None]], tmp_path: Path
) -> None:
    base = str(tmp_path / "base")
    os.mkdir(base)
    record = Record()
    account = asyncio.run(record_scenario(base, record, scenario))
    promises = [(cut, operation.what) for cut, operation in enumerate(record.operations) if isinstance(operation, Mark)]
    checked = 0
    root = str(tmp_path / "after")
    for state in crash_states(record.operations, base, seed=1, samples=SAMPLES):
        state.write_to(root)
        try:
            coming = next((what for cut, what in promises if cut > state.cut), promises[-1][1])
            assert isinstance(coming, Promised)
            asyncio.run(check_state(root, base, account, state, coming))
        except Exception as error:
            raise AssertionError(
                f"after operation {state.cut} ({record.operations[state.cut]!r:.200}), {state.variant}"
            ) from error
        shutil.rmtree(root)
        checked += 1
    assert checked > 100
