"""GETACL, SETACL, DELETEACL, MYRIGHTS, LISTRIGHTS (RFC 4314 §3)."""

from collections.abc import Callable
from typing import Final

from angarium.engine.commands import SetAcl
from angarium.errors import PermissionDenied
from angarium.names import MailboxName
from angarium.rights import (
    ANONYMOUS,
    ANYONE,
    NO_RIGHTS,
    Acl,
    ListedRights,
    Modification,
    Right,
    Rights,
)
from angarium.rights import list_rights as rights_that_can_be_listed
from angarium.store import Actor, Mailbox, Store, decided_again
from angarium.store.acl import administers, parse_acl

_TO_ADMINISTER: Final = (Right.LOOKUP, Right.ADMINISTER)
"""The right alone is not enough: the commands must not tell of mailboxes that LIST hides (RFC 4314 §6)."""
_TO_KNOW: Final = (
    Right.LOOKUP,
    Right.READ,
    Right.INSERT,
    Right.CREATE,
    Right.DELETE_MAILBOX,
    Right.ADMINISTER,
)


async def get_acl(store: Store, actor: Actor, name: MailboxName) -> Acl:
    """Needs `l` and `a`."""
    mailbox = await store.find(actor, name, *_TO_ADMINISTER)
    return parse_acl(mailbox.row.acl)


async def set_acl(
    store: Store, actor: Actor, name: MailboxName, *, identifier: str, modification: Modification
) -> None:
    """Change what one identifier has, durably and in force on return; needs `a`.

    AclInvalid for an identifier that names nobody. The owner does not take from herself what she has implicitly
    (PermissionDenied), and for an administrator who tries these rights stay.
    """
    identifier = full_identifier(store, actor, identifier)
    await _change(store, actor, name, identifier, lambda acl, kept: acl.set(identifier, modification, kept=kept))


async def delete_acl(store: Store, actor: Actor, name: MailboxName, *, identifier: str) -> None:
    """Remove an identifier from the list, as `set_acl` with no rights."""
    identifier = full_identifier(store, actor, identifier)
    await _change(store, actor, name, identifier, lambda acl, kept: acl.without(identifier, kept=kept))


async def my_rights(store: Store, actor: Actor, name: MailboxName) -> Rights:
    """Needs any of the rights for which RFC 4314 §4 has MYRIGHTS answered."""
    return (await store.find_any(actor, name, *_TO_KNOW)).rights


async def list_rights(store: Store, actor: Actor, name: MailboxName, *, identifier: str) -> ListedRights:
    """Needs `a`."""
    mailbox = await store.find(actor, name, *_TO_ADMINISTER)
    return rights_that_can_be_listed(
        is_owner=_is_owner(mailbox, full_identifier(store, actor, identifier)),
        is_user_top=mailbox.name.is_inbox,
        implicit_owner_rights=store.policy.implicit_owner_rights,
        deleteright=store.policy.deleteright,
    )


async def _change(
    store: Store, actor: Actor, name: MailboxName, identifier: str, change: Callable[[Acl, Rights], Acl]
) -> None:
    async def attempt() -> None:
        mailbox = await store.find(actor, name, *_TO_ADMINISTER)
        present = parse_acl(mailbox.row.acl)
        changed = _changed(store, actor, mailbox, identifier, present, change)
        if changed == present:
            return
        command = SetAcl(mailbox.id, changed.serialize(), mailbox.acl_version, actor.author())
        await store.engine.write(mailbox.account, command)
        await store.engine.refresh_catalogue(mailbox.account)

    await decided_again(attempt)


def _changed(
    store: Store,
    actor: Actor,
    mailbox: Mailbox,
    identifier: str,
    present: Acl,
    change: Callable[[Acl, Rights], Acl],
) -> Acl:
    implicit = store.policy.implicit_owner_rights if _is_owner(mailbox, identifier) else NO_RIGHTS
    if administers(actor, mailbox.name):
        return change(present, implicit)
    if not store.policy.allowsetacl:
        raise PermissionDenied("users may not change ACLs (allowsetacl)")
    if identifier == ANYONE and mailbox.name.is_user and not store.policy.anyoneuseracl:
        raise PermissionDenied("users may not give rights to anyone (anyoneuseracl)")
    changed = change(present, NO_RIGHTS)
    if implicit - changed.rights_of(identifier):
        raise PermissionDenied("the owner cannot lose what she has implicitly")
    return changed


def _is_owner(mailbox: Mailbox, identifier: str) -> bool:
    return mailbox.name.is_user and identifier == str(mailbox.name.userid)


def full_identifier(store: Store, actor: Actor, identifier: str) -> str:
    """The identifier as rights are calculated with: users in lower case, and a domain's users mean each other."""
    sign = "-" if identifier.startswith("-") else ""
    name = identifier.removeprefix("-")
    if name in ("", ANYONE, ANONYMOUS) or name.startswith("group:"):
        return identifier
    if store.policy.names.username_tolower:
        name = name.lower()
    domain = None if actor.userid is None else actor.userid.domain
    if domain is not None and "@" not in name and store.policy.names.has_domains:
        name = f"{name}@{domain}"
    return sign + name
