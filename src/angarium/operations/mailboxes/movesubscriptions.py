"""Subscriptions follow mailboxes that get another name: those of who renames them, and of the user whose they are.

Others keep theirs as they are: a name that is not there is theirs to keep (RFC 9051 §6.3.7).
"""

from collections.abc import Sequence

from angarium.engine.commands import Command, Subscribe
from angarium.engine.rows import AccountId
from angarium.errors import AccountNotFound
from angarium.names import MailboxName
from angarium.operations.mailboxes.renameaccount import Renamed
from angarium.rights import Right
from angarium.store import Actor, Store


async def move_subscriptions(store: Store, actor: Actor, renamed: Sequence[Renamed]) -> None:
    """Durable on return. Who may not know of a mailbox under its new name is not told of it by a subscription."""
    followers = {} if actor.account is None else {actor.account: actor}
    owner = renamed[0].old.userid
    if owner is not None and owner != actor.userid:
        follower = await store.actor(owner)
        if follower.account is not None:
            followers[follower.account] = follower
    for account, follower in followers.items():
        await _move(store, account, follower, actor, renamed)


async def _move(store: Store, account: AccountId, follower: Actor, actor: Actor, renamed: Sequence[Renamed]) -> None:
    names = {each.old.key: each.new for each in renamed}
    try:
        subscribed = [row.name for row in await store.engine.subscriptions(account) if row.subscribed]
    except AccountNotFound:
        return
    commands: list[Command] = []
    for name in subscribed:
        new = names.get(MailboxName.from_internal(name).key)
        if new is not None and await _may_know_of(store, follower, new):
            commands.append(Subscribe(new.internal, actor.author()))
            commands.append(Subscribe(name, actor.author(), subscribed=False))
    await store.engine.write_batch(account, commands)


async def _may_know_of(store: Store, follower: Actor, name: MailboxName) -> bool:
    tree = await store.tree_of(name)
    entry = tree.find(name) if tree is not None else None
    return entry is not None and Right.LOOKUP in store.rights_on(follower, name, entry.row.acl)
