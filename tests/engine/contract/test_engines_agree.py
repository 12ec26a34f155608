"""Differential test: whatever commands are given, every engine has the same rows as the one in memory.

Refused commands and batches are among them. What an engine is free in is evened out before comparing: modseqs and
UIDVALIDITYs by their rank (a refusal may leave a gap in the account's numbers), drawn ids by their first appearance,
keyword bits by their names, and what a change log line says of the time before.
"""

import asyncio
import tempfile
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.engine.contract.conftest import (
    AUTHOR,
    OWNER_ACL,
    PARTITIONS,
    START_S,
    Draft,
    Site,
    TestSources,
    flag_names,
    open_engine,
    open_site,
)
from tests.engine.rows import message_rows

from angarium.engine.commands import (
    ActivateScript,
    Added,
    AddMessages,
    AnnotationsSet,
    ClaimRecent,
    Command,
    Copied,
    CopyMessages,
    CreateMailboxes,
    DeleteScript,
    Deliver,
    Delivered,
    EraseMailboxes,
    Expunge,
    FlagOperation,
    FlagsStored,
    MailboxRename,
    MessageOrigin,
    NewMailbox,
    NewMessage,
    PostponeDispatch,
    PruneChanges,
    PruneMarks,
    PurgeMessages,
    PutScript,
    QuotaPolicy,
    RemoveDispatch,
    RemoveQuota,
    RenameInbox,
    RenameMailboxes,
    RenameScript,
    Replaced,
    ReplaceMessage,
    RestoreMailbox,
    Result,
    SetAccountName,
    SetAcl,
    SetAnnotations,
    SetQuota,
    SetSharedSeen,
    SetSpecialUse,
    StagedFile,
    StoreFlags,
    Subscribe,
)
from angarium.engine.delivery import Deposit, Dispatch, DispatchRow, Mark, MarkKind, MarkRow
from angarium.engine.rows import (
    AccountId,
    AnnotationChange,
    AnnotationRow,
    CatalogueRow,
    ChangeRow,
    Content,
    ContentId,
    EmailId,
    MailboxId,
    MailboxRow,
    MessageRow,
    ModSeq,
    QuotaResource,
    QuotaRow,
    SeenRow,
    SubscriptionRow,
    ThreadId,
    Uid,
    UidValidity,
)
from angarium.engine.scripts import ScriptRow
from angarium.flags import ALL_SYSTEM_FLAGS, Flags, SystemFlags
from angarium.sequenceset import UidSet

EXAMPLES = 25
READERS = (AccountId("a" * 24), AccountId("b" * 24))
MAILBOXES = tuple(MailboxId(letter * 24) for letter in "cdef")
INBOX = MailboxId("0" * 24)

mailbox_ids = st.sampled_from([*[INBOX, MAILBOXES[0]] * 4, *MAILBOXES])
names = st.sampled_from(["", "a", "a.b", "a.b.c", "ab", "d"])
readers = st.sampled_from([None, None, *READERS])
annotation_changes = st.builds(
    AnnotationChange, st.sampled_from(["/a", "/b"]), readers, st.sampled_from([None, b"x", b"\x00" * 600])
)
acl_versions = st.sampled_from([*[None] * 9, 1, 2])
uid_sets = st.lists(st.integers(1, 9), min_size=1, max_size=5).map(UidSet.from_numbers) | st.just(UidSet(((1, 99),)))
system_flags = st.integers(0, 31).map(SystemFlags)
flags = st.builds(
    Flags,
    system_flags,
    st.lists(st.sampled_from(["Work", "WORK", "$Junk", "later"]), max_size=2, unique_by=str.lower).map(tuple),
)
times = st.integers(START_S, START_S + 20)
quota_policies = st.sampled_from(QuotaPolicy)
message_ids = st.sampled_from(["<1>", "<2>", "<3>", ""])
new_mailboxes = st.builds(
    NewMailbox,
    st.sampled_from(MAILBOXES),
    names,
    st.sampled_from(PARTITIONS),
    st.just(OWNER_ACL),
    st.sampled_from(["", "\\Sent"]),
    st.sampled_from([(), ("later", "x")]),
)


