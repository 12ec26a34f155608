"""Rights on messages: where an actor may put them, and what RFC 4314 §4 lets her do with flags."""

from angarium.errors import MailboxCreatable, MailboxNotFound
from angarium.flags import ALL_SYSTEM_FLAGS, Flags, SystemFlags
from angarium.names import MailboxName
from angarium.rights import Right
from angarium.store import Actor, Mailbox, Store


async def find_target(store: Store, actor: Actor, name: MailboxName) -> Mailbox:
    """The mailbox that messages are to be put into, with the right `i`.

    MailboxCreatable where it does not exist, as far as the actor may know, and she could create it.
    """
    try:
        return await store.find(actor, name, Right.INSERT)
    except MailboxNotFound as refusal:
        # Decided by what is above the name alone, so that a hidden mailbox is answered as one that is not there.
        if await may_create(store, actor, name):
            raise MailboxCreatable(name.internal) from refusal
        raise


async def may_create(store: Store, actor: Actor, name: MailboxName) -> bool:
    """Whether the actor has the right to create `name`, were it not there."""
    tree = await store.tree_of(name)
    parent = None if tree is None else tree.nearest_parent(name)
    if parent is None:
        return actor.is_admin
    return Right.CREATE in store.rights_on(actor, parent.name, parent.row.acl)


def writable_flags(mailbox: Mailbox) -> SystemFlags:
    """The system flags that the actor may change."""
    flags = SystemFlags.NONE
    if Right.WRITE in mailbox.rights:
        flags |= ALL_SYSTEM_FLAGS & ~SystemFlags.SEEN & ~SystemFlags.DELETED
    if Right.DELETE_MESSAGES in mailbox.rights:
        flags |= SystemFlags.DELETED
    if mailbox.can_keep_seen:
        flags |= SystemFlags.SEEN
    return flags


def keywords_writable(mailbox: Mailbox) -> bool:
    """Whether the actor may change keywords."""
    return Right.WRITE in mailbox.rights


def permitted_flags(mailbox: Mailbox, flags: Flags) -> Flags:
    """Those of `flags` that the actor may set on a message that she puts there; the others are dropped silently."""
    return Flags(flags.system & writable_flags(mailbox), flags.keywords if keywords_writable(mailbox) else ())
