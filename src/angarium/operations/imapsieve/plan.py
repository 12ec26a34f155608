"""From what a script wants to writes (RFC 6785 §3): what becomes of the flags of the message, what goes into other
mailboxes, and what is sent.

What cannot be done as a whole is not begun: then the message stays as it is. The message itself is never changed, since
messages of IMAP are not, nor expunged.
"""

import logging
from dataclasses import dataclass, field, replace
from typing import Final

from angarium.engine.commands import Author, FlagOperation, NewMessage, QuotaPolicy, StoreFlags
from angarium.engine.delivery import Deliver, Deposit, Dispatch, Mark, MarkKind
from angarium.engine.rows import AccountId, EmailId, InternalDate, ThreadId
from angarium.errors import PermanentError
from angarium.flags import NO_FLAGS, Flags, SystemFlags
from angarium.operations.delivery import DeliveryContext
from angarium.operations.delivery.answers import Answers, NotRedirected
from angarium.operations.delivery.copies import Copies
from angarium.operations.delivery.inwords import in_words
from angarium.operations.delivery.plan import Place, ScriptFailure, find_wanted, flags_in
from angarium.operations.delivery.running import Run
from angarium.operations.delivery.scriptflags import flags_of
from angarium.operations.imapsieve.occasions import PROTOCOL, Occasion
from angarium.operations.imapsieve.scene import Scene
from angarium.sequenceset import UidSet
from angarium.sieve import Edition, FileInto, Keep, Notify, Origin, Redirect
from angarium.store import Mailbox

log = logging.getLogger(__name__)

_REMEMBERED_S: Final = 30 * 86_400
"""Far longer than anybody takes to note how far the log was read, with the server stopped in between."""
_NOTICE_AUTHOR: Final = Author(PROTOCOL, PROTOCOL)


@dataclass(frozen=True, slots=True)
class Original:
    """The message that something has happened to."""

    flags: Flags
    """As its user sees them, behind the change."""
    date: InternalDate
    email_id: EmailId
    thread_id: ThreadId


@dataclass(slots=True)
class Plan:
    """What is to be done about one message."""

    scene: Scene
    occasion: Occasion
    mark: Mark | None = None
    """What stands once it was done."""
    deposits: list[tuple[Place, Deposit]] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    added: Flags = NO_FLAGS
    removed: Flags = NO_FLAGS
    failure: ScriptFailure | None = None
    daily_dispatches_max: int = 0
    notice: Deposit | None = None
    """Tells the owner of the failure."""

    @classmethod
    def failed(cls, scene: Scene, occasion: Occasion, failure: ScriptFailure) -> "Plan":
        """Nothing is done, but that the owner is told."""
        return cls(scene, occasion, failure=failure)

    def give_up(self, failure: ScriptFailure) -> None:
        """The message stays as it is."""
        self.deposits, self.dispatches, self.added, self.removed = [], [], NO_FLAGS, NO_FLAGS
        self.failure = failure

    def of_others(self) -> list[tuple[AccountId, Deliver]]:
        """The writes of other accounts, each known by a mark of its own."""
        others = [(place.account, deposit) for place, deposit in self.deposits if place.account != self.scene.account]
        return [(account, Deliver(self.scene.author, (deposit,))) for account, deposit in others]

    def of_account(self) -> Deliver | None:
        """The write of the account of the message; None where there is nothing to write."""
        if self.notice is not None:
            return Deliver(_NOTICE_AUTHOR, (self.notice,))
        own = [deposit for place, deposit in self.deposits if place.account == self.scene.account]
        if self.mark is None or not (own or self.dispatches):
            return None
        unmarked = ((self.mark.kind, self.mark.key),)
        return Deliver(
            self.scene.author,
            tuple(own),
            tuple(self.dispatches),
            (self.mark,),
            unmarked,
            self.daily_dispatches_max,
        )

    def of_flags(self) -> list[StoreFlags]:
        """As if the user had made the change herself (RFC 6785 §3.8)."""
        met = self.scene.seen_by_user
        return [
            StoreFlags(
                self.scene.mailbox.id,
                UidSet(((self.occasion.uid, self.occasion.uid),)),
                operation,
                flags,
                self.scene.author,
                writable=self.scene.writable,
                keywords_writable=self.scene.keywords_writable,
                acl_version=None if met is None else met.acl_version,
                seen_account=None if met is None else met.seen_account,
            )
            for operation, flags in ((FlagOperation.ADD, self.added), (FlagOperation.REMOVE, self.removed))
            if flags != NO_FLAGS
        ]


