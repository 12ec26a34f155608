"""From what a script wants to writes: one of the recipient's own account, and one of each other that it files into.

What cannot be filed where the script says is kept with `$SieveFailed`; the rest of what it wants is done all the same.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from angarium.compose import RefusalForm
from angarium.engine.commands import Author, NewMessage, QuotaPolicy
from angarium.engine.delivery import Deliver, Deposit, Dispatch, Mark, MarkKind
from angarium.engine.rows import AccountId, AnnotationChange, InternalDate, MailboxId
from angarium.errors import AccountNotFound, DeliveryRefused, MailboxNotFound, PermanentError
from angarium.flags import NO_FLAGS, Flags, SystemFlags
from angarium.names import MailboxName
from angarium.operations.delivery.answers import Answers, NotRedirected
from angarium.operations.delivery.context import DeliveryContext, Letter
from angarium.operations.delivery.copies import Copies
from angarium.operations.delivery.duplicates import (
    attempt_mark,
    delivered_mark,
    has_own_id,
    id_for_duplicates,
    id_of_attempts,
)
from angarium.operations.delivery.filing import Filing
from angarium.operations.delivery.inwords import in_words
from angarium.operations.delivery.newmessage import new_message
from angarium.operations.delivery.running import Run
from angarium.operations.delivery.scriptflags import flags_of
from angarium.operations.delivery.snoozing import note_snoozed, snooze_mailbox, snoozed
from angarium.operations.messages import DeliveryTarget
from angarium.operations.messages.decision import permitted_flags
from angarium.operations.messages.slices import let_others_run
from angarium.sieve import (
    Action,
    Discard,
    Edition,
    FileCarbonCopy,
    FileInto,
    Keep,
    Notify,
    Origin,
    Redirect,
    Reject,
    Snooze,
    Vacation,
)
from angarium.store import Mailbox

_REFUSED: Final = "The recipient's filter refuses this mail"
SIEVE_FAILED: Final = "$SieveFailed"
"""The keyword of a message that its script was not carried out for."""


@dataclass(frozen=True, slots=True)
class Place:
    """A mailbox that a message is to go into."""

    account: AccountId
    mailbox: MailboxId
    name: MailboxName
    partition: str
    acl_version: int | None
    quota: QuotaPolicy


@dataclass(frozen=True, slots=True)
class ScriptFailure:
    """Something that a script wanted and that could not be done."""

    place: str
    """Where in the script."""
    reason: str

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


@dataclass(slots=True)
class Plan:
    """What is to be written for one recipient."""

    deposits: list[tuple[Place, Deposit]] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    unmarked: list[tuple[MarkKind, str]] = field(default_factory=list)
    refusal: DeliveryRefused | None = None
    """What the sender is to be told once the rest is done."""
    failures: list[ScriptFailure] = field(default_factory=list)
    daily_dispatches_max: int = 0

    def of(self, account: AccountId) -> tuple[list[Place], list[Deposit]]:
        """What goes into one account."""
        chosen = [(place, deposit) for place, deposit in self.deposits if place.account == account]
        return [place for place, _ in chosen], [deposit for _, deposit in chosen]

    def others(self, own: AccountId) -> list[AccountId]:
        """The other accounts that something goes into."""
        return list(dict.fromkeys([place.account for place, _ in self.deposits if place.account != own]))

    def command(self, account: AccountId, own: AccountId, author: Author) -> Deliver | None:
        """The write of one account; None where there is nothing to write."""
        _, deposits = self.of(account)
        if account != own:
            return Deliver(author, tuple(deposits))
        if not deposits and not self.dispatches and not self.marks:
            return None
        return Deliver(
            author,
            tuple(deposits),
            tuple(self.dispatches),
            tuple(self.marks),
            tuple(self.unmarked),
            self.daily_dispatches_max,
        )


class Planner:
    """Makes the plan of one run."""

    def __init__(
        self, context: DeliveryContext, letter: Letter, target: DeliveryTarget, run: Run, copies: Copies
    ) -> None:
        self._context = context
        self._letter = letter
        self._target = target
        self._filing = run.facts.filing
        self._run = run
        self._copies = copies
        self._id = id_for_duplicates(letter.message)
        self._attempt: str | None = None
        self._now_s = context.store.sources.now_s()
        self._answers = Answers(context, letter, target, run.facts, copies)
        self._plan = Plan(daily_dispatches_max=context.settings.sieve.sieve_max_daily_mails)
        self._copies_of_message: list[tuple[int, Edition | None]] = []
        """Which deposits are the message itself, and as what: others are mail that it has caused."""
        self._not_redirected: list[tuple[Redirect, str]] = []

    async def plan(self) -> Plan:
        """DiskFull, DiskFailed, StoreBusy and their like: the mail waits for them."""
        outcome = self._run.outcome
        for number, action in enumerate(outcome.actions):
            if number:
                # What is composed reads a header, which may be long.
                await let_others_run()
            await self._take(action)
        if outcome.failure is not None:
            self._fail(outcome.failure.origin, outcome.failure.reason)
        for redirect, reason in self._not_redirected if not self._copies_of_message else ():
            self._fail(redirect.origin, f"redirect {redirect.address!r}: {reason}")
        if self._plan.failures:
            await self._keep((SIEVE_FAILED,), None)
            await self._notice()
        for tracked in outcome.tracked if not self._plan.failures else ():
            self._plan.marks.append(self._answers.tracked_mark(tracked))
        self._plan.unmarked += [(MarkKind.TRACKED, key) for key in sorted(self._run.facts.unmarked)]
        return self._plan

    async def _take(self, action: Action) -> None:
        match action:
            case Keep():
                await self._keep(action.flags, action.edition)
            case FileInto():
                await self._file(action)
            case Discard():
                pass
            case Redirect():
                await self._redirect(action)
            case Vacation():
                await self._send(self._answers.vacation(action), action)
            case Notify():
                await self._send(self._answers.notify(action), action)
            case Reject():
                self._reject(action)
            case Snooze():
                await self._snooze(action)
            case _:
                assert_never(action)

    # Into mailboxes

    async def _keep(self, flags: Iterable[str], edition: Edition | None) -> None:
        target = self._target
        place = Place(target.account, target.mailbox, target.name, target.partition, target.acl_version, target.quota)
        await self._deposit(place, _merged(target.flags, flags_of(flags)), edition)

    async def _file(self, action: FileInto) -> None:
        try:
            mailbox = await find_wanted(self._context, self._filing, action)
        except PermanentError as refusal:
            self._fail(action.origin, f"fileinto {action.mailbox!r}: {in_words(refusal)}")
            return
        await self._deposit(self._place(mailbox), flags_in(mailbox, action.flags), action.edition)

    async def _snooze(self, action: Snooze) -> None:
        """Aside, and back at a time."""
        try:
            mailbox = await snooze_mailbox(self._filing)
        except PermanentError as refusal:
            self._fail(action.origin, f"snooze: {in_words(refusal)}")
            return
        if mailbox.account != self._target.account:
            self._fail(action.origin, "snooze: only a user's own mailbox holds what waits")
            return
        waiting = snoozed(action, self._answers.moment)
        await note_snoozed(self._context.store, mailbox.account, waiting.until_s)
        await self._deposit(
            self._place(mailbox), flags_in(mailbox, action.flags), action.edition, (waiting.annotation(),)
        )

    def _place(self, mailbox: Mailbox) -> Place:
        row = mailbox.row
        return Place(mailbox.account, row.id, mailbox.name, row.partition, row.acl_version, self._target.quota)

    async def _deposit(
        self,
        place: Place,
        flags: Flags,
        edition: Edition | None,
        annotations: tuple[AnnotationChange, ...] = (),
    ) -> None:
        """One message a mailbox (RFC 5228 §2.10.3)."""
        for index, kept in self._copies_of_message:
            known, deposit = self._plan.deposits[index]
            if known.mailbox == place.mailbox and edition in (None, kept):
                # The last flags count (RFC 5232 §3), but that of a failure, which comes beside them.
                merges = SIEVE_FAILED in flags.keywords
                message = replace(
                    deposit.message,
                    flags=_merged(deposit.message.flags, flags) if merges else flags,
                    annotations=(*deposit.message.annotations, *annotations),
                )
                self._plan.deposits[index] = (known, replace(deposit, message=message))
                return
        copy = await self._copies.get(place.partition, edition)
        message = await new_message(self._context, self._letter, place.account, copy, flags)
        message = replace(message, annotations=(*message.annotations, *annotations))
        mark = await self._mark(place)
        self._copies_of_message.append((len(self._plan.deposits), edition))
        self._plan.deposits.append((place, Deposit(place.mailbox, message, place.acl_version, place.quota, mark)))

    async def _mark(self, place: Place) -> Mark | None:
        mark = await delivered_mark(self._context, self._id, self._target, place.account, place.mailbox)
        if place.account == self._target.account or (mark is not None and has_own_id(self._letter.message)):
            return mark
        # Another's is written before the user's own, which may fail.
        if self._attempt is None:
            self._attempt = await id_of_attempts(self._letter)
        number = len(self._plan.deposits)
        return attempt_mark(self._context, self._attempt, number, self._target, place.mailbox)

    async def _notice(self) -> None:
        """Her user is told, once a day."""
        tree = await self._context.store.tree(self._target.account)
        top = tree.top
        if top is None or not self._target.name.is_user:
            return
        first = self._plan.failures[0]
        octets, mark = self._answers.failure_notice(place=first.place, reason=first.reason)
        copy = await self._copies.other(top.row.partition, octets)
        message = NewMessage(copy.file, NO_FLAGS, InternalDate(self._now_s), copy.content, copy.search)
        place = Place(tree.account, top.row.id, top.name, top.row.partition, None, QuotaPolicy.IGNORE)
        self._plan.deposits.append((place, Deposit(place.mailbox, message, None, place.quota, mark)))

    # Out of the store

    async def _redirect(self, action: Redirect) -> None:
        """RFC 5228 §4.2: one that would go round is an error, and so is a list without members, since the message would
        be nowhere. Where it is kept in any case, it is only not sent."""
        try:
            self._plan.dispatches += await self._answers.redirect(action)
        except NotRedirected as refusal:
            self._not_redirected.append((action, str(refusal)))

    async def _send(self, dispatch: Dispatch | None, action: Vacation | Notify) -> None:
        # What is the same is told once (RFC 5436 §2.7): its id is made of all that it says.
        if dispatch is None or any(known.message_id == dispatch.message_id for known in self._plan.dispatches):
            return
        self._plan.dispatches.append(dispatch)
        fcc = action.fcc
        if fcc is None:
            return
        try:
            mailbox = await find_wanted(self._context, self._filing, fcc)
        except PermanentError as refusal:
            # RFC 8580 §3: the message is sent all the same.
            self._fail(action.origin, f":fcc {fcc.mailbox!r}: {in_words(refusal)}")
            return
        copy = await self._copies.other(mailbox.row.partition, dispatch.head)
        flags = flags_in(mailbox, fcc.flags)
        message = NewMessage(copy.file, flags, InternalDate(self._now_s), copy.content, copy.search)
        # A mark of its own, which comes and goes with the other: what is not sent has no copy.
        mark = None if dispatch.mark is None else replace(dispatch.mark, key=f"{dispatch.mark.key} fcc")
        deposit = Deposit(mailbox.row.id, message, mailbox.row.acl_version, self._target.quota, mark)
        self._plan.deposits.append((self._place(mailbox), deposit))

    def _reject(self, action: Reject) -> None:
        """RFC 5429 §2.1, §2.2: a refusal at the delivery wherever that can say it, else a message to the sender."""
        form = self._answers.refusal_form(action)
        if form is RefusalForm.PROTOCOL:
            # RFC 5429 §2.1.1: no reply is other than ASCII.
            self._plan.refusal = DeliveryRefused(action.reason if action.reason.isascii() else _REFUSED)
        elif form is not RefusalForm.SILENT:
            self._plan.dispatches.append(self._answers.refusal(action, form))

    def _fail(self, origin: Origin, reason: str) -> None:
        place = f"{origin.script}, {origin.position}" if origin.script else str(origin.position)
        self._plan.failures.append(ScriptFailure(place, reason))


async def find_wanted(context: DeliveryContext, filing: Filing, wanted: FileInto | FileCarbonCopy) -> Mailbox:
    """RFC 9042 §4 and RFC 8579 §4: what is wanted rather than the name stands first, and the name is left where
    there is no such mailbox; not where it takes no mail.

    PermanentError where there is none that takes it.
    """
    if wanted.mailbox_id is not None:
        with suppress(MailboxNotFound, AccountNotFound):
            return await filing.find_by_id(wanted.mailbox_id)
    if wanted.special_use is not None:
        with suppress(MailboxNotFound):
            return await filing.find_by_use(wanted.special_use)
    name = filing.name(wanted.mailbox)
    if wanted.create or context.creates(name):
        return await filing.find_or_create(wanted.mailbox, special_use=wanted.special_use)
    return await filing.find(name)


def flags_in(mailbox: Mailbox, names: Iterable[str]) -> Flags:
    """Those that the user may set there; what she has seen of others' mailboxes is kept elsewhere."""
    flags = permitted_flags(mailbox, flags_of(names))
    return flags if mailbox.seen_account is None else replace(flags, system=flags.system & ~SystemFlags.SEEN)


def _merged(one: Flags, other: Flags) -> Flags:
    return Flags.of((*one.names(), *other.names()))
