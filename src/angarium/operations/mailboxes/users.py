"""Users on the mail side: the account with its INBOX; the credential is another matter (`angarium.auth`)."""

from angarium.engine.commands import EraseMailboxes, RenameMailboxes
from angarium.engine.rows import AccountId
from angarium.errors import AccountNotFound, PermissionDenied
from angarium.names import MailboxName, UserId
from angarium.operations.mailboxes.create import check_partition, create_user_account
from angarium.operations.mailboxes.delete import deleted_names
from angarium.operations.mailboxes.erase import erase
from angarium.store import Actor, Store
from angarium.store.acl import administers


async def create_user(store: Store, actor: Actor, userid: UserId, *, partition: str | None = None) -> AccountId:
    """Give a user an account and an INBOX on which she has all rights; durable on return.

    AccountExists where she has an INBOX, PermissionDenied for others than administrators, PartitionNotFound.
    """
    name = MailboxName.of_user(userid)
    if not administers(actor, name):
        raise PermissionDenied("only administrators create users")
    if partition is not None:
        check_partition(store, partition, is_admin=True)
    return await create_user_account(store, actor, name, partition=partition)


async def delete_user(store: Store, actor: Actor, userid: UserId) -> None:
    """Move all that is a user's below DELETED, where it waits for its expiry (or erase it, by `delete_mode`).

    It is the removal of the user, not of a mailbox: no right on the mailboxes is needed. AccountNotFound where she has
    none; PermissionDenied for others than administrators.
    """
    name = MailboxName.of_user(userid)
    if not administers(actor, name):
        raise PermissionDenied("only administrators delete users")
    tree = await store.tree_of(name)
    if tree is None:
        raise AccountNotFound(f"{userid} has no account")
    if store.policy.delayed_delete:
        renames = deleted_names(store, tree, tree.live())
        await store.engine.write(tree.account, RenameMailboxes(renames, actor.author()))
        await store.engine.refresh_catalogue(tree.account)
    else:
        ids = tuple([entry.row.id for entry in tree.live()])
        await erase(store, tree.account, EraseMailboxes(ids, actor.author()))
