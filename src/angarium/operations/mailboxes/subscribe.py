"""SUBSCRIBE and UNSUBSCRIBE: the list of names that a user keeps in her own account (RFC 9051 §6.3.7, §6.3.8)."""

from angarium.engine.commands import Subscribe
from angarium.errors import PermissionDenied, SubscriptionNotFound
from angarium.names import MailboxName
from angarium.store import Actor, Store


async def subscribe(store: Store, actor: Actor, name: MailboxName) -> None:
    """Durable on return. MailboxNotFound for what the actor may not know of; PermissionDenied without an account."""
    mailbox = await store.find(actor, name)
    if actor.account is None:
        raise PermissionDenied("subscriptions need an account")
    await store.engine.write(actor.account, Subscribe(mailbox.name.internal, actor.author()))


async def unsubscribe(store: Store, actor: Actor, name: MailboxName) -> None:
    """Durable on return; a name that is not subscribed, or was never there, is none the worse for it, as in Cyrus."""
    if actor.account is None:
        return
    rows = await store.engine.subscriptions(actor.account)
    for row in rows:
        if row.subscribed and MailboxName.from_internal(row.name).key == name.key:
            try:
                await store.engine.write(actor.account, Subscribe(row.name, actor.author(), subscribed=False))
            except SubscriptionNotFound:
                continue  # somebody else was faster
