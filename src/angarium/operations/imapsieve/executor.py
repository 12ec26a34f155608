"""`Executor`: runs scripts over what lines of the change log tell of, and does what they want.

Each message is a run of its own (RFC 6785 §2.2). A few dozen messages are taken at a time, so that what they want is
one commit, and that other accounts have their turn between. What a script files and sends stands with a mark in the
write that does it: who reads a line for a second time, after a crash, finds that it was done, and does not do it again.
Flags come behind that, and may be set twice.
"""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np

from angarium import mime
from angarium.engine.columns import MessageColumns
from angarium.engine.commands import Command, Delivered, FlagsStored
from angarium.engine.rows import (
    AccountId,
    ChangeRow,
    Content,
    ContentId,
    EmailId,
    InternalDate,
    MailboxId,
    ModSeq,
    SearchFields,
    ThreadId,
    Uid,
)
from angarium.errors import (
    AclChanged,
    AngariumError,
    MailboxNotFound,
    MarksChanged,
    MessageFileMissing,
    MessageNotFound,
    TemporaryError,
)
from angarium.flags import Flags, SystemFlags
from angarium.names import UserId
from angarium.operations.delivery import DeliveryContext, Letter
from angarium.operations.delivery.answers import Answers
from angarium.operations.delivery.copies import Copies
from angarium.operations.delivery.inwords import in_words
from angarium.operations.delivery.plan import ScriptFailure
from angarium.operations.delivery.running import facts_of, run_over
from angarium.operations.imapsieve.occasions import Occasion, came_from_elsewhere, is_event, named, occasions
from angarium.operations.imapsieve.plan import Original, Plan, Planner, failure_notice
from angarium.operations.imapsieve.scene import Scene, seen_uids, set_scene
from angarium.operations.messages import PreparedMessage, ScannedFile
from angarium.operations.messages.slices import in_turns, let_others_run
from angarium.sequenceset import UidSet

log = logging.getLogger(__name__)

_AT_ONCE: Final = 32
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class _Stock:
    """What the index knew of messages that changed, when it was asked."""

    columns: MessageColumns
    contents: dict[ContentId, Content]
    search: dict[ContentId, SearchFields]

    def place_of(self, uid: Uid) -> int | None:
        place = int(np.searchsorted(self.columns.uid, uid))
        return place if place < len(self.columns.uid) and self.columns.uid[place] == uid else None


@dataclass(frozen=True, slots=True)
class _Message:
    """One message with what is kept of it."""

    original: Original
    content: Content
    search: SearchFields
    size_octets: int


