"""Mail that could not be sent on, and of which nobody can be told: its recipient keeps it, since it is nowhere else."""

import logging
from hashlib import sha256
from typing import Final

from angarium import mime
from angarium.engine.commands import NewMessage, QuotaPolicy
from angarium.engine.delivery import Deliver, Deposit, DispatchRow, Mark, MarkKind
from angarium.engine.interface import MessageFile
from angarium.engine.rows import AccountId, InternalDate
from angarium.flags import Flags
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.delivery.duplicates import mark_key
from angarium.operations.delivery.plan import SIEVE_FAILED
from angarium.operations.messages.prepare import content_of, search_fields_of
from angarium.operations.messages.slices import in_turns, let_others_run
from angarium.store import Actor

log = logging.getLogger(__name__)

_CHUNK_OCTETS: Final = 256 * 1024
_AUTHOR: Final = Actor.program("queue").author()


async def keep_returned(context: DeliveryContext, account: AccountId, row: DispatchRow, file: MessageFile) -> None:
    """Put a message that was to be sent on into the INBOX of whose script wanted it, durably, with `$SieveFailed`; not
    where it is there already. What an engine refuses with.

    A shared mailbox has no INBOX: the log tells of its message.
    """
    tree = await context.store.tree(account)
    inbox = tree.top
    userid = tree.name.userid
    if inbox is None or userid is None:
        log.warning("returned_mail_lost", extra={"account": account, "message_id": row.message_id})
        return
    engine = context.store.engine
    now_s = context.store.sources.now_s()
    mark = Mark(
        MarkKind.DELIVERED,
        mark_key(row.message_id, inbox.row.id, str(userid)),
        now_s + int(context.settings.delivery.duplicate_retention.total_seconds()),
    )
    async with engine.stage(inbox.row.partition) as staged:
        digest = sha256()
        with file.view() as view:
            for offset in range(0, len(view), _CHUNK_OCTETS):
                chunk = view[offset : offset + _CHUNK_OCTETS]
                digest.update(chunk)
                staged.write(chunk)
                await let_others_run()
            scanned = await in_turns(mime.scan_in_slices(view, context.limits.scan))
        content, search = content_of(scanned, digest.digest()), search_fields_of(scanned)
        message = NewMessage(
            await staged.finish(), Flags(keywords=(SIEVE_FAILED,)), InternalDate(row.queued_at_s), content, search
        )
        # It was delivered once, and its user must not lose it for want of room.
        deposit = Deposit(inbox.row.id, message, None, QuotaPolicy.IGNORE, mark)
        await engine.write(account, Deliver(_AUTHOR, (deposit,)))
    log.info("returned_mail_kept", extra={"mailbox": inbox.name.internal, "message_id": row.message_id})