@st.composite
def new_messages(draw: st.DrawFn) -> NewMessage:
    """A message whose file's path is its text, to be staged under each engine."""
    origins = st.builds(MessageOrigin, st.just(MailboxId("g" * 24)), st.integers(1, 2).map(Uid))
    draft = Draft(
        octets=b"x" * draw(st.sampled_from([0, 1, 300, 700])),
        flags=draw(flags),
        message_id=draw(message_ids),
        references=tuple(reference for reference in draw(st.lists(message_ids, max_size=2)) if reference),
        base_subject=draw(st.sampled_from(["news", "other"])),
        email_id=draw(st.none() | st.just(EmailId(77))),
        thread_id=draw(st.none() | st.just(ThreadId(88))),
        origin=draw(st.none() | st.none() | origins),
    )
    message = draft.message(StagedFile(draw(st.sampled_from(PARTITIONS)), draft.octets.decode(), len(draft.octets)))
    return replace(message, annotations=tuple(draw(st.lists(annotation_changes, max_size=2))))


marks = st.builds(Mark, st.sampled_from(MarkKind), st.sampled_from(["1@x", "2@x", "ann bob"]), times)
dispatches = st.builds(
    Dispatch,
    st.sampled_from(["", "smith@example.org"]),
    st.sampled_from([("ann@example.org",), ("ann@example.org", "bob@example.org")]),
    st.sampled_from([b"", b"Subject: x\r\n\r\n"]),
    st.just("redirect"),
    st.just("1@x"),
    times,
    st.none() | st.sampled_from(["x", "y" * 50]).map(lambda text: StagedFile(PARTITIONS[0], text, len(text))),
    st.sampled_from([0, 0, 7, 100]),
    st.sampled_from([(), (("NOTIFY", "NEVER"),)]),
    st.none() | marks,
)
numbers = st.integers(1, 4)
script_names = st.sampled_from(["a", "b", "c"])

deliveries: tuple[st.SearchStrategy[Command], ...] = (
    st.builds(
        Deliver,
        st.just(AUTHOR),
        st.lists(
            st.builds(Deposit, mailbox_ids, new_messages(), acl_versions, quota_policies, st.none() | marks), max_size=3
        ).map(tuple),
        st.lists(dispatches, max_size=2).map(tuple),
        st.lists(marks, max_size=2).map(tuple),
        st.lists(st.tuples(st.sampled_from(MarkKind), st.just("1@x")), max_size=1).map(tuple),
    ),
    st.builds(PostponeDispatch, numbers, st.just(("x",)), times, st.just("451"), st.booleans()),
    st.builds(RemoveDispatch, numbers, st.just(AUTHOR), st.none() | dispatches),
    st.builds(PruneMarks, times, st.none() | times),
)
of_scripts: tuple[st.SearchStrategy[Command], ...] = (
    st.builds(
        PutScript,
        script_names,
        st.sampled_from([b"keep;", b"stop;"]),
        st.just(AUTHOR),
        st.sampled_from([None, 2]),
        st.booleans(),
    ),
    st.builds(ActivateScript, st.none() | script_names, st.just(AUTHOR)),
    st.builds(DeleteScript, script_names, st.just(AUTHOR)),
    st.builds(RenameScript, script_names, script_names, st.just(AUTHOR)),
)
of_messages: tuple[st.SearchStrategy[Command], ...] = (
    st.builds(
        AddMessages,
        mailbox_ids,
        st.lists(new_messages(), min_size=1, max_size=3).map(tuple),
        st.just(AUTHOR),
        quota_policies,
        acl_versions,
        readers,
    ),
    st.builds(
        CopyMessages,
        mailbox_ids,
        uid_sets,
        mailbox_ids,
        st.just(AUTHOR),
        st.booleans(),
        quota_policies,
        acl_versions,
        acl_versions,
        readers,
        readers,
        st.sampled_from([ALL_SYSTEM_FLAGS, SystemFlags(18)]),
        st.booleans(),
        st.booleans(),
        readers,
    ),
    st.builds(
        StoreFlags,
        mailbox_ids,
        uid_sets,
        st.sampled_from(FlagOperation),
        flags,
        st.just(AUTHOR),
        st.sampled_from([ALL_SYSTEM_FLAGS, SystemFlags(18), SystemFlags(7)]),
        st.booleans(),
        st.none() | st.integers(0, 8).map(ModSeq),
        acl_versions,
        readers,
    ),
    st.builds(
        SetAnnotations,
        st.none() | mailbox_ids,
        st.lists(annotation_changes, min_size=1, max_size=3).map(tuple),
        st.just(AUTHOR),
        st.none() | uid_sets,
        st.none() | st.integers(0, 8).map(ModSeq),
        acl_versions,
        readers,
        st.none() | st.integers(1, 2),
    ),
    st.builds(Expunge, mailbox_ids, st.just(AUTHOR), st.none() | uid_sets, st.booleans(), acl_versions),
    st.builds(
        ReplaceMessage,
        st.builds(
            AddMessages,
            mailbox_ids,
            st.tuples(new_messages()),
            st.just(AUTHOR),
            quota_policies,
            acl_versions,
            readers,
        ),
        mailbox_ids,
        st.integers(1, 9).map(Uid),
        acl_versions,
    ),
)
of_the_rest: tuple[st.SearchStrategy[Command], ...] = (
    st.builds(CreateMailboxes, st.lists(new_mailboxes, min_size=1, max_size=2).map(tuple), st.just(AUTHOR)),
    st.builds(
        RenameMailboxes,
        st.lists(
            st.builds(MailboxRename, mailbox_ids, names, st.none() | st.just(START_S)),
            min_size=1,
            max_size=2,
            unique_by=lambda rename: rename.mailbox,
        ).map(tuple),
        st.just(AUTHOR),
    ),
    st.builds(RenameInbox, mailbox_ids, new_mailboxes, st.just(AUTHOR)),
    st.builds(EraseMailboxes, st.tuples(mailbox_ids), st.just(AUTHOR)),
    st.builds(SetAcl, mailbox_ids, st.sampled_from(["", "anyone\tlrs\t"]), st.integers(1, 2), st.just(AUTHOR)),
    st.builds(SetSharedSeen, mailbox_ids, st.booleans(), st.just(AUTHOR)),
    st.builds(SetSpecialUse, mailbox_ids, st.sampled_from(["", "\\Sent", "\\Junk \\Sent"]), st.just(AUTHOR)),
    st.builds(
        SetQuota,
        names,
        st.dictionaries(st.sampled_from(QuotaResource), st.integers(0, 4), max_size=2),
        st.just(AUTHOR),
    ),
    st.builds(RemoveQuota, names, st.just(AUTHOR)),
    st.builds(Subscribe, names, st.just(AUTHOR), st.booleans()),
    st.builds(ClaimRecent, mailbox_ids, st.integers(1, 5).map(Uid), readers),
    st.builds(PurgeMessages, mailbox_ids, times, st.sampled_from([1, 1000])),
    st.builds(PruneChanges, times, st.sampled_from([1, 1000])),
    st.builds(SetAccountName, st.just("user.jones"), st.just(AUTHOR)),
    st.builds(
        RestoreMailbox,
        new_mailboxes,
        st.integers(1, 5).map(UidValidity),
        st.integers(1, 20).map(Uid),
        st.integers(1, 20).map(ModSeq),
        st.just(()),
        st.just(AUTHOR),
        st.none() | st.just(START_S),
    ),
)
commands: st.SearchStrategy[Command] = st.integers(0, 6).flatmap(
    lambda number: st.one_of(*{0: of_the_rest, 1: deliveries, 2: deliveries, 3: of_scripts}.get(number, of_messages))
)