class Planner:
    """Makes the plan of one run."""

    def __init__(
        self,
        context: DeliveryContext,
        scene: Scene,
        occasion: Occasion,
        original: Original,
        run: Run,
        answers: Answers,
        copies: Copies,
    ) -> None:
        self._context = context
        self._scene = scene
        self._original = original
        self._run = run
        self._answers = answers
        self._copies = copies
        self._key = f"imapsieve {scene.account} {scene.row.modseq} {scene.mailbox.id} {occasion.uid}"
        most = context.settings.sieve.sieve_max_daily_mails
        self._plan = Plan(scene, occasion, self._mark(""), daily_dispatches_max=most)
        self._is_kept = False

    async def plan(self) -> Plan:
        """DiskFull, DiskFailed, StoreBusy and their like: it is tried again later."""
        outcome = self._run.outcome
        if outcome.failure is not None:
            self._plan.give_up(_failure(outcome.failure.origin, outcome.failure.reason))
            return self._plan
        for action in outcome.actions:
            match action:
                case Keep(flags=flags):
                    self._is_kept = True
                    self._change_flags(flags_of(flags))
                case FileInto():
                    await self._file(action)
                case Redirect():
                    await self._redirect(action)
                case Notify():
                    await self._notify(action)
                case _:
                    pass  # `discard`; others are errors of the run
            if self._plan.failure is not None:
                return self._plan
        if not self._is_kept and SystemFlags.DELETED not in self._original.flags.system:
            self._plan.added = Flags(SystemFlags.DELETED)
        return self._plan

    def _change_flags(self, wanted: Flags) -> None:
        """What differs from what the script found, so that flags that were set meanwhile stay."""
        found = self._original.flags
        known = {keyword.lower() for keyword in found.keywords}
        kept = {keyword.lower() for keyword in wanted.keywords}
        self._plan.added = Flags(
            wanted.system & ~found.system, tuple([each for each in wanted.keywords if each.lower() not in known])
        )
        self._plan.removed = Flags(
            found.system & ~wanted.system, tuple([each for each in found.keywords if each.lower() not in kept])
        )

    async def _file(self, action: FileInto) -> None:
        try:
            mailbox = await find_wanted(self._context, self._run.facts.filing, action)
        except PermanentError as refusal:
            self._plan.give_up(_failure(action.origin, f"fileinto {action.mailbox!r}: {in_words(refusal)}"))
            return
        await self._deposit(mailbox, flags_in(mailbox, action.flags), action.edition)

    async def _deposit(self, mailbox: Mailbox, flags: Flags, edition: Edition | None) -> None:
        """A copy, as that of COPY (RFC 6785 §3.3); one that was edited is another message."""
        original = self._original
        copy = await self._copies.get(mailbox.row.partition, edition)
        message = NewMessage(copy.file, flags, original.date, copy.content, copy.search)
        if edition is None:
            message = replace(message, email_id=original.email_id)
            if mailbox.account == self._scene.account:
                message = replace(message, thread_id=original.thread_id)
        self._put(mailbox, message)

    def _put(self, mailbox: Mailbox, message: NewMessage) -> None:
        row = mailbox.row
        place = Place(mailbox.account, row.id, mailbox.name, row.partition, row.acl_version, QuotaPolicy.STRICT)
        # In the account itself one mark stands for all of it.
        mark = None if place.account == self._scene.account else self._mark(f" {len(self._plan.deposits)}")
        deposit = Deposit(place.mailbox, message, place.acl_version, place.quota, mark)
        self._plan.deposits.append((place, deposit))

    async def _redirect(self, action: Redirect) -> None:
        """The same message may come to the mailbox twice, and is an occasion each time."""
        try:
            dispatches = await self._answers.redirect(action)
        except NotRedirected:
            self._is_kept = True
            return
        self._plan.dispatches += [replace(dispatch, mark=None) for dispatch in dispatches]

    async def _notify(self, action: Notify) -> None:
        dispatch = self._answers.notify(action)
        if dispatch is None:
            return
        self._plan.dispatches.append(dispatch)
        if action.fcc is None:
            return
        try:
            mailbox = await find_wanted(self._context, self._run.facts.filing, action.fcc)
        except PermanentError as refusal:
            # RFC 8580 §3: the message is sent all the same.
            log.warning("script_failed", extra={"mailbox": action.fcc.mailbox, "reason": str(refusal)})
            return
        copy = await self._copies.other(mailbox.row.partition, dispatch.head)
        flags = flags_in(mailbox, action.fcc.flags)
        date = InternalDate(self._context.store.sources.now_s())
        self._put(mailbox, NewMessage(copy.file, flags, date, copy.content, copy.search))

    def _mark(self, detail: str) -> Mark:
        now_s = self._context.store.sources.now_s()
        return Mark(MarkKind.TRACKED, self._key + detail, now_s + _REMEMBERED_S)


async def failure_notice(
    context: DeliveryContext, scene: Scene, failure: ScriptFailure, answers: Answers, copies: Copies
) -> Deposit | None:
    """What tells the owner, once a day at most; None where nobody owns the mailbox."""
    tree = await context.store.tree(scene.account)
    top = tree.top
    if top is None or scene.target.name.userid is None:
        return None
    octets, mark = answers.failure_notice(
        place=failure.place, reason=failure.reason, left_in=scene.items["imap.mailbox"]
    )
    copy = await copies.other(top.row.partition, octets)
    date = InternalDate(context.store.sources.now_s())
    message = NewMessage(copy.file, NO_FLAGS, date, copy.content, copy.search)
    return Deposit(top.row.id, message, None, QuotaPolicy.IGNORE, mark)


def _failure(origin: Origin, reason: str) -> ScriptFailure:
    place = f"{origin.script}, {origin.position}" if origin.script else str(origin.position)
    return ScriptFailure(place, reason)
