"""The one place where rights are decided (RFC 4314; DESIGN: nobody gets in where they don't belong).

What is refused without `l` is MailboxNotFound, the same as for a name that was never there; with `l` it is
PermissionDenied. Whoever has the right that an operation needs may do it without `l`: who may read a mailbox and not
look it up selects it by its name (RFC 4314 §4). To LIST and to the commands of ACLs it is not there (RFC 4314 §6).
"""

from functools import lru_cache
from typing import NoReturn

from angarium.errors import MailboxNotFound, PermissionDenied
from angarium.names import MailboxName
from angarium.rights import Acl, Right, Rights, Subject, effective
from angarium.store.actor import Actor
from angarium.store.policy import StorePolicy


@lru_cache(maxsize=4096)
def parse_acl(text: str) -> Acl:
    """The ACL of a mailbox row."""
    return Acl.parse(text)


def is_owner(actor: Actor, name: MailboxName) -> bool:
    """Whether the mailbox, live or deleted, is in the hierarchy of the actor's own INBOX; shared ones have no owner."""
    return actor.userid is not None and name.userid == actor.userid


def administers(actor: Actor, name: MailboxName) -> bool:
    """Whether the actor is an administrator of the mailbox: one with a domain is so in her domain only."""
    if not actor.is_admin:
        return False
    return actor.userid is None or actor.userid.domain in (None, name.domain)


def rights_of(actor: Actor, acl: Acl, *, name: MailboxName, policy: StorePolicy) -> Rights:
    """The rights of `actor` on the mailbox `name` with this ACL."""
    subject = actor.subject()
    if actor.is_admin and not administers(actor, name):
        subject = Subject(subject.userid, subject.groups)
    return effective(acl, subject, is_owner=is_owner(actor, name), implicit_owner_rights=policy.implicit_owner_rights)


def require(rights: Rights, *needed: Right) -> None:
    """Raises where a right of `needed`, or `l` where none is named, is lacking: MailboxNotFound without `l`, else
    PermissionDenied."""
    for right in needed or (Right.LOOKUP,):
        if right not in rights:
            _refuse(rights, f"lacks {right.name}")


def require_any(rights: Rights, *accepted: Right) -> None:
    """As `require`, where one of `accepted` is enough."""
    if not any(right in rights for right in accepted):
        _refuse(rights, f"lacks all of {', '.join(right.name for right in accepted)}")


def _refuse(rights: Rights, reason: str) -> NoReturn:
    if Right.LOOKUP not in rights:
        raise MailboxNotFound(reason)
    raise PermissionDenied(reason)