PRELUDE: tuple[Command, ...] = (
    CreateMailboxes(
        (
            NewMailbox(MAILBOXES[0], "a", PARTITIONS[0], OWNER_ACL),
            NewMailbox(MAILBOXES[1], "a.b", PARTITIONS[1], OWNER_ACL),
        ),
        AUTHOR,
    ),
    *[
        AddMessages(mailbox, (Draft().message(StagedFile(PARTITIONS[0], "x" * 100, 100)),) * 4, AUTHOR)
        for mailbox in (INBOX, MAILBOXES[0])
    ],
    SetQuota("", {QuotaResource.STORAGE: 2}, AUTHOR),
    SetQuota("a", {QuotaResource.STORAGE: 1}, AUTHOR),
)
"""So that there is something to work on."""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that can be read of an account."""

    mailboxes: list[MailboxRow]
    messages: dict[MailboxId, list[MessageRow]]
    parsed: dict[MailboxId, list[Content]]
    seen: dict[tuple[MailboxId, AccountId], SeenRow | None]
    subscriptions: list[SubscriptionRow]
    quotas: list[QuotaRow]
    annotations: list[AnnotationRow]
    changes: list[ChangeRow]
    catalogue: list[CatalogueRow]
    marks: list[MarkRow]
    scripts: list[ScriptRow]
    dispatches: list[DispatchRow]
    files: list[bytes]
    """Of mail to send."""
    folder_modseq: ModSeq


async def read(site: Site) -> Contents:
    """Read everything."""
    engine, account = site.engine, site.account
    mailboxes = sorted(await engine.mailboxes(account), key=lambda row: (row.name, row.id))
    messages = {row.id: await message_rows(engine, account, row.id, changed_since=ModSeq(1)) for row in mailboxes}
    for row in mailboxes:
        there = [message for message in messages[row.id] if not message.expunged_modseq]
        assert await message_rows(engine, account, row.id) == there
    parsed = {}
    for mailbox, rows in messages.items():
        contents = await engine.contents(account, [row.content for row in rows])
        parsed[mailbox] = [contents[row.content] for row in rows]
    await engine.refresh_catalogue(account)
    annotations = await engine.annotations(account, None)
    for row in mailboxes:
        annotations += await engine.annotations(account, row.id)
        annotations += await engine.annotations(account, row.id, UidSet(((1, 1000),)))
    return Contents(
        mailboxes,
        messages,
        parsed,
        {(row.id, reader): await engine.seen(account, row.id, reader) for row in mailboxes for reader in READERS},
        await engine.subscriptions(account),
        await engine.quotas(account),
        annotations,
        await engine.changes(account, since=ModSeq(0), limit=10_000),
        sorted(await engine.catalogue(), key=lambda row: (row.name, row.mailbox)),
        [row for kind in MarkKind for row in await engine.list_marks(account, kind)],
        await engine.scripts(account),
        *await read_queue(site),
        (await engine.state(account)).folder_modseq,
    )


async def read_queue(site: Site) -> tuple[list[DispatchRow], list[bytes]]:
    """Mail to send, with its files; what notes there are is what the lines say."""
    rows = await site.engine.dispatches(site.account)
    assert [number for number, _ in await site.engine.work()] == sorted(row.work for row in rows)
    files = []
    for row in rows:
        assert await site.engine.dispatch(site.account, row.number) == row
        if row.has_file:
            with closing(await site.engine.open_dispatch(site.account, row.number)) as file:
                files.append(await file.read(0, 1000))
    return rows, files


def modseqs(contents: Contents) -> list[ModSeq]:
    """Every modseq that can be seen, ascending."""
    found: set[ModSeq] = {ModSeq(0), contents.folder_modseq}
    for row in contents.mailboxes:
        found |= {row.created_modseq, row.folder_modseq, row.highestmodseq, row.purged_modseq}
    for message in (message for rows in contents.messages.values() for message in rows):
        found |= {message.modseq, message.created_modseq, message.expunged_modseq}
    found |= {seen.highestmodseq for seen in contents.seen.values() if seen is not None}
    found |= {subscription.modseq for subscription in contents.subscriptions}
    found |= {quota.modseq for quota in contents.quotas}
    found |= {annotation.modseq for annotation in contents.annotations}
    found |= {change.modseq for change in contents.changes}
    found |= {script.modseq for script in contents.scripts}
    return sorted(found)


def evened(contents: Contents) -> dict[str, object]:
    """What engines must agree on."""
    ranks = {modseq: ModSeq(rank) for rank, modseq in enumerate(modseqs(contents))}
    given = sorted({row.uidvalidity for row in contents.mailboxes})
    uidvalidities = {uidvalidity: UidValidity(rank) for rank, uidvalidity in enumerate(given)}
    drawn: dict[int, int] = {}
    messages: dict[MailboxId, list[object]] = {}
    for mailbox in contents.mailboxes:
        messages[mailbox.id] = [
            (
                replace(
                    message,
                    modseq=ranks[message.modseq],
                    created_modseq=ranks[message.created_modseq],
                    expunged_modseq=ranks[message.expunged_modseq],
                    keywords_low=0,
                    keywords_high=0,
                    content=ContentId(drawn.setdefault(-message.content, len(drawn))),
                    email_id=EmailId(drawn.setdefault(message.email_id, len(drawn))),
                    thread_id=ThreadId(drawn.setdefault(message.thread_id, len(drawn))),
                ),
                {name.lower() for name in flag_names(message, mailbox.keywords)},
            )
            for message in contents.messages[mailbox.id]
        ]
    return {
        "mailboxes": [
            replace(_evened_mailbox(row, ranks), uidvalidity=uidvalidities[row.uidvalidity])
            for row in contents.mailboxes
        ],
        "messages": messages,
        "parsed": contents.parsed,
        "seen": {
            key: seen and replace(seen, highestmodseq=ranks[seen.highestmodseq]) for key, seen in contents.seen.items()
        },
        "subscriptions": [replace(row, modseq=ranks[row.modseq]) for row in contents.subscriptions],
        "annotations": [replace(row, modseq=ranks[row.modseq]) for row in contents.annotations],
        "quotas": sorted((replace(row, modseq=ranks[row.modseq]) for row in contents.quotas), key=lambda row: row.root),
        "changes": [replace(row, modseq=ranks[row.modseq], before="") for row in contents.changes],
        "marks": contents.marks,
        "scripts": [replace(row, modseq=ranks[row.modseq]) for row in contents.scripts],
        "dispatches": [replace(row, work=0) for row in contents.dispatches],
        "files": contents.files,
        "catalogue": [replace(row, uidvalidity=uidvalidities[row.uidvalidity]) for row in contents.catalogue],
        "folder_modseq": ranks[contents.folder_modseq],
    }


def _evened_mailbox(row: MailboxRow, ranks: dict[ModSeq, ModSeq]) -> MailboxRow:
    return replace(
        row,
        keywords=tuple(sorted(keyword.lower() for keyword in row.keywords)),
        created_modseq=ranks[row.created_modseq],
        folder_modseq=ranks[row.folder_modseq],
        highestmodseq=ranks[row.highestmodseq],
        purged_modseq=ranks[row.purged_modseq],
    )


async def concrete(site: Site, exits: AsyncExitStack, command: Command, known: list[ModSeq]) -> Command:
    """The command for this engine: its files staged, its UNCHANGEDSINCE one of the modseqs it has shown."""
    match command:
        case AddMessages():
            messages = [replace(message, file=await staged(site, exits, message.file)) for message in command.messages]
            return replace(command, messages=tuple(messages))
        case Deliver():
            deposits = [
                replace(deposit, message=replace(deposit.message, file=await staged(site, exits, deposit.message.file)))
                for deposit in command.deposits
            ]
            queued = [await concrete_dispatch(site, exits, dispatch) for dispatch in command.dispatches]
            return replace(command, deposits=tuple(deposits), dispatches=tuple(queued))
        case RemoveDispatch(replacement=Dispatch() as replacement):
            return replace(command, replacement=await concrete_dispatch(site, exits, replacement))
        case ReplaceMessage(add):
            ready = await concrete(site, exits, add, known)
            assert isinstance(ready, AddMessages)
            return replace(command, add=ready)
        case StoreFlags(unchanged_since=int(rank)) | SetAnnotations(unchanged_since=int(rank)):
            return replace(command, unchanged_since=known[min(rank, len(known) - 1)])
        case _:
            return command


async def staged(site: Site, exits: AsyncExitStack, file: StagedFile) -> StagedFile:
    """A file whose text is its path."""
    return await site.stage(exits, file.path.encode(), file.partition)


async def concrete_dispatch(site: Site, exits: AsyncExitStack, dispatch: Dispatch) -> Dispatch:
    return dispatch if dispatch.file is None else replace(dispatch, file=await staged(site, exits, dispatch.file))


async def execute(site: Site, batch: tuple[Command, ...], known: list[ModSeq]) -> list[object]:
    """Execute a batch; gives results without the account's numbers, and the classes of refusals."""
    async with AsyncExitStack() as exits:
        ready = [await concrete(site, exits, command, known) for command in batch]
        results = await site.engine.write_batch(site.account, ready)
    return [type(result) if isinstance(result, Exception) else _evened_result(result) for result in results]


