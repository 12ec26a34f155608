"""Duplicate suppression: what a message is known by when it comes again (requirements 1.10).

The key is the id of the message, the mailbox that it came into, and for whom; so filing into two mailboxes works, and
two users who share one each get their own.
"""

from typing import Final

from angarium.compose import derived_id
from angarium.engine.delivery import Mark, MarkKind
from angarium.engine.rows import AccountId, MailboxId
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.messages import DeliveryTarget, PreparedMessage
from angarium.store.annotations import VENDOR

_ENTRY: Final = f"{VENDOR}/duplicatedeliver"
_ID_CHARACTERS: Final = 255
"""A longer one, or one with a space, is stood for by its digest."""


def id_for_duplicates(message: PreparedMessage) -> str:
    """Resent-Message-ID, else Message-ID; empty for neither."""
    resent = message.source.scanned.resent_message_id if message.source is not None else None
    found = resent or message.search.message_id
    return found if len(found) <= _ID_CHARACTERS and " " not in found else derived_id(found)


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
    if wanted is None and await _takes_duplicates(context, account, mailbox):
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


async def _takes_duplicates(context: DeliveryContext, account: AccountId, mailbox: MailboxId) -> bool:
    """Whether a mailbox, or the one at the top of its account, is annotated to get duplicates."""
    tree = await context.store.tree(account)
    top = tree.find(tree.name)
    places = [mailbox] if top is None or top.row.id == mailbox else [mailbox, top.row.id]
    for place in places:
        for row in await context.store.engine.annotations(account, place):
            if row.entry == _ENTRY and row.owner is None:
                return row.value == b"true"
    return False


def _expires_at_s(context: DeliveryContext) -> int:
    return context.store.sources.now_s() + int(context.settings.delivery.duplicate_retention.total_seconds())
