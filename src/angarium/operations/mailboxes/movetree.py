"""RENAME of a mailbox, with all below it, into another account (DESIGN §8); the rights were decided by the caller."""

from contextlib import suppress
from dataclasses import dataclass

from angarium.engine.moves import MailboxMove, MoveMailboxes
from angarium.engine.rows import AccountId
from angarium.errors import AngariumError
from angarium.names import MailboxName
from angarium.operations.mailboxes.renameaccount import Renamed
from angarium.store import AccountTree, Actor, Mailbox, Store, TreeEntry
from angarium.store.eventscripts import announce_event_scripts, event_scripts, note_event_scripts
from angarium.store.tree import relative_name


@dataclass(frozen=True, slots=True)
class Departure:
    """What leaves, and where to."""

    actor: Actor
    source: Mailbox
    tree: AccountTree
    entry: TreeEntry
    target: MailboxName
    target_tree: AccountTree
    """With all that is above the new name."""


async def move_tree(store: Store, departure: Departure) -> tuple[Renamed, ...]:
    """Durable and visible to LIST on return. An account whose last mailbox has left is forgotten.

    MailboxExists, QuotaExceeded, MailboxMoving, StoreBusy.
    """
    tree, entry, target_tree = departure.tree, departure.entry, departure.target_tree
    leaving = [entry, *tree.below(entry.name)]
    renamed = [Renamed(each.name, each.name.moved(entry.name, departure.target)) for each in leaving]
    prefix = store.policy.names.deletedprefix
    parent = target_tree.nearest_parent(departure.target)
    command = MoveMailboxes(
        tree.account,
        target_tree.account,
        tuple(
            [
                MailboxMove(each.row.id, relative_name(names.new, target_tree.name, deletedprefix=prefix))
                for each, names in zip(leaving, renamed, strict=True)
            ]
        ),
        departure.actor.author(),
        source_acl_versions=((departure.source.id, departure.source.acl_version),),
        target_acl_versions=() if parent is None else ((parent.row.id, parent.row.acl_version),),
        source_has_owner=tree.name.is_user,
        target_has_owner=target_tree.name.is_user,
    )
    has_scripts = (await event_scripts(store.engine)).accounts >= {tree.account}
    if has_scripts:
        await note_event_scripts(store.engine, target_tree.account, store.sources.now_s())
    await store.engine.move_mailboxes(command)
    if has_scripts:
        await announce_event_scripts(store.engine)
    await _forget_if_empty(store, tree.account)
    return tuple(renamed)


async def _forget_if_empty(store: Store, account: AccountId) -> None:
    """Its name is free again. Whoever makes a mailbox there at this moment keeps the account."""
    if not await store.engine.mailboxes(account):
        with suppress(AngariumError):
            await store.engine.forget_account(account)
