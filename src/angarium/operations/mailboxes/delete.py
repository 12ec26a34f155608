"""DELETE: a mailbox leaves for the DELETED hierarchy, where it waits for its expiry, or goes at once (`delete_mode`).

It needs the right `x`, of administrators too. A user's INBOX goes only by an administrator, and takes all that is hers;
any other mailbox with mailboxes below it stays (RFC 9051 §6.3.5 leaves the choice; Cyrus refuses), and so does one of a
protected special use, but for administrators.
"""

from collections.abc import Sequence

from angarium.engine.commands import EraseMailboxes, MailboxRename, NamesSeen, RenameMailboxes
from angarium.errors import MailboxHasChildren, OperationNotSupported, PermissionDenied, SpecialUseTaken
from angarium.names import MailboxName
from angarium.operations.mailboxes.erase import erase
from angarium.rights import Right
from angarium.store import AccountTree, Actor, Store, TreeEntry, decided_again
from angarium.store.acl import administers


async def delete(store: Store, actor: Actor, name: MailboxName) -> tuple[MailboxName, ...]:
    """Delete a mailbox, durably and gone from LIST on return; gives the names that went.

    MailboxNotFound, PermissionDenied, MailboxHasChildren; OperationNotSupported for a user's own INBOX; SpecialUseTaken
    for what `specialuse_protect` names.
    """
    return await decided_again(lambda: _delete(store, actor, name))


async def _delete(store: Store, actor: Actor, name: MailboxName) -> tuple[MailboxName, ...]:
    mailbox = await store.find_any(actor, name, Right.LOOKUP, Right.DELETE_MAILBOX)
    if name.is_inbox and not administers(actor, name):
        if mailbox.is_owner:
            raise OperationNotSupported("INBOX cannot be deleted")
        raise PermissionDenied("only administrators delete users")
    await store.find(actor, name, Right.DELETE_MAILBOX)
    if store.policy.special_use.is_protected(mailbox.row.special_use) and not administers(actor, name):
        raise SpecialUseTaken(f"{name.internal} is protected by its special use")
    tree, entry = await store.locate(name)
    below = tree.below(entry.name)
    if below and not name.is_inbox:
        raise MailboxHasChildren(f"{name.internal} has mailboxes below it")
    going = [entry, *below]
    versions = ((mailbox.id, mailbox.acl_version),)
    if mailbox.row.deleted_at_s is not None or not store.policy.delayed_delete:
        ids = tuple([each.row.id for each in going])
        await erase(store, tree.account, EraseMailboxes(ids, actor.author(), versions))
    else:
        renames = deleted_names(store, tree, going)
        seen = NamesSeen((), tuple([(each.row.id, each.row.name) for each in going]))
        await store.engine.write(tree.account, RenameMailboxes(renames, actor.author(), versions, seen))
        await store.engine.refresh_catalogue(tree.account)
    return tuple([each.name for each in going])


def deleted_names(store: Store, tree: AccountTree, going: Sequence[TreeEntry]) -> tuple[MailboxRename, ...]:
    """The names that these mailboxes get below DELETED, all with one time, at which none of them is taken."""
    prefix = store.policy.names.deletedprefix
    time_s = store.sources.now_s()
    while any(tree.find(entry.name.deleted_form(prefix, time_s)) is not None for entry in going):
        time_s += 1
    return tuple(
        [MailboxRename(entry.row.id, _stamped(entry.row.name, time_s), deleted_at_s=time_s) for entry in going]
    )


def _stamped(relative: str, time_s: int) -> str:
    return f"{relative}.{time_s:08X}" if relative else f"{time_s:08X}"
