"""Renaming a user or a shared hierarchy: the account gets another name, and no mailbox row changes (DESIGN §8).

The user's rights go from her old name to the new one in three steps, so that a crash between them leaves her with too
many identifiers in her own ACLs and never without access: the new identifier is added, the account renamed, the old
identifier removed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from angarium.engine.commands import Command, SetAccountName, SetAcl, Subscribe
from angarium.engine.rows import AccountId, MailboxId
from angarium.errors import AccountExists, MailboxExists
from angarium.names import MailboxName
from angarium.rights import Acl, SetRights
from angarium.store import AccountTree, Actor, Store, decided_again
from angarium.store.acl import parse_acl


@dataclass(frozen=True, slots=True)
class Renamed:
    """One mailbox's old and new name."""

    old: MailboxName
    new: MailboxName


async def rename_account(store: Store, actor: Actor, tree: AccountTree, target: MailboxName) -> tuple[Renamed, ...]:
    """Give the account the name `target`, durably; the right was decided by the caller. MailboxExists."""
    source = tree.name
    old, new = str(source.userid), str(target.userid)
    if source.is_user:
        await _change_acls(store, actor, tree, lambda acl: acl.set(new, SetRights(acl.rights_of(old))), holding=old)
    try:
        await _rename(store, tree.account, target)
    except AccountExists as error:
        raise MailboxExists(f"{target.internal} is there already, perhaps with deleted mailboxes only") from error
    await store.engine.write(tree.account, SetAccountName(target.internal, actor.author()))
    if source.is_user:
        await _change_acls(store, actor, tree, lambda acl: acl.renamed(old, new), holding=old)
        await _move_subscriptions(store, actor, tree.account, source, target)
    await store.engine.refresh_catalogue(tree.account)
    return tuple([Renamed(entry.name, entry.name.moved(source, target)) for entry in tree.live()])


async def _rename(store: Store, account: AccountId, target: MailboxName) -> None:
    """AccountExists; but an account without any mailbox, which is left where the last of them went elsewhere, is in
    nobody's way."""
    present = await store.engine.account_id(target.internal)
    if present is not None and present != account and not await store.engine.mailboxes(present):
        await store.engine.forget_account(present)
    await store.engine.rename_account(account, target.internal)


async def _move_subscriptions(
    store: Store, actor: Actor, account: AccountId, source: MailboxName, target: MailboxName
) -> None:
    """The user's own list names her mailboxes by their full names."""
    commands: list[Command] = []
    for row in await store.engine.subscriptions(account):
        name = MailboxName.from_internal(row.name)
        if row.subscribed and (name.key == source.key or name.is_below(source)):
            commands.append(Subscribe(name.moved(source, target).internal, actor.author()))
            commands.append(Subscribe(row.name, actor.author(), subscribed=False))
    await store.engine.write_batch(account, commands)


async def _change_acls(
    store: Store, actor: Actor, tree: AccountTree, change: Callable[[Acl], Acl], *, holding: str
) -> None:
    """Change the ACLs in which `holding` has rights, or is denied some."""
    for entry in tree.live():
        acl = parse_acl(entry.row.acl)
        if acl.rights_of(holding) or acl.rights_of(f"-{holding}"):
            await decided_again(partial(_change_acl, store, actor, tree.account, entry.row.id, change))


async def _change_acl(
    store: Store, actor: Actor, account: AccountId, mailbox: MailboxId, change: Callable[[Acl], Acl]
) -> None:
    row = await store.engine.mailbox(account, mailbox)
    if row is None or row.deleted_at_s is not None:
        return
    acl = change(parse_acl(row.acl)).serialize()
    await store.engine.write(account, SetAcl(mailbox, acl, row.acl_version, actor.author()))
