"""Two scripts over the mail of a mailbox: what each would have done with the messages that are there.

Nothing is changed. A message is looked at where it lies, and none is held in memory; each is as if it came in anew, at
the time of its internal date, as the first of its kind (`duplicate` is told so).
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

from angarium import mime
from angarium.engine.rows import AccountId, Uid
from angarium.errors import MailboxNameInvalid, MessageFileMissing, MessageNotFound
from angarium.operations.delivery import DeliveryContext, Filing
from angarium.operations.delivery.facts import Facts
from angarium.operations.messages.slices import in_turns
from angarium.operations.scripts.conclude import Answers
from angarium.operations.scripts.trial import Circumstances, envelope_of, try_script
from angarium.rights import Right
from angarium.sieve import Environment, FileInto, Message, Outcome, Question, Script, ScriptInvalid, SeenBefore
from angarium.store import Actor, Mailbox


@dataclass(frozen=True, slots=True)
class Replayed:
    """One message, and what becomes of it by either script."""

    uid: Uid
    date: datetime
    """Its internal date."""
    sender: str
    """The From field as text."""
    subject: str
    before: Outcome
    after: Outcome
    missing: frozenset[str]
    """Mailboxes that either would file into, and that are not there: such mail stays in INBOX."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message whose file is lost."""

    uid: Uid


def account_answers(context: DeliveryContext, actor: Actor, account: AccountId) -> Answers:
    """Answers from an account as it is now, but that no message was seen before."""
    filing = Filing(context.store, actor, utf8_only=context.settings.sieve.sieve_utf8fileinto)
    facts = Facts(context, filing, account)

    async def answer(question: Question) -> object:
        return False if isinstance(question, SeenBefore) else await facts.answer(question)

    return answer


async def missing_mailboxes(context: DeliveryContext, actor: Actor, outcome: Outcome) -> frozenset[str]:
    """Those that an outcome files into by their names alone, and that are neither there nor made by the delivery."""
    filing = Filing(context.store, actor, utf8_only=context.settings.sieve.sieve_utf8fileinto)
    named = {
        action.mailbox
        for action in outcome.actions
        if isinstance(action, FileInto)
        and not (action.create or action.special_use is not None or action.mailbox_id is not None)
    }
    return frozenset([name for name in named if not await _takes_mail(context, filing, name)])


async def _takes_mail(context: DeliveryContext, filing: Filing, text: str) -> bool:
    if await filing.exists(text):
        return True
    try:
        return context.creates(filing.name(text))
    except MailboxNameInvalid:
        return False


async def replay(
    context: DeliveryContext,
    actor: Actor,
    mailbox: Mailbox,
    before: Script | ScriptInvalid | None,
    after: Script,
    *,
    last: int,
    address: str,
) -> AsyncIterator[Replayed | Unreadable]:
    """The last messages of a mailbox that `actor` can read, oldest first; `address` is the recipient of those that do
    not tell theirs.

    `actor` is the user whose scripts these are. PermissionDenied, MailboxNotFound.
    """
    mailbox = await context.store.find_again(actor, mailbox, Right.READ)
    columns = (await context.store.engine.messages(mailbox.account, mailbox.id)).columns
    account = actor.account if actor.account is not None else mailbox.account
    answers = account_answers(context, actor, account)
    start = max(len(columns.uid) - last, 0)
    for uid, date_s in zip(columns.uid[start:].tolist(), columns.date_s[start:].tolist(), strict=True):
        date = datetime.fromtimestamp(date_s, UTC).astimezone()
        try:
            file = await context.store.engine.open_message(mailbox.account, mailbox.id, Uid(uid))
        except MessageNotFound:
            continue  # expunged meanwhile
        except MessageFileMissing:
            yield Unreadable(Uid(uid))
            continue
        try:
            with file.view() as view:
                yield await _replayed(context, actor, view, answers, before, after, Uid(uid), date, address)
        finally:
            file.close()


async def _replayed(
    context: DeliveryContext,
    actor: Actor,
    view: memoryview,
    answers: Answers,
    before: Script | ScriptInvalid | None,
    after: Script,
    uid: Uid,
    date: datetime,
    address: str,
) -> Replayed:
    scanned = await in_turns(mime.scan_in_slices(view))
    limits = context.scripts.limits
    message = Message(view, scanned)
    circumstances = Circumstances(envelope_of(message, user=address), Environment(date))
    # Each with a message of its own, since a script may edit it.
    old = await try_script(before, Message(view, scanned), circumstances, answers, limits=limits)
    new = await try_script(after, Message(view, scanned), circumstances, answers, limits=limits)
    missing = [await missing_mailboxes(context, actor, outcome) for outcome in (old, new)]
    return Replayed(
        uid,
        date,
        sender=_text(message, "from"),
        subject=_text(message, "subject"),
        before=old,
        after=new,
        missing=missing[0] | missing[1],
    )


def _text(message: Message, name: str) -> str:
    return next(iter(message.header(name)), "")