class Executor:
    """One to a worker; `protocols` are those under which users of IMAP stand in the change log."""

    def __init__(
        self, context: DeliveryContext, *, protocols: Callable[[], Collection[str]], admins: frozenset[UserId]
    ) -> None:
        self._context = context
        self._engine = context.store.engine
        self._protocols = protocols
        self._admins = admins

    async def steps(
        self, account: AccountId, rows: Sequence[ChangeRow], *, everywhere_since_s: int | None
    ) -> AsyncIterator[ModSeq | None]:
        """Do what whole lines ask for, in their order; between steps others may have a turn. Gives how far it has come
        after each modseq. `everywhere_since_s` is since when the server's annotation counts.

        A refusal that is none tomorrow (TemporaryError) ends it: it may begin anew behind what it has given last.
        """
        known: dict[MailboxId, MessageColumns] = {}
        protocols = self._protocols()
        for number, row in enumerate(rows):
            if is_event(row, protocols):
                await let_others_run()
                scene = await self._scene(account, row, everywhere_since_s)
                if scene is not None:
                    if scene.mailbox.id not in known:
                        since = ModSeq(rows[0].modseq - 1)
                        found = await self._engine.messages(account, scene.mailbox.id, changed_since=since)
                        known[scene.mailbox.id] = found.columns
                    async for _ in self._line(scene, known[scene.mailbox.id], everywhere_since_s):
                        yield None
            if number + 1 == len(rows) or rows[number + 1].modseq != row.modseq:
                yield row.modseq

    async def _scene(self, account: AccountId, row: ChangeRow, everywhere_since_s: int | None) -> Scene | None:
        return await set_scene(self._context, account, row, admins=self._admins, everywhere_since_s=everywhere_since_s)

    async def _line(self, scene: Scene, columns: MessageColumns, everywhere_since_s: int | None) -> AsyncIterator[None]:
        seen = await seen_uids(self._context, scene)
        found = occasions(scene.row, scene.mailbox.keywords)
        while some := list(islice(found, _AT_ONCE)):
            await self._slice(scene, columns, seen, some, everywhere_since_s)
            yield None

    async def _slice(
        self,
        scene: Scene,
        columns: MessageColumns,
        seen: UidSet | None,
        some: Sequence[Occasion],
        everywhere_since_s: int | None,
    ) -> None:
        """Until all is done, or was refused for good."""
        stock = await self._stock(scene, columns, some)
        waiting: list[tuple[Occasion, ScriptFailure | None]] = [(occasion, None) for occasion in some]
        for _ in range(_ATTEMPTS):
            async with AsyncExitStack() as staged:
                plans: list[Plan] = []
                for occasion, failure in waiting:
                    await let_others_run()
                    message = _message_of(scene, stock, seen, occasion)
                    plan = None
                    if message is not None:
                        plan = await self._planned(staged, scene, occasion, message, failure)
                    if plan is not None:
                        plans.append(plan)
                waiting = await self._write(scene, plans)
            if not waiting:
                return
            again = await self._scene(scene.account, scene.row, everywhere_since_s)
            if again is None:
                return
            scene = again
        for occasion, _ in waiting:
            _tell(scene, occasion, "it was refused again and again")

    async def _stock(self, scene: Scene, columns: MessageColumns, some: Sequence[Occasion]) -> _Stock:
        places = np.flatnonzero(np.isin(columns.uid, [occasion.uid for occasion in some]))
        few = columns.take(places)
        ids = [ContentId(number) for number in few.content.tolist()]
        contents = await self._engine.contents(scene.account, ids)
        return _Stock(few, contents, await self._engine.search_fields(scene.account, ids))

    # From a message to a plan

    async def _planned(
        self,
        staged: AsyncExitStack,
        scene: Scene,
        occasion: Occasion,
        message: _Message,
        failure: ScriptFailure | None,
    ) -> Plan | None:
        """What is to be done; None where the message is gone, or the server does not know how to go on."""
        try:
            file = await self._engine.open_message(scene.account, scene.mailbox.id, occasion.uid)
            with closing(file), file.view() as view:
                return await self._plan(staged, scene, occasion, message, view, failure)
        except (MessageNotFound, MessageFileMissing) as missing:
            log.info("event_passed_over", extra={**_fields(scene, occasion), "reason": str(missing)})
        except TemporaryError:
            raise
        except Exception:
            # One message must not hold up all others of its account for ever.
            log.exception("event_failed", extra=_fields(scene, occasion))
        return None

    async def _plan(
        self,
        staged: AsyncExitStack,
        scene: Scene,
        occasion: Occasion,
        message: _Message,
        view: memoryview,
        failure: ScriptFailure | None,
    ) -> Plan:
        context, store = self._context, self._context.store
        source = ScannedFile(view, await in_turns(mime.scan_in_slices(view, context.limits.scan)))
        file = await self._engine.stored_file(scene.account, scene.mailbox.id, occasion.uid)
        prepared = PreparedMessage({file.partition: file}, message.content, message.search, message.size_octets, source)
        copies = await staged.enter_async_context(Copies(store, prepared, context.limits))
        # RFC 6785 §3.4: what is sent on is the owner's.
        letter = Letter(sender=scene.owner, return_path=scene.target.recipient.address, message=prepared)
        facts = facts_of(context, scene.owner, scene.target)
        answers = Answers(context, letter, scene.target, facts, copies)
        if failure is None:
            items = scene.items | {
                "imap.cause": occasion.cause.value,
                "imap.changedflags": " ".join(occasion.changed_flags),
            }
            flags = message.original.flags.names()
            run = await run_over(facts, scene.script, source, None, items, initial_flags=flags)
            for line in run.outcome.log:
                log.info("script_logged", extra={**_fields(scene, occasion), "text": line.text})
            plan = await Planner(context, scene, occasion, message.original, run, answers, copies).plan()
        else:
            plan = Plan.failed(scene, occasion, failure)
        if plan.failure is not None:
            _tell(scene, occasion, str(plan.failure))
            plan.notice = await failure_notice(context, scene, plan.failure, answers, copies)
        return plan

    # From plans to writes

    async def _write(self, scene: Scene, plans: Sequence[Plan]) -> list[tuple[Occasion, ScriptFailure | None]]:
        """What has to be decided anew, or told of as a failure. TemporaryError."""
        again: dict[Uid, tuple[Occasion, ScriptFailure | None]] = {}
        going: list[Plan] = []
        for plan in plans:
            refusal = await self._write_to_others(plan)
            if refusal is None:
                going.append(plan)
            else:
                again[plan.occasion.uid] = _again(plan, refusal)
        done: list[Plan] = []
        commands = [(plan, plan.of_account()) for plan in going]
        done += [plan for plan, command in commands if command is None]
        refusals = await self._write_all(scene, [(plan, command) for plan, command in commands if command is not None])
        for plan, refusal in refusals:
            if refusal is None or isinstance(refusal, MarksChanged):  # it was done before a crash
                done.append(plan)
            else:
                again[plan.occasion.uid] = _again(plan, refusal)
        flags = [(plan, command) for plan in done for command in plan.of_flags()]
        for plan, refusal in await self._write_all(scene, flags):
            if isinstance(refusal, AclChanged | MailboxNotFound):
                again[plan.occasion.uid] = (plan.occasion, None)
            elif refusal is not None:
                _tell(scene, plan.occasion, str(refusal))
        return list(again.values())

    async def _write_to_others(self, plan: Plan) -> AngariumError | None:
        try:
            for account, command in plan.of_others():
                await self._engine.write(account, command)
        except AngariumError as refusal:
            return refusal
        return None

    async def _write_all(
        self, scene: Scene, commands: Sequence[tuple[Plan, Command]]
    ) -> list[tuple[Plan, AngariumError | None]]:
        """The refusal of each, as one commit where it can be. TemporaryError, once all others were written."""
        if not commands:
            return []
        results = await self._engine.write_batch(scene.account, [command for _, command in commands])
        refusals: list[tuple[Plan, AngariumError | None]] = []
        for (plan, _), result in zip(commands, results, strict=True):
            if isinstance(result, AngariumError):
                refusals.append((plan, result))
            else:
                assert isinstance(result, Delivered | FlagsStored), result
                refusals.append((plan, None))
        for _, refusal in refusals:
            if isinstance(refusal, TemporaryError) and not isinstance(refusal, AclChanged | MarksChanged):
                raise refusal
        return refusals


