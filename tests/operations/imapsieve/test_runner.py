"""Who runs scripts, for which accounts, from when on; and that nothing is forgotten or done twice."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.operations.delivery.office import MAIL
from tests.operations.events.sites import NoAnnouncements
from tests.operations.imapsieve.stage import Stage, script
from tests.operations.messages.conftest import World

from angarium.engine.delivery import Deliver
from angarium.engine.disk import SystemDisk
from angarium.engine.lease import Lease
from angarium.engine.rows import AccountId, ChangeRow, ModSeq
from angarium.engine.sqlite.feedledger import FeedLedger
from angarium.errors import DiskFull
from angarium.names import MailboxName
from angarium.operations.imapsieve import Executor, ScriptRunner
from angarium.operations.imapsieve import runner as imapsieve_runner
from angarium.operations.metadata import MetadataValue, set_mailbox_metadata
from angarium.store.annotations import SCRIPT_OF_EVENTS
from angarium.store.eventscripts import event_scripts, forget_stale_notes

WAIT_S = 10.0
ENTRY = f"/shared{SCRIPT_OF_EVENTS}"


@pytest.fixture
def stage(world: World) -> Stage:
    return Stage.open(world)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():  # noqa: ASYNC110 - of others
            await asyncio.sleep(0.002)


async def until_flags(stage: Stage, flags: set[str], count: int = 1, mailbox: str = "user.alice") -> None:
    async with asyncio.timeout(WAIT_S):
        while [each >= flags for each in (await stage.flags(mailbox)).values()].count(True) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.002)


@asynccontextmanager
async def running(
    stage: Stage,
    directory: Path,
    *,
    announcements: NoAnnouncements | None = None,
    later_s: float = 30.0,
    since_s: int | None = None,
) -> AsyncIterator[ScriptRunner]:
    runner = ScriptRunner(
        stage.world.engine,
        lambda: stage.executor,
        lease=Lease(str(directory / "imapsieve.lock"), look_s=0.005),
        open_ledger=lambda: FeedLedger(str(directory), SystemDisk(), name="imapsieve.db"),
        announcements=announcements or NoAnnouncements(),
        now_s=stage.world.sources.now_s,
        later_s=later_s,
        since_s=since_s,
    )
    task = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def have_script(stage: Stage, text: str, mailbox: str = "user.alice") -> None:
    """As a client does."""
    await stage.office.script("alice", script(text), name="events", activate=False)
    name = MailboxName.from_internal(mailbox)
    await set_mailbox_metadata(stage.world.store, stage.user(), name, [MetadataValue(ENTRY, b"events")])


async def test_what_happens_from_now_on_runs_the_script(stage: Stage, tmp_path: Path) -> None:
    await stage.append()
    await have_script(stage, 'addflag "Filtered";')
    async with running(stage, tmp_path):
        uid = await stage.append()
        await until_flags(stage, {"Filtered"})
    assert await stage.flags() == {1: set(), uid: {"Filtered"}}


async def test_what_happened_before_anybody_led_is_done_from_when_the_script_was_there(
    stage: Stage, tmp_path: Path
) -> None:
    await stage.append()
    stage.world.sources.time_s += 100
    await have_script(stage, 'addflag "Filtered";')
    since_s = stage.world.sources.now_s()
    uid = await stage.append()
    stage.world.sources.time_s += 100
    async with running(stage, tmp_path, since_s=since_s):
        await until_flags(stage, {"Filtered"})
    assert await stage.flags() == {1: set(), uid: {"Filtered"}}


async def test_what_happened_while_nobody_ran_is_done_later(stage: Stage, tmp_path: Path) -> None:
    await have_script(stage, 'fileinto :copy "work"; addflag "Filtered";')
    async with running(stage, tmp_path):
        await stage.append()
        await until_flags(stage, {"Filtered"})
    await stage.append()
    stage.world.sources.time_s += 5000
    async with running(stage, tmp_path):
        await until_flags(stage, {"Filtered"}, 2)
        await stage.append()
        await until_flags(stage, {"Filtered"}, 3)
    assert len(await stage.flags("user.alice.work")) == 3


async def test_an_account_that_gets_its_first_script_is_looked_at_from_then_on(stage: Stage, tmp_path: Path) -> None:
    await have_script(stage, "keep;")
    async with running(stage, tmp_path) as runner:
        bob = stage.world.bob
        await stage.office.script("bob", script('addflag "Filtered";'), name="events", activate=False)
        name = MailboxName.from_internal("user.bob")
        await set_mailbox_metadata(stage.world.store, stage.user(bob), name, [MetadataValue(ENTRY, b"events")])
        await stage.append("user.bob", by=bob)
        runner.scripts_changed(await event_scripts(stage.world.engine))
        await until_flags(stage, {"Filtered"}, mailbox="user.bob")


async def test_the_server_can_have_a_script_for_all(stage: Stage, tmp_path: Path) -> None:
    await stage.world.engine.put_site_script("all", script('addflag "Filtered";').encode())
    await stage.world.engine.set_server_annotations({SCRIPT_OF_EVENTS: b"all"})
    assert (await event_scripts(stage.world.engine)).everywhere
    async with running(stage, tmp_path, announcements=(heard := NoAnnouncements())):
        await until(lambda: bool(heard.gaps))
        await stage.append("user.bob", by=stage.world.bob)
        await stage.append()
        for mailbox in ("user.alice", "user.bob"):
            await until_flags(stage, {"Filtered"}, mailbox=mailbox)


async def test_where_nobody_has_a_script_there_is_nothing_to_run(stage: Stage) -> None:
    assert not await event_scripts(stage.world.engine)
    await have_script(stage, "keep;")
    scripts = await event_scripts(stage.world.engine)
    assert scripts.accounts == {stage.world.account_of("user.alice")}
    assert not scripts.may_be_in(stage.world.account_of("user.bob"))


async def test_a_note_goes_once_no_mailbox_has_a_script_any_more(stage: Stage) -> None:
    engine, sources = stage.world.engine, stage.world.sources
    await have_script(stage, "keep;")
    await have_script(stage, "keep;", "user.alice.work")
    sources.time_s += 601
    await forget_stale_notes(engine, sources.time_s)
    assert len(await engine.work()) == 1
    for mailbox in ("user.alice", "user.alice.work"):
        await stage.office.annotate(mailbox, SCRIPT_OF_EVENTS, None)
    await forget_stale_notes(engine, sources.time_s)
    assert not await event_scripts(engine)


async def test_a_note_that_is_young_stays_since_its_annotation_may_be_on_its_way(stage: Stage) -> None:
    await have_script(stage, "keep;")
    await stage.office.annotate("user.alice", SCRIPT_OF_EVENTS, None)
    await forget_stale_notes(stage.world.engine, stage.world.sources.time_s)
    assert await event_scripts(stage.world.engine)


async def test_what_was_refused_for_now_is_done_later(
    memory_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage.open(memory_world)
    await have_script(stage, 'fileinto :copy "work"; addflag "Filtered";')
    write_batch, refusals = memory_world.engine.write_batch, iter(range(3))

    async def refusing(account: object, commands: Sequence[object]) -> object:
        if isinstance(commands[0], Deliver) and next(refusals, None) is not None:
            raise DiskFull("for now")
        return await write_batch(account, commands)  # type: ignore[arg-type]

    monkeypatch.setattr(memory_world.engine, "write_batch", refusing)
    async with running(stage, tmp_path, later_s=0.005):
        await stage.append()
        await until_flags(stage, {"Filtered"})
    assert len(await stage.flags("user.alice.work")) == 1


async def test_a_crash_before_the_position_was_noted_doubles_nothing(stage: Stage, tmp_path: Path) -> None:
    await have_script(stage, 'fileinto :copy "work"; redirect :copy "items@example.net"; addflag "Filtered";')
    for directory in ("first", "second"):
        # As a ledger does that has lost what was noted last.
        (tmp_path / directory).mkdir()
        async with running(stage, tmp_path / directory):
            if directory == "first":
                await stage.append(octets=MAIL)
            await until_flags(stage, {"Filtered"})
            await stage.append("user.alice.work")
            await stage.append()
            await until_flags(stage, {"Filtered"}, 2 if directory == "first" else 3)
    assert len(await stage.flags("user.alice.work")) == 2 + 3
    assert len(await stage.office.queue()) == 3


async def test_one_runs_at_a_time(memory_world: World, tmp_path: Path) -> None:
    stage = Stage.open(memory_world)
    await have_script(stage, 'fileinto :copy "work"; addflag "Filtered";')
    async with running(stage, tmp_path), running(stage, tmp_path):
        await stage.append()
        await until_flags(stage, {"Filtered"})
    assert len(await stage.flags("user.alice.work")) == 1


async def test_accounts_take_turns(memory_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One with very much to do does not hold up others."""
    stage = Stage.open(memory_world)
    bob = stage.world.bob
    await have_script(stage, "keep;")
    await set_mailbox_metadata(
        stage.world.store, stage.user(bob), MailboxName.from_internal("user.bob"), [MetadataValue(ENTRY, b"events")]
    )
    long, short = stage.world.account_of("user.alice"), stage.world.account_of("user.bob")
    turns: list[AccountId] = []

    class Tireless(Executor):
        async def steps(
            self, account: AccountId, rows: Sequence[ChangeRow], *, everywhere_since_s: int | None
        ) -> AsyncIterator[ModSeq | None]:
            while account == long and short not in turns:
                turns.append(account)
                yield None
            turns.append(account)

    monkeypatch.setattr(imapsieve_runner, "_AT_ONCE", 1)
    monkeypatch.setattr(
        Stage, "executor", property(lambda self: Tireless(self.context, protocols=tuple, admins=frozenset()))
    )
    async with running(stage, tmp_path):
        await until(lambda: {long, short} <= set(turns) and turns[-1] == long)
    assert turns.index(short) <= 2
