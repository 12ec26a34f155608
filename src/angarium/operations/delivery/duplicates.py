"""Duplicate suppression: what a message is known by when it comes again (requirements 1.10).

The key is the id of the message, the mailbox that it came into, and for whom; so filing into two mailboxes works, and
two users who share one each get their own.
"""

from hashlib import sha256
from typing import Final

from angarium.compose import derived_id
from angarium.engine.delivery import Mark, MarkKind
from angarium.engine.rows import AccountId, MailboxId
from angarium.operations.delivery.context import DeliveryContext, Letter
from angarium.operations.messages import DeliveryTarget, PreparedMessage
from angarium.operations.messages.slices import let_others_run
from angarium.store.annotations import VENDOR

_ENTRY: Final = f"{VENDOR}/duplicatedeliver"
_CHUNK_OCTETS: Final = 256 * 1024
_ATTEMPTS_S: Final = 12 * 3600
"""How long an attempt is remembered by what it brought; whoever has the message tries again sooner."""
_ID_CHARACTERS: Final = 255
"""A longer one, or one with a space, is stood for by its digest."""


def id_for_duplicates(message: PreparedMessage) -> str:
    """Resent-Message-ID, else Message-ID; empty for neither."""
    resent = message.source.scanned.resent_message_id if message.source is not None else None
    found = resent or message.search.message_id
    return found if len(found) <= _ID_CHARACTERS and " " not in found else derived_id(found)


def has_own_id(message: PreparedMessage) -> bool:
    """Whether the message has come with its id; else each attempt has made one of its own."""
    source = message.source
    if source is None:
        return True
    return not any(b"message-id:" in bytes(source.view[each.start : each.stop]).lower() for each in source.added[1:])


async def id_of_attempts(letter: Letter) -> str:
    """What all attempts to deliver a message have in common: its octets as they came, and who sent it."""
    source = letter.message.source
    assert source is not None, "only deliveries are tried again"
    digest = sha256()
    start = 0
    for end, next_start in [*((each.start, each.stop) for each in source.added), (len(source.view), len(source.view))]:
        for offset in range(start, end, _CHUNK_OCTETS):
            digest.update(source.view[offset : min(end, offset + _CHUNK_OCTETS)])
            await let_others_run()
        start = next_start
    return derived_id("attempt", digest.hexdigest(), letter.return_path)


def attempt_mark(
    context: DeliveryContext, attempt: str, number: int, target: DeliveryTarget, mailbox: MailboxId
) -> Mark:
    """What keeps the next attempt from filing into another's mailbox again, where nothing else does; `number` is that
    of the message in its plan."""
    key = mark_key(derived_id(attempt, str(number)), mailbox, mark_name(target))
    return Mark(MarkKind.DELIVERED, key, context.store.sources.now_s() + _ATTEMPTS_S)


def mark_name(target: DeliveryTarget) -> str:
    """For whom: the user, however she was addressed, or the shared mailbox."""
    userid = target.name.userid
    return target.name.internal if userid is None else str(userid)


async def delivered_mark(
    context: DeliveryContext, message_id: str, target: DeliveryTarget, account: AccountId, mailbox: MailboxId
) -> Mark | None:
    """What stands once the message is in a mailbox; None where duplicates are not suppressed, or it has no id."""
    wanted = target.suppress_duplicates
    if not message_id or wanted is False or (wanted is None and not context.settings.delivery.duplicatesuppression):
        return None
    if wanted is None and await _takes_duplicates(context, target, account, mailbox):
        return None
    return Mark(MarkKind.DELIVERED, mark_key(message_id, mailbox, mark_name(target)), _expires_at_s(context))


def mark_key(message_id: str, mailbox: MailboxId, recipient: str) -> str:
    """What a message in a mailbox is known by; `ctl_deliver -d` takes it apart."""
    return f"{message_id} {mailbox} {recipient}"


def redirected_mark(context: DeliveryContext, message_id: str, address: str, recipient: str) -> Mark | None:
    """What stands once the message was redirected there for somebody, so that what comes back does not go round."""
    if not message_id:
        return None
    return Mark(MarkKind.REDIRECTED, f"{message_id} {derived_id(address.lower(), recipient)}", _expires_at_s(context))


async def _takes_duplicates(
    context: DeliveryContext, target: DeliveryTarget, account: AccountId, mailbox: MailboxId
) -> bool:
    """Whether a mailbox, or the one at the top of its account, is annotated to get duplicates."""
    places = [mailbox]
    if not (target.name.is_inbox and target.mailbox == mailbox):
        top = (await context.store.tree(account)).top
        places += [top.row.id] if top is not None and top.row.id != mailbox else []
    for place in places:
        for row in await context.store.engine.annotations(account, place):
            if row.entry == _ENTRY and row.owner is None:
                return row.value == b"true"
    return False


def _expires_at_s(context: DeliveryContext) -> int:
    return context.store.sources.now_s() + int(context.settings.delivery.duplicate_retention.total_seconds())