def _evened_result(result: Result) -> object:
    match result:
        case Added(_, uids, _):
            return uids
        case Replaced(added):
            return added.uids
        case Delivered(uids, dispatched, _):
            return uids, dispatched
        case Copied(_, source, target, _):
            return source, target
        case FlagsStored(changed, refused, modseq) | AnnotationsSet(changed, refused, modseq):
            return changed, refused, modseq is None
        case _:
            return type(result)


async def compare(kind: str, directory: Path, batches: list[tuple[Command, ...]]) -> None:
    """Give the same batches to the engine in memory and to another, and compare what they have after each."""
    sites = []
    for each in ("memory", kind):
        sources = TestSources()
        sites.append(await open_site(await open_engine(each, directory, sources), sources, inbox=INBOX))
    known = [modseqs(await read(site)) for site in sites]
    for batch in [PRELUDE, *batches]:
        results = []
        for site, shown in zip(sites, known, strict=True):
            site.sources.time_s += 1
            results.append(await execute(site, batch, shown))
        assert results[1] == results[0]
        contents = [await read(site) for site in sites]
        assert evened(contents[1]) == evened(contents[0])
        known = [modseqs(each) for each in contents]
    for site in sites:
        await site.check_counters()
        await site.engine.close()


@pytest.mark.parametrize("kind", ["sqlite", "suspending"])
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(batches=st.lists(st.lists(commands, min_size=1, max_size=3).map(tuple), min_size=1, max_size=14))
def test_engines_agree_on_every_row(kind: str, batches: list[tuple[Command, ...]]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(compare(kind, Path(directory), batches))
