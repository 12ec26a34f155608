"""Who gets mail: a recipient as RCPT finds her, with an INBOX that may be made for her then (`autocreate_post`)."""

from angarium.config import Settings
from angarium.errors import UserNotFound
from angarium.flags import NO_FLAGS, Flags
from angarium.operations.delivery.context import DeliveryContext, GroupsOf
from angarium.operations.mailboxes.autocreate import NewUser, autocreate_user, may_be_autocreated
from angarium.operations.messages import (
    DeliveryTarget,
    Recipient,
    names_shared_mailbox,
    recipient_userid,
    resolve_recipient,
)
from angarium.store import Actor, Store


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
        settings = context.settings
        user = await new_user(context.store, settings, sender, recipient, groups_of=context.groups_of)
        if user is None:
            raise
        if await autocreate_user(context.store, settings.autocreate, user, scripts=context.scripts) is None:
            raise
    return await resolve()


async def new_user(
    store: Store, settings: Settings, sender: Actor, recipient: Recipient, *, groups_of: GroupsOf
) -> NewUser | None:
    """Who gets mailboxes when mail for a recipient comes that is nobody's yet; None where nobody does. UserNotFound."""
    if not settings.autocreate.autocreate_post or names_shared_mailbox(settings.lmtp, recipient):
        return None
    userid = recipient_userid(store, settings.lmtp, recipient)
    user = NewUser(
        userid=userid,
        groups=await groups_of(userid),
        client=sender.client,
        protocol=sender.protocol,
        session=sender.session,
    )
    return user if may_be_autocreated(settings.autocreate, user) else None
