"""Who may log in as somebody else by the rights on her mailboxes (`loginuseacl`)."""

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.names import MailboxName, UserId
from angarium.rights import Right
from angarium.store import Store


async def may_act_for(store: Store, groups: frozenset[str], userid: UserId, wanted: UserId) -> bool:
    """Whether the user has the right `a` on the INBOX of the other one."""
    actor = await store.actor(userid, groups=groups)
    try:
        await store.find(actor, MailboxName.of_user(wanted), Right.ADMINISTER)
    except (MailboxNotFound, PermissionDenied):
        return False
    return True