def _again(plan: Plan, refusal: AngariumError) -> tuple[Occasion, ScriptFailure | None]:
    """Decided anew where something was another than it had been, else told of."""
    if isinstance(refusal, AclChanged | MailboxNotFound):
        return plan.occasion, None
    if isinstance(refusal, TemporaryError):
        raise refusal
    return plan.occasion, ScriptFailure("the server", in_words(refusal))


def _message_of(scene: Scene, stock: _Stock, seen: UidSet | None, occasion: Occasion) -> _Message | None:
    """The message; None where nothing is kept of it any more, or it was taken back."""
    place = stock.place_of(occasion.uid)
    if place is None:
        return None
    columns = stock.columns
    content = ContentId(int(columns.content[place]))
    if content not in stock.contents or content not in stock.search:
        return None
    if columns.expunged_modseq[place] and came_from_elsewhere(scene.row):
        return None
    flags = occasion.flags
    if flags is None:
        mask = int(columns.keywords_low[place]) | int(columns.keywords_high[place]) << 64
        flags = Flags(SystemFlags(int(columns.flags[place])), named(mask, scene.mailbox.keywords))
    if seen is not None:
        is_seen = occasion.uid in seen if occasion.is_seen is None else occasion.is_seen
        others = flags.system & ~SystemFlags.SEEN
        flags = Flags(others | SystemFlags.SEEN if is_seen else others, flags.keywords)
    original = Original(
        flags,
        InternalDate(int(columns.date_s[place]), int(columns.zone_min[place])),
        EmailId(int(columns.email_id[place])),
        ThreadId(int(columns.thread_id[place])),
    )
    size_octets = int(columns.size_octets[place])
    return _Message(original, stock.contents[content], stock.search[content], size_octets)


def _fields(scene: Scene, occasion: Occasion) -> dict[str, object]:
    return {
        "mailbox": scene.target.name.internal,
        "uid": occasion.uid,
        "cause": occasion.cause.value,
        "user": scene.row.actor,
        "session": scene.row.session,
    }


def _tell(scene: Scene, occasion: Occasion, reason: str) -> None:
    log.warning("script_failed", extra={**_fields(scene, occasion), "reason": reason})
