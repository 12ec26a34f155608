"""Who gets mail: a recipient as RCPT finds her, with an INBOX that may be made for her then (`autocreate_post`)."""

from angarium.errors import UserNotFound
from angarium.flags import NO_FLAGS, Flags
from angarium.operations.delivery.context import DeliveryContext
from angarium.operations.mailboxes.autocreate import NewUser, autocreate_user
from angarium.operations.messages import (
    DeliveryTarget,
    Recipient,
    names_shared_mailbox,
    recipient_userid,
    resolve_recipient,
)
from angarium.store import Actor


async def find_recipient(
    context: DeliveryContext,
    sender: Actor,
    recipient: Recipient,
    *,
    size_octets: int = 0,
    ignore_quota: bool = False,
    is_exact: bool = False,
    flags: Flags = NO_FLAGS,
    flags_by_right: bool = False,
) -> DeliveryTarget:
    """As `resolve_recipient`; an unknown user may be a new one."""

    async def resolve() -> DeliveryTarget:
        return await resolve_recipient(
            context.store,
            context.settings.lmtp,
            sender,
            recipient,
            size_octets=size_octets,
            ignore_quota=ignore_quota,
            is_exact=is_exact,
            flags=flags,
            flags_by_right=flags_by_right,
        )

    try:
        return await resolve()
    except UserNotFound:
        if not context.settings.autocreate.autocreate_post or not await _is_made(context, sender, recipient):
            raise
    return await resolve()


async def _is_made(context: DeliveryContext, sender: Actor, recipient: Recipient) -> bool:
    if names_shared_mailbox(context.settings.lmtp, recipient):
        return False
    userid = recipient_userid(context.store, context.settings.lmtp, recipient)
    user = NewUser(
        userid=userid,
        groups=await context.groups_of(userid),
        client=sender.client,
        protocol=sender.protocol,
        session=sender.session,
    )
    made = await autocreate_user(context.store, context.settings.autocreate, user, scripts=context.scripts)
    return made is not None
